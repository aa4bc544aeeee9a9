//! The order of things: which server is visited when, for how long, and when to stop.
//!
//! A round visits every candidate once, the next round in the opposite order (A B, B A, ...), so
//! that a machine growing slower favours nobody. A visit opens its connections anew. Half-way all
//! servers are started once more, because which worker got which connections, and how memory was
//! laid out, is drawn anew with the start.

use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::drive::closed::Load;
use super::drive::{once, scheduled};
use super::entry::{Entry, replaced};
use super::outcome::{Warning, Window};
use super::plan::Plan;
use super::sample::{self, Snapshot};
use super::server::Server;
use super::verdict::MOST_FAILURES;
use super::{Error, Progress, compare, log, null, search};
use crate::values::Bytes;
use crate::values::Order as _;

/// Which part of the budget a visit waits at most until every connection was answered once: 4 s of a minute.
const ANSWERED_PART: u32 = 15;
/// Longest warm-up of a server that was just started.
const LONGEST_WARM_UP: Duration = Duration::from_secs(2);
/// A window holds at least this many median latencies.
const LATENCIES_PER_WINDOW: u32 = 5;
/// Rounds for which the budget must have room before windows may grow.
const ROOM: u32 = 4;
/// Budget below which there is neither a second start nor a scheduled phase.
const SHORT: Duration = Duration::from_secs(10);
/// A start that takes longer than this share of the budget is not repeated.
const START_SHARE: f64 = 0.1;
/// Share of the budget for the scheduled phase.
const SCHEDULED_SHARE: f64 = 0.15;
/// Share of the slowest candidate's rate that is offered to all in the scheduled phase.
const SCHEDULED_RATE: f64 = 2.0 / 3.0;
/// Shares of what a candidate reached itself that it is offered as well, as far as there is time: where latency begins to
/// grow is not the same for all.
const OWN_RATES: [f64; 3] = [0.9, 0.35, 0.6];
/// Shortest step of the scheduled phase.
const STEP: Duration = Duration::from_secs(1);
/// Two rates that differ by less than this share are one.
const SAME_RATE: f64 = 0.1;
/// A schedule of which half is sent later than this is the load generator's, and not the plan's.
const MOST_LAG: Duration = Duration::from_micros(500);
/// Fewest requests the scheduled phase is worth its time for.
const FEWEST_SCHEDULED: f64 = 10.0;
/// Failures from which more rounds would only repeat what is known.
const HOPELESS: f64 = 0.01;
/// Share of the available memory the servers may use together.
const MEMORY_SHARE: f64 = 0.5;

/// A run under way, and what it found so far.
pub(super) struct Race<'a> {
    pub(super) plan: &'a Plan,
    pub(super) begun: Instant,
    pub(super) entries: Vec<Entry>,
    pub(super) windows: Vec<Window>,
    pub(super) warnings: Vec<Warning>,
    /// What the load generator can do at most.
    pub(super) generator: Option<null::Calibration>,
    servers: Vec<Option<Server>>,
    taken: Vec<u16>,
    /// Time under load so far.
    spent: Duration,
    /// What it took to stop all servers, when that was done last.
    stopping: Duration,
    /// Length of the next windows.
    length: Duration,
    /// Whether only one server may live at a time.
    in_turn: bool,
    /// Those that a search did not send home.
    pub(super) alive: Vec<usize>,
}

pub(super) type Report<'a> = dyn FnMut(Progress<'_>) + 'a;

impl<'a> Race<'a> {
    pub(super) fn new(plan: &'a Plan) -> Self {
        Self {
            plan,
            begun: Instant::now(),
            entries: plan.candidates.iter().map(|_| Entry::new()).collect(),
            windows: Vec::new(),
            warnings: Vec::new(),
            generator: None,
            servers: plan.candidates.iter().map(|_| None).collect(),
            taken: Vec::new(),
            spent: Duration::ZERO,
            stopping: Duration::ZERO,
            length: plan.window,
            in_turn: plan.in_turn,
            alive: Vec::new(),
        }
    }

