//! Keeps values small enough to be compared.
//!
//! Parts of values are shared, but whoever compares or hashes one goes through every part wherever it occurs:
//! `a = {"x": b, "y": b}`, `b = {"x": c, "y": c}` and so on doubles with each name.

use std::rc::Rc;

use super::{Value, Values};

/// How many values one may consist of, the parts of its parts included.
const MAX_WEIGHT: usize = 400;
/// How many one part of one that is too large may consist of.
const MAX_PART: usize = 12;

/// The value; of one that is too large only the small parts.
pub(super) fn bounded(value: Value<'_>) -> Option<Value<'_>> {
    if fits(&value, &mut MAX_WEIGHT.clone()) {
        return Some(value);
    }
    match value {
        Value::Tuple(parts) => Some(Value::Tuple(parts.iter().map(small_ones).collect())),
        Value::Record(entries) => {
            let small = entries.iter().map(|(key, values)| (Rc::clone(key), small_ones(values)));
            Some(Value::Record(small.collect()))
        }
        _ => None,
    }
}

fn small_ones<'a>(values: &Values<'a>) -> Values<'a> {
    values.iter().filter(|value| fits(value, &mut MAX_PART.clone())).cloned().collect()
}

/// Whether a value consists of no more than `left` values, which it takes away.
fn fits(value: &Value<'_>, left: &mut usize) -> bool {
    let Some(fewer) = left.checked_sub(1) else { return false };
    *left = fewer;
    match value {
        Value::Items(inner) | Value::Mapping(inner) | Value::Returns(inner) => fits(inner, left),
        Value::Either(values) => values.iter().all(|value| fits(value, left)),
        Value::Tuple(parts) => parts.iter().flat_map(|part| part.iter()).all(|value| fits(value, left)),
        Value::Record(entries) => entries.iter().flat_map(|(_, values)| values.iter()).all(|value| fits(value, left)),
        Value::Lazy(lazy) => lazy.calls.iter().chain(&lazy.over).chain(&lazy.items).all(|value| fits(value, left)),
        Value::Rows(query) | Value::RowsMethod(query, _) => fits(&query.row, left),
        _ => true,
    }
}
