//! `fastapi run`: Uvicorn behind a command line of its own (fastapi-cli 0.0.34).
//!
//! Decides which application it finds. Its options and defaults are a table of their own.

use super::commands::Start;
use super::locate::{Roots, join};
use crate::python::syntax::Module;
use crate::python::syntax::ast::{Expr, Stmt};
use crate::read::Facts;
use crate::servers::arguments::Arguments;
use crate::source::{FileId, Files, Located, Place};

/// Where it looks when it is told nothing.
const DEFAULT_PATHS: [&str; 6] = ["main.py", "app.py", "api.py", "app/main.py", "app/app.py", "app/api.py"];

/// What `fastapi run` serves, or why it refuses to.
pub(super) struct Found {
    /// `module:name`.
    pub(super) app: Option<Located<String>>,
    /// The folder of the project that it is imported from, where a path names it.
    pub(super) folder: Option<String>,
    pub(super) error: Option<Located<String>>,
}

/// Finds the application: a path or a name on the command line, else an entry point there or in
/// `pyproject.toml`, else the first of a few well-known files.
pub(super) fn find(start: &Start, given: &Arguments, files: &Files, facts: &Facts) -> Found {
    let name = given.last("app");
    let entrypoint = given.last("entrypoint");
    let path = given.app.as_ref();
    let nothing = Found { app: None, folder: None, error: None };
    let unknown = |option: Option<&crate::servers::arguments::Given>| option.is_some_and(|given| given.text.is_none());
    if !given.opaque.is_empty() || given.unnamed.is_some() || unknown(name) || unknown(entrypoint) {
        return nothing;
    }
    if let Some(entrypoint) = entrypoint.filter(|given| given.text.as_deref() != Some("")) {
        if path.is_some() || name.is_some() {
            let what = "`--entrypoint` excludes a path and `--app`".to_owned();
            return Found { app: None, folder: None, error: Some(Located::new(what, entrypoint.flag)) };
        }
        let place = entrypoint.value_place.unwrap_or(entrypoint.flag);
        return checked(entrypoint.text.clone().unwrap_or_default(), place);
    }
    if path.is_none() && name.is_none() {
        let pyproject = start.roots.file(files, "pyproject.toml");
        let configured = pyproject.and_then(|file| facts.entrypoints.get(&file));
        if let Some(entrypoint) = configured {
            return checked(entrypoint.value.clone(), entrypoint.place);
        }
    }
    let place = path.map(|path| path.place).or_else(|| name.map(|name| name.value_place.unwrap_or(name.flag)));
    let place = place.unwrap_or(start.place);
    let candidates = match path {
        Some(path) => {
            let path = path.value.trim_end_matches('/');
            vec![path.to_owned(), format!("{path}/__init__.py")]
        }
        None => DEFAULT_PATHS.map(str::to_owned).to_vec(),
    };
    let found = candidates.iter().find_map(|path| Some((path, start.roots.file(files, path)?)));
    let Some((path, file)) = found else {
        return nothing;
    };
    let name = match name.and_then(|name| name.text.clone()).filter(|name| !name.is_empty()) {
        Some(name) => Some(name),
        None => facts.python.get(&file).and_then(app_name),
    };
    let (module, folder) = module(path, file, &start.roots, files);
    let app = name.map(|name| Located::new(format!("{module}:{name}"), place));
    Found { folder: app.is_some().then_some(folder), app, error: None }
}

/// An entry point must name a module and what is in it.
fn checked(text: String, place: Place) -> Found {
    let complete = text.split_once(':').is_some_and(|(module, name)| !module.is_empty() && !name.is_empty());
    if complete {
        Found { app: Some(Located::new(text, place)), folder: None, error: None }
    } else {
        let what = format!("`{text}` does not have the form `module:name`");
        Found { app: None, folder: None, error: Some(Located::new(what, place)) }
    }
}

/// The dotted name of the file at `path`, which begins at the outermost folder that is a package, and the folder of
/// the project around that one.
fn module(path: &str, file: FileId, roots: &Roots, files: &Files) -> (String, String) {
    let own = files.get(file).path();
    // What the server sees counts: a folder may have another name in its image.
    let seen = roots.absolute().map_or_else(|| own.to_owned(), |working| join(&working, path));
    let is_package = |folder: &str| {
        let package = join(folder, "__init__.py");
        if seen == own { files.find(&package) } else { roots.file(files, &package) }.is_some()
    };
    let path = seen.strip_suffix(".py").unwrap_or(&seen);
    let path = path.strip_suffix("/__init__").unwrap_or(path);
    let (mut folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let mut parts = vec![name];
    while !folder.is_empty() && is_package(folder) {
        let (outer, name) = folder.rsplit_once('/').unwrap_or(("", folder));
        parts.insert(0, name);
        folder = outer;
    }
    let outside = own.strip_suffix("/__init__.py").unwrap_or(own);
    let home = (0..parts.len()).fold(outside, |path, _| path.rsplit_once('/').map_or("", |(outer, _)| outer));
    (parts.join("."), home.to_owned())
}

/// `app` or `api`, whichever is there, else the first name in the order of letters that is bound to a call of
/// `FastAPI`. What a name really holds only Python knows; a function or a module is no application.
fn app_name(module: &Module) -> Option<String> {
    let mut bound: Vec<(&str, bool)> = Vec::new();
    for statement in &module.body {
        match statement {
            Stmt::Assign(assign) => {
                for target in &assign.targets {
                    if let Expr::Name(name) = target {
                        bound.push((name.id.as_str(), calls_fastapi(&assign.value)));
                    }
                }
            }
            Stmt::AnnAssign(assign) => {
                if let (Expr::Name(name), Some(value)) = (assign.target.as_ref(), &assign.value) {
                    bound.push((name.id.as_str(), calls_fastapi(value)));
                }
            }
            Stmt::ImportFrom(import) => {
                for alias in &import.names {
                    bound.push((alias.asname.as_ref().unwrap_or(&alias.name).as_str(), false));
                }
            }
            _ => {}
        }
    }
    let sure = |name: &str| bound.iter().any(|(bound, calls)| *bound == name && *calls);
    let there = |name: &str| bound.iter().any(|(bound, _)| *bound == name);
    if sure("app") || (there("app") && !sure("api")) {
        return Some("app".to_owned());
    }
    // What a function returns into `app` may be an application, which would come first.
    if there("app") {
        return None;
    }
    if there("api") {
        return Some("api".to_owned());
    }
    let mut others: Vec<&str> = bound.iter().filter(|(_, calls)| *calls).map(|(name, _)| *name).collect();
    others.sort_unstable();
    others.first().map(|name| (*name).to_owned())
}

/// `FastAPI(…)` or `fastapi.FastAPI(…)`.
fn calls_fastapi(value: &Expr) -> bool {
    let Expr::Call(call) = value else { return false };
    match call.func.as_ref() {
        Expr::Name(name) => name.id.as_str() == "FastAPI",
        Expr::Attribute(attribute) => attribute.attr.as_str() == "FastAPI",
        _ => false,
    }
}
