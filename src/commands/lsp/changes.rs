//! Changes of texts, verified before they are handed out.
//!
//! Decides what a change comes to, as `check --fix` does: the project is read again with the new text, and must say what was
//! meant and nothing worse. That takes as long as an examination, so it is found out when somebody asks, and once.

use std::collections::BTreeMap;
use std::path::Path;

use farrier::Examination;
use farrier::findings::{Finding, Fix, Safety};
use farrier::fix::{self, Rewrite};
use farrier::source::{FileId, SourceFile, Span};
use farrier::suppress;
use lsp_types::{
    DocumentChanges, OneOf, OptionalVersionedTextDocumentIdentifier, TextDocumentEdit, TextEdit, Uri, WorkspaceEdit,
};

use super::diagnostics;
use super::documents::Documents;
use super::editor::Editor;
use super::project::{Change, Found};
use crate::commands::rewrite;

/// A comment that silences an error is asked for its reason, which only people know.
const ASKS_FOR_REASON: &str = "suppression-without-reason";

/// What speaks against new texts, by what was found before and what is found after.
type Verdict<'v> = dyn Fn(&Examination, &Examination, &[Rewrite]) -> Result<(), String> + 'v;

/// What the actions of one file rest on.
pub(super) struct Bench<'b> {
    pub(super) root: &'b Path,
    pub(super) found: &'b mut Found,
    pub(super) documents: &'b Documents,
    pub(super) editor: &'b Editor,
    pub(super) file: FileId,
}