    /// Runs everything. What was found until an error, or until the future is dropped, stays.
    pub(super) async fn run(&mut self, report: &mut Report<'_>) -> Result<(), Error> {
        let system = |error| Error::System { doing: "starting the endpoint that calibrates", error };
        self.generator = null::calibrate(self.plan.connections).await.map_err(system)?;
        self.preflight(report).await?;
        if self.plan.search {
            return self.search(report).await;
        }
        let scheduled = self.plan.rate.is_some() || self.plan.budget >= SHORT;
        let share = if scheduled { 1.0 - SCHEDULED_SHARE } else { 1.0 };
        let budget = self.plan.budget.mul_f64(share);
        self.rounds(budget, report).await?;
        if scheduled && self.entries.iter().all(|entry| entry.failures() <= MOST_FAILURES) {
            self.schedule(report).await?;
        }
        Ok(())
    }

    /// Starts every server, and looks whether each path is answered by somebody.
    async fn preflight(&mut self, report: &mut Report<'_>) -> Result<(), Error> {
        let count = self.plan.candidates.len();
        let mut statuses = vec![vec![0; count]; self.plan.requests.len()];
        for candidate in 0..count {
            if self.plan.search && candidate > 1 && self.begun.elapsed() > self.plan.budget.mul_f64(search::START_SHARE)
            {
                search::left_out(self, candidate, "there was no time left to start it".to_owned());
                continue;
            }
            match self.wake(candidate, report).await {
                // Of many configurations one that does not start is no reason to measure none.
                Err(Error::Start { reason, .. }) if self.plan.search && candidate > 0 => {
                    search::left_out(self, candidate, reason);
                    continue;
                }
                started => started?,
            }
            let Some(server) = self.servers.get(candidate).and_then(Option::as_ref) else {
                continue;
            };
            let target = Rc::clone(&server.target);
            let memory = sample::memory(&super::processes::below(server.root()), &[]);
            for (index, row) in statuses.iter_mut().enumerate() {
                if let Some(status) = row.get_mut(candidate) {
                    *status = once(&target, index).await.unwrap_or(0);
                }
            }
            self.judge_memory(memory.map(|(memory, _)| memory.bytes));
            let good = statuses.iter().filter_map(|row| row.get(candidate)).any(|status| (1..400).contains(status));
            if self.plan.search && candidate > 0 && !good {
                let status = statuses.first().and_then(|row| row.get(candidate)).copied().unwrap_or(0);
                search::left_out(self, candidate, format!("it answers with status {status}"));
            }
        }
        let changing: BTreeSet<&str> =
            self.plan.requests.iter().filter(|one| !one.method.is_safe()).map(|one| one.method.name()).collect();
        if !changing.is_empty() {
            self.warnings.push(Warning::Changes { methods: changing.into_iter().collect() });
        }
        for (request, statuses) in self.plan.requests.iter().zip(statuses) {
            let good = |status: &u16| (1..400).contains(status);
            if let Some(status) = statuses.first().filter(|_| !statuses.iter().any(good)) {
                return Err(Error::Target { path: request.name(), status: *status });
            }
            if !self.plan.search && statuses.windows(2).any(|pair| matches!(pair, [one, other] if one != other)) {
                self.warnings.push(Warning::StatusDiffers { path: request.name(), statuses });
            } else if let Some(status) = statuses.first().filter(|status| (300..400).contains(*status)) {
                self.warnings.push(Warning::Redirect { path: request.name(), status: *status });
            }
        }
        Ok(())
    }

