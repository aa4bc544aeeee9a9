//! SARIF 2.1.0 (<https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/sarif-v2.1.0-os.html>), for code scanning.
//!
//! The way to a call is a code flow, every other place a related location; silenced findings are results with a
//! suppression. Paths are relative to `%SRCROOT%`, which whoever uploads the file knows.

use std::fmt::Write as _;

use serde_json::{Value as Json, json};

use super::{About, Extent};
use crate::findings::{Finding, Fingerprint, Fix, Label, Note, Severity, Suppressed};
use crate::report::{Report, document};
use crate::source::{Files, Place};
use crate::values::Order as _;

const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// Renders the report; `about` describes the rules, as far as they have a card.
pub fn sarif(report: &Report, about: &[About]) -> String {
    let silenced = report.suppressed.iter().map(|one| &one.finding);
    let mut rules: Vec<&str> = report.findings.iter().chain(silenced).map(|finding| finding.rule).collect();
    rules.sort_unstable();
    rules.dedup();
    let index = |finding: &Finding| rules.iter().position(|rule| *rule == finding.rule);
    let files = &report.files;
    let results: Vec<Json> = report
        .findings
        .iter()
        .map(|finding| result(files, finding, index(finding), None))
        .chain(report.suppressed.iter().map(|one| result(files, &one.finding, index(&one.finding), Some(one))))
        .collect();
    let described: Vec<Json> =
        rules.iter().map(|rule| descriptor(rule, about.iter().find(|about| about.rule == *rule))).collect();
    let notes: Vec<Json> = report.notes.iter().map(notification).collect();
    document::write(&json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "farrier",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": described,
            }},
            "columnKind": "unicodeCodePoints",
            "originalUriBaseIds": { "%SRCROOT%": { "description": { "text": "The root of the project." } } },
            "invocations": [{ "executionSuccessful": true, "toolExecutionNotifications": notes }],
            "results": results,
        }],
    }))
}

fn descriptor(rule: &str, about: Option<&About>) -> Json {
    let Some(about) = about else { return json!({ "id": rule, "name": rule }) };
    let (why, advice) = (about.why.trim(), about.advice.trim());
    json!({
        "id": about.rule,
        "name": about.code,
        "shortDescription": { "text": about.title },
        "fullDescription": { "text": why },
        "help": { "text": format!("{why}\n\n{advice}"), "markdown": format!("{why}\n\n**What to do:** {advice}") },
        "defaultConfiguration": { "level": level(about.severity) },
        "properties": { "tags": [about.group] },
    })
}

fn result(files: &Files, finding: &Finding, index: Option<usize>, silenced: Option<&Suppressed>) -> Json {
    let mut result = json!({
        "ruleId": finding.rule,
        "level": level(finding.severity),
        "message": { "text": finding.message },
        "locations": [location(files, finding.primary.place, Some(&finding.primary.text))],
        "partialFingerprints": { "farrier/v1": Fingerprint::of(finding, files).to_string() },
        "properties": { "confidence": finding.confidence.as_str() },
    });
    if let Some(index) = index {
        result["ruleIndex"] = index.into();
    }
    let related: Vec<Json> = finding.related.iter().enumerate().map(|(id, label)| related(files, id, label)).collect();
    if !related.is_empty() {
        result["relatedLocations"] = related.into();
    }
    if finding.way.len() > 1 {
        let steps: Vec<Json> =
            finding.way.iter().map(|step| json!({ "location": step_of(files, finding, *step) })).collect();
        result["codeFlows"] = json!([{ "threadFlows": [{ "locations": steps }] }]);
    }
    if let Some(help) = &finding.help {
        result["message"]["markdown"] = format!("{}\n\n**Help:** {help}", finding.message).into();
    }
    if let Some(fix) = &finding.fix {
        result["fixes"] = json!([fixed(files, fix)]);
    }
    // Where some results say whether they are silenced, all should.
    result["suppressions"] = json!([]);
    if let Some(silenced) = silenced {
        let mut suppression = json!({ "kind": "inSource", "location": location(files, silenced.comment, None) });
        if let Some(reason) = &silenced.reason {
            suppression["justification"] = reason.as_str().into();
        }
        result["suppressions"] = json!([suppression]);
    }
    result
}

