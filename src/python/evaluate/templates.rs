//! Texts with fields: `"...".format(...)` and `"..." % ...`.

use crate::source::Span;

use super::call::Arguments;
use super::cell::{Cell, Thing};
use super::operators::{Calc, MAX_TEXT, Number, TOO_LARGE};
use super::run::{Run, Step};
use super::spec::{escaped, number_field, text_field};

/// A field of `format` in its parts.
struct Field<'t> {
    name: &'t str,
    conversion: Option<&'t str>,
    spec: &'t str,
}

/// What stands in front of the closing brace, and what behind; braces in the specification are part of it.
fn field(rest: &str) -> Option<(Field<'_>, &str)> {
    let mut depth = 0_usize;
    let end = rest.char_indices().find_map(|(at, c)| match c {
        '{' => {
            depth += 1;
            None
        }
        '}' if depth == 0 => Some(at),
        '}' => {
            depth -= 1;
            None
        }
        _ => None,
    })?;
    let (inside, after) = (rest.get(..end)?, rest.get(end + 1..)?);
    let (head, spec) = match inside.find(':') {
        Some(at) => (inside.get(..at)?, inside.get(at + 1..)?),
        None => (inside, ""),
    };
    let (name, conversion) = match head.split_once('!') {
        Some((name, conversion)) => (name, Some(conversion)),
        None => (head, None),
    };
    Some((Field { name, conversion, spec }, after))
}

