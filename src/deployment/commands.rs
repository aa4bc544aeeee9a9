//! From the commands of a unit to the programs they start.
//!
//! Decides which words reach which program, with which environment and in which folder. What shells do
//! with them on the way is `shell`'s.

use std::collections::BTreeSet;

use super::environment::Environment;
use super::locate::Roots;
use super::shell::{Shell, Shield};
use crate::python::evaluate::Dependency;
use crate::read::{Command, Facts};
use crate::servers::Program;
use crate::servers::arguments::Argument;
use crate::source::{FileId, Files, Place};

/// A program with everything it is given.
#[derive(Debug, Clone)]
pub(super) struct Start {
    pub(super) program: Program,
    pub(super) arguments: Vec<Argument>,
    pub(super) environment: Environment,
    pub(super) roots: Roots,
    pub(super) place: Place,
    /// Whether it stands in a branch of a script, so that it may or may not run.
    pub(super) conditional: bool,
    /// Where the words come from, beyond their own bytes.
    pub(super) parted: Parted,
    /// The shell that keeps signals from it.
    pub(super) shield: Option<Shield>,
    /// The program of a manager that it is, where the unit starts one.
    pub(super) managed: Option<Place>,
    /// The arguments and the environment that it would have on a machine with [`LARGE_NODE`] cores, where
    /// a script asks for them.
    pub(super) on_large_node: Option<(Vec<Argument>, Environment)>,
}

/// A node size at which a formula over host cores shows what it does; large nodes of the cloud
/// providers have 64 cores and more (benoitc/gunicorn#2028 was met on such a one).
pub(super) const LARGE_NODE: u32 = 64;

/// What the words of a command rest on, by their places.
#[derive(Debug, Clone, Default)]
pub(super) struct Parted {
    words: Vec<(Place, Vec<Dependency>, Option<Place>)>,
}

impl Parted {
    /// Records what the word at `place` rests on, and which bytes are exactly its text.
    pub(super) fn note(&mut self, place: Place, depends: &[Dependency], source: Option<Place>) {
        if !depends.is_empty() || source.is_some() {
            self.words.push((place, depends.to_vec(), source));
        }
    }

    fn around(&self, place: Place) -> impl Iterator<Item = &(Place, Vec<Dependency>, Option<Place>)> {
        self.words.iter().filter(move |(word, ..)| {
            word.file == place.file && word.span.start <= place.span.start && place.span.end <= word.span.end
        })
    }

    /// What the word around `place` rests on.
    pub(super) fn depends(&self, place: Place) -> Vec<Dependency> {
        let mut all: Vec<Dependency> = Vec::new();
        for dependency in self.around(place).flat_map(|(_, depends, _)| depends) {
            if !all.contains(dependency) {
                all.push(dependency.clone());
            }
        }
        all
    }

    /// The bytes elsewhere that are the text of the word at exactly `place`.
    pub(super) fn source(&self, place: Place) -> Option<Place> {
        let mut found = self.around(place).filter(|(word, ..)| *word == place);
        let source = found.next()?.2;
        // Words of one place are pieces of one value.
        if found.next().is_some() { None } else { source }
    }
}

/// What surrounds the commands of a unit.
pub(super) struct Surroundings<'a> {
    pub(super) environment: Environment,
    pub(super) roots: Roots,
    pub(super) files: &'a Files,
    /// What else the project holds: scripts, tasks, commands that its packages install.
    pub(super) facts: &'a Facts,
    /// Answers for variables that compose or Kubernetes fills in before the process exists.
    pub(super) outer: &'a dyn Fn(&str) -> Option<String>,
}

/// What commands come to.
#[derive(Default)]
pub(super) struct Started {
    pub(super) programs: Vec<Start>,
    /// The scripts of the project that they run.
    pub(super) scripts: BTreeSet<FileId>,
}

/// The programs that an entry point and a command start together. An entry point that comes to nothing by itself is
/// given words by whoever runs the image.
pub(super) fn starts(entrypoint: Option<&Command>, command: Option<&Command>, surroundings: &Surroundings) -> Started {
    let plain = played(surroundings, |shell| shell.run(entrypoint, command, false));
    if plain.programs.is_empty() && entrypoint.is_some() && command.is_none() {
        played(surroundings, |shell| shell.run(entrypoint, None, true))
    } else {
        plain
    }
}

/// The programs that a script starts, which is run without arguments or, if that comes to nothing, with some
/// that nobody knows.
pub(super) fn of_script(script: FileId, surroundings: &Surroundings) -> Started {
    let plain = played(surroundings, |shell| shell.run_file(script, false));
    if plain.programs.is_empty() { played(surroundings, |shell| shell.run_file(script, true)) } else { plain }
}

fn played(surroundings: &Surroundings, run: impl Fn(&mut Shell)) -> Started {
    let mut shell = Shell::new(surroundings, None);
    run(&mut shell);
    let mut found = shell.found;
    if shell.asked_for_cores {
        let mut large = Shell::new(surroundings, Some(LARGE_NODE));
        run(&mut large);
        for start in &mut found {
            let mut same =
                large.found.iter().filter(|other| other.place == start.place && other.program == start.program);
            if let (Some(other), None) = (same.next(), same.next()) {
                start.on_large_node = Some((other.arguments.clone(), other.environment.clone()));
            }
        }
    }
    Started { programs: found, scripts: shell.visited }
}
