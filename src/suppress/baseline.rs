//! Findings that a project had when it began to use farrier, and wants to see no more.
//!
//! Decides which findings are known: by fingerprint, never by line, and counted, so that of two equal ones only as
//! many are known as were there. A finding that stands for several places is known where all of them are. What is no
//! longer found is stale: a project that improves takes it out, and keeps it from coming back.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::findings::{Finding, Fingerprint, Label};
use crate::source::{Files, Place};
use crate::values::Order as _;

/// The name of the file, in the root of a project.
pub const FILE: &str = "farrier-baseline.json";

/// Raised by a change that older versions cannot read. The first one knew of each finding only where it is shown.
const SCHEMA: u32 = 2;

/// The longest text that is written down.
const LONGEST: usize = 80;

/// Findings that are known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Baseline {
    entries: Vec<Entry>,
    /// Whether it knows all places that findings stand for.
    is_whole: bool,
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
    /// How many more places of this kind other findings stand for.
    #[serde(default, skip_serializing_if = "is_none")]
    pub also: usize,
}

impl Entry {
    /// How many places it speaks about.
    pub fn places(&self) -> usize {
        self.count.saturating_add(self.also)
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks like this")]
fn is_none(count: &usize) -> bool {
    *count == 0
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

/// The line that a place begins in.
fn line(place: Place, files: &Files) -> String {
    let file = files.get(place.file);
    let line = file.line_span(file.line(place.span.start)).map(|span| file.slice(span)).unwrap_or_default();
    line.trim().chars().take(LONGEST).collect()
}

/// A place by its file and its fingerprint.
type Key = (String, Option<Fingerprint>);

fn key(entry: &Entry) -> Key {
    (entry.file.clone(), Fingerprint::parse(&entry.fingerprint))
}

/// A finding at the first of its lines that is not among these, where its own is: that is what is new.
fn led_by_new(mut finding: Finding, files: &Files, known: &BTreeMap<Key, usize>) -> Finding {
    let is_new = |(place, fingerprint): &(Place, Fingerprint)| {
        let key = (files.get(place.file).path().to_owned(), Some(*fingerprint));
        known.get(&key).is_none_or(|open| *open == 0)
    };
    let own = finding.primary.place;
    let new: Vec<Place> = Fingerprint::all(&finding, files).iter().filter(|one| is_new(one)).map(|one| one.0).collect();
    let Some(cause) = finding.cause.as_ref().filter(|_| !new.contains(&own)) else { return finding };
    if let Some(line) = cause.lines.iter().copied().find(|line| new.contains(line)) {
        finding.function = cause.functions.get(&line).cloned();
        finding.primary.place = line;
        finding.related.retain(|label| label.place != line);
        finding.related.push(Label::new(own, "it is known that the event loop stands still here"));
    }
    finding
}

impl Baseline {
    /// All of these findings.
    pub fn of(findings: &[Finding], files: &Files) -> Self {
        let mut entries: BTreeMap<(String, &str, Fingerprint), Entry> = BTreeMap::new();
        for finding in findings {
            for (place, fingerprint) in Fingerprint::all(finding, files) {
                let file = files.get(place.file).path().to_owned();
                let entry = entries.entry((file.clone(), finding.rule, fingerprint)).or_insert_with(|| {
                    let text = line(place, files);
                    let (rule, fingerprint) = (finding.rule.to_owned(), fingerprint.to_string());
                    Entry { file, rule, text, fingerprint, count: 0, also: 0 }
                });
                let counted = if place == finding.primary.place { &mut entry.count } else { &mut entry.also };
                *counted += 1;
            }
        }
        Self { entries: entries.into_values().collect(), is_whole: true }
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
            None => Ok(Self { entries: document.findings, is_whole: document.schema == SCHEMA }),
        }
    }

    /// The file, sorted by path and rule so that differences stay small.
    pub fn render(&self) -> String {
        let schema = if self.is_whole { SCHEMA } else { SCHEMA - 1 };
        let document = Document { schema, findings: self.entries.clone() };
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
        self.entries.is_empty()
    }

    /// How often a finding needs each place to be known for it to be known itself.
    fn asked(&self, finding: &Finding, files: &Files) -> BTreeMap<Key, usize> {
        let mut all = Fingerprint::all(finding, files);
        if !self.is_whole {
            all.truncate(1);
        }
        let mut asked: BTreeMap<Key, usize> = BTreeMap::new();
        for (place, fingerprint) in all {
            *asked.entry((files.get(place.file).path().to_owned(), Some(fingerprint))).or_default() += 1;
        }
        asked
    }

    /// Tells known findings from new ones. `ran` says whether a rule ran: of one that did not, nothing is stale.
    pub fn compare(&self, findings: Vec<Finding>, files: &Files, ran: &dyn Fn(&str) -> bool) -> Compared {
        let mut left: BTreeMap<Key, usize> = BTreeMap::new();
        for entry in &self.entries {
            *left.entry(key(entry)).or_default() += entry.places();
        }
        let mut compared = Compared::default();
        let mut there: Vec<BTreeMap<Key, usize>> = Vec::new();
        let take = |asked: BTreeMap<Key, usize>, left: &mut BTreeMap<Key, usize>| {
            for (key, times) in asked {
                left.entry(key).and_modify(|open| *open = open.saturating_sub(times));
            }
        };
        for finding in findings {
            let asked = self.asked(&finding, files);
            let is_known = asked.iter().all(|(key, times)| left.get(key).is_some_and(|open| open >= times));
            if is_known {
                take(asked, &mut left);
                compared.known.push(finding);
            } else {
                compared.new.push(led_by_new(finding, files, &left));
                there.push(asked);
            }
        }
        compared.new.order_by_key(|finding| {
            let place = finding.primary.place;
            (files.get(place.file).path().to_owned(), place.span, finding.rule)
        });
        // What is told again for something new beside it is not gone.
        for asked in there {
            take(asked, &mut left);
        }
        for entry in self.entries.iter().filter(|entry| ran(&entry.rule)) {
            let Some(open) = left.get_mut(&key(entry)) else { continue };
            let gone = entry.places().min(*open);
            *open -= gone;
            if gone > 0 {
                compared.stale.push(Entry { count: gone, also: 0, ..entry.clone() });
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
            let others = gone.saturating_sub(entry.count);
            entry.count = entry.count.saturating_sub(gone);
            entry.also = entry.also.saturating_sub(others);
        }
        entries.retain(|entry| entry.places() > 0);
        Self { entries, is_whole: self.is_whole }
    }
}
