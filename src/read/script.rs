//! Shell scripts that start a server.
//!
//! Decides what a script says, command by command. Nothing is run, and which branch a shell would take
//! is not decided here.

use std::sync::Arc;

use crate::findings::Note;
use crate::source::{Comment, FileId, SourceFile, Span};

use super::decoded::Decoded;
use super::{Facts, shell};

/// Reads a script.
pub(super) fn read(file: FileId, source: &SourceFile, facts: &mut Facts) {
    facts.comments.insert(file, comments(source.text()));
    if let Some(script) = shell::script(&Decoded::verbatim(source.text(), 0), file) {
        facts.scripts.insert(file, Arc::new(script));
    } else {
        let why = "longer than any script that starts a server, so it was not read";
        facts.notes.push(Note::file(source.path(), why));
    }
}

/// Comments that have a line to themselves.
fn comments(text: &str) -> Vec<Comment> {
    let mut start = 0;
    let mut found = Vec::new();
    for line in text.split_inclusive('\n') {
        let content = line.trim_end();
        let indent = content.len() - content.trim_start().len();
        if content.trim_start().starts_with('#') {
            found.push(Comment { span: Span::new(start + indent, start + content.len()), own_line: true });
        }
        start += line.len();
    }
    found
}
