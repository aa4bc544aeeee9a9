//! What `farrier show` says about Gunicorn's settings is what Gunicorn itself makes of the same files,
//! variables and words.
//!
//! Every case of `tests/gunicorn_settings/*.toml` becomes a folder. Gunicorn's own loader reads it in
//! one process per case, and every setting is compared: a value that farrier claims to know and that
//! is wrong fails, and so does one that it does not know although the files tell it.
#![allow(clippy::expect_used, reason = "a test stops where its own tools fail")]

mod support;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Value as Json, json};

use support::corpus::corpus;
use support::python::python_environment;
use support::sides::{ask, shared_out, shown};

/// One configuration, and what about it cannot be told from its files.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    /// The file that starts Gunicorn.
    #[serde(default)]
    kind: Kind,
    /// The command in it.
    #[serde(default = "plain_command")]
    run: String,
    /// The words behind `gunicorn` as a person reads them off `files`, which then hold the file that
    /// starts it; `run` is not used.
    argv: Option<Vec<String>>,
    /// The folder that becomes the working folder of the image, where `argv` is given.
    #[serde(default)]
    cwd: String,
    /// Variables that the file sets beside the command.
    #[serde(default)]
    env: BTreeMap<String, String>,
    /// The content of `gunicorn.conf.py`.
    conf: Option<String>,
    /// Further files.
    #[serde(default)]
    files: BTreeMap<String, String>,
    /// Variables that only the machine has; no file sets them.
    #[serde(default)]
    outside: BTreeMap<String, String>,
    /// Settings that rest on the machine or on code that must run: farrier must say that it does not
    /// know them, or name the variable of `outside` that they depend on.
    #[serde(default)]
    depends: Vec<String>,
    /// Settings that farrier may know or not, `*` for all; what it knows must still be right.
    #[serde(default)]
    also_unknown: Vec<String>,
    /// Gunicorn does not start, and farrier must say so.
    #[serde(default)]
    refuses: bool,
    /// It does not start because of what is outside the files, so farrier may stay silent.
    #[serde(default)]
    from_outside: bool,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    #[default]
    Procfile,
    Image,
    ImageShell,
    Compose,
    ComposeList,
    Script,
}

fn plain_command() -> String {
    "gunicorn app:app".to_owned()
}

const IMAGE: &str = "FROM python:3.13-slim\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\n";

impl Case {
    fn title(&self) -> String {
        let mut title = match &self.argv {
            Some(argv) => format!("{:?} for {argv:?} in `{}`", self.files, self.cwd),
            None => format!("{:?}: {}", self.kind, self.run),
        };
        for (name, value) in &self.env {
            let _ = write!(title, "\n  {name}={value}");
        }
        for line in self.conf.iter().flat_map(|conf| conf.lines()) {
            let _ = write!(title, "\n  | {line}");
        }
        title
    }

    fn write(&self, folder: &Path) {
        let mut files = BTreeMap::from([
            (
                "app.py".to_owned(),
                "def app(environ, start_response):\n    start_response('200 OK', [])\n    return []\n".to_owned(),
            ),
            ("requirements.txt".to_owned(), "gunicorn==27.0.1\n".to_owned()),
        ]);
        if let Some(conf) = &self.conf {
            files.insert("gunicorn.conf.py".to_owned(), conf.clone());
        }
        files.extend(self.files.clone());
        if self.argv.is_none() {
            files.extend(self.launcher());
        }
        for (name, text) in files {
            let path = folder.join(name);
            fs::create_dir_all(path.parent().expect("a file lies in a folder")).expect("a scratch folder is writable");
            fs::write(path, text).expect("a scratch folder is writable");
        }
    }

