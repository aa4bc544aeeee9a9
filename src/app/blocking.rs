//! Turns what handlers reach into one statement per root cause.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::{Blocking, Context, Evidence, Framework, Handler, Hop, Remedy, Role, Workload};
use crate::findings::Confidence;
use crate::python::catalogue::{Category, Weight};
use crate::python::effects::{Chain, Effects, Sink};
use crate::python::frameworks::Found;
use crate::python::types::{Frame, FunctionId};
use crate::source::{Place, Span};

/// How many functions a chain may hold before it counts as likely only.
const MAX_SURE_CHAIN: usize = 6;

/// A handler together with its node.
pub(super) struct Entry<'f> {
    pub(super) found: &'f Found,
    pub(super) handler: &'f Handler,
    pub(super) node: usize,
}

/// What is known of one root cause: a function that blocks in one way.
struct Cause {
    end: usize,
    chain: Chain,
    handlers: Vec<(String, Place)>,
    roles: Vec<Role>,
}

/// The blocking calls that handlers on the loop reach.
pub(super) fn blocking(effects: &Effects<'_, '_>, entries: &[Entry<'_>], framework: Framework) -> Vec<Blocking> {
    let may_block = effects.may_block();
    let mut causes: BTreeMap<(FunctionId, Category), Cause> = BTreeMap::new();
    for entry in entries.iter().filter(|entry| entry.found.context == Context::Loop) {
        for chain in effects.chains(entry.node, &may_block) {
            for category in categories(&effects.node(chain.end).sinks) {
                let function = effects.node(chain.end).frame.function;
                let cause = causes.entry((function, category)).or_insert_with(|| Cause {
                    end: chain.end,
                    chain: chain.clone(),
                    handlers: Vec::new(),
                    roles: Vec::new(),
                });
                let better = (chain.doubtful, chain.ways.len()) < (cause.chain.doubtful, cause.chain.ways.len());
                if better {
                    cause.chain = chain.clone();
                    cause.end = chain.end;
                }
                let handler = (entry.handler.name.clone(), entry.handler.place);
                if !cause.handlers.contains(&handler) {
                    cause.handlers.push(handler);
                }
                if !cause.roles.contains(&entry.found.role) {
                    cause.roles.push(entry.found.role);
                }
            }
        }
    }
    let handlers: BTreeMap<FunctionId, Role> =
        entries.iter().map(|entry| (entry.found.frame.function, entry.found.role)).collect();
    let report = Report { effects, framework, handlers };
    let all = causes.into_iter().filter_map(|((_, category), cause)| report.blocking(category, cause));
    let mut all = merged(all.collect());
    all.sort_by_key(|blocking| (blocking.call, blocking.category));
    all
}

/// One entry per function that leaves the loop waiting and per category: whoever makes it plain, or
/// gives it an asynchronous client, settles all of them. The likeliest, heaviest, nearest call leads.
fn merged(mut all: Vec<(FunctionId, Blocking)>) -> Vec<Blocking> {
    all.sort_by_key(|(anchor, b)| {
        (*anchor, b.category, Reverse(b.certainty), Reverse(b.weight), b.chain.len(), b.anchor, b.call)
    });
    let mut kept: Vec<(FunctionId, Blocking)> = Vec::new();
    for (anchor, next) in all {
        match kept.last_mut() {
            Some((known, first)) if *known == anchor && first.category == next.category => {
                if next.weight > Weight::Slight || first.weight == Weight::Slight {
                    first.more.push(next.call);
                    first.more.extend(next.more);
                }
                first.handlers.extend(next.handlers);
                first.roles.extend(next.roles);
            }
            _ => kept.push((anchor, next)),
        }
    }
    for (_, blocking) in &mut kept {
        let call = blocking.call;
        blocking.more.retain(|place| *place != call);
        sort_once(&mut blocking.more);
        sort_once(&mut blocking.roles);
        blocking.handlers.sort_by(|a, b| (a.1, &a.0).cmp(&(b.1, &b.0)));
        blocking.handlers.dedup();
    }
    kept.into_iter().map(|(_, blocking)| blocking).collect()
}

fn sort_once<T: Ord>(list: &mut Vec<T>) {
    list.sort();
    list.dedup();
}

fn categories(sinks: &[Sink]) -> Vec<Category> {
    // Of what is slight, only files say something about the code: encoding JSON is what handlers do.
    let told =
        sinks.iter().filter(|sink| sink.effect.weight > Weight::Slight || sink.effect.category == Category::File);
    let mut found: Vec<Category> = told.map(|sink| sink.effect.category).collect();
    found.sort();
    found.dedup();
    found
}

struct Report<'e, 't, 'a> {
    effects: &'e Effects<'t, 'a>,
    framework: Framework,
    handlers: BTreeMap<FunctionId, Role>,
}

