//! Readers of settings from packages: python-decouple, environs, django-environ and starlette.
//!
//! Each looks a name up in the environment, most of them then in a file, and casts the text in ways
//! of its own. A default is cast by some and given back as it is by others.

use std::rc::Rc;

use crate::source::Span;

use super::call::Arguments;
use super::cell::{Cell, Deps, Id, Text, Thing};
use super::env_files::Variable as FileVariable;
use super::export::to_value;
use super::operators::Calc;
use super::outside::Variable;
use super::run::{Run, Step};
use super::state::Object;
use super::written::Written;

/// A reader as it was made.
#[derive(Debug, Clone)]
pub(super) struct Reader<'a> {
    pub(super) package: Package,
    pub(super) prefix: Text,
    /// What its file holds, where it has one; a value that is not followed is `None`.
    pub(super) file: Vec<(Text, Option<Text>)>,
    /// The casts and defaults that it was made with, by name.
    pub(super) scheme: Vec<(Text, Cell<'a>)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Package {
    Decouple,
    Environs,
    DjangoEnviron,
    Starlette,
}

impl Package {
    /// Whether a default goes through the cast like any other value.
    fn casts_defaults(self) -> bool {
        matches!(self, Self::Decouple | Self::Starlette)
    }
}

/// The packages by the classes that make their readers.
pub(super) fn package_of(name: &str) -> Option<Package> {
    match name {
        "decouple.AutoConfig" | "decouple.Config" => Some(Package::Decouple),
        "environs.Env" => Some(Package::Environs),
        "environ.Env" => Some(Package::DjangoEnviron),
        "starlette.config.Config" => Some(Package::Starlette),
        _ => None,
    }
}

