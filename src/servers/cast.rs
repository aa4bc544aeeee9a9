//! What a server makes of a configured value: Gunicorn's own validators.
//!
//! The other servers have looser ones; where they would take a value as it is, the kind in their
//! table says so. What only the machine can answer (does the file exist, is there such a user) is
//! not decided here: such a value passes.

use super::schema::Kind;
use super::{Setting, Shape, Version, addresses, integer};
use crate::values::Value;

/// A value that stops the server's start, in words close to its own.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct CastError {
    /// What is wrong.
    pub message: String,
}

/// The value that `setting` holds after a server of `version` was given `value`.
pub fn cast(setting: &Setting, value: &Value, version: Version) -> Result<Value, CastError> {
    let shape = setting.at(version);
    match shape.kind() {
        Kind::Bool => truth(value),
        Kind::Count | Kind::Int => whole(shape, value),
        Kind::Float => fraction(value),
        Kind::Duration => duration(shape, value),
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

pub(super) fn refuse<T>(message: impl Into<String>) -> Result<T, CastError> {
    Err(CastError {
        message: message.into(),
    })
}

/// The value as Python's `%s` prints it: text without quotes.
fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
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

fn fraction(value: &Value) -> Result<Value, CastError> {
    match value {
        Value::Str(text) => match text.trim().parse() {
            Ok(number) => Ok(Value::Float(number)),
            Err(_) => refuse(format!("`{text}` is no number")),
        },
        Value::Int(_) | Value::Float(_) => Ok(value.clone()),
        _ => refuse(format!("a number is needed, not {}", plain(value))),
    }
}

/// Granian's durations: `90`, `90s`, `1h30m`, `1d`, in seconds.
fn duration(shape: &Shape, value: &Value) -> Result<Value, CastError> {
    let Value::Str(text) = value else {
        return whole(shape, value);
    };
    let mut seconds = 0_i64;
    let mut rest = text.as_str();
    for (unit, factor) in [('d', 86_400), ('h', 3600), ('m', 60), ('s', 1)] {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, behind) = rest.split_at(digits);
        let Ok(number) = number.parse::<i64>() else {
            continue;
        };
        // A bare number is one of seconds.
        let after = if behind.is_empty() && digits == text.len() {
            Some("")
        } else {
            behind.strip_prefix(unit)
        };
        if let Some(after) = after {
            let factor = if behind.is_empty() { 1 } else { factor };
            seconds = seconds.saturating_add(number.saturating_mul(factor));
            rest = after;
        }
    }
    if !rest.is_empty() {
        return refuse(format!("`{text}` is not a valid duration"));
    }
    whole(shape, &Value::Int(seconds))
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
        Value::Dict(entries) => entries
            .iter()
            .map(|(key, _)| text(key))
            .collect::<Result<_, _>>()?,
        _ => return refuse(format!("a list of strings is needed, not {}", plain(value))),
    };
    Ok(Value::List(items))
}

fn comma_list(value: &Value) -> Result<Value, CastError> {
    let items = match text(value)? {
        Value::Str(text) => pieces(&text)
            .map(|piece| Value::Str(piece.to_owned()))
            .collect(),
        _ => Vec::new(),
    };
    Ok(Value::List(items))
}

/// The pieces between commas. One of white space alone stays, as an empty text.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    text.split(',')
        .filter(|piece| !piece.is_empty())
        .map(str::trim)
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
    let word = if data.exact_case {
        text.to_owned()
    } else {
        text.to_lowercase().trim().to_owned()
    };
    let word = data.synonyms.get(&word).cloned().unwrap_or(word);
    if data.choices.contains(&word) {
        Ok(Value::Str(word))
    } else {
        refuse(format!("Invalid {name}: {text}"))
    }
}

