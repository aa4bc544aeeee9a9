//! `farrier advise --fix` writes what it says, into every kind of file, or says why not and where.
//!
//! Every case of `tests/advise_written/*.toml` becomes a folder. After the command the file holds exactly
//! the text that the case states, no other file has changed, farrier reads the recommended values, and a
//! second run has nothing to do. Gunicorn itself has to take what was written for it.
#![allow(clippy::expect_used, reason = "a test stops where its own tools fail")]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde::Deserialize;
use serde_json::Value as Json;

use support::python::{compiled, python_environment, servers_environment};

/// One file, and what becomes of it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    /// The file that is to change, or not.
    file: String,
    before: String,
    /// Further files.
    #[serde(default)]
    beside: BTreeMap<String, String>,
    /// The text afterwards; `None` where nothing may change.
    after: Option<String>,
    /// Parts of what is said about advice that is not written: the setting, the reason, the place.
    #[serde(default)]
    refused: Vec<String>,
    /// Further arguments.
    #[serde(default)]
    arguments: Vec<String>,
    /// What is stated of the machine instead of [`MACHINE`].
    machine: Option<Vec<String>>,
    /// The words behind `gunicorn` as a person reads them off the file afterwards.
    gunicorn: Option<String>,
    /// The same of another server, its name in front; of Hypercorn the configuration file.
    takes: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Table {
    case: Vec<Case>,
}

/// The number of cores and so on that every case is about.
const MACHINE: &[&str] = &["--cpus", "2", "--memory", "512MiB", "--workload", "mixed"];

const FLASK: &str =
    "from flask import Flask\n\napp = Flask(__name__)\n\n\n@app.get(\"/\")\ndef index():\n    return \"x\"\n";
const FASTAPI: &str =
    "from fastapi import FastAPI\n\napp = FastAPI()\n\n\n@app.get(\"/\")\nasync def index():\n    return \"x\"\n";

fn cases() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/advise_written");
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder).expect("the tables are there").map(|entry| entry.expect("is readable").path()).collect();
    paths.sort();
    let tables = paths.iter().map(|path| {
        let text = fs::read_to_string(path).expect("a table is readable");
        let table = toml::from_str::<Table>(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let stem = path.file_stem().expect("has a name").to_string_lossy().into_owned();
        table.case.into_iter().map(move |case| Case { name: format!("{stem}: {}", case.name), ..case })
    });
    tables.flatten().collect()
}

