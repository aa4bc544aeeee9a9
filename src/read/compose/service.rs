//! One service.

use crate::findings::Note;
use crate::source::{FileId, Located, Place, SourceFile, Span, Word, WordPart};
use crate::values::{Bytes, Cpus};

use super::super::decoded::Decoded;
use super::super::expansion::{self, Dialect};
use super::super::shell_words::Lexed;
use super::super::yaml::{Entry, NodeId, Tree};
use super::super::{Build, Command, Limits, Unit, UnitKind, Variable, command, durations};

/// Reads one service, whose keys may come from the services that it extends.
pub(super) struct Reader<'a> {
    file: FileId,
    source: &'a SourceFile,
    tree: &'a Tree,
    /// The service, then what it extends.
    layers: &'a [NodeId],
    pub(super) notes: Vec<Note>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(file: FileId, source: &'a SourceFile, tree: &'a Tree, layers: &'a [NodeId]) -> Self {
        Self { file, source, tree, layers, notes: Vec::new() }
    }

    pub(super) fn unit(&mut self, key: NodeId) -> Unit {
        let name = self.tree.text(key).unwrap_or_default();
        let mut unit = Unit::new(UnitKind::ComposeService, name, self.place(self.tree.content(key)));
        unit.entrypoint = self.command("entrypoint");
        unit.command = self.command("command");
        // What is nearest to the service comes last, so that it wins. The image is built before any of
        // it runs, so the arguments of the build come first.
        for &layer in self.layers.iter().rev() {
            let arguments = self.tree.get(layer, "build").and_then(|build| self.tree.get(build, "args"));
            let arguments = arguments.map(|node| self.environment(node)).unwrap_or_default();
            unit.environment.extend(arguments.into_iter().map(|variable| Variable { build_only: true, ..variable }));
        }
        for &layer in self.layers.iter().rev() {
            if let Some(node) = self.tree.get(layer, "environment") {
                unit.environment.extend(self.environment(node));
            }
            if let Some(node) = self.tree.get(layer, "env_file") {
                unit.environment_files.extend(self.environment_files(node));
            }
        }
        unit.working_folder = self.get("working_dir").and_then(|node| self.located(node));
        unit.build = self.get("build").map(|_| self.build());
        unit.image = self.get("image").and_then(|node| self.located(node));
        unit.user = self.get("user").and_then(|node| self.located(node));
        unit.stop_signal = self.get("stop_signal").and_then(|node| self.located(node));
        unit.profiles = self.get("profiles").map(|node| self.texts(node)).unwrap_or_default();
        unit.mounts = self.get("volumes").map(|node| self.mounts(node)).unwrap_or_default();
        unit.limits = self.limits();
        unit
    }

    /// `./src:/app`, or the `source` of a `bind` entry; a named volume holds no folder of the project.
    fn mounts(&self, node: NodeId) -> Vec<Located<String>> {
        let (items, _) = self.tree.items(node).unwrap_or_default();
        let source = |&item: &NodeId| {
            let long = self.tree.get(item, "source").and_then(|source| self.located(source));
            let written = long.or_else(|| self.located(item))?;
            let folder = written.value.split(':').next().unwrap_or_default().to_owned();
            folder.starts_with('.').then(|| Located::new(folder, written.place))
        };
        items.iter().filter_map(source).collect()
    }

    fn place(&self, span: Span) -> Place {
        Place::new(self.file, span)
    }

    fn get(&self, key: &str) -> Option<NodeId> {
        self.layers.iter().find_map(|&layer| self.tree.get(layer, key))
    }

    fn path(&self, path: &[&str]) -> Option<NodeId> {
        self.layers.iter().find_map(|&layer| path.iter().try_fold(layer, |node, key| self.tree.get(node, key)))
    }

    fn located(&self, node: NodeId) -> Option<Located<String>> {
        let text = self.tree.text(node)?;
        Some(Located::new(text.to_owned(), self.place(self.tree.content(node))))
    }

    fn texts(&self, node: NodeId) -> Vec<String> {
        let one = self.tree.text(node).map(str::to_owned);
        let (items, _) = self.tree.items(node).unwrap_or_default();
        one.into_iter().chain(items.iter().filter_map(|&item| self.tree.text(item).map(str::to_owned))).collect()
    }

    fn command(&mut self, key: &str) -> Option<Command> {
        let node = self.get(key)?;
        let place = self.place(self.tree.content(node));
        let command = if let Some((items, flow)) = self.tree.items(node) {
            let words: Option<Vec<Lexed>> = (0..items.len()).map(|index| self.item(items, flow, index)).collect();
            words.and_then(|words| command::exec(words, Dialect::Compose, place))
        } else {
            // `command:` without a value says nothing; `command: ""` takes back the image's.
            self.tree.text(node)?;
            let text = self.tree.decoded(self.source.text(), node);
            text.and_then(|text| command::compose_string(&text, place))
        };
        if command.is_none() {
            let line = self.source.line(place.span.start);
            self.notes.push(Note::line(self.source.path(), line, format!("`{key}` could not be split into words")));
        }
        command
    }

    /// One word of a command that is written as a list.
    fn item(&self, items: &[NodeId], flow: bool, index: usize) -> Option<Lexed> {
        let &item = items.get(index)?;
        let removal = self.tree.item_removal(self.source.text(), items, flow, index);
        let text = self.tree.decoded(self.source.text(), item)?;
        let word = Word { removal: self.place(removal), quoted: true, ..self.word(&text, self.tree.content(item)) };
        Some(Lexed { word, content: dollars(&text), has_quotes: true })
    }

    fn word(&self, text: &Decoded, span: Span) -> Word {
        Word {
            parts: expansion::parts(text.text(), Dialect::Compose),
            place: self.place(span),
            removal: self.place(span),
            quoted: true,
        }
    }

    fn environment(&self, node: NodeId) -> Vec<Variable> {
        if self.tree.is_mapping(node) {
            return self.tree.entries(node).into_iter().filter_map(|entry| self.variable(entry)).collect();
        }
        let (items, _) = self.tree.items(node).unwrap_or_default();
        items.iter().filter_map(|&item| self.assignment(item)).collect()
    }

    fn variable(&self, Entry { key, value }: Entry) -> Option<Variable> {
        let name = self.tree.text(key)?.to_owned();
        let (key_span, value_span) = (self.tree.span(key), self.tree.span(value));
        // A value behind an alias stands elsewhere; the assignment does not span the file.
        let follows = value_span.start >= key_span.end;
        let place = self.place(if follows { key_span.cover(value_span) } else { key_span });
        let value = match self.tree.text(value) {
            Some(_) => {
                let text = self.tree.decoded(self.source.text(), value);
                Some(text.map_or_else(|| self.unknown(value), |text| self.word(&text, self.tree.content(value))))
            }
            None => None,
        };
        Some(Variable { name, value, place, build_only: false })
    }

    fn unknown(&self, node: NodeId) -> Word {
        let place = self.place(self.tree.content(node));
        let parts = vec![WordPart::Opaque(self.tree.text(node).unwrap_or_default().to_owned())];
        Word { parts, place, removal: place, quoted: true }
    }

    fn assignment(&self, item: NodeId) -> Option<Variable> {
        let text = self.tree.decoded(self.source.text(), item)?;
        let place = self.place(self.tree.content(item));
        let plain = text.text();
        let Some((name, _)) = plain.split_once('=') else {
            return Some(Variable { name: plain.trim().to_owned(), value: None, place, build_only: false });
        };
        let range = name.len() + 1..plain.len();
        let span = text.span(range.clone());
        let value = self.word(&text.part(range), span);
        Some(Variable { name: name.trim().to_owned(), value: Some(value), place, build_only: false })
    }

    fn environment_files(&self, node: NodeId) -> Vec<Located<String>> {
        let one = self.located(node);
        let (items, _) = self.tree.items(node).unwrap_or_default();
        let items =
            items.iter().filter_map(|&item| self.located(item).or_else(|| self.located(self.tree.get(item, "path")?)));
        one.into_iter().chain(items).collect()
    }

    fn build(&self) -> Build {
        let field = |key: &str| self.path(&["build", key]).and_then(|node| self.located(node));
        // `build: ./app` is short for the context alone.
        let context = self.layers.iter().find_map(|&layer| {
            let build = self.tree.get(layer, "build")?;
            self.located(build).or_else(|| self.located(self.tree.get(build, "context")?))
        });
        Build { context, dockerfile: field("dockerfile"), target: field("target") }
    }

    fn limits(&self) -> Limits {
        let limit = |key: &str| self.path(&["deploy", "resources", "limits", key]);
        let located = |node: Option<NodeId>| node.and_then(|node| self.located(node));
        // Compose refuses a file in which the short and the long spelling disagree.
        let cpus = located(limit("cpus")).or_else(|| located(self.get("cpus")));
        let memory = located(limit("memory")).or_else(|| located(self.get("mem_limit")));
        let replicas = located(self.get("scale")).or_else(|| located(self.path(&["deploy", "replicas"])));
        Limits {
            cpus: cpus.and_then(|text| {
                read(&text, |text| text.parse().ok().filter(|n: &f64| n.is_finite() && *n > 0.0).map(Cpus))
            }),
            memory: memory.and_then(|text| read(&text, |text| Bytes::parse(text, false).filter(|bytes| bytes.0 > 0))),
            stop_grace: located(self.get("stop_grace_period")).and_then(|text| read(&text, durations::go)),
            replicas: replicas.and_then(|text| read(&text, |text| text.parse().ok())),
            ..Limits::default()
        }
    }
}

/// A value that compose fills in from elsewhere (`${CPUS:-2}`) does not parse, and stays unknown.
fn read<T>(text: &Located<String>, parse: impl Fn(&str) -> Option<T>) -> Option<Located<T>> {
    let value = parse(text.value.trim())?;
    Some(Located::new(value, text.place))
}

/// The text as the container gets it: `$$` is a dollar sign, `${X}` is still to be filled in.
fn dollars(text: &Decoded) -> Decoded {
    let plain = text.text();
    let mut content = Decoded::default();
    let mut at = 0;
    while let Some(pair) = plain.get(at..).and_then(|rest| rest.find("$$")) {
        content.push_from(text, at..at + pair);
        content.push_escaped("$", text.span(at + pair..at + pair + 2));
        at += pair + 2;
    }
    content.push_from(text, at..plain.len());
    content
}
