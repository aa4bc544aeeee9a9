//! What the servers other than Gunicorn make of a value.
//!
//! Uvicorn and Granian leave it to click, Daphne and Hypercorn to argparse, uWSGI to C: words of a command
//! line come here already converted, and only ranges, choices and numbers remain to be looked at. A
//! configuration file of Hypercorn sets attributes to whatever it says.

use super::{CastError, plain, refuse};
use crate::servers::schema::Kind;
use crate::servers::{Server, Setting, Shape, Version, integer};
use crate::values::Value;

/// The value that `setting` holds after its server was given `value`.
pub(super) fn cast(setting: &Setting, value: &Value, version: Version) -> Result<Value, CastError> {
    if setting.server() == Server::Hypercorn {
        return Ok(attribute(setting, value));
    }
    let shape = setting.at(version);
    match (shape.kind(), value) {
        (Kind::Int | Kind::Count, Value::Int(number)) => {
            in_range(shape, *number)?;
            // `Config.__init__` of Uvicorn: `self.workers = workers or 1`.
            let nothing = setting.server() == Server::Uvicorn && setting.name() == "workers" && *number == 0;
            Ok(Value::Int(if nothing { 1 } else { *number }))
        }
        (Kind::Int | Kind::Count, Value::Str(text)) => match integer::decimal(text) {
            Some(number) => cast(setting, &Value::Int(number), version),
            None => refuse(format!("`{text}` is no whole number")),
        },
        (Kind::Float, Value::Str(text)) => match text.trim().parse() {
            Ok(number) => Ok(Value::Float(number)),
            Err(_) => refuse(format!("`{text}` is no number")),
        },
        (Kind::Duration, Value::Str(text)) => match seconds(text) {
            Some(seconds) => in_range(shape, seconds).map(|()| Value::Int(seconds)),
            None => refuse(format!("`{text}` is not a valid duration")),
        },
        (Kind::Duration, Value::Int(seconds)) => in_range(shape, *seconds).map(|()| value.clone()),
        (Kind::Choice, Value::Str(text)) => choice(setting.name(), shape, text),
        (Kind::TextList | Kind::Files, Value::Str(_)) => Ok(Value::List(vec![value.clone()])),
        _ => Ok(value.clone()),
    }
}

/// The default that `setting` gets from its [default variable](Setting::default_variable) holding `text`.
///
/// Uvicorn reads `WEB_CONCURRENCY` with `int()` and leaves a 0 as it is, unlike the one of its option.
pub(super) fn default_from(setting: &Setting, text: &str) -> Result<Value, CastError> {
    if setting.name() != "workers" {
        return Ok(Value::Str(text.to_owned()));
    }
    match integer::decimal(text) {
        Some(number) => Ok(Value::Int(number)),
        None => refuse(format!("invalid literal for int() with base 10: '{text}'")),
    }
}

/// `hypercorn.config.Config` of 0.18.0, whose attributes take anything; a few have setters.
fn attribute(setting: &Setting, value: &Value) -> Value {
    match (setting.name(), value) {
        ("bind" | "insecure_bind" | "quic_bind", Value::Str(_)) => Value::List(vec![value.clone()]),
        ("root_path", Value::Str(path)) => Value::Str(path.trim_end_matches('/').to_owned()),
        _ => value.clone(),
    }
}

fn in_range(shape: &Shape, number: i64) -> Result<(), CastError> {
    if shape.kind() == Kind::Count && number < 0 {
        return refuse(format!("must not be negative: {number}"));
    }
    let (minimum, maximum) = shape.range();
    if let Some(minimum) = minimum.filter(|minimum| number < *minimum) {
        return refuse(format!("{number} is less than {minimum}"));
    }
    if let Some(maximum) = maximum.filter(|maximum| number > *maximum) {
        return refuse(format!("{number} is more than {maximum}"));
    }
    Ok(())
}

fn choice(name: &str, shape: &Shape, text: &str) -> Result<Value, CastError> {
    let same = |choice: &&String| {
        if shape.data().exact_case { *choice == text } else { choice.eq_ignore_ascii_case(text) }
    };
    match shape.choices().iter().find(same) {
        Some(choice) => Ok(Value::Str(choice.clone())),
        None => refuse(format!(
            "{name}: `{}` is none of {}",
            plain(&Value::Str(text.to_owned())),
            shape.choices().join(", ")
        )),
    }
}

/// Granian's durations: `90`, `90s`, `1h30m`, `1d`, in seconds; an empty one is none at all.
fn seconds(text: &str) -> Option<i64> {
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        return text.parse().ok();
    }
    let (mut seconds, mut rest) = (0_i64, text);
    for (unit, factor) in [('d', 86_400), ('h', 3600), ('m', 60), ('s', 1)] {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, behind) = rest.split_at(digits);
        if let (Ok(number), Some(after)) = (number.parse::<i64>(), behind.strip_prefix(unit)) {
            seconds = seconds.saturating_add(number.saturating_mul(factor));
            rest = after;
        }
    }
    rest.is_empty().then_some(seconds)
}
