//! Something that was not read or not checked.

use crate::source::Span;

/// Tells that a part of the project stayed out of the verdict, and why.
///
/// A note never stops a run and never fails it: one unreadable file must not hide what the other
/// thousand say.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Note {
    /// Path relative to the project root.
    pub path: String,
    /// One-based line, where the reason has one.
    pub line: Option<usize>,
    /// The bytes, where the file was read at all.
    pub span: Option<Span>,
    /// What was not read or checked, and why, as one sentence without a final period.
    pub reason: String,
}

impl Note {
    /// A note about a whole file.
    pub fn file(path: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { path: path.into(), line: None, span: None, reason: reason.into() }
    }

    /// A note about a line of a file.
    pub fn line(path: impl Into<String>, line: usize, reason: impl Into<String>) -> Self {
        Self { path: path.into(), line: Some(line), span: None, reason: reason.into() }
    }
}
