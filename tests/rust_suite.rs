//! The calls of `fixtures/rust`, each labelled with what it does to the worker of the runtime, against what is reported.
//!
//! The services are one workspace and are checked as one. That they compile is for `cargo check` to say, which
//! `tests/rust_suite/peers.py` runs.
#![allow(clippy::print_stderr, reason = "how much is found is wanted from a test that passes, too")]

mod support;

use std::collections::BTreeMap;
use std::sync::OnceLock;

use support::labelled::{Suite, Whole};

const SUITE: Suite = Suite {
    folder: "",
    extension: "rs",
    comment: "//",
    levels: &[
        ("direct", "in the handler itself"),
        ("alias", "under another name, by a glob or a re-export"),
        ("instance", "a method of a local value"),
        ("attribute", "a method of what a field, a parameter or an extractor holds"),
        ("one-hop", "one function away"),
        ("hops", "several functions, files or crates away"),
        ("methods", "through traits, generics, methods of the project"),
        ("callables", "through closures, blocks, tasks, streams"),
        ("framework", "where only the framework says who runs it"),
    ],
    codes: &["RST001"],
};

/// The workspace of the services.
const WORKSPACE: &str = "rust";

fn whole() -> &'static Whole {
    static WHOLE: OnceLock<Whole> = OnceLock::new();
    WHOLE.get_or_init(|| SUITE.whole(&[WORKSPACE.to_owned()]))
}

#[test]
fn what_blocks_is_found_and_what_does_not_is_left_alone() {
    let whole = whole();
    let ((calls, found), alarms) = (whole.sums(), whole.alarms.len());
    eprintln!("{found} of {calls} blocking calls found, {alarms} false alarms beside {} safe calls", whole.safe);
    for (level, name) in SUITE.levels {
        let of = |counts: &BTreeMap<String, usize>| counts.get(*level).copied().unwrap_or(0);
        eprintln!("{:3} of {:3} {name}", of(&whole.found), of(&whole.calls));
    }
    assert!(found * 100 >= calls * 90, "missed: {:#?}", whole.missed);
    assert!(alarms * 100 <= whole.safe, "false alarms: {:#?}", whole.alarms);
}

#[test]
fn every_service_and_every_level_is_told_apart() {
    let labels = SUITE.labels(WORKSPACE);
    assert!(
        labels.blocks.len() >= 100 && labels.safe.len() >= 100,
        "{} and {}",
        labels.blocks.len(),
        labels.safe.len()
    );
    for (level, _) in SUITE.levels {
        for side in [&labels.blocks, &labels.safe] {
            assert!(side.values().filter(|of| of == level).count() >= 4, "{level}");
        }
    }
    for service in ["almanac", "atelier", "courier", "edge", "freight", "kitchen", "ledger", "storefront", "turnstile"]
    {
        for side in [&labels.blocks, &labels.safe] {
            let its = side.keys().filter(|(file, _)| file.starts_with(service)).count();
            assert!(its >= 3, "{service} has too little of one kind");
        }
    }
}

#[test]
fn the_readme_shows_what_the_suite_gives() {
    SUITE.assert_written(whole(), "rust-suite", "tests/rust_suite/peers.py");
}
