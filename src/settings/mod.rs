//! What the user says to farrier in `farrier.toml`, or in `[tool.farrier]` of `pyproject.toml`.
//!
//! Decides what can be said and refuses what cannot, with the line. What a rule name means is
//! checked by who knows the rules.

mod facts;
mod layers;
pub mod policy;

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use facts::{Database, Duration, Environments, Facts, Host, Proxy, Rate, Traffic};

use serde::Deserialize;
use toml::Spanned;

use crate::findings::Severity;
use crate::python::catalogue::{Category, Library};
use crate::source::{Span, read_text};
use crate::values::{Bytes, Cpus};
use layers::Layers;
use policy::{Policy, Words};

/// Everything that settings can hold.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Settings {
    /// Files whose settings count where this one says nothing else.
    pub extend: Words,
    /// Rules to run, by name or code; empty for all.
    pub select: Vec<Spanned<String>>,
    /// Rules not to run.
    pub ignore: Vec<Spanned<String>>,
    /// Patterns of paths to leave out, spelled as in a `.gitignore`.
    pub exclude: Vec<Spanned<String>>,
    /// A comment that silences anything has to say why, not only one that silences an error.
    pub require_reason: bool,
    /// The file of findings that are known, relative to the settings; `farrier-baseline.json` if not given.
    pub baseline: Option<Spanned<PathBuf>>,
    /// Other severities for rules.
    pub severity: BTreeMap<Spanned<String>, Level>,
    /// The least severe finding that is shown.
    pub min_severity: Option<Threshold>,
    /// The least severe finding that makes a run fail.
    pub fail_on: Option<Threshold>,
    /// What counts in some files only, by patterns spelled as in a `.gitignore`.
    pub per_file: BTreeMap<Spanned<String>, PerFile>,
    /// Rules of the project's own.
    pub policy: Vec<Policy>,
    /// Parameters of rules.
    pub rules: BTreeMap<Spanned<String>, BTreeMap<String, f64>>,
    /// Which of the named environments counts; `production` if not given.
    pub environment: Option<Spanned<String>>,
    /// The machine that the service runs on in production.
    pub host: Environments<Host>,
    /// What passes requests on to it.
    pub proxy: Environments<Proxy>,
    /// The database that it asks.
    pub database: Environments<Database>,
    /// The requests that come.
    pub traffic: Environments<Traffic>,
    /// What the application does, as far as files cannot tell.
    pub application: Application,
    /// What blocks, what does not, and what may.
    pub blocking: Blocking,
}

/// What blocks, what does not, and what may; names are dotted, `package.module.function`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Blocking {
    /// Libraries and functions that block, as in the catalogue's own files.
    pub library: Vec<Spanned<Library>>,
    /// Functions that run elsewhere what they are given.
    pub offloaders: Vec<String>,
    /// Decorators that make the functions under them run elsewhere.
    pub safe_decorators: Vec<String>,
    /// Functions that the event loop calls although no framework shows it.
    pub entry_points: Vec<String>,
    /// What is not to be reported.
    pub allow: Vec<Spanned<Allow>>,
}

/// Findings that are not to be reported: those that everything given applies to.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Allow {
    /// A pattern of paths, spelled as in a `.gitignore`.
    pub path: Option<Spanned<String>>,
    /// Rules, by name, code or group.
    pub rules: Vec<Spanned<String>>,
    /// What the call waits for.
    pub categories: Vec<Category>,
    /// Why.
    pub reason: Option<String>,
}

/// What counts in some files only.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct PerFile {
    /// Rules that say nothing there.
    pub ignore: Vec<Spanned<String>>,
    /// Other severities for rules there.
    pub severity: BTreeMap<Spanned<String>, Level>,
}

