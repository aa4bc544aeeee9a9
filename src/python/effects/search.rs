//! Which blocking calls a function reaches, and by which shortest way.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

use super::{Effects, Step};
use crate::python::types::{Frame, FunctionId};
use crate::source::Span;

/// A function that the framework calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Root {
    /// The function.
    pub frame: Frame,
}

/// One hop: a node and the call in it that leads on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Way {
    /// The node.
    pub node: usize,
    /// The call in it.
    pub span: Span,
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

impl Effects<'_, '_> {
    /// For each node, whether a blocking call can be reached from it.
    pub fn may_block(&self) -> Vec<bool> {
        let mut callers: Vec<Vec<usize>> = vec![Vec::new(); self.nodes.len()];
        for (from, node) in self.nodes.iter().enumerate() {
            for step in &node.steps {
                callers[step.to].push(from);
            }
        }
        let mut may = vec![false; self.nodes.len()];
        let mut open: Vec<usize> = (0..self.nodes.len()).filter(|&i| !self.nodes[i].sinks.is_empty()).collect();
        while let Some(node) = open.pop() {
            if !std::mem::replace(&mut may[node], true) {
                open.extend(&callers[node]);
            }
        }
        may
    }

    /// Whether a node calls a function, by itself or through others.
    pub fn leads_to(&self, node: usize, function: FunctionId) -> bool {
        let mut seen = BTreeSet::from([node]);
        let mut open = vec![node];
        while let Some(node) = open.pop() {
            for step in &self.nodes[node].steps {
                if self.nodes[step.to].frame.function == function {
                    return true;
                }
                if seen.insert(step.to) {
                    open.push(step.to);
                }
            }
        }
        false
    }

    /// The way from `root` to every function below it that blocks by itself with the fewest doubts, and of
    /// those the shortest, in this order. Among equal ways the first in the text is taken.
    pub fn chains(&self, root: usize, may_block: &[bool]) -> Vec<Chain> {
        let mut from: Vec<Option<(usize, Step)>> = vec![None; self.nodes.len()];
        let mut best: Vec<Option<Cost>> = vec![None; self.nodes.len()];
        let mut order = Vec::new();
        let mut found = 0;
        let mut open = BinaryHeap::from([Reverse((Cost::default(), found, root))]);
        best[root] = Some(Cost::default());
        while let Some(Reverse((cost, _, node))) = open.pop() {
            if best[node] != Some(cost) || !may_block[node] {
                continue;
            }
            order.push((node, cost));
            for step in &self.nodes[node].steps {
                let next = Cost { doubts: cost.doubts + usize::from(step.doubtful), hops: cost.hops + 1 };
                if best[step.to].is_none_or(|known| next < known) {
                    best[step.to] = Some(next);
                    from[step.to] = Some((node, *step));
                    found += 1;
                    open.push(Reverse((next, found, step.to)));
                }
            }
        }
        let blocking = order.into_iter().filter(|(node, _)| !self.nodes[*node].sinks.is_empty());
        blocking.map(|(end, cost)| walk_back(end, cost.doubts, &from)).collect()
    }
}

/// What a way costs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Cost {
    doubts: usize,
    hops: usize,
}

fn walk_back(end: usize, doubts: usize, from: &[Option<(usize, Step)>]) -> Chain {
    let mut ways = Vec::new();
    let mut at = end;
    while let Some((caller, step)) = from[at] {
        ways.push(Way { node: caller, span: step.span });
        at = caller;
    }
    ways.reverse();
    Chain { ways, end, doubts }
}
