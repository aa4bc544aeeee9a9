//! Every handler runs where farrier says.
//!
//! Each folder of `tests/handlers_run_where` is a small application of one framework. It is served by the
//! real framework, sent the requests of its list, and each of its functions tells in which thread and on which
//! loop it ran (`run.py`). What farrier makes of the same files has to be the same: no function missed, none
//! invented, none in another place.
#![allow(clippy::expect_used, reason = "a test stops where its own tools fail")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use farrier::app::{Application, Context, Pool};
use farrier::python::syntax::parse;
use farrier::source::Files;
use serde::Deserialize;

use support::python::frameworks_environment;

/// Functions by their qualified name, each with all the places where it runs.
type Ran = BTreeMap<String, BTreeSet<String>>;

#[derive(Debug, Deserialize)]
struct Observed {
    seen: Ran,
    failures: Vec<String>,
}

#[test]
fn handlers_run_where_their_framework_runs_them() {
    let all = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/handlers_run_where");
    let mut lists: Vec<PathBuf> =
        files_in(&all).iter().filter(|path| path.is_dir()).flat_map(|path| files_in(path)).collect();
    lists.retain(|path| path.extension().is_some_and(|extension| extension == "txt"));
    let mut wrong = Vec::new();
    let mut compared = 0;
    for list in &lists {
        let name = list.strip_prefix(&all).expect("it lies below the folder").display();
        let observed = observe(&all.join("run.py"), list);
        assert!(observed.failures.is_empty(), "{name}: {:?}", observed.failures);
        let expected = expect(list);
        let functions: BTreeSet<&String> = observed.seen.keys().chain(expected.keys()).collect();
        for function in functions {
            let (ours, theirs) = (expected.get(function), observed.seen.get(function).map(while_serving));
            compared += 1;
            if ours != theirs.as_ref() {
                wrong.push(format!("{name}: `{function}` runs in {theirs:?}, farrier says {ours:?}"));
            }
        }
    }
    assert!(compared >= 250, "only {compared} functions were compared");
    assert!(wrong.is_empty(), "{} of {compared}:\n{}", wrong.len(), wrong.join("\n"));
}

fn files_in(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the projects are there");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("a folder can be read").path()).collect();
    paths.sort();
    paths
}

/// Middleware sees the start of the application as well, which says nothing new.
fn while_serving(ran: &BTreeSet<String>) -> BTreeSet<String> {
    let mut ran = ran.clone();
    if ran.len() > 1 {
        ran.remove("start-up");
    }
    ran
}

fn observe(script: &Path, list: &Path) -> Observed {
    let output = frameworks_environment().command().arg(script).arg(list).output().expect("Python starts");
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().last().unwrap_or_default();
    serde_json::from_str(line).unwrap_or_else(|error| {
        panic!("{}: {error}\n{text}\n{}", list.display(), String::from_utf8_lossy(&output.stderr))
    })
}

fn expect(list: &Path) -> Ran {
    let project = list.parent().expect("a list stands in its project");
    let mut files = Files::new();
    collect(project, project, &mut files);
    let modules = files.iter().map(|(id, file)| (id, parse(file.text()).expect("the projects are Python"))).collect();
    let requests = fs::read_to_string(list).expect("a list is text");
    let target = requests.split_whitespace().nth(1).expect("the first line names the application");
    let application = farrier::app::analyse(&files, &modules, target, "").expect("the application is found");
    ran(&application)
}

fn collect(root: &Path, folder: &Path, files: &mut Files) {
    for path in files_in(folder) {
        if path.is_dir() {
            collect(root, &path, files);
        } else if path.extension().is_some_and(|extension| extension == "py") {
            let relative = path.strip_prefix(root).expect("it lies below the project");
            let name = relative.to_string_lossy().replace('\\', "/");
            files.add(name, fs::read_to_string(&path).expect("the projects are text"));
        }
    }
}

fn ran(application: &Application) -> Ran {
    let mut ran = Ran::new();
    for handler in &application.handlers {
        let place = match handler.runs {
            Context::Loop => "loop",
            Context::StartUp => "start-up",
            Context::Thread(Pool::AnyIo) => "AnyIO thread",
            Context::Thread(Pool::Executor) => "executor thread",
            Context::Thread(Pool::Request) => "request thread",
            Context::Thread(Pool::Process) => "thread of the process",
            Context::Thread(Pool::Server) => "thread of the server",
            Context::Worker | Context::Greenlet => "worker",
            Context::OwnLoop => "own loop",
        };
        ran.entry(handler.name.clone()).or_default().insert(place.to_owned());
    }
    ran
}
