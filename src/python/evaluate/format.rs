//! Texts made from values: f-strings, `format`, `%`, `str` and `repr`.

use super::super::syntax::ast::{self, ConversionFlag, FStringPart, InterpolatedStringElement};
use super::super::syntax::span_of;
use super::call::Arguments;
use super::cell::{Cell, Text, Thing};
use super::operators::{Calc, MAX_TEXT, Number, TOO_LARGE};
use super::run::{Run, Step};

/// How deep `repr` goes.
const MAX_DEPTH: usize = 8;

impl<'a> Run<'a, '_> {
    /// `str(value)`; `None` if it is not known.
    pub(super) fn text_of(&mut self, cell: &Cell<'a>) -> Step<Option<String>> {
        match &cell.thing {
            Thing::Str(text) => {
                self.spend(text.len() / 64)?;
                Ok(Some(text.to_string()))
            }
            _ => self.repr(cell, 0),
        }
    }

    pub(super) fn repr(&mut self, cell: &Cell<'a>, depth: usize) -> Step<Option<String>> {
        self.spend(1)?;
        if depth > MAX_DEPTH || cell.soft {
            return Ok(None);
        }
        let listed = |run: &mut Self, items: &[Cell<'a>]| -> Step<Option<String>> {
            let mut text = String::new();
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    text.push_str(", ");
                }
                let Some(piece) = run.repr(item, depth + 1)? else { return Ok(None) };
                // The elements may rest on more than the whole does.
                if !item.deps.is_empty() || text.len() + piece.len() > MAX_TEXT {
                    return Ok(None);
                }
                text.push_str(&piece);
            }
            Ok(Some(text))
        };
        Ok(match &cell.thing {
            Thing::None => Some("None".to_owned()),
            Thing::Bool(b) => Some(if *b { "True" } else { "False" }.to_owned()),
            Thing::Int(n) => Some(n.to_string()),
            Thing::Float(x) => Some(float_text(*x)),
            Thing::Str(text) => {
                self.spend(text.len() / 16)?;
                quoted(text)
            }
            Thing::Tuple(items) if items.len() == 1 => listed(self, items)?.map(|text| format!("({text},)")),
            Thing::Tuple(items) => listed(self, items)?.map(|text| format!("({text})")),
            Thing::List(id) => match self.items(*id).map(<[_]>::to_vec) {
                Some(items) => listed(self, &items)?.map(|text| format!("[{text}]")),
                None => None,
            },
            _ => None,
        })
    }

    pub(super) fn f_string(&mut self, string: &'a ast::ExprFString) -> Step<Cell<'a>> {
        let mut text = String::new();
        let mut rests_on = Cell::new(Thing::None);
        let mut unknown: Option<Text> = None;
        for part in &string.value {
            match part {
                FStringPart::Literal(literal) => text.push_str(&literal.value),
                FStringPart::FString(part) => {
                    for element in &part.elements {
                        self.element(element, &mut text, &mut rests_on, &mut unknown)?;
                    }
                }
            }
        }
        let mut result = match unknown {
            Some(why) => Cell::new(Thing::Unknown(why)),
            None if text.len() > MAX_TEXT => Cell::unknown("too large"),
            None => Cell::str(&text),
        };
        result.deps.add(&rests_on.deps);
        result.soft = rests_on.soft && !result.is_unknown();
        Ok(result)
    }

    fn element(
        &mut self,
        element: &'a InterpolatedStringElement,
        text: &mut String,
        rests_on: &mut Cell<'a>,
        unknown: &mut Option<Text>,
    ) -> Step<()> {
        let expression = match element {
            InterpolatedStringElement::Literal(literal) => {
                self.spend(literal.value.len() / 64)?;
                text.push_str(&literal.value);
                return Ok(());
            }
            InterpolatedStringElement::Interpolation(expression) => expression,
        };
        let value = self.expression(&expression.expression)?;
        let mut spec = String::new();
        for element in expression.format_spec.iter().flat_map(|spec| &spec.elements) {
            self.nested(|run| run.element(element, &mut spec, rests_on, unknown))?;
        }
        if let Some(debug) = &expression.debug_text {
            text.push_str(debug.leading());
            text.push_str(self.source(span_of(expression.expression.as_ref())));
            text.push_str(debug.trailing());
        }
        let plain = expression.debug_text.is_some() && spec.is_empty();
        let shown = match expression.conversion {
            ConversionFlag::None if plain => self.repr(&value, 0)?,
            ConversionFlag::None => self.formatted(&value, &spec)?,
            ConversionFlag::Str => {
                let shown = self.text_of(&value)?;
                shown.and_then(|shown| padded(&shown, &spec, false))
            }
            ConversionFlag::Repr => {
                let shown = self.repr(&value, 0)?;
                shown.and_then(|shown| padded(&shown, &spec, false))
            }
            ConversionFlag::Ascii => None,
        };
        let taken = std::mem::replace(rests_on, Cell::new(Thing::None));
        *rests_on = taken.resting_on(&value);
        match shown {
            Some(shown) if text.len() + shown.len() <= MAX_TEXT => text.push_str(&shown),
            _ if unknown.is_none() => {
                *unknown = Some(if value.is_unknown() || value.soft {
                    value.because()
                } else {
                    "a text made from something that is not followed".into()
                });
            }
            _ => {}
        }
        Ok(())
    }

    /// `format(value, spec)`; `None` where the specification is not followed.
    pub(super) fn formatted(&mut self, cell: &Cell<'a>, spec: &str) -> Step<Option<String>> {
        // A variable that may be absent would be the word "None": nobody means that.
        if cell.soft || cell.is_unknown() {
            return Ok(None);
        }
        if spec.is_empty() {
            return self.text_of(cell);
        }
        Ok(match &cell.thing {
            Thing::Str(text) => padded(text, spec.strip_suffix('s').unwrap_or(spec), false),
            Thing::Int(n) => number(Number::Int(*n), spec),
            Thing::Float(x) => number(Number::Float(*x), spec),
            _ => None,
        })
    }

    /// `"...".format(...)`.
    pub(super) fn format_method(&mut self, template: &str, arguments: &Arguments<'a>) -> Step<Calc<'a>> {
        let mut text = String::new();
        let mut rest = template;
        let mut next = 0;
        while let Some(at) = rest.find(['{', '}']) {
            text.push_str(rest.get(..at).unwrap_or(""));
            let brace = rest.get(at..=at).unwrap_or("");
            rest = rest.get(at + 1..).unwrap_or("");
            if let Some(after) = rest.strip_prefix(brace) {
                text.push_str(brace);
                rest = after;
                continue;
            }
            let Some((field, after)) = rest.split_once('}').filter(|_| brace == "{") else {
                return Ok(Calc::Raises("ValueError", "a format with an unmatched brace"));
            };
            rest = after;
            let (name, spec) = field.split_once(':').unwrap_or((field, ""));
            let argument = if name.is_empty() {
                next += 1;
                arguments.positional.get(next - 1)
            } else if let Ok(index) = name.parse::<usize>() {
                arguments.positional.get(index)
            } else if name.contains(['.', '[', '!', '{']) || field.contains('{') {
                return Ok(Calc::Unknown("a format that is not followed"));
            } else {
                arguments.named(name)
            };
            let Some(argument) = argument.cloned() else {
                return Ok(Calc::Raises("IndexError", "a format without its argument"));
            };
            match self.formatted(&argument, spec)? {
                Some(piece) if text.len() + piece.len() <= MAX_TEXT => text.push_str(&piece),
                Some(_) => return Ok(TOO_LARGE),
                None => return Ok(Calc::Unknown("a format of something that is not followed")),
            }
            self.spend(1)?;
        }
        text.push_str(rest);
        Ok(if text.len() > MAX_TEXT { TOO_LARGE } else { Calc::Is(Thing::Str(text.into())) })
    }

    /// `format % value`; `None` where it is not followed.
    pub(super) fn percent(&mut self, template: &str, value: &Cell<'a>) -> Step<Option<Calc<'a>>> {
        let values = match &value.thing {
            Thing::Tuple(items) => items.to_vec(),
            Thing::Dict(_) | Thing::List(_) | Thing::Set(_) => return Ok(None),
            _ => vec![value.clone()],
        };
        let mut values = values.into_iter();
        let mut text = String::new();
        let mut rest = template;
        while let Some((before, after)) = rest.split_once('%') {
            text.push_str(before);
            self.spend(1)?;
            if let Some(after) = after.strip_prefix('%') {
                text.push('%');
                rest = after;
                continue;
            }
            let end = after.find(|c: char| c.is_ascii_alphabetic() || c == '(');
            let Some((end, kind)) = end.and_then(|end| Some((end, after.get(end..=end)?))) else { return Ok(None) };
            let flags = after.get(..end).unwrap_or("");
            let Some(argument) = values.next() else {
                return Ok(Some(Calc::Raises("TypeError", "a format without its argument")));
            };
            if argument.soft || argument.is_unknown() || !argument.deps.is_empty() && value.deps.is_empty() {
                return Ok(None);
            }
            let piece = match (kind, &argument.thing) {
                ("s", _) if flags.is_empty() => self.text_of(&argument)?,
                ("r", _) if flags.is_empty() => self.repr(&argument, 0)?,
                ("d" | "i", Thing::Int(n)) => number(Number::Int(*n), &percent_spec(flags, "d")),
                ("d" | "i", Thing::Bool(b)) if flags.is_empty() => Some(i64::from(*b).to_string()),
                ("f", Thing::Int(_) | Thing::Float(_)) => {
                    Number::of(&argument.thing).and_then(|n| number(n, &percent_spec(flags, "f")))
                }
                ("x", Thing::Int(n)) if flags.is_empty() && *n >= 0 => Some(format!("{n:x}")),
                ("d" | "i" | "f" | "x", Thing::Str(_) | Thing::None) => {
                    return Ok(Some(Calc::Raises("TypeError", "a number format for something else")));
                }
                _ => None,
            };
            match piece {
                Some(piece) if text.len() + piece.len() <= MAX_TEXT => text.push_str(&piece),
                Some(_) => return Ok(Some(TOO_LARGE)),
                None => return Ok(None),
            }
            rest = after.get(end + 1..).unwrap_or("");
        }
        text.push_str(rest);
        if values.next().is_some() {
            return Ok(Some(Calc::Raises("TypeError", "a format with too many arguments")));
        }
        Ok(Some(Calc::Is(Thing::Str(text.into()))))
    }
}

/// Flags of `%` in the words of `format`, which writes `-` as `<`.
fn percent_spec(flags: &str, kind: &str) -> String {
    match flags.strip_prefix('-') {
        Some(flags) => format!("<{flags}{kind}"),
        None => format!("{flags}{kind}"),
    }
}

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

/// `repr` of a text without characters that need an escape.
fn quoted(text: &str) -> Option<String> {
    if text.chars().any(|c| c.is_control() || c == '\\' || !c.is_ascii()) {
        return None;
    }
    match (text.contains('\''), text.contains('"')) {
        (false, _) => Some(format!("'{text}'")),
        (true, false) => Some(format!("\"{text}\"")),
        (true, true) => None,
    }
}

/// Fill and alignment of a format specification, and what follows it.
fn alignment(spec: &str) -> (char, Option<char>, &str) {
    let mut chars = spec.chars();
    match (chars.next(), chars.next()) {
        (Some(fill), Some(align @ ('<' | '>' | '^' | '='))) => (fill, Some(align), chars.as_str()),
        (Some(align @ ('<' | '>' | '^' | '=')), _) => (' ', Some(align), spec.get(1..).unwrap_or("")),
        _ => (' ', None, spec),
    }
}

fn align(text: &str, width: usize, fill: char, align: char) -> Option<String> {
    let missing = width.saturating_sub(text.chars().count());
    if missing > MAX_TEXT / 4 {
        return None;
    }
    let (left, right) = match align {
        '<' => (0, missing),
        '^' => (missing / 2, missing - missing / 2),
        _ => (missing, 0),
    };
    let fill = |count: usize| std::iter::repeat_n(fill, count).collect::<String>();
    Some(format!("{}{text}{}", fill(left), fill(right)))
}

/// A text in a field of a width.
fn padded(text: &str, spec: &str, numeric: bool) -> Option<String> {
    let (fill, chosen, width) = alignment(spec);
    if width.is_empty() {
        return Some(text.to_owned());
    }
    if width.starts_with('0') || !width.bytes().all(|b| b.is_ascii_digit()) || chosen == Some('=') {
        return None;
    }
    align(text, width.parse().ok()?, fill, chosen.unwrap_or(if numeric { '>' } else { '<' }))
}

/// A number by a format specification such as `05d`, `,`, `.2f` or `>8`.
fn number(value: Number, spec: &str) -> Option<String> {
    let (fill, chosen, rest) = alignment(spec);
    let (plus, rest) = rest.strip_prefix('+').map_or((false, rest), |rest| (true, rest));
    let zero = rest.starts_with('0');
    let digits_end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let width: usize = rest.get(..digits_end)?.parse().unwrap_or(0);
    let rest = rest.get(digits_end..)?;
    let (grouped, rest) = rest.strip_prefix(',').map_or((false, rest), |rest| (true, rest));
    if zero && (grouped || chosen.is_some()) || width > MAX_TEXT / 4 {
        return None;
    }
    let (precision, kind) = match rest.strip_prefix('.') {
        Some(rest) => {
            let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            (Some(rest.get(..end)?.parse::<usize>().ok()?), rest.get(end..)?)
        }
        None => (None, rest),
    };
    if precision.is_some_and(|precision| precision > 64) {
        return None;
    }
    let body = match (kind, value, precision) {
        ("d" | "", Number::Int(n), None) => n.unsigned_abs().to_string(),
        ("x", Number::Int(n), None) => format!("{:x}", n.unsigned_abs()),
        ("b", Number::Int(n), None) => format!("{:b}", n.unsigned_abs()),
        ("o", Number::Int(n), None) => format!("{:o}", n.unsigned_abs()),
        ("f" | "F", n, precision) if n.float().is_finite() => {
            format!("{:.*}", precision.unwrap_or(6), n.float().abs())
        }
        ("%", n, precision) if n.float().is_finite() => {
            format!("{:.*}%", precision.unwrap_or(6), (n.float() * 100.0).abs())
        }
        ("", Number::Float(x), None) => float_text(x.abs()),
        _ => return None,
    };
    let body = if grouped { group(&body)? } else { body };
    let negative = match value {
        Number::Int(n) => n < 0,
        Number::Float(x) => x.is_sign_negative(),
    };
    let sign = if negative {
        "-"
    } else if plus {
        "+"
    } else {
        ""
    };
    if zero || chosen == Some('=') {
        let fill = if zero { '0' } else { fill };
        let body = align(&body, width.saturating_sub(sign.len()), fill, '>')?;
        return Some(format!("{sign}{body}"));
    }
    align(&format!("{sign}{body}"), width, fill, chosen.unwrap_or('>'))
}

/// Digits in groups of three.
fn group(digits: &str) -> Option<String> {
    let (whole, fraction) = match digits.find('.') {
        Some(at) => digits.split_at(at),
        None => (digits, ""),
    };
    if !whole.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let mut grouped = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    Some(format!("{grouped}{fraction}"))
}
