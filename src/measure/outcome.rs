//! What a run found: every window raw, the summary of each candidate, the comparison, and what
//! speaks against believing them.
//!
//! Decides nothing; `verdict` does. Rendering belongs to the report.

use std::time::Duration;

use super::null::Calibration;
use super::verdict::Comparison;
use crate::values::Bytes;
use crate::values::Order as _;

/// The result of a run, complete even when it was interrupted.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// One summary per candidate, in the order of the plan.
    pub candidates: Vec<Measured>,
    /// Every later candidate against the first.
    pub comparisons: Vec<Comparison>,
    /// What the load generator can do at most; `None` where it was interrupted before that was known.
    pub generator: Option<Calibration>,
    /// What the search came to, where one was made.
    pub search: Option<Search>,
    /// All windows in the order they were measured.
    pub windows: Vec<Window>,
    /// What the reader has to know before believing the numbers, most serious first.
    pub warnings: Vec<Warning>,
    /// Wall-clock time of the whole run.
    pub took: Duration,
}

/// What one candidate did over all its windows.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// The candidate's label.
    pub label: String,
    /// The command line exactly as it was run.
    pub command: Vec<String>,
    /// From start to first answer, the slowest start of the run.
    pub ready_after: Duration,
    /// Successful answers per second: median over windows with its interval.
    pub rate: Interval,
    /// Requests that ended inside the windows, failed ones included.
    pub requests: u64,
    /// Half of the requests were faster; `None` without requests.
    pub p50: Option<Duration>,
    /// 9 of 10 requests were faster.
    pub p90: Option<Duration>,
    /// 99 of 100 requests were faster; `None` below 1000 requests, where it would be chance.
    pub p99: Option<Duration>,
    /// The slowest request.
    pub max: Option<Duration>,
    /// Failures by kind.
    pub errors: Errors,
    /// Requests repeated because the server closed a kept-alive connection it had not announced
    /// to close; not failures, a browser repeats them too.
    pub repeated: u64,
    /// Memory of all processes together, the largest of all windows.
    pub memory: Option<Memory>,
    /// Memory of the largest worker.
    pub memory_per_worker: Option<Bytes>,
    /// Worker processes, the most seen in any window.
    pub workers: usize,
    /// Processor time of the server per successful answer.
    pub cpu_per_request: Option<Duration>,
    /// Workers replaced while under load.
    pub restarts: u32,
    /// How often the system gave a core to another thread, for each answer; `None` where it does not say.
    pub switches_per_request: Option<f64>,
    /// Periods that a CPU quota ended early, in all windows.
    pub throttled: u64,
    /// Open connections of each worker, most first, averaged over windows; empty where none are kept.
    pub connections: Vec<f64>,
    /// Share of the processor time of each worker, largest first, averaged over windows; empty
    /// when the workers used too little to tell.
    pub shares: Vec<f64>,
    /// Share of one core that the load generator used meanwhile, median over windows.
    pub client: f64,
    /// The last phase, which sends on a schedule, at the rate that every candidate was offered; `None` when there was no
    /// time for it.
    pub scheduled: Option<Scheduled>,
    /// The same at every rate that was offered, lowest first: how latency grows towards what the server can do.
    pub steps: Vec<Scheduled>,
    /// What became of each of several requests, in the order of the plan; empty where there is but one.
    pub routes: Vec<Asked>,
}

/// What became of one of several requests.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// The path, behind its method where that is not `GET`.
    pub name: String,
    /// How often it was asked, failures included.
    pub requests: u64,
    /// Failures by kind.
    pub errors: Errors,
    /// How long it took; `None` without answers.
    pub latency: Option<Latency>,
}

/// A median with the 95 % interval around it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// The median.
    pub median: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// What a search came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Search {
    /// The candidate to take.
    pub best: usize,
    /// What that means for what was recommended without measuring.
    pub standing: Standing,
    /// The best one's rate over that of the recommended one, where these are two and both were measured side by side.
    pub over_recommended: Option<Interval>,
    /// Candidates that left the race, and how many rounds each was part of.
    pub left: Vec<(usize, usize)>,
}

