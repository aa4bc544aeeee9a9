//! Which fixes go together, and the text of each file after them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Refusal, verify};
use crate::findings::{Edit, Fix, Safety};
use crate::source::{FileId, Files, Place, Span};
use crate::values::Order as _;

/// UTF-8's byte order mark, which must stay the first thing in a file.
const BOM: char = '\u{feff}';

/// The new text of one file.
#[derive(Debug, Clone)]
pub struct Rewrite {
    /// The file.
    pub file: FileId,
    /// Its text as it was read.
    pub old: Arc<str>,
    /// Its text after the edits.
    pub new: String,
    /// The edits that make the difference: sorted, without overlap, in offsets of `old`.
    pub edits: Vec<Edit>,
    /// The titles of the fixes applied, in the order they were asked for.
    pub fixes: Vec<String>,
}

impl Rewrite {
    /// The bytes of `new` that each edit wrote, in the order of `edits`.
    pub fn written(&self) -> Vec<Span> {
        let mut removed = 0;
        let mut added = 0;
        let mut spans = Vec::with_capacity(self.edits.len());
        for edit in &self.edits {
            let start = (edit.place.span.start + added).saturating_sub(removed);
            spans.push(Span::new(start, start + edit.text.len()));
            removed += edit.place.span.len();
            added += edit.text.len();
        }
        spans
    }
}

/// What a set of fixes comes to.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// One new text per file that changes, in the order of the files.
    pub rewrites: Vec<Rewrite>,
    /// The fixes that are left out.
    pub refused: Vec<Refusal>,
}

/// Joins fixes into one new text per file.
///
/// Fixes that overlap are never merged: the first one wins and the other is refused. An edit that two
/// fixes share is made once. A fix is applied with all its edits, in all its files, or not at all.
pub fn plan(files: &Files, wanted: &[&Fix]) -> Plan {
    let mut accepted = Accepted::default();
    let refused = wanted.iter().filter_map(|fix| accepted.take(files, fix).err()).collect();
    Plan { rewrites: accepted.rewrites(files), refused }
}

/// Like [`plan`], and verifies on the way: a fix that does not pass in all its files is left out of all.
///
/// `check` gets the texts of all files with all fixes; where they do not pass, the fixes are tried one after
/// the other, each with those before it. The texts that come out have been verified and need no second look.
pub fn settle(files: &Files, wanted: &[&Fix], check: &dyn Fn(&[Rewrite]) -> Result<(), String>) -> Plan {
    let whole = |rewrite: &Rewrite| verify(rewrite, files.get(rewrite.file).path());
    // Reading a project again takes its time; usually once is enough.
    let together = plan(files, wanted);
    if wanted.len() > 1
        && together.rewrites.iter().all(|rewrite| whole(rewrite).is_ok())
        && check(&together.rewrites).is_ok()
    {
        return together;
    }
    let mut accepted = Accepted::default();
    let mut refused = Vec::new();
    for fix in wanted {
        let before = accepted.clone();
        let verdict = accepted.take(files, fix).and_then(|()| {
            let rewrites = accepted.rewrites(files);
            let mut concerned = rewrites.iter().filter(|rewrite| touches(files, fix, rewrite.file));
            let named = |reason: String| Refusal::new(&fix.title, reason);
            concerned.try_for_each(whole).map_err(|refusal| named(refusal.reason))?;
            check(&rewrites).map_err(named)
        });
        if let Err(refusal) = verdict {
            accepted = before;
            refused.push(refusal);
        }
    }
    Plan { rewrites: accepted.rewrites(files), refused }
}

fn touches(files: &Files, fix: &Fix, file: FileId) -> bool {
    fix.edits.iter().any(|edit| files.owner(edit.place.file) == file)
}

/// The fixes taken so far.
#[derive(Debug, Clone, Default)]
struct Accepted {
    /// Sorted and free of overlap per file.
    edits: BTreeMap<FileId, Vec<Edit>>,
    titles: BTreeMap<FileId, Vec<String>>,
}

impl Accepted {
    fn take(&mut self, files: &Files, fix: &Fix) -> Result<(), Refusal> {
        let edits = own_edits(files, fix).map_err(|reason| Refusal::new(&fix.title, reason))?;
        for edit in &edits {
            let others = self.edits.get(&edit.place.file).map(Vec::as_slice).unwrap_or_default();
            if others.iter().any(|other| other != edit && collides(edit.place.span, other.place.span)) {
                return Err(Refusal::new(&fix.title, "changes the same place as another fix"));
            }
        }
        for edit in edits {
            let file = edit.place.file;
            let others = self.edits.entry(file).or_default();
            if !others.contains(&edit) {
                others.push(edit);
                others.order_by_key(|edit| edit.place.span);
            }
            let titles = self.titles.entry(file).or_default();
            if titles.last() != Some(&fix.title) {
                titles.push(fix.title.clone());
            }
        }
        Ok(())
    }