/// What the application does.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Application {
    /// `cpu`, `mixed`, `io` or `stream`.
    pub workload: Option<Workload>,
    /// Share of a request that waits, between 0 and 1.
    pub blocking_fraction: Option<Fraction>,
    /// Memory of one worker after its first requests, shared pages counted once (PSS).
    pub worker_memory: Option<Memory>,
    /// Seconds that one request takes on an idle server.
    pub request_time: Option<Duration>,
    /// Seconds of that for which it computes.
    pub cpu_time: Option<Duration>,
}

/// What requests spend their time on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the words are the settings' own")]
pub enum Workload {
    Cpu,
    Mixed,
    Io,
    Stream,
}

/// A number of cores, positive.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(try_from = "f64")]
pub struct Cores(pub Cpus);

impl TryFrom<f64> for Cores {
    type Error = String;

    fn try_from(cores: f64) -> Result<Self, String> {
        let fits = cores.is_finite() && cores > 0.0 && cores <= 4096.0;
        fits.then_some(Self(Cpus(cores))).ok_or_else(|| format!("{cores} is no number of cores"))
    }
}

/// A share between 0 and 1.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(try_from = "f64")]
pub struct Fraction(pub f64);

impl TryFrom<f64> for Fraction {
    type Error = String;

    fn try_from(share: f64) -> Result<Self, String> {
        (0.0..=1.0).contains(&share).then_some(Self(share)).ok_or_else(|| format!("{share} is not between 0 and 1"))
    }
}

/// An amount of memory such as `512MiB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Memory(pub Bytes);

impl TryFrom<String> for Memory {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Bytes::parse(&text, false)
            .filter(|bytes| *bytes >= Bytes::mib(1))
            .map(Self)
            .ok_or_else(|| format!("`{text}` is no amount of memory with a unit, such as `512MiB`"))
    }
}

/// A severity, or none at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the words are the settings' own")]
pub enum Level {
    Off,
    Advice,
    Warning,
    Error,
}

impl Level {
    /// The word of the settings.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Advice => "advice",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }

    /// The severity; `None` switches the rule off.
    pub const fn severity(self) -> Option<Severity> {
        match self {
            Self::Off => None,
            Self::Advice => Some(Severity::Advice),
            Self::Warning => Some(Severity::Warning),
            Self::Error => Some(Severity::Error),
        }
    }
}

/// A severity, and everything worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Threshold(pub Severity);

impl TryFrom<String> for Threshold {
    type Error = String;

    fn try_from(word: String) -> Result<Self, String> {
        let severity = Severity::parse(&word).map(Self);
        severity.ok_or_else(|| format!("`{word}` is no severity: it is `advice`, `warning` or `error`"))
    }
}

/// Settings that cannot be used; whoever wrote them must act.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// The file.
    pub path: PathBuf,
    /// Its text, empty where it could not be read.
    pub text: String,
    /// The bytes at fault.
    pub span: Option<Span>,
    /// What is wrong with them.
    pub message: String,
}

/// Settings and the file they come from.
#[derive(Debug, Clone, Default)]
pub struct Loaded {
    /// The settings.
    pub settings: Settings,
    /// The nearest file; `None` where there is none.
    pub path: Option<PathBuf>,
    /// A table of `pyproject.toml` that is not read, because a file of farrier's own is there.
    pub shadowed: Option<Spot>,
    layers: Layers,
}

/// A text of settings, and bytes in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spot {
    /// The file; `None` for something typed.
    pub path: Option<PathBuf>,
    /// How to name it.
    pub name: String,
    /// The whole text.
    pub text: String,
    /// The bytes.
    pub span: Span,
}

impl Loaded {
    /// The file of known findings that the settings name.
    pub fn baseline(&self) -> Option<PathBuf> {
        let folder = self.path.as_ref().and_then(|path| path.parent()).unwrap_or(Path::new(""));
        self.settings.baseline.as_ref().map(|path| folder.join(path.get_ref()))
    }

    /// An error about a part of the settings.
    pub fn error<T>(&self, at: &Spanned<T>, message: impl Into<String>) -> Error {
        self.layers.error(at.span(), message.into())
    }

