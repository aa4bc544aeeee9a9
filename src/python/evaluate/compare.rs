//! Truth, equality, order and membership, each of which may be unknown.

use std::cmp::Ordering;
use std::rc::Rc;

use crate::source::Span;

use super::super::syntax::ast::{self, CmpOp};
use super::cell::{Cell, Part, Thing, unknown_from};
use super::operators::{Calc, Number};
use super::outside::is_environ;
use super::run::{Run, Step};
use super::state::Object;

/// How deep values may hold values before comparing them is given up.
const MAX_DEPTH: usize = 12;

impl<'a> Run<'a, '_> {
    pub(super) fn truth(&self, cell: &Cell<'a>) -> Option<bool> {
        match &cell.thing {
            Thing::None => Some(false),
            Thing::Bool(b) => Some(*b),
            Thing::Int(n) => Some(*n != 0),
            Thing::Float(x) => Some(*x != 0.0),
            Thing::Str(text) => Some(!text.is_empty()),
            Thing::Bytes(bytes) => Some(!bytes.is_empty()),
            Thing::View(id, _) => self.entries(*id).map(|items| !items.is_empty()),
            Thing::Tuple(items) => Some(!items.is_empty()),
            Thing::List(id) | Thing::Set(id) => self.items(*id).map(|items| !items.is_empty()),
            Thing::Dict(id) => self.entries(*id).map(|items| !items.is_empty()),
            Thing::Range(start, stop, stride) => Some(if *stride > 0 { start < stop } else { start > stop }),
            Thing::Function(_)
            | Thing::Project(_)
            | Thing::Method(_)
            | Thing::Class(..)
            | Thing::Iterator(_)
            | Thing::Path(_)
            | Thing::Inside { object: true, .. }
            | Thing::Reader(_) => Some(true),
            Thing::Inside { path, .. } => (!path.is_empty()).then_some(true),
            Thing::Member(member) if !member.class.mixed => Some(true),
            Thing::Member(member) => self.truth(&member.value),
            Thing::Dotted(name) if super::names::is_object(name) => Some(true),
            Thing::Unknown(_)
            | Thing::Dotted(_)
            | Thing::Object(_)
            | Thing::Instance(..)
            | Thing::Made(..)
            | Thing::Namespace(_) => None,
        }
    }

    /// `a == b`.
    pub(super) fn equal(&self, a: &Cell<'a>, b: &Cell<'a>) -> Option<bool> {
        self.equal_things(&a.thing, &b.thing, 0)
    }

    fn equal_things(&self, a: &Thing<'a>, b: &Thing<'a>, depth: usize) -> Option<bool> {
        if depth > MAX_DEPTH {
            return None;
        }
        if let (Some(a), Some(b)) = (Number::of(a), Number::of(b)) {
            return order(a, b).map_or(Some(false), |order| Some(order == Ordering::Equal));
        }
        match (a, b) {
            (Thing::Unknown(_), _) | (_, Thing::Unknown(_)) => None,
            (Thing::None, Thing::None) => Some(true),
            (Thing::Str(a), Thing::Str(b)) | (Thing::Path(a), Thing::Path(b)) => Some(a == b),
            (Thing::Bytes(a), Thing::Bytes(b)) => Some(a == b),
            (Thing::Dotted(name), Thing::Str(text)) | (Thing::Str(text), Thing::Dotted(name))
                if name.as_ref() == "__name__" =>
            {
                // A configuration file, and a module that is imported, is never the main program.
                (text.as_ref() == "__main__").then_some(false)
            }
            (Thing::Tuple(a), Thing::Tuple(b)) => self.equal_items(a, b, depth),
            (Thing::List(a), Thing::List(b)) if a == b => self.items(*a).map(|_| true),
            (Thing::List(a), Thing::List(b)) => self.equal_items(self.items(*a)?, self.items(*b)?, depth),
            (Thing::Range(from, to, by), Thing::Range(start, end, every)) => {
                ((from, to, by) == (start, end, every)).then_some(true)
            }
            (Thing::Dict(a), Thing::Dict(b)) => {
                let (a, b) = (self.entries(*a)?, self.entries(*b)?);
                if a.len() > 64 {
                    return None;
                }
                let mut all = a.len() == b.len();
                for (key, value) in a {
                    let at = self.position(b, key)?;
                    let equal = match at.and_then(|at| b.get(at)) {
                        Some((_, other)) => self.equal_things(&value.thing, &other.thing, depth + 1)?,
                        None => false,
                    };
                    all &= equal;
                }
                Some(all)
            }
            (Thing::Set(a), Thing::Set(b)) => {
                let (a, b) = (self.items(*a)?, self.items(*b)?);
                if a.len() > 64 {
                    return None;
                }
                let mut all = a.len() == b.len();
                for item in a {
                    all &= self.contains(b, item)?;
                }
                Some(all)
            }
            (Thing::Function(a), Thing::Function(b)) => Some(Rc::ptr_eq(a, b)),
            (Thing::Member(a), Thing::Member(b)) if a.class.scope == b.class.scope => {
                if a.name == b.name {
                    Some(true)
                } else {
                    self.equal_things(&a.value.thing, &b.value.thing, depth + 1)
                }
            }
            (Thing::Member(member), other) | (other, Thing::Member(member)) if is_value(other) => {
                if member.class.mixed { self.equal_things(&member.value.thing, other, depth + 1) } else { Some(false) }
            }
            (Thing::Path(_), other) | (other, Thing::Path(_)) if is_value(other) => Some(false),
            (a, b) if is_value(a) && is_value(b) => Some(false),
            _ => None,
        }
    }

    fn equal_items(&self, a: &[Cell<'a>], b: &[Cell<'a>], depth: usize) -> Option<bool> {
        if a.len() != b.len() {
            return Some(false);
        }
        // Lists within lists make this exponential without a bound on their length.
        if a.len() > 256 || (depth > 3 && a.len() > 2) {
            return None;
        }
        let mut all = Some(true);
        for (a, b) in a.iter().zip(b) {
            match self.equal_things(&a.thing, &b.thing, depth + 1) {
                Some(true) => {}
                Some(false) => return Some(false),
                None => all = None,
            }
        }
        all
    }

    /// `item in items`.
    pub(super) fn contains(&self, items: &[Cell<'a>], item: &Cell<'a>) -> Option<bool> {
        let mut found = Some(false);
        for other in items {
            match self.equal(other, item) {
                Some(true) => return Some(true),
                Some(false) => {}
                None => found = None,
            }
        }
        found
    }

    /// Where a key is; the outer `None` says that it cannot be told.
    #[allow(clippy::option_option, reason = "not found and not known are different answers")]
    pub(super) fn position(&self, entries: &[(Cell<'a>, Cell<'a>)], key: &Cell<'a>) -> Option<Option<usize>> {
        let (mut certain, mut ends) = (true, true);
        for (at, (known, _)) in entries.iter().enumerate() {
            if is_environ(known) {
                // What is set after the copy was made stands behind it.
                ends = false;
                continue;
            }
            match self.equal(known, key) {
                Some(true) => return certain.then_some(Some(at)),
                Some(false) => {}
                None => certain = false,
            }
        }
        (certain && ends).then_some(None)
    }

    /// `a < b`, `a == b` or `a > b` for things that have an order.
    pub(super) fn ordering(&self, a: &Cell<'a>, b: &Cell<'a>) -> Result<Option<Ordering>, &'static str> {
        self.order_things(&a.thing, &b.thing, 0)
    }

    fn order_things(&self, a: &Thing<'a>, b: &Thing<'a>, depth: usize) -> Result<Option<Ordering>, &'static str> {
        if let (Some(a), Some(b)) = (Number::of(a), Number::of(b)) {
            return Ok(order(a, b));
        }
        let (a, b) = match (a, b) {
            (Thing::Str(a), Thing::Str(b)) => return Ok(Some(a.cmp(b))),
            (Thing::Tuple(a), Thing::Tuple(b)) => (a.as_ref(), b.as_ref()),
            (Thing::List(a), Thing::List(b)) => match (self.items(*a), self.items(*b)) {
                (Some(a), Some(b)) => (a, b),
                _ => return Ok(None),
            },
            (a, b) if is_value(a) && is_value(b) && !matches!((a, b), (Thing::Set(_), Thing::Set(_))) => {
                return Err("a comparison of types that have no order");
            }
            _ => return Ok(None),
        };
        if depth > 3 || a.len() > 256 {
            return Ok(None);
        }
        for (a, b) in a.iter().zip(b) {
            match self.equal_things(&a.thing, &b.thing, depth + 1) {
                Some(true) => {}
                Some(false) => return self.order_things(&a.thing, &b.thing, depth + 1),
                None => return Ok(None),
            }
        }
        Ok(Some(a.len().cmp(&b.len())))
    }

    /// A chain such as `1 < x <= 4`.
    pub(super) fn comparison(&mut self, expr: &'a ast::ExprCompare, at: Span) -> Step<Cell<'a>> {
        let mut left = self.expression(&expr.left)?;
        let mut result = Cell::new(Thing::Bool(true));
        for (op, right) in expr.ops.iter().zip(&expr.comparators) {
            let right = self.expression(right)?;
            let one = self.compare(*op, &left, &right, at)?;
            let truth = self.truth(&one);
            result = if result.is_unknown() { result } else { Cell { thing: one.thing.clone(), ..result } };
            result = result.resting_on(&one);
            if truth == Some(false) {
                // The first that is false decides, whatever is not known of those before it.
                result.thing = Thing::Bool(false);
                return Ok(result);
            }
            left = right;
        }
        Ok(result)
    }

    fn compare(&mut self, op: CmpOp, a: &Cell<'a>, b: &Cell<'a>, at: Span) -> Step<Cell<'a>> {
        self.spend(1)?;
        let negated = |truth: Option<bool>, negate: bool| truth.map(|truth| truth != negate);
        let truth = match op {
            CmpOp::Eq | CmpOp::NotEq => negated(self.equal(a, b), op == CmpOp::NotEq),
            CmpOp::Is | CmpOp::IsNot => negated(identical(a, b), op == CmpOp::IsNot),
            CmpOp::In | CmpOp::NotIn => {
                let found = self.membership(a, b, at)?;
                let truth = self.truth(&found);
                return Ok(match truth {
                    Some(truth) => Cell { thing: Thing::Bool(truth != (op == CmpOp::NotIn)), ..found },
                    None => found,
                });
            }
            CmpOp::Lt | CmpOp::LtE | CmpOp::Gt | CmpOp::GtE => match self.ordering(a, b) {
                Err(what) => return self.fault(&[a, b], "TypeError", at, what),
                Ok(Some(order)) => Some(match op {
                    CmpOp::Lt => order.is_lt(),
                    CmpOp::LtE => order.is_le(),
                    CmpOp::Gt => order.is_gt(),
                    _ => order.is_ge(),
                }),
                Ok(None) => match (Number::of(&a.thing), Number::of(&b.thing)) {
                    // Only a NaN has no order among numbers.
                    (Some(_), Some(_)) => Some(false),
                    _ => None,
                },
            },
        };
        if let Some(truth) = truth {
            Ok(Cell::new(Thing::Bool(truth)).resting_on(a).resting_on(b))
        } else {
            let result = unknown_from(&[a, b], "a comparison of objects");
            self.may_raise(None, &result, at)?;
            Ok(result)
        }
    }

    fn membership(&mut self, item: &Cell<'a>, container: &Cell<'a>, at: Span) -> Step<Cell<'a>> {
        if let Some(result) = self.environ_has(item, container, at)? {
            return Ok(result);
        }
        if let Thing::Dict(_) | Thing::Set(_) = &container.thing {
            self.check_key(item, at)?;
        }
        let truth = match (&item.thing, &container.thing) {
            (Thing::Str(part), Thing::Str(text)) => {
                self.spend(text.len() / 64 + 1)?;
                Some(text.contains(part.as_ref()))
            }
            (part, Thing::Str(_)) if is_value(part) => {
                return self.fault(&[item, container], "TypeError", at, "`in` a text with something else");
            }
            (_, Thing::View(id, part @ (Part::Keys | Part::Values))) => self.entries(*id).and_then(|entries| {
                let parts: Vec<Cell<'a>> =
                    entries.iter().map(|(key, value)| if *part == Part::Keys { key } else { value }.clone()).collect();
                self.contains(&parts, item)
            }),
            (_, Thing::Tuple(items)) => self.contains(items, item),
            (_, Thing::List(id) | Thing::Set(id)) => self.items(*id).and_then(|items| self.contains(items, item)),
            (_, Thing::Dict(id)) => {
                let found = self.entries(*id).and_then(|items| self.position(items, item)).map(|at| at.is_some());
                if found == Some(false) {
                    self.looked_up(item, container);
                }
                found
            }
            (Thing::Str(name), Thing::Namespace(id)) => match self.state.scope(*id) {
                Some(scope) if scope.lost.is_none() && !name.starts_with("__") => match scope.names.get(name) {
                    Some(slot) if slot.conditional => None,
                    slot => Some(slot.is_some()),
                },
                _ => None,
            },
            (Thing::Int(n), Thing::Range(start, stop, stride)) => {
                let inside = if *stride > 0 { start <= n && n < stop } else { stop < n && n <= start };
                n.checked_sub(*start).map(|offset| inside && offset % stride == 0)
            }
            (_, Thing::None | Thing::Bool(_) | Thing::Int(_) | Thing::Float(_)) => {
                return self.fault(&[container], "TypeError", at, "`in` something that holds nothing");
            }
            _ => None,
        };
        let mut result = match truth {
            Some(truth) => Cell::new(Thing::Bool(truth)).resting_on(item).resting_on(container),
            None => unknown_from(&[item, container], "a container that is not known"),
        };
        for held in self.held(container) {
            result.deps.add(&held.deps);
        }
        Ok(result)
    }

    /// The elements that a container is made of.
    fn held(&self, container: &Cell<'a>) -> Vec<Cell<'a>> {
        match &container.thing {
            Thing::Tuple(items) => items.to_vec(),
            Thing::List(id) | Thing::Set(id) => self.items(*id).unwrap_or_default().to_vec(),
            Thing::Dict(id) => match self.state.get(*id) {
                Some(Object::Dict(items)) => items.iter().map(|(key, _)| key.clone()).collect(),
                _ => Vec::new(),
            },
            _ => Vec::new(),
        }
    }

    /// The value of an operation that does not depend on the heap.
    pub(super) fn known(&mut self, thing: Thing<'a>, operands: &[&Cell<'a>], at: Span) -> Step<Cell<'a>> {
        self.settle(Calc::Is(thing), operands, at)
    }
}

