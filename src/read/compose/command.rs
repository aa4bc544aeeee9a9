//! Commands of compose: a string that compose splits, or a list.

use crate::source::{Place, Word};

use super::super::Command;
use super::super::command;
use super::super::decoded::Decoded;
use super::super::expansion::Dialect;
use super::super::shell_words::Lexed;
use super::super::yaml::NodeId;
use super::node::Node;

/// The command at `node`; `None` where it cannot be split.
pub(super) fn read(node: Node) -> Option<Command> {
    let place = node.content();
    if node.is_list() {
        return command::exec(words(node)?, Dialect::Compose, place);
    }
    command::compose_string(&node.decoded()?, place)
}

/// The items of a list as words; `None` for anything else, and where one of them is no text.
pub(super) fn words(node: Node) -> Option<Vec<Lexed>> {
    let (ids, flow) = node.tree.items(node.id)?;
    (0..ids.len()).map(|index| item(node, ids, flow, index)).collect()
}

/// One word of a command that is written as a list.
fn item(list: Node, ids: &[NodeId], flow: bool, index: usize) -> Option<Lexed> {
    let item = list.at(*ids.get(index)?);
    let removal = item.tree.item_removal(item.source.text(), ids, flow, index);
    let text = item.decoded()?;
    let word = Word { removal: Place::new(item.file, removal), ..Node::word(&text, item.content()) };
    Some(Lexed { word, content: dollars(&text), has_quotes: true })
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
