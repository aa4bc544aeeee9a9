//! Launchers that nothing in the project is seen to start.
//!
//! Decides which of them count: not those of tests, documents and examples. One that only runs when its
//! file is the program is how somebody works on the service where something else starts it for good.

use std::collections::BTreeSet;

use super::super::commands::{Parted, Start};
use super::super::environment::Environment;
use super::super::locate::Roots;
use super::follow::{Entry, follow, outside_packages, script_entry};
use super::{Launched, Reached, speaks_of_servers, stem};
use crate::python::launches::{self, Api, Launch};
use crate::python::test_imports::is_of_tests;
use crate::read::Facts;
use crate::servers::{Code, Program};
use crate::source::{FileId, Files, Place};
use crate::values::Order as _;

/// A launcher that nothing starts.
#[derive(Debug, Clone)]
pub(in super::super) struct Alone {
    /// What it would be called by: the name of a command, or the file.
    pub(in super::super) name: String,
    pub(in super::super) start: Start,
    pub(in super::super) launched: Launched,
    /// Whether it runs only if its file is the program.
    pub(in super::super) guarded: bool,
}

/// Folders whose code nobody deploys, and beginnings and ends of such files.
const ASIDE: [&str; 17] = [
    "test",
    "tests",
    "testing",
    "doc",
    "docs",
    "example",
    "examples",
    "sample",
    "samples",
    "benchmark",
    "benchmarks",
    "bench",
    "tutorial",
    "tutorials",
    "fixtures",
    "site-packages",
    "cookbook",
];

/// How many runs are made in one round, so that many programs of no account leave room for those that hold a launch; and
/// how many of them to try the commands of one program.
const MAX_RUNS: usize = 48;
const MAX_COMMANDS: usize = 12;

/// The launches of the project that `reached` does not have, and whether those are all of them.
pub(in super::super) fn alone(files: &Files, facts: &Facts, reached: &mut Reached) -> (Vec<Alone>, bool) {
    let mut search = Search { files, facts, reached, found: Vec::new(), runs: 0, complete: true };
    let candidates = search.candidates();
    if candidates.is_empty() {
        return (Vec::new(), true);
    }
    search.scripts();
    search.programs(&candidates);
    search.round();
    for (file, launch) in &candidates {
        search.function(*file, launch);
    }
    // What programs that were left out would lead to may have been found where it stands.
    let complete = search.complete || search.candidates().is_empty();
    (search.found, complete)
}

struct Search<'a> {
    files: &'a Files,
    facts: &'a Facts,
    reached: &'a mut Reached,
    found: Vec<Alone>,
    /// How many runs were made in this round.
    runs: usize,
    /// Whether every round was long enough.
    complete: bool,
}

