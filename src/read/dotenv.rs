//! A `.env` file becomes variables.
//!
//! Follows what compose and python-dotenv agree on: optional `export`, quotes that may span lines,
//! variables except in single quotes, a comment behind ` #`.

use crate::findings::Note;
use crate::source::{Comment, FileId, Place, SourceFile, Span, Word, WordPart};

use super::expansion::{self, Dialect};
use super::{Facts, Variable};

/// More variables than any such file has.
const MAX_VARIABLES: usize = 10_000;

/// Reads a file of variables.
pub(super) fn read(file: FileId, source: &SourceFile, facts: &mut Facts) {
    let text = source.text();
    let mut scanner = Scanner { file, text, at: text.len() - text.trim_start_matches('\u{feff}').len() };
    let mut comments = Vec::new();
    let mut variables = Vec::new();
    while scanner.at < text.len() {
        let line = scanner.line();
        let content = line.trim_start();
        let start = scanner.at + line.len() - content.len();
        if content.starts_with('#') {
            comments.push(Comment { span: Span::new(start, start + content.len()), own_line: true });
            scanner.next_line();
        } else if content.is_empty() {
            scanner.next_line();
        } else {
            variables.extend(scanner.variable(start, content, &mut comments));
        }
        if variables.len() >= MAX_VARIABLES {
            facts.notes.push(Note::file(source.path(), "more variables than are read; the rest was skipped"));
            break;
        }
    }
    facts.environments.insert(file, variables);
    facts.comments.insert(file, comments);
}

struct Scanner<'a> {
    file: FileId,
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    /// From where it stands to the end of the line, without white space at the end.
    fn line(&self) -> &'a str {
        let rest = self.text.get(self.at..).unwrap_or_default();
        rest.split('\n').next().unwrap_or_default().trim_end()
    }

    fn next_line(&mut self) {
        let rest = self.text.get(self.at..).unwrap_or_default();
        self.at += rest.find('\n').map_or(rest.len(), |at| at + 1);
    }

    fn variable(&mut self, start: usize, line: &'a str, comments: &mut Vec<Comment>) -> Option<Variable> {
        let assignment =
            line.strip_prefix("export").filter(|rest| rest.starts_with([' ', '\t'])).map_or(line, str::trim_start);
        let assigned = assignment.find('=');
        let name = assignment.get(..assigned.unwrap_or(assignment.len()))?.trim();
        let is_name = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || "_.-".contains(c));
        let Some(equals) = assigned.filter(|_| is_name) else {
            self.next_line();
            let place = Place::new(self.file, Span::new(start, start + line.len()));
            // `NAME` alone takes the value from whoever starts it.
            return is_name.then(|| Variable { name: name.to_owned(), value: None, place, build_only: false });
        };
        let after = assignment.get(equals + 1..)?;
        let value = after.trim_start();
        self.at = start + line.len() - value.len();
        let (word, end) = self.value(value, comments);
        let place = Place::new(self.file, Span::new(start, end));
        self.at = self.at.max(end);
        let behind = self.line();
        if comments.last().is_none_or(|comment| comment.span.start < end) && behind.trim_start().starts_with('#') {
            let hash = self.at + behind.len() - behind.trim_start().len();
            comments.push(Comment { span: Span::new(hash, self.at + behind.len()), own_line: false });
        }
        self.next_line();
        Some(Variable { name: name.to_owned(), value: Some(word), place, build_only: false })
    }

    /// The value that starts here and the byte behind it.
    fn value(&mut self, line: &'a str, comments: &mut Vec<Comment>) -> (Word, usize) {
        let rest = self.text.get(self.at..).unwrap_or_default();
        for quote in ['"', '\''] {
            let Some(inside) = rest.strip_prefix(quote) else {
                continue;
            };
            if let Some(length) = quote_end(inside, quote) {
                let content = inside.get(..length).unwrap_or_default();
                let start = self.at + 1;
                let parts = if quote == '"' { double_quoted(content) } else { literal(content) };
                let place = Place::new(self.file, Span::new(start, start + length));
                return (Word { parts, place, removal: place, quoted: true }, start + length + 1);
            }
        }
        if line.starts_with(['"', '\'']) {
            // A quote that nothing closes: readers of such files disagree about what it holds.
            let end = self.at + line.len();
            let place = Place::new(self.file, Span::new(self.at, end));
            let parts = vec![WordPart::Opaque(line.to_owned())];
            return (Word { parts, place, removal: place, quoted: false }, end);
        }
        let value = match line.find(" #").or_else(|| line.find("\t#")).or(line.starts_with('#').then_some(0)) {
            Some(at) => {
                let hash = self.at + at + usize::from(!line.starts_with('#'));
                comments.push(Comment { span: Span::new(hash, self.at + line.len()), own_line: false });
                line.get(..at).unwrap_or_default().trim_end()
            }
            None => line,
        };
        let end = self.at + value.len();
        let place = Place::new(self.file, Span::new(self.at, end));
        let parts = expansion::parts(value, Dialect::Compose);
        (Word { parts, place, removal: place, quoted: false }, end)
    }
}

