//! What farrier takes a makefile to run is what `make -n` prints.
//!
//! What make prints is read as a script of `package.json`, so that the words are compared and not their spelling.
#![allow(clippy::expect_used, reason = "a test stops where its own tools fail")]

use std::fs;
use std::process::Command;

use farrier::read::{self, Facts};
use farrier::source::{FileKind, Files, Word};
use serde_json::json;

/// Each makefile with a target of it.
const CASES: &[(&str, &str)] = &[
    ("run:\n\tgunicorn app:app\n", "run"),
    ("run:\n\t@gunicorn -w 4 app:app\n", "run"),
    ("run:\n\t-gunicorn app:app\n\t@-echo done\n", "run"),
    ("N = 4\nrun:\n\tgunicorn -w $(N) app:app\n", "run"),
    ("N = 4\nrun:\n\tgunicorn -w ${N} app:app\n", "run"),
    ("N := 4\nM := $(N)2\nN := 5\nrun:\n\tgunicorn -w $(M) app:app\n", "run"),
    ("M = $(N)2\nN = 5\nrun:\n\tgunicorn -w $(M) app:app\n", "run"),
    ("N ?= 4\nN ?= 5\nrun:\n\tgunicorn -w $(N) app:app\n", "run"),
    ("O = -w 4\nO += --threads 2\nrun:\n\tgunicorn $(O) app:app\n", "run"),
    ("T = 9\nO := -w 4\nO += --threads $(T)\nT = 8\nrun:\n\tgunicorn $(O)x app:app\n", "run"),
    ("run:\n\tgunicorn \\\n\t  -w 4 \\\n\t  app:app\n", "run"),
    ("O = -w 4 \\\n  --threads 2\nrun:\n\tgunicorn $(O) app:app\n", "run"),
    ("export PORT = 8000\nrun:\n\tgunicorn -b :$(PORT) app:app\n", "run"),
    (".PHONY: run\nrun: ## Run the server\n\tgunicorn app:app # here\n", "run"),
    ("run stop:\n\tgunicorn --name $@ app:app\n", "stop"),
    ("run: ; gunicorn app:app\n", "run"),
    ("dev: N = 1\nN = 4\ndev:\n\tgunicorn -w $(N) app:app\n", "dev"),
    ("dev: N := 1\nN = 4\nrun dev:\n\tgunicorn -w $(N) app:app\n", "run"),
    ("O = -w 4\nrun: O += --threads 2\nrun:\n\tgunicorn $(O) app:app\n", "run"),
    ("run: O += --threads 2\nO = -w 4\nrun:\n\tgunicorn $(O) app:app\n", "run"),
    ("N = 4\nrun: N ?= 2\nrun:\n\tgunicorn -w $(N) app:app\n", "run"),
    ("M = 3\nrun: N := $(M)\nM = 4\nrun:\n\tgunicorn -w $(N) app:app\n", "run"),
    ("run:\n\tcd src && gunicorn app:app\n", "run"),
    ("run:\n\tgunicorn app:app; \\\n\techo 'a  b'\n", "run"),
    ("A = app\nrun:\n\tgunicorn \"$(A):app\" --name '$(A)'\n", "run"),
    ("# N = 1\nN = 2 # two\nrun:\n\tgunicorn -w $(N) app:app\n", "run"),
    ("define help\nrun: x\nendef\nrun:\n\tgunicorn app:app\n", "run"),
    ("run:: \n\tgunicorn a:app\nrun::\n\tgunicorn b:app\n", "run"),
    ("override N = 3\nrun:\n\tgunicorn -w $N app:app\n", "run"),
    ("run:\r\n\tgunicorn -w 2 app:app\r\n", "run"),
];

/// The words of each command of a task; a word that is not known is `None`.
fn commands(facts: &Facts, task: &str) -> Vec<Vec<Option<String>>> {
    let unit = facts.units.iter().find(|unit| unit.name == task).expect("the task is read");
    let simple = unit.command.iter().flat_map(|command| &command.simple);
    simple.map(|words| words.iter().map(Word::text).collect()).collect()
}

fn facts(path: &str, text: &str, kind: FileKind) -> Facts {
    let mut files = Files::new();
    let file = files.add(path, text);
    read::all(&files, &[(file, kind)].into())
}

#[test]
fn make_would_run_the_same() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    for (makefile, target) in CASES {
        fs::write(folder.path().join("Makefile"), makefile).expect("a scratch folder is writable");
        let output = Command::new("make")
            .args(["-n", "--no-print-directory", "-C"])
            .arg(folder.path())
            .arg(target)
            .env_remove("MAKEFLAGS")
            .env_remove("PORT")
            .output()
            .expect("make is installed (Debian and Ubuntu: apt-get install make)");
        assert!(output.status.success(), "{makefile}\n{}", String::from_utf8_lossy(&output.stderr));
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        let printed = json!({ "scripts": { *target: printed } }).to_string();
        let ours = commands(&facts("Makefile", makefile, FileKind::Makefile), target);
        assert_eq!(ours, commands(&facts("package.json", &printed, FileKind::PackageJson), target), "{makefile}");
    }
}
