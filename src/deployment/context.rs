//! Whether a place starts the service in production, told by the evidence in names.

use super::locate::join;
use super::{Deployment, host};
use crate::read::{Unit, UnitKind};
use crate::source::{FileId, Files, Located, Place, Word};

/// Words that people put into the names of files, stages, services and profiles that are not for
/// production.
const DEVELOPMENT: [&str; 20] = [
    "dev",
    "devel",
    "development",
    "local",
    "override",
    "test",
    "tests",
    "testing",
    "ci",
    "debug",
    "example",
    "examples",
    "sample",
    "samples",
    "minikube",
    "devcontainer",
    "e2e",
    "fuzz",
    "fuzzing",
    "windows",
];

/// Words that people put into the names of files for production.
const PRODUCTION: [&str; 5] = ["prod", "production", "live", "deploy", "deployment"];

/// Folders of tests in a browser. What drives one may be a service of its own, so only a composition tells.
const BROWSERS: [&str; 3] = ["playwright", "cypress", "selenium"];

/// Folders of texts for people, whose samples run nothing here.
const DOCUMENTATION: [&str; 3] = ["doc", "docs", "documentation"];

/// Why a unit is not how the service runs in production; `None` if nothing says so.
pub(super) fn development(unit: &Unit, files: &Files) -> Option<Located<String>> {
    let path = files.get(unit.place.file).path();
    // `web.service.example` is what somebody copies to the machine.
    let path = if host::is_remote(unit.kind) { without_template(path) } else { path };
    let why = if unit.kind == UnitKind::Task {
        format!("`{}` is a task that somebody runs by hand", unit.name)
    } else if let Some(part) = path.split('/').find(|part| named(part) && !holds_images(unit, part)) {
        format!("`{part}` is named for development")
    } else if let Some(part) = path.rsplit('/').skip(1).find(|part| DOCUMENTATION.contains(part)) {
        format!("`{part}` is documentation")
    } else if named(&unit.name) && !says_what_it_is(unit) {
        format!("`{}` is named for development", unit.name)
    } else if let Some(part) = unit.variant.iter().flat_map(|variant| variant.value.split('/')).find(|part| named(part))
    {
        format!("`{part}` is named for development")
    } else if let Some(target) = target(unit).filter(|target| named(target)) {
        format!("it is built up to the stage `{target}`, which is named for development")
    } else if let Some(file) = unit.environment_files.iter().find(|file| of_development(&file.path.value)) {
        return Some(Located::new(format!("its variables are those of `{}`", file.path.value), file.path.place));
    } else if !unit.profiles.is_empty() && unit.profiles.iter().all(|profile| named(profile)) {
        format!("it runs only in the profile `{}`", unit.profiles.join("`, `"))
    } else if let Some(variable) = told_by_variable(unit) {
        return Some(variable);
    } else if let Some(part) = path.split('/').find(|part| is_of_browsers(unit, part)) {
        format!("`{part}` is for tests in a browser")
    } else {
        // A machine may well run what is checked out there.
        return mounted_sources(unit, named_for_production(path), files);
    };
    Some(Located::new(why, unit.place))
}

/// The file of a composition below the last one that mounts the code of the project: what it opens is for developers.
pub(super) fn developers_file(unit: &Unit, files: &Files) -> Option<FileId> {
    let mounted = mounted_sources(unit, false, files)?.place.file;
    (mounted != unit.place.file).then_some(mounted)
}

/// Whether a unit itself is named for developers.
pub(super) fn is_named_for_development(unit: &Unit) -> bool {
    named(&unit.name)
}

/// The variable of a service of a composition that switches a debugger on.
pub(super) fn debugs(unit: &Unit) -> Option<&str> {
    let is_on = |value: &str| ["1", "true", "on", "yes"].contains(&value.to_ascii_lowercase().as_str());
    let mut set = unit.environment.iter().filter(|variable| {
        let value = variable.value.as_ref().and_then(Word::text);
        variable.name.split('_').any(|word| word == "DEBUG") && value.is_some_and(|value| is_on(&value))
    });
    set.next().map(|variable| variable.name.as_str()).filter(|_| unit.kind == UnitKind::ComposeService)
}

