//! From what a race collected to the outcome.

use std::collections::BTreeMap;

use super::compare::{self, Pair};
use super::drive::Kind;
use super::entry::Entry;
use super::outcome::{Asked, Interval, Measured, Outcome, Warning, Window};
use super::race::Race;
use super::requests::Request;
use super::search;
use super::verdict::{self, Circumstances, Comparison, MOST_CLIENT, MOST_FAILURES, MOST_FOREIGN};

/// Fewest requests for a 99th percentile.
const ENOUGH: u64 = 1000;

/// A worker that does so many times its share has others idle.
const TWICE: f64 = 2.0;
/// The same where there are so few workers that twice the share is all there is.
const MOST_OF_TWO: f64 = 0.85;
/// The same where there are so many that chance alone gives one of them twice its share.
const FEWEST_OF_MANY: f64 = 0.4;
/// Connections for each worker from which it is told how they are spread.
const KEPT_EACH: f64 = 3.0;

/// Sums up a race, finished or not.
pub(super) fn outcome(race: &mut Race<'_>, interrupted: bool) -> Outcome {
    let mut warnings = std::mem::take(&mut race.warnings);
    if interrupted {
        warnings.insert(0, Warning::Interrupted);
    }
    let foreign =
        compare::median(&race.windows.iter().filter_map(|window| window.foreign).collect::<Vec<_>>()).unwrap_or(0.0);
    if foreign > MOST_FOREIGN {
        warnings.push(Warning::ForeignLoad { cores: foreign });
    }
    let clients: Vec<Client> = (0..race.entries.len()).map(|candidate| Client::of(race, candidate)).collect();
    for ((described, entry), client) in race.plan.candidates.iter().zip(&race.entries).zip(&clients) {
        let label = || described.label.clone();
        if entry.failures() > MOST_FAILURES {
            warnings.push(Warning::Failures { label: label(), share: entry.failures(), errors: entry.errors });
        }
        if client.share > MOST_CLIENT {
            warnings.push(Warning::ClientBusy { label: label(), share: client.share });
        } else if let Some((rate, most)) = client.near() {
            warnings.push(Warning::ClientLimit { label: label(), rate, most });
        }
        if entry.throttled > 0 {
            warnings.push(Warning::Throttled { label: label(), periods: entry.throttled });
        }
        if entry.killed > 0 {
            warnings.push(Warning::Killed { label: label(), processes: entry.killed });
        }
        let over = race.plan.bounds.compared().zip(entry.memory).filter(|(limit, memory)| memory.bytes > *limit);
        if let Some((limit, memory)) = over {
            warnings.push(Warning::OverMemory { label: label(), memory: memory.bytes, limit });
        }
        if entry.restarts > 0 {
            warnings.push(Warning::Restarts { label: label(), workers: entry.restarts });
        }
        if (1..ENOUGH).contains(&entry.requests) && entry.left_after.is_none() {
            warnings.push(Warning::FewRequests { label: label(), requests: entry.requests });
        }
    }
    #[allow(clippy::cast_precision_loss, reason = "no machine has 2^52 cores")]
    let cores = std::thread::available_parallelism().map_or(1.0, |cores| cores.get() as f64);
    let comparisons: Vec<Comparison> = (1..race.entries.len())
        .map(|candidate| {
            let pairs = pairs(&race.windows, 0, candidate);
            let busy = |index: usize| clients.get(index).is_some_and(Client::is_limit);
            let failures = |index: usize| race.entries.get(index).map_or(0.0, Entry::failures);
            let died = |index: usize| race.entries.get(index).is_some_and(|entry| entry.died);
            let known = Circumstances {
                failures: (failures(0), failures(candidate)),
                died: (died(0), died(candidate)),
                foreign: if foreign > MOST_FOREIGN { (foreign / cores).min(1.0) } else { 0.0 },
                client_busy: (busy(0), busy(candidate)),
                interrupted,
            };
            let (verdict, ratio) = verdict::decide(&pairs, known);
            let label =
                race.plan.candidates.get(candidate).map_or_else(String::new, |candidate| candidate.label.clone());
            Comparison { label, verdict, ratio, rounds: pairs.len() }
        })
        .collect();
    let candidates: Vec<Measured> = (0..race.entries.len()).filter_map(|candidate| measured(race, candidate)).collect();
    for one in &candidates {
        warnings.extend(uneven(one));
    }
    let calm = foreign <= MOST_FOREIGN && !clients.iter().any(Client::is_limit);
    let search = race.plan.search.then(|| search::found(race, &candidates, &comparisons, calm));
    Outcome {
        candidates,
        comparisons,
        generator: race.generator,
        search,
        windows: std::mem::take(&mut race.windows),
        warnings,
        took: race.begun.elapsed(),
    }
}

