//! The lines of logs that farrier explains are those that the servers write.
#![allow(clippy::expect_used, reason = "a test stops where its own ground is missing")]

mod support;

use std::path::{Path, PathBuf};

use farrier::rules::messages::MESSAGES;
use support::python::{PythonEnvironment, python_environment, tools_environment};

#[test]
fn distributions_hold_the_texts_where_the_files_say() {
    let folders: Vec<[PathBuf; 2]> = [python_environment(), tools_environment()].into_iter().map(folders).collect();
    let mut failures = Vec::new();
    let mut seen_of = 0;
    for message in MESSAGES {
        for seen in message.seen {
            seen_of += 1;
            let held = folders.iter().any(|[installed, standard]| {
                let root = if seen.distribution == "python" { standard } else { installed };
                std::fs::read_to_string(root.join(seen.file)).is_ok_and(|text| text.contains(seen.text))
            });
            if !held {
                failures.push(format!(
                    "{}: {} {} has no `{}` in {}",
                    message.name, seen.distribution, seen.version, seen.text, seen.file
                ));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(seen_of > 15, "only {seen_of} texts were looked up");
}

#[test]
fn versions_are_those_that_were_read() {
    let code = "import sys\nfrom importlib.metadata import PackageNotFoundError, version\n\
                for name in sys.argv[1:]:\n    try:\n        print(name, version(name))\n    except PackageNotFoundError:\n        pass\n";
    let mut installed = String::new();
    for environment in [python_environment(), tools_environment()] {
        let names = MESSAGES.iter().flat_map(|message| message.seen).map(|seen| seen.distribution);
        let output = environment.command().args(["-I", "-c", code]).args(names).output().expect("Python runs");
        installed.push_str(&String::from_utf8_lossy(&output.stdout));
    }
    let mut others = MESSAGES.iter().flat_map(|message| message.seen).filter(|seen| seen.distribution != "python");
    let wrong =
        others.find(|seen| !installed.lines().any(|line| line == format!("{} {}", seen.distribution, seen.version)));
    assert!(wrong.is_none(), "{wrong:?} is not what is installed:\n{installed}");
}

/// Where distributions are installed, and the standard library.
fn folders(environment: &PythonEnvironment) -> [PathBuf; 2] {
    let code = "import sysconfig; print(sysconfig.get_path('purelib')); print(sysconfig.get_path('stdlib'))";
    let output = environment.command().args(["-I", "-c", code]).output().expect("Python runs");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut lines = said.lines().map(|line| Path::new(line).to_path_buf());
    [lines.next().expect("a folder"), lines.next().expect("a folder")]
}
