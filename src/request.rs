//! What the user wants, in the terms of the library: paths made absolute, settings joined with flags.
//!
//! Decides what counts when a flag and a setting say different things: the flag.

mod choice;
mod origins;
mod per_file;
mod policies;
mod production;
mod useless;

pub use choice::{RuleChoice, nearest};
pub use origins::Origin;
pub use per_file::PerFile;
pub use useless::Useless;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ignore::gitignore::{Gitignore, GitignoreBuilder};

use crate::advice::Declared;
use crate::app::Instructions;
use crate::findings::{Confidence, Finding, Severity};
use crate::python::catalogue::Extension;
use crate::rules::policy::Policy;
use crate::rules::{CARDS, Card, Parameters, Stated};
use crate::settings::{self, Loaded, Spot};
use crate::sizing::{Known, Margins, WorkerMemory, Workload};
use crate::source::Files;
use crate::values::{Bytes, Cpus, Seconds};

/// The word that names all policies of a project.
const POLICIES: &str = "policy";

/// What to examine, and what the user says about it.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// The root of the project.
    pub root: PathBuf,
    /// Files and folders to look at; empty for the whole project.
    pub paths: Vec<PathBuf>,
    /// Texts that an editor holds and has not saved, by their paths relative to the root: they count instead of what is on
    /// disk.
    pub unsaved: BTreeMap<String, Arc<str>>,
    /// Patterns of paths to leave out.
    pub exclude: Vec<String>,
    /// Where the settings state each of them.
    pub exclude_spots: Vec<Option<Spot>>,
    /// What the user states about production.
    pub declared: Declared,
    /// What else the user states about it, which only rules ask for.
    pub stated: Stated,
    /// Where the settings state that.
    pub origins: Vec<Origin>,
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
    /// The least severe finding that is shown; warnings if nobody says otherwise.
    pub min_severity: Option<Severity>,
    /// The least severe finding that makes a run fail; any that is shown if nobody says otherwise.
    pub fail_on: Option<Severity>,
    /// What counts in some files only.
    pub per_file: Vec<PerFile>,
    /// Rules of the project's own.
    pub policies: Vec<Policy>,
    /// Where the settings state each policy.
    pub policy_spots: Vec<Option<Spot>>,
    /// Settings that have no effect, as far as they alone show it.
    pub useless: Vec<Useless>,
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
    spot: Option<Spot>,
}

/// Whether a rule is about calls that block.
pub fn is_blocking(rule: &str) -> bool {
    Card::find(rule).is_some_and(|card| card.group == "blocking")
}

impl Allow {
    /// Whether it is about some files, that at `path` among them.
    fn names(&self, path: &str) -> bool {
        self.path.as_ref().is_some_and(|pattern| pattern.matched_path_or_any_parents(path, false).is_ignore())
    }

    fn covers(&self, finding: &Finding, files: &Files) -> bool {
        let path = files.get(finding.primary.place.file).path();
        self.path.as_ref().is_none_or(|pattern| pattern.matched_path_or_any_parents(path, false).is_ignore())
            && (self.rules.is_empty() || self.rules.contains(&finding.rule))
            && (self.categories.is_empty() || finding.category.is_some_and(|word| self.categories.contains(&word)))
    }
}

impl Allowed {
    /// Whether a finding is not to be reported.
    pub fn covers(&self, finding: &Finding, files: &Files) -> bool {
        self.entries.iter().any(|allow| allow.covers(finding, files))
    }

    /// Where the settings allow what none of these findings is, among those whose rules run.
    pub fn idle(&self, findings: &[Finding], files: &Files, runs: &dyn Fn(&str) -> bool) -> Vec<Spot> {
        let asked = |allow: &&Allow| match allow.rules.as_slice() {
            [] => CARDS.iter().any(|card| card.group == "blocking" && runs(card.name)),
            rules => rules.iter().all(|rule| runs(rule)),
        };
        let idle = |allow: &&Allow| !findings.iter().any(|finding| allow.covers(finding, files));
        self.entries.iter().filter(asked).filter(idle).filter_map(|allow| allow.spot.clone()).collect()
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
    /// `--replicas`.
    pub replicas: Option<u32>,
    /// `--workload`.
    pub workload: Option<Workload>,
    /// `--select`.
    pub select: Vec<String>,
    /// `--ignore`.
    pub ignore: Vec<String>,
    /// `--pedantic`.
    pub pedantic: bool,
    /// `--min-severity`.
    pub min_severity: Option<Severity>,
    /// `--fail-on`.
    pub fail_on: Option<Severity>,
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
    /// Whether a rule may say something about a file.
    pub fn runs(&self, rule: &str, path: &str) -> bool {
        self.rules.runs(rule) && !self.per_file.iter().any(|own| own.ignores(rule, path))
    }

    /// Which settings speak about blocking calls in the file at `path` and not in every file, as numbers.
    pub fn about_file(&self, path: &str) -> Vec<usize> {
        let concerns = |own: &&PerFile| own.names_any(&|rule| is_blocking(rule)) && own.concerns(path);
        let per_file = self.per_file.iter().enumerate().filter(|(_, own)| concerns(own)).map(|(at, _)| 2 * at);
        let allowed = self.allowed.entries.iter().enumerate().filter(|(_, allow)| allow.names(path));
        per_file.chain(allowed.map(|(at, _)| 2 * at + 1)).collect()
    }

    /// What to leave between clocks, as the rules have it that say where too little is left.
    pub fn margins(&self) -> Margins {
        let parameter = |rule: &str, name: &'static str| {
            let by_default = || Card::find(rule).map_or(0.0, |card| card.parameter(name));
            self.rules.parameter(rule, name).unwrap_or_else(by_default)
        };
        let margin = |rule: &str| Seconds(parameter(rule, "margin"));
        Margins {
            stop: margin("grace-exceeds-kill"),
            idle: margin("keepalive-race"),
            booting: parameter("recycle-too-aggressive", "share"),
        }
    }