    /// Falls back to one server at a time when all together would not fit, judged by one of them.
    fn judge_memory(&mut self, one: Option<Bytes>) {
        let (Some(one), Some(available)) = (one, sample::available()) else {
            return;
        };
        let others = self.plan.candidates.len().saturating_sub(1) as u64;
        #[allow(clippy::cast_precision_loss, reason = "no machine has 2^52 bytes of memory")]
        let short = one.0.saturating_mul(others) as f64 > available.0 as f64 * MEMORY_SHARE;
        if short && !self.in_turn {
            self.in_turn = true;
            self.warnings.push(Warning::InTurn);
        }
    }

    /// Makes sure the candidate's server runs, and where memory is short, no other.
    async fn wake(&mut self, candidate: usize, report: &mut Report<'_>) -> Result<(), Error> {
        if self.in_turn {
            for (other, server) in self.servers.iter_mut().enumerate() {
                if other != candidate {
                    *server = None;
                }
            }
        }
        let (Some(described), Some(slot), Some(entry)) =
            (self.plan.candidates.get(candidate), self.servers.get_mut(candidate), self.entries.get_mut(candidate))
        else {
            return Ok(());
        };
        if slot.is_some() {
            return Ok(());
        }
        let label = described.label.as_str();
        report(Progress::Starting { label });
        let begun = Instant::now();
        let server = Server::start(self.plan, described, &mut self.taken).await?;
        report(Progress::Ready { label, after: server.ready_after });
        if let Some((awake, workers)) = server.asleep {
            let warning = Warning::Asleep { label: label.to_owned(), awake, workers };
            if !self.warnings.contains(&warning) {
                self.warnings.push(warning);
            }
        }
        entry.ready_after = entry.ready_after.max(server.ready_after);
        entry.start_took = begun.elapsed();
        entry.command.clone_from(&server.command);
        entry.seen = None;
        entry.killed_now = 0;
        entry.visited = false;
        *slot = Some(server);
        Ok(())
    }

    async fn rounds(&mut self, budget: Duration, report: &mut Report<'_>) -> Result<(), Error> {
        let mut restarted = self.in_turn || self.plan.budget < SHORT;
        for round in 0.. {
            let before = self.spent;
            let mut order: Vec<usize> = (0..self.plan.candidates.len()).collect();
            if round % 2 == 1 {
                order.reverse();
            }
            for candidate in order {
                self.visit(candidate, round, report).await?;
                if self.died(candidate) {
                    return Ok(());
                }
            }
            if round == 0 {
                self.stretch(budget);
            }
            // The first round also warmed up, which the next one need not.
            let last = self.spent.saturating_sub(before);
            let next = if round == 0 { self.expected() } else { last.max(self.expected()) };
            let failures = self.entries.iter().map(Entry::failures).fold(0.0, f64::max);
            if self.spent + next > budget || failures > 0.5 || (round > 0 && failures > HOPELESS) {
                return Ok(());
            }
            let quick = self.entries.iter().all(|e| e.ready_after < self.plan.budget.mul_f64(START_SHARE));
            if !restarted && quick && self.spent >= budget / 2 {
                restarted = true;
                self.stop();
            }
        }
        Ok(())
    }

    /// Lengthens the windows for slow targets, as far as the budget goes.
    fn stretch(&mut self, budget: Duration) {
        let p50 = self.slowest();
        let wanted = p50 * LATENCIES_PER_WINDOW;
        if wanted <= self.length {
            return;
        }
        let left = budget.saturating_sub(self.spent) / ROOM;
        let room = left.saturating_sub(self.expected().saturating_sub(self.length * self.count()));
        self.stretch_to(self.slowest(), room / self.count());
    }

    /// Lengthens the windows for targets with this median latency, to this at most.
    pub(super) fn stretch_to(&mut self, p50: Duration, room: Duration) {
        let wanted = p50 * LATENCIES_PER_WINDOW;
        if wanted > self.length && room < wanted && !self.tells_slow() {
            self.warnings.push(Warning::Slow { p50 });
        }
        self.length = wanted.min(room).max(self.length);
    }

    fn tells_slow(&self) -> bool {
        self.warnings.iter().any(|warning| matches!(warning, Warning::Slow { .. }))
    }

