//! The functions of templates that charts lead a server's configuration through.
//!
//! Those of Go's `text/template`, of the library Sprig and of Helm. Whatever is not here, or is given
//! something unknown, comes to something unknown.

use std::rc::Rc;

use crate::source::Span;

use super::super::decoded::Decoded;
use super::super::kubernetes::node::HOLE;
use super::value::{MAX_ELEMENTS, MAX_TEXT, Value, hole, places, quoted, to_yaml};

/// Maps are joined this deep.
const MAX_DEPTH: usize = 32;

/// What a function makes of its arguments.
pub(super) fn call(name: &str, arguments: &[Value], span: Span) -> Value {
    let all = || arguments.iter();
    match (name, arguments) {
        ("default", [fallback, value]) => match value.truth() {
            Some(true) => value.clone(),
            Some(false) => fallback.clone(),
            None => Value::Unknown,
        },
        ("required", [_, only]) | ("default" | "deepCopy" | "toString" | "print", [only]) => only.clone(),
        ("coalesce", _) => {
            for value in all() {
                match value.truth() {
                    Some(true) => return value.clone(),
                    Some(false) => {}
                    None => return Value::Unknown,
                }
            }
            Value::Nil
        }
        ("ternary", [yes, no, test]) => match test.truth() {
            Some(true) => yes.clone(),
            Some(false) => no.clone(),
            None => Value::Unknown,
        },
        ("not" | "empty", [value]) => value.truth().map_or(Value::Unknown, |truth| Value::bool(!truth, span)),
        ("lookup", _) => Value::Map(Rc::default()),
        ("dict", pairs) => {
            let pair = |pair: &[Value]| Some((pair.first()?.written(span), pair.get(1)?.clone()));
            pairs.chunks(2).map(pair).collect::<Option<Vec<_>>>().map_or(Value::Unknown, |map| Value::Map(Rc::new(map)))
        }
        ("list" | "tuple", items) => Value::List(Rc::new(items.to_vec())),
        ("get" | "index", [map, keys @ ..]) => keys.iter().fold(map.clone(), |value, key| at(&value, key)),
        ("hasKey", [Value::Map(entries), key]) => key
            .known()
            .map_or(Value::Unknown, |key| Value::bool(entries.iter().any(|(own, _)| own.text() == key), span)),
        ("dig", [keys @ .., fallback, map]) => dig(keys, fallback, map),
        ("merge", [first, rest @ ..]) => rest.iter().fold(first.clone(), |merged, other| filled(&merged, other, 0)),
        ("omit" | "pick", [Value::Map(entries), keys @ ..]) => chosen(entries, keys, name == "pick"),
        ("mergeOverwrite", [first, rest @ ..]) => {
            rest.iter().fold(first.clone(), |merged, other| joined(&merged, other))
        }
        ("first", [Value::List(items)]) => items.first().cloned().unwrap_or(Value::Nil),
        ("last", [Value::List(items)]) => items.last().cloned().unwrap_or(Value::Nil),
        ("len", [Value::List(items)]) => Value::made(&items.len().to_string(), span),
        ("len", [Value::Map(entries)]) => Value::made(&entries.len().to_string(), span),
        ("concat", _) => {
            let mut items = Vec::new();
            for value in all() {
                match value {
                    Value::List(more) if items.len() + more.len() > MAX_ELEMENTS => return Value::Unknown,
                    Value::List(more) => items.extend(more.iter().cloned()),
                    Value::Nil => {}
                    _ => return Value::Unknown,
                }
            }
            Value::List(Rc::new(items))
        }
        ("kindIs", [kind, value]) => match (kind.known(), value) {
            (_, Value::Unknown) | (None, _) => Value::Unknown,
            (Some(kind), value) => Value::bool(kind == kind_of(value), span),
        },
        ("toYaml" | "toPrettyYaml", [Value::Unknown]) | ("toJson" | "toRawJson", [_]) => Value::Text(hole(span)),
        ("toYaml" | "toPrettyYaml", [value]) => Value::Text(to_yaml(value, span)),
        ("eq", [first, rest @ ..]) => any_equal(first, rest, span),
        ("ne", [a, b]) => equal(a, b).map_or(Value::Unknown, |same| Value::bool(!same, span)),
        ("lt" | "le" | "gt" | "ge", [a, b]) => compare(name, a, b, span),
        ("contains" | "hasPrefix" | "hasSuffix", [part, text]) => found(name, part, text, span),
        ("has", [item, Value::List(items)]) => any_equal(item, items, span),
        ("until", [count]) => counted(count, span),
        _ => texts(name, arguments, span).or_else(|| numbers(name, arguments, span)).unwrap_or(Value::Unknown),
    }
}

