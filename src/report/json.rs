//! Findings for programs.
//!
//! The structs here are the published format. They are separate from the ones farrier works with, so
//! that nothing changes for readers by accident; a change that could break one raises the version in `document`.
//! Lines and columns count from one, columns in characters, `start` and `end` in bytes from zero.

use serde::Serialize;

use super::document::{Head, NoteDocument, write};
use super::{Report, Summary, groups};
use crate::findings::{Edit, Finding, Fingerprint, Fix, Label, Suppressed};
use crate::source::{Files, Place};

/// Renders the report as one JSON document.
pub fn json(report: &Report) -> String {
    let files = &report.files;
    let document = JsonReport {
        head: Head::new("check"),
        findings: report.findings.iter().map(|finding| JsonFinding::new(files, finding)).collect(),
        groups: groups(report),
        suppressed: report.suppressed.iter().map(|item| JsonSuppressed::new(files, item)).collect(),
        notes: report.notes.iter().map(NoteDocument::new).collect(),
        assumed: &report.assumed,
        summary: JsonSummary::new(&report.summary),
    };
    write(&document)
}

#[derive(Serialize)]
struct JsonReport<'a> {
    #[serde(flatten)]
    head: Head,
    findings: Vec<JsonFinding<'a>>,
    /// Findings that are one matter, of which people are shown one in full.
    groups: Vec<JsonGroup<'a>>,
    suppressed: Vec<JsonSuppressed<'a>>,
    notes: Vec<NoteDocument<'a>>,
    /// Versions that were judged by and that no file asks for.
    assumed: &'a [String],
    summary: JsonSummary,
}

#[derive(Serialize)]
struct JsonGroup<'a> {
    rule: &'a str,
    severity: &'static str,
    pattern: &'a str,
    /// The function that most of them go through.
    through: Option<JsonLabel<'a>>,
    /// Their places among the findings.
    findings: Vec<usize>,
}

fn groups(report: &Report) -> Vec<JsonGroup<'_>> {
    let grouped = groups::grouped(&report.findings);
    let several = grouped.into_iter().filter(|group| !group.others.is_empty());
    let at = |one: &Finding| report.findings.iter().position(|finding| std::ptr::eq(finding, one));
    several
        .map(|group| {
            let mut findings: Vec<usize> = group.members().filter_map(at).collect();
            findings.sort_unstable();
            JsonGroup {
                rule: group.first.rule,
                severity: group.first.severity.as_str(),
                pattern: group.first.pattern.as_deref().unwrap_or_default(),
                through: group.through().map(|(.., label)| JsonLabel::new(&report.files, label)),
                findings,
            }
        })
        .collect()
}

#[derive(Serialize)]
struct JsonFinding<'a> {
    rule: &'a str,
    code: &'a str,
    severity: &'static str,
    confidence: &'static str,
    message: &'a str,
    #[serde(flatten)]
    place: JsonPlace<'a>,
    label: &'a str,
    /// From a handler to the call, step by step; the finding's own place is one of them.
    chain: Vec<JsonPlace<'a>>,
    related: Vec<JsonLabel<'a>>,
    fix: Option<JsonFix<'a>>,
    help: Option<&'a str>,
    fingerprint: String,
}

impl<'a> JsonFinding<'a> {
    fn new(files: &'a Files, finding: &'a Finding) -> Self {
        Self {
            rule: finding.rule,
            code: finding.code,
            severity: finding.severity.as_str(),
            confidence: finding.confidence.as_str(),
            message: &finding.message,
            place: JsonPlace::new(files, finding.primary.place),
            label: &finding.primary.text,
            chain: finding.way.iter().map(|step| JsonPlace::new(files, *step)).collect(),
            related: finding.related.iter().map(|label| JsonLabel::of(files, finding, label)).collect(),
            fix: finding.fix.as_ref().map(|fix| JsonFix::new(files, fix)),
            help: finding.help.as_deref(),
            fingerprint: Fingerprint::of(finding, files).to_string(),
        }
    }
}

#[derive(Serialize)]
struct JsonPlace<'a> {
    file: &'a str,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
}

impl<'a> JsonPlace<'a> {
    fn new(files: &'a Files, place: Place) -> Self {
        let file = files.get(place.file);
        let (line, column) = file.line_column(place.span.start);
        let (end_line, end_column) = file.line_column(place.span.end);
        Self { file: file.path(), line, column, end_line, end_column }
    }
}

#[derive(Serialize)]
struct JsonLabel<'a> {
    #[serde(flatten)]
    place: JsonPlace<'a>,
    message: &'a str,
    /// What it is to the finding: a step of its chain, a handler, a place with the same fault, or another place.
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
}

impl<'a> JsonLabel<'a> {
    fn new(files: &'a Files, label: &'a Label) -> Self {
        Self { place: JsonPlace::new(files, label.place), message: &label.text, role: None }
    }

    fn of(files: &'a Files, finding: &Finding, label: &'a Label) -> Self {
        let role = match label {
            _ if finding.way.contains(&label.place) => "step",
            _ if finding.handlers.contains(&label.place) => "handler",
            Label { leads: Some(_), .. } => "alike",
            _ => "place",
        };
        Self { role: Some(role), ..Self::new(files, label) }
    }
}

#[derive(Serialize)]
struct JsonFix<'a> {
    title: &'a str,
    safety: &'static str,
    edits: Vec<JsonEdit<'a>>,
}

