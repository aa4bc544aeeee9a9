//! From fixes to rewritten files: edits are joined per file, verified and written atomically.
//!
//! Decides which fixes go together, whether a new text may replace the old one, and how that happens
//! without ever losing a byte. Does not know whether a fix is a good idea, nor what the edited values
//! mean: who applies fixes passes a check that reads the new text the way the run read the old one.

mod blob;
mod diff;
mod keep;
mod plan;
mod shape;
mod verify;
mod write;

pub use diff::{diff, lines, operations};
pub use keep::keep;
pub use plan::{Plan, Rewrite, plan, settle};
pub use verify::verify;
pub use write::{WriteError, write};

/// Why a fix was left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The title of the fix; of all fixes of the file, where they were refused together.
    pub title: String,
    /// What stands against it, as a sentence without a final period.
    pub reason: String,
}

impl Refusal {
    fn new(title: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { title: title.into(), reason: reason.into() }
    }
}
