//! What `farrier show` says that a shell script starts is what real shells start.
//!
//! Every case of `tests/shell_launches/*.toml` becomes a small project. Its command runs in real shells, in
//! which stand-ins for the servers record their words, variables and folder; Gunicorn's own loader makes
//! settings of the words. A value that farrier claims to know and that is wrong fails, and so does one that
//! it does not know although the files tell it.
#![allow(clippy::expect_used, reason = "a test stops where its own tools fail")]
#![cfg(unix)]

mod support;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;
use serde_json::{Value as Json, json};

use support::corpus::corpus;
use support::python::{python_environment, release};
use support::sides::{ask, shared_out, shown};

/// A project that starts servers through a shell, and what about it cannot be told from its files.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    /// The script, or the command line where `kind` is not a script.
    run: String,
    #[serde(default)]
    kind: Kind,
    /// The words behind the name of the script.
    #[serde(default)]
    args: Vec<String>,
    /// Variables that the image sets.
    #[serde(default)]
    env: BTreeMap<String, String>,
    /// Further files.
    #[serde(default)]
    files: BTreeMap<String, String>,
    /// Variables that only the machine has.
    #[serde(default)]
    outside: BTreeMap<String, String>,
    /// Settings that farrier must say it does not know; `*` for any.
    #[serde(default)]
    unknown: Vec<String>,
    /// Variables that the settings must be said to depend on.
    #[serde(default)]
    depends: Vec<String>,
    /// How many ways to start a server farrier sees, where that is more than really start: a branch
    /// that another environment takes.
    ways: Option<usize>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    /// `start.sh`, run by `sh`; it must do the same in `bash`.
    #[default]
    Sh,
    /// `start.sh`, run by `bash`.
    Bash,
    /// `start.sh`, run by `sh`, which is `dash` in the image.
    Dash,
    Procfile,
    ImageShell,
    Compose,
}

/// Programs that scripts call on the way; they succeed and print nothing, unless they have an entry here.
const OTHERS: [(&str, &str); 22] = [
    ("nproc", "echo 4"),
    ("getconf", "echo 4"),
    ("pg_isready", ""),
    ("python", ""),
    ("python3", ""),
    ("alembic", ""),
    ("flask", ""),
    ("curl", ""),
    ("wget", ""),
    ("nc", ""),
    ("celery", ""),
    ("uv", ""),
    ("poetry", ""),
    ("sleep", ""),
    ("hostname", "echo machine"),
    ("nginx", ""),
    ("supervisorctl", ""),
    ("redis-cli", ""),
    ("mysqladmin", ""),
    ("chown", ""),
    ("id", "echo 0"),
    ("aws", "echo secret"),
];

const SERVERS: [&str; 3] = ["gunicorn", "uvicorn", "hypercorn"];

/// Wrappers that start what is behind them.
const WRAPPERS: [(&str, &str); 5] = [
    ("gosu", "shift"),
    ("su-exec", "shift"),
    ("tini", "while [ \"$1\" != -- ]; do shift; done; shift"),
    ("dumb-init", "[ \"$1\" = -- ] && shift"),
    ("ddtrace-run", ":"),
];

/// One start of a server, as its stand-in saw it.
#[derive(Debug, Clone, PartialEq)]
struct Start {
    server: String,
    argv: Vec<String>,
    folder: PathBuf,
    env: BTreeMap<String, String>,
}

fn write(path: &Path, text: &str, executable: bool) {
    fs::create_dir_all(path.parent().expect("a file lies in a folder")).expect("a scratch folder is writable");
    fs::write(path, text).expect("a scratch folder is writable");
    if executable {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("a scratch folder is writable");
    }
}

/// The stand-ins, in a folder of their own.
fn stand_ins(folder: &Path) {
    for server in SERVERS {
        let record = format!(
            "#!/bin/sh\nat=$(mktemp -d \"$RECORDS/XXXXXXXX\")\nprintf '%s\\0' {server} \"$PWD\" \"$@\" > \"$at/words\"\n\
             env -0 > \"$at/env\"\nmv \"$at\" \"$at.done\"\n"
        );
        write(&folder.join(server), &record, true);
    }
    for (name, does) in OTHERS {
        write(&folder.join(name), &format!("#!/bin/sh\n{does}\n"), true);
    }
    let honcho = release("honcho==2.0.0");
    let code = "import sys; sys.path.insert(0, sys.argv.pop(1)); from honcho.command import main; main()";
    let python = python_environment().python.display().to_string();
    let run = format!("#!/bin/sh\nexec {python} -B -c '{code}' {} \"$@\"\n", honcho.display());
    write(&folder.join("honcho"), &run, true);
    for (name, skips) in WRAPPERS {
        write(&folder.join(name), &format!("#!/bin/sh\n{skips}\nexec \"$@\"\n"), true);
    }
}

