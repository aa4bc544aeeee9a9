//! What a rule needs to see and to say.

use std::collections::{BTreeMap, BTreeSet};

use super::{Card, Stated};
use crate::app::{Application, Category, Framework};
use crate::deployment::{BaseImage, Database, Deployment, Effective, named_for_development};
use crate::findings::{Finding, Label};
use crate::servers::{Server, Version};
use crate::sizing::{Advice, Inputs};
use crate::source::{Comment, Files};
use crate::values::Cpus;

pub(super) use super::{Rule, Shape, rule};
pub(super) use crate::app::{Application as App, HandlerKind, Interface as AppInterface};
pub(super) use crate::deployment::{Address, DevelopmentServer, Effective as Setting, Layer, Resolved, UnitKind};
pub(super) use crate::findings::{Confidence, Edit, Fix, Severity};
pub(super) use crate::servers::cast::cast;
pub(super) use crate::servers::{Honoured, Interface, Model, Server as ServerName, WorkerClass, table};
pub(super) use crate::source::{FileId, Located, Place, Span};
pub(super) use crate::values::Value;

/// A deployment with everything that was found out about it.
#[derive(Debug, Clone, Copy)]
pub struct Service<'a> {
    /// How it is started.
    pub deployment: &'a Deployment,
    /// What it runs; `None` where the application is not in the project.
    pub application: Option<&'a Application>,
    /// What its numbers should be; `None` where too little is known.
    pub advice: Option<&'a Advice>,
    /// The cores it may use, with their origin, as a file declares them.
    pub cpus: Option<&'a DeclaredCpus>,
    /// What files and the user say about its size, the machine that checks left out.
    pub inputs: Option<&'a Inputs>,
}

/// A number of cores that a file declares.
#[derive(Debug, Clone)]
pub struct DeclaredCpus {
    /// The number, and where it stands.
    pub cpus: Cpus,
    /// How to name the origin.
    pub source: String,
    /// The place, if it is in a file of the project.
    pub place: Option<Place>,
}

/// What all rules share.
#[derive(Debug)]
pub struct Context<'a> {
    /// The texts, for places and for edits.
    pub files: &'a Files,
    /// Every server of the project, for what another one makes of the same line.
    pub deployments: &'a [Deployment],
    /// The images that the project builds on or runs.
    pub images: &'a [BaseImage],
    /// The comments of every file.
    pub comments: &'a BTreeMap<FileId, Vec<Comment>>,
    /// The databases that the project runs itself.
    pub databases: &'a [Database],
    /// The names of all variables that a file of the project sets.
    pub variables: &'a BTreeSet<String>,
    /// Parameters that the settings override, by rule and name.
    pub parameters: &'a dyn Parameters,
    /// What the user states about production.
    pub stated: &'a Stated,
}

/// Answers for parameters of rules.
pub trait Parameters: std::fmt::Debug {
    /// The value that the settings give, if they do.
    fn parameter(&self, rule: &str, name: &str) -> Option<f64>;

    /// Whether somebody wants to hear what most projects would not.
    fn is_pedantic(&self) -> bool;
}

impl Context<'_> {
    fn parameter(&self, card: &Card, name: &str) -> f64 {
        self.parameters.parameter(card.name, name).unwrap_or_else(|| card.parameter(name))
    }

    /// Whether what lies there is for developers or tests, which a service may hold without anybody asking for it.
    pub(super) fn is_aside(&self, place: Place) -> bool {
        named_for_development(self.files.get(place.file).path()).is_some()
    }

    /// The comment on the line that a place begins in, and those right above it: what somebody says about it.
    pub(super) fn remark(&self, place: Place) -> String {
        let file = self.files.get(place.file);
        let mut line = file.line(place.span.start);
        let mut said = Vec::new();
        let here = self.comments.get(&place.file).map_or(&[][..], Vec::as_slice);
        for comment in here.iter().rev() {
            let at = file.line(comment.span.start);
            // Above, only lines of nothing else belong to it.
            let belongs = at == line && said.is_empty() || comment.own_line && at + 1 == line;
            if belongs {
                // What is addressed to farrier names rules, and says nothing about the setting.
                said.push(file.slice(comment.span).split("farrier:").next().unwrap_or_default());
                line = at;
            }
        }
        said.reverse();
        said.join("\n")
    }
}

