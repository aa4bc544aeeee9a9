//! What a function may do when it runs: which other functions it calls, and where it blocks.
//!
//! Asked only for what is reachable from the functions somebody names, each answered once. A function
//! that is handed to a thread is followed only for the work that it puts back on the loop; the
//! expressions that make the arguments of such a call stay on the loop. What cannot be resolved has no
//! effect.

mod archives;
mod arguments;
mod asgi;
mod begun;
mod clients;
mod ended;
mod executors;
mod expand;
mod fixed;
mod implicit;
mod joined;
mod library;
mod models;
mod part;
mod related;
mod search;
mod small;
mod sockets;

pub use ended::gives_up;
pub use library::SCHEDULERS;
pub use part::Part;
pub use search::Root;

use super::catalogue::Effect;
use super::types::{Environment, Frame, FunctionId, QuickMap, Types};
pub use crate::effects::{Chain, Step, Way};
use crate::source::Span;
use crate::values::{HashMap, HashSet};

/// How many functions, told apart by their arguments, are looked at.
const MAX_NODES: usize = 60_000;
/// How many variants of one function are told apart, around each function that it was made for.
const MAX_VARIANTS: usize = 24;
/// Up to how many events all variants of one function may have together where there are more of them.
const MAX_VARIANT_EVENTS: usize = 2_000;
/// How many of them by what is certain of their arguments alone.
const MAX_CERTAIN_VARIANTS: usize = 16;

/// What is known of a function without looking into it.
#[derive(Debug, Clone, PartialEq)]
pub enum Mark {
    /// What it calls runs elsewhere.
    Leave,
    /// It blocks, under this name.
    Blocks(&'static str, Effect),
}

/// The call graph below the functions that were asked about.
#[derive(Debug)]
pub struct Effects<'t, 'a> {
    types: &'t Types<'a>,
    nodes: Vec<Node>,
    by_frame: QuickMap<(Frame, bool), usize>,
    variants: QuickMap<(FunctionId, Option<FunctionId>), usize>,
    /// How many variants of a function, around each that it was made for, differ in what is certain of their
    /// arguments.
    certain: QuickMap<(FunctionId, Option<FunctionId>), usize>,
    marks: HashMap<FunctionId, Mark>,
    /// What the framework calls before the first request.
    starts: HashSet<FunctionId>,
}

/// One function with what is known of its arguments.
#[derive(Debug)]
pub struct Node {
    /// The function.
    pub frame: Frame,
    /// Whether it runs in a thread, where nothing it does holds up the loop.
    pub in_thread: bool,
    /// What it calls, in order.
    pub steps: Vec<Step>,
    /// Where it blocks by itself, in order.
    pub sinks: Vec<Sink>,
    /// Coroutines that it leaves running, and how much speaks against that where nobody sets a variable.
    pub spawned: Vec<(Frame, u8)>,
    /// The coroutine functions that it calls.
    pub makes: Vec<FunctionId>,
    /// Coroutines that it starts and waits for.
    pub joined: Vec<Frame>,
}

/// A blocking operation of a library.
#[derive(Debug, Clone, PartialEq)]
pub struct Sink {
    /// Where.
    pub span: Span,
    /// What is called.
    pub what: String,
    /// What that does.
    pub effect: Effect,
    /// Whether the object may be something else.
    pub doubtful: bool,
    /// How much speaks against it where nobody sets a variable of the environment.
    pub switched: u8,
}

impl<'t, 'a> Effects<'t, 'a> {
    /// Nothing asked yet.
    pub fn new(types: &'t Types<'a>) -> Self {
        Self {
            types,
            nodes: Vec::new(),
            by_frame: QuickMap::default(),
            variants: QuickMap::default(),
            certain: QuickMap::default(),
            marks: HashMap::default(),
            starts: HashSet::default(),
        }
    }

    /// Takes `marks` for what these functions do. Comes before the first question.
    pub fn mark(&mut self, marks: HashMap<FunctionId, Mark>) {
        self.marks = marks;
    }

