//! What the files of all platforms have in common: texts, amounts, commands and variables with their
//! places.

use crate::findings::Note;
use crate::source::{FileId, Located, Place, SourceFile, Span, Word, WordPart};
use crate::values::Seconds;

use super::super::decoded::Decoded;
use super::super::expansion::Dialect;
use super::super::shell_words::{self, Lexed};
use super::super::tree::{Kind, Node};
use super::super::{Command, Facts, HealthCheck, HealthKind, Unit, UnitKind, Variable, command};

/// More variables than all services or tasks of a file have together; several may share a set of them.
const MAX_VARIABLES: usize = 50_000;

/// More units than any file of a platform has.
const MAX_UNITS: usize = 500;

/// Reads nodes of one file.
pub(in super::super) struct Reader<'a> {
    file: FileId,
    source: &'a SourceFile,
    notes: Vec<Note>,
    units: Vec<Unit>,
    /// How many variables they have.
    variables: usize,
}

impl<'a> Reader<'a> {
    pub(in super::super) const fn new(file: FileId, source: &'a SourceFile) -> Self {
        Self { file, source, notes: Vec::new(), units: Vec::new(), variables: 0 }
    }

    /// Adds what was read to `facts`.
    pub(in super::super) fn finish(mut self, facts: &mut Facts) {
        if self.units.len() > MAX_UNITS {
            self.units.truncate(MAX_UNITS);
            let reason = format!("more than {MAX_UNITS} services or tasks; the rest was not read");
            self.notes.push(Note::file(self.source.path(), reason));
        }
        if self.variables > MAX_VARIABLES {
            let reason = format!("more than {MAX_VARIABLES} variables of services or tasks; the rest was not read");
            self.notes.push(Note::file(self.source.path(), reason));
        }
        facts.units.append(&mut self.units);
        facts.notes.append(&mut self.notes);
    }

    pub(in super::super) fn add(&mut self, unit: Unit) {
        self.variables += unit.environment.len();
        if !self.is_full() {
            self.units.push(unit);
        }
    }

    /// Whether nothing more is read.
    pub(in super::super) const fn is_full(&self) -> bool {
        self.units.len() > MAX_UNITS || self.variables > MAX_VARIABLES
    }

    pub(in super::super) fn extend(&mut self, units: impl IntoIterator<Item = Unit>) {
        for unit in units {
            self.add(unit);
        }
    }

    pub(in super::super) const fn place(&self, span: Span) -> Place {
        Place::new(self.file, span)
    }

    /// A unit of a platform that is declared at `span`.
    pub(super) fn unit(&self, name: &str, span: Span) -> Unit {
        let name = if is_open(name) { "" } else { name };
        Unit::new(UnitKind::Platform, name, self.place(span))
    }

    pub(in super::super) fn note(&mut self, span: Span, reason: impl Into<String>) {
        self.notes.push(Note::line(self.source.path(), self.source.line(span.start), reason));
    }

    /// A text without a hole that something else fills in.
    pub(in super::super) fn located(&self, node: Option<&Node>) -> Option<Located<String>> {
        let node = node?;
        let text = node.text().filter(|text| !text.is_empty() && !is_open(text))?;
        Some(Located::new(text.to_owned(), self.place(node.content)))
    }

