//! Methods of lists, tuples, dicts and sets, and the statements that change them.

use crate::source::Span;

use super::call::Arguments;
use super::cell::{Cell, Deps, Id, Part, Thing};
use super::operators::{Calc, MAX_ITEMS};
use super::outside::{is_environ, is_environ_copy};
use super::run::{Run, Step};
use super::sequence::position;
use super::state::Object;

impl<'a> Run<'a, '_> {
    /// What is put into a container also rests on what decided that it is put there.
    fn controlled(&self, cell: &Cell<'a>) -> Cell<'a> {
        cell.clone().with_deps(&self.control)
    }

    fn lose(&mut self, container: &Cell<'a>, why: &str) {
        let control = self.control.clone();
        self.forget_values(vec![container.clone()], &why.into(), &control);
    }

    fn list_mut(&mut self, id: Id) -> Option<&mut Vec<Cell<'a>>> {
        match self.state.get_mut(id) {
            Some(Object::List(items) | Object::Set(items)) => Some(items),
            _ => None,
        }
    }

    /// `list += more` and `list.extend(more)`.
    pub(super) fn extend(&mut self, list: &Cell<'a>, more: &Cell<'a>, at: Span) -> Step<()> {
        let Thing::List(id) = list.thing else { return Ok(()) };
        let items = if more.soft { None } else { self.iterate(more, at)? };
        if let Some(items) = items {
            let items: Vec<_> = items.iter().map(|item| self.controlled(item)).collect();
            self.spend(items.len())?;
            if let Some(list) = self.list_mut(id) {
                list.extend(items);
                if list.len() <= MAX_ITEMS {
                    return Ok(());
                }
            }
            self.lose(list, "too large");
        } else {
            let why = more.because();
            self.lose(list, &why);
        }
        Ok(())
    }

    #[allow(clippy::too_many_lines, reason = "one arm per method, each of a few lines")]
    pub(super) fn list_method(
        &mut self,
        receiver: &Cell<'a>,
        id: Id,
        name: &str,
        arguments: &Arguments<'a>,
        at: Span,
    ) -> Step<Cell<'a>> {
        let Some(items) = self.items(id) else {
            return self.call_unknown(receiver, arguments, "a list that may have changed", at);
        };
        let length = items.len();
        self.spend(1 + length / 8)?;
        let none = Cell::new(Thing::None);
        match (name, arguments.positional.as_slice()) {
            ("append", [item]) => {
                let item = self.controlled(item);
                if let Some(items) = self.list_mut(id) {
                    items.push(item);
                }
                Ok(none)
            }
            ("extend", [more]) => {
                self.extend(receiver, more, at)?;
                Ok(none)
            }
            ("insert", [index, item]) => {
                let item = self.controlled(item);
                let Thing::Int(index) = index.thing else {
                    self.lose(receiver, "an insertion at an unknown place");
                    return Ok(none);
                };
                let end = i64::try_from(length).unwrap_or(i64::MAX);
                let index = if index < 0 { index.saturating_add(end).max(0) } else { index.min(end) };
                if let (Some(items), Ok(index)) = (self.list_mut(id), usize::try_from(index)) {
                    items.insert(index.min(length), item);
                }
                Ok(none)
            }
            ("pop", rest) => {
                let index = match rest {
                    [] => Some(-1),
                    [cell] => match cell.thing {
                        Thing::Int(n) => Some(n),
                        _ => None,
                    },
                    _ => None,
                };
                let Some(index) = index else {
                    self.lose(receiver, "an element was removed");
                    return Ok(Cell::unknown("an unknown element"));
                };
                match position(index, length) {
                    Some(index) => {
                        let taken =
                            self.list_mut(id).filter(|items| index < items.len()).map(|items| items.remove(index));
                        Ok(taken.unwrap_or_else(|| Cell::unknown("an unknown element")))
                    }
                    None => self.fault(&[receiver], "IndexError", at, "pop from a list that is too short"),
                }
            }
            ("clear", []) => {
                if let Some(items) = self.list_mut(id) {
                    items.clear();
                }
                Ok(none)
            }
            ("reverse", []) => {
                if let Some(items) = self.list_mut(id) {
                    items.reverse();
                }
                Ok(none)
            }
            ("copy", []) => {
                let items = self.items(id).unwrap_or_default().to_vec();
                self.list(items)
            }
            ("sort", []) => {
                let items = self.items(id).unwrap_or_default().to_vec();
                let sorted = self.sorted_by(&items, arguments, at);
                if sorted.is_err() {
                    // What was in order before the comparison that failed is anyone's guess.
                    self.lose(receiver, "sorted in part");
                }
                match sorted? {
                    Some(sorted) => {
                        if let Some(items) = self.list_mut(id) {
                            *items = sorted;
                        }
                    }
                    None => self.lose(receiver, "sorted in a way that is not followed"),
                }
                Ok(none)
            }
            ("remove", [item]) => {
                let found = self.index_of(self.items(id).unwrap_or_default(), item);
                match found {
                    Some(Some(index)) => {
                        if let Some(items) = self.list_mut(id) {
                            items.remove(index);
                        }
                    }
                    Some(None) => {
                        self.fault(&[receiver, item], "ValueError", at, "removes what is not in the list")?;
                        self.lose(receiver, "an element may have been removed");
                    }
                    None => self.lose(receiver, "an element may have been removed"),
                }
                Ok(none)
            }
            ("index" | "count", _) => {
                let items = self.items(id).unwrap_or_default().to_vec();
                self.sequence_method(receiver, &items, name, arguments, at)
            }
            _ => {
                self.lose(receiver, "a list method that is not followed");
                self.settle_unknown("a list method that is not followed", &[receiver], at)
            }
        }
    }

    /// Where an item is; the outer `None` says that it cannot be told.
    #[allow(clippy::option_option, reason = "not found and not known are different answers")]
    fn index_of(&self, items: &[Cell<'a>], item: &Cell<'a>) -> Option<Option<usize>> {
        for (index, other) in items.iter().enumerate() {
            if self.equal(other, item)? {
                return Some(Some(index));
            }
        }
        Some(None)
    }

    /// Methods of a tuple, and those of a list that change nothing.
    pub(super) fn sequence_method(
        &mut self,
        receiver: &Cell<'a>,
        items: &[Cell<'a>],
        name: &str,
        arguments: &Arguments<'a>,
        at: Span,
    ) -> Step<Cell<'a>> {
        let mut operands = vec![receiver];
        operands.extend(&arguments.positional);
        let calc = match (name, arguments.positional.as_slice()) {
            ("index", [item]) => match self.index_of(items, item) {
                Some(Some(index)) => {
                    i64::try_from(index).map_or(Calc::Unknown("too large"), |n| Calc::Is(Thing::Int(n)))
                }
                Some(None) => Calc::Raises("ValueError", "the index of what is not there"),
                None => Calc::Unknown("an unknown element"),
            },
            ("count", [item]) => {
                let counted: Option<Vec<bool>> = items.iter().map(|other| self.equal(other, item)).collect();
                match counted {
                    Some(equal) => {
                        let count = equal.into_iter().filter(|equal| *equal).count();
                        i64::try_from(count).map_or(Calc::Unknown("too large"), |n| Calc::Is(Thing::Int(n)))
                    }
                    None => Calc::Unknown("an unknown element"),
                }
            }
            _ => Calc::Unknown("a method that is not followed"),
        };
        self.settle(calc, &operands, at)
    }

    pub(super) fn dict_method(
        &mut self,
        receiver: &Cell<'a>,
        id: Id,
        name: &str,
        arguments: &Arguments<'a>,
        at: Span,
    ) -> Step<Cell<'a>> {
        let Some(entries) = self.entries(id).map(<[_]>::to_vec) else {
            return self.call_unknown(receiver, arguments, "a dict that may have changed", at);
        };
        self.spend(1 + entries.len())?;
        match (name, arguments.positional.as_slice()) {
            ("get" | "setdefault" | "pop", [key, rest @ ..]) => {
                self.check_key(key, at)?;
                let default = rest.first().cloned();
                match self.position(&entries, key) {
                    Some(Some(index)) => {
                        let found = entries.get(index).map(|(_, value)| value.clone());
                        if name == "pop"
                            && let Some(Object::Dict(entries)) = self.state.get_mut(id)
                        {
                            entries.remove(index);
                        }
                        let found = found.unwrap_or_else(|| Cell::unknown("an unknown entry"));
                        Ok(found.resting_on(receiver).resting_on(key))
                    }
                    Some(None) => {
                        let value = match default {
                            Some(default) => default,
                            None if name == "pop" => {
                                return self.fault(&[receiver, key], "KeyError", at, "a key that is not in the dict");
                            }
                            None => Cell::new(Thing::None),
                        };
                        if name == "setdefault" {
                            let value = self.controlled(&value);
                            self.put_entry(receiver, key.clone(), value, at)?;
                        }
                        Ok(value.resting_on(receiver).resting_on(key))
                    }
                    None => {
                        if is_environ_copy(&entries)
                            && let Some(value) = self.copied_variable(receiver, name, arguments, at)?
                        {
                            return Ok(value);
                        }
                        if name != "get" {
                            self.lose(receiver, "an unknown entry may have changed");
                        }
                        self.settle(Calc::Unknown("an unknown key"), &[receiver, key], at)
                    }
                }
            }
            ("keys", []) => Ok(Cell::new(Thing::View(id, Part::Keys)).resting_on(receiver)),
            ("values", []) => Ok(Cell::new(Thing::View(id, Part::Values)).resting_on(receiver)),
            ("items", []) => Ok(Cell::new(Thing::View(id, Part::Items)).resting_on(receiver)),
            ("copy", []) => self.dict(entries),
            ("clear", []) => {
                self.state.put(id, Object::Dict(Vec::new()));
                Ok(Cell::new(Thing::None))
            }
            ("update", [] | [_]) => {
                let copy = match arguments.positional.first() {
                    Some(first) if is_environ(first) => Some(self.environ_copy()?),
                    other => other.cloned(),
                };
                let more = match copy.as_ref().map(|cell| &cell.thing) {
                    Some(Thing::Dict(more)) => self.entries(*more).map(<[_]>::to_vec),
                    Some(_) => None,
                    None => Some(Vec::new()),
                };
                let Some(more) = more else {
                    self.lose(receiver, "updated with something unknown");
                    return Ok(Cell::new(Thing::None));
                };
                let named =
                    arguments.named.iter().map(|(name, value)| (Cell::new(Thing::Str(name.clone())), value.clone()));
                for (key, value) in more.into_iter().chain(named) {
                    let value = self.controlled(&value);
                    self.put_entry(receiver, key, value, at)?;
                }
                Ok(Cell::new(Thing::None))
            }
            _ => {
                self.lose(receiver, "a dict method that is not followed");
                self.settle_unknown("a dict method that is not followed", &[receiver], at)
            }
        }
    }

    pub(super) fn set_method(
        &mut self,
        receiver: &Cell<'a>,
        id: Id,
        name: &str,
        arguments: &Arguments<'a>,
        at: Span,
    ) -> Step<Cell<'a>> {
        if let ("add" | "discard", [item], Some(items)) = (name, arguments.positional.as_slice(), self.items(id)) {
            let weight = items.len() / 8;
            let found = self.index_of(items, item);
            let item = self.controlled(item);
            self.spend(1 + weight)?;
            match (found, self.list_mut(id)) {
                (Some(None), Some(items)) if name == "add" => items.push(item),
                (Some(Some(index)), Some(items)) if name == "discard" => {
                    items.remove(index);
                }
                (Some(_), _) => {}
                (None, _) => self.lose(receiver, "an unknown element"),
            }
            return Ok(Cell::new(Thing::None));
        }
        self.lose(receiver, "a set method that is not followed");
        self.settle_unknown("a set method that is not followed", &[receiver], at)
    }

    /// `object[key] = value`.
    pub(super) fn set_item(&mut self, object: &Cell<'a>, key: &Cell<'a>, value: &Cell<'a>, at: Span) -> Step<()> {
        if is_environ(object) {
            if super::compare::is_value(&value.thing) && !matches!(value.thing, Thing::Str(_)) {
                self.fault(&[value], "TypeError", at, "a variable that is no text")?;
            }
            self.set_variable(key, Some(value));
            return Ok(());
        }
        let stored = self.controlled(value);
        if let Thing::Namespace(scope) = object.thing {
            return self.set_global(scope, key, &stored, at);
        }
        match &object.thing {
            Thing::Dict(_) => {
                if !self.put_entry(object, key.clone(), stored, at)? {
                    self.lose(object, "set under an unknown key");
                }
            }
            Thing::List(id) => {
                let length = self.items(*id).map(<[_]>::len);
                let index = match (&key.thing, length) {
                    (Thing::Int(n), Some(length)) => position(*n, length),
                    _ => None,
                };
                match (index, length) {
                    (Some(index), _) => {
                        if let Some(slot) = self.list_mut(*id).and_then(|items| items.get_mut(index)) {
                            *slot = stored;
                        }
                    }
                    (None, Some(_)) if key.is_settled() => {
                        self.fault(&[object, key], "IndexError", at, "an index out of range")?;
                    }
                    _ => self.lose(object, "set at an unknown place"),
                }
            }
            Thing::Tuple(_) | Thing::Str(_) | Thing::None | Thing::Int(_) => {
                self.fault(&[object], "TypeError", at, "sets an element of something that cannot change")?;
            }
            _ => {
                let given = vec![object.clone(), value.clone()];
                self.forget_values(given, &"an element was set".into(), &Deps::default());
            }
        }
        Ok(())
    }

    pub(super) fn delete_item(&mut self, object: &Cell<'a>, key: &Cell<'a>, at: Span) -> Step<()> {
        if is_environ(object) {
            self.environ_item(object, key, at)?;
            self.set_variable(key, None);
            return Ok(());
        }
        let arguments = Arguments { positional: vec![key.clone()], ..Arguments::default() };
        match object.thing {
            Thing::Namespace(scope) => {
                self.lose_namespace(scope, at);
                return Ok(());
            }
            Thing::Dict(id) => self.dict_method(object, id, "pop", &arguments, at)?,
            Thing::List(id) => self.list_method(object, id, "pop", &arguments, at)?,
            _ => {
                self.lose(object, "an element was deleted");
                return Ok(());
            }
        };
        Ok(())
    }
}
