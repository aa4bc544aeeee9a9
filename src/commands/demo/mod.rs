//! A small service in a temporary folder, so that somebody without a project sees a whole run.
//!
//! Decides which server starts it: the first that the Python has.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::Failure;

const APP: &str = include_str!("app.py");
/// What a run would find out: the service waits most of the time.
const SETTINGS: &str = "[application]\nworkload = \"io\"\n";

/// A server that can start the service, how it does, and what is asked of it.
struct Way {
    module: &'static str,
    command: &'static str,
    paths: &'static [&'static str],
}

const WAYS: [Way; 4] = [
    Way { module: "gunicorn", command: "gunicorn app:wsgi --workers 5", paths: &["/"] },
    Way { module: "uvicorn", command: "uvicorn app:asgi", paths: &["/", "/block"] },
    Way { module: "hypercorn", command: "hypercorn app:asgi", paths: &["/", "/block"] },
    Way { module: "granian", command: "granian --interface asgi app:asgi", paths: &["/", "/block"] },
];

/// The service, and the paths that are asked for.
pub(super) struct Demo {
    pub(super) folder: TempDir,
    pub(super) paths: Vec<String>,
}

/// Writes the service for the first server that `python` has.
pub(super) fn written(python: &OsStr) -> Result<Demo, Failure> {
    let unwritten = |error: std::io::Error| Failure::Usage(format!("the demo cannot be written: {error}"));
    let folder = tempfile::Builder::new().prefix("farrier-demo-").tempdir().map_err(unwritten)?;
    let way = WAYS.iter().find(|way| has(python, way.module, folder.path())).ok_or_else(|| {
        let names = WAYS.map(|way| way.module).join(", ");
        Failure::Usage(format!("`{}` has none of {names}: name another with `--python`", python.to_string_lossy()))
    })?;
    let launch = format!("web: {}\n", way.command);
    for (name, text) in [("app.py", APP), ("farrier.toml", SETTINGS), ("Procfile", &launch)] {
        std::fs::write(folder.path().join(name), text).map_err(unwritten)?;
    }
    Ok(Demo { folder, paths: way.paths.iter().map(|&path| path.to_owned()).collect() })
}

/// Whether the Python finds the module. It looks in the folder first, which is an empty one or the project's.
pub(super) fn has(python: &OsStr, module: &str, empty: &Path) -> bool {
    let ask = format!("import importlib.util, sys; sys.exit(importlib.util.find_spec('{module}') is None)");
    let mut command = Command::new(python);
    command.arg("-c").arg(ask).current_dir(empty);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
