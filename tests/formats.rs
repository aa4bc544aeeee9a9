//! Whatever the format, the findings are the same: one run writes all of them, and each is read back as what it claims to be.

#![allow(clippy::unwrap_used, reason = "a test fails where it cannot go on")]

mod support;

use std::process::{Command, Output};

use serde_json::Value as Json;
use support::command::Project;

/// Every format but those for people, and the file that it is written into here.
const FORMATS: [(&str, &str); 6] = [
    ("sarif", "farrier.sarif"),
    ("github", "github.txt"),
    ("gitlab", "gitlab.json"),
    ("junit", "junit.xml"),
    ("checkstyle", "checkstyle.xml"),
    ("markdown", "comment.md"),
];

fn project() -> Project {
    Project::of(&[
        ("gunicorn.conf.py", "keep_alive = 30\nmax_requests = 1000\n"),
        ("Procfile", "web: gunicorn main:app -w 4 --threads 4 -k uvicorn.workers.UvicornWorker\n"),
        (
            "main.py",
            "import time\nfrom fastapi import FastAPI\napp = FastAPI()\n@app.get('/')\nasync def home():\n    time.sleep(1)\n",
        ),
    ])
}

fn check(project: &Project, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_farrier"));
    command.current_dir(project.path()).arg("check").args(arguments).arg(".").output().unwrap()
}

#[test]
fn one_run_writes_the_same_findings_in_every_format() {
    let project = project();
    let mut arguments: Vec<&str> =
        FORMATS.iter().flat_map(|(format, file)| ["--format", format, "--output", file]).collect();
    arguments.extend(["--format", "json"]);
    let output = check(&project, &arguments);
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    let report: Json = serde_json::from_slice(&output.stdout).unwrap();
    let findings: Vec<(&str, u64)> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| (finding["rule"].as_str().unwrap(), finding["line"].as_u64().unwrap()))
        .collect();
    assert!(findings.len() > 2, "{report:#}");

    let read = |file: &str| std::fs::read_to_string(project.path().join(file)).unwrap();
    let sarif: Json = serde_json::from_str(&read("farrier.sarif")).unwrap();
    let told: Vec<(&str, u64)> = sarif["runs"][0]["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|result| {
            let region = &result["locations"][0]["physicalLocation"]["region"];
            (result["ruleId"].as_str().unwrap(), region["startLine"].as_u64().unwrap())
        })
        .collect();
    assert_eq!(told, findings);

    let gitlab: Json = serde_json::from_str(&read("gitlab.json")).unwrap();
    let told: Vec<(&str, u64)> = gitlab
        .as_array()
        .unwrap()
        .iter()
        .map(|issue| (issue["check_name"].as_str().unwrap(), issue["location"]["lines"]["begin"].as_u64().unwrap()))
        .collect();
    assert_eq!(told, findings);

    let github = read("github.txt");
    let annotations: Vec<&str> = github.lines().filter(|line| line.starts_with("::")).collect();
    assert_eq!(annotations.len(), findings.len(), "{github}");
    for file in ["junit.xml", "checkstyle.xml", "comment.md"] {
        let text = read(file);
        for (rule, line) in &findings {
            assert!(text.contains(rule) && text.contains(&line.to_string()), "{file} has no {rule}: {text}");
        }
    }
    assert_eq!(read("junit.xml").matches("<failure").count(), findings.len());
    assert_eq!(read("checkstyle.xml").matches("<error ").count(), findings.len());
}

#[test]
fn two_formats_do_not_share_standard_output() {
    let project = project();
    let refused = |arguments: &[&str]| {
        let output = check(&project, arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    assert!(refused(&["--format", "sarif", "--format", "json"]).contains("--output"));
    assert!(!refused(&["--format", "sarif", "--output", "no/such/folder/x.sarif"]).contains("panicked"));
}
