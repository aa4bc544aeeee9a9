//! `setup.cfg`: `install_requires` and the extras, one requirement a line.

use crate::source::{Comment, FileId, Place, SourceFile, Span};

use super::super::Facts;
use super::{MAX_REQUIREMENTS, specifier};

/// Reads a `setup.cfg`.
pub(in super::super) fn read(file: FileId, source: &SourceFile, facts: &mut Facts) {
    let mut comments = Vec::new();
    let mut section = String::new();
    let mut wanted = false;
    let before = facts.requirements.len();
    for number in 1..=source.line_count() {
        let Some(span) = source.line_span(number) else {
            break;
        };
        let line = source.slice(span).trim_start_matches('\u{feff}');
        let content = line.trim_start();
        let start = span.end - content.len();
        if content.starts_with(['#', ';']) {
            comments.push(Comment { span: Span::new(start, span.end), own_line: true });
            continue;
        }
        let mut value = (content, start);
        if let Some(name) = content.strip_prefix('[') {
            name.split(']').next().unwrap_or_default().trim().clone_into(&mut section);
            wanted = false;
            continue;
        } else if !line.starts_with([' ', '\t'])
            && let Some(at) = content.find(['=', ':'])
        {
            let key = content[..at].trim();
            wanted = (section == "options" && key == "install_requires") || section == "options.extras_require";
            value = (&content[at + 1..], start + at + 1);
        }
        if wanted && facts.requirements.len() - before < MAX_REQUIREMENTS {
            let text = value.0.trim();
            let start = value.1 + value.0.len() - value.0.trim_start().len();
            let place = Place::new(file, Span::new(start, start + text.len()));
            facts.requirements.extend(specifier::parse(text, place));
        }
    }
    facts.comments.insert(file, comments);
}
