//! A document of JSON or YAML as one tree of values.
//!
//! Decides nothing. Whoever wrote the document may have meant harm: how much of it there is, and how deep, is bounded.

use std::collections::BTreeMap;

use granit_parser::{Event, Parser, ScalarStyle};
use serde_json::{Map, Value};

/// Most values of one document, those counted again that stand in it by another name.
const MOST_VALUES: usize = 2_000_000;
/// How deep values may lie in each other.
const DEEPEST: usize = 100;

/// The first document of the text, or why there is none.
pub(super) fn parse(text: &str) -> Result<Value, String> {
    let text = text.trim_start_matches('\u{feff}');
    if text.trim_start().starts_with('{') {
        // What only looks like JSON may be YAML all the same.
        if let Ok(value) = serde_json::from_str(text) {
            return Ok(value);
        }
    }
    yaml(text)
}

/// A collection whose end has not come yet.
struct Open {
    value: Value,
    /// The key whose value comes next.
    key: Option<String>,
    anchor: usize,
}

fn yaml(text: &str) -> Result<Value, String> {
    let mut open: Vec<Open> = Vec::new();
    let mut anchors: BTreeMap<usize, (Value, usize)> = BTreeMap::new();
    let mut values = 0_usize;
    for event in Parser::new_from_str(text) {
        let (event, _) = event.map_err(|error| format!("line {}: {}", error.marker().line(), error.info()))?;
        let (value, count) = match event {
            Event::MappingStart(_, anchor, _) => {
                open.push(Open { value: Value::Object(Map::new()), key: None, anchor });
                (None, 0)
            }
            Event::SequenceStart(_, anchor, _) => {
                open.push(Open { value: Value::Array(Vec::new()), key: None, anchor });
                (None, 0)
            }
            Event::MappingEnd | Event::SequenceEnd => match open.pop() {
                Some(done) => {
                    if done.anchor > 0 {
                        let count = size(&done.value);
                        anchors.insert(done.anchor, (done.value.clone(), count));
                        values += count;
                    }
                    (Some(done.value), 1)
                }
                None => (None, 0),
            },
            Event::Scalar(text, style, anchor, _) => {
                let value = scalar(&text, style);
                if anchor > 0 {
                    anchors.insert(anchor, (value.clone(), 1));
                }
                (Some(value), 1)
            }
            Event::Alias(anchor) => anchors.get(&anchor).map_or((Some(Value::Null), 1), |(value, count)| {
                let room = values + count <= MOST_VALUES;
                (Some(if room { value.clone() } else { Value::Null }), *count)
            }),
            _ => (None, 0),
        };
        values += count;
        if values > MOST_VALUES || open.len() > DEEPEST {
            return Err("it is too large".to_owned());
        }
        let Some(value) = value else { continue };
        match open.last_mut() {
            None => return Ok(value),
            Some(Open { value: Value::Array(items), .. }) => items.push(value),
            Some(Open { value: Value::Object(map), key, .. }) => match key.take() {
                Some(key) => {
                    map.insert(key, value);
                }
                // `200:` is a key like any other.
                None => *key = Some(value.as_str().map_or_else(|| value.to_string(), str::to_owned)),
            },
            Some(_) => {}
        }
    }
    Err("it is empty".to_owned())
}

/// How many values there are in one, itself included.
fn size(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(size).sum(),
        Value::Object(map) => map.values().map(size).sum::<usize>(),
        _ => 0,
    }
}

fn scalar(text: &str, style: ScalarStyle) -> Value {
    if style != ScalarStyle::Plain {
        return Value::String(text.to_owned());
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        // A number that JSON would write otherwise, such as `007`, stays what was written.
        _ => match serde_json::from_str(text) {
            Ok(Value::Number(number)) => Value::Number(number),
            _ => Value::String(text.to_owned()),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn json_and_yaml_are_the_same() {
        let expected = json!({"openapi": "3.1.0", "paths": {"/a": [1, true, null, "x", 1.5]}, "200": "ok"});
        assert_eq!(parse(&expected.to_string()), Ok(expected.clone()));
        let text = "openapi: 3.1.0\npaths:\n  /a:\n    - 1\n    - true\n    -\n    - 'x'\n    - 1.5\n200: ok\n";
        assert_eq!(parse(text), Ok(expected));
        assert_eq!(
            parse("a: &x {b: '1'}\nc: *x\nd: 2024-01-01\n"),
            Ok(json!({"a": {"b": "1"}, "c": {"b": "1"}, "d": "2024-01-01"}))
        );
        assert!(parse("").is_err() && parse("a: [1").is_err());
    }

    #[test]
    fn names_of_names_of_names_take_no_memory() {
        let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for n in 1..30 {
            let more = vec![format!("*a{}", n - 1); 10].join(", ");
            let _ = writeln!(text, "a{n}: &a{n} [{more}]");
        }
        assert!(parse(&text).is_err());
        assert!(parse(&"[".repeat(5000)).is_err());
        assert!(parse(&format!("{}1{}", "{a: ".repeat(5000), "}".repeat(5000))).is_err());
    }

    proptest! {
        #[test]
        fn arbitrary_text_never_panics(text in ".{0,200}") {
            let _ = parse(&text);
        }
    }
}
