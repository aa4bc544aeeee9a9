//! A YAML file becomes a tree whose scalars know their bytes.
//!
//! Decides what stands where. Aliases point at the node they name instead of copying it, so a file of
//! aliases to aliases costs no more than its own size. What the keys mean is `compose`'s.

mod scalar;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use granit_parser::{Event, Options, Parser, ScalarStyle, StructureStyle, Tag};

use crate::source::{Comment, Span};

use super::decoded::Decoded;

/// More nodes than any file that a person wrote.
const MAX_NODES: usize = 200_000;

/// More keys than any mapping of interest has, merged ones included.
const MAX_ENTRIES: usize = 5_000;

/// More mappings than anybody merges into one.
const MAX_MERGED: usize = 200;

/// Names a node of a [`Tree`].
pub(super) type NodeId = usize;

/// What one file holds.
#[derive(Debug, Default)]
pub(super) struct Tree {
    nodes: Vec<Node>,
    /// The top node of each document.
    pub(super) documents: Vec<NodeId>,
    pub(super) comments: Vec<Comment>,
    /// Why the rest was not read.
    pub(super) error: Option<Failure>,
    /// The nodes with a tag of compose.
    marks: BTreeMap<NodeId, Mark>,
}

/// What a tag of compose makes of the same key in the files beneath.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// `!reset`: it is taken out, whatever stands behind the tag.
    Reset,
    /// `!override`: it is replaced instead of merged.
    Override,
}

/// Where and why reading ended.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) line: usize,
    pub(super) message: String,
}

#[derive(Debug)]
struct Node {
    span: Span,
    /// Inside the quotes, or without the breaks behind a block.
    content: Span,
    kind: Kind,
    /// Whether it has a tag of the application's own, such as `!Ref`.
    tagged: bool,
}

/// What a node is.
#[derive(Debug)]
enum Kind {
    Scalar(String, ScalarStyle),
    Sequence {
        items: Vec<NodeId>,
        flow: bool,
    },
    Mapping {
        entries: Vec<(NodeId, NodeId)>,
        flow: bool,
        index: Index,
    },
    /// `*name`: stands here, and is what the other node is.
    Alias(NodeId),
}

/// A mapping by its keys, made once it is complete: a mapping that many others merge would otherwise be
/// searched from end to end for each of them.
#[derive(Debug, Default)]
struct Index {
    values: BTreeMap<String, NodeId>,
    /// What `<<` names.
    merged: Vec<NodeId>,
}

/// A key of a mapping and its value.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub(super) key: NodeId,
    pub(super) value: NodeId,
}

/// Parses all documents of `text`; those that are complete in front of an error are kept.
pub(super) fn parse(text: &str) -> Tree {
    let mut options = Options::default();
    // Commented-out services make longer runs of comments than the parser expects.
    options.max_buffered_comment_events = MAX_NODES;
    let without = without_definitions(text);
    let mut builder =
        Builder { text, tree: Tree::default(), open: Vec::new(), anchors: BTreeMap::new(), written_to: 0, complete: 0 };
    for next in Parser::new_from_str_with_options(&without, options) {
        match next {
            Ok((event, span)) => {
                let span = span.byte_range().map_or(Span::default(), |range| Span::new(range.start, range.end));
                builder.event(event, span);
            }
            Err(error) => {
                let failure = Failure { line: error.marker().line(), message: error.info() };
                builder.tree.error = Some(failure);
                break;
            }
        }
        if builder.tree.nodes.len() >= MAX_NODES {
            let message = format!("more than {MAX_NODES} nodes");
            builder.tree.error = Some(Failure { line: 1, message });
            break;
        }
    }
    if builder.tree.error.is_some() {
        builder.tree.documents.truncate(builder.complete);
    }
    builder.tree
}

/// The text with blanks in place of the documents that only define kinds of resources: they may take megabytes, and
/// start nothing. Everything else stays where it is.
fn without_definitions(text: &str) -> Cow<'_, str> {
    const KIND: &str = "\nkind: CustomResourceDefinition";
    if !text.contains(KIND) {
        return Cow::Borrowed(text);
    }
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.get(1..).and_then(|behind| behind.find("\n---")).map_or(rest.len(), |at| at + 1);
        let (document, behind) = rest.split_at(end);
        if document.contains(KIND) {
            // The line with the marks stays.
            let marks = document.strip_prefix("\n---").map_or(0, |_| 4);
            kept.push_str(document.get(..marks).unwrap_or_default());
            kept.extend(document.bytes().skip(marks).map(|byte| if byte == b'\n' { '\n' } else { ' ' }));
        } else {
            kept.push_str(document);
        }
        rest = behind;
    }
    Cow::Owned(kept)
}

