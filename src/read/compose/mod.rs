//! A compose file becomes services, and the services of one project become units.
//!
//! Which files form a project is decided later, from all of them; how what several say about one
//! service goes together is decided here.

mod command;
mod health;
#[cfg(test)]
mod hostile;
mod node;
mod quantities;
mod service;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::findings::Note;
use crate::source::{FileId, Files, Located, Place, SourceFile, Span};

use super::embedded::Embedded;
use super::yaml::{self, Entry, NodeId, Tree};
use super::{Command, Facts, Unit};
use node::Node;
use service::{Reader, Source};

/// More services than any compose file has.
const MAX_SERVICES: usize = 1_000;
/// More files than one includes.
const MAX_INCLUDES: usize = 200;

/// What a compose file says.
#[derive(Debug)]
pub struct ComposeFile {
    file: FileId,
    tree: Tree,
    /// Names in the order of the file.
    names: Vec<String>,
    services: BTreeMap<String, (NodeId, NodeId)>,
}

/// Another service whose keys a service takes over (`extends`).
#[derive(Debug, Clone)]
pub struct Extends {
    /// The name of the other service.
    pub service: String,
    /// The file that it stands in, relative to the one that says so; the same one if not given.
    pub file: Option<Located<String>>,
    /// Where it is asked for.
    pub place: Place,
}

/// Further files of a project (`include`).
#[derive(Debug, Clone)]
pub struct Include {
    /// The files, of which each is laid over those in front of it.
    pub files: Vec<Located<String>>,
    /// The folder that their relative paths start from; that of the first one if not given.
    pub folder: Option<Located<String>>,
    /// The files with their variables; `.env` in their folder if there are none.
    pub environment_files: Vec<Located<String>>,
}

/// What one place says about a service.
#[derive(Debug, Clone)]
pub struct Layer<'a> {
    /// The file.
    pub compose: &'a ComposeFile,
    /// The name that the service has there.
    pub service: &'a str,
    /// What relative paths start with, seen from the folder of the nearest layer; empty for that folder.
    pub prefix: String,
}

impl ComposeFile {
    /// The file.
    pub fn file(&self) -> FileId {
        self.file
    }

