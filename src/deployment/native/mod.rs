//! Programs in Rust of the project, and the servers that they start.
//!
//! Decides what a start of a program comes to: one deployment for each server in it. Which program a command names is
//! told in `names`, what each setting is in `settings`.

mod names;
mod pools;
mod settings;

use std::collections::{BTreeMap, BTreeSet};

use super::behind::Assigned;
use super::commands::{Parted, Start};
use super::environment::Environment;
use super::locate::Roots;
use super::resolve::{Origin, called_in};
use super::version::{self, ServerVersion};
use super::{Deployment, Graceful};
use crate::read::{Facts, Limits, Unit, UnitKind};
use crate::rust::launches::{self, Serving};
use crate::rust::packages::Package;
use crate::servers::{Program, Server, Version, table};
use crate::source::{FileId, Files, Located, Place, Span};

pub(super) use names::{Renamed, named, renamed};
pub use pools::Connections;
use settings::settings;

/// What is known of a deployment whose server is part of a program in Rust.
#[derive(Debug, Clone)]
pub struct Native {
    /// The name of the program.
    pub program: String,
    /// Where the code makes the server.
    pub serving: Place,
    /// What becomes of open requests when it is asked to stop.
    pub graceful: Graceful,
    /// Whether one thread runs everything; `None` where that is not known.
    pub is_single: Option<bool>,
    /// The call behind which axum can be told when to stop, if it has that.
    pub stopped_by: Option<Place>,
    /// Whether tokio is asked for with its signals.
    pub has_signals: bool,
    /// Whether anything in its code speaks of timeouts.
    pub is_bounded: bool,
    /// The runtime that it asks for, where that is one.
    pub runtime: Option<Place>,
    /// Its connections to servers of databases.
    pub connections: Vec<Connections>,
}

fn package_of<'f>(program: &launches::Program, facts: &'f Facts) -> &'f Package {
    let workspace = &facts.rust.workspace;
    &workspace.packages[workspace.crates[program.of].package]
}

/// A program that nothing in the project is seen to start, with its unit.
pub(super) fn alone(program: &launches::Program, facts: &Facts) -> (Unit, Start) {
    let place = program.place;
    let start = Start {
        program: Program::Native { name: program.name.clone(), unoptimised: false, first_argument: 0 },
        arguments: Vec::new(),
        environment: Environment::default(),
        roots: Roots::project(&package_of(program, facts).folder),
        place,
        conditional: false,
        only: BTreeSet::new(),
        has_instead: false,
        awaits_words: false,
        parted: Parted::default(),
        managed: None,
        user: None,
        shield: None,
        on_large_node: None,
    };
    (Unit::new(UnitKind::RustProgram, program.name.as_str(), place), start)
}

/// The deployments that a start of the program `name` makes, one for each server in it.
pub(super) fn resolve(origin: &Origin, name: &str, start: &Start, files: &Files, facts: &Facts) -> Vec<Deployment> {
    let Some(program) = facts.rust.programs.iter().find(|one| one.name == name) else { return Vec::new() };
    // It runs in front of each release and ends.
    if origin.unit.kind == UnitKind::Procfile && origin.unit.name == "release" {
        return Vec::new();
    }
    let each = program.servers.iter().map(|serving| one(origin, program, serving, start, files, facts));
    each.collect()
}

