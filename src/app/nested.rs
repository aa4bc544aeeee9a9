//! Calls that start an event loop in code that one runs.
//!
//! Followed from what the loop calls, through every call that means nothing else and stays on the loop. What a thread
//! runs has no loop, and a call that is expected to fail, inside `try`, says nothing.

use std::collections::BTreeMap;

use super::blocking::Entry;
use super::loops::{Ways, chain, is_tried, last_name, walk};
use super::{Context, LoopCall};
use crate::python::calls::EventKind;
use crate::python::effects::{Effects, Step};
use crate::python::syntax::Module;
use crate::python::syntax::ast::{self, Expr};
use crate::python::types::{Frame, FunctionId, Types, Value};
use crate::source::{FileId, Place, Span};

/// What makes a plain function of a coroutine function, which starts a loop when it is called.
const PLAIN: &str = "asgiref.sync.async_to_sync";

/// Every such call, each with the nearest handler.
pub(super) fn find(
    effects: &Effects<'_, '_>,
    entries: &[Entry<'_>],
    modules: &BTreeMap<FileId, Module>,
) -> Vec<LoopCall> {
    let types = effects.types();
    let on_a_loop =
        |entry: &Entry<'_>| matches!(entry.found.context, Context::Loop | Context::StartUp | Context::OwnLoop);
    let stays = |step: &Step| step.doubts == 0 && !effects.node(step.to).in_thread;
    let mut found: BTreeMap<(FunctionId, Span), LoopCall> = BTreeMap::new();
    walk(effects, entries, on_a_loop, stays, |node, entry, seen| {
        let frame = effects.node(node).frame;
        for (what, span) in calls(types, frame) {
            let call = Place::new(types.facts_at(frame.function.file).file, span);
            if modules.get(&call.file).is_some_and(|module| is_tried(module, span)) {
                continue;
            }
            found.entry((frame.function, span)).or_insert_with(|| LoopCall {
                what,
                call,
                starts: true,
                chain: chain(effects, seen, node, span),
                surely: is_sure(effects, seen, node, span),
                handler: (entry.handler.name.clone(), entry.handler.place),
                runs: entry.found.context,
            });
        }
    });
    found.into_values().collect()
}

/// Whether every run of the last coroutine on the way gets to the call.
fn is_sure(effects: &Effects<'_, '_>, seen: &Ways, end: usize, span: Span) -> bool {
    let function = |node: usize| effects.types().function(effects.node(node).frame.function);
    let (mut at, mut span) = (end, span);
    while !function(at).is_async {
        let Some((_, Some((caller, call)))) = seen.get(&at) else { break };
        if !function(at).always_reaches(span) {
            return false;
        }
        (at, span) = (*caller, *call);
    }
    true
}

/// The calls of one function that start a loop: name and place.
fn calls(types: &Types<'_>, frame: Frame) -> Vec<(String, Span)> {
    let function = types.function(frame.function);
    let dead = types.dead(frame);
    let mut found = Vec::new();
    for event in function.events.iter().filter(|event| !Types::is_dead(&dead, event.span)) {
        let EventKind::Call(call, _) = event.kind else { continue };
        let starts = |value: &Value<'_>| started(value, call);
        let callee = match &*call.func {
            Expr::Call(made) if last_name(&made.func) == "async_to_sync" => &*made.func,
            callee if matches!(last_name(callee), "run" | "run_until_complete") => callee,
            _ => continue,
        };
        // What may mean something else is no reason to speak.
        if let [only] = &*types.value(callee, frame)
            && let Some(what) = starts(only)
        {
            found.push((what, event.span));
        }
    }
    found
}

fn started(callee: &Value<'_>, call: &ast::ExprCall) -> Option<String> {
    match callee {
        Value::External(name) if call.func.is_call_expr() => (&**name == PLAIN).then(|| name.to_string()),
        Value::External(name) => {
            matches!(&**name, "asyncio.run" | "asyncio.runners.run").then(|| "asyncio.run".to_owned())
        }
        Value::Member(ty, method) => {
            let is_loop = &**ty == "asyncio.AbstractEventLoop" && &**method == "run_until_complete";
            is_loop.then(|| method.to_string())
        }
        _ => None,
    }
}
