//! Commands of compose: a string that compose splits, or a list.

use crate::source::{Place, Span, Word};

use super::super::Command;
use super::super::command;
use super::super::decoded::Decoded;
use super::super::expansion::Dialect;
use super::super::shell_words::Lexed;
use super::node::Node;

/// The command at `node`; `None` where it cannot be split.
pub(super) fn read(node: Node) -> Option<Command> {
    let place = node.content();
    match words(node) {
        Some(words) => command::exec(words?, Dialect::Compose, place),
        None => command::compose_string(&node.decoded()?, place),
    }
}

/// The items of a list as words; `None` for anything else, and inside where one of them is no text.
pub(super) fn words(node: Node) -> Option<Option<Vec<Lexed>>> {
    let (_, flow) = node.tree.items(node.id)?;
    let items = node.items();
    Some((0..items.len()).map(|index| item(&items, flow, index)).collect())
}

/// One word of a command that is written as a list.
fn item(items: &[Node], flow: bool, index: usize) -> Option<Lexed> {
    let &item = items.get(index)?;
    let outer = item.tree.span(item.id);
    let neighbour = |index: Option<usize>| index.and_then(|index| items.get(index)).map(|node| node.tree.span(node.id));
    let removal = match (flow, neighbour(index.checked_sub(1)), neighbour(Some(index + 1))) {
        (false, previous, _) => whole_lines(item, previous.map_or(0, |previous| previous.end), outer),
        (true, Some(previous), _) => Span::new(previous.end.min(outer.start), outer.end),
        (true, None, Some(next)) => Span::new(outer.start, next.start.max(outer.end)),
        (true, None, None) => outer,
    };
    let text = item.decoded()?;
    let word = Word { removal: Place::new(item.file, removal), ..Node::word(&text, item.content()) };
    Some(Lexed { word, content: dollars(&text), has_quotes: true })
}

/// The lines on which an item of a block list stands, from the one with its dash on.
fn whole_lines(item: Node, previous: usize, span: Span) -> Span {
    let text = item.source.text();
    let span = Span::new(span.start, span.start + item.source.slice(span).trim_end().len());
    let mut start = span.start;
    for line in text.get(previous.min(span.start)..span.start).unwrap_or_default().rsplit('\n') {
        start -= line.len();
        if line.trim_start().starts_with('-') {
            break;
        }
        start = start.saturating_sub(1);
    }
    let start = text.get(..start).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
    let end = text.get(span.end..).and_then(|rest| rest.find('\n')).map_or(text.len(), |at| span.end + at + 1);
    Span::new(start, end)
}

/// The text as the container gets it: `$$` is a dollar sign, `${X}` is still to be filled in.
pub(super) fn dollars(text: &Decoded) -> Decoded {
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