impl Case {
    fn title(&self) -> String {
        let mut title = format!("{:?} {:?} {:?}", self.kind, self.args, self.env);
        for line in self.run.lines() {
            let _ = write!(title, "\n  | {line}");
        }
        title
    }

    fn write(&self, folder: &Path) {
        write(&folder.join("requirements.txt"), "gunicorn==27.0.1\nuvicorn==0.54.0\n", false);
        for (name, text) in &self.files {
            write(&folder.join(name), text, Path::new(name).extension().is_some_and(|extension| extension == "sh"));
        }
        let quoted = |text: &str| Json::from(text).to_string();
        let mut image = "FROM python:3.13-slim\nWORKDIR /app\nCOPY . .\n".to_owned();
        for (name, value) in &self.env {
            let _ = writeln!(image, "ENV {name}={}", quoted(value));
        }
        match self.kind {
            Kind::Sh | Kind::Bash | Kind::Dash => {
                let shell = if self.kind == Kind::Bash { "bash" } else { "sh" };
                write(&folder.join("start.sh"), &format!("#!/usr/bin/env {shell}\n{}\n", self.run), true);
                let words: Vec<&str> =
                    std::iter::once("./start.sh").chain(self.args.iter().map(String::as_str)).collect();
                let _ = writeln!(image, "ENTRYPOINT {}", json!([words[0]]));
                let _ = writeln!(image, "CMD {}", json!(words[1..]));
                write(&folder.join("Dockerfile"), &image, false);
            }
            Kind::ImageShell => {
                let _ = writeln!(image, "CMD {}", self.run);
                write(&folder.join("Dockerfile"), &image, false);
            }
            Kind::Procfile => write(&folder.join("Procfile"), &format!("web: {}\n", self.run), false),
            Kind::Compose => {
                let command = json!(["sh", "-c", self.run.replace('$', "$$")]);
                let text = format!("services:\n  web:\n    build: .\n    command: {command}\n");
                write(&folder.join("compose.yaml"), &text, false);
                write(&folder.join("Dockerfile"), &image, false);
            }
        }
    }