    /// Ends the server of one candidate.
    pub(super) fn end(&mut self, candidate: usize) {
        if let Some(slot) = self.servers.get_mut(candidate) {
            *slot = None;
        }
    }

    /// The largest median latency of all candidates.
    fn slowest(&self) -> Duration {
        let medians = self.entries.iter().filter_map(|entry| entry.latencies.p50());
        medians.max().unwrap_or_default()
    }

    /// Longest warm-up: two seconds, less where they would eat a short budget.
    fn warm_up(&self) -> Duration {
        let longest = if self.plan.search { search::WARM_UP } else { LONGEST_WARM_UP };
        longest.min(self.plan.budget / 10)
    }

    /// How long the next load of a candidate will take: what the last one took, or where there was none, what the longest
    /// of the others took.
    pub(super) fn load_takes(&self, candidate: usize) -> Duration {
        let took = |entry: &Entry| Some(entry.visit_took).filter(|took| !took.is_zero());
        let known = self.entries.get(candidate).and_then(took);
        known.or_else(|| self.entries.iter().filter_map(took).max()).unwrap_or_default().max(self.length)
    }

    /// How long it will take until the server of a candidate runs.
    pub(super) fn start_takes(&self, candidate: usize) -> Duration {
        let runs = !self.in_turn && self.servers.get(candidate).is_some_and(Option::is_some);
        let took = self.entries.get(candidate).map_or(Duration::ZERO, |entry| entry.start_took);
        if runs { Duration::ZERO } else { took }
    }

    /// How long it will take to stop all servers.
    pub(super) fn stop_takes(&self) -> Duration {
        self.stopping.max(search::LEAST_STOP)
    }

    /// Number of candidates.
    fn count(&self) -> u32 {
        u32::try_from(self.entries.len()).unwrap_or(u32::MAX).max(1)
    }

    /// How long the next round will take: besides its window, a visit settles before it and waits
    /// for the requests under way after it.
    fn expected(&self) -> Duration {
        let visit = |entry: &Entry| self.length + entry.settle() + entry.latencies.p50().unwrap_or_default();
        self.entries.iter().map(visit).sum()
    }

