//! Which program of the project a command names.
//!
//! Decides by the names of programs, those that an image gives them, and what `cargo run` is told. A program that comes
//! from elsewhere than the project is none of these.

use std::collections::BTreeMap;

use super::package_of;
use crate::deployment::image::Image;
use crate::read::Facts;
use crate::rust::launches;
use crate::rust::packages::TargetKind;
use crate::servers::Asked;
use crate::source::Files;

/// Names of programs in an image that differ from those in the project, with the latter.
pub(in crate::deployment) type Renamed = BTreeMap<String, String>;

/// The program of the project that serves and that is asked for.
pub(in crate::deployment) fn named(asked: Asked<'_>, renamed: &Renamed, folder: &str, facts: &Facts) -> Option<String> {
    let programs = &facts.rust.programs;
    let called = |name: &str| programs.iter().find(|one| is_called(&one.name, name)).map(|one| one.name.clone());
    match asked {
        Asked::Command(word) => {
            let name = word.rsplit('/').next()?;
            renamed.get(name).and_then(|name| called(name)).or_else(|| called(name))
        }
        Asked::Cargo { program: Some(name), .. } => called(name),
        Asked::Cargo { program: None, package } => {
            let of = |one: &&launches::Program| {
                let own = package_of(one, facts);
                package.map_or_else(|| own.folder == folder, |package| own.name == package)
            };
            let mut fitting = programs.iter().filter(of);
            let first =
                fitting.next().or_else(|| programs.first().filter(|_| programs.len() == 1 && package.is_none()))?;
            fitting.next().is_none().then(|| first.name.clone())
        }
    }
}

/// The file of a program has dashes where its crate has underscores.
fn is_called(program: &str, name: &str) -> bool {
    program == name || program.replace('-', "_") == name.replace('-', "_")
}

/// The programs that have another name in an image than in the project.
pub(in crate::deployment) fn renamed(image: &Image, facts: &Facts, files: &Files) -> Renamed {
    let mut names = Renamed::new();
    if facts.rust.programs.is_empty() {
        return names;
    }
    // `cp target/release/shop /bin/server`
    for ran in &image.runs {
        let words: Vec<&str> = files.text_at(ran.place).split_whitespace().collect();
        for pair in words.windows(2) {
            let [source, destination] = *pair else { continue };
            if source.contains("target/") && source.contains("release/") && !destination.starts_with(['-', '&', '|']) {
                note(source, destination, &mut names, facts);
            }
        }
    }
    for landed in &image.copied {
        let from = landed.from.as_deref().map(|stage| renamed(stage, facts, files)).unwrap_or_default();
        for source in &landed.sources {
            let name = source.rsplit('/').next().unwrap_or_default();
            match from.get(name) {
                Some(program) => drop(names.insert(landed_as(name, &landed.destination), program.clone())),
                None => note(source, &landed.destination, &mut names, facts),
            }
        }
    }
    names
}

fn note(source: &str, destination: &str, names: &mut Renamed, facts: &Facts) {
    let name = source.trim_matches(['"', '\'']).rsplit('/').next().unwrap_or_default();
    let programs = &facts.rust.programs;
    let found = programs.iter().find(|one| is_called(&one.name, name)).or_else(|| {
        // A variable that nobody fills in names the only program that there is.
        let crates = facts.rust.workspace.crates.iter();
        let only = crates.filter(|one| one.kind == TargetKind::Program).count() == 1;
        programs.first().filter(|_| only && name.starts_with('$'))
    });
    if let Some(program) = found {
        names.insert(landed_as(&program.name, destination.trim_matches(['"', '\''])), program.name.clone());
    }
}

/// The name that a file has where it was copied to.
fn landed_as(name: &str, destination: &str) -> String {
    let is_folder = destination.ends_with(['/', '.']) || matches!(destination, "/usr/local/bin" | "/usr/bin" | "/bin");
    let last = destination.rsplit('/').next().unwrap_or_default();
    if is_folder || last.is_empty() { name.to_owned() } else { last.to_owned() }
}
