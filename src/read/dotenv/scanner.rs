//! The text of a `.env` file, read from front to back.

use crate::source::{Comment, Operator, Span, WordPart};

use super::super::expansion::{self, Dialect};
use super::Reader;

/// A value, and the bytes inside its quotes.
pub(super) struct Value {
    pub(super) parts: Vec<WordPart>,
    pub(super) span: Span,
    pub(super) quoted: bool,
}

pub(super) struct Scanner<'a> {
    text: &'a str,
    pub(super) at: usize,
    pub(super) comments: Vec<Comment>,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let at = text.len() - text.trim_start_matches('\u{feff}').len();
        Self { text, at, comments: Vec::new() }
    }

    pub(super) fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// What stands here as long as `fits`; `None` where nothing does.
    pub(super) fn take(&mut self, fits: impl Fn(char) -> bool) -> Option<&'a str> {
        let rest = self.rest();
        let taken = rest.find(|char| !fits(char)).map_or(rest, |end| &rest[..end]);
        self.at += taken.len();
        (!taken.is_empty()).then_some(taken)
    }

    /// Goes to the next thing that is no comment and no white space.
    pub(super) fn next_statement(&mut self) -> bool {
        loop {
            self.take(char::is_whitespace);
            if !self.rest().starts_with('#') {
                return !self.rest().is_empty();
            }
            self.comment(true);
        }
    }

    fn comment(&mut self, own_line: bool) {
        let line = self.line();
        let span = Span::new(self.at, self.at + line.trim_end().len());
        self.comments.push(Comment { span, own_line });
        self.at += line.len();
    }

    /// From here to the end of the line.
    fn line(&self) -> &'a str {
        self.rest().split(['\n', '\r']).next().unwrap_or_default()
    }

    pub(super) fn skip_line(&mut self) {
        self.at += self.line().len();
    }

    /// `export `, with as much `space` behind it as there is.
    pub(super) fn export(&mut self, space: impl Fn(char) -> bool) {
        if let Some(rest) = self.rest().strip_prefix("export")
            && rest.starts_with(&space)
        {
            self.at += "export".len();
            self.take(space);
        }
    }

    /// Whether nothing but a comment follows on this line, which is then behind.
    pub(super) fn ends_line(&mut self) -> bool {
        let line = self.line();
        let behind = line.trim_start();
        if behind.starts_with('#') {
            self.at += line.len() - behind.len();
            self.comment(false);
            return true;
        }
        if behind.is_empty() {
            self.at += line.len();
        }
        behind.is_empty()
    }

    /// A value to the end of the line, or to a comment behind white space.
    pub(super) fn unquoted(&mut self, reader: Reader) -> Value {
        let start = self.at;
        let line = self.line();
        let comment = match reader {
            Reader::Compose => line.find(" #"),
            Reader::Python => {
                let hash = |(at, _): &(usize, &str)| line[..*at].ends_with(char::is_whitespace);
                line.match_indices('#').find(hash).map(|(at, _)| at)
            }
        };
        let value = line.get(..comment.unwrap_or(line.len())).unwrap_or_default().trim_end();
        self.at = start + value.len();
        if comment.is_none() {
            self.at = start + line.len();
        }
        Value { parts: parts(value, reader), span: Span::new(start, start + value.len()), quoted: false }
    }

    /// A value in quotes, which may span lines; `None` where nothing closes it.
    pub(super) fn quoted(&mut self, quote: char, reader: Reader) -> Option<Value> {
        let inside = self.rest().get(1..)?;
        let length = quote_end(inside, quote, reader)?;
        let start = self.at + 1;
        let content = inside.get(..length)?;
        self.at = start + length + 1;
        let parts = match (reader, quote) {
            (Reader::Compose, '"') => expansion::parts(&unescape(content, compose_escape), Dialect::Compose),
            (Reader::Compose, _) => literal(&unescape(content, |char| (char == '\'').then(|| "'".to_owned()))),
            (Reader::Python, '"') => parts(&unescape(content, python_escape), reader),
            (Reader::Python, _) => {
                parts(&unescape(content, |char| matches!(char, '\\' | '\'').then(|| char.to_string())), reader)
            }
        };
        Some(Value { parts, span: Span::new(start, start + length), quoted: true })
    }
}

/// Where the quote closes. For compose a backslash in front of it, or of another backslash, is an escape;
/// python-dotenv sees only whether one stands right in front, and closes there after all if no other
/// quote follows.
fn quote_end(inside: &str, quote: char, reader: Reader) -> Option<usize> {
    let mut escaped = false;
    let mut last = None;
    for (at, char) in inside.char_indices() {
        if char == quote {
            if !escaped {
                return Some(at);
            }
            last = Some(at);
        }
        escaped = char == '\\' && (reader == Reader::Python || !escaped);
    }
    last.filter(|_| reader == Reader::Python)
}

fn unescape(content: &str, meaning: impl Fn(char) -> Option<String>) -> String {
    let mut text = String::new();
    let mut chars = content.chars().peekable();
    while let Some(char) = chars.next() {
        match chars.peek().copied().filter(|_| char == '\\').and_then(&meaning) {
            Some(decoded) => {
                text.push_str(&decoded);
                chars.next();
            }
            None => text.push(char),
        }
    }
    text
}

fn python_escape(char: char) -> Option<String> {
    let decoded = match char {
        '\\' | '\'' | '"' => char,
        'a' => '\u{7}',
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\u{b}',
        _ => return None,
    };
    Some(decoded.to_string())
}

fn compose_escape(char: char) -> Option<String> {
    match char {
        // What compose fills in afterwards takes two for one.
        '$' => Some("$$".to_owned()),
        '\'' => None,
        other => python_escape(other),
    }
}

fn literal(text: &str) -> Vec<WordPart> {
    if text.is_empty() { Vec::new() } else { vec![WordPart::Text(text.to_owned())] }
}

fn parts(text: &str, reader: Reader) -> Vec<WordPart> {
    match reader {
        Reader::Compose => expansion::parts(text, Dialect::Compose),
        Reader::Python => python_parts(text),
    }
}

/// `${NAME}`, which is empty if unset, and `${NAME:-default}`, which counts if it is unset and not if it
/// is empty.
fn python_parts(text: &str) -> Vec<WordPart> {
    let mut parts = Vec::new();
    let mut at = 0;
    while let Some(start) = text.get(at..).and_then(|rest| rest.find("${")).map(|start| at + start) {
        expansion::add(&mut parts, WordPart::Text(text[at..start].to_owned()));
        let inside = &text[start + 2..];
        let Some(close) = inside.find('}') else {
            // Nothing closes any of those that follow either.
            at = start;
            break;
        };
        let variable = Some(close).and_then(|end| {
            let (name, default) = match inside[..end].split_once(':') {
                Some((name, default)) => (name, Some(default.strip_prefix('-')?)),
                None => (&inside[..end], None),
            };
            Some((name.to_owned(), default, start + 3 + end))
        });
        let Some((name, default, end)) = variable else {
            expansion::add(&mut parts, WordPart::Text("${".to_owned()));
            at = start + 2;
            continue;
        };
        at = end;
        parts.push(match default {
            Some(default) => WordPart::Changed { name, operator: Operator::IfUnset, word: literal(default) },
            None => WordPart::Variable { name, default: None },
        });
    }
    expansion::add(&mut parts, WordPart::Text(text.get(at..).unwrap_or_default().to_owned()));
    parts
}