impl Service<'_> {
    /// Whether it runs in production, as far as names tell.
    pub(super) fn in_production(&self) -> bool {
        self.deployment.development.is_none()
    }

    /// Whether Gunicorn starts it.
    pub(super) fn is_gunicorn(&self) -> bool {
        self.deployment.server == Server::Gunicorn
    }

    /// The interface that the server speaks; `None` where that is unknown.
    pub(super) fn speaks(&self) -> Option<Interface> {
        let deployment = self.deployment;
        match deployment.server {
            Server::Gunicorn => deployment.class.map(WorkerClass::interface),
            Server::Uvicorn => match deployment.setting("interface")?.text()? {
                "wsgi" => Some(Interface::Wsgi),
                _ => Some(Interface::Asgi),
            },
            Server::Daphne => Some(Interface::Asgi),
            Server::Uwsgi => Some(Interface::Wsgi),
            // Hypercorn tells the interface from the application unless it is told, Granian has a rule of its own.
            Server::Hypercorn => match deployment.told_mode.as_deref()? {
                "asgi" => Some(Interface::Asgi),
                _ => Some(Interface::Wsgi),
            },
            Server::Granian => None,
        }
    }

    /// Whether one event loop runs all requests of a process.
    pub(super) fn runs_loop(&self) -> bool {
        match self.speaks() {
            Some(Interface::Asgi) => true,
            Some(_) => false,
            None => self.application.is_some_and(|application| application.interface == AppInterface::Asgi),
        }
    }

    /// What calls the application, as the user would name it: the worker class, or the server.
    pub(super) fn speaker(&self) -> String {
        if self.is_gunicorn() { format!("`{}`", self.class_name()) } else { self.deployment.server.to_string() }
    }

    /// The worker class that runs, by its usual name.
    pub(super) fn class_name(&self) -> String {
        if self.deployment.server == Server::Uwsgi {
            let own = self.cores_of_loop().map_or("uWSGI", |setting| setting.setting.name());
            return own.to_owned();
        }
        let written = self.deployment.setting("worker_class").and_then(Effective::text);
        let runs = self.deployment.class.map(WorkerClass::name);
        runs.or(written).unwrap_or("sync").to_owned()
    }

    /// Where the worker class is set, or the command that leaves it to the default.
    pub(super) fn class_place(&self) -> Place {
        let class = self.deployment.setting("worker_class").or_else(|| self.cores_of_loop()).and_then(Effective::place);
        class.unwrap_or(self.deployment.command)
    }

    /// The class that serves ASGI applications on what the project installs.
    ///
    /// Gunicorn has had its own since 24.0, and its authors call it stable since 25.1.
    pub(super) fn asgi_class(&self) -> String {
        let deployment = self.deployment;
        // Whose list has Gunicorn without a version gets the newest.
        let known = !deployment.version.is_assumed() || deployment.asks_for("gunicorn");
        let own = deployment.version.version >= Version::new(25, 1, 0) && known;
        let package = deployment.asks_for("uvicorn-worker");
        if own && !package { "asgi" } else { "uvicorn_worker.UvicornWorker" }.to_owned()
    }

    /// The same, with the package it comes from where that is not installed yet.
    pub(super) fn asgi_class_name(&self) -> String {
        let class = self.asgi_class();
        if class == "asgi" || self.deployment.asks_for("uvicorn-worker") {
            return format!("`{class}`");
        }
        format!("`{class}` (package `uvicorn-worker`), or on Gunicorn's own `asgi` from 25.1 on")
    }

    /// Seconds without a sign of life after which Gunicorn kills a worker; `None` for servers that do
    /// not watch the event loop.
    pub(super) fn heartbeat(&self) -> Option<i64> {
        let timeout = self.deployment.setting("timeout").filter(|_| self.is_gunicorn() && self.runs_loop())?;
        timeout.int().filter(|&seconds| seconds > 0)
    }

    /// The ports that it listens on, as far as they are known.
    pub(super) fn ports(&self) -> Vec<u16> {
        let addresses = self.deployment.setting("bind").and_then(Effective::value);
        let texts: Vec<&str> = match addresses {
            Some(Value::Str(text)) => text.split(',').collect(),
            Some(Value::List(list)) => list
                .iter()
                .filter_map(|item| if let Value::Str(text) = item { Some(text.as_str()) } else { None })
                .collect(),
            _ => Vec::new(),
        };
        let bound = texts.iter().filter_map(|text| text.trim().rsplit(':').next()?.parse().ok());
        let port = self.deployment.int("port").and_then(|port| u16::try_from(port).ok());
        bound.chain(port).collect()
    }

    /// How many processes serve requests, by the name that the server has for it.
    pub(super) fn workers(&self) -> Option<&Effective> {
        self.deployment.setting(if self.deployment.server == Server::Uwsgi { "processes" } else { "workers" })
    }

    /// The setting of uWSGI that gives each process more requests than it has threads.
    pub(super) fn cores_of_loop(&self) -> Option<&Effective> {
        let set = |name: &&str| self.deployment.setting(name).filter(|setting| setting.is_set());
        let names = ["gevent", "async", "asyncio", "greenlet"];
        if self.deployment.server == Server::Uwsgi { names.iter().find_map(set) } else { None }
    }

    /// Threads of each worker that run requests; `None` where the class has none, or it is unknown.
    pub(super) fn threads(&self) -> Option<i64> {
        let threaded = match self.deployment.server {
            Server::Gunicorn => self.deployment.class.is_some_and(|class| class.model() == Model::Threads),
            Server::Uwsgi => true,
            _ => false,
        };
        self.deployment.int("threads").filter(|threads| threaded && *threads > 0)
    }

    /// Requests that a WSGI server runs at a time, where it has a fixed number of slots.
    pub(super) fn slots(&self) -> Option<i64> {
        let workers = self.workers()?.int().filter(|workers| *workers > 0)?;
        if self.deployment.server == Server::Uwsgi {
            let threads = self.threads().filter(|_| self.cores_of_loop().is_none())?;
            return Some(workers.saturating_mul(threads));
        }
        match self.deployment.class.map(WorkerClass::model) {
            Some(Model::OneRequest) => Some(workers),
            Some(Model::Threads) => Some(workers.saturating_mul(self.threads()?)),
            _ => None,
        }
    }

    /// A setting that somebody sets and the worker class does not act on.
    pub(super) fn ignored(&self, name: &str) -> Option<&Effective> {
        let deployment = self.deployment;
        let setting = deployment.setting(name).filter(|setting| setting.is_set())?;
        let honoured = setting.setting.honoured_by(deployment.class?, deployment.version.version);
        matches!(honoured, Honoured::No).then_some(setting)
    }

    /// Every setting that somebody changes and the worker class does not act on, those apart that have a
    /// rule of their own.
    pub(super) fn ineffective(&self) -> impl Iterator<Item = &Effective> {
        const ELSEWHERE: [&str; 4] = ["threads", "worker_connections", "keepalive", "statsd_host"];
        let names = self.deployment.settings.iter().map(|(name, _)| name);
        let others = names.filter(|name| !ELSEWHERE.contains(name) && !name.starts_with("statsd"));
        others.filter_map(|name| self.ignored(name)).filter(|setting| setting.changes())
    }

    /// Where it can be reached; a platform's router or a socket is in front of anything else.
    pub(super) fn reach(&self) -> Reach {
        let deployment = self.deployment;
        let addresses = deployment.addresses();
        if !addresses.is_empty() && addresses.iter().all(Address::is_loopback) {
            return Reach::Machine;
        }
        let open = |port: &&Located<String>| !port.value.starts_with("127.") && !port.value.starts_with("localhost");
        match deployment.kind {
            UnitKind::ComposeService => match deployment.outside.published.iter().find(open) {
                Some(port) => Reach::Published(port.place),
                None => Reach::Network,
            },
            UnitKind::SystemdService if !addresses.is_empty() => {
                match deployment.setting("bind").and_then(Effective::place) {
                    Some(place) => Reach::Published(place),
                    None => Reach::Network,
                }
            }
            _ => Reach::Network,
        }
    }

    /// Gives a setting another value where it is set by a literal.
    pub(super) fn set(&self, name: &str, value: &Value, context: &Context) -> Option<Edit> {
        self.deployment.setting(name)?.winner.set(context.files, value)
    }
}

