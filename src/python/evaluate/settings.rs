//! Models and settings of pydantic: where each field gets its value from.
//!
//! Settings take a field from the arguments, else from a variable of the environment, else from the
//! file of variables that the class names, else from the default. A variable that no file sets leaves
//! the value of the file or the default in place, and the field depends on it.

use std::rc::Rc;

use crate::source::Span;

use super::call::Arguments;
use super::cell::{Cell, Dep, Deps, Text, Thing};
use super::class::{Class, Family, Field};
use super::export::to_value;
use super::hints::Hint;
use super::run::{Run, Step};
use super::sources::{FileVariables, Found, Naming, aliases, naming};
use super::written::Written;

impl<'a> Run<'a, '_> {
    /// A model that is made of its arguments.
    pub(super) fn make_model(&mut self, class: &Rc<Class<'a>>, arguments: &Arguments<'a>, at: Span) -> Step<Cell<'a>> {
        let mut attributes = Vec::new();
        for field in &class.fields {
            let given = self.argument_for(class, field, arguments);
            let cell = match given {
                Some(cell) => self.validated(class, field, &cell, at)?,
                None => match self.default_of(field, at)? {
                    Some(cell) => cell,
                    None => return self.raise("ValueError", at, &format!("{} has no {}", class.name, field.name)),
                },
            };
            attributes.push((Rc::clone(&field.name), cell));
        }
        let instance = self.instance(class, attributes)?;
        self.check_model(class, instance, at)
    }

    /// Settings, which also look into the environment.
    pub(super) fn make_settings(
        &mut self,
        class: &Rc<Class<'a>>,
        arguments: &Arguments<'a>,
        at: Span,
    ) -> Step<Cell<'a>> {
        let own_file = arguments.named("_env_file").cloned();
        // How the bytes of a file become characters does not matter to what is read from it.
        let known = ["_env_file", "_env_file_encoding", "_secrets_dir"];
        let odd = arguments.named.iter().any(|(name, _)| name.starts_with('_') && !known.contains(&name.as_ref()));
        // A file of that folder counts where no variable does, and nobody knows what is in it.
        let secrets = arguments.named("_secrets_dir").or_else(|| class.setting("secrets_dir"));
        let secrets = secrets.is_some_and(|folder| !matches!(folder.thing, Thing::None));
        if odd || !arguments.positional.is_empty() {
            return self.unknown_instance(class, arguments, at);
        }
        let Some(naming) = naming(class) else { return self.unknown_instance(class, arguments, at) };
        let files = self.settings_files(own_file.as_ref().or_else(|| class.setting("env_file")), at)?;
        let mut attributes = Vec::new();
        for field in &class.fields {
            let cell = match self.argument_for(class, field, arguments) {
                Some(cell) => self.validated(class, field, &cell, at)?,
                None => self.setting_of(class, field, &naming, (&files, secrets), at)?,
            };
            attributes.push((Rc::clone(&field.name), cell));
        }
        if class.family == Family::Settings {
            self.refuse_strangers(class, &naming, &files, at)?;
        }
        let instance = self.instance(class, attributes)?;
        self.check_model(class, instance, at)
    }

    /// What the call gives a field by its name or alias.
    fn argument_for(&self, class: &Class<'a>, field: &Field<'a>, arguments: &Arguments<'a>) -> Option<Cell<'a>> {
        let by_name = ["populate_by_name", "validate_by_name", "allow_population_by_field_name"]
            .iter()
            .any(|name| class.setting(name).is_some_and(|cell| self.truth(cell) == Some(true)));
        let aliases = aliases(field);
        for alias in &aliases {
            if let Some(cell) = arguments.named(alias) {
                return Some(cell.clone());
            }
        }
        let own = by_name || aliases.is_empty() || class.family == Family::OldSettings;
        arguments.named(&field.name).filter(|_| own).cloned()
    }

    /// The value of a field of settings that the call does not give.
    fn setting_of(
        &mut self,
        class: &Rc<Class<'a>>,
        field: &Field<'a>,
        naming: &Naming,
        (files, secrets): (&FileVariables, bool),
        at: Span,
    ) -> Step<Cell<'a>> {
        let hint = self.hint_of(field)?;
        let default = self.default_of(field, at)?;
        let shown = default.as_ref().and_then(|cell| to_value(cell, &self.state).ok());
        let names = self.variable_names(class, field, naming);
        let found = self.look_up(&names, naming, files, shown.as_ref())?;
        let cell = match found {
            Found::Unknown(cell) => return Ok(cell),
            Found::Text(cell) if hint.is_complex() => match &cell.thing {
                Thing::Str(text) => {
                    let plain = matches!(hint, Hint::Union(_)) || self.has_nested(&names, naming, files);
                    match super::written::json(text) {
                        Written::Is(value) if !plain => self.cell_of_value(&value)?.resting_on(&cell),
                        Written::Not if !plain => {
                            return self.fault(
                                &[&cell],
                                "ValueError",
                                at,
                                "a variable that is not JSON, as its field needs",
                            );
                        }
                        _ => return Ok(super::cell::unknown_from(&[&cell], "a value in JSON")),
                    }
                }
                _ => cell,
            },
            Found::Text(cell) => cell,
            Found::Absent(deps) => {
                let Some(default) = default else {
                    if secrets {
                        return Ok(Cell::unknown("a file in a folder of secrets"));
                    }
                    return self.required(&names, &deps, at);
                };
                let mut deps = deps;
                if secrets {
                    deps.add(&Deps::one(Dep::Other("a secret of that name".into())));
                }
                if self.has_nested(&names, naming, files) || (files.open && !deps.is_open()) {
                    return Ok(super::cell::unknown_from(
                        &[&default.with_deps(&deps)],
                        "a part of it is set by a variable",
                    ));
                }
                let checked = matches!(class.family, Family::Settings | Family::OldSettings)
                    && class.setting("validate_default").is_none_or(|cell| self.truth(cell) == Some(true));
                let default = default.with_deps(&deps);
                return if checked { self.validated(class, field, &default, at) } else { Ok(default) };
            }
        };
        self.validated(class, field, &cell, at)
    }

    /// A field without a default, whose variable nobody sets.
    fn required(&mut self, names: &[Text], deps: &Deps, at: Span) -> Step<Cell<'a>> {
        let name = names.first().map_or("", AsRef::as_ref);
        if !deps.is_open() {
            return self.raise("ValueError", at, &format!("the variable {name} is not set"));
        }
        let why = format!("depends on the environment variable {name}");
        let cell = Cell::unknown(&why).with_deps(deps);
        self.may_raise(Some("ValueError"), &cell, at)?;
        Ok(cell)
    }

    /// A file that holds a variable no field takes stops the settings, unless they say otherwise.
    fn refuse_strangers(&mut self, class: &Class<'a>, naming: &Naming, files: &FileVariables, at: Span) -> Step<()> {
        let extra = class.setting("extra").map(|cell| &cell.thing);
        if extra.is_some() && !matches!(extra, Some(Thing::Str(text)) if text.as_ref() == "forbid") {
            return Ok(());
        }
        let mut fields = Vec::new();
        for field in &class.fields {
            fields.push((self.variable_names(class, field, naming), self.hint_of(field)?.is_complex()));
        }
        for (name, value) in &files.entries {
            let same = |a: &str, b: &str| if naming.exact { a == b } else { a.eq_ignore_ascii_case(b) };
            let taken = fields.iter().any(|(names, complex)| {
                names.iter().any(|known| {
                    let nested = naming.delimiter.as_ref().map(|delimiter| format!("{known}{delimiter}"));
                    same(known, name)
                        || nested.is_some_and(|nested| {
                            *complex && name.get(..nested.len()).is_some_and(|start| same(start, &nested))
                        })
                })
            });
            let empty = value.as_ref().is_some_and(|text| text.is_empty());
            let field_name = !naming.prefix.is_empty() && class.fields.iter().any(|field| same(&field.name, name));
            if !taken && !empty && !field_name {
                return self.raise(
                    "ValueError",
                    at,
                    &format!("{} does not take {name}, which its file of variables sets", class.name),
                );
            }
        }
        Ok(())
    }

    /// The variables of the files that `env_file` names.
    fn settings_files(&mut self, named: Option<&Cell<'a>>, at: Span) -> Step<FileVariables> {
        let Some(named) = named else { return Ok(FileVariables::default()) };
        let paths = match &named.thing {
            Thing::None => Vec::new(),
            Thing::Tuple(_) | Thing::List(_) => match self.iterate(named, at)? {
                Some(items) => items,
                None => return Ok(FileVariables { open: true, ..FileVariables::default() }),
            },
            _ => vec![named.clone()],
        };
        let mut all = FileVariables::default();
        for path in paths {
            let path = path.clone();
            match self.variables_of_file(&path) {
                Some(more) => all.entries.extend(more.into_iter().map(|variable| (variable.name, variable.value))),
                None => all.open |= path.is_unknown(),
            }
        }
        Ok(all)
    }
}
