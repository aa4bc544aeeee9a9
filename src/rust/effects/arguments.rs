//! What becomes of a function, a closure or a block that is handed to a call.

use std::sync::Arc;

use super::super::handlers;
use super::super::syntax::{Expression, Kind, Statement};
use super::super::values::{Ty, last};
use super::walk::Walker;
use super::{Call, Callable, PartBody, Target, Value};

/// Who runs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fate {
    /// Nobody that is known.
    Unknown,
    /// A thread, which may wait.
    Thread,
    /// The runtime, beside whoever hands it over.
    Task,
    /// A web framework, for requests.
    Served,
    /// The call, before it returns.
    Here,
}

/// What a function of a library does with what it is handed.
pub(super) fn of_library(path: &str, before: bool) -> Fate {
    let (name, first) = (last(path), handlers::crate_of(path));
    // What it makes once, it keeps: no request after the first waits for it.
    let is_lazy = name == "new" && ["Lazy", "LazyLock", "LazyCell"].contains(&last(path.trim_end_matches("::new")));
    if ONCE.contains(&name) || is_lazy {
        return Fate::Unknown;
    }
    if matches!(name, "spawn_blocking" | "block_in_place" | "unblock" | "asyncify" | "spawn_blocking_on") {
        return Fate::Thread;
    }
    if name == "block" && matches!(first, "actix_web" | "ntex") || first == "rayon" || path.starts_with("std::thread::")
    {
        return Fate::Thread;
    }
    if matches!(name, "spawn" | "spawn_local" | "spawn_on" | "spawn_with_handle") {
        return Fate::Task;
    }
    if handlers::BEFORE.contains(&name)
        || path == "actix_web::HttpServer::new"
        || path.starts_with("rocket::fairing::AdHoc::on_ignite")
    {
        return Fate::Here;
    }
    if handlers::is_framework(path) && !before {
        return Fate::Served;
    }
    // Of these it is known that they call what they are given at once, or in what they give.
    if matches!(
        first,
        "std"
            | "futures"
            | "futures_util"
            | "futures_lite"
            | "tokio"
            | "tokio_stream"
            | "itertools"
            | "tracing"
            | "async_stream"
    ) {
        return Fate::Here;
    }
    Fate::Unknown
}

/// What a method does with it whose receiver nobody knows.
pub(super) fn of_method(name: &str, takes_future: bool) -> Fate {
    match name {
        "spawn" | "spawn_local" | "spawn_on" if takes_future => Fate::Task,
        "spawn" | "spawn_blocking" | "interact" | "unblock" | "block_in_place" | "spawn_fifo" | "install" => {
            Fate::Thread
        }
        _ if AT_ONCE.contains(&name) => Fate::Here,
        _ => Fate::Unknown,
    }
}

/// What calls what it is given once in the life of the process, or of what holds it.
const ONCE: [&str; 6] = ["get_or_init", "get_or_try_init", "get_mut_or_init", "call_once", "call_once_force", "force"];

/// Methods of options, results, iterators, streams and futures, which call what they are given.
const AT_ONCE: [&str; 65] = [
    "map",
    "map_err",
    "and_then",
    "or_else",
    "unwrap_or_else",
    "ok_or_else",
    "map_or",
    "map_or_else",
    "is_some_and",
    "is_ok_and",
    "is_none_or",
    "filter",
    "filter_map",
    "flat_map",
    "for_each",
    "fold",
    "any",
    "all",
    "find",
    "find_map",
    "position",
    "take_while",
    "skip_while",
    "map_while",
    "inspect",
    "inspect_err",
    "then",
    "then_some",
    "retain",
    "sort_by",
    "sort_by_key",
    "min_by_key",
    "max_by_key",
    "partition",
    "try_for_each",
    "try_fold",
    "scan",
    "group_by",
    "with_context",
    "or_insert_with",
    "get_or_insert_with",
    "in_scope",
    "unwrap_or",
    "entry",
    "for_each_concurrent",
    "buffer_unordered",
    "try_for_each_concurrent",
    "map_ok",
    "and_modify",
    "dedup_by_key",
    "sum",
    "max_by",
    "min_by",
    "zip",
    "chain",
    "extend",
    "then_with",
    "reduce",
    "split",
    "trim_matches",
    "wrap_err_with",
    "try_filter_map",
    "try_for_each_init",
    "collect",
    "boxed",
];

