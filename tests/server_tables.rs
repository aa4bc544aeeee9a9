//! Every table in `rules/servers` says what the servers say themselves, in the newest release and in older ones.
//!
//! Settings, options, the values they take, bounds, choices and defaults come out of the installed packages:
//! click's and argparse's own objects, Gunicorn's list of settings, Hypercorn's attributes. The table of uWSGI is
//! held against `rules/servers/uwsgi-options.txt`, which `uwsgi --help` of 2.0.31 printed once: compiling it takes half a minute
//! and a C compiler, which not every machine has.

#![allow(clippy::expect_used, reason = "a test stops where its own tools fail")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use farrier::servers::{Action, Kind, Server, Setting, Shape, Version, table};
use farrier::values::Value;
use serde_json::{Value as Json, json};

use support::python::{release, servers_environment};
use support::sides::ask;

/// What is compared; the first of each is the installed one.
const RELEASES: [(Server, &[&str]); 5] = [
    (Server::Gunicorn, &["27.0.1", "19.9.0", "20.1.0", "21.2.0", "22.0.0", "23.0.0", "24.1.1", "25.3.0", "26.0.0"]),
    (Server::Uvicorn, &["0.54.0", "0.20.0", "0.30.6", "0.36.0", "0.45.0"]),
    (Server::Hypercorn, &["0.18.0", "0.14.4", "0.15.0", "0.16.0", "0.17.3"]),
    (Server::Granian, &["2.8.7", "1.7.6", "2.0.0", "2.5.0"]),
    (Server::Daphne, &["4.2.3", "4.0.0", "4.1.2", "4.2.0"]),
];

