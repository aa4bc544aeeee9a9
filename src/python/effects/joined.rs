//! Tasks that the function which starts them waits for: those of a group, and those that it gathers.

use super::expand::Work;
use crate::python::calls::{Event, EventKind, last_name};
use crate::python::names::Bound;
use crate::python::syntax::ast::{self, Expr};
use crate::python::syntax::span_of;
use crate::source::Span;

/// Groups whose block ends when all of their tasks have.
const GROUPS: [&str; 3] = ["TaskGroup", "create_task_group", "open_nursery"];
/// Calls that wait for tasks.
const WAITS: [&str; 3] = ["gather", "wait", "wait_for"];
/// Calls that wait for the end of all that is served.
const SERVES: [&str; 7] = ["idle", "run_task", "serve", "serve_forever", "start", "wait", "wait_closed"];

impl<'a> Work<'_, 'a> {
    /// Whether the function goes on only when a task that it starts has ended.
    pub(super) fn waits_for_task(&self, call: &'a ast::ExprCall, span: Span) -> bool {
        let function = self.types.function(self.frame.function);
        // What it yields to runs meanwhile.
        if !function.is_async || function.is_generator {
            return false;
        }
        if let Expr::Attribute(method) = &*call.func
            && let Expr::Name(group) = &*method.value
        {
            let mut bindings = function.bindings.get(group.id.as_str()).into_iter().flatten();
            let is_group = bindings.any(|binding| match binding.bound {
                Bound::With(Expr::Call(made)) => GROUPS.contains(&last_name(&made.func)),
                _ => false,
            });
            if is_group {
                return true;
            }
        }
        // `await create_task(f())`, `await task`
        let is_awaited = |event: &Event<'a>| match event.kind {
            EventKind::Call(awaited, true) => std::ptr::eq(awaited, call),
            _ => false,
        };
        if function.events.iter().any(is_awaited) {
            return true;
        }
        // What is awaited when the server has stopped runs beside its requests.
        let serves_between = |from: usize, to: usize| {
            function.events.iter().any(|event| match event.kind {
                EventKind::Call(call, true) => {
                    from <= event.span.start && event.span.end <= to && SERVES.contains(&last_name(&call.func))
                }
                _ => false,
            })
        };
        let waited = function.events.iter().flat_map(|event| match event.kind {
            EventKind::Call(waiting, true) if WAITS.contains(&last_name(&waiting.func)) => &*waiting.arguments.args,
            EventKind::Await(waited) if !serves_between(span.end, event.span.start) => std::slice::from_ref(waited),
            _ => &[],
        });
        let names = waited.filter_map(|given| match given {
            Expr::Starred(all) => all.value.as_name_expr(),
            one => one.as_name_expr(),
        });
        let mut names = names.map(|name| name.id.as_str());
        let has = |value: &Expr| {
            let value = span_of(value);
            value.start <= span.start && span.end <= value.end
        };
        let fills = &self.types.facts_at(self.frame.function.file).fills;
        names.any(|name| {
            let bound = function.bindings.get(name).into_iter().flatten();
            let filled = fills.get(name).into_iter().flatten();
            bound.chain(filled).any(|binding| match binding.bound {
                Bound::Value { value: Some(value), .. } | Bound::Held(value) | Bound::HeldAll(value) => has(value),
                _ => false,
            })
        })
    }
}
