//! From paired windows to a sentence: better, worse, the same, or not decided.
//!
//! Pure. Decides what counts as a difference and when nothing may be concluded; does not know how
//! the windows came about.

use super::compare::{self, Pair};
use super::outcome::Interval;

/// Differences up to this share are ties: two servers with one and the same configuration differ
/// by up to 7 % in the median of ten windows.
pub const TIE: f64 = 0.05;
/// Share of failed requests from which a candidate cannot win any more.
pub const MOST_FAILURES: f64 = 0.001;
/// Cores used by other processes from which the result is in doubt.
pub const MOST_FOREIGN: f64 = 0.15;
/// Share of one core from which the load generator is the limit, and of what it gets from an endpoint that does nothing.
pub const MOST_CLIENT: f64 = 0.7;
/// An interval that reaches further than this factor from its median, while it contains 1, says
/// nothing.
const NOISE: f64 = 1.25;
/// Rounds below which there is no interval worth the name.
const FEWEST_ROUNDS: usize = 3;
/// A factor that needs no interval, if every round shows it: one and the same configuration, started twice, differed by a
/// factor of 2.1 at most, by which worker got which connections.
const DECISIVE: f64 = 3.0;
/// Answers of the faster one in a round from which such a factor is no accident: 30 against 10 are three standard
/// deviations of their difference.
const ENOUGH_ANSWERS: f64 = 30.0;

/// What a candidate is compared with the first one.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// More successful answers per second, beyond doubt and beyond 5 %; or the first one fails
    /// requests that this one answers.
    Better,
    /// Fewer, or it fails requests that the first one answers.
    Worse,
    /// No measurable difference.
    Same,
    /// The run does not tell.
    Inconclusive(Doubt),
}

/// Why a run does not tell.
#[derive(Debug, Clone, PartialEq)]
pub enum Doubt {
    /// Stopped by a signal before there were enough rounds.
    Interrupted,
    /// Fewer rounds than an interval needs.
    TooFewRounds {
        /// Rounds that were measured.
        rounds: usize,
    },
    /// The windows disagree so much that a real difference could hide among them.
    Noise,
    /// Other processes could explain the difference, or hide one.
    ForeignLoad,
    /// The load generator was the limit, so that a difference could not show.
    ClientBusy,
    /// Both fail requests.
    BothFail,
    /// The first fails requests, but this one answers fewer per second.
    SoundButSlower,
}

/// One candidate against the first.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// The candidate's label.
    pub label: String,
    /// What to think of it.
    pub verdict: Verdict,
    /// Its rate over the first one's: median of the rounds with a 95 % interval.
    pub ratio: Interval,
    /// Rounds behind the interval.
    pub rounds: usize,
}

/// What is known about two candidates besides their rates.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Circumstances {
    /// Share of failed requests of the first and of the second.
    pub(super) failures: (f64, f64),
    /// Whether the server of the first and of the second ended by itself.
    pub(super) died: (bool, bool),
    /// Share of the machine other processes used, 0 to 1; 0 when it stayed below the threshold.
    pub(super) foreign: f64,
    /// Whether the load generator was the limit for the first and for the second.
    pub(super) client_busy: (bool, bool),
    /// Whether the run was cut short.
    pub(super) interrupted: bool,
}

/// Compares the second with the first.
pub(super) fn decide(pairs: &[Pair], known: Circumstances) -> (Verdict, Interval) {
    // Without a round nothing is known, which an interval over everything says.
    let ratio = compare::ratio(pairs).unwrap_or(Interval { median: 1.0, low: 0.0, high: f64::INFINITY });
    (judge(pairs, ratio, known), ratio)
}

/// Whether one of both answered so much more in every round that few rounds tell.
pub(super) fn is_decisive(pairs: &[Pair]) -> bool {
    let much = |less: f64, more: f64, seconds: f64| more * seconds >= ENOUGH_ANSWERS && more >= less * DECISIVE;
    let ahead = |pair: &Pair| much(pair.first, pair.second, pair.seconds);
    let behind = |pair: &Pair| much(pair.second, pair.first, pair.seconds);
    !pairs.is_empty() && (pairs.iter().all(ahead) || pairs.iter().all(behind))
}

