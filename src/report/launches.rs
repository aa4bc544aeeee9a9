//! How every server is started: the answer of `show`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;
use serde_json::Value as Json;

use super::Look;
use super::document::{At, Head, NoteDocument, json_of, write};
use super::handlers::{self, ApplicationDocument};
use super::neighbours::{self, ProxyDocument};
use super::surroundings::{self, Surroundings};
use crate::app::Application;
use crate::deployment::{Candidate, Dependency, Deployment, Effective, Graceful, Native, Resolved, UnitKind};
use crate::findings::Note;
use crate::servers::Server;
use crate::source::Files;

/// How wide the labels are, unless the name of a setting is longer.
pub(super) const WIDTH: usize = 14;

/// The launches for people: what is set, and by whom. `all` adds what nobody sets.
pub fn launches(
    files: &Files,
    deployments: &[Deployment],
    applications: &[Option<Application>],
    notes: &[Note],
    all: bool,
    look: Look,
) -> String {
    let mut text = String::new();
    for (deployment, application) in deployments.iter().zip(applications) {
        launch(&mut text, files, deployment, application.as_ref(), all, look);
    }
    for note in notes {
        let line = note.line.map_or_else(String::new, |line| format!(":{line}"));
        let _ = writeln!(text, "{}", look.dim(&format!("note: {}{line}: {}", note.path, note.reason)));
    }
    text
}

fn launch(
    text: &mut String,
    files: &Files,
    deployment: &Deployment,
    application: Option<&Application>,
    all: bool,
    look: Look,
) {
    let name = if deployment.unit.is_empty() { String::new() } else { format!(" ({})", deployment.unit) };
    let title = format!("{} {}", deployment.server, deployment.version);
    let _ = writeln!(text, "{}  {}{name}", look.bold(&title), files.describe(deployment.command));
    if let Some(native) = &deployment.native {
        runs(text, files, deployment, native);
    } else {
        serves(text, files, deployment, application);
    }
    if let Some(class) = deployment.class {
        let _ = writeln!(text, "  worker class   {}", class.name());
    }
    if let Some(application) = application {
        handlers::describe(text, deployment, application);
    }
    if let Some(configuration) = &deployment.configuration {
        let _ = writeln!(text, "  configuration  {}", files.get(configuration.file).path());
    }
    if let Some(container) = deployment.container.filter(|container| container.file != deployment.command.file) {
        let _ = writeln!(text, "  container      {}", files.describe(container));
    }
    also(text, files, deployment);
    if let Some(development) = &deployment.development {
        let _ = writeln!(text, "  development    {}", development.value);
    }
    if !deployment.only_if_set.is_empty() {
        let names = deployment.only_if_set.iter().map(|name| match deployment.variable(name) {
            Some(value) if !value.is_empty() => format!("`{name}` is not `{value}`"),
            _ => format!("`{name}` is set"),
        });
        let _ = writeln!(text, "  runs           only if {}", names.collect::<Vec<_>>().join(" or "));
    }
    surroundings::describe(text, files, deployment);
    neighbours::text(text, files, deployment, look);
    for error in &deployment.errors {
        let _ = writeln!(text, "  does not start {} ({})", error.value, files.describe(error.place));
    }
    // What farrier itself names is nothing that somebody sets.
    let is_named_here = |name: &str| name == "config" && deployment.kind == UnitKind::GunicornConfiguration;
    let set: Vec<_> = deployment.settings.iter().filter(|(_, setting)| all || setting.is_set()).collect();
    let set: Vec<_> = set.into_iter().filter(|(name, _)| !is_named_here(name)).collect();
    let hidden = if all { Vec::new() } else { hidden_together(&set) };
    let one_of = |setting: &Effective| hidden.iter().any(|(_, other)| hides_alike(setting, other));
    let shown: Vec<_> = set.iter().filter(|(_, setting)| !one_of(setting)).collect();
    let width = shown.iter().map(|(name, _)| name.len()).max().unwrap_or(0).max(WIDTH);
    let values: Vec<String> = shown.iter().map(|(_, setting)| value(&setting.winner)).collect();
    let wide = values.iter().map(|value| value.chars().count()).max().unwrap_or(0).min(40);
    for ((name, setting), value) in shown.iter().zip(&values) {
        let _ = writeln!(text, "  {name:width$} {value:wide$}  {}", origin(files, deployment, &setting.winner));
        for reason in reasons(setting, &deployment.environment) {
            let _ = writeln!(text, "  {:width$} {}", "", look.dim(&reason));
        }
        for lost in setting.overridden.iter().filter(|lost| lost.place.is_some()) {
            let line = format!("{:wide$}  {}, overridden", self::value(lost), origin(files, deployment, lost));
            let _ = writeln!(text, "  {:width$} {}", "", look.dim(&line));
        }
    }
    for (count, setting) in hidden {
        let why = reasons(setting, &deployment.environment).join("; ");
        let line = format!("{count} settings unknown: {why} ({})", origin(files, deployment, &setting.winner));
        let _ = writeln!(text, "  {}", look.dim(&line));
    }
    for (name, value) in &deployment.others {
        let _ = writeln!(text, "  {name:width$} {:wide$}  {}", value.value, files.describe(value.place));
    }
    let rest = deployment.settings.iter().count() - set.len();
    if !all && rest > 0 {
        let _ =
            writeln!(text, "  {}", look.dim(&format!("{rest} more settings have their default; `--all` shows them")));
    }
    text.push('\n');
}

