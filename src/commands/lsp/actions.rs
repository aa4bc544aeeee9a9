//! What the editor can do about findings: fix one, silence one, fix all that is safe.
//!
//! Decides what is offered. An editor that asks for the edit of what was chosen is offered what seems possible, at once; any
//! other waits until each change has been verified.

use farrier::findings::{Finding, Safety};
use farrier::source::Span;
use lsp_types::{
    CodeAction, CodeActionContext, CodeActionKind, CodeActionTriggerKind, Diagnostic, NumberOrString, Uri,
};
use serde::{Deserialize, Serialize};

use super::changes::Bench;
use super::diagnostics;
use super::project::Change;

/// The kind of the action that fixes all that is safe.
pub(super) const FIX_ALL: CodeActionKind = CodeActionKind::new("source.fixAll.farrier");

/// What an editor hands back that asks for the edit later.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Chosen {
    pub(super) uri: Uri,
    /// The examination that the change belongs to.
    pub(super) run: u64,
    pub(super) change: Change,
}

/// The actions for some bytes of the file of `bench`, which the editor calls `uri`.
pub(super) fn offered(bench: &mut Bench<'_>, uri: &Uri, asked: Span, context: &CodeActionContext) -> Vec<CodeAction> {
    let wants =
        |kind: &CodeActionKind| context.only.as_ref().is_none_or(|only| only.iter().any(|one| is_of(kind, one)));
    let mut actions = Vec::new();
    if wants(&CodeActionKind::QUICKFIX) {
        let findings = bench.found.findings.clone();
        for (number, finding) in findings.iter().enumerate() {
            if let Some(place) = touched(bench, finding, asked, context) {
                let fix = fix(finding, context).and_then(|action| ready(bench, uri, action, Change::Fix(number)));
                actions.extend(fix);
                actions.extend(ready(bench, uri, silence(finding, context), Change::Silence(number, place)));
            }
        }
    }
    // Nobody who moves about wants to wait for what is asked for by name or from a menu.
    let is_automatic = context.trigger_kind == Some(CodeActionTriggerKind::AUTOMATIC) && context.only.is_none();
    if wants(&FIX_ALL) && !is_automatic && bench.seems_possible(Change::All) {
        let action = CodeAction {
            title: "Fix all that farrier can fix safely in this file".to_owned(),
            kind: Some(FIX_ALL),
            ..CodeAction::default()
        };
        actions.extend(ready(bench, uri, action, Change::All));
    }
    actions
}

/// The action with its edit, or with what leads to it later; `None` where it cannot be made.
fn ready(bench: &mut Bench<'_>, uri: &Uri, action: CodeAction, change: Change) -> Option<CodeAction> {
    if !bench.seems_possible(change) {
        return None;
    }
    if bench.editor.resolves {
        let chosen = Chosen { uri: uri.clone(), run: bench.found.run, change };
        return Some(CodeAction { data: serde_json::to_value(chosen).ok(), ..action });
    }
    Some(CodeAction { edit: Some(bench.made(change).ok()?), ..action })
}

/// Which of the places that a finding is shown at the bytes touch, or the editor says it is about.
fn touched(bench: &Bench<'_>, finding: &Finding, asked: Span, context: &CodeActionContext) -> Option<usize> {
    let files = &bench.found.examination.files;
    let meant = |span: Span| {
        let range = bench.editor.encoding.range(files.get(bench.file), span);
        context.diagnostics.iter().any(|one| one.range == range && is_about(one, finding))
    };
    diagnostics::places(finding).position(|(place, _)| {
        let touches = place.span.start <= asked.end && asked.start <= place.span.end;
        files.owner(place.file) == bench.file && (touches || meant(place.span))
    })
}

fn fix(finding: &Finding, context: &CodeActionContext) -> Option<CodeAction> {
    let fix = finding.fix.as_ref().filter(|fix| fix.safety != Safety::Display)?;
    let is_safe = fix.safety == Safety::Safe;
    let hint = if is_safe { "" } else { " (unsafe: it changes how the service behaves)" };
    let title = format!("{}{hint}", capitalised(&fix.title));
    Some(CodeAction { title, is_preferred: Some(is_safe), ..quick_fix(finding, context) })
}

fn silence(finding: &Finding, context: &CodeActionContext) -> CodeAction {
    let title = format!("Silence `{}` here with a comment", finding.rule);
    CodeAction { title, is_preferred: Some(false), ..quick_fix(finding, context) }
}

/// Whether a kind is one that was asked for: `source.fixAll.farrier` is of `source.fixAll` and of `source`.
fn is_of(kind: &CodeActionKind, asked: &CodeActionKind) -> bool {
    let rest = kind.as_str().strip_prefix(asked.as_str());
    rest.is_some_and(|rest| rest.is_empty() || asked.as_str().is_empty() || rest.starts_with('.'))
}

fn is_about(diagnostic: &Diagnostic, finding: &Finding) -> bool {
    matches!(&diagnostic.code, Some(NumberOrString::String(code)) if code == finding.rule)
}

fn quick_fix(finding: &Finding, context: &CodeActionContext) -> CodeAction {
    let about: Vec<Diagnostic> = context.diagnostics.iter().filter(|one| is_about(one, finding)).cloned().collect();
    CodeAction {
        kind: Some(CodeActionKind::QUICKFIX),
        diagnostics: (!about.is_empty()).then_some(about),
        ..CodeAction::default()
    }
}

fn capitalised(title: &str) -> String {
    let mut letters = title.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
