//! The one model: how each server of the project is really started.
//!
//! Decides which command runs where, with which environment, which file it loads, and for every
//! setting who wins and who loses. Does not decide whether that is good: rules do.

mod any_machine;
mod aside;
mod assemble;
mod behind;
mod chart_values;
mod choice;
mod commands;
mod compose;
mod configuration;
mod context;
mod daphne;
mod database;
mod demands;
mod edit;
mod effective;
mod environment;
mod fastapi;
mod faults;
mod foreign;
mod front;
mod granian;
mod host;
mod hypercorn;
mod image;
mod image_name;
mod installed;
mod launcher;
mod left_out;
mod lists;
mod locate;
mod native;
mod own_class;
mod platform;
mod proxy;
mod resolve;
mod rewritten;
mod scene;
mod script_variables;
mod scripts;
mod settle;
mod shadow;
mod shell;
pub mod signs;
#[cfg(test)]
mod spans_tests;
mod substitution;
mod supervisor;
mod tasks;
mod unloaded;
mod uvicorn;
mod uwsgi;
mod variables;
mod version;
mod words;
mod wsgi_app;

pub use crate::python::evaluate::Dependency;
pub use crate::read::{
    Abreast, Autoscaler, Command, Container, Edge, Form, HealthCheck, HealthKind, Limits, Outside, Proxy, Surge,
    UnitKind, python_of,
};
pub use crate::rust::launches::Graceful;
pub use assemble::{Assembly, BaseImage, DevelopmentServer, Unloaded, assemble, assemble_asked};
pub use behind::{Behind, StandIn};
pub use commands::LARGE_NODE;
pub use compose::{Composed, services as compose_services};
pub use configuration::{Configuration, Stranger};
pub use context::named_for_development;
pub use database::Database;
pub use effective::{Candidate, Effective, Layer, Resolved, Settings, Site};
pub use native::{Connections, Native};
pub use proxy::Address;
pub use shadow::Shadow;
pub use shell::{Shield, ShieldKind};
pub use version::{ServerVersion, asgi_class_for};

use std::collections::{BTreeMap, BTreeSet};

use crate::python::modules::Start;
use crate::servers::{Server, Setting, Version, WorkerClass, table};
use crate::source::{FileId, Files, Located, Place};
use crate::values::{Seconds, Value};
use behind::Assigned;

