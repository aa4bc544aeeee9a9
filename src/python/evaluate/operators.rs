//! Python's operators on the values that are followed.

use std::rc::Rc;

use crate::source::Span;

use super::super::syntax::ast::{Operator, UnaryOp};
use super::cell::{Cell, Thing, unknown_from};
use super::outside::is_environ;
use super::run::{Run, Step};
use super::state::Object;

/// The longest text that is kept, in bytes.
pub(super) const MAX_TEXT: usize = 1 << 16;
/// The longest list that is kept.
pub(super) const MAX_ITEMS: usize = 10_000;

/// What an operation on known values gives.
pub(super) enum Calc<'a> {
    Is(Thing<'a>),
    Unknown(&'static str),
    Raises(&'static str, &'static str),
}

/// Too big to be kept, or not an `i64`.
pub(super) const TOO_LARGE: Calc<'static> = Calc::Unknown("too large");

/// A number as arithmetic sees it; truth values are 0 and 1.
#[derive(Debug, Clone, Copy)]
pub(super) enum Number {
    Int(i64),
    Float(f64),
}

impl Number {
    pub(super) fn of(thing: &Thing<'_>) -> Option<Self> {
        match thing {
            Thing::Bool(b) => Some(Self::Int(i64::from(*b))),
            Thing::Int(n) => Some(Self::Int(*n)),
            Thing::Float(x) => Some(Self::Float(*x)),
            _ => None,
        }
    }

    #[allow(clippy::cast_precision_loss, reason = "Python rounds the same way: to the nearest double")]
    pub(super) fn float(self) -> f64 {
        match self {
            Self::Int(n) => n as f64,
            Self::Float(x) => x,
        }
    }
}

fn int<'a>(result: Option<i64>) -> Calc<'a> {
    result.map_or(Calc::Unknown("too large"), |n| Calc::Is(Thing::Int(n)))
}

/// Python raises where IEEE gives an infinity from finite operands of `**` only; `+` and `*` do not.
fn float<'a>(x: f64) -> Calc<'a> {
    Calc::Is(Thing::Float(x))
}

fn floor_divide(a: i64, b: i64) -> Option<i64> {
    let quotient = a.checked_div(b)?;
    Some(if a % b != 0 && (a < 0) != (b < 0) { quotient - 1 } else { quotient })
}

fn modulo(a: i64, b: i64) -> Option<i64> {
    let rest = a.checked_rem(b)?;
    Some(if rest != 0 && (rest < 0) != (b < 0) { rest + b } else { rest })
}

fn float_modulo(a: f64, b: f64) -> f64 {
    let rest = a % b;
    if rest == 0.0 {
        0.0_f64.copysign(b)
    } else if (rest < 0.0) == (b < 0.0) {
        rest
    } else {
        rest + b
    }
}

fn float_floor_divide(a: f64, b: f64) -> f64 {
    let exact = (a - float_modulo(a, b)) / b;
    if exact == 0.0 {
        return 0.0_f64.copysign(a / b);
    }
    let floor = exact.floor();
    if exact - floor > 0.5 { floor + 1.0 } else { floor }
}

fn power<'a>(a: Number, b: Number) -> Calc<'a> {
    match (a, b) {
        (Number::Int(base), Number::Int(exponent)) if exponent >= 0 => match u32::try_from(exponent) {
            Ok(exponent) => int(base.checked_pow(exponent)),
            Err(_) if matches!(base, 0 | 1) => Calc::Is(Thing::Int(base)),
            Err(_) => TOO_LARGE,
        },
        _ => {
            let (base, exponent) = (a.float(), b.float());
            if base == 0.0 && exponent < 0.0 {
                return Calc::Raises("ZeroDivisionError", "0 raised to a negative power");
            }
            if base < 0.0 && exponent.fract() != 0.0 {
                return Calc::Unknown("a complex number");
            }
            let result = base.powf(exponent);
            if result.is_infinite() && base.is_finite() && exponent.is_finite() {
                return Calc::Raises("OverflowError", "a result too large for a float");
            }
            float(result)
        }
    }
}

#[allow(clippy::float_cmp, reason = "a division by exactly zero is what raises")]
fn arithmetic<'a>(op: Operator, a: Number, b: Number) -> Calc<'a> {
    use Number::Int;
    const ZERO: Calc<'static> = Calc::Raises("ZeroDivisionError", "division by zero");
    let divides = matches!(op, Operator::Div | Operator::FloorDiv | Operator::Mod);
    if divides && b.float() == 0.0 {
        return ZERO;
    }
    match (op, a, b) {
        (Operator::Pow, a, b) => power(a, b),
        (Operator::Add, Int(a), Int(b)) => int(a.checked_add(b)),
        (Operator::Sub, Int(a), Int(b)) => int(a.checked_sub(b)),
        (Operator::Mult, Int(a), Int(b)) => int(a.checked_mul(b)),
        (Operator::FloorDiv, Int(a), Int(b)) => int(floor_divide(a, b)),
        (Operator::Mod, Int(a), Int(b)) => int(modulo(a, b)),
        (Operator::BitOr, Int(a), Int(b)) => int(Some(a | b)),
        (Operator::BitXor, Int(a), Int(b)) => int(Some(a ^ b)),
        (Operator::BitAnd, Int(a), Int(b)) => int(Some(a & b)),
        (Operator::LShift | Operator::RShift, Int(_), Int(b)) if b < 0 => {
            Calc::Raises("ValueError", "a negative shift count")
        }
        (Operator::LShift, Int(0), Int(_)) => int(Some(0)),
        (Operator::LShift, Int(a), Int(b)) => {
            int(u32::try_from(b).ok().filter(|b| *b < 63).and_then(|b| a.checked_mul(1_i64 << b)))
        }
        (Operator::RShift, Int(a), Int(b)) => int(Some(a >> b.min(63))),
        // Beyond 2**53 Python divides the integers themselves, which rounds only once.
        (Operator::Div, Int(a), Int(b)) if a.unsigned_abs().max(b.unsigned_abs()) > 1 << 53 => {
            Calc::Unknown("too large")
        }
        (Operator::Add, a, b) => float(a.float() + b.float()),
        (Operator::Sub, a, b) => float(a.float() - b.float()),
        (Operator::Mult, a, b) => float(a.float() * b.float()),
        (Operator::Div, a, b) => float(a.float() / b.float()),
        (Operator::FloorDiv, a, b) => float(float_floor_divide(a.float(), b.float())),
        (Operator::Mod, a, b) => float(float_modulo(a.float(), b.float())),
        _ => Calc::Raises("TypeError", "an operator these types do not have"),
    }
}

/// Whether only a value of a built-in type can be behind it, so that a missing operator is an error.
fn is_plain(thing: &Thing<'_>) -> bool {
    matches!(
        thing,
        Thing::None
            | Thing::Bool(_)
            | Thing::Int(_)
            | Thing::Float(_)
            | Thing::Str(_)
            | Thing::Tuple(_)
            | Thing::List(_)
            | Thing::Dict(_)
            | Thing::Set(_)
            | Thing::Range(..)
    )
}

impl<'a> Run<'a, '_> {
    /// Turns the result of a calculation into a value, or an exception.
    pub(super) fn settle(&mut self, calc: Calc<'a>, operands: &[&Cell<'a>], at: Span) -> Step<Cell<'a>> {
        let mut result = match calc {
            Calc::Is(thing) => Cell::new(thing),
            Calc::Unknown(why) => {
                let result = unknown_from(operands, why);
                self.may_raise(None, &result, at)?;
                result
            }
            Calc::Raises(class, what) => return self.fault(operands, class, at, what),
        };
        if !result.is_unknown() {
            for operand in operands {
                result = result.resting_on(operand);
            }
        }
        Ok(result)
    }

    pub(super) fn binary(&mut self, op: Operator, a: &Cell<'a>, b: &Cell<'a>, at: Span) -> Step<Cell<'a>> {
        let calc = match (&a.thing, &b.thing) {
            _ if a.is_unknown() || b.is_unknown() => Calc::Unknown("depends on something unknown"),
            (Thing::Str(format), _) if op == Operator::Mod => {
                let calc = self.percent(format, b, at)?.unwrap_or(Calc::Unknown("a format that is not followed"));
                // The text rests on the elements as much as on what holds them.
                let inner: Vec<Cell<'a>> = match &b.thing {
                    Thing::Tuple(items) => items.to_vec(),
                    Thing::Dict(id) => {
                        self.entries(*id).unwrap_or_default().iter().map(|(_, value)| value.clone()).collect()
                    }
                    _ => Vec::new(),
                };
                let operands: Vec<&Cell<'a>> =
                    [a, b].into_iter().chain(inner.iter().filter(|cell| !cell.is_unknown())).collect();
                return self.settle(calc, &operands, at);
            }
            (Thing::Str(x), Thing::Str(y)) if op == Operator::Add => {
                self.spend(1 + (x.len() + y.len()) / 64)?;
                if x.len() + y.len() > MAX_TEXT { TOO_LARGE } else { Calc::Is(Thing::Str(format!("{x}{y}").into())) }
            }
            (Thing::Bytes(x), Thing::Bytes(y)) if op == Operator::Add => {
                self.spend(1 + (x.len() + y.len()) / 64)?;
                if x.len() + y.len() > MAX_TEXT {
                    TOO_LARGE
                } else {
                    Calc::Is(Thing::Bytes([x.as_ref(), y].concat().into()))
                }
            }
            (Thing::Path(_) | Thing::Inside { .. }, _) | (_, Thing::Path(_) | Thing::Inside { .. })
                if matches!(op, Operator::Div | Operator::Add) =>
            {
                self.spend_on_paths([a, b])?;
                match Self::path_operator(a, b, op == Operator::Div) {
                    Some(calc) => calc,
                    None => Calc::Unknown("an operator of a path"),
                }
            }
            (x, y) if op == Operator::Mult && (is_repeatable(x) || is_repeatable(y)) => self.repeat(x, y)?,
            (Thing::Tuple(x), Thing::Tuple(y)) if op == Operator::Add => {
                self.spend(1 + x.len() + y.len())?;
                Calc::Is(Thing::Tuple(x.iter().chain(y.iter()).cloned().collect()))
            }
            (Thing::List(x), Thing::List(y)) if op == Operator::Add => match (self.items(*x), self.items(*y)) {
                (Some(x), Some(y)) => {
                    let all: Vec<_> = x.iter().chain(y).cloned().collect();
                    if all.len() > MAX_ITEMS { TOO_LARGE } else { Calc::Is(self.list(all)?.thing) }
                }
                _ => Calc::Unknown("a list that may have changed"),
            },
            (Thing::Set(x), Thing::Set(y)) => self.combine_sets(op, *x, *y)?,
            (Thing::Dict(x), Thing::Dict(y)) if op == Operator::BitOr => self.merge_dicts(*x, *y, at)?,
            (Thing::Dict(_), Thing::Dotted(_)) | (Thing::Dotted(_), Thing::Dict(_)) if op == Operator::BitOr => {
                let (a, b) = (self.copied(a)?, self.copied(b)?);
                match (&a.thing, &b.thing) {
                    (Thing::Dict(x), Thing::Dict(y)) => self.merge_dicts(*x, *y, at)?,
                    _ => Calc::Unknown("an operator of an object"),
                }
            }
            (x, y) => match (Number::of(x), Number::of(y)) {
                (Some(left), Some(right)) => match (op, x, y) {
                    (Operator::BitOr, Thing::Bool(x), Thing::Bool(y)) => Calc::Is(Thing::Bool(x | y)),
                    (Operator::BitAnd, Thing::Bool(x), Thing::Bool(y)) => Calc::Is(Thing::Bool(x & y)),
                    (Operator::BitXor, Thing::Bool(x), Thing::Bool(y)) => Calc::Is(Thing::Bool(x ^ y)),
                    _ => arithmetic(op, left, right),
                },
                _ if is_plain(x) && is_plain(y) => Calc::Raises("TypeError", "an operator these types do not have"),
                _ => Calc::Unknown("an operator of an object"),
            },
        };
        self.settle(calc, &[a, b], at)
    }

    fn repeat(&mut self, x: &Thing<'a>, y: &Thing<'a>) -> Step<Calc<'a>> {
        let (sequence, count) = if is_repeatable(x) { (x, y) } else { (y, x) };
        let Some(Number::Int(count)) = Number::of(count) else {
            return Ok(if is_plain(count) {
                Calc::Raises("TypeError", "a sequence times something that is not a whole number")
            } else {
                Calc::Unknown("an operator of an object")
            });
        };
        let Ok(count) = usize::try_from(count.max(0)) else { return Ok(TOO_LARGE) };
        let fits = |length: usize, most: usize| length.checked_mul(count).is_some_and(|total| total <= most);
        Ok(match sequence {
            Thing::Str(text) if fits(text.len(), MAX_TEXT) => {
                self.spend(text.len() * count / 64)?;
                Calc::Is(Thing::Str(text.repeat(count).into()))
            }
            Thing::Tuple(items) if fits(items.len(), MAX_ITEMS) => {
                self.spend(items.len() * count)?;
                Calc::Is(Thing::Tuple(items.iter().cycle().take(items.len() * count).cloned().collect()))
            }
            Thing::List(id) => match self.items(*id).map(<[_]>::to_vec) {
                Some(items) if fits(items.len(), MAX_ITEMS) => {
                    let total = items.len() * count;
                    Calc::Is(self.list(items.into_iter().cycle().take(total).collect())?.thing)
                }
                Some(_) => TOO_LARGE,
                None => Calc::Unknown("a list that may have changed"),
            },
            _ => TOO_LARGE,
        })
    }

    /// The elements of a list, if they are known to be these.
    pub(super) fn items(&self, id: super::cell::Id) -> Option<&[Cell<'a>]> {
        match self.state.get(id) {
            Some(Object::List(items) | Object::Set(items)) => Some(items),
            _ => None,
        }
    }

    pub(super) fn entries(&self, id: super::cell::Id) -> Option<&[(Cell<'a>, Cell<'a>)]> {
        match self.state.get(id) {
            Some(Object::Dict(items)) => Some(items),
            _ => None,
        }
    }

    fn combine_sets(&mut self, op: Operator, x: u32, y: u32) -> Step<Calc<'a>> {
        let (Some(a), Some(b)) = (self.items(x).map(<[_]>::to_vec), self.items(y).map(<[_]>::to_vec)) else {
            return Ok(Calc::Unknown("a set that may have changed"));
        };
        self.spend(a.len() * b.len() / 4 + 1)?;
        let mut result = Vec::new();
        let (keep_common, keep_left, keep_right) = match op {
            Operator::BitOr => (true, true, true),
            Operator::BitAnd => (true, false, false),
            Operator::Sub => (false, true, false),
            Operator::BitXor => (false, true, true),
            _ => return Ok(Calc::Raises("TypeError", "an operator sets do not have")),
        };
        for item in &a {
            match self.contains(&b, item) {
                Some(common) if (common && keep_common) || (!common && keep_left) => result.push(item.clone()),
                Some(_) => {}
                None => return Ok(Calc::Unknown("a set with something unknown in it")),
            }
        }
        for item in b.iter().filter(|_| keep_right) {
            match self.contains(&a, item) {
                Some(false) => result.push(item.clone()),
                Some(true) => {}
                None => return Ok(Calc::Unknown("a set with something unknown in it")),
            }
        }
        Ok(Calc::Is(Thing::Set(self.allocate(Object::Set(result))?)))
    }

    /// The environment as a dict, and everything else as it is.
    fn copied(&mut self, cell: &Cell<'a>) -> Step<Cell<'a>> {
        if is_environ(cell) { self.environ_copy() } else { Ok(cell.clone()) }
    }

    fn merge_dicts(&mut self, x: u32, y: u32, at: Span) -> Step<Calc<'a>> {
        let (Some(a), Some(b)) = (self.entries(x).map(<[_]>::to_vec), self.entries(y).map(<[_]>::to_vec)) else {
            return Ok(Calc::Unknown("a dict that may have changed"));
        };
        let merged = self.dict(a)?;
        for (key, value) in b {
            if !self.put_entry(&merged, key, value, at)? {
                return Ok(Calc::Unknown("a dict with an unknown key"));
            }
        }
        Ok(Calc::Is(merged.thing))
    }

    pub(super) fn unary(&mut self, op: UnaryOp, operand: &Cell<'a>, at: Span) -> Step<Cell<'a>> {
        let calc = match (op, &operand.thing) {
            (UnaryOp::Not, _) => match self.truth(operand) {
                Some(truth) => Calc::Is(Thing::Bool(!truth)),
                None => Calc::Unknown("depends on something unknown"),
            },
            (_, Thing::Unknown(_)) => Calc::Unknown("depends on something unknown"),
            (op, thing) => match (op, Number::of(thing)) {
                (UnaryOp::USub, Some(Number::Int(n))) => int(n.checked_neg()),
                (UnaryOp::USub, Some(Number::Float(x))) => float(-x),
                (UnaryOp::UAdd, Some(Number::Int(n))) => int(Some(n)),
                (UnaryOp::UAdd, Some(Number::Float(x))) => float(x),
                (UnaryOp::Invert, Some(Number::Int(n))) => int(Some(!n)),
                _ if is_plain(thing) => Calc::Raises("TypeError", "a sign for something that is not a number"),
                _ => Calc::Unknown("an operator of an object"),
            },
        };
        self.settle(calc, &[operand], at)
    }
}

fn is_repeatable(thing: &Thing<'_>) -> bool {
    matches!(thing, Thing::Str(_) | Thing::Tuple(_) | Thing::List(_))
}

/// A tuple of these.
pub(super) fn tuple(items: Vec<Cell<'_>>) -> Cell<'_> {
    Cell::new(Thing::Tuple(Rc::from(items)))
}
