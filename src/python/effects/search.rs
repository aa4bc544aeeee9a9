//! Which blocking calls a function reaches, and by which shortest way.

use std::collections::{BTreeSet, VecDeque};

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
    /// Whether a call on the way may mean something else.
    pub doubtful: bool,
}

impl Effects<'_, '_> {
    /// For each node, whether a blocking call can be reached from it.
    fn may_block(&self) -> Vec<bool> {
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

    /// For each of these nodes, the shortest way to every function below it that blocks by itself, nearest
    /// first. Among ways of one length, the one without doubt and then the first in the text is taken.
    pub fn chains(&self, roots: impl Iterator<Item = usize>) -> Vec<Vec<Chain>> {
        let may_block = self.may_block();
        // Made once: most of the nodes are out of reach of most of the roots.
        let mut from: Vec<From> = vec![From::Nowhere; self.nodes.len()];
        roots.map(|root| self.chains_of(root, &may_block, &mut from)).collect()
    }

    /// The ways from one node; `from` is left as it was.
    fn chains_of(&self, root: usize, may_block: &[bool], from: &mut [From]) -> Vec<Chain> {
        let mut order = Vec::new();
        let mut open = VecDeque::from([root]);
        let mut seen = vec![root];
        from[root] = From::Root;
        while let Some(node) = open.pop_front() {
            if !may_block[node] {
                continue;
            }
            order.push(node);
            let (sure, doubtful): (Vec<&Step>, Vec<&Step>) =
                self.nodes[node].steps.iter().partition(|step| !step.doubtful);
            for step in sure.into_iter().chain(doubtful) {
                if from[step.to] == From::Nowhere {
                    seen.push(step.to);
                    from[step.to] = From::Caller(node, *step);
                    open.push_back(step.to);
                }
            }
        }
        let blocking = order.into_iter().filter(|&node| !self.nodes[node].sinks.is_empty());
        let chains = blocking.map(|end| walk_back(end, from)).collect();
        seen.into_iter().for_each(|node| from[node] = From::Nowhere);
        chains
    }
}

/// How a node is reached first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum From {
    Nowhere,
    Root,
    Caller(usize, Step),
}

fn walk_back(end: usize, from: &[From]) -> Chain {
    let mut ways = Vec::new();
    let mut doubtful = false;
    let mut at = end;
    while let From::Caller(caller, step) = from[at] {
        ways.push(Way { node: caller, span: step.span });
        doubtful |= step.doubtful;
        at = caller;
    }
    ways.reverse();
    Chain { ways, end, doubtful }
}
