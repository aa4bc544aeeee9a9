//! Everything that a finding about one root cause stands for.

use std::collections::BTreeMap;

use crate::source::Place;
use crate::values::Order as _;

/// Several places that one finding speaks about, and that are silenced or known one by one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cause {
    /// The lines at which the fault shows, that of the finding among them.
    pub lines: Vec<Place>,
    /// What they lead to.
    pub calls: Vec<Place>,
    /// What the project says about the lines and about the calls, as numbers: all of them have it in common.
    pub remarks: (u64, u64),
    /// The functions or classes that these places stand in, where they stand in any.
    pub functions: BTreeMap<Place, String>,
}

impl Cause {
    /// All of them, each once.
    pub fn places(&self) -> Vec<Place> {
        let mut places: Vec<Place> = self.lines.iter().chain(&self.calls).copied().collect();
        places.order();
        places.dedup();
        places
    }

    /// Takes in what another finding about the same lines stands for.
    pub fn join(&mut self, other: Self) {
        for (own, more) in [(&mut self.lines, other.lines), (&mut self.calls, other.calls)] {
            own.extend(more);
            own.order();
            own.dedup();
        }
    }
}
