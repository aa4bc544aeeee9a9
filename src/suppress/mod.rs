//! Comments that silence findings, and what is wrong with them.
//!
//! Decides what a comment says and which findings it covers: the smallest statement or instruction
//! that it stands in or in front of. Knows no format: the caller finds the comments and says where
//! the statement around a place begins and ends. Only comments addressed to farrier count; those of
//! other tools (`noqa`, `type: ignore`) mean nothing here.

mod directive;
mod problem;

pub use problem::{Kind, Problem};

use std::collections::BTreeMap;

use crate::findings::{Finding, Severity, Suppressed};
use crate::source::{Comment, FileId, Files, Place, SourceFile, Span};
use directive::{Directive, Scope};

/// The rules of this build, as comments can name them.
#[derive(Clone, Copy)]
pub struct Names<'a> {
    /// The name of the rule that a name, a code or an alias stands for; asked in lower case.
    pub resolve: &'a dyn Fn(&str) -> Option<&'static str>,
    /// All names, for suggestions.
    pub all: &'a [&'static str],
}

/// What is left of the findings.
#[derive(Debug, Default)]
pub struct Judged {
    /// Those no comment covers, in their order.
    pub kept: Vec<Finding>,
    /// Those a comment covers, in their order.
    pub suppressed: Vec<Suppressed>,
    /// What is wrong with the comments, in the order of files and lines. Comments for rules that did
    /// not run are among the unused ones: only the caller knows which rules ran.
    pub problems: Vec<Problem>,
}

/// Sets the findings apart that a comment silences.
///
/// A finding is silenced where its primary place is covered; silencing the other places it names would
/// hide it from whoever can act on it. Call this before findings are filtered by severity, or
/// comments look unused that are not. `statement` answers the whole statement or instruction around a
/// place, for settings that go over several lines.
pub fn apply(
    findings: Vec<Finding>,
    files: &Files,
    comments: &BTreeMap<FileId, Vec<Comment>>,
    statement: &dyn Fn(FileId, Span) -> Span,
    names: Names<'_>,
) -> Judged {
    let mut judged = Judged::default();
    let mut ignores = collect(files, comments, names, &mut judged.problems);
    for finding in findings {
        let place = finding.primary.place;
        let file = files.get(place.file);
        let lines = lines_of(file, statement(place.file, place.span).cover(place.span));
        let cover = ignores
            .get_mut(&place.file)
            .and_then(|ignores| ignores.iter_mut().find(|ignore| ignore.rule == finding.rule && ignore.covers(lines)));
        match cover {
            Some(ignore) => {
                ignore.silenced = ignore.silenced.max(Some(finding.severity));
                judged.suppressed.push(Suppressed { finding, reason: ignore.reason.clone(), comment: ignore.comment });
            }
            None => judged.kept.push(finding),
        }
    }
    for ignores in ignores.values() {
        complain(ignores, &mut judged.problems);
    }
    judged.problems.sort_by_key(|problem| problem.place);
    judged
}

/// One rule named by one comment.
struct Ignore {
    rule: &'static str,
    /// The name as written.
    name: Place,
    comment: Place,
    reason: Option<String>,
    /// The line whose statement it covers; `None` for the whole file.
    line: Option<usize>,
    /// Bytes that go with the name when it is taken out, and those that go with the whole comment.
    removal: (Span, Span),
    /// The worst of what it silences.
    silenced: Option<Severity>,
}

impl Ignore {
    fn covers(&self, (first, last): (usize, usize)) -> bool {
        self.line.is_none_or(|line| first <= line && line <= last)
    }
}

fn lines_of(file: &SourceFile, span: Span) -> (usize, usize) {
    let first = file.line(span.start);
    (first, file.line(span.end.saturating_sub(1)).max(first))
}

