//! Which files of a project are read.
//!
//! Decides where a project begins, which of its files have a reader, and loads their texts. Does not
//! know what the files say.

mod load;
mod named;
mod tracked;
mod walk;

use std::path::PathBuf;

pub use crate::source::{FileKind, Guess};
pub use load::{Loaded, load, load_over};
pub use walk::{Candidate, Found, Options, Unwanted, discover, root_of};

/// Why there is nothing to read; whoever typed the path must act.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A path that was asked for is not there.
    #[error("`{}` does not exist", .0.display())]
    Missing(PathBuf),
    /// A path that was asked for cannot be looked at.
    #[error("`{path}` cannot be read: {source}", path = .0.display(), source = .1)]
    Unreadable(PathBuf, #[source] std::io::Error),
    /// A path that was asked for lies outside the project.
    #[error("`{}` is outside the project `{}`", .0.display(), .1.display())]
    Outside(PathBuf, PathBuf),
    /// An exclude pattern is none.
    #[error("exclude pattern `{0}` cannot be used: {1}")]
    Pattern(String, #[source] ignore::Error),
}
