//! `A="b",C="d"`: the variables of a program.
//!
//! Follows `dict_of_key_value_pairs` of supervisor 4.3, which takes the tokens of `shlex.shlex` three at a time
//! and passes over a fourth, whatever it is.

use crate::source::{FileId, Place};

use super::super::Variable;
use super::super::bits::{self, Bit, Piece};

/// More variables than any program has.
const MAX_VARIABLES: usize = 10_000;

/// The variables, and whether supervisord takes them.
pub(super) fn read(value: &[Bit], file: FileId) -> (Vec<Variable>, bool) {
    let Some(tokens) = tokens(value) else {
        return (Vec::new(), false);
    };
    let mut variables = Vec::new();
    let mut rest = tokens.as_slice();
    while let [key, equals, value, ..] = rest {
        let name = bits::text(key).filter(|_| matches!(equals, [only] if only.is('=')));
        let Some(name) = name else {
            return (variables, false);
        };
        if variables.len() >= MAX_VARIABLES {
            return (variables, true);
        }
        variables.push(variable(name, key, value, file));
        rest = rest.get(4..).unwrap_or_default();
    }
    (variables, rest.is_empty())
}

fn variable(name: String, key: &[Bit], value: &[Bit], file: FileId) -> Variable {
    let outer = bits::span(value, 0);
    let mut inside = value;
    while let [first, rest @ ..] = inside
        && (first.is('"') || first.is('\''))
    {
        inside = rest;
    }
    while let [rest @ .., last] = inside
        && (last.is('"') || last.is('\''))
    {
        inside = rest;
    }
    let start = value.first().map_or(outer.start, |first| first.span.end);
    let inner = bits::span(inside, start);
    let statement = bits::span(key, outer.start).cover(outer);
    let piece = Piece { bits: inside.to_vec(), outer, inner: Some(inner), quoted: true };
    Variable { name, value: Some(piece.word(file, statement)), place: Place::new(file, statement), build_only: false }
}

/// The tokens of `shlex.shlex(text)` with `/.+-():` among the characters of words; `None` where a quote is not
/// closed.
fn tokens(value: &[Bit]) -> Option<Vec<&[Bit]>> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(bit) = value.get(at) {
        let start = at;
        at += 1;
        match bit.char() {
            Some(' ' | '\t' | '\r' | '\n') => continue,
            Some('#') => {
                at += value.get(at..)?.iter().take_while(|bit| !bit.is('\n')).count();
                continue;
            }
            Some(quote @ ('"' | '\'')) => {
                at += value.get(at..)?.iter().position(|bit| bit.is(quote))? + 1;
            }
            _ if is_word(bit) => {
                at += value.get(at..)?.iter().take_while(|bit| is_word(bit) || bit.is('"') || bit.is('\'')).count();
            }
            _ => {}
        }
        tokens.push(value.get(start..at)?);
    }
    Some(tokens)
}

fn is_word(bit: &Bit) -> bool {
    bit.char().is_none_or(|char| char.is_ascii_alphanumeric() || "_/.+-():".contains(char))
}