/// The application of a server that runs one.
fn serves(text: &mut String, files: &Files, deployment: &Deployment, application: Option<&Application>) {
    let app = deployment.app.as_ref().map_or("unknown", |app| app.value.as_str());
    let made = match application {
        Some(application) => format!(" ({}, {})", application.framework.name(), files.describe(application.place)),
        // What has no name that could be imported is looked for under none.
        None if deployment.app.is_none() || deployment.handed.is_some() => String::new(),
        None => " (not found in the project)".to_owned(),
    };
    let _ = writeln!(text, "  serves         {app}{made}");
}

/// The program that a server in Rust is part of, and what becomes of its requests when it is asked to stop.
fn runs(text: &mut String, files: &Files, deployment: &Deployment, native: &Native) {
    let _ = writeln!(text, "  program        {} ({})", native.program, files.describe(native.serving));
    // The workers of Actix have threads of their own.
    if let Some(runtime) = native.runtime.filter(|_| deployment.server != Server::ActixWeb) {
        let threads = if native.is_single == Some(true) { "one thread" } else { "several threads" };
        let _ = writeln!(text, "  runtime        {threads}  {}", files.describe(runtime));
    }
    let stops = match native.graceful {
        Graceful::BuiltIn => "finishes requests by itself".to_owned(),
        Graceful::Told(place) => format!("finishes requests  {}", files.describe(place)),
        Graceful::Absent => "cuts requests off".to_owned(),
        Graceful::Unknown => return,
    };
    let _ = writeln!(text, "  when stopped   {stops}");
}

/// How many of the places are shown that start the same.
const MAX_ALSO: usize = 6;

/// What else starts it in the same way.
fn also(text: &mut String, files: &Files, deployment: &Deployment) {
    let others = deployment.started_by.get(1..).unwrap_or_default();
    for (name, place) in others.iter().take(MAX_ALSO) {
        let name = if name.is_empty() { String::new() } else { format!(" ({name})") };
        let _ = writeln!(text, "  also by        {}{name}", files.describe(*place));
    }
    if let Some(more) = others.len().checked_sub(MAX_ALSO).filter(|more| *more > 0) {
        let _ = writeln!(text, "  also by        {more} more");
    }
}

/// Settings that one word hides are told together from this number on.
const MANY: usize = 4;

/// One of the settings of each set that are unknown for the same reason, with how many there are.
fn hidden_together<'s>(set: &[(&'static str, &'s Effective)]) -> Vec<(usize, &'s Effective)> {
    let mut groups: Vec<(usize, &Effective)> = Vec::new();
    for (_, setting) in set.iter().filter(|(_, setting)| matches!(setting.winner.value, Resolved::Unknown(_))) {
        match groups.iter_mut().find(|(_, first)| hides_alike(first, setting)) {
            Some((count, _)) => *count += 1,
            None => groups.push((1, setting)),
        }
    }
    groups.retain(|(count, _)| *count >= MANY);
    groups
}

fn hides_alike(one: &Effective, other: &Effective) -> bool {
    matches!((&one.winner.value, &other.winner.value), (Resolved::Unknown(a), Resolved::Unknown(b)) if a == b)
        && one.winner.place == other.winner.place
        && one.winner.place.is_some()
}

