//! What the project also holds that starts a server, and that is not how the service runs.
//!
//! Decides by what stands beside it: another way to start the same, or developers who are the only ones that use it.
//! What its own names and words tell is decided by `context`.

use std::collections::{BTreeMap, BTreeSet};

use super::assemble::{Assembly, dockerfiles};
use super::locate::join;
use super::{Deployment, compose, context, image};
use crate::read::{Facts, Unit, UnitKind};
use crate::servers::Server;
use crate::source::{FileId, Files, Located, Place};

/// Says of configurations that nothing names that another server is how the service runs: what an image runs, or a
/// container that loads an application from beside them.
pub(super) fn set_unnamed_aside(deployments: &mut [Deployment], files: &Files) {
    let others = deployments.iter().filter(|one| one.container.is_some() && one.development.is_none());
    let others: Vec<(Server, Place, Option<String>)> = others
        .map(|one| {
            let module = |app: &Located<String>| app.value.split(':').next().unwrap_or_default().replace('.', "/");
            (one.server, one.command, one.app.as_ref().filter(|_| one.kind != UnitKind::Image).map(module))
        })
        .collect();
    let unnamed = |one: &&mut Deployment| {
        matches!(one.kind, UnitKind::UwsgiConfiguration | UnitKind::GunicornConfiguration) && one.development.is_none()
    };
    for deployment in deployments.iter_mut().filter(unnamed) {
        let folder = files.get(deployment.command.file).folder();
        let loads_from_here = |module: &str| {
            let name = module.rsplit('/').next().unwrap_or(module);
            let is_whole = |path: &str| path == module || path.ends_with(&format!("/{module}"));
            is_whole(&join(folder, name)) && files.find(&join(folder, &format!("{name}.py"))).is_some()
        };
        let own = deployment.server;
        let mut others = others.iter().filter(|(server, ..)| *server != own);
        let other = others.find(|(_, _, module)| module.as_deref().is_none_or(loads_from_here));
        if let Some((_, place, module)) = other {
            let who = if module.is_some() { "a container beside it" } else { "an image" };
            let why = format!("nothing here names it, and {who} runs another server");
            deployment.development = Some(Located::new(why, *place));
        }
    }
}

/// Says of a configuration of Gunicorn that nothing names that the image of the same folder, or of the nearest one
/// around it, starts something else: the service was moved, and the file was left.
pub(super) fn set_left_aside(assembly: &mut Assembly, asked: &[FileId], facts: &Facts, files: &Files) {
    let Assembly { deployments, development_servers, programs, .. } = assembly;
    let of = |place: Option<Place>| place.map(|place| files.get(place.file).folder().to_owned());
    let serving = deployments.iter().filter(|one| {
        one.container.is_some() && one.development.is_none() && one.kind != UnitKind::GunicornConfiguration
    });
    let serving =
        serving.flat_map(|one| [Some(one.folder.clone()), of(one.container)].map(|folder| (folder, one.command)));
    let serving = serving.filter_map(|(folder, command)| Some((folder?, command)));
    let developing = development_servers.iter().filter(|one| one.development.is_none());
    let developing = developing.filter_map(|one| Some((of(one.container)?, one.command)));
    let running = programs.iter().filter_map(|(container, command)| Some((of(Some(*container))?, *command)));
    let starts: BTreeMap<String, Place> = running.chain(serving).chain(developing).collect();
    let images: BTreeSet<String> =
        dockerfiles(facts).into_iter().map(|file| files.get(file).folder().to_owned()).collect();
    let left = |one: &&mut Deployment| {
        one.kind == UnitKind::GunicornConfiguration && one.development.is_none() && !asked.contains(&one.command.file)
    };
    for deployment in deployments.iter_mut().filter(left) {
        let mut folder = files.get(deployment.command.file).folder();
        while !starts.contains_key(folder) && !images.contains(folder) && !folder.is_empty() {
            folder = folder.rsplit_once('/').map_or("", |(above, _)| above);
        }
        deployment.development = starts.get(folder).map(|place| {
            let why = "nothing here names it, and the image beside it starts something else";
            Located::new(why.to_owned(), *place)
        });
    }
}

