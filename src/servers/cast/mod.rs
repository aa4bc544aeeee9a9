//! What a server makes of a configured value: Gunicorn's own validators.
//!
//! The other servers check less, and their own way: `loose` has theirs. What only the machine can answer (does the file exist, is there such a user) is
//! not decided here: such a value passes.

use super::schema::Kind;
use super::{Server, Setting, Shape, Version, addresses, integer};
use crate::values::Value;

mod loose;

/// A value that stops the server's start, in words close to its own.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct CastError {
    /// What is wrong.
    pub message: String,
}

/// The value that `setting` holds after a server of `version` was given `value`.
pub fn cast(setting: &Setting, value: &Value, version: Version) -> Result<Value, CastError> {
    if setting.server() != Server::Gunicorn {
        return loose::cast(setting, value, version);
    }
    let shape = setting.at(version);
    match shape.kind() {
        Kind::Bool => truth(value),
        Kind::Count | Kind::Int => whole(shape, value),
        Kind::Float | Kind::Duration => refuse("Gunicorn has no such setting"),
        Kind::Text => text(value),
        Kind::TextList | Kind::Files => text_list(value),
        Kind::CommaList => comma_list(value),
        Kind::Addresses => addresses::trusted(comma_list(value)?, false),
        Kind::Networks => addresses::trusted(comma_list(value)?, true),
        Kind::Choice => choice(setting.name(), shape, value),
        Kind::ChoiceList => choice_list(setting.name(), shape, value),
        Kind::Class => {
            if let Value::Object(_) = value {
                Ok(value.clone())
            } else {
                text(value)
            }
        }
        Kind::Callable => callable(value),
        Kind::Mapping => match value {
            Value::Dict(_) => Ok(value.clone()),
            _ => refuse(format!("Value is not a dictionary: {}", plain(value))),
        },
        Kind::Account => account(setting.name(), value),
        Kind::Folder => match text(value)? {
            Value::None => refuse("a path is needed, not None"),
            folder => Ok(folder),
        },
        Kind::Address => addresses::metrics(text(value)?, version),
        Kind::Any => Ok(value.clone()),
    }
}

/// The default that `setting` gets from its [default variable](Setting::default_variable) holding
/// `text`, before anything else sets it. An error stops the start even if something else does.
///
/// Gunicorn reads `WEB_CONCURRENCY` with `int()`, which refuses an empty text; `PORT` becomes an
/// address on all interfaces, and an empty one fails only when it is bound.
pub fn default_from(setting: &Setting, text: &str, version: Version) -> Result<Value, CastError> {
    if setting.server() != Server::Gunicorn {
        return loose::default_from(setting, text);
    }
    match setting.at(version).kind() {
        Kind::Count | Kind::Int => match integer::decimal(text) {
            Some(number) => cast(setting, &Value::Int(number), version),
            None => refuse(format!("invalid literal for int() with base 10: '{text}'")),
        },
        Kind::TextList => {
            let address = Value::Str(format!("0.0.0.0:{text}"));
            cast(setting, &Value::List(vec![address]), version)
        }
        Kind::Bool => {
            let yes = matches!(text.to_lowercase().as_str(), "y" | "1" | "yes" | "true");
            Ok(Value::Bool(yes))
        }
        _ => cast(setting, &Value::Str(text.to_owned()), version),
    }
}

pub(super) fn refuse<T>(message: impl Into<String>) -> Result<T, CastError> {
    Err(CastError { message: message.into() })
}

/// The value as Python's `%s` prints it: text without quotes.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn truth(value: &Value) -> Result<Value, CastError> {
    match value {
        Value::None | Value::Bool(_) => Ok(value.clone()),
        Value::Str(text) => match text.to_lowercase().trim() {
            "true" => Ok(Value::Bool(true)),
            "false" => Ok(Value::Bool(false)),
            _ => refuse(format!("Invalid boolean: {text}")),
        },
        _ => refuse(format!("Invalid type for casting: {}", plain(value))),
    }
}

fn whole(shape: &Shape, value: &Value) -> Result<Value, CastError> {
    let number = match value {
        Value::Int(n) => *n,
        // Python's booleans are numbers.
        Value::Bool(b) => i64::from(*b),
        Value::Str(text) => match integer::any_base(text) {
            Some(n) => n,
            None => return refuse(format!("`{text}` is no whole number")),
        },
        _ => return refuse(format!("a whole number is needed, not {}", plain(value))),
    };
    let (minimum, maximum) = shape.range();
    if shape.kind() == Kind::Count && number < 0 {
        return refuse(format!("Value must be positive: {number}"));
    }
    if let Some(minimum) = minimum.filter(|minimum| number < *minimum) {
        return refuse(format!("must be at least {minimum}: {number}"));
    }
    if let Some(maximum) = maximum.filter(|maximum| number > *maximum) {
        return refuse(format!("must be at most {maximum}: {number}"));
    }
    Ok(Value::Int(number))
}