    /// The names of its services, in order.
    pub fn services(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// Whether it says something about a service.
    pub fn has(&self, service: &str) -> bool {
        self.services.contains_key(service)
    }

    /// Whether a service could run by what stands here: it names an image, builds one, or takes over
    /// another service.
    pub fn stands_alone(&self, service: &str) -> bool {
        let node = self.services.get(service).map(|&(_, node)| node);
        node.is_some_and(|node| {
            ["image", "build", "extends", "provider"].iter().any(|key| self.tree.get(node, key).is_some())
        })
    }

    /// Whether a service says what it runs: an image, a command, variables.
    pub fn says_what_runs(&self, service: &str) -> bool {
        let keys = ["image", "command", "entrypoint", "extends", "environment", "env_file", "provider"];
        let node = self.services.get(service).map(|&(_, node)| node);
        node.is_some_and(|node| keys.iter().any(|key| self.tree.get(node, key).is_some()))
    }

    /// What a service takes over.
    pub fn extends(&self, service: &str) -> Option<Extends> {
        let &(_, node) = self.services.get(service)?;
        let extends = self.tree.get(node, "extends")?;
        let text = |node: NodeId| self.tree.text(node).map(str::to_owned);
        let place = Place::new(self.file, self.tree.content(extends));
        let name = text(extends).or_else(|| text(self.tree.get(extends, "service")?))?;
        let file = self.tree.get(extends, "file").and_then(|file| self.located(file));
        Some(Extends { service: name, file, place })
    }

    /// Whether everything that its services name is declared in it: the services they wait for, their
    /// networks and volumes. Compose refuses to start anything else.
    pub fn is_consistent(&self) -> bool {
        let top = |key: &str, name: &str| {
            self.tree.documents.iter().any(|&document| {
                self.tree.get(document, key).is_some_and(|declared| self.tree.get(declared, name).is_some())
            })
        };
        let includes = !self.includes().is_empty();
        self.services.values().all(|&(_, node)| {
            let names = |key: &str| self.tree.get(node, key).map(|node| self.keys(node)).unwrap_or_default();
            // `data:/var/lib`, and not `./data:/var/lib`.
            let volume = |text: &str| {
                let (name, _) = text.split_once(':')?;
                name.starts_with(|c: char| c.is_ascii_alphanumeric()).then(|| name.to_owned())
            };
            includes
                || (names("depends_on").iter().all(|name| self.has(name))
                    && names("networks").iter().all(|name| *name == "default" || top("networks", name))
                    && names("volumes").into_iter().filter_map(volume).all(|name| top("volumes", &name)))
        })
    }

    /// The keys of a mapping, or the texts of a list.
    fn keys(&self, node: NodeId) -> Vec<&str> {
        let keys = self.tree.entries(node).into_iter().map(|entry| entry.key);
        let (items, _) = self.tree.items(node).unwrap_or_default();
        keys.chain(items.iter().copied()).filter_map(|node| self.tree.text(node)).collect()
    }

    /// The files it includes.
    pub fn includes(&self) -> Vec<Include> {
        let lists = self.tree.documents.iter().filter_map(|&document| self.tree.get(document, "include"));
        let items = lists.filter_map(|list| self.tree.items(list)).flat_map(|(items, _)| items);
        let include = |&item: &NodeId| {
            if let Some(file) = self.located(item) {
                return Include { files: vec![file], folder: None, environment_files: Vec::new() };
            }
            let all = |key: &str| {
                let node = self.tree.get(item, key);
                let (items, _) = node.and_then(|node| self.tree.items(node)).unwrap_or_default();
                node.into_iter().chain(items.iter().copied()).filter_map(|node| self.located(node)).collect()
            };
            let folder = self.tree.get(item, "project_directory").and_then(|node| self.located(node));
            Include { files: all("path"), folder, environment_files: all("env_file") }
        };
        items.take(MAX_INCLUDES).map(include).collect()
    }

    fn located(&self, node: NodeId) -> Option<Located<String>> {
        let text = self.tree.text(node)?;
        Some(Located::new(text.to_owned(), Place::new(self.file, self.tree.content(node))))
    }

    /// A key on top of one of its documents, as a node of the file that `like` belongs to.
    fn top<'a>(&'a self, key: &str, like: Node<'a>) -> Option<Node<'a>> {
        self.tree.documents.iter().find_map(|&document| self.tree.get(document, key)).map(|id| like.at(id))
    }

    /// The option in a list of words whose value `span` belongs to.
    pub(super) fn option_before(&self, span: Span) -> Option<Span> {
        let holds = |outer: Span| outer.start <= span.start && span.end <= outer.end;
        self.services.values().find_map(|&(_, node)| {
            ["command", "entrypoint"].iter().find_map(|key| {
                let (items, _) = self.tree.items(self.tree.get(node, key)?)?;
                let at =
                    items.iter().position(|item| holds(self.tree.span(*item)) || holds(self.tree.content(*item)))?;
                let (option, value) = (*items.get(at.checked_sub(1)?)?, *items.get(at)?);
                let is_pair = is_pair(self.tree.text(option)?, self.tree.text(value)?);
                is_pair.then(|| self.tree.content(option))
            })
        })
    }

    /// All of the command or the entry point that `span` belongs to.
    pub(super) fn command_around(&self, span: Span) -> Option<Span> {
        self.services.values().find_map(|&(_, node)| {
            ["command", "entrypoint"].iter().find_map(|key| {
                let whole = self.tree.content(self.tree.get(node, key)?);
                (whole.start <= span.start && span.end <= whole.end).then_some(whole)
            })
        })
    }
}

/// Whether of two words of a list the first is an option and the other its value, as far as they show it.
pub(super) fn is_pair(option: &str, value: &str) -> bool {
    option.starts_with('-') && !option.contains('=') && !value.starts_with('-')
}

/// The service that `layers` make together, the nearest of which comes first; `outer` answers for the
/// variables that compose fills in. `None` without a layer that has the service.
pub fn service(
    layers: &[Layer],
    files: &Files,
    outer: &dyn Fn(&str) -> Option<String>,
    notes: &mut Vec<Note>,
) -> Option<Unit> {
    let source = |layer: &Layer<'_>| -> Option<(NodeId, NodeId)> { layer.compose.services.get(layer.service).copied() };
    let sources: Vec<Source> = layers
        .iter()
        .filter_map(|layer| {
            let (_, id) = source(layer)?;
            let compose = layer.compose;
            let node = Node { file: compose.file, source: files.get(compose.file), tree: &compose.tree, id };
            Some(Source { node, compose, prefix: layer.prefix.clone() })
        })
        .collect();
    let nearest = layers.iter().find(|layer| source(layer).is_some())?;
    let (key, _) = source(nearest)?;
    let place = Place::new(nearest.compose.file, nearest.compose.tree.content(key));
    let mut reader = Reader { sources: &sources, outer, files, notes: Vec::new() };
    let unit = reader.unit(nearest.service, place);
    notes.append(&mut reader.notes);
    Some(unit)
}

/// How many words and variables a unit has; aliases repeat them for free.
pub fn size(unit: &Unit) -> usize {
    let words =
        |command: &Option<Command>| command.iter().flat_map(|command| &command.simple).map(Vec::len).sum::<usize>();
    words(&unit.entrypoint) + words(&unit.command) + unit.environment.len() + unit.environment_files.len()
}

/// The units of every file by itself, with what services take over inside it.
#[cfg(test)]
pub(super) fn by_themselves(files: &Files, facts: &mut Facts) {
    let mut budget = 200_000_usize;
    for compose in facts.compose.values() {
        for name in compose.services() {
            let mut layers = vec![Layer { compose, service: name, prefix: String::new() }];
            while let Some(extends) = compose.extends(layers.last().unwrap().service).filter(|_| layers.len() < 20) {
                let Some(base) = compose.services().find(|name| *name == extends.service) else { break };
                layers.push(Layer { compose, service: base, prefix: String::new() });
            }
            facts.units.extend(service(&layers, files, &|_| None, &mut facts.notes));
            let Some(left) = budget.checked_sub(size(facts.units.last().unwrap())) else { return };
            budget = left;
        }
    }
}

/// The files that stand in a compose file, below `configs` or `secrets`. One with a `$` in it is another one
/// once compose has filled in its variables.
pub(super) fn embedded(text: &str) -> Vec<Embedded> {
    let mut found = Vec::new();
    if !text.contains("content:") && !text.contains("dockerfile_inline:") {
        return found;
    }
    let tree = yaml::parse(text);
    let services = tree.documents.iter().filter_map(|&document| tree.get(document, "services"));
    for service in services.flat_map(|services| tree.entries(services)) {
        let inline = tree.get(service.value, "build").and_then(|build| tree.get(build, "dockerfile_inline"));
        // Compose fills in variables before anybody builds from it.
        let body = inline.and_then(|inline| tree.decoded(text, inline)).filter(|body| !body.text().contains('$'));
        found.extend(body.map(|body| Embedded { path: "Dockerfile".to_owned(), body }));
    }
    for (&document, key) in tree.documents.iter().flat_map(|document| [(document, "configs"), (document, "secrets")]) {
        for Entry { key: name, value } in tree.get(document, key).map(|node| tree.entries(node)).unwrap_or_default() {
            let body = tree.get(value, "content").and_then(|content| tree.decoded(text, content));
            let (Some(name), Some(body)) = (tree.text(name), body) else { continue };
            if !body.text().contains('$') {
                found.push(Embedded { path: target(&tree, key, name).unwrap_or(name).to_owned(), body });
            }
        }
    }
    found
}

/// Where a service wants to have a file that is declared by `name`.
fn target<'t>(tree: &'t Tree, key: &str, name: &str) -> Option<&'t str> {
    let services = tree.documents.iter().filter_map(|&document| tree.get(document, "services"));
    let mut uses = services
        .flat_map(|services| tree.entries(services))
        .filter_map(|service| tree.items(tree.get(service.value, key)?))
        .flat_map(|(items, _)| items);
    uses.find_map(|&item| {
        let is_it = tree.get(item, "source").and_then(|source| tree.text(source)) == Some(name);
        if is_it { tree.text(tree.get(item, "target")?) } else { None }
    })
}

