//! The programs of Rust that serve requests, and where their workers stand still.
//!
//! A program is one that hands something to a web framework. What runs before that, and what nobody hands on, is no
//! matter. Which thread of a runtime runs what is not known, so all of its workers count alike.

mod repair;

use std::collections::{BTreeMap, BTreeSet};

use super::Hop;
use crate::effects::{Chain, Search};
use crate::findings::{Confidence, Fix, Note};
use crate::python::catalogue::{Category, Weight};
use crate::rust::effects::{Effects, Sink};
use crate::rust::launches::{self, Framework};
use crate::rust::packages::TargetKind;
use crate::rust::{Project, Workspace};
use crate::source::{FileId, Files, Place, Span};
use crate::values::Order as _;

/// A program that serves requests.
#[derive(Debug, Clone)]
pub struct Program {
    /// Its name.
    pub name: String,
    /// Its `main`.
    pub place: Place,
    /// What its handlers run on.
    pub runtime: Runtime,
    /// How many functions and closures handle requests.
    pub handlers: usize,
    /// Where a worker stands still; in the order of files and lines.
    pub blocking: Vec<Stall>,
}

/// Who reaches a call: the name, the place, and whether it is a task rather than a handler.
type Handler = (String, Place, bool);

/// What handlers of Rust run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Runtime {
    /// One thread for everything.
    OneThread,
    /// Several that share the tasks; how many, if that is written down.
    Shared(Option<u32>),
    /// Several, each with connections of its own, as actix-web has it.
    Apart,
}

/// A place where a worker may stand still.
#[derive(Debug, Clone, PartialEq)]
pub struct Stall {
    /// The blocking call itself.
    pub call: Place,
    /// What is called, by its public name.
    pub what: String,
    /// The package it belongs to.
    pub library: &'static str,
    /// What it waits for.
    pub category: Category,
    /// How long, in a word.
    pub weight: Weight,
    /// What to use instead; follows "use".
    pub instead: &'static str,
    /// The call in the last function on the way that can await.
    pub anchor: Place,
    /// From the handler to the function that holds `call`.
    pub chain: Vec<Hop>,
    /// Other calls of the same category behind the same anchor.
    pub more: Vec<Place>,
    /// Who reaches it: name, place, and whether it is a task rather than a handler.
    pub handlers: Vec<(String, Place, bool)>,
    /// How sure that is.
    pub certainty: Confidence,
    /// The edit that settles it, where there is one.
    pub repair: Option<Fix>,
    /// Whether it panics there, rather than stop a worker.
    pub panics: bool,
}

/// The programs of a project that serve requests, and what was not read of them: one note for each file.
pub fn programs(files: &Files, project: &Project) -> (Vec<Program>, Vec<Note>) {
    let workspace = &project.workspace;
    if workspace.is_empty() {
        return (Vec::new(), Vec::new());
    }
    let effects = Effects::new(workspace);
    let mut search = Search::new(&effects);
    let launch = |at: usize| project.programs.iter().find(|one| one.of == at);
    let crates = 0..workspace.crates.len();
    let mut unread: BTreeMap<FileId, (Span, String)> = BTreeMap::new();
    let programs =
        crates.filter_map(|at| program(at, launch(at), workspace, &effects, &mut search, files, &mut unread));
    let mut found: Vec<Program> = programs.collect();
    found.order_by(|one, other| one.name.cmp(&other.name).then(one.place.cmp(&other.place)));
    let notes = unread.into_iter().map(|(file, (span, reason))| {
        let source = files.get(file);
        Note::line(source.path(), source.line(span.start), reason)
    });
    (found, notes.collect())
}

/// Notes the first macro of each file that is not read, and that calls something which blocks, as far as its words tell.
fn note_unread(
    handlers: &BTreeMap<usize, bool>,
    effects: &Effects<'_>,
    search: &mut Search,
    found: &mut BTreeMap<FileId, (Span, String)>,
) {
    let mut reached: Vec<usize> = effects.named_from(handlers.keys().copied()).into_iter().collect();
    reached.order();
    for node in reached {
        for unread in &effects.nodes[node].unread {
            let blocks = |at: &&usize| !search.chains(effects, **at).is_empty();
            let function = unread.functions.iter().find(blocks).map(|at| name(effects, *at));
            let Some(what) = unread.blocks.clone().or(function) else { continue };
            let reason =
                format!("`{}!` has a syntax of its own, so what it calls was not followed: `{what}`", unread.name);
            let known = found.entry(effects.file(node)).or_insert_with(|| (unread.span, reason.clone()));
            if unread.span.start < known.0.start {
                *known = (unread.span, reason);
            }
        }
    }
}

