//! A baseline hides what was there, whatever moves around it, and nothing that comes later.
#![allow(clippy::expect_used, reason = "a test stops where its own ground is missing")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

const SHOP: &str = "import requests\nfrom fastapi import FastAPI\n\napp = FastAPI()\n\n\n@app.get(\"/a\")\nasync def a():\n    \
    rates = requests.get(\"http://x\", timeout=5)\n    return rates.json()\n\n\n@app.get(\"/b\")\nasync def b():\n    \
    rates = requests.get(\"http://x\", timeout=5)\n    return rates.text\n";

/// Two processes with the same fault.
const TWICE: &str = "web: gunicorn app:app -k eventlet\nadmin: gunicorn app:app -b :9000 -k eventlet\n";

#[test]
fn moved_lines_and_other_names_change_nothing() {
    let project = project(SHOP);
    assert_eq!(code(project.path(), &["check"]), 1);
    assert_eq!(code(project.path(), &["baseline", "create"]), 0);
    assert_eq!(code(project.path(), &["check"]), 0);
    for (what, text) in [
        ("lines above", format!("\"\"\"The shop.\"\"\"\n\nimport os\n\n\n{SHOP}")),
        ("another name", SHOP.replace("rates", "answer")),
        ("line endings", SHOP.replace('\n', "\r\n")),
        ("a comment", SHOP.replace("timeout=5)", "timeout=5)  # slow")),
    ] {
        write(project.path(), "main.py", &text);
        let output = farrier(project.path(), &["check"]);
        assert_eq!(output.status.code(), Some(0), "{what}: {}", told(&output));
        assert!(told(&output).contains("2 in the baseline"), "{what}: {}", told(&output));
    }
}

#[test]
fn a_new_finding_is_shown_alone() {
    let project = project(SHOP);
    assert_eq!(code(project.path(), &["baseline", "create"]), 0);
    let more = format!(
        "{SHOP}\n\n@app.get(\"/c\")\nasync def c():\n    return requests.get(\"http://x\", timeout=5).json()\n"
    );
    write(project.path(), "main.py", &more);
    let output = farrier(project.path(), &["check", "--format", "concise"]);
    let found = |output: &Output| -> Vec<String> {
        told(output).lines().filter(|line| line.starts_with("main.py:")).map(str::to_owned).collect()
    };
    let lines = found(&output);
    assert!(matches!(lines.as_slice(), [line] if line.starts_with("main.py:21:")), "{lines:#?}");
    let all = farrier(project.path(), &["check", "--format", "concise", "--no-baseline"]);
    assert_eq!(found(&all).len(), 3, "{}", told(&all));
}

#[test]
fn of_two_equal_findings_one_is_fixed_and_may_not_come_back() {
    let project = project(SHOP);
    write(project.path(), "app.py", "from flask import Flask\n\napp = Flask(__name__)\n");
    write(project.path(), "requirements.txt", "gunicorn==26.0.0\n");
    write(project.path(), "Procfile", TWICE);
    assert_eq!(code(project.path(), &["baseline", "create"]), 0);
    assert_eq!(code(project.path(), &["check"]), 0);
    write(project.path(), "Procfile", &TWICE.replacen("-k eventlet", "-k gthread", 1));
    let output = farrier(project.path(), &["check"]);
    assert_eq!(output.status.code(), Some(1), "{}", told(&output));
    assert!(told(&output).contains("`farrier baseline prune` takes it out"), "{}", told(&output));
    assert_eq!(code(project.path(), &["check", "--allow-unpruned"]), 0);
    assert_eq!(code(project.path(), &["baseline", "show"]), 1);
    assert_eq!(code(project.path(), &["baseline", "prune"]), 0);
    assert_eq!(code(project.path(), &["baseline", "show"]), 0);
    assert_eq!(code(project.path(), &["check"]), 0);
    write(project.path(), "Procfile", TWICE);
    assert_eq!(code(project.path(), &["check"]), 1, "what was fixed came back");
}

#[test]
fn rules_that_do_not_run_leave_the_baseline_as_it_is() {
    let project = project(SHOP);
    assert_eq!(code(project.path(), &["baseline", "create"]), 0);
    assert_eq!(code(project.path(), &["check", "--select", "WRK"]), 0);
    assert_eq!(code(project.path(), &["check", "--ignore", "ASY"]), 0);
}

#[test]
fn what_is_no_baseline_is_refused() {
    let project = project(SHOP);
    for text in ["", "[]", "{\"schema\": 99, \"findings\": []}", "{\"schema\": 1, \"findings\": [{\"rule\": \"x\"}]}"] {
        write(project.path(), "farrier-baseline.json", text);
        assert_eq!(code(project.path(), &["check"]), 2, "{text}");
    }
    assert_eq!(code(project.path(), &["check", "--no-baseline"]), 1);
    assert_eq!(code(project.path(), &["check", "--baseline", "missing.json"]), 2);
    assert_eq!(code(project.path(), &["baseline", "create"]), 2, "it is there already");
    assert_eq!(code(project.path(), &["baseline", "create", "--force"]), 0);
    assert_eq!(code(project.path(), &["check"]), 0);
}

fn project(main: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), "Procfile", "web: uvicorn main:app\n");
    write(folder.path(), "main.py", main);
    folder
}

fn write(folder: &Path, name: &str, text: &str) {
    fs::write(folder.join(name), text).expect("a file");
}

fn farrier(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_farrier"));
    command.current_dir(folder).env_clear().args(arguments).output().expect("the binary runs")
}

fn code(folder: &Path, arguments: &[&str]) -> i32 {
    let output = farrier(folder, arguments);
    output.status.code().unwrap_or_else(|| panic!("{}", told(&output)))
}

fn told(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}
