//! From everything that sets a setting to the one value that counts.

use super::configuration::Read;
use super::effective::{Candidate, Layer, Resolved, Settings, Site};
use super::environment::Environment;
use crate::python::evaluate::Dependency;
use crate::servers::arguments::{Arguments, Given, Outcome};
use crate::servers::cast::default_from;
use crate::servers::{Action, Setting, Table, Version, WorkerClass};
use crate::source::{Files, Located, Place};
use crate::values::Value;

/// Everything that may set settings of one server.
pub(super) struct Sources<'a> {
    pub(super) table: &'static Table,
    pub(super) version: Version,
    pub(super) files: &'a Files,
    pub(super) environment: &'a Environment,
    /// What the configuration file sets; `None` without one.
    pub(super) configuration: Option<Read>,
    /// Why a configuration file that is named could not be read, and where it is named.
    pub(super) unread: Option<(Place, String)>,
    /// What the variable with further options holds.
    pub(super) options: Arguments,
    pub(super) command_line: Arguments,
}

impl Sources<'_> {
    /// Settles every setting of this version; what stops the start goes to `errors`.
    pub(super) fn settle(mut self, errors: &mut Vec<Located<String>>) -> Settings {
        let mut settings = Settings::default();
        let configuration = self.configuration.take().unwrap_or_default();
        errors.extend(configuration.errors);
        let mut configured = configuration.candidates;
        let untrusted = configuration.untrusted.or_else(|| self.unread.clone());
        for setting in self.table.settings().filter(|setting| setting.applies_to(self.version)) {
            let mut candidates = vec![self.default(setting)];
            candidates.extend(self.variable(setting, errors));
            if let Some((place, why)) = &untrusted {
                candidates.push(unknown(Layer::ConfigFile, *place, why.clone()));
            }
            let mut at = 0;
            while at < configured.len() {
                if configured[at].0.name() == setting.name() {
                    candidates.push(configured.remove(at).1);
                } else {
                    at += 1;
                }
            }
            candidates.extend(self.words(setting, Layer::OptionsVariable, &self.options, errors));
            candidates.extend(self.words(setting, Layer::CommandLine, &self.command_line, errors));
            settings.settle(setting, candidates);
        }
        settings
    }

    fn default(&self, setting: &'static Setting) -> Candidate {
        let shape = setting.at(self.version);
        let value = shape.default().cloned().map_or_else(
            || {
                let from = shape.default_computed().unwrap_or("the machine");
                Resolved::Unknown(format!("the default depends on {from}"))
            },
            Resolved::Known,
        );
        Candidate { value, layer: Layer::Default, place: None, site: None, depends: Vec::new() }
    }

    /// A variable that stands for the setting or supplies its default.
    fn variable(&self, setting: &'static Setting, errors: &mut Vec<Located<String>>) -> Option<Candidate> {
        let own = self.table.variable_of(setting);
        let names = [own.as_deref(), setting.default_variable()];
        let (name, entry) = names.into_iter().flatten().find_map(|name| Some((name, self.environment.entry(name)?)))?;
        let value = match &entry.text {
            None => Resolved::Unknown(format!("`{name}` is passed on from outside")),
            Some(text) => match default_from(setting, text, self.version) {
                Ok(value) => Resolved::Known(value),
                Err(error) => {
                    errors.push(Located::new(format!("`{name}`: {error}"), entry.place));
                    Resolved::Unknown(format!("the server refuses `{text}`"))
                }
            },
        };
        let literal = entry.literal.then_some(entry.place);
        Some(Candidate {
            value,
            layer: Layer::Environment,
            place: Some(entry.place),
            site: Some(Site::Variable { literal }),
            depends: Vec::new(),
        })
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
        let mut candidates: Vec<Candidate> =
            given.iter().map(|given| from_words(given, layer, self.files, errors)).collect();
        if shape.action() == Action::Append && !candidates.is_empty() {
            candidates = joined(candidates).into_iter().collect();
        }
        let hides = arguments.opaque.iter().find(|place| match given.last() {
            None => true,
            // Without another one, the word is the application.
            Some(_) if arguments.app.is_none() => false,
            Some(given) => {
                let before = place.file == given.flag.file && place.span.end <= given.flag.span.start;
                given.adds_up || !before
            }
        });
        if !shape.config_only()
            && let Some(&place) = hides
        {
            let text = self.files.text_at(place);
            candidates.push(unknown(layer, place, format!("`{text}` may set it")));
        }
        candidates
    }
}

fn unknown(layer: Layer, place: Place, why: String) -> Candidate {
    Candidate { value: Resolved::Unknown(why), layer, place: Some(place), site: None, depends: Vec::new() }
}

fn from_words(given: &Given, layer: Layer, files: &Files, errors: &mut Vec<Located<String>>) -> Candidate {
    let place = given.value_place.unwrap_or(given.flag);
    let value = match &given.value {
        Outcome::Known(value) => Resolved::Known(value.clone()),
        Outcome::Unknown => Resolved::Unknown("it comes from a variable that no file sets".to_owned()),
        Outcome::Invalid(message) => {
            errors.push(Located::new(format!("`{}`: {message}", given.setting.name()), place));
            Resolved::Unknown(format!("the server refuses `{}`", given.text.as_deref().unwrap_or_default()))
        }
    };
    let literal = given.value_place.filter(|_| given.literal);
    let removal = given.removal.clone();
    // The only number that a shell is asked for in a place like this.
    let text = files.text_at(place);
    let depends = (given.text.is_none() && text.contains("nproc")).then(|| Dependency::Cpus {
        place,
        spelling: text.to_owned(),
        limited: false,
    });
    Candidate {
        value,
        layer,
        place: Some(place),
        site: (!removal.is_empty() || literal.is_some()).then_some(Site::Words { literal, removal }),
        depends: depends.into_iter().collect(),
    }
}

/// The values of an option that may be repeated, as one list; the last mention stands for all.
fn joined(candidates: Vec<Candidate>) -> Option<Candidate> {
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
    let name = settings.get("worker_class")?.text()?;
    table.running_class(name, settings.get("threads")?.int()?)
}
