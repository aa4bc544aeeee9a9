//! What the user wants, in the terms of the library: paths made absolute, settings joined with flags.
//!
//! Decides what counts when a flag and a setting say different things: the flag.

mod production;

use std::collections::BTreeMap;
use std::path::PathBuf;

use ignore::gitignore::{Gitignore, GitignoreBuilder};

use crate::advice::Declared;
use crate::app::Instructions;
use crate::findings::{Confidence, Finding, Severity};
use crate::python::catalogue::Extension;
use crate::rules::{Card, Parameters, Stated};
use crate::settings::{self, Level, Loaded};
use crate::sizing::{Known, WorkerMemory, Workload};
use crate::source::Files;
use crate::values::{Bytes, Cpus};

/// What to examine, and what the user says about it.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// The root of the project.
    pub root: PathBuf,
    /// Files and folders to look at; empty for the whole project.
    pub paths: Vec<PathBuf>,
    /// Patterns of paths to leave out.
    pub exclude: Vec<String>,
    /// What the user states about production.
    pub declared: Declared,
    /// What else the user states about it, which only rules ask for.
    pub stated: Stated,
    /// Ask the machine for limits that nothing states.
    pub ask_host: bool,
    /// Show advice as well.
    pub advice: bool,
    /// Which rules run and how.
    pub rules: RuleChoice,
    /// What the project says about its own code.
    pub instructions: Instructions,
    /// What is not to be reported.
    pub allowed: Allowed,
    /// A comment that silences anything has to say why, not only one that silences an error.
    pub require_reason: bool,
    /// The file of findings that are known, where the settings name one.
    pub baseline: Option<PathBuf>,
}

/// Findings that the settings allow.
#[derive(Debug, Clone, Default)]
pub struct Allowed {
    entries: Vec<Allow>,
}

#[derive(Debug, Clone)]
struct Allow {
    path: Option<Gitignore>,
    rules: Vec<&'static str>,
    categories: Vec<&'static str>,
}

impl Allowed {
    /// Whether a finding is not to be reported.
    pub fn covers(&self, finding: &Finding, files: &Files) -> bool {
        self.entries.iter().any(|allow| {
            let path = files.get(finding.primary.place.file).path();
            allow.path.as_ref().is_none_or(|pattern| pattern.matched_path_or_any_parents(path, false).is_ignore())
                && (allow.rules.is_empty() || allow.rules.contains(&finding.rule))
                && (allow.categories.is_empty()
                    || finding.category.is_some_and(|word| allow.categories.contains(&word)))
        })
    }
}

/// Which rules run and how, by canonical name.
#[derive(Debug, Clone, Default)]
pub struct RuleChoice {
    selected: Option<Vec<&'static str>>,
    pedantic: bool,
    ignored: Vec<&'static str>,
    severity: BTreeMap<&'static str, Severity>,
    parameters: BTreeMap<(String, String), f64>,
}

impl RuleChoice {
    /// Whether a rule runs.
    pub fn runs(&self, rule: &str) -> bool {
        let wanted = match &self.selected {
            Some(selected) => selected.contains(&rule),
            None => self.pedantic || Card::find(rule).is_none_or(|card| !card.noisy),
        };
        wanted && !self.ignored.contains(&rule)
    }

    /// The same choice with the rules that only run on request.
    #[must_use]
    pub fn pedantic(self) -> Self {
        Self { pedantic: true, ..self }
    }

    /// The severity that the settings give to a rule.
    pub fn severity(&self, rule: &str) -> Option<Severity> {
        self.severity.get(rule).copied()
    }
}

impl Parameters for RuleChoice {
    fn parameter(&self, rule: &str, name: &str) -> Option<f64> {
        self.parameters.get(&(rule.to_owned(), name.to_owned())).copied()
    }
}

