//! Calls that may mean several functions, all of which wait for the same.

use std::collections::BTreeMap;

use super::Effects;
use crate::python::catalogue::Weight;
use crate::python::types::Types;
use crate::source::Span;

/// A set of categories, one bit for each.
type Categories = u32;

impl Effects<'_, '_> {
    /// Takes the doubts from calls for which it makes no difference which function is meant: all lead to calls of
    /// the same categories that matter. Comes behind the last question.
    pub fn settle(&mut self) {
        let reached = self.categories();
        for node in &mut self.nodes {
            let rarely = &self.types.function(node.frame.function).rarely;
            let mut alike: BTreeMap<Span, Option<Categories>> = BTreeMap::new();
            let mut several: BTreeMap<Span, usize> = BTreeMap::new();
            for step in node.steps.iter().filter(|step| step.doubts > 0) {
                let known = alike.entry(step.span).or_insert(Some(reached[step.to]));
                *known = known.filter(|known| *known == reached[step.to] && *known != 0);
                *several.entry(step.span).or_default() += 1;
            }
            for step in node.steps.iter_mut().filter(|step| step.doubts > 0) {
                let is_one_of_them = several.get(&step.span).is_some_and(|count| *count > 1);
                let are_alike = alike.get(&step.span).is_some_and(Option::is_some);
                if is_one_of_them && are_alike && !Types::is_dead(rarely, step.span) {
                    step.doubts -= 1;
                }
            }
        }
    }

    /// For each node, what the calls that matter below it wait for.
    fn categories(&self) -> Vec<Categories> {
        let mut callers: Vec<Vec<usize>> = vec![Vec::new(); self.nodes.len()];
        let mut reached: Vec<Categories> = vec![0; self.nodes.len()];
        for (from, node) in self.nodes.iter().enumerate() {
            for step in &node.steps {
                callers[step.to].push(from);
            }
            let heavy = node.sinks.iter().filter(|sink| sink.effect.weight > Weight::Slight);
            reached[from] = heavy.fold(0, |known, sink| known | 1 << (sink.effect.category as u32));
        }
        let mut open: Vec<usize> = (0..self.nodes.len()).filter(|&node| reached[node] != 0).collect();
        while let Some(node) = open.pop() {
            for &caller in &callers[node] {
                let all = reached[caller] | reached[node];
                if all != reached[caller] {
                    reached[caller] = all;
                    open.push(caller);
                }
            }
        }
        reached
    }
}
