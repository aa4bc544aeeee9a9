//! The programs that farrier reads from configurations of supervisord are those that supervisor itself makes of
//! them: words, variables, folders, how they are stopped.
#![allow(clippy::expect_used, reason = "a test stops where its own tools fail")]

mod support;

use std::collections::BTreeMap;
use std::fs;

use farrier::read::{self, Facts, Unit};
use farrier::source::{FileKind, Files, Word};
use serde::Deserialize;
use serde_json::{Value as Json, json};

use support::python::{release, servers_environment};
use support::sides::ask;

/// A program, and what about it cannot be told.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    /// What stands behind `[program:web]`.
    program: String,
    /// The environment of supervisord.
    #[serde(default)]
    env: BTreeMap<String, String>,
    /// Supervisord refuses the file, and farrier must say so.
    #[serde(default)]
    refused: bool,
    /// It refuses it because of what the machine has, so farrier may stay silent.
    #[serde(default)]
    silent: bool,
    /// It takes the file and cannot start the program.
    #[serde(default)]
    unstartable: bool,
}

#[derive(Debug, Deserialize)]
struct Corpus {
    case: Vec<Case>,
}

fn supervisor(cases: &[Json]) -> Vec<Json> {
    let mut python = servers_environment().command();
    python.env("PYTHONPATH", release("supervisor==4.3.0"));
    ask(python, "supervisor_reader.py", cases)
}

/// The text of a word, and `None` for a word that is not known.
fn filled(word: &Word, known: &BTreeMap<String, String>) -> Vec<Option<String>> {
    let Some(text) = word.resolve(&|name| known.get(name).cloned()) else { return vec![None] };
    if word.quoted || word.is_literal() {
        return vec![Some(text)];
    }
    text.split_whitespace().map(|piece| Some(piece.to_owned())).collect()
}

fn compare(case: &Case, unit: &Unit, facts: &Facts, programs: &[Json]) -> Vec<String> {
    let mut problems = Vec::new();
    let mut differ = |what: &str, ours: String, theirs: String| {
        if ours != theirs {
            problems.push(format!("{what}: supervisor has {theirs}, farrier {ours}"));
        }
    };
    let mine: Vec<&Json> = programs.iter().filter(|program| program["name"] != "other").collect();
    let first = mine.first().expect("a program");
    let mut known = case.env.clone();
    let shared = facts.supervisors.values().flat_map(|configuration| &configuration.environment);
    let mut environment = BTreeMap::new();
    for variable in shared.chain(&unit.environment) {
        let value = variable.value.as_ref().expect("a value").resolve(&|name| known.get(name).cloned());
        known.extend(value.clone().map(|value| (variable.name.clone(), value)));
        environment.insert(variable.name.clone(), value);
    }
    let theirs: BTreeMap<String, Option<String>> =
        serde_json::from_value(first["environment"].clone()).expect("texts by name");
    differ("environment", format!("{environment:?}"), format!("{theirs:?}"));
    let directory = unit.working_folder.as_ref().map(|folder| &folder.value);
    differ("directory", json!(directory).to_string(), first["directory"].to_string());
    let grace = unit.limits.stop_grace.as_ref().expect("ten seconds if nothing else").value.0;
    differ("stopwaitsecs", grace.to_string(), first["stopwaitsecs"].to_string());
    let signal = match unit.stop_signal.as_ref().map_or("TERM", |signal| signal.value.trim_start_matches("SIG")) {
        "TERM" => 15,
        "INT" => 2,
        "QUIT" => 3,
        other => panic!("{other}"),
    };
    differ("stopsignal", signal.to_string(), first["stopsignal"].to_string());
    let copies = unit.limits.replicas.as_ref().map_or(1, |copies| copies.value as usize);
    differ("numprocs", copies.to_string(), mine.len().to_string());
    let command = unit.command.as_ref().expect("a command");
    let words: Vec<Option<String>> = command.words.iter().flat_map(|lexed| filled(&lexed.word, &known)).collect();
    for program in &mine {
        let theirs: Vec<&str> = program["words"].as_array().expect("words").iter().filter_map(Json::as_str).collect();
        differ("words", words.len().to_string(), theirs.len().to_string());
        for (ours, theirs) in words.iter().zip(theirs) {
            if let Some(ours) = ours {
                differ("word", ours.clone(), theirs.to_owned());
            }
        }
    }
    // What is not known must depend on the number of the process or on where the file lies.
    for (at, _) in words.iter().enumerate().filter(|(_, word)| word.is_none()) {
        let text = first["words"][at].as_str().unwrap_or_default();
        let differs = mine.iter().any(|program| program["words"][at] != first["words"][at]);
        if !differs && !text.contains("gunicorn.conf.py") {
            problems.push(format!("farrier does not know the word {text}"));
        }
    }
    problems
}

#[test]
fn every_program_is_what_supervisor_makes_of_it() {
    let text = include_str!("supervisor_programs/cases.toml");
    let corpus: Corpus = toml::from_str(text).expect("the corpus is TOML");
    assert!(corpus.case.len() >= 40);
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let mut asked = Vec::new();
    let mut texts = Vec::new();
    for (at, case) in corpus.case.iter().enumerate() {
        let main = if case.program.contains("[supervisord]") { "" } else { "[supervisord]\nnodaemon=true\n" };
        let text = format!("{main}[program:web]\n{}\n", case.program);
        let folder = scratch.path().join(at.to_string());
        fs::create_dir_all(&folder).expect("scratch is writable");
        fs::write(folder.join("supervisord.conf"), &text).expect("scratch is writable");
        asked.push(json!({"folder": folder, "conf": "supervisord.conf", "env": case.env}));
        texts.push(text);
    }
    let mut report = Vec::new();
    for ((case, text), answer) in corpus.case.iter().zip(texts).zip(supervisor(&asked)) {
        let mut files = Files::new();
        let file = files.add("supervisord.conf", text.as_str());
        let facts = read::all(&files, &BTreeMap::from([(file, FileKind::Supervisor)]));
        if answer["refused"].is_string() != case.refused {
            report.push(format!("{}\n  the corpus is wrong: {answer}", case.program));
            continue;
        }
        let says = !facts.notes.is_empty();
        if says != (case.refused && !case.silent || case.unstartable) {
            report.push(format!("{}\n  {answer}, farrier notes {:?}", case.program, facts.notes));
        }
        if case.refused || case.unstartable {
            continue;
        }
        let programs = answer["programs"].as_array().expect("programs");
        let units: Vec<&Unit> = facts.units.iter().filter(|unit| unit.name != "other").collect();
        let problems = if let [unit] = units.as_slice() {
            compare(case, unit, &facts, programs)
        } else {
            // Each copy of it is a unit.
            let theirs: Vec<&Json> = programs.iter().filter(|program| program["name"] != "other").collect();
            assert_eq!(units.len(), theirs.len(), "{}", case.program);
            let each = units.iter().zip(theirs);
            each.flat_map(|(unit, program)| compare(case, unit, &facts, std::slice::from_ref(program))).collect()
        };
        report.extend(problems.into_iter().map(|problem| format!("{}\n  {problem}", case.program)));
    }
    assert!(report.is_empty(), "{} differences:\n{}", report.len(), report.join("\n"));
}
