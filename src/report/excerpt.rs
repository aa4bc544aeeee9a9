//! The lines around a finding's places, in all files, as one source that miette can draw.
//!
//! miette shows one source per diagnostic, while the places of a finding are spread over several files.
//! An excerpt puts the lines that matter behind one another, each window with the name and the line
//! numbers of its own file. On the way lines become what a terminal can show: tabs expanded, control
//! characters spelled out, line ends cut off, long lines cut around their labels.

use std::fmt::Write as _;

use miette::{LabeledSpan, MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};

use super::palette::{Look, is_control, one_line};
use crate::findings::{Finding, Label};
use crate::source::{FileId, Files, Place, SourceFile, Span};
use crate::values::Order as _;

/// Labels of one finding beside the primary one; a reader who wants more of them reads another format.
const MAX_LABELS: usize = 16;
/// Places with the same fault that are drawn beside the primary one.
const MAX_ALIKE: usize = 4;
/// Lines shown above and below a label.
const CONTEXT: usize = 1;
/// A place over more lines than this is marked on its first one only.
const MAX_LINES: usize = 6;
/// Columns between tab stops.
const TAB: usize = 4;
/// Columns that line numbers and frames take.
const FRAME: usize = 10;
/// Columns shown in front of the first label of a cut line.
const LEAD: usize = 20;

/// The windows of one finding.
#[derive(Debug)]
pub(super) struct Excerpt {
    text: String,
    windows: Vec<Window>,
    labels: Vec<LabeledSpan>,
    /// Whether each label is the primary one, in the order of `labels`.
    pub(super) primary: Vec<bool>,
    /// How many labels are not drawn.
    pub(super) left_out: usize,
}

/// Consecutive lines of one file.
#[derive(Debug)]
struct Window {
    name: String,
    /// Zero-based number of the first line.
    line: usize,
    lines: usize,
    /// Its bytes in the excerpt.
    span: Span,
    /// For each label in it, where it starts in the excerpt and in the file (both zero-based).
    starts: Vec<(usize, usize, usize)>,
}

/// One label, in terms of lines.
struct Mark<'a> {
    label: &'a Label,
    texts: Vec<String>,
    first: usize,
    last: usize,
    span: Span,
    primary: bool,
}

/// Labels that are shown in one window.
struct Group<'a> {
    /// The first step of the finding's way among them.
    step: usize,
    file: FileId,
    marks: Vec<Mark<'a>>,
    /// The last line of them.
    end: usize,
}

impl Excerpt {
    pub(super) fn new(files: &Files, finding: &Finding, look: Look) -> Self {
        let (text, windows) = (String::new(), Vec::new());
        let alike = finding.related.iter().filter(|label| label.leads.is_some()).take(MAX_ALIKE);
        let others = finding.related.iter().filter(|label| label.leads.is_none());
        let shown: Vec<&Label> = others.chain(alike).take(MAX_LABELS).collect();
        let left_out = finding.related.len() - shown.len();
        let mut excerpt = Self { text, windows, labels: Vec::new(), primary: Vec::new(), left_out };
        let labels: Vec<&Label> = std::iter::once(&finding.primary).chain(shown).collect();
        let mut order: Vec<FileId> = Vec::new();
        for label in &labels {
            if !order.contains(&label.place.file) {
                order.push(label.place.file);
            }
        }
        // A way is shown from its beginning, whatever files it leads through.
        let begins = finding.handlers.first();
        let steps: Vec<&Place> = begins.filter(|_| !finding.way.is_empty()).into_iter().chain(&finding.way).collect();
        let rank = |mark: &Mark<'_>| steps.iter().position(|step| **step == mark.label.place).unwrap_or(usize::MAX);
        let mut groups: Vec<Group<'_>> = Vec::new();
        for id in order {
            let file = files.get(id);
            let mut marks: Vec<Mark<'_>> = Vec::new();
            for (i, &label) in labels.iter().enumerate().filter(|(_, label)| label.place.file == id) {
                match marks.iter_mut().find(|mark| mark.label.place == label.place) {
                    Some(mark) => mark.texts.push(one_line(&label.text)),
                    None => marks.push(mark(file, label, i == 0)),
                }
            }
            marks.order_by_key(|mark| mark.span);
            for mark in marks {
                let (step, end) = (rank(&mark), mark.last);
                match groups.last_mut().filter(|group| group.file == id && mark.first <= group.end + 2 * CONTEXT + 1) {
                    Some(group) => {
                        group.step = group.step.min(step);
                        group.end = group.end.max(end);
                        group.marks.push(mark);
                    }
                    None => groups.push(Group { step, file: id, marks: vec![mark], end }),
                }
            }
        }
        groups.order_by_key(|group| group.step);
        for group in &groups {
            excerpt.add(files.get(group.file), &group.marks, group.end, look);
        }
        excerpt
    }