fn one(
    origin: &Origin,
    program: &launches::Program,
    serving: &Serving,
    start: &Start,
    files: &Files,
    facts: &Facts,
) -> Deployment {
    let server = server(serving);
    let version = version(server, program, facts, files);
    let mut errors = Vec::new();
    let settings =
        settings(server, &version, program, serving, start, files, facts, origin.container.is_some(), &mut errors);
    let package = package_of(program, facts);
    let unoptimised = matches!(start.program, Program::Native { unoptimised: true, .. });
    let development = unoptimised.then(|| {
        let why = "`cargo run` builds it without optimisation, as developers run it".to_owned();
        Located::new(why, start.place)
    });
    Deployment {
        server,
        native: Some(Native {
            program: program.name.clone(),
            serving: serving.place,
            graceful: serving.graceful,
            is_single: runtime(program).and_then(|runtime| runtime.is_single),
            stopped_by: (server == Server::Axum).then_some(serving.served).flatten(),
            has_signals: package.dependency("tokio").is_some_and(|tokio| {
                tokio.features.iter().any(|feature| matches!(feature.as_str(), "full" | "signal"))
            }),
            is_bounded: is_bounded(program, facts, files),
            runtime: runtime(program).map(|runtime| runtime.place),
            connections: pools::connections(program, files),
        }),
        kind: origin.unit.kind,
        unit: called_in(origin.unit),
        command: start.place,
        started_by: vec![(called_in(origin.unit), origin.unit.place)],
        folder: package.folder.clone(),
        placed: Vec::new(),
        handed: None,
        launched_by: Vec::new(),
        repeated: false,
        alone: None,
        only_run: false,
        strangers: Vec::new(),
        shadows: Vec::new(),
        ahead: Vec::new(),
        told_mode: None,
        others: Vec::new(),
        class: None,
        class_base: None,
        class_like: None,
        other_classes: Vec::new(),
        workers_on_large_node: None,
        configuration: None,
        loaded: settings.iter().filter_map(|(_, one)| Some(one.winner.place?.file)).collect(),
        limits: Limits::clone(origin.limits),
        health: origin.unit.health.clone(),
        user: origin.unit.user.clone(),
        stop_signal: origin.unit.stop_signal.clone(),
        stop_delay: origin.unit.stop_delay.clone(),
        shield: start.shield.clone(),
        container: origin.container,
        instruction: origin.instruction,
        replaced: None,
        surroundings: origin.unit.container.clone(),
        outside: origin.unit.outside.clone(),
        base: origin.unit.base.clone(),
        platform: origin.unit.platform.clone(),
        extras: BTreeSet::new(),
        locked: true,
        development: origin.development.cloned().or(development),
        awaits_words: start.awaits_words,
        only_if_set: start.only.iter().cloned().collect(),
        object: None,
        abbreviated: Vec::new(),
        environment: start.environment.known(),
        assigned: start.environment.assigned(),
        outer: Assigned::new(),
        proxies: Vec::new(),
        listens: Vec::new(),
        beside_proxy: false,
        distributions: BTreeMap::new(),
        mentions: BTreeMap::new(),
        version,
        app: None,
        settings,
        errors,
    }
}

/// Whether any file of the packages of the project that a program is made of speaks of timeouts.
fn is_bounded(program: &launches::Program, facts: &Facts, files: &Files) -> bool {
    let workspace = &facts.rust.workspace;
    let own = workspace.crates[program.of].package;
    let folders = workspace.packages[own].dependencies.values().filter_map(|one| one.folder.as_deref());
    let folders: Vec<&str> = folders.collect();
    let is_part = |package: usize| package == own || folders.contains(&workspace.packages[package].folder.as_str());
    let modules = workspace.modules.iter().filter(|module| is_part(workspace.crates[module.of].package));
    let read: BTreeSet<FileId> = modules.map(|module| module.file).collect();
    read.into_iter()
        .any(|file| ["timeout", "Timeout", "TIMEOUT"].iter().any(|word| files.get(file).text().contains(word)))
}

fn server(serving: &Serving) -> Server {
    let name = serving.framework.name();
    Server::OF_RUST.into_iter().find(|server| server.as_str() == name).unwrap_or(Server::Axum)
}

/// The only runtime that a program starts.
fn runtime(program: &launches::Program) -> Option<&launches::Runtime> {
    match &program.runtimes[..] {
        [only] => Some(only),
        _ => None,
    }
}

/// The version that the lock file has, or else the one that a manifest asks for.
fn version(server: Server, program: &launches::Program, facts: &Facts, files: &Files) -> ServerVersion {
    let workspace = &facts.rust.workspace;
    let own = package_of(program, facts);
    let packages = std::iter::once(own).chain(&workspace.packages);
    let mut asking = packages.filter_map(|package| Some((package, package.dependency(table(server).distribution())?)));
    let Some((package, dependency)) = asking.next() else { return version::assumed(table(server).newest()) };
    let digits = |text: &str| text.trim_start_matches(['=', '^', '~', ' ']).parse::<Version>().ok();
    let locked = match &dependency.locked[..] {
        [only] => digits(only).map(|version| (version, only.clone())),
        _ => None,
    };
    let asked = || Some((digits(dependency.asked.as_deref()?)?, dependency.asked.clone()?));
    let Some((found, shown)) = locked.or_else(asked) else { return version::assumed(table(server).newest()) };
    let place = mention(package.manifest, &dependency.package, files);
    version::of_package(found, shown, place)
}

/// The line of a manifest that asks for a package.
fn mention(manifest: FileId, package: &str, files: &Files) -> Place {
    let text = files.get(manifest).text();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let begins = line.strip_prefix(package).is_some_and(|rest| rest.trim_start().starts_with(['=', '.']));
        if begins {
            return Place::new(manifest, Span::new(at, at + line.trim_end().len()));
        }
        at += line.len();
    }
    Place::new(manifest, Span::new(0, 0))
}