/// What becomes of a value that is literal, missing, computed, templated or overridden in each format: the cases that show
/// it, or why there is none.
const FORMATS: &[(&str, [&str; 5])] = &[
    (
        "gunicorn.conf.py",
        [
            "gunicorn-conf: a literal",
            "gunicorn-conf: missing, behind the last assignment",
            "gunicorn-conf: a formula over the cores",
            "formats: gunicorn.conf.py: a variable with a default",
            "gunicorn-conf: overridden by the command line",
        ],
    ),
    (
        "Dockerfile, a list",
        [
            "dockerfile: exec form, a literal",
            "dockerfile: exec form, missing",
            "formats: Dockerfile, a list: computed by a shell in it",
            "formats: Dockerfile, a list: a template that no shell fills in",
            "dockerfile: a variable that the command overrides",
        ],
    ),
    (
        "Dockerfile, a line",
        [
            "dockerfile: shell form, a literal",
            "dockerfile: shell form, missing",
            "dockerfile: computed by the shell",
            "dockerfile: a template",
            "formats: Dockerfile, a line: what overrides the configuration file",
        ],
    ),
    (
        "Dockerfile, ENV",
        [
            "dockerfile: a variable of the image",
            "- a new setting goes to the command",
            "- Docker computes nothing",
            "formats: Dockerfile, ENV: from an argument of the build",
            "dockerfile: a variable that the command overrides",
        ],
    ),
    (
        "compose, command",
        [
            "compose: a list, a literal",
            "compose: a string, missing",
            "compose: computed by a shell",
            "compose: a template",
            "compose: a variable that the command overrides",
        ],
    ),
    (
        "compose, environment",
        [
            "compose: a variable in a map",
            "formats: compose, environment: missing",
            "- compose computes nothing",
            "formats: compose, environment: a template",
            "compose: a variable that the command overrides",
        ],
    ),
    (
        "Kubernetes, arguments",
        [
            "kubernetes: arguments, a literal",
            "kubernetes: arguments, missing",
            "formats: Kubernetes, arguments: computed by a shell",
            "kubernetes: a template",
            "kubernetes: overridden by the arguments",
        ],
    ),
    (
        "Kubernetes, env",
        [
            "kubernetes: a variable",
            "- a new setting goes to the arguments",
            "- Kubernetes computes nothing",
            "kubernetes: a variable from elsewhere",
            "formats: Kubernetes, env: overridden by the arguments",
        ],
    ),
    (
        "Helm",
        [
            "formats: Helm: a literal of the template",
            "formats: Helm: missing",
            "- as in Kubernetes",
            "formats: Helm: a literal among the values",
            "- as in Kubernetes",
        ],
    ),
    (
        "Procfile",
        [
            "lines: Procfile, a literal",
            "lines: Procfile, missing",
            "lines: Procfile, computed",
            "lines: Procfile, a template",
            "formats: Procfile: a variable that the command overrides",
        ],
    ),
    (
        "systemd",
        [
            "lines: systemd, a literal",
            "lines: systemd, missing",
            "lines: systemd, computed by a shell",
            "lines: systemd, a template",
            "lines: systemd, overridden by a drop-in",
        ],
    ),
    (
        "supervisor",
        [
            "lines: supervisor, a literal",
            "lines: supervisor, missing",
            "formats: supervisor: computed by a shell",
            "lines: supervisor, a template",
            "lines: supervisor, overridden",
        ],
    ),
    (
        "uwsgi.ini",
        [
            "servers: uWSGI, a literal",
            "servers: uWSGI, missing",
            "servers: uWSGI, computed",
            "servers: uWSGI, a template",
            "servers: uWSGI, overridden",
        ],
    ),
    (
        "a script",
        [
            "lines: script, a literal",
            "lines: script, missing on continued lines",
            "lines: script, computed",
            "lines: script, a template",
            "formats: script: a variable that the command overrides",
        ],
    ),
    (
        ".env",
        [
            "dotenv: a literal",
            "formats: .env: missing",
            "- nobody computes there",
            "formats: .env: a template",
            "dotenv: overridden",
        ],
    ),
    (
        "fly.toml",
        [
            "platforms: fly, a literal",
            "platforms: fly, missing",
            "formats: fly: computed by a shell",
            "formats: fly: a template",
            "formats: fly: a variable that the command overrides",
        ],
    ),
    (
        "render.yaml",
        [
            "platforms: render, a literal",
            "formats: render: missing",
            "formats: render: computed by a shell",
            "formats: render: a template",
            "formats: render: a variable that the command overrides",
        ],
    ),
    (
        "app.json",
        [
            "platforms: Heroku's app.json, a variable",
            "formats: app.json: missing",
            "- Heroku computes nothing",
            "- it has none",
            "formats: app.json: a variable that the command overrides",
        ],
    ),
    (
        "uvicorn.run",
        [
            "servers: uvicorn.run, a literal",
            "servers: uvicorn.run, missing",
            "servers: uvicorn.run, computed from the cores",
            "servers: uvicorn.run, from a variable",
            "formats: uvicorn.run: a variable that the call overrides",
        ],
    ),
];

