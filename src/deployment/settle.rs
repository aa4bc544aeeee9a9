//! From everything that sets a setting to the one value that counts.

use std::collections::{BTreeMap, BTreeSet};

use super::commands::Parted;
use super::configuration::Read;
use super::effective::{Candidate, Layer, Resolved, Settings, Site};
use super::environment::Environment;
use super::launcher::Called;
use crate::python::evaluate::Dependency;
use crate::servers::arguments::{self, Arguments, Given, Outcome};
use crate::servers::cast::default_from;
use crate::servers::schema::Syntax;
use crate::servers::{Action, Kind, Setting, Table, Version, WorkerClass};
use crate::source::{Files, Located, Place};
use crate::values::Value;

/// Everything that may set settings of one server.
pub(super) struct Sources<'a> {
    pub(super) table: &'static Table,
    /// Whose options and variables count: the server's own, or those of a command in front of it.
    pub(super) interface: &'static Table,
    pub(super) version: Version,
    pub(super) files: &'a Files,
    pub(super) environment: &'a Environment,
    /// What the configuration file sets; `None` without one.
    pub(super) configuration: Option<Read>,
    /// What decides which configuration file that is.
    pub(super) chosen_by: Vec<Dependency>,
    /// Why a configuration file that is named could not be read, and where it is named.
    pub(super) unread: Option<(Place, String)>,
    /// What the variable with further options holds.
    pub(super) options: Arguments,
    pub(super) command_line: Arguments,
    /// What the words of the command line rest on.
    pub(super) parted: &'a Parted,
    /// What the call in Python code sets that starts the server; options of a command line and variables
    /// that stand for them do not count then.
    pub(super) called: Option<&'a Called>,
}