impl<'a> JsonFix<'a> {
    fn new(files: &'a Files, fix: &'a Fix) -> Self {
        let edits = fix.edits.iter().map(|edit| JsonEdit::new(files, edit)).collect();
        Self { title: &fix.title, safety: fix.safety.as_str(), edits }
    }
}

#[derive(Serialize)]
struct JsonEdit<'a> {
    #[serde(flatten)]
    place: JsonPlace<'a>,
    start: usize,
    end: usize,
    text: &'a str,
}

impl<'a> JsonEdit<'a> {
    fn new(files: &'a Files, edit: &'a Edit) -> Self {
        let span = edit.place.span;
        Self { place: JsonPlace::new(files, edit.place), start: span.start, end: span.end, text: &edit.text }
    }
}

#[derive(Serialize)]
struct JsonSuppressed<'a> {
    #[serde(flatten)]
    finding: JsonFinding<'a>,
    reason: Option<&'a str>,
    comment: JsonPlace<'a>,
}

impl<'a> JsonSuppressed<'a> {
    fn new(files: &'a Files, item: &'a Suppressed) -> Self {
        Self {
            finding: JsonFinding::new(files, &item.finding),
            reason: item.reason.as_deref(),
            comment: JsonPlace::new(files, item.comment),
        }
    }
}

#[derive(Serialize)]
struct JsonSummary {
    errors: usize,
    warnings: usize,
    advice: usize,
    files_with_findings: usize,
    suppressed: usize,
    baseline: usize,
    failing_unseen: usize,
    notes: usize,
    files_read: usize,
    deployments: usize,
}

impl JsonSummary {
    fn new(summary: &Summary) -> Self {
        let Summary {
            errors,
            warnings,
            advice,
            files_with_findings,
            suppressed,
            known,
            failing_unseen,
            notes,
            files_read,
            deployments,
        } = *summary;
        Self {
            errors,
            warnings,
            advice,
            files_with_findings,
            suppressed,
            baseline: known,
            failing_unseen,
            notes,
            files_read,
            deployments,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;

    #[test]
    fn the_published_format() {
        insta::assert_snapshot!(json(&samples::one_label()).replace(env!("CARGO_PKG_VERSION"), "VERSION"), @r#"
        {
          "schema": 1,
          "farrier": "VERSION",
          "command": "check",
          "findings": [
            {
              "rule": "graceful-exceeds-kill",
              "code": "LIF001",
              "severity": "error",
              "confidence": "medium",
              "message": "30 s to finish requests, but SIGKILL after 10 s",
              "file": "gunicorn.conf.py",
              "line": 3,
              "column": 11,
              "end_line": 3,
              "end_column": 12,
              "label": "9 workers",
              "chain": [],
              "related": [],
              "fix": {
                "title": "lower `workers` to 3",
                "safety": "unsafe",
                "edits": [
                  {
                    "file": "gunicorn.conf.py",
                    "line": 3,
                    "column": 11,
                    "end_line": 3,
                    "end_column": 12,
                    "start": 74,
                    "end": 75,
                    "text": "3"
                  }
                ]
              },
              "help": "each worker holds the whole application in memory",
              "fingerprint": "28a8efe4c29ab8aa"
            }
          ],
          "groups": [],
          "suppressed": [
            {
              "rule": "graceful-exceeds-kill",
              "code": "LIF001",
              "severity": "error",
              "confidence": "high",
              "message": "30 s to finish requests, but SIGKILL after 10 s",
              "file": "gunicorn.conf.py",
              "line": 2,
              "column": 11,
              "end_line": 2,
              "end_column": 13,
              "label": "waits this long",
              "chain": [],
              "related": [],
              "fix": null,
              "help": null,
              "fingerprint": "5a245cb67afa7272",
              "reason": "why",
              "comment": {
                "file": "gunicorn.conf.py",
                "line": 2,
                "column": 15,
                "end_line": 2,
                "end_column": 42
              }
            }
          ],
          "notes": [
            {
              "file": "helm/values.yaml",
              "line": 3,
              "reason": "not checked, because it is a template"
            }
          ],
          "assumed": [],
          "summary": {
            "errors": 1,
            "warnings": 0,
            "advice": 0,
            "files_with_findings": 1,
            "suppressed": 1,
            "baseline": 0,
            "failing_unseen": 0,
            "notes": 1,
            "files_read": 1,
            "deployments": 1
          }
        }
        "#);
    }

    #[test]
    fn what_is_one_matter_is_told_by_the_places_among_the_findings() {
        let mut report = samples::three_files();
        let other = Finding { pattern: Some("other".to_owned()), ..report.findings[0].clone() };
        let one = Finding { pattern: Some("peewee calls".to_owned()), ..report.findings[0].clone() };
        report.findings = vec![one.clone(), other, one.clone(), one.clone(), one.clone(), one];
        let told: serde_json::Value = serde_json::from_str(&json(&report)).unwrap();
        assert_eq!(told["findings"].as_array().unwrap().len(), 6);
        assert_eq!(told["groups"].as_array().unwrap().len(), 1);
        assert_eq!(told["groups"][0]["pattern"], "peewee calls");
        assert_eq!(told["groups"][0]["findings"], serde_json::json!([0, 2, 3, 4, 5]));
    }
}
