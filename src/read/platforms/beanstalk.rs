//! `.ebextensions/*.config` of Elastic Beanstalk.
//!
//! All files of a folder describe one environment, in the order of their names. Its variables hold for the `Procfile`
//! of the project, which the two are joined with later. Without one the platform for Python starts Gunicorn itself, with
//! what the files say below `aws:elasticbeanstalk:container:python`.

use std::collections::BTreeMap;

use crate::source::{FileId, FileKind, Files, Place, Span, Word, WordPart};
use crate::values::Order as _;

use super::super::decoded::Decoded;
use super::super::expansion::Dialect;
use super::super::shell_words::Lexed;
use super::super::tree::{Node, read_yaml};
use super::super::{Command, Facts, Usual, Variable, command};
use super::reader::{Reader, is_open};

const ENVIRONMENT: &str = "aws:elasticbeanstalk:application:environment";
const PYTHON: &str = "aws:elasticbeanstalk:container:python";

/// What all files of an environment say.
#[derive(Default)]
struct Environment {
    place: Option<Place>,
    variables: Vec<Variable>,
    /// Where Python is spoken of.
    python: Option<Place>,
    /// The options of Python that start the server.
    options: BTreeMap<&'static str, Lexed>,
}

/// Reads the files of all environments.
pub(in super::super) fn read(files: &Files, kinds: &BTreeMap<FileId, FileKind>) -> Facts {
    let mut facts = Facts::default();
    let mut environments: BTreeMap<&str, Environment> = BTreeMap::new();
    let mut all: Vec<FileId> =
        kinds.iter().filter(|(_, kind)| **kind == FileKind::Beanstalk).map(|(&file, _)| file).collect();
    all.order_by_key(|&file| files.get(file).path());
    for file in all {
        let source = files.get(file);
        let document = read_yaml(file, source, &mut facts);
        let mut reader = Reader::new(file, source);
        for top in &document.tops {
            let Some(settings) = top.get("option_settings") else { continue };
            let span = top.key_span("option_settings").unwrap_or(settings.span);
            environments.entry(source.folder()).or_default().add(settings, reader.place(span), &mut reader);
        }
        reader.finish(&mut facts);
    }
    for environment in environments.into_values() {
        let Some(place) = environment.place else { continue };
        let mut reader = Reader::new(place.file, files.get(place.file));
        let mut unit = reader.unit("web", place.span);
        unit.usual = environment.command().map(|command| Usual { command, beside: &[], without: &[] });
        unit.environment = environment.variables;
        if unit.usual.is_some() || !unit.environment.is_empty() {
            reader.add(unit);
        }
        reader.finish(&mut facts);
    }
    facts
}

impl Environment {
    /// Adds a table by namespace, or a list of settings that each name theirs; without one it is that of variables.
    fn add(&mut self, settings: &Node, place: Place, reader: &mut Reader) {
        self.place.get_or_insert(place);
        if let Some(table) = settings.get(ENVIRONMENT) {
            self.variables.extend(reader.variables(table));
        }
        if let Some(table) = settings.get(PYTHON) {
            let key = settings.key_span(PYTHON).map_or(place, |key| reader.place(key));
            for entry in table.entries() {
                self.option(&entry.key, key, &entry.value, reader);
            }
        }
        for item in settings.items() {
            let (Some(name), Some(value)) = (item.get("option_name"), item.get("value")) else { continue };
            let Some(text) = name.text() else { continue };
            match item.get("namespace").and_then(Node::text) {
                None | Some(ENVIRONMENT) => self.variables.push(reader.variable(text, name.content, value)),
                Some(PYTHON) => self.option(text, reader.place(name.content), value, reader),
                Some(_) => {}
            }
        }
    }

    fn option(&mut self, name: &str, place: Place, value: &Node, reader: &Reader) {
        self.python.get_or_insert(place);
        let Some(option) = ["WSGIPath", "NumProcesses", "NumThreads"].into_iter().find(|option| *option == name) else {
            return;
        };
        let content = value.scalar().cloned().unwrap_or_default();
        self.options.insert(option, Lexed { word: reader.value(value), content, has_quotes: true });
    }

    /// What the platform of Amazon Linux 2 and 2023 starts where nothing else says what: the `Procfile` that it writes
    /// itself. Below Amazon Linux 1 the path was that of a file, which Apache loaded.
    fn command(&self) -> Option<Command> {
        let place = self.python?;
        let path = self.options.get("WSGIPath");
        if path.is_some_and(|path| path.content.text().contains('/') && !is_open(path.content.text())) {
            return None;
        }
        let given =
            |option: &str, usual: &str| self.options.get(option).cloned().unwrap_or_else(|| implied(usual, place));
        let words = vec![
            implied("gunicorn", place),
            implied("--bind", place),
            implied("127.0.0.1:8000", place),
            implied("--workers", place),
            given("NumProcesses", "1"),
            implied("--threads", place),
            given("NumThreads", "15"),
            given("WSGIPath", "application"),
        ];
        command::exec(words, Dialect::Plain, place)
    }
}

/// A word that stands nowhere in the files: the bytes at `place` are why it is known.
fn implied(text: &str, place: Place) -> Lexed {
    let nothing = Place::new(place.file, Span::new(place.span.start, place.span.start));
    let default = Some(vec![WordPart::Text(text.to_owned())]);
    let parts = vec![WordPart::Variable { name: "Elastic Beanstalk sets it".to_owned(), default }];
    let mut content = Decoded::default();
    content.push_escaped(text, place.span);
    Lexed { word: Word { parts, place, removal: nothing, quoted: true }, content, has_quotes: true }
}
