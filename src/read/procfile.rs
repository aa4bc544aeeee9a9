//! A Procfile becomes one unit per line: `name: command`, run by a shell.

use crate::findings::Note;
use crate::source::{Comment, FileId, Place, SourceFile, Span};

use super::decoded::Decoded;
use super::{Facts, Unit, UnitKind, command, shell_comments};

/// More processes than any Procfile has.
const MAX_PROCESSES: usize = 200;

/// Reads a Procfile.
pub(super) fn read(file: FileId, source: &SourceFile, facts: &mut Facts) {
    let mut comments = Vec::new();
    let mut processes = 0;
    for number in 1..=source.line_count() {
        let Some(span) = source.line_span(number) else {
            break;
        };
        let text = source.slice(span);
        let content = text.trim_start_matches('\u{feff}').trim_start();
        let start = span.end - content.len();
        if content.starts_with('#') {
            comments.push(Comment { span: Span::new(start, span.end), own_line: true });
            continue;
        }
        // The lines of a template engine choose among processes, all of which are read.
        if content.starts_with("{%") || content.starts_with("{#") {
            continue;
        }
        let Some((name, line)) = process(content) else {
            if !content.is_empty() && processes < MAX_PROCESSES {
                facts.notes.push(Note::line(
                    source.path(),
                    number,
                    "not of the form `name: command`, so it was skipped",
                ));
                processes += 1;
            }
            continue;
        };
        processes += 1;
        if processes > MAX_PROCESSES {
            facts.notes.push(Note::line(source.path(), number, "more processes than are read; the rest was skipped"));
            break;
        }
        let whole = Place::new(file, Span::new(start, start + content.trim_end().len()));
        let offset = span.end - line.len();
        let line = line.trim_end();
        let place = Place::new(file, Span::new(offset, offset + line.len()));
        if let Some(at) = shell_comments::comment_start(line) {
            comments.push(Comment { span: Span::new(offset + at, offset + line.len()), own_line: false });
        }
        let mut unit = Unit::new(UnitKind::Procfile, name, whole);
        unit.command = command::shell(&Decoded::verbatim(line, offset), place);
        if unit.command.is_none() {
            facts.notes.push(Note::line(source.path(), number, "longer than any command, so it was not read"));
        }
        facts.units.push(unit);
    }
    facts.comments.insert(file, comments);
}

/// The name and the command, the latter up to the end of `line`.
fn process(line: &str) -> Option<(&str, &str)> {
    let (name, command) = line.split_once(':')?;
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let is_name = !name.is_empty() && name.chars().all(plain);
    let command = command.trim_start();
    (is_name && !command.is_empty()).then_some((name, command))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Files;

    #[test]
    fn each_line_is_a_process() {
        let mut files = Files::new();
        let text = "\u{feff}web: gunicorn -w ${N:-4} app:app\r\n# no\r\n\r\n  worker:  celery -A app \r\nnonsense\r\n";
        let file = files.add("Procfile", text);
        let mut facts = Facts::default();
        read(file, files.get(file), &mut facts);
        let units: Vec<_> = facts.units.iter().map(|unit| (unit.name.as_str(), files.text_at(unit.place))).collect();
        assert_eq!(units, [("web", "web: gunicorn -w ${N:-4} app:app"), ("worker", "worker:  celery -A app")]);
        let words: Vec<_> =
            facts.units[0].command.as_ref().unwrap().simple[0].iter().map(|word| files.text_at(word.place)).collect();
        assert_eq!(words, ["gunicorn", "-w", "${N:-4}", "app:app"]);
        assert_eq!(facts.notes[0].line, Some(5));
        assert_eq!(facts.comments[&file].len(), 1);
    }

    #[test]
    fn every_branch_of_a_template_is_read() {
        let mut files = Files::new();
        let file = files.add("Procfile", "{%- if a %}\nweb: a\n{%- else %}\nweb: b\n{%- endif %}\n");
        let mut facts = Facts::default();
        read(file, files.get(file), &mut facts);
        assert_eq!(facts.units.len(), 2);
        assert!(facts.notes.is_empty());
    }
}
