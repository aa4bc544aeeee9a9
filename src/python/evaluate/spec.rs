//! How Python writes numbers and texts: `repr`, and the fields of a format specification.

use std::fmt::Write as _;

use super::operators::{MAX_TEXT, Number};

/// How Python writes a float: the shortest digits that read back the same.
pub(super) fn float_text(x: f64) -> String {
    if x.is_nan() {
        return "nan".to_owned();
    }
    if x.is_infinite() {
        return if x > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    let size = x.abs();
    if size != 0.0 && !(1e-4..1e16).contains(&size) {
        let text = format!("{x:e}");
        let Some((digits, exponent)) = text.split_once('e') else { return text };
        let (sign, exponent) = match exponent.strip_prefix('-') {
            Some(exponent) => ('-', exponent),
            None => ('+', exponent),
        };
        return format!("{digits}e{sign}{exponent:0>2}");
    }
    format!("{x:?}")
}

/// `repr` of a text; `None` where a character may or may not be printable.
pub(super) fn quoted(text: &str) -> Option<String> {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut shown = String::with_capacity(text.len() + 2);
    shown.push(quote);
    for c in text.chars() {
        match c {
            '\\' => shown.push_str("\\\\"),
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            c if c == quote => shown.extend(['\\', c]),
            c if c.is_ascii_control() => {
                let _ = write!(shown, "\\x{:02x}", u32::from(c));
            }
            c if c.is_ascii() || c.is_alphanumeric() => shown.push(c),
            _ => return None,
        }
    }
    shown.push(quote);
    Some(shown)
}

/// `ascii()` of what `repr` gives.
pub(super) fn escaped(shown: &str) -> String {
    let mut text = String::with_capacity(shown.len());
    for c in shown.chars() {
        match u32::from(c) {
            0..=0x7f => text.push(c),
            n @ 0x80..=0xff => {
                let _ = write!(text, "\\x{n:02x}");
            }
            n @ 0x100..=0xffff => {
                let _ = write!(text, "\\u{n:04x}");
            }
            n => {
                let _ = write!(text, "\\U{n:08x}");
            }
        }
    }
    text
}

/// A format specification in its parts.
#[derive(Debug, Default)]
struct Spec {
    fill: Option<char>,
    align: Option<char>,
    sign: Option<char>,
    alternate: bool,
    zero: bool,
    width: usize,
    grouping: Option<char>,
    precision: Option<usize>,
    kind: Option<char>,
}

impl Spec {
    fn parse(text: &str) -> Option<Self> {
        let mut spec = Self::default();
        let chars: Vec<char> = text.chars().collect();
        let is_align = |c: Option<&char>| c.copied().filter(|c| matches!(c, '<' | '>' | '^' | '='));
        let mut at = 0;
        if let Some(align) = is_align(chars.get(1)) {
            spec.fill = chars.first().copied();
            spec.align = Some(align);
            at = 2;
        } else if let Some(align) = is_align(chars.first()) {
            spec.align = Some(align);
            at = 1;
        }
        if let Some(sign @ ('+' | '-' | ' ')) = chars.get(at).copied() {
            spec.sign = Some(sign);
            at += 1;
        }
        if chars.get(at) == Some(&'#') {
            spec.alternate = true;
            at += 1;
        }
        if chars.get(at) == Some(&'0') {
            spec.zero = true;
            at += 1;
        }
        let number = |at: &mut usize| -> Option<Option<usize>> {
            let start = *at;
            while chars.get(*at).is_some_and(char::is_ascii_digit) {
                *at += 1;
            }
            let digits: String = chars.get(start..*at)?.iter().collect();
            if digits.is_empty() { Some(None) } else { digits.parse().ok().filter(|n| *n <= MAX_TEXT / 4).map(Some) }
        };
        spec.width = number(&mut at)?.unwrap_or(0);
        if let Some(grouping @ (',' | '_')) = chars.get(at).copied() {
            spec.grouping = Some(grouping);
            at += 1;
        }
        if chars.get(at) == Some(&'.') {
            at += 1;
            spec.precision = Some(number(&mut at)??);
        }
        spec.kind = chars.get(at).copied();
        let complete = chars.len() <= at + usize::from(spec.kind.is_some());
        complete.then_some(spec)
    }

    fn pad(&self, text: &str, usual: char) -> Option<String> {
        let missing = self.width.saturating_sub(text.chars().count());
        let fill = self.fill.unwrap_or(' ');
        let (left, right) = match self.align.unwrap_or(usual) {
            '<' => (0, missing),
            '^' => (missing / 2, missing - missing / 2),
            '>' => (missing, 0),
            _ => return None,
        };
        let fill = |count: usize| std::iter::repeat_n(fill, count).collect::<String>();
        Some(format!("{}{text}{}", fill(left), fill(right)))
    }
}

/// A text in the field that a specification describes; `None` where Python refuses it or it is not followed.
pub(super) fn text_field(text: &str, spec: &str) -> Option<String> {
    let spec = Spec::parse(spec)?;
    let odd = spec.sign.is_some() || spec.alternate || spec.zero || spec.grouping.is_some();
    if odd || !matches!(spec.kind, None | Some('s')) {
        return None;
    }
    let cut: String = text.chars().take(spec.precision.unwrap_or(usize::MAX)).collect();
    spec.pad(&cut, '<')
}

/// A number in the field that a specification describes; `None` where Python refuses it or it is not
/// followed.
pub(super) fn number_field(value: Number, spec: &str) -> Option<String> {
    let spec = Spec::parse(spec)?;
    if spec.precision.is_some_and(|precision| precision > 64) {
        return None;
    }
    let negative = match value {
        Number::Int(n) => n < 0,
        Number::Float(x) => x.is_sign_negative() && !x.is_nan(),
    };
    let (prefix, body) = match (spec.kind, value) {
        (Some('d') | None, Number::Int(n)) if spec.precision.is_none() => ("", n.unsigned_abs().to_string()),
        (Some(kind @ ('x' | 'X' | 'b' | 'o')), Number::Int(n)) if spec.precision.is_none() => {
            let n = n.unsigned_abs();
            match kind {
                'x' => ("0x", format!("{n:x}")),
                'X' => ("0X", format!("{n:X}")),
                'b' => ("0b", format!("{n:b}")),
                _ => ("0o", format!("{n:o}")),
            }
        }
        (Some('c'), _) => return None,
        (kind, value) => ("", float_body(value.float().abs(), kind, &spec, matches!(value, Number::Int(_)))?),
    };
    let prefix = if spec.alternate { prefix } else { "" };
    let per = if matches!(spec.kind, Some('x' | 'X' | 'b' | 'o')) { 4 } else { 3 };
    let body = match spec.grouping {
        Some(',') if per == 4 => return None,
        Some(separator) => grouped(&body, separator, per)?,
        None => body,
    };
    let sign = match (negative, spec.sign) {
        (true, _) => "-",
        (false, Some('+')) => "+",
        (false, Some(' ')) => " ",
        _ => "",
    };
    let fills_inside = spec.align == Some('=') || (spec.zero && spec.align.is_none());
    if spec.zero && spec.align.is_some_and(|align| align != '=') && spec.fill.is_none() {
        let filled = Spec { fill: Some('0'), ..spec };
        return filled.pad(&format!("{sign}{prefix}{body}"), '>');
    }
    if fills_inside {
        if spec.grouping.is_some() {
            return None;
        }
        let fill = spec.fill.unwrap_or(if spec.zero { '0' } else { ' ' });
        let missing = spec.width.saturating_sub(sign.len() + prefix.len() + body.chars().count());
        let fill: String = std::iter::repeat_n(fill, missing).collect();
        return Some(format!("{sign}{prefix}{fill}{body}"));
    }
    spec.pad(&format!("{sign}{prefix}{body}"), '>')
}

/// The digits of a float that is not negative.
fn float_body(x: f64, kind: Option<char>, spec: &Spec, whole: bool) -> Option<String> {
    if !x.is_finite() || spec.alternate {
        return None;
    }
    let places = spec.precision.unwrap_or(6);
    match kind {
        Some('f' | 'F') => Some(format!("{x:.places$}")),
        Some('%') => Some(format!("{:.places$}%", x * 100.0)),
        Some('e') => scientific(x, places),
        Some('g') => general(x, places.max(1)),
        None if !whole && spec.precision.is_none() => Some(float_text(x)),
        _ => None,
    }
}

fn scientific(x: f64, places: usize) -> Option<String> {
    let text = format!("{x:.places$e}");
    let (digits, exponent) = text.split_once('e')?;
    let (sign, exponent) = match exponent.strip_prefix('-') {
        Some(exponent) => ('-', exponent),
        None => ('+', exponent),
    };
    Some(format!("{digits}e{sign}{exponent:0>2}"))
}

/// `g`: as many significant digits, without zeros at the end.
fn general(x: f64, digits: usize) -> Option<String> {
    let rounded = format!("{x:.*e}", digits - 1);
    let exponent: i32 = rounded.split_once('e')?.1.parse().ok()?;
    let trimmed = |text: &str| {
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text.to_owned() }
    };
    let significant = i32::try_from(digits).ok()?;
    if exponent < -4 || exponent >= significant {
        let text = scientific(x, digits - 1)?;
        let (body, exponent) = text.split_once('e')?;
        return Some(format!("{}e{exponent}", trimmed(body)));
    }
    let places = usize::try_from(significant - 1 - exponent).ok()?;
    Some(trimmed(&format!("{x:.places$}")))
}

/// Digits in groups.
fn grouped(digits: &str, separator: char, per: usize) -> Option<String> {
    let end = digits.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(digits.len());
    let (whole, rest) = digits.split_at(end);
    if rest.contains('e') {
        return None;
    }
    let mut grouped = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index) % per == 0 {
            grouped.push(separator);
        }
        grouped.push(digit);
    }
    Some(format!("{grouped}{rest}"))
}
