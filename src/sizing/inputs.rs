//! What the model wants to know, each value with its origin and how sure it is.
//!
//! Everything may be missing: the model asks instead of guessing.

use std::collections::BTreeMap;

use crate::findings::Confidence;
use crate::values::{Bytes, Cpus, Seconds};

use super::advice::Amount;
use super::capacity::Rate;

/// A value that somebody stated.
#[derive(Debug, Clone, PartialEq)]
pub struct Known<T> {
    /// The value, in its unit.
    pub value: T,
    /// Where it comes from, ready to stand in brackets: `cpus: 1.5, compose.yaml:14`.
    pub source: String,
    /// How sure it is.
    pub confidence: Confidence,
}

impl<T> Known<T> {
    /// `value`, read literally at `source`.
    pub fn certain(value: T, source: impl Into<String>) -> Self {
        Self { value, source: source.into(), confidence: Confidence::High }
    }

    /// `value`, with the confidence that its origin deserves.
    pub fn new(value: T, source: impl Into<String>, confidence: Confidence) -> Self {
        Self { value, source: source.into(), confidence }
    }
}

/// How one process of the server runs requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// One request at a time per process: Gunicorn `sync`.
    Sync,
    /// A pool of threads per process: Gunicorn `gthread`, Granian WSGI, uWSGI with threads.
    Gthread,
    /// Greenlets on one hub per process: Gunicorn `gevent`.
    Gevent,
    /// Gunicorn `tornado`, for applications written for Tornado.
    Tornado,
    /// One asyncio loop per process: UvicornWorker, Gunicorn `asgi`, Uvicorn, Hypercorn, Granian ASGI.
    EventLoop,
    /// Tasks on the threads of one process: a server in Rust.
    Runtime,
}

impl Class {
    /// The name used in output and, for Gunicorn's own classes, in its settings.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sync => "sync",
            Self::Gthread => "gthread",
            Self::Gevent => "gevent",
            Self::Tornado => "tornado",
            Self::EventLoop => "event loop",
            Self::Runtime => "runtime",
        }
    }
}

/// A worker class that starts and cannot call the application: one is ASGI, the other WSGI.
#[derive(Debug, Clone, PartialEq)]
pub struct Misfit {
    /// The class that runs, by its name.
    pub now: Known<&'static str>,
    /// The class that serves the application, by the name that the setting takes.
    pub instead: &'static str,
}

/// What requests spend their time on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Workload {
    /// Computes nearly all the time.
    Cpu,
    /// Waits about half of the time: a page from a database.
    Mixed,
    /// Waits nearly all the time: calls of other services.
    Io,
    /// Holds its connection open: long polling, server-sent events.
    Stream,
}

impl Workload {
    /// Share of a request that waits, between 0 and 1; the least that the word can mean.
    pub const fn blocking_fraction(self) -> f64 {
        match self {
            Self::Cpu => 0.05,
            Self::Mixed => 0.5,
            Self::Io => 0.9,
            Self::Stream => 0.99,
        }
    }

    /// The most that the word can mean: 50 ms of waiting for 1 ms of computing are `io` as much as 9 ms.
    ///
    /// Near the middle another share moves the number of slots little. Near one it is most of it: 0.9 asks for 10 slots
    /// for a core and 0.98 for 50.
    pub const fn most_waiting(self) -> f64 {
        match self {
            Self::Io => 0.98,
            other => other.blocking_fraction(),
        }
    }

    /// The word used in output and settings.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Mixed => "mixed",
            Self::Io => "io",
            Self::Stream => "stream",
        }
    }
}

/// Which side of the trade between waiting time and use of the cores to take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Profile {
    /// Keep cores 70 % busy at most: short queues.
    Latency,
    /// 85 %.
    #[default]
    Balanced,
    /// 100 %: batch work, benchmarks.
    Throughput,
}

