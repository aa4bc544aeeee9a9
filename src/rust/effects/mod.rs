//! What the functions of a workspace may do when they run: what they call, where they block, what they hand to a
//! framework, to a thread, or to the runtime.
//!
//! What is handed to a thread may wait as long as it likes; only what it gives back to the runtime is followed. What
//! cannot be resolved has no effect.

mod arguments;
mod calls;
mod macros;
mod methods;
mod running;
mod scan;
mod walk;

use rayon::prelude::*;

use super::catalogue::Effect;
use super::handlers;
use super::modules::Workspace;
use super::names::Meaning;
use super::syntax::{Block, Closure, Function, Type};
use super::values::{Around, Ty};
use crate::effects::{Graph, Step};
use crate::source::{FileId, Place, Span};
use crate::values::HashSet;
use std::sync::Arc;

/// How many functions and parts of functions are looked at.
const MAX_NODES: usize = 400_000;

/// A function, or a closure or a block of one that somebody else runs.
#[derive(Debug, Clone, Default)]
pub struct Node {
    /// The number of the function that it is, or stands in.
    pub function: usize,
    /// Whether it gives a future.
    pub is_async: bool,
    /// Whether it is only a part of the function.
    pub is_part: bool,
    /// What it calls, in order.
    pub steps: Vec<Step>,
    /// Where it blocks by itself, in order.
    pub sinks: Vec<Sink>,
    /// All functions that it names, wherever they run.
    pub names: Vec<usize>,
    /// The parts of it that have numbers of their own.
    pub parts: Vec<usize>,
    /// Whether it asks which kind of runtime it runs on.
    pub asks_flavor: bool,
    /// The macros in it whose language is not known.
    pub unread: Vec<Unread>,
}

/// The call of a macro that is not read, with what seems to be called in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// Where.
    pub span: Span,
    /// The name of the macro.
    pub name: String,
    /// A call that blocks, by its public name.
    pub blocks: Option<String>,
    /// Functions of the project.
    pub functions: Vec<usize>,
}

/// A call that blocks.
#[derive(Debug, Clone, PartialEq)]
pub struct Sink {
    /// Where.
    pub span: Span,
    /// What is called, by its public name.
    pub what: String,
    /// What that does.
    pub effect: Effect,
    /// Whether something else may be meant.
    pub doubtful: bool,
    /// Whether what is written around it can await.
    pub can_await: bool,
    /// Whether it panics where the runtime has one thread, and stops nobody elsewhere.
    pub panics: bool,
}

/// Something that a framework or the runtime runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Root {
    /// Its node.
    pub node: usize,
    /// Whether it is a task of its own rather than part of a request.
    pub is_task: bool,
    /// The node of the function that hands it over.
    pub by: usize,
}

/// The functions of a workspace and what they do.
#[derive(Debug)]
pub struct Effects<'w> {
    /// Whose they are.
    pub workspace: &'w Workspace,
    /// Functions under their own numbers, then parts.
    pub nodes: Vec<Node>,
    /// What is run by others.
    pub roots: Vec<Root>,
}

/// What is called, before it has a number.
#[derive(Debug, Clone, Copy)]
enum Target {
    Function(usize),
    /// One of the parts that were found with it.
    Part(usize),
}

/// A closure or a block that runs by itself, with what is known where it is written.
#[derive(Debug, Clone)]
struct Part {
    function: usize,
    body: PartBody,
    scope: Arc<Vec<(String, Value)>>,
    around: Around,
    uses: Vec<super::syntax::Use>,
    parameters: Vec<Ty>,
}

#[derive(Debug, Clone)]
enum PartBody {
    Closure(Arc<Closure>),
    Async(Arc<Block>),
}

/// What is known of a value.
#[derive(Debug, Clone, Default)]
struct Value {
    ty: Ty,
    callable: Option<Callable>,
    /// Whether it takes no time to wait for so long.
    is_zero: bool,
}

#[derive(Debug, Clone)]
enum Callable {
    Function(usize),
    Closure(Arc<Closure>, Arc<Vec<(String, Value)>>),
    Async(Arc<Block>, Arc<Vec<(String, Value)>>),
    Inner(Arc<Function>),
}

/// A call, before what is called has a number.
#[derive(Debug, Clone, Copy)]
struct Call {
    target: Target,
    span: Span,
    doubts: u8,
    is_task: bool,
}

/// What one body comes to.
#[derive(Debug, Default)]
struct Outcome {
    steps: Vec<Call>,
    sinks: Vec<Sink>,
    names: Vec<usize>,
    parts: Vec<Part>,
    roots: Vec<(Target, bool)>,
    asks_flavor: bool,
    unread: Vec<Unread>,
}

impl<'w> Effects<'w> {
    /// Looks at all functions of a workspace.
    pub fn new(workspace: &'w Workspace) -> Self {
        let mut effects = Self { workspace, nodes: Vec::new(), roots: Vec::new() };
        let count = workspace.functions.len();
        let functions: Vec<usize> = (0..count).collect();
        let outcomes: Vec<Outcome> = functions.par_iter().map(|&at| walk::function(workspace, at)).collect();
        for (at, defined) in workspace.functions.iter().enumerate() {
            // What macros of `async_trait` and its kin make of it is no other function.
            effects.nodes.push(Node { function: at, is_async: defined.item.is_async, ..Node::default() });
        }
        let mut open: Vec<(usize, Outcome)> = outcomes.into_iter().enumerate().collect();
        while !open.is_empty() {
            let mut parts: Vec<(usize, Part)> = Vec::new();
            for (at, outcome) in open {
                effects.add(at, outcome, &mut parts);
            }
            open = parts.par_iter().map(|(at, part)| (*at, walk::part(workspace, part))).collect();
        }
        effects.roots.extend(served(workspace));
        effects.roots.sort_unstable();
        effects.roots.dedup();
        effects
    }

