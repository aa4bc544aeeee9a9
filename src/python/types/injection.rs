//! Containers of dependency injection: what they make of the class or the function they are told.

use std::rc::Rc;

use super::annotations::class_of;
use super::{Frame, Types, Value};
use crate::python::syntax::ast;

/// Providers of `dependency-injector`: calling one gives what its first argument makes.
const PROVIDERS: [&str; 8] = [
    "Singleton",
    "ThreadSafeSingleton",
    "ThreadLocalSingleton",
    "ContextLocalSingleton",
    "Factory",
    "Callable",
    "Coroutine",
    "Resource",
];

/// What gives an instance of the class that it is asked for: a function, or a method of a class.
const RESOLVERS: [&str; 12] = [
    "inject.instance",
    "kink.di",
    "lagom.Container",
    "punq.Container.resolve",
    "injector.Injector.get",
    "injector.Injector.create_object",
    "lagom.Container.resolve",
    "svcs.Container.get",
    "svcs.Container.aget",
    "rodi.Container.resolve",
    "dishka.Container.get",
    "dishka.AsyncContainer.get",
];

impl<'a> Types<'a> {
    /// What a call of a container's library gives; `None` if it is none.
    pub(super) fn provider(&self, name: &str, call: &'a ast::ExprCall, frame: Frame) -> Option<Vec<Value<'a>>> {
        let kind = name.strip_prefix("dependency_injector.providers.")?;
        let first = call.arguments.args.first().map(|first| self.value(first, frame)).unwrap_or_default();
        let given: Vec<Value<'a>> = match kind {
            "Object" => first.to_vec(),
            _ if PROVIDERS.contains(&kind) => {
                let made = first.iter().flat_map(|value| self.result_of(value));
                made.flat_map(|value| match value {
                    Value::Generator(frame) => self.yielded(frame).to_vec(),
                    other => vec![other],
                })
                .collect()
            }
            _ => return None,
        };
        Some(given.into_iter().map(|value| Value::Returns(Rc::new(value))).collect())
    }

    /// What a container gives for the class that it is asked for.
    pub(super) fn resolved(&self, asked: &str, call: &'a ast::ExprCall, frame: Frame) -> Vec<Value<'a>> {
        let first = call.arguments.args.first().filter(|_| RESOLVERS.contains(&asked));
        first.map(|first| self.instances_of(&self.value(first, frame))).unwrap_or_default()
    }

    /// As [`resolved`](Self::resolved), for `container[Class]`.
    pub(super) fn resolved_by_item(&self, container: &str, key: &'a ast::Expr, frame: Frame) -> Vec<Value<'a>> {
        if RESOLVERS.contains(&container) { self.instances_of(&self.value(key, frame)) } else { Vec::new() }
    }

    fn instances_of(&self, classes: &[Value<'a>]) -> Vec<Value<'a>> {
        let made = classes.iter().filter(|value| matches!(value, Value::Class(_) | Value::External(_)));
        made.flat_map(|class| self.result_of(class)).filter(|made| class_of(made.clone()).is_some()).collect()
    }
}
