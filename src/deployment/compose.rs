//! Which compose files form a project, and what its services are.
//!
//! Decides which file is laid over which, as compose does by its default names, by `COMPOSE_FILE`, and
//! as people call it with `-f`. Files that are never named together are told apart by what they hold: one
//! that could not be started by itself is laid over one that can.

mod overlay;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::environment::Environment;
use super::locate::join;
use crate::findings::Note;
use crate::read::{self, ComposeFile, Facts, Layer, Notation, Unit, Variable, compose_service, compose_size};
use crate::source::{FileId, Files};

/// Longer chains of `extends`, or of files that include files, than anybody follows.
const MAX_DEPTH: usize = 20;
/// More files than one project is made of.
const MAX_FILES: usize = 100;
/// More words and variables, those in files of them included, than all services of a project have together.
const MAX_SIZE: usize = 200_000;

/// A service of a compose project, with all that its files say about it.
#[derive(Debug)]
pub struct Composed {
    /// The service.
    pub unit: Unit,
    /// The files of the project, each laid over those in front of it.
    pub files: Vec<FileId>,
    /// What compose fills in variables from.
    pub(super) outer: Arc<Environment>,
    /// The file that says how the service runs where these do not.
    pub(super) elsewhere: Option<Elsewhere>,
}

/// A file that says of a service how it runs in another way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Elsewhere {
    /// One whose name says that it is for production.
    Production(FileId),
    /// One that compose lays over the others whenever nobody names them.
    ByDefault(FileId),
}

impl Composed {
    /// What compose fills in for a variable; `None` for one that no file sets.
    pub fn variable(&self, name: &str) -> Option<String> {
        self.outer.text(name)
    }

    /// The variables that compose gives to the container; `None` for a value that no file tells.
    pub fn environment(&self, files: &Files, facts: &Facts) -> BTreeMap<String, Option<String>> {
        let mut environment = Environment::default();
        super::scene::extend(&mut environment, &self.unit, files, facts, &|name| self.outer.text(name));
        environment.all()
    }
}

/// Files that are loaded together.
#[derive(Debug, Clone)]
struct Project {
    /// Each is laid over those in front of it.
    files: Vec<FileId>,
    /// Where relative paths start.
    folder: String,
    /// The services that are new or changed here, if not all.
    only: Option<FileId>,
}

/// The services of all compose projects. Of a project whose last file is laid over another project, only
/// those that this file changes.
pub fn services(files: &Files, facts: &Facts, notes: &mut Vec<Note>) -> Vec<Composed> {
    let mut found = Vec::new();
    let projects = overlay::projects(files, facts);
    for project in &projects {
        let environment = Arc::new(environment(&project.folder, None, files, facts));
        let mut assembler = Assembler { files, facts, notes, budget: MAX_SIZE, files_left: MAX_FILES };
        let mut services = assembler.project(project, &environment, 0);
        share_builds(&mut services, files);
        for (name, service) in &mut services {
            service.elsewhere = overlay::elsewhere(project, name, &projects, files, facts);
        }
        if let Some(only) = project.only.and_then(|file| facts.compose.get(&file)) {
            services.retain(|name, _| only.has(name));
        }
        found.extend(services.into_values());
    }
    found
}

/// The variables of the `.env` file in `folder`; those of `above` win.
fn environment(folder: &str, above: Option<&Environment>, files: &Files, facts: &Facts) -> Environment {
    let mut environment = Environment::default();
    let outer = |name: &str| above.and_then(|above| above.text(name));
    environment.extend(&variables(&join(folder, ".env"), Notation::Compose, files, facts), &outer);
    if let Some(above) = above {
        environment.overlay(above.clone());
    }
    environment
}

/// The variables of a file, as who reads it sees them.
pub(super) fn variables(path: &str, notation: Notation, files: &Files, facts: &Facts) -> Vec<Variable> {
    let file = files.find(path).filter(|file| facts.environments.contains_key(file));
    file.map(|file| read::variables(file, files.get(file), notation)).unwrap_or_default()
}

struct Assembler<'a> {
    files: &'a Files,
    facts: &'a Facts,
    notes: &'a mut Vec<Note>,
    /// How many words may still be read.
    budget: usize,
    files_left: usize,
}

impl<'a> Assembler<'a> {
    fn project(
        &mut self,
        project: &Project,
        environment: &Arc<Environment>,
        depth: usize,
    ) -> BTreeMap<String, Composed> {
        let chain: Vec<&'a ComposeFile> =
            project.files.iter().filter_map(|file| self.facts.compose.get(file)).collect();
        let mut services = BTreeMap::new();
        for compose in &chain {
            for include in compose.includes() {
                services.extend(self.include(&include, project, environment, depth));
            }
        }
        let mut names: Vec<&str> = chain.iter().flat_map(|compose| compose.services()).collect();
        names.sort_unstable();
        names.dedup();
        for name in names {
            let Some(layers) = self.layers(&chain, name, &project.folder) else { continue };
            let outer = |variable: &str| environment.text(variable);
            let Some(mut unit) = compose_service(&layers, self.files, &outer, self.notes) else { continue };
            if let Some(why) = unit.bound() {
                let file = self.files.get(unit.place.file);
                self.notes.push(Note::line(file.path(), file.line(unit.place.span.start), why));
            }
            let Some(left) = self.budget.checked_sub(compose_size(&unit) + self.named(&unit)) else {
                let path = self.files.get(unit.place.file).path();
                self.notes.push(Note::file(path, "longer than any compose file; the rest was not read"));
                break;
            };
            self.budget = left;
            services.insert(
                name.to_owned(),
                Composed { unit, files: project.files.clone(), outer: Arc::clone(environment), elsewhere: None },
            );
        }
        services
    }