/// Whether the name of the file at `path` says that it is for production.
pub(super) fn named_for_production(path: &str) -> bool {
    path.rsplit('/').next().is_some_and(|name| words(name).any(|word| PRODUCTION.contains(&word.as_str())))
}

/// Why what a stage of an image runs is not for production; `None` if its name does not say so.
pub(super) fn development_stage(stage: &Unit) -> Option<Located<String>> {
    named(&stage.name)
        .then(|| Located::new(format!("the stage `{}` is named for development", stage.name), stage.place))
}

/// What a service of a composition is told that tells it apart from production: an emulator in place of a service of
/// the cloud, the development server of App Engine, the environment of Flask before 2.3.
fn told_by_variable(unit: &Unit) -> Option<Located<String>> {
    let tells = |name: &str, value: &str| match name {
        "SERVER_SOFTWARE" => value.starts_with("Dev"),
        "FLASK_ENV" => value == "development",
        _ => name.ends_with("_EMULATOR_HOST") && !value.is_empty(),
    };
    let told = unit.environment.iter().filter(|_| unit.kind == UnitKind::ComposeService).find(|variable| {
        let value = variable.value.as_ref().and_then(Word::text).unwrap_or_default();
        tells(&variable.name, &value)
    })?;
    Some(Located::new(format!("`{}` is set for development", told.name), told.place))
}

/// Whether the name of a container of an orchestrator is one of development only as that of an application which shows
/// something: `fastapi-sample` is called so wherever it runs.
fn says_what_it_is(unit: &Unit) -> bool {
    let shows = |word: &str| matches!(word, "example" | "examples" | "sample" | "samples");
    let is_other = |word: String| DEVELOPMENT.contains(&word.as_str()) && !shows(&word);
    matches!(unit.kind, UnitKind::KubernetesContainer | UnitKind::Platform) && !words(&unit.name).any(is_other)
}

fn is_of_browsers(unit: &Unit, part: &str) -> bool {
    unit.kind == UnitKind::ComposeService && BROWSERS.contains(&part)
}

/// Whether a folder is where people keep what builds their images, those for production as well.
fn holds_images(unit: &Unit, part: &str) -> bool {
    unit.kind == UnitKind::Image && part.eq_ignore_ascii_case("ci")
}

/// Why a script at `place` is not what runs in production: `tests/start.sh`, `run-dev.sh`. What lies below
/// `usr/local` is a copy of the image's folders.
pub(super) fn development_script(place: Place, unit: &Unit, files: &Files) -> Option<Located<String>> {
    if place.file == unit.place.file {
        return None;
    }
    let part = named_for_development(files.get(place.file).path())?;
    Some(Located::new(format!("`{part}` is named for development"), place))
}

/// Programs that nobody deploys by a line of a `Procfile`: a platform that reads one has services of its own for them.
const LOCAL_SERVICES: [&str; 9] = [
    "redis-server",
    "rabbitmq-server",
    "postgres",
    "mysqld",
    "mongod",
    "memcached",
    "mailhog",
    "elasticsearch",
    "webpack-dev-server",
];

/// Why a development server in a `Procfile` is for developers: a line beside it starts a database or a broker there.
pub(super) fn beside_local_services(unit: &Unit, files: &Files) -> Option<Located<String>> {
    if unit.kind != UnitKind::Procfile {
        return None;
    }
    let lines = files.get(unit.place.file).text().lines().filter_map(|line| line.split_once(':'));
    let mut words = lines.flat_map(|(_, command)| command.split_whitespace());
    let service = words.find_map(|word| LOCAL_SERVICES.iter().find(|name| word.rsplit('/').next() == Some(**name)))?;
    Some(Located::new(format!("`{service}` runs beside it, from the same `Procfile`"), unit.place))
}

/// The part of a path that says that what lies there is for developers or tests.
pub fn named_for_development(path: &str) -> Option<&str> {
    path.rsplit("usr/local/").next().and_then(|path| path.split('/').find(|part| named(part)))
}

