//! `${NAME}` in all its forms.

use super::Shell;
use super::expand::Expansion;
use super::pattern::Pattern;
use super::state::{Held, State};
use super::text::{self, Emptiness, Field, emptiness};
use crate::python::evaluate::Dependency;
use crate::read::FilledBy;
use crate::read::shell::{Index, Occurrences, Operation, Parameter, Part, PartKind};
use crate::source::Place;

/// What stands behind a name, and whether it is set at all.
#[allow(clippy::large_enum_variant, reason = "nearly all are the large one")]
enum Found {
    Unset,
    One(Field),
    Many(Vec<Field>),
}

impl Shell<'_> {
    pub(super) fn parameter(&mut self, parameter: &Parameter, part: &Part, state: &mut State) -> Expansion {
        let place = part.place;
        if self.is_bad(parameter, place, state) {
            return Expansion::Text(Field::new(&text::hole(), place));
        }
        let found = self.find(parameter, place, state);
        let unknown = || Expansion::Text(Field::new(&text::hole(), place));
        match &parameter.operation {
            Operation::Value | Operation::Required { .. } => match found {
                Found::Unset => Expansion::Text(Field::new("", place)),
                Found::One(field) => Expansion::Text(Field { place: field.place, ..field }),
                Found::Many(fields) => {
                    let joined = matches!(parameter.index, Index::Joined) || parameter.name == "*";
                    if joined && part.quoted {
                        let between = state.separators().map(|all| all.chars().next().map(String::from));
                        match between {
                            Some(between) => Expansion::Text(join(&fields, &between.unwrap_or_default(), place)),
                            None => Expansion::Text(Field::new(&text::hole(), place)),
                        }
                    } else {
                        Expansion::Fields(fields)
                    }
                }
            },
            Operation::Default { colon, word, assigns } => {
                self.default(found, (*colon, *assigns), word, parameter, part, state)
            }
            Operation::Alternative { colon, word } => match is_there(&found, *colon) {
                Some(there) => self.alternative(there, &found, word, part, state),
                None => match &found {
                    // Without the variable there is nothing.
                    Found::One(field) => match emptiness(field.text()) {
                        Emptiness::Unless(_) if text::vanishing(field.text()).is_some() && !part.quoted => {
                            Expansion::Text(Field::new(field.text(), place))
                        }
                        _ => unknown(),
                    },
                    _ => unknown(),
                },
            },
            Operation::Length => Expansion::Text(match found {
                Found::Unset => Field::new("0", place),
                Found::One(field) => match field.known() {
                    Some(known) => {
                        let mut length = Field::new(&known.chars().count().to_string(), place);
                        length.depend_on(&field.depends);
                        length
                    }
                    None => Field::new(&text::something(), place),
                },
                Found::Many(fields) if !fields.iter().any(Field::is_vague) => {
                    let mut length = Field::new(&fields.len().to_string(), place);
                    for field in &fields {
                        length.depend_on(&field.depends);
                    }
                    length
                }
                Found::Many(_) => Field::new(&text::something(), place),
            }),
            Operation::Indirect => {
                let name = match &found {
                    Found::One(field) => field.known().map(str::to_owned),
                    _ => None,
                };
                match name {
                    Some(name) if is_name(&name) => {
                        let inner = Parameter { name, index: Index::None, operation: Operation::Value };
                        self.parameter(&inner, part, state)
                    }
                    _ => unknown(),
                }
            }
            operation => match found {
                Found::Unset => Expansion::Text(Field::new("", place)),
                Found::One(field) => Expansion::Text(self.changed(&field, operation, place, state)),
                Found::Many(fields) => {
                    if matches!(operation, Operation::Part { .. }) {
                        return Expansion::Fields(self.slice(fields, parameter, operation, place, state));
                    }
                    let fields = fields.iter().map(|field| self.changed(field, operation, place, state)).collect();
                    Expansion::Fields(fields)
                }
            },
        }
    }

    fn find(&mut self, parameter: &Parameter, place: Place, state: &mut State) -> Found {
        let name = parameter.name.as_str();
        let vague = Field::is_vague;
        match name {
            "@" | "*" => return Found::Many(state.arguments.clone()),
            "#" => {
                let known = !state.arguments.iter().any(vague);
                let text = if known { state.arguments.len().to_string() } else { text::something() };
                return Found::One(Field::new(&text, place));
            }
            "0" => {
                let text = state.name.clone().unwrap_or_else(text::something);
                return Found::One(Field::new(&text, place));
            }
            // The file that a command stands in is the one that runs, unless another one reads it.
            "BASH_SOURCE" if is_first(&parameter.index) => {
                let files = self.surroundings.files;
                let own = state.name.clone().filter(|name| state.roots.file(files, name) == Some(place.file));
                if let Some(name) = own {
                    return Found::One(Field::new(&name, place));
                }
            }
            "?" | "$" | "!" | "-" => return Found::One(Field::new(&text::hole(), place)),
            _ => {}
        }
        if let Ok(number) = name.parse::<usize>() {
            let before = state.arguments.get(..number).unwrap_or(&state.arguments);
            return match before.last() {
                _ if before.iter().any(vague) => Found::One(Field::new(&text::hole(), place)),
                Some(field) if before.len() == number => Found::One(field.clone()),
                _ => Found::Unset,
            };
        }
        let held = match state.filled_by {
            FilledBy::Compose | FilledBy::Kubernetes | FilledBy::Mixed => {
                self.filled_outside(name, state.filled_by, place, state)
            }
            FilledBy::Shell | FilledBy::Nobody => state.variable(name, place),
        };
        match (held, &parameter.index) {
            (Held::Nothing, _) => Found::Unset,
            (Held::One(field), Index::Each | Index::Joined) => Found::Many(vec![field]),
            (Held::One(field), Index::None) => Found::One(field),
            (Held::Many(fields), Index::Each | Index::Joined) => Found::Many(fields),
            (Held::Many(fields), Index::None) => at(&fields, 0, place),
            // What nobody knows may have any number of elements.
            (Held::One(field), Index::At(_)) if field.known().is_none() => Found::One(Field::new(&text::hole(), place)),
            (held, Index::At(parts)) => {
                let fields = match held {
                    Held::Many(fields) => fields,
                    Held::One(field) => vec![field],
                    Held::Nothing => Vec::new(),
                };
                match self.number(parts, place, state).0 {
                    Some(index) => {
                        let length = i64::try_from(fields.len()).unwrap_or(i64::MAX);
                        let index = if index < 0 { index + length } else { index };
                        usize::try_from(index).map_or(Found::Unset, |index| at(&fields, index, place))
                    }
                    None => Found::One(Field::new(&text::hole(), place)),
                }
            }
        }
    }

    /// A variable that is filled in before the shell runs.
    fn filled_outside(&self, name: &str, filled_by: FilledBy, place: Place, state: &State) -> Held {
        let outer = (self.surroundings.outer)(name);
        if filled_by == FilledBy::Mixed {
            // Whoever fills it in, a value on which both agree is the value.
            let held = state.variable(name, place);
            let same = match (&held, &outer) {
                (_, None) => true,
                (Held::One(field), Some(outer)) => field.known() == Some(outer),
                _ => false,
            };
            return if same { held } else { Held::One(Field::new(&text::hole(), place)) };
        }
        let text = outer.unwrap_or_else(|| text::missing(name));
        Held::One(Field::new(&text, place))
    }

    fn stand_in(&mut self, word: &[Part], part: &Part, state: &mut State) -> Expansion {
        // Unquoted, the word is split by what is quoted in it.
        if !part.quoted && word.iter().any(|part| part.quoted) && word.len() > 1 {
            let word =
                crate::read::shell::Word { parts: word.to_vec(), place: part.place, removal: part.place, quoted: true };
            return Expansion::Words(self.expand_within(&word, state));
        }
        let mut field = self.joined(word, part.place, state);
        if word.len() == 1 && word.iter().any(|part| part.quoted) && !part.quoted {
            field.quoted = true;
            return Expansion::Words(vec![field]);
        }
        field.place = part.place;
        Expansion::Text(field)
    }

    /// `${NAME:+word}` where it is known whether the variable is there, on the likelier of two ways at least.
    fn alternative(&mut self, there: bool, found: &Found, word: &[Part], part: &Part, state: &mut State) -> Expansion {
        let rests_on = match found {
            Found::One(field) => field.depends.as_slice(),
            _ => &[],
        };
        let is_unset = matches!(found, Found::One(field) if field.unset);
        let mut nothing = Field::new("", part.place);
        nothing.depend_on(rests_on);
        if !there && !is_unset {
            return Expansion::Text(nothing);
        }
        match (self.stand_in(word, part, state), there) {
            (Expansion::Text(mut field), true) => {
                field.depend_on(rests_on);
                Expansion::Text(field)
            }
            (Expansion::Text(field), false) => {
                nothing.or_else(&field.possible());
                Expansion::Text(nothing)
            }
            (fields @ (Expansion::Fields(_) | Expansion::Words(_)), _) => fields,
        }
    }

    fn default(
        &mut self,
        found: Found,
        (colon, assigns): (bool, bool),
        word: &[Part],
        parameter: &Parameter,
        part: &Part,
        state: &mut State,
    ) -> Expansion {
        let place = part.place;
        let mut depends = Vec::new();
        // The variable in whose place the word stands because no file sets it.
        let mut absent = None;
        let there = is_there(&found, colon).or_else(|| match &found {
            // What no file sets is not there; what is passed on from outside may be.
            Found::One(field) => match emptiness(field.text()) {
                Emptiness::Unless(names) => {
                    let own = text::vanishing(field.text()).is_some_and(|name| name == parameter.name);
                    if own {
                        absent = Some(parameter.name.clone());
                    } else if state.filled_by == FilledBy::Shell {
                        depends = text::unless_set(names);
                    }
                    Some(!own && !colon)
                }
                _ => None,
            },
            _ => None,
        });
        // With nothing in its place it is the variable itself.
        if let Some(name) = &absent
            && word.iter().all(|part| matches!(&part.kind, PartKind::Text(text) if text.text().is_empty()))
            && !assigns
        {
            return Expansion::Text(Field::new(&text::missing(name), place));
        }
        if let (Some(false), Found::One(field)) = (there, &found) {
            depends.extend(field.depends.iter().cloned());
        }
        match (there, found) {
            (Some(true), Found::One(field)) => Expansion::Text(field),
            (Some(true), Found::Many(fields)) => Expansion::Fields(fields),
            (Some(false), _) | (Some(true), Found::Unset) => {
                let expansion = self.stand_in(word, part, state);
                let rest = |field: &mut Field| {
                    field.depend_on(&depends);
                    if let Some(name) = absent.clone() {
                        let default = field.known().map(str::to_owned);
                        field.depend_on(&[Dependency::InPlace { name, default }]);
                    }
                };
                if assigns && is_name(&parameter.name) {
                    let mut value = self.joined(word, place, state);
                    rest(&mut value);
                    state.assign(&parameter.name, Held::One(value));
                }
                match expansion {
                    Expansion::Text(mut field) => {
                        rest(&mut field);
                        Expansion::Text(field)
                    }
                    Expansion::Fields(mut fields) | Expansion::Words(mut fields) => {
                        if let [only] = fields.as_mut_slice() {
                            rest(only);
                        }
                        Expansion::Words(fields)
                    }
                }
            }
            (None, found) => {
                let rest = match found {
                    Found::One(field) => field.depends,
                    _ => Vec::new(),
                };
                let mut field = Field::new(&text::hole(), place);
                field.depends = rest;
                if assigns && is_name(&parameter.name) {
                    state.assign(&parameter.name, Held::One(field.clone()));
                }
                Expansion::Text(field)
            }
        }
    }

    fn changed(&mut self, field: &Field, operation: &Operation, place: Place, state: &mut State) -> Field {
        let mut depends = field.depends.clone();
        let text = field.known().map(str::to_owned);
        let changed = text.and_then(|text| self.change(&text, operation, place, state, &mut depends));
        let mut result = Field::new(&changed.unwrap_or_else(text::hole), place);
        result.depends = depends;
        result
    }

    /// What an operation makes of a text; what else that rests on goes to `depends`.
    fn change(
        &mut self,
        text: &str,
        operation: &Operation,
        place: Place,
        state: &mut State,
        depends: &mut Vec<Dependency>,
    ) -> Option<String> {
        match operation {
            Operation::Remove { pattern, from_end, longest } => {
                let pattern = self.pattern(pattern, state)?;
                Pattern::new(&pattern)?.remove(text, *from_end, *longest)
            }
            Operation::Replace { pattern, word, which } => {
                let pattern = self.pattern(pattern, state)?;
                let word = self.joined(word, place, state);
                depends.extend(word.depends.iter().cloned());
                // bash may fill in `&` with what matched.
                let word = word.known().filter(|word| !word.contains('&'))?;
                if pattern.is_empty() && !matches!(which, Occurrences::Prefix | Occurrences::Suffix) {
                    return Some(text.to_owned());
                }
                Pattern::new(&pattern)?.replace(text, word, *which)
            }
            Operation::Case { upper, all } => {
                let change = |c: char| if *upper { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() };
                let mut first = true;
                text.is_ascii().then(|| {
                    text.chars().map(|c| if std::mem::take(&mut first) || *all { change(c) } else { c }).collect()
                })
            }
            Operation::Part { offset, length } => {
                let chars: Vec<char> = text.chars().collect();
                let (start, end) = self.bounds(chars.len(), offset, length.as_deref(), place, state)?;
                Some(chars.get(start..end)?.iter().collect())
            }
            _ => None,
        }
    }

    fn bounds(
        &mut self,
        length: usize,
        offset: &[Part],
        wanted: Option<&[Part]>,
        place: Place,
        state: &mut State,
    ) -> Option<(usize, usize)> {
        let whole = i64::try_from(length).ok()?;
        let offset = self.number(offset, place, state).0?;
        let start = if offset < 0 { whole.checked_add(offset)? } else { offset };
        if start < 0 || start > whole {
            return Some((0, 0));
        }
        let end = match wanted {
            None => whole,
            Some(wanted) => {
                let wanted = self.number(wanted, place, state).0?;
                if wanted < 0 { whole.checked_add(wanted)? } else { start.saturating_add(wanted).min(whole) }
            }
        };
        (end >= start).then_some((usize::try_from(start).ok()?, usize::try_from(end).ok()?))
    }

    /// `"${@:2}"`, `"${array[@]:1:2}"`.
    fn slice(
        &mut self,
        fields: Vec<Field>,
        parameter: &Parameter,
        operation: &Operation,
        place: Place,
        state: &mut State,
    ) -> Vec<Field> {
        let Operation::Part { offset, length } = operation else { return fields };
        let mut all = fields;
        if matches!(parameter.name.as_str(), "@" | "*") {
            // The arguments are counted from one, with the name of the script in front.
            all.insert(0, Field::new(&state.name.clone().unwrap_or_else(text::something), place));
        }
        if all.iter().any(Field::is_vague) {
            return vec![Field::any(place)];
        }
        match self.bounds(all.len(), offset, length.as_deref(), place, state) {
            Some((start, end)) => all.get(start..end).map(<[Field]>::to_vec).unwrap_or_default(),
            None => vec![Field::any(place)],
        }
    }
}

