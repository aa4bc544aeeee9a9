//! `requirements.txt` and its relatives.

use crate::source::{Comment, FileId, Place, SourceFile, Span};

use super::super::Facts;
use super::{MAX_REQUIREMENTS, specifier};

/// Reads a list of requirements. Files that it names with `-r` are found by names of their own.
pub(in super::super) fn read(file: FileId, source: &SourceFile, facts: &mut Facts) {
    let mut comments = Vec::new();
    let before = facts.requirements.len();
    for number in 1..=source.line_count() {
        let Some(span) = source.line_span(number) else {
            break;
        };
        let line = source.slice(span);
        let bare = line.trim_start_matches('\u{feff}');
        let offset = span.end - bare.len();
        // A `#` inside a word belongs to an address: `git+https://…#egg=name`.
        let hash = bare
            .match_indices('#')
            .map(|(at, _)| at)
            .find(|&at| bare[..at].is_empty() || bare[..at].ends_with([' ', '\t']));
        if let Some(hash) = hash {
            let own_line = bare[..hash].trim().is_empty();
            comments.push(Comment {
                span: Span::new(offset + hash, offset + bare.trim_end().len().max(hash + 1)),
                own_line,
            });
        }
        let content = &bare[..hash.unwrap_or(bare.len())];
        // Options of one requirement (`--hash=…`) and a continued line end it.
        let content = content.split(" --").next().unwrap_or(content).trim_end().trim_end_matches('\\').trim_end();
        let start = offset + content.len() - content.trim_start().len();
        let place = Place::new(file, Span::new(start, offset + content.len().max(start - offset)));
        facts.requirements.extend(specifier::parse(content, place));
        if facts.requirements.len() - before >= MAX_REQUIREMENTS {
            break;
        }
    }
    facts.comments.insert(file, comments);
}
