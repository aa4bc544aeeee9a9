//! How long requests wait for a slot, if they arrive independently of each other: the queue M/M/c.
//!
//! Real requests come in bursts and do not all take the same time, so that this is a lower bound for slots
//! and no promise. Knows no setting and no server.

use super::capacity::{Rate, in_flight};
use crate::values::Seconds;

/// The share of requests that may take longer than the target.
const LATE: f64 = 0.01;
/// More slots than this are no plan for one replica.
const MOST_SLOTS: u32 = 100_000;

/// The probability that a request finds all of `slots` busy while `offered` requests are in flight on average.
///
/// Erlang C, `C = B / (1 - a/c (1 - B))`, with Erlang's B by its recursion `B(n) = a B(n-1) / (n + a B(n-1))`
/// (A. K. Erlang 1917). 4 in flight and 5 slots: 0.554. 1 where the slots cannot keep up.
pub(super) fn waits(slots: u32, offered: f64) -> f64 {
    if f64::from(slots) <= offered {
        return 1.0;
    }
    let busy = (1..=slots).fold(1.0, |busy, n| offered * busy / (f64::from(n) + offered * busy));
    busy / (1.0 - offered / f64::from(slots) * (1.0 - busy))
}

/// What the slowest hundredth of requests waits for a slot at least: `W = S ln(C / 0.01) / (c - a)`.
///
/// 4 in flight of 200 ms each: 803 ms with 5 slots, 35 ms with 9. `None` where the slots cannot
/// keep up.
pub(super) fn slowest_wait(slots: u32, offered: f64, service: Seconds) -> Option<Seconds> {
    let spare = f64::from(slots) - offered;
    (spare > 0.0).then(|| Seconds(service.0 * (waits(slots, offered) / LATE).ln().max(0.0) / spare))
}

/// The fewest slots with which 99 of 100 requests, `rate` of them each taking `service`, wait for no longer than
/// `patience`.
///
/// 20/s of 200 ms that may wait 100 ms: 8. `None` if no number of slots does it.
pub(super) fn slots_for_wait(rate: Rate, service: Seconds, patience: Seconds) -> Option<u32> {
    let offered = in_flight(rate, service);
    let fits = |slots: u32| slowest_wait(slots, offered, service).is_some_and(|wait| wait.0 <= patience.0);
    if !offered.is_finite() || patience.0.is_nan() || !fits(MOST_SLOTS) {
        return None;
    }
    let (mut too_few, mut enough) = (0, MOST_SLOTS);
    // More slots never wait longer, so that halving finds the first that is enough.
    while enough - too_few > 1 {
        let middle = too_few.midpoint(enough);
        if fits(middle) { enough = middle } else { too_few = middle }
    }
    Some(enough)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SERVICE: Seconds = Seconds(0.2);

    fn millis(seconds: Option<Seconds>) -> Option<f64> {
        seconds.map(|seconds| (seconds.0 * 1000.0).round())
    }

    #[test]
    fn five_slots_for_four_requests_make_the_slowest_wait_four_times_as_long_as_they_take() {
        assert!((waits(5, 4.0) - 0.554).abs() < 0.0005);
        assert_eq!(millis(slowest_wait(5, 4.0, SERVICE)), Some(803.0));
        assert_eq!(millis(slowest_wait(9, 4.0, SERVICE)), Some(35.0));
        // Four slots behind one queue at 80 %: half a second for requests of 100 ms.
        assert_eq!(millis(slowest_wait(4, 3.2, Seconds(0.1))), Some(511.0));
        assert_eq!(slowest_wait(4, 4.0, SERVICE), None);
    }

    #[test]
    fn the_fewest_slots_that_are_enough() {
        assert_eq!(slots_for_wait(Rate(20.0), SERVICE, Seconds(0.81)), Some(5));
        assert_eq!(slots_for_wait(Rate(20.0), SERVICE, Seconds(0.1)), Some(8));
        // Nobody may wait at all: only the hundredth that may be late.
        assert!(slots_for_wait(Rate(20.0), SERVICE, Seconds(0.0)).is_some_and(|slots| waits(slots, 4.0) <= LATE));
        assert_eq!(slots_for_wait(Rate(20.0), SERVICE, Seconds(-0.1)), None);
        assert_eq!(slots_for_wait(Rate(1e9), SERVICE, Seconds(0.1)), None);
    }

    proptest! {
        #[test]
        fn more_slots_never_wait_longer(slots in 1..400_u32, offered in 0.001..300.0_f64) {
            let (few, many) = (slowest_wait(slots, offered, SERVICE), slowest_wait(slots + 1, offered, SERVICE));
            prop_assert!((0.0..=1.0 + 1e-9).contains(&waits(slots, offered)));
            prop_assert!(few.is_none_or(|few| many.is_some_and(|many| many.0 <= few.0)));
        }

        #[test]
        fn what_is_enough_is_the_first_that_is(rate in 0.1..500.0_f64, patience in 0.0..2.0_f64) {
            let (rate, patience) = (Rate(rate), Seconds(patience));
            let slots = slots_for_wait(rate, SERVICE, patience).unwrap();
            let offered = in_flight(rate, SERVICE);
            let fits = |slots| slowest_wait(slots, offered, SERVICE).is_some_and(|wait| wait.0 <= patience.0);
            prop_assert!(fits(slots) && !fits(slots - 1));
        }
    }
}
