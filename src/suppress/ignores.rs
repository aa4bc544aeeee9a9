//! Which of the comments of one file silences a finding.

use std::collections::BTreeMap;

use crate::findings::Severity;
use crate::source::{Place, Span};
use crate::values::Order as _;

/// One rule named by one comment.
pub(super) struct Ignore {
    pub(super) rule: &'static str,
    /// The name as written.
    pub(super) name: Place,
    pub(super) comment: Place,
    /// The index of the comment.
    pub(super) written: usize,
    pub(super) reason: Option<String>,
    /// The line whose statement it covers; `None` for the whole file.
    pub(super) line: Option<usize>,
    /// Whether it stands above that line, and so speaks about all that begins in it.
    pub(super) is_above: bool,
    /// The worst of what it silences.
    pub(super) silenced: Option<Severity>,
}

/// The lines that a comment may speak about to cover something.
pub(super) struct Lines {
    /// The first and the last of the smallest setting or instruction.
    pub(super) own: (usize, usize),
    /// Those in which what holds it begins.
    pub(super) begins: Vec<usize>,
    /// Those of which that counts only for a comment above.
    pub(super) blocks: Vec<usize>,
}

/// All that the comments of a file name.
pub(super) struct Ignores {
    /// Those of a line before those of the file, so that the closest one counts as used.
    all: Vec<Ignore>,
    /// The first for a rule in a line, or in the whole file.
    by_line: BTreeMap<(&'static str, Option<usize>), usize>,
    /// The first for a rule above a line.
    by_block: BTreeMap<(&'static str, usize), usize>,
    /// The first for a rule in the comment that begins at this byte.
    by_comment: BTreeMap<(usize, &'static str), usize>,
}

impl Ignores {
    /// Of those in the order of the file.
    pub(super) fn new(mut all: Vec<Ignore>) -> Self {
        all.order_by_key(|ignore| ignore.line.is_none());
        let mut by_line = BTreeMap::new();
        let mut by_block = BTreeMap::new();
        let mut by_comment = BTreeMap::new();
        for (at, ignore) in all.iter().enumerate() {
            by_line.entry((ignore.rule, ignore.line)).or_insert(at);
            if let Some(line) = ignore.line.filter(|_| ignore.is_above) {
                by_block.entry((ignore.rule, line)).or_insert(at);
            }
            by_comment.entry((ignore.comment.span.start, ignore.rule)).or_insert(at);
        }
        Self { all, by_line, by_block, by_comment }
    }

    pub(super) fn get_mut(&mut self, at: usize) -> Option<&mut Ignore> {
        self.all.get_mut(at)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Ignore> {
        self.all.iter()
    }

    /// All of them, those of a line before those of the file.
    pub(super) fn into_all(self) -> impl Iterator<Item = Ignore> {
        self.all.into_iter()
    }

    /// Which covers a finding of `rule` at `span`, which touches these lines: the first of them.
    pub(super) fn covering(&self, rule: &'static str, span: Span, lines: &Lines) -> Option<usize> {
        let &Lines { own: (first, last), ref begins, ref blocks } = lines;
        // They stand in the order of the lines that they cover.
        let touched = self.by_line.range((rule, Some(first))..=(rule, Some(last))).next().map(|(_, at)| *at);
        let begun = begins.iter().filter_map(|&line| self.by_line.get(&(rule, Some(line))).copied());
        let around = blocks.iter().filter_map(|&line| self.by_block.get(&(rule, line)).copied());
        let whole = self.by_line.get(&(rule, None)).copied();
        // What is wrong with a comment, the comment itself may silence.
        let comment = self.by_comment.range(..(span.start + 1, "")).next_back();
        let itself = comment.and_then(|((start, _), _)| self.by_comment.get(&(*start, rule)).copied());
        let itself = itself.filter(|&at| {
            let comment = self.all.get(at).map(|ignore| ignore.comment.span);
            comment.is_some_and(|comment| comment.cover(span) == comment)
        });
        touched.into_iter().chain(begun).chain(around).chain(whole).chain(itself).min()
    }
}
