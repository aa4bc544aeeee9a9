//! Which blocking calls a function reaches, and by which shortest way.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

use super::{Effects, Node, Part, Sink, Step};
use crate::python::types::{Frame, FunctionId};
use crate::source::Span;
use crate::values::HashSet;

/// The doubts about a way that runs what somebody else has made.
const OF_OTHERS: usize = 2;

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
    /// Whether the call only leaves the next function to the loop, which runs it later.
    pub left: bool,
    /// Whether the call begins a task that goes on when the function has ended.
    pub task: bool,
    /// Whether it runs a coroutine that was kept under a name.
    kept: bool,
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
    fn may_block(&self, part: &Part) -> Vec<bool> {
        let mut callers: Vec<Vec<usize>> = vec![Vec::new(); self.nodes.len()];
        for from in 0..self.nodes.len() {
            for step in self.steps_in(from, part) {
                callers[step.to].push(from);
            }
        }
        let mut may = vec![false; self.nodes.len()];
        let mut open: Vec<usize> = (0..self.nodes.len()).filter(|&i| self.sinks_in(i, part).next().is_some()).collect();
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

    /// Whether a node, or one that it leads to, blocks in such a way.
    pub fn any_below(&self, node: usize, is_meant: impl Fn(&Sink) -> bool) -> bool {
        let mut seen = BTreeSet::from([node]);
        let mut open = vec![node];
        while let Some(node) = open.pop() {
            if self.nodes[node].sinks.iter().any(&is_meant) {
                return true;
            }
            open.extend(self.nodes[node].steps.iter().map(|step| step.to).filter(|to| seen.insert(*to)));
        }
        false
    }

    /// For each of these nodes, the way to every function below it that blocks by itself with the fewest
    /// doubts, and of those the shortest, in this order. Among equal ways the first in the text is taken.
    pub fn chains(&self, roots: impl Iterator<Item = usize>) -> Vec<Vec<Chain>> {
        self.chains_in(roots, &Part::default())
    }

    /// The same of a part.
    pub fn chains_in(&self, roots: impl Iterator<Item = usize>, part: &Part) -> Vec<Vec<Chain>> {
        let may_block = self.may_block(part);
        // Made once: most of the nodes are out of reach of most of the roots.
        let mut reached: Vec<Option<Reached>> = vec![None; self.nodes.len()];
        let made: HashSet<FunctionId> = self.nodes.iter().flat_map(|node| &node.makes).copied().collect();
        roots.map(|root| self.chains_of(root, part, &may_block, &made, &mut reached)).collect()
    }

    /// Coroutines that somebody else has made run for him: a queue gives each consumer those of all who put one in.
    fn doubt_those_of_others(&self, root: usize, chains: &mut [Chain], all: &HashSet<FunctionId>) {
        let function = |node: usize| self.nodes[node].frame.function;
        let kept = |chain: &Chain| -> Vec<FunctionId> {
            let next = chain.ways.iter().skip(1).map(|way| way.node).chain([chain.end]);
            let steps = chain.ways.iter().zip(next).filter(|(way, _)| way.kept);
            steps
                .filter(|(way, next)| !self.nodes[way.node].makes.contains(&function(*next)))
                .map(|step| function(step.1))
                .collect()
        };
        let kept: Vec<Vec<FunctionId>> = chains.iter().map(kept).collect();
        if kept.iter().all(Vec::is_empty) {
            return;
        }
        let made = self.made_below(root, all);
        for (chain, kept) in chains.iter_mut().zip(kept) {
            let of_others = kept.iter().filter(|function| !made.contains(function) && all.contains(function)).count();
            chain.doubts += OF_OTHERS * of_others;
        }
    }

    /// The coroutine functions that are called on the way from a node, by those that it runs for others left out: what
    /// they make is theirs as well.
    fn made_below(&self, root: usize, all: &HashSet<FunctionId>) -> HashSet<FunctionId> {
        let mut made: HashSet<FunctionId> = HashSet::default();
        let mut of_others: Vec<usize> = Vec::new();
        let mut seen = BTreeSet::from([root]);
        let mut open = vec![root];
        loop {
            while let Some(node) = open.pop() {
                let Node { steps, makes, .. } = &self.nodes[node];
                made.extend(makes);
                for step in steps {
                    let next = self.nodes[step.to].frame.function;
                    if step.kept && all.contains(&next) && !made.contains(&next) {
                        of_others.push(step.to);
                    } else if seen.insert(step.to) {
                        open.push(step.to);
                    }
                }
            }
            of_others.retain(|&node| {
                let is_own = made.contains(&self.nodes[node].frame.function);
                if is_own && seen.insert(node) {
                    open.push(node);
                }
                !is_own
            });
            if open.is_empty() {
                return made;
            }
        }
    }

    fn walk_back(&self, end: usize, doubts: usize, reached: &[Option<Reached>], part: &Part) -> Chain {
        let mut ways = Vec::new();
        let mut at = end;
        while let Some((caller, step)) = reached[at].and_then(|reached| reached.by) {
            ways.push(Way {
                node: caller,
                span: self.likeliest(caller, step, part),
                left: step.left,
                kept: step.kept,
                task: step.task,
            });
            at = caller;
        }
        ways.reverse();
        Chain { ways, end, doubts }
    }

    /// Of the calls in a node that are as good as `step`, the one behind the fewest conditions.
    fn likeliest(&self, caller: usize, step: Step, part: &Part) -> Span {
        let node = &self.nodes[caller];
        let function = self.types.function(node.frame.function);
        let behind = |span: Span| {
            let around = |region: &Span| region.start <= span.start && span.end <= region.end;
            function.detours.iter().filter(|region| around(region)).count()
        };
        let alike = self
            .steps_in(caller, part)
            .filter(|one| one.to == step.to && one.doubts == step.doubts && one.left == step.left);
        alike.map(|one| one.span).min_by_key(|span| behind(*span)).unwrap_or(step.span)
    }

    /// The ways from one node; `reached` is left as it was.
    fn chains_of(
        &self,
        root: usize,
        part: &Part,
        may_block: &[bool],
        made: &HashSet<FunctionId>,
        reached: &mut [Option<Reached>],
    ) -> Vec<Chain> {
        let mut order = Vec::new();
        let mut seen = vec![root];
        let mut open = BinaryHeap::from([Reverse((Cost::default(), seen.len(), root))]);
        reached[root] = Some(Reached::default());
        while let Some(Reverse((cost, _, node))) = open.pop() {
            if reached[node].is_none_or(|known| known.cost != cost) || !may_block[node] {
                continue;
            }
            order.push((node, cost));
            for step in self.steps_in(node, part) {
                let next = Cost { doubts: cost.doubts + usize::from(step.doubts), hops: cost.hops + 1 };
                if reached[step.to].is_none_or(|known| next < known.cost) {
                    reached[step.to] = Some(Reached { cost: next, by: Some((node, *step)) });
                    seen.push(step.to);
                    open.push(Reverse((next, seen.len(), step.to)));
                }
            }
        }
        let blocking = order.into_iter().filter(|(node, _)| self.sinks_in(*node, part).next().is_some());
        let mut chains: Vec<Chain> =
            blocking.map(|(end, cost)| self.walk_back(end, cost.doubts, reached, part)).collect();
        for node in seen {
            reached[node] = None;
        }
        self.doubt_those_of_others(root, &mut chains, made);
        chains
    }
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
