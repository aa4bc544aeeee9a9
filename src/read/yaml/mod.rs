//! YAML with the bytes of every value.
//!
//! Decides what a document says: anchors, aliases and merge keys are resolved, within a budget, so
//! that an alias bomb is cut off instead of unfolded. What a key means is for the formats' readers.

mod scalar;

use std::collections::HashMap;
use std::rc::Rc;

use granit_parser::{Event, Parser, ScalarStyle, ScanError, Span as YamlSpan, StructureStyle};

use super::decoded::Decoded;
use crate::source::{Comment, Span};

/// More values than a compose file or a manifest has; aliases count each time they are used.
const MAX_NODES: usize = 100_000;
/// Deeper than anything people write.
const MAX_DEPTH: usize = 100;

/// A value and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) kind: Kind,
    /// All of it; for an alias the bytes of what it stands for.
    pub(super) span: Span,
}

/// Keys with their values.
type Pairs = Vec<(Node, Rc<Node>)>;

/// What a value is.
#[derive(Debug, Clone)]
pub(super) enum Kind {
    /// Pairs in the order of the file; those that a merge key brings in come last.
    Mapping(Pairs),
    Sequence {
        items: Vec<Rc<Node>>,
        flow: bool,
    },
    Scalar {
        text: Decoded,
        /// Whether it stands without quotes, so that `2`, `true` and `null` are no texts.
        plain: bool,
    },
}

/// What a text holds.
#[derive(Debug, Default)]
pub(super) struct Stream {
    pub(super) documents: Vec<Rc<Node>>,
    pub(super) comments: Vec<Comment>,
    /// Where the text stops being YAML, as a one-based line, and why.
    pub(super) error: Option<(usize, String)>,
}

impl Node {
    /// The value of a key of a mapping.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        self.pairs().find(|(name, _)| name.text() == Some(key)).map(|(_, value)| value)
    }

    /// The value at the end of a path of keys.
    pub(super) fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |node, key| node.get(key))
    }

    /// The pairs of a mapping; nothing for any other value.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (&Self, &Self)> {
        let pairs = if let Kind::Mapping(pairs) = &self.kind { pairs.as_slice() } else { &[] };
        pairs.iter().map(|(key, value)| (key, &**value))
    }

    /// The items of a sequence; nothing for any other value.
    pub(super) fn items(&self) -> &[Rc<Self>] {
        if let Kind::Sequence { items, .. } = &self.kind { items } else { &[] }
    }

    /// The text of a scalar, whatever type a schema would give it.
    pub(super) fn text(&self) -> Option<&str> {
        self.decoded().map(Decoded::text)
    }

    /// The text of a scalar with its bytes.
    pub(super) fn decoded(&self) -> Option<&Decoded> {
        if let Kind::Scalar { text, .. } = &self.kind { Some(text) } else { None }
    }

    /// Whether it is there and says nothing: `key:`, `key: ~`, `key: null`.
    pub(super) fn is_null(&self) -> bool {
        matches!(&self.kind, Kind::Scalar { text, plain: true } if matches!(text.text(), "" | "~" | "null" | "Null" | "NULL"))
    }

    /// The bytes of a scalar's content, inside its quotes.
    pub(super) fn content(&self) -> Span {
        match self.decoded() {
            Some(text) if !text.text().is_empty() => text.span(0..text.text().len()),
            _ => self.span,
        }
    }
}

/// Reads every document of `text`, as far as it is YAML.
pub(super) fn read(text: &str) -> Stream {
    // The parser takes a byte order mark for content in some places.
    let offset = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let mut builder = Builder {
        text,
        offset,
        parser: Parser::new_from_str(&text[offset..]),
        anchors: HashMap::new(),
        nodes: 0,
        stream: Stream::default(),
    };
    if let Err(stop) = builder.run() {
        let (line, why) = match stop {
            Stop::Syntax(error) => (error.marker().line(), error.info()),
            Stop::TooLarge => (1, "more values than are read".to_owned()),
            Stop::TooDeep => (1, "nested too deeply to be read".to_owned()),
        };
        builder.stream.error = Some((line, why));
    }
    builder.stream
}

