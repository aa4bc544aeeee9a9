//! One finding per call, however many applications lead to it.
//!
//! Each application is judged by itself, so that what several of them share is found several times, each time by
//! another way. Whoever reads the report settles it once.

use std::cmp::Reverse;
use std::fmt::Write as _;

use crate::findings::{Confidence, Finding, Severity};
use crate::source::Place;

/// How many handlers one finding names.
pub(super) const MAX_HANDLERS: usize = 5;

/// Leaves of the findings about one call the worst and surest, with the handlers of all.
pub(super) fn joined(mut findings: Vec<Finding>) -> Vec<Finding> {
    let mut kept: Vec<Finding> = Vec::new();
    // The order of the others stays.
    findings.sort_by(|one, other| call_of(one).cmp(&call_of(other)).then_with(|| standing(one).cmp(&standing(other))));
    for finding in findings {
        match kept.last_mut().filter(|known| call_of(known).is_some() && call_of(known) == call_of(&finding)) {
            Some(known) => join(known, finding),
            None => kept.push(finding),
        }
    }
    for finding in kept.iter_mut().filter(|finding| finding.handlers.len() > MAX_HANDLERS) {
        let help = finding.help.get_or_insert_default();
        let _ = write!(help, "; {} handlers reach it", finding.handlers.len());
    }
    kept
}

type Call<'f> = (Place, Option<&'static str>, Option<&'f str>);

/// The call that a finding is about, if handlers lead to it.
fn call_of(finding: &Finding) -> Option<Call<'_>> {
    (!finding.handlers.is_empty()).then_some((finding.primary.place, finding.category, finding.pattern.as_deref()))
}

/// The worst and surest comes first. Only among those about one call does the order matter.
fn standing(finding: &Finding) -> Option<Reverse<(Severity, Confidence)>> {
    call_of(finding).map(|_| Reverse((finding.severity, finding.confidence)))
}

/// Adds what another way to the same call says: who goes it.
fn join(known: &mut Finding, other: Finding) {
    let mut named = known.related.iter().filter(|label| known.handlers.contains(&label.place)).count();
    let new: Vec<_> = other.handlers.into_iter().filter(|place| !known.handlers.contains(place)).collect();
    for label in other.related {
        if named < MAX_HANDLERS && new.contains(&label.place) && !known.related.contains(&label) {
            known.related.push(label);
            named += 1;
        }
    }
    known.handlers.extend(new);
}
