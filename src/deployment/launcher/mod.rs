//! Python code that starts a server: what it passes on becomes the deployment's settings.
//!
//! Decides which code a command comes to, what each call in it hands to which server, and what becomes
//! of launchers that nothing else starts. What a call is given was worked out by following the code;
//! which value wins is decided with all other sources of the server.

mod alone;
mod call;
mod follow;
mod granian;
mod hypercorn;
mod site;
mod start;
mod target;
#[cfg(test)]
mod tests;
mod uvicorn;

use std::collections::BTreeSet;

pub(super) use alone::{Alone, alone, is_aside};
pub(super) use call::{Called, read};
pub(super) use follow::{entry, follow};
pub(super) use start::{Step, steps};
pub(super) use uvicorn::object_fault;

use crate::python::evaluate::Sighting;
use crate::python::launches::{self, Api, Launch};
use crate::read::Facts;
use crate::source::{FileId, Files, Place};

/// A call that starts a server, with what it is given.
#[derive(Debug, Clone)]
pub(super) struct Launched {
    /// The call as it stands in the text.
    written: Option<Launch>,
    pub(super) api: Api,
    pub(super) sighting: Sighting,
    /// The file that was run.
    pub(super) entry: FileId,
    /// Whether it was run by its path, so that its imports begin in its folder.
    pub(super) by_path: bool,
    /// The file that it reads its configuration from.
    pub(super) loads: Option<FileId>,
}

impl Launched {
    /// The file that was run, if by its path.
    fn program(&self) -> Option<FileId> {
        self.by_path.then_some(self.entry)
    }
}

/// A program imports its launcher through few others.
const MAX_IMPORTS: usize = 3;

/// Whether a text can hold a launch at all.
fn speaks_of_servers(text: &str) -> bool {
    ["uvicorn", "gunicorn", "hypercorn", "granian", "daphne", "uwsgi", "Flask", "Quart", "werkzeug", "bottle"]
        .iter()
        .any(|name| text.contains(name))
}

/// The name of a module or a program by its path.
fn stem(path: &str) -> &str {
    let path = path.strip_suffix(".py").unwrap_or(path);
    let path = path.strip_suffix("/__main__").or_else(|| path.strip_suffix("/__init__")).unwrap_or(path);
    path.rsplit('/').next().unwrap_or(path)
}

/// The calls that were come to, so that nobody plays them again.
#[derive(Debug, Default)]
pub(super) struct Reached {
    calls: BTreeSet<Place>,
    /// Files with classes of applications that were run.
    classes: BTreeSet<FileId>,
    /// Files with launches, and those that import one of them, directly or not.
    leading: BTreeSet<FileId>,
}

impl Reached {
    /// Nothing reached yet in a project.
    pub(super) fn of(files: &Files, facts: &Facts) -> Self {
        let with_launch = facts.python.iter().filter(|(file, module)| {
            let text = files.get(**file).text();
            // A program may start what it is given as words.
            (speaks_of_servers(text) || text.contains("argv")) && !launches::find(module).is_empty()
        });
        let mut leading: BTreeSet<FileId> = with_launch.map(|(file, _)| *file).collect();
        // A program may run another one of the project, or a script.
        let starters: Vec<FileId> = facts
            .python
            .iter()
            .filter(|(file, module)| {
                let text = files.get(**file).text();
                !leading.contains(*file)
                    && ["subprocess", "os.exec", "os.spawn", "os.system", "execv"]
                        .iter()
                        .any(|name| text.contains(name))
                    && !launches::find(module).is_empty()
            })
            .map(|(file, _)| *file)
            .collect();
        let runs = |file: FileId, name: &str| name.len() > 1 && files.get(file).text().contains(name);
        let scripts: Vec<&str> = facts.scripts.keys().map(|file| files.get(*file).name()).collect();
        let run_scripts = starters.iter().filter(|file| scripts.iter().any(|name| runs(**file, name)));
        leading.extend(run_scripts.copied().collect::<Vec<_>>());
        let programs: Vec<&str> = leading.iter().map(|file| stem(files.get(*file).path())).collect();
        let run_programs = starters.iter().filter(|file| programs.iter().any(|name| runs(**file, name)));
        leading.extend(run_programs.copied().collect::<Vec<_>>());
        if leading.is_empty() {
            return Self::default();
        }
        let imports: Vec<(FileId, BTreeSet<&str>)> =
            facts.python.iter().map(|(file, module)| (*file, launches::imports(module))).collect();
        let mut names: BTreeSet<&str> = leading.iter().map(|file| stem(files.get(*file).path())).collect();
        for _ in 0..MAX_IMPORTS {
            let new: Vec<FileId> = imports
                .iter()
                .filter(|(file, imports)| !leading.contains(file) && !imports.is_disjoint(&names))
                .map(|(file, _)| *file)
                .collect();
            if new.is_empty() {
                break;
            }
            names.extend(new.iter().map(|file| stem(files.get(*file).path())));
            leading.extend(new);
        }
        Self { leading, ..Self::default() }
    }

    /// Whether running a file may come to a launch.
    pub(super) fn may_lead(&self, file: FileId) -> bool {
        self.leading.contains(&file)
    }

    /// Notes a call; its class, if an application runs.
    pub(super) fn add(&mut self, launched: &Launched) {
        self.calls.insert(launched.sighting.place);
        if matches!(launched.api, Api::GunicornApplication { .. }) {
            self.classes.insert(launched.sighting.place.file);
            self.classes.extend(launched.sighting.sets.iter().map(|set| set.place.file));
        }
    }

    fn has(&self, place: Place) -> bool {
        self.calls.contains(&place)
    }
}
