//! The calls of `fixtures/blocking`, each labelled with what it does to the event loop, against what is reported.
//!
//! A label is a trailing comment, `# blocks: <how>, <level>` or `# safe: <why>, <level>`. A blocking call counts as
//! found where a finding names its line, be it as the place, on the way there or among the places alike. A finding
//! above advice that leads to a safe line, or to no labelled line at all, is a false alarm.
#![allow(clippy::print_stderr, reason = "what is missed is wanted from a test that passes, too")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::Value as Json;
use support::command::{Project, fixtures};

/// From the plainest call to those that only somebody who knows the framework can judge.
const LEVELS: [&str; 9] =
    ["direct", "alias", "instance", "attribute", "one-hop", "hops", "methods", "callables", "framework"];

/// The rules whose subject is one blocking call.
const CODES: [&str; 6] = ["ASY001", "ASY002", "ASY003", "ASY004", "ASY005", "ASY006"];

/// A file of a project and a line of it, from one.
type Line = (String, u64);

/// What a project says about its lines: for each the level of the call.
#[derive(Default)]
struct Labels {
    blocks: BTreeMap<Line, String>,
    safe: BTreeMap<Line, String>,
}

/// What became of the labels of one project.
#[derive(Default)]
struct Outcome {
    missed: BTreeSet<Line>,
    /// Safe lines and lines without a label that are reported above advice.
    alarms: BTreeSet<Line>,
}

fn projects() -> Vec<String> {
    let entries = fs::read_dir(fixtures().join("blocking")).unwrap_or_else(|error| panic!("{error}"));
    let folders = entries.flatten().filter(|entry| entry.path().is_dir());
    let mut names: Vec<String> = folders.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn labels(root: &Path) -> Labels {
    let mut labels = Labels::default();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap_or_else(|error| panic!("{error}")).flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "py") {
                let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
                let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
                read(&name, &text, &mut labels);
            }
        }
    }
    labels
}

fn read(name: &str, text: &str, labels: &mut Labels) {
    for (line, at) in text.lines().zip(1..) {
        for (mark, into) in [("  # blocks: ", &mut labels.blocks), ("  # safe: ", &mut labels.safe)] {
            let Some((_, label)) = line.split_once(mark) else { continue };
            let level = label.rsplit_once(", ").map(|(_, level)| level);
            let level = level.filter(|level| LEVELS.contains(level));
            let level = level.unwrap_or_else(|| panic!("{name}:{at}: `{label}` names no level"));
            into.insert((name.to_owned(), at), level.to_owned());
        }
    }
}

/// Every place that a finding names.
fn places(finding: &Json) -> Vec<Line> {
    let related = finding["related"].as_array().map_or(&[][..], Vec::as_slice);
    let all = std::iter::once(finding).chain(related);
    all.map(|place| (place["file"].as_str().unwrap_or_default().to_owned(), place["line"].as_u64().unwrap_or(0)))
        .collect()
}

fn outcome(name: &str, labels: &Labels) -> Outcome {
    let run = Project::fixture(&format!("blocking/{name}")).farrier("check", &["--advice"]);
    let told = run.list("findings").iter().filter(|finding| CODES.iter().any(|code| finding["code"] == *code));
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

#[test]
fn what_blocks_is_found_and_what_does_not_is_left_alone() {
    let (mut blocking, mut safe, mut found, mut alarms) = (0, 0, 0, 0);
    let mut lines = Vec::new();
    for name in projects() {
        let labels = labels(&fixtures().join("blocking").join(&name));
        let outcome = outcome(&name, &labels);
        blocking += labels.blocks.len();
        safe += labels.safe.len();
        found += labels.blocks.len() - outcome.missed.len();
        alarms += outcome.alarms.len();
        for (what, places) in [("missed", &outcome.missed), ("false alarm", &outcome.alarms)] {
            lines.extend(places.iter().map(|place| {
                let level = labels.blocks.get(place).or_else(|| labels.safe.get(place));
                format!("{what}: {name}/{}:{} ({})", place.0, place.1, level.map_or("no label", String::as_str))
            }));
        }
    }
    let summary = format!(
        "{found} of {blocking} blocking calls found, {alarms} false alarms beside {safe} safe calls\n{}",
        lines.join("\n")
    );
    eprintln!("{summary}");
    assert!(found * 100 >= blocking * 93 && alarms * 100 <= safe, "{summary}");
}
