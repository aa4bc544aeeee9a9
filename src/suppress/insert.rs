//! Where a comment could go that silences a rule at a place.
//!
//! Decides how it is written, and which lines it may stand in, the likeliest first. Whether the format takes it for a
//! comment there, and what it then covers, only the reader of the file knows: whoever inserts one reads the file again.

use crate::findings::Edit;
use crate::read::Extent;
use crate::source::{Files, Place, Span};

/// A line that is longer is one that people scroll along, in letters.
const WIDE: usize = 100;

/// The comment at the end of the line, or on a line of its own above it, or above what the place is a part of.
pub fn comments(files: &Files, place: Place, extent: &Extent, rule: &str) -> Vec<Edit> {
    let file = files.get(place.file);
    let comment = format!("# farrier: ignore[{rule}]");
    let line = files.line_of(place);
    let written = file.slice(line.span).trim_end();
    let end = line.span.start + written.len();
    let behind = Place::new(place.file, Span::new(end, line.span.end.max(end)));
    let beside = Edit::replace(behind, format!("  {comment}"));
    let mut starts = vec![line.span.start];
    for at in std::iter::once(extent.own.start).chain(extent.begins.iter().copied()) {
        let start = files.line_of(Place::new(place.file, Span::new(at, at))).span.start;
        if !starts.contains(&start) {
            starts.push(start);
        }
    }
    let above = starts.into_iter().map(|start| {
        let line = files.line_of(Place::new(place.file, Span::new(start, start)));
        let text = file.slice(line.span).trim_start_matches('\u{feff}');
        let indent = &text[..text.len() - text.trim_start().len()];
        Edit::insert(Place::new(place.file, Span::new(start, start)), format!("{indent}{comment}\n"))
    });
    let is_wide = written.chars().count() + comment.chars().count() + 2 > WIDE;
    let mut all: Vec<Edit> = above.collect();
    all.insert(usize::from(is_wide), beside);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str, at: &str, own: &str) -> Vec<String> {
        let mut files = Files::new();
        let id = files.add("x", text);
        let span = |part: &str| {
            let start = text.find(part).unwrap();
            Span::new(start, start + part.len())
        };
        let extent = Extent { own: span(own), begins: vec![0], blocks: Vec::new() };
        let edits = comments(&files, Place::new(id, span(at)), &extent, "a-b");
        let applied = |edit: Edit| {
            let span = edit.place.span;
            format!("{}{}{}", &text[..span.start], edit.text, &text[span.end..])
        };
        edits.into_iter().map(applied).collect()
    }

    #[test]
    fn the_closest_place_comes_first() {
        assert_eq!(
            texts("top:\n  - x \n  - y\n", "x", "- x"),
            [
                "top:\n  - x  # farrier: ignore[a-b]\n  - y\n",
                "top:\n  # farrier: ignore[a-b]\n  - x \n  - y\n",
                "# farrier: ignore[a-b]\ntop:\n  - x \n  - y\n",
            ]
        );
        // A long line gets it above.
        let long = format!("{} y", "x".repeat(90));
        let all = texts(&long, "y", &long);
        assert!(all[0].starts_with("# farrier: ignore[a-b]\nxxx"), "{all:?}");
        assert!(all[1].ends_with("y  # farrier: ignore[a-b]"), "{all:?}");
    }
}