fn measured(race: &Race<'_>, candidate: usize) -> Option<Measured> {
    let entry = race.entries.get(candidate)?;
    let none = Interval { median: 0.0, low: 0.0, high: 0.0 };
    Some(Measured {
        label: race.plan.candidates.get(candidate)?.label.clone(),
        command: entry.command.clone(),
        ready_after: entry.ready_after,
        rate: compare::interval(&race.rates(candidate)).unwrap_or(none),
        requests: entry.requests,
        p50: entry.latencies.p50(),
        p90: entry.latencies.p90(),
        p99: entry.latencies.p99(),
        max: entry.latencies.max(),
        errors: entry.errors,
        repeated: entry.repeated,
        memory: entry.memory,
        memory_per_worker: entry.largest_worker,
        workers: entry.workers,
        cpu_per_request: (entry.successes >= 1.0).then(|| entry.used.div_f64(entry.successes)),
        restarts: entry.restarts,
        switches_per_request: entry.switches.and_then(|count| per_request(count, entry.successes)),
        throttled: entry.throttled,
        connections: averaged(&race.windows, candidate, |window| {
            window.connections.iter().copied().map(f64::from).collect()
        }),
        shares: averaged(&race.windows, candidate, |window| window.shares.clone()),
        client: client(&race.windows, candidate),
        scheduled: entry.scheduled.clone(),
        steps: entry.steps.clone(),
        routes: race.plan.requests.iter().zip(&entry.kinds).map(|(request, kind)| asked(request, kind)).collect(),
    })
}

fn asked(request: &Request, kind: &Kind) -> Asked {
    Asked { name: request.name(), requests: kind.requests, errors: kind.errors, latency: kind.latencies.summary() }
}

/// How near the load generator was to its own limit.
struct Client {
    /// Share of one core that it used, median over windows.
    share: f64,
    /// What the candidate answered per second, and what an endpoint answers that does nothing, where that is known.
    rates: Option<(f64, f64)>,
}

impl Client {
    fn of(race: &Race<'_>, candidate: usize) -> Self {
        let answered = compare::median(&race.rates(candidate));
        let rates = answered.zip(race.generator).map(|(rate, generator)| (rate, generator.rate));
        Self { share: client(&race.windows, candidate), rates }
    }

    /// The rates, where they are so near that a faster server would not show.
    fn near(&self) -> Option<(f64, f64)> {
        self.rates.filter(|(rate, most)| *rate > MOST_CLIENT * most)
    }

    fn is_limit(&self) -> bool {
        self.share > MOST_CLIENT || self.near().is_some()
    }
}

/// Median share of a core the load generator used while it loaded the candidate.
fn client(windows: &[Window], candidate: usize) -> f64 {
    let shares: Vec<f64> =
        windows.iter().filter(|window| window.candidate == candidate).map(|window| window.client).collect();
    compare::median(&shares).unwrap_or(0.0)
}

#[allow(clippy::cast_precision_loss, reason = "2^52 switches do not fit into a run")]
fn per_request(count: u64, successes: f64) -> Option<f64> {
    (successes >= 1.0).then(|| count as f64 / successes)
}

/// Whether one of several workers did more than twice its share: of the computing, or else of the connections.
fn uneven(measured: &Measured) -> Option<Warning> {
    let total: f64 = measured.connections.iter().sum();
    let of_connections = || measured.connections.iter().map(|count| count / total).collect();
    let shares: Vec<f64> = if measured.shares.is_empty() { of_connections() } else { measured.shares.clone() };
    let workers = shares.len();
    #[allow(clippy::cast_precision_loss, reason = "a handful of workers")]
    let fair = 1.0 / workers as f64;
    // Connections that are not kept tell nothing by where they are at one moment.
    #[allow(clippy::cast_precision_loss, reason = "a handful of workers")]
    let told = !measured.shares.is_empty() || total >= KEPT_EACH * workers as f64;
    let share = shares.first().copied().filter(|share| workers > 1 && told && share.is_finite())?;
    // Of two workers one can do no more than all of it, and of many twice the share is little.
    let most = (TWICE * fair).clamp(FEWEST_OF_MANY, MOST_OF_TWO);
    (share >= most).then(|| Warning::Uneven { label: measured.label.clone(), share, workers })
}

