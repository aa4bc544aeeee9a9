//! Files that are written from others say what those say today.
//!
//! `FARRIER_WRITE=1 cargo test --test generated` writes them.
#![allow(clippy::expect_used, reason = "a test stops where its own ground is missing")]

mod support;

use std::collections::BTreeMap;
use std::fs;

use farrier::rules::CARDS;
use support::written::{home, said, same, writes};

#[test]
fn pages_of_rules_are_those_of_the_cards() {
    let mut pages = BTreeMap::from([("README.md".to_owned(), said(&["rules", "--format", "markdown"]))]);
    for card in CARDS {
        pages.insert(format!("{}.md", card.name), said(&["explain", card.name, "--format", "markdown"]));
    }
    let folder = home("docs/rules");
    if writes() {
        fs::create_dir_all(&folder).expect("a folder");
        for entry in fs::read_dir(&folder).expect("the folder is there").flatten() {
            fs::remove_file(entry.path()).expect("a file that was written before");
        }
    }
    for (name, text) in &pages {
        same(&folder.join(name), text, "generated");
    }
    let mut names: Vec<String> = fs::read_dir(&folder)
        .expect("the folder is there")
        .map(|entry| entry.expect("it can be read").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    assert_eq!(names, pages.into_keys().collect::<Vec<_>>(), "pages of rules that are gone");
}

#[test]
fn the_schema_is_that_of_the_settings() {
    same(&home("docs/farrier.schema.json"), &said(&["init", "--schema"]), "generated");
}
