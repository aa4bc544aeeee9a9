//! A file of variables: `NAME=value` lines, as compose, systemd and many programs read them.

use crate::source::{Comment, FileId, Place, SourceFile, Span, Word};

use super::{Facts, Variable};

/// More variables than any file has.
const MAX_VARIABLES: usize = 5_000;

/// Reads a `.env` file. A value is taken literally: what expands in it differs between readers.
pub(super) fn read(file: FileId, source: &SourceFile, facts: &mut Facts) {
    let mut variables = Vec::new();
    let mut comments = Vec::new();
    for number in 1..=source.line_count() {
        let Some(span) = source.line_span(number) else {
            break;
        };
        let line = source.slice(span).trim_start_matches('\u{feff}').trim_start();
        let start = span.end - line.len();
        if line.starts_with('#') {
            comments.push(Comment { span: Span::new(start, span.end), own_line: true });
        } else if variables.len() < MAX_VARIABLES {
            variables.extend(variable(line, start, file));
        }
    }
    facts.environments.insert(file, variables);
    facts.comments.insert(file, comments);
}

fn variable(line: &str, start: usize, file: FileId) -> Option<Variable> {
    let body = line.strip_prefix("export ").map_or(line, str::trim_start);
    let start = start + line.len() - body.len();
    let (name, value) = body.split_once('=')?;
    let name = name.trim_end();
    let named = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !named {
        return None;
    }
    let offset = start + body.len() - value.len();
    let range = content(value);
    let place = Place::new(file, Span::new(offset + range.start, offset + range.end));
    let whole = Place::new(file, Span::new(start, start + body.trim_end().len()));
    let text = value.get(range).unwrap_or_default();
    // A dollar may or may not be expanded, so such a value is not known.
    let value = (!text.contains('$')).then(|| Word::literal(text, place, place));
    Some(Variable { name: name.to_owned(), value, place: whole, build_only: false })
}

/// The bytes of a value without its quotes and without a comment behind it.
fn content(value: &str) -> std::ops::Range<usize> {
    let start = value.len() - value.trim_start().len();
    let rest = &value[start..];
    if let Some(quote) = rest.chars().next().filter(|c| matches!(c, '"' | '\''))
        && let Some(end) = rest[1..].find(quote)
    {
        return start + 1..start + 1 + end;
    }
    let end = rest.find(" #").map_or(rest.len(), |at| at);
    start..start + rest[..end].trim_end().len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Files;

    #[test]
    fn values_and_their_places() {
        let text = "# head\nA=1\nexport B = \"x y\"  # why\nC='#1'\nD=$HOME/x\n no\nE=\n";
        let mut files = Files::new();
        let file = files.add(".env", text);
        let mut facts = Facts::default();
        read(file, files.get(file), &mut facts);
        let read: Vec<_> = facts.environments[&file]
            .iter()
            .map(|v| (v.name.as_str(), v.value.as_ref().map(|word| files.text_at(word.place))))
            .collect();
        assert_eq!(read, [("A", Some("1")), ("B", Some("x y")), ("C", Some("#1")), ("D", None), ("E", Some(""))]);
        assert_eq!(facts.comments[&file].len(), 1);
    }
}
