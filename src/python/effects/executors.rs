//! Work that is left to an executor: who leaves its `with`, or shuts it down, waits for what nobody has awaited.

use super::expand::Work;
use crate::python::calls::{EventKind, last_name};
use crate::python::catalogue::{self, Effect, Weight};
use crate::python::names::Bound;
use crate::python::syntax::ast::Expr;
use crate::source::Span;

/// The class that all of them are.
const EXECUTOR: &str = "concurrent.futures.Executor";
/// Methods that give it work.
const GIVE: [&str; 2] = ["map", "submit"];
/// Calls that are awaited in place of the work.
const AWAITED: [&str; 5] = ["as_completed", "gather", "wait", "wait_for", "wrap_future"];
/// Through how many names a future is followed to where it was made.
const MAX_NAMES: usize = 3;

impl<'a> Work<'_, 'a> {
    /// What the end of a `with` does, or shutting down: with work that nobody has awaited, it waits for that.
    pub(super) fn ends_executor(&self, effect: Effect, class: &str, executor: Option<&str>) -> Effect {
        let waits = catalogue::canonical(class) == EXECUTOR && executor.is_some_and(|name| self.leaves_work(name));
        if waits { Effect { weight: Weight::Unbounded, ..effect } } else { effect }
    }

    /// The name that `with` gives to what it enters.
    pub(super) fn name_of(&self, context: &Expr) -> Option<&'a str> {
        let function = self.types.function(self.frame.function);
        let is_it = |bound: Bound<'a>| matches!(bound, Bound::With(known) if std::ptr::eq(known, context));
        let mut named = function.bindings.iter().filter(|(_, all)| all.iter().any(|one| is_it(one.bound)));
        named.next().map(|(name, _)| *name)
    }

    /// Whether the function gives an executor work and awaits none of it.
    fn leaves_work(&self, executor: &str) -> bool {
        let function = self.types.function(self.frame.function);
        let mut gives = false;
        for event in &function.events {
            let EventKind::Call(call, awaited) = event.kind else { continue };
            if awaited && AWAITED.contains(&last_name(&call.func)) {
                return false;
            }
            gives |= match &*call.func {
                Expr::Attribute(method) => {
                    GIVE.contains(&method.attr.as_str())
                        && matches!(&*method.value, Expr::Name(name) if name.id.as_str() == executor)
                }
                _ => false,
            };
        }
        gives
    }

    /// Whether a future was made in a `with` of an executor that has ended by `span`: so has the work.
    pub(super) fn is_of_ended_executor(&self, future: &'a Expr, span: Span) -> bool {
        let function = self.types.function(self.frame.function);
        let ended = function.entered.iter().filter(|(_, block)| block.end <= span.start);
        let blocks: Vec<Span> = ended.map(|(_, block)| *block).collect();
        let Expr::Name(name) = future else { return false };
        if blocks.is_empty() {
            return false;
        }
        let fills = &self.types.facts_at(self.frame.function.file).fills;
        let mut names = vec![name.id.as_str()];
        for _ in 0..MAX_NAMES {
            let mut next = Vec::new();
            for name in names {
                let bound = function.bindings.get(name).into_iter().chain(fills.get(name)).flatten();
                for binding in bound {
                    if blocks.iter().any(|block| block.start <= binding.at && binding.at <= block.end) {
                        return true;
                    }
                    if let Bound::Item(Expr::Name(items)) = binding.bound {
                        next.push(items.id.as_str());
                    }
                }
            }
            names = next;
        }
        false
    }
}