/// A candidate's value, as Python spells it.
pub fn value(candidate: &Candidate) -> String {
    match &candidate.value {
        Resolved::Known(value) => value.to_string(),
        Resolved::Unknown(_) => "unknown".to_owned(),
    }
}

/// Who sets a value, and where.
pub fn origin(files: &Files, deployment: &Deployment, candidate: &Candidate) -> String {
    let layer = candidate.layer.as_str();
    if let Some(platform) = candidate.place.and_then(|place| deployment.set_by(place)) {
        return format!("{layer}, set by {platform}");
    }
    candidate.place.map_or_else(|| layer.to_owned(), |place| format!("{layer}, {}", files.describe(place)))
}

/// What a value rests on besides its bytes, where a file sets these variables.
pub fn reasons(setting: &Effective, environment: &[(String, String)]) -> Vec<String> {
    let unknown = match &setting.winner.value {
        Resolved::Unknown(why) => Some(why.clone()),
        Resolved::Known(_) => None,
    };
    let is_known = unknown.is_none();
    let set = |name: &String| environment.iter().find(|(own, _)| own == name).map(|(_, value)| value);
    // Why a value is not known may be that it depends on this variable.
    let is_told = |dependency: &&Dependency| match dependency {
        Dependency::Environment { name, .. } => unknown.as_ref().is_some_and(|why| {
            why.split(|letter: char| !letter.is_alphanumeric() && letter != '_').any(|word| word == name)
        }),
        _ => false,
    };
    let depends = setting.winner.depends.iter().filter(|one| !is_told(one)).map(|dependency| match dependency {
        Dependency::Environment { name, .. } if set(name).is_some_and(|value| value.len() <= MAX_SHOWN) => {
            format!("`{name}` is set to {:?}", set(name).map_or("", String::as_str))
        }
        Dependency::Environment { name, .. } if set(name).is_some() => format!("`{name}` is set"),
        Dependency::Environment { name, default: Some(_) } | Dependency::InPlace { name, .. } if is_known => {
            format!("unless `{name}` is set")
        }
        Dependency::Environment { name, .. } | Dependency::InPlace { name, .. } => format!("depends on `{name}`"),
        Dependency::Cpus { spelling, .. } => format!("depends on `{spelling}`"),
        Dependency::Quota { .. } => "follows the CPU limit of its container".to_owned(),
        Dependency::Other { what } => format!("depends on {what}"),
    });
    let depends: Vec<String> = depends.collect();
    let mut lines: Vec<String> = Vec::new();
    for line in unknown.into_iter().chain(depends) {
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    lines
}

/// Longer values of variables are not shown with what rests on them.
const MAX_SHOWN: usize = 40;

/// The launches for programs.
pub fn launches_json(
    files: &Files,
    deployments: &[Deployment],
    applications: &[Option<Application>],
    orphans: &[Application],
    notes: &[Note],
) -> String {
    write(&Document {
        head: Head::new("show"),
        launches: Launches { files, deployments, applications },
        unstarted: orphans.iter().map(|application| ApplicationDocument::new(files, application, None)).collect(),
        notes: notes.iter().map(NoteDocument::new).collect(),
    })
}

#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    head: Head,
    launches: Launches<'a>,
    /// Applications that nothing is known to start.
    unstarted: Vec<ApplicationDocument<'a>>,
    notes: Vec<NoteDocument<'a>>,
}

/// The launches, each of which is only there while it is written: what it says about its settings takes more room than
/// the settings.
struct Launches<'a> {
    files: &'a Files,
    deployments: &'a [Deployment],
    applications: &'a [Option<Application>],
}

impl Serialize for Launches<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let launches = self.deployments.iter().zip(self.applications);
        serializer.collect_seq(launches.map(|(deployment, made)| Launch::new(self.files, deployment, made.as_ref())))
    }
}

#[derive(Serialize)]
struct Launch<'a> {
    server: &'static str,
    version: String,
    version_assumed: bool,
    #[serde(flatten)]
    at: At,
    unit: &'a str,
    /// What starts it in this way.
    started_by: Vec<Starter<'a>>,
    app: Option<&'a str>,
    /// The program that a server in Rust is part of.
    #[serde(skip_serializing_if = "Option::is_none")]
    program: Option<&'a str>,
    application: Option<ApplicationDocument<'a>>,
    folder: &'a str,
    worker_class: Option<&'a str>,
    configuration: Option<&'a str>,
    container: bool,
    development: Option<&'a str>,
    /// The variables without which something else runs in its place.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    only_if_set: &'a [String],
    surroundings: Surroundings<'a>,
    settings: BTreeMap<&'a str, SettingDocument>,
    proxies: Vec<ProxyDocument<'a>>,
    errors: Vec<Refused<'a>>,
}

