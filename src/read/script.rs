//! Shell scripts that start a server.
//!
//! Decides what a script says, command by command. Nothing is run, and which branch a shell would take
//! is not decided here. Lines of a template engine become conditions that nobody can answer.

use std::sync::Arc;

use crate::findings::Note;
use crate::source::{FileId, SourceFile, Span};

use super::decoded::Decoded;
use super::{Facts, shell, shell_comments};

/// Reads a script.
pub(super) fn read(file: FileId, source: &SourceFile, facts: &mut Facts) {
    facts.comments.insert(file, shell_comments::comments(source.text(), 0));
    let text = untagged(source.text()).unwrap_or_else(|| Decoded::verbatim(source.text(), 0));
    if let Some(script) = shell::script(&text, file) {
        facts.scripts.insert(file, Arc::new(script));
    } else {
        let why = "longer than any script that starts a server, so it was not read";
        facts.notes.push(Note::file(source.path(), why));
    }
}

/// The text with the lines of a template engine, `{% if x %}` to `{% endif %}`, as conditions of a shell that nobody can
/// answer; `None` for a text without them, or where they do not fit together.
fn untagged(text: &str) -> Option<Decoded> {
    if !text.contains("{%") {
        return None;
    }
    let mut out = Decoded::default();
    let (mut open, mut at) = (0_usize, 0);
    for line in text.split_inclusive('\n') {
        let span = Span::new(at, at + line.len());
        at = span.end;
        let tag =
            line.trim().strip_prefix("{%").and_then(|rest| rest.strip_suffix("%}")).filter(|tag| !tag.contains("%}"));
        let Some(tag) = tag else {
            out.push(line, span.start);
            continue;
        };
        let word = tag.trim_matches(['-', '+']).split_whitespace().next().unwrap_or_default();
        let replaced = match word {
            "if" => {
                open += 1;
                "if [ -n \"$(cat /dev/stdin)\" ]; then :\n"
            }
            "elif" if open > 0 => "elif [ -n \"$(cat /dev/stdin)\" ]; then :\n",
            "else" if open > 0 => "else :\n",
            "endif" => {
                open = open.checked_sub(1)?;
                "fi\n"
            }
            "else" | "elif" => return None,
            _ => "\n",
        };
        out.push_escaped(replaced, span);
    }
    (open == 0).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_a_template_engine_are_conditions() {
        let text =
            "set -e\n{%- if a %}\ngunicorn a\n{% elif b -%}\n{% set x = 1 %}\n{% else %}\ngunicorn b\n{% endif %}\n";
        let script = untagged(text).unwrap();
        let kept: Vec<&str> = script.text().lines().filter(|line| !line.contains("stdin")).collect();
        assert_eq!(kept, ["set -e", "gunicorn a", "", "else :", "gunicorn b", "fi"]);
        let at = script.text().find("gunicorn b").unwrap();
        let span = script.span(at..at + 10);
        assert_eq!(text.get(span.start..span.end), Some("gunicorn b"));
        for other in ["gunicorn a\n", "{% endif %}\n", "{% if a %}\n", "a {% if b %} c {% endif %}\n{% else %}\n"] {
            assert!(untagged(other).is_none(), "{other}");
        }
    }
}
