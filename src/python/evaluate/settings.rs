//! Models and settings of pydantic: where each field gets its value from.
//!
//! Settings take a field from the arguments, else from a variable of the environment, else from the
//! file of variables that the class names, else from the default. A variable that no file sets leaves
//! the value of the file or the default in place, and the field depends on it.

use std::rc::Rc;

use crate::source::Span;
use crate::values::Value;

use super::call::Arguments;
use super::cell::{Cell, Deps, Text, Thing};
use super::class::{Class, Family, Field};
use super::construct::{field_options, parameter_count};
use super::export::to_value;
use super::hints::{Converted, Hint};
use super::outside::Variable;
use super::run::{Run, Step};
use super::written::Written;

/// How a settings class names its variables.
struct Naming {
    prefix: Text,
    exact: bool,
    delimiter: Option<Text>,
    /// Whether an empty variable counts as absent.
    ignore_empty: bool,
}

/// The variables of the files that a settings class names, the last one of a name counting.
#[derive(Default)]
pub(super) struct FileVariables {
    pub(super) entries: Vec<(Text, Option<Text>)>,
    /// Whether one of the files may hold more than is known.
    pub(super) open: bool,
}

impl FileVariables {
    fn get(&self, name: &str, exact: bool) -> Option<&Option<Text>> {
        let same = |known: &str| if exact { known == name } else { known.eq_ignore_ascii_case(name) };
        self.entries.iter().rev().find(|(known, _)| same(known)).map(|(_, value)| value)
    }
}

