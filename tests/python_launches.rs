//! What `farrier show` says about servers that Python code starts is what the code really starts.
//!
//! Every case of `tests/python_launches/*.toml` is a small project, whose program really runs, with the real
//! packages, up to the point where the server would listen; the settings that reach it there are compared.
#![allow(clippy::expect_used, reason = "a test stops where its own tools fail")]

mod support;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Value as Json, json};
use support::corpus::corpus;
use support::python::{release, servers_environment};
use support::sides::{ask, same, shared_out, shown};

/// A program, and what about it cannot be told from its files.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(clippy::struct_excessive_bools, reason = "the marks of a case as they stand in the corpus")]
struct Case {
    /// The command that runs it, with variables in front.
    run: String,
    files: BTreeMap<String, String>,
    /// Nothing in the project says that somebody runs it so.
    #[serde(default)]
    alone: bool,
    /// Variables that only the machine has.
    #[serde(default)]
    outside: BTreeMap<String, String>,
    /// Settings that rest on the machine: farrier must not claim to know them.
    #[serde(default)]
    depends: Vec<String>,
    /// Which way it goes cannot be told: one of the launches that farrier sees must be the real one.
    #[serde(default)]
    several: bool,
    /// The program fails instead of serving, and farrier must say so.
    #[serde(default)]
    refuses: bool,
    /// The program starts no server.
    #[serde(default)]
    nothing: bool,
}

const APP: &str = "async def app(scope, receive, send): pass\n\n\ndef create_app():\n    return app\n";

#[test]
fn every_launch_is_what_the_program_really_starts() {
    let cases: Vec<(String, Case)> = corpus("python_launches");
    assert!(cases.len() >= 80, "only {} cases are left", cases.len());
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let packages: Vec<PathBuf> =
        ["fire==0.7.1", "termcolor==3.3.0", "pydantic-settings==2.12.0"].into_iter().map(release).collect();
    let mut folders = Vec::new();
    let mut real = Vec::new();
    for (id, case) in &cases {
        let folder = scratch.path().join(id);
        case.write(&folder);
        real.push(case.question(&folder, &packages));
        folders.push(folder);
    }
    let answers = shared_out(&real, |part| ask(servers_environment().command(), "launch_recorder.py", part));
    let told = shown(&folders);
    let mut report = String::new();
    let mut failed = 0;
    for (((id, case), answer), told) in cases.iter().zip(&answers).zip(&told) {
        let problems = case.compare(answer, told);
        failed += usize::from(!problems.is_empty());
        for problem in problems {
            let _ = writeln!(report, "{id} ({}): {problem}", case.run);
        }
    }
    assert!(failed == 0, "{failed} of {} programs are read differently:\n{report}", cases.len());
}

impl Case {
    fn write(&self, folder: &Path) {
        let mut files = BTreeMap::from([
            ("app.py", APP),
            ("requirements.txt", "uvicorn==0.54.0\ngunicorn==27.0.1\nhypercorn==0.18.0\ngranian==2.8.7\n"),
        ]);
        let procfile = format!("web: {}\n", self.run);
        if !self.alone {
            files.insert("Procfile", &procfile);
        }
        files.extend(self.files.iter().map(|(name, text)| (name.as_str(), text.as_str())));
        for (name, text) in files {
            let path = folder.join(name);
            fs::create_dir_all(path.parent().expect("a file lies in a folder")).expect("scratch is writable");
            fs::write(path, text).expect("scratch is writable");
        }
    }