/// What flags say.
#[derive(Debug, Clone, Default)]
pub struct Flags {
    /// `--cpus`.
    pub cpus: Option<Cpus>,
    /// `--memory`.
    pub memory: Option<Bytes>,
    /// `--worker-memory`.
    pub worker_memory: Option<Bytes>,
    /// `--workload`.
    pub workload: Option<Workload>,
    /// `--select`.
    pub select: Vec<String>,
    /// `--ignore`.
    pub ignore: Vec<String>,
    /// `--pedantic`.
    pub pedantic: bool,
    /// `--env`.
    pub environment: Option<String>,
}

/// Flags that cannot be used; whoever typed them must act.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A rule that does not exist.
    #[error("there is no rule `{0}`{hint}", hint = .1.as_ref().map_or_else(String::new, |near| format!("; did you mean `{near}`?")))]
    UnknownRule(String, Option<&'static str>),
    /// An environment that no settings know.
    #[error("the settings state nothing about the environment `{0}`")]
    UnknownEnvironment(String),
    /// Settings that cannot be used.
    #[error(transparent)]
    Settings(#[from] settings::Error),
}

impl Request {
    /// A request about `root` in which flags win over settings.
    pub fn new(root: PathBuf, loaded: &Loaded, flags: &Flags) -> Result<Self, Error> {
        Ok(Self {
            root,
            exclude: loaded.settings.exclude.clone(),
            declared: declared(loaded, flags),
            stated: production::stated(loaded, flags)?,
            rules: choice(loaded, flags)?,
            instructions: instructions(loaded)?,
            allowed: allowed(loaded)?,
            require_reason: loaded.settings.require_reason,
            baseline: loaded.baseline(),
            ..Self::default()
        })
    }
}

fn declared(loaded: &Loaded, flags: &Flags) -> Declared {
    let settings = &loaded.settings;
    let name = production::environment(loaded, flags);
    let host = settings.host.in_environment(name);
    let file = file_name(loaded);
    let written = |what: &str| format!("{what}, {file}");
    let exactly = |bytes: Bytes| WorkerMemory::exactly(bytes);
    Declared {
        cpus: flags.cpus.map(|cpus| Known::certain(cpus, "--cpus")).or_else(|| {
            host.cpus.map(|cores| {
                let path = settings.host.path("host", name, "cpus", |own| own.cpus.is_some());
                Known::certain(cores.0, written(&path))
            })
        }),
        memory: flags.memory.map(|memory| Known::certain(memory, "--memory")).or_else(|| {
            host.memory.map(|memory| {
                let path = settings.host.path("host", name, "memory", |own| own.memory.is_some());
                Known::certain(memory.0, written(&path))
            })
        }),
        workload: flags.workload.map(|workload| stated(workload, "--workload".to_owned())).or_else(|| {
            let workload = settings.application.workload?;
            Some(stated(workload.into(), written("application.workload")))
        }),
        blocking_fraction: settings
            .application
            .blocking_fraction
            .map(|share| Known::certain(share.0, written("application.blocking-fraction"))),
        worker_memory: flags.worker_memory.map(|memory| Known::certain(exactly(memory), "--worker-memory")).or_else(
            || {
                let memory = settings.application.worker_memory?;
                Some(Known::certain(exactly(memory.0), written("application.worker-memory")))
            },
        ),
    }
}

/// The settings' file, as its folder knows it.
fn file_name(loaded: &Loaded) -> String {
    loaded.path.as_ref().and_then(|path| path.file_name()).unwrap_or_default().to_string_lossy().into_owned()
}

fn instructions(loaded: &Loaded) -> Result<Instructions, Error> {
    let blocking = &loaded.settings.blocking;
    let libraries = blocking.library.iter().map(|library| library.get_ref().clone()).collect();
    let catalogue = Extension::new(libraries).map_err(|(at, reason)| match blocking.library.get(at) {
        Some(library) => Error::from(loaded.error(library, reason)),
        None => Error::UnknownRule(reason, None),
    })?;
    Ok(Instructions {
        catalogue,
        offloaders: blocking.offloaders.clone(),
        safe_decorators: blocking.safe_decorators.clone(),
        entry_points: blocking.entry_points.clone(),
        file: file_name(loaded),
    })
}

fn allowed(loaded: &Loaded) -> Result<Allowed, Error> {
    let mut entries = Vec::new();
    for allow in &loaded.settings.blocking.allow {
        let path = match &allow.path {
            Some(path) => {
                let mut builder = GitignoreBuilder::new("");
                let built = builder.add_line(None, path.get_ref()).and_then(|builder| builder.build());
                Some(built.map_err(|error| loaded.error(path, error.to_string()))?)
            }
            None => None,
        };
        let mut rules = Vec::new();
        for word in &allow.rules {
            let found = named(word.as_ref()).map_err(|error| Error::from(loaded.error(word, error.to_string())))?;
            rules.extend(found);
        }
        let categories: Vec<_> = allow.categories.iter().map(|category| category.as_str()).collect();
        // An entry that says nothing would allow everything.
        if path.is_some() || !rules.is_empty() || !categories.is_empty() {
            entries.push(Allow { path, rules, categories });
        }
    }
    Ok(Allowed { entries })
}

/// A class of workload is a word for a range, so it is never as sure as a measured number.
const fn stated(workload: Workload, source: String) -> Known<Workload> {
    Known { value: workload, source, confidence: Confidence::Medium }
}

impl From<settings::Workload> for Workload {
    fn from(workload: settings::Workload) -> Self {
        match workload {
            settings::Workload::Cpu => Self::Cpu,
            settings::Workload::Mixed => Self::Mixed,
            settings::Workload::Io => Self::Io,
            settings::Workload::Stream => Self::Stream,
        }
    }
}

fn choice(loaded: &Loaded, flags: &Flags) -> Result<RuleChoice, Error> {
    let settings = &loaded.settings;
    let known = |word: &toml::Spanned<String>| {
        named(word.as_ref()).map_err(|error| Error::from(loaded.error(word, error.to_string())))
    };
    let all = |words: &[toml::Spanned<String>]| words.iter().map(known).collect::<Result<Vec<_>, _>>();
    let typed = |words: &[String]| words.iter().map(|word| named(word)).collect::<Result<Vec<_>, _>>();
    let selected = if flags.select.is_empty() { all(&settings.select)? } else { typed(&flags.select)? };
    let mut ignored = all(&settings.ignore)?;
    ignored.extend(typed(&flags.ignore)?);
    let mut choice = RuleChoice {
        selected: (!selected.is_empty()).then(|| selected.concat()),
        ignored: ignored.concat(),
        pedantic: flags.pedantic,
        ..RuleChoice::default()
    };
    for (word, level) in &settings.severity {
        for rule in known(word)? {
            match Level::severity(*level) {
                Some(severity) => {
                    choice.severity.insert(rule, severity);
                }
                None => choice.ignored.push(rule),
            }
        }
    }
    for (word, parameters) in &settings.rules {
        for rule in known(word)? {
            let card = Card::find(rule);
            for (name, value) in parameters {
                if !card.is_some_and(|card| card.parameters.iter().any(|parameter| parameter.name == name)) {
                    return Err(loaded.error(word, format!("`{rule}` has no parameter `{name}`")).into());
                }
                choice.parameters.insert((rule.to_owned(), name.clone()), *value);
            }
        }
    }
    Ok(choice)
}

/// The rules that a word names: one by name or code, or all of a group such as `WRK`.
fn named(word: &str) -> Result<Vec<&'static str>, Error> {
    if let Some(card) = Card::find(word) {
        return Ok(vec![card.name]);
    }
    let group: Vec<&'static str> = crate::rules::CARDS
        .iter()
        .filter(|card| card.group == word || (word.len() == 3 && card.code.starts_with(&word.to_ascii_uppercase())))
        .map(|card| card.name)
        .collect();
    if group.is_empty() { Err(Error::UnknownRule(word.to_owned(), nearest(word))) } else { Ok(group) }
}

/// The rule whose name is most like `word`, if one is like it at all.
pub fn nearest(word: &str) -> Option<&'static str> {
    crate::rules::CARDS
        .iter()
        .map(|card| (strsim::jaro_winkler(card.name, word), card.name))
        .filter(|(likeness, _)| *likeness > 0.85)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}