    /// The files that start the server.
    fn launcher(&self) -> Vec<(String, String)> {
        let quoted = |value: &str| Json::from(value).to_string();
        let words = || json!(shell_words(&self.run)).to_string();
        let mut environment = String::new();
        for (name, value) in &self.env {
            let _ = writeln!(environment, "ENV {name}={}", quoted(value));
        }
        let image = |command: &str| vec![("Dockerfile".to_owned(), format!("{IMAGE}{environment}{command}"))];
        let compose = |command: &str| {
            let mut text = format!("services:\n  web:\n    build: .\n    command: {command}\n");
            if !self.env.is_empty() {
                text.push_str("    environment:\n");
            }
            for (name, value) in &self.env {
                let _ = writeln!(text, "      {name}: {}", quoted(value));
            }
            vec![("compose.yaml".to_owned(), text), ("Dockerfile".to_owned(), IMAGE.to_owned())]
        };
        match self.kind {
            Kind::Procfile => vec![("Procfile".to_owned(), format!("web: {}\n", self.run))],
            Kind::Image => image(&format!("CMD {}\n", words())),
            Kind::ImageShell => image(&format!("CMD {}\n", self.run)),
            Kind::Compose => compose(&quoted(&self.run)),
            Kind::ComposeList => compose(&words()),
            Kind::Script => {
                let mut script = "#!/bin/sh\nset -e\n".to_owned();
                for (name, value) in &self.env {
                    let _ = writeln!(script, "export {name}='{value}'");
                }
                let _ = writeln!(script, "exec {}", self.run);
                let mut files = vec![("start.sh".to_owned(), script)];
                files.push(("Dockerfile".to_owned(), format!("{IMAGE}CMD [\"./start.sh\"]\n")));
                files
            }
        }
    }

    /// What the driver needs to start it.
    fn real(&self, folder: &Path) -> Json {
        let variables: BTreeMap<_, _> = self.env.iter().chain(&self.outside).collect();
        match &self.argv {
            Some(argv) => json!({ "folder": folder.join(&self.cwd), "argv": argv, "env": variables }),
            None => json!({ "folder": folder, "shell": self.run, "env": variables }),
        }
    }

    /// Whether the setting must be unknown.
    fn depends(&self, setting: &str) -> bool {
        self.depends.iter().any(|name| name == setting)
    }

    fn may_be_unknown(&self, setting: &str) -> bool {
        self.also_unknown.iter().any(|name| name == setting || name == "*")
    }
}

/// The words of a command without expansions.
fn shell_words(command: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for character in command.chars() {
        match (quote, character) {
            (Some(open), _) if open == character => quote = None,
            (None, '\'' | '"') => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (None, ' ') => words.extend(word.take()),
            _ => word.get_or_insert_default().push(character),
        }
    }
    words.extend(word);
    words
}

#[test]
fn every_known_setting_is_what_gunicorn_makes_of_it() {
    let cases: Vec<(String, Case)> = corpus("gunicorn_settings");
    assert!(cases.len() >= 150, "only {} configurations are left", cases.len());
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let folders: Vec<PathBuf> = cases.iter().map(|(id, _)| scratch.path().join(id)).collect();
    for ((_, case), folder) in cases.iter().zip(&folders) {
        case.write(folder);
    }
    let real: Vec<Json> = cases.iter().zip(&folders).map(|((_, case), folder)| case.real(folder)).collect();
    let answers = shared_out(&real, |part| ask(python_environment().command(), "gunicorn_loader.py", part));
    assert_eq!(answers.len(), cases.len());
    let told = shown(&folders);
    // One mistake shows in many configurations, so the report goes by what is wrong.
    let (mut wrong, mut failed) = (BTreeMap::<String, Vec<usize>>::new(), 0);
    for (at, (((_, case), answer), told)) in cases.iter().zip(&answers).zip(&told).enumerate() {
        let problems = compare(case, answer, told);
        failed += usize::from(!problems.is_empty());
        for problem in problems {
            wrong.entry(problem).or_default().push(at);
        }
    }
    let mut report = String::new();
    for (problem, places) in &wrong {
        let (id, case) = &cases[places[0]];
        let more = places[1..].iter().take(5).fold(String::new(), |more, &at| more + ", " + &cases[at].0);
        let more = if places.len() > 6 { more + " and others" } else { more };
        let _ = writeln!(report, "\n{problem}\n  in {id}{more}\n  {}", case.title());
    }
    assert!(failed == 0, "{failed} of {} configurations are read differently:\n{report}", cases.len());
}