/// Reads all comments. Those of a line come before those of the file, so that the closest one counts
/// as used.
fn collect(
    files: &Files,
    comments: &BTreeMap<FileId, Vec<Comment>>,
    names: Names<'_>,
    problems: &mut Vec<Problem>,
) -> BTreeMap<FileId, Vec<Ignore>> {
    let mut all = BTreeMap::new();
    for (&id, comments) in comments {
        let file = files.get(id);
        let mut ignores = Vec::new();
        for comment in comments {
            for parsed in directive::parse(file.slice(comment.span)) {
                match parsed {
                    Ok(directive) => {
                        let line = match directive.scope {
                            Scope::Statement => Some(covered_line(file, *comment, comments)),
                            Scope::File if is_in_first_block(file, *comment, comments) => None,
                            Scope::File => {
                                let place = Place::new(id, directive.span.shifted(comment.span.start));
                                problems.push(Problem::malformed(
                                    place,
                                    "`ignore-file` belongs into the comments at the top of the file",
                                ));
                                continue;
                            }
                        };
                        enter(&directive, (id, file, *comment), line, names, &mut ignores, problems);
                    }
                    Err(malformed) => problems.push(Problem::malformed(
                        Place::new(id, malformed.span.shifted(comment.span.start)),
                        malformed.reason,
                    )),
                }
            }
        }
        ignores.sort_by_key(|ignore| ignore.line.is_none());
        all.insert(id, ignores);
    }
    all
}

fn enter(
    directive: &Directive,
    (id, file, comment): (FileId, &SourceFile, Comment),
    line: Option<usize>,
    names: Names<'_>,
    ignores: &mut Vec<Ignore>,
    problems: &mut Vec<Problem>,
) {
    let at = |span: Span| Place::new(id, span.shifted(comment.span.start));
    for (i, name) in directive.names.iter().enumerate() {
        let place = at(name.span);
        let Some(rule) = (names.resolve)(&name.text) else {
            problems.push(Problem::unknown(place, &name.text, names.all));
            continue;
        };
        ignores.push(Ignore {
            rule,
            name: place,
            comment: at(directive.span),
            reason: directive.reason.clone(),
            line,
            removal: (at(directive.without(i)).span, whole_comment(file, comment, directive)),
            silenced: None,
        });
    }
}

/// The bytes to take out so that the directive is gone: with its comment, if that holds nothing else,
/// and with the line, if that holds nothing but the comment.
fn whole_comment(file: &SourceFile, comment: Comment, directive: &Directive) -> Span {
    let start = comment.span.start + directive.span.start;
    let end = comment.span.start + directive.span.end;
    let text = file.text();
    if comment.own_line && start == comment.span.start && end == comment.span.end {
        let line = text.get(..start).map_or(0, |before| before.rfind('\n').map_or(0, |at| at + 1));
        let next = text.get(end..).and_then(|rest| rest.find('\n')).map_or(text.len(), |at| end + at + 1);
        return Span::new(line, next);
    }
    let before = text.get(..start).unwrap_or_default();
    Span::new(before.trim_end_matches([' ', '\t']).len(), end)
}

/// The line a comment speaks about: its own, or the first one below that is not a comment itself.
fn covered_line(file: &SourceFile, comment: Comment, all: &[Comment]) -> usize {
    let mut line = file.line(comment.span.start);
    if comment.own_line {
        line += 1;
        let below = all.iter().filter(|other| other.own_line && other.span.start > comment.span.start);
        for other in below {
            if file.line(other.span.start) != line {
                break;
            }
            line += 1;
        }
    }
    line
}

/// Whether only comments and empty lines stand above.
fn is_in_first_block(file: &SourceFile, comment: Comment, all: &[Comment]) -> bool {
    let mut rest = 0;
    for other in all.iter().take_while(|other| other.span.start <= comment.span.start) {
        let between = file.text().get(rest..other.span.start).unwrap_or("?");
        if !between.trim_start_matches('\u{feff}').trim().is_empty() {
            return false;
        }
        rest = other.span.end;
    }
    true
}

/// Says which names silence nothing and which comments do so without a reason.
fn complain(ignores: &[Ignore], problems: &mut Vec<Problem>) {
    let mut by_comment: BTreeMap<Place, Vec<&Ignore>> = BTreeMap::new();
    for ignore in ignores {
        by_comment.entry(ignore.comment).or_default().push(ignore);
    }
    for (comment, ignores) in by_comment {
        let worst = ignores.iter().filter_map(|ignore| ignore.silenced).max();
        for ignore in ignores.iter().filter(|ignore| ignore.silenced.is_none()) {
            let span = if worst.is_some() { ignore.removal.0 } else { ignore.removal.1 };
            problems.push(Problem::unused(ignore.name, ignore.rule, Place::new(comment.file, span)));
        }
        if let Some(severity) = worst.filter(|_| ignores.iter().all(|ignore| ignore.reason.is_none())) {
            problems.push(Problem { place: comment, kind: Kind::MissingReason(severity), fix: None });
        }
    }
}

#[cfg(test)]
mod tests;