impl Profile {
    /// Planned utilisation of the cores, between 0 and 1.
    pub const fn utilisation(self) -> f64 {
        match self {
            Self::Latency => 0.7,
            Self::Balanced => 0.85,
            Self::Throughput => 1.0,
        }
    }
}

/// Memory that one more worker costs: proportional set size, not resident size, which counts
/// shared pages once per worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WorkerMemory {
    /// The least it could be; only what exceeds the limit even then is called too much.
    pub low: Bytes,
    /// The best estimate.
    pub value: Bytes,
    /// The most it could be.
    pub high: Bytes,
}

impl WorkerMemory {
    /// Exactly `value`, as measured.
    pub const fn exactly(value: Bytes) -> Self {
        Self { low: value, value, high: value }
    }
}

/// How much is asked of the service, over all replicas.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Demand {
    /// Requests that arrive per second at the peak.
    pub rate: Option<Known<Rate>>,
    /// Requests that are in flight together at the peak, or that the platform sends at most.
    pub concurrency: Option<Known<u32>>,
    /// Within what 99 of 100 requests are to be answered.
    pub latency: Option<Known<Seconds>>,
}

/// A database that the workers share.
#[derive(Debug, Clone, PartialEq)]
pub struct Database {
    /// Connections that this service may open, what others need already taken off.
    pub limit: Known<u32>,
    /// The most one worker process opens (`pool_size + max_overflow`); `None` if every request
    /// that runs opens one.
    pub per_worker: Option<Known<u32>>,
}

/// What is set today; `None` where that is not known. A server's default is known.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Configured {
    /// Worker processes.
    pub workers: Option<Known<u32>>,
    /// Threads of each worker.
    pub threads: Option<Known<u32>>,
    /// Connections of each worker.
    pub worker_connections: Option<Known<u32>>,
    /// Numbers that only this server has, by the name of their setting: `cheaper`, `backpressure`.
    pub others: BTreeMap<&'static str, Known<u32>>,
    /// What is written for a setting of which nobody can tell what it comes to: a formula, with its place.
    pub written: BTreeMap<&'static str, Known<String>>,
}

/// Where a number about the machine comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Origin {
    /// A limit that a file or the user states.
    #[default]
    Stated,
    /// What it is sure to get, and may exceed.
    Requested,
    /// The machine that asks, which may not be the one that serves.
    Here,
}

/// What lies between two clocks that are not one.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Margins {
    /// What a server gets after its last request to be gone before the kill.
    pub stop: Seconds,
    /// By how much a server keeps an idle connection longer than the proxy in front.
    pub idle: Seconds,
    /// The share of its life that a worker may spend on starting.
    pub booting: f64,
}

/// Settings about time, and what is around the service that they have to go with.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Chain {
    /// From the signal to stop to the kill.
    pub kill_after: Option<Known<Seconds>>,
    /// What whoever kills it calls that.
    pub kill_setting: &'static str,
    /// What of that passes before the server hears of it.
    pub drain: Option<Known<Seconds>>,
    /// For how long the proxy keeps an idle connection.
    pub idle_kept: Option<Known<Seconds>>,
    /// Idle connections that the proxy keeps to one copy of the service.
    pub idle_connections: Option<Known<u32>>,
    /// When the proxy gives up on a request.
    pub edge_timeout: Option<Known<Seconds>>,
    /// What the longest request may take.
    pub longest_request: Option<Known<Seconds>>,
    /// How long the server waits for requests when it stops.
    pub graceful: Option<Timer>,
    /// For how long it keeps an idle connection.
    pub keepalive: Option<Timer>,
    /// After how long of silence a worker is killed.
    pub timeout: Option<Timer>,
    /// After how many requests a worker is replaced, and by how much that varies; 0 for never.
    pub recycling: Option<(Known<u32>, Known<u32>)>,
    /// From the start of a worker until it takes requests.
    pub boot: Option<Known<Seconds>>,
    /// Whether each worker has a file for its heartbeat that lies on the disk of a container, and why it
    /// cannot, where it cannot.
    pub heartbeat: Option<Heartbeat>,
    /// What to leave between them.
    pub margins: Margins,
}

