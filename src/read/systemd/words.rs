//! The words of a command line of systemd, and its lists of assignments.
//!
//! Follows `extract_first_word` and `replace_env_argv` of systemd 252: a quote may stand anywhere in a word, an
//! unknown escape stands for itself, `$NAME` counts as a word of its own only and becomes several words,
//! `${NAME}` counts anywhere and becomes none but one.

use crate::source::{Place, Span};

use super::super::bits::{self, Bit, Piece, What};
use super::super::{Command, Variable};
use super::escapes;
use super::fields::Value;

/// More words than any setting has.
const MAX_WORDS: usize = 20_000;

const TOO_LONG: &str = "longer than any setting, so it was not read";
const OPEN: &str = "a quote is not closed, so systemd ignores this line";

/// The command of an `ExecStart=`. A `;` as a word of its own stands between two, of which the last counts.
pub(super) fn command(value: Value) -> Result<Option<Command>, &'static str> {
    let Place { file, span } = value.place();
    let bits = value.bits().ok_or(TOO_LONG)?;
    let words = split(&bits)?;
    let is_end = |word: &Piece| word.inner.is_none() && matches!(word.bits.as_slice(), [only] if only.is(';'));
    let last = words.split(is_end).rfind(|words| !words.is_empty()).unwrap_or_default();
    // With a colon in front systemd fills in nothing.
    let is_plain = last.first().is_some_and(|first| prefixes(first).any(|bit| bit.is(':')));
    let mut words: Vec<Piece> = last.iter().map(if is_plain { written } else { filled }).collect();
    if let Some(first) = words.first_mut() {
        without_prefixes(first);
    }
    Ok(bits::command(&words, file, span))
}

/// The variables of an `Environment=`: words of the form `NAME=value`, in which no variable counts.
pub(super) fn assignments(value: Value) -> Result<Vec<Variable>, &'static str> {
    let file = value.place().file;
    let bits = value.bits().ok_or(TOO_LONG)?;
    let mut variables = Vec::new();
    for word in split(&bits)? {
        let Some(equals) = word.bits.iter().position(|bit| bit.is('=')) else { continue };
        let Some(name) = bits::text(word.bits.get(..equals).unwrap_or_default()) else { continue };
        if !is_name(&name) {
            continue;
        }
        let inside = word.bits.get(equals + 1..).unwrap_or_default().to_vec();
        let behind = word.bits.get(equals).map_or(word.outer.end, |equals| equals.span.end);
        let inner = bits::span(&inside, behind);
        let whole = Piece { bits: inside, outer: inner, inner: Some(inner), quoted: true };
        variables.push(Variable {
            name,
            value: Some(whole.word(file, word.outer)),
            place: Place::new(file, word.outer),
            build_only: false,
        });
    }
    Ok(variables)
}

/// The variables of a `PassEnvironment=`, which systemd itself was given.
pub(super) fn names(value: Value) -> Vec<Variable> {
    let words = value.bits().and_then(|bits| split(&bits).ok()).unwrap_or_default();
    let passed = |word: &Piece| {
        let name = bits::text(&word.bits).filter(|name| is_name(name))?;
        Some(Variable { name, value: None, place: Place::new(value.place().file, word.outer), build_only: false })
    };
    words.iter().filter_map(passed).collect()
}

/// What an `UnsetEnvironment=` takes away: names, or names with the value that they have to have.
pub(super) fn removals(value: Value) -> Vec<(String, Option<String>)> {
    let words = value.bits().and_then(|bits| split(&bits).ok()).unwrap_or_default();
    let removed = |word: &Piece| {
        let text = bits::text(&word.bits)?;
        let (name, value) = text.split_once('=').map_or((text.as_str(), None), |(name, value)| (name, Some(value)));
        Some((name.to_owned(), value.map(str::to_owned)))
    };
    words.iter().filter_map(removed).collect()
}

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// `-`, `@`, `:`, `+`, `!`, `!!` in front of the program say how it is run, not what.
fn without_prefixes(first: &mut Piece) {
    let prefixes = prefixes(first).count();
    if let Some(next) = first.bits.get(prefixes) {
        let start = next.span.start;
        match &mut first.inner {
            Some(inner) => inner.start = start.min(inner.end),
            None => first.outer.start = start,
        }
        first.bits.drain(..prefixes);
    }
}

fn prefixes(first: &Piece) -> impl Iterator<Item = &Bit> {
    first.bits.iter().take_while(|bit| bit.char().is_some_and(|c| "-@:+!".contains(c)))
}

