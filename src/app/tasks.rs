//! What runs beside requests, and what only looks as if it did.
//!
//! Coroutines that an application leaves running when it starts share the loop with requests. A callback that plain
//! code gives to the loop before it runs is start-up: no request has come in yet.

use std::collections::{BTreeMap, BTreeSet};

use crate::python::calls::{EventKind, last_name};
use crate::python::effects::Effects;
use crate::python::frameworks::{Context, Found, Framework, Role};
use crate::python::syntax::ast::Expr;
use crate::python::types::{Frame, FunctionId, Types, Value};

/// Methods that serve until somebody stops them, on the loop that awaits them, by the beginning and the end of their
/// class.
const SERVES: [(&str, &str, &str); 5] = [
    ("serve", "uvicorn.", "Server"),
    ("start", "aiohttp.", "TCPSite"),
    ("start", "aiohttp.", "UnixSite"),
    ("start", "aiohttp.", "SockSite"),
    ("run_task", "quart.", "Quart"),
];
/// What speaks against a task that blocks once in the life of the process: few requests ever wait for it.
const ONCE: u8 = 2;
/// How many functions below a task are looked at.
const MAX_BELOW: usize = 400;
/// How many functions around the one that serves are looked at.
const MAX_AROUND: usize = 12;

/// Adds the tasks to what the framework calls that start-up code leaves running, or the code that serves.
pub(super) fn left_running(
    effects: &mut Effects<'_, '_>,
    loaded: &[u32],
    found: &mut Vec<Found>,
    nodes: &mut Vec<usize>,
) {
    let start_up = found.iter().zip(nodes.iter()).filter(|(found, _)| found.context == Context::StartUp);
    let mut open: Vec<usize> = start_up.map(|(_, &node)| node).collect();
    let around = around_serving(effects.types(), loaded);
    let before = open.len();
    open.extend(around.iter().map(|&function| effects.explore(effects.types().plain(function))));
    let mut seen: BTreeSet<usize> = open.iter().copied().collect();
    let mut open: Vec<(usize, u8, bool)> = (0..).zip(open).map(|(at, node)| (node, 0, at >= before)).collect();
    let mut spawned: BTreeMap<Frame, u8> = BTreeMap::new();
    let mut joined: BTreeMap<Frame, (u8, bool)> = BTreeMap::new();
    while let Some((node, doubts, serving)) = open.pop() {
        let node = effects.node(node);
        for &frame in &node.joined {
            let known = joined.entry(frame).or_insert((doubts, serving));
            *known = (doubts.min(known.0), serving || known.1);
        }
        for &(frame, more) in &node.spawned {
            let doubts = doubts.max(more);
            spawned.entry(frame).and_modify(|known| *known = doubts.min(*known)).or_insert(doubts);
        }
        for step in &node.steps {
            if seen.insert(step.to) {
                open.push((step.to, doubts.max(effects.types().switched_at(node.frame, step.span)), serving));
            }
        }
    }
    // What the start waits for is over when requests come, unless it goes on and on. What is waited for beside
    // the server may go on until there is nothing left to do.
    for (frame, (doubts, serving)) in joined {
        if goes_on(effects, frame, serving) {
            spawned.entry(frame).and_modify(|known| *known = doubts.min(*known)).or_insert(doubts);
        }
    }
    // What comes before serving in a coroutine that serves delays nobody, whoever leaves that one running, nor does
    // what one does that ends the loop.
    let delays =
        |(frame, _): &(Frame, u8)| !around.contains(&frame.function) && !stops_loop(effects.types(), frame.function);
    let spawned: Vec<(Frame, u8)> = spawned.into_iter().filter(delays).collect();
    for (frame, doubts) in spawned {
        let doubts = if waits_for_end(effects.types(), frame.function) { doubts.max(ONCE) } else { doubts };
        nodes.push(effects.explore(frame));
        let (function, framework) = (frame.function, Framework::Unknown);
        let (role, context) = (Role::Background, Context::Loop);
        found.push(Found {
            frame,
            function,
            framework,
            role,
            context,
            route: None,
            reads: true,
            told_once_by: None,
            doubts,
            switch: None,
        });
    }
}

/// Whether a task, or what it calls, goes on for as long as something holds, or serves: until somebody stops it, or
/// by itself too where that `counts`.
fn goes_on(effects: &mut Effects<'_, '_>, frame: Frame, counts: bool) -> bool {
    let mut open = vec![effects.explore(frame)];
    let mut seen: BTreeSet<usize> = open.iter().copied().collect();
    while let Some(node) = open.pop() {
        let node = effects.node(node);
        let function = effects.types().function(node.frame.function);
        let goes_on = if counts { function.goes_on } else { function.is_endless };
        if goes_on && function.is_async || seen.len() > MAX_BELOW {
            return true;
        }
        // What it begins as a task of its own is not waited for.
        for step in node.steps.iter().filter(|step| !step.task) {
            if seen.insert(step.to) {
                open.push(step.to);
            }
        }
    }
    false
}