/// A setting in seconds as it is today.
#[derive(Debug, Clone, PartialEq)]
pub struct Timer {
    /// What the server calls it.
    pub setting: &'static str,
    /// The seconds; `None` for no limit.
    pub now: Known<Option<f64>>,
}

/// Where the file lies by which a worker shows that it is alive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heartbeat {
    /// On the disk of a container.
    OnDisk,
    /// Nowhere: nothing there can be written to.
    Nowhere,
}

/// Everything that [`recommend`](super::recommend) looks at.
#[derive(Debug, Clone, PartialEq)]
#[allow(clippy::struct_excessive_bools, reason = "facts that have nothing to do with each other")]
pub struct Inputs {
    /// Name of the server, `gunicorn` and so on: settings are called differently.
    pub server: String,
    /// What really runs, after every override; what has to run instead of a misfit.
    pub class: Known<Class>,
    /// What the setting calls the class, where it runs requests like one of another name.
    pub called: Option<&'static str>,
    /// What runs now, where that answers every request with an error.
    pub misfit: Option<Misfit>,
    /// Cores that this service may use, in one replica.
    pub cpus: Option<Known<Cpus>>,
    /// Those cores are a share of time, after which the kernel stops what runs until the next period.
    pub is_quota: bool,
    /// Whose they are.
    pub cpus_of: Origin,
    /// What of them is left where others on the same machine want theirs, once a balance of bursts is used up.
    pub lasting: Option<Cpus>,
    /// Memory that this service may use, in one replica.
    pub memory: Option<Known<Bytes>>,
    /// Whose it is.
    pub memory_of: Origin,
    /// Memory of other things under the same limit: side-cars, the system itself on a small VM.
    pub reserved: Vec<Known<Bytes>>,
    /// Memory of the process that starts the workers.
    pub master: Bytes,
    /// Memory of one worker just after its first requests.
    pub per_worker: Option<Known<WorkerMemory>>,
    /// What requests do, in one word.
    pub workload: Option<Known<Workload>>,
    /// Share of a request that waits, if somebody knows better than the word.
    pub blocking_fraction: Option<Known<f64>>,
    /// Time of one request on an idle server.
    pub service_time: Option<Known<Seconds>>,
    /// Processor time of one request.
    pub cpu_time: Option<Known<Seconds>>,
    /// What is asked of the service.
    pub demand: Demand,
    /// The database, if the number of its connections is limited.
    pub database: Option<Database>,
    /// Requests ask a database, as the code shows.
    pub asks_database: bool,
    /// Containers or pods that run side by side.
    pub replicas: Option<Known<u32>>,
    /// How many of them an autoscaler may start at most.
    pub most_replicas: Option<Known<u32>>,
    /// Copies that a rolling update runs for a while beside the others.
    pub surge: u32,
    /// An ASGI application has `def` handlers, which run in AnyIO's pool of threads.
    pub sync_handlers: bool,
    /// Threads of that pool in each worker; `None` for as many as AnyIO gives.
    pub thread_tokens: Option<Known<u32>>,
    /// What the handlers were seen to do, one line per kind of work, ready to be shown.
    pub evidence: Vec<String>,
    /// Workers are replaced after a number of requests, so one is missing now and then.
    pub recycles: bool,
    /// Threads that nobody set are as many as requests ask for, and go again.
    pub threads_come: bool,
    /// Threads beside the event loop answer every request, as many as the server takes.
    pub all_in_threads: bool,
    /// Handlers that run on the event loop itself, beside plain ones.
    pub loop_handlers: bool,
    /// How many processes like this one share its cores is not known.
    pub abreast_open: bool,
    /// What a number of workers that follows the cores of the machine comes to on a large one, where it is not known.
    pub most_workers: Option<Known<u32>>,
    /// What is set today.
    pub configured: Configured,
    /// What is set about time, and what it has to go with.
    pub chain: Chain,
    /// What belongs into one process: a second one would do it again, or not know of it.
    pub one_process: Option<Known<String>>,
    /// What the application imports to load models, of which every process has its own.
    pub models: Option<&'static str>,
    /// Why Python is thought to run without its global lock, if it is.
    pub free_threaded: Option<String>,
    /// What a server in Rust runs requests on.
    pub runtime: Option<super::Runtime>,
    /// What to optimise for.
    pub profile: Profile,
}

