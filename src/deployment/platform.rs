//! What stands beside the file of a platform and says the rest: a Dockerfile, a Procfile.
//!
//! Decides by what is there, as the platforms do: an image that is named, a Dockerfile, then the process of
//! a Procfile that has the same name. A process that two platforms claim is left as it is, because their
//! settings differ. Where there is nothing beside it, the platform starts what it usually does.

use super::image;
use super::locate::join;
use crate::read::{OpenSet, Unit, UnitKind, Usual};
use crate::source::Files;

/// The folder that paths in the file of a platform are relative to: hidden ones such as `.do` and
/// `.ebextensions` lie in it.
pub(super) fn home<'f>(unit: &Unit, files: &'f Files) -> &'f str {
    let mut folder = files.get(unit.place.file).folder();
    if unit.kind != UnitKind::Platform {
        return folder;
    }
    loop {
        let (rest, last) = folder.rsplit_once('/').unwrap_or(("", folder));
        if !last.starts_with('.') {
            return folder;
        }
        folder = rest;
    }
}

/// Whether a platform runs a unit in an image, as opposed to building its source itself.
pub(super) fn in_image(unit: &Unit) -> bool {
    unit.image.is_some() || unit.build.is_some()
}

/// The units, those of platforms with what stands beside their files.
pub(super) fn complete(units: &[Unit], files: &Files) -> Vec<Unit> {
    let mut all = units.to_vec();
    for unit in all.iter_mut().filter(|unit| unit.kind == UnitKind::Platform && unit.build.is_some()) {
        // The file did not say that there is one.
        let silent = unit.build.as_ref().is_some_and(|build| build.dockerfile.is_none());
        if silent && image::recipe(unit, files).is_none() {
            unit.build = None;
        }
    }
    // Where `heroku.yml` says what runs, Heroku reads no `Procfile`: whoever does is another platform.
    let replaced = |unit: &Unit| {
        let same = |other: &&Unit| other.name == unit.name && files.get(other.place.file).name() == "heroku.yml";
        let mut others = units.iter().filter(same).filter(|other| other.command.is_some());
        files.get(unit.place.file).name() == "app.json" && others.any(|other| home(other, files) == home(unit, files))
    };
    let open: Vec<Unit> = all.iter().filter(|unit| takes_process(unit) && !replaced(unit)).cloned().collect();
    let processes: Vec<(String, String)> = all
        .iter()
        .filter(|unit| is_process(unit, files))
        .map(|unit| (files.get(unit.place.file).folder().to_owned(), unit.name.clone()))
        .collect();
    for process in all.iter_mut().filter(|unit| is_process(unit, files)) {
        let folder = files.get(process.place.file).folder();
        let there: Vec<&Unit> = open.iter().filter(|unit| home(unit, files) == folder).collect();
        let known = |name: &str| processes.iter().any(|(at, other)| at == folder && other == name);
        let named = there.iter().filter(|unit| unit.name == process.name);
        let others = there.iter().filter(|unit| process.name == "web" && !known(&unit.name) && !is_worker(&unit.name));
        let mut claims = named.chain(others);
        if let (Some(platform), None) = (claims.next(), claims.next()) {
            settle(process, platform);
        }
    }
    for process in all.iter_mut().filter(|unit| is_process(unit, files) && unit.name == "web") {
        // Every platform that runs such lines tells this one where to listen, and so do foreman and honcho.
        process.open_sets.push(OpenSet::port());
    }
    for unit in all.iter_mut().filter(|unit| takes_process(unit)) {
        let folder = home(unit, files);
        let there = |name: &str| files.find(&join(folder, name)).is_some();
        let told = ["Procfile", "Dockerfile"].into_iter().any(there);
        let fits = |usual: &Usual| {
            usual.beside.iter().all(|name| there(name)) && !usual.without.iter().any(|name| there(name))
        };
        unit.command = unit.usual.take().filter(|usual| !told && fits(usual)).map(|usual| usual.command);
    }
    all
}

/// Whether a unit says how something runs, but not what.
fn takes_process(unit: &Unit) -> bool {
    unit.kind == UnitKind::Platform && unit.command.is_none() && unit.entrypoint.is_none() && !in_image(unit)
}

/// A line of a `Procfile` that platforms read; `Procfile.dev` is for people.
fn is_process(unit: &Unit, files: &Files) -> bool {
    unit.kind == UnitKind::Procfile && files.get(unit.place.file).name() == "Procfile"
}

fn is_worker(name: &str) -> bool {
    ["worker", "celery", "beat", "scheduler", "cron", "queue"].iter().any(|word| name.contains(word))
}

fn settle(process: &mut Unit, platform: &Unit) {
    process.environment.splice(0..0, platform.environment.iter().cloned());
    process.limits = platform.limits.clone();
    process.health.clone_from(&platform.health);
    process.stop_signal.clone_from(&platform.stop_signal);
    process.working_folder.clone_from(&platform.working_folder);
    process.platform.clone_from(&platform.platform);
}