    fn add(&mut self, file: &SourceFile, marks: &[Mark<'_>], last: usize, look: Look) {
        let first = marks.first().map_or(1, |mark| mark.first).saturating_sub(CONTEXT).max(1);
        // The empty line behind a final line break is no line to a reader, unless a label is there.
        let ends = file.line_count() - usize::from(file.text().ends_with('\n'));
        let last = (last + CONTEXT).min(ends).max(last);
        let start = self.text.len();
        let mut ranges = vec![(None, 0); marks.len()];
        for line in first..=last {
            let Some(span) = file.line_span(line) else {
                continue;
            };
            let here = |at: usize| at.clamp(span.start, span.end);
            let offsets: Vec<usize> = marks
                .iter()
                .filter(|mark| mark.first <= line && line <= mark.last)
                .flat_map(|mark| [here(mark.span.start), here(mark.span.end)])
                .map(|at| at - span.start)
                .collect();
            let shown = Shown::new(file.slice(span), &offsets, look);
            let base = self.text.len();
            for (mark, range) in marks.iter().zip(&mut ranges) {
                if mark.first == line {
                    range.0 = Some(base + shown.offset(here(mark.span.start) - span.start));
                }
                if mark.last == line {
                    range.1 = base + shown.offset(here(mark.span.end) - span.start);
                }
            }
            self.text.push_str(&shown.text);
            self.text.push('\n');
        }
        let mut starts = Vec::with_capacity(marks.len());
        for (mark, (start, end)) in marks.iter().zip(ranges) {
            let Some(start) = start else { continue };
            let (line, column) = file.line_column(mark.span.start);
            starts.push((start, line - 1, column - 1));
            let text = Some(mark.texts.join("\n")).filter(|text| !text.is_empty());
            let span = (start, end.saturating_sub(start));
            self.labels.push(if mark.primary {
                LabeledSpan::new_primary_with_span(text, span)
            } else {
                LabeledSpan::new_with_span(text, span)
            });
            self.primary.push(mark.primary);
        }
        self.windows.push(Window {
            name: one_line(file.path()),
            line: first - 1,
            lines: last + 1 - first,
            span: Span::new(start, self.text.len()),
            starts,
        });
    }

    pub(super) fn labels(&self) -> impl Iterator<Item = LabeledSpan> + '_ {
        self.labels.iter().cloned()
    }
}

fn mark<'a>(file: &SourceFile, label: &'a Label, primary: bool) -> Mark<'a> {
    let text = file.text();
    let boundary = |at: usize| text.floor_char_boundary(at.min(text.len()));
    let mut span = Span::new(boundary(label.place.span.start), boundary(label.place.span.end));
    span.end = span.end.max(span.start);
    // A line break at the end is no text that could be underlined.
    let trimmed = text.get(span.start..span.end).unwrap_or_default().trim_end_matches(['\n', '\r']).len();
    span.end = span.start + trimmed;
    let first = file.line(span.start);
    let mut last = if span.is_empty() { first } else { file.line(span.end - 1) };
    if last - first >= MAX_LINES {
        last = first;
        span.end = file.line_span(first).map_or(span.end, |line| line.end.max(span.start));
    }
    Mark { label, texts: vec![one_line(&label.text)], first, last, span, primary }
}

/// One line as it is shown.
struct Shown {
    text: String,
    /// For each shown character of the line: its byte in the line and in `text`.
    offsets: Vec<(usize, usize)>,
}

impl Shown {
    fn new(line: &str, labels: &[usize], look: Look) -> Self {
        let room = look.width.saturating_sub(FRAME);
        let chars: Vec<(usize, char)> = line.char_indices().collect();
        let index = |offset: usize| chars.partition_point(|(at, _)| *at < offset);
        let first = labels.iter().min().map_or(0, |&at| index(at));
        let from = if chars.len() > room && first > LEAD {
            (first - LEAD).min(chars.len() - room.min(chars.len()))
        } else {
            0
        };
        let mut shown = Self { text: String::new(), offsets: Vec::new() };
        let mut column = 0;
        if from > 0 {
            shown.text.push_str(look.ellipsis());
            column = look.ellipsis().chars().count();
        }
        for &(at, c) in chars.iter().skip(from) {
            shown.offsets.push((at, shown.text.len()));
            if column >= room {
                shown.text.push_str(look.ellipsis());
                return shown;
            }
            if c == '\t' {
                let stop = TAB - column % TAB;
                shown.text.push_str(&" ".repeat(stop));
                column += stop;
            } else if is_control(c) {
                // Byte order marks and carriage returns of CRLF are nothing a reader needs to see.
                if c != '\u{feff}' {
                    let before = shown.text.len();
                    let _ = write!(shown.text, "\\u{{{:x}}}", u32::from(c));
                    column += shown.text.len() - before;
                }
            } else {
                shown.text.push(c);
                column += 1;
            }
        }
        shown.offsets.push((line.len(), shown.text.len()));
        shown
    }

    /// Where a byte of the line is shown; what is cut off counts as the nearest end.
    fn offset(&self, at: usize) -> usize {
        let next = self.offsets.partition_point(|(byte, _)| *byte < at);
        self.offsets.get(next).or(self.offsets.last()).map_or(0, |(_, shown)| *shown)
    }
}

impl SourceCode for Excerpt {
    /// Answers with the whole window, because that is as much context as there is. Asked for a label
    /// without context, it answers where the label is, which is what the name is drawn with.
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let (start, end) = (span.offset(), span.offset() + span.len());
        let window = self
            .windows
            .iter()
            .find(|window| window.span.start <= start && start < window.span.end && end <= window.span.end)
            .ok_or(MietteError::OutOfBounds)?;
        let data = self.text.as_bytes().get(window.span.start..window.span.end).ok_or(MietteError::OutOfBounds)?;
        let (line, column) = window
            .starts
            .iter()
            .find(|(at, ..)| *at == start && before + after == 0)
            .map_or((window.line, 0), |&(_, line, column)| (line, column));
        Ok(Box::new(MietteSpanContents::new_named(
            window.name.clone(),
            data,
            (window.span.start, window.span.len()).into(),
            line,
            column,
            window.lines,
        )))
    }
}