fn text(value: &Value) -> Result<Value, CastError> {
    match value {
        Value::None => Ok(Value::None),
        Value::Str(text) => Ok(Value::Str(text.trim().to_owned())),
        _ => refuse(format!("Not a string: {}", plain(value))),
    }
}

fn text_list(value: &Value) -> Result<Value, CastError> {
    let items = match value {
        Value::None | Value::Bool(false) | Value::Int(0) => Vec::new(),
        Value::Str(text) if text.is_empty() => Vec::new(),
        Value::Str(_) => vec![text(value)?],
        Value::List(items) => items.iter().map(text).collect::<Result<_, _>>()?,
        // Python goes through a mapping by its keys.
        Value::Dict(entries) => entries.iter().map(|(key, _)| text(key)).collect::<Result<_, _>>()?,
        _ => return refuse(format!("a list of strings is needed, not {}", plain(value))),
    };
    Ok(Value::List(items))
}

fn comma_list(value: &Value) -> Result<Value, CastError> {
    let items = match text(value)? {
        Value::Str(text) => pieces(&text).map(|piece| Value::Str(piece.to_owned())).collect(),
        _ => Vec::new(),
    };
    Ok(Value::List(items))
}

/// The pieces between commas. One of white space alone stays, as an empty text.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').filter(|piece| !piece.is_empty()).map(str::trim)
}

fn choice(name: &str, shape: &Shape, value: &Value) -> Result<Value, CastError> {
    let data = shape.data();
    let stand_in = match value {
        Value::None if data.choice_none.is_none() && !data.exact_case => return Ok(Value::None),
        Value::None => &data.choice_none,
        Value::Bool(true) => &data.choice_true,
        Value::Bool(false) => &data.choice_false,
        _ => &None,
    };
    if let Some(word) = stand_in {
        return Ok(Value::Str(word.clone()));
    }
    let Some(text) = value.as_str() else {
        return refuse(format!("Invalid type for {name}: {}", plain(value)));
    };
    let word = if data.exact_case { text.to_owned() } else { text.to_lowercase().trim().to_owned() };
    let word = data.synonyms.get(&word).cloned().unwrap_or(word);
    if data.choices.contains(&word) { Ok(Value::Str(word)) } else { refuse(format!("Invalid {name}: {text}")) }
}

fn choice_list(name: &str, shape: &Shape, value: &Value) -> Result<Value, CastError> {
    let words: Vec<String> = match value {
        Value::None => Vec::new(),
        Value::Str(text) => pieces(text).filter(|word| !word.is_empty()).map(str::to_lowercase).collect(),
        _ => return refuse(format!("{name} must be a string")),
    };
    if words.is_empty() {
        return Ok(shape.default().cloned().unwrap_or(Value::None));
    }
    for (i, word) in words.iter().enumerate() {
        if !shape.choices().contains(word) {
            return refuse(format!("Invalid {name}: {word}"));
        }
        if words.iter().take(i).any(|earlier| earlier == word) {
            return refuse(format!("{name} names {word} twice"));
        }
    }
    Ok(Value::List(words.into_iter().map(Value::Str).collect()))
}

fn callable(value: &Value) -> Result<Value, CastError> {
    match value {
        Value::Object(_) => Ok(value.clone()),
        Value::Str(path) if path.contains('.') => Ok(value.clone()),
        Value::Str(path) => refuse(format!("Value '{path}' is not import string")),
        _ => refuse(format!("Value is not callable: {}", plain(value))),
    }
}

fn account(name: &str, value: &Value) -> Result<Value, CastError> {
    match value {
        Value::Str(text) if text.is_empty() => refuse(format!("No such {name}: ''")),
        Value::Str(text) if text.bytes().all(|b| b.is_ascii_digit()) => {
            Ok(integer::decimal(text).map_or_else(|| value.clone(), Value::Int))
        }
        Value::None | Value::Int(_) | Value::Bool(_) | Value::Str(_) => Ok(value.clone()),
        _ => refuse(format!("a name or a number is needed, not {}", plain(value))),
    }
}

#[cfg(test)]
mod tests;
