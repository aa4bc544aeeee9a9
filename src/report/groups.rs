//! Findings that are one matter: what is said of one of them is what there is to say of all.
//!
//! Decides which of them stand together. How many of them are shown is for the renderers.

use std::collections::{BTreeMap, HashMap};

use crate::findings::{Finding, Label};
use crate::source::FileId;

/// From how many findings of one pattern on they are told as one.
const MANY: usize = 5;
/// The share of a group that a function on the way has to be common to, in quarters.
const MOST: usize = 3;

/// Findings of one rule, one severity and one pattern.
#[derive(Debug)]
pub(super) struct Group<'f> {
    /// The one that says it with the fewest places.
    pub(super) first: &'f Finding,
    /// The others, in their order.
    pub(super) others: Vec<&'f Finding>,
}

impl<'f> Group<'f> {
    fn of(mut members: Vec<&'f Finding>) -> Option<Self> {
        let plainest = members.iter().enumerate().min_by_key(|(_, finding)| finding.related.len())?.0;
        let first = members.remove(plainest);
        Some(Self { first, others: members })
    }

    /// All of them, in the order of files and lines.
    pub(super) fn members(&self) -> impl Iterator<Item = &'f Finding> {
        std::iter::once(self.first).chain(self.others.iter().copied())
    }

    /// The function that most of them go through on their way, with the number of those and one that does.
    pub(super) fn through(&self) -> Option<(&'f str, usize, &'f Label)> {
        let mut counts: BTreeMap<(FileId, &str), (usize, &Label)> = BTreeMap::new();
        for finding in self.members() {
            let mut seen = Vec::new();
            // The place where the call itself stands is that of one finding.
            for label in finding.related.iter().filter(|label| label.text.starts_with("in `")) {
                let key = (label.place.file, label.text.as_str());
                if !seen.contains(&key) {
                    seen.push(key);
                    counts.entry(key).or_insert((0, label)).0 += 1;
                }
            }
        }
        let all = self.others.len() + 1;
        let ((_, text), (count, label)) = counts.into_iter().max_by_key(|(_, (count, _))| *count)?;
        let name = text.strip_prefix("in ")?;
        (count * 4 >= all * MOST && count > 1).then_some((name, count, label))
    }
}

/// The findings in groups; most of them stand alone. A group stands where the first of it stood.
pub(super) fn grouped(findings: &[Finding]) -> Vec<Group<'_>> {
    let kind = |finding: &Finding| finding.pattern.clone().map(|pattern| (finding.rule, finding.severity, pattern));
    let mut counts: HashMap<_, usize> = HashMap::new();
    for key in findings.iter().filter_map(kind) {
        *counts.entry(key).or_default() += 1;
    }
    let mut groups: Vec<Vec<&Finding>> = Vec::new();
    let mut places: HashMap<_, usize> = HashMap::new();
    for finding in findings {
        let key = kind(finding).filter(|key| counts.get(key).is_some_and(|count| *count >= MANY));
        if let Some(group) = key.as_ref().and_then(|key| places.get(key)).and_then(|&at: &usize| groups.get_mut(at)) {
            group.push(finding);
            continue;
        }
        if let Some(key) = key {
            places.insert(key, groups.len());
        }
        groups.push(vec![finding]);
    }
    groups.into_iter().filter_map(Group::of).collect()
}
