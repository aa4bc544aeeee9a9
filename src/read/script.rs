//! Shell scripts that start a server.
//!
//! Decides which simple commands a script holds and which of them may be skipped. Nothing is run, and
//! which branch a shell would take is not guessed.

use crate::findings::Note;
use crate::source::{Comment, FileId, Place, SourceFile, Span};

use super::decoded::Decoded;
use super::{Facts, ScriptCommand, shell_commands};

/// What stands in front of `&&` or `||` to decide whether the rest runs.
const TESTS: [&str; 6] = ["[", "[[", "test", "command", "which", "grep"];

/// Reads a script.
pub(super) fn read(file: FileId, source: &SourceFile, facts: &mut Facts) {
    facts.comments.insert(file, comments(source.text()));
    let Some(commands) = shell_commands::grouped(&Decoded::verbatim(source.text(), 0), file) else {
        facts.notes.push(Note::file(source.path(), "longer than any script that starts a server, so it was not read"));
        return;
    };
    let mut read: Vec<ScriptCommand> = Vec::new();
    for (lexed, in_branch) in commands {
        let words: Vec<_> = lexed.into_iter().map(|lexed| lexed.word).collect();
        let (Some(first), Some(last)) = (words.first(), words.last()) else { continue };
        let end = last.place.span.end.max(last.removal.span.end);
        let span = Span::new(first.place.span.start, end);
        // `[ -n "$X" ] && export Y=1` is a branch in one line.
        let tested = read.last().is_some_and(|before: &ScriptCommand| {
            let test = before.words.first().and_then(crate::source::Word::text);
            let between = source.text().get(before.place.span.end..span.start).unwrap_or_default();
            test.is_some_and(|test| TESTS.contains(&test.as_str()))
                && (between.contains("&&") || between.contains("||"))
        });
        read.push(ScriptCommand { words, conditional: in_branch || tested, place: Place::new(file, span) });
    }
    facts.scripts.insert(file, read);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Files;

    #[test]
    fn an_array_starts_nothing() {
        let mut files = Files::new();
        let file = files.add("run.sh", "cmd=(\n  gunicorn -w 4 # four\n)\ncmd+=( app:app )\nexec \"${cmd[@]}\"\n");
        let mut facts = Facts::default();
        read(file, files.get(file), &mut facts);
        let read: Vec<_> = facts.scripts[&file].iter().map(|c| files.text_at(c.place)).collect();
        assert_eq!(read, ["exec \"${cmd[@]}\""]);
    }

    #[test]
    fn commands_know_whether_they_may_be_skipped() {
        let text = "#!/bin/sh\nset -e\nif [ -z \"$W\" ]; then\n  W=4\nfi\n[ -n \"$X\" ] && export Y=1\n\
                    exec gunicorn app:app \\\n  -w $W\n";
        let mut files = Files::new();
        let file = files.add("start.sh", text);
        let mut facts = Facts::default();
        read(file, files.get(file), &mut facts);
        let read: Vec<_> = facts.scripts[&file].iter().map(|c| (files.text_at(c.place), c.conditional)).collect();
        assert_eq!(
            read,
            [
                ("set -e", false),
                ("[ -z \"$W\" ]", true),
                ("W=4", true),
                ("[ -n \"$X\" ]", false),
                ("export Y=1", true),
                ("exec gunicorn app:app \\\n  -w $W", false),
            ]
        );
    }
}