fn at(value: &Value, key: &Value) -> Value {
    match (value, key.known()) {
        (Value::List(items), Some(key)) => {
            key.parse().ok().and_then(|index: usize| items.get(index).cloned()).unwrap_or(Value::Unknown)
        }
        (value, Some(key)) => value.get(key),
        _ => Value::Unknown,
    }
}

fn dig(keys: &[Value], fallback: &Value, map: &Value) -> Value {
    let mut value = map.clone();
    for key in keys {
        value = at(&value, key);
        if matches!(value, Value::Nil) {
            return fallback.clone();
        }
    }
    value
}

fn joined(base: &Value, over: &Value) -> Value {
    match (base, over) {
        (Value::Map(_), Value::Map(_)) => base.overlaid(over, 0),
        (Value::Nil, other) | (other, Value::Nil) => other.clone(),
        _ => Value::Unknown,
    }
}

/// `merge` of Sprig: what is empty in a map, or is not there, comes from the other one (mergo 1.0, `Merge`), so
/// that `false` and `0` give way as well.
fn filled(own: &Value, other: &Value, depth: usize) -> Value {
    let (own, other) = match (own, other) {
        (Value::Map(own), Value::Map(other)) => (own, other),
        (Value::Nil, other) | (other, Value::Nil) => return other.clone(),
        _ => return Value::Unknown,
    };
    let places = places(own);
    let mut joined: Vec<(Decoded, Value)> = own.as_ref().clone();
    for (key, value) in other.iter() {
        let present = places.get(key.text()).and_then(|&at| joined.get_mut(at));
        let Some((_, present)) = present else {
            joined.push((key.clone(), value.clone()));
            continue;
        };
        *present = match (&*present, value) {
            (_, Value::Nil) => continue,
            (Value::Map(_), Value::Map(_)) if depth < MAX_DEPTH => filled(present, value, depth + 1),
            _ => match present.truth() {
                Some(true) => continue,
                Some(false) => value.clone(),
                None => Value::Unknown,
            },
        };
    }
    Value::Map(Rc::new(joined))
}

/// A map with the entries of these keys only, or without them.
fn chosen(entries: &[(Decoded, Value)], keys: &[Value], picks: bool) -> Value {
    let Some(keys) = keys.iter().map(Value::known).collect::<Option<Vec<&str>>>() else { return Value::Unknown };
    let wanted = entries.iter().filter(|(key, _)| keys.contains(&key.text()) == picks);
    Value::Map(Rc::new(wanted.cloned().collect()))
}

const fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Unknown => "",
        Value::Nil => "invalid",
        Value::Bool(..) => "bool",
        Value::Number(_) => "float64",
        Value::Text(_) => "string",
        Value::List(_) => "slice",
        Value::Map(_) => "map",
    }
}

fn equal(a: &Value, b: &Value) -> Option<bool> {
    match (a, b) {
        (Value::Nil, Value::Nil) => Some(true),
        (Value::Unknown, _) | (_, Value::Unknown) => None,
        (Value::Nil, _) | (_, Value::Nil) => Some(false),
        (Value::Number(a), Value::Number(b)) => {
            Some(a.text().parse::<f64>().ok()?.total_cmp(&b.text().parse().ok()?).is_eq())
        }
        _ => Some(a.known()? == b.known()?),
    }
}

fn any_equal(first: &Value, rest: &[Value], span: Span) -> Value {
    let mut open = false;
    for other in rest {
        match equal(first, other) {
            Some(true) => return Value::bool(true, span),
            Some(false) => {}
            None => open = true,
        }
    }
    if open { Value::Unknown } else { Value::bool(false, span) }
}