/// `a is b`, where it can be told: small integers and texts may or may not be shared.
#[allow(clippy::match_same_arms, reason = "the order of the arms carries the meaning")]
fn identical(a: &Cell<'_>, b: &Cell<'_>) -> Option<bool> {
    match (&a.thing, &b.thing) {
        (Thing::Unknown(_), _) | (_, Thing::Unknown(_)) => None,
        (Thing::None, Thing::None) => Some(true),
        (Thing::Bool(a), Thing::Bool(b)) => Some(a == b),
        (Thing::Dotted(name), Thing::None) | (Thing::None, Thing::Dotted(name)) => {
            super::names::is_object(name).then_some(false)
        }
        (Thing::List(a), Thing::List(b)) | (Thing::Dict(a), Thing::Dict(b)) => Some(a == b),
        (Thing::Int(_), Thing::Int(_)) | (Thing::Str(_), Thing::Str(_)) | (Thing::Float(_), Thing::Float(_)) => None,
        (Thing::Member(a), Thing::Member(b)) if a.class.scope == b.class.scope => {
            match (&a.value.thing, &b.value.thing) {
                _ if a.name == b.name => Some(true),
                // Two names of one value are one member.
                (Thing::Str(a), Thing::Str(b)) => Some(a == b),
                (Thing::Int(a), Thing::Int(b)) => Some(a == b),
                _ => None,
            }
        }
        (Thing::Instance(_, a), Thing::Instance(_, b)) => Some(a == b),
        (Thing::Object(_) | Thing::Instance(..) | Thing::Member(_), _)
        | (_, Thing::Object(_) | Thing::Instance(..) | Thing::Member(_)) => match (&a.thing, &b.thing) {
            (Thing::None | Thing::Bool(_), _) | (_, Thing::None | Thing::Bool(_)) => Some(false),
            _ => None,
        },
        (Thing::None | Thing::Bool(_), _) | (_, Thing::None | Thing::Bool(_)) => Some(false),
        _ => None,
    }
}

/// Whether the thing is of a built-in type, all of which are different from each other.
pub(super) fn is_value(thing: &Thing<'_>) -> bool {
    matches!(
        thing,
        Thing::None
            | Thing::Bool(_)
            | Thing::Int(_)
            | Thing::Float(_)
            | Thing::Str(_)
            | Thing::Bytes(_)
            | Thing::Tuple(_)
            | Thing::List(_)
            | Thing::Dict(_)
            | Thing::Set(_)
            | Thing::Range(..)
            | Thing::Function(_)
            | Thing::Project(_)
    )
}

fn order(a: Number, b: Number) -> Option<Ordering> {
    match (a, b) {
        (Number::Int(a), Number::Int(b)) => Some(a.cmp(&b)),
        _ => a.float().partial_cmp(&b.float()),
    }
}
