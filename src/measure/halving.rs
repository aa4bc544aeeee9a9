//! Who stays in a race whose field gets smaller: successive halving, with an early end for those that are clearly behind.
//!
//! Pure. Decides by the rounds that the configurations still in the race were all part of, by the logarithms of their
//! rates: a machine that gets slower makes all of a round slower. The rates of configurations that fail requests never
//! get here.

use crate::values::Order as _;
use std::collections::BTreeMap;

/// The rates of each configuration by round, in the order of the plan.
pub(super) type Rates = Vec<BTreeMap<usize, f64>>;

/// A difference up to this share of the leader is no reason to leave.
const CLOSE: f64 = 0.97;
/// Standard errors that a configuration gets for free: 1.7 is 95 % on one side.
const DEVIATIONS: f64 = 1.7;
/// Least standard deviation that is believed; two rounds may agree by chance.
const LEAST_DEVIATION: f64 = 0.05;
/// After one round there is no deviation, and connections may have fallen badly: only what is hopeless leaves.
const HOPELESS: f64 = 0.4;

/// The configurations from the best to the worst, by the rounds they have in common.
pub(super) fn order(rates: &Rates, alive: &[usize]) -> Vec<usize> {
    let common = common(rates, alive);
    let mut sorted: Vec<(f64, usize)> = alive.iter().map(|one| (mean(&logs(rates, *one, &common)), *one)).collect();
    sorted.order_by(|one, other| other.0.total_cmp(&one.0).then(one.1.cmp(&other.1)));
    sorted.into_iter().map(|(_, one)| one).collect()
}

/// Those that are not clearly behind the leader.
pub(super) fn within_reach(rates: &Rates, alive: &[usize]) -> Vec<usize> {
    let Some(leader) = order(rates, alive).first().copied() else { return Vec::new() };
    let common = common(rates, alive);
    let best = logs(rates, leader, &common);
    let stays = |one: &usize| {
        let differences: Vec<f64> =
            logs(rates, *one, &common).iter().zip(&best).map(|(own, best)| own - best).collect();
        match differences.as_slice() {
            [] => true,
            [only] => *only >= HOPELESS.ln(),
            many => mean(many) + DEVIATIONS * error(many) >= CLOSE.ln(),
        }
    };
    alive.iter().copied().filter(stays).collect()
}

/// The better half, and never fewer than two.
pub(super) fn better_half(rates: &Rates, alive: &[usize]) -> Vec<usize> {
    let keep = alive.len().div_ceil(2).max(2);
    let best: Vec<usize> = order(rates, alive).into_iter().take(keep).collect();
    alive.iter().copied().filter(|one| best.contains(one)).collect()
}

/// How often a field of so many is halved until two are left.
pub(super) fn stages(count: usize) -> u32 {
    let mut left = count;
    let mut stages = 0;
    while left > 2 {
        left = left.div_ceil(2);
        stages += 1;
    }
    stages.max(1)
}

fn common(rates: &Rates, alive: &[usize]) -> Vec<usize> {
    let of = |one: &usize| rates.get(*one);
    let Some(first) = alive.first().and_then(of) else { return Vec::new() };
    first.keys().copied().filter(|round| alive.iter().filter_map(of).all(|rounds| rounds.contains_key(round))).collect()
}

fn logs(rates: &Rates, one: usize, rounds: &[usize]) -> Vec<f64> {
    let own = rates.get(one);
    // Half an answer more, so that a window without any has a logarithm too.
    rounds.iter().filter_map(|round| Some((own?.get(round)? + 0.5).ln())).collect()
}

#[allow(clippy::cast_precision_loss, reason = "a handful of rounds")]
fn mean(values: &[f64]) -> f64 {
    if values.is_empty() { f64::NEG_INFINITY } else { values.iter().sum::<f64>() / values.len() as f64 }
}