/// From where a server can be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// Only from the machine it runs on.
    Machine,
    /// From whoever shares a network with it, which is not told further.
    Network,
    /// From outside, because of this line.
    Published(Place),
}

/// How Python names the object that a server calls.
pub(super) const fn callable(app: &Application) -> &'static str {
    match app.framework {
        Framework::FastApi => "FastAPI",
        Framework::Starlette => "Starlette",
        Framework::Quart => "Quart",
        Framework::Litestar => "Litestar",
        Framework::Sanic => "Sanic",
        Framework::BlackSheep => "Application",
        Framework::Django => "ASGIHandler",
        _ => "app",
    }
}

/// `1 worker`, `4 workers`.
pub(super) fn workers_in_words(count: i64) -> String {
    format!("{count} worker{}", if count == 1 { "" } else { "s" })
}

/// A whole number as a floating-point one; counts of workers are far below the loss of precision.
#[allow(clippy::cast_precision_loss, reason = "a setting above 2^52 is refused long before")]
pub(super) fn exact(n: i64) -> f64 {
    n as f64
}

/// Collects what one rule says.
#[derive(Debug)]
pub(super) struct Findings<'a> {
    card: &'static Card,
    context: &'a Context<'a>,
    found: Vec<Finding>,
}

impl<'a> Findings<'a> {
    pub(super) fn new(card: &'static Card, context: &'a Context<'a>) -> Self {
        Self { card, context, found: Vec::new() }
    }