    /// Where a part of the settings stands.
    pub fn spot<T>(&self, at: &Spanned<T>) -> Option<Spot> {
        self.spot_at(at.span())
    }

    /// Where each fact about production is stated, by the path of its key: `host.staging.cpus`.
    pub fn facts(&self) -> Vec<(String, Spot)> {
        let facts = self.layers.facts().into_iter();
        facts.filter_map(|(path, span)| Some((path, self.spot_at(span)?))).collect()
    }

    fn spot_at(&self, span: std::ops::Range<usize>) -> Option<Spot> {
        let (layer, span) = self.layers.place(span)?;
        Some(Spot { path: layer.path.clone(), name: layer.name.clone(), text: layer.text.clone(), span })
    }

    /// Everything that is set, as TOML, with the file and the line of each value.
    pub fn render(&self) -> String {
        self.layers.render()
    }
}

/// What was typed about settings.
#[derive(Debug, Clone, Default)]
pub struct Typed {
    /// Files to read instead of those of the project, and `key = value` pairs that count more than any file.
    pub config: Vec<String>,
    /// No file is read that was not typed.
    pub isolated: bool,
    /// Texts that an editor holds and has not saved, by the paths of their files: they count instead of what is on disk.
    pub unsaved: BTreeMap<PathBuf, Arc<str>>,
}

impl Typed {
    fn text(&self, path: &Path) -> std::io::Result<String> {
        self.unsaved.get(path).map_or_else(|| read_text(path), |text| Ok(text.to_string()))
    }
}

/// The settings of the project in `root`: `farrier.toml` if it is there, else `[tool.farrier]`.
pub fn load(root: &Path) -> Result<Loaded, Error> {
    load_as_told(root, &Typed::default())
}

/// The same, with what was typed.
pub fn load_as_told(root: &Path, typed: &Typed) -> Result<Loaded, Error> {
    let is_pair = |text: &&String| text.contains('=') && !Path::new(text.as_str()).exists();
    let (pairs, named): (Vec<_>, Vec<_>) = typed.config.iter().partition(is_pair);
    let mut layers = Layers::default();
    for path in &named {
        if !add(&mut layers, Path::new(path.as_str()), typed)? {
            let message = "there are no settings here".to_owned();
            return Err(Error { path: PathBuf::from(path.as_str()), text: String::new(), span: None, message });
        }
    }
    let mut shadowed = None;
    if named.is_empty() && !typed.isolated {
        if add(&mut layers, &root.join("farrier.toml"), typed)? {
            shadowed = table_of(&root.join("pyproject.toml"), typed);
        } else {
            add(&mut layers, &root.join("pyproject.toml"), typed)?;
        }
    }
    for pair in pairs {
        layers.add_typed("--config", pair)?;
    }
    let path = layers.nearest().map(Path::to_path_buf);
    Ok(Loaded { settings: layers.settings()?, path, shadowed, layers })
}

/// Where the table of farrier begins in a `pyproject.toml`, if it has one.
fn table_of(path: &Path, typed: &Typed) -> Option<Spot> {
    const HEADER: &str = "[tool.farrier]";
    let text = typed.text(path).ok()?;
    let line = text.lines().find(|line| line.trim() == HEADER)?;
    let start = line.as_ptr().addr() - text.as_ptr().addr() + line.find(HEADER)?;
    let span = Span::new(start, start + HEADER.len());
    let name = path.file_name()?.to_string_lossy().into_owned();
    Some(Spot { path: Some(path.to_path_buf()), name, text, span })
}

/// Adds a file and what it extends; `false` where it is not there or says nothing to farrier.
fn add(layers: &mut Layers, path: &Path, typed: &Typed) -> Result<bool, Error> {
    match typed.text(path) {
        Ok(text) => layers.add_file(path, text),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        // Whatever bears that name is not about farrier.
        Err(error) if error.kind() == ErrorKind::InvalidInput && path.ends_with("pyproject.toml") => Ok(false),
        Err(error) => {
            let message = format!("cannot be read: {error}");
            Err(Error { path: path.to_path_buf(), text: String::new(), span: None, message })
        }
    }
}

