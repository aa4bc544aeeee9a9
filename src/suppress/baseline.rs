//! Findings that a project had when it began to use farrier, and wants to see no more.
//!
//! Decides which findings are known: by fingerprint, never by line, and counted, so that of two equal ones
//! only as many are known as were there. What is no longer found is stale: a project that improves takes it
//! out, and keeps it from coming back.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::findings::{Finding, Fingerprint};
use crate::source::Files;

/// The name of the file, in the root of a project.
pub const FILE: &str = "farrier-baseline.json";

/// Raised by a change that older versions cannot read.
const SCHEMA: u32 = 1;

/// The longest text that is written down.
const LONGEST: usize = 80;

/// Findings that are known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Baseline {
    entries: Vec<Entry>,
}

/// One finding, or several equal ones.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The file, relative to the root.
    pub file: String,
    /// The rule.
    pub rule: String,
    /// The line it stands in, cut short; for people.
    pub text: String,
    /// Its identity.
    pub fingerprint: String,
    /// How many there are.
    pub count: usize,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    schema: u32,
    findings: Vec<Entry>,
}

/// A file that is no baseline; whoever edited it must act.
#[derive(Debug, thiserror::Error)]
pub enum BaselineError {
    /// Not in the shape that `farrier baseline` writes.
    #[error("not a baseline: {0}")]
    Malformed(#[from] serde_json::Error),
    /// Of a newer farrier.
    #[error("written by a newer farrier: schema {0}, this one knows {SCHEMA}")]
    Newer(u32),
    /// An entry whose fingerprint is none.
    #[error("`{0}` is no fingerprint")]
    Fingerprint(String),
}

/// What a baseline makes of findings.
#[derive(Debug, Default)]
pub struct Compared {
    /// Those that are new, in their order.
    pub new: Vec<Finding>,
    /// Those that are known.
    pub known: Vec<Finding>,
    /// What is written down and no longer there, with how many of it are gone.
    pub stale: Vec<Entry>,
}

/// The line that a finding begins in.
fn line(finding: &Finding, files: &Files) -> String {
    let place = finding.primary.place;
    let file = files.get(place.file);
    let line = file.line_span(file.line(place.span.start)).map(|span| file.slice(span)).unwrap_or_default();
    line.trim().chars().take(LONGEST).collect()
}

impl Baseline {
    /// All of these findings.
    pub fn of(findings: &[Finding], files: &Files) -> Self {
        let mut entries: BTreeMap<(String, &str, Fingerprint), Entry> = BTreeMap::new();
        for finding in findings {
            let file = files.get(finding.primary.place.file).path().to_owned();
            let fingerprint = Fingerprint::of(finding, files);
            let entry = entries.entry((file.clone(), finding.rule, fingerprint)).or_insert_with(|| {
                let text = line(finding, files);
                let (rule, fingerprint) = (finding.rule.to_owned(), fingerprint.to_string());
                Entry { file, rule, text, fingerprint, count: 0 }
            });
            entry.count += 1;
        }
        Self { entries: entries.into_values().collect() }
    }

    /// Reads what [`Self::render`] wrote.
    pub fn parse(text: &str) -> Result<Self, BaselineError> {
        let document: Document = serde_json::from_str(text)?;
        if document.schema > SCHEMA {
            return Err(BaselineError::Newer(document.schema));
        }
        let odd = document.findings.iter().find(|entry| Fingerprint::parse(&entry.fingerprint).is_none());
        match odd {
            Some(entry) => Err(BaselineError::Fingerprint(entry.fingerprint.clone())),
            None => Ok(Self { entries: document.findings }),
        }
    }

    /// The file, sorted by path and rule so that differences stay small.
    pub fn render(&self) -> String {
        let document = Document { schema: SCHEMA, findings: self.entries.clone() };
        // Texts and numbers alone: nothing in it can fail to be written.
        serde_json::to_string_pretty(&document).unwrap_or_default() + "\n"
    }

    /// What is written down.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// How many findings are written down.
    pub fn len(&self) -> usize {
        self.entries.iter().map(|entry| entry.count).sum()
    }

    /// Whether nothing is.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Tells known findings from new ones. `ran` says whether a rule ran: of one that did not, nothing is stale.
    pub fn compare(&self, findings: Vec<Finding>, files: &Files, ran: &dyn Fn(&str) -> bool) -> Compared {
        let mut left: BTreeMap<(&str, Option<Fingerprint>), usize> = BTreeMap::new();
        for entry in &self.entries {
            *left.entry((&entry.file, Fingerprint::parse(&entry.fingerprint))).or_default() += entry.count;
        }
        let mut compared = Compared::default();
        for finding in findings {
            let file = files.get(finding.primary.place.file).path();
            let open = left.get_mut(&(file, Some(Fingerprint::of(&finding, files)))).filter(|open| **open > 0);
            match open {
                Some(open) => {
                    *open -= 1;
                    compared.known.push(finding);
                }
                None => compared.new.push(finding),
            }
        }
        for entry in self.entries.iter().filter(|entry| ran(&entry.rule)) {
            let Some(open) = left.get_mut(&(entry.file.as_str(), Fingerprint::parse(&entry.fingerprint))) else {
                continue;
            };
            let gone = entry.count.min(*open);
            *open -= gone;
            if gone > 0 {
                compared.stale.push(Entry { count: gone, ..entry.clone() });
            }
        }
        compared
    }

    /// Without what is stale.
    #[must_use]
    pub fn without(&self, stale: &[Entry]) -> Self {
        let mut entries = self.entries.clone();
        for entry in &mut entries {
            let is_same = |other: &&Entry| (&other.file, &other.fingerprint) == (&entry.file, &entry.fingerprint);
            let gone = stale.iter().find(is_same).map_or(0, |stale| stale.count);
            entry.count = entry.count.saturating_sub(gone);
        }
        entries.retain(|entry| entry.count > 0);
        Self { entries }
    }
}
