//! Findings as an editor shows them.
//!
//! Decides where each is shown and what belongs to it. One finding may stand for several places with the same fault, and
//! is shown at each of them.

use farrier::findings::{Finding, Fix, Label, Safety, Severity};
use farrier::settings;
use farrier::source::{FileId, Files, Place};
use lsp_types::{
    Diagnostic, DiagnosticRelatedInformation, DiagnosticSeverity, DiagnosticTag, Location, NumberOrString, Range, Uri,
};

use super::editor::Editor;
use super::pages::Pages;

const SOURCE: &str = "farrier";

/// How diagnostics are written.
pub(super) struct Writer<'w> {
    pub(super) files: &'w Files,
    pub(super) editor: &'w Editor,
    pub(super) pages: &'w mut Pages,
    /// The address of a file.
    pub(super) uri: &'w dyn Fn(&str) -> Option<Uri>,
}

/// The places that a finding is shown at, each with what it says there.
pub(super) fn places(finding: &Finding) -> impl Iterator<Item = (Place, &str)> {
    let alike = finding.related.iter().filter_map(|label| Some((label.place, label.leads.as_deref()?)));
    std::iter::once((finding.primary.place, finding.message.as_str())).chain(alike)
}

impl Writer<'_> {
    /// The diagnostics of a finding, each with the file it belongs to.
    pub(super) fn all(&mut self, finding: &Finding) -> Vec<(FileId, Diagnostic)> {
        let own: Vec<(Place, &str)> = places(finding).filter(|(place, _)| !self.files.is_foreign(place.file)).collect();
        own.into_iter().map(|(place, says)| (self.files.owner(place.file), self.one(finding, place, says))).collect()
    }

    fn one(&mut self, finding: &Finding, place: Place, says: &str) -> Diagnostic {
        let help = finding.help.as_ref().map_or_else(String::new, |help| format!("\nhelp: {help}"));
        let tags = self.editor.tags.then(|| tags(finding)).filter(|tags| !tags.is_empty());
        Diagnostic {
            range: self.range(place),
            severity: Some(severity(finding.severity)),
            code: Some(NumberOrString::String(finding.rule.to_owned())),
            code_description: if self.editor.describes { self.pages.of(finding.rule) } else { None },
            source: Some(SOURCE.to_owned()),
            message: format!("{says}{help}"),
            related_information: self.editor.relates.then(|| self.related(finding, place)),
            tags,
            data: None,
        }
    }

    /// Every other place of the finding, in the order a reader wants them.
    fn related(&self, finding: &Finding, own: Place) -> Vec<DiagnosticRelatedInformation> {
        let labels = finding.related.iter().chain(std::iter::once(&finding.primary));
        let others = labels.filter(|label| label.place != own && !self.files.is_foreign(label.place.file));
        others.filter_map(|label| self.place(label)).collect()
    }

    fn place(&self, label: &Label) -> Option<DiagnosticRelatedInformation> {
        let uri = (self.uri)(self.files.get(label.place.file).path())?;
        let message = [&label.text, label.leads.as_deref().unwrap_or_default(), "here"];
        let message = message.into_iter().find(|text| !text.is_empty()).unwrap_or_default().to_owned();
        Some(DiagnosticRelatedInformation { location: Location { uri, range: self.range(label.place) }, message })
    }

    fn range(&self, place: Place) -> Range {
        self.editor.encoding.range(self.files.get(place.file), place.span)
    }
}

/// What is wrong with settings, where their file shows it.
pub(super) fn of_settings(error: &settings::Error, editor: &Editor) -> Diagnostic {
    let mut files = Files::new();
    let file = files.add(String::new(), error.text.as_str());
    let range = error.span.map(|span| editor.encoding.range(files.get(file), span));
    Diagnostic {
        range: range.unwrap_or_default(),
        severity: Some(DiagnosticSeverity::ERROR),
        source: Some(SOURCE.to_owned()),
        message: error.to_string(),
        ..Diagnostic::default()
    }
}

const fn severity(severity: Severity) -> DiagnosticSeverity {
    match severity {
        Severity::Error => DiagnosticSeverity::ERROR,
        Severity::Warning => DiagnosticSeverity::WARNING,
        Severity::Advice => DiagnosticSeverity::INFORMATION,
    }
}

/// What nobody would miss is unnecessary: the fix takes it out, and nothing that runs changes for that.
fn tags(finding: &Finding) -> Vec<DiagnosticTag> {
    let removes = |fix: &Fix| fix.safety == Safety::Safe && fix.edits.iter().all(|edit| edit.text.trim().is_empty());
    let own = |fix: &Fix| fix.edits.iter().any(|edit| covers(edit.place, finding.primary.place));
    let unnecessary = finding.fix.as_ref().is_some_and(|fix| removes(fix) && own(fix));
    let deprecated = finding.rule.starts_with("deprecated-") || finding.rule.starts_with("removed-");
    let tag = |is: bool, tag: DiagnosticTag| is.then_some(tag);
    let tags = [tag(unnecessary, DiagnosticTag::UNNECESSARY), tag(deprecated, DiagnosticTag::DEPRECATED)];
    tags.into_iter().flatten().collect()
}

fn covers(outer: Place, inner: Place) -> bool {
    outer.file == inner.file && outer.span.start <= inner.span.start && inner.span.end <= outer.span.end
}
