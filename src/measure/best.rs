//! Which of many configurations to take.
//!
//! Pure. Decides among configurations that answer nearly as much for the smaller one, because the
//! difference would not come back in a second run.

use super::outcome::{Measured, Outcome, Warning};
use super::verdict::{MOST_FAILURES, TIE};

/// The configuration that a search came to; else the one that answers most, or the smallest of those within a tie of
/// it; `None` where all fail requests.
pub fn best(outcome: &Outcome) -> Option<&Measured> {
    if let Some(search) = &outcome.search {
        return outcome.candidates.get(search.best).filter(|one| failures_of(one) <= MOST_FAILURES);
    }
    let died = |label: &str| {
        outcome.warnings.iter().any(|warning| matches!(warning, Warning::Died { label: dead, .. } if dead == label))
    };
    let sound: Vec<&Measured> =
        outcome.candidates.iter().filter(|one| failures_of(one) <= MOST_FAILURES && !died(&one.label)).collect();
    let most = sound.iter().map(|one| one.rate.median).fold(0.0, f64::max);
    let memory = |one: &Measured| one.memory.map_or(u64::MAX, |memory| memory.bytes.0);
    sound
        .into_iter()
        .filter(|one| one.rate.median > 0.0 && one.rate.median >= most * (1.0 - TIE))
        .min_by_key(|one| (memory(one), one.workers))
}

/// Share of the requests that failed.
pub(super) fn failures_of(measured: &Measured) -> f64 {
    #[allow(clippy::cast_precision_loss, reason = "2^52 requests do not fit into a run")]
    if measured.requests == 0 { 1.0 } else { measured.errors.total() as f64 / measured.requests as f64 }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::measure::{Counted, Errors, Interval, Memory};
    use crate::values::Bytes;

    fn measured(label: &str, rate: f64, mib: u64, failed: u64) -> Measured {
        Measured {
            label: label.to_owned(),
            command: Vec::new(),
            ready_after: Duration::ZERO,
            rate: Interval { median: rate, low: rate, high: rate },
            requests: 1000,
            p50: None,
            p99: None,
            max: None,
            errors: Errors { failed, ..Errors::default() },
            repeated: 0,
            memory: Some(Memory { bytes: Bytes(mib << 20), counted: Counted::Shared }),
            memory_per_worker: None,
            workers: 1,
            cpu_per_request: None,
            restarts: 0,
            switches_per_request: None,
            throttled: 0,
            connections: Vec::new(),
            shares: Vec::new(),
            scheduled: None,
        }
    }

    fn outcome(candidates: Vec<Measured>, warnings: Vec<Warning>) -> Outcome {
        Outcome {
            candidates,
            comparisons: Vec::new(),
            search: None,
            windows: Vec::new(),
            warnings,
            took: Duration::ZERO,
        }
    }

    #[test]
    fn ties_go_to_the_smaller_and_failures_win_nothing() {
        let all = vec![
            measured("small", 60.0, 20, 0),
            measured("right", 97.0, 40, 0),
            measured("large", 100.0, 80, 0),
            measured("failing", 900.0, 10, 900),
        ];
        assert_eq!(best(&outcome(all.clone(), Vec::new())).unwrap().label, "right");
        let died = Warning::Died { label: "right".to_owned(), reason: String::new() };
        assert_eq!(best(&outcome(all, vec![died])).unwrap().label, "large");
        assert!(best(&outcome(vec![measured("failing", 9.0, 1, 2)], Vec::new())).is_none());
    }
}