fn judge(pairs: &[Pair], ratio: Interval, known: Circumstances) -> Verdict {
    let rounds = pairs.len();
    // A server that fails quickly has the best rate of all, so failures are looked at first.
    let fails = |share: f64, died: bool| died || share > MOST_FAILURES;
    let first = fails(known.failures.0, known.died.0);
    match (first, fails(known.failures.1, known.died.1)) {
        _ if rounds == 0 => {}
        (true, true) => return Verdict::Inconclusive(Doubt::BothFail),
        (false, true) => return Verdict::Worse,
        (true, false) if ratio.high < 1.0 && ratio.median < 1.0 - TIE => {
            return Verdict::Inconclusive(Doubt::SoundButSlower);
        }
        (true, false) => return Verdict::Better,
        (false, false) => {}
    }
    if rounds < FEWEST_ROUNDS && !is_decisive(pairs) {
        return Verdict::Inconclusive(if known.interrupted {
            Doubt::Interrupted
        } else {
            Doubt::TooFewRounds { rounds }
        });
    }
    let contains_one = ratio.low <= 1.0 && ratio.high >= 1.0;
    let tie = contains_one || ((1.0 - TIE)..=(1.0 + TIE)).contains(&ratio.median);
    if tie {
        if ratio.high > ratio.median * NOISE || ratio.low < ratio.median / NOISE {
            return Verdict::Inconclusive(Doubt::Noise);
        }
        // What hides a difference is not evidence that there is none.
        if known.client_busy.0 || known.client_busy.1 {
            return Verdict::Inconclusive(Doubt::ClientBusy);
        }
        return if known.foreign > TIE { Verdict::Inconclusive(Doubt::ForeignLoad) } else { Verdict::Same };
    }
    // Processes that used a share of the machine may have taken all of it from either side.
    let clear = if ratio.median > 1.0 { ratio.low } else { 1.0 / ratio.high };
    if clear < 1.0 + known.foreign {
        return Verdict::Inconclusive(Doubt::ForeignLoad);
    }
    // A busy client holds back the faster one, so the real difference is only larger.
    if ratio.median > 1.0 { Verdict::Better } else { Verdict::Worse }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::compare::Random;

    /// Rounds with noise of the given relative size (uniform, so its deviation is 0.58 of it).
    fn rounds(seed: u64, count: usize, factor: f64, noise: f64) -> Vec<Pair> {
        let mut random = Random(seed);
        let mut draw = || {
            #[allow(clippy::cast_precision_loss, reason = "53 random bits are exact in an f64")]
            let unit = (random.next() >> 11) as f64 / (1_u64 << 53) as f64;
            1.0 + noise * (2.0 * unit - 1.0)
        };
        (0..count).map(|_| Pair { first: 1000.0 * draw(), second: factor * 1000.0 * draw(), seconds: 1.0 }).collect()
    }

    fn calm(pairs: &[Pair]) -> Verdict {
        decide(pairs, Circumstances::default()).0
    }

    #[test]
    fn identical_servers_are_the_same_in_95_of_100_runs() {
        for (count, noise) in [(5, 0.02), (6, 0.05), (8, 0.1), (12, 0.1)] {
            let verdicts: Vec<Verdict> = (0..200).map(|seed| calm(&rounds(seed, count, 1.0, noise))).collect();
            let wrong = verdicts.iter().filter(|v| matches!(v, Verdict::Better | Verdict::Worse)).count();
            assert!(wrong <= 10, "{wrong} of 200 wrong with {count} rounds, noise {noise}");
            let same = verdicts.iter().filter(|v| **v == Verdict::Same).count();
            assert!(same >= 180, "{same} of 200 the same with {count} rounds, noise {noise}");
        }
    }

    #[test]
    fn real_differences_are_found() {
        for seed in 0..50 {
            assert_eq!(calm(&rounds(seed, 6, 1.3, 0.05)), Verdict::Better);
            assert_eq!(calm(&rounds(seed, 6, 0.7, 0.05)), Verdict::Worse);
        }
    }

    #[test]
    fn a_clear_but_small_difference_is_a_tie() {
        assert_eq!(calm(&rounds(1, 10, 1.03, 0.001)), Verdict::Same);
    }

    #[test]
    fn wild_windows_are_not_the_same() {
        assert_eq!(calm(&rounds(1, 5, 1.0, 0.7)), Verdict::Inconclusive(Doubt::Noise));
    }

    #[test]
    fn failures_gate_everything() {
        let fast = rounds(1, 6, 2.7, 0.01);
        let with = |failures| decide(&fast, Circumstances { failures, ..Circumstances::default() }).0;
        assert_eq!(with((0.0, 0.002)), Verdict::Worse);
        assert_eq!(with((0.0, 0.0005)), Verdict::Better);
        assert_eq!(with((0.5, 0.5)), Verdict::Inconclusive(Doubt::BothFail));
        assert_eq!(with((0.5, 0.0)), Verdict::Better);
        let slow = rounds(1, 6, 0.5, 0.01);
        let verdict = decide(&slow, Circumstances { failures: (0.5, 0.0), ..Circumstances::default() }).0;
        assert_eq!(verdict, Verdict::Inconclusive(Doubt::SoundButSlower));
    }

    #[test]
    fn a_server_that_dies_cannot_win_even_before_there_are_enough_rounds() {
        let known = Circumstances { died: (false, true), ..Circumstances::default() };
        assert_eq!(decide(&rounds(1, 1, 2.0, 0.01), known).0, Verdict::Worse);
        let verdict = decide(&[], known).0;
        assert_eq!(verdict, Verdict::Inconclusive(Doubt::TooFewRounds { rounds: 0 }));
    }

    #[test]
    fn other_processes_demand_a_larger_difference() {
        let known = Circumstances { foreign: 0.5, ..Circumstances::default() };
        assert_eq!(decide(&rounds(1, 6, 1.3, 0.01), known).0, Verdict::Inconclusive(Doubt::ForeignLoad));
        assert_eq!(decide(&rounds(1, 6, 1.0, 0.01), known).0, Verdict::Inconclusive(Doubt::ForeignLoad));
        assert_eq!(decide(&rounds(1, 6, 3.0, 0.01), known).0, Verdict::Better);
        assert_eq!(decide(&rounds(1, 6, 0.3, 0.01), known).0, Verdict::Worse);
    }

    #[test]
    fn a_busy_client_hides_differences_but_does_not_make_them() {
        let known = Circumstances { client_busy: (false, true), ..Circumstances::default() };
        assert_eq!(decide(&rounds(1, 6, 1.0, 0.01), known).0, Verdict::Inconclusive(Doubt::ClientBusy));
        assert_eq!(decide(&rounds(1, 6, 2.0, 0.01), known).0, Verdict::Better);
    }

    #[test]
    fn too_few_rounds_decide_nothing() {
        assert_eq!(calm(&rounds(1, 2, 2.0, 0.0)), Verdict::Inconclusive(Doubt::TooFewRounds { rounds: 2 }));
        let known = Circumstances { interrupted: true, ..Circumstances::default() };
        assert_eq!(decide(&[], known).0, Verdict::Inconclusive(Doubt::Interrupted));
    }

    #[test]
    fn a_difference_beyond_any_accident_needs_one_round() {
        let of = |pairs: &[(f64, f64)], seconds| {
            let pairs: Vec<Pair> = pairs.iter().map(|&(first, second)| Pair { first, second, seconds }).collect();
            calm(&pairs)
        };
        assert_eq!(of(&[(27.0, 1240.0)], 1.0), Verdict::Better);
        assert_eq!(of(&[(1240.0, 27.0), (1230.0, 26.0)], 1.0), Verdict::Worse);
        let open = |rounds| Verdict::Inconclusive(Doubt::TooFewRounds { rounds });
        assert_eq!(of(&[(27.0, 1240.0), (1240.0, 27.0)], 1.0), open(2), "the rounds disagree");
        assert_eq!(of(&[(0.0, 9.0)], 3.0), open(1), "27 answers");
        assert_eq!(of(&[(0.0, 10.0)], 3.0), Verdict::Better, "30 answers");
    }
}