enum Stop {
    Syntax(ScanError),
    TooLarge,
    TooDeep,
}

struct Builder<'t> {
    text: &'t str,
    /// Where the parser's text begins in the file's.
    offset: usize,
    parser: Parser<'t, granit_parser::StrInput<'t>>,
    anchors: HashMap<usize, (Rc<Node>, usize)>,
    nodes: usize,
    stream: Stream,
}

impl<'t> Builder<'t> {
    fn next(&mut self) -> Result<Option<(Event<'t>, YamlSpan)>, Stop> {
        loop {
            match self.parser.next_event() {
                None => return Ok(None),
                Some(Err(error)) => return Err(Stop::Syntax(error)),
                Some(Ok((Event::Comment(..), span))) => {
                    let span = self.span(&span);
                    let line = self.text[..span.start].rfind('\n').map_or(0, |at| at + 1);
                    let own_line = self.text[line..span.start].trim_start_matches('\u{feff}').trim().is_empty();
                    self.stream.comments.push(Comment { span, own_line });
                }
                Some(Ok(pair)) => return Ok(Some(pair)),
            }
        }
    }

    fn span(&self, span: &YamlSpan) -> Span {
        let range = span.byte_range().unwrap_or(0..0);
        let most = self.text.len();
        Span::new((range.start + self.offset).min(most), (range.end + self.offset).min(most))
    }

    fn run(&mut self) -> Result<(), Stop> {
        while let Some((event, span)) = self.next()? {
            match event {
                Event::DocumentStart(..) => self.anchors.clear(),
                Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
                event => {
                    let node = self.node(event, &span, 0)?;
                    self.stream.documents.push(node);
                }
            }
        }
        Ok(())
    }

    fn node(&mut self, event: Event<'t>, span: &YamlSpan, depth: usize) -> Result<Rc<Node>, Stop> {
        self.count(1)?;
        if depth > MAX_DEPTH {
            return Err(Stop::TooDeep);
        }
        let before = self.nodes;
        let span = self.span(span);
        let (anchor, node) = match event {
            Event::Alias(id) => {
                let (node, size) = self.anchors.get(&id).cloned().unwrap_or_else(|| (Rc::new(empty(span)), 1));
                // An alias costs what it stands for: that is what walking it will cost.
                self.count(size)?;
                return Ok(node);
            }
            Event::Scalar(value, style, anchor, _) => {
                let text = scalar::decode(self.text, span, &value, style);
                (anchor, Node { kind: Kind::Scalar { text, plain: style == ScalarStyle::Plain }, span })
            }
            Event::SequenceStart(style, anchor, _) => {
                let mut items = Vec::new();
                let mut end = span.end;
                while let Some((event, span)) = self.next()? {
                    if matches!(event, Event::SequenceEnd) {
                        end = self.span(&span).end.max(end);
                        break;
                    }
                    items.push(self.node(event, &span, depth + 1)?);
                }
                let flow = style == StructureStyle::Flow;
                (anchor, Node { kind: Kind::Sequence { items, flow }, span: Span::new(span.start, end) })
            }
            Event::MappingStart(_, anchor, _) => {
                let (pairs, end) = self.mapping(depth)?;
                (anchor, Node { kind: Kind::Mapping(pairs), span: Span::new(span.start, end.max(span.end)) })
            }
            _ => (0, empty(span)),
        };
        let node = Rc::new(node);
        if anchor > 0 {
            self.anchors.insert(anchor, (Rc::clone(&node), self.nodes - before + 1));
        }
        Ok(node)
    }