    /// What starts where `shell` runs the command in a copy of the project.
    fn start(&self, shell: &str, folder: &Path, stand_ins: &Path) -> Vec<Start> {
        let records = tempfile::tempdir().expect("a scratch folder");
        let mut command = Command::new(shell);
        match self.kind {
            Kind::Sh | Kind::Bash | Kind::Dash => command.arg("./start.sh").args(&self.args),
            _ => command.arg("-c").arg(&self.run),
        };
        let path = format!("{}:/usr/local/bin:/usr/bin:/bin", stand_ins.display());
        command.current_dir(folder).env_clear().env("PATH", path).env("HOME", "/root").env("LANG", "C.UTF-8");
        command.env("RECORDS", records.path()).envs(&self.env).envs(&self.outside);
        let output = command.stdin(Stdio::null()).output().expect("the shell is installed");
        // What was put behind may still be at work.
        for _ in 0..200 {
            let left = |entry: fs::DirEntry| !entry.file_name().to_string_lossy().ends_with(".done");
            let open = fs::read_dir(records.path()).expect("readable").filter_map(Result::ok).any(left);
            if !open {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        let done = fs::read_dir(records.path()).expect("readable").map(|entry| entry.expect("readable").path());
        let mut starts: Vec<Start> = done.map(|at| recorded(&at)).collect();
        // Of two that start at the same time either may be first.
        starts.sort_by(|one, other| (&one.server, &one.argv).cmp(&(&other.server, &other.argv)));
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!starts.is_empty() || self.ways == Some(0), "nothing starts in {shell}:\n{}\n{said}", self.title());
        starts
    }
}

fn recorded(at: &Path) -> Start {
    let read = |name: &str| fs::read_to_string(at.join(name)).expect("the stand-in wrote it");
    let words = read("words");
    let mut words = words.split_terminator('\0').map(str::to_owned);
    let server = words.next().expect("its name");
    let folder = PathBuf::from(words.next().expect("its folder"));
    let env = read("env");
    let hidden = ["RECORDS", "PATH", "PWD", "OLDPWD", "SHLVL", "_", "HOME", "LANG"];
    let env = env.split_terminator('\0').filter_map(|pair| pair.split_once('='));
    let env = env.filter(|(name, _)| !hidden.contains(name)).map(|(name, value)| (name.to_owned(), value.to_owned()));
    Start { server, folder, env: env.collect(), argv: words.collect() }
}

/// Settings that words and variables reach.
const SETTINGS: [&str; 24] = [
    "workers",
    "threads",
    "bind",
    "timeout",
    "graceful_timeout",
    "keepalive",
    "max_requests",
    "max_requests_jitter",
    "worker_connections",
    "backlog",
    "loglevel",
    "accesslog",
    "errorlog",
    "access_log_format",
    "capture_output",
    "reload",
    "preload_app",
    "worker_tmp_dir",
    "worker_class",
    "raw_env",
    "forwarded_allow_ips",
    "statsd_prefix",
    "pidfile",
    "limit_request_line",
];

#[test]
fn servers_start_as_real_shells_start_them() {
    let cases: Vec<(String, Case)> = corpus("shell_launches");
    assert!(cases.len() >= 120, "only {} scripts are left", cases.len());
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let bin = scratch.path().join("bin");
    stand_ins(&bin);
    let folders: Vec<PathBuf> = cases.iter().map(|(id, _)| scratch.path().join("projects").join(id)).collect();
    let mut real: Vec<Vec<Start>> = Vec::new();
    for ((_, case), folder) in cases.iter().zip(&folders) {
        case.write(folder);
        real.push(run(case, folder, &bin));
    }
    let asked: Vec<&Start> = real.iter().flatten().filter(|start| start.server == "gunicorn").collect();
    let questions: Vec<Json> =
        asked.iter().map(|start| json!({ "folder": start.folder, "argv": start.argv, "env": start.env })).collect();
    let mut answers =
        shared_out(&questions, |part| ask(python_environment().command(), "gunicorn_loader.py", part)).into_iter();
    let told = shown(&folders);
    let mut report = String::new();
    let mut failed = 0;
    for ((((id, case), folder), starts), told) in cases.iter().zip(&folders).zip(&real).zip(&told) {
        let settings: Vec<Json> = starts.iter().map(|start| settings(start, &mut answers)).collect();
        let problems = compare(case, folder, starts, &settings, told);
        failed += usize::from(!problems.is_empty());
        if !problems.is_empty() {
            let _ = writeln!(report, "\n{id} {}\n  {}", case.title(), problems.join("\n  "));
        }
    }
    assert!(failed == 0, "{failed} of {} scripts are followed differently:\n{report}", cases.len());
}

/// What starts, which must be the same in every shell that the script is for.
fn run(case: &Case, folder: &Path, bin: &Path) -> Vec<Start> {
    let shells: &[&str] = match case.kind {
        Kind::Bash => &["bash"],
        Kind::Dash => &["dash"],
        _ => &["sh", "bash"],
    };
    let mut found: Vec<Vec<Start>> = Vec::new();
    for shell in shells {
        // A script may write files.
        let own = tempfile::tempdir_in(folder.parent().expect("it lies in a folder")).expect("a scratch folder");
        let copy = own.path().join("project");
        let status = Command::new("cp").arg("-r").arg(folder).arg(&copy).status().expect("cp is installed");
        assert!(status.success());
        let mut starts = case.start(shell, &copy, bin);
        let copy = copy.canonicalize().expect("it is there");
        for start in &mut starts {
            let below = start.folder.strip_prefix(&copy).map(Path::to_owned).unwrap_or_default();
            start.folder = folder.join(below);
        }
        found.push(starts);
    }
    let first = found.remove(0);
    for other in found {
        let words = |starts: &[Start]| starts.iter().map(|start| start.argv.clone()).collect::<Vec<_>>();
        assert_eq!(words(&first), words(&other), "the shells differ:\n{}", case.title());
    }
    first
}

/// The settings that a server makes of its words and variables.
fn settings(start: &Start, answers: &mut impl Iterator<Item = Json>) -> Json {
    if start.server == "gunicorn" {
        let answer = answers.next().expect("one for every start");
        return answer;
    }
    let mut settings = serde_json::Map::new();
    let mut words = start.argv.iter();
    while let Some(word) = words.next() {
        let value = match word.as_str() {
            "--workers" | "--port" => json!({ "value": words.next().and_then(|text| text.parse::<i64>().ok()) }),
            "--host" | "--log-level" => json!({ "value": words.next() }),
            "--reload" | "--proxy-headers" => json!({ "value": true }),
            _ => continue,
        };
        settings.insert(word[2..].replace('-', "_"), value);
    }
    json!({ "settings": settings })
}

fn compare(
    case: &Case,
    folder: &Path,
    starts: &[Start],
    settings: &[Json],
    told: &Result<Json, String>,
) -> Vec<String> {
    let document = match told {
        Ok(document) => document,
        Err(said) if starts.is_empty() => {
            return if case.ways == Some(0) { Vec::new() } else { vec![said.clone()] };
        }
        Err(said) => return vec![said.clone()],
    };
    let launches = document["launches"].as_array().map_or(&[][..], Vec::as_slice);
    let mut problems = Vec::new();
    let expected = case.ways.unwrap_or(starts.len());
    if launches.len() != expected {
        problems.push(format!("farrier sees {} launches, not {expected}", launches.len()));
    }
    for (start, real) in starts.iter().zip(settings) {
        if real["refused"].is_string() {
            problems.push(format!("Gunicorn refuses {:?}: {}", start.argv, real["said"]));
            continue;
        }
        let differences: Vec<Vec<String>> =
            launches.iter().map(|launch| differences(case, folder, start, real, launch)).collect();
        match differences.iter().min_by_key(|found| found.len()) {
            Some(found) if found.is_empty() => {}
            Some(found) => problems.push(format!("{} {:?}: {}", start.server, start.argv, found.join("; "))),
            None => problems.push(format!("farrier does not see {} {:?}", start.server, start.argv)),
        }
    }
    problems
}

fn differences(case: &Case, folder: &Path, start: &Start, real: &Json, launch: &Json) -> Vec<String> {
    let mut problems = Vec::new();
    if launch["server"] != start.server {
        return vec![format!("farrier has {}", launch["server"]); 99];
    }
    let app = start.argv.iter().rfind(|word| word.contains(':') && word.split(':').count() == 2 && !word.contains('.'));
    if let Some(app) = app.filter(|_| !case.unknown.iter().any(|name| name == "app"))
        && launch["app"].as_str() != Some(app)
    {
        problems.push(format!("the application is {app}, farrier has {}", launch["app"]));
    }
    let below = start.folder.strip_prefix(folder).unwrap_or(Path::new("")).to_string_lossy().into_owned();
    if launch["folder"].as_str() != Some(&below) && !case.unknown.iter().any(|name| name == "folder") {
        problems.push(format!("it starts in `{below}`, farrier has {}", launch["folder"]));
    }
    let settings = real["settings"].as_object().expect("the driver lists the settings");
    for (name, expected) in settings {
        let compared = start.server != "gunicorn" || SETTINGS.contains(&name.as_str());
        let told = &launch["settings"][name];
        if !compared || told.is_null() {
            continue;
        }
        let must_be_unknown = case.unknown.iter().any(|unknown| unknown == name);
        let value = &expected["value"];
        let may_be_unknown = must_be_unknown || case.unknown.iter().any(|name| name == "*");
        if told["known"] != true {
            if !may_be_unknown {
                problems.push(format!("{name} is {value}, farrier does not know: {}", told["reason"]));
            }
        } else if must_be_unknown {
            problems.push(format!("{name}: farrier claims {}, which only the machine knows", told["value"]));
        } else if told["value"] != *value && !is_class(value, &told["value"]) {
            problems.push(format!("{name} is {value}, farrier has {}", told["value"]));
        }
    }
    for name in &case.depends {
        let wanted = json!(format!("env:{name}"));
        let known = launch["settings"].as_object().into_iter().flat_map(serde_json::Map::values);
        let says = |setting: &Json| setting["depends"].as_array().is_some_and(|all| all.contains(&wanted));
        if !known.into_iter().any(says) {
            problems.push(format!("no setting is said to depend on {name}"));
        }
    }
    problems
}

/// Gunicorn keeps the class where farrier keeps its name.
fn is_class(real: &Json, told: &Json) -> bool {
    real["class"]
        .as_str()
        .or(real.as_str())
        .is_some_and(|class| told.as_str().is_some_and(|told| class.to_lowercase().contains(&told.to_lowercase())))
}

#[test]
fn the_comparison_sees_differences() {
    let case: Case = toml::from_str("run = ''\nunknown = ['threads']").expect("a case");
    let start = Start {
        server: "gunicorn".to_owned(),
        argv: vec!["app:app".to_owned()],
        folder: PathBuf::from("/p/src"),
        env: BTreeMap::new(),
    };
    let real = json!({ "settings": { "workers": { "value": 3 }, "threads": { "value": 2 } } });
    let launch = |workers: Json, threads: bool, folder: &str| {
        json!({
            "server": "gunicorn", "app": "app:app", "folder": folder,
            "settings": { "workers": { "known": true, "value": workers }, "threads": { "known": threads, "value": 2 } },
        })
    };
    let found = |launch: Json| differences(&case, Path::new("/p"), &start, &real, &launch).len();
    assert_eq!(found(launch(json!(3), false, "src")), 0);
    assert_eq!(found(launch(json!(4), false, "src")), 1);
    assert_eq!(found(launch(json!(3), true, "src")), 1);
    assert_eq!(found(launch(json!(3), false, "")), 1);
}
