//! A fix as edits of bytes, before anybody has checked or applied them.

use crate::source::{Place, Span};

/// What a fix may change besides what it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Safety {
    /// By construction the effective deployment does not change for the worse; `--fix` applies it.
    Safe,
    /// Right as far as farrier can see, but it changes how the service behaves; needs
    /// `--unsafe-fixes`, or `advise --fix`, whose purpose such changes are.
    Unsafe,
    /// Shown, never applied.
    Display,
}

impl Safety {
    /// The word used in output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Safe => "safe",
            Self::Unsafe => "unsafe",
            Self::Display => "display",
        }
    }
}

/// Replaces the bytes of a place; an empty place is an insertion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// The bytes that go.
    pub place: Place,
    /// The text that comes.
    pub text: String,
}

impl Edit {
    /// Replaces `place` by `text`.
    pub fn replace(place: Place, text: impl Into<String>) -> Self {
        Self { place, text: text.into() }
    }

    /// Removes `place`.
    pub fn remove(place: Place) -> Self {
        Self { place, text: String::new() }
    }

    /// Inserts `text` before the first byte of `place`.
    pub fn insert(place: Place, text: impl Into<String>) -> Self {
        let at = place.span.start;
        Self { place: Place::new(place.file, Span::new(at, at)), text: text.into() }
    }
}

/// A named set of edits that belong together: all are applied or none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// What it does, as an imperative clause.
    pub title: String,
    /// What it may change.
    pub safety: Safety,
    /// The edits; they do not overlap.
    pub edits: Vec<Edit>,
}

impl Fix {
    /// A fix that keeps the effective deployment as good as it was.
    pub fn safe(title: impl Into<String>, edits: Vec<Edit>) -> Self {
        Self { title: title.into(), safety: Safety::Safe, edits }
    }

    /// A fix that changes how the service behaves.
    pub fn unsafe_(title: impl Into<String>, edits: Vec<Edit>) -> Self {
        Self { title: title.into(), safety: Safety::Unsafe, edits }
    }
}