impl<'a> Run<'a, '_> {
    /// Calls the class of a reader.
    pub(super) fn make_reader(&mut self, package: Package, arguments: &Arguments<'a>, at: Span) -> Step<Cell<'a>> {
        let mut reader = Reader { package, prefix: "".into(), file: Vec::new(), scheme: Vec::new() };
        let text = |cell: Option<&Cell<'a>>| match cell.map(|cell| &cell.thing) {
            None | Some(Thing::None) => Some(Text::from("")),
            Some(Thing::Str(text)) => Some(Rc::clone(text)),
            Some(_) => None,
        };
        let file = match package {
            Package::Decouple => match arguments.positional.first().map(|cell| &cell.thing) {
                Some(Thing::Made(what, inner)) if what.as_ref() == "decouple.RepositoryEnv" => {
                    inner.positional.first().cloned()
                }
                None => self.nearest(".env"),
                Some(_) => {
                    return self.call_unknown(&Cell::new(Thing::None), arguments, "a reader that is not followed", at);
                }
            },
            Package::Starlette => arguments.get(0, "env_file").cloned(),
            Package::Environs | Package::DjangoEnviron => None,
        };
        let prefix = text(arguments.named(if package == Package::Starlette { "env_prefix" } else { "prefix" }));
        let odd = arguments.named("environ").is_some() || arguments.named("expand_vars").is_some();
        let Some(prefix) = prefix.filter(|_| !odd) else {
            return self.call_unknown(&Cell::new(Thing::None), arguments, "a reader that is not followed", at);
        };
        reader.prefix = prefix;
        if package == Package::DjangoEnviron {
            reader.scheme.clone_from(&arguments.named);
        }
        if let Some(file) = file.and_then(|file| self.variables_of_file(&file)) {
            reader.file = plain_variables(file);
        }
        let id = self.allocate(Object::Reader(reader))?;
        Ok(Cell::new(Thing::Reader(id)))
    }

    /// `decouple.config`, which looks for a file near the code that calls it.
    pub(super) fn near_reader(&self) -> Reader<'a> {
        let file = self.nearest(".env").and_then(|file| self.variables_of_file(&file));
        let file = file.map(plain_variables).unwrap_or_default();
        Reader { package: Package::Decouple, prefix: "".into(), file, scheme: Vec::new() }
    }

    /// Calls a reader, or a method of one.
    pub(super) fn read_setting(
        &mut self,
        receiver: &Cell<'a>,
        id: Id,
        method: &str,
        arguments: &Arguments<'a>,
        at: Span,
    ) -> Step<Cell<'a>> {
        let Some(Object::Reader(reader)) = self.state.get(id) else {
            return self.call_unknown(receiver, arguments, "a reader that may have changed", at);
        };
        let reader = reader.clone();
        match (reader.package, method) {
            (Package::Environs, "read_env") => self.load_variables(arguments, "path"),
            (Package::DjangoEnviron, "read_env") => self.load_variables(arguments, "env_file"),
            (Package::Environs, "seal") => Ok(Cell::new(Thing::None)),
            (Package::Decouple | Package::Starlette, "" | "get" | "__call__") => self.setting(
                &reader,
                arguments.get(if reader.package == Package::Decouple { 2 } else { 1 }, "cast"),
                arguments,
                at,
            ),
            (Package::DjangoEnviron, "") if arguments.positional.len() > 1 => {
                // `env(name, cast, default)`, where a method has the default second.
                let mut named = arguments.named.clone();
                let further =
                    ["cast", "default"].into_iter().map(Text::from).zip(arguments.positional.iter().skip(1).cloned());
                named.extend(further);
                let positional = arguments.positional.iter().take(1).cloned().collect();
                self.read_setting(receiver, id, method, &Arguments { positional, named, ..Arguments::default() }, at)
            }
            (Package::Environs | Package::DjangoEnviron, "" | "str" | "int" | "float" | "bool" | "list" | "json") => {
                let cast = match method {
                    "" => arguments.named("cast").cloned().or_else(|| Self::scheme_cast(&reader, arguments)),
                    "list" | "json" => Some(Cell::new(Thing::Object(method.into()))),
                    method => Some(Cell::dotted(method)),
                };
                self.setting(&reader, cast.as_ref(), arguments, at)
            }
            // What a prefix is put before is not followed.
            _ => {
                self.forget_values(
                    vec![receiver.clone()],
                    &"a reader whose names may have a prefix".into(),
                    &Deps::default(),
                );
                self.call_unknown(receiver, arguments, "a method of a reader that is not followed", at)
            }
        }
    }

    /// The cast that `Env(NAME=(cast, default))` states, or that follows from a default.
    fn scheme_cast(reader: &Reader<'a>, arguments: &Arguments<'a>) -> Option<Cell<'a>> {
        let Some(Thing::Str(name)) = arguments.positional.first().map(|cell| &cell.thing) else { return None };
        let stated = reader.scheme.iter().find(|(known, _)| known == name).map(|(_, cell)| cell);
        match stated.map(|cell| &cell.thing) {
            Some(Thing::Tuple(items)) => items.first().cloned(),
            Some(_) => stated.cloned(),
            None if reader.package == Package::DjangoEnviron => {
                let kind = match default_argument(reader.package, arguments).map(|cell| &cell.thing) {
                    Some(Thing::Bool(_)) => "bool",
                    Some(Thing::Int(_)) => "int",
                    Some(Thing::Float(_)) => "float",
                    _ => return None,
                };
                Some(Cell::dotted(kind))
            }
            None => None,
        }
    }

    /// One setting: the environment, then the file, then the default.
    pub(super) fn setting(
        &mut self,
        reader: &Reader<'a>,
        cast: Option<&Cell<'a>>,
        arguments: &Arguments<'a>,
        at: Span,
    ) -> Step<Cell<'a>> {
        let first = arguments
            .positional
            .first()
            .or_else(|| ["option", "key", "name", "var"].iter().find_map(|name| arguments.named(name)));
        let Some(Thing::Str(name)) = first.map(|cell| cell.thing.clone()) else {
            return self.settle_unknown("a setting that is not named", &[], at);
        };
        let name: Text = format!("{}{name}", reader.prefix).into();
        let scheme = reader.scheme.iter().find(|(known, _)| *known == name).and_then(|(_, cell)| match &cell.thing {
            Thing::Tuple(items) => items.get(1).cloned(),
            _ => None,
        });
        let default = default_argument(reader.package, arguments).cloned().or(scheme);
        let in_file = reader.file.iter().rev().find(|(known, _)| *known == name).map(|(_, value)| value.clone());
        let stands_in = match &in_file {
            Some(value) => value.as_ref().map(|text| Cell::str(text)),
            None => default.clone(),
        };
        let (text, deps) = match self.variable(&name, stands_in.as_ref()) {
            Variable::Is(cell) => (Some(cell), Deps::default()),
            Variable::Absent(deps) | Variable::Open(deps) => {
                let text = in_file.map(|text| match text {
                    Some(text) => Cell::str(&text),
                    None => Cell::unknown("a file of variables that readers disagree about"),
                });
                // A deployment may have a file where the project has none.
                let value = default.as_ref().and_then(|cell| to_value(cell, &self.state).ok());
                let deps = if text.is_none() && !deps.is_open() && reader.package == Package::Decouple {
                    super::outside::open_variable(&name, value)
                } else {
                    deps
                };
                (text.map(|cell| cell.with_deps(&deps)), deps)
            }
        };
        match (text, default) {
            (Some(text), _) => self.cast_setting(reader.package, &text, cast, arguments, at),
            (None, Some(default)) if reader.package.casts_defaults() => {
                self.cast_setting(reader.package, &default.with_deps(&deps), cast, arguments, at)
            }
            (None, Some(default)) => Ok(default.with_deps(&deps)),
            (None, None) if deps.is_open() => {
                let unknown = Cell::unknown(&format!("depends on the environment variable {name}")).with_deps(&deps);
                self.may_raise(None, &unknown, at)?;
                Ok(unknown)
            }
            (None, None) => self.raise("Exception", at, &format!("the setting {name} is not set")),
        }
    }

    fn cast_setting(
        &mut self,
        package: Package,
        raw: &Cell<'a>,
        cast: Option<&Cell<'a>>,
        arguments: &Arguments<'a>,
        at: Span,
    ) -> Step<Cell<'a>> {
        if raw.is_unknown() {
            return Ok(raw.clone());
        }
        if let (Package::DjangoEnviron | Package::Environs, Thing::Str(text)) = (package, &raw.thing)
            && text.starts_with('$')
        {
            return self.settle(Calc::Unknown("a setting that names another"), &[raw], at);
        }
        let Some(cast) = cast.filter(|cast| !matches!(cast.thing, Thing::None)) else { return Ok(raw.clone()) };
        match (&cast.thing, &raw.thing) {
            (_, Thing::None) if package == Package::Starlette => Ok(raw.clone()),
            (Thing::Dotted(kind), Thing::Str(text)) if kind.as_ref() == "bool" => {
                let calc = truth(package, text);
                self.settle(calc, &[raw], at)
            }
            (Thing::Dotted(kind), Thing::Str(text)) if kind.as_ref() == "list" && package == Package::DjangoEnviron => {
                let items = text.split(',').filter(|item| !item.is_empty()).map(Cell::str).collect();
                Ok(self.list(items)?.resting_on(raw))
            }
            (Thing::Object(kind), Thing::Str(text)) => match (kind.as_ref(), package) {
                ("json", _) => match super::written::json(text) {
                    Written::Is(value) => Ok(self.cell_of_value(&value)?.resting_on(raw)),
                    Written::Not => self.fault(&[raw], "ValueError", at, "a setting that is not JSON"),
                    Written::Unknown => self.settle(Calc::Unknown("a setting that is not followed"), &[raw], at),
                },
                ("list", package) => self.list_setting(package, raw, text, arguments, at),
                _ => self.settle(Calc::Unknown("a cast that is not followed"), &[raw], at),
            },
            (Thing::Made(what, options), _) if what.as_ref() == "decouple.Csv" => {
                let options = Rc::clone(options);
                self.separated(raw, &options, at)
            }
            _ => {
                let arguments = Arguments { positional: vec![raw.clone()], ..Arguments::default() };
                self.call_cell(&cast.clone(), arguments, at)
            }
        }
    }

    fn list_setting(
        &mut self,
        package: Package,
        raw: &Cell<'a>,
        text: &str,
        arguments: &Arguments<'a>,
        at: Span,
    ) -> Step<Cell<'a>> {
        let cast = arguments.named(if package == Package::Environs { "subcast" } else { "cast" }).cloned();
        if text.contains(char::is_whitespace) || arguments.named("delimiter").is_some() {
            return self.settle(Calc::Unknown("a list that is not followed"), &[raw], at);
        }
        let keeps_empty = package == Package::Environs && !text.is_empty();
        let parts: Vec<Text> = text.split(',').filter(|part| keeps_empty || !part.is_empty()).map(Into::into).collect();
        self.cast_each(raw, parts, cast.as_ref(), at)
    }

    /// `Csv(...)`, which splits like a shell does at its delimiter.
    fn separated(&mut self, raw: &Cell<'a>, options: &Arguments<'a>, at: Span) -> Step<Cell<'a>> {
        let post = options.get(3, "post_process");
        let known_post = match post.map(|cell| &cell.thing) {
            None => Some("list"),
            Some(Thing::Dotted(name)) if matches!(name.as_ref(), "list" | "tuple") => Some(name.as_ref()),
            Some(_) => None,
        };
        let delimiter = match options.get(1, "delimiter").map(|cell| &cell.thing) {
            None => Some(','),
            Some(Thing::Str(text)) if text.chars().count() == 1 => text.chars().next(),
            Some(_) => None,
        };
        let text = match &raw.thing {
            Thing::Str(text) if !text.contains(['"', '\'', '\\', '#']) => text,
            Thing::None if known_post == Some("list") => return self.list(Vec::new()),
            _ => return self.settle(Calc::Unknown("a list that is not followed"), &[raw], at),
        };
        let (Some(post), Some(delimiter), None) = (known_post, delimiter, options.get(2, "strip")) else {
            return self.settle(Calc::Unknown("a list that is not followed"), &[raw], at);
        };
        let parts = text.split(delimiter).filter(|part| !part.is_empty()).map(|part| part.trim().into()).collect();
        let tuple = post == "tuple";
        let cast = options.get(0, "cast").cloned();
        let list = self.cast_each(raw, parts, cast.as_ref(), at)?;
        match (&list.thing, tuple) {
            (Thing::List(id), true) => {
                let items = self.items(*id).unwrap_or_default().to_vec();
                Ok(super::operators::tuple(items).resting_on(raw))
            }
            _ => Ok(list),
        }
    }

    fn cast_each(&mut self, raw: &Cell<'a>, parts: Vec<Text>, cast: Option<&Cell<'a>>, at: Span) -> Step<Cell<'a>> {
        let mut items = Vec::new();
        for part in parts {
            let item = Cell::new(Thing::Str(part)).resting_on(raw);
            items.push(match cast {
                Some(cast) => {
                    let arguments = Arguments { positional: vec![item], ..Arguments::default() };
                    self.call_cell(&cast.clone(), arguments, at)?
                }
                None => item,
            });
        }
        Ok(self.list(items)?.resting_on(raw))
    }
}