impl Inputs {
    /// Nothing known but the server and what it runs.
    pub fn new(server: impl Into<String>, class: Known<Class>) -> Self {
        Self {
            server: server.into(),
            class,
            called: None,
            misfit: None,
            cpus: None,
            is_quota: false,
            cpus_of: Origin::default(),
            lasting: None,
            memory: None,
            memory_of: Origin::default(),
            reserved: Vec::new(),
            master: super::capacity::MASTER,
            per_worker: None,
            workload: None,
            blocking_fraction: None,
            service_time: None,
            cpu_time: None,
            demand: Demand::default(),
            database: None,
            asks_database: false,
            replicas: None,
            most_replicas: None,
            surge: 0,
            sync_handlers: false,
            thread_tokens: None,
            evidence: Vec::new(),
            recycles: false,
            threads_come: false,
            all_in_threads: false,
            loop_handlers: false,
            abreast_open: false,
            most_workers: None,
            configured: Configured::default(),
            chain: Chain::default(),
            one_process: None,
            models: None,
            free_threaded: None,
            runtime: None,
            profile: Profile::default(),
        }
    }

    /// The class that runs now, as the setting names it.
    pub(super) fn class_now(&self) -> Amount {
        self.called.map_or(Amount::Class(self.class.value), Amount::Named)
    }

    /// How to call `class` to somebody who runs this server.
    pub(super) fn name_of(&self, class: Class) -> &'static str {
        match (class, self.called.filter(|_| class == self.class.value)) {
            (_, Some(called)) => called,
            (Class::Sync, _) if self.server != "gunicorn" => "processes",
            (Class::Gthread, _) if self.server != "gunicorn" => "processes with threads",
            _ => class.as_str(),
        }
    }

    /// Whether somebody states how many requests come at once, or what they spend their time on: what the code alone
    /// looks like leaves both open.
    pub fn says_what_is_asked(&self) -> bool {
        let by_rate = self.demand.rate.is_some() && self.service_time.is_some();
        let by_times = self.cpu_time.is_some() && self.service_time.is_some();
        let by_word = self.workload.as_ref().is_some_and(|word| word.confidence > Confidence::Low);
        by_rate || by_times || by_word || self.demand.concurrency.is_some() || self.blocking_fraction.is_some()
    }

    /// Memory of everything else under the same limit.
    pub fn reserved(&self) -> Bytes {
        Bytes(self.reserved.iter().fold(0, |sum: u64, other| sum.saturating_add(other.value.0)))
    }

    /// What the server calls its worker processes, or threads of its runtime; `None` where it has one and no more.
    pub fn workers_setting(&self) -> Option<&'static str> {
        if let Some(runtime) = &self.runtime {
            return Some(runtime.setting);
        }
        match self.server.as_str() {
            "uwsgi" => Some("processes"),
            "daphne" => None,
            _ => Some("workers"),
        }
    }

    /// What the server calls the connections, or greenlets, of a worker.
    pub fn connections_setting(&self) -> &'static str {
        if self.server == "uwsgi" { "gevent" } else { "worker_connections" }
    }

    /// What the server calls its threads for requests.
    pub fn threads_setting(&self) -> &'static str {
        if self.server == "granian" { "blocking_threads" } else { "threads" }
    }

    /// Threads that run plain handlers in each worker of an ASGI server.
    pub fn tokens(&self) -> u32 {
        self.thread_tokens.as_ref().map_or(super::capacity::ANYIO_TOKENS, |tokens| tokens.value.max(1))
    }
}