/// One server, started in one way.
#[derive(Debug, Clone)]
#[allow(clippy::struct_excessive_bools, reason = "independent facts, not the states of one")]
pub struct Deployment {
    /// The server.
    pub server: Server,
    /// The program that it is part of, where that is written in Rust.
    pub native: Option<Native>,
    /// Its version, and how that is known.
    pub version: ServerVersion,
    /// What kind of file starts it.
    pub kind: UnitKind,
    /// The process, service or stage that starts it; may be empty.
    pub unit: String,
    /// The command that starts it.
    pub command: Place,
    /// Everything that starts it in this way, by name and place; the first is what counts here.
    pub started_by: Vec<(String, Place)>,
    /// The application it serves, such as `main:app`.
    pub app: Option<Located<String>>,
    /// The expression that hands it the application, where that has no name that could be imported.
    pub handed: Option<Place>,
    /// The files of the program that starts it by a call, whose imports its process has made as well: the one that
    /// is run, and that of the call.
    pub launched_by: Vec<FileId>,
    /// What the application is said to speak, where that is written in front of it: `asgi`, `wsgi`.
    pub told_mode: Option<String>,
    /// Why it is one process by the way it is started, as a clause, and where that is.
    pub alone: Option<Located<&'static str>>,
    /// Whether every process that it starts makes the call again that starts it, because importing the file does.
    pub repeated: bool,
    /// Files of the project that have the name of a package which is meant.
    pub shadows: Vec<Shadow>,
    /// Options that the code which starts it takes for settings, and drops because there are none of that name.
    pub strangers: Vec<Stranger>,
    /// Whether the file with the call binds the name of the application only where it is run, and not imported.
    pub only_run: bool,
    /// The folder of the project it starts in, relative to the root; empty for the root.
    pub folder: String,
    /// What lies below that folder came from elsewhere in the project: see [`Start`].
    placed: Vec<(String, String)>,
    /// Every setting of the server.
    pub settings: Settings,
    /// What else it is told, by names that its table does not have: options of uWSGI, which has some nine hundred.
    pub others: Vec<(String, Located<String>)>,
    /// The worker class that really runs; `None` where it is unknown or the project's own.
    pub class: Option<&'static WorkerClass>,
    /// What a worker class of the project's own derives from: the first class of somebody else.
    pub class_base: Option<Located<String>>,
    /// The class of the table that a worker class of the project's own does everything like, because it only gives
    /// options to it which take the place of no setting.
    pub class_like: Option<&'static WorkerClass>,
    /// The classes that the script which names this one names as well, for whoever runs it to choose between.
    pub other_classes: Vec<&'static WorkerClass>,
    /// The configuration file it loads.
    pub configuration: Option<Configuration>,
    /// Every file of its configuration.
    loaded: Vec<FileId>,
    /// What bounds it.
    pub limits: Limits,
    /// How somebody finds out whether it is well.
    pub health: Vec<HealthCheck>,
    /// The user that the place which starts it names, as written.
    pub user: Option<Located<String>>,
    /// The shell that keeps that signal from it.
    pub shield: Option<Shield>,
    /// The signal that asks it to stop, as written; `SIGTERM` if not given.
    pub stop_signal: Option<Located<String>>,
    /// How long it is kept waiting before that signal.
    pub stop_delay: Option<Located<Seconds>>,
    /// The line that makes it run in a container.
    pub container: Option<Place>,
    /// The command that starts it there, of an image or of who runs it; `None` where a name alone says so.
    pub instruction: Option<Place>,
    /// The command that runs instead of this one wherever files of the project run its image.
    pub replaced: Option<Place>,
    /// What surrounds that container, as far as an orchestrator says so.
    pub surroundings: Container,
    /// What that container shares with the world outside.
    pub outside: Outside,
    /// The image below everything that the project builds for it, as written.
    pub base: Option<Located<String>>,
    /// The platform that runs it and sets something by itself, and the place of all that it sets.
    pub platform: Option<Located<&'static str>>,
    /// Why this is not how the service runs in production.
    pub development: Option<Located<String>>,
    /// The variables without which something else runs in its place, because what files set, or leave unset, leads there.
    pub only_if_set: Vec<String>,
    /// Whether it only runs if somebody gives its image words that nothing here gives it.
    awaits_words: bool,
    /// Why the server refuses to start, in its own terms.
    pub errors: Vec<Located<String>>,
    /// Settings that only a later version of the server has, where they are asked for; each is among the errors too.
    pub ahead: Vec<Located<&'static Setting>>,
    /// Where the application is handed over as an object although other processes have to import it; it is
    /// among the errors too.
    pub object: Option<Place>,
    /// Options of the command line that are written as the beginning of one, with the whole of it.
    pub abbreviated: Vec<Located<String>>,
    /// How many workers a formula over the cores of the machine starts on a node of 64; `None` where
    /// the number rests on no such formula.
    pub workers_on_large_node: Option<i64>,
    /// The variables that files set for it, with their values.
    pub environment: Vec<(String, String)>,
    /// Where files set them.
    assigned: Assigned,
    /// Where the variables are set that are filled into its command before it starts.
    outer: Assigned,
    /// The proxies that pass requests to it, each with the settings of that route.
    pub proxies: Vec<Proxy>,
    /// Where it listens, by its settings alone.
    listens: Vec<Address>,
    /// Whether some proxy of the project passes requests to an address that it has on its own machine.
    pub beside_proxy: bool,
    /// The distributions that the project asks for, with the version where one is pinned or bounded.
    distributions: BTreeMap<String, Option<ServerVersion>>,
    /// Where people wrote down that it asks for each of them.
    mentions: BTreeMap<String, Place>,
    /// Extras that are asked for: `standard` of `uvicorn`.
    extras: BTreeSet<(String, String)>,
    /// Whether a lock file tells everything that is installed with the server.
    pub locked: bool,
}

