//! What becomes of a function, a closure or a block that is handed to a call.

use std::sync::Arc;

use super::super::handlers;
use super::super::syntax::{Expression, Function, Kind, Statement};
use super::super::values::{Ty, last};
use super::walk::Walker;
use super::{Call, Callable, PartBody, Target, Value};

/// How far a function hands on what it is handed.
const MAX_STEPS: usize = 6;

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

/// Methods of options, results, iterators, streams and futures, which call what they are given.
const AT_ONCE: [&str; 66] = [
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
    "get_or_init",
    "get_or_insert_with",
    "get_or_try_init",
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

    /// What a function of the project does with one of its parameters.
    pub(super) fn fate_in(&self, function: usize, parameter: usize) -> Fate {
        self.fate_within(function, parameter, 0)
    }

    fn fate_within(&self, function: usize, parameter: usize, steps: usize) -> Fate {
        let defined = &self.workspace.functions[function];
        let name = defined.item.parameters.get(parameter).and_then(|one| one.pattern.name());
        let (Some(name), true) = (name, steps < MAX_STEPS) else { return Fate::Unknown };
        let mut scan =
            Scan { walker: self, module: defined.module, name, steps, in_thread: false, found: Fate::Unknown };
        scan.function(&defined.item);
        scan.found
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

/// Looks for what is done with a name.
struct Scan<'s, 'w> {
    walker: &'s Walker<'w>,
    module: usize,
    name: &'s str,
    steps: usize,
    in_thread: bool,
    found: Fate,
}

impl Scan<'_, '_> {
    fn function(&mut self, function: &Function) {
        for statement in function.body.iter().flat_map(|body| &body.statements) {
            self.statement(statement);
        }
    }

    fn statement(&mut self, statement: &Statement) {
        match statement {
            Statement::Let(_, _, value, otherwise) => {
                for value in value.iter().chain(otherwise) {
                    self.value(value);
                }
            }
            Statement::Expression(value, _) => self.value(value),
        }
    }

    fn is_it(&self, value: &Expression) -> bool {
        matches!(&peeled(value).kind, Kind::Path(path) if path.name() == Some(self.name))
    }

    fn note(&mut self, fate: Fate) {
        let fate = if self.in_thread && fate == Fate::Here { Fate::Thread } else { fate };
        self.found = self.found.max(fate);
    }

    fn handed(&mut self, arguments: &[Expression], fate: impl Fn(&Self, usize) -> Fate) {
        for (at, argument) in arguments.iter().enumerate() {
            let is_it = self.is_it(argument);
            // What is handed anything else is not gone into.
            let fate = if is_it || is_deferred(argument) { fate(self, at) } else { Fate::Unknown };
            if is_it {
                self.note(fate);
            } else {
                let in_thread = self.in_thread || fate == Fate::Thread && is_deferred(argument);
                let outer = std::mem::replace(&mut self.in_thread, in_thread);
                self.value(argument);
                self.in_thread = outer;
            }
        }
    }

    fn value(&mut self, value: &Expression) {
        match &value.kind {
            Kind::Call(callee, arguments) => {
                if self.is_it(callee) {
                    self.note(Fate::Here);
                }
                let Kind::Path(path) = &callee.kind else {
                    self.value(callee);
                    return self.handed(arguments, |_, _| Fate::Unknown);
                };
                let meanings = self.walker.workspace.meanings(self.module, path);
                let fate = |scan: &Self, at: usize| {
                    let each = meanings.iter().map(|meaning| match meaning {
                        super::Meaning::Function(function) => scan.walker.fate_within(*function, at, scan.steps + 1),
                        super::Meaning::Library(path) => of_library(path, false),
                        _ => Fate::Unknown,
                    });
                    each.max().unwrap_or(Fate::Unknown)
                };
                self.handed(arguments, fate);
            }
            Kind::Method(call) => {
                if self.is_it(&call.receiver) {
                    // A future is polled, or a stream gone through.
                    self.note(Fate::Here);
                } else {
                    self.value(&call.receiver);
                }
                let name = call.name.as_str();
                self.handed(&call.arguments, |_, _| of_method(name, false));
            }
            Kind::Await(inner) => {
                if self.is_it(inner) {
                    self.note(Fate::Here);
                }
                self.value(inner);
            }
            Kind::Same(inner) | Kind::Field(inner, _) | Kind::Matches(_, inner) => self.value(inner),
            Kind::Index(one, other) | Kind::Assign(one, other) => {
                self.value(one);
                self.value(other);
            }
            Kind::Structure(_, values) | Kind::Tuple(values) | Kind::Several(values) | Kind::Macro(_, values) => {
                for value in values {
                    self.value(value);
                }
            }
            Kind::Closure(closure) => self.value(&closure.body),
            Kind::Async(block) | Kind::Block(block) => {
                for statement in &block.statements {
                    self.statement(statement);
                }
            }
            Kind::Loop(_, over, body) => {
                if let Some(over) = over {
                    self.value(over);
                }
                self.value(body);
            }
            Kind::Choice(condition, arms) => {
                self.value(condition);
                for (_, guard, value) in arms {
                    if let Some(guard) = guard {
                        self.value(guard);
                    }
                    self.value(value);
                }
            }
            Kind::Path(_) | Kind::Text(_) | Kind::Number(_) | Kind::Flag(_) | Kind::Other => {}
        }
    }
}

fn is_deferred(value: &Expression) -> bool {
    matches!(peeled(value).kind, Kind::Closure(_) | Kind::Async(_))
}
