//! What one function does by itself: the calls it makes, and where they lead.

use std::rc::Rc;

use super::arguments::waits;
use super::begun::Begun;
use super::{Effects, Mark, Sink};
use crate::python::calls::{Event, EventKind, is_yielding_coroutine, last_name};
use crate::python::catalogue::{self, Category, Effect, KnownType};
use crate::python::syntax::ast::{self, Expr};
use crate::python::types::{ClassId, Frame, FunctionId, Types, Value};
use crate::source::Span;
use crate::values::{HashMap, HashSet};

/// What a class runs when an instance is made.
const MAKING: [&str; 5] = ["__new__", "__init__", "__post_init__", "model_post_init", "__attrs_post_init__"];
/// Decorators that keep what a function gives.
pub(super) const KEEPING: [&str; 3] = ["cache", "lru_cache", "lfu_cache"];
/// Those that may keep it for a time only.
const KEEPING_FOR_A_TIME: [&str; 5] = ["alru_cache", "cached", "cachedmethod", "memoize", "ttl_cache"];
/// Calls from a thread that have the loop run a coroutine; which loop that is, is not followed.
const BACK_ON_A_LOOP: &str = "run_coroutine_threadsafe";

/// What a function does by itself.
#[derive(Debug, Default)]
pub(super) struct Expansion {
    pub(super) edges: Vec<Edge>,
    pub(super) sinks: Vec<Sink>,
    pub(super) spawned: Vec<(Frame, u8)>,
    pub(super) joined: Vec<Frame>,
    /// The coroutine functions that it calls.
    pub(super) makes: Vec<FunctionId>,
}

/// A function that is run, and where.
#[derive(Debug)]
#[allow(clippy::struct_excessive_bools, reason = "independent facts, not the states of one")]
pub(super) struct Edge {
    pub(super) target: Frame,
    pub(super) span: Span,
    /// How many things speak against it.
    pub(super) doubts: u8,
    pub(super) in_thread: bool,
    /// Whether the call only leaves it to the loop.
    pub(super) left: bool,
    /// Whether it is a coroutine that was kept under a name.
    pub(super) kept: bool,
    /// Whether it is a task that the function does not wait for.
    pub(super) task: bool,
}

/// What speaks against what only a new version of something makes run, and against a call that may as well have given
/// something to wait for: hardly more than possible.
const SELDOM: u8 = 2;

impl Effects<'_, '_> {
    pub(super) fn expand(&self, frame: Frame, in_thread: bool) -> Expansion {
        let types = self.types();
        let function = types.function(frame.function);
        let mut work =
            Work { types, marks: &self.marks, starts: &self.starts, frame, in_thread, out: Expansion::default() };
        let dead = types.dead(frame);
        let stopped = work.while_stopped();
        // What an object keeps is found by later calls, unless each call makes an object of its own.
        let again = !function.once.is_empty() && types.is_made_per_call_of(frame);
        // What is left running is, however often it was begun.
        let once = function.once.iter().filter(|event| again || leaves_running(event));
        let set_up = if types.is_made_before(frame) { function.sets_up.as_slice() } else { &[] };
        let runs = |event: &&Event<'_>| ![&*dead, &stopped, set_up].iter().any(|dead| Types::is_dead(dead, event.span));
        let switched = types.switched(frame);
        for event in function.events.iter().chain(once).filter(runs) {
            let before = (work.out.edges.len(), work.out.sinks.len(), work.out.spawned.len());
            work.event(event);
            if !switched.is_empty() || !function.stamped.is_empty() || !function.perhaps_awaitable.is_empty() {
                let stamped = function.stamped.iter().any(|&(part, by_object)| {
                    part.contains(event.span.start) && (!by_object || types.is_made_once_of(frame))
                });
                let either = function.perhaps_awaitable.iter().any(|call| call.contains(event.span.start));
                let doubts = types.switched_at(frame, event.span) + if stamped { SELDOM } else { 0 };
                // What a function of the project does before it gives anything is known all the same.
                let perhaps = if either { SELDOM } else { 0 };
                work.out.edges.iter_mut().skip(before.0).for_each(|edge| edge.doubts += doubts);
                work.out.sinks.iter_mut().skip(before.1).for_each(|sink| sink.switched += doubts + perhaps);
                work.out.spawned.iter_mut().skip(before.2).for_each(|(_, known)| *known += doubts);
            }
        }
        work.out
    }
}