impl Walker<'_> {
    /// Evaluates what a call is handed, and does with it what the call does.
    pub(super) fn argument(&mut self, value: &Expression, fate: Fate, parameters: &[Ty]) -> Value {
        let inner = peeled(value);
        match &inner.kind {
            Kind::Closure(closure) => {
                let scope = self.scope_now();
                let callable = Callable::Closure(Arc::clone(closure), scope);
                self.hand(&callable, fate, parameters, inner)
            }
            Kind::Async(block) if fate != Fate::Here => {
                let scope = self.scope_now();
                self.hand(&Callable::Async(Arc::clone(block), scope), fate, parameters, inner)
            }
            Kind::Path(_) => {
                let known = self.evaluate(inner);
                match known.callable.clone() {
                    Some(callable) => {
                        let given = self.hand(&callable, fate, parameters, inner);
                        Value { callable: Some(callable), ..given }
                    }
                    None => known,
                }
            }
            // What is called makes a future, which the runtime polls.
            Kind::Call(..) | Kind::Method(_) if fate == Fate::Task => {
                let before = self.out.steps.len();
                let known = self.evaluate(inner);
                let end = inner.span.end;
                if !self.in_thread {
                    // The last call is the one that makes it: what it is given is evaluated here.
                    let made = self.out.steps[before..].iter_mut().rev().find(|call| call.span.end == end);
                    if let Some(call) = made {
                        call.is_task = true;
                        let root = (call.target, true);
                        self.out.roots.push(root);
                    }
                } else if let Some(at) = self.out.names.last() {
                    self.out.roots.push((Target::Function(*at), true));
                }
                known
            }
            _ => self.evaluate(value),
        }
    }

    fn hand(&mut self, callable: &Callable, fate: Fate, parameters: &[Ty], value: &Expression) -> Value {
        match fate {
            Fate::Here => self.run(callable, parameters, value.span),
            Fate::Thread | Fate::Unknown => {
                let outer = std::mem::replace(&mut self.in_thread, true);
                let known = self.run(callable, parameters, value.span);
                self.in_thread = outer;
                known
            }
            Fate::Task | Fate::Served => {
                let target = match callable {
                    Callable::Function(at) => {
                        self.out.names.push(*at);
                        Target::Function(*at)
                    }
                    Callable::Closure(closure, scope) => {
                        self.part(PartBody::Closure(Arc::clone(closure)), Arc::clone(scope), parameters.to_vec())
                    }
                    Callable::Async(block, scope) => {
                        self.part(PartBody::Async(Arc::clone(block)), Arc::clone(scope), Vec::new())
                    }
                    Callable::Inner(_) => return self.run(callable, parameters, value.span),
                };
                self.out.roots.push((target, fate == Fate::Task));
                if fate == Fate::Task && !self.in_thread {
                    self.out.steps.push(Call { target, span: value.span, doubts: 0, is_task: true });
                }
                Value::default()
            }
        }
    }
}

/// Whether a value is a future as it stands, as far as that shows.
pub(super) fn is_future_value(value: &Expression) -> bool {
    matches!(peeled(value).kind, Kind::Async(_) | Kind::Call(..) | Kind::Method(_))
}

/// A value without parentheses and references, and without what pins it.
pub(super) fn peeled(mut value: &Expression) -> &Expression {
    loop {
        match &value.kind {
            Kind::Same(inner) => value = inner,
            Kind::Block(block) if block.statements.len() == 1 => match &block.statements[0] {
                Statement::Expression(inner, true) => value = inner,
                _ => return value,
            },
            Kind::Method(call)
                if matches!(call.name.as_str(), "instrument" | "in_current_span" | "boxed" | "clone") =>
            {
                value = &call.receiver;
            }
            _ => return value,
        }
    }
}
