//! What requests took: counted, timed, and attributed to the measured window.

use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use super::exchange::Failure;
use crate::measure::outcome::{Errors, Latency};

/// Longest latency that is told apart, in microseconds: one hour.
const LONGEST: u64 = 3_600_000_000;
/// Fewer requests than this have no 99th percentile: it would rest on fewer than ten of them.
const ENOUGH_FOR_P99: u64 = 1000;

/// A distribution of latencies with three significant digits, in constant memory.
#[derive(Debug, Clone)]
pub(in crate::measure) struct Latencies(Option<Histogram<u32>>);

impl Latencies {
    pub(in crate::measure) fn new() -> Self {
        // Only invalid bounds are refused, and these are valid.
        Self(Histogram::new_with_bounds(1, LONGEST, 3).ok())
    }

    /// With two significant digits, which takes a seventh of the memory.
    fn rounded() -> Self {
        Self(Histogram::new_with_bounds(1, LONGEST, 2).ok())
    }

    pub(in crate::measure) fn record(&mut self, latency: Duration) {
        if let Some(histogram) = &mut self.0 {
            histogram.saturating_record(u64::try_from(latency.as_micros()).unwrap_or(LONGEST).clamp(1, LONGEST));
        }
    }

    pub(in crate::measure) fn add(&mut self, other: &Self) {
        if let (Some(all), Some(other)) = (&mut self.0, &other.0) {
            // Cannot fail between histograms of the same bounds.
            let _ = all.add(other);
        }
    }

    pub(in crate::measure) fn count(&self) -> u64 {
        self.0.as_ref().map_or(0, Histogram::len)
    }

    fn quantile(&self, quantile: f64) -> Option<Duration> {
        let histogram = self.0.as_ref().filter(|histogram| !histogram.is_empty())?;
        Some(Duration::from_micros(histogram.value_at_quantile(quantile)))
    }

    pub(in crate::measure) fn p50(&self) -> Option<Duration> {
        self.quantile(0.5)
    }

    pub(in crate::measure) fn p90(&self) -> Option<Duration> {
        self.quantile(0.9)
    }

    /// The 99th percentile, when there are enough requests for one.
    pub(in crate::measure) fn p99(&self) -> Option<Duration> {
        self.quantile(0.99).filter(|_| self.count() >= ENOUGH_FOR_P99)
    }

    pub(in crate::measure) fn max(&self) -> Option<Duration> {
        self.quantile(1.0)
    }

    pub(in crate::measure) fn summary(&self) -> Option<Latency> {
        Some(Latency { p50: self.p50()?, p99: self.p99(), max: self.max()? })
    }
}

/// One request as the driver saw it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Request {
    /// When it was sent, or should have been.
    pub(super) began: Instant,
    pub(super) ended: Instant,
    pub(super) answer: Result<u16, Failure>,
    /// Which one it was.
    pub(super) kind: usize,
}

/// What became of one of several requests.
#[derive(Debug, Clone)]
pub(in crate::measure) struct Kind {
    pub(in crate::measure) requests: u64,
    pub(in crate::measure) errors: Errors,
    pub(in crate::measure) latencies: Latencies,
}

impl Kind {
    pub(in crate::measure) fn new() -> Self {
        Self { requests: 0, errors: Errors::default(), latencies: Latencies::rounded() }
    }

    pub(in crate::measure) fn add(&mut self, other: &Self) {
        self.requests += other.requests;
        self.errors += other.errors;
        self.latencies.add(&other.latencies);
    }
}

/// The requests of one window.
///
/// A successful request that an edge cuts counts for the part that lies inside, so that a slow
/// target is not measured in whole answers. Its latency counts where it began, so that slow
/// requests are not cut off. A failure counts if any part of it lies inside: a server that hangs
/// must not look as if nothing had been asked.
#[derive(Debug, Clone)]
pub(in crate::measure) struct Tally {
    /// When the window began; `None` during warm-up.
    pub(super) begin: Option<Instant>,
    pub(super) end: Option<Instant>,
    /// All answers so far, for finding out whether the server has warmed up.
    pub(super) answers: u64,
    /// Connections that have not been answered yet.
    pub(super) unanswered: usize,
    pub(in crate::measure) successes: f64,
    pub(in crate::measure) requests: u64,
    pub(in crate::measure) errors: Errors,
    pub(in crate::measure) repeated: u64,
    pub(in crate::measure) latencies: Latencies,
    /// The same of each of several requests.
    pub(in crate::measure) kinds: Vec<Kind>,
    timeout: Duration,
}

impl Tally {
    /// Of this many different requests.
    pub(super) fn new(timeout: Duration, kinds: usize) -> Self {
        Self {
            begin: None,
            end: None,
            answers: 0,
            unanswered: 0,
            successes: 0.0,
            requests: 0,
            errors: Errors::default(),
            repeated: 0,
            latencies: Latencies::new(),
            // Of one there is nothing to tell apart.
            kinds: if kinds > 1 { vec![Kind::new(); kinds] } else { Vec::new() },
            timeout,
        }
    }