impl Deployment {
    /// What it serves: the application, or the program that it is part of.
    pub fn serves(&self) -> Option<&str> {
        let app = self.app.as_ref().map(|app| app.value.as_str());
        app.or_else(|| Some(self.native.as_ref()?.program.as_str()))
    }

    /// Whether everything it listens on is a Unix socket.
    pub fn listens_on_socket(&self) -> bool {
        !self.listens.is_empty() && self.listens.iter().all(|address| matches!(address, Address::Socket(_)))
    }

    /// Whether it is a configuration of Gunicorn that nothing names, where something else is how the service runs.
    pub fn is_left_over(&self) -> bool {
        self.kind == UnitKind::GunicornConfiguration && self.development.is_some()
    }

    /// Where it starts, as its imports see it.
    pub fn start(&self) -> Start {
        Start { folder: self.folder.clone(), placed: self.placed.clone() }
    }

    /// The value of a variable that files set for it.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.environment.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// Whether the application that it is told is a function which makes one.
    pub fn calls_app(&self) -> bool {
        self.setting("factory").and_then(Effective::value) == Some(&Value::Bool(true))
    }

    /// A setting by name; `None` for a name the server does not have in this version.
    pub fn setting(&self, name: &str) -> Option<&Effective> {
        self.settings.get(name)
    }

    /// A setting's whole number, where it is known.
    pub fn int(&self, name: &str) -> Option<i64> {
        self.setting(name)?.int()
    }

    /// Whether another deployment is started by the same bytes, with the same values and limits.
    fn is_same_launch(&self, other: &Self) -> bool {
        let limits = |limits: &Limits| (limits.cpus.as_ref().map(|l| l.value), limits.memory.as_ref().map(|l| l.value));
        let grace = |deployment: &Self| deployment.limits.stop_grace.as_ref().map(|grace| grace.value);
        let user = |deployment: &Self| deployment.user.as_ref().map(|user| user.value.clone());
        // Hundreds of services may run one command, and what they differ in, `workers`, comes late.
        let same_values = || {
            let (own, others) = (self.settings.iter().rev(), other.settings.iter().rev());
            own.map(|(_, setting)| &setting.winner.value).eq(others.map(|(_, setting)| &setting.winner.value))
        };
        (self.command, self.server, &self.folder) == (other.command, other.server, &other.folder)
            && limits(&self.limits) == limits(&other.limits)
            && grace(self) == grace(other)
            && self.development.is_some() == other.development.is_some()
            && self.only_if_set == other.only_if_set
            && self.replicas() == other.replicas()
            && user(self) == user(other)
            && same_values()
    }

    /// Whether it takes settings from a file.
    pub fn reads(&self, file: FileId) -> bool {
        self.loaded.contains(&file) || self.command.file == file
    }

