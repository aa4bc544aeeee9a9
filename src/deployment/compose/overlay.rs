//! Which compose files are laid over which.

use std::collections::{BTreeMap, BTreeSet};

use super::{Elsewhere, Project, environment};
use crate::deployment::context::named_for_production;
use crate::deployment::locate::join;
use crate::read::{ComposeFile, Facts};
use crate::source::{FileId, Files, Word};
use crate::values::Order as _;

/// The names that compose looks for in a folder, in its order (compose-go 2, `cli/options.go`).
const DEFAULT: [&str; 4] = ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];
/// The names of what it lays over one of those.
const OVERRIDE: [&str; 4] =
    ["compose.override.yml", "compose.override.yaml", "docker-compose.override.yml", "docker-compose.override.yaml"];
/// Words in the names of files that others are laid over.
const BASE: [&str; 3] = ["base", "common", "shared"];

/// The projects of all compose files. A project of several files stands behind those of fewer.
pub(super) fn projects(files: &Files, facts: &Facts) -> Vec<Project> {
    let mut all: Vec<FileId> = facts.compose.keys().copied().collect();
    all.order_by_key(|&file| files.get(file).path());
    let chains = chains(files, facts);
    let together: BTreeSet<FileId> = chains.iter().flat_map(|chain| chain.files.iter().copied()).collect();
    let parts = parts(files, facts);
    let calls = calls(files, facts);
    let mut alone = Vec::new();
    let mut over = chains;
    for file in all {
        let compose = &facts.compose[&file];
        if together.contains(&file) || parts.contains(&file) {
            continue;
        }
        let path = files.get(file);
        match base_of(file, compose, &calls, files, facts) {
            Some(base) => {
                let folder = files.get(base).folder().to_owned();
                over.push(Project { files: vec![base, file], folder, only: Some(file) });
            }
            None => alone.push(Project { files: vec![file], folder: path.folder().to_owned(), only: None }),
        }
    }
    alone.append(&mut over);
    alone
}

/// Which other file says how a service of `project` runs in another way: one that is laid over its files, or one for
/// production beside them.
pub(super) fn elsewhere(
    project: &Project,
    service: &str,
    projects: &[Project],
    files: &Files,
    facts: &Facts,
) -> Option<Elsewhere> {
    let own = *project.files.last()?;
    let is_for_production = |file: FileId| named_for_production(name(files, file));
    if project.files.iter().any(|&file| is_for_production(file)) {
        return None;
    }
    let changes = |file: FileId| facts.compose.get(&file).is_some_and(|compose| compose.has(service));
    let later = projects.iter().filter_map(|other| {
        let (&last, below) = other.files.split_last()?;
        (last != own && below.contains(&own) && changes(last)).then_some(last)
    });
    let beside = projects.iter().filter(|other| other.folder == project.folder && other.only.is_none());
    let beside = beside.filter_map(|other| Some(*other.files.last()?)).filter(|&file| file != own && changes(file));
    let mut for_production = later.clone().chain(beside).filter(|&file| is_for_production(file));
    let mut by_default = later.filter(|&file| OVERRIDE.contains(&name(files, file)));
    for_production.next().map(Elsewhere::Production).or_else(|| by_default.next().map(Elsewhere::ByDefault))
}

fn name(files: &Files, file: FileId) -> &str {
    let path = files.get(file).path();
    path.rsplit('/').next().unwrap_or(path)
}

/// The files that `COMPOSE_FILE` in the `.env` of a folder names, and those that commands of the project
/// name one after the other.
fn chains(files: &Files, facts: &Facts) -> Vec<Project> {
    let mut chains: Vec<Project> = Vec::new();
    for &file in facts.environments.keys() {
        let source = files.get(file);
        if name(files, file) != ".env" {
            continue;
        }
        let variables = environment(source.folder(), None, files, facts);
        let Some(named) = variables.text("COMPOSE_FILE") else { continue };
        let separator = variables.text("COMPOSE_PATH_SEPARATOR").filter(|text| !text.is_empty());
        let paths: Vec<&str> = named.split(separator.as_deref().unwrap_or(":")).collect();
        chains.extend(chain(&paths, source.folder(), files, facts));
    }
    chains
}

fn chain(paths: &[&str], folder: &str, files: &Files, facts: &Facts) -> Option<Project> {
    let found: Option<Vec<FileId>> = paths.iter().map(|path| files.find(&join(folder, path.trim()))).collect();
    let found = found?;
    let first = *found.first()?;
    let known = found.iter().all(|file| facts.compose.contains_key(file));
    known.then(|| Project { folder: files.get(first).folder().to_owned(), files: found, only: None })
}

/// Files that others include or take services from, unless compose would find them by their names.
fn parts(files: &Files, facts: &Facts) -> BTreeSet<FileId> {
    let mut parts = BTreeSet::new();
    for (&file, compose) in &facts.compose {
        let folder = files.get(file).folder();
        let included = compose.includes().into_iter().flat_map(|include| include.files);
        let extended = compose.services().filter_map(|service| compose.extends(service)?.file);
        let named = included.chain(extended).filter_map(|path| files.find(&join(folder, &path.value)));
        parts.extend(named.filter(|part| *part != file && !DEFAULT.contains(&name(files, *part))));
    }
    parts
}