    fn rewrites(&self, files: &Files) -> Vec<Rewrite> {
        self.edits
            .iter()
            .map(|(&file, edits)| {
                let old = files.get(file).shared_text();
                let new = apply(&old, edits);
                let titles = self.titles.get(&file).cloned().unwrap_or_default();
                Rewrite { file, old, new, edits: edits.clone(), fixes: titles }
            })
            .collect()
    }
}

/// The edits of one fix in the terms of its files; refused if they cannot be carried out.
fn own_edits(files: &Files, fix: &Fix) -> Result<Vec<Edit>, String> {
    if fix.safety == Safety::Display {
        return Err("is shown only, never applied".to_owned());
    }
    let mut edits: Vec<Edit> = Vec::with_capacity(fix.edits.len());
    for edit in &fix.edits {
        let file = files.owner(edit.place.file);
        let text = files.get(file).text();
        let edit = Edit { place: Place::new(file, edit.place.span), text: edit.text.clone() };
        let Some(edit) = fitted(&edit, text) else {
            return Err("names bytes that are not in the file".to_owned());
        };
        // An edit that changes nothing would keep others from the same place.
        if text.get(edit.place.span.start..edit.place.span.end) != Some(&edit.text) && !edits.contains(&edit) {
            edits.push(edit);
        }
    }
    if edits.is_empty() {
        return Err("changes nothing".to_owned());
    }
    edits.order_by_key(|edit| edit.place);
    let clash = edits.windows(2).any(|pair| match pair {
        [a, b] => a.place.file == b.place.file && (a.place.span.overlaps(b.place.span) || a.place == b.place),
        _ => false,
    });
    if clash { Err("contradicts itself: two of its edits overlap".to_owned()) } else { Ok(edits) }
}

/// The edit as it has to be made in this text: behind the byte order mark, with the file's line
/// endings. `None` if it does not lie on character boundaries of the text.
fn fitted(edit: &Edit, text: &str) -> Option<Edit> {
    let mut span = edit.place.span;
    text.get(span.start..span.end)?;
    if text.starts_with(BOM) && span.start == 0 {
        span = Span::new(BOM.len_utf8(), span.end.max(BOM.len_utf8()));
    }
    let new = if uses_crlf(text) { edit.text.replace("\r\n", "\n").replace('\n', "\r\n") } else { edit.text.clone() };
    Some(Edit { place: Place::new(edit.place.file, span), text: new })
}

/// Whether every line of the text ends the way Windows ends lines.
fn uses_crlf(text: &str) -> bool {
    let breaks = text.matches('\n').count();
    breaks > 0 && text.matches("\r\n").count() == breaks
}

/// Whether two edits of different fixes stand in each other's way. Insertions do so already where
/// they touch: nobody could say which text comes first.
fn collides(a: Span, b: Span) -> bool {
    let touch = a.start <= b.end && b.start <= a.end;
    a.overlaps(b) || (touch && (a.is_empty() || b.is_empty()))
}