fn plain_variables(file: Vec<FileVariable>) -> Vec<(Text, Option<Text>)> {
    file.into_iter().map(|variable| (variable.name, variable.value.filter(|_| variable.plain))).collect()
}

fn default_argument<'r, 'a>(package: Package, arguments: &'r Arguments<'a>) -> Option<&'r Cell<'a>> {
    match package {
        Package::Starlette => arguments.get(2, "default"),
        Package::Decouple | Package::Environs => arguments.get(1, "default"),
        Package::DjangoEnviron => arguments.named("default").or_else(|| arguments.positional.get(1)),
    }
}

/// A truth value as each package spells it.
fn truth<'a>(package: Package, text: &str) -> Calc<'a> {
    let lower = text.to_ascii_lowercase();
    let is = |truth: bool| Calc::Is(Thing::Bool(truth));
    let (yes, no): (&[&str], &[&str]) = match package {
        Package::Decouple => (&["y", "yes", "t", "true", "on", "1"], &["n", "no", "f", "false", "off", "0", ""]),
        Package::Starlette => (&["true", "1"], &["false", "0"]),
        Package::Environs => (&["t", "true", "on", "y", "yes", "1"], &["f", "false", "off", "n", "no", "0"]),
        Package::DjangoEnviron => {
            return is(["true", "on", "ok", "y", "yes", "1"].contains(&lower.trim()));
        }
    };
    // Of the mixed spellings one package takes some and not others.
    let mixed = package == Package::Environs && lower != text && text.to_ascii_uppercase() != text && {
        let mut chars = text.chars();
        let capital: String = chars
            .next()
            .into_iter()
            .map(|c| c.to_ascii_uppercase())
            .chain(chars.map(|c| c.to_ascii_lowercase()))
            .collect();
        capital != text
    };
    if mixed {
        return Calc::Unknown("a truth value that is not followed");
    }
    match (yes.contains(&lower.as_str()), no.contains(&lower.as_str())) {
        (true, _) => is(true),
        (_, true) => is(false),
        _ => Calc::Raises("ValueError", "a text that is no truth value"),
    }
}