    fn add(&mut self, at: usize, outcome: Outcome, parts: &mut Vec<(usize, Part)>) {
        let first = self.nodes.len();
        if first + outcome.parts.len() > MAX_NODES {
            return;
        }
        for (nth, part) in outcome.parts.into_iter().enumerate() {
            let is_async = match &part.body {
                PartBody::Closure(closure) => closure.is_async || walk::is_future(&closure.body),
                PartBody::Async(_) => true,
            };
            self.nodes.push(Node { function: part.function, is_async, is_part: true, ..Node::default() });
            self.nodes[at].parts.push(first + nth);
            parts.push((first + nth, part));
        }
        let number = |target: Target| match target {
            Target::Function(at) => at,
            Target::Part(nth) => first + nth,
        };
        let steps = outcome.steps.into_iter().map(|call| Step {
            to: number(call.target),
            span: call.span,
            doubts: call.doubts,
            left: call.is_task,
            kept: false,
            task: call.is_task,
        });
        let node = &mut self.nodes[at];
        node.steps = steps.collect();
        node.sinks = outcome.sinks;
        node.names = outcome.names;
        node.asks_flavor = outcome.asks_flavor;
        node.unread = outcome.unread;
        let roots = outcome.roots.into_iter();
        self.roots.extend(roots.map(|(target, is_task)| Root { node: number(target), is_task, by: at }));
    }

    /// Where a node's code stands.
    pub fn place(&self, node: usize, span: Span) -> Place {
        Place::new(self.file(node), span)
    }

    /// The file of a node.
    pub fn file(&self, node: usize) -> FileId {
        let module = self.workspace.functions[self.nodes[node].function].module;
        self.workspace.modules[module].file
    }

    /// The functions that one leads to by any name, itself among them, and their parts.
    pub fn named_from(&self, begin: impl Iterator<Item = usize>) -> HashSet<usize> {
        let mut seen: HashSet<usize> = HashSet::default();
        let mut open: Vec<usize> = begin.collect();
        while let Some(node) = open.pop() {
            if seen.insert(node) {
                let node = &self.nodes[node];
                open.extend(node.names.iter().chain(&node.parts).copied());
                open.extend(node.steps.iter().map(|step| step.to));
            }
        }
        seen
    }
}

impl Graph for Effects<'_> {
    fn count(&self) -> usize {
        self.nodes.len()
    }

    fn steps(&self, node: usize) -> impl Iterator<Item = &Step> {
        self.nodes[node].steps.iter()
    }

    fn blocks(&self, node: usize) -> bool {
        !self.nodes[node].sinks.is_empty()
    }
}

/// Methods of traits that frameworks call, and of blocks that an attribute hands over.
fn served(workspace: &Workspace) -> Vec<Root> {
    let mut roots = Vec::new();
    for (module, block, functions) in &workspace.implementations {
        let root = |at: usize| Root { node: at, is_task: false, by: at };
        // `#[handler] impl Listing { async fn handle(..) }` of salvo.
        let is_handler = block.of.is_none()
            && block.attributes.iter().any(|attribute| match &workspace.meanings_of(*module, &attribute.path)[..] {
                [Meaning::Library(name)] => {
                    handlers::crate_of(name) == "salvo" && matches!(attribute.last(), "handler" | "endpoint")
                }
                _ => false,
            });
        if is_handler {
            let handles = functions.iter().filter(|at| workspace.functions[**at].item.name == "handle");
            roots.extend(handles.map(|at| root(*at)));
        }
        let is_service = block.attributes.iter().any(|attribute| attribute.last() == "OpenApi");
        if is_service {
            let handed = |at: &&usize| workspace.functions[**at].item.attributes.iter().any(|one| one.last() == "oai");
            roots.extend(functions.iter().filter(handed).map(|at| root(*at)));
        }
        let Some(of) = &block.of else { continue };
        let meanings = workspace.meanings(*module, of);
        if meanings.iter().any(|meaning| matches!(meaning, Meaning::Trait(_))) {
            continue;
        }
        // What is generated has no text: its traits are told by the attribute, and by what their methods take.
        let is_generated =
            block.attributes.iter().any(|attribute| attribute.path.first().is_some_and(|one| one == "tonic"))
                || of.segments.iter().any(|segment| segment.ends_with("_server"));
        let takes_request = |at: usize| {
            let parameters = &workspace.functions[at].item.parameters;
            parameters.iter().any(|one| matches!(&one.ty, Type::Path(path) if path.last() == "Request"))
        };
        for &at in functions {
            let name = &workspace.functions[at].item.name;
            let is_served =
                meanings.iter().any(|one| matches!(one, Meaning::Library(path) if handlers::serves(path, name)));
            if is_served || is_generated && takes_request(at) {
                roots.push(root(at));
            }
        }
    }
    roots
}
