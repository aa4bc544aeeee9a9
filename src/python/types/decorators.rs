//! What decorators leave of a function.

use std::rc::Rc;

use super::{Frame, Question, Types, Value, Values};
use crate::python::catalogue;
use crate::python::syntax::ast::Expr;

/// Decorators that move the whole function off the loop.
const OFFLOADING: [&str; 9] = [
    "asgiref.sync.sync_to_async",
    "asgiref.sync.SyncToAsync",
    "channels.db.database_sync_to_async",
    "asyncer.asyncify",
    "tornado.concurrent.run_on_executor",
    "quart.utils.run_sync",
    "aiofiles.ospath.wrap",
    "dask.delayed",
    "prefect.task",
];

impl<'a> Types<'a> {
    /// What a function's name stands for once its decorators have been applied.
    pub(super) fn decorated(&self, frame: Frame) -> Values<'a> {
        let function = self.function(frame.function);
        if function.decorators.is_empty() {
            return Rc::new([Value::Function(frame)]);
        }
        self.ask(Question::Decorated(frame.function), frame, || {
            let around = self.around(frame);
            let mut current = vec![Value::Function(frame)];
            for decorator in function.decorators.iter().rev() {
                for applied in self.value(&decorator.expression, around).iter() {
                    current = self.decorate(&decorator.expression, applied, current);
                }
            }
            current
        })
    }

    pub(super) fn decorate(&self, expression: &Expr, decorator: &Value<'a>, current: Vec<Value<'a>>) -> Vec<Value<'a>> {
        match decorator {
            Value::External(name) if OFFLOADING.contains(&&**name) => Vec::new(),
            Value::External(name) => {
                let task = catalogue::made_by(name).map(|made| Value::Instance(made.into()));
                current.into_iter().chain(task).collect()
            }
            // `@app.task(...)` is such a task already, `@app.task` becomes one when it is applied.
            Value::Instance(ty) if matches!(expression, Expr::Call(_)) => {
                let task = ty.ends_with("Task") || ty.ends_with("Actor");
                if ty.contains("SyncToAsync") {
                    return Vec::new();
                }
                current.into_iter().chain(task.then(|| decorator.clone())).collect()
            }
            Value::Member(ty, path) => {
                let task = Self::member_call(ty, path);
                current.into_iter().chain(task).collect()
            }
            Value::Function(wrapper) => {
                let Some(inner) = current.first().cloned() else {
                    return current;
                };
                let environment = self.extend(wrapper.environment, vec![((wrapper.function, 0), inner)]);
                let given = self.returned(Frame { environment, ..*wrapper });
                let callable: Vec<_> =
                    given.iter().filter(|value| matches!(value, Value::Function(_))).cloned().collect();
                // A decorator that registers the function returns it, or something that is not followed.
                if callable.is_empty() { current } else { callable }
            }
            _ => current,
        }
    }
}
