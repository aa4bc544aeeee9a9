//! What can be wrong with a comment addressed to farrier.

use crate::findings::{Fix, Severity};
use crate::source::Place;

/// Something wrong with a comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommentFault {
    /// The name or the part of the comment it is about.
    pub place: Place,
    /// What is wrong.
    pub kind: FaultKind,
    /// A change of the comment that settles it.
    pub fix: Option<Fix>,
}

/// What is wrong with a comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FaultKind {
    /// It names a rule that ran and found nothing here.
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
