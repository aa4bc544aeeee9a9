//! What people see: the real binary on small projects, compared word for word.
//!
//! `TRYCMD=overwrite cargo test --test transcripts` writes the output of today into the transcripts;
//! the difference is then to be read like any other change of what users see.
#![allow(clippy::expect_used, reason = "a test stops where its own ground is missing")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

#[test]
fn transcripts() {
    trycmd::TestCases::new()
        // An empty value counts as none, so the transcripts look the same in every terminal and on every CI.
        .env("NO_COLOR", "")
        .env("FORCE_COLOR", "")
        .env("CLICOLOR_FORCE", "")
        .env("COLUMNS", "100")
        .env("TERM", "xterm")
        .env("LC_ALL", "C.UTF-8")
        .case("tests/transcripts/*.trycmd");
}

/// The transcripts compare texts with their line endings made equal, so bytes are compared here.
#[test]
fn a_fix_keeps_line_endings_comments_and_the_last_line() {
    let before = "# Two processes.\r\nworkers = 2\t# cores\r\nworker_class = 'gevent'\r\n\r\nthreads = 8  # wiki\r\nkeepalive   =   5";
    let after = "# Two processes.\r\nworkers = 2\t# cores\r\nworker_class = 'gevent'\r\n\r\nkeepalive   =   5";
    let project = project(before);
    let first = farrier(project.path(), &["check", "--fix"]);
    assert_eq!(first.status.code(), Some(0), "{}", told(&first));
    assert_eq!(configuration(project.path()), after);
    let second = farrier(project.path(), &["check", "--fix"]);
    assert!(told(&second).ends_with("\nnothing found in 1 deployment, 3 files\n"), "{}", told(&second));
    assert_eq!(configuration(project.path()), after);
}

#[test]
fn a_recommendation_keeps_line_endings_and_a_byte_order_mark() {
    let before = "\u{feff}# Since March.\r\nworkers = 12   # generous\r\nworker_class = 'gthread'\r\nthreads = 4\r\n";
    let project = project(before);
    let arguments = ["advise", "--cpus", "2", "--memory", "512MiB", "--fix", "gunicorn.conf.py"];
    let first = farrier(project.path(), &arguments);
    assert_eq!(first.status.code(), Some(0), "{}", told(&first));
    let once = configuration(project.path());
    assert!(once.starts_with("\u{feff}# Since March.\r\nworkers = "), "{once:?}");
    assert!(once.contains("   # generous\r\n") && once.contains("worker_class = 'gthread'\r\n"), "{once:?}");
    assert!(!once.contains("workers = 12"), "{once:?}");
    assert_eq!(once.matches('\n').count(), once.matches("\r\n").count(), "{once:?}");
    let second = farrier(project.path(), &arguments);
    assert_eq!(second.status.code(), Some(0), "{}", told(&second));
    assert_eq!(configuration(project.path()), once);
}

/// What the machine allows is the machine's own; the shape of the answer is not.
#[test]
fn host_answers_in_a_versioned_shape() {
    let folder = tempfile::tempdir().expect("a folder");
    assert_eq!(farrier(folder.path(), &["host"]).status.code(), Some(0));
    let output = farrier(folder.path(), &["host", "--format", "json"]);
    assert_eq!(output.status.code(), Some(0));
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).expect("the answer is JSON");
    let keys: Vec<_> = answer.as_object().expect("an object").keys().map(String::as_str).collect();
    assert_eq!(
        keys,
        ["schema", "farrier", "command", "cpus", "memory_bytes", "cpu_readings", "memory_readings", "answers"]
    );
    assert_eq!(answer["schema"], 1);
}

#[test]
fn colour_follows_the_flag_and_then_the_environment() {
    let project = project("workers = 2\nworker_class = 'gevent'\nthreads = 8\n");
    let coloured = |arguments: &[&str], variable: Option<(&str, &str)>| {
        let mut command = command(project.path());
        command.args(arguments).envs(variable);
        command.output().expect("the binary runs").stdout.contains(&0x1b)
    };
    assert!(!coloured(&["check"], None), "a pipe wants no colour");
    assert!(coloured(&["check", "--color", "always"], None));
    assert!(coloured(&["check", "--color", "always"], Some(("NO_COLOR", "1"))), "the flag is the nearer wish");
    assert!(!coloured(&["check", "--color", "never"], Some(("FORCE_COLOR", "1"))));
    assert!(!coloured(&["check"], Some(("NO_COLOR", "1"))));
}

/// A small service of three files, with this configuration.
fn project(configuration: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("a file");
    write("Procfile", "web: gunicorn -c gunicorn.conf.py app:app\n");
    write("app.py", "from flask import Flask\n\napp = Flask(__name__)\n");
    write("gunicorn.conf.py", configuration);
    folder
}

fn configuration(project: &Path) -> String {
    fs::read_to_string(project.join("gunicorn.conf.py")).expect("the configuration is there")
}

fn command(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_farrier"));
    command.current_dir(folder).env_clear();
    command
}

fn farrier(folder: &Path, arguments: &[&str]) -> Output {
    command(folder).args(arguments).output().expect("the binary runs")
}

fn told(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}
