//! `check --changed-since` and `--staged`: what git says was changed decides what is shown, and nothing else.

#![allow(clippy::unwrap_used, reason = "a test fails where it cannot go on")]

mod support;

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use support::command::Project;

const APPLICATION: &str = "import time\n\nfrom fastapi import FastAPI\n\napp = FastAPI()\n\n\n@app.get('/')\nasync def home():\n    time.sleep(1)\n";

fn project() -> Project {
    let project = Project::of(&[
        ("Procfile", "web: gunicorn main:app -k uvicorn_worker.UvicornWorker\n"),
        ("gunicorn.conf.py", "workers = 2\nkeep_alive = 5\n"),
        ("main.py", APPLICATION),
    ]);
    git(&project, &["init", "--quiet"]);
    git(&project, &["add", "--all"]);
    git(&project, &["commit", "--quiet", "--message", "All"]);
    project
}

fn git(project: &Project, words: &[&str]) {
    let who = ["GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"];
    let mut command = Command::new("git");
    command.args(words).current_dir(project.path()).envs(who.map(|name| (name, "test")));
    let output = command.env("GIT_CONFIG_GLOBAL", "/dev/null").output().unwrap();
    assert!(output.status.success(), "git {words:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn check(project: &Project, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_farrier"));
    command.current_dir(project.path()).args(["check", "--format", "concise"]).args(arguments).output().unwrap()
}

/// The files of the findings, and whether the run failed.
fn found(project: &Project, arguments: &[&str]) -> (Vec<String>, bool) {
    let output = check(project, arguments);
    let text = String::from_utf8(output.stdout).unwrap();
    let lines = text.lines().filter(|line| line.contains(": error[") || line.contains(": warning["));
    let files = lines.map(|line| line.split(':').next().unwrap().to_owned()).collect();
    (files, output.status.code() == Some(1))
}

fn write(project: &Project, file: &str, text: &str) {
    std::fs::write(project.path().join(file), text).unwrap();
}

#[test]
fn only_what_was_changed_is_shown() {
    let project = project();
    assert_eq!(found(&project, &[]), (vec!["gunicorn.conf.py".to_owned(), "main.py".to_owned()], true));
    assert_eq!(found(&project, &["--changed-since", "HEAD"]), (vec![], false));
    assert_eq!(found(&project, &["--staged"]), (vec![], false));

    write(&project, "gunicorn.conf.py", "workers = 3\nkeep_alive = 5\n");
    let conf = (vec!["gunicorn.conf.py".to_owned()], true);
    assert_eq!(found(&project, &["--changed-since", "HEAD"]), conf);
    assert_eq!(found(&project, &["--staged"]), (vec![], false));
    git(&project, &["add", "gunicorn.conf.py"]);
    assert_eq!(found(&project, &["--staged"]), conf);
    // Both have to name it.
    assert_eq!(found(&project, &["--staged", "main.py"]), (vec![], false));
    // From a folder below, paths are still those of the project.
    assert_eq!(found(&project, &["--staged", "."]), conf);

    // What others did on a branch since this one left it is no change.
    git(&project, &["stash", "--quiet"]);
    git(&project, &["checkout", "--quiet", "-b", "other"]);
    write(&project, "main.py", &APPLICATION.replace("sleep(1)", "sleep(2)"));
    git(&project, &["commit", "--quiet", "--all", "--message", "Longer"]);
    git(&project, &["checkout", "--quiet", "-"]);
    assert_eq!(found(&project, &["--changed-since", "other"]), (vec![], false));
    // What git does not know yet is new.
    write(&project, "compose.yaml", "services:\n  web:\n    command: gunicorn main:app -w 4 --threads 2 -k gevent\n");
    let (files, failed) = found(&project, &["--changed-since", "other"]);
    assert!(failed && files.iter().all(|file| file == "compose.yaml") && !files.is_empty(), "{files:?}");
}

