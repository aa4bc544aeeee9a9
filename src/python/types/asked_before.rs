//! Queries that keep what they have found: whoever asks again waits no more.

use std::rc::Rc;

use super::{Frame, Query, Types, Value, Values};
use crate::python::calls::{Event, EventKind};
use crate::python::catalogue::{self, KnownType};
use crate::python::names::visible;
use crate::python::syntax::ast::{self, Expr};
use crate::python::syntax::span_of;
use crate::source::Span;

/// Builtins that ask for all that a query finds.
const ASKING: [&str; 8] = ["bool", "dict", "len", "list", "set", "sorted", "sum", "tuple"];

impl<'a> Types<'a> {
    /// What an argument or a result stands for: of a query that was sent before, the rows.
    pub(super) fn with_rows(&self, values: Values<'a>, expr: &'a Expr, frame: Frame) -> Values<'a> {
        let Expr::Name(name) = expr else { return values };
        let is_query = |value: &Value<'a>| match value {
            Value::Rows(query) => !query.fetched,
            Value::Instance(class) => catalogue::known_type(class).and_then(KnownType::truth).is_some(),
            _ => false,
        };
        if !values.iter().any(is_query) || !self.is_name_asked_before(name, frame) {
            return values;
        }
        let kept = |value: &Value<'a>| match value {
            Value::Rows(query) => Value::Rows(Rc::new(Query { fetched: true, ..(**query).clone() })),
            value if is_query(value) => Value::Unknown,
            value => value.clone(),
        };
        values.iter().map(kept).collect()
    }

    /// Whether the query that the name at `span` stands for was sent before, on every way there.
    pub fn was_asked_before(&self, span: Span, frame: Frame) -> bool {
        let function = self.function(frame.function);
        let named = function.events.iter().find_map(|event| asked(event).filter(|name| is_in(span_of(*name), span)));
        named.is_some_and(|name| self.is_name_asked_before(name, frame))
    }

    fn is_name_asked_before(&self, name: &ast::ExprName, frame: Frame) -> bool {
        let (function, span) = (self.function(frame.function), span_of(name));
        let bindings = function.bindings.get(name.id.as_str()).map(Vec::as_slice).unwrap_or_default();
        let bound = |at: usize| visible(bindings, at).iter().map(|one| one.at).collect::<Vec<_>>();
        let now = bound(span.start);
        now.len() == 1
            && function.events.iter().any(|event| {
                asked(event).or_else(|| self.asked_inside(event, name, frame)).is_some_and(|before| {
                    let at = span_of(before);
                    before.id == name.id
                        && at.end <= span.start
                        && bound(at.start) == now
                        && function.detours.iter().all(|detour| !is_in(at, *detour) || is_in(span, *detour))
                })
            })
    }

    /// The argument of this name, where the function of the project that is given it always asks for all of it.
    fn asked_inside(&self, event: &Event<'a>, name: &ast::ExprName, frame: Frame) -> Option<&'a ast::ExprName> {
        let EventKind::Call(call, awaited) = event.kind else { return None };
        let is_it = |argument: &&'a Expr| matches!(argument, Expr::Name(given) if given.id == name.id);
        let position = call.arguments.args.iter().position(|argument| is_it(&argument))?;
        let callees = self.value(&call.func, frame);
        let [callee @ Value::Function(target)] = &*callees else { return None };
        let function = self.function(target.function);
        let parameter = function.parameters.get(position + self.receiver_shift(callee, call, frame))?;
        let runs = awaited == function.is_async && !function.is_generator;
        let is_same = |found: &ast::ExprName| {
            found.id.as_str() == parameter.name
                && function.bindings.get(parameter.name).is_some_and(|bindings| bindings.len() == 1)
                && function.always_reaches(span_of(found))
        };
        let asks = runs && function.events.iter().filter_map(asked).any(is_same);
        call.arguments.args.get(position).filter(|_| asks)?.as_name_expr()
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
