//! Nothing of a project is run, and nothing of it is touched, by whoever only looks at it.
//!
//! Every file that Python, a shell or a careless program would run here leaves a marker behind.
#![cfg(unix)]
#![allow(clippy::expect_used, reason = "a test stops where its own ground is missing")]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::SystemTime;

/// Programs that are looked for along the path, each a trap.
const PROGRAMS: &[&str] =
    &["python", "python3", "python3.12", "gunicorn", "uvicorn", "pip", "uv", "poetry", "git", "docker", "nproc", "sh"];

/// Files of the project that Python would run.
const MODULES: &[&str] =
    &["app.py", "gunicorn.conf.py", "sitecustomize.py", "usercustomize.py", "conftest.py", "package/__init__.py"];

#[test]
fn looking_runs_nothing_and_changes_nothing() {
    let trap = Trap::new();
    let before = trap.tree();
    assert!(before.len() > MODULES.len() + PROGRAMS.len(), "the traps are set");
    let commands: &[&[&str]] = &[
        &["check"],
        &["check", "--advice", "--format", "json"],
        &["check", "--diff", "--unsafe-fixes"],
        &["check", "gunicorn.conf.py", "--format", "concise"],
        &["show", "--all"],
        &["advise"],
        &["advise", "--cpus", "2", "--memory", "512MiB", "--diff"],
        &["host"],
        &["host", "--format", "json"],
        &["explain", "threads-ignored"],
        &["rules"],
    ];
    for command in commands {
        let output = trap.farrier(command);
        assert!(matches!(output.status.code(), Some(0 | 1)), "{command:?}: {}", told(&output));
        assert!(!trap.marker.exists(), "{command:?} ran {}", fs::read_to_string(&trap.marker).unwrap_or_default());
        assert_eq!(trap.tree(), before, "{command:?} touched the project");
    }
    // The commands did look: the configuration that would have left a marker was read.
    let output = trap.farrier(&["check", "--format", "concise"]);
    assert!(told(&output).contains("gunicorn.conf.py:4:11: warning[threads-ignored]"), "{}", told(&output));
}

/// Without this the test above could pass because its traps do not work.
#[test]
fn the_traps_work() {
    let trap = Trap::new();
    let status = Command::new(trap.bin.join("gunicorn")).env_clear().status().expect("the trap can be run");
    assert!(status.success());
    assert_eq!(fs::read_to_string(&trap.marker).expect("it left a marker"), "gunicorn\n");
}

#[test]
fn a_fix_changes_one_file_and_runs_nothing() {
    let trap = Trap::new();
    let before = trap.tree();
    let output = trap.farrier(&["check", "--fix"]);
    assert!(matches!(output.status.code(), Some(0 | 1)), "{}", told(&output));
    assert!(!trap.marker.exists());
    let after = trap.tree();
    let changed: Vec<_> = after.iter().filter(|(path, state)| before.get(*path) != Some(state)).collect();
    let names: Vec<_> =
        changed.iter().map(|(path, _)| path.strip_prefix(trap.folder.path()).expect("inside")).collect();
    assert_eq!(names, [Path::new("project"), Path::new("project/gunicorn.conf.py")]);
    assert_eq!(before.len(), after.len(), "nothing was left beside it");
}

/// A project of traps.
struct Trap {
    folder: tempfile::TempDir,
    project: PathBuf,
    bin: PathBuf,
    marker: PathBuf,
}

/// What a file holds, and when it last changed.
type State = (Vec<u8>, SystemTime, u32);

impl Trap {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let outside = folder.path().join("outside");
        let trap = Self {
            project: folder.path().join("project"),
            bin: folder.path().join("project/.venv/bin"),
            marker: outside.join("marker"),
            folder,
        };
        fs::create_dir_all(&outside).expect("a folder");
        let text = |name: &str| {
            let marker = trap.marker.display();
            let settings = "worker_class = 'gevent'\nthreads = 8\n";
            let alarm = format!("import os; open('{marker}', 'a').write('{name}\\n')\n");
            match name {
                "gunicorn.conf.py" => format!("{alarm}\n{settings}os.system('touch {marker}')\n"),
                "app.py" => format!("{alarm}from flask import Flask\napp = Flask(__name__)\n"),
                _ => alarm,
            }
        };
        for name in MODULES {
            trap.write(&trap.project.join(name), &text(name), 0o644);
        }
        let site = trap.project.join(".venv/lib/python3.12/site-packages");
        trap.write(&site.join("evil.pth"), &text("evil.pth"), 0o644);
        trap.write(&site.join("sitecustomize.py"), &text("site"), 0o644);
        trap.write(&trap.project.join(".venv/pyvenv.cfg"), "home = /nowhere\n", 0o644);
        for name in PROGRAMS {
            let script = format!("#!/bin/sh\necho {name} >> '{}'\n", trap.marker.display());
            trap.write(&trap.bin.join(name), &script, 0o755);
        }
        let entry = format!("#!/bin/sh\ntouch '{}'\nexec gunicorn app:app\n", trap.marker.display());
        trap.write(&trap.project.join("entrypoint.sh"), &entry, 0o755);
        let marker = trap.marker.display();
        let launch =
            format!("web: WEB=$(touch {marker}) gunicorn -c gunicorn.conf.py -w `touch {marker}; echo 2` app:app\n");
        trap.write(&trap.project.join("Procfile"), "web: gunicorn -c gunicorn.conf.py app:app\n", 0o644);
        trap.write(&trap.project.join("Procfile.dev"), &launch, 0o644);
        let docker =
            format!("FROM python:3.12\nRUN touch {marker}\nCOPY entrypoint.sh /\nENTRYPOINT [\"/entrypoint.sh\"]\n");
        trap.write(&trap.project.join("Dockerfile"), &docker, 0o644);
        trap
    }

    fn write(&self, path: &Path, text: &str, mode: u32) {
        assert!(path.starts_with(&self.project));
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("a mode");
    }

    /// Runs the binary with the traps first on the path and in everything that Python heeds.
    fn farrier(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_farrier"));
        command.current_dir(&self.project).env_clear().args(arguments);
        command.env("PATH", &self.bin).env("VIRTUAL_ENV", self.project.join(".venv"));
        command.env("PYTHONPATH", &self.project).env("PYTHONSTARTUP", self.project.join("app.py"));
        command.env("HOME", &self.project).env("TMPDIR", self.folder.path().join("outside"));
        command.output().expect("the binary runs")
    }

    /// Everything below the folder: bytes, time of the last change, mode.
    fn tree(&self) -> BTreeMap<PathBuf, State> {
        let mut tree = BTreeMap::new();
        let mut open = vec![self.folder.path().to_path_buf()];
        while let Some(folder) = open.pop() {
            for entry in fs::read_dir(&folder).expect("the folder can be read") {
                let path = entry.expect("an entry").path();
                let metadata = fs::symlink_metadata(&path).expect("it is there");
                let bytes = if metadata.is_dir() { Vec::new() } else { fs::read(&path).expect("a file") };
                let changed = metadata.modified().expect("the system keeps times");
                if metadata.is_dir() {
                    open.push(path.clone());
                }
                tree.insert(path, (bytes, changed, metadata.permissions().mode()));
            }
        }
        tree
    }
}

fn told(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}