    /// A request about `root` in which flags win over settings.
    pub fn new(root: PathBuf, loaded: &Loaded, flags: &Flags) -> Result<Self, Error> {
        let policies = policies::all(loaded)?;
        let origins = origins::all(loaded);
        Ok(Self {
            root,
            exclude: loaded.settings.exclude.iter().map(|pattern| pattern.get_ref().clone()).collect(),
            exclude_spots: loaded.settings.exclude.iter().map(|pattern| loaded.spot(pattern)).collect(),
            declared: declared(loaded, flags, &origins),
            stated: production::stated(loaded, flags, &origins)?,
            origins,
            rules: choice::choice(loaded, flags, &policies)?,
            instructions: instructions(loaded)?,
            allowed: allowed(loaded, &policies)?,
            require_reason: loaded.settings.require_reason,
            baseline: loaded.baseline(),
            min_severity: flags.min_severity.or(loaded.settings.min_severity.map(|least| least.0)),
            fail_on: flags.fail_on.or(loaded.settings.fail_on.map(|least| least.0)),
            per_file: per_file::all(loaded, &policies)?,
            policy_spots: policies::spots(loaded),
            useless: useless::all(loaded, &policies)?,
            policies,
            ..Self::default()
        })
    }
}

impl Spot {
    /// The path of the file as a project in `root` names it.
    pub fn path_in(&self, root: &Path) -> String {
        let Some(path) = &self.path else { return self.name.clone() };
        let real = path.canonicalize().unwrap_or_else(|_| path.clone());
        let root = root.canonicalize().unwrap_or_else(|_| root.to_path_buf());
        let inside = real.strip_prefix(&root).unwrap_or(path);
        inside.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
    }
}

fn declared(loaded: &Loaded, flags: &Flags, origins: &[Origin]) -> Declared {
    let settings = &loaded.settings;
    let name = production::environment(loaded, flags);
    let host = settings.host.in_environment(name);
    let traffic = settings.traffic.in_environment(name);
    let written = |path: &str| origins::source(origins, path);
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
        reserved_cpus: host.reserved_cpus.map(|cores| {
            let path = settings.host.path("host", name, "reserved-cpus", |own| own.reserved_cpus.is_some());
            Known::certain(cores.0, written(&path))
        }),
        reserved_memory: host.reserved_memory.map(|memory| {
            let path = settings.host.path("host", name, "reserved-memory", |own| own.reserved_memory.is_some());
            Known::certain(memory.0, written(&path))
        }),
        concurrency: traffic.concurrency.map(|requests| {
            let path = settings.traffic.path("traffic", name, "concurrency", |own| own.concurrency.is_some());
            Known::certain(requests, written(&path))
        }),
        request_time: settings
            .application
            .request_time
            .map(|time| Known::certain(Seconds(time.0), written("application.request-time"))),
        cpu_time: settings
            .application
            .cpu_time
            .map(|time| Known::certain(Seconds(time.0), written("application.cpu-time"))),
        workload: flags.workload.map(|workload| stated(workload, "--workload".to_owned())).or_else(|| {
            let workload = settings.application.workload?;
            Some(stated(workload.into(), written("application.workload")))
        }),
        blocking_fraction: settings
            .application
            .blocking_fraction
            .map(|share| Known::new(share.0, written("application.blocking-fraction"), Confidence::Medium)),
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

fn allowed(loaded: &Loaded, policies: &[Policy]) -> Result<Allowed, Error> {
    let mut entries = Vec::new();
    for whole in &loaded.settings.blocking.allow {
        let allow = whole.get_ref();
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
            let found = choice::named(word.as_ref(), policies);
            let found = found.map_err(|error| Error::from(loaded.error(word, error.to_string())))?;
            rules.extend(found);
        }
        let categories: Vec<_> = allow.categories.iter().map(|category| category.as_str()).collect();
        // An entry that says nothing would allow everything.
        if path.is_some() || !rules.is_empty() || !categories.is_empty() {
            let spot = match (&allow.path, allow.rules.first()) {
                (Some(word), _) | (None, Some(word)) => loaded.spot(word),
                (None, None) => loaded.spot(whole),
            };
            entries.push(Allow { path, rules, categories, spot });
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
