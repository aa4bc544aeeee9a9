//! What farrier says about a project: findings, the fixes they offer, and notes.
//!
//! Decides the shape of a statement, not its truth: rules decide that. A [`Finding`] is about the
//! user's deployment, a [`Note`] about something farrier did not read or check.

mod cause;
mod fingerprint;
mod fix;
mod interned;
mod note;
mod suppressed;

pub use cause::Cause;
pub use fingerprint::Fingerprint;
pub use fix::{Edit, Fix, Safety};
pub use interned::interned;
pub use note::Note;
pub use suppressed::Suppressed;

use std::fmt;

use crate::source::Place;

/// What happens if nothing is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// A better choice exists; shown on request only.
    Advice,
    /// Wastes or degrades.
    Warning,
    /// Fails, or loses requests.
    Error,
}

impl Severity {
    /// The word used in output and settings.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Advice => "advice",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }

    /// The severity that a settings file or a flag names.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Advice, Self::Warning, Self::Error].into_iter().find(|s| s.as_str() == word)
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How sure it is that the finding applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Confidence {
    /// Rests on a guess that was named.
    Low,
    /// Rests on a default or on the likeliest of few readings.
    Medium,
    /// Every value it rests on was read literally.
    High,
}

impl Confidence {
    /// The word used in output and settings.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }

    /// The confidence that a settings file or a flag names.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Low, Self::Medium, Self::High].into_iter().find(|c| c.as_str() == word)
    }
}

impl fmt::Display for Confidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A place that contributes to a finding, and what it contributes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// Where.
    pub place: Place,
    /// What this place has to do with it, as a short clause.
    pub text: String,
    /// What the finding says where this is its own place: one finding may stand for several calls alike.
    pub leads: Option<String>,
}

impl Label {
    /// `text`, said about `place`.
    pub fn new(place: Place, text: impl Into<String>) -> Self {
        Self { place, text: text.into(), leads: None }
    }
}

/// One statement about the user's deployment.
#[derive(Debug, Clone)]
pub struct Finding {
    /// Name of the rule, its identity.
    pub rule: &'static str,
    /// Short code, an accepted alias of the name.
    pub code: &'static str,
    /// What happens if nothing is done.
    pub severity: Severity,
    /// How sure it is that it applies.
    pub confidence: Confidence,
    /// One sentence that makes sense alone.
    pub message: String,
    /// The place to look at first.
    pub primary: Label,
    /// Every other place that contributed, in the order a reader wants them.
    pub related: Vec<Label>,
    /// What to do, when the card's general advice can be made specific.
    pub help: Option<String>,
    /// What the call that it is about waits for, in the catalogue's word.
    pub category: Option<&'static str>,
    /// What it has in common with others of its rule: a report for people shows many of them as one.
    pub pattern: Option<String>,
    /// The handlers that reach the call that it is about, by where they are named.
    pub handlers: Vec<Place>,
    /// The way from one of them to that call, step by step: its own place is one of the steps.
    pub way: Vec<Place>,
    /// What it stands for, where that is more than its own place.
    pub cause: Option<Cause>,
    /// The function or class of Python code that it stands in, by its dotted name within the file.
    pub function: Option<String>,
    /// A change of the user's files that settles it.
    pub fix: Option<Fix>,
}