#[test]
fn every_format_has_a_case_for_every_kind_of_value() {
    let known: Vec<String> = cases().into_iter().map(|case| case.name).collect();
    let named = FORMATS.iter().flat_map(|(format, names)| names.iter().map(move |name| (format, *name)));
    let lost: Vec<_> =
        named.filter(|(_, name)| !name.starts_with("- ") && !known.iter().any(|known| known == name)).collect();
    assert!(lost.is_empty(), "{lost:?}");
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn of(case: &Case) -> Self {
        let folder = Self(tempfile::tempdir().expect("a folder can be made"));
        folder.write("app.py", FLASK);
        if Path::new(&case.file).extension().is_none_or(|extension| extension != "py")
            || case.file == "gunicorn.conf.py"
        {
            folder.write("main.py", FASTAPI);
        }
        folder.write("requirements.txt", "gunicorn==27.0.1\nflask\nfastapi\nuvicorn\nhypercorn\ngranian\ndaphne\n");
        for (path, text) in &case.beside {
            folder.write(path, text);
        }
        folder.write(&case.file, &case.before);
        folder
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.0.path().join(path);
        fs::create_dir_all(path.parent().expect("is inside")).expect("a folder can be made");
        fs::write(path, text).expect("a file can be written");
    }

    fn farrier(&self, case: &Case, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_farrier"));
        // A case about requests of another kind says so.
        let stated = case.arguments.iter().any(|argument| argument == "--workload");
        let usual = MACHINE.iter().take(if stated { 4 } else { MACHINE.len() }).map(|word| (*word).to_owned());
        let machine: Vec<String> = case.machine.clone().unwrap_or_else(|| usual.collect());
        command.arg("advise").args(machine).args(arguments).args(&case.arguments);
        command.current_dir(self.0.path()).env_clear().output().expect("farrier runs")
    }

    /// Every file but the one of the case, and the copy of its old text.
    fn others(&self, case: &Case) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = BTreeMap::new();
        let mut open = vec![self.0.path().to_path_buf()];
        while let Some(folder) = open.pop() {
            for entry in fs::read_dir(folder).expect("is a folder") {
                let path = entry.expect("is readable").path();
                if path.is_dir() {
                    open.push(path);
                } else if path != self.0.path().join(&case.file) && !path.ends_with(format!("{}~", case.file)) {
                    files.insert(path.clone(), fs::read(&path).expect("is readable"));
                }
            }
        }
        files
    }
}

