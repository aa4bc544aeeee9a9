//! From text to the facts of one file, one file of code per format.
//!
//! Decides what a file says, not what it means together with others: joining a compose service
//! with the image it builds is `deployment`'s, calling a value wrong is a rule's.

mod facts;

use std::collections::BTreeMap;

use crate::source::{FileId, FileKind, Files};

pub use facts::{
    Build, Command, Copied, Facts, FilledBy, Form, Limits, Requirement, Unit, UnitKind, Variable,
};

/// Reads every file that `kinds` names.
pub fn all(_files: &Files, _kinds: &BTreeMap<FileId, FileKind>) -> Facts {
    Facts::default()
}

/// The words of a text that a shell would split.
pub fn words(_text: &str, _place: crate::source::Place) -> Vec<crate::source::Word> {
    Vec::new()
}
