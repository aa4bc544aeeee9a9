//! What is known of one candidate while a race goes on.

use std::time::Duration;

use super::drive::{Kind, Latencies, Tally};
use super::outcome::{Errors, Memory, Scheduled};
use super::sample::Usage;
use crate::values::Bytes;

/// Time for the connections to find their pace on a server that is warm.
const SETTLE: Duration = Duration::from_millis(300);
/// Longest time for that.
const LONGEST_SETTLE: Duration = Duration::from_secs(2);

/// What is known of one candidate so far.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) command: Vec<String>,
    pub(super) ready_after: Duration,
    pub(super) latencies: Latencies,
    /// The same of each of several requests.
    pub(super) kinds: Vec<Kind>,
    pub(super) requests: u64,
    pub(super) errors: Errors,
    pub(super) repeated: u64,
    pub(super) successes: f64,
    pub(super) used: Duration,
    pub(super) memory: Option<Memory>,
    pub(super) largest_worker: Option<Bytes>,
    pub(super) workers: usize,
    pub(super) restarts: u32,
    pub(super) switches: Option<u64>,
    pub(super) throttled: u64,
    /// Processes that the kernel killed for their memory, and how many of them under the current start.
    pub(super) killed: u64,
    pub(super) killed_now: u64,
    pub(super) scheduled: Option<Scheduled>,
    pub(super) steps: Vec<Scheduled>,
    /// Workers of the current start at the last look.
    pub(super) seen: Option<Vec<i32>>,
    /// Whether the current start was under load before.
    pub(super) visited: bool,
    /// Whether its server ended by itself.
    pub(super) died: bool,
    /// How many rounds it was part of before it left a search.
    pub(super) left_after: Option<usize>,
    /// What its last start took, until all of its workers took requests.
    pub(super) start_took: Duration,
    /// What its last visit took, the requests under way at its end included.
    pub(super) visit_took: Duration,
}

impl Entry {
    pub(super) fn new() -> Self {
        Self {
            command: Vec::new(),
            ready_after: Duration::ZERO,
            latencies: Latencies::new(),
            kinds: Vec::new(),
            requests: 0,
            errors: Errors::default(),
            repeated: 0,
            successes: 0.0,
            used: Duration::ZERO,
            memory: None,
            largest_worker: None,
            workers: 0,
            restarts: 0,
            switches: None,
            throttled: 0,
            killed: 0,
            killed_now: 0,
            scheduled: None,
            steps: Vec::new(),
            seen: None,
            visited: false,
            died: false,
            left_after: None,
            start_took: Duration::ZERO,
            visit_took: Duration::ZERO,
        }
    }

    /// Time for the connections to find their pace: at least one answer each.
    pub(super) fn settle(&self) -> Duration {
        self.latencies.p50().unwrap_or_default().clamp(SETTLE, LONGEST_SETTLE)
    }

    /// Share of the requests that failed.
    pub(super) fn failures(&self) -> f64 {
        #[allow(clippy::cast_precision_loss, reason = "2^52 requests do not fit into a run")]
        if self.requests == 0 { 0.0 } else { self.errors.total() as f64 / self.requests as f64 }
    }

    /// Takes note of how many processes the kernel killed since the current start.
    pub(super) fn note_killed(&mut self, since_start: u64) {
        self.killed += since_start.saturating_sub(self.killed_now);
        self.killed_now = since_start;
    }

    /// Adds one window.
    pub(super) fn take(
        &mut self,
        tally: &Tally,
        usage: &Usage,
        memory: Option<(Memory, Bytes)>,
        restarts: u32,
        workers: Vec<i32>,
    ) {
        self.visited = true;
        self.latencies.add(&tally.latencies);
        self.kinds.resize_with(tally.kinds.len(), Kind::new);
        for (all, kind) in self.kinds.iter_mut().zip(&tally.kinds) {
            all.add(kind);
        }
        self.requests += tally.requests;
        self.errors += tally.errors;
        self.repeated += tally.repeated;
        self.successes += tally.successes;
        self.used += usage.server;
        self.throttled += usage.throttled;
        self.restarts += restarts;
        self.workers = self.workers.max(workers.len());
        self.seen = Some(workers);
        if let Some((all, largest)) = memory {
            if self.memory.is_none_or(|known| known.bytes < all.bytes) {
                self.memory = Some(all);
            }
            self.largest_worker = self.largest_worker.max(Some(largest));
        }
    }
}

/// Workers that went away and were replaced.
pub(super) fn replaced(before: &[i32], after: &[i32]) -> u32 {
    let gone = before.iter().filter(|pid| !after.contains(pid)).count();
    let new = after.iter().filter(|pid| !before.contains(pid)).count();
    u32::try_from(gone.min(new)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_replaced_workers_are_restarts() {
        assert_eq!(replaced(&[1, 2], &[1, 2]), 0);
        assert_eq!(replaced(&[1, 2], &[1, 3]), 1);
        assert_eq!(replaced(&[1], &[1, 2, 3]), 0);
        assert_eq!(replaced(&[1, 2], &[1]), 0);
    }
}
