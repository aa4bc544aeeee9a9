//! Whatever the format, the findings are the same: one run writes all of them, and each is read back as what it claims to be.

#![allow(clippy::unwrap_used, reason = "a test fails where it cannot go on")]

mod support;

use std::process::{Command, Output};

use serde_json::Value as Json;
use support::command::Project;
use support::python::tools_environment;

/// Every format but those for people, and the file that it is written into here.
const FORMATS: [(&str, &str); 6] = [
    ("sarif", "farrier.sarif"),
    ("github", "github.txt"),
    ("gitlab", "gitlab.json"),
    ("junit", "junit.xml"),
    ("checkstyle", "checkstyle.xml"),
    ("markdown", "comment.md"),
];

/// A call that stops the loop, one behind another function, and one that a comment allows.
const MAIN: &str = r#"import time

import requests
from fastapi import FastAPI

app = FastAPI()


def price(name):
    return requests.get(f"https://shop.example/{name}", timeout=5).json()


@app.get("/")
async def home():
    time.sleep(1)


@app.get("/{name}")
async def one(name: str):
    return price(name)


@app.get("/slow")
async def slow():
    time.sleep(2)  # farrier: ignore[blocking-call-in-async]
"#;

/// The schema of SARIF 2.1.0 as OASIS publishes it, without the white space.
const SCHEMA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/sarif-2.1.0.schema.json");

/// What reads XML as those do that take reports: of every problem its rule, file and line.
const READ_XML: &str = r"
import sys, xml.etree.ElementTree as tree
root = tree.parse(sys.argv[1]).getroot()
if root.tag == 'testsuites':
    for case in root.iter('testcase'):
        for failure in case.iter('failure'):
            print(case.get('classname'), case.get('file'), case.get('line'))
else:
    assert root.tag == 'checkstyle', root.tag
    for file in root.iter('file'):
        for error in file.iter('error'):
            print(error.get('source'), file.get('name'), error.get('line'))
";

fn project() -> Project {
    Project::of(&[
        ("gunicorn.conf.py", "keep_alive = 30\nmax_requests = 1000\n"),
        ("Procfile", "web: gunicorn main:app -w 4 --threads 4 -k uvicorn.workers.UvicornWorker\n"),
        ("main.py", MAIN),
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
        .filter(|result| result["suppressions"].as_array().is_none_or(Vec::is_empty))
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
    let comment = read("comment.md");
    for (rule, line) in &findings {
        assert!(comment.contains(rule) && comment.contains(&line.to_string()), "no {rule}: {comment}");
    }

    let mut placed: Vec<String> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| {
            format!("{} {} {}", finding["rule"].as_str().unwrap(), finding["file"].as_str().unwrap(), finding["line"])
        })
        .collect();
    placed.sort();
    for file in ["junit.xml", "checkstyle.xml"] {
        let output =
            tools_environment().command().args(["-c", READ_XML]).arg(project.path().join(file)).output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        let mut told: Vec<String> = said.lines().map(|line| line.replace("farrier.", "")).collect();
        told.sort();
        assert_eq!(told, placed, "{file}: {}{}", String::from_utf8_lossy(&output.stderr), read(file));
    }
}

#[test]
fn sarif_is_what_its_schema_says() {
    let project = project();
    check(&project, &["--format", "sarif", "--output", "farrier.sarif"]);
    let path = project.path().join("farrier.sarif");
    let mut sarif: Json = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    for part in ["codeFlows", "fixes", "suppressions", "partialFingerprints"] {
        let is_there = |result: &Json| result[part].as_array().map_or(result[part].is_object(), |all| !all.is_empty());
        assert!(results.iter().any(is_there), "nothing has {part}: {sarif:#}");
    }
    let valid = || {
        let mut command = tools_environment().command();
        let output = command.args(["-m", "check_jsonschema", "--schemafile", SCHEMA]).arg(&path).output().unwrap();
        if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stdout).into_owned()) }
    };
    assert_eq!(valid(), Ok(()));
    sarif["runs"][0]["results"][0]["level"] = "severe".into();
    std::fs::write(&path, sarif.to_string()).unwrap();
    assert!(valid().is_err(), "the schema lets a level pass that there is not");
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
