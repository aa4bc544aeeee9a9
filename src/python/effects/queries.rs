//! Queries that keep what they have found: whoever asks again waits no more.

use super::expand::Work;
use crate::python::calls::{Event, EventKind};
use crate::python::names::visible;
use crate::python::syntax::ast::{self, Expr};
use crate::python::syntax::span_of;
use crate::source::Span;

/// Builtins that ask for all that a query finds.
const ASKING: [&str; 8] = ["bool", "dict", "len", "list", "set", "sorted", "sum", "tuple"];

impl Work<'_, '_> {
    /// Whether the query that the name at `span` stands for was sent before, on every way there.
    pub(super) fn was_asked_before(&self, span: Span) -> bool {
        let function = self.types.function(self.frame.function);
        let named = function.events.iter().find_map(|event| asked(event).filter(|name| is_in(span_of(*name), span)));
        let Some(name) = named else { return false };
        let bindings = function.bindings.get(name.id.as_str()).map(Vec::as_slice).unwrap_or_default();
        let bound = |at: usize| visible(bindings, at).iter().map(|one| one.at).collect::<Vec<_>>();
        let now = bound(span.start);
        now.len() == 1
            && function.events.iter().any(|event| {
                asked(event).is_some_and(|before| {
                    let at = span_of(before);
                    before.id == name.id
                        && at.end <= span.start
                        && bound(at.start) == now
                        && function.detours.iter().all(|detour| !is_in(at, *detour) || is_in(span, *detour))
                })
            })
    }
}

/// The name of what an event asks for.
fn asked<'a>(event: &Event<'a>) -> Option<&'a ast::ExprName> {
    let expr = match event.kind {
        EventKind::Iterate(expr, false) | EventKind::Operate(expr) => expr,
        EventKind::Call(call, false) => {
            let asks = matches!(&*call.func, Expr::Name(callee) if ASKING.contains(&callee.id.as_str()));
            call.arguments.args.first().filter(|_| asks)?
        }
        _ => return None,
    };
    expr.as_name_expr()
}

fn is_in(inner: Span, outer: Span) -> bool {
    outer.start <= inner.start && inner.end <= outer.end
}
