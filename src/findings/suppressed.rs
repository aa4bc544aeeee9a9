//! A finding that a comment silences.

use super::Finding;
use crate::source::Place;

/// A finding the project has decided to live with.
#[derive(Debug, Clone)]
pub struct Suppressed {
    /// What would have been said.
    pub finding: Finding,
    /// Why it stays silent, if the comment says so.
    pub reason: Option<String>,
    /// The comment.
    pub comment: Place,
}
