//! Calls of asyncio that plain handlers reach, in threads where no loop runs.
//!
//! A call that is ready to fail, inside `try`, or that comes after the function has made a loop of its
//! own, says nothing.

use std::collections::{BTreeMap, VecDeque};

use super::blocking::Entry;
use super::{Context, Hop, LoopCall};
use crate::python::calls::{Event, EventKind};
use crate::python::effects::{Effects, Step};
use crate::python::names::Bound;
use crate::python::syntax::ast::{self, CmpOp, Expr, Stmt};
use crate::python::syntax::{Module, span_of, visitor};
use crate::python::types::{Frame, FunctionId, Types, Value, said};
use crate::source::{FileId, Place, Span};
use crate::values::HashSet;
use crate::values::Order as _;

/// Calls that ask for the loop that runs in this thread.
const ASKS: [&str; 5] = [
    "asyncio.create_task",
    "asyncio.ensure_future",
    "asyncio.get_running_loop",
    "asyncio.current_task",
    "asyncio.get_event_loop",
];

/// Calls that run a loop of their own.
const STARTS: [&str; 3] = ["asyncio.run", "asyncio.runners.run", "asgiref.sync.async_to_sync"];

/// Calls that make a loop, so that asking for one is answered.
const MAKES: [&str; 2] = ["new_event_loop", "set_event_loop"];

/// For each node, the handler that it is reached from, and the node and the call before it.
pub(super) type Ways = BTreeMap<usize, (usize, Option<(usize, Span)>)>;

/// Every such call below the plain handlers, each with the nearest of them.
pub(super) fn find(
    effects: &Effects<'_, '_>,
    entries: &[Entry<'_>],
    modules: &BTreeMap<FileId, Module>,
) -> Vec<LoopCall> {
    let types = effects.types();
    let plain = |entry: &Entry<'_>| {
        matches!(entry.found.context, Context::Thread(_) | Context::Worker | Context::Greenlet)
            && !types.function(entry.found.frame.function).is_async
    };
    let stays = |step: &Step| !types.function(effects.node(step.to).frame.function).is_async;
    let mut found: BTreeMap<(FunctionId, Span), LoopCall> = BTreeMap::new();
    walk(effects, entries, plain, stays, |node, entry, seen| {
        let frame = effects.node(node).frame;
        for (what, span, starts) in calls(types, frame) {
            found.entry((frame.function, span)).or_insert_with(|| LoopCall {
                what,
                call: Place::new(types.facts_at(frame.function.file).file, span),
                starts,
                chain: chain(effects, seen, node, span),
                surely: is_sure(effects, seen, node, span),
                handler: (entry.handler.name.clone(), entry.handler.place),
                runs: entry.found.context,
            });
        }
    });
    let mut all: Vec<LoopCall> = found.into_values().collect();
    all.retain(|call| {
        call.starts || !modules.get(&call.call.file).is_some_and(|module| is_tried(module, call.call.span))
    });
    all.order_by_key(|call| call.call);
    all
}

/// The functions that, run in a thread, would ask for a loop that is not there, themselves or in what they call.
pub(super) fn asking(effects: &Effects<'_, '_>) -> HashSet<FunctionId> {
    let types = effects.types();
    let nodes = || effects.nodes().iter().zip(0..).filter(|(node, _)| !node.in_thread);
    let mut callers: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    let mut open: Vec<usize> = Vec::new();
    for (node, at) in nodes() {
        for step in node.steps.iter().filter(|step| !step.left) {
            callers.entry(step.to).or_default().push(at);
        }
        if calls(types, node.frame).iter().any(|(_, _, starts)| !starts) {
            open.push(at);
        }
    }
    let mut seen: HashSet<usize> = open.iter().copied().collect();
    while let Some(at) = open.pop() {
        // What a coroutine function calls stays on the loop, unless it is made plain itself.
        if types.function(effects.node(at).frame.function).is_async {
            continue;
        }
        open.extend(callers.get(&at).into_iter().flatten().copied().filter(|&caller| seen.insert(caller)));
    }
    seen.into_iter().map(|at| effects.node(at).frame.function).collect()
}