/// `old` with the edits, which are sorted, free of overlap and on character boundaries.
fn apply(old: &str, edits: &[Edit]) -> String {
    let mut new = String::with_capacity(old.len());
    let mut at = 0;
    for edit in edits {
        new.push_str(old.get(at..edit.place.span.start).unwrap_or_default());
        new.push_str(&edit.text);
        at = edit.place.span.end;
    }
    new.push_str(old.get(at..).unwrap_or_default());
    new
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::verify;
    use super::*;

    fn one(text: &str) -> (Files, FileId) {
        let mut files = Files::new();
        let id = files.add("Procfile", text);
        (files, id)
    }

    fn replace(file: FileId, start: usize, end: usize, text: &str) -> Fix {
        let title = format!("{start}..{end} {text}");
        Fix::safe(title, vec![Edit::replace(Place::new(file, Span::new(start, end)), text)])
    }

    #[test]
    fn no_fixes_change_nothing() {
        let (files, _) = one("web: gunicorn app\n");
        let plan = plan(&files, &[]);
        assert!(plan.rewrites.is_empty() && plan.refused.is_empty());
    }

    #[test]
    fn the_first_of_two_overlapping_fixes_wins() {
        let (files, id) = one("web: gunicorn -w 9 app\n");
        let (a, b, c) = (replace(id, 17, 18, "3"), replace(id, 14, 18, "-w 4"), replace(id, 0, 3, "api"));
        let plan = plan(&files, &[&a, &b, &c]);
        assert_eq!(plan.rewrites[0].new, "api: gunicorn -w 3 app\n");
        assert_eq!(plan.rewrites[0].fixes, [a.title, c.title]);
        assert_eq!(plan.refused.len(), 1);
        assert_eq!(plan.refused[0].title, b.title);
    }

    #[test]
    fn an_edit_that_two_fixes_share_is_made_once() {
        let (files, id) = one("web: gunicorn -w 9 app\n");
        let (a, b) = (replace(id, 17, 18, "3"), replace(id, 17, 18, "3"));
        let plan = plan(&files, &[&a, &b]);
        assert_eq!(plan.rewrites[0].new, "web: gunicorn -w 3 app\n");
        assert!(plan.refused.is_empty());
    }

    #[test]
    fn insertions_at_one_point_are_refused_because_their_order_is_anybodys_guess() {
        let (files, id) = one("web: gunicorn\n");
        let plan = plan(&files, &[&replace(id, 13, 13, " a"), &replace(id, 13, 13, " b"), &replace(id, 5, 13, "x")]);
        assert_eq!(plan.rewrites[0].new, "web: gunicorn a\n");
        assert_eq!(plan.refused.len(), 2);
    }

    #[test]
    fn a_fix_is_applied_in_all_its_files_or_in_none() {
        let (mut files, a) = one("web: gunicorn -w 9 app\n");
        let b = files.add("b.toml", "workers = 9\n");
        let mut both = replace(a, 17, 18, "3");
        both.edits.push(Edit::replace(Place::new(b, Span::new(10, 11)), "["));
        let other = replace(a, 0, 3, "api");
        let plan = settle(&files, &[&both, &other], &|_| Ok(()));
        assert_eq!(plan.rewrites.len(), 1);
        assert_eq!(plan.rewrites[0].new, "api: gunicorn -w 9 app\n");
        assert!(plan.refused[0].reason.contains("TOML"), "{:?}", plan.refused);
    }

    #[test]
    fn the_callers_check_leaves_a_fix_out() {
        let (files, id) = one("web: gunicorn -w 9 app\n");
        let check = |rewrites: &[Rewrite]| {
            if rewrites[0].new.contains('9') { Ok(()) } else { Err("lost 9".to_owned()) }
        };
        let plan = settle(&files, &[&replace(id, 17, 18, "3"), &replace(id, 0, 3, "api")], &check);
        assert_eq!(plan.rewrites[0].new, "api: gunicorn -w 9 app\n");
        assert_eq!(plan.refused[0].reason, "lost 9");
    }

    #[test]
    fn nonsense_is_refused() {
        let (files, id) = one("ä\n");
        let twice = Fix::safe(
            "twice",
            vec![
                Edit::replace(Place::new(id, Span::new(0, 2)), "a"),
                Edit::replace(Place::new(id, Span::new(0, 2)), "b"),
            ],
        );
        let shown = Fix { safety: Safety::Display, ..replace(id, 0, 2, "a") };
        let refused = [&replace(id, 1, 2, "x"), &replace(id, 0, 99, "x"), &replace(id, 0, 2, "ä"), &twice, &shown];
        let plan = plan(&files, &refused);
        assert!(plan.rewrites.is_empty());
        assert_eq!(plan.refused.len(), refused.len());
    }

    #[test]
    fn line_endings_byte_order_mark_and_missing_final_newline_survive() {
        let (files, id) = one("\u{feff}a: x\r\nb: y");
        let first = Fix::safe("first", vec![Edit::insert(Place::new(id, Span::new(0, 0)), "new: z\n")]);
        let plan = plan(&files, &[&first, &replace(id, 12, 13, "w")]);
        assert_eq!(plan.rewrites[0].new, "\u{feff}new: z\r\na: x\r\nb: w");
        assert_eq!(verify(&plan.rewrites[0], "Procfile"), Ok(()));
    }

    proptest! {
        #[test]
        fn outside_the_edits_bytes_are_equal(
            text in "[ab=\u{e4}\n]{0,40}",
            edits in proptest::collection::vec((0_usize..45, 0_usize..45, "[xy]{0,3}"), 0..6),
        ) {
            let (files, id) = one(&text);
            let fixes: Vec<Fix> = edits.iter().map(|(a, b, new)| replace(id, *a.min(b), *a.max(b), new)).collect();
            let plan = plan(&files, &fixes.iter().collect::<Vec<_>>());
            prop_assert!(plan.rewrites.len() <= 1);
            for rewrite in &plan.rewrites {
                // Taking what was written out of the new text leaves what was kept of the old one.
                let keep = |text: &str, gone: &[Span]| -> Vec<u8> {
                    let kept = |at: &usize| !gone.iter().any(|span| span.contains(*at));
                    (0..text.len()).filter(kept).map(|at| text.as_bytes()[at]).collect()
                };
                let edited: Vec<Span> = rewrite.edits.iter().map(|edit| edit.place.span).collect();
                prop_assert_eq!(keep(&rewrite.old, &edited), keep(&rewrite.new, &rewrite.written()));
                prop_assert!(edited.windows(2).all(|pair| !pair[0].overlaps(pair[1])));
            }
        }
    }
}