/// What a search means for what was recommended without measuring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Nothing that was tried is better beyond doubt.
    Confirmed,
    /// It is better than the current settings, and something else is better still.
    Refined,
    /// Something else is better, and it is no better than the current settings.
    Refuted,
    /// The run does not tell.
    Undecided,
}

/// An amount of memory and how it was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// The amount.
    pub bytes: Bytes,
    /// How shared pages count.
    pub counted: Counted,
}

/// How pages shared between processes count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// Once, divided among those who share them (`Pss` of Linux).
    Shared,
    /// In full for every process, so that the sum overstates 1.3 to 2.6 times.
    Resident,
}

/// Failed requests by kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Errors {
    /// No connection was established.
    pub connect: u64,
    /// The connection ended before the answer was complete.
    pub reset: u64,
    /// No complete answer within the limit.
    pub timeout: u64,
    /// Status 4xx.
    pub refused: u64,
    /// Status 5xx.
    pub failed: u64,
    /// An answer that is not HTTP/1.1.
    pub malformed: u64,
}

impl Errors {
    /// All kinds together.
    pub fn total(&self) -> u64 {
        self.connect + self.reset + self.timeout + self.refused + self.failed + self.malformed
    }

    /// Each kind with the name a report uses, most frequent first, absent ones left out.
    pub fn by_kind(&self) -> Vec<(&'static str, u64)> {
        let mut kinds = vec![
            ("status 5xx", self.failed),
            ("status 4xx", self.refused),
            ("time-out", self.timeout),
            ("connection lost", self.reset),
            ("no connection", self.connect),
            ("malformed answer", self.malformed),
        ];
        kinds.retain(|(_, count)| *count > 0);
        kinds.order_by_key(|(_, count)| std::cmp::Reverse(*count));
        kinds
    }
}

impl std::ops::AddAssign for Errors {
    fn add_assign(&mut self, other: Self) {
        self.connect += other.connect;
        self.reset += other.reset;
        self.timeout += other.timeout;
        self.refused += other.refused;
        self.failed += other.failed;
        self.malformed += other.malformed;
    }
}

/// One measured stretch of load on one candidate.
#[derive(Debug, Clone, PartialEq)]
pub struct Window {
    /// Index into the plan's candidates.
    pub candidate: usize,
    /// Windows of one round are compared with each other.
    pub round: usize,
    /// When it began, counted from the start of the run.
    pub at: Duration,
    /// How long it lasted, without warm-up.
    pub length: Duration,
    /// Successful answers per second, requests cut by an edge of the window counted in part.
    pub rate: f64,
    /// Requests that began inside the window, failed ones included.
    pub requests: u64,
    /// Failures among them.
    pub errors: Errors,
    /// Requests repeated on a fresh connection.
    pub repeated: u64,
    /// Median latency.
    pub p50: Option<Duration>,
    /// The slowest request.
    pub max: Option<Duration>,
    /// Share of one core the load generator used.
    pub client: f64,
    /// Cores used by processes that belong neither to the servers nor to farrier; `None` where
    /// the system does not say.
    pub foreign: Option<f64>,
    /// Cores the server used.
    pub cores: f64,
    /// Memory of the server's processes.
    pub memory: Option<Memory>,
    /// Processor share of each worker, largest first.
    pub shares: Vec<f64>,
    /// Workers replaced since the window before.
    pub restarts: u32,
    /// How often the system gave a core to another thread of the server; `None` where it does not say.
    pub switches: Option<u64>,
    /// Periods that a CPU quota ended early.
    pub throttled: u64,
    /// Open connections of each worker at the end, most first.
    pub connections: Vec<u32>,
}

/// Load on a schedule that does not wait for answers, so that a stall is felt by every request
/// that was due meanwhile.
#[derive(Debug, Clone, PartialEq)]
pub struct Scheduled {
    /// Requests per second that were due.
    pub offered: f64,
    /// Successful answers per second.
    pub achieved: f64,
    /// Latency counted from the time a request was due; `None` when the rate was not reached,
    /// because the numbers would then only measure how long the phase was.
    pub latency: Option<Latency>,
    /// How late requests were sent when a connection was free, half of them less.
    pub lag: Duration,
    /// Requests that were due but not sent when the time was over.
    pub backlog: u64,
    /// Failures by kind.
    pub errors: Errors,
}