/// The word as it is written.
fn written(word: &Piece) -> Piece {
    Piece { bits: word.bits.clone(), outer: word.outer, inner: word.inner, quoted: word.quoted }
}

fn split(value: &[Bit]) -> Result<Vec<Piece>, &'static str> {
    let mut words = Vec::new();
    let mut rest = value;
    while let [first, behind @ ..] = rest {
        if first.is_blank() {
            rest = behind;
            continue;
        }
        if words.len() >= MAX_WORDS {
            return Err(TOO_LONG);
        }
        let (word, behind) = word(rest).ok_or(OPEN)?;
        words.push(word);
        rest = behind;
    }
    Ok(words)
}

#[allow(clippy::single_match_else, reason = "both cases are equals")]
fn word(bits: &[Bit]) -> Option<(Piece, &[Bit])> {
    let start = bits.first()?.span.start;
    let mut piece = Piece { outer: Span::new(start, start), quoted: true, ..Piece::default() };
    let mut rest = bits;
    let mut quote = None;
    let mut quotes = 0;
    let mut bare = false;
    while let [first, behind @ ..] = rest {
        if quote.is_none() && first.is_blank() {
            break;
        }
        rest = behind;
        piece.outer.end = first.span.end.max(piece.outer.end);
        match first.char() {
            Some(mark @ ('"' | '\'')) if quote.is_none() => {
                quote = Some(mark);
                quotes += 1;
                piece.inner = Some(Span::new(first.span.end, first.span.end));
            }
            Some(mark) if quote == Some(mark) => {
                quote = None;
                if let Some(inner) = &mut piece.inner {
                    inner.end = first.span.start.max(inner.start);
                }
            }
            Some('\\') => {
                let taken = match escapes::escaped(rest) {
                    Some((char, taken)) => {
                        let last = rest.get(taken - 1).map_or(first.span, |last| last.span);
                        piece.bits.push(Bit { what: What::Char(char), span: first.span.cover(last) });
                        piece.outer.end = last.end.max(piece.outer.end);
                        taken
                    }
                    None => {
                        piece.bits.push(first.clone());
                        0
                    }
                };
                bare |= quote.is_none();
                rest = rest.get(taken..).unwrap_or_default();
            }
            _ => {
                bare |= quote.is_none();
                piece.bits.push(first.clone());
            }
        }
    }
    if bare || quotes != 1 {
        piece.inner = None;
    }
    quote.is_none().then_some((piece, rest))
}

/// The word with its variables told apart from its text.
fn filled(word: &Piece) -> Piece {
    let mut bits = Vec::with_capacity(word.bits.len());
    let mut quoted = word.quoted;
    let rest = match word.bits.as_slice() {
        // A backslash takes its meaning from a semicolon that stands alone.
        [backslash, semicolon] if backslash.is('\\') && semicolon.is(';') => word.bits.get(1..).unwrap_or_default(),
        bits => bits,
    };
    let whole: Option<String> = rest.iter().map(Bit::char).collect();
    if let Some(name) = whole.as_deref().and_then(|text| text.strip_prefix('$')).filter(|name| is_name(name)) {
        let span = bits::span(rest, word.outer.start);
        let variable = Bit { what: What::Variable(name.to_owned()), span };
        return Piece { bits: vec![variable], outer: word.outer, inner: word.inner, quoted: false };
    }
    let mut rest = rest;
    while let [first, behind @ ..] = rest {
        rest = behind;
        if !first.is('$') {
            quoted &= first.char().is_some();
            bits.push(first.clone());
            continue;
        }
        match behind {
            [next, behind @ ..] if next.is('$') => {
                bits.push(Bit { what: What::Char('$'), span: first.span.cover(next.span) });
                rest = behind;
            }
            [next, inside @ ..] if next.is('{') => {
                let close = inside.iter().take(300).position(|bit| bit.is('}'));
                let name = close.and_then(|close| bits::text(inside.get(..close)?)).filter(|name| is_name(name));
                match (name, close) {
                    (Some(name), Some(close)) => {
                        let end = inside.get(close).map_or(next.span, |end| end.span);
                        bits.push(Bit { what: What::Variable(name), span: first.span.cover(end) });
                        rest = inside.get(close + 1..).unwrap_or_default();
                    }
                    _ => bits.push(first.clone()),
                }
            }
            _ => bits.push(first.clone()),
        }
    }
    Piece { bits, outer: word.outer, inner: word.inner, quoted }
}
