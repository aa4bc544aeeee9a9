//! Open loop: requests are due at fixed times, whether or not earlier ones were answered, and
//! their latency counts from the time they were due.
//!
//! A closed loop stops asking while the server stalls and so misses what a stall does to users
//! (coordinated omission). The timer of the async runtime is a millisecond late in the median, so
//! a thread that does nothing but sleep sets the pace (about a tenth of that).

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinSet;

use super::exchange::{Target, Wire};
use super::tally::{Latencies, Request, Tally};
use crate::measure::outcome::Scheduled;

/// Shortest time between two wake-ups: one for every slot of a high rate would cost half a core.
const FINEST: Duration = Duration::from_micros(250);
/// Share of the due requests that may be unsent at the end while the rate counts as reached.
const BACKLOG: f64 = 0.05;

/// A request that is due.
#[derive(Debug, Clone, Copy)]
struct Slot {
    due: Instant,
    /// Whether a connection was free to send it when it became due.
    free: bool,
}

#[derive(Debug)]
struct Queue {
    slots: RefCell<VecDeque<Slot>>,
    /// One permit per slot; closed when the time is over.
    ready: Semaphore,
    /// Connections waiting for a slot.
    idle: RefCell<usize>,
    tally: RefCell<Tally>,
    lags: RefCell<Latencies>,
}

/// Sends `rate` requests per second for `length` over at most this many connections. Must be
/// called inside a `LocalSet`.
pub(in crate::measure) async fn run(
    target: &Rc<Target>,
    connections: usize,
    rate: f64,
    length: Duration,
) -> io::Result<Scheduled> {
    let queue = Rc::new(Queue {
        slots: RefCell::new(VecDeque::new()),
        ready: Semaphore::new(0),
        idle: RefCell::new(0),
        tally: RefCell::new(Tally::new(target.timeout, 1)),
        lags: RefCell::new(Latencies::new()),
    });
    let mut set = JoinSet::new();
    for number in 0..connections {
        let (target, queue) = (Rc::clone(target), Rc::clone(&queue));
        set.spawn_local(async move { send_on(&target, number, &queue).await });
    }
    // Every connection waits before the first slot is due.
    tokio::task::yield_now().await;
    let begin = Instant::now();
    queue.tally.borrow_mut().begin = Some(begin);
    let due = pace(&queue, begin, rate, length).await?;
    // Requests that became due with the last tick are still to be picked up.
    tokio::time::sleep(FINEST).await;
    let backlog = queue.slots.borrow_mut().drain(..).count() as u64;
    queue.ready.close();
    while set.join_next().await.is_some() {}

    let tally = queue.tally.borrow();
    #[allow(clippy::cast_precision_loss, reason = "a million requests per second for an hour is 2^32")]
    let reached = backlog as f64 <= BACKLOG * due as f64;
    Ok(Scheduled {
        offered: rate,
        // The last requests end after the schedule does; they were due inside it.
        achieved: tally.successes / length.as_secs_f64(),
        latency: tally.latencies.summary().filter(|_| reached),
        lag: queue.lags.borrow().p50().unwrap_or_default(),
        backlog,
        errors: tally.errors,
    })
}

/// Releases slots when they are due; returns how many there were.
async fn pace(queue: &Queue, begin: Instant, rate: f64, length: Duration) -> io::Result<u64> {
    let step = Duration::from_secs_f64(1.0 / rate);
    let ticks = Ticks::every(step.max(FINEST), begin)?;
    let mut released = 0_u64;
    loop {
        ticks.next().await;
        let now = Instant::now();
        loop {
            #[allow(clippy::cast_precision_loss, reason = "a million requests per second for an hour is 2^32")]
            let due = begin + Duration::from_secs_f64(released as f64 / rate);
            if due >= begin + length {
                return Ok(released);
            }
            if due > now {
                break;
            }
            let waiting = queue.slots.borrow().len();
            let free = *queue.idle.borrow() > waiting;
            queue.slots.borrow_mut().push_back(Slot { due, free });
            queue.ready.add_permits(1);
            released += 1;
        }
    }
}

async fn send_on(target: &Target, number: usize, queue: &Queue) {
    let mut wire = Wire::new();
    let mut index = number;
    loop {
        *queue.idle.borrow_mut() += 1;
        let permit = queue.ready.acquire().await;
        *queue.idle.borrow_mut() -= 1;
        let Ok(permit) = permit else { return };
        permit.forget();
        let Some(slot) = queue.slots.borrow_mut().pop_front() else {
            return;
        };
        if slot.free {
            queue.lags.borrow_mut().record(slot.due.elapsed());
        }
        let kind = target.kind_at(index);
        let answer = wire.ask(target, kind).await;
        queue.tally.borrow_mut().note(Request { began: slot.due, ended: Instant::now(), answer, kind });
        index = index.wrapping_add(1);
    }
}

