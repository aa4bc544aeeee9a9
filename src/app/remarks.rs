//! What a project says about some places alone, and what of the analysis that tells apart.
//!
//! Calls of one root cause are told together. A comment at one of them, settings for one file or a list of what is known
//! speak about those calls and no others, so that only calls of which the same is said may stand for each other. What it
//! is that is said, and what follows from that, is not known here: it is a number, and 0 says nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::blocking::Entry;
use crate::python::effects::{Effects, Part};
use crate::python::types::Frame;
use crate::source::{Place, Span};

/// How many different remarks are told apart; nobody makes so many.
const MAX_TOLD_APART: usize = 12;

/// Answers what is said about a place.
type Ask<'a> = &'a (dyn Fn(Place) -> u64 + Sync);

/// What a project says about some of its places.
#[derive(Clone, Copy)]
pub struct Remarks<'a> {
    /// About one at which the loop stands still.
    pub line: Ask<'a>,
    /// About a blocking call that others lead to.
    pub call: Ask<'a>,
}

impl fmt::Debug for Remarks<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Remarks")
    }
}

/// What is said about each place of the graph that matters.
#[derive(Default)]
struct Said {
    /// By node and index: calls at which the loop stands still.
    lines: BTreeMap<(usize, usize), u64>,
    /// Blocking operations at which it stands still.
    own: BTreeMap<(usize, usize), u64>,
    /// Blocking operations that others lead to.
    calls: BTreeMap<(usize, usize), u64>,
}

/// The parts of the graph that are told one by one, each with what is said about its lines and its calls. All of it is
/// one part where nothing is said.
pub(super) fn parts(
    effects: &Effects<'_, '_>,
    entries: &[&Entry<'_>],
    remarks: Option<Remarks<'_>>,
) -> Vec<(Part, (u64, u64))> {
    let whole = || vec![(Part::default(), (0, 0))];
    let Some(remarks) = remarks else { return whole() };
    let said = said(effects, entries, remarks);
    let told = |one: &[&BTreeMap<(usize, usize), u64>]| -> BTreeSet<u64> {
        one.iter().flat_map(|all| all.values().copied()).chain([0]).collect()
    };
    let lines: Vec<u64> = told(&[&said.lines, &said.own]).into_iter().take(MAX_TOLD_APART).collect();
    let calls: Vec<u64> = told(&[&said.calls]).into_iter().take(MAX_TOLD_APART).collect();
    if lines.len() == 1 && calls.len() == 1 {
        return whole();
    }
    let known = |all: &[u64], said: u64| if all.contains(&said) { said } else { 0 };
    let mut parts = Vec::new();
    for &line in &lines {
        for &call in &calls {
            let mut part = Part::default();
            for (&(node, index), _) in said.lines.iter().filter(|(_, said)| known(&lines, **said) != line) {
                part.leave_step(node, index);
            }
            // Where the loop stands still at the call itself, what is said of the line is all there is.
            for (&(node, index), _) in said.own.iter().filter(|(_, said)| call != 0 || known(&lines, **said) != line) {
                part.leave_sink(node, index);
            }
            for (&(node, index), _) in said.calls.iter().filter(|(_, said)| known(&calls, **said) != call) {
                part.leave_sink(node, index);
            }
            parts.push((part, (line, call)));
        }
    }
    parts
}

fn said(effects: &Effects<'_, '_>, entries: &[&Entry<'_>], remarks: Remarks<'_>) -> Said {
    let nodes = effects.nodes();
    let types = effects.types();
    let is_async = |node: usize| types.function(effects.node(node).frame.function).is_async;
    // A plain function that the loop calls is where it stands still, unless coroutines call it as well.
    let mut is_entered = vec![false; nodes.len()];
    let mut is_called = vec![false; nodes.len()];
    for entry in entries.iter().filter(|entry| entry.on_loop) {
        is_entered[entry.node] = true;
    }
    for step in nodes.iter().flat_map(|node| &node.steps) {
        if step.left {
            is_entered[step.to] = true;
        } else {
            is_called[step.to] = true;
        }
    }
    let place = |frame: Frame, span: Span| Place::new(types.facts_at(frame.function.file).file, span);
    let mut said = Said::default();
    for (at, node) in nodes.iter().enumerate() {
        let stands = is_async(at) || is_entered[at] && !is_called[at];
        if stands {
            let leads_on = |to: usize| !is_async(to);
            for (index, step) in node.steps.iter().enumerate().filter(|(_, step)| !step.left && leads_on(step.to)) {
                said.lines.insert((at, index), (remarks.line)(place(node.frame, step.span)));
            }
        }
        for (index, sink) in node.sinks.iter().enumerate() {
            let place = place(node.frame, sink.span);
            if stands {
                said.own.insert((at, index), (remarks.line)(place));
            } else {
                said.calls.insert((at, index), (remarks.call)(place));
            }
        }
    }
    said
}