/// The standard error of the mean.
#[allow(clippy::cast_precision_loss, reason = "a handful of rounds")]
fn error(values: &[f64]) -> f64 {
    let mean = mean(values);
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    let deviation = (squares / (values.len() as f64 - 1.0)).sqrt();
    deviation.max(LEAST_DEVIATION) / (values.len() as f64).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::compare::Random;

    fn rates(rows: &[&[f64]]) -> Rates {
        rows.iter().map(|row| row.iter().copied().enumerate().collect()).collect()
    }

    #[test]
    fn only_rounds_that_all_were_part_of_are_compared() {
        // The machine was four times as fast in the first round, which the third was not part of.
        let mut all = rates(&[&[400.0, 100.0], &[380.0, 95.0], &[0.0, 110.0]]);
        all[2].remove(&0);
        assert_eq!(order(&all, &[0, 1, 2]), [2, 0, 1]);
        assert_eq!(order(&all, &[0, 1]), [0, 1]);
    }

    #[test]
    fn one_round_sends_home_what_is_hopeless_and_more_what_is_behind() {
        assert_eq!(within_reach(&rates(&[&[100.0], &[50.0], &[30.0]]), &[0, 1, 2]), [0, 1]);
        let three = rates(&[&[100.0, 102.0, 99.0], &[80.0, 82.0, 79.0], &[97.0, 99.0, 101.0], &[60.0, 140.0, 80.0]]);
        assert_eq!(within_reach(&three, &[0, 1, 2, 3]), [0, 2, 3], "what is uneven may still be good");
        assert_eq!(within_reach(&rates(&[&[], &[]]), &[0, 1]), [0, 1], "nothing is known yet");
        assert!(within_reach(&rates(&[]), &[]).is_empty());
    }

    #[test]
    fn a_half_stays_and_never_one_alone() {
        let all = rates(&[&[1.0], &[5.0], &[3.0], &[4.0], &[2.0]]);
        assert_eq!(better_half(&all, &[0, 1, 2, 3, 4]), [1, 2, 3]);
        assert_eq!(better_half(&all, &[1, 2, 3]), [1, 3]);
        assert_eq!(better_half(&all, &[1, 3]), [1, 3]);
        assert_eq!([1, 2, 3, 4, 7, 8].map(stages), [1, 1, 1, 1, 2, 2]);
    }

    /// Eight configurations whose true rates are known, with noise of 7 % and luck with connections.
    #[test]
    fn the_search_loses_little_although_windows_are_noisy() {
        let truth = [100.0, 88.0, 97.0, 55.0, 71.0, 40.0, 99.0, 93.0];
        let mut losses = Vec::new();
        for seed in 0..300 {
            let mut random = Random(seed);
            let mut noise = || {
                #[allow(clippy::cast_precision_loss, reason = "53 random bits are exact in an f64")]
                let unit = (random.next() >> 11) as f64 / (1_u64 << 53) as f64;
                1.0 + 0.12 * (2.0 * unit - 1.0)
            };
            let mut all: Rates = vec![BTreeMap::new(); truth.len()];
            let mut alive: Vec<usize> = (0..truth.len()).collect();
            // Three rounds of eight, two stages, as in a minute.
            let mut visits = 0;
            for round in 0.. {
                for one in &alive {
                    all[*one].insert(round, truth[*one] * noise());
                    visits += 1;
                }
                alive = within_reach(&all, &alive);
                if visits >= 12 && alive.len() > 4 || visits >= 18 && alive.len() > 2 {
                    alive = better_half(&all, &alive);
                }
                if visits >= 24 || alive.len() == 1 {
                    break;
                }
            }
            losses.push(100.0 - truth[order(&all, &alive)[0]]);
        }
        #[allow(clippy::cast_precision_loss, reason = "300 losses")]
        let mean = losses.iter().sum::<f64>() / losses.len() as f64;
        assert!(mean < 4.0, "mean loss {mean}");
        assert!(losses.iter().all(|loss| *loss <= 12.0), "worst loss {:?}", losses.iter().copied().fold(0.0, f64::max));
    }
}