    /// Loads one candidate for one window.
    pub(super) async fn visit(&mut self, candidate: usize, round: usize, report: &mut Report<'_>) -> Result<(), Error> {
        self.wake(candidate, report).await?;
        let visit = Instant::now();
        let alive: Vec<(usize, i32, Option<i32>)> = self
            .servers
            .iter()
            .enumerate()
            .filter_map(|(index, server)| server.as_ref().map(|server| (index, server.root(), server.master())))
            .collect();
        let roots: Vec<i32> = alive.iter().map(|(_, root, _)| *root).collect();
        let Some(place) = alive.iter().position(|(index, ..)| *index == candidate) else {
            return Ok(());
        };
        let master = alive.get(place).and_then(|(.., master)| *master);
        let Some(server) = self.servers.get(candidate).and_then(Option::as_ref) else {
            return Ok(());
        };
        let Some(entry) = self.entries.get(candidate) else {
            return Ok(());
        };

        let load = Load::start(&server.target, self.plan.connections);
        if entry.visited {
            load.settle(entry.settle()).await;
        } else {
            load.warm_up(self.warm_up()).await;
        }
        let settled = load.answered(self.plan.budget / ANSWERED_PART).await;
        let within = (!self.plan.bounds.is_empty()).then_some(place);
        let before = Snapshot::take(&roots, within);
        let switched = sample::switches(before.server(place));
        let at = self.begun.elapsed();
        let length = load.window(self.length).await;
        let after = Snapshot::take(&roots, within);
        // Read while the connections are still busy, but outside the window: it walks page tables.
        let switched = switched.zip(sample::switches(after.server(place)));
        let workers = sample::workers(after.server(place), master);
        let mut connections = server.connections_of(&workers);
        connections.sort_unstable_by(|one, other| other.cmp(one));
        if connections.iter().all(|count| *count == 0) {
            connections.clear();
        }
        let memory = sample::memory(after.server(place), &workers);
        let tally = load.finish().await;
        let took = visit.elapsed();
        self.spent += took;
        if let Some(p50) = tally.latencies.p50().filter(|_| !settled && !self.tells_slow()) {
            self.warnings.push(Warning::Slow { p50 });
        }
        let killed = self.servers.get_mut(candidate).and_then(Option::as_mut).map_or(0, Server::killed);

        let usage = sample::between(&before, &after, place, master);
        let Some(entry) = self.entries.get_mut(candidate) else {
            return Ok(());
        };
        let first = sample::workers(before.server(place), master);
        let restarts = replaced(entry.seen.as_ref().unwrap_or(&first), &workers);
        entry.take(&tally, &usage, memory, restarts, workers);
        entry.visit_took = took;
        entry.note_killed(killed);
        let window = Window {
            candidate,
            round,
            at,
            length,
            rate: tally.successes / length.as_secs_f64(),
            requests: tally.requests,
            errors: tally.errors,
            repeated: tally.repeated,
            p50: tally.latencies.p50(),
            max: tally.latencies.max(),
            client: usage.client,
            foreign: usage.foreign,
            cores: usage.server.as_secs_f64() / length.as_secs_f64(),
            memory: memory.map(|(memory, _)| memory),
            shares: usage.shares,
            restarts,
            // A thread that ended takes its count with it.
            switches: switched.and_then(|(before, after)| after.checked_sub(before)),
            throttled: usage.throttled,
            connections,
        };
        if let Some(entry) = self.entries.get_mut(candidate) {
            entry.switches = window.switches.map(|count| count + entry.switches.unwrap_or(0)).or(entry.switches);
        }
        let done = (self.spent.as_secs_f64() / self.plan.budget.as_secs_f64()).min(1.0);
        let label = self.plan.candidates.get(candidate).map_or("", |candidate| candidate.label.as_str());
        report(Progress::Measured { label, window: &window, done });
        self.windows.push(window);
        Ok(())
    }

    /// Whether the candidate's server ended by itself; says so if it did.
    pub(super) fn died(&mut self, candidate: usize) -> bool {
        let Some(server) = self.servers.get_mut(candidate).and_then(Option::as_mut) else {
            return false;
        };
        let Some(ended) = server.gone() else {
            return false;
        };
        let log = server.log();
        let reason = log::reason(&log).map_or(ended.clone(), |line| format!("{ended}: {line}"));
        let label = self.plan.candidates.get(candidate).map_or_else(String::new, |candidate| candidate.label.clone());
        self.warnings.push(Warning::Died { label, reason });
        if let Some(entry) = self.entries.get_mut(candidate) {
            entry.died = true;
        }
        true
    }

    /// Sends on a schedule to every candidate in turn.
    async fn schedule(&mut self, report: &mut Report<'_>) -> Result<(), Error> {
        let slowest = (0..self.entries.len())
            .filter_map(|candidate| compare::median(&self.rates(candidate)))
            .fold(f64::INFINITY, f64::min);
        let rate = self.plan.rate.unwrap_or(slowest * SCHEDULED_RATE);
        let each = (self.plan.budget.mul_f64(SCHEDULED_SHARE) / self.count()).max(STEP);
        if !rate.is_finite() || rate * each.as_secs_f64() < FEWEST_SCHEDULED {
            return Ok(());
        }
        for candidate in 0..self.entries.len() {
            let own = compare::median(&self.rates(candidate)).filter(|_| self.plan.rate.is_none());
            let rates = steps(rate, own, each);
            let length = each / u32::try_from(rates.len()).unwrap_or(u32::MAX).max(1);
            self.wake(candidate, report).await?;
            let Some(server) = self.servers.get(candidate).and_then(Option::as_ref) else {
                continue;
            };
            let target = Rc::clone(&server.target);
            let mut late = None;
            for (step, common) in rates {
                let found = scheduled::run(&target, self.plan.connections, step, length)
                    .await
                    .map_err(|error| Error::System { doing: "setting a timer", error })?;
                if common && found.latency.is_none() {
                    let named = self.plan.candidates.get(candidate);
                    let label = named.map_or_else(String::new, |candidate| candidate.label.clone());
                    self.warnings.push(Warning::RateNotReached { label, offered: step, achieved: found.achieved });
                }
                if found.lag > MOST_LAG {
                    late = late.max(Some(found.lag));
                }
                if let Some(entry) = self.entries.get_mut(candidate) {
                    entry.scheduled = if common { Some(found.clone()) } else { entry.scheduled.take() };
                    entry.steps.push(found);
                }
            }
            if let (Some(lag), Some(named)) = (late, self.plan.candidates.get(candidate)) {
                self.warnings.push(Warning::SentLate { label: named.label.clone(), lag });
            }
        }
        Ok(())
    }