impl<'a> Run<'a, '_> {
    /// `template.format(...)`.
    pub(super) fn format_method(&mut self, template: &str, arguments: &Arguments<'a>, at: Span) -> Step<Calc<'a>> {
        let mut next = 0;
        self.fill_in(template, arguments, &mut next, 0, at)
    }

    fn fill_in(
        &mut self,
        template: &str,
        arguments: &Arguments<'a>,
        next: &mut usize,
        depth: usize,
        at: Span,
    ) -> Step<Calc<'a>> {
        let mut text = String::new();
        let mut rest = template;
        while let Some(found) = rest.find(['{', '}']) {
            self.spend(1)?;
            text.push_str(rest.get(..found).unwrap_or(""));
            let brace = rest.get(found..=found).unwrap_or("");
            rest = rest.get(found + 1..).unwrap_or("");
            if let Some(after) = rest.strip_prefix(brace).filter(|_| depth == 0) {
                text.push_str(brace);
                rest = after;
                continue;
            }
            let Some((field, after)) = field(rest).filter(|_| brace == "{" && depth < 2) else {
                return Ok(Calc::Raises("ValueError", "a format with an unmatched brace"));
            };
            rest = after;
            let value = match self.field_value(field.name, arguments, next, at)? {
                Ok(value) => value,
                Err(calc) => return Ok(calc),
            };
            let spec = match self.fill_in(field.spec, arguments, next, depth + 1, at)? {
                Calc::Is(Thing::Str(spec)) => spec,
                other => return Ok(other),
            };
            let piece = if value.soft || value.is_unknown() {
                None
            } else {
                match field.conversion {
                    None => self.formatted(&value, &spec)?,
                    Some("s") => self.text_of(&value)?.and_then(|shown| text_field(&shown, &spec)),
                    Some("r") => self.repr(&value, 0)?.and_then(|shown| text_field(&shown, &spec)),
                    Some("a") => self.repr(&value, 0)?.and_then(|shown| text_field(&escaped(&shown), &spec)),
                    Some(_) => None,
                }
            };
            match piece {
                Some(piece) if text.len() + piece.len() <= MAX_TEXT => text.push_str(&piece),
                Some(_) => return Ok(TOO_LARGE),
                None => return Ok(Calc::Unknown("a format of something that is not followed")),
            }
        }
        text.push_str(rest);
        Ok(if text.len() > MAX_TEXT { TOO_LARGE } else { Calc::Is(Thing::Str(text.into())) })
    }

    /// The argument that a field names, and the attributes and elements behind it.
    fn field_value(
        &mut self,
        name: &str,
        arguments: &Arguments<'a>,
        next: &mut usize,
        at: Span,
    ) -> Step<Result<Cell<'a>, Calc<'a>>> {
        let end = name.find(['.', '[']).unwrap_or(name.len());
        let (first, mut path) = name.split_at(end);
        let argument = if first.is_empty() {
            *next += 1;
            arguments.positional.get(*next - 1)
        } else if let Ok(index) = first.parse::<usize>() {
            arguments.positional.get(index)
        } else {
            arguments.named(first)
        };
        let Some(mut value) = argument.cloned() else {
            let class = if first.is_empty() || first.parse::<usize>().is_ok() { "IndexError" } else { "KeyError" };
            return Ok(Err(Calc::Raises(class, "a format without its argument")));
        };
        while !path.is_empty() {
            self.spend(1)?;
            if let Some(rest) = path.strip_prefix('.') {
                let end = rest.find(['.', '[']).unwrap_or(rest.len());
                let (attribute, rest) = rest.split_at(end);
                value = self.attribute(&value, attribute, at)?;
                path = rest;
            } else if let Some((key, rest)) = path.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
                let key = match key.parse::<i64>() {
                    Ok(index) if index >= 0 => Cell::new(Thing::Int(index)),
                    _ => Cell::str(key),
                };
                value = self.item(&value, &key, at)?;
                path = rest;
            } else {
                return Ok(Err(Calc::Raises("ValueError", "a format field that is none")));
            }
        }
        // What it rests on beyond the arguments themselves is not told to the caller.
        Ok(if value.deps.is_open() && !arguments.all().any(|cell| cell.deps.is_open()) {
            Err(Calc::Unknown("a format of something that is not followed"))
        } else {
            Ok(value)
        })
    }

    /// `template % value`; `None` where it is not followed.
    pub(super) fn percent(&mut self, template: &str, value: &Cell<'a>, at: Span) -> Step<Option<Calc<'a>>> {
        let (values, mapping) = match &value.thing {
            Thing::Tuple(items) => (items.to_vec(), false),
            Thing::Dict(_) => (vec![value.clone()], true),
            Thing::List(_)
            | Thing::Str(_)
            | Thing::Int(_)
            | Thing::Float(_)
            | Thing::Bool(_)
            | Thing::None
            | Thing::Path(_) => (vec![value.clone()], false),
            _ => return Ok(None),
        };
        let mut values = values.into_iter();
        let mut text = String::new();
        let mut rest = template;
        let mut named = false;
        while let Some((before, after)) = rest.split_once('%') {
            text.push_str(before);
            self.spend(1)?;
            let (key, after) = match after.strip_prefix('(') {
                Some(inside) => match inside.split_once(')') {
                    Some((key, after)) if !key.contains('(') => (Some(key), after),
                    _ => return Ok(None),
                },
                None => (None, after),
            };
            let Some(end) = after.find(|c: char| c.is_ascii_alphabetic() || c == '%') else {
                return Ok(Some(Calc::Raises("ValueError", "a format that ends in the middle of a field")));
            };
            let (flags, kind) = (after.get(..end).unwrap_or(""), after.get(end..=end).unwrap_or(""));
            rest = after.get(end + 1..).unwrap_or("");
            if kind == "%" {
                if !flags.is_empty() || key.is_some() {
                    return Ok(None);
                }
                text.push('%');
                continue;
            }
            let argument = match key {
                Some(key) if mapping => {
                    named = true;
                    self.item(value, &Cell::str(key), at)?
                }
                Some(_) => return Ok(Some(Calc::Raises("TypeError", "a format that needs a mapping"))),
                None => match values.next() {
                    Some(argument) => argument,
                    None => return Ok(Some(Calc::Raises("TypeError", "a format without its argument"))),
                },
            };
            if argument.soft || argument.is_unknown() {
                return Ok(None);
            }
            let piece = match self.percent_field(kind, flags, &argument)? {
                Ok(piece) => piece,
                Err(calc) => return Ok(calc),
            };
            if text.len() + piece.len() > MAX_TEXT {
                return Ok(Some(TOO_LARGE));
            }
            text.push_str(&piece);
        }
        text.push_str(rest);
        // A list counts as a mapping here, of which not every element must be used.
        let lenient = mapping || named || matches!(value.thing, Thing::List(_));
        if values.next().is_some() && !lenient {
            return Ok(Some(Calc::Raises("TypeError", "a format with too many arguments")));
        }
        Ok(Some(Calc::Is(Thing::Str(text.into()))))
    }

    /// One field of `%`; `Err(None)` where it is not followed.
    fn percent_field(
        &mut self,
        kind: &str,
        flags: &str,
        argument: &Cell<'a>,
    ) -> Step<Result<String, Option<Calc<'a>>>> {
        let left = flags.contains('-');
        let digits = flags.trim_start_matches(['-', '+', ' ', '0', '#']);
        let signs = flags.get(..flags.len() - digits.len()).unwrap_or("");
        if signs.contains('#') || !digits.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
            return Ok(Err(None));
        }
        let text = match kind {
            "s" => self.text_of(argument)?,
            "r" => self.repr(argument, 0)?,
            "a" => self.repr(argument, 0)?.map(|shown| escaped(&shown)),
            _ => None,
        };
        if matches!(kind, "s" | "r" | "a") {
            let spec = format!("{}{digits}", if left { '<' } else { '>' });
            return Ok(text.and_then(|text| text_field(&text, &spec)).ok_or(None));
        }
        let number = match (kind, Number::of(&argument.thing)) {
            ("d" | "i" | "u", Some(Number::Float(x))) if x.is_finite() && x.abs() < 9e15 => {
                #[allow(clippy::cast_possible_truncation, reason = "the range was checked")]
                let whole = x.trunc() as i64;
                Some(Number::Int(whole))
            }
            ("x" | "X" | "o", Some(Number::Float(_))) => {
                return Ok(Err(Some(Calc::Raises("TypeError", "a number format for something else"))));
            }
            (_, number) => number,
        };
        let Some(number) = number else {
            let plain = matches!(
                argument.thing,
                Thing::Str(_) | Thing::None | Thing::List(_) | Thing::Tuple(_) | Thing::Dict(_)
            );
            return Ok(Err(
                (plain && kind != "c").then_some(Calc::Raises("TypeError", "a number format for something else"))
            ));
        };
        let kind = match kind {
            "d" | "i" | "u" if !digits.contains('.') => "d",
            "x" | "X" | "o" if !digits.contains('.') => kind,
            "f" | "F" | "e" | "g" => kind,
            _ => return Ok(Err(None)),
        };
        let sign = if signs.contains('+') {
            "+"
        } else if signs.contains(' ') {
            " "
        } else {
            ""
        };
        let align = if left { "<" } else { "" };
        let zero = if signs.contains('0') && !left { "0" } else { "" };
        Ok(number_field(number, &format!("{align}{sign}{zero}{digits}{kind}")).ok_or(None))
    }
}
