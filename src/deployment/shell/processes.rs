//! Managers that run the lines of a `Procfile`: `honcho start`, `foreman start web`.
//!
//! Decides which lines run, in which folder and with which variables. Where a manager tells its processes
//! what to listen on and which port that is is not known of it, nothing is said of the port.

use super::super::commands::Managed;
use super::super::locate::Roots;
use super::Shell;
use super::program::{base, is_wrapped};
use super::shield::Position;
use super::state::{Held, State, Variable};
use super::text::{self, Field};
use crate::python::evaluate::Dependency;
use crate::read::{self, Notation, StopDefault, Unit, UnitKind};
use crate::source::Place;
use crate::values::Seconds;

/// A program that runs the lines of a `Procfile`.
struct Manager {
    name: &'static str,
    /// The words that make it start them; without any it does nothing else.
    verbs: &'static [&'static str],
    /// Whether it stays in the folder that it is called in, as opposed to that of the `Procfile`.
    stays: bool,
    /// How long it waits before it kills what it runs, where it numbers the ports from 5000 in steps of a hundred
    /// (`honcho.manager.KILL_WAIT` and `honcho.environ.expand_processes` of honcho 2.0; `foreman help start`).
    kill_after: Option<f64>,
}

const MANAGERS: [Manager; 5] = [
    Manager { name: "honcho", verbs: &["start"], stays: true, kill_after: Some(5.0) },
    Manager { name: "foreman", verbs: &["start"], stays: false, kill_after: Some(5.0) },
    Manager { name: "goreman", verbs: &["start"], stays: true, kill_after: None },
    Manager { name: "overmind", verbs: &["start", "s"], stays: false, kill_after: None },
    Manager { name: "hivemind", verbs: &[], stays: false, kill_after: None },
];

/// The first port that a process is told, and what lies between two of them.
const FIRST_PORT: u32 = 5000;
const STEP: u32 = 100;

/// What the words of a manager say.
#[derive(Default)]
struct Called<'w> {
    procfile: Option<&'w str>,
    folder: Option<&'w str>,
    variables: Option<&'w str>,
    port: Option<&'w str>,
    /// `web=2,worker=0`
    counts: Option<&'w str>,
    /// The processes that are asked for; all of them where there is none.
    names: Vec<&'w str>,
}

impl<'w> Called<'w> {
    /// What the words behind the name of a manager ask for; `None` where they start nothing, or nobody knows what.
    fn of(manager: &Manager, words: &'w [Option<String>]) -> Option<Self> {
        let mut called = Self::default();
        let mut starts = manager.verbs.is_empty();
        let mut rest = words.iter().map(Option::as_deref);
        while let Some(word) = rest.next() {
            let word = word?;
            let Some(option) = word.strip_prefix('-').filter(|option| !option.is_empty()) else {
                match word {
                    verb if !starts => {
                        manager.verbs.iter().find(|known| **known == verb)?;
                        starts = true;
                    }
                    file if manager.verbs.is_empty() => called.procfile = Some(file),
                    names => called.names.extend(names.split(',')),
                }
                continue;
            };
            let (option, glued) = option.split_once('=').map_or((option, None), |(name, value)| (name, Some(value)));
            let mut value = || glued.map_or_else(|| rest.next().flatten(), Some);
            match option.trim_start_matches('-') {
                "f" | "procfile" => called.procfile = Some(value()?),
                "d" | "app-root" | "root" | "basedir" => called.folder = Some(value()?),
                "e" | "env" => called.variables = Some(value()?),
                "p" | "port" | "b" | "baseport" => called.port = Some(value()?),
                "c" | "concurrency" | "m" | "formation" => called.counts = Some(value()?),
                "l" | "processes" => called.names.extend(value()?.split(',')),
                "q" | "quiet" | "t" | "timeout" | "P" | "port-step" => drop(value()?),
                _ => {}
            }
        }
        starts.then_some(called)
    }

    /// How many copies of a process start.
    fn count(&self, name: &str) -> u32 {
        if !self.names.is_empty() {
            return u32::from(self.names.contains(&name));
        }
        let counts = self.counts.into_iter().flat_map(|counts| counts.split(',')).filter_map(|one| one.split_once('='));
        let of = |wanted: &str| {
            let mut own = counts.clone().filter(|(name, _)| name.trim() == wanted);
            own.next_back().and_then(|(_, count)| count.trim().parse().ok())
        };
        of(name).or_else(|| of("all")).unwrap_or(1)
    }
}

