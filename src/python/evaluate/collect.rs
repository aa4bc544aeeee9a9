//! Built-in functions that go over the elements of something.

use std::cmp::Ordering;
use std::rc::Rc;

use crate::source::Span;
use crate::values::Order as _;

use super::super::syntax::ast::Operator;
use super::call::Arguments;
use super::cell::{Cell, Dep, Deps, Thing};
use super::flow::Decision;
use super::operators::{Calc, tuple};
use super::outside::{is_environ, is_environ_copy};
use super::run::{Run, Step};
use super::state::Object;

/// The largest constant that counts as a limit for a number of processors.
const SMALL: i64 = 256;

impl<'a> Run<'a, '_> {
    pub(super) fn extreme(&mut self, name: &str, arguments: &Arguments<'a>, at: Span) -> Step<Cell<'a>> {
        let items = match arguments.positional.as_slice() {
            [one] => self.unordered(one, at)?,
            many => Some(many.to_vec()),
        };
        let given: Vec<Cell<'a>> = arguments.all().cloned().collect();
        let Some(items) = items else {
            let operands: Vec<&Cell<'a>> = given.iter().collect();
            return self.settle(Calc::Unknown("an extreme of something unknown"), &operands, at);
        };
        let operands: Vec<&Cell<'a>> = items.iter().chain(&given).collect();
        if items.is_empty() {
            return match arguments.named("default") {
                Some(default) => Ok(default.clone()),
                None => self.fault(&operands, "ValueError", at, "an extreme of nothing"),
            };
        }
        let limited = name == "min"
            && items.iter().any(|item| matches!(item.thing, Thing::Int(n) if n <= SMALL) && !has_cpus(item));
        let result = if items.iter().any(Cell::is_unknown) {
            self.settle(Calc::Unknown("an extreme of something unknown"), &operands, at)?
        } else {
            let keys = self.keys_of(&items, arguments.named("key"), at)?;
            let mut best: Option<(Cell<'a>, Cell<'a>)> = None;
            for (item, key) in items.iter().zip(keys) {
                let Some((_, so_far)) = &best else {
                    best = Some((item.clone(), key));
                    continue;
                };
                match self.ordering(&key, so_far) {
                    Ok(Some(order))
                        if (name == "min" && order == Ordering::Less)
                            || (name == "max" && order == Ordering::Greater) =>
                    {
                        best = Some((item.clone(), key));
                    }
                    Ok(Some(_)) => {}
                    Ok(None) => return self.settle(Calc::Unknown("an extreme of objects"), &operands, at),
                    Err(what) => return self.fault(&operands, "TypeError", at, what),
                }
            }
            let best = best.map_or(Thing::None, |(best, _)| best.thing);
            self.known(best, &operands, at)?
        };
        if !limited {
            return Ok(result);
        }
        let deps = result.deps.map(|dep| match dep {
            Dep::Cpus { place, spelling, .. } => {
                Dep::Cpus { place: *place, spelling: Rc::clone(spelling), limited: true }
            }
            dep => dep.clone(),
        });
        Ok(Cell { deps, ..result })
    }

    pub(super) fn sum(&mut self, items: &Cell<'a>, start: Option<&Cell<'a>>, at: Span) -> Step<Cell<'a>> {
        let Some(start) = start else { return self.fold(Operator::Add, 0, items, at) };
        if matches!(start.thing, Thing::Str(_) | Thing::Bytes(_)) {
            return self.fault(&[items, start], "TypeError", at, "a sum of texts");
        }
        self.fold_from(Operator::Add, start.clone(), items, at)
    }

    pub(super) fn fold(&mut self, op: Operator, start: i64, items: &Cell<'a>, at: Span) -> Step<Cell<'a>> {
        self.fold_from(op, Cell::new(Thing::Int(start)), items, at)
    }

    fn fold_from(&mut self, op: Operator, start: Cell<'a>, items: &Cell<'a>, at: Span) -> Step<Cell<'a>> {
        let Some(all) = self.unordered(items, at)? else {
            return self.settle(Calc::Unknown("the sum of something unknown"), &[items], at);
        };
        // Since 3.12 floats are added with a compensation, so their sum depends on the version.
        if all.iter().any(|item| matches!(item.thing, Thing::Float(_))) {
            return self.settle(Calc::Unknown("a sum of floats"), &[items], at);
        }
        let mut total = start.resting_on(items);
        for item in all {
            self.spend(1)?;
            total = self.binary(op, &total, &item, at)?;
        }
        Ok(total)
    }

    /// The elements where their order does not matter.
    fn unordered(&mut self, items: &Cell<'a>, at: Span) -> Step<Option<Vec<Cell<'a>>>> {
        match &items.thing {
            Thing::Set(id) => {
                let all = self.items(*id).map(<[_]>::to_vec);
                Ok(all.map(|all| all.into_iter().map(|item| item.resting_on(items)).collect()))
            }
            _ => self.iterate(items, at),
        }
    }

    /// What each element is compared by.
    fn keys_of(&mut self, items: &[Cell<'a>], key: Option<&Cell<'a>>, at: Span) -> Step<Vec<Cell<'a>>> {
        let Some(key) = key.filter(|key| !matches!(key.thing, Thing::None)) else { return Ok(items.to_vec()) };
        let mut keys = Vec::new();
        for item in items {
            let arguments = Arguments { positional: vec![item.clone()], ..Arguments::default() };
            keys.push(self.call_cell(&key.clone(), arguments, at)?);
        }
        Ok(keys)
    }

    /// An iterator over these, which can be gone over once.
    pub(super) fn iterator(&mut self, items: Vec<Cell<'a>>) -> Step<Cell<'a>> {
        Ok(Cell::new(Thing::Iterator(self.allocate(Object::List(items))?)))
    }

    /// `next(iterator, default)`.
    pub(super) fn next_of(&mut self, iterator: &Cell<'a>, default: Option<&Cell<'a>>, at: Span) -> Step<Cell<'a>> {
        let Thing::Iterator(id) = iterator.thing else {
            self.forget_values(vec![iterator.clone()], &"an element was taken".into(), &Deps::default());
            return self.settle_unknown("the next element of something", &[iterator], at);
        };
        let Some(mut items) = self.items(id).map(<[_]>::to_vec) else {
            return self.settle_unknown("an iterator that was used", &[iterator], at);
        };
        if items.is_empty() {
            return match default {
                Some(default) => Ok(default.clone().resting_on(iterator)),
                None => self.fault(&[iterator], "StopIteration", at, "the next element of nothing"),
            };
        }
        let first = items.remove(0);
        self.spend(items.len() / 4)?;
        self.state.put(id, Object::List(items));
        Ok(first.resting_on(iterator))
    }

    /// `map` and `filter`.
    pub(super) fn pass_through(&mut self, name: &str, arguments: &[Cell<'a>], at: Span) -> Step<Cell<'a>> {
        let Some((function, iterables)) = arguments.split_first() else {
            return self.raise("TypeError", at, "map() or filter() of nothing");
        };
        let mut columns = Vec::new();
        for iterable in iterables {
            let Some(items) = self.iterate(iterable, at)? else {
                // The function may be called with anything, and so may do anything.
                self.forget_values(arguments.to_vec(), &"called with unknown elements".into(), &Deps::default());
                return self.settle_unknown("made from something unknown", &[iterable], at);
            };
            columns.push(items);
        }
        let rows = columns.iter().map(Vec::len).min().unwrap_or(0);
        let mut result = Vec::new();
        for row in 0..rows {
            let positional: Vec<Cell<'a>> = columns.iter().filter_map(|column| column.get(row).cloned()).collect();
            let item = positional.first().cloned();
            let value = match (name, &function.thing, &item) {
                ("filter", Thing::None, Some(item)) => item.clone(),
                _ => self.call_cell(function, Arguments { positional, ..Arguments::default() }, at)?,
            };
            if name == "map" {
                result.push(value);
                continue;
            }
            match (self.decide(&value), item) {
                (Decision::Sure(true, deps), Some(item)) => result.push(item.with_deps(&deps)),
                (Decision::Sure(false, _), _) => {}
                _ => return self.settle_unknown("filtered by something unknown", &[&value], at),
            }
        }
        self.iterator(result)
    }

    pub(super) fn quantify(&mut self, name: &str, items: &Cell<'a>, at: Span) -> Step<Cell<'a>> {
        let Some(all) = self.unordered(items, at)? else {
            return self.settle(Calc::Unknown("a question about something unknown"), &[items], at);
        };
        let decisive = name == "any";
        let mut result = Cell::new(Thing::Bool(!decisive)).resting_on(items);
        for item in &all {
            let truth = self.truth(item);
            result = result.resting_on(item);
            match truth {
                Some(truth) if truth == decisive => {
                    result.thing = Thing::Bool(decisive);
                    return Ok(result);
                }
                Some(_) => {}
                None => result.thing = Thing::Unknown(item.because()),
            }
        }
        Ok(result)
    }

    pub(super) fn sorted_call(&mut self, items: &Cell<'a>, arguments: &Arguments<'a>, at: Span) -> Step<Cell<'a>> {
        let all = self.unordered(items, at)?;
        let sorted = match all {
            Some(all) => self.sorted_by(&all, arguments, at)?,
            None => None,
        };
        match sorted {
            Some(sorted) => Ok(self.list(sorted)?.resting_on(items)),
            None => self.settle(Calc::Unknown("an order that is not known"), &[items], at),
        }
    }

    /// Sorted as `key` and `reverse` among the arguments say.
    pub(super) fn sorted_by(
        &mut self,
        items: &[Cell<'a>],
        arguments: &Arguments<'a>,
        at: Span,
    ) -> Step<Option<Vec<Cell<'a>>>> {
        let reverse = arguments.named("reverse").map_or(Some(false), |cell| self.truth(cell));
        let Some(reverse) = reverse else { return Ok(None) };
        let keys = self.keys_of(items, arguments.named("key"), at)?;
        self.sorted(items, &keys, reverse, at)
    }

    /// The items in the order of their keys, those that are equal in the order they came.
    fn sorted(
        &mut self,
        items: &[Cell<'a>],
        keys: &[Cell<'a>],
        reverse: bool,
        at: Span,
    ) -> Step<Option<Vec<Cell<'a>>>> {
        self.spend(items.len() * 16)?;
        let settled = keys.iter().chain(items).all(|cell| !cell.soft && !cell.deps.is_open());
        if !settled || keys.iter().any(|key| matches!(key.thing, Thing::Float(x) if x.is_nan())) {
            return Ok(None);
        }
        // Comparing first tells whether there is an order at all; sorting must not find out halfway.
        for pair in keys.windows(2) {
            let [a, b] = pair else { continue };
            match self.ordering(a, b) {
                Ok(Some(_)) => {}
                Ok(None) => return Ok(None),
                Err(what) => {
                    self.fault(&[a, b], "TypeError", at, what)?;
                    return Ok(None);
                }
            }
        }
        let simple =
            |thing: &Thing<'a>| matches!(thing, Thing::Str(_) | Thing::Int(_) | Thing::Bool(_) | Thing::Float(_));
        let of_simple = |cell: &Cell<'a>| match &cell.thing {
            Thing::Tuple(parts) => parts.iter().all(|part| simple(&part.thing)),
            thing => simple(thing),
        };
        if !keys.iter().all(of_simple) {
            return Ok(None);
        }
        let mut failed = false;
        let mut order: Vec<usize> = (0..items.len()).collect();
        order.order_by(|a, b| {
            let order = match (keys.get(*a), keys.get(*b)) {
                (Some(a), Some(b)) => self.ordering(a, b).ok().flatten(),
                _ => None,
            };
            failed |= order.is_none();
            let order = order.unwrap_or(Ordering::Equal);
            if reverse { order.reverse() } else { order }
        });
        if failed {
            return Ok(None);
        }
        Ok(Some(order.into_iter().filter_map(|at| items.get(at).cloned()).collect()))
    }

    /// Containers made from others.
    pub(super) fn make(&mut self, name: &str, arguments: &Arguments<'a>, at: Span) -> Step<Cell<'a>> {
        let given: Vec<Cell<'a>> = arguments.all().cloned().collect();
        let operands: Vec<&Cell<'a>> = given.iter().collect();
        let mut columns = Vec::new();
        let iterables = if name == "zip" { arguments.positional.len() } else { 1 };
        let mut copy = None;
        if let ("dict", Some(first)) = (name, arguments.positional.first()) {
            copy = match &first.thing {
                _ if is_environ(first) => Some(self.environ_copy()?),
                Thing::Dict(id) if self.entries(*id).is_some_and(is_environ_copy) => Some(first.clone()),
                _ => None,
            };
        }
        for argument in arguments.positional.iter().take(if copy.is_some() { 0 } else { iterables }) {
            let items = match name {
                "set" | "frozenset" => self.unordered(argument, at)?,
                _ => self.iterate(argument, at)?,
            };
            match items {
                Some(items) => columns.push(items),
                None => return self.settle(Calc::Unknown("made from something unknown"), &operands, at),
            }
        }
        let first = columns.first().cloned().unwrap_or_default();
        match name {
            "list" => self.list(first),
            "iter" => self.iterator(first),
            "tuple" => Ok(tuple(first)),
            "set" | "frozenset" => self.set_of(first, at),
            "reversed" => self.iterator(first.into_iter().rev().collect()),
            "enumerate" => {
                let start = match arguments.get(1, "start").map(|cell| &cell.thing) {
                    None => 0,
                    Some(Thing::Int(n)) => *n,
                    Some(_) => return self.settle(Calc::Unknown("counted from an unknown number"), &operands, at),
                };
                let numbered = (start..).zip(first).map(|(n, item)| tuple(vec![Cell::new(Thing::Int(n)), item]));
                self.iterator(numbered.collect())
            }
            "zip" => {
                let length = columns.iter().map(Vec::len).min().unwrap_or(0);
                let rows = (0..length)
                    .map(|row| tuple(columns.iter().filter_map(|column| column.get(row).cloned()).collect()));
                self.iterator(rows.collect())
            }
            _ => {
                let mut dict = self.dict(Vec::new())?;
                for argument in arguments.positional.iter().take(1) {
                    dict = dict.resting_on(argument);
                }
                let entries = match copy.as_ref().or(arguments.positional.first()).map(|cell| &cell.thing) {
                    None => Vec::new(),
                    Some(Thing::Dict(id)) => self.entries(*id).unwrap_or_default().to_vec(),
                    Some(_) => {
                        let mut entries = Vec::new();
                        for pair in &first {
                            // What decides whether a pair is there makes its key no other.
                            if let Thing::Tuple(parts) = &pair.thing
                                && let [key, value] = parts.as_ref()
                            {
                                entries.push((key.clone(), value.clone().with_deps(&pair.deps)));
                                continue;
                            }
                            match self.iterate(pair, at)?.as_deref() {
                                Some([key, value]) => entries.push((key.clone(), value.clone())),
                                _ => {
                                    return self.settle(
                                        Calc::Unknown("a dict made from something else"),
                                        &operands,
                                        at,
                                    );
                                }
                            }
                        }
                        entries
                    }
                };
                let named =
                    arguments.named.iter().map(|(name, cell)| (Cell::new(Thing::Str(Rc::clone(name))), cell.clone()));
                for (key, value) in entries.into_iter().chain(named) {
                    if !self.put_entry(&dict, key, value, at)? {
                        return self.settle(Calc::Unknown("a dict with an unknown key"), &operands, at);
                    }
                }
                Ok(dict)
            }
        }
    }
}

fn has_cpus(cell: &Cell<'_>) -> bool {
    cell.deps.iter().any(|dep| matches!(dep, Dep::Cpus { .. }))
}
