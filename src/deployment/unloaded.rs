//! Files with settings of Gunicorn that none of its servers loads.
//!
//! Decides by names: a file is one of Gunicorn's if it says so in its name and binds several settings. Whoever
//! mentions it in a command, or imports it, loads it in a way that is not followed here.

use std::collections::BTreeSet;

use super::assemble::Unloaded;
use super::{Deployment, Effective};
use crate::python::syntax::ast::{Expr, Stmt};
use crate::python::syntax::{Module, span_of};
use crate::read::Facts;
use crate::servers::{Server, table};
use crate::source::{FileId, Files, Located, Place};
use crate::values::Value;

/// Fewer names could be anybody's.
const ENOUGH: usize = 3;

/// The files, with the server of the nearest folder that does without them.
pub(super) fn find(files: &Files, facts: &Facts, deployments: &[Deployment]) -> Vec<Unloaded> {
    let loaded: BTreeSet<FileId> = deployments.iter().flat_map(|one| &one.loaded).copied().collect();
    let candidates = facts.python.iter().filter(|(file, _)| !loaded.contains(file));
    let named = candidates.filter(|(file, _)| files.get(**file).name().contains("gunicorn"));
    let found = named.filter_map(|(&file, module)| {
        let settings = settings(file, module)?;
        if is_mentioned(file, files) {
            return None;
        }
        Some(Unloaded { file, settings, server: without(file, files, deployments)? })
    });
    found.collect()
}

/// The settings that a file binds at its top level, and where the first of them stands.
fn settings(file: FileId, module: &Module) -> Option<Located<Vec<String>>> {
    let mut found: Option<Located<Vec<String>>> = None;
    for statement in &module.body {
        let Stmt::Assign(assign) = statement else { continue };
        let [Expr::Name(name)] = assign.targets.as_slice() else { continue };
        if table(Server::Gunicorn).setting(name.id.as_str()).is_some() {
            let place = Place::new(file, span_of(statement));
            found.get_or_insert_with(|| Located::new(Vec::new(), place)).value.push(name.id.to_string());
        }
    }
    found.filter(|found| found.value.len() >= ENOUGH)
}

/// Whether another file names it other than to copy it.
fn is_mentioned(file: FileId, files: &Files) -> bool {
    let name = files.get(file).name();
    let stem = name.strip_suffix(".py").unwrap_or(name);
    let mentions = |line: &str| {
        let copies = ["COPY", "ADD"].iter().any(|word| line.trim_start().starts_with(word));
        let imports = (line.contains("import ") || line.contains("python:")) && line.contains(stem);
        !copies && (line.contains(name) || imports)
    };
    files.iter().any(|(other, source)| other != file && source.text().lines().any(mentions))
}

/// The one server of Gunicorn in the nearest folder above, if it loads nothing and all in that folder do not.
fn without(file: FileId, files: &Files, deployments: &[Deployment]) -> Option<usize> {
    let path = files.get(file).path();
    let above = |folder: &str| folder.is_empty() || path.starts_with(&format!("{folder}/"));
    let is_near = |one: &Deployment| one.server == Server::Gunicorn && above(&one.folder) && one.development.is_none();
    let near: Vec<(usize, &Deployment)> = deployments.iter().enumerate().filter(|(_, one)| is_near(one)).collect();
    let bare = |one: &Deployment| {
        let named = one.setting("config").map(Effective::value);
        let default = one.setting("config").is_none_or(|config| !config.is_set());
        // What cannot be told may name the file.
        one.configuration.is_none()
            && default
            && named != Some(None)
            && one.setting("workers").and_then(Effective::value) != Some(&Value::None)
    };
    let all = near.iter().all(|(_, one)| bare(one));
    near.iter().max_by_key(|(_, one)| one.folder.len()).filter(|_| all).map(|(index, _)| *index)
}
