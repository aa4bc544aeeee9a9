//! Files of the project that have the name of a package which somebody means.
//!
//! The folder that a server starts in, and that of its application, come before installed packages.

use super::locate::join;
use crate::python::syntax::ast::Stmt;
use crate::python::syntax::{Module, span_of};
use crate::source::{FileId, Files, Place, Span};

use std::collections::BTreeMap;

/// Packages that a server is started from, and those that an application imports.
const SERVERS: [&str; 5] = ["gunicorn", "uvicorn", "hypercorn", "granian", "daphne"];
const FRAMEWORKS: [&str; 5] = ["fastapi", "flask", "starlette", "django", "quart"];

/// A file in front of a package.
#[derive(Debug, Clone)]
pub struct Shadow {
    /// The name that both have.
    pub name: &'static str,
    /// The first line of the file that says something.
    pub place: Place,
    /// The import that means the package; `None` where Python runs the file in place of the server.
    pub import: Option<Place>,
}

/// The files in `folder`; `by_module` is the server that Python runs as a module.
pub(super) fn find(
    folder: &str,
    by_module: Option<&str>,
    app: Option<&str>,
    files: &Files,
    python: &BTreeMap<FileId, Module>,
) -> Vec<Shadow> {
    let mut found = Vec::new();
    for name in SERVERS.into_iter().chain(FRAMEWORKS) {
        let path = join(folder, &format!("{name}.py"));
        let Some(file) = files.find(&path) else { continue };
        let Some(module) = python.get(&file) else { continue };
        let own = app.and_then(|app| app.split(['.', ':']).next()) == Some(name);
        let import = || {
            let inside = |other: FileId| files.get(other).path().starts_with(folder) && (other != file || own);
            python
                .iter()
                .filter(|(other, _)| inside(**other))
                .find_map(|(other, module)| import_of(name, *other, module))
        };
        let runs = by_module == Some(name);
        let import = if runs || !FRAMEWORKS.contains(&name) { None } else { import() };
        if runs || import.is_some() {
            found.push(Shadow { name, place: first_line(file, module, files), import });
        }
    }
    found
}

/// Where a module imports the package.
fn import_of(name: &str, file: FileId, module: &Module) -> Option<Place> {
    let is = |dotted: &str| dotted.split('.').next() == Some(name);
    let found = module.body.iter().find(|statement| match statement {
        Stmt::Import(import) => import.names.iter().any(|alias| is(alias.name.as_str())),
        Stmt::ImportFrom(import) => import.level == 0 && import.module.as_deref().is_some_and(is),
        _ => false,
    })?;
    Some(Place::new(file, span_of(found)))
}

fn first_line(file: FileId, module: &Module, files: &Files) -> Place {
    let start = module.body.first().map_or(0, |statement| span_of(statement).start);
    let rest = files.get(file).text().get(start..).unwrap_or_default();
    let line = rest.lines().next().unwrap_or_default().trim_end();
    Place::new(file, Span::new(start, start + line.len()))
}
