//! GitLab's code quality report (<https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format>).

use std::collections::BTreeMap;

use serde::Serialize;

use super::Extent;
use crate::findings::{Fingerprint, Severity};
use crate::report::{Report, document};

/// Renders a list of issues. Their fingerprints are unique, which GitLab asks for: of equal ones the second gets a number.
pub fn gitlab(report: &Report) -> String {
    let mut seen: BTreeMap<Fingerprint, usize> = BTreeMap::new();
    let issues: Vec<Issue<'_>> = report
        .findings
        .iter()
        .map(|finding| {
            let own = Fingerprint::of(finding, &report.files);
            let count = seen.entry(own).or_default();
            *count += 1;
            let at = Extent::of(&report.files, finding.primary.place);
            Issue {
                description: &finding.message,
                check_name: finding.rule,
                fingerprint: if *count == 1 { own.to_string() } else { format!("{own}-{count}") },
                severity: level(finding.severity),
                location: Location {
                    path: report.files.get(finding.primary.place.file).path(),
                    lines: Lines { begin: at.line, end: at.end_line },
                },
            }
        })
        .collect();
    document::write(&issues)
}

#[derive(Serialize)]
struct Issue<'a> {
    description: &'a str,
    check_name: &'a str,
    fingerprint: String,
    severity: &'static str,
    location: Location<'a>,
}

#[derive(Serialize)]
struct Location<'a> {
    path: &'a str,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: usize,
    end: usize,
}

/// GitLab knows info, minor, major, critical and blocker.
const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "critical",
        Severity::Warning => "major",
        Severity::Advice => "info",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples;

    #[test]
    fn equal_findings_have_fingerprints_of_their_own() {
        let report = samples::three_files();
        let mut twice = report.findings.clone();
        twice.extend(report.findings.clone());
        let report = Report::new(report.files, twice, Vec::new(), Vec::new(), 1);
        let all: serde_json::Value = serde_json::from_str(&gitlab(&report)).unwrap();
        let prints: std::collections::BTreeSet<&str> =
            all.as_array().unwrap().iter().filter_map(|issue| issue["fingerprint"].as_str()).collect();
        assert_eq!(prints.len(), 4);
    }

    #[test]
    fn the_published_format() {
        insta::assert_snapshot!(gitlab(&samples::one_label()), @r##"
        [
          {
            "description": "30 s to finish requests, but SIGKILL after 10 s",
            "check_name": "graceful-exceeds-kill",
            "fingerprint": "28a8efe4c29ab8aa",
            "severity": "critical",
            "location": {
              "path": "gunicorn.conf.py",
              "lines": {
                "begin": 3,
                "end": 3
              }
            }
          }
        ]
        "##);
    }
}
