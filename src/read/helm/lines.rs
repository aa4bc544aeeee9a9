//! Lines of which nothing is known, put so that the lines around them can still be read.

use super::super::decoded::Decoded;
use super::super::kubernetes::node::HOLE;

/// The text with each line that is nothing but a hole made an item or an entry, whichever its neighbours
/// are; inside a block of text it stays as it is.
pub(super) fn settle(text: &Decoded) -> Decoded {
    let plain = text.text();
    if !plain.contains(HOLE) {
        return text.clone();
    }
    let lines: Vec<(usize, &str)> = plain
        .split_inclusive('\n')
        .scan(0, |at, line| {
            let start = *at;
            *at += line.len();
            Some((start, line))
        })
        .collect();
    let mut out = Decoded::default();
    // How far the key of a block of text is indented, while one is open.
    let mut block: Option<usize> = None;
    // The last line of each depth that is still open.
    let mut open: Vec<(usize, bool)> = Vec::new();
    for (index, &(start, line)) in lines.iter().enumerate() {
        let content = line.trim();
        let indent = line.len() - line.trim_start_matches(' ').len();
        if content.is_empty() {
            out.push_from(text, start..start + line.len());
            continue;
        }
        if block.is_some_and(|outer| indent <= outer) {
            block = None;
        }
        if block.is_none() && content.chars().all(|c| c == HOLE) {
            let begin = start + indent;
            out.push_from(text, start..begin);
            let span = text.span(begin..begin + content.len());
            let next = lines.get(index + 1..).unwrap_or_default().iter().find(|(_, line)| !line.trim().is_empty());
            let same_depth = next.filter(|(_, line)| line.len() - line.trim_start_matches(' ').len() == indent);
            let before = open.iter().rev().find(|(depth, _)| *depth <= indent).filter(|(depth, _)| *depth == indent);
            let is_item =
                same_depth.map(|(_, line)| is_dash(line.trim())).or(before.map(|(_, dash)| *dash)).unwrap_or(false);
            let written = if is_item { format!("- {HOLE}") } else { format!("{HOLE}: {HOLE}") };
            out.push_escaped(&written, span);
            out.push_from(text, begin + content.len()..start + line.len());
            continue;
        }
        out.push_from(text, start..start + line.len());
        if block.is_none() {
            while open.last().is_some_and(|(depth, _)| *depth >= indent) {
                open.pop();
            }
            open.push((indent, is_dash(content)));
            let ends = |end: &str| content.ends_with(end);
            if [": |", ": |-", ": |+", ": >", ": >-", ": >+", "- |", "- |-", "- >", "- >-"].into_iter().any(ends) {
                block = Some(indent);
            }
        }
    }
    out
}

fn is_dash(content: &str) -> bool {
    content == "-" || content.starts_with("- ")
}
