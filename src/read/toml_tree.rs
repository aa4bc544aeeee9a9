//! TOML files: the tree with its bytes, and the comments that the tree leaves out.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::findings::Note;
use crate::source::{Comment, FileId, SourceFile, Span};

use super::Facts;

/// Longer than any file of TOML that a person wrote: the tree takes far more than the text.
const MAX_TEXT: usize = 512 << 10;

/// A value with its bytes.
pub(super) type Node<'a> = Spanned<DeValue<'a>>;

/// Parses `source` and notes its comments; a file with an error gives a note and what could be read
/// around it.
pub(super) fn parse<'a>(file: FileId, source: &'a SourceFile, facts: &mut Facts) -> DeTable<'a> {
    let text = source.text();
    if text.len() > MAX_TEXT && source.path().rsplit_once('.').is_none_or(|(_, end)| end != "lock") {
        let reason = format!("larger than {} KiB, so it was not read", MAX_TEXT >> 10);
        facts.notes.push(Note::file(source.path(), reason));
        return DeTable::new();
    }
    facts.comments.insert(file, comments(text));
    let (tree, errors) = DeTable::parse_recoverable(text);
    if let Some(error) = errors.first() {
        let line = error.span().map_or(1, |span| source.line(span.start));
        let reason = if text.contains("{%") {
            "a template, so it was read in part".to_owned()
        } else {
            format!("not valid TOML, so it may be read in part: {}", error.message().replace('\n', " "))
        };
        facts.notes.push(Note::line(source.path(), line, reason));
    }
    tree.into_inner()
}

/// The bytes of a value.
pub(super) fn span(node: &Node<'_>) -> Span {
    Span::new(node.span().start, node.span().end)
}

/// The value behind a dotted path of keys.
pub(super) fn path<'t, 'a>(table: &'t DeTable<'a>, keys: &[&str]) -> Option<&'t Node<'a>> {
    let (first, rest) = keys.split_first()?;
    let mut node = table.get(*first)?;
    for key in rest {
        node = node.get_ref().as_table()?.get(*key)?;
    }
    Some(node)
}

/// The comments of a TOML text; a `#` inside a string is none.
pub fn comments(text: &str) -> Vec<Comment> {
    let bytes = text.as_bytes();
    let mut comments = Vec::new();
    let mut own_line = true;
    let mut at = text.len() - text.trim_start_matches('\u{feff}').len();
    while let Some(&byte) = bytes.get(at) {
        let rest = &bytes[at..];
        match byte {
            b'#' => {
                let length = rest.iter().position(|&b| b == b'\n').unwrap_or(rest.len());
                let length = if rest[..length].ends_with(b"\r") { length - 1 } else { length };
                comments.push(Comment { span: Span::new(at, at + length), own_line });
                at += length;
                continue;
            }
            b'"' | b'\'' => {
                at += string_length(rest, byte);
                own_line = false;
                continue;
            }
            b'\n' => own_line = true,
            b' ' | b'\t' | b'\r' => {}
            _ => own_line = false,
        }
        at += 1;
    }
    comments
}

/// The length of the string that `rest` begins with, quotes included; up to the end of the line if it
/// is not closed there.
fn string_length(rest: &[u8], quote: u8) -> usize {
    let long = rest.starts_with(&[quote; 3]);
    let mut at = if long { 3 } else { 1 };
    while let Some(&byte) = rest.get(at) {
        match byte {
            b'\\' if quote == b'"' => at += 1,
            b'\n' if !long => return at,
            _ if byte == quote && !long => return at + 1,
            _ if long && rest.get(at..).is_some_and(|rest| rest.starts_with(&[quote; 3])) => {
                return at + 3;
            }
            _ => {}
        }
        at += 1;
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_inside_a_string_is_no_comment() {
        let text =
            "\u{feff}# one\r\na = \"#\" # two\nb = '''\n# no\n''' # three\nc = \"\\\"#\" #four\nd = [ # five\n]\n";
        let found: Vec<_> = comments(text).iter().map(|c| (&text[c.span.start..c.span.end], c.own_line)).collect();
        assert_eq!(found, [("# one", true), ("# two", false), ("# three", false), ("#four", false), ("# five", false)]);
    }
}
