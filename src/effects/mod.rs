//! Which blocking calls a function reaches, and by which shortest way, whatever language it is written in.
//!
//! Knows numbered functions, the calls between them and which of them block by themselves; where those come from, the
//! languages know.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::source::Span;

/// A call from one function of the project to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// The node that is called.
    pub to: usize,
    /// The call.
    pub span: Span,
    /// How many things speak against it: that it is one of several that may be meant, that nobody loads it.
    pub doubts: u8,
    /// Whether the call only leaves the other to the loop, which runs it later.
    pub left: bool,
    /// Whether it runs a coroutine that was kept under a name: somebody else may have made it.
    pub kept: bool,
    /// Whether the call begins a task that goes on when the caller has ended.
    pub task: bool,
}

/// One hop: a node and the call in it that leads on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Way {
    /// The node.
    pub node: usize,
    /// The call in it.
    pub span: Span,
    /// Whether the call only leaves the next function to the loop, which runs it later.
    pub left: bool,
    /// Whether the call begins a task that goes on when the function has ended.
    pub task: bool,
    /// Whether it runs a coroutine that was kept under a name.
    pub kept: bool,
}

/// The shortest way from a function to one that blocks by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    /// The functions on the way, the first is where it starts; the last one, which blocks, is not in it.
    pub ways: Vec<Way>,
    /// The node that blocks by itself.
    pub end: usize,
    /// How many calls on the way may mean something else.
    pub doubts: usize,
}

/// Functions that call each other.
pub trait Graph {
    /// How many there are.
    fn count(&self) -> usize;

    /// What one of them calls, in order.
    fn steps(&self, node: usize) -> impl Iterator<Item = &Step>;

    /// Whether it blocks by itself.
    fn blocks(&self, node: usize) -> bool;

    /// Of the calls that are as good as this one, the one to tell of.
    fn told(&self, _node: usize, step: Step) -> Span {
        step.span
    }
}

/// A search through a graph, which several beginnings share.
#[derive(Debug)]
pub struct Search {
    may_block: Vec<bool>,
    /// Made once: most of the nodes are out of reach of most of the beginnings.
    reached: Vec<Option<Reached>>,
}

impl Search {
    /// Finds out which nodes lead anywhere.
    pub fn new(graph: &impl Graph) -> Self {
        Self { may_block: may_block(graph), reached: vec![None; graph.count()] }
    }

    /// From one node, the way to every function below it that blocks by itself with the fewest doubts, and of those the
    /// shortest, in this order. Among equal ways the first in the text is taken.
    pub fn chains(&mut self, graph: &impl Graph, root: usize) -> Vec<Chain> {
        let reached = &mut self.reached;
        let mut order = Vec::new();
        let mut seen = vec![root];
        let mut open = BinaryHeap::from([Reverse((Cost::default(), seen.len(), root))]);
        reached[root] = Some(Reached::default());
        while let Some(Reverse((cost, _, node))) = open.pop() {
            if reached[node].is_none_or(|known| known.cost != cost) || !self.may_block[node] {
                continue;
            }
            order.push((node, cost));
            for step in graph.steps(node) {
                let next = Cost { doubts: cost.doubts + usize::from(step.doubts), hops: cost.hops + 1 };
                if reached[step.to].is_none_or(|known| next < known.cost) {
                    reached[step.to] = Some(Reached { cost: next, by: Some((node, *step)) });
                    seen.push(step.to);
                    open.push(Reverse((next, seen.len(), step.to)));
                }
            }
        }
        let blocking = order.into_iter().filter(|(node, _)| graph.blocks(*node));
        let chains = blocking.map(|(end, cost)| walk_back(graph, end, cost.doubts, reached)).collect();
        for node in seen {
            reached[node] = None;
        }
        chains
    }
}

/// For each node, whether a blocking call can be reached from it.
fn may_block(graph: &impl Graph) -> Vec<bool> {
    let mut callers: Vec<Vec<usize>> = vec![Vec::new(); graph.count()];
    for from in 0..graph.count() {
        for step in graph.steps(from) {
            callers[step.to].push(from);
        }
    }
    let mut may = vec![false; graph.count()];
    let mut open: Vec<usize> = (0..graph.count()).filter(|&node| graph.blocks(node)).collect();
    while let Some(node) = open.pop() {
        if !std::mem::replace(&mut may[node], true) {
            open.extend(&callers[node]);
        }
    }
    may
}

fn walk_back(graph: &impl Graph, end: usize, doubts: usize, reached: &[Option<Reached>]) -> Chain {
    let mut ways = Vec::new();
    let mut at = end;
    while let Some((caller, step)) = reached[at].and_then(|reached| reached.by) {
        let span = graph.told(caller, step);
        ways.push(Way { node: caller, span, left: step.left, kept: step.kept, task: step.task });
        at = caller;
    }
    ways.reverse();
    Chain { ways, end, doubts }
}

/// What a way costs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Cost {
    doubts: usize,
    hops: usize,
}

/// How a node is reached best, as far as is known.
#[derive(Debug, Clone, Copy, Default)]
struct Reached {
    cost: Cost,
    /// The caller and its call; none for where the search begins.
    by: Option<(usize, Step)>,
}
