//! YAML, and JSON as the part of it that it is.

use crate::findings::Note;
use crate::source::{FileId, SourceFile, Span};

use super::super::Facts;
use super::super::yaml::{self, NodeId, Tree};
use super::{Document, Entry, Kind, MAX_DEPTH, Node};

/// More nodes than a file of interest has; aliases repeat them for free.
const MAX_NODES: usize = 100_000;

/// Reads a YAML or JSON file; what is wrong with it becomes a note, and its comments are noted.
pub(in super::super) fn read_yaml(file: FileId, source: &SourceFile, facts: &mut Facts) -> Document {
    let text = source.text();
    let mut tree = yaml::parse(text);
    facts.comments.insert(file, std::mem::take(&mut tree.comments));
    if let Some(error) = &tree.error {
        let reason = if text.contains("{{") || text.contains("{%") || text.contains("<%") {
            "a template, so it was not read".to_owned()
        } else {
            format!("not valid YAML, so this document was not read: {}", error.message)
        };
        facts.notes.push(Note::line(source.path(), error.line, reason));
    }
    let mut conversion = Conversion { text, tree: &tree, left: MAX_NODES };
    let tops = tree.documents.iter().map(|&top| conversion.node(top, Span::default(), 0)).collect();
    if conversion.left == 0 {
        facts.notes.push(Note::file(source.path(), "longer than any file of its kind; the rest was not read"));
    }
    Document { tops }
}

struct Conversion<'a> {
    text: &'a str,
    tree: &'a Tree,
    left: usize,
}

impl Conversion<'_> {
    fn node(&mut self, id: NodeId, removal: Span, depth: usize) -> Node {
        let (span, content) = (self.tree.span(id), self.tree.content(id));
        self.left = self.left.saturating_sub(1);
        let kind = if self.left == 0 || depth > MAX_DEPTH || self.tree.is_tagged(id) {
            Kind::Open
        } else if let Some((items, flow)) = self.tree.items(id) {
            let items = items.to_vec();
            let removals: Vec<Span> =
                (0..items.len()).map(|at| self.tree.item_removal(self.text, &items, flow, at)).collect();
            Kind::List(items.into_iter().zip(removals).map(|(item, span)| self.node(item, span, depth + 1)).collect())
        } else if self.tree.is_mapping(id) {
            Kind::Table(self.entries(id, depth))
        } else if self.tree.text(id).is_none() {
            Kind::Null
        } else {
            self.tree.decoded(self.text, id).map_or(Kind::Open, Kind::Scalar)
        };
        Node { span, content, removal, kind }
    }

    fn entries(&mut self, id: NodeId, depth: usize) -> Vec<Entry> {
        let entries = self.tree.entries(id).into_iter();
        let entries = entries.map(|entry| Entry {
            key: self.tree.text(entry.key).unwrap_or_default().to_owned(),
            key_span: self.tree.content(entry.key),
            value: self.node(entry.value, self.tree.span(entry.value), depth + 1),
        });
        entries.collect()
    }
}
