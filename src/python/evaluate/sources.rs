//! Where a field of settings is looked up: the names of its variables, and who may set them.

use std::rc::Rc;

use crate::values::Value;

use super::cell::{Cell, Deps, Text, Thing};
use super::class::{Class, Family, Field};
use super::construct::field_options;
use super::outside::Variable;
use super::run::{Run, Step};

/// How a settings class names its variables.
pub(super) struct Naming {
    pub(super) prefix: Text,
    pub(super) exact: bool,
    pub(super) delimiter: Option<Text>,
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
pub(super) enum Found<'a> {
    Text(Cell<'a>),
    /// Somewhere, but not what it is.
    Unknown(Cell<'a>),
    /// Nowhere, unless one of these is set.
    Absent(Deps),
}

impl<'a> Run<'a, '_> {
    /// The first of the variables that is set, in the environment before any file.
    pub(super) fn look_up(
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
    pub(super) fn has_nested(&self, names: &[Text], naming: &Naming, files: &FileVariables) -> bool {
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

    /// The variables that a field looks at, in order.
    pub(super) fn variable_names(&self, class: &Class<'a>, field: &Field<'a>, naming: &Naming) -> Vec<Text> {
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
}

/// How a class names its variables; `None` where that is not known.
pub(super) fn naming(class: &Class<'_>) -> Option<Naming> {
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

/// The names under which a field is given in a call, other than its own.
pub(super) fn aliases(field: &Field<'_>) -> Vec<Text> {
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
