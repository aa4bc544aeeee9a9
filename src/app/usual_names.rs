//! Applications that only their names give away.
//!
//! Who calls a framework's constructor is found by that. An application of one's own, a class or function that speaks
//! ASGI, is found by the name that servers are told, `app` or `application`, and so is one that stands behind a wrapper.
//! Django's counts where the project has no WSGI application, which `startproject` writes beside the other one.

use std::collections::BTreeMap;

use super::orphans::{Orphan, import_path, is_aside};
use super::target::{Target, find};
use super::{Code, Framework, Interface};
use crate::python::syntax::Module;
use crate::python::syntax::ast::{self, Expr, Stmt};
use crate::python::test_imports::is_of_tests;
use crate::python::types::Types;

/// What servers are told to look for.
const NAMES: [&str; 2] = ["app", "application"];

/// The ASGI applications that modules of the project bind to usual names, each object once.
pub(super) fn usual_names(code: &Code<'_>) -> Vec<Orphan> {
    let mut by_folder: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (&file, module) in code.modules {
        let path = code.files.get(file).path();
        if is_aside(path) || is_of_tests(code.files, file, module) {
            continue;
        }
        let (folder, dotted) = import_path(code.files, path);
        let names = bound(module).into_iter().map(|name| format!("{dotted}:{name}"));
        by_folder.entry(folder).or_default().extend(names);
    }
    let mut found: Vec<(String, String, Target)> = Vec::new();
    for (folder, targets) in by_folder {
        if targets.is_empty() {
            continue;
        }
        let types = Types::new(code.project(), &folder.as_str().into());
        let objects = targets.into_iter().filter_map(|name| Some((find(&types, &name)?, name)));
        found.extend(objects.map(|(object, name)| (folder.clone(), name, object)));
    }
    let has_wsgi = found.iter().any(|(.., object)| object.interface == Interface::Wsgi);
    found.retain(|(.., object)| {
        object.interface == Interface::Asgi && !(has_wsgi && object.framework == Framework::Django)
    });
    let mut orphans: Vec<Orphan> = Vec::new();
    for (folder, name, object) in found {
        if !orphans.iter().any(|known| known.object.place == object.place) {
            orphans.push(Orphan { folder, name, object, is_beside: false });
        }
    }
    orphans
}

/// The usual names that a module binds to what may be an application: a function, or what a call gives.
fn bound(module: &Module) -> Vec<&str> {
    let names = module.body.iter().filter_map(|stmt| match stmt {
        Stmt::FunctionDef(function) if function.is_async => Some(function.name.as_str()),
        Stmt::Assign(ast::StmtAssign { targets, value, .. }) => match (targets.as_slice(), &**value) {
            ([Expr::Name(name)], Expr::Call(_)) => Some(name.id.as_str()),
            _ => None,
        },
        _ => None,
    });
    let mut names: Vec<&str> = names.filter(|name| NAMES.contains(name)).collect();
    names.dedup();
    names
}