#[test]
fn every_format_is_written_or_refused() {
    let mut wrong = Vec::new();
    let cases = cases();
    assert!(cases.len() > 80, "{} cases are too few for every format", cases.len());
    for case in &cases {
        if let Err(why) = holds(case) {
            wrong.push(format!("== {}: {why}", case.name));
        }
    }
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

fn holds(case: &Case) -> Result<(), String> {
    let folder = Folder::of(case);
    let others = folder.others(case);
    let text = || fs::read_to_string(folder.0.path().join(&case.file)).expect("the file is still there");
    let shown = folder.farrier(case, &["--diff"]);
    if text() != case.before {
        return Err("`--diff` changed the file".to_owned());
    }
    let ran = folder.farrier(case, &["--fix"]);
    let said = String::from_utf8_lossy(&ran.stdout).into_owned() + &String::from_utf8_lossy(&ran.stderr);
    if text() != *case.after.as_ref().unwrap_or(&case.before) {
        return Err(format!("holds\n{}\n{said}", text()));
    }
    if folder.others(case) != others {
        return Err(format!("another file has changed\n{said}"));
    }
    let copy = folder.0.path().join(format!("{}~", case.file));
    if case.after.is_some() && fs::read_to_string(copy).ok().as_ref() != Some(&case.before) {
        return Err(format!("the old text is not kept, although git does not have it\n{said}"));
    }
    let written = String::from_utf8_lossy(&ran.stdout).into_owned();
    let written: String = written.split_inclusive('\n').filter(|line| !line.starts_with("kept: ")).collect();
    if written != String::from_utf8_lossy(&shown.stdout) {
        return Err(format!("`--diff` showed something else\n{}", String::from_utf8_lossy(&shown.stdout)));
    }
    if let Some(missing) = case.refused.iter().find(|part| !said.contains(*part)) {
        return Err(format!("nothing is said of {missing:?}\n{said}"));
    }
    // An edit that nothing can be made of is a fault.
    if said.contains("not applied") || case.refused.is_empty() && said.contains("not written") {
        return Err(said);
    }
    let again = folder.farrier(case, &["--fix"]);
    if text() != *case.after.as_ref().unwrap_or(&case.before) {
        return Err(format!("a second run changes it to\n{}", text()));
    }
    // What would bring up a fault is no task that is left, for any way of asking.
    let objected = said.contains("would bring this up");
    if objected && (ran.status.code(), folder.farrier(case, &["--check"]).status.code()) != (Some(0), Some(0)) {
        return Err(format!("something is left to do\n{said}"));
    }
    if case.refused.is_empty() {
        let again = String::from_utf8_lossy(&again.stdout);
        if !again.starts_with("nothing to do: ") {
            return Err(format!("a second run says {again}"));
        }
        if folder.farrier(case, &["--check"]).status.code() != Some(0) {
            return Err("`--check` is not content".to_owned());
        }
    }
    case.takes.as_ref().map_or(Ok(()), |words| server_takes(&folder, case, words))?;
    case.gunicorn.as_ref().map_or(Ok(()), |words| gunicorn_takes(&folder, case, words))
}

/// Prints the numbers that a server reads off its words, as itself reads them.
const READS: &str = r#"
import json, sys
server, *words = sys.argv[1:]
if server == "uvicorn":
    from uvicorn.main import main
    given = main.make_context(server, words).params
elif server == "granian":
    from granian.cli import cli
    given = cli.make_context(server, words).params
elif server == "hypercorn":
    from hypercorn.config import Config
    given = {name: getattr(Config.from_toml(words[0]), name) for name in ("workers", "graceful_timeout", "keep_alive_timeout")}
elif server == "daphne":
    from daphne.cli import CommandLineInterface
    given = vars(CommandLineInterface().parser.parse_args(words))
print(json.dumps({name: value for name, value in given.items() if type(value) in (int, float)}))
"#;

/// What uWSGI itself makes of its words and files, by the names of its options; the last of a name counts.
fn uwsgi_reads(folder: &Folder, words: &str) -> Option<Json> {
    let mut command = Command::new(compiled("uwsgi==2.0.31").join("bin/uwsgi"));
    command.args(["--no-server", "--show-config"]).args(words.split_whitespace()).current_dir(folder.0.path());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut process = command.env_clear().spawn().expect("uWSGI starts");
    let mut options = None;
    for line in BufReader::new(process.stderr.take().expect("it was asked for")).lines().map_while(Result::ok) {
        match &mut options {
            None if line == "[uwsgi]" => options = Some(serde_json::Map::new()),
            None => {}
            Some(_) if line == ";end of configuration" => break,
            Some(options) => {
                let (name, value) = line.split_once(" = ").unwrap_or((&line, "1"));
                options.insert(name.replace('-', "_"), value.parse().map_or_else(|_| value.into(), |n: u64| n.into()));
            }
        }
    }
    let _ = process.kill();
    let _ = process.wait();
    options.map(Json::Object)
}

/// Another server takes what is written, and makes of it what farrier says.
fn server_takes(folder: &Folder, case: &Case, words: &str) -> Result<(), String> {
    let theirs: Json = if let Some(words) = words.strip_prefix("uwsgi ") {
        uwsgi_reads(folder, words).ok_or_else(|| format!("uWSGI refuses {words}"))?
    } else {
        let mut python = servers_environment().command();
        let ran = python.args(["-c", READS]).args(words.split_whitespace()).current_dir(folder.0.path());
        let ran = ran.output().expect("Python runs");
        serde_json::from_slice(&ran.stdout)
            .map_err(|_| format!("{words} is refused: {}", String::from_utf8_lossy(&ran.stderr)))?
    };
    let report = folder.farrier(case, &["--format", "json"]);
    let report: Json = serde_json::from_slice(&report.stdout).map_err(|error| error.to_string())?;
    let items = report["services"][0]["items"].as_array().cloned().unwrap_or_default();
    for item in items.iter().filter(|item| item["current"].is_u64()) {
        let setting = item["setting"].as_str().unwrap_or_default();
        if theirs.get(setting).is_some_and(|number| number.as_f64() != item["current"].as_f64()) {
            return Err(format!("{words} makes {} of {setting}, farrier {}", theirs[setting], item["current"]));
        }
    }
    Ok(())
}

/// Gunicorn checks the configuration, and makes of it what farrier says.
fn gunicorn_takes(folder: &Folder, case: &Case, words: &str) -> Result<(), String> {
    let environment = python_environment();
    let ran = environment
        .command()
        .arg("-m")
        .arg("gunicorn")
        .args(["--check-config", "--print-config"])
        .args(words.split_whitespace())
        .current_dir(folder.0.path())
        .output()
        .expect("Python runs");
    if !ran.status.success() {
        return Err(format!("Gunicorn refuses it: {}", String::from_utf8_lossy(&ran.stderr)));
    }
    let printed = String::from_utf8_lossy(&ran.stdout).into_owned();
    let report = folder.farrier(case, &["--format", "json"]);
    let report: Json = serde_json::from_slice(&report.stdout).map_err(|error| error.to_string())?;
    let items = report["services"][0]["items"].as_array().cloned().unwrap_or_default();
    // What compose waits is no setting of it.
    let own = |item: &&Json| item["current"].is_u64() && item["setting"] != "stop_grace_period";
    for item in items.iter().filter(own) {
        let setting = item["setting"].as_str().unwrap_or_default();
        let line = printed.lines().find(|line| line.split_whitespace().next() == Some(setting));
        let theirs = line.and_then(|line| line.rsplit('=').next()).map(str::trim);
        if theirs != Some(&item["current"].to_string()) {
            return Err(format!("Gunicorn makes {theirs:?} of {setting}, farrier {}", item["current"]));
        }
    }
    Ok(())
}

#[test]
fn a_file_is_whole_whatever_happens_while_it_is_written() {
    let case = Case {
        name: "full disk".to_owned(),
        file: "gunicorn.conf.py".to_owned(),
        before: format!("workers = 12\n# {}\n", "x".repeat(200_000)),
        beside: BTreeMap::from([("Procfile".to_owned(), "web: gunicorn app:app\n".to_owned())]),
        after: None,
        refused: Vec::new(),
        arguments: Vec::new(),
        machine: None,
        gunicorn: None,
        takes: None,
    };
    let folder = Folder::of(&case);
    let path = folder.0.path().join(&case.file);
    // No file may grow beyond a few blocks: writing the new one stops in the middle, as on a full disk.
    let command = format!(
        "ulimit -f 8; trap '' XFSZ; exec '{}' advise {} --fix",
        env!("CARGO_BIN_EXE_farrier"),
        MACHINE.join(" ")
    );
    let full = Command::new("sh").args(["-c", &command]).current_dir(folder.0.path()).output().expect("sh runs");
    assert_eq!(full.status.code(), Some(2), "{}", String::from_utf8_lossy(&full.stdout));
    assert_eq!(fs::read_to_string(&path).expect("it is there"), case.before);
    let left: Vec<_> = fs::read_dir(folder.0.path())
        .expect("is a folder")
        .map(|entry| entry.expect("is readable").file_name().to_string_lossy().into_owned())
        .filter(|name| name.starts_with(".farrier-"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
    // A run that is killed at any moment leaves the old text or the new one.
    let new = case.before.replacen("12", "4", 1);
    for microseconds in (0..40_000).step_by(2_000) {
        fs::write(&path, &case.before).expect("can be written");
        let mut child = Command::new(env!("CARGO_BIN_EXE_farrier"))
            .arg("advise")
            .args(MACHINE)
            .arg("--fix")
            .current_dir(folder.0.path())
            .stdout(std::process::Stdio::null())
            .spawn()
            .expect("farrier runs");
        std::thread::sleep(std::time::Duration::from_micros(microseconds));
        let _ = child.kill();
        child.wait().expect("it ends");
        let text = fs::read_to_string(&path).expect("it is there");
        assert!(text == case.before || text == new, "after {microseconds} us");
    }
}

/// Where a file bounds the cores of a container, whoever asks knows nothing of the memory there; nor does a command say
/// what it leaves to the default.
#[test]
fn nothing_of_this_machine_counts_for_a_container_elsewhere() {
    let folder = Folder(tempfile::tempdir().expect("a folder can be made"));
    folder.write("app.py", FLASK);
    folder
        .write("compose.yaml", "services:\n  web:\n    image: web\n    cpus: 2\n    command: gunicorn -w 12 app:app\n");
    let farrier = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_farrier"));
        command.arg("advise").args(arguments).current_dir(folder.0.path()).env_clear();
        String::from_utf8_lossy(&command.output().expect("farrier runs").stdout).into_owned()
    };
    let text = farrier(&["--workload", "io"]);
    assert!(!text.contains("this machine"), "{text}");
    assert!(text.contains("not known: how much memory the service may use"), "{text}");
    assert!(text.contains("worker_class: sync now (default): set gthread"), "{text}");
    assert!(!farrier(&["--memory", "1GiB"]).contains("not known: how much memory"));
}