impl Sources<'_> {
    /// Settles every setting of this version; what stops the start goes to `errors`.
    pub(super) fn settle(mut self, errors: &mut Vec<Located<String>>) -> Settings {
        let mut settings = Settings::default();
        let configuration = self.configuration.take().unwrap_or_default();
        errors.extend(configuration.errors);
        let mut configured: BTreeMap<&str, Vec<Candidate>> = BTreeMap::new();
        for (setting, candidate) in configuration.candidates {
            configured.entry(setting.name()).or_default().push(candidate);
        }
        let stand_ins = self.stand_ins();
        let untrusted = configuration.untrusted.or_else(|| self.unread.clone());
        for setting in self.table.settings().filter(|setting| setting.applies_to(self.version)) {
            let mut candidates = vec![self.default(setting)];
            let given = match self.called {
                Some(called) => called.gives(setting.name()),
                None => self.command_line.last(setting.name()).is_some(),
            };
            candidates.extend(self.variable(setting, given, errors));
            let early = self.called.into_iter().flat_map(|called| &called.early);
            candidates.extend(early.filter(|(known, _)| known.name() == setting.name()).map(|(_, one)| one.clone()));
            if let Some((place, why)) = &untrusted {
                candidates.push(unknown(Layer::ConfigFile, *place, why.clone()));
            }
            candidates.extend(configured.remove(setting.name()).unwrap_or_default());
            for (_, rests) in configuration.absent.iter().filter(|(known, _)| known.name() == setting.name()) {
                for candidate in &mut candidates {
                    candidate.depends.extend(rests.iter().cloned());
                }
            }
            if setting.name() != "config" {
                for candidate in &mut candidates {
                    candidate.depends.extend(self.chosen_by.iter().cloned());
                }
            }
            candidates.extend(self.words(setting, Layer::OptionsVariable, &self.options, errors));
            let rests = self.rests_on_variable(setting);
            for candidate in &mut candidates {
                candidate.depends.extend(rests.iter().cloned());
            }
            candidates.extend(self.words(setting, Layer::CommandLine, &self.command_line, errors));
            for name in self.further_words(setting, &stand_ins) {
                // What stands in for the variable rests on it as it is.
                for candidate in candidates.iter_mut().filter(|one| !one.named_variables().any(|own| own == name)) {
                    candidate.depends.push(Dependency::Environment { name: name.clone(), default: None });
                }
            }
            for called in self.called.iter().filter(|called| !called.gives(setting.name())) {
                for candidate in &mut candidates {
                    candidate.depends.extend(called.rests.iter().cloned());
                }
            }
            let absent = self.called.into_iter().flat_map(|called| &called.absent);
            for (_, rests) in absent.filter(|(known, _)| known.name() == setting.name()) {
                for candidate in &mut candidates {
                    candidate.depends.extend(rests.iter().cloned());
                }
            }
            let called = self.called.into_iter().flat_map(|called| &called.candidates);
            candidates.extend(called.filter(|(known, _)| known.name() == setting.name()).map(|(_, one)| one.clone()));
            settings.settle(setting, candidates);
        }
        for (name, value) in self.called.into_iter().flat_map(|called| &called.fixed) {
            settings.overrule(name, value.clone());
        }
        settings
    }

    fn default(&self, setting: &'static Setting) -> Candidate {
        let own = self.in_front(setting).and_then(|own| own.at(self.interface.newest()).default());
        let of_server = default(setting, self.version);
        match own.filter(|own| **own != Value::None) {
            Some(own) => Candidate { value: Resolved::Known(own.clone()), ..of_server },
            None => of_server,
        }
    }

    /// The setting of the command in front of the server that sets this one.
    fn in_front(&self, setting: &Setting) -> Option<&'static Setting> {
        if std::ptr::eq(self.interface, self.table) { None } else { self.interface.setting(setting.name()) }
    }

    /// A variable that stands for the setting or supplies its default. One that a click option of the
    /// command line hides (`given`) is not even looked at.
    fn variable(&self, setting: &'static Setting, given: bool, errors: &mut Vec<Located<String>>) -> Option<Candidate> {
        let option = if std::ptr::eq(self.interface, self.table) { Some(setting) } else { self.in_front(setting) };
        let own = option.filter(|_| self.called.is_none()).and_then(|option| self.interface.variable_of(option));
        let clicks = self.table.syntax() == Syntax::Click;
        // To click an empty variable is none.
        let own = own.as_deref().and_then(|name| Some((name, self.environment.entry(name)?)));
        let own = own.filter(|(_, entry)| !clicks || entry.text.as_deref() != Some(""));
        let default = || setting.default_variable().and_then(|name| Some((name, self.environment.entry(name)?)));
        let stands_for_option = own.is_some();
        let Some((name, entry)) = own.or_else(default) else { return self.set_elsewhere(setting, option, given) };
        if entry.absent {
            return Some(Candidate { depends: entry.depends.clone(), ..self.default(setting) });
        }
        let value = match &entry.text {
            None => Resolved::Unknown(format!("`{name}` is passed on from outside")),
            Some(text) => {
                let read = if stands_for_option {
                    self.option_variable(setting, text)
                } else {
                    default_from(setting, text, self.version).map_err(|error| error.message)
                };
                match read {
                    Ok(value) => Resolved::Known(value),
                    Err(error) => {
                        if !(clicks && given) {
                            errors.push(Located::new(format!("`{name}`: {error}"), entry.place));
                        }
                        Resolved::Unknown(refused(text))
                    }
                }
            }
        };
        let literal = entry.literal.then_some(entry.place);
        Some(Candidate {
            value,
            layer: Layer::Environment,
            place: Some(entry.place),
            site: Some(Site::Variable { literal }),
            depends: entry.depends.clone(),
        })
    }

    /// The default, where something that is not in the project may set a variable which is read for it.
    fn set_elsewhere(&self, setting: &'static Setting, option: Option<&Setting>, given: bool) -> Option<Candidate> {
        let own = option.filter(|_| self.called.is_none() && !given);
        let own = own.and_then(|option| self.interface.variable_of(option));
        let names = own.into_iter().chain(setting.default_variable().map(str::to_owned));
        let open = names.filter(|name| self.environment.may_be_set(name));
        let depends: Vec<_> = open.map(|name| Dependency::Environment { name, default: None }).collect();
        (!depends.is_empty()).then(|| Candidate { depends, ..self.default(setting) })
    }

    /// What the text of a variable that stands for an option sets it to. Where the option may be repeated,
    /// click splits the text: at spaces, and paths at colons.
    fn option_variable(&self, setting: &Setting, text: &str) -> Result<Value, String> {
        let shape = setting.at(self.version);
        let one = |text: &str| match arguments::outcome_of(self.table, self.version, setting, Some(text)) {
            Outcome::Known(value) => Ok(value),
            Outcome::Invalid(message) => Err(message),
            Outcome::Unknown => Err("it cannot be told".to_owned()),
        };
        if shape.action() != Action::Append {
            return one(text);
        }
        let items: Result<Vec<Value>, String> = match shape.kind() {
            _ if self.table.syntax() != Syntax::Click => std::iter::once(text).map(one).collect(),
            Kind::Files => text.split(':').map(one).collect(),
            _ => text.split_whitespace().map(one).collect(),
        };
        items.map(Value::List)
    }

    /// What the variable with further options rests on, where that decides about this setting: it does if the variable
    /// gives it, and if all of the variable may be another one.
    fn rests_on_variable(&self, setting: &Setting) -> Vec<Dependency> {
        let entry = self.table.arguments_variable().and_then(|name| Some((name, self.environment.entry(name)?)));
        let Some((variable, entry)) = entry.filter(|(_, entry)| !entry.depends.is_empty()) else { return Vec::new() };
        let own = |one: &Dependency| match one {
            Dependency::InPlace { name, .. } | Dependency::Environment { name, .. } => name == variable,
            _ => false,
        };
        // What may be nothing, or options, may be any others.
        let adds = |one: &Dependency| match one {
            Dependency::InPlace { default: Some(text), .. } => text.is_empty() || text.starts_with('-'),
            _ => false,
        };
        let whole = entry.absent || entry.depends.iter().any(|one| own(one) || adds(one));
        let given = self.options.last(setting.name()).is_some();
        if (whole || given) && !setting.at(self.version).config_only() { entry.depends.clone() } else { Vec::new() }
    }

    /// Variables that no file sets, with which somebody may add words that set the setting.
    fn further_words(&self, setting: &'static Setting, stand_ins: &[(&Given, Vec<String>)]) -> BTreeSet<String> {
        if setting.at(self.version).config_only() {
            return BTreeSet::new();
        }
        let last = self.command_line.given.iter().rfind(|given| given.setting.name() == setting.name());
        let optional = self.command_line.optional.iter();
        let counting = optional.filter(|(_, place)| may_set(*place, last, &self.command_line));
        let possible = self.command_line.possible.iter().filter(|(name, _)| *name == setting.name());
        let named = counting.map(|(name, _)| name).chain(possible.map(|(_, variable)| variable)).cloned();
        let standing = stand_ins.iter().filter(|(given, _)| given.setting.name() != setting.name());
        let standing = standing.filter(|(given, _)| may_set(given.flag, last, &self.command_line));
        let standing = standing.flat_map(|(_, names)| names).cloned();
        named.chain(standing).collect()
    }

    /// The options that stand in for variables, as in `${OPTIONS:---threads 2}`: with one of them, others come.
    fn stand_ins(&self) -> Vec<(&Given, Vec<String>)> {
        let whole = self.command_line.given.iter().filter(|given| self.files.text_at(given.flag).starts_with('$'));
        let names = |given: &Given| {
            let depends = self.parted.depends(given.flag).into_iter();
            depends.filter_map(|dependency| match dependency {
                Dependency::Environment { name, .. } | Dependency::InPlace { name, .. } => Some(name),
                _ => None,
            })
        };
        whole.map(|given| (given, names(given).collect::<Vec<_>>())).filter(|(_, names)| !names.is_empty()).collect()
    }

    /// What a list of words says about the setting, in order.
    fn words(
        &self,
        setting: &'static Setting,
        layer: Layer,
        arguments: &Arguments,
        errors: &mut Vec<Located<String>>,
    ) -> Vec<Candidate> {
        let shape = setting.at(self.version);
        let given: Vec<&Given> =
            arguments.given.iter().filter(|given| given.setting.name() == setting.name()).collect();
        let clicks = self.table.syntax() == Syntax::Click;
        let mut candidates = Vec::new();
        for (at, one) in given.iter().enumerate() {
            // Of an option that was repeated click checks the last value only.
            let counts = !clicks || one.adds_up || at + 1 == given.len();
            let mut found = Vec::new();
            candidates.push(from_words(one, layer, self.parted, &mut found));
            errors.extend(found.into_iter().filter(|_| counts));
        }
        if shape.action() == Action::Append && !candidates.is_empty() {
            candidates = joined(candidates).into_iter().collect();
        }
        let hides = arguments.opaque.iter().find(|place| may_set(**place, given.last().copied(), arguments));
        if !shape.config_only()
            && let Some(&place) = hides
        {
            let why = match self.called {
                Some(called) if called.place == Some(place) => {
                    "the words that the program is called with may set it".to_owned()
                }
                // What is written over several lines is told by its first one.
                _ => format!("`{}` may set it", self.files.text_at(place).lines().next().unwrap_or_default()),
            };
            candidates.push(unknown(layer, place, why));
        }
        candidates
    }
}

