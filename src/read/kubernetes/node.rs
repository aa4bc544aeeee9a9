//! A YAML document as a tree of its own: aliases and merges resolved, every text with its bytes.
//!
//! Such trees can be changed (a patch, a parameter) and mixed, whatever file their parts come from.

use crate::source::Span;

use super::super::decoded::Decoded;
use super::super::yaml::{NodeId, Tree};

/// Stands in a text for what a template would put there and nothing tells. No YAML means anything by it.
pub(in crate::read) const HOLE: char = '\u{f8ff}';

/// What a [`HOLE`] becomes in a text that leaves the readers: the notation of a placeholder, which the
/// readers of commands and variables take for something unknown.
const OPEN: &str = "{{ ? }}";

/// Deeper than any manifest.
const MAX_DEPTH: usize = 64;
/// More nodes than any document that a person wrote, with aliases counted as often as they stand.
const MAX_NODES: usize = 100_000;

/// A node with the bytes at which it stands.
#[derive(Debug, Clone)]
pub(in crate::read) struct Node {
    pub(in crate::read) span: Span,
    pub(in crate::read) kind: Kind,
}

/// What a node is.
#[derive(Debug, Clone)]
pub(in crate::read) enum Kind {
    Null,
    Text(Text),
    List(Vec<Item>),
    Map(Vec<Entry>),
}

/// A scalar.
#[derive(Debug, Clone)]
pub(in crate::read) struct Text {
    pub(in crate::read) decoded: Decoded,
    /// Its bytes inside any quotes.
    pub(in crate::read) content: Span,
    pub(in crate::read) quoted: bool,
}

/// An item of a list.
#[derive(Debug, Clone)]
pub(in crate::read) struct Item {
    pub(in crate::read) node: Node,
    /// The bytes to take out so that the list stays well formed without it.
    pub(in crate::read) removal: Span,
}

/// A key of a mapping with its value.
#[derive(Debug, Clone)]
pub(in crate::read) struct Entry {
    pub(in crate::read) key: String,
    pub(in crate::read) key_span: Span,
    pub(in crate::read) node: Node,
}

/// The tree below `top` of a parsed text; `None` where aliases make it larger than anything real.
///
/// `rendered` is the text that was parsed, with the bytes that it stands for.
pub(in crate::read) fn tree(tree: &Tree, rendered: &Decoded, top: NodeId) -> Option<Node> {
    let mut maker = Maker { tree, rendered, left: MAX_NODES };
    let node = maker.node(top, 0);
    (maker.left > 0).then_some(node)
}

struct Maker<'a> {
    tree: &'a Tree,
    rendered: &'a Decoded,
    left: usize,
}

impl Maker<'_> {
    fn node(&mut self, id: NodeId, depth: usize) -> Node {
        self.left = self.left.saturating_sub(1);
        let span = self.span(self.tree.span(id));
        Node { span, kind: if depth < MAX_DEPTH && self.left > 0 { self.kind(id, depth) } else { Kind::Null } }
    }

    fn kind(&mut self, id: NodeId, depth: usize) -> Kind {
        if let Some((items, flow)) = self.tree.items(id) {
            let make = |index: usize| {
                let range = self.tree.item_removal(self.rendered.text(), items, flow, index);
                let node = items.get(index).map(|&item| self.node(item, depth + 1))?;
                // What a template puts together has no lines of its own to take out.
                let removal = Some(self.span(range)).filter(|removal| removal.len() == range.len());
                Some(Item { removal: removal.unwrap_or(node.span), node })
            };
            return Kind::List((0..items.len()).map_while(make).collect());
        }
        if self.tree.is_mapping(id) {
            let entries = self.tree.entries(id);
            let make = |entry: super::super::yaml::Entry| {
                let key = self.tree.text(entry.key)?.to_owned();
                let key_span = self.span(self.tree.span(entry.key));
                (self.left > 0).then(|| Entry { key, key_span, node: self.node(entry.value, depth + 1) })
            };
            return Kind::Map(entries.into_iter().map_while(make).collect());
        }
        let Some(text) = self.tree.text(id) else { return Kind::Null };
        let content = self.span(self.tree.content(id));
        let decoded = if let Some(decoded) = self.tree.decoded(self.rendered.text(), id) {
            fill_holes(&decoded.through(self.rendered))
        } else {
            let mut unknown = Decoded::default();
            unknown.push_escaped(text, content);
            unknown
        };
        Kind::Text(Text { decoded, content, quoted: self.tree.is_quoted(id) })
    }

    fn span(&self, span: Span) -> Span {
        self.rendered.span(span.start..span.end)
    }
}

/// The text with its holes written as placeholders.
fn fill_holes(text: &Decoded) -> Decoded {
    let plain = text.text();
    if !plain.contains(HOLE) {
        return text.clone();
    }
    let mut filled = Decoded::default();
    let mut at = 0;
    for (hole, char) in plain.match_indices(HOLE) {
        filled.push_from(text, at..hole);
        at = hole + char.len();
        filled.push_escaped(OPEN, text.span(hole..at));
    }
    filled.push_from(text, at..plain.len());
    filled
}

impl Node {
    /// The value of a key.
    pub(in crate::read) fn get(&self, key: &str) -> Option<&Self> {
        self.entries().iter().find(|entry| entry.key == key).map(|entry| &entry.node)
    }

    /// The value at a path of keys.
    pub(in crate::read) fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |node, key| node.get(key))
    }

    /// The entries of a mapping; none of anything else.
    pub(in crate::read) fn entries(&self) -> &[Entry] {
        if let Kind::Map(entries) = &self.kind { entries } else { &[] }
    }

    /// The items of a list; none of anything else.
    pub(in crate::read) fn items(&self) -> &[Item] {
        if let Kind::List(items) = &self.kind { items } else { &[] }
    }

    /// The nodes of a list.
    pub(in crate::read) fn nodes(&self) -> impl Iterator<Item = &Self> {
        self.items().iter().map(|item| &item.node)
    }

    /// A scalar that is not null.
    pub(in crate::read) fn scalar(&self) -> Option<&Text> {
        if let Kind::Text(text) = &self.kind { Some(text) } else { None }
    }

    /// The text of a scalar that is not null.
    pub(in crate::read) fn text(&self) -> Option<&str> {
        Some(self.scalar()?.decoded.text())
    }

    /// The text of the scalar at a key.
    pub(in crate::read) fn text_of(&self, key: &str) -> Option<&str> {
        self.get(key)?.text()
    }

    /// Whether it says nothing.
    pub(in crate::read) const fn is_null(&self) -> bool {
        matches!(self.kind, Kind::Null)
    }

    /// The bytes of a scalar inside its quotes, of anything else all of it.
    pub(in crate::read) fn content(&self) -> Span {
        self.scalar().map_or(self.span, |text| text.content)
    }
}

/// Whether a text is complete: nothing in it waits to be filled in.
pub(in crate::read) fn is_known(text: &str) -> bool {
    !text.contains("{{") && !text.contains("{%") && !text.contains("${")
}