    /// The platform that sets what is set at `place`; `None` where a file says it.
    pub fn set_by(&self, place: Place) -> Option<&'static str> {
        self.platform.as_ref().filter(|platform| platform.place == place).map(|platform| platform.value)
    }

    /// How many copies run, and the bounds between which that changes.
    fn replicas(&self) -> [Option<u32>; 3] {
        let value = |located: &Option<Located<u32>>| located.as_ref().map(|located| located.value);
        let scaler = self.limits.autoscaler.as_ref();
        let bound = |of: fn(&Autoscaler) -> &Option<Located<u32>>| scaler.and_then(|scaler| value(of(scaler)));
        [value(&self.limits.replicas), bound(|scaler| &scaler.least), bound(|scaler| &scaler.most)]
    }

    /// Whether it takes its application or a setting from the command of another one.
    fn rests_on(&self, other: &Self) -> bool {
        let inside = |place: Place| {
            let (inner, outer) = (place.span, other.command.span);
            place.file == other.command.file && outer.start <= inner.start && inner.end <= outer.end
        };
        let settings = self.settings.iter().filter_map(|(_, setting)| setting.winner.place);
        self.server == other.server && self.app.iter().map(|app| app.place).chain(settings).any(inside)
    }

    /// Whether another option that somebody gives switches a setting of uWSGI on by the way.
    pub fn is_implied(&self, setting: &Effective) -> bool {
        setting.setting.implied_by().iter().any(|name| {
            let own = self.setting(&name.replace('-', "_")).is_some_and(Effective::is_set);
            own || self.others.iter().any(|(other, _)| other.replace('_', "-") == *name)
        })
    }

    /// Whether its options lie where a service of the distribution, or an emperor, looks for them: that has options of
    /// its own and stops it in its own way.
    pub fn is_run_by_distribution(&self, files: &Files) -> bool {
        let Some(configuration) = &self.configuration else { return false };
        let folders: Vec<&str> = files.get(configuration.file).path().split('/').collect();
        let is_for_service = |pair: &[&str]| matches!(pair, ["uwsgi", below] if below.starts_with("apps-"));
        folders.windows(2).any(is_for_service) || folders.iter().any(|part| matches!(*part, "vassals" | "uwsgi.d"))
    }

    /// Whether its options lie where the service of Debian looks for them, which lays `default.ini` with two workers
    /// and a master under each (`/usr/share/uwsgi/conf` of 2.0.21-5.1).
    pub fn is_run_by_debian(&self, files: &Files) -> bool {
        let path = self.configuration.as_ref().map_or("", |file| files.get(file.file).path());
        ["uwsgi/apps-available/", "uwsgi/apps-enabled/"].iter().any(|folder| path.contains(folder))
    }

    /// Whether the project asks for a distribution.
    pub fn asks_for(&self, distribution: &str) -> bool {
        self.distributions.contains_key(distribution)
    }

    /// Whether the project asks for a distribution together with one of its extras.
    pub fn asks_for_extra(&self, distribution: &str, extra: &str) -> bool {
        self.extras.contains(&(distribution.to_owned(), extra.to_owned()))
    }

    /// Whether it asks for an extra of this name, of whatever distribution: `connexion[uvicorn]` brings Uvicorn.
    pub fn asks_for_extra_of_any(&self, extra: &str) -> bool {
        self.extras.iter().any(|(_, own)| own == extra)
    }

    /// Whether the project lists any distribution at all.
    pub fn lists_requirements(&self) -> bool {
        !self.distributions.is_empty()
    }

    /// The versions that are assumed because no file says them, each with its name: that of the server, and that of
    /// Uvicorn where it serves in the workers of another.
    pub fn assumed_versions(&self) -> Vec<String> {
        let own = self.version.is_assumed().then(|| format!("{} {}", self.server, self.version.version_text()));
        let by_uvicorn = self.server != Server::Uvicorn && self.serves_by_uvicorn();
        let inner = (by_uvicorn && self.pin_of("uvicorn").is_none())
            .then(|| format!("{} {}", Server::Uvicorn, table(Server::Uvicorn).newest()));
        own.into_iter().chain(inner).collect()
    }

    /// Whether Uvicorn serves in the workers of Gunicorn, by its class or by one that the project derives from it.
    pub fn serves_by_uvicorn(&self) -> bool {
        let class = self.class.or(self.class_like);
        class.and_then(WorkerClass::behaviour).is_some_and(|behaviour| behaviour.contains("Uvicorn"))
    }

    /// The worker class of Gunicorn that serves ASGI applications on what the project installs.
    ///
    /// Gunicorn has had its own since 24.0, and its authors call it stable since 25.1.
    pub fn asgi_class(&self) -> &'static str {
        // Whose list has Gunicorn without a version gets the newest.
        let known = !self.version.is_assumed() || self.asks_for("gunicorn");
        version::asgi_class(Some(self.version.version).filter(|_| known), self.asks_for("uvicorn-worker"))
    }

    /// What the project asks for of a distribution, where it pins or bounds it.
    pub fn pin_of(&self, distribution: &str) -> Option<&ServerVersion> {
        self.distributions.get(distribution)?.as_ref()
    }

    /// The version of a distribution, where the project pins or bounds it.
    pub fn version_of(&self, distribution: &str) -> Option<Version> {
        Some(self.pin_of(distribution)?.version)
    }
}
