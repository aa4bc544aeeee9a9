//! Which of many configurations to take.
//!
//! Pure. Decides among configurations that answer nearly as much for the smaller one, because the
//! difference would not come back in a second run; and names none where the rates say more about
//! the machine or the load generator than about the configurations.

use super::outcome::{Measured, Outcome, Warning};
use super::verdict::{Doubt, MOST_FAILURES, TIE, Verdict};

/// What a run says about which configuration to take.
#[derive(Debug, Clone, PartialEq)]
pub enum Choice<'a> {
    /// This one.
    Take(&'a Measured),
    /// None, all fail requests.
    AllFail,
    /// The run does not tell.
    Withheld(Doubt),
}

/// The configuration to take, where there is one.
pub fn best(outcome: &Outcome) -> Option<&Measured> {
    match choice(outcome) {
        Choice::Take(best) => Some(best),
        Choice::AllFail | Choice::Withheld(_) => None,
    }
}

/// The configuration that a search came to; else the one that answers most, or the smallest of those within a tie of
/// it.
pub fn choice(outcome: &Outcome) -> Choice<'_> {
    let died = |label: &str| {
        outcome.warnings.iter().any(|warning| matches!(warning, Warning::Died { label: dead, .. } if dead == label))
    };
    let sound: Vec<&Measured> =
        outcome.candidates.iter().filter(|one| failures_of(one) <= MOST_FAILURES && !died(&one.label)).collect();
    let most = sound.iter().map(|one| one.rate.median).fold(0.0, f64::max);
    let memory = |one: &Measured| one.memory.map_or(u64::MAX, |memory| memory.bytes.0);
    let found = if let Some(search) = &outcome.search {
        outcome.candidates.get(search.best).filter(|one| failures_of(one) <= MOST_FAILURES)
    } else {
        let highest = sound.iter().filter(|one| one.rate.median > 0.0 && one.rate.median >= most * (1.0 - TIE));
        highest.min_by_key(|one| (memory(one), one.workers)).copied()
    };
    let Some(found) = found else { return Choice::AllFail };
    let interrupted = outcome.warnings.contains(&Warning::Interrupted);
    if interrupted && outcome.candidates.iter().any(|one| one.requests == 0) {
        return Choice::Withheld(Doubt::Interrupted);
    }
    // Where all others fail requests, no rate is needed to tell.
    match doubt(outcome, &sound, found).filter(|_| sound.len() > 1) {
        Some(doubt) => Choice::Withheld(doubt),
        None => Choice::Take(found),
    }
}

/// Why the rates of a run rank nothing, or do not reach this far.
fn doubt(outcome: &Outcome, sound: &[&Measured], found: &Measured) -> Option<Doubt> {
    let is_sound = |label: &str| sound.iter().any(|one| one.label == label);
    let of_run = outcome.warnings.iter().find_map(|warning| match warning {
        Warning::ForeignLoad { .. } => Some(Doubt::ForeignLoad),
        // It might answer more than all others, if it were asked.
        Warning::ClientBusy { label, .. } | Warning::ClientLimit { label, .. } if is_sound(label) => {
            Some(Doubt::ClientBusy)
        }
        _ => None,
    });
    let open = |verdict: &Verdict| match verdict {
        // Errors told them apart, and no rate.
        Verdict::Inconclusive(doubt) if !matches!(doubt, Doubt::BothFail | Doubt::SoundButSlower) => {
            Some(doubt.clone())
        }
        _ => None,
    };
    of_run.or_else(|| match outcome.comparisons.iter().find(|one| one.label == found.label) {
        Some(own) => open(&own.verdict),
        // The first one has no verdict of its own: it is ahead as far as something is known of the others. Those that
        // left a search were behind in every round they had.
        None if outcome.search.is_some() => None,
        None => {
            let others = || outcome.comparisons.iter().filter(|one| is_sound(&one.label));
            let all = others().all(|one| open(&one.verdict).is_some());
            others().find_map(|one| open(&one.verdict)).filter(|_| all)
        }
    })
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
    use crate::measure::{Comparison, Counted, Errors, Interval, Memory};
    use crate::values::Bytes;

    fn measured(label: &str, rate: f64, mib: u64, failed: u64) -> Measured {
        Measured {
            label: label.to_owned(),
            command: Vec::new(),
            ready_after: Duration::ZERO,
            rate: Interval { median: rate, low: rate, high: rate },
            requests: 1000,
            p50: None,
            p90: None,
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
            client: 0.1,
            scheduled: None,
            steps: Vec::new(),
            routes: Vec::new(),
        }
    }

    fn outcome(candidates: Vec<Measured>, warnings: Vec<Warning>) -> Outcome {
        Outcome {
            candidates,
            comparisons: Vec::new(),
            generator: None,
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
        assert_eq!(choice(&outcome(vec![measured("failing", 9.0, 1, 2)], Vec::new())), Choice::AllFail);
    }

    #[test]
    fn nothing_is_named_by_rates_that_rank_nothing() {
        let all = || vec![measured("current", 60.0, 20, 0), measured("more", 100.0, 80, 0)];
        let busy = |label: &str| Warning::ClientBusy { label: label.to_owned(), share: 0.9 };
        let foreign = Warning::ForeignLoad { cores: 1.5 };
        assert_eq!(choice(&outcome(all(), vec![foreign.clone()])), Choice::Withheld(Doubt::ForeignLoad));
        assert_eq!(choice(&outcome(all(), vec![busy("current")])), Choice::Withheld(Doubt::ClientBusy));
        let limit = Warning::ClientLimit { label: "more".to_owned(), rate: 90e3, most: 100e3 };
        assert_eq!(choice(&outcome(all(), vec![limit])), Choice::Withheld(Doubt::ClientBusy));
        // What fails requests is out whatever the machine did, and what is left needs no rate.
        let one = vec![measured("current", 60.0, 20, 0), measured("failing", 900.0, 20, 900)];
        assert_eq!(best(&outcome(one.clone(), vec![busy("failing")])).unwrap().label, "current");
        assert_eq!(best(&outcome(one, vec![foreign])).unwrap().label, "current");
        let unseen = vec![measured("current", 60.0, 20, 0), Measured { requests: 0, ..measured("more", 0.0, 20, 0) }];
        assert_eq!(choice(&outcome(unseen, vec![Warning::Interrupted])), Choice::Withheld(Doubt::Interrupted));
    }

    #[test]
    fn nothing_is_named_by_rounds_that_do_not_tell() {
        let with = |verdict: Verdict, rate: f64| {
            let mut run = outcome(vec![measured("current", 60.0, 20, 0), measured("other", rate, 10, 0)], Vec::new());
            let ratio = Interval { median: rate / 60.0, low: 0.5, high: 3.0 };
            run.comparisons = vec![Comparison { label: "other".to_owned(), verdict, ratio, rounds: 4 }];
            run
        };
        let noise = || Verdict::Inconclusive(Doubt::Noise);
        assert_eq!(choice(&with(noise(), 90.0)), Choice::Withheld(Doubt::Noise));
        assert_eq!(choice(&with(noise(), 40.0)), Choice::Withheld(Doubt::Noise), "the current one is no better known");
        assert_eq!(best(&with(Verdict::Better, 90.0)).unwrap().label, "other");
        assert_eq!(best(&with(Verdict::Same, 60.0)).unwrap().label, "other", "it is the smaller one");
        assert_eq!(best(&with(Verdict::Worse, 40.0)).unwrap().label, "current");
    }
}
