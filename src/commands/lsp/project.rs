//! One project: what was found in it last, and what the editor was told.

use std::any::Any;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use farrier::findings::{Finding, Severity};
use farrier::request::{Flags, Request};
use farrier::suppress::Baseline;
use farrier::{Examination, examine, settings};
use lsp_types::{Diagnostic, Uri, WorkspaceEdit};
use serde::{Deserialize, Serialize};

use super::scope::Scope;
use crate::commands::{Failure, baseline, lies_in};

/// What a run found.
pub(super) struct Found {
    pub(super) request: Request,
    pub(super) examination: Examination,
    /// Findings that are known, and not told.
    known: Baseline,
    /// The findings that are told.
    pub(super) findings: Vec<Finding>,
    /// What was found out about changes that were asked for, or why one cannot be made.
    pub(super) changes: BTreeMap<Change, Result<WorkspaceEdit, String>>,
    /// Which run it was: an editor may ask for a change of an earlier one.
    pub(super) run: u64,
}

/// A change that somebody may want.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum Change {
    /// The fix of the finding with this number.
    Fix(usize),
    /// A comment that silences the finding with the first number at the place with the second one.
    Silence(usize, usize),
    /// All safe fixes of what a file shows.
    All,
}

impl Found {
    /// What is told of an examination that follows this one.
    pub(super) fn told_of(&self, examination: &Examination) -> Vec<Finding> {
        told(&self.request, &self.known, examination)
    }
}

fn told(request: &Request, known: &Baseline, examination: &Examination) -> Vec<Finding> {
    let all = examination.findings.clone();
    let new = known.compare(all, &examination.files, &|rule| request.rules.runs(rule)).new;
    let least = request.min_severity.unwrap_or(Severity::Warning);
    new.into_iter().filter(|finding| finding.severity >= least).collect()
}

/// What the editor was told about a file.
#[derive(Debug, PartialEq)]
pub(super) struct Told {
    pub(super) uri: Uri,
    pub(super) version: Option<i32>,
    pub(super) diagnostics: Vec<Diagnostic>,
}

#[derive(Default)]
pub(super) struct Project {
    pub(super) scope: Scope,
    /// Something changed since the last run.
    pub(super) stale: bool,
    /// What the last run found; `None` where it failed.
    pub(super) found: Option<Found>,
    /// By address.
    pub(super) told: BTreeMap<String, Told>,
}

/// Why there is nothing to tell.
pub(super) enum Trouble {
    /// The settings, which the editor may show.
    Settings(settings::Error),
    Other(String),
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Settings(error) => Self::Settings(error),
            other => Self::Other(other.to_string().trim_start_matches("error: ").to_owned()),
        }
    }
}

/// Examines the project in `root` with the texts that the editor holds; a defect of farrier is told like any other
/// trouble, and costs one answer.
pub(super) fn run(
    root: &Path,
    config: &[String],
    isolated: bool,
    unsaved: &BTreeMap<String, Arc<str>>,
) -> Result<Found, Trouble> {
    let examined = || -> Result<Found, Failure> {
        let held: BTreeMap<PathBuf, Arc<str>> =
            unsaved.iter().map(|(path, text)| (root.join(path), Arc::clone(text))).collect();
        let typed = settings::Typed { config: config.to_vec(), isolated, unsaved: held };
        let loaded = settings::load_as_told(root, &typed)?;
        let request = Request::new(root.to_path_buf(), &loaded, &Flags::default())?;
        let request = Request { unsaved: unsaved.clone(), ..request };
        let known = baseline::load(&baseline::path(&request, None), request.baseline.is_some())?.unwrap_or_default();
        let examination = examine(&request)?;
        let findings = told(&request, &known, &examination);
        Ok(Found { request, examination, known, findings, changes: BTreeMap::new(), run: 0 })
    };
    match catch_unwind(AssertUnwindSafe(examined)) {
        Ok(answer) => answer.map_err(Trouble::from),
        Err(panic) => Err(Trouble::Other(format!(
            "the analysis of `{}` failed, please report it: {}",
            root.display(),
            said(&*panic)
        ))),
    }
}

/// What a panic says.
pub(super) fn said(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("it does not say why")
}

impl Project {
    /// Whether a finding has to do with what the editor has opened.
    pub(super) fn concerns(&self, finding: &Finding, found: &Examination) -> bool {
        let named: Vec<String> =
            if self.scope.contains("") { Vec::new() } else { self.scope.iter().cloned().collect() };
        let mut labels = std::iter::once(&finding.primary).chain(&finding.related);
        labels.any(|label| lies_in(&named, found.files.get(label.place.file).path()))
    }
}