#[derive(Serialize)]
struct Starter<'a> {
    unit: &'a str,
    #[serde(flatten)]
    at: At,
}

#[derive(Serialize)]
struct Refused<'a> {
    message: &'a str,
    #[serde(flatten)]
    at: At,
}

#[derive(Serialize)]
struct SettingDocument {
    value: Json,
    known: bool,
    reason: Option<String>,
    origin: Origin,
    depends: Vec<String>,
    overridden: Vec<Lost>,
}

#[derive(Serialize)]
struct Origin {
    layer: &'static str,
    file: Option<String>,
    line: Option<usize>,
    /// The platform that sets it, where no file does.
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<&'static str>,
}

#[derive(Serialize)]
struct Lost {
    value: Json,
    known: bool,
    #[serde(flatten)]
    origin: Origin,
}

impl<'a> Launch<'a> {
    fn new(files: &'a Files, deployment: &'a Deployment, application: Option<&'a Application>) -> Self {
        let settings = deployment.settings.iter();
        let settings = settings.map(|(name, setting)| (name, SettingDocument::new(files, deployment, setting)));
        Self {
            server: deployment.server.as_str(),
            version: deployment.version.version_text().to_owned(),
            version_assumed: deployment.version.is_assumed(),
            at: At::new(files, deployment.command),
            unit: &deployment.unit,
            started_by: deployment
                .started_by
                .iter()
                .map(|(unit, place)| Starter { unit, at: At::new(files, *place) })
                .collect(),
            app: deployment.app.as_ref().map(|app| app.value.as_str()),
            program: deployment.native.as_ref().map(|native| native.program.as_str()),
            application: application.map(|made| ApplicationDocument::new(files, made, Some(deployment))),
            folder: &deployment.folder,
            worker_class: deployment.class.map(crate::servers::WorkerClass::name),
            configuration: deployment.configuration.as_ref().map(|configuration| files.get(configuration.file).path()),
            container: deployment.container.is_some(),
            development: deployment.development.as_ref().map(|why| why.value.as_str()),
            only_if_set: &deployment.only_if_set,
            surroundings: Surroundings::new(files, deployment),
            settings: settings.collect(),
            proxies: neighbours::documents(files, deployment),
            errors: deployment
                .errors
                .iter()
                .map(|error| Refused { message: &error.value, at: At::new(files, error.place) })
                .collect(),
        }
    }
}

impl SettingDocument {
    fn new(files: &Files, deployment: &Deployment, setting: &Effective) -> Self {
        let (value, known) = known(&setting.winner);
        let reason = match &setting.winner.value {
            Resolved::Unknown(why) => Some(why.clone()),
            Resolved::Known(_) => None,
        };
        let depends = setting.winner.depends.iter().map(|dependency| match dependency {
            Dependency::Environment { name, .. } | Dependency::InPlace { name, .. } => format!("env:{name}"),
            Dependency::Cpus { spelling, .. } => format!("cpus:{spelling}"),
            Dependency::Quota { path } => format!("quota:{path}"),
            Dependency::Other { what } => what.clone(),
        });
        let lost = |candidate: &Candidate| {
            let (value, known) = self::known(candidate);
            Lost { value, known, origin: Origin::new(files, deployment, candidate) }
        };
        Self {
            value,
            known,
            reason,
            origin: Origin::new(files, deployment, &setting.winner),
            depends: depends.collect(),
            overridden: setting.overridden.iter().map(lost).collect(),
        }
    }
}

fn known(candidate: &Candidate) -> (Json, bool) {
    match &candidate.value {
        Resolved::Known(value) => (json_of(value), true),
        Resolved::Unknown(_) => (Json::Null, false),
    }
}

impl Origin {
    fn new(files: &Files, deployment: &Deployment, candidate: &Candidate) -> Self {
        let by = candidate.place.and_then(|place| deployment.set_by(place));
        let at = candidate.place.filter(|_| by.is_none()).map(|place| At::new(files, place));
        let (file, line) = at.map_or((None, None), |at| (Some(at.file), Some(at.line)));
        Self { layer: candidate.layer.as_str(), file, line, by }
    }
}
