//! A part of what is known: some calls and some blocking operations left out.
//!
//! Knows nothing of why. What is left out of a part is still there for whoever asks the whole.

use super::{Effects, Sink, Step};
use crate::values::HashSet;

/// What is left out, by node and by the index there.
#[derive(Debug, Clone, Default)]
pub struct Part {
    steps: HashSet<(usize, usize)>,
    sinks: HashSet<(usize, usize)>,
}

impl Part {
    /// Leaves out a call.
    pub fn leave_step(&mut self, node: usize, index: usize) {
        self.steps.insert((node, index));
    }

    /// Leaves out a blocking operation.
    pub fn leave_sink(&mut self, node: usize, index: usize) {
        self.sinks.insert((node, index));
    }
}

impl Effects<'_, '_> {
    /// What a node calls, as far as that is in a part.
    pub fn steps_in<'s>(&'s self, node: usize, part: &'s Part) -> impl Iterator<Item = &'s Step> {
        let all = self.nodes.get(node).into_iter().flat_map(|node| &node.steps).enumerate();
        all.filter(move |(index, _)| part.steps.is_empty() || !part.steps.contains(&(node, *index)))
            .map(|(_, step)| step)
    }

    /// Where a node blocks by itself, as far as that is in a part.
    pub fn sinks_in<'s>(&'s self, node: usize, part: &'s Part) -> impl Iterator<Item = &'s Sink> {
        let all = self.nodes.get(node).into_iter().flat_map(|node| &node.sinks).enumerate();
        all.filter(move |(index, _)| part.sinks.is_empty() || !part.sinks.contains(&(node, *index)))
            .map(|(_, sink)| sink)
    }
}
