//! Files that are written from others say what those say today.
//!
//! `FARRIER_WRITE=1 cargo test --test generated` writes them.
#![allow(clippy::expect_used, reason = "a test stops where its own ground is missing")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use farrier::rules::CARDS;

#[test]
fn pages_of_rules_are_those_of_the_cards() {
    let mut pages = BTreeMap::from([("README.md".to_owned(), said(&["rules", "--format", "markdown"]))]);
    for card in CARDS {
        pages.insert(format!("{}.md", card.name), said(&["explain", card.name, "--format", "markdown"]));
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/rules");
    if writes() {
        fs::create_dir_all(&folder).expect("a folder");
        for entry in fs::read_dir(&folder).expect("the folder is there").flatten() {
            fs::remove_file(entry.path()).expect("a file that was written before");
        }
    }
    for (name, text) in &pages {
        same(&folder.join(name), text);
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
    same(&Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/farrier.schema.json"), &said(&["init", "--schema"]));
}

fn writes() -> bool {
    std::env::var_os("FARRIER_WRITE").is_some()
}

fn same(path: &Path, text: &str) {
    if writes() {
        fs::write(path, text).expect("the file can be written");
    }
    let written = fs::read_to_string(path).unwrap_or_default().replace("\r\n", "\n");
    assert!(written == text, "{} is not up to date: FARRIER_WRITE=1 cargo test --test generated", path.display());
}

fn said(arguments: &[&str]) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = Command::new(env!("CARGO_BIN_EXE_farrier"));
    let output = command.current_dir(folder.path()).env_clear().args(arguments).output().expect("the binary runs");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}
