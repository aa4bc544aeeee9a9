//! The calls of `fixtures/blocking`, each labelled with what it does to the event loop, against what is reported.
//!
//! A label is a trailing comment, `# blocks: <how>, <level>` or `# safe: <why>, <level>`. A blocking call counts as
//! found where a finding names its line, be it as the place, on the way there or among the places alike. A finding
//! above advice that leads to a safe line, or to no labelled line at all, is a false alarm.
#![allow(clippy::print_stderr, reason = "how much is found is wanted from a test that passes, too")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use serde_json::Value as Json;
use support::command::{Project, fixtures};

/// From the plainest call to those that only somebody who knows the framework can judge, each with its row in the
/// table of README.md.
const LEVELS: [(&str, &str); 9] = [
    ("direct", "in the handler itself"),
    ("alias", "under another name"),
    ("instance", "a method of a local or global object"),
    ("attribute", "a method of what an attribute or a parameter holds"),
    ("one-hop", "one function away"),
    ("hops", "several functions or files away"),
    ("methods", "through classes, properties, operators"),
    ("callables", "through callables, decorators, generators"),
    ("framework", "where only the framework says who runs it"),
];

/// The blocking calls that are not found, each for a reason.
const MISSED: [&str; 3] = [
    // Kept in an attribute after the first time: taken for once in the life of the process.
    "telemetry/storage/warehouse.py:23",
    // Beside a call that may take long, a short one of the same kind is not named.
    "parcels/parcels/handlers.py:43",
    "relay/journal.py:19",
];

/// What is reported without cause: nothing.
const FALSE_ALARMS: [&str; 0] = [];

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
            let level = level.filter(|level| LEVELS.iter().any(|(name, _)| name == level));
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

/// What became of all labels, by the name of the level.
#[derive(Default)]
struct Whole {
    calls: BTreeMap<String, usize>,
    found: BTreeMap<String, usize>,
    safe: usize,
    /// `project/file:line`.
    missed: BTreeSet<String>,
    alarms: BTreeSet<String>,
}

fn whole() -> &'static Whole {
    static WHOLE: OnceLock<Whole> = OnceLock::new();
    WHOLE.get_or_init(|| {
        let mut whole = Whole::default();
        for name in projects() {
            let labels = labels(&fixtures().join("blocking").join(&name));
            let outcome = outcome(&name, &labels);
            let written = |(file, line): &Line| format!("{name}/{file}:{line}");
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
    })
}

#[test]
fn what_blocks_is_found_and_what_does_not_is_left_alone() {
    let whole = whole();
    let (calls, found) = (whole.calls.values().sum::<usize>(), whole.found.values().sum::<usize>());
    let alarms = whole.alarms.len();
    eprintln!("{found} of {calls} blocking calls found, {alarms} false alarms beside {} safe calls", whole.safe);
    assert!(calls >= 150 && whole.safe >= 150, "{calls} blocking and {} safe calls", whole.safe);
    assert!(found * 100 >= calls * 93, "missed: {:#?}", whole.missed);
    assert!(alarms * 100 <= whole.safe, "false alarms: {:#?}", whole.alarms);
}

#[test]
fn what_is_missed_is_known() {
    let known = |list: &[&str]| list.iter().map(|line| (*line).to_owned()).collect::<BTreeSet<_>>();
    let (missed, alarms) = (known(&MISSED), known(&FALSE_ALARMS));
    let compare = |now: &BTreeSet<String>, then: &BTreeSet<String>| {
        format!("new: {:#?}\ngone: {:#?}", now.difference(then), then.difference(now))
    };
    assert!(whole().missed == missed, "missed, {}", compare(&whole().missed, &missed));
    assert!(whole().alarms == alarms, "false alarms, {}", compare(&whole().alarms, &alarms));
}

#[test]
fn every_project_and_every_level_is_told_apart() {
    for (level, _) in LEVELS {
        assert!(whole().calls.get(level).is_some_and(|calls| *calls >= 10), "{level}: {:?}", whole().calls);
    }
    for name in projects() {
        let labels = labels(&fixtures().join("blocking").join(&name));
        assert!(labels.safe.len() > 1, "{name} has too little that is safe");
    }
}

#[test]
fn the_readme_shows_what_the_suite_gives() {
    let readme = include_str!("../README.md");
    let table = readme.split("<!-- blocking-suite").nth(1).unwrap_or_default();
    let table = table.split("<!-- end of blocking-suite").next().unwrap_or_default();
    let rows: Vec<Vec<&str>> = table
        .lines()
        .filter(|line| line.starts_with("| "))
        .map(|line| line.trim_matches('|').split('|').map(|cell| cell.trim().trim_matches('*')).collect())
        .collect();
    let row = |name: &str| {
        let found = rows.iter().find(|row| row[0].starts_with(name));
        found.unwrap_or_else(|| panic!("README.md has no row `{name}`; run tests/blocking_suite/peers.py"))
    };
    assert_eq!(row("where")[1..3], ["calls", "farrier"]);
    let whole = whole();
    for (level, name) in LEVELS {
        assert_eq!(row(name)[1..3], [whole.calls[level].to_string(), whole.found[level].to_string()], "{name}");
    }
    let beside = format!("false alarms, beside {} safe calls", whole.safe);
    assert_eq!(row(&beside)[2], whole.alarms.len().to_string());
}
