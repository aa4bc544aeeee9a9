//! Applications that no known server runs.
//!
//! A project may be checked before anybody has written down how it is started. Its applications are
//! then found by the calls that make them; what they are worth is told by the same analysis.

use std::collections::BTreeMap;

use super::{Application, Instructions, analyse_as_told};
use crate::python::syntax::{Module, ast, span_of};
use crate::source::{FileId, Files, Place};

/// The constructors of frameworks whose handlers share an event loop.
const CONSTRUCTORS: [&str; 5] = ["FastAPI", "Starlette", "Litestar", "Quart", "Sanic"];

/// Folders whose applications exist for tests and documents.
const ASIDE: [&str; 8] = ["tests", "test", "docs", "doc", "docs_src", "examples", "example", "benchmarks"];

/// Analyses every application of the project that is not among `known`.
pub fn orphans(
    files: &Files,
    modules: &BTreeMap<FileId, Module>,
    known: &[Option<Application>],
    instructions: &Instructions,
) -> Vec<Application> {
    let is_known = |place: Place| known.iter().flatten().any(|application| application.place.file == place.file);
    let mut found = Vec::new();
    for (&file, module) in modules {
        let path = files.get(file).path();
        if path.split('/').any(|part| ASIDE.contains(&part) || part.starts_with("test_")) {
            continue;
        }
        for (name, place) in bound(file, module) {
            if is_known(place) {
                continue;
            }
            let (folder, dotted) = import_path(files, path);
            found.extend(analyse_as_told(files, modules, &format!("{dotted}:{name}"), &folder, instructions));
        }
    }
    found
}

/// Names that a module binds to a call of a known constructor.
fn bound(file: FileId, module: &Module) -> Vec<(String, Place)> {
    let mut names = Vec::new();
    for statement in &module.body {
        let (target, value) = match statement {
            ast::Stmt::Assign(assign) if assign.targets.len() == 1 => (&assign.targets[0], &*assign.value),
            ast::Stmt::AnnAssign(ast::StmtAnnAssign { target, value: Some(value), .. }) => (&**target, &**value),
            _ => continue,
        };
        let (ast::Expr::Name(name), ast::Expr::Call(call)) = (target, value) else {
            continue;
        };
        let constructor = match &*call.func {
            ast::Expr::Name(name) => name.id.as_str(),
            ast::Expr::Attribute(attribute) => attribute.attr.as_str(),
            _ => continue,
        };
        if CONSTRUCTORS.contains(&constructor) {
            names.push((name.id.to_string(), Place::new(file, span_of(name))));
        }
    }
    names
}

/// The folder from which a file is imported, and its dotted name there: packages are climbed out of.
fn import_path(files: &Files, path: &str) -> (String, String) {
    let mut folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    while !folder.is_empty() && files.find(&format!("{folder}/__init__.py")).is_some() {
        folder = folder.rsplit_once('/').map_or("", |(parent, _)| parent);
    }
    let inside = path[folder.len()..].trim_start_matches('/').trim_end_matches(".py");
    let dotted = inside.trim_end_matches("/__init__").replace('/', ".");
    (folder.to_owned(), dotted)
}
