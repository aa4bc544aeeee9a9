//! What one function does by itself.

use std::collections::HashMap;
use std::rc::Rc;

use super::arguments::waits;
use super::{Effects, Mark, Sink};
use crate::python::calls::{Event, EventKind};
use crate::python::catalogue::{self, Effect, KnownType};
use crate::python::syntax::ast::{self, Expr};
use crate::python::types::{ClassId, Frame, FunctionId, Types, Value};
use crate::source::Span;

/// Builtins that run through what they are given.
const CONSUMERS: [&str; 12] =
    ["list", "tuple", "set", "frozenset", "sorted", "sum", "any", "all", "max", "min", "dict", "next"];
/// Builtins that call what they are given.
const CALLERS: [&str; 5] = ["map", "filter", "sorted", "max", "min"];
/// Methods that have the loop call a function later.
const SCHEDULERS: [&str; 5] = ["call_soon", "call_later", "call_at", "call_soon_threadsafe", "add_done_callback"];
/// Calls that leave a coroutine running.
const SPAWNERS: [&str; 4] = ["create_task", "ensure_future", "start_soon", "spawn"];
/// Calls whose coroutine runs on another loop, or is waited for from another thread.
const ELSEWHERE: [&str; 4] = ["run", "run_until_complete", "run_coroutine_threadsafe", "async_to_sync"];

/// What a function does by itself.
#[derive(Debug, Default)]
pub(super) struct Expansion {
    pub(super) steps: Vec<(Frame, Span, bool)>,
    pub(super) sinks: Vec<Sink>,
    pub(super) spawned: Vec<Frame>,
}

impl Effects<'_, '_> {
    pub(super) fn expand(&self, frame: Frame) -> Expansion {
        let types = self.types();
        let function = types.function(frame.function);
        let mut work =
            Work { types, marks: &self.marks, frame, is_async: function.is_async, out: Expansion::default() };
        for event in &function.events {
            work.event(event);
        }
        work.out
    }
}

struct Work<'t, 'a> {
    types: &'t Types<'a>,
    marks: &'t HashMap<FunctionId, Mark>,
    frame: Frame,
    is_async: bool,
    out: Expansion,
}