/// Percentiles of a distribution of latencies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Latency {
    /// Half were faster.
    pub p50: Duration,
    /// 99 of 100 were faster; `None` below 1000 requests.
    pub p99: Option<Duration>,
    /// The slowest.
    pub max: Duration,
}

/// Something that weakens the result.
#[derive(Debug, Clone, PartialEq)]
pub enum Warning {
    /// The run was stopped by a signal; the numbers are what was known until then.
    Interrupted,
    /// The server of this candidate ended by itself during the run.
    Died {
        /// The candidate.
        label: String,
        /// What its log says.
        reason: String,
    },
    /// More than 0.1 % of the requests failed.
    Failures {
        /// The candidate.
        label: String,
        /// Share of the requests, 0 to 1.
        share: f64,
        /// Failures by kind.
        errors: Errors,
    },
    /// The load generator used most of a core: the server could have done more.
    ClientBusy {
        /// The candidate.
        label: String,
        /// Share of one core.
        share: f64,
    },
    /// It answers nearly as much as the load generator can ask at all.
    ClientLimit {
        /// The candidate.
        label: String,
        /// Answers per second.
        rate: f64,
        /// What an endpoint that does nothing answers.
        most: f64,
    },
    /// Other processes used the machine meanwhile.
    ForeignLoad {
        /// Median number of cores they used.
        cores: f64,
    },
    /// Workers were replaced under load.
    Restarts {
        /// The candidate.
        label: String,
        /// How many.
        workers: u32,
    },
    /// Some workers did not take requests although others did, for as long as they were waited for.
    Asleep {
        /// The candidate.
        label: String,
        /// How many took requests.
        awake: usize,
        /// How many there were.
        workers: usize,
    },
    /// A CPU quota stopped the server in the middle of its work.
    Throttled {
        /// The candidate.
        label: String,
        /// Periods that it ended early.
        periods: u64,
    },
    /// The kernel killed processes of the server because they may have no more memory.
    Killed {
        /// The candidate.
        label: String,
        /// How many.
        processes: u64,
    },
    /// The server takes more memory than it is limited to, and nothing kept it from that here.
    OverMemory {
        /// The candidate.
        label: String,
        /// Memory of all its processes.
        memory: Bytes,
        /// The limit.
        limit: Bytes,
    },
    /// One worker did more than twice its share while others had little to do.
    Uneven {
        /// The candidate.
        label: String,
        /// Share of the busiest worker, 0 to 1.
        share: f64,
        /// How many workers there are.
        workers: usize,
    },
    /// A configuration of a search was left out before it was measured.
    LeftOut {
        /// The candidate.
        label: String,
        /// Why.
        reason: String,
    },
    /// One path is answered with different statuses by different candidates.
    StatusDiffers {
        /// The path.
        path: String,
        /// Status per candidate, in the order of the plan.
        statuses: Vec<u16>,
    },
    /// A path is answered with a redirect, which is what was measured.
    Redirect {
        /// The path.
        path: String,
        /// The status.
        status: u16,
    },
    /// The requests may have changed what the application keeps, so that one configuration met other data than the next.
    Changes {
        /// The methods.
        methods: Vec<&'static str>,
    },
    /// The target is so slow that the budget holds fewer or shorter windows than are needed.
    Slow {
        /// Median latency.
        p50: Duration,
    },
    /// Fewer than 1000 requests: no 99th percentile.
    FewRequests {
        /// The candidate.
        label: String,
        /// How many there were.
        requests: u64,
    },
    /// Memory was too short for all servers at once, so they ran in turn, restarted each time.
    InTurn,
    /// The scheduled phase did not reach its rate.
    RateNotReached {
        /// The candidate.
        label: String,
        /// Requests per second that were due.
        offered: f64,
        /// Answers per second.
        achieved: f64,
    },
    /// The load generator sent late on a schedule, which the latencies of that phase hold as well.
    SentLate {
        /// The candidate.
        label: String,
        /// Half of the requests were sent less late than this.
        lag: Duration,
    },
    /// Processes of a server are still alive although everything was done to end them.
    Left {
        /// Their process ids.
        processes: Vec<u32>,
    },
}
