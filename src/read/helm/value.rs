//! The values of templates, each text with the bytes that it comes from.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::source::Span;
use crate::values::Order as _;

use super::super::decoded::Decoded;
use super::super::kubernetes::node::{HOLE, Kind, Node};

/// More text, and more elements of a list, than functions make of values. Each letter may come from another place, which
/// takes fifty times as much memory.
pub(super) const MAX_TEXT: usize = 128 << 10;
pub(super) const MAX_ELEMENTS: usize = 10_000;

/// A value of a template.
#[derive(Debug, Clone)]
pub(super) enum Value {
    /// Nothing tells.
    Unknown,
    Nil,
    Bool(bool, Decoded),
    /// Digits as they are written.
    Number(Decoded),
    /// May hold holes.
    Text(Decoded),
    List(Rc<Vec<Value>>),
    Map(Rc<Vec<(Decoded, Value)>>),
}

impl Value {
    /// A text that no file holds, made at `span`.
    pub(super) fn made(text: &str, span: Span) -> Self {
        let mut decoded = Decoded::default();
        decoded.push_escaped(text, span);
        Self::Text(decoded)
    }

    pub(super) fn number(number: f64, span: Span) -> Self {
        let mut decoded = Decoded::default();
        decoded.push_escaped(&format!("{number}"), span);
        Self::Number(decoded)
    }

    pub(super) fn bool(value: bool, span: Span) -> Self {
        let mut decoded = Decoded::default();
        decoded.push_escaped(if value { "true" } else { "false" }, span);
        Self::Bool(value, decoded)
    }

    /// A node of a values file.
    pub(super) fn of(node: &Node) -> Self {
        match &node.kind {
            Kind::Null => Self::Nil,
            Kind::List(items) => Self::List(Rc::new(items.iter().map(|item| Self::of(&item.node)).collect())),
            Kind::Map(entries) => {
                let key = |entry: &super::super::kubernetes::node::Entry| {
                    let mut key = Decoded::default();
                    key.push_escaped(&entry.key, entry.key_span);
                    if entry.key_span.len() == entry.key.len() {
                        Decoded::verbatim(&entry.key, entry.key_span.start)
                    } else {
                        key
                    }
                };
                Self::Map(Rc::new(entries.iter().map(|entry| (key(entry), Self::of(&entry.node))).collect()))
            }
            Kind::Text(text) => {
                let decoded = text.decoded.clone();
                match decoded.text() {
                    _ if text.quoted => Self::Text(decoded),
                    "true" | "True" | "TRUE" => Self::Bool(true, decoded),
                    "false" | "False" | "FALSE" => Self::Bool(false, decoded),
                    plain if is_number(plain) => Self::Number(decoded),
                    _ => Self::Text(decoded),
                }
            }
        }
    }

    /// How many elements it has, for a collection.
    pub(super) fn length(&self) -> usize {
        match self {
            Self::List(items) => items.len(),
            Self::Map(entries) => entries.len(),
            _ => 0,
        }
    }

    /// A number for how much work it is to copy it.
    pub(super) fn weight(&self) -> usize {
        match self {
            Self::Unknown | Self::Nil | Self::List(_) | Self::Map(_) => 0,
            Self::Bool(_, text) | Self::Number(text) | Self::Text(text) => text.text().len(),
        }
    }

    /// What it counts as in a condition; `None` where that is not known.
    pub(super) fn truth(&self) -> Option<bool> {
        match self {
            Self::Unknown => None,
            Self::Nil => Some(false),
            Self::Bool(value, _) => Some(*value),
            Self::Number(text) => text.text().parse().ok().map(|number: f64| number != 0.0),
            Self::Text(text) if text.text().contains(HOLE) => text.text().chars().any(|c| c != HOLE).then_some(true),
            Self::Text(text) => Some(!text.text().is_empty()),
            Self::List(items) => Some(!items.is_empty()),
            Self::Map(entries) => Some(!entries.is_empty()),
        }
    }

    /// The value at a key.
    pub(super) fn get(&self, key: &str) -> Self {
        match self {
            Self::Map(entries) => {
                let found = entries.iter().rev().find(|(own, _)| own.text() == key);
                found.map_or(Self::Nil, |(_, value)| value.clone())
            }
            Self::Nil => Self::Nil,
            _ => Self::Unknown,
        }
    }

    /// What is written where the value stands in a text.
    pub(super) fn written(&self, span: Span) -> Decoded {
        match self {
            Self::Nil => Decoded::default(),
            Self::Bool(_, text) | Self::Number(text) | Self::Text(text) => text.clone(),
            Self::Unknown | Self::List(_) | Self::Map(_) => hole(span),
        }
    }

    /// The text of a scalar that is known in full.
    pub(super) fn known(&self) -> Option<&str> {
        match self {
            Self::Bool(_, text) | Self::Number(text) | Self::Text(text) => {
                Some(text.text()).filter(|text| !text.contains(HOLE))
            }
            _ => None,
        }
    }