/// The message about a word that is not known, with the one of the known words that is most like it.
fn with_hint(message: &str) -> String {
    let mut words = message.split('`').skip(1).step_by(2);
    let hint = words.next().filter(|_| message.starts_with("unknown ")).and_then(|written| {
        words
            .map(|known| (strsim::jaro_winkler(written, known), known))
            .filter(|(likeness, _)| *likeness > 0.8)
            .max_by(|a, b| a.0.total_cmp(&b.0))
    });
    match hint {
        Some((_, known)) => format!("{message}; did you mean `{known}`?"),
        None => message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Settings, String> {
        toml::from_str(text).map_err(|error| error.message().to_owned())
    }

    #[test]
    fn takes_what_can_be_said() {
        let settings = parse(
            "select = ['threads-ignored']\n[severity]\nSIZ002 = 'off'\n[host]\ncpus = 1.5\nmemory = '512MiB'\n\
             [application]\nworkload = 'io'\nblocking-fraction = 0.7\n[rules.oversubscribed-cpu]\nfactor = 3\n",
        )
        .unwrap();
        assert_eq!(settings.host.plain.cpus, Some(Cores(Cpus(1.5))));
        assert_eq!(settings.host.plain.memory, Some(Memory(Bytes::mib(512))));
        assert_eq!(settings.application.workload, Some(Workload::Io));
        assert!((settings.rules.values().next().unwrap()["factor"] - 3.0).abs() < 1e-9);
    }

    #[test]
    fn takes_libraries_in_the_shape_of_the_catalogue() {
        let settings = parse(
            "[blocking]\noffloaders = ['shop.away']\nsafe-decorators = ['shop.threaded']\nentry-points = ['jobs.*']\n\
             [[blocking.library]]\ndistribution = 'acme'\nmodules = ['acme']\ncategory = 'http'\n\
             [[blocking.library.call]]\nnames = ['acme.get']\ncategory = 'http'\n\
             [[blocking.library.type]]\nname = 'acme.Client'\ncategory = 'http'\nblock = ['send']\n\
             [[blocking.allow]]\npath = 'admin/'\nrules = ['ASY']\ncategories = ['file']\nreason = 'one user'\n",
        )
        .unwrap();
        let library = settings.blocking.library[0].get_ref();
        assert_eq!(library.call[0].weight, crate::python::catalogue::Weight::Unbounded);
        assert_eq!(settings.blocking.allow[0].get_ref().categories, [Category::File]);
        assert!(
            parse("[[blocking.library]]\ndistribution = 'acme'\n").unwrap_err().contains("missing field `modules`")
        );
    }

    #[test]
    fn a_misspelled_word_comes_with_the_right_one() {
        for (text, right) in [
            ("[blocking]\nofloaders = []\n", "`offloaders`"),
            ("[blocking]\nsafe_decorators = []\n", "`safe-decorators`"),
            ("[[blocking.library]]\ndistribtion = 'x'\n", "`distribution`"),
            ("[[blocking.allow]]\ncategories = ['flie']\n", "`file`"),
        ] {
            let message = with_hint(&parse(text).unwrap_err());
            assert!(message.ends_with(&format!("did you mean {right}?")), "{message}");
        }
    }

    #[test]
    fn refuses_what_cannot() {
        assert!(parse("colour = 1\n").unwrap_err().contains("unknown field"));
        assert!(parse("[host]\ncpus = -1\n").unwrap_err().contains("no number of cores"));
        assert!(parse("[host]\nmemory = 'lots'\n").unwrap_err().contains("no amount of memory with a unit"));
        assert!(parse("[application]\nblocking-fraction = 3\n").is_err());
    }
}
