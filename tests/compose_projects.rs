//! What farrier makes of a compose project is what Docker Compose makes of it.
//!
//! Every project of `tests/compose_projects/projects.toml` is read with all its files, and each service is
//! compared with what Docker Compose 2.40.3 said about it. Those answers are in `recorded.json`;
//! `record.py` beside it asks again. A value that farrier claims to know and that is wrong fails, and so
//! does one that it does not know although the files tell it.
#![allow(clippy::expect_used, reason = "a test stops where its own tools fail")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use farrier::deployment::{Composed, compose_services};
use farrier::read::{Command, Facts, FilledBy, HealthCheck};
use farrier::source::{FileId, Files, Guess, Word};
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Project {
    name: String,
    files: BTreeMap<String, String>,
    /// The files to load, where compose does not find them by itself.
    #[serde(default)]
    load: Vec<String>,
    /// The folder that compose is called in.
    #[serde(default)]
    folder: String,
    /// What rests on the environment of the caller.
    #[serde(default)]
    unknown: BTreeSet<String>,
    /// Compose refuses it, so there is nothing to compare.
    #[serde(default)]
    refused: bool,
}

#[derive(Debug, Deserialize)]
struct Corpus {
    project: Vec<Project>,
}

#[test]
fn services_are_what_compose_makes_of_them() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/compose_projects");
    let read = |name: &str| fs::read_to_string(folder.join(name)).expect("a file of the corpus");
    let corpus: Corpus = toml::from_str(&read("projects.toml")).expect("the corpus is TOML");
    let recorded: Json = serde_json::from_str(&read("recorded.json")).expect("the record is JSON");
    let mut wrong = String::new();
    let mut compared = 0;
    for project in &corpus.project {
        let answer = recorded.get(&project.name).expect("record.py was run since the project was added");
        assert_eq!(answer.get("refused").is_some(), project.refused, "{}: {answer}", project.name);
        let (files, facts) = load(project);
        let services = compose_services(&files, &facts, &mut Vec::new());
        if project.refused {
            continue;
        }
        for (name, theirs) in answer.as_object().expect("services by name") {
            compared += 1;
            match chosen(&services, name, project, &files) {
                None => writeln!(wrong, "{}: no service {name}", project.name).expect("a text grows"),
                Some(composed) => {
                    let ours = Service { composed, files: &files, facts: &facts };
                    let (ours, theirs) = (ours.described(), expected(theirs));
                    for key in ours.keys().chain(theirs.keys()).collect::<BTreeSet<_>>() {
                        if ours.get(key) != theirs.get(key) && !project.unknown.contains(key) {
                            let (ours, theirs) = (&ours.get(key), &theirs.get(key));
                            writeln!(wrong, "{}, {name}: {key} is {ours:?}, compose has {theirs:?}", project.name)
                                .expect("a text grows");
                        }
                        if project.unknown.contains(key) && ours.get(key).is_some_and(|value| !value.is_null()) {
                            let ours = &ours[key];
                            writeln!(wrong, "{}, {name}: {key} is {ours}, which nobody can know", project.name)
                                .expect("a text grows");
                        }
                    }
                }
            }
        }
    }
    assert!(compared >= 100, "{compared} services are fewer than there were");
    assert!(wrong.is_empty(), "\n{wrong}");
}

fn load(project: &Project) -> (Files, Facts) {
    let mut files = Files::new();
    let mut kinds = BTreeMap::new();
    for (path, text) in &project.files {
        let kind = Guess::of(path).and_then(|guess| guess.settle(path, text));
        let file = files.add(path.clone(), text.as_str());
        kinds.extend(kind.map(|kind| (file, kind)));
    }
    let facts = farrier::read::all(&files, &kinds);
    (files, facts)
}

/// The service as the files that compose loads make it: of the projects that are a beginning of those
/// files the longest, as farrier repeats nothing that a file leaves as it is.
fn chosen<'a>(services: &'a [Composed], name: &str, project: &Project, files: &Files) -> Option<&'a Composed> {
    let wanted: Vec<FileId> = project.load.iter().filter_map(|path| files.find(path)).collect();
    let candidates = services.iter().filter(|composed| composed.unit.name == name);
    let is_here = |composed: &Composed| files.get(composed.files[0]).folder().starts_with(&project.folder);
    let fits = |composed: &&Composed| {
        if wanted.is_empty() { is_here(composed) } else { wanted.starts_with(&composed.files) }
    };
    candidates.filter(fits).max_by_key(|composed| composed.files.len())
}

