//! `%(name)s` in the values of supervisord: Python's `%` with a dictionary.

use crate::source::Span;

use super::super::bits::{Bit, What};

/// What the names stand for that are no variables.
#[derive(Debug, Default)]
pub(super) struct Names {
    pub(super) program: Option<String>,
    /// The number of the process, where there is one process.
    pub(super) number: Option<u32>,
    pub(super) copies: Option<u32>,
}

/// The value with everything filled in that can be, and the first thing that supervisord refuses.
#[allow(
    clippy::needless_pass_by_value,
    clippy::single_match_else,
    reason = "the old value is spent; both cases are equals"
)]
pub(super) fn expand(bits: Vec<Bit>, names: &Names) -> (Vec<Bit>, Option<String>) {
    let mut expanded = Vec::with_capacity(bits.len());
    let mut fault = None;
    let mut rest = bits.as_slice();
    while let [first, behind @ ..] = rest {
        rest = behind;
        if !first.is('%') {
            expanded.push(first.clone());
            continue;
        }
        match behind {
            [next, behind @ ..] if next.is('%') => {
                expanded.push(Bit { what: What::Char('%'), span: first.span.cover(next.span) });
                rest = behind;
            }
            _ => match conversion(behind) {
                Some((name, format, length)) => {
                    let (used, behind) = behind.split_at(length);
                    let span = used.last().map_or(first.span, |last| first.span.cover(last.span));
                    if !push(&mut expanded, &name, &format, span, names) {
                        fault.get_or_insert(format!("%({name}){format}"));
                    }
                    rest = behind;
                }
                None => {
                    fault.get_or_insert("%".to_owned());
                    expanded.push(Bit { what: What::Opaque("%".to_owned()), span: first.span });
                }
            },
        }
    }
    (expanded, fault)
}

/// `(name)02d` at the beginning of `bits`: the name, the format and how many bits that are.
fn conversion(bits: &[Bit]) -> Option<(String, String, usize)> {
    if !bits.first()?.is('(') {
        return None;
    }
    let close = bits.iter().take(200).position(|bit| bit.is(')'))?;
    let name: String = bits.get(1..close)?.iter().map(Bit::char).collect::<Option<_>>()?;
    let flags =
        bits.get(close + 1..)?.iter().take_while(|bit| bit.char().is_some_and(|c| "#0- +.123456789".contains(c)));
    let letter = close + 1 + flags.count();
    let format: String = bits.get(close + 1..=letter)?.iter().map(Bit::char).collect::<Option<_>>()?;
    format.ends_with(|c: char| c.is_ascii_alphabetic()).then_some((name, format, letter + 1))
}

/// Adds what a name stands for; `false` for a name that nobody knows.
fn push(bits: &mut Vec<Bit>, name: &str, format: &str, span: Span, names: &Names) -> bool {
    let opaque = || What::Opaque(format!("%({name}){format}"));
    let number = |number: Option<u32>| number.and_then(|number| formatted(number, format));
    let text = match name {
        "program_name" | "group_name" => names.program.clone(),
        "process_num" => number(names.number),
        "numprocs" => number(names.copies),
        "here" | "host_node_name" => None,
        _ => {
            let variable = name.strip_prefix("ENV_").filter(|name| !name.is_empty());
            bits.push(Bit { what: variable.map_or_else(opaque, |name| What::Variable(name.to_owned())), span });
            return variable.is_some();
        }
    };
    match text {
        Some(text) => bits.extend(text.chars().map(|char| Bit { what: What::Char(char), span })),
        None => bits.push(Bit { what: opaque(), span }),
    }
    true
}

/// `%d`, `%s`, `%02d` of a number.
fn formatted(number: u32, format: &str) -> Option<String> {
    let width = format.strip_suffix(['d', 's', 'i'])?;
    if width.is_empty() {
        return Some(number.to_string());
    }
    let wide: usize = width.trim_start_matches('0').parse().ok()?;
    let wide = wide.min(20);
    Some(if width.starts_with('0') && format.ends_with('d') {
        format!("{number:0wide$}")
    } else {
        format!("{number:wide$}")
    })
}