    /// A text that something can be made of.
    pub(in super::super) fn parsed<T>(
        &self,
        node: Option<&Node>,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<Located<T>> {
        let text = self.located(node)?;
        Some(Located::new(parse(text.value.trim())?, text.place))
    }

    /// The name of an image, which may have holes: that there is one matters more than which.
    pub(super) fn image(&self, node: Option<&Node>) -> Option<Located<String>> {
        let node = node?;
        let text = node.text().unwrap_or_else(|| self.source.slice(node.span));
        (!text.is_empty()).then(|| Located::new(text.to_owned(), self.place(node.content)))
    }

    pub(super) fn count(&self, node: Option<&Node>) -> Option<Located<u32>> {
        self.parsed(node, |text| text.parse().ok())
    }

    /// A number of seconds without a unit.
    pub(super) fn seconds(&self, node: Option<&Node>) -> Option<Located<Seconds>> {
        self.parsed(node, |text| number(text).map(Seconds))
    }

    /// A path, relative to wherever paths of the file are relative to although it begins with a slash.
    pub(super) fn folder(&self, node: Option<&Node>) -> Option<Located<String>> {
        let path = self.located(node)?;
        let rest = path.value.trim_start_matches('/');
        let cut = path.value.len() - rest.len();
        let verbatim = path.place.span.len() == path.value.len();
        let start = path.place.span.start + if verbatim { cut } else { 0 };
        let place = self.place(Span::new(start, path.place.span.end));
        (!rest.is_empty()).then(|| Located::new(rest.to_owned(), place))
    }

    /// A text that a shell runs.
    pub(in super::super) fn shell(&mut self, node: &Node) -> Option<Command> {
        let text = node.scalar()?;
        let command = command::shell(text, self.place(node.content));
        if command.is_none() {
            self.note(node.span, "longer than any command, so it was not read");
        }
        command
    }

    /// A text that is split into words without a shell, or a list of words.
    pub(super) fn words(&mut self, node: &Node) -> Option<Command> {
        let place = self.place(node.content);
        let words = match &node.kind {
            Kind::Scalar(text) => shell_words::split_plain(text, self.file),
            Kind::List(items) => Some(items.iter().map(|item| self.word(item)).collect()),
            _ => None,
        };
        let command = words.and_then(|words| command::exec(words, Dialect::Plain, place));
        if command.is_none() {
            self.note(node.span, "could not be split into words");
        }
        command
    }

    fn word(&self, item: &Node) -> Lexed {
        let content = item.scalar().cloned().unwrap_or_else(|| hole(item.span));
        let word = Word { removal: self.place(item.removal), ..self.value(item) };
        Lexed { word, content, has_quotes: true }
    }

    /// A scalar as a word in which nothing is filled in when it runs.
    pub(in super::super) fn value(&self, node: &Node) -> Word {
        let place = self.place(node.content);
        let parts = match node.text() {
            Some("") => Vec::new(),
            Some(text) if is_open(text) => vec![WordPart::Opaque(text.to_owned())],
            Some(text) => vec![WordPart::Text(text.to_owned())],
            None => vec![WordPart::Opaque(String::new())],
        };
        Word { parts, place, removal: place, quoted: true }
    }

    /// `NAME: value`.
    pub(in super::super) fn variable(&self, name: &str, key: Span, value: &Node) -> Variable {
        let covered = if value.span.start >= key.end { key.cover(value.span) } else { key };
        let value = (!matches!(value.kind, Kind::Null)).then(|| self.value(value));
        Variable { name: name.to_owned(), value, place: self.place(covered), build_only: false }
    }

    /// A table of variables.
    pub(in super::super) fn variables(&self, table: &Node) -> Vec<Variable> {
        table.entries().iter().map(|entry| self.variable(&entry.key, entry.key_span, &entry.value)).collect()
    }

    /// A list of tables with `name` and `value`; one without a value is set from outside.
    pub(super) fn pairs(&self, list: &Node, name: &[&str], value: &[&str]) -> Vec<Variable> {
        let pair = |item: &Node| {
            let name = self.located(item.any(name))?;
            let place = self.place(item.span);
            let value = item.any(value).map(|value| self.value(value));
            Some(Variable { name: name.value, value, place, build_only: false })
        };
        list.items().iter().filter_map(pair).collect()
    }

    /// A check of which nothing but its place is known yet.
    pub(super) fn check(&self, kind: HealthKind, span: Span) -> HealthCheck {
        HealthCheck {
            kind,
            place: self.place(span),
            interval: None,
            timeout: None,
            failures: None,
            start_period: None,
            path: None,
            port: None,
            command: None,
        }
    }
}

/// A word of which nothing is known.
fn hole(span: Span) -> Decoded {
    let mut content = Decoded::default();
    content.push_escaped("{{ ? }}", span);
    content
}

/// Whether a text has a hole that a template engine, a deployment script or a person fills in.
pub(super) fn is_open(text: &str) -> bool {
    text.contains("{{")
        || text.contains("{%")
        || text.contains("<%")
        || text.contains("${")
        || text.contains("$(")
        || (text.starts_with('<') && text.ends_with('>'))
}

/// A number that is neither negative nor endless.
pub(super) fn number(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number: &f64| number.is_finite() && *number >= 0.0)
}