#[test]
fn tables_agree_with_the_releases() {
    let mut asked = Vec::new();
    for (server, versions) in RELEASES {
        for version in versions {
            let newest = table(server).newest().to_string() == *version;
            let folder: Option<PathBuf> = (!newest).then(|| release(&format!("{}=={version}", server.as_str())));
            asked.push((server, *version, folder));
        }
    }
    let cases: Vec<Json> =
        asked.iter().map(|(server, _, folder)| json!({ "server": server.as_str(), "release": folder })).collect();
    let mut wrong = BTreeMap::<String, Vec<&str>>::new();
    for ((server, version, _), answer) in
        asked.iter().zip(ask(servers_environment().command(), "table_dump.py", &cases))
    {
        assert!(answer["failed"].is_null(), "{server} {version}: {}", answer["failed"]);
        let real = answer["settings"].as_object().expect("the driver lists the settings");
        assert!(real.len() > 15, "{server} {version} has {} settings", real.len());
        let number: Version = version.parse().expect("a version");
        let known: BTreeMap<&str, &Setting> = table(*server)
            .settings()
            .filter(|setting| setting.applies_to(number))
            .map(|setting| (setting.name(), setting))
            .collect();
        for name in real.keys().filter(|name| !known.contains_key(name.as_str())) {
            wrong.entry(format!("{server}: `{name}` is not in the table")).or_default().push(version);
        }
        for (name, setting) in known {
            let problems = match real.get(name) {
                Some(real) => differences(*server, name, real, setting.at(number)),
                None => vec!["only the table has it".to_owned()],
            };
            for problem in problems {
                wrong.entry(format!("{server}: `{name}`: {problem}")).or_default().push(version);
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn differences(server: Server, name: &str, real: &Json, shape: &Shape) -> Vec<String> {
    let mut problems = Vec::new();
    let names = |list: &Json| -> BTreeSet<String> {
        list.as_array().into_iter().flatten().filter_map(|it| it.as_str().map(str::to_owned)).collect()
    };
    for (field, told) in [("flags", shape.flags()), ("off_flags", shape.off_flags())] {
        let told: BTreeSet<String> = told.iter().cloned().collect();
        if names(&real[field]) != told {
            problems.push(format!("{field} are {}, the table has {told:?}", real[field]));
        }
    }
    if !shape.config_only() {
        let many = shape.action() == Action::Append;
        let valued = many || shape.action() == Action::Store;
        if real["many"] != many {
            problems.push(format!("it adds up: {}", real["many"]));
        }
        if real["takes_value"] != valued {
            problems.push(format!("it takes a value: {}", real["takes_value"]));
        }
    }
    if let Some(choices) = real["choices"].as_array() {
        let told: Vec<&str> = shape.choices().iter().map(String::as_str).collect();
        if choices.iter().filter_map(Json::as_str).ne(told.iter().copied()) {
            problems.push(format!("choices are {choices:?}, the table has {told:?}"));
        }
    }
    let (minimum, maximum) = shape.range();
    if matches!(server, Server::Uvicorn | Server::Granian)
        && (real["min"].as_i64() != minimum || real["max"].as_i64() != maximum)
    {
        problems.push(format!("it lies between {} and {}", real["min"], real["max"]));
    }
    let kinds: &[Kind] = match real["kind"].as_str().unwrap_or_default() {
        "int" | "integer" => &[Kind::Int],
        "integer range" => &[Kind::Int, Kind::Count],
        "float" => &[Kind::Float],
        "boolean" | "validate_bool" => &[Kind::Bool],
        "choice" => &[Kind::Choice],
        "duration" => &[Kind::Duration],
        "path" | "file" | "directory" if real["many"] == true => &[Kind::Files],
        "validate_pos_int" => &[Kind::Count, Kind::Int],
        "path" | "file" | "directory" | "validate_string" => &[Kind::Text],
        "validate_list_string" => &[Kind::TextList],
        "validate_callable" | "validate_post_request" => &[Kind::Callable],
        "validate_class" => &[Kind::Class],
        "validate_dict" => &[Kind::Mapping],
        "validate_user" | "validate_group" => &[Kind::Account],
        "validate_chdir" => &[Kind::Folder],
        _ => &[],
    };
    if !kinds.is_empty() && !kinds.contains(&shape.kind()) {
        problems.push(format!("it is {}, the table has {:?}", real["kind"], shape.kind()));
    }
    if let Some(told) = shape.default()
        && !same(server, name, &real["default"], told)
    {
        problems.push(format!("the default is {}, the table has {told}", real["default"]));
    }
    problems
}

/// Whether the table's default is the server's.
fn same(server: Server, name: &str, real: &Json, told: &Value) -> bool {
    // What the server puts in place of nothing, once its options are read.
    let later = match server {
        Server::Uvicorn => ["workers", "log_level", "forwarded_allow_ips"].contains(&name),
        Server::Daphne => ["host", "port"].contains(&name),
        _ => false,
    };
    if later {
        return real.is_null() && *told != Value::None;
    }
    match (real, told) {
        // What JSON has no word for, such as a function.
        (Json::Object(object), _) if object.contains_key("object") => true,
        (Json::Null, Value::None) => true,
        (Json::Bool(real), Value::Bool(told)) => real == told,
        (Json::Number(real), Value::Int(told)) => real.as_i64() == Some(*told),
        (Json::Number(real), Value::Float(told)) => real.as_f64() == Some(*told) && real.is_f64(),
        (Json::String(real), Value::Str(told)) => real == told,
        // Gunicorn splits a text of addresses only once it is set.
        (Json::String(real), Value::List(told)) => {
            real.split(',').filter(|it| !it.is_empty()).eq(told.iter().filter_map(Value::as_str))
        }
        (Json::Null, Value::List(told)) => told.is_empty(),
        (Json::Array(real), Value::List(told)) => {
            real.len() == told.len() && real.iter().zip(told).all(|(real, told)| same(server, "", real, told))
        }
        (Json::Array(real), Value::None) => real.is_empty(),
        (Json::Object(real), Value::Dict(told)) => {
            real.len() == told.len()
                && told.iter().all(|(key, value)| {
                    key.as_str().and_then(|key| real.get(key)).is_some_and(|real| same(server, "", real, value))
                })
        }
        _ => false,
    }
}

/// One line for each option structure of 2.0.31 and its plugins: the option, whether it takes a value, the
/// letter that stands for it.
const UWSGI: &str = include_str!("../rules/servers/uwsgi-options.txt");

#[test]
fn the_table_of_uwsgi_agrees_with_its_options() {
    let mut real = BTreeMap::<&str, BTreeSet<&str>>::new();
    for line in UWSGI.lines().filter(|line| !line.starts_with('#')) {
        let mut words = line.split(' ');
        let (Some(option), Some(takes), letter) = (words.next(), words.next(), words.next()) else {
            panic!("`{line}`");
        };
        real.entry(option).or_default().insert(takes);
        if let Some(letter) = letter {
            real.entry(letter).or_default().insert(takes);
        }
    }
    let uwsgi = table(Server::Uwsgi);
    let newest = uwsgi.newest();
    let mut flags = BTreeSet::new();
    for setting in uwsgi.settings() {
        let shape = setting.at(newest);
        for flag in shape.flags() {
            assert!(flags.insert(flag), "{flag} stands for two settings");
            let Some(takes) = real.get(flag.as_str()) else { panic!("uWSGI has no {flag}") };
            let told = match shape.action() {
                Action::Store | Action::Append => !takes.contains("no"),
                // `need-app` alone may have a value and needs none.
                Action::StoreTrue | Action::StoreConst => !takes.contains("required"),
            };
            assert!(told, "{flag} of `{}`: {takes:?}", setting.name());
        }
    }
    assert!(flags.len() > 200);
}