impl Bench<'_> {
    /// What a change comes to, or why it cannot be made.
    pub(super) fn made(&mut self, change: Change) -> Result<WorkspaceEdit, String> {
        if let Some(known) = self.found.changes.get(&change) {
            return known.clone();
        }
        let edit = match change {
            Change::All => return self.fix_all(),
            Change::Fix(_) => {
                let settles = |before: &Examination, after: &Examination, rewrites: &[Rewrite]| {
                    rewrite::settles(before, after, rewrites)
                };
                self.first(self.fixes(change), &settles, &|_| true)
            }
            Change::Silence(number, _) => {
                let rule = self.found.findings.get(number).map_or("", |finding| finding.rule);
                let silences = |before: &Examination, after: &Examination, _: &[Rewrite]| silences(rule, before, after);
                self.first(self.fixes(change), &silences, &|_| false)
            }
        };
        self.found.changes.insert(change, edit.clone());
        edit
    }

    /// Whether the texts alone speak against a change, as far as that is known without reading the project again.
    pub(super) fn seems_possible(&self, change: Change) -> bool {
        if let Some(known) = self.found.changes.get(&change) {
            return known.is_ok();
        }
        let stands = |fix: &Fix| !fix::settle(&self.found.examination.files, &[fix], &|_| Ok(())).rewrites.is_empty();
        match change {
            Change::All => !self.safe_fixes(&self.found.examination).is_empty(),
            _ => self.fixes(change).iter().any(stands),
        }
    }

    /// The ways to make a change, the best first.
    fn fixes(&self, change: Change) -> Vec<Fix> {
        let finding = |number: usize| self.found.findings.get(number);
        match change {
            Change::All => Vec::new(),
            Change::Fix(number) => finding(number).and_then(|finding| finding.fix.clone()).into_iter().collect(),
            Change::Silence(number, place) => {
                let Some(finding) = finding(number) else { return Vec::new() };
                let Some((at, _)) = diagnostics::places(finding).nth(place) else { return Vec::new() };
                let Examination { files, facts, .. } = &self.found.examination;
                let comments = suppress::comments(files, at, &facts.extent(files, at), finding.rule);
                comments.into_iter().map(|edit| Fix::safe("silence", vec![edit])).collect()
            }
        }
    }

    /// The first of several fixes that stands the second reading.
    fn first(
        &self,
        fixes: Vec<Fix>,
        check: &Verdict<'_>,
        intended: &dyn Fn(&str) -> bool,
    ) -> Result<WorkspaceEdit, String> {
        let Found { request, examination, .. } = &*self.found;
        let mut why = "there is no such change any more".to_owned();
        for fix in fixes {
            let plan = fix::settle(&examination.files, &[&fix], &|rewrites| {
                let after = rewrite::reread(request, examination, rewrites, intended)?;
                check(examination, &after, rewrites)
            });
            if plan.rewrites.is_empty() {
                why = plan.refused.into_iter().next().map_or(why, |refusal| refusal.reason);
                continue;
            }
            let edits = plan.rewrites.iter().map(|rewrite| {
                let file = examination.files.get(rewrite.file);
                let edits = rewrite.edits.iter().map(|edit| self.text_edit(file, edit.place.span, &edit.text));
                (file.path().to_owned(), edits.collect())
            });
            return Ok(self.edit(edits.collect()));
        }
        Err(why)
    }

    /// The safe fixes of what the file shows.
    fn safe_fixes(&self, now: &Examination) -> Vec<Fix> {
        let path = self.found.examination.files.get(self.file).path();
        let here = |finding: &Finding| now.files.get(finding.primary.place.file).path() == path;
        let told = self.found.told_of(now).into_iter().filter(here);
        told.filter_map(|finding| finding.fix).filter(|fix| fix.safety == Safety::Safe).collect()
    }

    /// All of them, one round after the other.
    fn fix_all(&self) -> Result<WorkspaceEdit, String> {
        let Found { request, examination, .. } = &*self.found;
        let made = rewrite::make_all(request, examination, &|now| self.safe_fixes(now));
        let made = made.map_err(|failure| failure.to_string())?;
        let changed = made.texts.iter().filter(|(_, (old, new))| **old != **new);
        let edits: BTreeMap<String, Vec<TextEdit>> = changed
            .filter_map(|(path, (_, new))| {
                let file = examination.files.get(examination.files.find(path)?);
                Some((path.clone(), self.difference(file, new)))
            })
            .collect();
        if edits.is_empty() { Err("none of the fixes can be made".to_owned()) } else { Ok(self.edit(edits)) }
    }

    /// The edits of whole lines that make another text out of a file.
    fn difference(&self, file: &SourceFile, new: &str) -> Vec<TextEdit> {
        let (before, after) = (fix::lines(file.text()), fix::lines(new));
        let length = |lines: &[&str]| lines.iter().map(|line| line.len()).sum::<usize>();
        let ops = fix::operations(&before, &after);
        let changed = ops.iter().filter(|op| op.tag() != similar::DiffTag::Equal);
        changed
            .map(|op| {
                let (gone, come) = (op.old_range(), op.new_range());
                let start = length(before.get(..gone.start).unwrap_or_default());
                let end = start + length(before.get(gone).unwrap_or_default());
                self.text_edit(file, Span::new(start, end), &after.get(come).unwrap_or_default().concat())
            })
            .collect()
    }

    fn text_edit(&self, file: &SourceFile, span: Span, text: &str) -> TextEdit {
        TextEdit { range: self.editor.encoding.range(file, span), new_text: text.to_owned() }
    }

    fn edit(&self, edits: BTreeMap<String, Vec<TextEdit>>) -> WorkspaceEdit {
        let address = |path: &str| super::desk::address(self.documents, self.root, path);
        let addressed = edits.into_iter().filter_map(|(path, edits)| Some((address(&path)?, edits)));
        if !self.editor.versions {
            return WorkspaceEdit { changes: Some(addressed.collect()), ..WorkspaceEdit::default() };
        }
        let version = |uri: &Uri| self.documents.get(uri).map(|document| document.version);
        let edits = addressed.map(|(uri, edits)| TextDocumentEdit {
            text_document: OptionalVersionedTextDocumentIdentifier { version: version(&uri), uri },
            edits: edits.into_iter().map(OneOf::Left).collect(),
        });
        let changes = DocumentChanges::Edits(edits.collect());
        WorkspaceEdit { document_changes: Some(changes), ..WorkspaceEdit::default() }
    }
}

/// Checks that a comment silences a rule which it did not silence before, and that no other one says more for that: so it is
/// a comment, and covers what it is meant to. A finding may stand for more than the place that is silenced, and goes on to
/// speak of the rest.
fn silences(rule: &str, before: &Examination, after: &Examination) -> Result<(), String> {
    let silent = |found: &Examination| found.suppressed.iter().filter(|one| one.finding.rule == rule).count();
    if silent(after) <= silent(before) {
        return Err("it would silence nothing".to_owned());
    }
    let count = |found: &Examination| {
        let mut all: BTreeMap<&'static str, usize> = BTreeMap::new();
        for finding in &found.findings {
            *all.entry(finding.rule).or_default() += diagnostics::places(finding).count();
        }
        all
    };
    let (before, mut after) = (count(before), count(after));
    after.retain(|other, count| *other != rule && *other != ASKS_FOR_REASON && Some(&*count) > before.get(other));
    after.into_keys().next().map_or(Ok(()), |other| Err(format!("it would bring up `{other}`")))
}