fn compare(case: &Case, answer: &Json, told: &Result<Json, String>) -> Vec<String> {
    let refusal = answer["refused"].as_str();
    if refusal.is_some() != case.refuses {
        let said = answer["said"].as_str().unwrap_or_default();
        return vec![format!("the corpus is wrong about Gunicorn, which says: {refusal:?} {said}")];
    }
    let document = match told {
        Ok(document) => document,
        Err(said) => return vec![said.clone()],
    };
    let launches = document["launches"].as_array().map_or(&[][..], Vec::as_slice);
    let [launch] = launches else {
        return vec![format!("farrier sees {} launches, not one", launches.len())];
    };
    let errors = launch["errors"].as_array().map_or(0, Vec::len);
    if case.refuses {
        let last = answer["said"].as_str().unwrap_or_default().trim().lines().last().unwrap_or_default();
        let silent = errors == 0 && !case.from_outside;
        return if silent { vec![format!("farrier reports no error; Gunicorn says: {last}")] } else { Vec::new() };
    }
    let mut problems = Vec::new();
    if errors > 0 {
        problems.push(format!("farrier says that it does not start: {}", launch["errors"]));
    }
    let real = answer["settings"].as_object().expect("the driver lists the settings");
    // One cause leaves many settings unknown.
    let mut unknown = BTreeMap::<&str, Vec<String>>::new();
    for (name, expected) in real {
        let told = &launch["settings"][name];
        if told.is_null() {
            problems.push(format!("{name}: farrier does not list it"));
        } else if let Some(problem) = difference(case, name, expected, told) {
            match told["reason"].as_str() {
                Some(reason) => unknown.entry(reason).or_default().push(format!("{name} ({problem})")),
                None => problems.push(format!("{name}: {problem}")),
            }
        }
    }
    problems.extend(unknown.into_iter().map(|(reason, settings)| match settings.as_slice() {
        [only] => format!("{only}: {reason}"),
        [first, rest @ ..] => format!("{first} and {} more settings: {reason}", rest.len()),
        [] => reason.to_owned(),
    }));
    for name in launch["settings"].as_object().into_iter().flat_map(serde_json::Map::keys) {
        if !real.contains_key(name) {
            problems.push(format!("{name}: Gunicorn has no such setting"));
        }
    }
    // What became known must not become unknown again.
    let unknown = |name: &String| launch["settings"][name]["known"] == false;
    for name in &case.also_unknown {
        let needed = if name == "*" { real.keys().any(unknown) } else { unknown(name) };
        if !needed {
            problems.push(format!("the corpus allows that `{name}` is unknown, and it is known"));
        }
    }
    let class = answer["class"].as_str().unwrap_or_default();
    let silent = launch["worker_class"].is_null() && (case.may_be_unknown("threads") || case.depends("threads"));
    if BUILT_IN.contains(&class) && launch["worker_class"] != class && !silent {
        problems.push(format!("the class that runs is {class}, farrier says {}", launch["worker_class"]));
    }
    problems
}

/// The classes that Gunicorn has short names for, and that come without further packages.
const BUILT_IN: [&str; 4] = ["asgi", "gevent", "gthread", "sync"];

/// Defaults that are read off the machine when Gunicorn starts.
const OF_THE_HOST: [&str; 5] = ["user", "group", "chdir", "umask", "control_socket"];