fn compare(name: &str, a: &Value, b: &Value, span: Span) -> Value {
    let number = |value: &Value| value.known().and_then(|text| text.parse::<f64>().ok());
    let (Some(a), Some(b)) = (number(a), number(b)) else { return Value::Unknown };
    let truth = match name {
        "lt" => a < b,
        "le" => a <= b,
        "gt" => a > b,
        _ => a >= b,
    };
    Value::bool(truth, span)
}

fn found(name: &str, part: &Value, text: &Value, span: Span) -> Value {
    let (Some(part), Some(text)) = (part.known(), text.known()) else { return Value::Unknown };
    let truth = match name {
        "contains" => text.contains(part),
        "hasPrefix" => text.starts_with(part),
        _ => text.ends_with(part),
    };
    Value::bool(truth, span)
}

fn counted(count: &Value, span: Span) -> Value {
    let count = count.known().and_then(|text| text.parse::<usize>().ok()).filter(|count| *count <= 1_000);
    count.map_or(Value::Unknown, |count| {
        Value::List(Rc::new((0..count).map(|n| Value::made(&n.to_string(), span)).collect()))
    })
}

/// Functions of texts; what has holes stays as it is where only its ends would change.
fn texts(name: &str, arguments: &[Value], span: Span) -> Option<Value> {
    let (last, front) = arguments.split_last()?;
    let option = |at: usize| front.get(at).and_then(Value::known);
    if matches!(name, "quote" | "squote") {
        return Some(quote(name, arguments, span));
    }
    if name == "printf" {
        return Some(Value::Text(printf(arguments, span)));
    }
    let text = match last {
        Value::Unknown => hole(span),
        other => other.written(span),
    };
    let plain = text.text();
    let cut = |range: std::ops::Range<usize>| Some(Value::Text(text.part(range)));
    match name {
        "indent" | "nindent" => {
            let pad = " ".repeat(option(0)?.parse::<usize>().ok().filter(|pad| *pad <= 200)?);
            Some(Value::Text(indented(&text, &pad, name == "nindent", span)))
        }
        "trim" => {
            let start = plain.len() - plain.trim_start().len();
            cut(start..start + plain.trim().len())
        }
        "trimSuffix" => cut(0..plain.strip_suffix(option(0)?).unwrap_or(plain).len()),
        "trimPrefix" => cut(plain.len() - plain.strip_prefix(option(0)?).unwrap_or(plain).len()..plain.len()),
        "trimAll" => {
            let set: Vec<char> = option(0)?.chars().collect();
            let start = plain.len() - plain.trim_start_matches(set.as_slice()).len();
            cut(start..start + plain.trim_matches(set.as_slice()).len())
        }
        "trunc" => {
            let most = option(0)?.parse::<usize>().ok()?;
            let end = plain.char_indices().nth(most).map_or(plain.len(), |(at, _)| at);
            cut(0..if plain.contains(HOLE) { plain.len() } else { end })
        }
        "lower" | "upper" | "title" if plain.contains(HOLE) => Some(Value::Text(text)),
        "lower" => Some(changed(&text, &plain.to_ascii_lowercase())),
        "upper" => Some(changed(&text, &plain.to_ascii_uppercase())),
        "replace" => {
            let (from, to) = (option(0)?, option(1)?);
            let found = plain.matches(from).take(MAX_TEXT).count();
            if found.saturating_mul(to.len()) > MAX_TEXT {
                return None;
            }
            if found > 0 { Some(changed(&text, &plain.replace(from, to))) } else { Some(Value::Text(text)) }
        }
        "join" => match last {
            Value::List(items) => {
                let between = option(0)?;
                let mut out = Decoded::default();
                for (at, item) in items.iter().enumerate() {
                    if at > 0 {
                        out.push_escaped(between, span);
                    }
                    let item = item.written(span);
                    out.push_from(&item, 0..item.text().len());
                    if out.text().len() > MAX_TEXT {
                        return None;
                    }
                }
                Some(Value::Text(out))
            }
            _ => None,
        },
        "b64enc" | "sha256sum" | "randAlphaNum" => Some(Value::Text(hole(span))),
        _ => None,
    }
}

/// A number as it is printed.
pub(super) fn plain_number(text: &Decoded) -> Value {
    let whole = text.text().parse().ok().filter(|number: &f64| number.fract() == 0.0 && number.abs() < 1e6);
    whole.map_or_else(|| Value::Number(text.clone()), |number| changed(text, &format!("{number}")))
}