fn is_blank(char: char) -> bool {
    matches!(char, ' ' | '\t' | '\n' | '\r')
}

struct Builder<'a> {
    text: &'a str,
    tree: Tree,
    open: Vec<Open>,
    /// The node of each anchor, by the parser's number for it.
    anchors: BTreeMap<usize, NodeId>,
    /// Where the last scalar, alias or bracket ends: the parser ends a block collection only where the
    /// next thing begins, behind comments and empty lines.
    written_to: usize,
    /// How many documents have ended.
    complete: usize,
}

struct Open {
    node: NodeId,
    /// The key of a mapping whose value has not come yet.
    key: Option<NodeId>,
}

impl Builder<'_> {
    fn event(&mut self, event: Event<'_>, span: Span) {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.written_to = span.end;
                let node = self.add(span, Kind::Scalar(text.into_owned(), style), anchor);
                self.tag(node, tag.as_ref());
                self.mark(node, tag.as_deref());
                self.place(node);
            }
            Event::SequenceStart(style, anchor, tag) => {
                let flow = style == StructureStyle::Flow;
                let node = self.start(span, Kind::Sequence { items: Vec::new(), flow }, anchor);
                self.tag(node, tag.as_ref());
                self.mark(node, tag.as_deref());
            }
            Event::MappingStart(style, anchor, tag) => {
                let flow = style == StructureStyle::Flow;
                let kind = Kind::Mapping { entries: Vec::new(), flow, index: Index::default() };
                let node = self.start(span, kind, anchor);
                self.tag(node, tag.as_ref());
                self.mark(node, tag.as_deref());
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let open = self.open.pop();
                if let Some(made) = open.as_ref().map(|open| self.tree.index(open.node))
                    && let Some(Kind::Mapping { index, .. }) =
                        open.as_ref().and_then(|open| self.tree.nodes.get_mut(open.node)).map(|node| &mut node.kind)
                {
                    *index = made;
                }
                if let Some(open) = open
                    && let Some(node) = self.tree.nodes.get_mut(open.node)
                {
                    if matches!(node.kind, Kind::Sequence { flow: true, .. } | Kind::Mapping { flow: true, .. }) {
                        self.written_to = self.written_to.max(span.end);
                    }
                    let written = self.text.get(node.span.start..self.written_to).unwrap_or_default();
                    node.span.end = node.span.start + written.trim_end_matches(is_blank).len();
                    node.content = node.span;
                }
            }
            Event::Alias(id) => {
                self.written_to = span.end;
                let target = self.anchors.get(&id).copied();
                // An alias inside the node that it names would make the tree endless.
                let target = target.filter(|node| self.open.iter().all(|open| open.node != *node));
                let kind = target.map_or_else(|| Kind::Scalar("~".to_owned(), ScalarStyle::Plain), Kind::Alias);
                let node = self.add(span, kind, 0);
                self.place(node);
            }
            Event::DocumentEnd => self.complete = self.tree.documents.len(),
            Event::Comment(..) => {
                let line = self.text.get(..span.start).and_then(|before| before.rsplit('\n').next());
                let own_line = line.is_some_and(|line| line.trim_start_matches('\u{feff}').trim().is_empty());
                self.tree.comments.push(Comment { span, own_line });
            }
            _ => {}
        }
    }

    fn start(&mut self, span: Span, kind: Kind, anchor: usize) -> NodeId {
        self.written_to = span.end;
        let node = self.add(span, kind, anchor);
        self.place(node);
        self.open.push(Open { node, key: None });
        node
    }

    fn tag(&mut self, node: NodeId, tag: Option<&Cow<'_, Tag>>) {
        if let Some(node) = self.tree.nodes.get_mut(node) {
            node.tagged = tag.is_some_and(|tag| !tag.is_yaml_core_schema());
        }
    }

    fn mark(&mut self, node: NodeId, tag: Option<&Tag>) {
        let mark = match tag.filter(|tag| tag.handle() == "!").map(Tag::suffix) {
            Some("reset") => Mark::Reset,
            Some("override") => Mark::Override,
            _ => return,
        };
        self.tree.marks.insert(node, mark);
    }

    fn add(&mut self, span: Span, kind: Kind, anchor: usize) -> NodeId {
        let node = self.tree.nodes.len();
        let quoted = matches!(kind, Kind::Scalar(_, ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted));
        let written = self.text.get(span.start..span.end).unwrap_or_default();
        let content = if quoted && span.len() >= 2 {
            Span::new(span.start + 1, span.end - 1)
        } else {
            Span::new(span.start, span.start + written.trim_end_matches(is_blank).len())
        };
        self.tree.nodes.push(Node { span, content, kind, tagged: false });
        if anchor > 0 {
            self.anchors.insert(anchor, node);
        }
        node
    }

    /// Puts a node where it belongs: into the collection that is open, or on top.
    fn place(&mut self, node: NodeId) {
        let Some(open) = self.open.last_mut() else {
            self.tree.documents.push(node);
            return;
        };
        match self.tree.nodes.get_mut(open.node).map(|parent| &mut parent.kind) {
            Some(Kind::Sequence { items, .. }) => items.push(node),
            Some(Kind::Mapping { entries, .. }) => match open.key.take() {
                Some(key) => entries.push((key, node)),
                None => open.key = Some(node),
            },
            _ => {}
        }
    }
}