fn choice_list(name: &str, shape: &Shape, value: &Value) -> Result<Value, CastError> {
    let words: Vec<String> = match value {
        Value::None => Vec::new(),
        Value::Str(text) => pieces(text)
            .filter(|word| !word.is_empty())
            .map(str::to_lowercase)
            .collect(),
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
        _ => refuse(format!(
            "a name or a number is needed, not {}",
            plain(value)
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::servers::{Server, table};

    fn gunicorn(setting: &str, value: &Value, version: &str) -> Result<Value, CastError> {
        cast(
            table(Server::Gunicorn).setting(setting).unwrap(),
            value,
            version.parse().unwrap(),
        )
    }

    fn text(text: &str) -> Value {
        Value::Str(text.into())
    }

    /// Every line was checked with `Config().set(name, value)` of Gunicorn 27.0.1.
    #[test]
    fn values_pass_or_fail_as_in_gunicorn() {
        let list =
            |items: &[&str]| Value::List(items.iter().map(|item| self::text(item)).collect());
        let passes = [
            ("workers", text("3"), Value::Int(3)),
            ("workers", text("0x10"), Value::Int(16)),
            ("workers", Value::Bool(true), Value::Int(1)),
            ("workers", Value::Int(0), Value::Int(0)),
            ("preload_app", text(" TRUE "), Value::Bool(true)),
            ("preload_app", Value::None, Value::None),
            ("bind", text("a:1,b:2"), list(&["a:1,b:2"])),
            ("bind", Value::None, list(&[])),
            (
                "forwarded_allow_ips",
                text("10.0.0.0/8, ::1,*"),
                list(&["10.0.0.0/8", "::1", "*"]),
            ),
            (
                "forwarded_allow_ips",
                text("10.0.0.0/255.0.0.0"),
                list(&["10.0.0.0/255.0.0.0"]),
            ),
            (
                "forwarded_allow_ips",
                text("0.0.0.0/0"),
                list(&["0.0.0.0/0"]),
            ),
            ("proxy_protocol", Value::Bool(true), text("auto")),
            ("proxy_protocol", text("0"), text("off")),
            (
                "http2_cleartext",
                Value::Bool(true),
                text("prior-knowledge"),
            ),
            ("header_map", Value::None, Value::None),
            ("header_map", text("Drop "), text("drop")),
            ("http_protocols", text("h2, H1"), list(&["h2", "h1"])),
            ("http_protocols", text(""), list(&["h1"])),
            ("user", text("33"), Value::Int(33)),
            ("user", text("www-data"), text("www-data")),
            ("worker_class", text(" gevent "), text("gevent")),
            (
                "statsd_host",
                text("unix:/run/statsd"),
                text("unix:/run/statsd"),
            ),
            ("umask", Value::Int(0o22), Value::Int(18)),
        ];
        for (setting, given, held) in passes {
            assert_eq!(
                gunicorn(setting, &given, "27.0.1"),
                Ok(held),
                "{setting} = {given}"
            );
        }
        let fails = [
            ("workers", Value::Float(4.0)),
            ("workers", Value::None),
            ("workers", text("08")),
            ("workers", Value::Int(-1)),
            ("timeout", text("30s")),
            ("preload_app", Value::Int(1)),
            ("preload_app", text("yes")),
            ("bind", Value::Int(8000)),
            ("bind", Value::List(vec![Value::Int(1)])),
            ("loglevel", Value::Int(20)),
            ("forwarded_allow_ips", list(&["*"])),
            ("forwarded_allow_ips", text("10.0.0.1/8")),
            ("forwarded_allow_ips", text("localhost")),
            ("proxy_protocol", text("v3")),
            ("reload_engine", text("Auto")),
            ("reload_engine", Value::None),
            ("http_protocols", text("h1,h1")),
            ("http_protocols", text("h3")),
            ("http2_max_frame_size", Value::Int(100)),
            ("http2_max_concurrent_streams", Value::Int(0)),
            ("on_exit", Value::None),
            ("on_exit", text("hook")),
            ("logconfig_dict", text("{}")),
            ("chdir", Value::None),
            ("statsd_host", text("localhost:port")),
            ("config", Value::Object("decouple.config".into())),
        ];
        for (setting, given) in fails {
            assert!(
                gunicorn(setting, &given, "27.0.1").is_err(),
                "{setting} = {given}"
            );
        }
    }

    #[test]
    fn checks_follow_the_version() {
        let anything = text("localhost");
        assert!(gunicorn("forwarded_allow_ips", &anything, "20.1.0").is_ok());
        assert!(gunicorn("forwarded_allow_ips", &anything, "23.0.0").is_err());
        assert!(gunicorn("forwarded_allow_ips", &text("10.0.0.0/8"), "23.0.0").is_err());
        assert!(gunicorn("forwarded_allow_ips", &text("10.0.0.0/8"), "25.0.0").is_ok());
        assert!(gunicorn("proxy_protocol", &text("v1"), "23.0.0").is_err());
        assert!(gunicorn("http_protocols", &text("h3"), "26.0.0").is_ok());
        assert!(gunicorn("statsd_host", &text("localhost"), "20.1.0").is_err());
    }

    #[test]
    fn durations_are_seconds() {
        let granian = |given: &str| {
            let setting = table(Server::Granian).setting("workers_lifetime").unwrap();
            cast(setting, &text(given), Version::new(2, 8, 7)).ok()
        };
        assert_eq!(granian("1h30m"), Some(Value::Int(5400)));
        assert_eq!(granian("90"), Some(Value::Int(90)));
        assert_eq!(granian("90s"), Some(Value::Int(90)));
        assert_eq!(granian("1d"), Some(Value::Int(86_400)));
        for wrong in ["59", "1m1h", "1x", "s", "1.5h", "99999999999999999999d"] {
            assert_eq!(granian(wrong), None, "{wrong}");
        }
    }
}
