//! Several texts of settings as one: what a file extends, the file, and what was typed.
//!
//! Decides who wins: single values of the nearer text, and all of its `select`; every other list adds up,
//! so that a shared file can ignore a rule and a project one more. Every value keeps the bytes it came
//! from: all texts lie one behind the other in one row of offsets, so an offset tells the text as well.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde::Deserialize as _;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Database, Error, Host, Proxy, Settings, Traffic};
use crate::source::{Span, read_text};

/// How many files may extend each other in a row.
const DEEPEST: usize = 16;
/// A file of settings that is larger was not written by a person.
const LARGEST: usize = 1 << 20;
/// Tables that say what production is like, and not what farrier is to do.
const FACTS: &[&str] = &["host", "proxy", "database", "traffic", "application"];
/// Lists in which the nearer text replaces what the farther one says.
const REPLACED: &[&str] = &["select", "extend"];

/// One text of settings.
#[derive(Debug, Clone)]
pub(super) struct Layer {
    /// The file; `None` for what was typed.
    pub(super) path: Option<PathBuf>,
    /// How to name it.
    pub(super) name: String,
    pub(super) text: String,
    /// Where it begins in the row of all texts.
    offset: usize,
}

impl Layer {
    /// The text with so much white space before it that its spans are those of the row.
    fn in_row(&self) -> String {
        let text = self.text.strip_prefix('\u{feff}').map_or_else(|| self.text.clone(), |text| format!("   {text}"));
        "\n".repeat(self.offset) + &text
    }

    fn fail(&self, span: Option<std::ops::Range<usize>>, message: impl Into<String>) -> Error {
        let span =
            span.map(|span| Span::new(span.start.saturating_sub(self.offset), span.end.saturating_sub(self.offset)));
        Error {
            path: self.path.clone().unwrap_or_else(|| PathBuf::from(&self.name)),
            text: self.text.clone(),
            span,
            message: message.into(),
        }
    }
}

/// All texts, from the farthest to the nearest.
#[derive(Debug, Clone, Default)]
pub(super) struct Layers {
    layers: Vec<Layer>,
}

impl Layers {
    /// Reads a file and what it extends, and puts it above what is there; `false` where it says nothing to
    /// farrier, which only a `pyproject.toml` may do.
    pub(super) fn add_file(&mut self, path: &Path, text: String) -> Result<bool, Error> {
        let mut open = Vec::new();
        self.add(path, text, &mut open)
    }

    /// Puts something typed, a line of TOML, above what is there.
    pub(super) fn add_typed(&mut self, name: &str, text: &str) -> Result<(), Error> {
        let typed = |text: &str| toml::from_str::<toml::Table>(text).is_ok();
        // `fail-on=error` needs no quotes that a shell would take away.
        let quoted = text.split_once('=').map(|(key, word)| format!("{key} = {:?}", word.trim()));
        let text = quoted.filter(|quoted| !typed(text) && typed(quoted)).unwrap_or_else(|| text.to_owned());
        let layer = self.push(None, name, text);
        let row = layer.in_row();
        let table = DeTable::parse(&row).map_err(|error| layer.fail(error.span(), error.message()))?;
        match table.get_ref().get("extend") {
            Some(value) => Err(layer.fail(Some(value.span()), "only a file extends others; `--config PATH` reads one")),
            None => Ok(()),
        }
    }

    fn push(&mut self, path: Option<PathBuf>, name: &str, text: String) -> Layer {
        let offset = self.layers.last().map_or(0, |last| last.offset + last.text.len() + 1);
        let layer = Layer { path, name: name.to_owned(), text, offset };
        self.layers.push(layer.clone());
        layer
    }

    fn add(&mut self, path: &Path, text: String, open: &mut Vec<PathBuf>) -> Result<bool, Error> {
        let alone =
            Layer { path: Some(path.to_path_buf()), name: path.display().to_string(), text: text.clone(), offset: 0 };
        if text.len() > LARGEST {
            return Err(alone.fail(None, "larger than any settings"));
        }
        let real = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
        open.push(real);
        let row = alone.in_row();
        let table = match DeTable::parse(&row) {
            Ok(table) => table,
            // A broken `pyproject.toml` that never mentions farrier is its own tools' business.
            Err(_) if is_pyproject(path) && !text.contains("tool.farrier") => return Ok(false),
            Err(error) => return Err(alone.fail(error.span(), error.message())),
        };
        let Some(table) = own(path, table.into_inner()) else { return Ok(false) };
        for (span, base) in extended(&table).map_err(|(span, message)| alone.fail(Some(span), message))? {
            let base = path.parent().unwrap_or(Path::new("")).join(base);
            let real = base.canonicalize().unwrap_or_else(|_| base.clone());
            if open.contains(&real) || open.len() >= DEEPEST {
                return Err(alone.fail(Some(span), format!("`{}` extends this file in turn", base.display())));
            }
            let text = read_text(&base).map_err(|error| {
                alone.fail(Some(span.clone()), format!("`{}` cannot be read: {error}", base.display()))
            })?;
            if !self.add(&base, text, open)? {
                return Err(alone.fail(Some(span), format!("`{}` has no `[tool.farrier]`", base.display())));
            }
        }
        open.pop();
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
        self.push(Some(path.to_path_buf()), &name, text);
        Ok(true)
    }

