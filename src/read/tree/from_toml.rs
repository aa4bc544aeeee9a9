//! TOML.

use toml::de::{DeTable, DeValue};

use crate::source::{FileId, SourceFile, Span};
use crate::values::Order as _;

use super::super::decoded::Decoded;
use super::super::{Facts, toml_tree};
use super::{Document, Entry, Kind, MAX_DEPTH, Node};

/// Reads a TOML file; what is wrong with it becomes a note, and its comments are noted.
pub(in super::super) fn read_toml(file: FileId, source: &SourceFile, facts: &mut Facts) -> Document {
    let tree = toml_tree::parse(file, source, facts);
    Document { tops: vec![from_toml(&tree, source.text())] }
}

/// A table of TOML in the common shape.
pub(in super::super) fn from_toml(tree: &DeTable<'_>, text: &str) -> Node {
    let entries = Kind::Table(entries(tree, text, 0));
    Node { kind: entries, ..Node::default() }
}

fn entries(tree: &DeTable<'_>, text: &str, depth: usize) -> Vec<Entry> {
    let mut found: Vec<Entry> = tree
        .iter()
        .map(|(key, value)| {
            let span = Span::new(key.span().start, key.span().end);
            Entry {
                key: key.get_ref().to_string(),
                key_span: inside(text, span).map_or(span, |(inside, _)| inside),
                value: node(value, text, depth + 1),
            }
        })
        .collect();
    // The table is sorted by name; what runs first is what stands first.
    found.order_by_key(|entry| entry.key_span.start);
    found
}

fn node(value: &toml_tree::Node<'_>, text: &str, depth: usize) -> Node {
    let span = toml_tree::span(value);
    if depth > MAX_DEPTH {
        return Node { span, content: span, removal: span, kind: Kind::Open };
    }
    let mut content = span;
    let kind = match value.get_ref() {
        DeValue::String(plain) => {
            content = inside(text, span).map_or(span, |(inside, _)| inside);
            decode(text, span, plain).map_or(Kind::Open, Kind::Scalar)
        }
        DeValue::Array(array) => {
            let spans: Vec<Span> = array.iter().map(toml_tree::span).collect();
            let items = array.iter().enumerate().map(|(at, item)| {
                let removal = match (at.checked_sub(1).and_then(|at| spans.get(at)), spans.get(at + 1)) {
                    (Some(before), _) => Span::new(before.end, toml_tree::span(item).end),
                    (None, Some(next)) => Span::new(toml_tree::span(item).start, next.start),
                    (None, None) => toml_tree::span(item),
                };
                Node { removal, ..node(item, text, depth + 1) }
            });
            Kind::List(items.collect())
        }
        DeValue::Table(table) => Kind::Table(entries(table, text, depth)),
        _ => Kind::Scalar(Decoded::verbatim(text.get(span.start..span.end).unwrap_or_default(), span.start)),
    };
    Node { span, content, removal: span, kind }
}

/// The bytes inside the quotes of a string, and whether backslashes count in it.
fn inside(text: &str, span: Span) -> Option<(Span, bool)> {
    let raw = text.get(span.start..span.end)?;
    let (quote, escapes) = [("\"\"\"", true), ("'''", false), ("\"", true), ("'", false)]
        .into_iter()
        .find(|(quote, _)| raw.len() >= 2 * quote.len() && raw.starts_with(quote) && raw.ends_with(quote))?;
    let mut start = span.start + quote.len();
    if quote.len() == 3 {
        // A line break behind the opening quotes does not count.
        let rest = text.get(start..)?;
        start += if rest.starts_with("\r\n") { 2 } else { usize::from(rest.starts_with('\n')) };
    }
    Some((Span::new(start, (span.end - quote.len()).max(start)), escapes))
}

/// The string with the bytes of each of its characters; `None` if the two cannot be brought together.
fn decode(text: &str, span: Span, plain: &str) -> Option<Decoded> {
    let (inside, escapes) = inside(text, span)?;
    let raw = text.get(inside.start..inside.end)?;
    if raw == plain {
        return Some(Decoded::verbatim(plain, inside.start));
    }
    let mut decoded = Decoded::default();
    let mut at = 0;
    while let Some(rest) = raw.get(at..).filter(|rest| !rest.is_empty()) {
        let special = rest.find(|c| c == '\\' && escapes || c == '\r').unwrap_or(rest.len());
        decoded.push(rest.get(..special)?, inside.start + at);
        at += special;
        let rest = rest.get(special..)?;
        let Some(first) = rest.chars().next() else { break };
        let (spelled, length) = if first == '\r' { (None, 1) } else { escape(rest)? };
        if let Some(char) = spelled {
            let source = Span::new(inside.start + at, inside.start + at + length);
            decoded.push_escaped(char.encode_utf8(&mut [0; 4]), source);
        }
        at += length;
    }
    (decoded.text() == plain).then_some(decoded)
}

/// What an escape stands for, and its length; a backslash at the end of a line takes the break and the
/// white space behind it away.
fn escape(text: &str) -> Option<(Option<char>, usize)> {
    let letter = text.chars().nth(1)?;
    let hex = |digits: usize| {
        let code = u32::from_str_radix(text.get(2..2 + digits)?, 16).ok()?;
        Some((Some(char::from_u32(code)?), 2 + digits))
    };
    let char = match letter {
        'b' => '\u{8}',
        't' => '\t',
        'n' => '\n',
        'f' => '\u{c}',
        'r' => '\r',
        'e' => '\u{1b}',
        '"' | '\\' => letter,
        'x' => return hex(2),
        'u' => return hex(4),
        'U' => return hex(8),
        _ if letter.is_whitespace() => {
            let rest = text.get(1..)?;
            return Some((None, 1 + rest.len() - rest.trim_start().len()));
        }
        _ => return None,
    };
    Some((Some(char), 2))
}
