//! What is over by the time somebody waits for it: processes, threads, futures, results of tasks.

use super::expand::Work;
use crate::python::calls::{Event, EventKind, last_name};
use crate::python::names::{Bound, visible};
use crate::python::syntax::ast::{self, CmpOp, Expr};
use crate::python::syntax::span_of;
use crate::python::types::{ClassId, Types, Value, said};
use crate::source::Span;

/// Methods that wait for an end, each with the question whether it has come, and the answer to that.
const QUESTIONS: [(&str, &str, bool); 6] = [
    ("result", "done", true),
    ("exception", "done", true),
    ("get", "ready", true),
    ("get", "empty", false),
    ("get", "qsize", true),
    ("join", "is_alive", false),
];

/// Whether a call takes back what others have begun: it is hardly ever the one that takes time.
pub fn gives_up(what: &str) -> bool {
    matches!(what.rsplit('.').next().unwrap_or(what), "close" | "expire" | "expunge" | "rollback")
}

/// The name that a dotted name begins with.
fn root(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Name(name) => Some(name.id.as_str()),
        Expr::Attribute(attribute) => root(&attribute.value),
        Expr::Call(call) => root(&call.func),
        Expr::Await(awaited) => root(&awaited.value),
        _ => None,
    }
}

impl<'a> Work<'_, 'a> {
    /// Whether a call takes back what the body of a `with` has done: that has waited for it already, or there is nothing
    /// to take back.
    pub(super) fn clears_up(&self, what: &str, span: Span) -> bool {
        let function = self.types.function(self.frame.function);
        let leaves = matches!(function.name, "__exit__" | "__aexit__") && function.class.is_some();
        gives_up(what) && (leaves || Types::is_dead(&function.clears_up, span))
    }

    /// Whether nothing in front of `span` has used what is rolled back there: where no transaction has begun, nothing is
    /// sent, and where a caller has begun one, what did that has waited as well.
    pub(super) fn has_begun_nothing(&self, call: &'a ast::ExprCall, span: Span) -> bool {
        let Expr::Attribute(method) = &*call.func else { return false };
        let Some(root) = root(&method.value) else { return false };
        let function = self.types.function(self.frame.function);
        let is_of_module = !function.bindings.contains_key(root);
        let uses = |event: &&Event<'a>| match event.kind {
            EventKind::Call(other, _) if event.span.end <= span.start => {
                let mut given =
                    other.arguments.args.iter().chain(other.arguments.keywords.iter().map(|one| &one.value));
                self::root(&other.func) == Some(root)
                    || given.any(|one| self::root(one) == Some(root))
                    // A function of the project may use what the module holds.
                    || is_of_module
                        && self.types.value(&other.func, self.frame).iter().any(|callee| matches!(callee, Value::Function(_)))
            }
            EventKind::Enter(context, _) => self::root(context) == Some(root) && event.span.end <= span.start,
            _ => false,
        };
        !function.events.iter().any(|event| uses(&event))
    }

    /// Whether `span` runs only if `process.poll()` gave something.
    pub(super) fn has_ended(&self, process: &'a Expr, span: Span) -> bool {
        let function = self.types.function(self.frame.function);
        let around = |region: Span| region.start <= span.start && span.end <= region.end;
        function.conditions.iter().filter(|condition| around(condition.region)).any(|condition| {
            let Expr::Compare(compare) = condition.test else { return false };
            let (&[op], [Expr::NoneLiteral(_)]) = (&*compare.ops, &*compare.comparators) else { return false };
            let gave = matches!((op, condition.holds), (CmpOp::IsNot, true) | (CmpOp::Is, false));
            let is_code = |expr: &Expr| match expr {
                Expr::Attribute(code) => code.attr.as_str() == "returncode" && is_same(&code.value, process),
                _ => false,
            };
            gave && (is_code(&compare.left) || self.polls(&compare.left, process))
        })
    }

    /// Whether the function waits for the end of a process before `span`, and begins no other one since.
    pub(super) fn was_waited_for(&self, process: &'a Expr, span: Span) -> bool {
        let waits = |event: &Event<'a>| match event.kind {
            EventKind::Call(call, _) if event.span.end <= span.start => match &*call.func {
                Expr::Attribute(method) => method.attr.as_str() == "wait" && is_same(&method.value, process),
                _ => false,
            },
            _ => false,
        };
        let function = self.types.function(self.frame.function);
        function.events.iter().rev().find(|event| waits(event)).is_some_and(|event| {
            let between = |at: usize| event.span.end <= at && at <= span.start;
            let written = |other: &Event<'a>| {
                matches!(other.kind, EventKind::Write(target) if is_same(target, process)) && between(other.span.start)
            };
            let bound = match process {
                Expr::Name(name) => {
                    function.bindings.get(name.id.as_str()).into_iter().flatten().any(|one| between(one.at))
                }
                _ => false,
            };
            !bound && !function.events.iter().any(written)
        })
    }

    /// Whether `span` runs only if `select` said that there is something to read:
    /// `if select.select([pipe], [], [], 0)[0]:`, `if pipe in ready:`.
    pub(super) fn is_ready(&self, object: &'a Expr, span: Span) -> bool {
        let function = self.types.function(self.frame.function);
        let mut around = function.conditions.iter().filter(|one| one.region.contains(span.start) && one.holds);
        around.any(|one| match one.test {
            Expr::Compare(compare) => match (&*compare.ops, &*compare.comparators) {
                ([CmpOp::In], [ready]) => is_same(&compare.left, object) && self.is_of_select(ready, object),
                _ => false,
            },
            test => self.is_of_select(test, object),
        })
    }

    /// Whether an expression is what `select` gives for objects of which one is this.
    fn is_of_select(&self, expr: &'a Expr, object: &Expr) -> bool {
        match expr {
            Expr::Call(call) => {
                let Some(Expr::List(read)) = call.arguments.args.first() else { return false };
                last_name(&call.func) == "select" && read.elts.iter().any(|one| is_same(one, object))
            }
            Expr::Subscript(part) => self.is_of_select(&part.value, object),
            Expr::Name(name) => {
                let function = self.types.function(self.frame.function);
                let Some(bindings) = function.bindings.get(name.id.as_str()) else { return false };
                visible(bindings, span_of(name).start).iter().any(|binding| match binding.bound {
                    Bound::Value { value: Some(value @ (Expr::Call(_) | Expr::Subscript(_))), .. }
                    | Bound::Unpacked(value @ Expr::Call(_), 0) => self.is_of_select(value, object),
                    _ => false,
                })
            }
            _ => false,
        }
    }

    /// Whether the answer of a method is there already: `future.result()` under `if future.done():`, `queue.get()` under
    /// `while not queue.empty():`, after `while not future.done():` or after `await asyncio.wrap_future(future)`.
    pub(super) fn is_known_to_be_over(&self, method: &str, object: &'a Expr, span: Span) -> bool {
        let asked: Vec<_> = QUESTIONS.iter().filter(|(known, ..)| *known == method).collect();
        if asked.is_empty() {
            return false;
        }
        let function = self.types.function(self.frame.function);
        let answer = |test: &'a Expr, holds: bool| {
            let Expr::Call(call) = counted(test) else { return None };
            let Expr::Attribute(method) = &*call.func else { return None };
            let mut asked = asked.iter().filter(|(_, question, _)| method.attr.as_str() == *question);
            asked.next().filter(|_| is_same(&method.value, object)).map(|(.., over)| holds == *over)
        };
        let mut around = function.conditions.iter().filter(|one| one.region.contains(span.start));
        let is_over = |event: &Event<'a>| match event.kind {
            EventKind::Call(call, true) => {
                last_name(&call.func) == "wrap_future"
                    && event.span.end <= span.start
                    && call.arguments.args.first().is_some_and(|given| is_same(given, object))
            }
            // A future that the function itself gives its result.
            EventKind::Call(call, false) if asked.iter().any(|(_, question, _)| *question == "done") => {
                let Expr::Attribute(gives) = &*call.func else { return false };
                matches!(gives.attr.as_str(), "set_result" | "set_exception")
                    && event.span.end <= span.start
                    && function.always_reaches(event.span)
                    && is_same(&gives.value, object)
            }
            _ => false,
        };
        around.any(|one| said(one.test, one.holds, &answer) == Some(true)) || function.events.iter().any(is_over)
    }

    /// The parts of a method of a thread that run only before it is started, or after it has ended: what then is done
    /// in its place, as long as nothing there starts it.
    pub(super) fn while_stopped(&self) -> Vec<Span> {
        let function = self.types.function(self.frame.function);
        let Some(index) = function.class.filter(|_| !function.conditions.is_empty()) else { return Vec::new() };
        let of_self = |call: &ast::ExprCall, name: &str| match &*call.func {
            Expr::Attribute(method) => {
                method.attr.as_str() == name
                    && matches!(&*method.value, Expr::Name(object) if function.parameters.first().is_some_and(|first| first.name == object.id.as_str()))
            }
            _ => false,
        };
        let asks = |test: &'a Expr, holds: bool| match test {
            Expr::Call(call) if of_self(call, "is_alive") => Some(holds),
            _ => None,
        };
        let stopped = function.conditions.iter().filter(|one| said(one.test, one.holds, &asks) == Some(false));
        let regions: Vec<Span> = stopped.map(|one| one.region).collect();
        let is_thread = || {
            let class = ClassId { file: self.frame.function.file, index };
            self.types.library_bases(class).iter().any(|base| base.ends_with(".Thread") || base.ends_with(".Process"))
        };
        let starts = |region: &Span| {
            function.events.iter().any(|event| match event.kind {
                EventKind::Call(call, _) => region.contains(event.span.start) && of_self(call, "start"),
                _ => false,
            })
        };
        if regions.is_empty() || !is_thread() {
            return Vec::new();
        }
        regions.into_iter().filter(|region| !starts(region)).collect()
    }

    fn polls(&self, expr: &'a Expr, process: &Expr) -> bool {
        match expr {
            Expr::Call(call) => matches!(&*call.func, Expr::Attribute(attribute)
                if attribute.attr.as_str() == "poll" && is_same(&attribute.value, process)),
            Expr::Named(named) => self.polls(&named.value, process),
            Expr::Name(name) => {
                let function = self.types.function(self.frame.function);
                let Some(bindings) = function.bindings.get(name.id.as_str()) else { return false };
                let seen = visible(bindings, span_of(name).start);
                let [binding] = *seen else { return false };
                match binding.bound {
                    Bound::Value { value: Some(value @ Expr::Call(_)), .. } => self.polls(value, process),
                    _ => false,
                }
            }
            _ => false,
        }
    }
}

/// Whether both name the same thing, as far as the text shows.
fn is_same(one: &Expr, other: &Expr) -> bool {
    match (one, other) {
        (Expr::Name(one), Expr::Name(other)) => one.id == other.id,
        (Expr::Attribute(one), Expr::Attribute(other)) => {
            one.attr.as_str() == other.attr.as_str() && is_same(&one.value, &other.value)
        }
        _ => false,
    }
}

/// What a condition asks to be more than nothing: `x` of `x > 0`, `x >= 1`, `x != 0`.
fn counted(test: &Expr) -> &Expr {
    let Expr::Compare(compare) = test else { return test };
    let least = |number: &Expr| match number {
        Expr::NumberLiteral(number) => match &number.value {
            ast::Number::Int(number) => number.as_u64(),
            _ => None,
        },
        _ => None,
    };
    match (&*compare.ops, &*compare.comparators) {
        ([CmpOp::Gt | CmpOp::NotEq], [number]) if least(number) == Some(0) => &compare.left,
        ([CmpOp::GtE], [number]) if least(number) == Some(1) => &compare.left,
        _ => test,
    }
}
