//! The words of a command, as Python's `shlex.split` makes them.

use crate::source::Span;

use super::super::bits::{Bit, Piece};

/// More words than any command has.
const MAX_WORDS: usize = 20_000;

/// The words; `None` where a quote is not closed or there are too many.
pub(super) fn split(value: &[Bit]) -> Option<Vec<Piece>> {
    let mut words = Vec::new();
    let mut rest = value;
    while let [first, behind @ ..] = rest {
        if first.is_blank() {
            rest = behind;
            continue;
        }
        let (word, behind) = word(rest)?;
        words.push(word);
        rest = behind;
        if words.len() > MAX_WORDS {
            return None;
        }
    }
    Some(words)
}

fn word(bits: &[Bit]) -> Option<(Piece, &[Bit])> {
    let start = bits.first()?.span.start;
    let mut piece = Piece { outer: Span::new(start, start), quoted: true, ..Piece::default() };
    let mut rest = bits;
    let mut quotes = 0;
    let mut bare = false;
    while let [first, behind @ ..] = rest {
        if first.is_blank() {
            break;
        }
        rest = behind;
        piece.outer.end = first.span.end.max(piece.outer.end);
        match first.char() {
            Some(quote @ ('"' | '\'')) => {
                let from = first.span.end;
                let (close, behind) = quoted(rest, quote, &mut piece.bits)?;
                quotes += 1;
                piece.inner = Some(Span::new(from, close.start.max(from)));
                piece.outer.end = close.end;
                rest = behind;
            }
            Some('\\') => {
                let [escaped, behind @ ..] = rest else { return None };
                bare = true;
                let mut escaped = escaped.clone();
                piece.outer.end = escaped.span.end;
                escaped.span = first.span.cover(escaped.span);
                piece.bits.push(escaped);
                rest = behind;
            }
            char => {
                bare = true;
                piece.quoted &= char.is_some();
                piece.bits.push(first.clone());
            }
        }
    }
    if bare || quotes != 1 {
        piece.inner = None;
    }
    Some((piece, rest))
}

/// What stands up to the closing quote, whose bytes come back with what is behind it.
fn quoted<'b>(bits: &'b [Bit], quote: char, word: &mut Vec<Bit>) -> Option<(Span, &'b [Bit])> {
    let mut rest = bits;
    while let [first, behind @ ..] = rest {
        rest = behind;
        if first.is(quote) {
            return Some((first.span, rest));
        }
        match rest {
            [next, behind @ ..] if quote == '"' && first.is('\\') && (next.is('"') || next.is('\\')) => {
                word.push(Bit { what: next.what.clone(), span: first.span.cover(next.span) });
                rest = behind;
            }
            _ => word.push(first.clone()),
        }
    }
    None
}
