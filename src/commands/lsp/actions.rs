//! What the editor can do about findings: fix one, silence one, fix all that is safe.
//!
//! Decides which changes are offered: those that were verified as `check --fix` verifies them, by reading the project again
//! with the new text. What a finding asks for is verified when somebody asks, once for each examination.

use std::collections::BTreeMap;
use std::path::Path;

use farrier::Examination;
use farrier::findings::{Finding, Fix, Safety};
use farrier::fix::{self, Rewrite};
use farrier::source::{FileId, SourceFile, Span};
use farrier::suppress;
use lsp_types::{
    CodeAction, CodeActionContext, CodeActionKind, CodeActionOrCommand, CodeActionTriggerKind, Diagnostic,
    DocumentChanges, NumberOrString, OneOf, OptionalVersionedTextDocumentIdentifier, TextDocumentEdit, TextEdit, Uri,
    WorkspaceEdit,
};
use similar::TextDiff;

use super::diagnostics;
use super::documents::Documents;
use super::editor::Editor;
use super::project::{Change, Found};
use crate::commands::{Failure, rewrite};

/// The kind of the action that fixes all that is safe.
pub(super) const FIX_ALL: CodeActionKind = CodeActionKind::new("source.fixAll.farrier");

/// A comment that silences an error is asked for its reason, which only people know.
const ASKS_FOR_REASON: &str = "suppression-without-reason";

/// What the actions of one file rest on.
pub(super) struct Bench<'b> {
    pub(super) root: &'b Path,
    pub(super) found: &'b mut Found,
    pub(super) documents: &'b Documents,
    pub(super) editor: &'b Editor,
    pub(super) file: FileId,
}

