//! Cases that are written down in TOML, in one folder for each test.
#![allow(clippy::expect_used, reason = "a test stops where its own tools fail")]

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, bound = "Case: DeserializeOwned")]
struct Corpus<Case> {
    case: Vec<Case>,
}

/// The cases of `tests/<folder>/*.toml`, each under the name of its file and its number there.
///
/// # Panics
/// With the file that cannot be read.
pub(crate) fn corpus<Case: DeserializeOwned>(folder: &str) -> Vec<(String, Case)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(folder);
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)
        .expect("the corpus is part of the tests")
        .map(|entry| entry.expect("readable").path())
        .collect();
    paths.sort();
    let mut cases = Vec::new();
    for path in paths {
        let text = fs::read_to_string(&path).expect("the corpus is text");
        let corpus: Corpus<Case> = toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let name = path.file_stem().expect("a file has a name").to_string_lossy().into_owned();
        cases.extend(corpus.case.into_iter().enumerate().map(|(n, case)| (format!("{name}-{:03}", n + 1), case)));
    }
    cases
}
