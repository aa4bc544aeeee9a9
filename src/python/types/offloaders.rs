//! What takes a function to a thread, a process or a worker, and what comes back from there.

use std::rc::Rc;

use super::{Frame, Types, Value};
use crate::python::syntax::ast::{self, Expr};

/// Functions that run the callable at this position elsewhere and whose result is its result.
const RUNNERS: [(&str, usize); 9] = [
    ("asyncio.to_thread", 0),
    ("anyio.to_thread.run_sync", 0),
    ("anyio.to_process.run_sync", 0),
    ("anyio.to_interpreter.run_sync", 0),
    ("starlette.concurrency.run_in_threadpool", 0),
    ("fastapi.concurrency.run_in_threadpool", 0),
    ("litestar.concurrency.sync_to_thread", 0),
    ("trio.to_thread.run_sync", 0),
    ("trio.to_process.run_sync", 0),
];

/// Functions that make of a callable one that runs elsewhere.
const MAKERS: [&str; 8] = [
    "asgiref.sync.sync_to_async",
    "asgiref.sync.SyncToAsync",
    "channels.db.database_sync_to_async",
    "channels.db.DatabaseSyncToAsync",
    "asyncer.asyncify",
    "quart.utils.run_sync",
    "aiofiles.ospath.wrap",
    "aiofiles.os.wrap",
];

/// Decorators that move the whole function off the loop, besides the makers.
const DECORATORS: [&str; 3] = ["tornado.concurrent.run_on_executor", "dask.delayed", "prefect.task"];

/// Whether a decorator of this name takes the function it decorates off the loop.
pub(super) fn is_offloading_decorator(name: &str) -> bool {
    MAKERS.contains(&name) || DECORATORS.contains(&name)
}

/// Whether what such a decorator leaves gives, awaited, what the function gives: a task that is only planned gives itself.
pub(super) fn gives_when_awaited(name: &str) -> bool {
    MAKERS.contains(&name) || name == "tornado.concurrent.run_on_executor"
}

/// Whether a library's function runs its argument elsewhere.
pub fn is_runner(name: &str) -> bool {
    RUNNERS.iter().any(|(known, _)| *known == name)
}

impl<'a> Types<'a> {
    /// The callable that a call has run elsewhere.
    pub fn offloaded(&self, callees: &[Value<'a>], call: &'a ast::ExprCall) -> Option<&'a Expr> {
        let by_name = callees.iter().find_map(|callee| match callee {
            Value::External(name) => RUNNERS.iter().find(|(known, _)| **known == **name).map(|(_, at)| *at),
            _ => None,
        });
        let by_method = match &*call.func {
            Expr::Attribute(attribute) if callees.iter().all(|callee| !is_of_project(callee)) => {
                match attribute.attr.as_str() {
                    "run_in_executor" => Some(1),
                    _ => None,
                }
            }
            _ => None,
        };
        call.arguments.args.get(by_name.or(by_method)?)
    }

    /// What comes back from a call that has a callable run elsewhere.
    pub(super) fn result_elsewhere(&self, callable: &'a Expr, call: &'a ast::ExprCall, frame: Frame) -> Vec<Value<'a>> {
        let at = call.arguments.args.iter().position(|argument| std::ptr::eq(argument, callable));
        let next = at.and_then(|at| call.arguments.args.get(at + 1));
        let given = || next.map(|given| self.value(given, frame).to_vec()).unwrap_or_default();
        let callees = self.value(callable, frame);
        callees.iter().flat_map(|callee| self.result_of_first(callee, given)).collect()
    }

    /// What a callable gives that is called elsewhere with this first argument.
    fn result_of_first(&self, callee: &Value<'a>, given: impl Fn() -> Vec<Value<'a>>) -> Vec<Value<'a>> {
        let Value::External(name) = callee else { return self.result_of(callee) };
        match &**name {
            "list" | "tuple" | "set" | "sorted" | "frozenset" => Self::held(self.items(&given())),
            name => self.looked_up(name, given).unwrap_or_else(|| self.result_of(callee)),
        }
    }

    /// `sync_to_async(f)`: a callable with the results of `f`, whose call does not run `f` here.
    pub(super) fn made_elsewhere(&self, name: &str, call: &'a ast::ExprCall, frame: Frame) -> Option<Vec<Value<'a>>> {
        if !MAKERS.contains(&name) {
            return None;
        }
        let first = call.arguments.args.first()?;
        let callees = self.value(first, frame);
        let results = callees.iter().flat_map(|callee| self.result_of(callee));
        Some(results.map(|value| Value::Returns(Rc::new(value))).collect())
    }

    /// `sync_to_async(f)(x)`: what `f` gives that is called with `x`.
    pub(super) fn called_elsewhere(&self, call: &'a ast::ExprCall, frame: Frame) -> Option<Vec<Value<'a>>> {
        let Expr::Call(maker) = &*call.func else { return None };
        let first = maker.arguments.args.first()?;
        let is_maker = |value: &Value<'a>| matches!(value, Value::External(name) if MAKERS.contains(&&**name));
        if !self.value(&maker.func, frame).iter().any(is_maker) {
            return None;
        }
        Some(self.value(first, frame).iter().flat_map(|callee| self.called(callee, call, frame)).collect())
    }
}

fn is_of_project(value: &Value<'_>) -> bool {
    matches!(value, Value::Function(_) | Value::Class(_) | Value::Object(_))
}
