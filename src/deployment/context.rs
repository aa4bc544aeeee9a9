//! Whether a place starts the service in production, told by the evidence in names.

use super::host;
use super::locate::join;
use crate::read::{Unit, UnitKind};
use crate::source::{Files, Located};

/// Words that people put into the names of files, stages, services and profiles that are not for
/// production.
const DEVELOPMENT: [&str; 18] = [
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
    "windows",
];

/// Why a unit is not how the service runs in production; `None` if nothing says so.
pub(super) fn development(unit: &Unit, files: &Files) -> Option<Located<String>> {
    let path = files.get(unit.place.file).path();
    // `web.service.example` is what somebody copies to the machine.
    let path = if host::is_remote(unit.kind) { without_template(path) } else { path };
    let named = |name: &str| words(name).any(|word| DEVELOPMENT.contains(&word.as_str()));
    let why = if unit.kind == UnitKind::Task {
        format!("`{}` is a task that somebody runs by hand", unit.name)
    } else if let Some(part) = path.split('/').find(|part| named(part)) {
        format!("`{part}` is named for development")
    } else if named(&unit.name) {
        format!("`{}` is named for development", unit.name)
    } else if let Some(part) = unit.variant.iter().flat_map(|variant| variant.value.split('/')).find(|part| named(part))
    {
        format!("`{part}` is named for development")
    } else if !unit.profiles.is_empty() && unit.profiles.iter().all(|profile| named(profile)) {
        format!("it runs only in the profile `{}`", unit.profiles.join("`, `"))
    } else {
        return mounted_sources(unit, files);
    };
    Some(Located::new(why, unit.place))
}

/// The path without the ending of a template.
fn without_template(path: &str) -> &str {
    let ends = [".example", ".sample", ".dist", ".template", "-example", "-sample"];
    ends.iter().find_map(|end| path.strip_suffix(end)).unwrap_or(path)
}

/// A service that mounts the code of the project runs what somebody is editing, not what was built.
fn mounted_sources(unit: &Unit, files: &Files) -> Option<Located<String>> {
    let home = files.get(unit.place.file).folder();
    unit.mounts.iter().find_map(|mount| {
        let folder = join(home, &mount.source.value);
        let is_python = |path: &str| path.rsplit('.').next() == Some("py");
        let holds_code = files.iter().any(|(_, file)| {
            is_python(file.path())
                && (folder.is_empty() || file.path().strip_prefix(&folder).is_some_and(|rest| rest.starts_with('/')))
        });
        let says = |path: &String| format!("it mounts `{path}`, the code of the project");
        holds_code.then(|| Located::new(says(&mount.source.value), mount.source.place))
    })
}

fn words(name: &str) -> impl Iterator<Item = String> + '_ {
    name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_ascii_lowercase)
}
