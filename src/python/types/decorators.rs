//! What decorators leave of a function.

use std::rc::Rc;

use super::offloaders::{gives_when_awaited, is_offloading_decorator};
use super::{ClassId, Frame, FunctionId, Question, Types, Value, Values};
use crate::python::catalogue;
use crate::python::syntax::ast::{self, Expr};

/// Decorators that leave the result of a function what it is, by how their names begin.
const KEEPING: [&str; 11] = [
    "abc.",
    "asyncio.coroutine",
    "classmethod",
    "contextlib.",
    "functools.",
    "property",
    "staticmethod",
    "tornado.gen.",
    "types.coroutine",
    "typing.",
    "typing_extensions.",
];

impl<'a> Types<'a> {
    /// Whether a library that nothing is known of makes something else of a plain function, which gives nothing that
    /// could be awaited itself: `@aiomisc.threaded`.
    pub fn is_decorated_by_library(&self, target: Frame) -> bool {
        let function = self.function(target.function);
        let around = self.plain(FunctionId { index: function.parent, ..target.function });
        let is_foreign = |decorator: &'a ast::Decorator| {
            let callee = match &decorator.expression {
                Expr::Call(call) => &*call.func,
                other => other,
            };
            self.value(callee, around).iter().any(|value| match value {
                Value::External(name) => !KEEPING.iter().any(|known| name.starts_with(known)),
                _ => false,
            })
        };
        let gives = |value: &Value<'a>| matches!(value, Value::Coroutine(_) | Value::Function(_));
        function.decorators.iter().any(is_foreign) && !self.returned(target).iter().any(gives)
    }

    /// What a function's name stands for once its decorators have been applied.
    pub(super) fn decorated(&self, frame: Frame) -> Values<'a> {
        let function = self.function(frame.function);
        if function.decorators.is_empty() {
            return Rc::new([Value::Function(frame)]);
        }
        self.ask(Question::Decorated, frame)
    }

    /// What the decorators of a function leave of it, one after the other.
    pub(super) fn apply_all(&self, frame: Frame) -> Vec<Value<'a>> {
        let around = self.around(frame);
        let mut current = vec![Value::Function(frame)];
        for decorator in self.function(frame.function).decorators.iter().rev() {
            current = self.apply(&decorator.expression, around, current);
        }
        current
    }

    /// What one decorator, written as `expression`, leaves of what stands below it.
    pub fn apply(&self, expression: &'a Expr, around: Frame, mut current: Vec<Value<'a>>) -> Vec<Value<'a>> {
        if let Expr::Call(call) = expression
            && let Some(offloading) = self.value(&call.func, around).iter().find(|value| is_offloading(value))
        {
            return self.run_elsewhere(offloading, &current);
        }
        for applied in self.value(expression, around).iter() {
            current = self.decorate(expression, applied, current);
        }
        current
    }

    fn decorate(&self, expression: &Expr, decorator: &Value<'a>, current: Vec<Value<'a>>) -> Vec<Value<'a>> {
        match decorator {
            _ if is_offloading(decorator) => self.run_elsewhere(decorator, &current),
            Value::External(name)
                if matches!(&**name, "functools.singledispatch" | "functools.singledispatchmethod") =>
            {
                let registered = current.first().map(|value| self.registered_for(value)).unwrap_or_default();
                current.into_iter().chain(registered).collect()
            }
            Value::External(name) => {
                let task = catalogue::made_by(name).map(|made| Value::Instance(made.into()));
                current.into_iter().chain(task).collect()
            }
            // `@app.task(...)` is such a task already, `@app.task` becomes one when it is applied.
            Value::Instance(ty) if matches!(expression, Expr::Call(_)) => {
                if sends_when_called(ty) {
                    return vec![decorator.clone()];
                }
                let task = ty.ends_with("Task") || ty.ends_with("Actor");
                if ty.contains("SyncToAsync") {
                    return Vec::new();
                }
                current.into_iter().chain(task.then(|| decorator.clone())).collect()
            }
            Value::Member(ty, path) => {
                let task = Self::member_call(ty, path);
                if let Some(Value::Instance(made)) = &task
                    && sends_when_called(made)
                {
                    return task.into_iter().collect();
                }
                current.into_iter().chain(task).collect()
            }
            Value::Function(wrapper) => {
                let Some(inner) = current.first().cloned() else {
                    return current;
                };
                let environment = self.extend(wrapper.environment, vec![((wrapper.function, 0), inner)]);
                let given = self.returned(Frame { environment, ..*wrapper });
                if let Some(task) = self.sent_by(*wrapper) {
                    return vec![task];
                }
                let callable: Vec<_> =
                    given.iter().filter(|value| matches!(value, Value::Function(_))).cloned().collect();
                // A decorator that registers the function returns it, or something that is not followed.
                if callable.is_empty() { current } else { self.on_receiver(callable, &current) }
            }
            Value::Class(class) if !self.method(*class, "__call__").is_empty() => vec![Value::Object(*class)],
            Value::Object(class) => {
                let Some(inner) = current.first().cloned() else {
                    return current;
                };
                let apply = |method: &Value<'a>| match method {
                    Value::Function(frame) => {
                        let entries = vec![((frame.function, 1), inner.clone())];
                        let environment = self.extend(frame.environment, entries);
                        self.returned(Frame { environment, ..*frame }).to_vec()
                    }
                    _ => Vec::new(),
                };
                let methods = self.method(*class, "__call__");
                let given = methods.iter().flat_map(apply);
                let callable: Vec<_> = given.filter(|value| matches!(value, Value::Function(_))).collect();
                if callable.is_empty() { current } else { callable }
            }
            _ => current,
        }
    }

    /// What is left of a function that a decorator takes off the loop: something to await for what the function gives,
    /// unless a call of it only plans it.
    fn run_elsewhere(&self, decorator: &Value<'a>, current: &[Value<'a>]) -> Vec<Value<'a>> {
        let Value::External(name) = decorator else { return Vec::new() };
        if !gives_when_awaited(name) {
            return Vec::new();
        }
        let results = current.iter().flat_map(|callee| self.result_of(callee));
        results.map(|value| Value::Returns(Rc::new(value))).collect()
    }

    /// What a decorator of the project makes of a function that it hands to one which sends: `huey.task()(inner)`.
    fn sent_by(&self, wrapper: Frame) -> Option<Value<'a>> {
        let results = self.function(wrapper.function).results.iter();
        let decorators = results.filter_map(|result| match result {
            Expr::Call(applied) => Some(&*applied.func).filter(|decorator| decorator.is_call_expr()),
            _ => None,
        });
        let sends = |value: &Value<'a>| matches!(value, Value::Instance(ty) if sends_when_called(ty));
        decorators
            .into_iter()
            .find_map(|decorator| self.value(decorator, wrapper).iter().find(|one| sends(one)).cloned())
    }

    /// A wrapper around a method is given the object of the method first.
    fn on_receiver(&self, wrappers: Vec<Value<'a>>, wrapped: &[Value<'a>]) -> Vec<Value<'a>> {
        let receiver = wrapped.iter().find_map(|value| match value {
            Value::Function(frame) => self.receiver_of(*frame),
            _ => None,
        });
        let Some(receiver) = receiver else { return wrappers };
        let bind = |value: Value<'a>| match value {
            Value::Function(frame)
                if self.function(frame.function).class.is_none()
                    && self.function(frame.function).parameters.first().is_some_and(|first| first.positional) =>
            {
                let entries = vec![((frame.function, 0), receiver.clone()), Self::bound_entry(frame.function, 1)];
                Value::Function(Frame { environment: self.extend(frame.environment, entries), ..frame })
            }
            other => other,
        };
        wrappers.into_iter().map(bind).collect()
    }

    /// The object that a method is called on, as far as it is known.
    fn receiver_of(&self, frame: Frame) -> Option<Value<'a>> {
        let index = self.function(frame.function).class?;
        if self.has_decorator(frame.function, "staticmethod") {
            return None;
        }
        let own = Value::Object(ClassId { file: frame.function.file, index });
        Some(self.argument(frame, frame.function, 0).unwrap_or(own))
    }
}

/// Whether calling what a decorator makes of a function does something else than to run it: `@huey.task()`.
fn sends_when_called(ty: &str) -> bool {
    catalogue::known_type(ty).is_some_and(|known| known.mentions("__call__"))
}

fn is_offloading(value: &Value<'_>) -> bool {
    matches!(value, Value::External(name) if is_offloading_decorator(name))
}
