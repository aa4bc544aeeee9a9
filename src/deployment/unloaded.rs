//! Files with settings of Gunicorn or Hypercorn that none of these servers loads.
//!
//! Decides by names: a file is one of a server's if it says so in its name and binds several settings. Whoever
//! mentions it in a command, or imports it, loads it in a way that is not followed here.

use std::collections::BTreeSet;
use std::path::Path;

use super::assemble::Unloaded;
use super::{Deployment, Effective};
use crate::python::syntax::ast::{Expr, Stmt};
use crate::python::syntax::{Module, span_of};
use crate::read::{self, Facts};
use crate::servers::{Server, table};
use crate::source::{FileId, Files, Located, Place};
use crate::values::Value;

/// Fewer names could be anybody's.
const ENOUGH: usize = 3;

/// The files, with the server of the nearest folder that does without them.
pub(super) fn find(files: &Files, facts: &Facts, deployments: &[Deployment]) -> Vec<Unloaded> {
    let loaded: BTreeSet<FileId> = deployments.iter().flat_map(|one| &one.loaded).copied().collect();
    let candidates = facts.python.iter().filter(|(file, _)| !loaded.contains(file));
    let named = |server: Server, file: FileId| files.get(file).name().contains(table(server).distribution());
    let found = candidates.filter_map(|(&file, module)| {
        let server = [Server::Gunicorn, Server::Hypercorn].into_iter().find(|server| named(*server, file))?;
        unloaded(server, file, settings(server, file, module)?, files, deployments)
    });
    let tables = files.iter().filter(|(file, source)| {
        Path::new(source.name()).extension().is_some_and(|kind| kind == "toml") && !loaded.contains(file)
    });
    let in_toml = tables.filter(|(file, _)| named(Server::Hypercorn, *file)).filter_map(|(file, source)| {
        let said = read::toml_settings(file, source.text());
        let known = |entry: &&read::TomlEntry| table(Server::Hypercorn).setting(&entry.key).is_some();
        let keys: Vec<_> = said.entries.iter().filter(known).collect();
        let first = keys.first()?.statement;
        let written: Vec<String> = keys.iter().map(|entry| entry.key.clone()).collect();
        let settings = (written.len() >= ENOUGH).then(|| Located::new(written, first))?;
        unloaded(Server::Hypercorn, file, settings, files, deployments)
    });
    found.chain(in_toml).collect()
}

fn unloaded(
    server: Server,
    file: FileId,
    settings: Located<Vec<String>>,
    files: &Files,
    deployments: &[Deployment],
) -> Option<Unloaded> {
    // Only the name that Gunicorn looks for by itself can be meant without being mentioned.
    if is_mentioned(file, files) {
        return None;
    }
    Some(Unloaded { file, settings, server: without(server, file, files, deployments)? })
}

/// The settings that a file binds at its top level, and where the first of them stands.
fn settings(server: Server, file: FileId, module: &Module) -> Option<Located<Vec<String>>> {
    let mut found: Option<Located<Vec<String>>> = None;
    for statement in &module.body {
        let Stmt::Assign(assign) = statement else { continue };
        let [Expr::Name(name)] = assign.targets.as_slice() else { continue };
        if table(server).setting(name.id.as_str()).is_some() {
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

/// The one server of its kind in the nearest folder above, if it loads nothing and all in that folder do not. One that
/// starts further down finds no `gunicorn.conf.py` up here.
fn without(server: Server, file: FileId, files: &Files, deployments: &[Deployment]) -> Option<usize> {
    let path = files.get(file).path();
    let home = files.get(file).folder();
    let below = |folder: &str| home.is_empty() || folder == home || folder.starts_with(&format!("{home}/"));
    let above = |folder: &str| folder.is_empty() || path.starts_with(&format!("{folder}/"));
    let usual = files.get(file).name() == "gunicorn.conf.py";
    let is_near = |one: &Deployment| {
        let reach = above(&one.folder) || usual && below(&one.folder);
        one.server == server && reach && one.development.is_none()
    };
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