    /// Takes `starts` for what the framework calls before the first request. Comes before the first question.
    pub fn starts_with(&mut self, starts: HashSet<FunctionId>) {
        self.starts = starts;
    }

    /// The functions that others call.
    pub fn called(&self) -> HashSet<FunctionId> {
        let steps = self.nodes.iter().flat_map(|node| &node.steps);
        steps.filter_map(|step| Some(self.nodes.get(step.to)?.frame.function)).collect()
    }

    /// The types it rests on.
    pub fn types(&self) -> &'t Types<'a> {
        self.types
    }

    /// All of them.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// A node.
    pub fn node(&self, index: usize) -> &Node {
        &self.nodes[index]
    }

    /// The node of a function and everything below it.
    pub fn explore(&mut self, frame: Frame) -> usize {
        self.explore_in(frame, false)
    }

    /// The node of a function that a thread runs: what it has the loop run is below it.
    pub fn explore_thread(&mut self, frame: Frame) -> usize {
        self.explore_in(frame, true)
    }

    fn explore_in(&mut self, frame: Frame, in_thread: bool) -> usize {
        let mut next = self.nodes.len();
        let root = self.index_of(frame, in_thread);
        while next < self.nodes.len() {
            let Node { frame, in_thread, .. } = self.nodes[next];
            let expansion = self.expand(frame, in_thread);
            let steps = expansion.edges.into_iter().map(|edge| Step {
                to: self.index_of(edge.target, edge.in_thread),
                span: edge.span,
                doubts: edge.doubts,
                left: edge.left,
                kept: edge.kept,
                task: edge.task,
            });
            let steps: Vec<_> = steps.collect();
            let node = &mut self.nodes[next];
            node.steps = steps;
            node.sinks = expansion.sinks;
            node.spawned = expansion.spawned;
            node.joined = expansion.joined;
            node.makes = expansion.makes;
            next += 1;
        }
        root
    }

    fn index_of(&mut self, frame: Frame, in_thread: bool) -> usize {
        if let Some(&known) = self.by_frame.get(&(frame, in_thread)) {
            return known;
        }
        let uncertain = self.types.uncertain(frame);
        if uncertain != frame {
            let inner = self.types.wrapped(frame).map(|inner| inner.function);
            let certain = self.certain.entry((frame.function, inner)).or_default();
            *certain += 1;
            // Past a bound, conditions may come out either way.
            let index = if *certain > MAX_CERTAIN_VARIANTS || self.nodes.len() >= MAX_NODES {
                self.index_of(uncertain, in_thread)
            } else {
                self.add(frame, in_thread)
            };
            self.by_frame.insert((frame, in_thread), index);
            return index;
        }
        let plain = Frame { environment: Environment::default(), ..frame };
        // A wrapper is another function around each that it was made for: a decorator may be used anywhere.
        let is_lambda = self.types.function(frame.function).name == "<lambda>";
        let inner = self.types.wrapped(frame).filter(|_| !is_lambda).map(|inner| inner.function);
        let variants = self.variants.entry((frame.function, inner)).or_default();
        *variants += 1;
        // Past a bound, what is known of the arguments is given up rather than the function.
        // Small ones may have more: it is they that are given another function each time.
        let most = MAX_VARIANTS.max(MAX_VARIANT_EVENTS / self.types.function(frame.function).events.len().max(1));
        if (*variants > most || self.nodes.len() >= MAX_NODES) && frame != plain {
            let index = self.index_of(plain, in_thread);
            self.by_frame.insert((frame, in_thread), index);
            return index;
        }
        let index = self.add(frame, in_thread);
        self.by_frame.insert((frame, in_thread), index);
        index
    }

    fn add(&mut self, frame: Frame, in_thread: bool) -> usize {
        let (steps, sinks, spawned, makes) = Default::default();
        self.nodes.push(Node { frame, in_thread, steps, sinks, spawned, makes, joined: Vec::new() });
        self.nodes.len() - 1
    }
}