/// Whether a task does what it does once, and then waits until somebody ends it: `setup()`, `await stop.wait()`.
fn waits_for_end(types: &Types<'_>, function: FunctionId) -> bool {
    let function = types.function(function);
    let waits = |call: &Expr| call.is_attribute_expr() && last_name(call).starts_with("wait");
    !function.goes_on
        && !function.is_generator
        && function.events.iter().any(|event| match event.kind {
            EventKind::Call(call, true) => {
                waits(&call.func) && call.arguments.is_empty() && !function.repeats(event.span)
            }
            _ => false,
        })
}

/// Whether a function stops the loop that it runs on: `self.loop.stop()`.
fn stops_loop(types: &Types<'_>, function: FunctionId) -> bool {
    types.function(function).events.iter().any(|event| match event.kind {
        EventKind::Call(call, _) => match &*call.func {
            Expr::Attribute(method) => method.attr.as_str() == "stop" && names_a_loop(&method.value),
            _ => false,
        },
        _ => false,
    })
}

/// The coroutine functions that serve the application, and those that call them.
fn around_serving(types: &Types<'_>, loaded: &[u32]) -> Vec<FunctionId> {
    let mut found: Vec<FunctionId> = Vec::new();
    let mut next = 0;
    let functions = |file: u32| (0..).zip(&types.facts_at(file).functions).filter(|(_, function)| function.is_async);
    for &file in loaded {
        for (index, _) in functions(file) {
            let id = FunctionId { file, index };
            if found.len() < MAX_AROUND && serves(types, id) {
                found.push(id);
            }
        }
    }
    while let Some(&inner) = found.get(next) {
        next += 1;
        for &file in loaded {
            for (index, _) in functions(file) {
                let id = FunctionId { file, index };
                if found.len() < MAX_AROUND && !found.contains(&id) && leads(types, id, inner) {
                    found.push(id);
                }
            }
        }
    }
    found
}

/// Whether a function calls another one by its name.
fn leads(types: &Types<'_>, from: FunctionId, to: FunctionId) -> bool {
    types.function(from).events.iter().any(|event| match event.kind {
        EventKind::Call(call, _) if last_name(&call.func) == types.function(to).name => {
            let callees = types.value(&call.func, types.plain(from));
            callees.iter().any(|callee| matches!(callee, Value::Function(target) if target.function == to))
        }
        _ => false,
    })
}

/// Whether a function awaits a server.
fn serves(types: &Types<'_>, id: FunctionId) -> bool {
    types.function(id).events.iter().any(|event| {
        let EventKind::Call(call, true) = event.kind else { return false };
        let name = last_name(&call.func);
        let of_name = SERVES.iter().any(|(method, ..)| *method == name);
        of_name
            && types.value(&call.func, types.plain(id)).iter().any(|callee| match callee {
                Value::Member(class, path) => SERVES.iter().any(|(method, package, last)| {
                    **path == **method && class.starts_with(package) && class.ends_with(last)
                }),
                Value::External(name) => &**name == "hypercorn.asyncio.serve",
                _ => false,
            })
    })
}

/// Callbacks that run once count as start-up where the code that gives them to the loop stands next to the one that
/// starts it, and nothing that the loop runs calls it.
pub(super) fn before_serving(effects: &Effects<'_, '_>, found: &mut [Found], nodes: &[usize]) {
    if found.iter().all(|found| found.told_once_by.is_none()) {
        return;
    }
    let serving = found.iter().zip(nodes).filter(|(found, _)| found.told_once_by.is_none());
    let mut open: Vec<usize> = serving.map(|(_, &node)| node).collect();
    let mut seen: BTreeSet<usize> = open.iter().copied().collect();
    while let Some(node) = open.pop() {
        for step in &effects.node(node).steps {
            if seen.insert(step.to) {
                open.push(step.to);
            }
        }
    }
    let running: BTreeSet<FunctionId> = seen.into_iter().map(|node| effects.node(node).frame.function).collect();
    for found in found.iter_mut() {
        let Some(teller) = found.told_once_by else { continue };
        let is_before = starts_a_loop(effects, teller.file) && !is_within(effects, teller, &running);
        if found.context == Context::Loop && is_before {
            found.context = Context::StartUp;
            found.role = Role::LifeCycle;
        }
    }
}

/// Whether a module starts a loop that goes on until the process ends: `self.io_loop.start()`.
fn starts_a_loop(effects: &Effects<'_, '_>, file: u32) -> bool {
    effects.types().facts_at(file).calls.iter().any(|(_, call)| match &*call.func {
        Expr::Attribute(method) => {
            matches!(method.attr.as_str(), "start" | "run_forever") && names_a_loop(&method.value)
        }
        _ => false,
    })
}

fn names_a_loop(expr: &Expr) -> bool {
    match expr {
        Expr::Call(call) => names_a_loop(&call.func),
        Expr::Attribute(attribute) => is_loop(attribute.attr.as_str()) || names_a_loop(&attribute.value),
        Expr::Name(name) => is_loop(name.id.as_str()),
        _ => false,
    }
}

fn is_loop(name: &str) -> bool {
    name.to_ascii_lowercase().ends_with("loop")
}

/// Whether a function, or one around it, is among these.
fn is_within(effects: &Effects<'_, '_>, mut id: FunctionId, functions: &BTreeSet<FunctionId>) -> bool {
    while id.index != 0 {
        let function = effects.types().function(id);
        if functions.contains(&id) || function.is_async {
            return true;
        }
        id.index = function.parent;
    }
    false
}
