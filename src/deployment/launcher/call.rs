//! What a call hands to its server, setting by setting.

use super::super::configuration::Stranger;
use super::super::effective::{Candidate, Layer, Resolved};
use super::site::{Found, Sites};
use super::{Launched, granian, hypercorn, target, uvicorn};
use crate::python::evaluate::{Dependency, Evaluated, Outcome};
use crate::python::launches::{self, Api};
use crate::read::Facts;
use crate::servers::{Server, Setting, Table, Version, cast};
use crate::source::{Files, Located, Place};
use crate::values::Order as _;
use crate::values::Value;

use std::collections::BTreeSet;

/// What a call hands to a server.
#[derive(Debug, Default)]
#[allow(clippy::struct_excessive_bools, reason = "independent facts, not the states of one")]
pub(in super::super) struct Called {
    /// What it sets; a later one of the same setting wins.
    pub(in super::super) candidates: Vec<(&'static Setting, Candidate)>,
    /// What it sets in front of everything that the command line, the variable and the files say.
    pub(in super::super) early: Vec<(&'static Setting, Candidate)>,
    /// Whether the project's own code loads the application, whatever the command line and the settings name.
    pub(in super::super) loads_itself: bool,
    /// Whether the first word of the command line names the process.
    pub(in super::super) names_process: bool,
    /// Where it stands.
    pub(in super::super) place: Option<Place>,
    /// The application, as far as it has a name.
    pub(in super::super) app: Option<Located<String>>,
    /// The expression that hands over the application, where no module has it under a name.
    pub(in super::super) handed: Option<Place>,
    /// The folder that the application is imported from, where that is not where the server starts.
    pub(in super::super) folder: Option<String>,
    /// Why the server refuses the call.
    pub(in super::super) errors: Vec<Located<String>>,
    /// Names among those that the version may not have yet.
    pub(in super::super) unlisted: Vec<Located<String>>,
    /// Whether the command line, files and the variable with options count as well.
    pub(in super::super) reads_command_line: bool,
    /// Options that are no settings, which the program drops.
    pub(in super::super) strangers: Vec<Stranger>,
    /// What the application is said to speak.
    pub(in super::super) mode: Option<String>,
    /// Whether the name of the application is bound only where its file is run, and not where it is imported.
    pub(in super::super) only_run: bool,
    /// Where the application is handed over as an object, which no other process could import.
    pub(in super::super) object: Option<Place>,
    /// Whether importing the file makes the call again, as every process does that Python starts anew.
    pub(in super::super) unguarded: bool,
    /// Settings that count for nothing because of how the server is run, with what they come to.
    pub(in super::super) fixed: Vec<(&'static str, Value)>,
    /// What decides which settings it names.
    pub(in super::super) rests: Vec<Dependency>,
    /// Settings that it leaves alone unless somebody sets these.
    pub(in super::super) absent: Vec<(&'static Setting, Vec<Dependency>)>,
    /// The file of variables that the call names.
    pub(in super::super) env_file: Option<String>,
}

impl Called {
    /// Whether the call sets a setting.
    pub(in super::super) fn gives(&self, name: &str) -> bool {
        self.candidates.iter().any(|(setting, _)| setting.name() == name)
    }

    /// Why a server that the call at `place` starts is one process, and where that is decided.
    pub(in super::super) fn alone(&self, server: Server, place: Place) -> Option<Located<&'static str>> {
        if self.fixed.iter().any(|(name, _)| *name == "workers") {
            return Some(Located::new("the call serves in the process that makes it, and starts no others", place));
        }
        let object = self.object.filter(|_| server == Server::Uvicorn)?;
        Some(Located::new(
            "it is handed the application itself, which other processes could not import by a name",
            object,
        ))
    }
}

/// Everything that reading a call needs to know.
pub(super) struct Reading<'a> {
    pub(super) launched: &'a Launched,
    pub(super) table: &'static Table,
    pub(super) version: Version,
    pub(super) sites: Sites<'a>,
    pub(super) files: &'a Files,
    pub(super) facts: &'a Facts,
}

/// Reads a call for a server of `version`.
pub(in super::super) fn read(
    launched: &Launched,
    table: &'static Table,
    version: Version,
    files: &Files,
    facts: &Facts,
) -> Called {
    let sites = Sites::of(launched, facts, files);
    let reading = Reading { launched, table, version, sites, files, facts };
    let mut called = match launched.api {
        Api::UvicornRun | Api::UvicornConfig => uvicorn::read(&reading),
        Api::HypercornServe | Api::HypercornRun => hypercorn::read(&reading),
        Api::Granian | Api::GranianEmbedded => granian::read(&reading),
        Api::GunicornApplication { command_line } => reading.application(command_line),
        Api::Command(_) | Api::Words(_) | Api::Development(_) => Called::default(),
    };
    called.place = Some(launched.sighting.place);
    let deciding: BTreeSet<&String> = launched.sighting.rests.iter().collect();
    called.rests =
        deciding.into_iter().map(|name| Dependency::Environment { name: name.clone(), default: None }).collect();
    if launched.sighting.open && !matches!(launched.api, Api::GunicornApplication { .. }) {
        let hidden = reading.sites.argument("", None);
        reading.hide(&mut called, &hidden.place, "it may be among the arguments that are unpacked here");
    }
    called.unguarded = launched.api == Api::UvicornRun && repeats(launched, files, facts);
    if let Some(app) = called.app.as_ref().filter(|_| called.handed.is_none())
        && called.folder.is_none()
    {
        called.folder = target::folder_of(launched, &app.value, files);
    }
    called
}

/// Whether the file of a call is the program, and makes the call wherever it is imported.
fn repeats(launched: &Launched, files: &Files, facts: &Facts) -> bool {
    let place = launched.sighting.place;
    // `multiprocessing.spawn` does not import the `__main__` of a package again.
    let is_program = launched.program() == Some(place.file) && files.get(place.file).name() != "__main__.py";
    let Some(module) = facts.python.get(&place.file).filter(|_| is_program) else { return false };
    launched.written.is_some_and(|launch| {
        !launch.guarded && launch.function.is_none_or(|function| launches::calls_at_top(module, function))
    })
}

impl Reading<'_> {
    /// The setting behind a name, in this version.
    pub(super) fn setting(&self, name: &str) -> Option<&'static Setting> {
        self.table.setting(name).filter(|setting| setting.applies_to(self.version))
    }