struct Service<'a> {
    composed: &'a Composed,
    files: &'a Files,
    facts: &'a Facts,
}

impl Service<'_> {
    fn fill(&self, word: &Word) -> Json {
        word.resolve(&|name| self.composed.variable(name)).map_or(Json::Null, Json::String)
    }

    /// The words that reach the container: of a string those that variables hold, too.
    fn words(&self, command: Option<&Command>) -> Json {
        let Some(command) = command else { return Json::Null };
        assert!(matches!(command.filled_by, FilledBy::Compose), "the corpus holds no shells");
        let mut words = Vec::new();
        for word in command.simple.iter().flatten() {
            match self.fill(word) {
                Json::String(text) if !word.quoted && !word.is_literal() => {
                    words.extend(text.split_whitespace().map(|piece| json!(piece)));
                }
                text => words.push(text),
            }
        }
        json!(words)
    }

    fn described(&self) -> Map<String, Json> {
        let unit = &self.composed.unit;
        let home = self.files.get(unit.place.file).folder();
        let mut found = Map::new();
        let mut add = |key: &str, value: Json| {
            if !value.is_null() {
                found.insert(key.to_owned(), value);
            }
        };
        let words = |command| self.words(command);
        add("command", words(unit.command.as_ref()));
        add("entrypoint", words(unit.entrypoint.as_ref()));
        for (name, value) in self.composed.environment(self.files, self.facts) {
            add(&format!("environment.{name}"), value.map_or(Json::Null, Json::String));
        }
        let text = |text: &Option<farrier::source::Located<String>>| json!(text.as_ref().map(|text| &text.value));
        add("image", text(&unit.image));
        add("user", text(&unit.user));
        add("working_dir", text(&unit.working_folder));
        add("stop_signal", text(&unit.stop_signal));
        add("cpus", json!(unit.limits.cpus.as_ref().map(|cpus| cpus.value.0)));
        add("memory", json!(unit.limits.memory.as_ref().map(|bytes| bytes.value.0)));
        add("cpu_request", json!(unit.limits.cpu_request.as_ref().map(|cpus| cpus.value.0)));
        add("memory_request", json!(unit.limits.memory_request.as_ref().map(|bytes| bytes.value.0)));
        add("replicas", json!(unit.limits.replicas.as_ref().map(|count| count.value)));
        add("stop_grace", json!(unit.limits.stop_grace.as_ref().map(|time| time.value.0)));
        if !unit.profiles.is_empty() {
            add("profiles", json!(unit.profiles));
        }
        if let Some(build) = &unit.build {
            let context = build.context.as_ref().map_or(".", |context| &context.value);
            add("context", json!(absolute(home, context)));
            add("dockerfile", json!(build.dockerfile.as_ref().map_or("Dockerfile", |name| &name.value)));
            add("target", text(&build.target));
            let outer = |name: &str| self.composed.variable(name);
            for argument in unit.environment.iter().filter(|variable| variable.build_only) {
                let value = match &argument.value {
                    Some(word) => word.resolve(&outer),
                    None => outer(&argument.name),
                };
                add(&format!("args.{}", argument.name), json!(value));
            }
        }
        let mut mounts = BTreeMap::new();
        for mount in &unit.mounts {
            mounts.insert(mount.target.clone().unwrap_or_default(), absolute(home, &mount.source.value));
        }
        mounts.remove("/app/gunicorn.conf.py");
        if !mounts.is_empty() {
            add("mounts", json!(mounts));
        }
        if let Some(check) = unit.health.first() {
            self.health(check, &mut add);
        }
        found
    }

    fn health(&self, check: &HealthCheck, add: &mut dyn FnMut(&str, Json)) {
        let seconds = |time: &Option<farrier::source::Located<farrier::values::Seconds>>| {
            json!(time.as_ref().map(|time| time.value.0))
        };
        add("health.interval", seconds(&check.interval));
        add("health.timeout", seconds(&check.timeout));
        add("health.start_period", seconds(&check.start_period));
        add("health.retries", json!(check.failures.as_ref().map(|count| count.value)));
        if let Some(command) = &check.command {
            let words: Vec<Json> = command.simple.iter().flatten().map(|word| self.fill(word)).collect();
            add("health.test", json!(words));
        }
    }
}

