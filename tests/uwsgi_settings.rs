//! What `farrier show` says about uWSGI's options is what uWSGI itself makes of the same variables, files and
//! words: the options that `--show-config` of 2.0.31 lists in the end.
#![allow(clippy::expect_used, reason = "a test stops where its own tools fail")]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use farrier::servers::arguments::{Outcome, outcome_of};
use farrier::servers::{Action, Server, table};
use farrier::values::Value;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use support::python::compiled;
use support::sides::{shared_out, shown};

/// One way to start uWSGI, and what about it cannot be told from its files.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    /// The words behind `uwsgi`; variables may stand in front of it.
    run: String,
    /// Variables that the Procfile sets.
    #[serde(default)]
    env: BTreeMap<String, String>,
    /// Files beside it.
    #[serde(default)]
    files: BTreeMap<String, String>,
    /// Variables that only the machine has.
    #[serde(default)]
    outside: BTreeMap<String, String>,
    /// Settings of which farrier must say that it does not know them.
    #[serde(default)]
    depends: Vec<String>,
    /// Settings that have their value only as long as nobody sets a variable, which farrier must name.
    #[serde(default)]
    unless_set: BTreeMap<String, String>,
    /// uWSGI does not start, and farrier must say so.
    #[serde(default)]
    refuses: bool,
}

#[derive(Debug, Deserialize)]
struct Corpus {
    case: Vec<Case>,
}

impl Case {
    fn command(&self) -> String {
        let mut words: Vec<String> = self.env.iter().map(|(name, value)| format!("{name}='{value}'")).collect();
        words.extend(["uwsgi".to_owned(), self.run.clone()]);
        words.join(" ")
    }
}

/// The options that uWSGI ends up with, in order; `None` where it does not get so far.
fn real(uwsgi: &Path, case: &Case, folder: &Path) -> Option<Vec<(String, String)>> {
    let mut command = Command::new("sh");
    let path = format!("{}:{}", uwsgi.join("bin").display(), std::env::var("PATH").unwrap_or_default());
    command.args(["-c", &format!("{} --no-server --show-config", case.command())]).current_dir(folder);
    command.env_clear().env("PATH", path).envs(&case.outside);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut process = command.spawn().expect("a shell starts");
    let mut options = None;
    for line in BufReader::new(process.stderr.take().expect("it was asked for")).lines().map_while(Result::ok) {
        match &mut options {
            None if line == "[uwsgi]" => options = Some(Vec::new()),
            None => {}
            Some(_) if line == ";end of configuration" => {
                let _ = process.kill();
                let _ = process.wait();
                return options;
            }
            Some(options) => {
                let (key, value) = line.split_once(" = ").unwrap_or((&line, ""));
                options.push((key.to_owned(), value.to_owned()));
            }
        }
    }
    let _ = process.wait();
    None
}

fn json_of(value: &Value) -> Json {
    match value {
        Value::Bool(truth) => json!(truth),
        Value::Int(number) => json!(number),
        Value::Str(text) => json!(text),
        other => panic!("no option has {other:?}"),
    }
}

/// What the options make of each setting: the last counts, or all of them.
fn expected(options: &[(String, String)]) -> BTreeMap<&'static str, Json> {
    let table = table(Server::Uwsgi);
    let mut settings: BTreeMap<&'static str, Json> = BTreeMap::new();
    for (key, value) in options {
        let Some(setting) = table.setting_of_option(key, table.newest()) else { continue };
        // `true` is how an option without a value is listed.
        let text = Some(value.as_str()).filter(|text| *text != "true");
        let Outcome::Known(value) = outcome_of(table, table.newest(), setting, text) else {
            panic!("{key} = {value}");
        };
        let adds_up = setting.at(table.newest()).action() == Action::Append;
        let value = json_of(&value);
        if let Some(Json::Array(all)) = settings.get_mut(setting.name()).filter(|_| adds_up) {
            all.push(value);
        } else {
            let value = if adds_up { Json::Array(vec![value]) } else { value };
            settings.insert(setting.name(), value);
        }
    }
    settings
}

fn compare(case: &Case, real: Option<&Vec<(String, String)>>, told: &Result<Json, String>) -> Vec<String> {
    if real.is_none() != case.refuses {
        return vec![format!("the corpus is wrong about uWSGI: {real:?}")];
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
    if (errors > 0) != case.refuses {
        return vec![format!("farrier reports {errors} errors: {}", launch["errors"])];
    }
    let Some(real) = real else { return Vec::new() };
    let expected = expected(real);
    let mut problems = Vec::new();
    for (name, setting) in launch["settings"].as_object().into_iter().flatten() {
        let set = setting["origin"]["layer"] != "default";
        let depends = case.depends.iter().any(|depends| depends == name);
        let named = case.unless_set.get(name).map(|variable| json!([format!("env:{variable}")]));
        if named.is_some_and(|named| setting["depends"] != named) {
            problems.push(format!("{name}: what it depends on is not told: {setting}"));
        }
        match (expected.get(name.as_str()), setting["known"] == true) {
            // A file or a word that is looked at only here.
            _ if matches!(name.as_str(), "show_config" | "no_server") => {}
            (Some(_), false) if depends => {}
            (Some(value), true) if depends => problems.push(format!("{name}: farrier cannot know {value}")),
            (Some(value), true) if setting["value"] == *value => {}
            (Some(value), _) => problems.push(format!("{name}: uWSGI has {value}, farrier {setting}")),
            (None, true) if set && name != "master" => {
                problems.push(format!("{name}: nobody sets it, farrier has {setting}"));
            }
            (None, false) if set && !depends => problems.push(format!("{name}: nobody sets it, farrier has {setting}")),
            (None, _) => {}
        }
    }
    problems
}

#[test]
fn every_option_is_what_uwsgi_makes_of_it() {
    let corpus: Corpus = toml::from_str(include_str!("uwsgi_settings/cases.toml")).expect("the corpus is TOML");
    assert!(corpus.case.len() >= 40);
    let uwsgi = compiled("uwsgi==2.0.31");
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let folders: Vec<PathBuf> = (0..corpus.case.len()).map(|at| scratch.path().join(at.to_string())).collect();
    for (case, folder) in corpus.case.iter().zip(&folders) {
        fs::create_dir_all(folder).expect("scratch is writable");
        fs::write(folder.join("Procfile"), format!("web: {}\n", case.command())).expect("scratch is writable");
        for (name, text) in &case.files {
            let path = folder.join(name);
            fs::create_dir_all(path.parent().expect("a file lies in a folder")).expect("scratch is writable");
            fs::write(path, text).expect("scratch is writable");
        }
    }
    let pairs: Vec<(&Case, &PathBuf)> = corpus.case.iter().zip(&folders).collect();
    let answers = shared_out(&pairs, |part| part.iter().map(|(case, folder)| real(&uwsgi, case, folder)).collect());
    let mut report = Vec::new();
    for ((case, answer), told) in corpus.case.iter().zip(&answers).zip(&shown(&folders)) {
        let problems = compare(case, answer.as_ref(), told);
        report.extend(problems.into_iter().map(|problem| format!("{} {:?}\n  {problem}", case.command(), case.files)));
    }
    assert!(
        report.is_empty(),
        "{} differences:\n{}",
        report.len(),
        report.iter().take(80).cloned().collect::<Vec<_>>().join("\n")
    );
}
