//! `check --watch`, `--quiet` and `--verbose`, as somebody who sits in front of them sees them.
#![allow(clippy::expect_used, reason = "a test stops where its own ground is missing")]

mod support;

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use support::command::Project;

/// Longer than a run in a debug build takes beside other tests.
const PATIENCE: Duration = Duration::from_mins(1);

/// A program that is ended with the test.
struct Watching {
    program: Child,
    lines: Receiver<String>,
}

impl Drop for Watching {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}

impl Watching {
    fn start(folder: &Path) -> Self {
        let mut program = Command::new(env!("CARGO_BIN_EXE_farrier"))
            .args(["check", "--watch", "--format", "concise"])
            .current_dir(folder)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the binary runs");
        let out = BufReader::new(program.stdout.take().expect("its output"));
        let (send, lines) = channel();
        thread::spawn(move || out.lines().map_while(Result::ok).try_for_each(|line| send.send(line)));
        Self { program, lines }
    }

    /// What it prints before it waits again.
    fn round(&self) -> String {
        let mut text = String::new();
        loop {
            let line = self.lines.recv_timeout(PATIENCE).expect("it prints");
            if line.starts_with("waiting for changes") {
                return text;
            }
            text.push_str(&line);
            text.push('\n');
        }
    }

    /// Waits for a round of which `told` holds: a busy system may let it look between two of our writes.
    fn until(&self, told: impl Fn(&str) -> bool) {
        while !told(&self.round()) {}
    }
}

fn service() -> Project {
    Project::of(&[
        ("Procfile", "web: gunicorn app:app -w 2 --threads 4\n"),
        ("gunicorn.conf.py", "keep_alive = 5\n"),
        ("app.py", "from flask import Flask\n\napp = Flask(__name__)\n"),
    ])
}

#[test]
fn every_change_is_judged_anew() {
    let project = service();
    let watching = Watching::start(project.path());
    assert!(watching.round().contains("error[unknown-setting]"));
    fs::write(project.path().join("gunicorn.conf.py"), "keepalive = 5\n").expect("it can be written");
    watching.until(|text| !text.contains("error["));
    // Settings that are wrong end nothing.
    fs::write(project.path().join("farrier.toml"), "ignore = 3\n").expect("it can be written");
    watching.until(|text| text.contains("farrier.toml"));
    fs::remove_file(project.path().join("farrier.toml")).expect("it can be removed");
    watching.until(|text| !text.contains("farrier.toml"));
}

#[test]
fn quiet_leaves_findings_and_verbose_says_what_was_read() {
    let project = service();
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_farrier"));
        let output =
            command.current_dir(project.path()).arg("check").args(arguments).output().expect("the binary runs");
        [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).expect("text"))
    };
    let [quiet, said] = run(&["--quiet"]);
    assert!(quiet.contains("keep_alive") && !quiet.contains("judged as") && !quiet.contains("in 1 file"), "{quiet}");
    assert!(said.is_empty(), "{said}");
    let [loud, said] = run(&["--verbose"]);
    assert!(loud.contains("in 1 file"), "{loud}");
    assert!(said.contains("Procfile") && said.contains("Python files: 2"), "{said}");
    assert!(said.contains("judged deployments: 1"), "{said}");
    fs::write(project.path().join("gunicorn.conf.py"), "").expect("it can be written");
    assert_eq!(run(&["-q"])[0], "");
}
