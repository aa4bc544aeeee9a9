//! From the commands of a unit to the programs they start.
//!
//! Decides which words reach which program, with which environment and in which folder. What shells do
//! with them on the way is `shell`'s.

use std::collections::BTreeSet;

use super::environment::Environment;
use super::locate::Roots;
use super::native::Renamed;
use super::rewritten::Edited;
use super::shell::{INSTANCE, Shell, Shield};
use crate::python::evaluate::Dependency;
use crate::read::{Command, Facts, StopDefault, SystemShell};
use crate::servers::Program;
use crate::servers::arguments::Argument;
use crate::source::{FileId, Files, Located, Place};

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
    /// The variables without which it does not run.
    pub(super) only: BTreeSet<String>,
    /// Whether something is known to run in its place without them.
    pub(super) has_instead: bool,
    /// Whether it only runs if somebody gives the image words that nothing here gives it.
    pub(super) awaits_words: bool,
    /// Where the words come from, beyond their own bytes.
    pub(super) parted: Parted,
    /// The shell that keeps signals from it.
    pub(super) shield: Option<Shield>,
    /// Who runs it, where a command on the way changes that.
    pub(super) user: Option<User>,
    /// The program of a manager that it is, where the unit starts one.
    pub(super) managed: Option<Managed>,
    /// The arguments and the environment that it would have on a machine with [`LARGE_NODE`] cores, where
    /// a script asks for them.
    pub(super) on_large_node: Option<(Vec<Argument>, Environment)>,
}

impl Start {
    /// What switches on the debugger of the development server `name`: an option, or the variable that Flask asks.
    pub(super) fn debugger(&self, name: &str) -> Option<Place> {
        if name != "flask run" {
            return None;
        }
        let is_off = |argument: &&Argument| argument.text.as_deref() == Some("--no-debug");
        let is_on = |argument: &&Argument| argument.text.as_deref() == Some("--debug");
        if self.arguments.iter().any(|argument| is_off(&argument)) {
            return None;
        }
        let option = self.arguments.iter().find(is_on).map(|argument| argument.place);
        option.or_else(|| {
            // `flask.helpers.get_debug_flag` of 3.1.
            let entry = self.environment.entry("FLASK_DEBUG")?;
            let text = entry.text.as_deref().filter(|_| !entry.absent && entry.depends.is_empty())?;
            let on = !text.is_empty() && !["0", "false", "no"].contains(&text.to_ascii_lowercase().as_str());
            on.then_some(entry.place)
        })
    }
}

/// Who runs a program from some command on; without a name nobody knows who.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct User {
    pub(super) name: Option<Located<String>>,
}

/// A program that a manager runs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Managed {
    /// Where it is declared.
    pub(super) program: Place,
    /// How long the manager waits before it kills it, where no file says that.
    pub(super) kept: Option<StopDefault>,
}

/// A node size at which a formula over host cores shows what it does; large nodes of the cloud
/// providers have 64 cores and more (benoitc/gunicorn#2028 was met on such a one).
pub const LARGE_NODE: u32 = 64;

/// What the words of a command rest on, by their places.
#[derive(Debug, Clone, Default)]
pub(super) struct Parted {
    words: Vec<Part>,
}

/// One of those words.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) place: Place,
    /// What it rests on.
    pub(super) depends: Vec<Dependency>,
    /// The bytes that are exactly its text.
    pub(super) source: Option<Place>,
    /// The variables without which it is not known, and whether a file passes them on from outside.
    pub(super) missing: Vec<(String, bool)>,
    /// Every text that it may be, where several are known.
    pub(super) ways: Vec<String>,
}

impl Part {
    /// A word of which no more is known than what it rests on.
    pub(super) const fn resting(place: Place, depends: Vec<Dependency>) -> Self {
        Self { place, depends, source: None, missing: Vec::new(), ways: Vec::new() }
    }
}

impl Parted {
    /// Records what a word rests on.
    pub(super) fn note(&mut self, part: Part) {
        if !part.depends.is_empty() || part.source.is_some() || !part.missing.is_empty() || !part.ways.is_empty() {
            self.words.push(part);
        }
    }

    fn around(&self, place: Place) -> impl Iterator<Item = &Part> {
        self.words.iter().filter(move |part| {
            let word = part.place;
            word.file == place.file && word.span.start <= place.span.start && place.span.end <= word.span.end
        })
    }