    fn mapping(&mut self, depth: usize) -> Result<(Pairs, usize), Stop> {
        let mut pairs: Pairs = Vec::new();
        let mut merged = Vec::new();
        let mut end = 0;
        while let Some((event, span)) = self.next()? {
            if matches!(event, Event::MappingEnd) {
                end = self.span(&span).end;
                break;
            }
            let key = self.node(event, &span, depth + 1)?;
            let Some((event, span)) = self.next()? else { break };
            let value = self.node(event, &span, depth + 1)?;
            if key.text() == Some("<<") {
                merged.push(value);
            } else {
                pairs.push(((*key).clone(), value));
            }
        }
        for source in &merged {
            let sources = if source.items().is_empty() { std::slice::from_ref(source) } else { source.items() };
            for source in sources {
                let Kind::Mapping(more) = &source.kind else { continue };
                self.count(more.len())?;
                for (key, value) in more {
                    // Own keys win over merged ones, earlier sources over later ones.
                    if !pairs.iter().any(|(own, _)| own.text() == key.text()) {
                        pairs.push((key.clone(), Rc::clone(value)));
                    }
                }
            }
        }
        Ok((pairs, end))
    }

    fn count(&mut self, nodes: usize) -> Result<(), Stop> {
        self.nodes = self.nodes.saturating_add(nodes);
        if self.nodes > MAX_NODES { Err(Stop::TooLarge) } else { Ok(()) }
    }
}

fn empty(span: Span) -> Node {
    Node { kind: Kind::Scalar { text: Decoded::default(), plain: true }, span }
}

/// Whether a text is a template that something else renders before it is YAML.
pub(super) fn is_template(text: &str) -> bool {
    text.lines().any(|line| {
        let line = line.trim_start();
        !line.starts_with('#') && (line.starts_with("{%") || line.starts_with("{{") || line.contains(": {{"))
    })
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    #[test]
    fn every_scalar_knows_its_bytes() {
        let text =
            "# ä head\na: 1 # one\nb: \"x y\"\nc: 'it''s'\nd: [p, \"q\"]\ne: &n {k: v}\nf: *n\ng: >\n  one\n  two\n";
        let stream = read(text);
        assert!(stream.error.is_none());
        let root = &stream.documents[0];
        let slice = |node: &Node| &text[node.content().start..node.content().end];
        assert_eq!(slice(root.get("a").unwrap()), "1");
        assert_eq!(slice(root.get("b").unwrap()), "x y");
        assert_eq!(root.get("c").unwrap().text(), Some("it's"));
        assert_eq!(root.get("d").unwrap().items().iter().map(|item| slice(item)).collect::<Vec<_>>(), ["p", "q"]);
        assert_eq!(slice(root.at(&["f", "k"]).unwrap()), "v");
        assert_eq!(root.get("g").unwrap().text(), Some("one two\n"));
        let folded = root.get("g").unwrap().decoded().unwrap();
        let two = folded.span(4..7);
        assert_eq!(&text[two.start..two.end], "two");
        let comments: Vec<_> = stream.comments.iter().map(|c| (&text[c.span.start..c.span.end], c.own_line)).collect();
        assert_eq!(comments, [("# ä head", true), ("# one", false)]);
    }

    #[test]
    fn merge_keys_yield_to_own_ones() {
        let stream = read("base: &b {x: 1, y: 2}\nown:\n  <<: *b\n  y: 3\n");
        let own = stream.documents[0].get("own").unwrap().clone();
        assert_eq!(own.get("x").unwrap().text(), Some("1"));
        assert_eq!(own.get("y").unwrap().text(), Some("3"));
    }

    #[test]
    fn hostile_texts_end() {
        let mut bomb = String::from("a0: &a0 [x]\n");
        for i in 1..40 {
            let alias = format!("*a{}, ", i - 1).repeat(10);
            let _ = writeln!(bomb, "a{i}: &a{i} [{}]", alias.trim_end_matches(", "));
        }
        assert!(read(&bomb).error.is_some());
        assert!(read(&"[".repeat(100_000)).error.is_some());
        assert!(read("a: \"x\n").error.is_some());
        assert!(read("\u{feff}a: 1\r\nb: 2\r\n").documents[0].get("b").is_some());
        assert!(read("").documents.is_empty());
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(text in "[-a-z:{}\\[\\]&*!|>'\"%@`#?, \\n\\täß]{0,80}") {
            let stream = read(&text);
            for document in &stream.documents {
                let span = document.content();
                proptest::prop_assert!(text.get(span.start..span.end).is_some());
            }
        }
    }
}
