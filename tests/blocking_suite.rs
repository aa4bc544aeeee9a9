//! The calls of `fixtures/blocking`, each labelled with what it does to the event loop, against what is reported.
#![allow(clippy::print_stderr, reason = "how much is found is wanted from a test that passes, too")]

mod support;

use std::fs;
use std::sync::OnceLock;

use support::command::fixtures;
use support::labelled::{Suite, Whole};

const SUITE: Suite = Suite {
    folder: "blocking",
    extension: "py",
    comment: " #",
    levels: &[
        ("direct", "in the handler itself"),
        ("alias", "under another name"),
        ("instance", "a method of a local or global object"),
        ("attribute", "a method of what an attribute or a parameter holds"),
        ("one-hop", "one function away"),
        ("hops", "several functions or files away"),
        ("methods", "through classes, properties, operators"),
        ("callables", "through callables, decorators, generators"),
        ("framework", "where only the framework says who runs it"),
    ],
    codes: &["ASY001", "ASY002", "ASY003", "ASY004", "ASY005", "ASY006"],
};

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

fn projects() -> Vec<String> {
    let entries = fs::read_dir(fixtures().join(SUITE.folder)).unwrap_or_else(|error| panic!("{error}"));
    let folders = entries.flatten().filter(|entry| entry.path().is_dir());
    let mut names: Vec<String> = folders.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn whole() -> &'static Whole {
    static WHOLE: OnceLock<Whole> = OnceLock::new();
    WHOLE.get_or_init(|| SUITE.whole(&projects()))
}

#[test]
fn what_blocks_is_found_and_what_does_not_is_left_alone() {
    let whole = whole();
    let ((calls, found), alarms) = (whole.sums(), whole.alarms.len());
    eprintln!("{found} of {calls} blocking calls found, {alarms} false alarms beside {} safe calls", whole.safe);
    assert!(calls >= 150 && whole.safe >= 150, "{calls} blocking and {} safe calls", whole.safe);
    assert!(found * 100 >= calls * 93, "missed: {:#?}", whole.missed);
    assert!(alarms * 100 <= whole.safe, "false alarms: {:#?}", whole.alarms);
}

#[test]
fn what_is_missed_is_known() {
    whole().assert_known(&MISSED, &FALSE_ALARMS);
}

#[test]
fn every_project_and_every_level_is_told_apart() {
    for (level, _) in SUITE.levels {
        assert!(whole().calls.get(*level).is_some_and(|calls| *calls >= 10), "{level}: {:?}", whole().calls);
    }
    for name in projects() {
        assert!(SUITE.labels(&name).safe.len() > 1, "{name} has too little that is safe");
    }
}

#[test]
fn the_readme_shows_what_the_suite_gives() {
    SUITE.assert_written(whole(), "blocking-suite", "tests/blocking_suite/peers.py");
}
