//! Processes that have ended by the time somebody waits for them.

use super::expand::Work;
use crate::python::names::{Bound, visible};
use crate::python::syntax::ast::{CmpOp, Expr};
use crate::python::syntax::span_of;
use crate::source::Span;

impl<'a> Work<'_, 'a> {
    /// Whether `span` runs only if `process.poll()` gave something.
    pub(super) fn has_ended(&self, process: &'a Expr, span: Span) -> bool {
        let function = self.types.function(self.frame.function);
        let around = |region: Span| region.start <= span.start && span.end <= region.end;
        function.conditions.iter().filter(|condition| around(condition.region)).any(|condition| {
            let Expr::Compare(compare) = condition.test else { return false };
            let (&[op], [Expr::NoneLiteral(_)]) = (&*compare.ops, &*compare.comparators) else { return false };
            let gave = matches!((op, condition.holds), (CmpOp::IsNot, true) | (CmpOp::Is, false));
            gave && self.polls(&compare.left, process)
        })
    }

    fn polls(&self, expr: &'a Expr, process: &Expr) -> bool {
        match expr {
            Expr::Call(call) => matches!(&*call.func, Expr::Attribute(attribute)
                if attribute.attr.as_str() == "poll" && is_same(&attribute.value, process)),
            Expr::Named(named) => self.polls(&named.value, process),
            Expr::Name(name) => {
                let function = self.types.function(self.frame.function);
                let Some(bindings) = function.bindings.get(name.id.as_str()) else { return false };
                let seen = visible(bindings, span_of(name).start);
                let [binding] = *seen else { return false };
                match binding.bound {
                    Bound::Value { value: Some(value @ Expr::Call(_)), .. } => self.polls(value, process),
                    _ => false,
                }
            }
            _ => false,
        }
    }
}

/// Whether both name the same thing, as far as the text shows.
fn is_same(one: &Expr, other: &Expr) -> bool {
    match (one, other) {
        (Expr::Name(one), Expr::Name(other)) => one.id == other.id,
        (Expr::Attribute(one), Expr::Attribute(other)) => {
            one.attr.as_str() == other.attr.as_str() && is_same(&one.value, &other.value)
        }
        _ => false,
    }
}