    fn question(&self, folder: &Path, packages: &[PathBuf]) -> Json {
        let mut words: Vec<&str> = self.run.split_whitespace().collect();
        let mut env: BTreeMap<String, String> = self.outside.clone();
        while let Some((name, value)) = words.first().and_then(|word| word.split_once('=')) {
            env.insert(name.to_owned(), value.to_owned());
            words.remove(0);
        }
        if words.first() == Some(&"python") {
            words.remove(0);
        }
        let scripts: BTreeMap<String, String> = self.files.get("pyproject.toml").map_or_else(BTreeMap::new, |text| {
            let tree: toml::Table = text.parse().expect("the corpus holds valid files");
            let scripts =
                tree.get("project").and_then(|project| project.get("scripts")).and_then(toml::Value::as_table);
            let text = |value: &toml::Value| value.as_str().unwrap_or_default().to_owned();
            scripts.into_iter().flatten().map(|(name, target)| (name.clone(), text(target))).collect()
        });
        json!({"folder": folder, "argv": words, "env": env, "paths": packages, "scripts": scripts})
    }

    fn compare(&self, answer: &Json, told: &Result<Json, String>) -> Vec<String> {
        let real = answer["launches"].as_array().map_or(&[][..], Vec::as_slice);
        let ended = answer["ended"].as_str().or(answer["failed"].as_str());
        let failed = ended.or_else(|| real.iter().find_map(|launch| launch["failed"].as_str()));
        if failed.is_some() != self.refuses || real.is_empty() && !self.refuses && !self.nothing {
            return vec![format!("the corpus is wrong about the program: {failed:?} {}", answer["said"])];
        }
        let document = match told {
            Ok(document) => document,
            Err(_) if self.nothing => return Vec::new(),
            Err(said) => return vec![said.clone()],
        };
        let launches = document["launches"].as_array().map_or(&[][..], Vec::as_slice);
        if self.refuses {
            let silent = launches.iter().all(|launch| launch["errors"].as_array().is_none_or(Vec::is_empty));
            return if silent { vec![format!("farrier reports no error: {failed:?}")] } else { Vec::new() };
        }
        if self.nothing {
            return if launches.is_empty() { Vec::new() } else { vec!["farrier sees a launch".to_owned()] };
        }
        if self.several {
            let tries: Vec<Vec<String>> = launches.iter().map(|launch| self.differences(&real[0], launch)).collect();
            return if tries.iter().any(Vec::is_empty) { Vec::new() } else { tries.concat() };
        }
        if launches.len() != real.len() {
            return vec![format!("{} servers are started, farrier sees {}", real.len(), launches.len())];
        }
        real.iter().zip(launches).flat_map(|(real, told)| self.differences(real, told)).collect()
    }

    fn differences(&self, real: &Json, told: &Json) -> Vec<String> {
        let mut problems = Vec::new();
        if told["server"] != real["server"] {
            return vec![format!("the server is {}, farrier says {}", real["server"], told["server"])];
        }
        if told["errors"].as_array().is_some_and(|errors| !errors.is_empty()) {
            problems.push(format!("farrier says that it does not start: {}", told["errors"]));
        }
        let app = &told["app"];
        if let Some(names) = real["objects"].as_array() {
            if !app.is_null() && !names.contains(app) {
                problems.push(format!("the application is one of {names:?}, farrier says {app}"));
            }
        } else if *app != real["app"] {
            problems.push(format!("the application is {}, farrier says {app}", real["app"]));
        } else if real["folder"].is_string() && told["folder"] != real["folder"] {
            problems.push(format!("it is imported from {}, farrier says {}", real["folder"], told["folder"]));
        }
        for (name, expected) in real["settings"].as_object().into_iter().flatten() {
            let setting = &told["settings"][name];
            let depends = self.depends.iter().any(|depends| depends == name);
            match (setting["known"] == true, depends) {
                (true, true) => problems.push(format!("{name}: farrier claims {}", setting["value"])),
                (true, false) if same(expected, &setting["value"]) => {}
                (true, false) => {
                    problems.push(format!("{name}: it is {expected}, farrier says {}", setting["value"]));
                }
                (false, true) => {}
                (false, false) if setting.is_null() => problems.push(format!("{name}: farrier does not list it")),
                (false, false) => {
                    problems.push(format!("{name}: it is {expected}, farrier does not know: {}", setting["reason"]));
                }
            }
        }
        problems
    }
}
