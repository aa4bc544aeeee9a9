//! How many requests a configuration could answer at most, from what one request takes by itself.
//!
//! Good for choosing what is worth measuring, and for nothing else: it does not know what threads pay for handing the
//! interpreter over to each other.

use super::Class;

/// A configuration as far as this goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// How a process runs requests.
    pub class: Class,
    /// Processes.
    pub workers: u32,
    /// Threads of each; what a loop or greenlets run at once is not counted by them.
    pub threads: u32,
}

/// What one request takes while nobody asks for anything else, in seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cost {
    /// From its start to its answer.
    pub takes: f64,
    /// What of that is computing.
    pub computes: f64,
}

/// Requests that a loop or a hub of greenlets runs at once.
const MANY: f64 = 1000.0;
/// Threads of one process that compute between waits lose so much to each other: at 20 ms of waiting and 1 ms of
/// computing two processes with 32 threads reached half of what greenlets did.
const THREADS_KEEP: f64 = 0.6;
/// Waiting over computing within which that was seen.
const THREADS_LOSE: std::ops::Range<f64> = 3.0..50.0;

/// Most requests per second: bounded by the places, by the cores, and by those who ask.
///
/// 21 ms of which 1 ms is computed, two cores, 64 connections: `sync` with 5 workers 238 (places), `gevent` with 2
/// workers 2000 (cores), two processes with 32 threads 1200.
pub fn ceiling(shape: Shape, cost: Cost, cores: f64, connections: f64) -> f64 {
    let takes = cost.takes.max(f64::MIN_POSITIVE);
    let computes = cost.computes.max(takes * 1e-6);
    let workers = f64::from(shape.workers);
    let slots = match shape.class {
        Class::Sync => workers,
        Class::Gthread => workers * f64::from(shape.threads.max(1)),
        Class::Gevent | Class::Tornado | Class::EventLoop | Class::Runtime => workers * MANY,
    };
    let threaded = shape.class == Class::Gthread && shape.threads > 1 && THREADS_LOSE.contains(&(takes / computes));
    let keep = if threaded { THREADS_KEEP } else { 1.0 };
    (slots / takes).min(workers.min(cores) / computes * keep).min(connections / takes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_cores_and_clients_bound_what_is_possible() {
        let is = |class, workers, threads, takes, computes, expected: f64| {
            let found = ceiling(Shape { class, workers, threads }, Cost { takes, computes }, 2.0, 64.0);
            assert!((found - expected).abs() < 1.0, "{class:?} {workers}x{threads}: {found}");
        };
        is(Class::Sync, 5, 1, 0.021, 0.001, 238.0);
        is(Class::Gevent, 2, 1, 0.021, 0.001, 2000.0);
        is(Class::Gthread, 2, 32, 0.021, 0.001, 1200.0);
        // Pure waiting: as many as ask.
        is(Class::EventLoop, 1, 1, 0.05, 0.00001, 1280.0);
        // Pure computing: as many as there are cores.
        is(Class::Sync, 9, 1, 0.005, 0.005, 400.0);
        is(Class::Sync, 1, 1, 0.005, 0.005, 200.0);
    }
}
