//! The built `farrier`, run on a copy of a fixture.
//!
//! A copy, because a project's root is looked for upwards, and the fixtures lie inside this
//! repository.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value as Json;
use tempfile::TempDir;

/// A fixture, alone in a folder of its own.
pub(crate) struct Project {
    folder: TempDir,
}

/// What a run of `farrier` came to.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) exit: Option<i32>,
    /// What went to stdout, as JSON.
    pub(crate) report: Json,
    pub(crate) stderr: String,
}

impl Project {
    /// A copy of `fixtures/<name>`.
    pub(crate) fn fixture(name: &str) -> Self {
        let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"));
        copy(&fixtures().join(name), folder.path());
        Self { folder }
    }

    /// A project of these files.
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"));
        for (name, text) in files {
            let path = folder.path().join(name);
            let made = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&path, text));
            made.unwrap_or_else(|error| panic!("{name}: {error}"));
        }
        Self { folder }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The one-based number of the first line of `file` that contains `text`.
    pub(crate) fn line(&self, file: &str, text: &str) -> u64 {
        let content = fs::read_to_string(self.path().join(file));
        let content = content.unwrap_or_else(|error| panic!("{file}: {error}"));
        let at = content.lines().position(|line| line.contains(text));
        at.unwrap_or_else(|| panic!("{file} has no line with `{text}`")) as u64 + 1
    }

    /// Runs `farrier <verb> --format json <arguments> <the project>`.
    pub(crate) fn farrier(&self, verb: &str, arguments: &[&str]) -> Run {
        let output = Command::new(env!("CARGO_BIN_EXE_farrier"))
            .args([verb, "--format", "json"])
            .args(arguments)
            .arg(self.path())
            .current_dir(self.path())
            .output()
            .unwrap_or_else(|error| panic!("farrier does not start: {error}"));
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        let report = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{verb} printed no JSON: {error}\n{stderr}"));
        Run { exit: output.status.code(), report, stderr }
    }
}

impl Run {
    /// The elements of a list of the report.
    pub(crate) fn list(&self, name: &str) -> &[Json] {
        self.report[name].as_array().map_or(&[], Vec::as_slice)
    }

    /// `rule file:line` of every finding, in the order of the report.
    pub(crate) fn findings(&self) -> Vec<String> {
        let text = |it: &Json| it.as_str().unwrap_or_default().to_owned();
        let says = |it: &Json| format!("{} {}:{}", text(&it["rule"]), text(&it["file"]), it["line"]);
        self.list("findings").iter().map(says).collect()
    }

    /// The first finding of a rule.
    pub(crate) fn finding(&self, rule: &str) -> &Json {
        let found = self.list("findings").iter().find(|finding| finding["rule"] == rule);
        found.unwrap_or_else(|| panic!("no {rule} in {:#?}\n{}", self.report, self.stderr))
    }

    /// The entry of a list whose `unit` is this one.
    pub(crate) fn unit(&self, list: &str, unit: &str) -> &Json {
        let found = self.list(list).iter().find(|entry| entry["unit"] == unit);
        found.unwrap_or_else(|| panic!("no {unit} in {:#?}\n{}", self.report, self.stderr))
    }
}

/// The folder of the fixtures.
pub(crate) fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

fn copy(from: &Path, to: &Path) {
    let entries = fs::read_dir(from).unwrap_or_else(|error| panic!("{}: {error}", from.display()));
    for entry in entries.flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            fs::create_dir_all(&target).unwrap_or_else(|error| panic!("{error}"));
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), &target).unwrap_or_else(|error| panic!("{error}"));
        }
    }
}
