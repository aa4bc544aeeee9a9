//! Files of variables in which nothing is filled in: those that Docker reads, and those of systemd.

use crate::source::{FileId, Place, Span, Word, WordPart};

use super::super::Variable;
use super::MAX_VARIABLES;

/// The variables as `docker run --env-file` reads them, compose with `format: raw`, and ECS: what stands behind the
/// first `=` is the value, quotes and all. `None` where a name has a space in it, at which Docker refuses the file.
pub(super) fn docker(file: FileId, text: &str) -> Option<Vec<Variable>> {
    let mut variables = Vec::new();
    let mut at = text.len() - text.trim_start_matches('\u{feff}').len();
    for line in text[at..].split_inclusive('\n') {
        let start = at + line.len() - line.trim_start().len();
        at += line.len();
        let line = line.trim_start().trim_end_matches('\n');
        let line = line.strip_suffix('\r').unwrap_or(line);
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (name, value) = line.split_once('=').map_or((line, None), |(name, value)| (name, Some(value)));
        if name.is_empty() || name.contains([' ', '\t']) || variables.len() >= MAX_VARIABLES {
            return None;
        }
        let end = start + line.len();
        let value = value.map(|value| {
            let place = Place::new(file, Span::new(end - value.len(), end));
            Word::literal(value.to_owned(), place, place)
        });
        let place = Place::new(file, Span::new(start, end));
        variables.push(Variable { name: name.to_owned(), value, place, build_only: false });
    }
    Some(variables)
}

/// The variables as systemd reads the file of an `EnvironmentFile=` (`parse_env_file_internal` of systemd 254): a
/// comment has a line of its own, quoted and bare pieces add up, and a name that is none costs its line.
pub(super) fn systemd(file: FileId, text: &str) -> Vec<Variable> {
    let mut reader = Systemd { file, text, at: 0, variables: Vec::new() };
    while reader.at < text.len() && reader.variables.len() < MAX_VARIABLES {
        reader.line();
    }
    reader.variables
}

struct Systemd<'a> {
    file: FileId,
    text: &'a str,
    at: usize,
    variables: Vec<Variable>,
}

/// A value as it comes together.
#[derive(Default)]
struct Value {
    text: String,
    /// How much of the text is there for certain: white space behind it counts only if something follows.
    kept: usize,
    /// The bytes from the first character to the last one.
    span: Option<Span>,
    /// Whether the bytes say it in other words.
    is_changed: bool,
}

impl Value {
    fn push(&mut self, char: char, at: usize) {
        let span = Span::new(at, at + char.len_utf8());
        // Something between the pieces, such as a quote, is no part of the text.
        self.is_changed |= self.span.is_some_and(|known| known.end != span.start);
        self.span = Some(self.span.map_or(span, |known| known.cover(span)));
        self.text.push(char);
    }
}

impl Systemd<'_> {
    fn next(&mut self) -> Option<(usize, char)> {
        let at = self.at;
        let char = self.text.get(at..)?.chars().next()?;
        self.at += char.len_utf8();
        Some((at, char))
    }

    fn line(&mut self) {
        let Some((start, first)) = self.next() else { return };
        if is_blank(first) {
            return;
        }
        if matches!(first, '#' | ';') {
            self.skip_line();
            return;
        }
        let rest = self.text.get(start..).unwrap_or_default();
        // One that begins the line belongs to the name.
        let behind = rest.get(first.len_utf8()..).and_then(|rest| rest.find(['=', '\n', '\r']));
        let equals = behind.map(|at| at + first.len_utf8()).filter(|&at| rest[at..].starts_with('='));
        let Some(equals) = equals else {
            self.skip_line();
            return;
        };
        let name = rest[..equals].trim_end_matches(is_blank);
        self.at = start + equals + 1;
        let value = self.value();
        let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !is_name {
            return;
        }
        let behind = start + equals + 1;
        let span = value.span.unwrap_or(Span::new(behind, behind));
        let place = Place::new(self.file, span);
        let parts = if value.text.is_empty() { Vec::new() } else { vec![WordPart::Text(value.text)] };
        self.variables.push(Variable {
            name: name.to_owned(),
            value: Some(Word { parts, place, removal: place, quoted: value.is_changed }),
            place: Place::new(self.file, Span::new(start, span.end.max(behind))),
            build_only: false,
        });
    }

    fn skip_line(&mut self) {
        let rest = self.text.get(self.at..).unwrap_or_default();
        self.at += rest.find(['\n', '\r']).unwrap_or(rest.len());
    }

    fn value(&mut self) -> Value {
        let mut value = Value::default();
        let mut is_bare = false;
        while let Some((at, char)) = self.next() {
            match char {
                '\n' | '\r' => break,
                '\'' | '"' if !is_bare => self.quoted(char, &mut value),
                '\\' => {
                    value.kept = value.text.len();
                    if let Some((at, escaped)) = self.next().filter(|(_, char)| !matches!(char, '\n' | '\r')) {
                        value.push(escaped, at);
                        value.kept = value.text.len();
                    }
                    value.is_changed = true;
                    is_bare = true;
                }
                blank if is_blank(blank) && !is_bare => {}
                other => {
                    is_bare = true;
                    value.push(other, at);
                    if !is_blank(other) {
                        value.kept = value.text.len();
                    }
                }
            }
        }
        let dropped = value.text.len() - value.kept;
        value.text.truncate(value.kept);
        if let Some(span) = &mut value.span {
            span.end -= dropped;
        }
        value
    }

    fn quoted(&mut self, quote: char, value: &mut Value) {
        while let Some((at, char)) = self.next() {
            match char {
                _ if char == quote => break,
                '\\' if quote == '"' => {
                    value.is_changed = true;
                    match self.next() {
                        Some((_, '\n')) | None => {}
                        Some((at, escaped)) if "\"\\`$".contains(escaped) => value.push(escaped, at),
                        Some((next, other)) => {
                            value.push('\\', at);
                            value.push(other, next);
                        }
                    }
                }
                _ => value.push(char, at),
            }
        }
        value.kept = value.text.len();
    }
}

const fn is_blank(char: char) -> bool {
    matches!(char, ' ' | '\t' | '\n' | '\r')
}