/// Says so of servers whose configuration has a name for developers (`gunicorn.dev.py`, `docker-dev.ini`).
pub(super) fn name_developments(deployments: &mut [Deployment]) {
    for deployment in deployments.iter_mut().filter(|deployment| deployment.development.is_none()) {
        deployment.development = development_configuration(deployment);
    }
}

fn development_configuration(deployment: &Deployment) -> Option<Located<String>> {
    ["config", "paste"].iter().find_map(|name| {
        let setting = deployment.setting(name).filter(|setting| setting.winner.is_settled())?;
        let file = setting.text()?.rsplit('/').next()?;
        let is_theirs = words(file).any(|word| matches!(word.as_str(), "dev" | "devel" | "development"));
        is_theirs.then(|| Some(Located::new(format!("`{file}` is named for development"), setting.place()?)))?
    })
}

/// Whether a file of variables is for developers: `.envs/.local/.django`, `config/local_dev.env`.
fn of_development(path: &str) -> bool {
    // `.env.local` and its like are what people keep for themselves on any machine.
    let is_usual = |part: &str| part.starts_with(".env.") || part.ends_with(".example");
    path.split('/').any(|part| named(part) && !is_usual(part))
}

fn target(unit: &Unit) -> Option<&str> {
    unit.build.as_ref().and_then(|build| build.target.as_ref()).map(|target| target.value.as_str())
}

fn named(name: &str) -> bool {
    // What compose lays over its file by itself is for development, what somebody names is a variant.
    let is_usual = || words(name).all(|word| ["docker", "compose", "override", "yml", "yaml"].contains(&word.as_str()));
    words(name).any(|word| DEVELOPMENT.contains(&word.as_str()) && (word != "override" || is_usual()))
}

/// The path without the ending of a template.
fn without_template(path: &str) -> &str {
    let ends = [".example", ".sample", ".dist", ".template", "-example", "-sample"];
    ends.iter().find_map(|end| path.strip_suffix(end)).unwrap_or(path)
}

/// How much of the code has to be in a folder that is mounted: one of `MOUNTED_PART` of its files. A service that
/// mounts its plugins runs what was built.
const MOUNTED_PART: usize = 3;

/// Folders in which people keep what they configure and extend a service with, in Python too.
const CONFIGURATION: [&str; 8] =
    ["config", "configs", "configuration", "conf", "etc", "extensions", "plugins", "scripts"];

/// A service that mounts the code of the project runs what somebody is editing, not what was built.
fn mounted_sources(unit: &Unit, for_production: bool, files: &Files) -> Option<Located<String>> {
    let home = files.get(unit.place.file).folder();
    let context = unit.build.as_ref().and_then(|build| build.context.as_ref());
    // What an image of a registry was built from may be anything in the project.
    let built_from = match &unit.build {
        None => String::new(),
        Some(_) => join(home, context.map_or(".", |context| context.value.as_str())),
    };
    let reloads = unit.command.iter().flat_map(|command| &command.simple).flatten();
    let reloads = reloads.filter_map(Word::text).any(|word| word.contains("reload"));
    if for_production && !reloads {
        return None;
    }
    let code = |folder: &str| {
        let inside =
            |path: &str| folder.is_empty() || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
        let is_test = |path: &str| path.split('/').any(|part| part == "tests" || part.starts_with("test_"));
        files.iter().filter(|(_, file)| file.is_python() && inside(file.path()) && !is_test(file.path())).count()
    };
    // What cannot be changed nobody edits, unless the server waits for just that.
    unit.mounts.iter().filter(|mount| reloads || !mount.read_only).find_map(|mount| {
        let folder = mount.source.value.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        if CONFIGURATION.contains(&folder) {
            return None;
        }
        let mounted = code(&join(home, &mount.source.value));
        let says = |path: &String| format!("it mounts `{path}`, the code of the project");
        let is_code = mounted > 0 && mounted * MOUNTED_PART >= code(&built_from);
        is_code.then(|| Located::new(says(&mount.source.value), mount.source.place))
    })
}

fn words(name: &str) -> impl Iterator<Item = String> + '_ {
    name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_ascii_lowercase)
}
