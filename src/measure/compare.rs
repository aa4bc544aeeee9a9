//! Medians, intervals and ratios of windows that were measured side by side.
//!
//! Pure and deterministic: the resampling has a fixed seed, so the same windows always give the
//! same interval.

use super::outcome::Interval;
use crate::values::Order as _;

/// Resamples behind an interval.
const RESAMPLES: usize = 2000;
/// Any fixed number; it only has to stay the same.
const SEED: u64 = 0x6661_7272_6965_7221;

/// The middle of the values, or between the two middle ones; `None` without values.
pub(super) fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.order_by(f64::total_cmp);
    middle(&sorted)
}

fn middle(sorted: &[f64]) -> Option<f64> {
    let half = sorted.len() / 2;
    let upper = *sorted.get(half)?;
    if sorted.len() % 2 == 1 { Some(upper) } else { Some(f64::midpoint(*sorted.get(half - 1)?, upper)) }
}

/// The median with a 95 % interval; `None` without values.
///
/// The percentile bootstrap of a median is too narrow for the few values a short run has (six
/// windows reach about 90 %), so the interval also covers the order statistics that bound the
/// median with 95 % by the binomial distribution: for up to eight values the smallest and the
/// largest.
pub(super) fn interval(values: &[f64]) -> Option<Interval> {
    let mut sorted = values.to_vec();
    sorted.order_by(f64::total_cmp);
    let median = middle(&sorted)?;
    let (first, last) = order_statistics(sorted.len());
    let mut low = *sorted.get(first)?;
    let mut high = *sorted.get(last)?;
    let mut random = Random(SEED);
    let mut medians: Vec<f64> = (0..RESAMPLES)
        .filter_map(|_| {
            let mut sample: Vec<f64> =
                (0..sorted.len()).filter_map(|_| sorted.get(random.below(sorted.len())).copied()).collect();
            sample.order_by(f64::total_cmp);
            middle(&sample)
        })
        .collect();
    medians.order_by(f64::total_cmp);
    low = low.min(*medians.get(RESAMPLES / 40)?);
    high = high.max(*medians.get(RESAMPLES - 1 - RESAMPLES / 40)?);
    Some(Interval { median, low, high })
}

/// Indices of the order statistics that enclose the median of `count` values with a probability
/// of at least 95 %, or all of them where there are too few values for that.
fn order_statistics(count: usize) -> (usize, usize) {
    // P(fewer than k of n fair coins show heads), summed up while it stays within 2.5 %.
    let n = u32::try_from(count).unwrap_or(u32::MAX);
    let mut probability = 0.5_f64.powi(i32::try_from(n).unwrap_or(i32::MAX));
    let mut tail = probability;
    let mut first = 0;
    for k in 0..n / 2 {
        probability *= f64::from(n - k) / f64::from(k + 1);
        tail += probability;
        if tail > 0.025 {
            break;
        }
        first += 1;
    }
    (first, count.saturating_sub(1 + first))
}

/// Second over first for each round in which both were measured, with the interval of the
/// ratio's median. Half an answer is added to both, so that a window without any has a ratio too.
///
/// Worked example: rates 100 and 200 in one round, 50 and 110 in the next, in windows of one
/// second: the logarithms of 200.5/100.5 and 110.5/50.5 have the mean 0.737, the ratio is 2.09.
pub(super) fn ratio(pairs: &[Pair]) -> Option<Interval> {
    let logs: Vec<f64> = pairs
        .iter()
        .filter(|pair| pair.seconds > 0.0)
        .map(|pair| ((pair.second + 0.5 / pair.seconds) / (pair.first + 0.5 / pair.seconds)).ln())
        .filter(|log| log.is_finite())
        .collect();
    let logs = interval(&logs)?;
    Some(Interval { median: logs.median.exp(), low: logs.low.exp(), high: logs.high.exp() })
}

/// The rates of one round.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Pair {
    /// Successful answers per second of the first candidate.
    pub(super) first: f64,
    /// Those of the one it is compared with.
    pub(super) second: f64,
    /// Length of the shorter window.
    pub(super) seconds: f64,
}

/// `SplitMix64` (Steele, Lea and Flood 2014): small, and good enough to draw indices.
#[derive(Debug)]
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        // The bias of the remainder is below 2^-50 for the handful of values there are.
        usize::try_from(self.next() % (bound.max(1) as u64)).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_of_known_values() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), Some(2.5));
    }

    #[test]
    fn order_statistics_agree_with_the_tables() {
        // Two-sided 95 % for the median, as in the tables of Conover, counted from zero.
        for (count, expected) in [
            (1, (0, 0)),
            (5, (0, 4)),
            (6, (0, 5)),
            (8, (0, 7)),
            (9, (1, 7)),
            (12, (2, 9)),
            (15, (3, 11)),
            (20, (5, 14)),
        ] {
            assert_eq!(order_statistics(count), expected, "{count} values");
        }
    }

    #[test]
    fn few_values_are_bounded_by_their_extremes() {
        let found = interval(&[1.0, 2.0, 3.0, 4.0, 9.0]).unwrap();
        assert_eq!(found, Interval { median: 3.0, low: 1.0, high: 9.0 });
        assert_eq!(interval(&[]), None);
        assert_eq!(interval(&[7.0]), Some(Interval { median: 7.0, low: 7.0, high: 7.0 }));
    }

    #[test]
    fn many_values_narrow_the_interval() {
        let values: Vec<f64> = (0..101).map(f64::from).collect();
        let found = interval(&values).unwrap();
        assert!((found.median - 50.0).abs() < 1e-9);
        assert!(found.low >= 35.0 && found.low <= 45.0, "{found:?}");
        assert!(found.high >= 55.0 && found.high <= 65.0, "{found:?}");
        assert_eq!(interval(&values), interval(&values));
    }

    #[test]
    fn a_constant_factor_is_found_whatever_the_drift() {
        let pairs: Vec<Pair> = (1..=10)
            .map(|round| Pair { first: 1e4 * f64::from(round), second: 3e4 * f64::from(round), seconds: 1.0 })
            .collect();
        let found = ratio(&pairs).unwrap();
        assert!((found.median - 3.0).abs() < 1e-3, "{found:?}");
        assert!(found.high - found.low < 1e-3, "{found:?}");
    }

    #[test]
    fn the_worked_example_and_windows_without_answers() {
        let pair = |first, second| Pair { first, second, seconds: 1.0 };
        let found = ratio(&[pair(100.0, 200.0), pair(50.0, 110.0)]).unwrap();
        assert!((found.median - 2.09).abs() < 0.005, "{found:?}");
        assert_eq!(ratio(&[pair(0.0, 0.0)]).unwrap().median.to_bits(), 1.0_f64.to_bits());
        assert!(ratio(&[pair(0.0, 10.0)]).unwrap().median.is_finite());
        assert_eq!(ratio(&[]), None);
    }
}