/// Whether words at `place` would count, given the last option that sets the same.
fn may_set(place: Place, last: Option<&Given>, arguments: &Arguments) -> bool {
    match last {
        None => true,
        // Without another one, the word is the application.
        Some(_) if arguments.app.is_none() => false,
        Some(given) => {
            let before = place.file == given.flag.file && place.span.end <= given.flag.span.start;
            given.adds_up || !before
        }
    }
}

/// What a server takes a setting to be that nobody sets.
pub(super) fn default(setting: &Setting, version: Version) -> Candidate {
    let shape = setting.at(version);
    let value = shape.default().cloned().map_or_else(
        || {
            let from = shape.default_computed().unwrap_or("the machine");
            Resolved::Unknown(format!("the default depends on {from}"))
        },
        Resolved::Known,
    );
    Candidate { value, layer: Layer::Default, place: None, site: None, depends: Vec::new() }
}

/// A candidate that may be anything.
pub(super) fn unknown(layer: Layer, place: Place, why: String) -> Candidate {
    Candidate { value: Resolved::Unknown(why), layer, place: Some(place), site: None, depends: Vec::new() }
}

/// Why a value is unknown that start-up code makes.
pub(super) const FROM_A_RUN: &str = "it is only known when the start-up code runs";

/// Why a value is unknown that the server does not take as it stands.
pub(super) fn refused(text: &str) -> String {
    format!("the server refuses `{text}`")
}

