//! Which blocking calls a function reaches, and by which shortest way.

use std::collections::BTreeSet;

use super::{Chain, Effects, Node, Part, Sink, Step};
use crate::effects::{Graph, Search};
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

/// A part of what is known as functions that call each other.
struct InPart<'e, 't, 'a> {
    effects: &'e Effects<'t, 'a>,
    part: &'e Part,
}

impl Graph for InPart<'_, '_, '_> {
    fn count(&self) -> usize {
        self.effects.nodes.len()
    }

    fn steps(&self, node: usize) -> impl Iterator<Item = &Step> {
        self.effects.steps_in(node, self.part)
    }

    fn blocks(&self, node: usize) -> bool {
        self.effects.sinks_in(node, self.part).next().is_some()
    }

    fn told(&self, node: usize, step: Step) -> Span {
        self.effects.likeliest(node, step, self.part)
    }
}

impl Effects<'_, '_> {
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
        let graph = InPart { effects: self, part };
        let mut search = Search::new(&graph);
        let made: HashSet<FunctionId> = self.nodes.iter().flat_map(|node| &node.makes).copied().collect();
        let each = |root: usize| {
            let mut chains = search.chains(&graph, root);
            self.doubt_those_of_others(root, &mut chains, &made);
            chains
        };
        roots.map(each).collect()
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
}
