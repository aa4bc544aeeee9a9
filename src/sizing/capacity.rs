//! The arithmetic of slots, queues, memory and connections, one formula per function.
//!
//! A slot is what one request occupies while it runs: a `sync` worker, a thread, a greenlet. Knows
//! no server and no setting; [`recommend`](super::recommend) puts the formulas together.

use std::fmt;

use super::inputs::Inputs;
use crate::values::{Bytes, Cpus, Seconds};

/// Requests per second.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Rate(pub f64);

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/s", number(self.0))
    }
}

/// A number as the derivation prints it: two decimals below 10, one below 100, no trailing zeros.
pub(super) fn number(x: f64) -> String {
    let text = match x.abs() {
        a if a < 10.0 => format!("{x:.2}"),
        a if a < 100.0 => format!("{x:.1}"),
        _ => return format!("{x:.0}"),
    };
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Threads that AnyIO gives `def` handlers, per event loop and so per process: `CapacityLimiter(40)`
/// in `anyio._backends._asyncio`. No setting of a server changes it.
pub const ANYIO_TOKENS: u32 = 40;

/// Memory of a Gunicorn master that has not loaded the application, measured on 27.0.1 with
/// Python 3.11.
pub const MASTER: Bytes = Bytes::mib(20);

/// What a worker grows by after start: caches fill, the allocator keeps what it has. An
/// assumption, deliberately on the safe side.
pub const GROWTH: f64 = 1.3;

/// Resident memory of one more thread with its buffers. An assumption; the 8 MiB of stack that
/// Linux reserves are address space, not memory.
pub const THREAD: Bytes = Bytes::mib(1);

/// Share of a memory limit to plan with; the page cache and short peaks need the rest.
pub const PLANNED_MEMORY: f64 = 0.9;

/// Whole units that hold `x`. Products of decimals miss whole numbers by a hair, which must not
/// cost a worker: `0.85 * 20.0 / 0.85` is 20, not 21.
pub(super) fn whole_up(x: f64) -> u32 {
    saturate((x - 1e-9).ceil())
}

/// Whole units that fit into `x`.
pub(super) fn whole_down(x: f64) -> u32 {
    saturate((x + 1e-9).floor())
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the range first; NaN becomes 0")]
const fn saturate(x: f64) -> u32 {
    x.clamp(0.0, 1_000_000.0) as u32
}

/// Slots that keep `cpus` busy to `utilisation` when a request waits `blocking` of its time.
///
/// `N = U k / (1 - b)`: each slot uses `1 - b` of a core. Goetz, *Java Concurrency in Practice*,
/// 8.2, with `W/C = b / (1 - b)`. Two cores at 0.85 and `b = 0.7` take `0.85 x 2 / 0.3 = 5.7`
/// slots; `b = 0.5` and full use give the `2 n` of Gunicorn's `2 n + 1`, whose `+ 1` is a spare.
pub fn slots_for_cpu(cpus: Cpus, blocking: f64, utilisation: f64) -> f64 {
    utilisation * cpus.0 / (1.0 - blocking.clamp(0.0, MOST_BLOCKING))
}

/// Above this share the formula says nothing: it divides by the error of the guess.
pub const MOST_BLOCKING: f64 = 0.99;

/// Share of a request that waits, from its time and its processor time: `b = 1 - C / S`.
///
/// 1 s with 20 ms of computing waits 0.98. `None` unless `0 <= C <= S` and `S > 0`.
pub fn blocking_fraction(service: Seconds, cpu: Seconds) -> Option<f64> {
    (service.0 > 0.0 && (0.0..=service.0).contains(&cpu.0)).then(|| 1.0 - cpu.0 / service.0)
}

/// Requests in flight on average: Little's law, `L = lambda S`. 60/s of 1 s each are 60.
pub fn in_flight(rate: Rate, service: Seconds) -> f64 {
    rate.0 * service.0
}

/// The same for each of so many workers of each copy; `None` where nobody says how many requests come, how long one
/// takes or how many copies there are.
pub fn in_flight_per_worker(inputs: &Inputs, workers: u32) -> Option<f64> {
    let (rate, service) = (inputs.demand.rate.as_ref()?.value, inputs.service_time.as_ref()?.value);
    let copies = inputs.replicas.as_ref()?.value.max(1);
    Some(in_flight(rate, service) / (f64::from(copies) * f64::from(workers.max(1))))
}

/// Slots for an average of `in_flight` requests so that few wait: `a + 1.3 sqrt(a)`.
///
/// Square-root staffing (Halfin and Whitt 1981); with 1.3 the slowest hundredth of requests waits
/// about as long as a request takes, or less. 60 in flight take 71 slots, 4 take 7.
pub fn slots_for_demand(in_flight: f64) -> f64 {
    in_flight + 1.3 * in_flight.max(0.0).sqrt()
}

/// The most that `slots` of `service` each can answer: `X = N / S`.
///
/// 5 `sync` workers with requests of 1.01 s: 4.95/s. 40 threads with 10 s: 4/s.
pub fn capacity(slots: u64, service: Seconds) -> Rate {
    Rate(count(slots) / service.0)
}

/// The most that clients with `connections` open ask for when each waits for its answer: `C / S`.
///
/// 100 connections and answers after 10 s are 10/s, whatever the server could do.
pub fn closed_loop_ceiling(connections: u64, service: Seconds) -> Rate {
    capacity(connections, service)
}

/// Time to an answer in a closed loop at `throughput`: `R = C / X`. 100 connections at 4/s: 25 s.
pub fn closed_loop_response(connections: u64, throughput: Rate) -> Seconds {
    Seconds(count(connections) / throughput.0)
}

/// When the last of `requests` that arrive together is answered: `ceil(R / N) S`.
///
/// 30 requests of 1.01 s on 5 workers: 6.06 s. `None` without slots.
pub fn slowest(requests: u64, slots: u64, service: Seconds) -> Option<Seconds> {
    (slots > 0).then(|| Seconds(count(requests.div_ceil(slots)) * service.0))
}

/// What a load generator that stops after `duration` counts, as a rate.
///
/// Requests of equal length come back in waves of `min(slots, connections)`, and the wave that
/// ends exactly with the measurement comes too late: `(ceil(D / S) - 1)` waves count. 40 slots,
/// 100 connections, 10 s each, `wrk -d 60s`: 5 waves of 40 in 60 s are 3.33/s although the server
/// does 4/s; with 160 slots 5 waves of 100 are 8.33/s.
pub fn counted_in_waves(slots: u64, connections: u64, service: Seconds, duration: Seconds) -> Rate {
    let waves = whole_up(duration.0 / service.0).saturating_sub(1);
    Rate(count(slots.min(connections)) * f64::from(waves) / duration.0)
}

/// The most a configuration can answer: `min(N / S, min(processes, k) / C, connections / S)`.
///
/// The first term is slots, the second processor time (one process uses one core under the GIL),
/// the third the clients. 4 workers on 4 cores, 300 ms of computing each: 13.3/s.
pub fn ceiling(
    slots: u64,
    processes: u32,
    cpus: Cpus,
    service: Seconds,
    cpu: Seconds,
    connections: Option<u64>,
) -> Rate {
    let by_slots = capacity(slots, service).0;
    let by_cpu = f64::from(processes).min(cpus.0) / cpu.0;
    let by_clients = connections.map_or(f64::INFINITY, |c| closed_loop_ceiling(c, service).0);
    Rate(by_slots.min(by_cpu).min(by_clients))
}

/// Processes for `waits` requests in flight where each process holds `per_process`.
///
/// 100 concurrent `def` requests at 40 per worker: 3. `None` if a process holds none.
pub fn processes_for(waits: u32, per_process: u32) -> Option<u32> {
    (per_process > 0).then(|| waits.div_ceil(per_process))
}

/// How long `busy` processes run in each `period` before a quota stops them all: `T q / n`, at
/// most `T`.
///
/// 4 busy loops on half a core: 12.5 ms of each 100 ms, then 87.5 ms of silence.
pub fn runs_per_period(quota: Cpus, busy: u32, period: Seconds) -> Seconds {
    if f64::from(busy) <= quota.0 {
        return period;
    }
    Seconds(period.0 * quota.0 / f64::from(busy))
}

/// Memory to plan workers with: `0.9 M - master - reserved`.
pub fn memory_for_workers(limit: Bytes, master: Bytes, reserved: Bytes) -> Bytes {
    let planned = bytes(limit) * PLANNED_MEMORY - bytes(master) - bytes(reserved);
    Bytes(to_bytes(planned))
}

/// What one worker takes when it has run for a while: `growth m + threads x 1 MiB`.
pub fn grown_worker(fresh: Bytes, threads: u32) -> Bytes {
    Bytes(to_bytes(bytes(fresh) * GROWTH + f64::from(threads) * bytes(THREAD)))
}

/// Workers that fit: 461 MiB less 20 for the master, workers of 120 MiB with 4 threads: 2.
///
/// Zero if not even one does; `u32::MAX` if a worker takes nothing.
pub fn workers_in_memory(available: Bytes, worker: Bytes) -> u32 {
    let workers = available.0.checked_div(worker.0).unwrap_or(u64::MAX);
    u32::try_from(workers).unwrap_or(u32::MAX)
}

/// Connections that one replica may open: `D / (R + surge)`, rounded down.
///
/// 90 connections, 3 replicas and one more while a new version rolls out: 22.
pub fn connections_per_replica(limit: u32, replicas: u32, surge: u32) -> u32 {
    limit / replicas.max(1).saturating_add(surge)
}

#[allow(clippy::cast_precision_loss, reason = "exact below 2^53, and nothing here is larger")]
const fn count(n: u64) -> f64 {
    n as f64
}

const fn bytes(b: Bytes) -> f64 {
    count(b.0)
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "negative and NaN become 0, too much becomes the largest number"
)]
const fn to_bytes(x: f64) -> u64 {
    x as u64
}