fn difference(case: &Case, name: &str, expected: &Json, told: &Json) -> Option<String> {
    let default = told["origin"]["layer"] == "default";
    if default && OF_THE_HOST.contains(&name) {
        return None;
    }
    if let Some(is_set) = expected["hook"].as_bool() {
        if told["known"] == false && case.may_be_unknown(name) {
            return None;
        }
        return (is_set == default).then(|| format!("the hook is set: {is_set}, farrier has {told}"));
    }
    // A value that is said to hold unless a variable is set is no claim.
    let is_open = told["depends"].as_array().is_some_and(|depends| {
        depends
            .iter()
            .filter_map(Json::as_str)
            .filter_map(|on| on.strip_prefix("env:"))
            .any(|name| case.outside.contains_key(name))
    });
    match (told["known"] == true, case.depends(name)) {
        (true, true) if is_open => return None,
        (true, true) => {
            return Some(format!("farrier claims {} for what cannot be told from the files", told["value"]));
        }
        (false, true) => return None,
        (false, false) if case.may_be_unknown(name) => return None,
        (false, false) => {
            return Some(format!("Gunicorn has {}, farrier does not know", expected["value"]));
        }
        (true, false) => {}
    }
    // Gunicorn keeps the whole path, which the files do not tell.
    let ends = |real: &Json, told: &str| {
        let told = Path::new(told);
        real.as_str().is_some_and(|real| Path::new(real).ends_with(told.strip_prefix("./").unwrap_or(told)))
    };
    if name == "chdir" && told["value"].as_str().is_some_and(|told| ends(&expected["value"], told)) {
        return None;
    }
    // The image holds the file elsewhere.
    if name == "config" && case.argv.is_some() {
        return None;
    }
    // Only the machine knows the number of an account, and who starts the server.
    let account = matches!(name, "user" | "group") && (told["value"].is_string() || told["value"].is_null());
    if account && expected["value"].is_u64() {
        return None;
    }
    if name == "statsd_host" && metrics_address(&told["value"]) == expected["value"] {
        return None;
    }
    let same = same(&expected["value"], &told["value"]);
    (!same)
        .then(|| format!("Gunicorn has {}, farrier {} ({})", expected["value"], told["value"], told["origin"]["layer"]))
}

/// The address as Gunicorn splits it.
fn metrics_address(told: &Json) -> Json {
    let text = told.as_str().unwrap_or_default();
    if let Some(path) = text.strip_prefix("unix://") {
        return json!(path);
    }
    let (host, port) = text.split_once(':').unwrap_or((text, "8125"));
    json!([host, port.parse::<u16>().ok()])
}

/// Equality across the two languages: classes and enumerations go by name or number, keys of headers
/// regardless of case.
fn same(real: &Json, told: &Json) -> bool {
    match (real, told) {
        (Json::Object(real), _) if real.contains_key("enum") => {
            let name = real["enum"].as_str().unwrap_or_default();
            told == &real["number"] || told.as_str().is_some_and(|told| told.rsplit('.').next() == Some(name))
        }
        (Json::Object(real), Json::Object(told)) => {
            real.len() == told.len()
                && real.iter().all(|(key, value)| told.get(key).is_some_and(|other| same(value, other)))
        }
        (Json::Array(real), Json::Array(told)) => {
            real.len() == told.len() && real.iter().zip(told).all(|(real, told)| same(real, told))
        }
        (Json::Number(real), Json::Number(told)) => real.as_f64() == told.as_f64(),
        // A class that the file defines itself has no module of its own to be named by.
        (Json::String(real), Json::String(told)) if real.starts_with("__config__.") => {
            real.rsplit('.').next() == told.rsplit('.').next()
        }
        _ => real == told,
    }
}

#[test]
fn the_comparison_sees_differences() {
    assert!(same(&json!(3), &json!(3)) && !same(&json!(3), &json!("3")) && !same(&json!(1), &json!(true)));
    assert!(!same(&json!(["a"]), &json!(["a", "b"])) && !same(&json!({"a": 1}), &json!({"b": 1})));
    assert!(same(&json!({"enum": "PROTOCOL_TLS", "number": 2}), &json!("ssl.PROTOCOL_TLS")));
    let case: Case = toml::from_str("depends = ['workers']").expect("a case");
    let told = |known: bool, value: Json| json!({"known": known, "value": value, "origin": {"layer": "config-file"}});
    let real = json!({"value": 3});
    assert_eq!(difference(&case, "workers", &real, &told(false, Json::Null)), None);
    assert!(difference(&case, "workers", &real, &told(true, json!(3))).is_some());
    assert!(difference(&case, "threads", &real, &told(false, Json::Null)).is_some());
    assert!(difference(&case, "threads", &real, &told(true, json!(4))).is_some());
    assert_eq!(difference(&case, "threads", &real, &told(true, json!(3))), None);
}
