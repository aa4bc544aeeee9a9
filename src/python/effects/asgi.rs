//! What an ASGI application calls of what it is given: `receive` and `send`.
//!
//! A middleware that looks at the response hands a function of its own to the application inside it, which
//! is hardly ever known: <https://www.starlette.io/middleware/#pure-asgi-middleware>.

use super::expand::Work;
use crate::python::syntax::ast::{self, Expr};
use crate::python::types::Value;
use crate::source::Span;

impl<'a> Work<'_, 'a> {
    /// `await self.app(scope, receive, send)`, with functions of the project for one or both of the last two.
    pub(super) fn runs_inside(&mut self, call: &'a ast::ExprCall, span: Span) {
        let [scope, receive, send] = &*call.arguments.args else { return };
        if !call.arguments.keywords.is_empty() || !is_scope(scope) || self.in_thread {
            return;
        }
        for given in [receive, send] {
            for value in self.types.value(given, self.frame).iter() {
                let Value::Function(target) = *value else { continue };
                self.step(target, span, false);
                if !self.types.function(target.function).is_async {
                    self.types.result_of(value).iter().for_each(|result| self.awaited(result, span, false));
                }
            }
        }
    }
}

/// Whether an argument is what describes the connection, which everybody calls by its name.
fn is_scope(argument: &Expr) -> bool {
    match argument {
        Expr::Name(name) => name.id.as_str() == "scope",
        Expr::Attribute(attribute) => attribute.attr.as_str() == "scope",
        _ => false,
    }
}