    /// Makes every setting that the call does not name unknown.
    pub(super) fn hide(&self, called: &mut Called, place: &Place, why: &str) {
        for setting in self.table.settings().filter(|setting| setting.applies_to(self.version)) {
            if !called.gives(setting.name()) {
                let value = Resolved::Unknown(why.to_owned());
                called.candidates.push((setting, candidate(value, *place)));
            }
        }
    }

    /// What a `cfg.set` of an application comes to.
    fn application(&self, base_reads: bool) -> Called {
        let mut called = Called::default();
        let sighting = &self.launched.sighting;
        for set in &sighting.sets {
            let sites = Sites::new(set.place, self.facts.python.get(&set.place.file), self.files);
            let Some(name) = &set.name else {
                self.hide(&mut called, &set.place, "it may be set here, under a name that is not known");
                continue;
            };
            if name == COMMAND_LINE {
                if base_reads {
                    called.reads_command_line = true;
                    let early = std::mem::take(&mut called.candidates).into_iter();
                    called
                        .early
                        .extend(early.map(|(setting, one)| (setting, Candidate { layer: Layer::Application, ..one })));
                }
                continue;
            }
            let value = known(&set.value);
            let argument = |index: usize| sites.call()?.positional.get(index)?.as_ref();
            // The dict may be written where the application is made, and its class elsewhere.
            let entry = || sites.entry_with(name, value).or_else(|| self.sites.entry_with(name, value));
            let found = match argument(1) {
                // In a loop the value is what some dict says.
                Some(element) if element.name.is_some() => entry().unwrap_or_else(|| sites.element(element)),
                Some(element) => sites.element(element),
                None => entry().unwrap_or_else(|| sites.whole()),
            };
            // Where the name is written as well, other entries of the dict are set by nobody.
            let found = if argument(0).is_some_and(|element| element.literal) { found.alone() } else { found };
            let Some(setting) = self.setting(name) else {
                let what = format!("there is no setting `{name}`");
                called.errors.push(Located::new(what, found.place));
                continue;
            };
            if set.absent {
                called.absent.push((setting, set.value.depends.clone()));
                continue;
            }
            let resolved =
                resolved(&set.value, |value| cast::cast(setting, value, self.version).map_err(|e| e.message));
            let one = Self::candidate(setting.name(), &set.value, resolved, found, &mut called.errors);
            called.candidates.push((setting, one));
        }
        let mut names: Vec<&String> = sighting.strangers.iter().collect();
        names.order();
        names.dedup();
        for name in names.into_iter().filter(|name| self.table.setting(&name.to_lowercase()).is_none()) {
            let own = Sites::new(sighting.place, self.facts.python.get(&sighting.place.file), self.files);
            if let Some(place) = own.key(name) {
                let name = name.clone();
                called.strangers.push(Stranger { name, name_place: place, value: None, unused: true });
            }
        }
        if sighting.open {
            self.hide(&mut called, &sighting.place, "what the application sets could not be followed");
        }
        target::of_application(self, &mut called);
        called
    }

    /// A candidate with its place; a value that is refused goes to `errors`.
    pub(super) fn candidate(
        name: &str,
        value: &Evaluated,
        resolved: Result<Resolved, String>,
        found: Found,
        errors: &mut Vec<Located<String>>,
    ) -> Candidate {
        let value_of = match resolved {
            Ok(resolved) => resolved,
            Err(message) => {
                errors.push(Located::new(format!("`{name}`: {message}"), found.place));
                let shown = known(value).map_or_else(String::new, Value::to_string);
                Resolved::Unknown(format!("the server refuses `{shown}`"))
            }
        };
        Candidate {
            value: value_of,
            layer: Layer::Call,
            place: Some(found.place),
            site: found.site,
            depends: value.depends.clone(),
        }
    }
}

/// Stands among what an application sets for reading the command line and files.
pub(super) const COMMAND_LINE: &str = "(command line)";

/// A candidate that cannot be edited.
pub(super) fn candidate(value: Resolved, place: Place) -> Candidate {
    Candidate { value, layer: Layer::Call, place: Some(place), site: None, depends: Vec::new() }
}

/// The value, where it is known.
pub(super) const fn known(value: &Evaluated) -> Option<&Value> {
    match &value.outcome {
        Outcome::Known(value) => Some(value),
        Outcome::Unknown(_) => None,
    }
}

/// What `convert` makes of a value, if there is one.
pub(super) fn resolved(
    value: &Evaluated,
    convert: impl FnOnce(&Value) -> Result<Value, String>,
) -> Result<Resolved, String> {
    match &value.outcome {
        Outcome::Unknown(why) => Ok(Resolved::Unknown(why.clone())),
        Outcome::Known(value) => convert(value).map(Resolved::Known),
    }
}