/// The file that `file` is laid over; `None` for one that stands by itself.
fn base_of(file: FileId, compose: &ComposeFile, calls: &[Vec<String>], files: &Files, facts: &Facts) -> Option<FileId> {
    let own = name(files, file);
    if DEFAULT.contains(&own) {
        return None;
    }
    let mut candidates = candidates(file, files, facts);
    if OVERRIDE.contains(&own) {
        return candidates.into_iter().find(|base| DEFAULT.contains(&name(files, *base)));
    }
    if let Some(named) = named_together(own, calls) {
        return candidates.into_iter().find(|base| named.iter().any(|name| name == self::name(files, *base)));
    }
    // Nothing but how each service of another file is built, where that says what it runs.
    let only_builds = compose.services().next().is_some() && !compose.services().any(|one| compose.says_what_runs(one));
    let usual = candidates.iter().copied().find(|base| {
        let of = &facts.compose[base];
        let same_folder = files.get(*base).folder() == files.get(file).folder();
        let holds = |service: &str| of.has(service) && of.says_what_runs(service);
        // It may build more than the other one runs.
        let held = compose.services().filter(|service| holds(service)).count();
        same_folder && DEFAULT.contains(&name(files, *base)) && 2 * held > compose.services().count()
    });
    if let Some(base) = usual.filter(|_| only_builds) {
        return Some(base);
    }
    let incomplete: Vec<&str> = compose.services().filter(|service| !compose.stands_alone(service)).collect();
    if incomplete.is_empty() && compose.is_consistent() {
        return None;
    }
    candidates.retain(|base| {
        let base = &facts.compose[base];
        let holds = |service: &str| base.has(service) && base.stands_alone(service);
        if incomplete.is_empty() {
            compose.services().any(holds)
        } else {
            incomplete.iter().any(|service| holds(service))
        }
    });
    candidates.into_iter().next()
}

/// The files that may lie beneath `file`, the likeliest first: those of its folder, then of the folders
/// above; of one folder those that compose finds by itself.
fn candidates(file: FileId, files: &Files, facts: &Facts) -> Vec<FileId> {
    let home = files.get(file).folder();
    let is_above = |folder: &str| {
        folder.is_empty() || home.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let rank = |base: FileId| {
        let name = name(files, base);
        let default = DEFAULT.iter().position(|default| *default == name);
        let is_base = BASE.iter().any(|word| name.contains(word));
        let depth = files.get(base).folder().len();
        (usize::MAX - depth, default.unwrap_or(if is_base { DEFAULT.len() } else { DEFAULT.len() + 1 }), name)
    };
    let likely = |base: &FileId| {
        let name = name(files, *base);
        *base != file
            && is_above(files.get(*base).folder())
            && (DEFAULT.contains(&name) || BASE.iter().any(|word| name.contains(word)))
    };
    let mut found: Vec<FileId> = facts.compose.keys().copied().filter(likely).collect();
    found.order_by_key(|&base| rank(base));
    found
}

/// The names of the files that each call of compose in the project names with `-f`, in order.
fn calls(files: &Files, facts: &Facts) -> Vec<Vec<String>> {
    let scripts = facts.scripts.values().flat_map(|script| script.commands());
    let scripts = scripts.filter_map(|place| called_with(&crate::read::words(files.text_at(place), place)?));
    let units = facts.units.iter().flat_map(|unit| &unit.command).flat_map(|command| &command.simple);
    scripts.chain(units.filter_map(|words| called_with(words))).collect()
}

/// The names that `calls` have in front of `own`; `None` where none names it. One that is named first stands by
/// itself.
fn named_together<'c>(own: &str, calls: &'c [Vec<String>]) -> Option<&'c [String]> {
    let mut found: BTreeMap<usize, &[String]> = BTreeMap::new();
    for call in calls {
        if let Some(at) = call.iter().position(|name| name == own) {
            found.entry(at).or_insert(call.get(..at).unwrap_or_default());
        }
    }
    found.into_values().next_back()
}

/// The names of the files behind `-f` of a call of compose.
fn called_with(words: &[Word]) -> Option<Vec<String>> {
    let texts: Vec<Option<String>> = words.iter().map(Word::text).collect();
    let is = |at: usize, name: &str| texts.get(at).and_then(Option::as_deref) == Some(name);
    let at = (0..texts.len().min(8)).find(|&at| {
        let program = texts[at].as_deref().and_then(|text| text.rsplit('/').next());
        matches!(program, Some("docker-compose" | "podman-compose"))
            || (matches!(program, Some("docker" | "podman")) && is(at + 1, "compose"))
    })?;
    let mut named = Vec::new();
    let mut rest = texts.get(at + 1..)?.iter();
    while let Some(word) = rest.next() {
        let path = match word.as_deref() {
            Some("-f" | "--file") => rest.next().cloned().flatten(),
            Some(text) => text.strip_prefix("--file=").or_else(|| text.strip_prefix("-f=")).map(str::to_owned),
            None => None,
        };
        named.extend(path.and_then(|path| path.rsplit('/').next().map(str::to_owned)));
    }
    Some(named)
}