/// A clock that ticks at a fixed interval without drifting, on a thread of its own.
#[derive(Debug)]
struct Ticks {
    tick: Arc<Notify>,
    stopped: Arc<AtomicBool>,
}

impl Ticks {
    /// The ticks fall on the times that slots are due, counted from `begin`: a clock that began when its thread did would
    /// be late for every slot by what it takes to start one.
    fn every(interval: Duration, begin: Instant) -> io::Result<Self> {
        let tick = Arc::new(Notify::new());
        let stopped = Arc::new(AtomicBool::new(false));
        let (rings, stops) = (Arc::clone(&tick), Arc::clone(&stopped));
        std::thread::Builder::new().name("pace".to_owned()).spawn(move || {
            let mut next = begin;
            while !stops.load(Ordering::Relaxed) {
                std::thread::sleep(next.saturating_duration_since(Instant::now()));
                rings.notify_one();
                next = after(next, Instant::now(), interval);
            }
        })?;
        Ok(Self { tick, stopped })
    }

    async fn next(&self) {
        self.tick.notified().await;
    }
}

/// The tick after this one. After a pause of the whole machine one is enough to catch up, and those that follow fall on the
/// same times as before.
fn after(tick: Instant, now: Instant, interval: Duration) -> Instant {
    let missed = now.saturating_duration_since(tick).as_nanos() / interval.as_nanos().max(1);
    tick + interval * u32::try_from(missed).unwrap_or(u32::MAX).saturating_add(1)
}

impl Drop for Ticks {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;
    use std::path::PathBuf;

    use crate::measure::address::Address;
    use crate::measure::plan::{Candidate, Plan};

    /// A server of one thread that answers each connection's requests after the given delay,
    /// and stalls once for `stall` at its tenth request.
    fn serve(delay: Duration, stall: Duration) -> Rc<Target> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut served = 0;
            while matches!(stream.read(&mut [0; 4096]), Ok(1..)) {
                served += 1;
                std::thread::sleep(if served == 10 { stall } else { delay });
                stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").unwrap();
            }
        });
        let candidate = Candidate::new(String::new(), Vec::new());
        Rc::new(Target::new(&Plan::new(Vec::new(), PathBuf::new(), vec![candidate]), &Address::Port(port)))
    }

    fn run_on(target: &Rc<Target>, rate: f64, length: Duration) -> Scheduled {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        tokio::task::LocalSet::new().block_on(&runtime, run(target, 1, rate, length)).unwrap()
    }

    #[test]
    fn ticks_fall_on_the_times_of_slots_even_after_a_pause() {
        let begin = Instant::now();
        let at = |micros: u64| begin + Duration::from_micros(micros);
        let interval = Duration::from_micros(500);
        assert_eq!(after(begin, at(60), interval), at(500));
        assert_eq!(after(at(500), at(560), interval), at(1000));
        // Two ticks were missed while the machine did something else.
        assert_eq!(after(at(500), at(1730), interval), at(2000));
        assert_eq!(after(at(500), begin, interval), at(1000), "a clock that is early goes on as well");
    }

    #[test]
    fn a_stall_is_felt_by_every_request_that_was_due() {
        // 100 requests per second over one connection, the tenth takes 400 ms: a closed loop would
        // report one slow request and a median of a millisecond, but forty users waited.
        let target = serve(Duration::from_millis(1), Duration::from_millis(400));
        let found = run_on(&target, 100.0, Duration::from_millis(700));
        let latency = found.latency.unwrap();
        assert!(latency.max >= Duration::from_millis(390), "{found:?}");
        assert!(latency.p50 >= Duration::from_millis(20), "{found:?}");
        assert_eq!(found.errors.total(), 0);
    }

    #[test]
    fn a_rate_that_is_not_reached_has_a_backlog_instead_of_percentiles() {
        let found =
            run_on(&serve(Duration::from_millis(20), Duration::from_millis(20)), 200.0, Duration::from_millis(500));
        assert_eq!(found.latency, None);
        assert!(found.backlog > 50, "{found:?}");
        assert!(found.achieved < 60.0, "{found:?}");
    }
}