fn related(files: &Files, id: usize, label: &Label) -> Json {
    let mut place = location(files, label.place, Some(&label.text));
    place["id"] = id.into();
    place
}

/// A step of the way to a call, with what is said about it.
fn step_of(files: &Files, finding: &Finding, step: Place) -> Json {
    let labels = finding.related.iter().chain(std::iter::once(&finding.primary));
    let text = labels.into_iter().find(|label| label.place == step).map(|label| label.text.as_str());
    location(files, step, text)
}

fn location(files: &Files, place: Place, text: Option<&str>) -> Json {
    let mut location = json!({
        "physicalLocation": { "artifactLocation": artifact(files, place), "region": region(files, place) },
    });
    if let Some(text) = text.filter(|text| !text.is_empty()) {
        location["message"] = json!({ "text": text });
    }
    location
}

fn artifact(files: &Files, place: Place) -> Json {
    json!({ "uri": uri(files.get(place.file).path()), "uriBaseId": "%SRCROOT%" })
}

fn region(files: &Files, place: Place) -> Json {
    let at = Extent::of(files, place);
    json!({ "startLine": at.line, "startColumn": at.column, "endLine": at.end_line, "endColumn": at.end_column })
}

/// The change of all files as one fix: the edits of a file are one change of it.
fn fixed(files: &Files, fix: &Fix) -> Json {
    let mut edits: Vec<_> = fix.edits.iter().collect();
    edits.order_by_key(|edit| (edit.place.file, edit.place.span.start));
    let changes: Vec<Json> = edits
        .chunk_by(|one, other| one.place.file == other.place.file)
        .filter_map(|edits| {
            let first = edits.first()?;
            let replacements: Vec<Json> = edits
                .iter()
                .map(|edit| {
                    json!({
                        "deletedRegion": region(files, edit.place),
                        "insertedContent": { "text": edit.text },
                    })
                })
                .collect();
            Some(json!({ "artifactLocation": artifact(files, first.place), "replacements": replacements }))
        })
        .collect();
    json!({
        "description": { "text": fix.title },
        "artifactChanges": changes,
        "properties": { "safety": fix.safety.as_str() },
    })
}

fn notification(note: &Note) -> Json {
    let mut place = json!({ "artifactLocation": { "uri": uri(&note.path), "uriBaseId": "%SRCROOT%" } });
    if let Some(line) = note.line {
        place["region"] = json!({ "startLine": line });
    }
    json!({
        "level": "note",
        "message": { "text": note.reason },
        "locations": [{ "physicalLocation": place }],
    })
}

