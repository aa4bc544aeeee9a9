//! A compose file becomes one unit per service.
//!
//! Services of other files, overrides and the images that are built are joined later; `extends` inside
//! one file is not.

#[cfg(test)]
mod hostile;
mod service;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use crate::findings::Note;
use crate::source::{FileId, SourceFile};

use super::yaml::{self, Entry, NodeId, Tree};
use super::{Command, Facts, Unit};
use service::Reader;

/// More services than any compose file has.
const MAX_SERVICES: usize = 1_000;
/// More words and variables than all services of a file have together; aliases repeat them for free.
const MAX_WORDS: usize = 200_000;
/// Longer chains of `extends` than anybody follows.
const MAX_EXTENDS: usize = 20;

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
    let services: Vec<Entry> = tree
        .documents
        .iter()
        .filter_map(|&document| tree.get(document, "services"))
        .flat_map(|services| tree.entries(services))
        .collect();
    if services.len() > MAX_SERVICES {
        let reason = format!("more than {MAX_SERVICES} services; the rest was not read");
        facts.notes.push(Note::file(source.path(), reason));
    }
    let mut words = 0;
    for entry in services.iter().take(MAX_SERVICES).filter(|entry| tree.is_mapping(entry.value)) {
        let (layers, unresolved) = layers(&tree, &services, *entry);
        let mut reader = Reader::new(file, source, &tree, &layers);
        let unit = reader.unit(entry.key);
        facts.notes.append(&mut reader.notes);
        words += size(&unit);
        facts.units.push(unit);
        if words > MAX_WORDS {
            facts.notes.push(Note::file(source.path(), "longer than any compose file; the rest was not read"));
            break;
        }
        if let Some(reason) = unresolved {
            let line = source.line(tree.span(entry.key).start);
            facts.notes.push(Note::line(source.path(), line, reason));
        }
    }
}

fn size(unit: &Unit) -> usize {
    let words =
        |command: &Option<Command>| command.iter().flat_map(|command| &command.simple).map(Vec::len).sum::<usize>();
    words(&unit.entrypoint) + words(&unit.command) + unit.environment.len() + unit.environment_files.len()
}

/// The service and what it extends, the nearest first; and why there may be more.
fn layers(tree: &Tree, services: &[Entry], entry: Entry) -> (Vec<NodeId>, Option<String>) {
    let mut layers = vec![entry.value];
    let mut seen = BTreeSet::from([entry.value]);
    let mut current = entry.value;
    while let Some(extends) = tree.get(current, "extends") {
        let elsewhere = tree.get(extends, "file").and_then(|node| tree.text(node));
        let name = tree.text(extends).or_else(|| tree.get(extends, "service").and_then(|node| tree.text(node)));
        if let Some(file) = elsewhere {
            let name = name.unwrap_or_default();
            return (layers, Some(format!("extends `{name}` of `{file}`, which was not joined")));
        }
        let base = name.and_then(|name| services.iter().find(|other| tree.text(other.key) == Some(name)));
        let Some(base) = base.filter(|base| tree.is_mapping(base.value)) else {
            return (layers, Some("extends a service that is not in this file".to_owned()));
        };
        if layers.len() >= MAX_EXTENDS || !seen.insert(base.value) {
            return (layers, Some("extends itself".to_owned()));
        }
        layers.push(base.value);
        current = base.value;
    }
    (layers, None)
}