fn quote_end(inside: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    inside.char_indices().find_map(|(at, char)| {
        let ends = char == quote && !escaped;
        escaped = char == '\\' && !escaped && quote == '"';
        ends.then_some(at)
    })
}

fn literal(text: &str) -> Vec<WordPart> {
    if text.is_empty() { Vec::new() } else { vec![WordPart::Text(text.to_owned())] }
}

/// Variables count inside double quotes, and so do the escapes of a string.
fn double_quoted(content: &str) -> Vec<WordPart> {
    let mut parts = Vec::new();
    let mut at = 0;
    while let Some(char) = content.get(at..).and_then(|rest| rest.chars().next()) {
        let escaped = content.get(at + char.len_utf8()..).and_then(|rest| rest.chars().next());
        match (char, escaped) {
            ('\\', Some(next @ ('n' | 'r' | 't' | '"' | '\\' | '$'))) => {
                let text = match next {
                    'n' => '\n',
                    'r' => '\r',
                    't' => '\t',
                    other => other,
                };
                expansion::add(&mut parts, WordPart::Text(text.to_string()));
                at += 2;
            }
            ('$', _) => {
                let (part, end) = expansion::dollar(content, at, Dialect::Compose);
                expansion::add(&mut parts, part);
                at = end.max(at + 1);
            }
            _ => {
                expansion::add(&mut parts, WordPart::Text(char.to_string()));
                at += char.len_utf8();
            }
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Files;

    /// Expected values are what python-dotenv 1.2 reads from the same text; it drops `J`.
    #[test]
    fn values_and_their_bytes() {
        let mut files = Files::new();
        let text = "\u{feff}A=1\r\nexport B = two words # why\n# no\nC='x # $y' # quoted\nD=\"a\\\"b\\n\"\nE=\nF\n\
            G=\"two\nlines\"\nH=a#b\nI=${A:-x}/p\nJ='open\n1 2=3\nK=last";
        let file = files.add(".env", text);
        let mut facts = Facts::default();
        read(file, files.get(file), &mut facts);
        let found: Vec<_> = facts.environments[&file]
            .iter()
            .map(|v| {
                (
                    v.name.as_str(),
                    v.value
                        .as_ref()
                        .map(|word| (word.text().unwrap_or_else(|| "unknown".to_owned()), files.text_at(word.place))),
                )
            })
            .collect();
        let some = |text: &str, raw: &'static str| Some((text.to_owned(), raw));
        let expected = [
            ("A", some("1", "1")),
            ("B", some("two words", "two words")),
            ("C", some("x # $y", "x # $y")),
            ("D", some("a\"b\n", "a\\\"b\\n")),
            ("E", some("", "")),
            ("F", None),
            ("G", some("two\nlines", "two\nlines")),
            ("H", some("a#b", "a#b")),
            ("I", some("x/p", "${A:-x}/p")),
            ("J", some("unknown", "'open")),
            ("K", some("last", "last")),
        ];
        assert_eq!(found, expected);
        let comments: Vec<_> =
            facts.comments[&file].iter().map(|c| (&text[c.span.start..c.span.end], c.own_line)).collect();
        assert_eq!(comments, [("# why", false), ("# no", true), ("# quoted", false)]);
    }
}