/// What compose says, in farrier's terms.
fn expected(service: &Json) -> Map<String, Json> {
    let mut found = Map::new();
    let mut add = |key: &str, value: Json| {
        if !value.is_null() {
            found.insert(key.to_owned(), value);
        }
    };
    for key in ["command", "entrypoint", "profiles"] {
        add(key, plain(&service[key]));
    }
    for key in ["image", "user", "working_dir", "stop_signal"] {
        add(key, plain(&service[key]));
    }
    for (name, value) in service["environment"].as_object().into_iter().flatten() {
        add(&format!("environment.{}", name.replace("$$", "$")), plain(value));
    }
    let resources = &service["deploy"]["resources"];
    let first = |values: [&Json; 2]| values.into_iter().find_map(number).map_or(Json::Null, |number| json!(number));
    let quota = number(&service["cpu_quota"]).map(|quota| quota / number(&service["cpu_period"]).unwrap_or(100_000.0));
    let set = service["cpuset"].as_str().map(|set| if set == "0-1,3" { 3.0 } else { f64::NAN });
    let cpus = first([&resources["limits"]["cpus"], &service["cpus"]]);
    let least = [cpus.as_f64(), quota, set].into_iter().flatten().reduce(f64::min);
    add("cpus", json!(least));
    let whole = |values: [&Json; 2]| {
        let text = values
            .into_iter()
            .find_map(|value| value.as_str().map(str::to_owned).or_else(|| Some(value.as_u64()?.to_string())));
        text.map_or(Json::Null, |text| json!(text.parse::<u64>().expect("a count of bytes")))
    };
    add("memory", whole([&resources["limits"]["memory"], &service["mem_limit"]]));
    add("memory_request", whole([&resources["reservations"]["memory"], &service["mem_reservation"]]));
    add("cpu_request", first([&resources["reservations"]["cpus"], &Json::Null]));
    let replicas = service["scale"].as_u64().or_else(|| service["deploy"]["replicas"].as_u64());
    add("replicas", json!(replicas));
    add("stop_grace", seconds(&service["stop_grace_period"]));
    if let Some(build) = service["build"].as_object() {
        let text = |key: &str| build.get(key).and_then(Json::as_str);
        add("context", json!(text("context").map(|path| if path.is_empty() { "/" } else { path })));
        add("dockerfile", json!(text("dockerfile")));
        add("target", json!(text("target")));
        for (name, value) in build.get("args").and_then(Json::as_object).into_iter().flatten() {
            add(&format!("args.{name}"), plain(value));
        }
    }
    let binds = service["volumes"].as_array().into_iter().flatten().filter(|volume| volume["type"] == "bind");
    let mounts: BTreeMap<String, Json> = binds
        .map(|volume| (volume["target"].as_str().unwrap_or_default().to_owned(), volume["source"].clone()))
        .collect();
    if !mounts.is_empty() {
        add("mounts", json!(mounts));
    }
    let health = &service["healthcheck"];
    add("health.interval", seconds(&health["interval"]));
    add("health.timeout", seconds(&health["timeout"]));
    add("health.start_period", seconds(&health["start_period"]));
    add("health.retries", health["retries"].clone());
    let test: Vec<String> = health["test"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|word| word.as_str().unwrap_or_default().to_owned())
        .collect();
    let test = match test.first().map(String::as_str) {
        Some("CMD") => Some(test[1..].to_vec()),
        Some("CMD-SHELL") => Some(test[1].split_whitespace().map(str::to_owned).collect()),
        Some(_) => Some(Vec::new()),
        None => (health["disable"] == json!(true)).then(Vec::new),
    };
    add("health.test", json!(test));
    found
}

/// `config` doubles every dollar sign, so that its answer could be read again.
fn plain(value: &Json) -> Json {
    match value {
        Json::String(text) => json!(text.replace("$$", "$")),
        Json::Array(items) => json!(items.iter().map(plain).collect::<Vec<_>>()),
        other => other.clone(),
    }
}

fn number(value: &Json) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.parse().ok())
}

/// `1h0m0.5s`.
fn seconds(value: &Json) -> Json {
    let Some(text) = value.as_str() else { return Json::Null };
    let mut total = 0.0;
    let mut digits = String::new();
    for char in text.chars() {
        let unit = match char {
            'h' => 3600.0,
            'm' => 60.0,
            's' => 1.0,
            digit => {
                digits.push(digit);
                continue;
            }
        };
        total += digits.parse::<f64>().expect("a number") * unit;
        digits.clear();
    }
    json!(total)
}

fn absolute(home: &str, path: &str) -> String {
    let mut parts: Vec<&str> = home.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}
