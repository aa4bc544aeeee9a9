//! What a setting can be set to, whatever file said so.

use std::fmt;

/// A fully known value of a setting or of a Python expression.
///
/// "Unknown" is deliberately no variant: who holds a `Value` knows it.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Python's `None`: the setting is there and empty.
    None,
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number with a fraction.
    Float(f64),
    /// Text.
    Str(String),
    /// A list or tuple; Gunicorn treats both alike.
    List(Vec<Value>),
    /// A mapping in source order.
    Dict(Vec<(Value, Value)>),
    /// A function, class or other object, by the name it is known under.
    Object(String),
}

impl Value {
    /// The number, if it is a whole one.
    pub const fn as_int(&self) -> Option<i64> {
        match self {
            Self::Int(n) => Some(*n),
            _ => None,
        }
    }

    /// The text, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Str(text) => Some(text),
            _ => None,
        }
    }

    /// The truth value, if it is one.
    pub const fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(b) => Some(*b),
            _ => None,
        }
    }
}

/// Prints the value as Python would spell it, which is how people write it in a config file.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let comma = |f: &mut fmt::Formatter<'_>, i: usize| if i > 0 { f.write_str(", ") } else { Ok(()) };
        match self {
            Self::None => f.write_str("None"),
            Self::Bool(b) => f.write_str(if *b { "True" } else { "False" }),
            Self::Int(n) => write!(f, "{n}"),
            Self::Float(x) => write!(f, "{x:?}"),
            Self::Str(text) => write!(f, "{text:?}"),
            Self::List(items) => {
                f.write_str("[")?;
                for (i, item) in items.iter().enumerate() {
                    comma(f, i)?;
                    write!(f, "{item}")?;
                }
                f.write_str("]")
            }
            Self::Dict(items) => {
                f.write_str("{")?;
                for (i, (key, value)) in items.iter().enumerate() {
                    comma(f, i)?;
                    write!(f, "{key}: {value}")?;
                }
                f.write_str("}")
            }
            Self::Object(name) => f.write_str(name),
        }
    }
}