impl Search<'_> {
    fn round(&mut self) {
        self.runs = 0;
    }

    /// The launches that nothing came to.
    fn candidates(&self) -> Vec<(FileId, Launch)> {
        let files = self.facts.python.keys();
        files.flat_map(|&file| self.candidates_of(file).into_iter().map(move |launch| (file, launch))).collect()
    }

    fn candidates_of(&self, file: FileId) -> Vec<Launch> {
        let source = self.files.get(file);
        let Some(module) = self.facts.python.get(&file) else { return Vec::new() };
        if !speaks_of_servers(source.text()) || is_aside(source.path()) || is_of_tests(self.files, file, module) {
            return Vec::new();
        }
        let all = launches::find(module);
        let is_reached = |launch: &Launch| match launch.api {
            None => self.reached.classes.contains(&file),
            Some(_) => self.reached.has(Place::new(file, launch.span)),
        };
        // Of several in one function those count that are come to: the others are in other branches.
        let around: BTreeSet<_> =
            all.iter().filter(|launch| is_reached(launch)).map(|launch| launch.function).collect();
        let beside = |launch: &Launch| launch.api.is_some() && around.contains(&launch.function);
        all.iter().filter(|launch| !is_reached(launch) && !beside(launch)).copied().collect()
    }

    /// What the commands come to that packages of the project install.
    fn scripts(&mut self) {
        let all =
            self.facts.console_scripts.iter().flat_map(|(file, scripts)| scripts.iter().map(move |one| (*file, one)));
        for (declared, script) in all {
            if is_aside(self.files.get(declared).path()) {
                continue;
            }
            let entry = script_entry(declared, &script.target.value, self.files, self.facts);
            if let Some(entry) = entry.filter(|entry| self.reached.may_lead(entry.file)) {
                self.run(&entry, &script.name, false);
            }
        }
    }

    /// What files come to that are programs, those with launches behind those that only lead to one: who
    /// calls a launcher of another file knows what it is called with.
    fn programs(&mut self, candidates: &[(FileId, Launch)]) {
        let own: BTreeSet<FileId> = candidates.iter().map(|(file, _)| *file).collect();
        let is_program = |file: FileId| {
            let source = self.files.get(file);
            source.path().ends_with("__main__.py") || source.text().contains("__main__")
        };
        let leads = |file: FileId| self.reached.may_lead(file) && !is_aside(self.files.get(file).path());
        let order: Vec<FileId> =
            self.facts.python.keys().copied().filter(|file| leads(*file) && is_program(*file)).collect();
        let (last, mut first): (Vec<_>, Vec<_>) = order.into_iter().partition(|file| own.contains(file));
        // Most programs that start others have nothing to do with servers.
        first.order_by_key(|file| !speaks_of_servers(self.files.get(*file).text()));
        let mut tried = BTreeSet::new();
        for round in [first, last.into_iter().chain(own).collect()] {
            self.round();
            for file in round {
                if tried.insert(file) {
                    let name = stem(self.files.get(file).path()).to_owned();
                    self.run(&Entry { file, call: None, by_path: true }, &name, true);
                }
            }
        }
    }

    /// Runs code that may be called with any words; where it asks for a command, with each in turn.
    fn run(&mut self, entry: &Entry, name: &str, guarded: bool) {
        let start = self.start(entry);
        let (found, commands) = self.follow(entry, &start, None, None);
        let came = self.keep(found, name, guarded, &start);
        if came {
            return;
        }
        for command in commands.into_iter().take(MAX_COMMANDS) {
            let words = [Some(command.clone())];
            let (found, _) = self.follow(entry, &start, Some(&words), None);
            self.keep(found, &format!("{name} {command}"), guarded, &start);
        }
    }

    fn follow(
        &mut self,
        entry: &Entry,
        start: &Start,
        words: Option<&[Option<String>]>,
        enter: Option<crate::source::Span>,
    ) -> (Vec<Launched>, Vec<String>) {
        self.runs += 1;
        if self.runs > MAX_RUNS {
            self.complete = false;
            return (Vec::new(), Vec::new());
        }
        follow(entry, start, words, enter, self.files, self.facts)
    }

    /// A function with a launch that nothing in the project calls in a way that could be followed.
    fn function(&mut self, file: FileId, launch: &Launch) {
        if !self.candidates_of(file).contains(launch) {
            return;
        }
        if launch.api.is_none() {
            self.makers(file, launch);
            return;
        }
        let Some(function) = launch.function else { return };
        let entry = Entry { file, call: None, by_path: true };
        let start = self.start(&entry);
        let (found, _) = self.follow(&entry, &start, None, Some(function));
        // Of several in it each is a way on its own.
        let beside: Vec<Launch> =
            self.candidates_of(file).into_iter().filter(|one| one.function == launch.function).collect();
        let is_own = |one: &Launched| beside.iter().any(|launch| one.sighting.place == Place::new(file, launch.span));
        let found = found.into_iter().filter(is_own).collect();
        let name = stem(self.files.get(file).path()).to_owned();
        self.keep(found, &name, launch.guarded, &start);
    }

    /// The functions that run an application class which nothing in the project calls in a way that could be followed.
    fn makers(&mut self, file: FileId, launch: &Launch) {
        let Some(module) = self.facts.python.get(&file) else { return };
        let entry = Entry { file, call: None, by_path: true };
        let start = self.start(&entry);
        let name = stem(self.files.get(file).path()).to_owned();
        for function in launches::makers(module, launch.span).into_iter().take(MAX_COMMANDS) {
            let (found, _) = self.follow(&entry, &start, None, Some(function));
            let runs = |one: &Launched| matches!(one.api, Api::GunicornApplication { .. });
            self.keep(found.into_iter().filter(runs).collect(), &name, launch.guarded, &start);
        }
    }

    /// Keeps what is new; whether there was anything.
    fn keep(&mut self, found: Vec<Launched>, name: &str, guarded: bool, start: &Start) -> bool {
        let any = !found.is_empty();
        let new: Vec<Launched> = found
            .into_iter()
            .filter(|one| {
                !self.reached.has(one.sighting.place) && !is_aside(self.files.get(one.sighting.place.file).path())
            })
            .collect();
        for launched in new {
            self.reached.add(&launched);
            // Of a command whose words nobody knows there is nothing to say.
            if matches!(launched.api, Api::Command(_)) && launched.sighting.words.is_none() {
                continue;
            }
            self.found.push(Alone { name: name.to_owned(), start: start.clone(), launched, guarded });
        }
        any
    }

    fn start(&self, entry: &Entry) -> Start {
        let folder = outside_packages(self.files, self.files.get(entry.file).folder());
        let source = self.files.get(entry.file);
        Start {
            program: Program::Python { code: Code::File(source.path().to_owned()), first_argument: 0 },
            arguments: Vec::new(),
            environment: Environment::default(),
            roots: Roots::project(folder),
            place: Place::new(entry.file, crate::source::Span::new(0, 0)),
            conditional: false,
            only: std::collections::BTreeSet::new(),
            has_instead: false,
            awaits_words: false,
            parted: Parted::default(),
            on_large_node: None,
            managed: None,
            user: None,
            shield: None,
        }
    }
}

/// Whether a file lies where nobody deploys from.
pub(in super::super) fn is_aside(path: &str) -> bool {
    let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
    let aside = |part: &str| ASIDE.iter().any(|aside| part.eq_ignore_ascii_case(aside));
    let is_test = name.starts_with("test_") || name.ends_with("_test.py") || name == "conftest.py";
    is_test || folders.split('/').any(aside)
}
