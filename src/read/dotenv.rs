//! A `.env` file becomes variables.
//!
//! Its readers disagree about quotes, comments and variables: python-dotenv, which applications and most tools
//! use, compose, Docker itself and systemd. What a file holds depends on who reads it; every answer is given
//! here, and who reads it is decided elsewhere.

mod raw;
mod scanner;
#[cfg(test)]
mod tests;

use crate::findings::Note;
use crate::source::{Comment, FileId, Place, SourceFile, Span, Word};

use super::{Facts, Variable};
use scanner::Scanner;

/// More variables than any such file has; each service that names it reads all of them.
const MAX_VARIABLES: usize = 2_000;
/// Longer than any such file, in bytes.
const MAX_LENGTH: usize = 256 << 10;

/// Who reads a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reader {
    /// python-dotenv 1.2: `${NAME}` and `${NAME:-default}` count in every kind of quotes, `$NAME` nowhere.
    Python,
    /// compose-go 2: what compose fills in elsewhere counts here too, except in single quotes.
    Compose,
}

/// Reads a file of variables as python-dotenv does.
pub(super) fn read(file: FileId, source: &SourceFile, facts: &mut Facts) {
    if source.text().len() > MAX_LENGTH {
        facts.notes.push(Note::file(source.path(), "longer than any file of variables, so none of them was read"));
        return;
    }
    let (variables, comments, complete) = all(file, source.text(), Reader::Python);
    facts.comments.insert(file, comments);
    // What stands further below may replace any of them.
    if complete {
        facts.environments.insert(file, variables);
    } else {
        facts.notes.push(Note::file(source.path(), "more variables than any such file has, so none of them was read"));
    }
}

/// Who reads a file of variables that something names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notation {
    /// python-dotenv.
    Python,
    /// Compose.
    Compose,
    /// Docker (`--env-file`), and compose where it is told `format: raw`.
    Docker,
    /// systemd.
    Systemd,
}

/// The variables of a file as who reads it sees them, in order; a later one of the same name wins.
pub fn variables(file: FileId, source: &SourceFile, notation: Notation) -> Vec<Variable> {
    let source = source.readable();
    match notation {
        Notation::Python => all(file, source.text(), Reader::Python).0,
        Notation::Compose => all(file, source.text(), Reader::Compose).0,
        Notation::Docker => raw::docker(file, source.text()).unwrap_or_default(),
        Notation::Systemd => raw::systemd(file, source.text()),
    }
}

/// The variables and the comments of a text, and whether that is all of it.
fn all(file: FileId, text: &str, reader: Reader) -> (Vec<Variable>, Vec<Comment>, bool) {
    let mut scanner = Scanner::new(text);
    let mut variables = Vec::new();
    while scanner.next_statement() {
        if variables.len() >= MAX_VARIABLES {
            return (variables, scanner.comments, false);
        }
        variables.extend(match reader {
            Reader::Python => python(&mut scanner, file),
            Reader::Compose => compose(&mut scanner, file),
        });
    }
    (variables, scanner.comments, true)
}

/// One binding of python-dotenv; one that it cannot parse costs the rest of the line.
fn python(scanner: &mut Scanner, file: FileId) -> Option<Variable> {
    let start = scanner.at;
    scanner.export(char_is_blank);
    let binding = python_binding(scanner);
    if binding.is_none() || !scanner.ends_line() {
        scanner.skip_line();
        return None;
    }
    let (name, name_end, value) = binding?;
    let end = value.as_ref().map_or(name_end, |(_, outer)| outer.end);
    let value = value.map(|(value, _)| value.word(file));
    let place = Place::new(file, Span::new(start, end.max(start)));
    Some(Variable { name, value, place, build_only: false })
}

fn char_is_blank(char: char) -> bool {
    char.is_whitespace() && !matches!(char, '\n' | '\r')
}

/// The name, where it ends, and the value with its bytes, quotes included.
#[allow(clippy::type_complexity, reason = "three things that are taken apart where they arrive")]
fn python_binding(scanner: &mut Scanner) -> Option<(String, usize, Option<(scanner::Value, Span)>)> {
    let quoted = scanner.rest().strip_prefix('\'').map(|inside| inside.split('\'').next().unwrap_or_default());
    let name = match quoted {
        Some(name) if scanner.rest().len() > name.len() + 1 && !name.is_empty() => {
            scanner.at += name.len() + 2;
            name.to_owned()
        }
        Some(_) => return None,
        None => scanner.take(|char| char != '=' && char != '#' && !char.is_whitespace())?.to_owned(),
    };
    let name_end = scanner.at;
    scanner.take(char_is_blank);
    if !scanner.rest().starts_with('=') {
        return Some((name, name_end, None));
    }
    scanner.at += 1;
    scanner.take(char_is_blank);
    let start = scanner.at;
    let value = match scanner.rest().chars().next() {
        Some(quote @ ('"' | '\'')) => scanner.quoted(quote, Reader::Python)?,
        _ => scanner.unquoted(Reader::Python),
    };
    let outer = Span::new(start, scanner.at);
    Some((name, name_end, Some((value, outer))))
}

/// One statement of compose. It refuses a file with anything else in it; here that costs the line.
fn compose(scanner: &mut Scanner, file: FileId) -> Option<Variable> {
    let start = scanner.at;
    scanner.export(char::is_whitespace);
    let name_start = scanner.at;
    let named = |char: char| char.is_alphanumeric() || "_.-[]".contains(char) || char_is_blank(char);
    let name = scanner.take(named).unwrap_or_default().trim_end().to_owned();
    let separator = scanner.rest().chars().next();
    if name.is_empty() || name.contains(char::is_whitespace) {
        scanner.skip_line();
        return None;
    }
    match separator {
        Some('=' | ':') => scanner.at += 1,
        None | Some('\n') => {
            // `NAME` alone takes the value from whoever starts it.
            let place = Place::new(file, Span::new(start, name_start + name.len()));
            return Some(Variable { name, value: None, place, build_only: false });
        }
        Some(_) => {
            scanner.skip_line();
            return None;
        }
    }
    scanner.take(char_is_blank);
    // A carriage return in front of the line break is white space to it.
    if scanner.rest().starts_with('\r') {
        scanner.at += 1;
    }
    let value = match scanner.rest().chars().next() {
        Some(quote @ ('"' | '\'')) => scanner.quoted(quote, Reader::Compose),
        _ => Some(scanner.unquoted(Reader::Compose)),
    };
    let Some(value) = value else {
        scanner.skip_line();
        return None;
    };
    let end = scanner.at;
    let value = value.word(file);
    let place = Place::new(file, Span::new(start, end.max(value.place.span.end)));
    scanner.ends_line();
    Some(Variable { name, value: Some(value), place, build_only: false })
}

impl scanner::Value {
    fn word(self, file: FileId) -> Word {
        let place = Place::new(file, self.span);
        Word { parts: self.parts, place, removal: place, quoted: self.quoted }
    }
}