    /// Why the word around `place` is not known, where a variable or a choice is the reason.
    pub(super) fn reason(&self, place: Place) -> Option<String> {
        let mut missing: Vec<&(String, bool)> = Vec::new();
        for one in self.around(place).flat_map(|part| &part.missing) {
            if !missing.contains(&one) {
                missing.push(one);
            }
        }
        if missing.iter().any(|(name, _)| name == INSTANCE) {
            return Some("it is the name of the instance of the unit".to_owned());
        }
        let named = |passed: bool| {
            let names: Vec<String> =
                missing.iter().filter(|one| one.1 == passed).map(|(name, _)| format!("`{name}`")).collect();
            Some(names.join(" and ")).filter(|names| !names.is_empty())
        };
        if let Some(names) = named(false) {
            return Some(format!("nothing that leads here sets {names}"));
        }
        if let Some(names) = named(true) {
            let verb = if missing.len() > 1 { "are" } else { "is" };
            return Some(format!("{names} {verb} passed on from outside"));
        }
        let ways = self.around(place).find(|part| part.ways.len() > 1)?;
        let texts: Vec<String> = ways.ways.iter().map(|text| format!("`{text}`")).collect();
        Some(format!("the start-up code makes it {}", texts.join(" or ")))
    }

    /// The variables without which the word around `place` is not known.
    pub(super) fn missing(&self, place: Place) -> Vec<String> {
        self.around(place)
            .flat_map(|part| part.missing.iter().map(|(name, _)| name.clone()))
            .filter(|name| name != INSTANCE)
            .collect()
    }

    /// What the word around `place` rests on.
    pub(super) fn depends(&self, place: Place) -> Vec<Dependency> {
        let mut all: Vec<Dependency> = Vec::new();
        for dependency in self.around(place).flat_map(|part| &part.depends) {
            if !all.contains(dependency) {
                all.push(dependency.clone());
            }
        }
        all
    }

    /// The bytes elsewhere that are the text of the word at exactly `place`.
    pub(super) fn source(&self, place: Place) -> Option<Place> {
        let mut found = self.around(place).filter(|part| part.place == place);
        let source = found.next()?.source;
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
    /// What `/bin/sh` is, where that is known.
    pub(super) shell: Option<SystemShell>,
    /// The scripts that are not what the project holds any more, with what became of them.
    pub(super) edited: Edited,
    /// Programs in Rust that have another name there than in the project.
    pub(super) renamed: Renamed,
    /// Answers for variables that compose or Kubernetes fills in before the process exists.
    pub(super) outer: &'a dyn Fn(&str) -> Option<String>,
}

/// What commands come to.
#[derive(Default)]
pub(super) struct Started {
    pub(super) programs: Vec<Start>,
    /// The scripts of the project that they run.
    pub(super) scripts: BTreeSet<FileId>,
    /// What the shell that runs there does not know, and what that shell is.
    pub(super) strange: BTreeSet<(Place, String)>,
}

/// The programs that an entry point and a command start together. An entry point that comes to nothing by itself is
/// given words by whoever runs the image.
pub(super) fn starts(entrypoint: Option<&Command>, command: Option<&Command>, surroundings: &Surroundings) -> Started {
    let plain = played(surroundings, |shell| shell.run(entrypoint, command, false));
    if plain.programs.is_empty() && entrypoint.is_some() && command.is_none() {
        let mut given = played(surroundings, |shell| shell.run(entrypoint, None, true));
        given.programs.iter_mut().for_each(|start| start.awaits_words = true);
        given
    } else {
        plain
    }
}

/// The programs that words come to which code starts; what each rests on stands beside it.
pub(super) fn of_words(
    words: &[Argument],
    depends: &[Vec<Dependency>],
    place: Place,
    surroundings: &Surroundings,
) -> Started {
    played(surroundings, |shell| shell.run_words(words, depends, place))
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
    // Where nothing else runs without them, whoever starts it sets them.
    let serves = |start: &Start| !matches!(start.program, Program::Python { .. });
    if !found.iter().any(|start| start.only.is_empty() && serves(start)) {
        found.iter_mut().filter(|start| !start.has_instead).for_each(|start| start.only.clear());
    }
    Started { programs: found, scripts: shell.visited, strange: shell.strange }
}