impl Tree {
    /// The node that another one stands for.
    fn node(&self, node: NodeId) -> Option<&Node> {
        self.nodes.get(self.target(node))
    }

    /// The node itself, or the one that it is an alias of.
    fn target(&self, node: NodeId) -> NodeId {
        match self.nodes.get(node).map(|node| &node.kind) {
            Some(&Kind::Alias(target)) => target,
            _ => node,
        }
    }

    /// The tag of compose in front of a node.
    pub(super) fn mark(&self, node: NodeId) -> Option<Mark> {
        self.marks.get(&node).copied()
    }

    /// The bytes at which a node stands, quotes included; of an alias its own, of a collection up to the
    /// end of its last item.
    pub(super) fn span(&self, node: NodeId) -> Span {
        self.nodes.get(node).map_or(Span::default(), |node| node.span)
    }

    /// The text of a scalar that is not null.
    pub(super) fn text(&self, node: NodeId) -> Option<&str> {
        match &self.node(node)?.kind {
            Kind::Scalar(text, ScalarStyle::Plain) if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL") => {
                None
            }
            Kind::Scalar(text, _) => Some(text),
            _ => None,
        }
    }

    /// Whether a scalar is written without quotes, so that it may be a number.
    pub(super) fn is_plain(&self, node: NodeId) -> bool {
        matches!(self.node(node).map(|node| &node.kind), Some(Kind::Scalar(_, ScalarStyle::Plain)))
    }

    /// Whether a scalar stands in quotes, which makes it text whatever it looks like.
    pub(super) fn is_quoted(&self, node: NodeId) -> bool {
        let quoted = |style: &ScalarStyle| matches!(style, ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted);
        matches!(self.node(node).map(|node| &node.kind), Some(Kind::Scalar(_, style)) if quoted(style))
    }

    /// The text of a scalar with the bytes it stands for; `None` for null, a collection, or a notation
    /// whose bytes cannot be told.
    pub(super) fn decoded(&self, source: &str, node: NodeId) -> Option<Decoded> {
        self.text(node)?;
        let node = self.node(node)?;
        let Kind::Scalar(text, style) = &node.kind else { return None };
        scalar::decode(source, node.span, text, *style)
    }

    /// The bytes of a scalar's text, inside its quotes and without the breaks behind a block; of an alias
    /// those of what it stands for, of a collection all of it.
    pub(super) fn content(&self, node: NodeId) -> Span {
        self.node(node).map_or(Span::default(), |node| node.content)
    }

    /// The items of a sequence, and whether it is written in brackets.
    pub(super) fn items(&self, node: NodeId) -> Option<(&[NodeId], bool)> {
        match &self.node(node)?.kind {
            Kind::Sequence { items, flow } => Some((items, *flow)),
            _ => None,
        }
    }

    /// The bytes to take out of `source` so that a sequence stays well formed without one of its items.
    pub(super) fn item_removal(&self, source: &str, items: &[NodeId], flow: bool, index: usize) -> Span {
        let neighbour = |index: Option<usize>| Some(self.span(*items.get(index?)?));
        let Some(outer) = neighbour(Some(index)) else { return Span::default() };
        match (flow, neighbour(index.checked_sub(1)), neighbour(Some(index + 1))) {
            (false, previous, _) => whole_lines(source, previous.map_or(0, |previous| previous.end), outer),
            (true, Some(previous), _) => Span::new(previous.end.min(outer.start), outer.end),
            (true, None, Some(next)) => Span::new(outer.start, next.start.max(outer.end)),
            (true, None, None) => outer,
        }
    }

    /// Whether the application makes something else of a node, by a tag such as `!Ref`.
    pub(super) fn is_tagged(&self, node: NodeId) -> bool {
        self.node(node).is_some_and(|node| node.tagged)
    }

    /// Whether a node is a mapping.
    pub(super) fn is_mapping(&self, node: NodeId) -> bool {
        matches!(self.node(node).map(|node| &node.kind), Some(Kind::Mapping { .. }))
    }

    /// The entries of a mapping with those it merges by `<<`; an entry of its own wins.
    pub(super) fn entries(&self, node: NodeId) -> Vec<Entry> {
        let mut names = BTreeSet::new();
        let mut entries = Vec::new();
        for (own, _) in self.merged(node) {
            for &(key, value) in own {
                if let Some(name) = self.text(key).filter(|_| !self.is_merge(key))
                    && entries.len() < MAX_ENTRIES
                    && names.insert(name)
                {
                    entries.push(Entry { key, value });
                }
            }
        }
        entries
    }

    /// The value of a key of a mapping.
    pub(super) fn get(&self, node: NodeId, key: &str) -> Option<NodeId> {
        self.merged(node).find_map(|(_, index)| index.values.get(key).copied())
    }

    /// The mapping, then those it merges: depth first and in order, because the first one wins.
    fn merged(&self, node: NodeId) -> impl Iterator<Item = (&[(NodeId, NodeId)], &Index)> {
        let mut seen = BTreeSet::new();
        let mut pending = vec![node];
        std::iter::from_fn(move || {
            while let Some(node) = pending.pop().filter(|_| seen.len() < MAX_MERGED) {
                if !seen.insert(self.target(node)) {
                    continue;
                }
                match self.node(node).map(|node| &node.kind) {
                    Some(Kind::Sequence { items, .. }) => pending.extend(items.iter().rev()),
                    Some(Kind::Mapping { entries, index, .. }) => {
                        pending.extend(index.merged.iter().rev());
                        return Some((entries.as_slice(), index));
                    }
                    _ => {}
                }
            }
            None
        })
    }

    fn is_merge(&self, key: NodeId) -> bool {
        self.text(key) == Some("<<") && !self.is_quoted(key)
    }

    fn index(&self, node: NodeId) -> Index {
        let mut index = Index::default();
        if let Some(Kind::Mapping { entries, .. }) = self.node(node).map(|node| &node.kind) {
            for &(key, value) in entries {
                if self.is_merge(key) {
                    index.merged.push(value);
                } else if let Some(name) = self.text(key) {
                    index.values.entry(name.to_owned()).or_insert(value);
                }
            }
        }
        index
    }

    /// Whether placeholders of a template stand in place of values, `{{ x }}` being a mapping whose key is a mapping,
    /// or statements inside of texts. A placeholder that is a part of a text is one of its words.
    pub(super) fn has_placeholders(&self) -> bool {
        self.nodes.iter().any(|node| match &node.kind {
            Kind::Scalar(text, ScalarStyle::Plain) => text.contains("{%"),
            Kind::Mapping { entries, flow: true, .. } => entries.iter().any(|&(key, _)| self.is_mapping(key)),
            _ => false,
        })
    }
}

/// The lines on which an item of a block list stands, from the one with its dash on.
fn whole_lines(source: &str, previous: usize, span: Span) -> Span {
    let written = source.get(span.start..span.end).unwrap_or_default();
    let span = Span::new(span.start, span.start + written.trim_end().len());
    let mut start = span.start;
    for line in source.get(previous.min(span.start)..span.start).unwrap_or_default().rsplit('\n') {
        start -= line.len();
        if line.trim_start().starts_with('-') {
            break;
        }
        start = start.saturating_sub(1);
    }
    let start = source.get(..start).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
    let end = source.get(span.end..).and_then(|rest| rest.find('\n')).map_or(source.len(), |at| span.end + at + 1);
    Span::new(start, end)
}

#[cfg(test)]
mod tests;
