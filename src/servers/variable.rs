//! Environment variables that stand for a setting, or that its default is computed from.

use super::cast::{CastError, cast};
use super::{Kind, Setting, Table, Version};
use crate::values::Value;

impl Table {
    /// The variable that stands for an option, for servers that read one for each: `UVICORN_WORKERS`.
    pub fn variable_of(&self, setting: &Setting) -> Option<String> {
        let prefix = self.environment_prefix()?;
        Some(format!("{prefix}{}", setting.name().to_ascii_uppercase()))
    }
}

/// The value that a setting takes from the text of its variable.
///
/// Gunicorn 27 reads `WEB_CONCURRENCY` with Python's `int`, and makes `0.0.0.0:PORT` of `PORT`.
pub fn from_variable(setting: &Setting, text: &str, version: Version) -> Result<Value, CastError> {
    let shape = setting.at(version);
    let value = match (setting.default_variable(), shape.kind()) {
        (Some("PORT"), _) => Value::List(vec![Value::Str(format!("0.0.0.0:{text}"))]),
        (Some(_), Kind::Count) => text
            .trim()
            .parse()
            .map_or_else(|_| Value::Str(text.to_owned()), Value::Int),
        _ => Value::Str(text.to_owned()),
    };
    cast(setting, &value, version)
}
