//! What `%` and a backslash stand for in the settings of systemd.

use super::super::bits::{Bit, What};

/// The value with `%%` as a percent sign and the names of the unit; any other specifier is known only to the machine.
#[allow(clippy::needless_pass_by_value, reason = "the old value is spent")]
pub(super) fn specifiers(bits: Vec<Bit>, unit: &str) -> Vec<Bit> {
    let mut filled = Vec::with_capacity(bits.len());
    let mut rest = bits.as_slice();
    while let [first, behind @ ..] = rest {
        rest = behind;
        match behind {
            [next, behind @ ..] if first.is('%') => {
                let span = first.span.cover(next.span);
                let what = match next.char() {
                    Some('%') => What::Char('%'),
                    Some(letter) if named(letter, unit).is_some() => {
                        let name = named(letter, unit).unwrap_or_default();
                        filled.extend(name.chars().map(|char| Bit { what: What::Char(char), span }));
                        rest = behind;
                        continue;
                    }
                    Some(letter) if letter.is_ascii_alphabetic() => What::Opaque(format!("%{letter}")),
                    _ => {
                        filled.push(first.clone());
                        continue;
                    }
                };
                filled.push(Bit { what, span });
                rest = behind;
            }
            _ => filled.push(first.clone()),
        }
    }
    filled
}

/// What `%n`, `%N` and `%p` stand for (systemd.unit(5)). Of a template only what stands in front of the `@` is known.
fn named(letter: char, unit: &str) -> Option<&str> {
    let whole = unit.rsplit_once('.').map_or(unit, |(whole, _)| whole);
    let instance = whole.split_once('@');
    match (letter, instance) {
        ('p', Some((prefix, _))) => Some(prefix),
        ('n', None) => Some(unit),
        ('N' | 'p', None) => Some(whole),
        _ => None,
    }
}

/// What the backslash in front of `bits` stands for together with the first of them, and how many of them it
/// takes (`cunescape_one`); `None` where it stands for itself.
pub(super) fn escaped(bits: &[Bit]) -> Option<(char, usize)> {
    let plain = match bits.first()?.char()? {
        'a' => '\u{7}',
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\u{b}',
        's' => ' ',
        same @ ('\\' | '"' | '\'') => same,
        'x' => return number(bits, 1, 2, 16),
        'u' => return number(bits, 1, 4, 16),
        'U' => return number(bits, 1, 8, 16),
        '0'..='7' => return number(bits, 0, 3, 8),
        _ => return None,
    };
    Some((plain, 1))
}

fn number(bits: &[Bit], skipped: usize, digits: usize, radix: u32) -> Option<(char, usize)> {
    let text: String = bits.get(skipped..skipped + digits)?.iter().map(Bit::char).collect::<Option<_>>()?;
    let code = u32::from_str_radix(&text, radix).ok().filter(|code| *code > 0)?;
    Some((char::from_u32(code)?, skipped + digits))
}