    /// `self` with what `over` sets: maps are joined, anything else is replaced, and null takes away.
    pub(super) fn overlaid(&self, over: &Self, depth: usize) -> Self {
        let (Self::Map(own), Self::Map(new)) = (self, over) else { return over.clone() };
        let places = places(own);
        let mut joined: Vec<(Decoded, Self)> = own.as_ref().clone();
        for (key, value) in new.iter() {
            match places.get(key.text()).and_then(|&at| joined.get_mut(at)) {
                Some((_, own)) if depth < 32 => *own = own.overlaid(value, depth + 1),
                Some((_, own)) => *own = value.clone(),
                None => joined.push((key.clone(), value.clone())),
            }
        }
        Self::Map(Rc::new(joined))
    }
}

/// Where each key of a map stands in it.
pub(super) fn places(entries: &[(Decoded, Value)]) -> BTreeMap<&str, usize> {
    // Of two of a name the first is the one that is joined.
    entries.iter().enumerate().rev().map(|(at, (key, _))| (key.text(), at)).collect()
}

/// A text of which nothing is known.
pub(super) fn hole(span: Span) -> Decoded {
    let mut decoded = Decoded::default();
    decoded.push_escaped(HOLE.encode_utf8(&mut [0; 4]), span);
    decoded
}

/// Whether YAML takes a plain scalar for a number.
pub(super) fn is_number(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c))
        && text.contains(|c: char| c.is_ascii_digit())
        && text.parse::<f64>().is_ok_and(f64::is_finite)
}

/// Writes a value as YAML in blocks, keys in the order of the alphabet.
pub(super) fn to_yaml(value: &Value, span: Span) -> Decoded {
    let mut out = Decoded::default();
    let mut left = 20_000;
    write(&mut out, value, 0, span, &mut left);
    let length = out.text().trim_end_matches('\n').len();
    out.part(0..length)
}

fn write(out: &mut Decoded, value: &Value, indent: usize, span: Span, left: &mut usize) {
    *left = left.saturating_sub(1);
    if *left == 0 || out.text().len() > MAX_TEXT {
        *left = 0;
        return;
    }
    let pad = " ".repeat(indent.min(200));
    match value {
        Value::List(items) if !items.is_empty() => {
            for item in items.iter() {
                out.push_escaped(&format!("{pad}- "), span);
                let mut inner = Decoded::default();
                write(&mut inner, item, indent + 2, span, left);
                // The first line stands behind the dash.
                let skip = inner.text().len() - inner.text().trim_start_matches(' ').len();
                out.push_from(&inner, skip..inner.text().len());
            }
        }
        Value::Map(entries) if !entries.is_empty() => {
            let mut sorted: Vec<&(Decoded, Value)> = entries.iter().collect();
            sorted.order_by(|a, b| a.0.text().cmp(b.0.text()));
            for (key, value) in sorted {
                out.push_escaped(&pad, span);
                write_text(out, key, span);
                out.push_escaped(":", span);
                match value {
                    Value::List(items) if !items.is_empty() => {
                        out.push_escaped("\n", span);
                        write(out, value, indent, span, left);
                    }
                    Value::Map(entries) if !entries.is_empty() => {
                        out.push_escaped("\n", span);
                        write(out, value, indent + 2, span, left);
                    }
                    scalar => {
                        out.push_escaped(" ", span);
                        write(out, scalar, 0, span, left);
                    }
                }
            }
        }
        scalar => {
            match scalar {
                Value::List(_) => out.push_escaped("[]", span),
                Value::Map(_) => out.push_escaped("{}", span),
                Value::Nil => out.push_escaped("null", span),
                Value::Text(text) => write_text(out, text, span),
                other => {
                    let written = other.written(span);
                    out.push_from(&written, 0..written.text().len());
                }
            }
            out.push_escaped("\n", span);
        }
    }
}

fn write_text(out: &mut Decoded, text: &Decoded, span: Span) {
    let plain = text.text();
    let safe = |c: char| c.is_alphanumeric() || "/._-@+=,() ".contains(c) || c == HOLE;
    let bare = plain.starts_with(|c: char| c.is_alphabetic() || c == '/' || c == HOLE)
        && plain.chars().all(safe)
        && !plain.ends_with(' ')
        && !matches!(
            plain.to_ascii_lowercase().as_str(),
            "true" | "false" | "null" | "yes" | "no" | "on" | "off" | "y" | "n"
        );
    if bare {
        out.push_from(text, 0..plain.len());
    } else {
        quoted(out, text, span);
    }
}

/// The text in double quotes.
pub(super) fn quoted(out: &mut Decoded, text: &Decoded, span: Span) {
    out.push_escaped("\"", span);
    let mut from = 0;
    for (at, char) in text.text().char_indices() {
        let escape = match char {
            '"' => "\\\"",
            '\\' => "\\\\",
            '\n' => "\\n",
            '\t' => "\\t",
            '\r' => "\\r",
            _ => continue,
        };
        out.push_from(text, from..at);
        from = at + char.len_utf8();
        out.push_escaped(escape, text.span(at..from));
    }
    out.push_from(text, from..text.text().len());
    out.push_escaped("\"", span);
}
