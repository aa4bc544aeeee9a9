//! Files of the repository that are written from others, and what the command says.
#![allow(clippy::expect_used, reason = "a test stops where its own ground is missing")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Whether such files are to be written anew.
pub(crate) fn writes() -> bool {
    std::env::var_os("FARRIER_WRITE").is_some()
}

/// A file of the repository holds this text, which the test `by` writes.
pub(crate) fn same(path: &Path, text: &str, by: &str) {
    if writes() {
        fs::write(path, text).expect("the file can be written");
    }
    let written = fs::read_to_string(path).unwrap_or_default().replace("\r\n", "\n");
    assert!(written == text, "{} is not up to date: FARRIER_WRITE=1 cargo test --test {by}", path.display());
}

/// What the command prints in an empty folder.
pub(crate) fn said(arguments: &[&str]) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let (code, text) = said_in(folder.path(), arguments);
    assert_eq!(code, 0, "{arguments:?}: {text}");
    text
}

/// How the command ends in a folder, and what it prints.
pub(crate) fn said_in(folder: &Path, arguments: &[&str]) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_farrier"));
    let output = command.current_dir(folder).env_clear().args(arguments).output().expect("the binary runs");
    let text = String::from_utf8(output.stdout).expect("text");
    let code = output.status.code().expect("no signal ended it");
    (code, if text.is_empty() { String::from_utf8_lossy(&output.stderr).into_owned() } else { text })
}

/// A path below the repository.
pub(crate) fn home(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}
