//! The action and the workflows for GitHub: their documents are what GitHub's schemas want, and the script of the action
//! does what it says, with the program of this test run.

#![allow(clippy::unwrap_used, reason = "a test fails where it cannot go on")]

mod support;

use std::path::Path;
use std::process::{Command, Output};

use support::command::Project;
use support::python::tools_environment;

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr[..]].concat()).into_owned()
}

#[test]
fn the_documents_are_what_github_takes() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let workflows = root.join(".github/workflows");
    let workflows = workflows.read_dir().unwrap().map(|entry| ("vendor.github-workflows", entry.unwrap().path()));
    for (schema, path) in workflows.chain([("vendor.github-actions", root.join("action.yml"))]) {
        let mut command = tools_environment().command();
        let output = command.args(["-m", "check_jsonschema", "--builtin-schema", schema]).arg(&path).output().unwrap();
        assert!(output.status.success(), "{}: {}", path.display(), said(&output));
    }
}

/// One of the scripts of the action that go over several lines.
fn script(index: usize) -> String {
    let action = include_str!("../action.yml");
    let script = action.split("run: |\n").nth(index + 1).unwrap();
    let lines =
        script.lines().map_while(|line| if line.is_empty() { Some(line) } else { line.strip_prefix("        ") });
    lines.collect::<Vec<_>>().join("\n")
}

/// What was built from other sources must not be taken for what is built from these.
#[cfg(unix)]
#[test]
fn the_action_keeps_what_it_built_by_its_sources() {
    let sum = |rule: &str| {
        let files =
            [("Cargo.toml", ""), ("Cargo.lock", ""), ("build/a.rs", ""), ("rules/a.toml", rule), ("src/a.rs", "")];
        let sources = Project::of(&files);
        let output = sources.path().join("output");
        let mut command = Command::new("bash");
        command.args(["--noprofile", "--norc", "-eo", "pipefail", "-c", &script(0)]).env("SOURCES", sources.path());
        let ran = command.env("GITHUB_OUTPUT", &output).output().unwrap();
        assert!(ran.status.success(), "{}", said(&ran));
        std::fs::read_to_string(output).unwrap()
    };
    assert!(sum("a").starts_with("sum=") && sum("a").trim().len() > 8, "{}", sum("a"));
    assert_eq!(sum("a"), sum("a"));
    assert_ne!(sum("a"), sum("b"));
}

#[cfg(unix)]
#[test]
fn the_action_annotates_and_fails_where_something_is_wrong() {
    let run = |files: &[(&str, &str)], arguments: &str| {
        let project = Project::of(files);
        let mut command = Command::new("bash");
        command.args(["--noprofile", "--norc", "-eo", "pipefail", "-c", &script(1)]).current_dir(project.path());
        command.env("FARRIER", env!("CARGO_BIN_EXE_farrier")).env("PROJECT", ".").env("ARGUMENTS", arguments);
        command.env("SARIF", "found.sarif").env("GITHUB_STEP_SUMMARY", project.path().join("summary.md"));
        let output = command.output().unwrap();
        let sarif = std::fs::read_to_string(project.path().join("found.sarif")).unwrap_or_default();
        let summary = std::fs::read_to_string(project.path().join("summary.md")).unwrap_or_default();
        (output.status.code(), said(&output), sarif, summary)
    };
    let wrong: &[(&str, &str)] = &[
        ("main.py", "from fastapi import FastAPI\n\napp = FastAPI()\n"),
        ("Procfile", "web: gunicorn main:app -w 4 --access-logfile -\n"),
    ];
    let (code, text, sarif, summary) = run(wrong, "--fail-on error");
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("::error file=Procfile,line=1"), "{text}");
    assert!(sarif.contains("asgi-app-on-wsgi-worker") && summary.contains("asgi-app-on-wsgi-worker"), "{summary}");
    let (code, text, ..) = run(wrong, "--fail-on error --ignore WRK001");
    assert_eq!(code, Some(0), "{text}");
    // A project that starts no server is no failure.
    let (code, text, ..) = run(&[("README.md", "")], "");
    assert_eq!(code, Some(0), "{text}");
    let (code, text, ..) = run(wrong, "--no-such-option");
    assert_eq!(code, Some(2), "{text}");
}

#[test]
fn shells_and_man_are_told_of_every_command() {
    let farrier = |words: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_farrier")).args(words).output().unwrap();
        assert!(output.status.success(), "{words:?}: {}", said(&output));
        String::from_utf8(output.stdout).unwrap()
    };
    let commands = ["check", "advise", "show", "measure", "explain", "rules", "init", "baseline"];
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = farrier(&["completions", shell]);
        assert!(commands.iter().all(|command| script.contains(command)), "{shell}");
    }
    let page = farrier(&["man"]);
    for command in commands {
        assert!(page.contains(&format!("farrier\\-{command}(1)")) && page.contains("changed\\-since"), "{command}");
    }
}