fn program(
    at: usize,
    launch: Option<&launches::Program>,
    workspace: &Workspace,
    effects: &Effects<'_>,
    search: &mut Search,
    files: &Files,
    unread: &mut BTreeMap<FileId, (Span, String)>,
) -> Option<Program> {
    let own = &workspace.crates[at];
    if own.kind != TargetKind::Program || own.root == usize::MAX {
        return None;
    }
    let is_main = |function: &usize| {
        let defined = &workspace.functions[*function];
        defined.module == own.root && defined.implementation.is_none() && is_entry(workspace, *function)
    };
    let main = (0..workspace.functions.len()).find(is_main)?;
    let crates = crates_below(at, workspace);
    let is_inside = |function: usize| crates.contains(&workspace.modules[workspace.functions[function].module].of);
    // Whoever has a trait calls its methods.
    let of_traits = workspace.implementations.iter().filter(|(_, block, _)| block.of.is_some());
    let of_traits = of_traits.flat_map(|(_, _, functions)| functions.iter().copied()).filter(|at| is_inside(*at));
    // So does whoever has methods that an attribute hands over.
    let of_attributes = effects.roots.iter().filter(|root| root.by == root.node && !root.is_task).map(|root| root.node);
    let of_attributes = of_attributes.filter(|at| is_inside(effects.nodes[*at].function));
    let named = effects.named_from(std::iter::once(main).chain(of_traits).chain(of_attributes));
    let roots =
        effects.roots.iter().filter(|root| named.contains(&root.by) && is_inside(effects.nodes[root.node].function));
    let roots: Vec<_> = roots.copied().collect();
    if roots.iter().all(|root| root.is_task) {
        return None;
    }
    // Whoever asks for the kind of runtime does something else where it has one thread.
    let asks = effects.nodes.iter().any(|node| node.asks_flavor && is_inside(node.function));
    let is_alone = |is_task: bool| !asks && launch.is_some_and(|launch| on_one_thread(launch, is_task));
    let mut reached: BTreeMap<Place, (Chain, Sink, BTreeSet<Handler>)> = BTreeMap::new();
    let mut beginnings: BTreeMap<usize, bool> = BTreeMap::new();
    for root in &roots {
        let is_task = beginnings.entry(root.node).or_insert(true);
        *is_task &= root.is_task;
    }
    for (&node, &is_task) in &beginnings {
        for chain in search.chains(effects, node) {
            let handler = (name(effects, node), place_of(effects, node), is_task);
            for sink in effects.nodes[chain.end].sinks.iter().filter(|sink| !sink.panics || is_alone(is_task)) {
                let place = effects.place(chain.end, sink.span);
                let entry = reached.entry(place).or_insert_with(|| (chain.clone(), sink.clone(), BTreeSet::new()));
                if chain.ways.len() < entry.0.ways.len() {
                    entry.0 = chain.clone();
                }
                entry.2.insert(handler.clone());
            }
        }
    }
    note_unread(&beginnings, effects, search, unread);
    let stalls = reached.into_iter().map(|(call, (chain, sink, handlers))| {
        stall(call, &chain, &sink, handlers.into_iter().collect(), effects, files)
    });
    Some(Program {
        name: own.name.clone(),
        place: place_of(effects, main),
        runtime: runtime(main, own.package, workspace, files),
        handlers: beginnings.values().filter(|is_task| !**is_task).count(),
        blocking: together(stalls.collect()),
    })
}

/// Whether handlers, or tasks, are known to run on runtimes of one thread each.
fn on_one_thread(launch: &launches::Program, is_task: bool) -> bool {
    // The workers of actix have such runtimes, whatever starts them; a task may be one of whatever starts them.
    if !is_task && launch.servers.iter().all(|server| server.framework == Framework::ActixWeb) {
        return true;
    }
    let starts_more = launch.servers.iter().any(|server| server.framework == Framework::Rocket);
    !starts_more && !launch.runtimes.is_empty() && launch.runtimes.iter().all(|one| one.is_single == Some(true))
}

/// `main`, or what Rocket launches.
fn is_entry(workspace: &Workspace, function: usize) -> bool {
    let item = &workspace.functions[function].item;
    item.name == "main" || item.attributes.iter().any(|one| one.last() == "launch" || one.last() == "shuttle_runtime")
}