    /// Successful answers per second in each window of a candidate.
    pub(super) fn rates(&self, candidate: usize) -> Vec<f64> {
        self.windows.iter().filter(|window| window.candidate == candidate).map(|window| window.rate).collect()
    }

    /// Ends all servers, and notes what could not be ended.
    pub(super) fn stop(&mut self) {
        let begun = Instant::now();
        let mut servers: Vec<Server> = self.servers.iter_mut().filter_map(Option::take).collect();
        // All are asked before the first is waited for.
        servers.iter_mut().for_each(Server::release);
        let left: Vec<u32> =
            servers.into_iter().flat_map(Server::stop).filter_map(|pid| u32::try_from(pid).ok()).collect();
        if !left.is_empty() {
            self.warnings.push(Warning::Left { processes: left });
        }
        self.stopping = self.stopping.max(begun.elapsed());
    }
}

/// The rates that a candidate is offered within this time, lowest first, and which of them all are offered.
fn steps(common: f64, own: Option<f64>, time: Duration) -> Vec<(f64, bool)> {
    let mut all = vec![(common, true)];
    for rate in OWN_RATES.into_iter().filter_map(|share| Some(own? * share)) {
        let length = time.div_f64(f64::from(u32::try_from(all.len()).unwrap_or(u32::MAX)) + 1.0);
        let enough =
            rate * length.as_secs_f64() >= FEWEST_SCHEDULED && common * length.as_secs_f64() >= FEWEST_SCHEDULED;
        let new = all.iter().all(|(other, _)| (rate - other).abs() > SAME_RATE * rate.max(*other));
        if length >= STEP && enough && new {
            all.push((rate, false));
        }
    }
    all.order_by(|(one, _), (other, _)| one.total_cmp(other));
    all
}

impl Drop for Race<'_> {
    fn drop(&mut self) {
        self.stop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_phase_has_one_rate_and_a_long_one_a_ladder() {
        let of = |own, seconds: u64| -> Vec<(i32, bool)> {
            let all = steps(100.0, own, Duration::from_secs(seconds));
            #[allow(clippy::cast_possible_truncation, reason = "a handful of small numbers")]
            all.into_iter().map(|(rate, common)| (rate.round() as i32, common)).collect()
        };
        assert_eq!(of(Some(150.0), 1), [(100, true)]);
        assert_eq!(of(Some(150.0), 2), [(100, true), (135, false)]);
        // Six tenths of 150 is hardly another rate than 100.
        assert_eq!(of(Some(150.0), 8), [(53, false), (100, true), (135, false)]);
        assert_eq!(of(Some(400.0), 8), [(100, true), (140, false), (240, false), (360, false)]);
        assert_eq!(of(None, 8), [(100, true)], "a rate that somebody asks for is the only one");
        assert_eq!(steps(6.0, Some(9.0), Duration::from_secs(2)).len(), 1, "too few requests for two steps");
    }
}