impl Shell<'_> {
    /// The processes of a `Procfile` that a manager of them starts.
    pub(super) fn processes(&mut self, state: &State, words: &[Option<String>], place: Place) -> bool {
        let found = words.iter().enumerate().take(8).find_map(|(at, word)| {
            let name = base(word.as_deref()?);
            Some((at, MANAGERS.iter().find(|manager| manager.name == name)?))
        });
        let Some((at, manager)) = found.filter(|(at, _)| is_wrapped(words, *at)) else { return false };
        let Some(called) = Called::of(manager, words.get(at + 1..).unwrap_or_default()) else { return false };
        let mut child = state.child();
        child.shield = None;
        // It signals the whole group of each process.
        child.passes_signals = true;
        let mut aside = child.roots.clone();
        if let Some(folder) = called.folder {
            aside.enter(folder);
        }
        let path = called.procfile.unwrap_or("Procfile");
        let Some(file) = aside.file(self.files(), path) else { return false };
        if !manager.stays {
            child.roots = aside.clone();
            if let Some((folder, _)) = path.rsplit_once('/').filter(|_| called.folder.is_none()) {
                child.roots.enter(if folder.is_empty() { "/" } else { folder });
            }
        }
        child.variables.extend(self.variables_beside(&called, &aside));
        let ports = Ports::of(&called, &child, place);
        let facts = self.surroundings.facts;
        let lines = facts.units.iter().filter(|unit| unit.kind == UnitKind::Procfile && unit.place.file == file);
        // honcho numbers what runs, in the order that it is named, the others number what there is.
        let named = |unit: &Unit| called.names.iter().position(|name| *name == unit.name);
        let by_name = manager.name == "honcho" && !called.names.is_empty();
        let kept = manager.kill_after.map(|seconds| StopDefault { value: Seconds(seconds), by: manager.name });
        for (index, unit) in lines.enumerate() {
            let count = called.count(&unit.name);
            let Some(command) = unit.command.as_ref().filter(|_| count > 0) else { continue };
            let mut process = child.clone();
            let index = if by_name { named(unit) } else { Some(index) };
            let port = index.filter(|_| kept.is_some() && count == 1).and_then(|index| ports.of_process(index));
            let field = port.unwrap_or_else(|| Field::new(&text::hole(), place));
            process.variables.insert("PORT".to_owned(), Variable { held: Held::One(field), exported: true });
            let outer = self.managed.replace(Managed { program: unit.place, kept });
            let position = std::mem::replace(&mut self.position, Position::Last);
            let fields = self.given(command, &process);
            self.launch(&mut process, fields, 0, command.place);
            self.position = position;
            self.managed = outer;
        }
        true
    }

    /// What the files of variables set that a manager reads; it wins over what is set outside. A value that is more
    /// than a plain word each manager takes in a way of its own.
    fn variables_beside(&self, called: &Called, aside: &Roots) -> Vec<(String, Variable)> {
        let files =
            called.variables.unwrap_or(".env").split(',').filter_map(|path| aside.file(self.files(), path.trim()));
        let files = files.filter(|file| self.surroundings.facts.environments.contains_key(file));
        let all = files.flat_map(|file| read::variables(file, self.files().get(file), Notation::Python));
        let plain =
            |text: &String| !text.contains(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '\\' | '$' | '#'));
        all.filter_map(|variable| {
            let word = variable.value?;
            let text =
                Some(&word).filter(|word| word.is_literal()).and_then(|word| word.resolve(&|_| None)).filter(plain);
            let mut field = Field::new(&text.clone().unwrap_or_else(text::hole), word.place);
            field.origin = text.is_some().then_some(word.place);
            field.source = field.origin;
            Some((variable.name, Variable { held: Held::One(field), exported: true }))
        })
        .collect()
    }
}

/// The ports that the processes of a manager are told.
struct Ports {
    /// The first; `None` where nobody knows it.
    first: Option<u32>,
    depends: Vec<Dependency>,
    place: Place,
}

impl Ports {
    fn of(called: &Called, state: &State, place: Place) -> Self {
        let set = state.variable("PORT", place);
        let known = |text: &str| text.trim().parse().ok();
        match (called.port, set) {
            (Some(port), _) => Self { first: known(port), depends: Vec::new(), place },
            (None, Held::One(field)) if field.known().is_some() => {
                Self { first: field.known().and_then(known), depends: field.depends, place: field.place }
            }
            (None, _) if state.is_missing("PORT") => {
                let default = Some(FIRST_PORT.to_string());
                let depends = vec![Dependency::InPlace { name: "PORT".to_owned(), default }];
                Self { first: Some(FIRST_PORT), depends, place }
            }
            (None, Held::Nothing) => Self { first: Some(FIRST_PORT), depends: Vec::new(), place },
            _ => Self { first: None, depends: Vec::new(), place },
        }
    }

    /// What the process at `index` is told.
    fn of_process(&self, index: usize) -> Option<Field> {
        let port = self.first?.checked_add(u32::try_from(index).ok()?.checked_mul(STEP)?)?;
        Some(Field { depends: self.depends.clone(), ..Field::new(&port.to_string(), self.place) })
    }
}
