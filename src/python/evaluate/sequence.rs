//! Elements: iterating, subscripts, slices, comprehensions.

use std::rc::Rc;

use crate::source::Span;

use super::super::syntax::ast::{self, Expr};
use super::super::syntax::span_of;
use super::call::Arguments;
use super::cell::{Cell, Deps, Part, Thing, unknown_from};
use super::expression::Making;
use super::flow::Decision;
use super::operators::{Calc, MAX_ITEMS, tuple};
use super::outside::is_environ_copy;
use super::reads::Touched;
use super::run::{Run, Step};
use super::state::{Object, Scope};

impl<'a> Run<'a, '_> {
    /// The elements in order; `None` if they are not known.
    pub(super) fn iterate(&mut self, cell: &Cell<'a>, at: Span) -> Step<Option<Vec<Cell<'a>>>> {
        let items = match &cell.thing {
            Thing::Tuple(items) => items.to_vec(),
            Thing::List(id) => match self.items(*id) {
                Some(items) => items.to_vec(),
                None => return Ok(None),
            },
            // The order of a set is anyone's guess unless it has one element.
            Thing::Set(id) => match self.items(*id) {
                Some(items) if items.len() < 2 => items.to_vec(),
                _ => return Ok(None),
            },
            Thing::Dict(id) => match self.entries(*id) {
                Some(items) if !is_environ_copy(items) => items.iter().map(|(key, _)| key.clone()).collect(),
                _ => return Ok(None),
            },
            Thing::View(id, part) => match self.entries(*id) {
                Some(entries) if !is_environ_copy(entries) => {
                    entries.iter().map(|entry| part_of(entry, *part)).collect()
                }
                _ => return Ok(None),
            },
            Thing::Iterator(id) => match self.items(*id).map(<[_]>::to_vec) {
                Some(items) => {
                    let id = *id;
                    self.state.put(id, Object::Lost("an iterator that was used".into(), Deps::default()));
                    items
                }
                None => return Ok(None),
            },
            Thing::Bytes(bytes) => bytes.iter().map(|byte| Cell::new(Thing::Int(i64::from(*byte)))).collect(),
            Thing::Instance(class, own) => match class.items_of(&self.state, *own) {
                Some(items) => items,
                None => return Ok(None),
            },
            Thing::Str(text) => {
                self.spend(text.len())?;
                if text.len() > MAX_ITEMS {
                    return Ok(None);
                }
                text.chars().map(|c| Cell::str(c.encode_utf8(&mut [0; 4]))).collect()
            }
            Thing::Range(start, stop, stride) => match range_items(*start, *stop, *stride) {
                Some(items) => items,
                None => return Ok(None),
            },
            Thing::None | Thing::Bool(_) | Thing::Int(_) | Thing::Float(_) => {
                self.fault(&[cell], "TypeError", at, "iterating over something that has no elements")?;
                return Ok(None);
            }
            _ => return Ok(None),
        };
        self.spend(items.len())?;
        if cell.deps.is_empty() && !cell.soft {
            return Ok(Some(items));
        }
        Ok(Some(items.into_iter().map(|item| item.resting_on(cell)).collect()))
    }

    pub(super) fn subscript(&mut self, value: &Cell<'a>, slice: &'a Expr, at: Span) -> Step<Cell<'a>> {
        if let Expr::Slice(slice) = slice {
            return self.slice(value, slice, at);
        }
        let key = self.expression(slice)?;
        self.item(value, &key, at)
    }

    /// `value[key]`.
    pub(super) fn item(&mut self, value: &Cell<'a>, key: &Cell<'a>, at: Span) -> Step<Cell<'a>> {
        if let Some(result) = self.environ_item(value, key, at)? {
            return Ok(result);
        }
        if let Thing::Namespace(scope) = value.thing {
            return self.global_item(scope, key, None, at);
        }
        if let Thing::Instance(class, own) = &value.thing
            && let Some(items) = class.items_of(&self.state, *own)
        {
            return self.item(&tuple(items).resting_on(value), key, at);
        }
        if let (Thing::Class(class), Thing::Str(name)) = (&value.thing, &key.thing)
            && class.family == super::class::Family::Enum
        {
            let found = self.members(class).into_iter().find(|member| member.name == *name);
            return match found {
                Some(member) => Ok(Cell::new(Thing::Member(member)).resting_on(value).resting_on(key)),
                None => self.fault(&[value, key], "KeyError", at, "a member the enumeration does not have"),
            };
        }
        let length = match &value.thing {
            Thing::Bytes(bytes) => Some(bytes.len()),
            Thing::Tuple(items) => Some(items.len()),
            Thing::List(id) => self.items(*id).map(<[_]>::len),
            Thing::Str(text) => Some(text.chars().count()),
            Thing::Range(start, stop, stride) => range_length(*start, *stop, *stride),
            _ => None,
        };
        if let Some(length) = length {
            if key.is_unknown() {
                return self.settle(Calc::Unknown("an unknown index"), &[value, key], at);
            }
            let index = match &key.thing {
                Thing::Int(n) => *n,
                Thing::Bool(b) => i64::from(*b),
                _ => return self.fault(&[value, key], "TypeError", at, "an index that is not a whole number"),
            };
            let Some(index) = position(index, length) else {
                return self.fault(&[value, key], "IndexError", at, "an index out of range");
            };
            let item = match &value.thing {
                Thing::Tuple(items) => items.get(index).cloned(),
                Thing::Bytes(bytes) => bytes.get(index).map(|byte| Cell::new(Thing::Int(i64::from(*byte)))),
                Thing::List(id) => self.items(*id).and_then(|items| items.get(index)).cloned(),
                Thing::Str(text) => text.chars().nth(index).map(|c| Cell::str(c.encode_utf8(&mut [0; 4]))),
                Thing::Range(start, _, stride) => i64::try_from(index)
                    .ok()
                    .and_then(|index| index.checked_mul(*stride)?.checked_add(*start))
                    .map(|n| Cell::new(Thing::Int(n))),
                _ => None,
            };
            let item = item.unwrap_or_else(|| Cell::unknown("an unknown element"));
            return Ok(item.resting_on(value).resting_on(key));
        }
        if let Thing::Dict(id) = value.thing {
            self.check_key(key, at)?;
            let Some(entries) = self.entries(id) else {
                return self.settle(Calc::Unknown("a dict that may have changed"), &[value, key], at);
            };
            let weight = entries.len() / 8;
            let found = self.position(entries, key);
            let held = found.flatten().and_then(|at| entries.get(at)).map(|(_, held)| held.clone());
            self.spend(weight)?;
            return match (found, held) {
                (_, Some(held)) => Ok(held.resting_on(value).resting_on(key)),
                (Some(_), None) => self.fault(&[value, key], "KeyError", at, "a key that is not in the dict"),
                (None, None) => self.settle(Calc::Unknown("an unknown key"), &[value, key], at),
            };
        }
        match &value.thing {
            Thing::None | Thing::Bool(_) | Thing::Int(_) | Thing::Float(_) => {
                self.fault(&[value], "TypeError", at, "a subscript of something that has no elements")
            }
            Thing::Dotted(name)
                if name.as_ref() == "sys.modules"
                    && matches!(&key.thing, Thing::Dotted(key) if key.as_ref() == "__name__") =>
            {
                Ok(Cell::new(Thing::Project(self.module)))
            }
            Thing::Dotted(name) if name.as_ref() == "sys.modules" => {
                self.lose_all_names(at, "an element of sys.modules may be the module itself");
                Ok(Cell::unknown("an element of sys.modules"))
            }
            // The alias of a type.
            Thing::Dotted(name) if matches!(name.as_ref(), "typing.Literal" | "typing_extensions.Literal") => {
                let choices = match &key.thing {
                    Thing::Tuple(items) => items.to_vec(),
                    _ => vec![key.clone()],
                };
                let arguments = Arguments { positional: choices, ..Arguments::default() };
                Ok(Cell::new(Thing::Made("typing.Literal".into(), Rc::new(arguments))))
            }
            Thing::Dotted(name) => {
                let why = format!("an element of {name}");
                self.settle_unknown(&why, &[value, key], at)
            }
            _ => self.settle(Calc::Unknown("an element of an object"), &[value, key], at),
        }
    }

    /// Unknown, for a reason made up on the spot; may raise anything.
    pub(super) fn settle_unknown(&mut self, why: &str, operands: &[&Cell<'a>], at: Span) -> Step<Cell<'a>> {
        let result = unknown_from(operands, why);
        self.may_raise(None, &result, at)?;
        Ok(result)
    }

    fn slice(&mut self, value: &Cell<'a>, slice: &'a ast::ExprSlice, at: Span) -> Step<Cell<'a>> {
        let mut bounds = [None, None, None];
        let mut result_rests_on = value.clone();
        let mut known = true;
        for (bound, expr) in bounds.iter_mut().zip([&slice.lower, &slice.upper, &slice.step]) {
            let Some(expr) = expr else { continue };
            let cell = self.expression(expr)?;
            match cell.thing {
                Thing::None => {}
                Thing::Int(n) => *bound = Some(n),
                Thing::Bool(b) => *bound = Some(i64::from(b)),
                _ => known = false,
            }
            result_rests_on = result_rests_on.resting_on(&cell);
        }
        if !known {
            return self.settle(Calc::Unknown("a slice with unknown bounds"), &[&result_rests_on], at);
        }
        let [lower, upper, stride] = bounds;
        if stride == Some(0) {
            return self.fault(&[&result_rests_on], "ValueError", at, "a slice with a stride of zero");
        }
        let pick = |length: usize| picked(length, lower, upper, stride.unwrap_or(1));
        let sliced = match &value.thing {
            Thing::Str(text) => {
                self.spend(text.len() / 16 + 1)?;
                let chars: Vec<char> = text.chars().collect();
                let text: String = pick(chars.len()).into_iter().filter_map(|at| chars.get(at)).collect();
                Cell::str(&text)
            }
            Thing::Tuple(items) => {
                self.spend(items.len())?;
                tuple(pick(items.len()).into_iter().filter_map(|at| items.get(at)).cloned().collect())
            }
            Thing::List(id) => match self.items(*id) {
                Some(items) => {
                    let picked = pick(items.len()).into_iter().filter_map(|at| items.get(at)).cloned().collect();
                    self.list(picked)?
                }
                None => return self.settle(Calc::Unknown("a list that may have changed"), &[value], at),
            },
            Thing::None | Thing::Bool(_) | Thing::Int(_) | Thing::Float(_) | Thing::Dict(_) | Thing::Set(_) => {
                return self.fault(&[value], "TypeError", at, "a slice of something that has none");
            }
            _ => return self.settle(Calc::Unknown("a slice of an object"), &[value], at),
        };
        Ok(sliced.resting_on(&result_rests_on))
    }

    pub(super) fn comprehension(&mut self, generators: &'a [ast::Comprehension], making: Making<'a>) -> Step<Cell<'a>> {
        let outside = self.scope;
        // The first iterable belongs to the scope outside.
        let Some(first) = generators.first() else { return Ok(Cell::unknown("a comprehension")) };
        let iterable = self.expression(&first.iter)?;
        let scope = self.allocate(Object::Scope(Scope { parent: Some(outside), ..Scope::default() }))?;
        self.scope = scope;
        let mut made = Made::default();
        let result = self.generate(generators, Some(&iterable), making, &mut made);
        self.scope = outside;
        let known = result?;
        if !known {
            let mut touched = Touched::default();
            for generator in generators {
                touched.add_comprehension(generator);
            }
            let why = iterable.because();
            self.disturb(&touched, &why, &iterable.deps);
            return self.settle_unknown("a comprehension over something unknown", &[&iterable], span_of(&first.iter));
        }
        // What is gone over decides how many there are.
        let mut deps = made.deps;
        deps.add(&iterable.deps);
        match making {
            Making::List(_) => Ok(self.list(made.items)?.with_deps(&deps)),
            Making::Set(_) => Ok(self.set_of(made.items, span_of(&first.iter))?.with_deps(&deps)),
            Making::Dict(..) => {
                let dict = self.dict(Vec::new())?.with_deps(&deps);
                for (key, value) in made.items.into_iter().zip(made.values) {
                    if !self.put_entry(&dict, key, value, span_of(&first.iter))? {
                        return Ok(Cell::unknown("a dict with an unknown key"));
                    }
                }
                Ok(dict)
            }
        }
    }

    /// Runs the loops of a comprehension; false if something about them is not known.
    fn generate(
        &mut self,
        generators: &'a [ast::Comprehension],
        first: Option<&Cell<'a>>,
        making: Making<'a>,
        made: &mut Made<'a>,
    ) -> Step<bool> {
        let Some((generator, rest)) = generators.split_first() else {
            self.spend(1)?;
            if made.items.len() >= MAX_ITEMS {
                return Ok(false);
            }
            match making {
                Making::List(element) | Making::Set(element) => {
                    let element = self.expression(element)?;
                    made.items.push(element);
                }
                Making::Dict(key, value) => {
                    let key = self.expression(key)?;
                    let value = self.expression(value)?;
                    made.items.push(key);
                    made.values.push(value);
                }
            }
            return Ok(true);
        };
        let iterable = match first {
            Some(cell) => cell.clone(),
            None => self.expression(&generator.iter)?,
        };
        if generator.is_async || iterable.soft {
            return Ok(false);
        }
        let Some(items) = self.iterate(&iterable, span_of(&generator.iter))? else { return Ok(false) };
        self.nested(|run| {
            'items: for item in items {
                run.spend(1)?;
                run.assign(&generator.target, &item, None, super::How::Loop)?;
                let before = made.values.len();
                let mut doubts = Vec::new();
                for condition in &generator.ifs {
                    let condition = run.expression(condition)?;
                    match run.decide(&condition) {
                        Decision::Sure(true, _) => {}
                        Decision::Sure(false, _) => continue 'items,
                        // An entry that may be missing is one whose value nobody knows, or that rests on more.
                        Decision::Open { deps, presumed, soft, because } if matches!(making, Making::Dict(..)) => {
                            doubts.push((deps, because, presumed == Some(true) && !soft));
                        }
                        // Which elements there are rests on more, and so does everything that is made of them.
                        Decision::Open { deps, presumed: Some(presumed), soft: false, .. } => {
                            made.deps.add(&deps);
                            if !presumed {
                                continue 'items;
                            }
                        }
                        Decision::Open { .. } => return Ok(false),
                    }
                }
                if !run.generate(rest, None, making, made)? {
                    return Ok(false);
                }
                for (deps, because, likely) in doubts {
                    for value in made.values.iter_mut().skip(before) {
                        let thing = if likely { value.thing.clone() } else { Thing::Unknown(because.clone()) };
                        *value = Cell { thing, ..value.clone() }.with_deps(&deps);
                    }
                }
            }
            Ok(true)
        })
    }
}

