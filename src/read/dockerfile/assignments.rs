//! `ENV` and `ARG`: variables set while an image is built.

use crate::source::{FileId, Place, Word, WordPart};

use super::super::Variable;
use super::super::decoded::Decoded;
use super::super::expansion::{self, Dialect};

/// The variables of `ENV a=1 b="x y"`, of the older `ENV a 1`, or of `ARG a=1 b`.
pub(super) fn variables(rest: &Decoded, file: FileId, build_only: bool) -> Vec<Variable> {
    let text = rest.text();
    let first_end = text.find(char::is_whitespace).unwrap_or(text.len());
    let first = &text[..first_end];
    if !build_only && !first.contains('=') {
        let start = text.len() - text[first_end..].trim_start().len();
        let value = word(rest, start..text.len(), file);
        let place = Place::new(file, rest.span(0..text.len()));
        return vec![Variable { name: first.to_owned(), value: Some(value), place, build_only }];
    }
    let mut variables = Vec::new();
    let mut at = 0;
    while let Some(start) = text.get(at..).and_then(|rest| rest.find(|c: char| !c.is_whitespace())) {
        let start = at + start;
        let end = word_end(text, start);
        at = end;
        let whole = text.get(start..end).unwrap_or_default();
        let (name, value) = match whole.split_once('=') {
            Some((name, _)) => (name, Some(word(rest, start + name.len() + 1..end, file))),
            None => (whole, None),
        };
        let place = Place::new(file, rest.span(start..end));
        variables.push(Variable { name: name.trim_matches(['"', '\'']).to_owned(), value, place, build_only });
    }
    variables
}

fn word_end(text: &str, start: usize) -> usize {
    let mut quote = None;
    let mut chars = text.get(start..).unwrap_or_default().char_indices();
    while let Some((at, char)) = chars.next() {
        match (char, quote) {
            ('\\', None | Some('"')) => {
                chars.next();
            }
            ('"' | '\'', None) => quote = Some(char),
            (_, Some(end)) if char == end => quote = None,
            (_, None) if char.is_whitespace() => return start + at,
            _ => {}
        }
    }
    text.len()
}

fn word(text: &Decoded, range: std::ops::Range<usize>, file: FileId) -> Word {
    let raw = text.text().get(range.clone()).unwrap_or_default();
    let inside = ['"', '\''].into_iter().find_map(|quote| {
        let inside = raw.strip_prefix(quote)?.strip_suffix(quote)?;
        let ends = |char: char| char == quote || char == '\\' && quote == '"';
        (!inside.contains(ends)).then_some(())
    });
    let place = if inside.is_some() { range.start + 1..range.end - 1 } else { range.clone() };
    let mut parts = expansion::parts(raw, Dialect::Build);
    parts.retain(|part| !matches!(part, WordPart::Text(text) if text.is_empty()));
    Word {
        parts,
        place: Place::new(file, text.span(place)),
        removal: Place::new(file, text.span(range)),
        quoted: inside.is_some(),
    }
}
