//! Calls of which the result may as well be a coroutine: `if isawaitable(found): found = await found`.
//!
//! Whoever asks that is given either, so that the call itself need not wait. Which of the two is not decided.

use super::Reader;
use crate::python::names::Bound;
use crate::python::syntax::ast::{Expr, Stmt};
use crate::python::syntax::span_of;
use crate::source::Span;

impl Reader<'_> {
    /// The call that gave a name what a condition asks about.
    pub(super) fn perhaps_awaitable(&self, stmt: &Stmt) -> Option<Span> {
        let Stmt::If(choice) = stmt else { return None };
        let Expr::Call(question) = &*choice.test else { return None };
        let asked = match &*question.func {
            Expr::Name(name) => name.id.as_str(),
            Expr::Attribute(attribute) => attribute.attr.as_str(),
            _ => return None,
        };
        let [Expr::Name(given)] = &*question.arguments.args else { return None };
        if !matches!(asked, "isawaitable" | "iscoroutine") {
            return None;
        }
        let bindings = self.facts.functions[self.function as usize].bindings.get(given.id.as_str())?;
        let before = bindings.iter().filter(|binding| binding.at < span_of(stmt).start).max_by_key(|one| one.at)?;
        match before.bound {
            Bound::Value { value: Some(value @ Expr::Call(_)), .. } => Some(span_of(value)),
            _ => None,
        }
    }
}