fn at(fields: &[Field], index: usize, place: Place) -> Found {
    let before = fields.get(..=index).unwrap_or(fields);
    if before.iter().any(Field::is_vague) {
        return Found::One(Field::new(&text::hole(), place));
    }
    fields.get(index).map_or(Found::Unset, |field| Found::One(field.clone()))
}

/// Whether there is a value, an empty one counting as none with a colon; `None` where that is unknown.
fn is_there(found: &Found, colon: bool) -> Option<bool> {
    match found {
        Found::Unset => Some(false),
        Found::One(field) => match emptiness(field.text()) {
            Emptiness::Filled => Some(true),
            Emptiness::Empty => Some(!colon && !field.unset),
            Emptiness::Unless(_) | Emptiness::Unknown => None,
        },
        Found::Many(fields) => {
            if fields.iter().any(Field::is_vague) {
                return None;
            }
            let empty = fields.iter().all(|field| field.text().is_empty());
            Some(!(fields.is_empty() || colon && empty))
        }
    }
}

pub(super) fn join(fields: &[Field], between: &str, place: Place) -> Field {
    let texts: Vec<String> = fields
        .iter()
        .map(|field| if field.many || field.maybe { text::hole() } else { field.text().to_owned() })
        .collect();
    let mut joined = Field::new(&texts.join(between), place);
    for field in fields {
        joined.depend_on(&field.depends);
    }
    joined
}

/// Whether an index is that of the first element, or there is none.
fn is_first(index: &Index) -> bool {
    match index {
        Index::None => true,
        Index::At(parts) => matches!(parts.as_slice(), [Part { kind: PartKind::Text(text), .. }] if text.text() == "0"),
        _ => false,
    }
}

pub(in crate::deployment) fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