/// Says of development servers that another way to start the project stands beside them: of processes for developers
/// where images are built, and of the image of a variant beside one that runs a server for production.
pub(super) fn set_beside_aside(assembly: &mut Assembly, composed: &[compose::Composed], facts: &Facts, files: &Files) {
    let Assembly { deployments, development_servers, .. } = assembly;
    let of_heroku = |file: FileId| {
        let signs = ["app.json", "runtime.txt", "heroku.yml", ".python-version"];
        signs.iter().any(|sign| files.find(&join(files.get(file).folder(), sign)).is_some())
    };
    let image = facts.units.iter().find(|unit| {
        unit.kind == UnitKind::Image && context::named_for_development(files.get(unit.place.file).path()).is_none()
    });
    for server in development_servers.iter_mut().filter(|server| server.development.is_none()) {
        if let Some(web) = server.container.and_then(|container| built_by_platform(deployments, container, files)) {
            let why = "the `Procfile` beside its image runs a server for production";
            server.development = Some(Located::new(why.to_owned(), web));
            continue;
        }
        let elsewhere = || {
            let is_own = |one: &&Deployment| one.development.is_none() && one.container != server.container;
            deployments.iter().find(is_own).map(|one| one.command)
        };
        let unit = composed.iter().map(|service| &service.unit).find(|unit| server.container == Some(unit.place));
        if let (Some(debug), Some(other)) = (unit.and_then(context::debugs), elsewhere()) {
            let why = format!("`{debug}` is switched on, and another file runs a server for production");
            server.development = Some(Located::new(why, other));
            continue;
        }
        let file = server.command.file;
        let (folder, name) = (files.get(file).folder(), files.get(file).name());
        if name == "Procfile" && !of_heroku(file) {
            let why = || "its processes are for developers where images are built".to_owned();
            server.development = image.map(|image| Located::new(why(), image.place));
        } else if name.starts_with("Dockerfile") && name != "Dockerfile" {
            let main = deployments.iter().filter(|one| one.kind == UnitKind::Image && one.development.is_none());
            let main = main.filter_map(|one| one.instruction).find(|instruction| {
                let own = files.get(instruction.file);
                own.folder() == folder && own.name() == "Dockerfile"
            });
            let why = || "the `Dockerfile` beside it runs a server for production".to_owned();
            server.development = main.map(|main| Located::new(why(), main));
        }
    }
}

/// The line of a `Procfile` beside an image that starts a server for production: a platform builds that one from source.
fn built_by_platform(deployments: &[Deployment], container: Place, files: &Files) -> Option<Place> {
    let folder = files.get(container.file).folder();
    let is_line = |one: &&Deployment| {
        one.kind == UnitKind::Procfile
            && one.development.is_none()
            && one.unit == "web"
            && one.started_by.first().is_some_and(|(_, at)| files.get(at.file).folder() == folder)
    };
    deployments.iter().find(is_line).map(|one| one.command)
}

/// The service that builds a Dockerfile for developers, where nobody builds it for anything else.
pub(super) fn only_for_developers(dockerfile: FileId, composed: &[compose::Composed], files: &Files) -> Option<Place> {
    let units = composed.iter().map(|service| &service.unit);
    let mut built = units.filter(|unit| image::recipe(unit, files).is_some_and(|one| one.dockerfile == dockerfile));
    let first = built.next()?;
    let is_theirs = |unit: &Unit| context::development(unit, files).is_some();
    (is_theirs(first) && built.all(is_theirs)).then_some(first.place)
}

/// The services of other people's images in projects of compose whose own services are all for developers, and why
/// they are as well.
pub(super) fn companions(composed: &[compose::Composed], files: &Files) -> Vec<(Place, Located<String>)> {
    let mut found = Vec::new();
    for service in composed.iter().filter(|service| service.unit.build.is_none()) {
        let beside = composed.iter().filter(|other| other.files == service.files && other.unit.build.is_some());
        // What is named for developers among others says nothing of those.
        let mut beside = beside.filter(|other| !context::is_named_for_development(&other.unit)).peekable();
        if beside.peek().is_none() {
            continue;
        }
        let reasons: Option<Vec<Located<String>>> =
            beside.map(|other| context::development(&other.unit, files)).collect();
        if let Some(reason) = reasons.and_then(|all| all.into_iter().next()) {
            let why = "what the project builds beside it is for developers".to_owned();
            found.push((service.unit.place, Located::new(why, reason.place)));
        }
    }
    found
}