/// Where a field found its value.
enum Found<'a> {
    Text(Cell<'a>),
    /// Somewhere, but not what it is.
    Unknown(Cell<'a>),
    /// Nowhere, unless one of these is set.
    Absent(Deps),
}

impl<'a> Run<'a, '_> {
    /// A model that is made of its arguments.
    pub(super) fn make_model(&mut self, class: &Rc<Class<'a>>, arguments: Arguments<'a>, at: Span) -> Step<Cell<'a>> {
        let mut attributes = Vec::new();
        for field in &class.fields {
            let given = self.argument_for(class, field, &arguments);
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
        arguments: Arguments<'a>,
        at: Span,
    ) -> Step<Cell<'a>> {
        let own_file = arguments.named("_env_file").cloned();
        let odd = arguments.named.iter().any(|(name, _)| name.starts_with('_') && name.as_ref() != "_env_file");
        if odd || !arguments.positional.is_empty() || class.setting("secrets_dir").is_some() {
            return self.unknown_instance(class, &arguments, at);
        }
        let naming = match self.naming(class) {
            Some(naming) => naming,
            None => return self.unknown_instance(class, &arguments, at),
        };
        let files = self.settings_files(own_file.as_ref().or_else(|| class.setting("env_file")), at)?;
        let mut attributes = Vec::new();
        for field in &class.fields {
            let cell = match self.argument_for(class, field, &arguments) {
                Some(cell) => self.validated(class, field, &cell, at)?,
                None => self.setting_of(class, field, &naming, &files, at)?,
            };
            attributes.push((Rc::clone(&field.name), cell));
        }
        if class.family == Family::Settings {
            self.refuse_strangers(class, &naming, &files, at)?;
        }
        let instance = self.instance(class, attributes)?;
        self.check_model(class, instance, at)
    }

    fn naming(&self, class: &Class<'a>) -> Option<Naming> {
        let text = |name: &str| match class.setting(name).map(|cell| &cell.thing) {
            None | Some(Thing::None) => Some(None),
            Some(Thing::Str(text)) => Some(Some(Rc::clone(text))),
            Some(_) => None,
        };
        let flag = |name: &str| match class.setting(name).map(|cell| &cell.thing) {
            None | Some(Thing::None) => Some(false),
            Some(Thing::Bool(b)) => Some(*b),
            Some(_) => None,
        };
        Some(Naming {
            prefix: text("env_prefix")?.unwrap_or_else(|| "".into()),
            exact: flag("case_sensitive")?,
            delimiter: text("env_nested_delimiter")?.filter(|text| !text.is_empty()),
            ignore_empty: flag("env_ignore_empty")?,
        })
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
        files: &FileVariables,
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
                    return self.required(&names, &deps, at);
                };
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

    /// The first of the variables that is set, in the environment before any file.
    fn look_up(
        &mut self,
        names: &[Text],
        naming: &Naming,
        files: &FileVariables,
        default: Option<&Value>,
    ) -> Step<Found<'a>> {
        let from_file = names.iter().find_map(|name| files.get(name, naming.exact));
        let stands_in = match from_file {
            Some(Some(text)) => Some(Value::Str(text.to_string())),
            Some(None) => None,
            None => default.cloned(),
        };
        let stands_in = match &stands_in {
            Some(value) => Some(self.cell_of_value(value)?),
            None => None,
        };
        let mut deps = Deps::default();
        for name in names {
            for spelling in self.spellings(name, naming.exact) {
                match self.variable(&spelling, stands_in.as_ref()) {
                    Variable::Is(cell)
                        if matches!(&cell.thing, Thing::Str(text) if text.is_empty()) && naming.ignore_empty => {}
                    Variable::Is(cell) if cell.is_unknown() => return Ok(Found::Unknown(cell.with_deps(&deps))),
                    Variable::Is(cell) => return Ok(Found::Text(cell.with_deps(&deps))),
                    Variable::Absent(more) | Variable::Open(more) => deps.add(&more),
                }
            }
        }
        Ok(match from_file {
            Some(Some(text)) if !(text.is_empty() && naming.ignore_empty) => {
                Found::Text(Cell::str(text).with_deps(&deps))
            }
            Some(Some(_)) | None => Found::Absent(deps),
            Some(None) => {
                let name = names.first().map_or("", AsRef::as_ref);
                Found::Unknown(
                    Cell::unknown(&format!("{name} stands in a file in a way that is not followed")).with_deps(&deps),
                )
            }
        })
    }

    /// The ways to spell a variable whose case does not matter: those that are set, and the usual one.
    fn spellings(&self, name: &str, exact: bool) -> Vec<String> {
        if exact {
            return vec![name.to_owned()];
        }
        let usual = name.to_ascii_uppercase();
        let set = self.inputs.variables.iter().map(String::as_str).chain(self.own_variables());
        let mut found: Vec<String> = set.filter(|known| known.eq_ignore_ascii_case(name)).map(str::to_owned).collect();
        if !found.contains(&usual) {
            found.push(usual);
        }
        found
    }

    /// Whether a part of a nested field is set by a variable of its own.
    fn has_nested(&self, names: &[Text], naming: &Naming, files: &FileVariables) -> bool {
        let Some(delimiter) = &naming.delimiter else { return false };
        let starts = |variable: &str| {
            names.iter().any(|name| {
                let prefix = format!("{name}{delimiter}");
                variable.get(..prefix.len()).is_some_and(|start| {
                    if naming.exact { start == prefix } else { start.eq_ignore_ascii_case(&prefix) }
                })
            })
        };
        self.inputs.variables.iter().any(|name| starts(name))
            || self.own_variables().any(starts)
            || files.entries.iter().any(|(name, _)| starts(name))
    }

    /// What a value becomes as the field of a model.
    fn validated(&mut self, class: &Rc<Class<'a>>, field: &Field<'a>, cell: &Cell<'a>, at: Span) -> Step<Cell<'a>> {
        let hint = self.hint_of(field)?;
        let cell = self.run_validators(class, field, cell.clone(), true, at)?;
        let hint = if class.family == Family::OldSettings { old(hint, &cell) } else { hint };
        let converted = match self.convert(&cell, &hint)? {
            Converted::Is(converted) => converted,
            Converted::Unknown if cell.is_unknown() => cell,
            Converted::Unknown => super::cell::unknown_from(&[&cell], "a value of a type that is not followed"),
            Converted::Refused => {
                return self.fault(&[&cell], "ValueError", at, "a value that its field does not take");
            }
        };
        if let Some(options) = field_options(field) {
            self.check_bounds(&options, &converted, at)?;
        }
        self.run_validators(class, field, converted, false, at)
    }

    /// `Field(ge=1)` and its kin.
    fn check_bounds(&mut self, options: &Arguments<'a>, cell: &Cell<'a>, at: Span) -> Step<()> {
        use std::cmp::Ordering;
        for (name, refused) in [
            ("ge", [Ordering::Less, Ordering::Less]),
            ("gt", [Ordering::Less, Ordering::Equal]),
            ("le", [Ordering::Greater, Ordering::Greater]),
            ("lt", [Ordering::Greater, Ordering::Equal]),
        ] {
            let Some(bound) = options.named(name) else { continue };
            if let Ok(Some(order)) = self.ordering(cell, bound)
                && refused.contains(&order)
            {
                self.fault(&[cell], "ValueError", at, "a value outside the bounds of its field")?;
            }
        }
        Ok(())
    }

    /// The variables that a field looks at, in order.
    fn variable_names(&self, class: &Class<'a>, field: &Field<'a>, naming: &Naming) -> Vec<Text> {
        let prefixed: Text = format!("{}{}", naming.prefix, field.name).into();
        if class.family == Family::OldSettings {
            return self.old_names(class, field).unwrap_or_else(|| vec![prefixed]);
        }
        let mut names = aliases(field);
        let by_name = ["populate_by_name", "validate_by_name"]
            .iter()
            .any(|name| matches!(class.setting(name).map(|cell| &cell.thing), Some(Thing::Bool(true))));
        if names.is_empty() || by_name {
            names.push(prefixed);
        }
        names
    }

    /// `Field(env=...)` and the `fields` of an inner `Config`, as before version 2.
    fn old_names(&self, class: &Class<'a>, field: &Field<'a>) -> Option<Vec<Text>> {
        let entry = |dict: &Cell<'a>, key: &str| match &dict.thing {
            Thing::Dict(id) => self.entries(*id)?.iter().find_map(|(known, value)| match &known.thing {
                Thing::Str(known) if known.as_ref() == key => Some(value.clone()),
                _ => None,
            }),
            _ => None,
        };
        let options = field_options(field);
        let own = options.as_ref().and_then(|options| options.named("env")).cloned();
        let env = own.or_else(|| entry(&entry(class.setting("fields")?, &field.name)?, "env"))?;
        let text = |cell: &Cell<'a>| if let Thing::Str(name) = &cell.thing { Some(Rc::clone(name)) } else { None };
        match &env.thing {
            Thing::Str(name) => Some(vec![Rc::clone(name)]),
            Thing::Tuple(names) => Some(names.iter().filter_map(text).collect()),
            Thing::List(id) => Some(self.items(*id)?.iter().filter_map(text).collect()),
            _ => None,
        }
    }

    fn hint_of(&mut self, field: &Field<'a>) -> Step<Hint<'a>> {
        let Some(annotation) = field.annotation else {
            return Ok(match field.default.as_ref().map(|cell| &cell.thing) {
                Some(Thing::Bool(_)) => Hint::Bool,
                Some(Thing::Int(_)) => Hint::Int,
                Some(Thing::Float(_)) => Hint::Float,
                Some(Thing::Str(_)) => Hint::Str,
                _ => Hint::Unknown,
            });
        };
        let outside = self.step_into(field.module, field.scope, None);
        let hint = self.hint(annotation);
        self.step_out(outside);
        hint
    }

    /// Calls the validators of a field that see its value before or after it is converted.
    fn run_validators(
        &mut self,
        class: &Rc<Class<'a>>,
        field: &Field<'a>,
        mut cell: Cell<'a>,
        before: bool,
        at: Span,
    ) -> Step<Cell<'a>> {
        for function in self.validators(class) {
            let Some(validates) = &function.validates else { continue };
            let applies = validates.fields.iter().any(|name| *name == field.name || name.as_ref() == "*");
            if validates.before != before || !applies {
                continue;
            }
            let mut positional = vec![Cell::new(Thing::Class(Rc::clone(class))), cell.clone()];
            if function.role == super::cell::Role::Static {
                positional.remove(0);
            }
            while positional.len() < parameter_count(&function) {
                positional.push(Cell::unknown("what a validator is told about the other fields"));
            }
            let arguments = Arguments { positional, ..Arguments::default() };
            cell = self.call_function(&function, arguments, at)?.resting_on(&cell);
        }
        Ok(cell)
    }

    /// Calls the validators of a whole model, which may change it.
    fn check_model(&mut self, class: &Rc<Class<'a>>, instance: Cell<'a>, at: Span) -> Step<Cell<'a>> {
        for function in self.validators(class) {
            let Some(validates) = &function.validates else { continue };
            if !validates.fields.is_empty() {
                continue;
            }
            if validates.before || parameter_count(&function) != 1 {
                self.forget_values(
                    vec![instance.clone()],
                    &"changed by a validator of the model".into(),
                    &Deps::default(),
                );
                continue;
            }
            let arguments = Arguments { positional: vec![instance.clone()], ..Arguments::default() };
            let result = self.call_function(&function, arguments, at)?;
            let same = match (&result.thing, &instance.thing) {
                (Thing::Instance(_, a), Thing::Instance(_, b)) => a == b,
                _ => false,
            };
            if !same {
                self.forget_values(
                    vec![instance.clone()],
                    &"replaced by a validator of the model".into(),
                    &Deps::default(),
                );
            }
        }
        Ok(instance)
    }

    fn validators(&self, class: &Class<'a>) -> Vec<Rc<super::cell::Function<'a>>> {
        let mut found: Vec<Rc<super::cell::Function<'a>>> = Vec::new();
        for class in class.line() {
            let Some(scope) = self.state.scope(class.scope) else { continue };
            for slot in scope.names.values() {
                if let Thing::Function(function) = &slot.cell.thing
                    && function.validates.is_some()
                    && !found.iter().any(|known| known.name == function.name)
                {
                    found.push(Rc::clone(function));
                }
            }
        }
        found
    }

    /// A file that holds a variable no field takes stops the settings, unless they say otherwise.
    fn refuse_strangers(&mut self, class: &Class<'a>, naming: &Naming, files: &FileVariables, at: Span) -> Step<()> {
        let extra = class.setting("extra").map(|cell| &cell.thing);
        if !matches!(extra, None) && !matches!(extra, Some(Thing::Str(text)) if text.as_ref() == "forbid") {
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

/// Before version 2 a number became a text where one was asked for, and a union was tried from the left.
fn old<'a>(hint: Hint<'a>, cell: &Cell<'a>) -> Hint<'a> {
    match (hint, &cell.thing) {
        (Hint::Str, Thing::Str(_)) => Hint::Str,
        (Hint::Union(members), Thing::None) if members.iter().any(|member| matches!(member, Hint::None)) => Hint::None,
        (Hint::Union(mut members), Thing::Str(_)) => {
            members.retain(|member| !matches!(member, Hint::None));
            if members.len() == 1 { members.remove(0) } else { Hint::Unknown }
        }
        (Hint::Str | Hint::Union(_), _) => Hint::Unknown,
        (hint, _) => hint,
    }
}

/// The names under which a field is given in a call, other than its own.
fn aliases(field: &Field<'_>) -> Vec<Text> {
    let Some(options) = field_options(field) else { return Vec::new() };
    let mut names = Vec::new();
    for option in ["validation_alias", "alias"] {
        match options.named(option).map(|cell| &cell.thing) {
            Some(Thing::Str(name)) => names.push(Rc::clone(name)),
            Some(Thing::Made(what, choices)) if what.as_ref() == "pydantic.AliasChoices" => {
                names.extend(choices.positional.iter().filter_map(|choice| match &choice.thing {
                    Thing::Str(name) => Some(Rc::clone(name)),
                    _ => None,
                }));
            }
            _ => continue,
        }
        break;
    }
    names
}
