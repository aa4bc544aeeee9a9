//! What the conditions around a place say: of a name, of a callee, of a question that is asked again.
//!
//! Only conditions of the function itself count. What a condition means to its callers is `branches`'.

use super::candidates::path;
use super::known::literal;
use super::{Frame, Known, Types};
use crate::python::calls::{Condition, EventKind, last_name};
use crate::python::names::visible;
use crate::python::syntax::ast::{self, CmpOp, Expr};
use crate::python::syntax::span_of;

/// How deep conditions are looked into.
const MAX_DEPTH: u8 = 8;
/// Calls that only say something.
const SAYING: [&str; 9] = ["critical", "debug", "error", "exception", "info", "log", "print", "warn", "warning"];

impl<'a> Types<'a> {
    /// What came out of the same question in a condition around it: `if path.is_dir():` under `if not path.is_dir():`.
    /// Nothing may have happened to what is asked in between.
    pub(super) fn answered_around(&self, call: &'a ast::ExprCall, frame: Frame) -> Option<bool> {
        let (name, question) = question(call)?;
        let function = self.function(frame.function);
        let bindings = function.bindings.get(name)?;
        let at = span_of(call);
        let bound_at = |at: usize| visible(bindings, at).iter().map(|one| one.at).collect::<Vec<_>>();
        let mut around = function.conditions.iter().filter(|one| one.region.contains(at.start)).rev();
        let (test, holds) = around.find_map(|one| {
            let same = |test: &Expr, holds| match test {
                Expr::Call(call) if self::question(call) == Some((name, question)) => Some(holds),
                _ => None,
            };
            Some((span_of(one.test), said(one.test, one.holds, &same)?))
        })?;
        // Whatever else is called may be what changes the answer: `if not path.exists(): self.fetch()`.
        let mut since = function.events.iter().filter(|one| test.end <= one.span.start && one.span.end <= at.start);
        let is_untouched = since.all(|one| match one.kind {
            EventKind::Call(call, _) => SAYING.contains(&last_name(&call.func)),
            EventKind::Write(_) => false,
            _ => true,
        });
        (is_untouched && bound_at(test.end) == bound_at(at.start)).then_some(holds)
    }
}

impl<'a> Types<'a> {
    /// Whether a condition around it says that nothing is in an attribute: `open(settings.path)` behind
    /// `if settings.path: return`.
    pub fn is_empty_here(&self, expr: &'a Expr, frame: Frame) -> bool {
        let Some(meant) = path(expr).filter(|_| expr.is_attribute_expr()) else { return false };
        let at = span_of(expr).start;
        let same = |test: &Expr, holds| path(test).is_some_and(|asked| asked == meant).then_some(holds);
        let conditions = self.function(frame.function).conditions.iter();
        conditions.filter(|one| one.region.contains(at)).any(|one| said(one.test, one.holds, &same) == Some(false))
    }
}

/// A method of a name that is asked without arguments: whose, and which.
fn question(call: &ast::ExprCall) -> Option<(&str, &str)> {
    let Expr::Attribute(method) = &*call.func else { return None };
    let Expr::Name(name) = &*method.value else { return None };
    let asks_alone = call.arguments.args.is_empty() && call.arguments.keywords.is_empty();
    asks_alone.then_some((name.id.as_str(), method.attr.as_str()))
}

/// What the conditions around a place say of a name that has not been bound anew since.
pub(super) fn asserted<'a>(
    name: &str,
    at: usize,
    conditions: &[Condition<'a>],
    is_same: impl Fn(&Condition<'a>) -> bool,
) -> Option<Known<'a>> {
    let around = conditions.iter().filter(|one| one.region.contains(at) && at != usize::MAX);
    let of_name = |test: &'a Expr, holds| said_of(name, test, holds);
    around.filter_map(|one| said(one.test, one.holds, &of_name).filter(|_| is_same(one))).last()
}

/// What `leaf` makes of the parts of a condition that came out as `holds`, each with how it came out itself.
pub fn said<'a, T>(test: &'a Expr, holds: bool, leaf: &impl Fn(&'a Expr, bool) -> Option<T>) -> Option<T> {
    said_within(test, holds, 0, leaf)
}

fn said_within<'a, T>(
    test: &'a Expr,
    holds: bool,
    depth: u8,
    leaf: &impl Fn(&'a Expr, bool) -> Option<T>,
) -> Option<T> {
    if depth > MAX_DEPTH {
        return None;
    }
    match test {
        Expr::UnaryOp(operation) if operation.op == ast::UnaryOp::Not => {
            said_within(&operation.operand, !holds, depth + 1, leaf)
        }
        // All parts hold where `and` does, none where `or` does not.
        Expr::BoolOp(operation) if holds == (operation.op == ast::BoolOp::And) => {
            operation.values.iter().find_map(|one| said_within(one, holds, depth + 1, leaf))
        }
        _ => leaf(test, holds),
    }
}

/// What a part of a condition that came out as `holds` says of a name.
fn said_of<'a>(name: &str, test: &'a Expr, holds: bool) -> Option<Known<'a>> {
    let is_name = |expr: &Expr| matches!(expr, Expr::Name(one) if one.id.as_str() == name);
    match test {
        // What is empty may be filled by the time somebody asks again.
        Expr::Name(_) if !holds => None,
        test => said_of_this(&is_name, test, holds),
    }
}

/// The same of whatever `is_it` knows.
pub(super) fn said_of_this<'a>(is_it: &impl Fn(&Expr) -> bool, test: &'a Expr, holds: bool) -> Option<Known<'a>> {
    match test {
        test if is_it(test) => Some(if holds { Known::True } else { Known::False }),
        Expr::Named(named) if holds && is_it(&named.target) => Some(Known::True),
        Expr::Compare(compare) if is_it(&compare.left) => match (&*compare.ops, &*compare.comparators) {
            ([op], [other]) => match (op, literal(other)?, holds) {
                (CmpOp::Is | CmpOp::Eq, Known::None, false) | (CmpOp::IsNot | CmpOp::NotEq, Known::None, true) => {
                    Some(Known::Some)
                }
                (CmpOp::Is, known @ (Known::None | Known::Bool(_)), true)
                | (CmpOp::IsNot, known @ (Known::None | Known::Bool(_)), false)
                | (CmpOp::Eq, known @ Known::Text(_), true)
                | (CmpOp::NotEq, known @ Known::Text(_), false) => Some(known),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    }
}