    pub(super) fn into_findings(self) -> Vec<Finding> {
        self.found
    }

    /// A parameter of the rule that runs: from the settings, else from its card.
    pub(super) fn parameter(&self, name: &str) -> f64 {
        self.context.parameter(self.card, name)
    }

    /// Says `message` about `place`; the builder takes the rest.
    pub(super) fn report(&mut self, place: Place, label: impl Into<String>, message: impl Into<String>) -> Report<'_> {
        let finding = Finding {
            rule: self.card.name,
            code: self.card.code,
            severity: self.card.severity,
            confidence: self.card.confidence,
            message: message.into(),
            primary: Label::new(place, label),
            related: Vec::new(),
            help: None,
            category: None,
            pattern: None,
            handlers: Vec::new(),
            function: None,
            fix: None,
        };
        self.found.push(finding);
        let at = self.found.len() - 1;
        Report { finding: &mut self.found[at] }
    }
}

/// A finding in the making.
#[must_use = "a finding is complete only with its confidence"]
pub(super) struct Report<'f> {
    finding: &'f mut Finding,
}

impl Report<'_> {
    /// The finding is no surer than `confidence`.
    pub(super) fn at_most(self, confidence: Confidence) -> Self {
        self.finding.confidence = self.finding.confidence.min(confidence);
        self
    }

    /// The handlers that reach the call that it is about.
    pub(super) fn reached_from(self, handlers: impl IntoIterator<Item = Place>) -> Self {
        self.finding.handlers = handlers.into_iter().collect();
        self
    }

    /// Something less, or worse, than the card says happens here.
    pub(super) fn severity(self, severity: Severity) -> Self {
        self.finding.severity = severity;
        self
    }

    /// Another place that contributes.
    pub(super) fn related(self, place: Place, text: impl Into<String>) -> Self {
        self.finding.related.push(Label::new(place, text));
        self
    }

    /// Another place that contributes, if it is known.
    pub(super) fn related_to(self, located: Option<Located<String>>) -> Self {
        match located {
            Some(located) => self.related(located.place, located.value),
            None => self,
        }
    }

    /// What to do here.
    pub(super) fn help(self, text: impl Into<String>) -> Self {
        self.finding.help = Some(text.into());
        self
    }

    /// What the call waits for, and what many findings of this kind in one project have in common.
    pub(super) fn about(self, category: Category, pattern: impl Into<String>) -> Self {
        self.finding.category = Some(category.as_str());
        self.finding.pattern = Some(pattern.into());
        self
    }

    /// A change that settles it, where the bytes allow one.
    pub(super) fn fix(self, fix: Option<Fix>) {
        self.finding.fix = fix;
    }
}
