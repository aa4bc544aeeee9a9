//! Packages the project asks for, in every notation that Python has for it.
//!
//! Decides which packages a file names and which of them it pins. Which release an unpinned one would
//! resolve to is not known here.

mod conda;
pub(super) mod installs;
mod listed;
mod locked;
mod sections;
mod setup_script;
mod specifier;
mod tables;
#[cfg(test)]
mod tests;

pub(super) use conda::read as read_conda;
pub(super) use listed::read as read_list;
pub(super) use locked::{read_pipfile_lock, read_toml_lock};
pub(super) use sections::read as read_setup_config;
pub(super) use setup_script::read as setup_script;
pub(super) use tables::{read_pipfile, read_pyproject};

/// More packages than any project asks for.
const MAX_REQUIREMENTS: usize = 20_000;
