//! Projects in which every call that may wait carries a label, against what is reported about them.
//!
//! A label is a trailing comment, `blocks: <how>, <level>` or `safe: <why>, <level>`. A blocking call counts as found
//! where a finding names its line, be it as the place, on the way there or among the places alike. A finding above
//! advice that leads to a safe line, or to no labelled line at all, is a false alarm.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::Value as Json;

use super::command::{Project, fixtures};

/// Which projects carry labels, and who is asked about them.
pub(crate) struct Suite {
    /// Below the fixtures, and empty for those themselves.
    pub(crate) folder: &'static str,
    /// How the names of files with labels end.
    pub(crate) extension: &'static str,
    /// What a comment begins with.
    pub(crate) comment: &'static str,
    /// From the plainest call to those that only somebody who knows the framework can judge, each with its row in a
    /// table of README.md.
    pub(crate) levels: &'static [(&'static str, &'static str)],
    /// The rules whose subject is one blocking call.
    pub(crate) codes: &'static [&'static str],
}

/// A file of a project and a line of it, from one.
pub(crate) type Line = (String, u64);

/// What a project says about its lines: for each the level of the call.
#[derive(Default)]
pub(crate) struct Labels {
    pub(crate) blocks: BTreeMap<Line, String>,
    pub(crate) safe: BTreeMap<Line, String>,
}

/// What became of the labels of one project.
#[derive(Default)]
struct Outcome {
    missed: BTreeSet<Line>,
    /// Safe lines and lines without a label that are reported above advice.
    alarms: BTreeSet<Line>,
}

/// What became of all labels, by the name of the level.
#[derive(Default)]
pub(crate) struct Whole {
    pub(crate) calls: BTreeMap<String, usize>,
    pub(crate) found: BTreeMap<String, usize>,
    pub(crate) safe: usize,
    /// `project/file:line`.
    pub(crate) missed: BTreeSet<String>,
    pub(crate) alarms: BTreeSet<String>,
}

impl Suite {
    pub(crate) fn labels(&self, project: &str) -> Labels {
        let root = fixtures().join(self.folder).join(project);
        let mut labels = Labels::default();
        let mut folders = vec![root.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("{error}")).flatten() {
                let path = entry.path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|extension| extension == self.extension) {
                    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
                    let name = path.strip_prefix(&root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
                    self.read(&name, &text, &mut labels);
                }
            }
        }
        labels
    }

    fn read(&self, name: &str, text: &str, labels: &mut Labels) {
        for (line, at) in text.lines().zip(1..) {
            for (mark, into) in [("blocks", &mut labels.blocks), ("safe", &mut labels.safe)] {
                let Some((_, label)) = line.split_once(&format!(" {} {mark}: ", self.comment)) else { continue };
                let level = label.rsplit_once(", ").map(|(_, level)| level);
                let level = level.filter(|level| self.levels.iter().any(|(name, _)| name == level));
                let level = level.unwrap_or_else(|| panic!("{name}:{at}: `{label}` names no level"));
                into.insert((name.to_owned(), at), level.to_owned());
            }
        }
    }

    fn outcome(&self, project: &str, labels: &Labels) -> Outcome {
        let fixture = Path::new(self.folder).join(project);
        let run = Project::fixture(&fixture.to_string_lossy()).farrier("check", &["--advice"]);
        let told = run.list("findings").iter().filter(|finding| self.codes.iter().any(|code| finding["code"] == *code));
        let mut named = BTreeSet::new();
        let mut alarms = BTreeSet::new();
        for finding in told {
            let places = places(finding);
            if finding["severity"] != "advice" {
                alarms.extend(places.iter().filter(|place| labels.safe.contains_key(place)).cloned());
                if !places.iter().any(|place| labels.blocks.contains_key(place) || labels.safe.contains_key(place)) {
                    alarms.extend(places.first().cloned());
                }
            }
            named.extend(places);
        }
        let missed = labels.blocks.keys().filter(|line| !named.contains(line)).cloned().collect();
        Outcome { missed, alarms }
    }

    pub(crate) fn whole(&self, projects: &[String]) -> Whole {
        let mut whole = Whole::default();
        for project in projects {
            let labels = self.labels(project);
            let outcome = self.outcome(project, &labels);
            let written = |(file, line): &Line| format!("{project}/{file}:{line}");
            whole.safe += labels.safe.len();
            whole.missed.extend(outcome.missed.iter().map(written));
            whole.alarms.extend(outcome.alarms.iter().map(written));
            for (line, level) in labels.blocks {
                let found = usize::from(!outcome.missed.contains(&line));
                *whole.calls.entry(level.clone()).or_default() += 1;
                *whole.found.entry(level).or_default() += found;
            }
        }
        whole
    }

    /// Holds the table between two comments of README.md, which `script` writes, against what was found.
    pub(crate) fn assert_written(&self, whole: &Whole, mark: &str, script: &str) {
        let readme = include_str!("../../README.md");
        let table = readme.split(&format!("<!-- {mark}")).nth(1).unwrap_or_default();
        let table = table.split(&format!("<!-- end of {mark}")).next().unwrap_or_default();
        let rows: Vec<Vec<&str>> = table
            .lines()
            .filter(|line| line.starts_with("| "))
            .map(|line| line.trim_matches('|').split('|').map(|cell| cell.trim().trim_matches('*')).collect())
            .collect();
        let row = |name: &str| {
            let found = rows.iter().find(|row| row[0].starts_with(name));
            found.unwrap_or_else(|| panic!("README.md has no row `{name}`; run {script}"))
        };
        assert_eq!(row("where")[1..3], ["calls", "farrier"]);
        for (level, name) in self.levels {
            let (calls, found) = (whole.calls[*level].to_string(), whole.found[*level].to_string());
            assert_eq!(row(name)[1..3], [calls, found], "{name}");
        }
        let beside = format!("false alarms, beside {} safe calls", whole.safe);
        assert_eq!(row(&beside)[2], whole.alarms.len().to_string());
    }
}

impl Whole {
    /// How many blocking calls there are, and how many of them are found.
    pub(crate) fn sums(&self) -> (usize, usize) {
        (self.calls.values().sum(), self.found.values().sum())
    }

    /// What is missed and what is reported without cause are these, and no other.
    pub(crate) fn assert_known(&self, missed: &[&str], alarms: &[&str]) {
        let known = |list: &[&str]| list.iter().map(|line| (*line).to_owned()).collect::<BTreeSet<_>>();
        let (missed, alarms) = (known(missed), known(alarms));
        let compare = |now: &BTreeSet<String>, then: &BTreeSet<String>| {
            format!("new: {:#?}\ngone: {:#?}", now.difference(then), then.difference(now))
        };
        assert!(self.missed == missed, "missed, {}", compare(&self.missed, &missed));
        assert!(self.alarms == alarms, "false alarms, {}", compare(&self.alarms, &alarms));
    }
}

/// Every place that a finding names.
fn places(finding: &Json) -> Vec<Line> {
    let related = finding["related"].as_array().map_or(&[][..], Vec::as_slice);
    let all = std::iter::once(finding).chain(related);
    all.map(|place| (place["file"].as_str().unwrap_or_default().to_owned(), place["line"].as_u64().unwrap_or(0)))
        .collect()
}
