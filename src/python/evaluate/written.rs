//! Values that are written in texts: JSON, and Python's own literals.

use crate::values::Value;

use super::super::syntax::ast::{self, Expr, Number, Stmt};
use super::super::syntax::parse;

/// What a text says.
pub(super) enum Written {
    Is(Value),
    /// It is not in that language.
    Not,
    /// It may be, but what it says is not followed.
    Unknown,
}

/// The longest text that is read, in bytes.
const MAX_LENGTH: usize = 1 << 16;
/// How deep literals may nest.
const MAX_DEPTH: usize = 32;

/// `json.loads(text)`.
pub(super) fn json(text: &str) -> Written {
    if text.len() > MAX_LENGTH {
        return Written::Unknown;
    }
    match serde_json::from_str::<serde_json::Value>(text) {
        Ok(value) => json_value(&value, 0).map_or(Written::Unknown, Written::Is),
        // Python also reads these, and has no limit on the depth that is near.
        Err(_) if text.contains("NaN") || text.contains("Infinity") || text.matches(['[', '{']).count() > 64 => {
            Written::Unknown
        }
        Err(_) => Written::Not,
    }
}

fn json_value(value: &serde_json::Value, depth: usize) -> Option<Value> {
    if depth > MAX_DEPTH {
        return None;
    }
    Some(match value {
        serde_json::Value::Null => Value::None,
        serde_json::Value::Bool(b) => Value::Bool(*b),
        serde_json::Value::Number(n) => match n.as_i64() {
            Some(n) => Value::Int(n),
            // A whole number beyond 64 bits arrives as a float, which it is not to Python.
            None => Value::Float(n.as_f64().filter(|x| x.abs() < 9e18)?),
        },
        serde_json::Value::String(text) => Value::Str(text.clone()),
        serde_json::Value::Array(items) => {
            Value::List(items.iter().map(|item| json_value(item, depth + 1)).collect::<Option<_>>()?)
        }
        serde_json::Value::Object(entries) => {
            let entry = |(key, value): (&String, &serde_json::Value)| {
                Some((Value::Str(key.clone()), json_value(value, depth + 1)?))
            };
            Value::Dict(entries.iter().map(entry).collect::<Option<_>>()?)
        }
    })
}

/// `ast.literal_eval(text)`.
pub(super) fn literal(text: &str) -> Written {
    let text = text.trim_matches([' ', '\t']);
    if text.len() > MAX_LENGTH {
        return Written::Unknown;
    }
    let Ok(module) = parse(text) else { return Written::Unknown };
    match (module.body.as_slice(), module.errors.as_slice()) {
        ([Stmt::Expr(statement)], []) => literal_value(&statement.value, 0).map_or(Written::Unknown, Written::Is),
        (_, []) => Written::Unknown,
        _ => Written::Not,
    }
}

/// The value of an expression that consists of literals alone.
pub fn written_out(expr: &Expr) -> Option<Value> {
    literal_value(expr, 0)
}

fn literal_value(expr: &Expr, depth: usize) -> Option<Value> {
    if depth > MAX_DEPTH {
        return None;
    }
    let all = |items: &[Expr]| items.iter().map(|item| literal_value(item, depth + 1)).collect::<Option<Vec<_>>>();
    Some(match expr {
        Expr::NoneLiteral(_) => Value::None,
        Expr::BooleanLiteral(literal) => Value::Bool(literal.value),
        Expr::StringLiteral(literal) => Value::Str(literal.value.to_str().to_owned()),
        Expr::NumberLiteral(literal) => match &literal.value {
            Number::Int(n) => Value::Int(n.as_i64()?),
            Number::Float(x) => Value::Float(*x),
            Number::Complex { .. } => return None,
        },
        Expr::UnaryOp(unary) if matches!(unary.operand.as_ref(), Expr::NumberLiteral(_)) => {
            match (unary.op, literal_value(&unary.operand, depth + 1)?) {
                (ast::UnaryOp::USub, Value::Int(n)) => Value::Int(n.checked_neg()?),
                (ast::UnaryOp::USub, Value::Float(x)) => Value::Float(-x),
                (ast::UnaryOp::UAdd, value) => value,
                _ => return None,
            }
        }
        Expr::List(list) => Value::List(all(&list.elts)?),
        Expr::Dict(dict) => {
            let entry = |item: &ast::DictItem| {
                Some((literal_value(item.key.as_ref()?, depth + 1)?, literal_value(&item.value, depth + 1)?))
            };
            Value::Dict(dict.items.iter().map(entry).collect::<Option<_>>()?)
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(written: Written) -> String {
        match written {
            Written::Is(value) => value.to_string(),
            Written::Not => "not".to_owned(),
            Written::Unknown => "unknown".to_owned(),
        }
    }

    #[test]
    fn texts_are_read_as_python_reads_them() {
        for (text, value) in [
            ("{\"a\": [1, 2.5, null, true]}", "{\"a\": [1, 2.5, None, True]}"),
            ("{'a': 1}", "not"),
            ("", "not"),
            ("NaN", "unknown"),
            ("1e2", "100.0"),
            ("99999999999999999999", "unknown"),
        ] {
            assert_eq!(shown(json(text)), value, "{text}");
        }
        for (text, value) in
            [("{'a': [1, -2.5, None]}", "{\"a\": [1, -2.5, None]}"), ("f()", "unknown"), ("1 +", "not"), (" 3", "3")]
        {
            assert_eq!(shown(literal(text)), value, "{text}");
        }
        assert_eq!(shown(json(&"[".repeat(100_000))), "unknown");
        assert_eq!(shown(literal(&"[".repeat(60_000))), "unknown");
    }
}