/// The elements a comprehension has made so far.
#[derive(Default)]
struct Made<'a> {
    items: Vec<Cell<'a>>,
    values: Vec<Cell<'a>>,
    /// What decides which they are.
    deps: Deps,
}

fn part_of<'a>(entry: &(Cell<'a>, Cell<'a>), part: Part) -> Cell<'a> {
    match part {
        Part::Keys => entry.0.clone(),
        Part::Values => entry.1.clone(),
        Part::Items => tuple(vec![entry.0.clone(), entry.1.clone()]),
    }
}

/// How many numbers a range holds, if that can be counted.
pub(super) fn range_length(start: i64, stop: i64, stride: i64) -> Option<usize> {
    let (low, high) = if stride > 0 { (start, stop) } else { (stop, start) };
    if low >= high {
        return Some(0);
    }
    let distance = high.checked_sub(low)?.unsigned_abs();
    usize::try_from(distance.div_ceil(stride.unsigned_abs())).ok()
}

fn range_items<'a>(start: i64, stop: i64, stride: i64) -> Option<Vec<Cell<'a>>> {
    let length = range_length(start, stop, stride).filter(|length| *length <= MAX_ITEMS)?;
    let numbers = std::iter::successors(Some(start), |n| n.checked_add(stride));
    Some(numbers.take(length).map(|n| Cell::new(Thing::Int(n))).collect())
}

/// The offset that an index, negative ones from the end, means.
pub(super) fn position(index: i64, length: usize) -> Option<usize> {
    let length_signed = i64::try_from(length).ok()?;
    let index = if index < 0 { index.checked_add(length_signed)? } else { index };
    usize::try_from(index).ok().filter(|index| *index < length)
}

/// The offsets that a slice takes, as `slice.indices` has it.
fn picked(length: usize, lower: Option<i64>, upper: Option<i64>, stride: i64) -> Vec<usize> {
    let length = i64::try_from(length).unwrap_or(i64::MAX);
    let (least, most) = if stride > 0 { (0, length) } else { (-1, length - 1) };
    let clamp = |bound: i64| {
        let bound = if bound < 0 { bound.saturating_add(length) } else { bound };
        bound.clamp(least, most)
    };
    let start = lower.map_or(if stride > 0 { least } else { most }, clamp);
    let stop = upper.map_or(if stride > 0 { most } else { least }, clamp);
    std::iter::successors(Some(start), |n| n.checked_add(stride))
        .take_while(|n| if stride > 0 { *n < stop } else { *n > stop })
        .filter_map(|n| usize::try_from(n).ok())
        .collect()
}