    pub(super) fn note(&mut self, request: Request) {
        self.answers += 1;
        let Some(begin) = self.begin.filter(|begin| request.ended >= *begin) else {
            return;
        };
        if self.end.is_some_and(|end| request.began >= end) {
            return;
        }
        let took = request.ended.saturating_duration_since(request.began);
        let inside = request.began >= begin;
        let kind = self.kinds.get_mut(request.kind);
        if failed(&mut self.errors, request.answer) {
            self.requests += 1;
            // Hung requests count as at least the limit; an instant refusal is no latency.
            let latency = (request.answer == Err(Failure::Timeout)).then(|| took.max(self.timeout));
            if let Some(latency) = latency {
                self.latencies.record(latency);
            }
            if let Some(kind) = kind {
                kind.requests += 1;
                failed(&mut kind.errors, request.answer);
                if let Some(latency) = latency {
                    kind.latencies.record(latency);
                }
            }
            return;
        }
        let from = request.began.max(begin);
        let to = self.end.map_or(request.ended, |end| request.ended.min(end));
        let part = to.saturating_duration_since(from).as_secs_f64();
        self.successes += if took.is_zero() { 1.0 } else { part / took.as_secs_f64() };
        if inside {
            self.requests += 1;
            self.latencies.record(took);
            if let Some(kind) = kind {
                kind.requests += 1;
                kind.latencies.record(took);
            }
        }
    }
}

/// Counts a failure; an answer below 400 is none.
fn failed(errors: &mut Errors, answer: Result<u16, Failure>) -> bool {
    let kind = match answer {
        Ok(..400) => return false,
        Ok(400..500) => &mut errors.refused,
        Ok(500..) => &mut errors.failed,
        Err(Failure::Connect) => &mut errors.connect,
        Err(Failure::Reset) => &mut errors.reset,
        Err(Failure::Timeout) => &mut errors.timeout,
        Err(Failure::Malformed) => &mut errors.malformed,
    };
    *kind += 1;
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// A tally whose window is the second after `zero`.
    fn window(zero: Instant) -> Tally {
        Tally { begin: Some(zero), end: Some(zero + SECOND), ..Tally::new(SECOND * 10, 1) }
    }

    fn request(began: Instant, took: Duration, answer: Result<u16, Failure>) -> Request {
        Request { began, ended: began + took, answer, kind: 0 }
    }

    #[test]
    fn an_edge_cuts_a_request_in_part() {
        let zero = Instant::now() + SECOND * 10;
        let mut tally = window(zero);
        let before = |time| zero.checked_sub(time).unwrap();
        // Half before, half after, wholly inside, wholly outside.
        for (began, took) in [
            (before(SECOND / 4), SECOND / 2),
            (zero + SECOND * 3 / 4, SECOND / 2),
            (zero, SECOND / 2),
            (before(SECOND), SECOND / 2),
            (zero + SECOND, SECOND),
        ] {
            tally.note(request(began, took, Ok(200)));
        }
        assert!((tally.successes - 2.0).abs() < 1e-9, "{}", tally.successes);
        assert_eq!((tally.requests, tally.latencies.count(), tally.answers), (2, 2, 5));
    }

    #[test]
    fn slow_answers_are_counted_by_littles_law() {
        // 32 connections, 1.6 s per answer: 20 per second, although hardly any ends in time.
        let zero = Instant::now() + SECOND * 10;
        let mut tally = window(zero);
        let took = SECOND * 8 / 5;
        for connection in 0..32 {
            let first = zero.checked_sub(took).unwrap() + took * connection / 32;
            tally.note(request(first, took, Ok(200)));
            tally.note(request(first + took, took, Ok(200)));
        }
        assert!((tally.successes - 20.0).abs() < 0.7, "{}", tally.successes);
    }

    #[test]
    fn a_hanging_server_shows_up_in_a_window_shorter_than_the_limit() {
        let zero = Instant::now() + SECOND * 10;
        let mut tally = window(zero);
        tally.note(request(zero.checked_sub(SECOND).unwrap(), SECOND * 10, Err(Failure::Timeout)));
        assert_eq!((tally.requests, tally.errors.timeout), (1, 1));
        assert!(tally.latencies.max() >= Some(SECOND * 10));
        assert!(tally.successes.abs() < f64::EPSILON);
    }

    #[test]
    fn statuses_are_judged_by_their_class() {
        let zero = Instant::now();
        let mut tally = window(zero);
        for status in [200, 204, 302, 304, 400, 404, 500, 503, 999] {
            tally.note(request(zero, SECOND / 10, Ok(status)));
        }
        assert_eq!((tally.errors.refused, tally.errors.failed, tally.requests), (2, 3, 9));
        assert!((tally.successes - 4.0).abs() < 1e-9);
    }

    #[test]
    fn each_of_several_requests_is_counted_by_itself() {
        let zero = Instant::now();
        let mut tally = Tally { begin: Some(zero), end: Some(zero + SECOND), ..Tally::new(SECOND * 10, 2) };
        for (kind, millis, answer) in
            [(0, 100, Ok(200)), (0, 300, Ok(200)), (1, 10, Ok(500)), (1, 20, Err(Failure::Timeout))]
        {
            tally.note(Request { kind, ..request(zero, Duration::from_millis(millis), answer) });
        }
        let [first, second] = &tally.kinds[..] else { panic!("{:?}", tally.kinds.len()) };
        assert_eq!((first.requests, first.errors.total(), first.latencies.count()), (2, 0, 2));
        assert_eq!((second.requests, second.errors.failed, second.errors.timeout), (2, 1, 1));
        assert_eq!(second.latencies.count(), 1, "an instant refusal is no latency");
        assert!(second.latencies.max() >= Some(SECOND * 10) && first.latencies.max() < Some(SECOND));
        assert_eq!((tally.requests, tally.errors.total()), (4, 2));
        assert!(Tally::new(SECOND, 1).kinds.is_empty());
    }

    #[test]
    fn a_tail_needs_a_thousand_requests() {
        let mut latencies = Latencies::new();
        assert_eq!(latencies.summary(), None);
        for millis in 1..=999 {
            latencies.record(Duration::from_millis(millis));
        }
        assert_eq!(latencies.p99(), None);
        latencies.record(Duration::from_secs(1));
        let p99 = latencies.p99().unwrap();
        assert!((989..=991).contains(&p99.as_millis()), "{p99:?}");
    }
}
