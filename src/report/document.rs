//! What the JSON documents of all commands share.

use serde::Serialize;
use serde_json::{Map, Value as Json};

use crate::findings::Note;
use crate::source::{Files, Place};
use crate::values::Value;

/// Version of the formats; raised by a change that could break a reader.
pub(super) const SCHEMA: u32 = 1;

/// The head of every document.
#[derive(Serialize)]
pub(super) struct Head {
    schema: u32,
    farrier: &'static str,
    command: &'static str,
}

impl Head {
    pub(super) const fn new(command: &'static str) -> Self {
        Self { schema: SCHEMA, farrier: env!("CARGO_PKG_VERSION"), command }
    }
}

/// A file and a one-based line.
#[derive(Serialize)]
pub(super) struct At {
    pub(super) file: String,
    pub(super) line: usize,
}

impl At {
    pub(super) fn new(files: &Files, place: Place) -> Self {
        let file = files.get(place.file);
        Self { file: file.path().to_owned(), line: file.line(place.span.start) }
    }
}

/// A note, with the file it is about.
#[derive(Serialize)]
pub(super) struct NoteDocument<'a> {
    file: &'a str,
    line: Option<usize>,
    reason: &'a str,
}

impl<'a> NoteDocument<'a> {
    pub(super) fn new(note: &'a Note) -> Self {
        Self { file: &note.path, line: note.line, reason: &note.reason }
    }
}

/// Writes a document with a final line break. Maps have text keys and floats are finite, so nothing
/// in it can fail to be written.
pub(super) fn write(document: &impl Serialize) -> String {
    serde_json::to_string_pretty(document).unwrap_or_default() + "\n"
}

/// A value in JSON's terms; an object of Python becomes its name, and a key its text.
pub(super) fn json_of(value: &Value) -> Json {
    match value {
        Value::None => Json::Null,
        Value::Bool(b) => Json::Bool(*b),
        Value::Int(n) => Json::from(*n),
        Value::Float(x) => Json::from(*x),
        Value::Str(text) | Value::Object(text) => Json::String(text.clone()),
        Value::List(items) => Json::Array(items.iter().map(json_of).collect()),
        Value::Dict(items) => {
            let key = |key: &Value| key.as_str().map_or_else(|| key.to_string(), str::to_owned);
            Json::Object(items.iter().map(|(k, v)| (key(k), json_of(v))).collect::<Map<_, _>>())
        }
    }
}
