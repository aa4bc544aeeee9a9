//! Shell scripts that start a server.
//!
//! Decides what a script says, command by command. Nothing is run, and which branch a shell would take
//! is not decided here.

use std::sync::Arc;

use crate::findings::Note;
use crate::source::{FileId, SourceFile};

use super::decoded::Decoded;
use super::{Facts, shell, shell_comments};

/// Reads a script.
pub(super) fn read(file: FileId, source: &SourceFile, facts: &mut Facts) {
    facts.comments.insert(file, shell_comments::comments(source.text(), 0));
    if let Some(script) = shell::script(&Decoded::verbatim(source.text(), 0), file) {
        facts.scripts.insert(file, Arc::new(script));
    } else {
        let why = "longer than any script that starts a server, so it was not read";
        facts.notes.push(Note::file(source.path(), why));
    }
}