impl<'a> Work<'_, 'a> {
    fn event(&mut self, event: &Event<'a>) {
        match event.kind {
            EventKind::Call(call, awaited) => self.call(call, event.span, awaited),
            EventKind::Enter(context, is_async) => self.enter(context, event.span, is_async),
            EventKind::Iterate(iterable, false) => {
                let values = self.types.value(iterable, self.frame);
                let doubtful = values.len() > 1;
                for value in values.iter() {
                    self.consume(value, event.span, doubtful);
                }
            }
            EventKind::Iterate(_, true) => {}
            EventKind::Read(attribute) => self.read(attribute, event.span),
        }
    }

    fn sink(&mut self, effect: Effect, what: &str, span: Span, doubtful: bool) {
        self.out.sinks.push(Sink { span, what: what.to_owned(), effect, doubtful });
    }

    fn step(&mut self, target: Frame, span: Span, doubtful: bool) {
        match self.marks.get(&target.function) {
            Some(Mark::Leave) => return,
            Some(&Mark::Blocks(name, effect)) => return self.sink(effect, name, span, doubtful),
            None => {}
        }
        let function = self.types.function(target.function);
        // A function without parameters whose result is kept blocks once in the life of the process.
        let kept = ["lru_cache", "cache"].iter().any(|name| self.types.has_decorator(target.function, name));
        if kept && function.parameters.is_empty() {
            return;
        }
        self.out.steps.push((target, span, doubtful || kept));
    }

    fn call(&mut self, call: &'a ast::ExprCall, span: Span, awaited: bool) {
        let callees = self.types.value(&call.func, self.frame);
        let doubtful = callees.len() > 1;
        for callee in callees.iter() {
            self.callee(callee, call, span, awaited, doubtful);
        }
        let name = last_name(&call.func);
        let in_project = callees.iter().any(|callee| matches!(callee, Value::Function(_)));
        if SCHEDULERS.contains(&name) && !in_project {
            for argument in &call.arguments.args {
                self.calls_argument(argument, span);
            }
        }
        if SPAWNERS.contains(&name) && !in_project {
            self.spawn(call, span);
        }
        if awaited {
            self.returned_coroutines(&callees, call, span, doubtful);
        }
    }

    /// `await f()`, where a plain `f` returns the coroutine of another function.
    fn returned_coroutines(&mut self, callees: &[Value<'a>], call: &'a ast::ExprCall, span: Span, doubtful: bool) {
        for callee in callees {
            if let Value::Function(target) = callee
                && !self.types.function(target.function).is_async
            {
                for result in self.types.called(callee, call, self.frame) {
                    if let Value::Coroutine(coroutine) = result {
                        self.step(coroutine, span, doubtful);
                    }
                }
            }
        }
    }

    fn callee(&mut self, callee: &Value<'a>, call: &'a ast::ExprCall, span: Span, awaited: bool, doubtful: bool) {
        match callee {
            Value::External(name) => self.library(name, call, span, awaited, doubtful),
            Value::Instance(ty) => {
                let effect = catalogue::known_type(ty).and_then(|known| known.method("__call__"));
                self.method_of(effect, ty, "__call__", call, span, awaited, doubtful);
            }
            Value::Member(ty, path) => {
                let effect = catalogue::known_type(ty).and_then(|known| known.method(path));
                self.method_of(effect, ty, path, call, span, awaited, doubtful);
            }
            Value::Function(_) => {
                if let Value::Function(target) = self.types.with_arguments(callee, call, self.frame) {
                    self.function(target, call, span, doubtful);
                }
            }
            Value::Class(class) => self.construct(*class, call, span, doubtful),
            Value::Object(class) => {
                for method in self.types.method(*class, "__call__") {
                    self.callee(&method, call, span, awaited, doubtful);
                }
            }
            _ => {}
        }
    }

    #[allow(clippy::too_many_arguments, reason = "the parts of one call")]
    fn method_of(
        &mut self,
        effect: Option<Effect>,
        ty: &Rc<str>,
        path: &str,
        call: &'a ast::ExprCall,
        span: Span,
        awaited: bool,
        doubtful: bool,
    ) {
        let Some(effect) = effect else { return };
        let socket = &**ty == "socket.socket" && self.types.function(self.frame.function).sets_nonblocking;
        if awaited || socket || !waits(&effect, call) {
            return;
        }
        self.sink(effect, &format!("{ty}.{path}"), span, doubtful);
    }

    fn function(&mut self, target: Frame, call: &'a ast::ExprCall, span: Span, doubtful: bool) {
        let function = self.types.function(target.function);
        let is_manager = ["contextmanager", "asynccontextmanager"]
            .iter()
            .any(|name| self.types.has_decorator(target.function, name));
        let runs = if is_manager {
            false
        } else if function.is_async {
            self.is_async && !ELSEWHERE.contains(&last_name(&call.func))
        } else {
            !function.is_generator
        };
        if runs {
            self.step(target, span, doubtful);
        }
    }

    fn construct(&mut self, class: ClassId, call: &'a ast::ExprCall, span: Span, doubtful: bool) {
        for name in ["__new__", "__init__", "__post_init__"] {
            for method in self.types.method(class, name) {
                if let Value::Function(target) = self.types.with_arguments(&method, call, self.frame) {
                    self.step(target, span, doubtful);
                }
            }
        }
        if self.types.method(class, "__init__").is_empty() {
            for base in self.types.library_bases(class) {
                if let Some(effect) = catalogue::known_type(&base).and_then(KnownType::construct) {
                    self.sink(effect, &base, span, doubtful);
                }
            }
        }
    }

    fn library(&mut self, name: &Rc<str>, call: &'a ast::ExprCall, span: Span, awaited: bool, doubtful: bool) {
        if awaited {
            return;
        }
        if let Some(known) = catalogue::call(name).filter(|known| !known.lazy && !known.decorator)
            && waits(&known.effect, call)
        {
            self.sink(known.effect, name, span, doubtful);
        } else if let Some(effect) = catalogue::known_type(name).and_then(KnownType::construct) {
            self.sink(effect, name, span, doubtful);
        } else if let Some((class, method)) = name.rsplit_once('.')
            && let Some(known) = catalogue::known_type(class).filter(|known| known.mentions(method))
            && let Some(effect) = known.method(method).filter(|effect| waits(effect, call))
        {
            self.sink(effect, name, span, doubtful);
        }
        let first = call.arguments.args.first();
        if CONSUMERS.contains(&&**name)
            && let Some(first) = first
        {
            for value in self.types.value(first, self.frame).iter() {
                self.consume(value, span, doubtful);
            }
        }
        if CALLERS.contains(&&**name) {
            let key = call
                .arguments
                .keywords
                .iter()
                .find(|keyword| keyword.arg.as_ref().is_some_and(|arg| arg.as_str() == "key"));
            let called = if matches!(&**name, "map" | "filter") { first } else { key.map(|key| &key.value) };
            if let Some(called) = called {
                self.calls_argument(called, span);
            }
        }
    }

    /// What is given is called later, with arguments that are not followed.
    fn calls_argument(&mut self, argument: &'a Expr, span: Span) {
        for value in self.types.value(argument, self.frame).iter() {
            match value {
                Value::Function(target) if !self.types.function(target.function).is_async => {
                    self.step(*target, span, false);
                }
                Value::External(name) => {
                    if let Some(known) = catalogue::call(name).filter(|known| !known.lazy && !known.decorator) {
                        self.sink(known.effect, name, span, false);
                    }
                }
                Value::Member(ty, path) => {
                    if let Some(effect) = catalogue::known_type(ty).and_then(|known| known.method(path)) {
                        self.sink(effect, &format!("{ty}.{path}"), span, false);
                    }
                }
                _ => {}
            }
        }
    }

    fn spawn(&mut self, call: &'a ast::ExprCall, span: Span) {
        let Some(first) = call.arguments.args.first() else {
            return;
        };
        for value in self.types.value(first, self.frame).iter() {
            match value {
                Value::Coroutine(frame) => self.out.spawned.push(*frame),
                Value::Function(frame) if self.types.function(frame.function).is_async => {
                    self.out.spawned.push(*frame);
                    self.step(*frame, span, false);
                }
                _ => {}
            }
        }
    }

    fn enter(&mut self, context: &'a Expr, span: Span, is_async: bool) {
        let values = self.types.value(context, self.frame);
        let doubtful = values.len() > 1;
        for value in values.iter() {
            match value {
                Value::Instance(ty) if !is_async => {
                    if let Some(effect) = catalogue::known_type(ty).and_then(KnownType::enter_or_exit) {
                        self.sink(effect, ty, span, doubtful);
                    }
                }
                Value::Manager(frame) => self.step(*frame, span, doubtful),
                Value::Object(class) => {
                    let names = if is_async { ["__aenter__", "__aexit__"] } else { ["__enter__", "__exit__"] };
                    for name in names {
                        self.methods(*class, name, span, doubtful);
                    }
                }
                _ => {}
            }
        }
    }

    fn consume(&mut self, value: &Value<'a>, span: Span, doubtful: bool) {
        match value {
            Value::Generator(frame) if !self.types.function(frame.function).is_async => {
                self.step(*frame, span, doubtful);
            }
            Value::Instance(ty) => {
                if let Some(effect) = catalogue::known_type(ty).and_then(KnownType::iterate) {
                    self.sink(effect, ty, span, doubtful);
                }
            }
            Value::Object(class) => {
                self.methods(*class, "__iter__", span, doubtful);
                self.methods(*class, "__next__", span, doubtful);
            }
            _ => {}
        }
    }

    fn methods(&mut self, class: ClassId, name: &str, span: Span, doubtful: bool) {
        for method in self.types.method(class, name) {
            if let Value::Function(target) = method {
                self.step(target, span, doubtful);
            }
        }
    }

    /// Reading a property calls a function.
    fn read(&mut self, attribute: &'a ast::ExprAttribute, span: Span) {
        for value in self.types.value(&attribute.value, self.frame).iter() {
            let Value::Object(class) = value else {
                continue;
            };
            for method in self.types.method(*class, attribute.attr.as_str()) {
                if let Value::Function(target) = method
                    && self.types.is_property(target.function)
                {
                    self.step(target, span, false);
                }
            }
        }
    }
}

/// The last name of a callee: `create_task` of `asyncio.create_task`.
fn last_name(callee: &Expr) -> &str {
    match callee {
        Expr::Attribute(attribute) => attribute.attr.as_str(),
        Expr::Name(name) => name.id.as_str(),
        _ => "",
    }
}
