//! What a server makes of a configured value: its own validators.

use super::{Setting, Version};
use crate::values::Value;

/// A value that stops the server's start, in the words of its own message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct CastError {
    /// What is wrong.
    pub message: String,
}

/// The value that `setting` holds after the server of `version` was given `value`.
pub fn cast(_setting: &Setting, value: &Value, _version: Version) -> Result<Value, CastError> {
    Ok(value.clone())
}