    /// The settings that all texts come to.
    pub(super) fn settings(&self) -> Result<Settings, Error> {
        let rows: Vec<String> = self.layers.iter().map(Layer::in_row).collect();
        let end = rows.last().map_or(0, String::len);
        let merged = Spanned::new(0..end, self.merged(&rows));
        let facts = check_facts(merged.get_ref());
        facts.and_then(|()| Settings::deserialize(toml::Deserializer::from(merged))).map_err(|error| {
            let at = error.span().filter(|span| span.start > 0 || span.end < end);
            let layer = at.as_ref().and_then(|span| self.at(span.start)).or(self.layers.last());
            let message = super::with_hint(error.message());
            layer.map_or_else(
                || Error { path: PathBuf::new(), text: String::new(), span: None, message: message.clone() },
                |layer| layer.fail(at.clone(), message.clone()),
            )
        })
    }

    fn merged<'r>(&self, rows: &'r [String]) -> DeTable<'r> {
        let mut merged = DeTable::new();
        for (layer, row) in self.layers.iter().zip(rows) {
            let table = DeTable::parse(row).map(Spanned::into_inner).unwrap_or_default();
            let table = layer.path.as_deref().map_or(Some(table.clone()), |path| own(path, table));
            merge(&mut merged, table.unwrap_or_default());
        }
        merged
    }

    /// The text that an offset of the row lies in.
    pub(super) fn at(&self, offset: usize) -> Option<&Layer> {
        self.layers.iter().rev().find(|layer| layer.offset <= offset)
    }

    /// An error about bytes of the row.
    pub(super) fn error(&self, span: std::ops::Range<usize>, message: String) -> Error {
        match self.at(span.start) {
            Some(layer) => layer.fail(Some(span), message),
            None => Error { path: PathBuf::new(), text: String::new(), span: None, message },
        }
    }

    /// The text, its path, and the bytes within it of a span of the row.
    pub(super) fn place(&self, span: std::ops::Range<usize>) -> Option<(&Layer, Span)> {
        let layer = self.at(span.start)?;
        Some((layer, Span::new(span.start - layer.offset, span.end.saturating_sub(layer.offset))))
    }

    /// The nearest file.
    pub(super) fn nearest(&self) -> Option<&Path> {
        self.layers.iter().rev().find_map(|layer| layer.path.as_deref())
    }

    /// The facts that are stated, by the path of their keys (`host.staging.cpus`), with the key and the value.
    pub(super) fn facts(&self) -> Vec<(String, std::ops::Range<usize>)> {
        let rows: Vec<String> = self.layers.iter().map(Layer::in_row).collect();
        let mut found = Vec::new();
        for (key, value) in self.merged(&rows) {
            if FACTS.contains(&key.get_ref().as_ref()) {
                collect_facts(key.get_ref(), value.get_ref(), &mut found);
            }
        }
        found
    }

    /// Everything that is set, as TOML, each with the text and the line it comes from.
    pub(super) fn render(&self) -> String {
        let rows: Vec<String> = self.layers.iter().map(Layer::in_row).collect();
        let mut text = String::new();
        self.render_table(&self.merged(&rows), "", &mut text);
        text
    }

    fn render_table(&self, table: &DeTable<'_>, path: &str, out: &mut String) {
        let is_table = |value: &DeValue<'_>| match value {
            DeValue::Table(_) => true,
            DeValue::Array(items) => items.iter().any(|item| item.get_ref().is_table()),
            _ => false,
        };
        for (key, value) in table.iter().filter(|(_, value)| !is_table(value.get_ref())) {
            let _ = match value.get_ref() {
                DeValue::Array(items) if self.layers.len() > 1 && !items.is_empty() => {
                    let items =
                        items.iter().map(|item| format!("    {},  # {}\n", self.slice(item), self.origin(item)));
                    writeln!(out, "{} = [\n{}]", quoted(key.get_ref()), items.collect::<String>())
                }
                _ => writeln!(out, "{} = {}  # {}", quoted(key.get_ref()), self.slice(value), self.origin(value)),
            };
        }
        for (key, value) in table {
            let name =
                if path.is_empty() { quoted(key.get_ref()) } else { format!("{path}.{}", quoted(key.get_ref())) };
            match value.get_ref() {
                DeValue::Table(inner) => {
                    if inner.is_empty() || inner.values().any(|value| !is_table(value.get_ref())) {
                        let _ = writeln!(out, "\n[{name}]");
                    }
                    self.render_table(inner, &name, out);
                }
                DeValue::Array(items) if is_table(value.get_ref()) => {
                    for item in items {
                        let _ = writeln!(out, "\n[[{name}]]");
                        if let DeValue::Table(inner) = item.get_ref() {
                            self.render_table(inner, &name, out);
                        }
                    }
                }
                _ => {}
            }
        }
    }

    /// The value as written, in one line.
    fn slice(&self, value: &Spanned<DeValue<'_>>) -> String {
        let found = self.place(value.span()).and_then(|(layer, span)| layer.text.get(span.start..span.end));
        found.unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ")
    }

    fn origin(&self, value: &Spanned<DeValue<'_>>) -> String {
        let Some((layer, span)) = self.place(value.span()) else { return String::new() };
        if layer.path.is_none() {
            return layer.name.clone();
        }
        let line = layer.text.get(..span.start).unwrap_or_default().matches('\n').count() + 1;
        format!("{}:{line}", layer.name)
    }
}