pub(super) struct Work<'t, 'a> {
    pub(super) types: &'t Types<'a>,
    marks: &'t HashMap<FunctionId, Mark>,
    /// What the framework calls before the first request.
    pub(super) starts: &'t HashSet<FunctionId>,
    pub(super) frame: Frame,
    /// Off the loop: nothing blocks there, but it may put work back on the loop.
    pub(super) in_thread: bool,
    pub(super) out: Expansion,
}

impl<'a> Work<'_, 'a> {
    fn event(&mut self, event: &Event<'a>) {
        match event.kind {
            EventKind::Call(call, awaited) => self.call(call, event.span, awaited),
            EventKind::Enter(context, is_async) => self.enter(context, event.span, is_async),
            EventKind::Iterate(iterable, is_async) => self.iterate(iterable, event.span, is_async),
            EventKind::Read(attribute) => self.read(attribute, event.span),
            EventKind::Write(target) => self.write(target, event.span),
            EventKind::Operate(expr) => self.operate(expr, event.span),
            EventKind::Await(expr) => {
                let values = self.types.value(expr, self.frame);
                let doubtful = values.len() > 1;
                let before = self.out.edges.len();
                for value in values.iter() {
                    self.awaited(value, event.span, doubtful);
                    // Tornado awaits what stands in a list as well.
                    if matches!(value, Value::Items(_) | Value::Tuple(_)) {
                        self.left_to_the_loop(value, event.span, doubtful, 0);
                    }
                }
                self.out.edges.iter_mut().skip(before).for_each(|edge| edge.kept = true);
            }
        }
    }

    pub(super) fn sink(&mut self, effect: Effect, what: &str, span: Span, doubtful: bool) {
        if !self.in_thread {
            self.out.sinks.push(Sink { span, what: what.to_owned(), effect, doubtful, switched: 0 });
        }
    }

    pub(super) fn step(&mut self, target: Frame, span: Span, doubtful: bool) {
        match self.marks.get(&target.function) {
            Some(Mark::Leave) => return,
            Some(&Mark::Blocks(name, effect)) => return self.sink(effect, name, span, doubtful),
            None => {}
        }
        let function = self.types.function(target.function);
        // A function without parameters whose result is kept blocks once in the life of the process.
        let decorated = |names: &[&str]| names.iter().any(|name| self.types.has_decorator(target.function, name));
        let kept = decorated(&KEEPING);
        if kept && function.parameters.is_empty() {
            return;
        }
        let kept = kept || decorated(&KEEPING_FOR_A_TIME);
        let in_thread = self.in_thread;
        let is_unlikely =
            self.types.is_passed_over(target.function) || doubtful && self.types.is_of_nobody(target.function);
        let doubts = u8::from(doubtful || kept) + u8::from(is_unlikely);
        self.out.edges.push(Edge { target, span, doubts, in_thread, left: false, kept: false, task: false });
    }

    /// The loop runs a function that a thread has handed to it.
    fn back_on_the_loop(&mut self, values: &[Value<'a>], span: Span, doubtful: bool) {
        for value in values {
            if let Value::Function(target) | Value::Coroutine(target) = *value {
                self.out.edges.push(Edge {
                    target,
                    span,
                    doubts: u8::from(doubtful),
                    in_thread: false,
                    left: true,
                    kept: false,
                    task: false,
                });
            }
        }
    }

    /// A thread runs a function; it matters only where threads put work back on the loop.
    pub(super) fn off_the_loop(&mut self, callable: &'a Expr, span: Span) {
        let back = ["call_soon_threadsafe", BACK_ON_A_LOOP];
        if !back.iter().any(|name| self.types.calls_named(name)) && !self.types.has_back_calls() {
            return;
        }
        for value in self.types.value(callable, self.frame).iter() {
            if let Value::Function(target) = *value {
                self.out.edges.push(Edge {
                    target,
                    span,
                    doubts: 0,
                    in_thread: true,
                    left: false,
                    kept: false,
                    task: false,
                });
            }
        }
    }

    fn call(&mut self, call: &'a ast::ExprCall, span: Span, awaited: bool) {
        let begun = self.begun(call, span);
        if begun == Begun::Before {
            return;
        }
        self.mixes_in(call, span);
        let callees = self.types.value(&call.func, self.frame);
        let function = self.types.function(self.frame.function);
        let rare = Types::is_dead(&function.rarely, span)
            || begun == Begun::Late
            || Types::is_dead(&function.rarely_of_object, span) && self.types.is_made_once_of(self.frame);
        let several = rare || are_several(&callees);
        let meant = callees.clone();
        let callees = self.types.candidates(callees, call, self.frame);
        let before = (self.out.edges.len(), self.out.sinks.len());
        for callee in callees.iter() {
            let doubtful = several || !meant.contains(callee);
            self.callee(callee, call, span, awaited, doubtful);
        }
        // What hardly ever runs is not made likelier by who is called.
        if let Expr::Attribute(method) = &*call.func
            && Self::is_of_models(method.attr.as_str())
        {
            let owners = self.types.value(&method.value, self.frame);
            self.parses_or_writes(method.attr.as_str(), &owners, span, several);
        }
        if rare {
            self.out.edges.iter_mut().skip(before.0).for_each(|edge| edge.doubts += 1);
            self.out.sinks.iter_mut().skip(before.1).for_each(|sink| sink.switched += 1);
        }
        let doubtful = several;
        if let Some(callable) = self.types.offloaded(&callees, call) {
            self.off_the_loop(callable, span);
            return;
        }
        if !awaited {
            self.sends_signal(call, span);
        }
        let in_project =
            callees.iter().any(|callee| matches!(callee, Value::Function(_) | Value::Class(_) | Value::Object(_)));
        if !in_project {
            self.hands_on(call, &callees, span);
        }
        if awaited {
            self.returned_coroutines(&callees, call, span, doubtful);
        }
    }

    /// Who sends a signal calls its receivers.
    fn sends_signal(&mut self, call: &'a ast::ExprCall, span: Span) {
        for (receiver, doubtful) in self.types.receivers(call, self.frame) {
            self.callee(&receiver, call, span, false, doubtful);
        }
    }

    /// `await f()`, where a plain `f` returns a coroutine, or an object that can be awaited.
    fn returned_coroutines(&mut self, callees: &[Value<'a>], call: &'a ast::ExprCall, span: Span, doubtful: bool) {
        for callee in callees {
            let is_plain = match callee {
                Value::Function(target) => !self.types.function(target.function).is_async,
                Value::Class(_) => self.types.has_special("__await__"),
                _ => false,
            };
            if is_plain {
                for result in self.types.called(callee, call, self.frame) {
                    self.awaited(&result, span, doubtful);
                }
            }
        }
    }

    fn callee(&mut self, callee: &Value<'a>, call: &'a ast::ExprCall, span: Span, awaited: bool, doubtful: bool) {
        match callee {
            Value::External(name) => self.library(name, call, span, awaited, doubtful),
            Value::Instance(ty) => {
                let effect = catalogue::known_type(ty).and_then(|known| known.method("__call__"));
                self.method_of(effect, (ty, "__call__"), call, span, awaited, doubtful);
            }
            Value::Member(ty, path) => {
                let effect = catalogue::known_type(ty).and_then(|known| known.method(path));
                self.method_of(effect, (ty, path), call, span, awaited, doubtful);
                match &**path {
                    "__init__" => self.makes_base(ty, call, span, doubtful),
                    _ => self.uses_client(ty, call, span),
                }
            }
            Value::RowsMethod(query, method) if !query.answers(method) => {
                let effect = catalogue::known_type(&query.class).and_then(|known| known.method(method));
                self.method_of(effect, (&query.class, method), call, span, awaited, doubtful);
            }
            Value::Function(kept) if self.is_kept_for_all(kept.function, call) => {}
            Value::Function(_) => {
                if let Value::Function(target) = self.types.with_arguments(callee, call, self.frame) {
                    self.function(target, span, awaited, doubtful);
                }
            }
            Value::Class(class) => self.construct(*class, call, span, doubtful),
            Value::Object(class) => {
                let own = self.types.method(*class, "__call__");
                for method in &own {
                    self.callee(method, call, span, awaited, doubtful);
                }
                if own.is_empty() {
                    // `class Net(nn.Module)`: the library's, which calls `forward`.
                    for base in self.types.library_bases(*class) {
                        let effect = catalogue::known_type(&base).and_then(|known| known.method("__call__"));
                        self.method_of(effect, (&base, "__call__"), call, span, awaited, doubtful);
                    }
                }
            }
            _ => {}
        }
    }

    /// `super().__init__(...)` makes what its class would make.
    fn makes_base(&mut self, ty: &Rc<str>, call: &'a ast::ExprCall, span: Span, doubtful: bool) {
        self.makes_client(ty, call, span);
        let effect = catalogue::known_type(ty).and_then(KnownType::construct);
        if let Some(effect) = effect.filter(|effect| waits(effect, call)) {
            self.sink(effect, ty, span, doubtful);
        }
    }

    fn method_of(
        &mut self,
        effect: Option<Effect>,
        (ty, path): (&Rc<str>, &str),
        call: &'a ast::ExprCall,
        span: Span,
        awaited: bool,
        doubtful: bool,
    ) {
        let Some(effect) = effect else { return };
        if awaited || !waits(&effect, call) {
            return;
        }
        if let Expr::Attribute(method) = &*call.func
            && (self.returns_at_once(ty, path, &method.value)
                || &**ty == "pathlib.Path" && self.is_of_kernel(&effect, &method.value))
        {
            return;
        }
        if matches!(effect.category, Category::Db | Category::Orm) && self.clears_up(path, span) {
            return;
        }
        if let Expr::Attribute(attribute) = &*call.func
            && (matches!(path, "wait" | "communicate") && self.has_ended(&attribute.value, span)
                || self.is_known_to_be_over(path, &attribute.value, span))
        {
            return;
        }
        if let Expr::Attribute(method) = &*call.func
            && effect.category == Category::Cpu
            && self.is_small_table(&method.value)
        {
            return;
        }
        if let Expr::Attribute(method) = &*call.func
            && (path.starts_with("read") || path.starts_with("recv") || path == "accept")
            && (self.is_ready(&method.value, span) || self.is_called_when_ready())
        {
            return;
        }
        // What an ended process has written lies in the pipe.
        if ty.starts_with("subprocess.Popen.")
            && let Expr::Attribute(method) = &*call.func
            && let Expr::Attribute(pipe) = &*method.value
            && (self.has_ended(&pipe.value, span) || self.was_waited_for(&pipe.value, span))
        {
            return;
        }
        if let Expr::Attribute(method) = &*call.func
            && matches!(path, "result" | "exception")
            && self.is_of_ended_executor(&method.value, span)
        {
            return;
        }
        let executor = match &*call.func {
            Expr::Attribute(method) if path == "shutdown" => method.value.as_name_expr().map(|name| name.id.as_str()),
            _ => None,
        };
        let effect = self.ends_executor(effect, ty, executor);
        let effect = self.in_archive(ty, path, effect, call);
        let of_database = matches!(effect.category, Category::Db | Category::Orm);
        let is_idle = path == "rollback" && of_database && self.has_begun_nothing(call, span);
        let before = self.out.sinks.len();
        self.sink(effect, &format!("{}.{path}", catalogue::class(ty)), span, doubtful);
        if is_idle {
            self.out.sinks.iter_mut().skip(before).for_each(|sink| sink.switched += 2);
        }
    }

    /// A coroutine runs when it is awaited or scheduled, a generator when it is consumed, a context
    /// manager when it is entered.
    fn function(&mut self, target: Frame, span: Span, awaited: bool, doubtful: bool) {
        let function = self.types.function(target.function);
        if function.is_async {
            self.out.makes.push(target.function);
        }
        let is_manager = ["contextmanager", "asynccontextmanager"]
            .iter()
            .any(|name| self.types.has_decorator(target.function, name));
        let is_lazy = function.is_generator && !is_yielding_coroutine(function.decorators);
        let runs = !is_manager && !is_lazy && (awaited || !function.is_async);
        // Only what a decorator made of it can be awaited.
        let elsewhere = awaited && !function.is_async && self.types.is_decorated_by_library(target);
        if runs && !elsewhere {
            self.step(target, span, doubtful || awaited && !function.is_async && self.gives_either(target));
        }
    }

    /// Whether what a plain function gives comes from one of several clients, of which one may be asynchronous:
    /// `self.http = AsyncClient() if is_async else Client()`.
    fn gives_either(&self, target: Frame) -> bool {
        let of_library = |callee: &Value<'_>| matches!(callee, Value::Member(..) | Value::External(_));
        self.types.function(target.function).results.iter().any(|result| match result {
            Expr::Call(call) => {
                let callees = self.types.value(&call.func, target);
                callees.len() > 1 && callees.iter().any(of_library)
            }
            _ => false,
        })
    }

    fn construct(&mut self, class: ClassId, call: &'a ast::ExprCall, span: Span, doubtful: bool) {
        if self.types.keeps_its_instance(class) {
            return;
        }
        for name in MAKING {
            for method in self.types.method(class, name) {
                if let Value::Function(target) = self.types.with_arguments(&method, call, self.frame) {
                    self.step(target, span, doubtful);
                }
            }
        }
        self.validates(class, call, span, doubtful);
        for (factory, frame) in self.types.default_factories(class) {
            for value in self.types.value(factory, frame).iter() {
                self.calls(value, span);
            }
        }
        if self.types.method(class, "__init__").is_empty() {
            for base in self.types.library_bases(class) {
                if let Some(effect) = catalogue::known_type(&base).and_then(KnownType::construct)
                    && (effect.needs.is_empty() || waits(&effect, call))
                {
                    self.sink(effect, &base, span, doubtful);
                }
            }
        }
    }

    /// Something is called later, with arguments that are not followed.
    pub(super) fn calls(&mut self, value: &Value<'a>, span: Span) {
        match value {
            Value::Function(target) if !self.types.function(target.function).is_async => {
                self.step(*target, span, false);
            }
            Value::External(name) => {
                if let Some(known) = catalogue::call(name).filter(|known| !known.lazy && !known.decorator) {
                    self.sink(known.effect, name, span, false);
                } else if let Some((class, method)) = name.rsplit_once('.')
                    && let Some(known) = catalogue::known_type(class).filter(|known| known.mentions(method))
                    && let Some(effect) = known.method(method)
                {
                    // `map(Path.read_text, paths)`
                    self.sink(effect, name, span, false);
                }
            }
            Value::Member(ty, path) => {
                if let Some(effect) = catalogue::known_type(ty).and_then(|known| known.method(path)) {
                    self.sink(effect, &format!("{}.{path}", catalogue::class(ty)), span, false);
                }
            }
            Value::RowsMethod(query, method) if !query.answers(method) => {
                if let Some(effect) = catalogue::known_type(&query.class).and_then(|known| known.method(method)) {
                    self.sink(effect, &format!("{}.{method}", catalogue::class(&query.class)), span, false);
                }
            }
            Value::Class(class) if self.types.keeps_its_instance(*class) => {}
            Value::Class(class) => MAKING.iter().for_each(|name| self.methods(*class, name, span, false)),
            Value::Object(class) => self.methods(*class, "__call__", span, false),
            _ => {}
        }
    }

    /// A coroutine or an asynchronous generator is awaited, or left to the loop.
    pub(super) fn awaited(&mut self, value: &Value<'a>, span: Span, doubtful: bool) {
        match value {
            Value::Coroutine(target) => self.step(*target, span, doubtful),
            Value::Generator(target) if self.types.function(target.function).is_async => {
                self.step(*target, span, doubtful);
            }
            Value::Object(class) if self.types.has_special("__await__") => {
                self.methods(*class, "__await__", span, doubtful);
            }
            _ => {}
        }
    }

    /// A thread asks the loop for something, by a call of this name.
    pub(super) fn hand_back(&mut self, name: &str, call: &'a ast::ExprCall, span: Span) {
        let Some(first) = call.arguments.args.first() else {
            return;
        };
        let doubtful = match name {
            "call_soon_threadsafe" => false,
            BACK_ON_A_LOOP => true,
            "run" | "run_sync" => match &*call.func {
                Expr::Attribute(attribute) if is_named(&attribute.value, "from_thread") => false,
                _ => return,
            },
            // What a portal of AnyIO is told: `portal.call(f)`.
            "call" | "start_task" | "start_task_soon" => match &*call.func {
                Expr::Attribute(attribute) if last_name(&attribute.value).contains("portal") => true,
                _ => return,
            },
            _ => return,
        };
        let values = self.types.value(first, self.frame);
        self.back_on_the_loop(&values, span, doubtful);
    }
}

/// Whether it makes a difference which of the callees is meant: not if all of them are of libraries and block.
fn are_several(callees: &[Value<'_>]) -> bool {
    let blocks = |callee: &Value<'_>| match callee {
        Value::External(name) => catalogue::call(name).is_some_and(|known| !known.lazy && !known.decorator),
        Value::Member(ty, path) => catalogue::known_type(ty).is_some_and(|known| known.method(path).is_some()),
        Value::RowsMethod(query, method) => {
            catalogue::known_type(&query.class).is_some_and(|known| known.method(method).is_some())
        }
        _ => false,
    };
    callees.len() > 1 && !callees.iter().all(blocks)
}

/// Whether an event leaves a coroutine to the loop.
fn leaves_running(event: &Event<'_>) -> bool {
    match event.kind {
        EventKind::Call(call, _) => matches!(last_name(&call.func), "create_task" | "ensure_future" | "start_soon"),
        _ => false,
    }
}

fn is_named(expr: &Expr, name: &str) -> bool {
    match expr {
        Expr::Name(found) => found.id.as_str() == name,
        Expr::Attribute(found) => found.attr.as_str() == name,
        _ => false,
    }
}