    fn include(
        &mut self,
        include: &crate::read::Include,
        project: &Project,
        environment: &Arc<Environment>,
        depth: usize,
    ) -> BTreeMap<String, Composed> {
        let find = |path: &str| self.files.find(&join(&project.folder, path));
        let found: Vec<FileId> = include.files.iter().filter_map(|path| find(&path.value)).collect();
        let Some(&first) = found.first() else { return BTreeMap::new() };
        if depth >= MAX_DEPTH || self.files_left < found.len() {
            return BTreeMap::new();
        }
        self.files_left -= found.len();
        let folder = match &include.folder {
            Some(folder) => join(&project.folder, &folder.value),
            None => self.files.get(first).folder().to_owned(),
        };
        let mut inner = self::environment(&folder, Some(environment), self.files, self.facts);
        if !include.environment_files.is_empty() {
            inner = Environment::default();
            for path in &include.environment_files {
                let path = join(&project.folder, &path.value);
                let variables = variables(&path, Notation::Compose, self.files, self.facts);
                inner.extend(&variables, &|name| environment.text(name));
            }
            inner.overlay(Environment::clone(environment));
        }
        self.project(&Project { files: found, folder, only: None }, &Arc::new(inner), depth + 1)
    }

    /// How many variables the files hold that a service names.
    fn named(&self, unit: &Unit) -> usize {
        let folder = self.files.get(unit.place.file).folder();
        let count = |path: &str| Some(self.facts.environments.get(&self.files.find(&join(folder, path))?)?.len());
        unit.environment_files.iter().filter_map(|named| count(&named.path.value)).sum()
    }

    /// Everything that says something about a service, the nearest first; `None` where what it takes over
    /// is not there to be read and may hold its command.
    fn layers(&mut self, chain: &[&'a ComposeFile], name: &'a str, folder: &str) -> Option<Vec<Layer<'a>>> {
        let mut layers: Vec<(Layer<'a>, String)> = Vec::new();
        for compose in chain.iter().rev().filter(|compose| compose.has(name)) {
            if !self.extended(compose, name, folder, &mut layers) {
                return None;
            }
        }
        let home = self.files.get(layers.first()?.0.compose.file()).folder();
        Some(layers.into_iter().map(|(layer, from)| Layer { prefix: relative(home, &from), ..layer }).collect())
    }

    /// The service and what it extends, each with the folder that its paths start from; `false` where
    /// something is missing.
    fn extended(
        &mut self,
        compose: &'a ComposeFile,
        name: &'a str,
        folder: &str,
        layers: &mut Vec<(Layer<'a>, String)>,
    ) -> bool {
        let (mut compose, mut name, mut folder) = (compose, name, folder.to_owned());
        let mut seen = BTreeSet::new();
        loop {
            layers.push((Layer { compose, service: name, prefix: String::new() }, folder.clone()));
            let Some(extends) = compose.extends(name) else { return true };
            let path = extends.file.as_ref().map(|file| join(&folder, &file.value));
            let other = match &path {
                Some(path) => self.files.find(path).and_then(|file| self.facts.compose.get(&file)),
                None => Some(compose),
            };
            let found = other.and_then(|other| Some((other, other.services().find(|name| *name == extends.service)?)));
            let Some((other, service)) = found else {
                let from = path.map_or_else(String::new, |path| format!(" of `{path}`"));
                self.note(&extends, format!("extends `{}`{from}, which was not read", extends.service));
                return false;
            };
            if seen.len() >= MAX_DEPTH || !seen.insert((compose.file(), name)) {
                self.note(&extends, "extends itself".to_owned());
                return false;
            }
            if let Some(path) = &path {
                path.rsplit_once('/').map_or("", |(folder, _)| folder).clone_into(&mut folder);
            }
            (compose, name) = (other, service);
        }
    }

    fn note(&mut self, extends: &crate::read::Extends, reason: String) {
        let file = self.files.get(extends.place.file);
        self.notes.push(Note::line(file.path(), file.line(extends.place.span.start), reason));
    }
}

/// A service that runs the image which another one builds runs what that one builds.
fn share_builds(services: &mut BTreeMap<String, Composed>, files: &Files) {
    let mut built = BTreeMap::new();
    for composed in services.values() {
        if let (Some(image), Some(build)) = (&composed.unit.image, &composed.unit.build) {
            let folder = files.get(composed.unit.place.file).folder();
            let arguments = composed.unit.environment.iter().filter(|variable| variable.build_only).cloned();
            let value = (build.clone(), folder, arguments.collect::<Vec<_>>(), composed.unit.chosen_by.clone());
            built.entry(image.value.clone()).or_insert(value);
        }
    }
    for composed in services.values_mut() {
        let unit = &mut composed.unit;
        let shared = unit.image.as_ref().filter(|_| unit.build.is_none()).and_then(|image| built.get(&image.value));
        if let Some((build, folder, arguments, chosen_by)) = shared
            && *folder == files.get(unit.place.file).folder()
        {
            unit.build = Some(build.clone());
            unit.environment.splice(0..0, arguments.iter().cloned());
            unit.chosen_by.extend(chosen_by.iter().cloned());
        }
    }
}

/// What leads from the folder `from` to the folder `to`; empty where they are the same.
fn relative(from: &str, to: &str) -> String {
    let split = |path: &str| path.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect::<Vec<_>>();
    let (from, to) = (split(from), split(to));
    let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let up = std::iter::repeat_n("..", from.len() - shared);
    up.chain(to.iter().skip(shared).map(String::as_str)).collect::<Vec<_>>().join("/")
}
