//! The wheel that `pyproject.toml` describes: built by the real maturin, installed by pip into an environment of its own,
//! and run.
//!
//! It is built without optimisation, so that it takes what Cargo has compiled for the other tests; its size says
//! nothing about that of a release.

#![allow(clippy::unwrap_used, reason = "a test fails where it cannot go on")]

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;

use support::python::wheel_environment;

/// Runs a command to its end, and says what it printed.
#[track_caller]
fn run(command: &mut Command, code: i32) -> String {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(code), "{command:?}: {said}{}", String::from_utf8_lossy(&output.stderr));
    said
}

/// The only file in a folder.
fn only(folder: &Path) -> PathBuf {
    let mut found: Vec<PathBuf> = folder.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

#[test]
fn pip_installs_a_program_that_runs() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    // Where the program of this test run lies: `target/debug/farrier`.
    let target = Path::new(env!("CARGO_BIN_EXE_farrier")).ancestors().nth(2).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let wheels = folder.path().join("wheels");
    let mut build = wheel_environment().command();
    build.current_dir(root).args(["-m", "maturin", "build", "--profile", "dev", "--target-dir"]).arg(target);
    run(build.arg("--out").arg(&wheels), 0);

    let wheel = only(&wheels);
    let named = format!("farrier-{}-py3-none-", env!("CARGO_PKG_VERSION"));
    assert!(wheel.file_name().unwrap().to_str().unwrap().starts_with(&named), "{}", wheel.display());
    let list = "import sys, zipfile; print(*sorted(zipfile.ZipFile(sys.argv[1]).namelist()), sep='\\n')";
    let held = run(wheel_environment().command().args(["-c", list]).arg(&wheel), 0);
    let (programs, about): (Vec<&str>, Vec<&str>) = held.lines().partition(|name| name.contains("/scripts/"));
    assert_eq!(programs.len(), 1, "{held}");
    assert!(about.iter().all(|name| name.contains(".dist-info/")), "{held}");
    assert_eq!(about.iter().filter(|name| name.contains("LICENSE-")).count(), 2, "{held}");

    let venv = folder.path().join("venv");
    run(wheel_environment().command().args(["-m", "venv"]).arg(&venv), 0);
    let bin = venv.join(if cfg!(windows) { "Scripts" } else { "bin" });
    run(Command::new(bin.join("python")).args(["-m", "pip", "install", "--quiet", "--no-index"]).arg(&wheel), 0);
    let farrier = || Command::new(bin.join("farrier"));
    assert_eq!(run(farrier().arg("--version"), 0).trim(), format!("farrier {}", env!("CARGO_PKG_VERSION")));
    let project = folder.path().join("service");
    std::fs::create_dir(&project).unwrap();
    std::fs::write(project.join("main.py"), "from fastapi import FastAPI\n\napp = FastAPI()\n").unwrap();
    std::fs::write(project.join("Procfile"), "web: gunicorn main:app -w 4\n").unwrap();
    let found = run(farrier().args(["check", "--format", "concise"]).current_dir(&project), 1);
    assert!(found.contains("asgi-app-on-wsgi-worker"), "{found}");
}
