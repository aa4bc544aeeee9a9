//! Runs the hooks with the real pre-commit, in a repository of this test and from an empty cache.
//!
//! What the hooks build is what Cargo builds, which the other tests have done already: the hooks are those of
//! `.pre-commit-hooks.yaml` word by word, but for the language, which makes pre-commit take the program of this test run.

#![allow(clippy::unwrap_used, reason = "a test fails where it cannot go on")]

mod support;

use std::path::Path;
use std::process::{Command, Output};

use support::command::Project;
use support::python::pre_commit_environment;

const MANIFEST: &str = include_str!("../.pre-commit-hooks.yaml");

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr[..]].concat()).into_owned()
}

/// A program that knows nothing of who runs this test.
fn alone(command: &mut Command, folder: &Path) -> Output {
    let who = ["GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"];
    command.current_dir(folder).envs(who.map(|variable| (variable, "test")));
    command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_SYSTEM", "/dev/null");
    command.output().unwrap()
}

fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = alone(Command::new("git").args(arguments), folder);
    assert!(output.status.success(), "git {arguments:?}: {}", said(&output));
    String::from_utf8(output.stdout).unwrap()
}

/// Keeps everything of a folder, and says under which name.
fn commit(folder: &Path) -> String {
    git(folder, &["init", "--quiet"]);
    git(folder, &["add", "--all"]);
    git(folder, &["commit", "--quiet", "--message", "All of it"]);
    git(folder, &["rev-parse", "HEAD"]).trim().to_owned()
}

/// A service that has the hooks, and the folder that pre-commit keeps its things in.
struct Service {
    project: Project,
    hooks: Project,
    cache: tempfile::TempDir,
}

impl Service {
    fn new(files: &[(&str, &str)]) -> Self {
        let farrier = env!("CARGO_BIN_EXE_farrier");
        let manifest = MANIFEST.replace("language: rust", "language: unsupported");
        let manifest = manifest.replace("entry: farrier ", &format!("entry: {farrier} "));
        assert_eq!(manifest.matches(farrier).count(), 2, "{manifest}");
        let hooks = Project::of(&[(".pre-commit-hooks.yaml", &manifest)]);
        let rev = commit(hooks.path());
        let project = Project::of(files);
        let config = format!(
            "repos:\n  - repo: {}\n    rev: {rev}\n    hooks:\n      - id: farrier-check\n      - id: farrier-advise\n",
            hooks.path().display()
        );
        std::fs::write(project.path().join(".pre-commit-config.yaml"), config).unwrap();
        commit(project.path());
        Self { project, hooks, cache: tempfile::tempdir().unwrap() }
    }

    fn write(&self, file: &str, text: &str) {
        std::fs::write(self.project.path().join(file), text).unwrap();
        git(self.project.path(), &["add", file]);
    }

    /// Runs the hooks as `git commit` would.
    fn run(&self, arguments: &[&str]) -> (bool, String) {
        assert!(self.hooks.path().exists());
        let mut command = pre_commit_environment().command();
        command.args(["-m", "pre_commit", "run"]).args(arguments).env("PRE_COMMIT_HOME", self.cache.path());
        let output = alone(&mut command, self.project.path());
        (output.status.success(), said(&output))
    }
}

const PROCFILE: &str = "web: gunicorn app:app\n";
const APP: &str = "def app(environ, start_response):\n    start_response('200 OK', [])\n    return [b'']\n";

#[test]
fn the_manifest_is_one() {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/.pre-commit-hooks.yaml");
    let mut command = pre_commit_environment().command();
    let output = command.args(["-m", "pre_commit", "validate-manifest", manifest]).output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
}

#[test]
fn a_changed_file_is_judged_and_others_are_not_told_of() {
    let config = "workers = 4\nkeep_alive = 5\n";
    let service = Service::new(&[("Procfile", PROCFILE), ("app.py", APP), ("README.md", "# Service\n")]);
    // Nothing that counts has changed.
    service.write("README.md", "# A service\n");
    let (passed, text) = service.run(&["farrier-check"]);
    assert!(passed && text.contains("(no files to check)Skipped"), "{text}");
    // A mistake, in the file that is committed.
    service.write("gunicorn.conf.py", config);
    let (passed, text) = service.run(&["farrier-check"]);
    assert!(!passed && text.contains("unknown-setting") && text.contains("gunicorn.conf.py:2"), "{text}");
    git(service.project.path(), &["commit", "--quiet", "--no-verify", "--message", "A mistake"]);
    // The mistake of another file is not this commit's.
    service.write("app.py", &format!("import os\n{APP}"));
    let (passed, text) = service.run(&["farrier-check"]);
    assert!(passed && text.contains("Passed"), "{text}");
    // Of all files it is.
    let (passed, text) = service.run(&["farrier-check", "--all-files"]);
    assert!(!passed && text.contains("unknown-setting"), "{text}");
    service.write("gunicorn.conf.py", "workers = 4\nkeepalive = 5\nworker_class = \"gthread\"\nthreads = 4\n");
    let (passed, text) = service.run(&["farrier-check", "--all-files"]);
    assert!(passed, "{text}");
}

#[test]
fn files_that_are_excluded_are_not_judged_though_pre_commit_names_them() {
    let service = Service::new(&[
        ("Procfile", PROCFILE),
        ("app.py", APP),
        ("farrier.toml", "exclude = [\"examples/\"]\n"),
        ("gunicorn.conf.py", "workers = 4\nworker_class = \"gthread\"\nthreads = 4\n"),
        ("examples/gunicorn.conf.py", "keep_alive = 5\n"),
        ("examples/Procfile", PROCFILE),
        ("examples/app.py", APP),
    ]);
    let (passed, text) = service.run(&["farrier-check", "--all-files"]);
    assert!(passed, "{text}");
}

#[test]
fn a_number_of_workers_outside_of_its_range_stops_a_commit() {
    let facts = "[host]\ncpus = 2\nmemory = \"512MiB\"\n[application]\nworkload = \"cpu\"\n";
    let service =
        Service::new(&[("Procfile", "web: gunicorn app:app -w 40\n"), ("app.py", APP), ("farrier.toml", facts)]);
    let (passed, text) = service.run(&["farrier-advise", "--all-files"]);
    assert!(!passed && text.contains("40"), "{text}");
    service.write("Procfile", "web: gunicorn app:app -w 2\n");
    let (passed, text) = service.run(&["farrier-advise"]);
    assert!(passed, "{text}");
}