/// The rates of the rounds in which both candidates were measured.
pub(super) fn pairs(windows: &[Window], first: usize, second: usize) -> Vec<Pair> {
    let rounds = |index: usize| -> BTreeMap<usize, &Window> {
        windows.iter().filter(|window| window.candidate == index).map(|window| (window.round, window)).collect()
    };
    let (first, second) = (rounds(first), rounds(second));
    first
        .iter()
        .filter_map(|(round, first)| {
            let second = second.get(round)?;
            let seconds = first.length.min(second.length).as_secs_f64();
            Some(Pair { first: first.rate, second: second.rate, seconds })
        })
        .collect()
}

/// What the workers have from the busiest to the idlest, averaged over windows: which process
/// is the busiest changes with every draw of connections, how uneven they are does not.
fn averaged(windows: &[Window], candidate: usize, row: impl Fn(&Window) -> Vec<f64>) -> Vec<f64> {
    let rows: Vec<Vec<f64>> =
        windows.iter().filter(|window| window.candidate == candidate).map(row).filter(|row| !row.is_empty()).collect();
    let width = rows.iter().map(Vec::len).max().unwrap_or(0);
    #[allow(clippy::cast_precision_loss, reason = "one row per window")]
    let count = rows.len() as f64;
    (0..width).map(|rank| rows.iter().filter_map(|row| row.get(rank)).sum::<f64>() / count).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::outcome::Errors;
    use std::time::Duration;

    fn window(candidate: usize, round: usize, rate: f64, shares: &[f64]) -> Window {
        Window {
            candidate,
            round,
            at: Duration::ZERO,
            length: Duration::from_secs(1),
            rate,
            requests: 100,
            errors: Errors::default(),
            repeated: 0,
            p50: None,
            max: None,
            client: 0.1,
            foreign: None,
            cores: 0.5,
            memory: None,
            shares: shares.to_vec(),
            restarts: 0,
            switches: None,
            throttled: 0,
            connections: Vec::new(),
        }
    }

    #[test]
    fn rounds_are_paired_whatever_their_order() {
        let windows = [
            window(0, 0, 1.0, &[]),
            window(1, 0, 2.0, &[]),
            window(1, 1, 4.0, &[]),
            window(0, 1, 3.0, &[]),
            window(0, 2, 9.0, &[]),
        ];
        let pairs: Vec<(f64, f64)> = pairs(&windows, 0, 1).iter().map(|pair| (pair.first, pair.second)).collect();
        assert_eq!(pairs, [(1.0, 2.0), (3.0, 4.0)]);
    }

    fn with(shares: &[f64], connections: &[f64]) -> Measured {
        Measured {
            label: "x".to_owned(),
            command: Vec::new(),
            ready_after: Duration::ZERO,
            rate: Interval { median: 1.0, low: 1.0, high: 1.0 },
            requests: 1000,
            p50: None,
            p90: None,
            p99: None,
            max: None,
            errors: Errors::default(),
            repeated: 0,
            memory: None,
            memory_per_worker: None,
            workers: shares.len().max(connections.len()),
            cpu_per_request: None,
            restarts: 0,
            switches_per_request: None,
            throttled: 0,
            connections: connections.to_vec(),
            shares: shares.to_vec(),
            client: 0.1,
            scheduled: None,
            steps: Vec::new(),
            routes: Vec::new(),
        }
    }

    #[test]
    fn only_a_worker_with_far_more_than_its_share_is_told() {
        assert!(uneven(&with(&[0.9, 0.1], &[])).is_some());
        assert!(uneven(&with(&[0.7, 0.3], &[])).is_none());
        assert!(uneven(&with(&[], &[8.0, 6.0, 1.0, 1.0])).is_some());
        assert!(uneven(&with(&[], &[1.0, 0.0])).is_none(), "one that is not kept");
        assert!(uneven(&with(&[0.15; 1], &[1.0; 16])).is_none(), "one of many by chance");
        assert!(uneven(&with(&[1.0], &[16.0])).is_none(), "there is no other one");
    }

    #[test]
    fn shares_are_averaged_by_rank() {
        let windows = [
            window(0, 0, 1.0, &[0.75, 0.25]),
            window(0, 1, 1.0, &[]),
            window(0, 2, 1.0, &[0.5, 0.5]),
            window(1, 0, 1.0, &[1.0]),
        ];
        let shares = |candidate| averaged(&windows, candidate, |window| window.shares.clone());
        assert_eq!(shares(0), [0.625, 0.375]);
        assert_eq!(shares(1), [1.0]);
        assert!(shares(2).is_empty());
    }
}
