//! Configurations of Hypercorn in TOML form: keys of the top level, each an attribute of its `Config`.
//!
//! Decides which bytes set what. Which keys mean something is known to the table of the server.

use toml::Spanned;
use toml::de::{DeFloat, DeInteger, DeTable, DeValue};

use crate::source::{FileId, Located, Place, SourceFile, Span};
use crate::values::Order as _;
use crate::values::Value;

use super::{Facts, toml_tree};

/// What a file says.
#[derive(Debug, Clone, Default)]
pub struct TomlSettings {
    /// Its keys, in the order of the file.
    pub entries: Vec<TomlEntry>,
    /// Why it is not valid TOML, so that the server refuses it.
    pub error: Option<Located<String>>,
}

/// `key = value` at the top level.
#[derive(Debug, Clone)]
pub struct TomlEntry {
    /// The key.
    pub key: String,
    /// The key's bytes.
    pub key_place: Place,
    /// The value; `None` for one that only TOML has, such as a date.
    pub value: Option<Value>,
    /// The value's bytes, quotes included.
    pub value_place: Place,
    /// Whether they are a number, a truth value or a text of one line, so that another can be written there.
    pub literal: bool,
    /// From the key to the end of the value.
    pub statement: Place,
}

/// More keys than any configuration has.
const MAX_ENTRIES: usize = 1000;

/// Notes the comments of a configuration and what is wrong with it. What it sets is read where a server
/// loads it, because Hypercorn takes any file.
pub(super) fn read(file: FileId, source: &SourceFile, facts: &mut Facts) {
    toml_tree::parse(file, source, facts);
}

/// What `text`, the content of `file`, sets.
pub fn toml_settings(file: FileId, text: &str) -> TomlSettings {
    let (tree, errors) = DeTable::parse_recoverable(text);
    let error = errors.first().map(|error| {
        let span = error.span().map_or(Span::new(0, 0), |span| Span::new(span.start, span.end));
        let what = error.message().replace('\n', " ");
        Located::new(format!("the configuration file is not TOML: {what}"), Place::new(file, span))
    });
    let tree = tree.into_inner();
    let mut entries: Vec<TomlEntry> =
        tree.iter().take(MAX_ENTRIES).map(|(key, node)| entry(file, text, key, node)).collect();
    // Where a value is missing, the parser makes one up to go on with.
    entries.retain(|entry| !entry.value_place.span.is_empty());
    entries.order_by_key(|entry| entry.key_place.span);
    TomlSettings { entries, error }
}

/// What a table of a TOML file sets.
pub fn toml_section(file: FileId, text: &str, name: &str) -> Vec<TomlEntry> {
    let (tree, _) = DeTable::parse_recoverable(text);
    let tree = tree.into_inner();
    let Some(DeValue::Table(table)) = tree.get(name).map(Spanned::get_ref) else { return Vec::new() };
    table.iter().take(MAX_ENTRIES).map(|(key, node)| entry(file, text, key, node)).collect()
}

fn entry(file: FileId, text: &str, key: &Spanned<std::borrow::Cow<'_, str>>, node: &toml_tree::Node<'_>) -> TomlEntry {
    let key_span = Span::new(key.span().start, key.span().end);
    let span = toml_tree::span(node);
    let literal = match node.get_ref() {
        DeValue::String(_) => {
            let written = text.get(span.start..span.end).unwrap_or_default();
            !written.starts_with("\"\"\"") && !written.starts_with("'''")
        }
        DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) => true,
        DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => false,
    };
    TomlEntry {
        key: key.get_ref().to_string(),
        key_place: Place::new(file, key_span),
        value: value(node.get_ref()),
        value_place: Place::new(file, span),
        literal,
        statement: Place::new(file, Span::new(key_span.start, span.end.max(key_span.end))),
    }
}

fn value(node: &DeValue<'_>) -> Option<Value> {
    Some(match node {
        DeValue::String(text) => Value::Str(text.to_string()),
        DeValue::Integer(number) => Value::Int(integer(number)?),
        DeValue::Float(number) => Value::Float(float(number)?),
        DeValue::Boolean(truth) => Value::Bool(*truth),
        DeValue::Datetime(_) => return None,
        DeValue::Array(items) => Value::List(items.iter().map(|item| value(item.get_ref())).collect::<Option<_>>()?),
        DeValue::Table(table) => {
            let pair = |(key, item): (&Spanned<std::borrow::Cow<'_, str>>, &toml_tree::Node<'_>)| {
                Some((Value::Str(key.get_ref().to_string()), value(item.get_ref())?))
            };
            Value::Dict(table.iter().map(pair).collect::<Option<_>>()?)
        }
    })
}

fn integer(number: &DeInteger<'_>) -> Option<i64> {
    i64::from_str_radix(&number.as_str().replace('_', ""), number.radix()).ok()
}

fn float(number: &DeFloat<'_>) -> Option<f64> {
    number.as_str().replace('_', "").parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::source::Files;

    fn read(text: &str) -> (Files, TomlSettings) {
        let mut files = Files::new();
        let file = files.add("hypercorn.toml", text);
        let settings = toml_settings(file, text);
        (files, settings)
    }

    #[test]
    fn every_value_has_its_bytes() {
        let text = "\u{feff}# c\nbind = [\"a:1\", \"b:2\"] # x\r\nworkers = 0x10\n\"graceful_timeout\" = 3.5\nloglevel='debug'\n\
                    accesslog = \"\"\"-\"\"\"\nsince = 2020-01-01\n[logconfig_dict]\nversion = 1\n";
        let (files, settings) = read(text);
        assert!(settings.error.is_none(), "{:?}", settings.error);
        let told: Vec<_> = settings
            .entries
            .iter()
            .map(|e| (e.key.as_str(), files.text_at(e.value_place), e.value.clone(), e.literal))
            .collect();
        let text = |text: &str| Value::Str(text.to_owned());
        assert_eq!(told[0], ("bind", "[\"a:1\", \"b:2\"]", Some(Value::List(vec![text("a:1"), text("b:2")])), false));
        assert_eq!(told[1], ("workers", "0x10", Some(Value::Int(16)), true));
        assert_eq!(told[2], ("graceful_timeout", "3.5", Some(Value::Float(3.5)), true));
        assert_eq!(told[3], ("loglevel", "'debug'", Some(text("debug")), true));
        assert_eq!(told[4], ("accesslog", "\"\"\"-\"\"\"", Some(text("-")), false));
        assert_eq!(told[5], ("since", "2020-01-01", None, false));
        assert_eq!(told[6].0, "logconfig_dict");
        assert_eq!(files.text_at(settings.entries[1].statement), "workers = 0x10");
    }

    #[test]
    fn an_error_is_told_with_its_place() {
        let (files, settings) = read("workers = 3\nbind = \n");
        let error = settings.error.unwrap();
        assert_eq!(files.get(error.place.file).line(error.place.span.start), 2);
        assert_eq!(settings.entries.len(), 1);
        assert_eq!(settings.entries[0].value, Some(Value::Int(3)));
    }

    proptest! {
        #[test]
        fn no_text_upsets_it(text in "([a-z]{1,3} ?= ?|[0-9]{1,25}|\"|'|\\[|\\]|\\{|\\}|,|\n|#|é|=|\\.){0,40}") {
            let (files, settings) = read(&text);
            for entry in settings.entries {
                prop_assert!(!files.text_at(entry.value_place).is_empty());
            }
        }
    }
}
