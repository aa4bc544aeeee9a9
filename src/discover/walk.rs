//! The walk.

use std::path::{Path, PathBuf};

use crate::findings::Note;
use crate::source::FileKind;

use super::Error;

/// How to walk.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Patterns of paths to leave out, spelled as in a `.gitignore` in the root.
    pub exclude: Vec<String>,
    /// Whether files that ignore files name are read nonetheless.
    pub no_ignore: bool,
}

/// A file that has a reader.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Candidate {
    /// Path relative to the root, with `/` between its parts.
    pub path: String,
    /// Which reader.
    pub kind: FileKind,
}

/// What a walk came back with, both sorted by path.
#[derive(Debug, Default)]
pub struct Found {
    /// The files to read.
    pub files: Vec<Candidate>,
    /// What was left out although its name says it matters.
    pub notes: Vec<Note>,
}

/// The files below `root` that have a reader, or those of `paths` if there are any.
pub fn discover(_root: &Path, _paths: &[PathBuf], _options: &Options) -> Result<Found, Error> {
    Ok(Found::default())
}

/// The project that `path` belongs to.
pub fn root_of(path: &Path) -> Result<PathBuf, Error> {
    Ok(path.to_path_buf())
}
