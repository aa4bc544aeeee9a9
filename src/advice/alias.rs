//! Whether the bytes at a place of a YAML file stand in more than one place of its document.

use std::collections::BTreeMap;

use granit_parser::{Event, Parser};

use crate::source::{Files, Place, Span};

/// The anchor whose node holds `place`, if an alias somewhere repeats that node.
pub(super) fn anchor(files: &Files, place: Place) -> Option<String> {
    let file = files.get(files.owner(place.file));
    let is_yaml = file.path().rsplit_once('.').is_some_and(|(_, end)| matches!(end, "yaml" | "yml"));
    if !is_yaml || !file.text().contains('&') {
        return None;
    }
    // Anchors that are open, and what each of those that are closed spans.
    let mut open: Vec<(usize, usize)> = Vec::new();
    let mut nodes: BTreeMap<usize, Span> = BTreeMap::new();
    let mut used = Vec::new();
    for event in Parser::new_from_str(file.text()) {
        let (event, span) = event.ok()?;
        let range = span.byte_range()?;
        match event {
            Event::SequenceStart(_, anchor, ..) | Event::MappingStart(_, anchor, ..) => {
                open.push((anchor, range.start));
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let (anchor, start) = open.pop()?;
                nodes.insert(anchor, Span::new(start, range.end));
            }
            Event::Scalar(_, _, anchor, _) => {
                nodes.insert(anchor, Span::new(range.start, range.end));
            }
            Event::Alias(anchor) => used.push(anchor),
            _ => {}
        }
    }
    let holds = |anchor: &usize| {
        let node = nodes.get(anchor)?;
        (*anchor > 0 && node.start <= place.span.start && place.span.end <= node.end).then_some(*node)
    };
    let node = used.iter().find_map(holds)?;
    let before = file.text().get(..node.start)?;
    let name = before.rsplit_once('&').map_or("", |(_, rest)| rest);
    Some(name.split_whitespace().next().unwrap_or_default().to_owned())
}
