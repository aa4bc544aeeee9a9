//! What can be wrong with what people say to farrier, in comments and in its settings.

use crate::findings::{Fix, Severity};
use crate::source::Place;

/// Something wrong with a comment or a setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnFault {
    /// The name, or the part of the comment or of the settings, it is about.
    pub place: Place,
    /// What is wrong.
    pub kind: FaultKind,
    /// A change that settles it.
    pub fix: Option<Fix>,
}

/// What is wrong with it.
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
    /// A setting that has no effect, and why.
    UselessSetting(String),
}