impl Bench<'_> {
    /// The actions for some bytes of the file.
    pub(super) fn actions(
        &mut self,
        asked: Span,
        context: &CodeActionContext,
    ) -> Result<Vec<CodeActionOrCommand>, Failure> {
        let wants =
            |kind: &CodeActionKind| context.only.as_ref().is_none_or(|only| only.iter().any(|one| is_of(kind, one)));
        let mut actions = Vec::new();
        if wants(&CodeActionKind::QUICKFIX) {
            let findings = self.found.findings.clone();
            for (number, finding) in findings.iter().enumerate() {
                if let Some(place) = self.touched(finding, asked, context) {
                    actions.extend(self.fix(number, finding, context));
                    actions.extend(self.silence(number, place, finding, context));
                }
            }
        }
        // Nobody who moves about wants to wait for what is asked for by name or from a menu.
        let is_automatic = context.trigger_kind == Some(CodeActionTriggerKind::AUTOMATIC) && context.only.is_none();
        if wants(&FIX_ALL) && !is_automatic {
            actions.extend(self.fix_all()?);
        }
        Ok(actions.into_iter().map(CodeActionOrCommand::CodeAction).collect())
    }

    /// Which of the places that a finding is shown at the bytes touch, or the editor says it is about.
    fn touched(&self, finding: &Finding, asked: Span, context: &CodeActionContext) -> Option<usize> {
        let files = &self.found.examination.files;
        let meant = |span: Span| {
            let range = self.editor.encoding.range(files.get(self.file), span);
            context.diagnostics.iter().any(|one| one.range == range && is_about(one, finding))
        };
        diagnostics::places(finding).position(|(place, _)| {
            let touches = place.span.start <= asked.end && asked.start <= place.span.end;
            files.owner(place.file) == self.file && (touches || meant(place.span))
        })
    }

    fn fix(&mut self, number: usize, finding: &Finding, context: &CodeActionContext) -> Option<CodeAction> {
        let fix = finding.fix.as_ref().filter(|fix| fix.safety != Safety::Display)?;
        let edit = self.change(Change::Fix(number), &|bench| {
            bench.verified(fix, &|before, after, rewrites| rewrite::settles(before, after, rewrites), &|_| true)
        })?;
        let is_safe = fix.safety == Safety::Safe;
        let hint = if is_safe { "" } else { " (unsafe: it changes how the service behaves)" };
        Some(CodeAction {
            title: format!("{}{hint}", capitalised(&fix.title)),
            is_preferred: Some(is_safe),
            ..quick_fix(finding, edit, context)
        })
    }

    fn silence(
        &mut self,
        number: usize,
        place: usize,
        finding: &Finding,
        context: &CodeActionContext,
    ) -> Option<CodeAction> {
        let (at, _) = diagnostics::places(finding).nth(place)?;
        let edit = self.change(Change::Silence(number, place), &|bench| {
            let Examination { files, facts, .. } = &bench.found.examination;
            let comments = suppress::comments(files, at, &facts.extent(files, at), finding.rule);
            comments.into_iter().find_map(|edit| {
                let fix = Fix::safe("silence", vec![edit]);
                bench.verified(&fix, &|before, after, _| silences(finding.rule, before, after), &|_| false)
            })
        })?;
        let title = format!("Silence `{}` here with a comment", finding.rule);
        Some(CodeAction { title, is_preferred: Some(false), ..quick_fix(finding, edit, context) })
    }

    /// What a change comes to; it is found out once.
    fn change(&mut self, change: Change, make: &dyn Fn(&Self) -> Option<WorkspaceEdit>) -> Option<WorkspaceEdit> {
        if let Some(known) = self.found.changes.get(&change) {
            return known.clone();
        }
        let made = make(self);
        self.found.changes.insert(change, made.clone());
        made
    }

    /// The edit that a fix comes to, if it stands the second reading.
    fn verified(
        &self,
        fix: &Fix,
        check: &dyn Fn(&Examination, &Examination, &[Rewrite]) -> Result<(), String>,
        intended: &dyn Fn(&str) -> bool,
    ) -> Option<WorkspaceEdit> {
        let Found { request, examination, .. } = &*self.found;
        let plan = fix::settle(&examination.files, &[fix], &|rewrites| {
            let after = rewrite::reread(request, examination, rewrites, intended)?;
            check(examination, &after, rewrites)
        });
        let edits = plan.rewrites.iter().map(|rewrite| {
            let file = examination.files.get(rewrite.file);
            let edits = rewrite.edits.iter().map(|edit| self.text_edit(file, edit.place.span, &edit.text));
            (file.path().to_owned(), edits.collect())
        });
        let edits: BTreeMap<String, Vec<TextEdit>> = edits.collect();
        (!edits.is_empty()).then(|| self.edit(edits))
    }

    /// All safe fixes of what the file shows, as `check --fix` would make them.
    fn fix_all(&self) -> Result<Option<CodeAction>, Failure> {
        let Found { request, examination, .. } = &*self.found;
        let path = examination.files.get(self.file).path();
        let wanted = |now: &Examination| -> Vec<Fix> {
            let told = self.found.told_of(now);
            let here = told.into_iter().filter(|finding| now.files.get(finding.primary.place.file).path() == path);
            here.filter_map(|finding| finding.fix).filter(|fix| fix.safety == Safety::Safe).collect()
        };
        if wanted(examination).is_empty() {
            return Ok(None);
        }
        let made = rewrite::make_all(request, examination, &wanted)?;
        let changed = made.texts.iter().filter(|(_, (old, new))| **old != **new);
        let edits: BTreeMap<String, Vec<TextEdit>> = changed
            .filter_map(|(path, (_, new))| {
                let file = examination.files.get(examination.files.find(path)?);
                Some((path.clone(), self.difference(file, new)))
            })
            .collect();
        if edits.is_empty() {
            return Ok(None);
        }
        Ok(Some(CodeAction {
            title: "Fix all that farrier can fix safely in this file".to_owned(),
            kind: Some(FIX_ALL),
            edit: Some(self.edit(edits)),
            ..CodeAction::default()
        }))
    }

    /// The edits of whole lines that make another text out of a file.
    fn difference(&self, file: &SourceFile, new: &str) -> Vec<TextEdit> {
        let lines = |text: &'_ str| text.split_inclusive('\n').map(str::to_owned).collect::<Vec<_>>();
        let (old, new) = (lines(file.text()), lines(new));
        let length = |lines: &[String]| lines.iter().map(String::len).sum::<usize>();
        let (before, after): (Vec<&str>, Vec<&str>) =
            (old.iter().map(String::as_str).collect(), new.iter().map(String::as_str).collect());
        let ops = TextDiff::from_slices(&before, &after).ops().to_vec();
        let changed = ops.iter().filter(|op| op.tag() != similar::DiffTag::Equal);
        changed
            .map(|op| {
                let (gone, come) = (op.old_range(), op.new_range());
                let start = length(old.get(..gone.start).unwrap_or_default());
                let end = start + length(old.get(gone).unwrap_or_default());
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

/// Whether a kind is one that was asked for: `source.fixAll.farrier` is of `source.fixAll` and of `source`.
fn is_of(kind: &CodeActionKind, asked: &CodeActionKind) -> bool {
    let rest = kind.as_str().strip_prefix(asked.as_str());
    rest.is_some_and(|rest| rest.is_empty() || asked.as_str().is_empty() || rest.starts_with('.'))
}

fn is_about(diagnostic: &Diagnostic, finding: &Finding) -> bool {
    matches!(&diagnostic.code, Some(NumberOrString::String(code)) if code == finding.rule)
}

fn quick_fix(finding: &Finding, edit: WorkspaceEdit, context: &CodeActionContext) -> CodeAction {
    let about: Vec<Diagnostic> = context.diagnostics.iter().filter(|one| is_about(one, finding)).cloned().collect();
    CodeAction {
        kind: Some(CodeActionKind::QUICKFIX),
        diagnostics: (!about.is_empty()).then_some(about),
        edit: Some(edit),
        ..CodeAction::default()
    }
}

/// Checks that a rule says less than before and no other says more, so that the comment is one, and covers what it is meant
/// to.
fn silences(rule: &str, before: &Examination, after: &Examination) -> Result<(), String> {
    let count = |found: &Examination| {
        let mut all: BTreeMap<&'static str, usize> = BTreeMap::new();
        for finding in &found.findings {
            *all.entry(finding.rule).or_default() += diagnostics::places(finding).count();
        }
        all
    };
    let (before, after) = (count(before), count(after));
    let of = |all: &BTreeMap<&'static str, usize>, rule: &str| all.get(rule).copied().unwrap_or_default();
    if of(&after, rule) >= of(&before, rule) {
        return Err("it would silence nothing".to_owned());
    }
    match after.iter().find(|(other, count)| **other != ASKS_FOR_REASON && **count > of(&before, other)) {
        Some((other, _)) => Err(format!("it would bring up `{other}`")),
        None => Ok(()),
    }
}

fn capitalised(title: &str) -> String {
    let mut letters = title.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
