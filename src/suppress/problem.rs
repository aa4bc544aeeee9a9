//! What can be wrong with a comment addressed to farrier.

use std::fmt;

use crate::findings::{Edit, Fix, Severity};
use crate::source::Place;

/// How similar a name must be to be suggested, between 0 and 1. `worker-exceed-memory` for
/// `workers-exceed-memory` is 0.95; two rules about the same setting reach 0.5.
const SIMILAR: f64 = 0.7;

/// Something wrong with a comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The name or the part of the comment it is about.
    pub place: Place,
    /// What is wrong.
    pub kind: Kind,
    /// A change of the comment that settles it.
    pub fix: Option<Fix>,
}

/// What is wrong with a comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// It names a rule that found nothing here.
    Unused(&'static str),
    /// It names no rule there is.
    UnknownRule {
        /// The name, in lower case.
        name: String,
        /// The rule that was probably meant.
        nearest: Option<&'static str>,
    },
    /// It is addressed to farrier and cannot be understood; the text says what is missing.
    Malformed(&'static str),
    /// It silences findings, the worst of this severity, and does not say why.
    MissingReason(Severity),
}

impl Problem {
    pub(super) fn malformed(place: Place, reason: &'static str) -> Self {
        Self { place, kind: Kind::Malformed(reason), fix: None }
    }

    pub(super) fn unused(place: Place, rule: &'static str, removal: Place) -> Self {
        let fix = Fix::safe("remove what silences nothing", vec![Edit::remove(removal)]);
        Self { place, kind: Kind::Unused(rule), fix: Some(fix) }
    }

    /// The fix is unsafe, because a corrected name silences what was shown before.
    pub(super) fn unknown(place: Place, name: &str, all: &[&'static str]) -> Self {
        let score = |rule: &str| strsim::normalized_damerau_levenshtein(name, rule);
        let nearest = all
            .iter()
            .copied()
            .filter(|rule| score(rule) >= SIMILAR)
            .max_by(|a, b| score(a).total_cmp(&score(b)).then_with(|| b.cmp(a)));
        let fix = nearest.map(|rule| Fix::unsafe_(format!("name the rule `{rule}`"), vec![Edit::replace(place, rule)]));
        Self { place, kind: Kind::UnknownRule { name: name.to_owned(), nearest }, fix }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Unused(rule) => write!(f, "`{rule}` finds nothing here, so this comment silences nothing"),
            Kind::UnknownRule { name, nearest: Some(rule) } => {
                write!(f, "there is no rule `{name}`; the nearest name is `{rule}`")
            }
            Kind::UnknownRule { name, nearest: None } => write!(f, "there is no rule `{name}`"),
            Kind::Malformed(reason) => write!(f, "this comment silences nothing: {reason}"),
            Kind::MissingReason(severity) => {
                let article = if *severity == Severity::Warning { "a" } else { "an" };
                write!(f, "silences {article} {severity} without a reason; add `-- reason`")
            }
        }
    }
}