impl Report<'_, '_, '_> {
    fn place(&self, frame: Frame, span: Span) -> Place {
        Place::new(self.effects.types().facts_at(frame.function.file).file, span)
    }

    fn blocking(&self, category: Category, cause: Cause) -> Option<(FunctionId, Blocking)> {
        let types = self.effects.types();
        let end = self.effects.node(cause.end);
        let sinks: Vec<&Sink> = end.sinks.iter().filter(|sink| sink.effect.category == category).collect();
        let weight = sinks.iter().map(|sink| sink.effect.weight).max()?;
        let sink = *sinks.iter().find(|sink| sink.effect.weight == weight)?;
        // Beside a call that matters, one that does not is no news.
        let alike = sinks.iter().filter(|other| other.effect.weight > Weight::Slight || weight == Weight::Slight);
        let more: Vec<Place> = alike.map(|sink| self.place(end.frame, sink.span)).collect();
        let call = self.place(end.frame, sink.span);
        let mut steps: Vec<(Frame, Span)> =
            cause.chain.ways.iter().map(|way| (self.effects.node(way.node).frame, way.span)).collect();
        steps.push((end.frame, sink.span));
        let chain: Vec<Hop> = steps
            .iter()
            .map(|&(frame, span)| Hop {
                place: self.place(frame, span),
                function: types.function(frame.function).qualified.clone(),
                is_async: types.function(frame.function).is_async,
            })
            .collect();
        let outer = steps.iter().rposition(|(frame, _)| types.function(frame.function).is_async).unwrap_or(0);
        let (anchor_frame, anchor_span) = steps[outer];
        // Each call on the way may stand behind a condition that is never met.
        let doubtful = cause.chain.doubtful || sink.doubtful || steps.len() > MAX_SURE_CHAIN;
        let blocking = Blocking {
            call,
            what: sink.what.clone(),
            category,
            weight,
            more,
            anchor: self.place(anchor_frame, anchor_span),
            direct: outer + 1 == steps.len(),
            chain,
            handlers: cause.handlers,
            roles: cause.roles,
            remedy: self.remedy(sink, anchor_frame.function, outer + 1 == steps.len()),
            certainty: if doubtful { Confidence::Medium } else { Confidence::High },
        };
        Some((anchor_frame.function, blocking))
    }

    fn remedy(&self, sink: &Sink, anchor: FunctionId, direct: bool) -> Remedy {
        let function = self.effects.types().function(anchor);
        let role = self.handlers.get(&anchor);
        // These frameworks run plain functions in threads, and only in these roles.
        let threads = matches!(self.framework, Framework::FastApi | Framework::Starlette | Framework::Quart);
        let role_allows =
            matches!(role, Some(Role::Route | Role::Dependency | Role::ExceptionHandler | Role::Background));
        let drop_async = threads && role_allows && function.is_async && !function.awaits && !function.is_generator;
        let twin = sink.effect.twin;
        let text = if drop_async {
            format!("make `{}` a plain `def`, which the framework runs in a thread", function.name)
        } else if direct || twin.is_some() {
            format!("use {}", sink.effect.instead)
        } else {
            "run the call in a thread: `await asyncio.to_thread(...)`".to_owned()
        };
        Remedy { text, async_twin: twin.map(str::to_owned), drop_async }
    }
}

/// What all handlers, wherever they run, spend their time on.
pub(super) fn workload(effects: &Effects<'_, '_>, entries: &[Entry<'_>], streams: Vec<Evidence>) -> Workload {
    let may_block = effects.may_block();
    let mut reached: BTreeMap<(FunctionId, Category), (&Sink, Place)> = BTreeMap::new();
    for entry in entries.iter().filter(|entry| entry.found.context != Context::StartUp) {
        for chain in effects.chains(entry.node, &may_block) {
            let node = effects.node(chain.end);
            let file = effects.types().facts_at(node.frame.function.file).file;
            for sink in &node.sinks {
                let key = (node.frame.function, sink.effect.category);
                reached.entry(key).or_insert((sink, Place::new(file, sink.span)));
            }
        }
    }
    let mut workload = Workload { streams, ..Workload::default() };
    for ((_, category), (sink, place)) in reached {
        let evidence = Evidence { what: sink.what.clone(), place, category };
        match category {
            Category::Cpu if sink.effect.weight > Weight::Slight => {
                workload.computes.push(evidence);
            }
            Category::Cpu | Category::File | Category::Lock | Category::EventLoop | Category::Input => {}
            _ => workload.waits.push(evidence),
        }
    }
    workload.waits.sort_by_key(|evidence| evidence.place);
    workload.computes.sort_by_key(|evidence| evidence.place);
    workload
}
