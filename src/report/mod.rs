//! What a run found, as one value that nothing changes any more, and one renderer per file.
//!
//! Decides the order of things and how they are counted. Knows nothing of terminals, the environment
//! or exit codes: renderers return text, and whoever calls them writes it.

#[cfg(unix)]
mod alone;
mod ci;
mod comparison;
mod concise;
mod document;
mod excerpt;
mod groups;
mod handlers;
mod json;
mod launches;
mod limits;
#[cfg(unix)]
mod measured;
mod neighbours;
mod palette;
mod pretty;
mod recommendations;
#[cfg(unix)]
mod stalls;
mod surroundings;

#[cfg(unix)]
pub use alone::alone;
pub use ci::{About, checkstyle, github, gitlab, junit, markdown, sarif};
pub use comparison::{Machine, comparison, comparison_json, comparison_markdown};
pub use concise::concise;
pub use handlers::unstarted;
pub use json::json;
pub use launches::{launches, launches_json, origin, reasons, value};
pub use limits::{limits, limits_json};
#[cfg(unix)]
pub use measured::{Load, Measurement, left_out, limited, measured, measured_html, measured_json, measured_markdown};
pub use palette::Look;
pub use pretty::pretty;
pub use recommendations::{recommendations, recommendations_json, recommendations_markdown};
#[cfg(unix)]
pub use stalls::{Sighting, stalls};

use std::collections::BTreeSet;

use crate::findings::{Finding, Note, Severity, Suppressed};
use crate::source::Files;
use crate::values::Order as _;

/// Everything a run has to say.
#[derive(Debug)]
pub struct Report {
    /// The texts that places point into.
    pub files: Files,
    /// The findings, by file, line, column and rule.
    pub findings: Vec<Finding>,
    /// The silenced ones, in the same order.
    pub suppressed: Vec<Suppressed>,
    /// What was not read or checked, by path and line.
    pub notes: Vec<Note>,
    /// Versions that no file asks for, and that were judged by: `Gunicorn 27.0.1`.
    pub assumed: Vec<String>,
    /// What a run that is kept says about lines which still read the same, in sentences.
    pub measured: Vec<String>,
    /// The counts.
    pub summary: Summary,
    /// Whether people want to see findings and nothing else.
    pub quiet: bool,
}

/// The counts of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Summary {
    /// Findings of severity `error`.
    pub errors: usize,
    /// Findings of severity `warning`.
    pub warnings: usize,
    /// Findings of severity `advice`.
    pub advice: usize,
    /// Files with a finding.
    pub files_with_findings: usize,
    /// Findings that comments silence.
    pub suppressed: usize,
    /// Findings that the baseline knows.
    pub known: usize,
    /// Findings that fail the run and are not shown, as `min-severity` leaves them out.
    pub failing_unseen: usize,
    /// Notes.
    pub notes: usize,
    /// Files that were read.
    pub files_read: usize,
    /// Deployments that were judged.
    pub deployments: usize,
}

impl Report {
    /// Puts everything in order and counts it.
    pub fn new(
        files: Files,
        mut findings: Vec<Finding>,
        mut suppressed: Vec<Suppressed>,
        mut notes: Vec<Note>,
        deployments: usize,
    ) -> Self {
        findings.order_by(|a, b| key(&files, a).cmp(&key(&files, b)));
        suppressed.order_by(|a, b| key(&files, &a.finding).cmp(&key(&files, &b.finding)));
        notes.order();
        notes.dedup();
        let count = |severity| findings.iter().filter(|finding| finding.severity == severity).count();
        let summary = Summary {
            errors: count(Severity::Error),
            warnings: count(Severity::Warning),
            advice: count(Severity::Advice),
            files_with_findings: findings.iter().map(|f| f.primary.place.file).collect::<BTreeSet<_>>().len(),
            suppressed: suppressed.len(),
            known: 0,
            failing_unseen: 0,
            notes: notes.len(),
            files_read: files.iter().count(),
            deployments,
        };
        Self { files, findings, suppressed, notes, assumed: Vec::new(), measured: Vec::new(), summary, quiet: false }
    }

    /// The same with the versions that were assumed.
    #[must_use]
    pub fn with_assumed(mut self, mut assumed: Vec<String>) -> Self {
        assumed.order();
        assumed.dedup();
        self.assumed = assumed;
        self
    }

    /// The same with what a run that is kept says about lines.
    #[must_use]
    pub fn with_measured(mut self, measured: Vec<String>) -> Self {
        self.measured = measured;
        self
    }

    /// The same for people who want to see findings and nothing else.
    #[must_use]
    pub const fn quietly(mut self, quiet: bool) -> Self {
        self.quiet = quiet;
        self
    }

    /// The same with the count of findings that the baseline knows.
    #[must_use]
    pub const fn with_known(mut self, known: usize) -> Self {
        self.summary.known = known;
        self
    }

    /// The same with the count of findings that fail the run unseen.
    #[must_use]
    pub const fn with_failing_unseen(mut self, count: usize) -> Self {
        self.summary.failing_unseen = count;
        self
    }
}

/// Offsets order like lines and columns do. The message decides between two findings of one rule at
/// one place.
fn key<'a>(files: &'a Files, finding: &'a Finding) -> (&'a str, usize, &'a str, usize, &'a str) {
    let place = finding.primary.place;
    (files.get(place.file).path(), place.span.start, finding.rule, place.span.end, &finding.message)
}

#[cfg(test)]
mod samples;
