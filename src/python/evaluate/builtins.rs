//! Built-in functions and a few of the standard library that only compute.

use std::cmp::Ordering;
use std::rc::Rc;

use crate::source::Span;

use super::call::Arguments;
use super::cell::{Cell, Dep, Text, Thing};
use super::compare::is_value;
use super::operators::{Calc, Number, TOO_LARGE, tuple};
use super::run::{Run, Step};
use super::sequence::range_length;

/// The largest constant that counts as a limit for a number of processors.
const SMALL: i64 = 256;

impl<'a> Run<'a, '_> {
    pub(super) fn builtin(
        &mut self,
        name: &str,
        callee: &Cell<'a>,
        arguments: &Arguments<'a>,
        at: Span,
    ) -> Step<Cell<'a>> {
        if super::attempt::is_exception(name) {
            return Ok(Cell::new(Thing::Object(name.into())));
        }
        let given: Vec<Cell<'a>> = arguments.all().cloned().collect();
        let operands: Vec<&Cell<'a>> = given.iter().collect();
        let positional = arguments.positional.as_slice();
        let plain = arguments.named.is_empty();
        let calc = match (name, positional) {
            ("print", _) => return Ok(Cell::new(Thing::None)),
            ("len", [one]) => match &one.thing {
                // The processors this process may use, counted.
                Thing::Dotted(name) if name.as_ref() == "os.sched_getaffinity()" => {
                    let cpus = self.cpu_count(at);
                    return Ok(cpus);
                }
                _ => self.length(one),
            },
            ("int", [one]) if plain => int_of(&one.thing),
            ("int", [one, base]) => int_in_base(&one.thing, &base.thing),
            ("int", []) => Calc::Is(Thing::Int(0)),
            ("float", [one]) => float_of(&one.thing),
            ("bool", []) => Calc::Is(Thing::Bool(false)),
            ("bool", [one]) => match self.truth(one) {
                Some(truth) => Calc::Is(Thing::Bool(truth)),
                None => Calc::Unknown("an unknown truth value"),
            },
            ("str", []) if plain => Calc::Is(Thing::Str("".into())),
            ("str", [one]) if plain => match self.text_of(one)? {
                Some(text) => Calc::Is(Thing::Str(text.into())),
                None => Calc::Unknown("a text made from something that is not followed"),
            },
            ("repr", [one]) => match self.repr(one, 0)? {
                Some(text) => Calc::Is(Thing::Str(text.into())),
                None => Calc::Unknown("a text made from something that is not followed"),
            },
            ("format", [one, rest @ ..]) => {
                let spec: Option<Text> = match rest {
                    [] => Some("".into()),
                    [Cell { thing: Thing::Str(spec), .. }] => Some(Rc::clone(spec)),
                    _ => None,
                };
                let text = match spec {
                    Some(spec) => self.formatted(one, &spec)?,
                    None => None,
                };
                text.map_or(Calc::Unknown("a format that is not followed"), |text| Calc::Is(Thing::Str(text.into())))
            }
            ("abs", [one]) => match Number::of(&one.thing) {
                Some(Number::Int(n)) => n.checked_abs().map_or(TOO_LARGE, |n| Calc::Is(Thing::Int(n))),
                Some(Number::Float(x)) => Calc::Is(Thing::Float(x.abs())),
                None => Calc::Unknown("the size of something unknown"),
            },
            ("round", _) => round(positional.first(), arguments.get(1, "ndigits")),
            ("min" | "max", _) => return self.extreme(name, arguments, at),
            ("sum", [items, start @ ..]) => return self.sum(items, start.first(), at),
            ("any" | "all", [items]) => return self.quantify(name, items, at),
            ("sorted", [items]) => return self.sorted_call(items, arguments, at),
            ("range", _) if !positional.is_empty() && plain => range(positional),
            ("list" | "tuple" | "set" | "frozenset" | "reversed" | "enumerate" | "zip" | "dict", _) => {
                return self.make(name, arguments, at);
            }
            ("isinstance", [one, class]) => is_instance(one, class),
            ("callable", [one]) => match &one.thing {
                Thing::Function(_) | Thing::Class(..) => Calc::Is(Thing::Bool(true)),
                thing if is_value(thing) => Calc::Is(Thing::Bool(false)),
                _ => Calc::Unknown("whether it can be called"),
            },
            ("divmod", [a, b]) => {
                use super::super::syntax::ast::Operator;
                let quotient = self.binary(Operator::FloorDiv, a, b, at)?;
                let rest = self.binary(Operator::Mod, a, b, at)?;
                return Ok(tuple(vec![quotient, rest]));
            }
            ("pow", [a, b]) => return self.binary(super::super::syntax::ast::Operator::Pow, a, b, at),
            ("math.ceil" | "math.floor" | "math.trunc", [one]) => whole(name, &one.thing),
            ("math.sqrt", [one]) => match Number::of(&one.thing).map(Number::float) {
                Some(x) if x >= 0.0 => Calc::Is(Thing::Float(x.sqrt())),
                Some(_) => Calc::Raises("ValueError", "the root of a negative number"),
                None => Calc::Unknown("the root of something unknown"),
            },
            _ => {
                let why = format!("the result of {name}()");
                return self.call_unknown(callee, arguments, &why, at);
            }
        };
        if given.iter().any(Cell::is_unknown) {
            return self.settle(Calc::Unknown("depends on something unknown"), &operands, at);
        }
        self.settle(calc, &operands, at)
    }

    fn length(&self, one: &Cell<'a>) -> Calc<'a> {
        let length = match &one.thing {
            Thing::Str(text) => Some(text.chars().count()),
            Thing::Tuple(items) => Some(items.len()),
            Thing::List(id) | Thing::Set(id) => self.items(*id).map(<[_]>::len),
            Thing::Dict(id) => self.entries(*id).map(<[_]>::len),
            Thing::Range(start, stop, stride) => range_length(*start, *stop, *stride),
            Thing::None | Thing::Bool(_) | Thing::Int(_) | Thing::Float(_) => {
                return Calc::Raises("TypeError", "the length of something that has none");
            }
            _ => None,
        };
        match length.and_then(|length| i64::try_from(length).ok()) {
            Some(length) => Calc::Is(Thing::Int(length)),
            None => Calc::Unknown("the length of something unknown"),
        }
    }

    fn extreme(&mut self, name: &str, arguments: &Arguments<'a>, at: Span) -> Step<Cell<'a>> {
        let items = match arguments.positional.as_slice() {
            [one] => self.iterate(one, at)?,
            many => Some(many.to_vec()),
        };
        let given: Vec<Cell<'a>> = arguments.all().cloned().collect();
        let Some(items) = items.filter(|_| arguments.named("key").is_none()) else {
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
            let mut best: Option<Cell<'a>> = None;
            for item in &items {
                let Some(so_far) = &best else {
                    best = Some(item.clone());
                    continue;
                };
                match self.ordering(item, so_far) {
                    Ok(Some(order))
                        if (name == "min" && order == Ordering::Less)
                            || (name == "max" && order == Ordering::Greater) =>
                    {
                        best = Some(item.clone());
                    }
                    Ok(Some(_)) => {}
                    Ok(None) => return self.settle(Calc::Unknown("an extreme of objects"), &operands, at),
                    Err(what) => return self.fault(&operands, "TypeError", at, what),
                }
            }
            let best = best.map_or(Thing::None, |best| best.thing);
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

    fn sum(&mut self, items: &Cell<'a>, start: Option<&Cell<'a>>, at: Span) -> Step<Cell<'a>> {
        let Some(all) = self.iterate(items, at)? else {
            return self.settle(Calc::Unknown("the sum of something unknown"), &[items], at);
        };
        let mut total = start.cloned().unwrap_or_else(|| Cell::new(Thing::Int(0)));
        // Since 3.12 floats are added with a compensation, so their sum depends on the version.
        if all.iter().any(|item| matches!(item.thing, Thing::Float(_))) {
            return self.settle(Calc::Unknown("a sum of floats"), &[items], at);
        }
        for item in all {
            self.spend(1)?;
            total = self.binary(super::super::syntax::ast::Operator::Add, &total, &item, at)?;
        }
        Ok(total)
    }

    fn quantify(&mut self, name: &str, items: &Cell<'a>, at: Span) -> Step<Cell<'a>> {
        let Some(all) = self.iterate(items, at)? else {
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

    fn sorted_call(&mut self, items: &Cell<'a>, arguments: &Arguments<'a>, at: Span) -> Step<Cell<'a>> {
        let reverse = arguments.named("reverse").map_or(Some(false), |cell| self.truth(cell));
        // The order of a set does not matter here.
        let all = match &items.thing {
            Thing::Set(id) => self.items(*id).map(<[_]>::to_vec),
            _ => self.iterate(items, at)?,
        };
        let (Some(all), Some(reverse), None) = (all, reverse, arguments.named("key")) else {
            return self.settle(Calc::Unknown("sorted in a way that is not followed"), &[items], at);
        };
        match self.sorted(all, reverse, at)? {
            Some(sorted) => Ok(self.list(sorted)?.resting_on(items)),
            None => self.settle(Calc::Unknown("an order that is not known"), &[items], at),
        }
    }

    /// The items in order, those that are equal in the order they came.
    pub(super) fn sorted(&mut self, items: Vec<Cell<'a>>, reverse: bool, at: Span) -> Step<Option<Vec<Cell<'a>>>> {
        self.spend(items.len() * 16)?;
        // Comparing first tells whether there is an order at all; sorting must not find out halfway.
        for pair in items.windows(2) {
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
        let texts = items.iter().all(|item| matches!(item.thing, Thing::Str(_)));
        let numbers = items.iter().all(|item| matches!(item.thing, Thing::Int(_) | Thing::Bool(_)));
        if !(texts || numbers) || items.iter().any(|item| item.soft || item.deps.is_open()) {
            return Ok(None);
        }
        let mut sorted = items;
        sorted.sort_by(|a, b| {
            let order = match (&a.thing, &b.thing) {
                (Thing::Str(a), Thing::Str(b)) => a.cmp(b),
                (a, b) => match (Number::of(a), Number::of(b)) {
                    (Some(Number::Int(a)), Some(Number::Int(b))) => a.cmp(&b),
                    _ => Ordering::Equal,
                },
            };
            if reverse { order.reverse() } else { order }
        });
        Ok(Some(sorted))
    }

    /// Containers made from others.
    fn make(&mut self, name: &str, arguments: &Arguments<'a>, at: Span) -> Step<Cell<'a>> {
        let given: Vec<Cell<'a>> = arguments.all().cloned().collect();
        let operands: Vec<&Cell<'a>> = given.iter().collect();
        let mut columns = Vec::new();
        let iterables = if name == "zip" { arguments.positional.len() } else { 1 };
        for argument in arguments.positional.iter().take(iterables) {
            match self.iterate(argument, at)? {
                Some(items) => columns.push(items),
                None => return self.settle(Calc::Unknown("made from something unknown"), &operands, at),
            }
        }
        let first = columns.first().cloned().unwrap_or_default();
        match name {
            "list" => self.list(first),
            "tuple" => Ok(tuple(first)),
            "set" | "frozenset" => self.set_of(first),
            "reversed" => self.list(first.into_iter().rev().collect()),
            "enumerate" => {
                let start = match arguments.get(1, "start").map(|cell| &cell.thing) {
                    None => 0,
                    Some(Thing::Int(n)) => *n,
                    Some(_) => return self.settle(Calc::Unknown("counted from an unknown number"), &operands, at),
                };
                let numbered = (start..).zip(first).map(|(n, item)| tuple(vec![Cell::new(Thing::Int(n)), item]));
                self.list(numbered.collect())
            }
            "zip" => {
                let length = columns.iter().map(Vec::len).min().unwrap_or(0);
                let rows = (0..length)
                    .map(|row| tuple(columns.iter().filter_map(|column| column.get(row).cloned()).collect()));
                self.list(rows.collect())
            }
            _ => {
                let dict = self.dict(Vec::new())?;
                let entries = match arguments.positional.first().map(|cell| &cell.thing) {
                    None => Vec::new(),
                    Some(Thing::Dict(id)) => self.entries(*id).unwrap_or_default().to_vec(),
                    Some(_) => {
                        let mut entries = Vec::new();
                        for pair in &first {
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
                    if !self.put_entry(&dict, key, value)? {
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

/// Digits with single underscores between them, as `int` and `float` accept.
fn digits(text: &str) -> Option<String> {
    let text = text.trim_matches(|c: char| c.is_whitespace());
    let bytes = text.as_bytes();
    for (index, byte) in bytes.iter().enumerate() {
        if *byte == b'_' {
            let around = (index.checked_sub(1).and_then(|at| bytes.get(at)), bytes.get(index + 1));
            if !matches!(around, (Some(a), Some(b)) if a.is_ascii_hexdigit() && b.is_ascii_hexdigit()) {
                return None;
            }
        }
    }
    Some(text.replace('_', ""))
}

fn int_of<'a>(thing: &Thing<'a>) -> Calc<'a> {
    match thing {
        Thing::Str(text) => int_text(text, 10),
        Thing::Float(_) => whole("math.trunc", thing),
        Thing::Bool(b) => Calc::Is(Thing::Int(i64::from(*b))),
        Thing::Int(n) => Calc::Is(Thing::Int(*n)),
        thing if is_value(thing) => Calc::Raises("TypeError", "int() of something that is no number"),
        _ => Calc::Unknown("int() of an object"),
    }
}

pub(super) fn int_text<'a>(text: &str, base: u32) -> Calc<'a> {
    const WRONG: Calc<'static> = Calc::Raises("ValueError", "int() of a text that is no whole number");
    if !text.is_ascii() {
        return Calc::Unknown("int() of a text that is not ASCII");
    }
    let Some(digits) = digits(text) else { return WRONG };
    let unsigned = digits.strip_prefix(['+', '-']).unwrap_or(&digits);
    if unsigned.is_empty() || !unsigned.chars().all(|c| c.is_digit(base)) {
        return WRONG;
    }
    i64::from_str_radix(&digits, base).map_or(TOO_LARGE, |n| Calc::Is(Thing::Int(n)))
}

fn int_in_base<'a>(thing: &Thing<'a>, base: &Thing<'a>) -> Calc<'a> {
    match (thing, base) {
        (Thing::Str(text), Thing::Int(10)) => int_text(text, 10),
        (Thing::Str(text), Thing::Int(base @ (2 | 8 | 16))) if !text.contains(['x', 'X', 'o', 'O']) => {
            if *base == 16 && text.to_ascii_lowercase().contains("0b") || *base != 16 && text.contains(['b', 'B']) {
                return Calc::Unknown("int() with a prefix");
            }
            int_text(text, u32::try_from(*base).unwrap_or(10))
        }
        _ => Calc::Unknown("int() in a base that is not followed"),
    }
}

pub(super) fn float_of<'a>(thing: &Thing<'a>) -> Calc<'a> {
    match thing {
        Thing::Str(text) => {
            let Some(digits) = digits(text).filter(|_| text.is_ascii()) else {
                return Calc::Unknown("float() of a text that is not followed");
            };
            match digits.parse::<f64>() {
                Ok(x) => Calc::Is(Thing::Float(x)),
                Err(_) => Calc::Raises("ValueError", "float() of a text that is no number"),
            }
        }
        thing => match Number::of(thing) {
            Some(n) => Calc::Is(Thing::Float(n.float())),
            None if is_value(thing) => Calc::Raises("TypeError", "float() of something that is no number"),
            None => Calc::Unknown("float() of an object"),
        },
    }
}

#[allow(clippy::cast_possible_truncation, reason = "the range is checked first")]
fn whole<'a>(name: &str, thing: &Thing<'a>) -> Calc<'a> {
    match Number::of(thing) {
        Some(Number::Int(n)) => Calc::Is(Thing::Int(n)),
        Some(Number::Float(x)) => {
            let x = match name {
                "math.ceil" => x.ceil(),
                "math.floor" => x.floor(),
                "round" => x.round_ties_even(),
                _ => x.trunc(),
            };
            if x.is_nan() {
                return Calc::Raises("ValueError", "a whole number from NaN");
            }
            if x.is_infinite() {
                return Calc::Raises("OverflowError", "a whole number from infinity");
            }
            if x.abs() < 9e18 { Calc::Is(Thing::Int(x as i64)) } else { TOO_LARGE }
        }
        None if is_value(thing) => Calc::Raises("TypeError", "a whole number from something that is no number"),
        None => Calc::Unknown("a whole number from an object"),
    }
}

/// `round` goes to the even neighbour at one half.
fn round<'a>(one: Option<&Cell<'a>>, places: Option<&Cell<'a>>) -> Calc<'a> {
    let Some(one) = one else { return Calc::Raises("TypeError", "round() of nothing") };
    match (Number::of(&one.thing), places.map(|cell| &cell.thing)) {
        (_, None | Some(Thing::None)) => whole("round", &one.thing),
        (Some(Number::Int(n)), Some(Thing::Int(places))) if *places >= 0 => Calc::Is(Thing::Int(n)),
        (Some(Number::Float(x)), Some(Thing::Int(places))) if (0..=15).contains(places) && x.is_finite() => {
            // Rounding the decimal text rounds the exact value, as Python does.
            let places = usize::try_from(*places).unwrap_or(0);
            format!("{x:.places$}").parse().map_or(TOO_LARGE, |x| Calc::Is(Thing::Float(x)))
        }
        _ => Calc::Unknown("round() that is not followed"),
    }
}

fn range<'a>(arguments: &[Cell<'a>]) -> Calc<'a> {
    let numbers: Option<Vec<i64>> = arguments
        .iter()
        .map(|cell| match cell.thing {
            Thing::Int(n) => Some(n),
            Thing::Bool(b) => Some(i64::from(b)),
            _ => None,
        })
        .collect();
    match numbers.as_deref() {
        Some([stop]) => Calc::Is(Thing::Range(0, *stop, 1)),
        Some([start, stop]) => Calc::Is(Thing::Range(*start, *stop, 1)),
        Some([_, _, 0]) => Calc::Raises("ValueError", "a range with a stride of zero"),
        Some([start, stop, stride]) => Calc::Is(Thing::Range(*start, *stop, *stride)),
        _ if arguments.iter().all(|cell| is_value(&cell.thing)) => {
            Calc::Raises("TypeError", "a range of something that is no whole number")
        }
        _ => Calc::Unknown("a range with unknown ends"),
    }
}

fn is_instance<'a>(one: &Cell<'a>, class: &Cell<'a>) -> Calc<'a> {
    let name = match &one.thing {
        Thing::Bool(_) => "bool",
        Thing::Int(_) => "int",
        Thing::Float(_) => "float",
        Thing::Str(_) => "str",
        Thing::Tuple(_) => "tuple",
        Thing::List(_) => "list",
        Thing::Dict(_) => "dict",
        Thing::None => "NoneType",
        _ => return Calc::Unknown("the class of an object"),
    };
    let single = std::slice::from_ref(class);
    let classes = if let Thing::Tuple(classes) = &class.thing { classes } else { single };
    let mut found = false;
    for class in classes {
        match &class.thing {
            Thing::Dotted(class)
                if matches!(class.as_ref(), "bool" | "int" | "float" | "str" | "tuple" | "list" | "dict" | "set") =>
            {
                found |= class.as_ref() == name || (class.as_ref() == "int" && name == "bool");
            }
            _ => return Calc::Unknown("a class that is not followed"),
        }
    }
    Calc::Is(Thing::Bool(found))
}