/// Goes from the entries that `begins` picks along the steps that `goes_on` lets through, the nearest first, and
/// shows each node once, with the entry that it is reached from and the ways that are known by then.
pub(super) fn walk(
    effects: &Effects<'_, '_>,
    entries: &[Entry<'_>],
    begins: impl Fn(&Entry<'_>) -> bool,
    goes_on: impl Fn(&Step) -> bool,
    mut visit: impl FnMut(usize, &Entry<'_>, &Ways),
) {
    let mut seen = Ways::new();
    let mut open = VecDeque::new();
    for (at, entry) in entries.iter().enumerate().filter(|(_, entry)| begins(entry)) {
        if seen.insert(entry.node, (at, None)).is_none() {
            open.push_back(entry.node);
        }
    }
    while let Some(node) = open.pop_front() {
        let Some(&(at, _)) = seen.get(&node) else { continue };
        let Some(entry) = entries.get(at) else { continue };
        visit(node, entry, &seen);
        for step in effects.node(node).steps.iter().filter(|step| goes_on(step)) {
            seen.entry(step.to).or_insert_with(|| {
                open.push_back(step.to);
                (at, Some((node, step.span)))
            });
        }
    }
}

/// Whether every run of the handler that gets to the first step of a way goes all of it: what stands behind conditions
/// of others may be what they do on the loop.
fn is_sure(effects: &Effects<'_, '_>, seen: &Ways, end: usize, span: Span) -> bool {
    let function = |node: usize| effects.types().function(effects.node(node).frame.function);
    let doubts = |node: usize, to: usize, span: Span| {
        let mut steps = effects.node(node).steps.iter();
        steps.any(|step| step.to == to && step.span == span && step.doubts > 0)
    };
    let (mut at, mut span) = (end, span);
    while let Some((_, Some((caller, call)))) = seen.get(&at) {
        if !function(at).always_reaches(span) || doubts(*caller, at, *call) {
            return false;
        }
        (at, span) = (*caller, *call);
    }
    true
}

/// Whether a part runs only where a variable of the context says something, which one that a coroutine sets does not
/// in a thread.
fn asks_context(types: &Types<'_>, frame: Frame, part: Span) -> bool {
    let is_variable = |name: &str| {
        let sources = types.sources(name, frame, usize::MAX - 1);
        sources.iter().any(|(bound, _)| match bound {
            Bound::Value { value: Some(Expr::Call(made)), .. } => {
                let made = if let Expr::Subscript(generic) = &*made.func { &*generic.value } else { &*made.func };
                last_name(made) == "ContextVar"
            }
            _ => false,
        })
    };
    let reads = |value: &Expr| match value {
        Expr::Call(call) => match &*call.func {
            Expr::Attribute(method) if method.attr.as_str() == "get" => {
                matches!(&*method.value, Expr::Name(name) if is_variable(name.id.as_str()))
            }
            _ => false,
        },
        _ => false,
    };
    let function = types.function(frame.function);
    let is_there = |test: &Expr, holds: bool| {
        let (asked, is_there) = match test {
            Expr::Compare(compare) => match (&*compare.ops, &*compare.comparators) {
                ([CmpOp::Is], [Expr::NoneLiteral(_)]) => (&*compare.left, !holds),
                ([CmpOp::IsNot], [Expr::NoneLiteral(_)]) => (&*compare.left, holds),
                _ => return None,
            },
            other => (other, holds),
        };
        let asks = match asked {
            Expr::Named(named) => reads(&named.value),
            Expr::Name(name) => {
                let bindings = function.bindings.get(name.id.as_str()).into_iter().flatten();
                let mut values = bindings.filter_map(|binding| match binding.bound {
                    Bound::Value { value, .. } => value,
                    _ => None,
                });
                values.any(reads)
            }
            other => reads(other),
        };
        (is_there && asks).then_some(())
    };
    let mut around = function.conditions.iter().filter(|one| one.region.contains(part.start));
    around.any(|one| said(one.test, one.holds, &is_there).is_some())
}

pub(super) fn chain(effects: &Effects<'_, '_>, seen: &Ways, end: usize, span: Span) -> Vec<Hop> {
    let types = effects.types();
    let hop = |node: usize, span: Span| {
        let function = effects.node(node).frame.function;
        Hop {
            place: Place::new(types.facts_at(function.file).file, span),
            function: types.function(function).qualified.clone(),
            is_async: types.function(function).is_async,
        }
    };
    let mut hops = vec![hop(end, span)];
    let mut at = end;
    while let Some((_, Some((caller, span)))) = seen.get(&at) {
        hops.push(hop(*caller, *span));
        at = *caller;
    }
    hops.reverse();
    hops
}

/// The calls of one function that need a loop or start one: name, place, whether it starts one.
fn calls(types: &Types<'_>, frame: Frame) -> Vec<(String, Span, bool)> {
    let function = types.function(frame.function);
    if function.is_async {
        return Vec::new();
    }
    let makes_one =
        |event: &Event<'_>| matches!(event.kind, EventKind::Call(call, _) if MAKES.contains(&last_name(&call.func)));
    let makes = function.events.iter().any(makes_one);
    let mut found = Vec::new();
    let dead = types.dead(frame);
    for event in function.events.iter().filter(|event| !Types::is_dead(&dead, event.span)) {
        let EventKind::Call(call, _) = event.kind else { continue };
        if !plausible(last_name(&call.func)) {
            continue;
        }
        for value in types.value(&call.func, frame).iter() {
            let Value::External(name) = value else { continue };
            if STARTS.contains(&&**name) {
                found.push((name.to_string(), event.span, true));
            } else if ASKS.contains(&&**name) && !makes && !has_loop(call) && !asks_context(types, frame, event.span) {
                found.push((name.to_string(), event.span, false));
            }
        }
        if last_name(&call.func) == "run_until_complete" {
            found.push(("run_until_complete".to_owned(), event.span, true));
        }
    }
    found
}

fn plausible(name: &str) -> bool {
    let last = |known: &&str| known.rsplit('.').next() == Some(name);
    name == "run_until_complete" || ASKS.iter().chain(&STARTS).any(last)
}

/// `ensure_future(coroutine, loop=loop)` asks nobody.
fn has_loop(call: &ast::ExprCall) -> bool {
    call.arguments.keywords.iter().any(|keyword| keyword.arg.as_ref().is_some_and(|arg| arg == "loop"))
}

pub(super) fn last_name(callee: &Expr) -> &str {
    match callee {
        Expr::Attribute(attribute) => attribute.attr.as_str(),
        Expr::Name(name) => name.id.as_str(),
        _ => "",
    }
}

/// Whether a call stands in a `try` that expects it to fail.
pub(super) fn is_tried(module: &Module, span: Span) -> bool {
    struct Tries {
        span: Span,
        found: bool,
    }
    impl<'a> visitor::Visitor<'a> for Tries {
        fn visit_stmt(&mut self, statement: &'a Stmt) {
            let holds = |statement: &Stmt| {
                let own = span_of(statement);
                own.start <= self.span.start && self.span.end <= own.end
            };
            if self.found || !holds(statement) {
                return;
            }
            if let Stmt::Try(attempt) = statement {
                self.found = !attempt.handlers.is_empty() && attempt.body.iter().any(holds);
            }
            visitor::walk_stmt(self, statement);
        }

        fn visit_expr(&mut self, _: &'a Expr) {}
    }
    let mut tries = Tries { span, found: false };
    visitor::Visitor::visit_body(&mut tries, &module.body);
    tries.found
}