/// A hook is told where git keeps its things by a variable, and with more than one work tree nothing else.
#[cfg(unix)]
#[test]
fn a_hook_of_a_second_work_tree_sees_what_is_staged() {
    use std::os::unix::fs::PermissionsExt as _;

    let files = [("api/Procfile", "web: gunicorn main:app\n"), ("api/gunicorn.conf.py", "workers = 2\n")];
    let project = Project::of(&files);
    git(&project, &["init", "--quiet"]);
    git(&project, &["add", "--all"]);
    git(&project, &["commit", "--quiet", "--message", "All"]);
    git(&project, &["worktree", "add", "--quiet", "second"]);
    let hook = project.path().join(".git/hooks/pre-commit");
    std::fs::create_dir_all(hook.parent().unwrap()).unwrap();
    std::fs::write(&hook, format!("#!/bin/sh\ncd api && '{}' check --staged\n", env!("CARGO_BIN_EXE_farrier")))
        .unwrap();
    std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).unwrap();
    for folder in [project.path().to_path_buf(), project.path().join("second")] {
        std::fs::write(folder.join("api/gunicorn.conf.py"), "keep_alive = 2\n").unwrap();
        let mut command = Command::new("git");
        command.args(["-c", "user.name=a", "-c", "user.email=a@b", "commit", "--quiet", "--all", "--message", "b"]);
        let output = command.current_dir(&folder).env("GIT_CONFIG_GLOBAL", "/dev/null").output().unwrap();
        let said = String::from_utf8_lossy(&[&output.stdout[..], &output.stderr[..]].concat()).into_owned();
        assert!(!output.status.success() && said.contains("unknown-setting"), "{}: {said}", folder.display());
    }
}

#[test]
fn what_git_cannot_answer_is_an_error() {
    let project = project();
    for arguments in [["--changed-since", "nothing-like-it"], ["--changed-since", "--output=x"]] {
        let output = check(&project, &arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    }
    let outside = Project::of(&[("Procfile", "web: gunicorn main:app\n")]);
    let output = check(&outside, &["--staged"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(2) && said.contains("git diff"), "{said}");
}

#[test]
fn what_an_editor_holds_counts_instead_of_the_file() {
    let project = project();
    let found = |file: &str, text: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_farrier"));
        command.current_dir(project.path()).args(["check", "--format", "concise", "--stdin-filename", file]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        (String::from_utf8(output.stdout).unwrap(), output.status.code())
    };
    let (text, code) = found("gunicorn.conf.py", "workers = 2\nkeepalive = 5\nthread = 3\n");
    assert!(text.contains("gunicorn.conf.py:3:1: error[unknown-setting] `thread`") && code == Some(1), "{text}");
    assert!(!text.contains("keep_alive") && !text.contains("main.py"), "{text}");
    let (text, code) = found("gunicorn.conf.py", "workers = 2\n");
    assert_eq!(code, Some(0), "{text}");
    // What stands on the disk is left alone.
    assert!(std::fs::read_to_string(project.path().join("gunicorn.conf.py")).unwrap().contains("keep_alive"));
    assert_eq!(found("nothing.py", "").1, Some(2));
}

#[test]
fn statistics_count_what_would_be_shown() {
    let project = project();
    let table = String::from_utf8(check(&project, &["--statistics"]).stdout).unwrap();
    let lines: Vec<Vec<&str>> = table.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(
        lines.iter().map(|line| line[..3].join(" ")).collect::<Vec<_>>(),
        ["1 error blocking-call-in-async", "1 error unknown-setting"]
    );
    let mut command = Command::new(env!("CARGO_BIN_EXE_farrier"));
    let output =
        command.current_dir(project.path()).args(["check", "--statistics", "--format", "json"]).output().unwrap();
    let counts: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(counts["rules"][1]["rule"], "unknown-setting");
    assert_eq!(counts["rules"][1]["fixable"], 1);
    assert_eq!(check(&project, &["--statistics", "--format", "sarif"]).status.code(), Some(2));
}
