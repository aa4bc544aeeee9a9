//! Requirements files of pip.

use super::specifier;
use crate::read::Facts;
use crate::source::{Comment, FileId, Place, SourceFile, Span};

/// Reads `requirements.txt` and its relatives. A file included with `-r` is read under its own name.
pub(in crate::read) fn read(file: FileId, source: &SourceFile, facts: &mut Facts) {
    let mut comments = Vec::new();
    for number in 1..=source.line_count() {
        let Some(span) = source.line_span(number) else {
            break;
        };
        let whole = source.slice(span);
        let comment = whole.find('#').filter(|&at| at == 0 || whole[..at].ends_with(char::is_whitespace));
        if let Some(at) = comment {
            let own_line = whole[..at].trim().is_empty();
            comments.push(Comment { span: Span::new(span.start + at, span.end), own_line });
        }
        let line = &whole[..comment.unwrap_or(whole.len())];
        let text = line.trim_start_matches('\u{feff}').trim();
        // Hashes and a continuation may follow the requirement.
        let text = text.split(" --").next().unwrap_or(text).trim_end_matches('\\').trim_end();
        if text.is_empty() || text.starts_with('-') {
            continue;
        }
        let start = span.start + whole.find(text).unwrap_or(0);
        let place = Place::new(file, Span::new(start, start + text.len()));
        facts.requirements.extend(specifier::parse(text, place));
    }
    facts.comments.insert(file, comments);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Files;

    #[test]
    fn lines_with_pins_bounds_hashes_and_comments() {
        let text = "# deps\nGunicorn[gevent]==20.1.0 \\\n    --hash=sha256:00\nuvicorn_worker>=0.2,<1  # why\n-r base.txt\n./local\n";
        let mut files = Files::new();
        let file = files.add("requirements.txt", text);
        let mut facts = Facts::default();
        read(file, files.get(file), &mut facts);
        let found: Vec<_> = facts
            .requirements
            .iter()
            .map(|r| (r.name.as_str(), r.pinned.as_deref(), r.specifier.as_str(), files.text_at(r.place)))
            .collect();
        assert_eq!(
            found,
            [
                ("gunicorn", Some("20.1.0"), "==20.1.0", "Gunicorn[gevent]==20.1.0"),
                ("uvicorn-worker", None, ">=0.2,<1", "uvicorn_worker>=0.2,<1"),
            ]
        );
        assert_eq!(facts.comments[&file].len(), 2);
    }
}