/// Reads a compose file.
pub(super) fn read(file: FileId, source: &SourceFile, facts: &mut Facts) {
    let text = source.text();
    let mut tree = yaml::parse(text);
    facts.comments.insert(file, std::mem::take(&mut tree.comments));
    let is_templated =
        tree.has_placeholders() || (tree.error.is_some() && (text.contains("{{") || text.contains("{%")));
    if is_templated {
        facts.notes.push(Note::file(source.path(), "a template, so it was not read"));
        return;
    }
    if let Some(error) = &tree.error {
        // The document with the error may lack the half of a service that changes its meaning.
        let reason = format!("not valid YAML, so this document was not read: {}", error.message);
        facts.notes.push(Note::line(source.path(), error.line, reason));
    }
    let all: Vec<Entry> = tree
        .documents
        .iter()
        .filter_map(|&document| tree.get(document, "services"))
        .flat_map(|services| tree.entries(services))
        .collect();
    if all.len() > MAX_SERVICES {
        let reason = format!("more than {MAX_SERVICES} services; the rest was not read");
        facts.notes.push(Note::file(source.path(), reason));
    }
    let mut names = Vec::new();
    let mut services = BTreeMap::new();
    for Entry { key, value } in all.into_iter().take(MAX_SERVICES) {
        if let Some(name) = tree.text(key).filter(|_| tree.is_mapping(value)) {
            names.push(name.to_owned());
            services.insert(name.to_owned(), (key, value));
        }
    }
    facts.compose.insert(file, ComposeFile { file, tree, names, services });
}
