//! Numbers from texts and from other numbers: `int`, `float`, `round`, `range` and `math`.

use super::cell::{Cell, Thing};
use super::compare::is_value;
use super::operators::{Calc, Number, TOO_LARGE};

/// Digits with single underscores between them, as `int` and `float` accept.
fn digits(text: &str) -> Option<String> {
    let text = text.trim_matches(|c: char| c.is_whitespace());
    let bytes = text.as_bytes();
    for (index, byte) in bytes.iter().enumerate() {
        if *byte == b'_' {
            let around = (index.checked_sub(1).and_then(|at| bytes.get(at)), bytes.get(index + 1));
            if !matches!(around, (Some(a), Some(b)) if a.is_ascii_alphanumeric() && b.is_ascii_alphanumeric()) {
                return None;
            }
        }
    }
    Some(text.replace('_', ""))
}

pub(super) fn int_of<'a>(thing: &Thing<'a>) -> Calc<'a> {
    match thing {
        Thing::Str(text) => int_text(text, 10),
        Thing::Float(_) => whole("math.trunc", thing),
        Thing::Bool(b) => Calc::Is(Thing::Int(i64::from(*b))),
        Thing::Int(n) => Calc::Is(Thing::Int(*n)),
        Thing::Bytes(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => int_text(text, 10),
            Err(_) => Calc::Raises("ValueError", "int() of bytes that are no whole number"),
        },
        thing if is_value(thing) => Calc::Raises("TypeError", "int() of something that is no number"),
        _ => Calc::Unknown("int() of an object"),
    }
}

pub(super) fn int_text<'a>(text: &str, base: u32) -> Calc<'a> {
    const WRONG: Calc<'static> = Calc::Raises("ValueError", "int() of a text that is no whole number");
    if !text.is_ascii() {
        return Calc::Unknown("int() of a text that is not ASCII");
    }
    let Some(digits) = digits(text) else { return WRONG };
    let unsigned = digits.strip_prefix(['+', '-']).unwrap_or(&digits);
    if unsigned.is_empty() || !unsigned.chars().all(|c| c.is_digit(base)) {
        return WRONG;
    }
    i64::from_str_radix(&digits, base).map_or(TOO_LARGE, |n| Calc::Is(Thing::Int(n)))
}

/// `int(text, base)`; base 0 is told by the prefix.
pub(super) fn int_in_base<'a>(thing: &Thing<'a>, base: &Thing<'a>) -> Calc<'a> {
    const WRONG: Calc<'static> = Calc::Raises("ValueError", "int() of a text that is no whole number");
    let (Thing::Str(text), Thing::Int(base)) = (thing, base) else {
        return Calc::Unknown("int() in a base that is not followed");
    };
    if !text.is_ascii() {
        return Calc::Unknown("int() of a text that is not ASCII");
    }
    let Ok(base) = u32::try_from(*base) else { return WRONG };
    if base == 1 || base > 36 {
        return WRONG;
    }
    let trimmed = text.trim().to_ascii_lowercase();
    let (sign, body) = match trimmed.strip_prefix('-') {
        Some(body) => ("-", body),
        None => ("", trimmed.strip_prefix('+').unwrap_or(&trimmed)),
    };
    let prefixed = [("0x", 16), ("0o", 8), ("0b", 2)]
        .into_iter()
        .find_map(|(prefix, own)| Some((body.strip_prefix(prefix)?, own)).filter(|_| base == 0 || base == own));
    let (digits, base) = match prefixed {
        // One underscore may stand behind the prefix.
        Some((digits, own)) => (digits.strip_prefix('_').unwrap_or(digits), own),
        None if base == 0 && body.starts_with('0') && body.bytes().any(|b| !matches!(b, b'0' | b'_')) => return WRONG,
        None => (body, if base == 0 { 10 } else { base }),
    };
    if digits.starts_with(['+', '-']) || digits.trim() != digits {
        return WRONG;
    }
    int_text(&format!("{sign}{digits}"), base)
}

pub(super) fn float_of<'a>(thing: &Thing<'a>) -> Calc<'a> {
    match thing {
        Thing::Str(text) => {
            let Some(digits) = digits(text).filter(|_| text.is_ascii()) else {
                return Calc::Unknown("float() of a text that is not followed");
            };
            match digits.parse::<f64>() {
                Ok(x) => Calc::Is(Thing::Float(x)),
                Err(_) => Calc::Raises("ValueError", "float() of a text that is no number"),
            }
        }
        thing => match Number::of(thing) {
            Some(n) => Calc::Is(Thing::Float(n.float())),
            None if is_value(thing) => Calc::Raises("TypeError", "float() of something that is no number"),
            None => Calc::Unknown("float() of an object"),
        },
    }
}

