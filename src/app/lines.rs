//! Every line at which the loop is left waiting for the same call.
//!
//! The chain of a finding is one way to it. The same handler may take others, and so may coroutines in between: whoever
//! settles only the way that is shown is left with those. Ways that are less sure than that one are left out.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

use super::blocking::Site;
use crate::python::calls::EventKind;
use crate::python::effects::{Effects, Part, Step};
use crate::values::HashMap;

/// How many plain functions a way may lead through.
const MAX_HOPS: usize = 8;
/// How many functions are looked at for one call.
const MAX_LOOKED_AT: usize = 2_000;
/// How many lines are told of one call, beside those of the handlers' own chains.
const MAX_LINES: usize = 1_000;

/// What leads to the functions that block.
pub(super) struct Lines<'e, 't, 'a> {
    effects: &'e Effects<'t, 'a>,
    /// For each node, the nodes that call it, and how.
    callers: Vec<Vec<(usize, Step)>>,
    /// With how many doubts the loop gets to a node.
    begun: Vec<Option<usize>>,
    /// Whether the loop itself calls a node: a handler, or a callback.
    entered: Vec<bool>,
}

/// The lines of one call.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Calls in functions of the loop.
    pub(super) sites: BTreeSet<Site>,
    /// Calls in plain functions that those run.
    pub(super) hops: BTreeSet<Site>,
}

impl<'e, 't, 'a> Lines<'e, 't, 'a> {
    /// For what the loop calls at these nodes.
    pub(super) fn new(effects: &'e Effects<'t, 'a>, part: &Part, entries: impl Iterator<Item = usize>) -> Self {
        let nodes = effects.nodes();
        let mut callers: Vec<Vec<(usize, Step)>> = vec![Vec::new(); nodes.len()];
        let mut entered = vec![false; nodes.len()];
        for from in 0..nodes.len() {
            for step in effects.steps_in(from, part) {
                callers[step.to].push((from, *step));
                entered[step.to] |= step.left;
            }
        }
        let mut begun: Vec<Option<usize>> = vec![None; nodes.len()];
        let mut open = BinaryHeap::new();
        for entry in entries {
            entered[entry] = true;
            open.push(Reverse((0, entry)));
        }
        while let Some(Reverse((doubts, node))) = open.pop() {
            if begun[node].is_some() {
                continue;
            }
            begun[node] = Some(doubts);
            for step in effects.steps_in(node, part).filter(|step| begun[step.to].is_none()) {
                open.push(Reverse((doubts + usize::from(step.doubts), step.to)));
            }
        }
        Self { effects, callers, begun, entered }
    }

    /// The lines that lead to these nodes with no more doubts than that.
    pub(super) fn towards(&self, ends: &BTreeSet<usize>, doubts: usize) -> Found {
        let types = self.effects.types();
        let is_async = |node: usize| types.function(self.effects.node(node).frame.function).is_async;
        let mut found = Found::default();
        let mut best: HashMap<usize, usize> = HashMap::default();
        let mut open: BinaryHeap<Reverse<(usize, usize, usize)>> = BinaryHeap::new();
        for &end in ends.iter().filter(|end| !is_async(**end)) {
            open.push(Reverse((0, 0, end)));
        }
        while let Some(Reverse((cost, hops, node))) = open.pop() {
            if best.len() >= MAX_LOOKED_AT || found.sites.len() + found.hops.len() >= MAX_LINES {
                break;
            }
            if best.get(&node).is_some_and(|known| *known <= cost) {
                continue;
            }
            best.insert(node, cost);
            for &(caller, step) in self.callers.get(node).into_iter().flatten().filter(|(_, step)| !step.left) {
                let from = self.effects.node(caller);
                let Some(before) = self.begun[caller].filter(|_| !from.in_thread) else { continue };
                let cost = cost + usize::from(step.doubts);
                if before + cost > doubts {
                    continue;
                }
                let line = (from.frame, step.span);
                // A decorator that calls what it stands above is the way itself.
                let wraps = || types.wrapped(from.frame).map(|inner| inner.function);
                let is_way = !is_async(caller) && wraps() == Some(self.effects.node(node).frame.function);
                let is_told = !is_way && (is_async(caller) || self.entered[caller]);
                if is_told {
                    found.sites.insert(line);
                } else if !is_way && !self.is_read(line) {
                    found.hops.insert(line);
                }
                if !is_async(caller) && hops < MAX_HOPS {
                    open.push(Reverse((cost, hops + 1, caller)));
                }
            }
        }
        found
    }

    /// Whether a line only reads a property: one that asks is often asked once, and stands in many lines.
    fn is_read(&self, (frame, span): Site) -> bool {
        let events = &self.effects.types().function(frame.function).events;
        events.iter().any(|event| event.span == span && matches!(event.kind, EventKind::Read(_)))
    }
}