/// A crate and those of the project that it uses, directly or not.
fn crates_below(at: usize, workspace: &Workspace) -> BTreeSet<usize> {
    let mut crates = BTreeSet::new();
    let mut open = vec![at];
    while let Some(at) = open.pop() {
        if !crates.insert(at) {
            continue;
        }
        let package = workspace.crates[at].package;
        let folders: Vec<&String> =
            workspace.packages[package].dependencies.values().filter_map(|one| one.folder.as_ref()).collect();
        let is_used = |other: &usize| {
            let found = &workspace.crates[*other];
            let is_library = found.kind == TargetKind::Library;
            is_library && (found.package == package || folders.contains(&&workspace.packages[found.package].folder))
        };
        open.extend((0..workspace.crates.len()).filter(is_used));
    }
    crates
}

fn runtime(main: usize, package: usize, workspace: &Workspace, files: &Files) -> Runtime {
    let package = &workspace.packages[package];
    let defined = &workspace.functions[main];
    let attribute = defined.item.attributes.iter().find(|one| matches!(one.last(), "main" | "launch"));
    let words: &[String] = attribute.map_or(&[], |one| &one.words);
    if package.dependency("actix-web").is_some() || package.dependency("ntex").is_some() {
        return Runtime::Apart;
    }
    let file: FileId = workspace.modules[defined.module].file;
    if words.iter().any(|word| word == "current_thread") || files.get(file).text().contains("new_current_thread()") {
        return Runtime::OneThread;
    }
    let threads = words.iter().position(|word| word == "worker_threads").and_then(|at| words.get(at + 1));
    Runtime::Shared(threads.and_then(|threads| threads.parse().ok()))
}

fn name(effects: &Effects<'_>, node: usize) -> String {
    let node = &effects.nodes[node];
    effects.workspace.qualified(node.function)
}

fn place_of(effects: &Effects<'_>, node: usize) -> Place {
    let function = &effects.workspace.functions[effects.nodes[node].function];
    effects.place(node, function.item.span)
}

fn stall(
    call: Place,
    chain: &Chain,
    sink: &Sink,
    handlers: Vec<(String, Place, bool)>,
    effects: &Effects<'_>,
    files: &Files,
) -> Stall {
    let steps = chain.ways.iter().map(|way| (way.node, way.span)).chain([(chain.end, sink.span)]);
    let steps: Vec<_> = steps.collect();
    let awaits = steps.iter().rposition(|(node, _)| effects.nodes[*node].is_async).unwrap_or(0);
    let anchor = steps.get(awaits).map_or(call, |(node, span)| effects.place(*node, *span));
    let hops = steps.iter().map(|&(node, span)| Hop {
        place: effects.place(node, span),
        function: name(effects, node),
        is_async: effects.nodes[node].is_async,
    });
    Stall {
        call,
        what: sink.what.clone(),
        library: sink.effect.library,
        category: sink.effect.category,
        weight: sink.effect.weight,
        instead: sink.effect.instead,
        anchor,
        chain: hops.collect(),
        more: Vec::new(),
        panics: sink.panics,
        handlers,
        certainty: if sink.doubtful || chain.doubts > 0 { Confidence::Medium } else { Confidence::High },
        repair: repair::of(sink, call, effects.workspace.package_of(module(effects, chain.end)), files),
    }
}

fn module(effects: &Effects<'_>, node: usize) -> usize {
    effects.workspace.functions[effects.nodes[node].function].module
}

/// What stands behind one anchor and waits for the same is one thing to settle.
fn together(stalls: Vec<Stall>) -> Vec<Stall> {
    let mut found: BTreeMap<(Place, Category, bool), Stall> = BTreeMap::new();
    for stall in stalls {
        match found.get_mut(&(stall.anchor, stall.category, stall.panics)) {
            None => drop(found.insert((stall.anchor, stall.category, stall.panics), stall)),
            Some(known) => {
                let (mut worse, other) =
                    if stall.weight > known.weight { (stall, known.clone()) } else { (known.clone(), stall) };
                worse.more.push(other.call);
                worse.more.extend(other.more);
                worse.handlers.extend(other.handlers);
                worse.handlers.order();
                worse.handlers.dedup();
                *known = worse;
            }
        }
    }
    found.into_values().collect()
}

#[cfg(test)]
mod tests;