#[allow(clippy::cast_possible_truncation, reason = "the range is checked first")]
fn whole<'a>(name: &str, thing: &Thing<'a>) -> Calc<'a> {
    match Number::of(thing) {
        Some(Number::Int(n)) => Calc::Is(Thing::Int(n)),
        Some(Number::Float(x)) => {
            let x = match name {
                "math.ceil" => x.ceil(),
                "math.floor" => x.floor(),
                "round" => x.round_ties_even(),
                _ => x.trunc(),
            };
            if x.is_nan() {
                return Calc::Raises("ValueError", "a whole number from NaN");
            }
            if x.is_infinite() {
                return Calc::Raises("OverflowError", "a whole number from infinity");
            }
            if x.abs() < 9e18 { Calc::Is(Thing::Int(x as i64)) } else { TOO_LARGE }
        }
        None if is_value(thing) => Calc::Raises("TypeError", "a whole number from something that is no number"),
        None => Calc::Unknown("a whole number from an object"),
    }
}

/// `round` goes to the even neighbour at one half.
pub(super) fn round<'a>(one: Option<&Cell<'a>>, places: Option<&Cell<'a>>) -> Calc<'a> {
    let Some(one) = one else { return Calc::Raises("TypeError", "round() of nothing") };
    match (Number::of(&one.thing), places.map(|cell| &cell.thing)) {
        (_, None | Some(Thing::None)) => whole("round", &one.thing),
        (Some(Number::Int(n)), Some(Thing::Int(places))) if *places >= 0 => Calc::Is(Thing::Int(n)),
        (Some(Number::Float(x)), Some(Thing::Int(places))) if (0..=15).contains(places) && x.is_finite() => {
            // Rounding the decimal text rounds the exact value, as Python does.
            let places = usize::try_from(*places).unwrap_or(0);
            format!("{x:.places$}").parse().map_or(TOO_LARGE, |x| Calc::Is(Thing::Float(x)))
        }
        _ => Calc::Unknown("round() that is not followed"),
    }
}

pub(super) fn range<'a>(arguments: &[Cell<'a>]) -> Calc<'a> {
    let numbers: Option<Vec<i64>> = arguments
        .iter()
        .map(|cell| match cell.thing {
            Thing::Int(n) => Some(n),
            Thing::Bool(b) => Some(i64::from(b)),
            _ => None,
        })
        .collect();
    match numbers.as_deref() {
        Some([stop]) => Calc::Is(Thing::Range(0, *stop, 1)),
        Some([start, stop]) => Calc::Is(Thing::Range(*start, *stop, 1)),
        Some([_, _, 0]) => Calc::Raises("ValueError", "a range with a stride of zero"),
        Some([start, stop, stride]) => Calc::Is(Thing::Range(*start, *stop, *stride)),
        _ if arguments.iter().all(|cell| is_value(&cell.thing)) => {
            Calc::Raises("TypeError", "a range of something that is no whole number")
        }
        _ => Calc::Unknown("a range with unknown ends"),
    }
}

/// Functions of `math` that are exact.
pub(super) fn math<'a>(name: &str, arguments: &[Cell<'a>]) -> Calc<'a> {
    let things: Vec<&Thing<'a>> = arguments.iter().map(|cell| &cell.thing).collect();
    match (name, things.as_slice()) {
        ("math.ceil" | "math.floor" | "math.trunc", [one]) => whole(name, one),
        ("math.sqrt", [one]) => match Number::of(one).map(Number::float) {
            Some(x) if x >= 0.0 => Calc::Is(Thing::Float(x.sqrt())),
            Some(_) => Calc::Raises("ValueError", "the root of a negative number"),
            None => Calc::Unknown("the root of something unknown"),
        },
        ("math.isqrt", [Thing::Int(n)]) if *n >= 0 => Calc::Is(Thing::Int(n.isqrt())),
        ("math.gcd", [Thing::Int(a), Thing::Int(b)]) => {
            let (mut a, mut b) = (a.unsigned_abs(), b.unsigned_abs());
            while b != 0 {
                (a, b) = (b, a % b);
            }
            i64::try_from(a).map_or(TOO_LARGE, |n| Calc::Is(Thing::Int(n)))
        }
        _ => Calc::Unknown("a function that is not followed"),
    }
}
