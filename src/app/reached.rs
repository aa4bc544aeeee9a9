//! What handlers call that takes time, wherever they run.

use std::collections::{BTreeMap, BTreeSet, hash_map::Entry};

use super::blocking;
use super::{Context, Evidence, Reached, Workload, limits};
use crate::python::catalogue::{Category, Weight};
use crate::python::effects::{Chain, Effects};
use crate::python::types::FunctionId;
use crate::source::{Place, Span};
use crate::values::HashMap;
use crate::values::Order as _;

/// How many handlers of one call are named.
const MAX_NAMED: usize = 40;

/// A call: the function that it stands in, where, and of what.
type Call = (FunctionId, Span, String);
/// The handlers that were counted for a call.
type Handlers<'e> = BTreeSet<(Place, &'e str)>;

/// Every call below the handlers, start-up left out; in the order of files and lines.
pub(super) fn reached(
    effects: &Effects<'_, '_>,
    entries: &[blocking::Entry<'_>],
    chains: &[Vec<Chain>],
) -> Vec<Reached> {
    let types = effects.types();
    let mut found: BTreeMap<Call, (Reached, Handlers<'_>)> = BTreeMap::new();
    for (entry, chains) in entries.iter().zip(chains).filter(|(entry, _)| entry.found.context != Context::StartUp) {
        for chain in chains {
            let node = effects.node(chain.end);
            for sink in &node.sinks {
                let key = (node.frame.function, sink.span, sink.what.clone());
                let (known, told) = found.entry(key).or_insert_with(|| {
                    let limits::Known { limit, destination, .. } = limits::of(types, node.frame, sink, &[]);
                    let reached = Reached {
                        what: sink.what.clone(),
                        call: Place::new(types.facts_at(node.frame.function.file).file, sink.span),
                        library: sink.effect.library,
                        category: sink.effect.category,
                        weight: sink.effect.weight,
                        limit,
                        timeout: sink.effect.timeout,
                        gevent: sink.effect.gevent,
                        gevent_setup: sink.effect.gevent_setup,
                        destination,
                        handlers: Vec::new(),
                        handler_count: 0,
                        contexts: BTreeSet::new(),
                        doubtful: true,
                    };
                    (reached, BTreeSet::new())
                });
                known.doubtful &= chain.doubts > 0 || sink.doubtful;
                known.contexts.insert(entry.found.context);
                // Several ways may lead from one handler to the same call.
                if !told.insert((entry.handler.place, entry.handler.name.as_str())) {
                    continue;
                }
                known.handler_count += 1;
                if known.handlers.len() < MAX_NAMED {
                    known.handlers.push((entry.handler.name.clone(), entry.handler.place, entry.found.context));
                }
            }
        }
    }
    let mut all: Vec<Reached> = found.into_values().map(|(reached, _)| reached).collect();
    for reached in &mut all {
        reached.handlers.order_by(|a, b| (a.1, &a.0).cmp(&(b.1, &b.0)));
        reached.handlers.dedup();
    }
    all.order_by(|a, b| (a.call, &a.what).cmp(&(b.call, &b.what)));
    all
}

/// What all handlers, wherever they run, spend their time on: one piece of evidence per function and
/// category.
pub(super) fn workload(reached: &[Reached], streams: Vec<Evidence>) -> Workload {
    let mut workload = Workload { streams, ..Workload::default() };
    let mut known: HashMap<(u8, &str, &str), usize> = HashMap::default();
    for call in reached {
        let evidence = Evidence {
            what: call.what.clone(),
            place: call.call,
            category: call.category,
            handler: call.handlers.first().map(|(name, ..)| name.clone()).unwrap_or_default(),
            handlers: call.handler_count,
        };
        let (list, kind) = if waits_outside(call.category) {
            (&mut workload.waits, 0)
        } else if call.category == Category::Cpu && call.weight > Weight::Slight {
            (&mut workload.computes, 1)
        } else {
            continue;
        };
        let handler = call.handlers.first().map_or("", |(name, ..)| name.as_str());
        match known.entry((kind, &call.what, handler)) {
            Entry::Occupied(at) => {
                let known: &mut Evidence = &mut list[*at.get()];
                known.handlers = known.handlers.max(evidence.handlers);
            }
            Entry::Vacant(at) => {
                at.insert(list.len());
                list.push(evidence);
            }
        }
    }
    workload
}

/// Whether a category stands for waiting, for however short a time: a row that was fetched before
/// still came from somewhere.
fn waits_outside(category: Category) -> bool {
    !matches!(category, Category::Cpu | Category::File | Category::Lock | Category::EventLoop | Category::Input)
}