/// The values in a table and in those within it, by the path of their keys.
fn collect_facts(path: &str, table: &DeValue<'_>, found: &mut Vec<(String, std::ops::Range<usize>)>) {
    let DeValue::Table(table) = table else { return };
    for (key, value) in table {
        let path = format!("{path}.{}", key.get_ref());
        match value.get_ref() {
            DeValue::Table(_) => collect_facts(&path, value.get_ref(), found),
            _ => found.push((path, key.span().start..value.span().end)),
        }
    }
}

/// Whether each fact can be one, told by the place of its own: a table that holds others is read as a whole, and then
/// only its own place is known.
fn check_facts(settings: &DeTable<'_>) -> Result<(), toml::de::Error> {
    fn each<T: serde::de::DeserializeOwned>(table: &Spanned<DeValue<'_>>) -> Result<(), toml::de::Error> {
        let DeValue::Table(all) = table.get_ref() else { return Ok(()) };
        let own = all.iter().filter(|(_, value)| !value.get_ref().is_table());
        let plain: DeTable<'_> = own.map(|(key, value)| (key.clone(), value.clone())).collect();
        T::deserialize(toml::Deserializer::from(Spanned::new(table.span(), plain)))?;
        all.values().filter(|value| value.get_ref().is_table()).try_for_each(|named| {
            let DeValue::Table(own) = named.get_ref() else { return Ok(()) };
            T::deserialize(toml::Deserializer::from(Spanned::new(named.span(), own.clone()))).map(|_| ())
        })
    }
    settings.iter().try_for_each(|(key, value)| match key.get_ref().as_ref() {
        "host" => each::<Host>(value),
        "proxy" => each::<Proxy>(value),
        "database" => each::<Database>(value),
        "traffic" => each::<Traffic>(value),
        _ => Ok(()),
    })
}

fn is_pyproject(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == "pyproject.toml")
}

/// What a file says to farrier: all of it, or one table of `pyproject.toml`.
fn own<'r>(path: &Path, mut table: DeTable<'r>) -> Option<DeTable<'r>> {
    if !is_pyproject(path) {
        return Some(table);
    }
    let DeValue::Table(mut tool) = table.remove("tool")?.into_inner() else { return None };
    match tool.remove("farrier")?.into_inner() {
        DeValue::Table(own) => Some(own),
        _ => None,
    }
}

type Written<T> = (std::ops::Range<usize>, T);

/// The files that a table extends, the farthest first.
fn extended(table: &DeTable<'_>) -> Result<Vec<Written<String>>, Written<&'static str>> {
    let Some(value) = table.get("extend") else { return Ok(Vec::new()) };
    let one = |value: &Spanned<DeValue<'_>>| match value.get_ref() {
        DeValue::String(path) => Ok((value.span(), path.to_string())),
        _ => Err((value.span(), "`extend` is the path of a file, or a list of them")),
    };
    match value.get_ref() {
        DeValue::Array(items) => items.iter().map(one).collect(),
        _ => Ok(vec![one(value)?]),
    }
}

fn merge<'r>(base: &mut DeTable<'r>, nearer: DeTable<'r>) {
    for (key, value) in nearer {
        let replaced = REPLACED.contains(&key.get_ref().as_ref());
        match (base.get_mut(key.get_ref().as_ref()), value) {
            (Some(old), value) if !replaced && both_tables(old, &value) => {
                if let (DeValue::Table(old), DeValue::Table(new)) = (old.get_mut(), value.into_inner()) {
                    merge(old, new);
                }
            }
            (Some(old), value) if !replaced && old.get_ref().is_array() && value.get_ref().is_array() => {
                if let (DeValue::Array(old), DeValue::Array(new)) = (old.get_mut(), value.into_inner()) {
                    new.into_iter().for_each(|item| old.push(item));
                }
            }
            (_, value) => {
                // The nearer key goes in as well, so that its span is the one that counts.
                base.remove(key.get_ref().as_ref());
                base.insert(key, value);
            }
        }
    }
}

fn both_tables(a: &Spanned<DeValue<'_>>, b: &Spanned<DeValue<'_>>) -> bool {
    a.get_ref().is_table() && b.get_ref().is_table()
}

/// A key as TOML writes it.
fn quoted(key: &str) -> String {
    let bare = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    if bare { key.to_owned() } else { format!("{key:?}") }
}