/// Another text in the place of one.
fn changed(text: &Decoded, new: &str) -> Value {
    if new == text.text() {
        return Value::Text(text.clone());
    }
    let mut decoded = Decoded::default();
    decoded.push_escaped(new, text.span(0..text.text().len()));
    Value::Text(decoded)
}

fn quote(name: &str, arguments: &[Value], span: Span) -> Value {
    let mut out = Decoded::default();
    for value in arguments.iter().filter(|value| !matches!(value, Value::Nil)) {
        if !out.text().is_empty() {
            out.push_escaped(" ", span);
        }
        if out.text().len() > MAX_TEXT {
            return Value::Unknown;
        }
        let text = value.written(span);
        if name == "quote" {
            quoted(&mut out, &text, span);
        } else {
            out.push_escaped("'", span);
            out.push_from(&text, 0..text.text().len());
            out.push_escaped("'", span);
        }
    }
    Value::Text(out)
}

/// `%s`, `%d`, `%v` and `%q`; any other verb leaves a hole.
fn printf(arguments: &[Value], span: Span) -> Decoded {
    let mut out = Decoded::default();
    let Some((format, mut rest)) = arguments.split_first() else { return out };
    let Value::Text(format) = format else { return hole(span) };
    let plain = format.text();
    let mut at = 0;
    while let Some(found) = plain.get(at..).and_then(|rest| rest.find('%')) {
        out.push_from(format, at..at + found);
        if out.text().len() > MAX_TEXT {
            return hole(span);
        }
        at += found + 1;
        let Some(verb) = plain.get(at..).and_then(|rest| rest.chars().next()) else { break };
        at += verb.len_utf8();
        if verb == '%' {
            out.push_escaped("%", span);
            continue;
        }
        let (value, left) = rest.split_first().map_or((&Value::Unknown, rest), |(value, left)| (value, left));
        rest = left;
        let text = if "sdv".contains(verb) { value.written(span) } else { hole(span) };
        if verb == 'q' {
            quoted(&mut out, &value.written(span), span);
        } else {
            out.push_from(&text, 0..text.text().len());
        }
        if !"sdvq".contains(verb) {
            // `%-10s` and the like go on behind the letter that was taken for the verb.
            return hole(span);
        }
    }
    out.push_from(format, at..plain.len());
    out
}

fn indented(text: &Decoded, pad: &str, on_new_line: bool, span: Span) -> Decoded {
    let mut out = Decoded::default();
    if on_new_line {
        out.push_escaped("\n", span);
    }
    let mut at = 0;
    for line in text.text().split_inclusive('\n') {
        out.push_escaped(pad, span);
        out.push_from(text, at..at + line.len());
        if out.text().len() > MAX_TEXT {
            return hole(span);
        }
        at += line.len();
    }
    out
}

/// Functions of numbers.
fn numbers(name: &str, arguments: &[Value], span: Span) -> Option<Value> {
    let numbers: Vec<f64> = arguments.iter().map(|value| value.known()?.parse().ok()).collect::<Option<Vec<f64>>>()?;
    let (&first, rest) = numbers.split_first()?;
    let result = match (name, rest) {
        // The digits stay those of the file.
        ("int" | "int64" | "atoi", []) if first.fract() == 0.0 => {
            return Some(Value::Number(arguments.first()?.written(span)));
        }
        ("float64", []) => return Some(Value::Number(arguments.first()?.written(span))),
        ("int" | "int64", []) => first.trunc(),
        ("ceil", []) => first.ceil(),
        ("floor", []) => first.floor(),
        ("round", [_]) => first.round(),
        ("add1", []) => first + 1.0,
        ("add", rest) => rest.iter().fold(first, |sum, n| sum + n),
        ("sub", [other]) => first - other,
        ("mul", rest) => rest.iter().fold(first, |product, n| product * n),
        ("div", [other]) if *other != 0.0 => (first / other).trunc(),
        ("mod", [other]) if *other != 0.0 => first % other,
        ("max", rest) => rest.iter().copied().fold(first, f64::max),
        ("min", rest) => rest.iter().copied().fold(first, f64::min),
        _ => return None,
    };
    result.is_finite().then(|| Value::number(result, span))
}
