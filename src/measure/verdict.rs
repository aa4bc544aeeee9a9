//! From paired windows to a sentence: better, worse, the same, or not decided.
//!
//! Pure. Decides what counts as a difference and when nothing may be concluded; does not know how
//! the windows came about.

use super::outcome::Interval;

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
    /// Stopped by a signal.
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
    /// The load generator was the limit for both.
    ClientBusy,
    /// Both fail requests.
    BothFail,
    /// The first fails requests, and this one answers fewer per second.
    SlowerButSound,
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