/// A relative path as a relative reference (RFC 3986, section 4.2), whose first segment holds no colon.
fn uri(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => out.push(char::from(byte)),
            other => {
                let _ = write!(out, "%{other:02X}");
            }
        }
    }
    out
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Advice => "note",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples;

    #[test]
    fn paths_are_references() {
        assert_eq!(uri("a b/c:d%é.py"), "a%20b/c%3Ad%25%C3%A9.py");
    }

    #[test]
    #[allow(clippy::too_many_lines, reason = "a whole document")]
    fn results_have_their_rule_places_and_fix() {
        let about = [About {
            rule: "graceful-exceeds-kill".to_owned(),
            code: "LIF001".to_owned(),
            group: "lifecycle".to_owned(),
            title: "a grace period that is cut off".to_owned(),
            why: "Requests are lost.".to_owned(),
            advice: "Wait less.".to_owned(),
            severity: Severity::Error,
        }];
        let text = sarif(&samples::one_label(), &about).replace(env!("CARGO_PKG_VERSION"), "VERSION");
        insta::assert_snapshot!(text, @r##"
        {
          "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
          "version": "2.1.0",
          "runs": [
            {
              "tool": {
                "driver": {
                  "name": "farrier",
                  "semanticVersion": "VERSION",
                  "rules": [
                    {
                      "id": "graceful-exceeds-kill",
                      "name": "LIF001",
                      "shortDescription": {
                        "text": "a grace period that is cut off"
                      },
                      "fullDescription": {
                        "text": "Requests are lost."
                      },
                      "help": {
                        "text": "Requests are lost.\n\nWait less.",
                        "markdown": "Requests are lost.\n\n**What to do:** Wait less."
                      },
                      "defaultConfiguration": {
                        "level": "error"
                      },
                      "properties": {
                        "tags": [
                          "lifecycle"
                        ]
                      }
                    }
                  ]
                }
              },
              "columnKind": "unicodeCodePoints",
              "originalUriBaseIds": {
                "%SRCROOT%": {
                  "description": {
                    "text": "The root of the project."
                  }
                }
              },
              "invocations": [
                {
                  "executionSuccessful": true,
                  "toolExecutionNotifications": [
                    {
                      "level": "note",
                      "message": {
                        "text": "not checked, because it is a template"
                      },
                      "locations": [
                        {
                          "physicalLocation": {
                            "artifactLocation": {
                              "uri": "helm/values.yaml",
                              "uriBaseId": "%SRCROOT%"
                            },
                            "region": {
                              "startLine": 3
                            }
                          }
                        }
                      ]
                    }
                  ]
                }
              ],
              "results": [
                {
                  "ruleId": "graceful-exceeds-kill",
                  "level": "error",
                  "message": {
                    "text": "30 s to finish requests, but SIGKILL after 10 s",
                    "markdown": "30 s to finish requests, but SIGKILL after 10 s\n\n**Help:** each worker holds the whole application in memory"
                  },
                  "locations": [
                    {
                      "physicalLocation": {
                        "artifactLocation": {
                          "uri": "gunicorn.conf.py",
                          "uriBaseId": "%SRCROOT%"
                        },
                        "region": {
                          "startLine": 3,
                          "startColumn": 11,
                          "endLine": 3,
                          "endColumn": 12
                        }
                      },
                      "message": {
                        "text": "9 workers"
                      }
                    }
                  ],
                  "partialFingerprints": {
                    "farrier/v1": "28a8efe4c29ab8aa"
                  },
                  "properties": {
                    "confidence": "medium"
                  },
                  "ruleIndex": 0,
                  "fixes": [
                    {
                      "description": {
                        "text": "lower `workers` to 3"
                      },
                      "artifactChanges": [
                        {
                          "artifactLocation": {
                            "uri": "gunicorn.conf.py",
                            "uriBaseId": "%SRCROOT%"
                          },
                          "replacements": [
                            {
                              "deletedRegion": {
                                "startLine": 3,
                                "startColumn": 11,
                                "endLine": 3,
                                "endColumn": 12
                              },
                              "insertedContent": {
                                "text": "3"
                              }
                            }
                          ]
                        }
                      ],
                      "properties": {
                        "safety": "unsafe"
                      }
                    }
                  ],
                  "suppressions": []
                },
                {
                  "ruleId": "graceful-exceeds-kill",
                  "level": "error",
                  "message": {
                    "text": "30 s to finish requests, but SIGKILL after 10 s"
                  },
                  "locations": [
                    {
                      "physicalLocation": {
                        "artifactLocation": {
                          "uri": "gunicorn.conf.py",
                          "uriBaseId": "%SRCROOT%"
                        },
                        "region": {
                          "startLine": 2,
                          "startColumn": 11,
                          "endLine": 2,
                          "endColumn": 13
                        }
                      },
                      "message": {
                        "text": "waits this long"
                      }
                    }
                  ],
                  "partialFingerprints": {
                    "farrier/v1": "5a245cb67afa7272"
                  },
                  "properties": {
                    "confidence": "high"
                  },
                  "ruleIndex": 0,
                  "suppressions": [
                    {
                      "kind": "inSource",
                      "location": {
                        "physicalLocation": {
                          "artifactLocation": {
                            "uri": "gunicorn.conf.py",
                            "uriBaseId": "%SRCROOT%"
                          },
                          "region": {
                            "startLine": 2,
                            "startColumn": 15,
                            "endLine": 2,
                            "endColumn": 42
                          }
                        }
                      },
                      "justification": "why"
                    }
                  ]
                }
              ]
            }
          ]
        }
        "##);
    }
}
