//! What a call gives, what a function returns, what a decorator leaves of a function.

use std::rc::Rc;

use super::classes::canonical;
use super::{ClassId, Entry, Frame, Question, Types, Value, Values};
use crate::python::calls::Parameter;
use crate::python::catalogue;
use crate::python::syntax::ast::{self, Expr};

/// How many arguments of one call are carried into the function.
const MAX_ARGUMENTS: usize = 4;

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

/// Functions that return what they are given.
const PASSING: [&str; 14] = [
    "functools.partial",
    "functools.partialmethod",
    "contextlib.closing",
    "contextlib.aclosing",
    "copy.copy",
    "copy.deepcopy",
    "asyncio.wait_for",
    "asyncio.shield",
    "asyncio.create_task",
    "asyncio.ensure_future",
    "iter",
    "reversed",
    "fastapi.Depends",
    "fastapi.Security",
];

impl<'a> Types<'a> {
    /// What calling `callee` gives.
    pub fn called(
        &self,
        callee: &Value<'a>,
        call: &'a ast::ExprCall,
        frame: Frame,
    ) -> Vec<Value<'a>> {
        match callee {
            Value::External(name) => self.library_call(name, call, frame),
            Value::Instance(ty) => {
                let made = catalogue::made_by(&format!("{ty}()"));
                made.map(|made| Value::Instance(made.into()))
                    .into_iter()
                    .collect()
            }
            Value::Member(ty, path) => Self::member_call(ty, path).into_iter().collect(),
            Value::Class(class) => vec![Value::Object(*class)],
            Value::Function(_) => {
                let bound = self.with_arguments(callee, call, frame);
                self.result_of(&bound, Some(call))
            }
            Value::Object(class) => self
                .method(*class, "__call__")
                .iter()
                .flat_map(|method| self.called(method, call, frame))
                .collect(),
            _ => Vec::new(),
        }
    }

    fn member_call(ty: &Rc<str>, path: &str) -> Option<Value<'a>> {
        let known = catalogue::known_type(ty);
        let given = known
            .and_then(|known| known.gives(path))
            .or_else(|| catalogue::made_by(&format!("{ty}.{path}")));
        let any = || {
            known
                .filter(|known| known.mentions(path) && known.method(path).is_none())?
                .gives("*")
        };
        given
            .or_else(any)
            .map(|given| Value::Instance(given.into()))
    }

    fn library_call(
        &self,
        name: &Rc<str>,
        call: &'a ast::ExprCall,
        frame: Frame,
    ) -> Vec<Value<'a>> {
        if let Some(made) = catalogue::made_by(name) {
            return vec![Value::Instance(made.into())];
        }
        let first = || {
            call.arguments
                .args
                .first()
                .map(|first| self.value(first, frame).to_vec())
                .unwrap_or_default()
        };
        match &**name {
            "super" => return self.super_of(frame),
            "typing.cast" => {
                return call
                    .arguments
                    .args
                    .first()
                    .map(|first| self.annotation(first, frame))
                    .unwrap_or_default();
            }
            "getattr" => return self.getattr(call, frame),
            "next" | "anext" => return self.items(&first()),
            "list" | "tuple" | "set" | "sorted" | "frozenset" => {
                return self
                    .items(&first())
                    .into_iter()
                    .map(|item| Value::Items(Rc::new(item)))
                    .collect();
            }
            "fastapi.Depends" | "fastapi.Security" => return Vec::new(),
            name if PASSING.contains(&name) => return first(),
            _ => {}
        }
        let last = name.rsplit('.').next().unwrap_or(name);
        let makes = catalogue::made_by(&format!("{name}()")).is_some();
        let is_class =
            makes || catalogue::known_type(name).is_some() || last.starts_with(char::is_uppercase);
        if is_class {
            return vec![Value::Instance(canonical(name))];
        }
        // `Client.from_url(...)`: an alternative constructor of a class that is known.
        match name.rsplit_once('.') {
            Some((class, method))
                if catalogue::known_type(class).is_some() && method.starts_with("from_") =>
            {
                vec![Value::Instance(canonical(class))]
            }
            _ => Vec::new(),
        }
    }

    fn super_of(&self, frame: Frame) -> Vec<Value<'a>> {
        let mut id = frame.function;
        while self.function(id).class.is_none() && id.index != 0 {
            id.index = self.function(id).parent;
        }
        let Some(index) = self.function(id).class else {
            return Vec::new();
        };
        let class = ClassId {
            file: id.file,
            index,
        };
        let receiver = match self.argument(frame, id, 0) {
            Some(Value::Object(receiver) | Value::Class(receiver)) => receiver,
            _ => class,
        };
        vec![Value::Super(class, receiver)]
    }

    fn getattr(&self, call: &'a ast::ExprCall, frame: Frame) -> Vec<Value<'a>> {
        match &*call.arguments.args {
            [object, Expr::StringLiteral(name), ..] => {
                let object = self.value(object, frame);
                object
                    .iter()
                    .flat_map(|value| self.attribute(value, name.value.to_str()))
                    .collect()
            }
            _ => Vec::new(),
        }
    }

    /// A function together with those arguments of a call that its annotations say nothing about.
    pub fn with_arguments(
        &self,
        callee: &Value<'a>,
        call: &'a ast::ExprCall,
        frame: Frame,
    ) -> Value<'a> {
        let Value::Function(target) = callee else {
            return callee.clone();
        };
        let function = self.function(target.function);
        let is_static = self.has_decorator(target.function, "staticmethod");
        let bound_receiver = function.class.is_some() && !is_static;
        let through_instance =
            bound_receiver && matches!(&*call.func, Expr::Attribute(_) | Expr::Call(_));
        let shift = usize::from(through_instance);
        let mut entries: Vec<Entry<'a>> = Vec::new();
        for (i, argument) in call.arguments.args.iter().enumerate() {
            if matches!(argument, Expr::Starred(_)) {
                break;
            }
            let parameter = function
                .parameters
                .get(i + shift)
                .filter(|parameter| parameter.positional);
            if let Some(parameter) = parameter {
                self.carry(target, i + shift, parameter, argument, frame, &mut entries);
            }
        }
        for keyword in &call.arguments.keywords {
            let Some(name) = &keyword.arg else { continue };
            let position = function
                .parameters
                .iter()
                .position(|parameter| parameter.name == name.as_str());
            if let Some(position) = position {
                self.carry(
                    target,
                    position,
                    &function.parameters[position],
                    &keyword.value,
                    frame,
                    &mut entries,
                );
            }
        }
        Value::Function(Frame {
            environment: self.extend(target.environment, entries),
            ..*target
        })
    }

    fn carry(
        &self,
        target: &Frame,
        position: usize,
        parameter: &Parameter<'a>,
        argument: &'a Expr,
        frame: Frame,
        entries: &mut Vec<Entry<'a>>,
    ) {
        // A literal says nothing that matters here.
        let plausible = matches!(
            argument,
            Expr::Name(_)
                | Expr::Attribute(_)
                | Expr::Call(_)
                | Expr::Lambda(_)
                | Expr::Await(_)
                | Expr::Subscript(_)
        );
        if !plausible || parameter.variadic || entries.len() >= MAX_ARGUMENTS {
            return;
        }
        let around = self.around(*target);
        if parameter
            .annotation
            .is_some_and(|annotation| !self.annotation(annotation, around).is_empty())
        {
            return;
        }
        let values = self.value(argument, frame);
        let useful = |value: &&Value<'a>| match value {
            Value::Function(_)
            | Value::Class(_)
            | Value::Object(_)
            | Value::Member(..)
            | Value::Generator(_) => true,
            Value::Instance(ty) => catalogue::known_type(ty).is_some(),
            Value::External(name) => catalogue::call(name).is_some(),
            _ => false,
        };
        if let Some(value) = values.iter().find(useful) {
            let position = u16::try_from(position).unwrap_or(u16::MAX);
            entries.push(((target.function, position), value.clone()));
        }
    }

    /// What calling a function of the project gives, once its arguments are bound.
    pub(super) fn result_of(
        &self,
        callee: &Value<'a>,
        _call: Option<&'a ast::ExprCall>,
    ) -> Vec<Value<'a>> {
        let Value::Function(frame) = callee else {
            return Vec::new();
        };
        let function = self.function(frame.function);
        if self.has_decorator(frame.function, "contextmanager")
            || self.has_decorator(frame.function, "asynccontextmanager")
        {
            vec![Value::Manager(*frame)]
        } else if function.is_generator {
            vec![Value::Generator(*frame)]
        } else if function.is_async {
            vec![Value::Coroutine(*frame)]
        } else {
            self.returned(*frame).to_vec()
        }
    }

    /// What a function returns: by its annotation, else by its `return` statements.
    pub fn returned(&self, frame: Frame) -> Values<'a> {
        self.ask(Question::Result(frame.function), frame, || {
            let function = self.function(frame.function);
            let declared = function
                .returns
                .map(|returns| self.annotation(returns, self.around(frame)));
            match declared.filter(|values| !values.is_empty()) {
                Some(values) => values,
                None => function
                    .results
                    .iter()
                    .take(8)
                    .flat_map(|result| self.value(result, frame).to_vec())
                    .collect(),
            }
        })
    }

    /// What a generator function yields.
    pub fn yielded(&self, frame: Frame) -> Values<'a> {
        self.ask(Question::Yield(frame.function), frame, || {
            let function = self.function(frame.function);
            let declared = function
                .returns
                .map(|returns| self.annotation(returns, self.around(frame)));
            let declared: Vec<_> = declared
                .map(|values| self.items(&values))
                .unwrap_or_default();
            if !declared.is_empty() {
                return declared;
            }
            function
                .yields
                .iter()
                .take(8)
                .flat_map(|value| self.value(value, frame).to_vec())
                .collect()
        })
    }

    /// What awaiting gives.
    pub fn awaited(&self, values: &[Value<'a>]) -> Vec<Value<'a>> {
        let result = |value: &Value<'a>| match value {
            Value::Coroutine(frame) => self.returned(*frame).to_vec(),
            other => vec![other.clone()],
        };
        values.iter().flat_map(result).collect()
    }

    /// What iterating gives.
    pub fn items(&self, values: &[Value<'a>]) -> Vec<Value<'a>> {
        let items = |value: &Value<'a>| match value {
            Value::Items(item) => vec![(**item).clone()],
            Value::Generator(frame) => self.yielded(*frame).to_vec(),
            _ => Vec::new(),
        };
        values.iter().flat_map(items).collect()
    }

    /// What `with` gives.
    pub fn entered(&self, values: &[Value<'a>]) -> Vec<Value<'a>> {
        let entered = |value: &Value<'a>| match value {
            Value::Manager(frame) => self.yielded(*frame).to_vec(),
            Value::Object(class) => {
                let mut methods = self.method(*class, "__enter__");
                methods.extend(self.method(*class, "__aenter__"));
                let given: Vec<_> = methods
                    .iter()
                    .flat_map(|method| self.awaited(&self.result_of(method, None)))
                    .collect();
                if given.is_empty() {
                    vec![value.clone()]
                } else {
                    given
                }
            }
            other => vec![other.clone()],
        };
        values.iter().flat_map(entered).collect()
    }

    /// The part of a value that one of several targets takes.
    pub(super) fn unpacked(
        &self,
        value: &'a Expr,
        position: usize,
        frame: Frame,
    ) -> Vec<Value<'a>> {
        match value {
            Expr::Tuple(tuple) => tuple
                .elts
                .get(position)
                .map(|part| self.value(part, frame).to_vec())
                .unwrap_or_default(),
            Expr::List(list) => list
                .elts
                .get(position)
                .map(|part| self.value(part, frame).to_vec())
                .unwrap_or_default(),
            // The parts of any other value are told apart only by a type checker.
            _ => Vec::new(),
        }
    }

    /// What a parameter stands for: the argument, if one is known; its annotation; what its default
    /// injects; for the first one of a method, the class.
    pub(super) fn parameter(&self, frame: Frame, position: u16) -> Vec<Value<'a>> {
        if let Some(value) = self.argument(frame, frame.function, position) {
            return vec![value];
        }
        let function = self.function(frame.function);
        let Some(parameter) = function.parameters.get(usize::from(position)) else {
            return Vec::new();
        };
        let around = self.around(frame);
        let declared = parameter
            .annotation
            .map(|annotation| self.annotation(annotation, around))
            .unwrap_or_default();
        if !declared.is_empty() {
            return declared;
        }
        if position == 0
            && let Some(index) = function.class
            && !self.has_decorator(frame.function, "staticmethod")
        {
            let class = ClassId {
                file: frame.function.file,
                index,
            };
            let is_class =
                self.has_decorator(frame.function, "classmethod") || function.name == "__new__";
            return vec![if is_class {
                Value::Class(class)
            } else {
                Value::Object(class)
            }];
        }
        match parameter.default {
            Some(Expr::Call(call)) => self.injected(call, around),
            _ => Vec::new(),
        }
    }

    /// What a dependency marker (`Depends(f)`) injects.
    pub(super) fn injected(&self, call: &'a ast::ExprCall, frame: Frame) -> Vec<Value<'a>> {
        let marker = self.value(&call.func, frame);
        if !marker
            .iter()
            .any(|value| matches!(value, Value::External(name) if is_marker(name)))
        {
            return Vec::new();
        }
        let provider = call.arguments.args.first().or_else(|| {
            let named = call.arguments.keywords.iter().find(|keyword| {
                keyword
                    .arg
                    .as_ref()
                    .is_some_and(|arg| arg.as_str() == "dependency")
            });
            named.map(|keyword| &keyword.value)
        });
        let Some(provider) = provider else {
            return Vec::new();
        };
        let provided = |value: &Value<'a>| match value {
            Value::Function(frame) if self.function(frame.function).is_generator => {
                self.yielded(*frame).to_vec()
            }
            Value::Function(frame) => self.returned(*frame).to_vec(),
            Value::Class(class) => vec![Value::Object(*class)],
            _ => Vec::new(),
        };
        self.value(provider, frame)
            .iter()
            .flat_map(provided)
            .collect()
    }

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

    fn decorate(
        &self,
        expression: &Expr,
        decorator: &Value<'a>,
        current: Vec<Value<'a>>,
    ) -> Vec<Value<'a>> {
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
                current
                    .into_iter()
                    .chain(task.then(|| decorator.clone()))
                    .collect()
            }
            Value::Member(ty, path) => {
                let task = Self::member_call(ty, path);
                current.into_iter().chain(task).collect()
            }
            Value::Function(wrapper) => {
                let Some(wrapped) = current.first().cloned() else {
                    return current;
                };
                let environment =
                    self.extend(wrapper.environment, vec![((wrapper.function, 0), wrapped)]);
                let given = self.returned(Frame {
                    environment,
                    ..*wrapper
                });
                let callable: Vec<_> = given
                    .iter()
                    .filter(|value| matches!(value, Value::Function(_)))
                    .cloned()
                    .collect();
                // A decorator that registers the function returns it, or something that is not followed.
                if callable.is_empty() {
                    current
                } else {
                    callable
                }
            }
            _ => current,
        }
    }
}

/// Whether a library's callable marks a parameter as injected.
pub(super) fn is_marker(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or(name);
    name.starts_with("fastapi.") && matches!(last, "Depends" | "Security")
}