/// Why a value is unknown that a command computes.
pub(super) const FROM_CORES: &str = "it is computed from the cores of the machine";

pub(super) fn from_words(given: &Given, layer: Layer, parted: &Parted, errors: &mut Vec<Located<String>>) -> Candidate {
    let place = given.value_place.unwrap_or(given.flag);
    // What only names a value is not where it comes from.
    let origin = given.origin.unwrap_or(place);
    let value = match &given.value {
        Outcome::Known(value) => Resolved::Known(value.clone()),
        Outcome::Unknown if given.maybe => {
            Resolved::Unknown("whether it is given rests on a condition that the files do not decide".to_owned())
        }
        Outcome::Unknown => {
            let depends = parted.depends(place);
            let counts = depends.iter().any(|one| matches!(one, Dependency::Cpus { .. }));
            let other = depends.iter().any(|one| matches!(one, Dependency::Other { .. }));
            // What else it depends on is the reason.
            let reason = if counts { Some(FROM_CORES.to_owned()) } else { parted.reason(place).filter(|_| !other) };
            Resolved::Unknown(reason.unwrap_or_else(|| FROM_A_RUN.to_owned()))
        }
        Outcome::Invalid(message) => {
            errors.push(Located::new(format!("`{}`: {message}", given.setting.name()), origin));
            Resolved::Unknown(refused(given.text.as_deref().unwrap_or_default()))
        }
    };
    // Where the word is a variable, the bytes that set it are as good as those of the word.
    let literal = given.value_place.and_then(|place| if given.literal { Some(place) } else { parted.source(place) });
    let removal = given.removal.clone();
    let depends = parted.depends(place);
    Candidate {
        value,
        layer,
        place: Some(origin),
        site: (!removal.is_empty() || literal.is_some()).then_some(Site::Words { literal, removal }),
        depends,
    }
}

/// The values of an option that may be repeated, as one list; the last mention stands for all.
pub(super) fn joined(candidates: Vec<Candidate>) -> Option<Candidate> {
    let mut items = Vec::new();
    let mut unknown = None;
    for candidate in &candidates {
        match &candidate.value {
            Resolved::Known(Value::List(more)) => items.extend(more.iter().cloned()),
            Resolved::Known(value) => items.push(value.clone()),
            Resolved::Unknown(why) => unknown = Some(why.clone()),
        }
    }
    let value = unknown.map_or(Resolved::Known(Value::List(items)), Resolved::Unknown);
    let alone = candidates.len() == 1;
    let last = candidates.into_iter().next_back()?;
    // Of several mentions no single one can be edited in place of the whole.
    let site = last.site.filter(|_| alone);
    Some(Candidate { value, site, ..last })
}

/// The worker class that really runs; `None` where the name or the number of threads is unknown, or
/// the class is the project's own.
pub(super) fn worker_class(table: &'static Table, settings: &Settings) -> Option<&'static WorkerClass> {
    let class = settings.get("worker_class")?;
    // Gunicorn takes the class itself as well.
    let name = match class.value()? {
        Value::Object(name) => name.as_str(),
        _ => class.text()?,
    };
    let one = table.running_class(name, 1);
    match settings.get("threads")?.int() {
        Some(threads) => table.running_class(name, threads),
        // Most classes do not ask how many threads there are.
        None => one.filter(|one| table.running_class(name, 2).is_some_and(|two| two.name() == one.name())),
    }
}
