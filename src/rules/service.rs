//! A server with everything that rules ask about it: what it speaks, how many requests it runs at a time, where it
//! can be reached.
//!
//! Decides what settings of different servers come to for a question that all of them answer. What surrounds it in
//! time is `surroundings`'.

use super::prelude::*;
use crate::app::Application;
use crate::deployment::{Deployment, Effective, Layer};
use crate::servers::Server;
use crate::sizing::{Advice, Inputs};
use crate::values::Cpus;

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
    /// Whether no more may be used, which a request does not say.
    pub is_limit: bool,
}

impl DeclaredCpus {
    /// A limit that the user states, which counts before those of files.
    pub(super) fn stated(&self) -> Option<&Self> {
        Some(self).filter(|cpus| cpus.is_limit && cpus.place.is_none())
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
            // Those in Rust speak to code of their own.
            _ => None,
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

    /// Whether Uvicorn serves in the workers of Gunicorn, by its class or by one that the project derives from it.
    pub(super) fn serves_by_uvicorn(&self) -> bool {
        self.deployment.serves_by_uvicorn()
    }

    /// What shows that it runs in a container: the instruction that starts it, where the finding at `place` is
    /// about something else, and the unit otherwise.
    pub(super) fn container_beside(&self, place: Place) -> Option<Place> {
        let within = |one: &Place| {
            one.file == place.file && one.span.start <= place.span.start && place.span.end <= one.span.end
        };
        let container = self.deployment.container?;
        match self.deployment.instruction {
            // What stands in the instruction itself needs no other place.
            Some(instruction) => Some(instruction).filter(|instruction| !within(instruction)),
            None => Some(container),
        }
    }

    /// The variables that somebody may set to have another worker class, as the end of a sentence.
    pub(super) fn unless_another_class(&self) -> Option<String> {
        let class = self.deployment.setting("worker_class")?;
        let variables = class.winner.variables();
        (!variables.is_empty()).then(|| format!(", unless {} is set", variables.join(" or ")))
    }

    /// Where the worker class is set, or the command that leaves it to the default.
    pub(super) fn class_place(&self) -> Place {
        let class = self.deployment.setting("worker_class").or_else(|| self.cores_of_loop()).and_then(Effective::place);
        class.unwrap_or(self.deployment.command)
    }

    /// The class that serves ASGI applications, with the package it comes from where that is not installed yet.
    pub(super) fn asgi_class_name(&self) -> String {
        let class = self.deployment.asgi_class();
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

    /// Whether another option that somebody gives switches a setting of uWSGI on by the way.
    pub(super) fn is_implied(&self, setting: &Effective) -> bool {
        self.deployment.is_implied(setting)
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
        let class = deployment.class.or(deployment.class_like)?;
        let honoured = setting.setting.honoured_by(class, deployment.version.version);
        matches!(honoured, Honoured::No).then_some(setting)
    }

    /// The same for one that is of no use to anybody: no other class that may run instead acts on it either.
    pub(super) fn useless(&self, name: &str, context: &Context) -> Option<&Effective> {
        self.ignored(name).filter(|setting| !self.has_a_choice(setting, context))
    }

    /// Whether the worker class comes from a variable, or the script that names it names another one besides, which acts
    /// on a setting: whoever runs it chooses between them, and the setting is for the other.
    fn has_a_choice(&self, setting: &Effective, context: &Context) -> bool {
        // What stands in one command with the class is for that class.
        if setting.winner.layer == Layer::CommandLine {
            return false;
        }
        let class = self.deployment.setting("worker_class").map(|class| &class.winner);
        // A class that is read from a variable is one that somebody may choose.
        if class.is_some_and(|class| !class.is_settled() || class.is_from_image(context.files)) {
            return true;
        }
        let version = self.deployment.version.version;
        let acts = |class: &&WorkerClass| !matches!(setting.setting.honoured_by(class, version), Honoured::No);
        self.deployment.other_classes.iter().any(acts)
    }

    /// Every setting that somebody changes and the worker class does not act on, those apart that have a
    /// rule of their own.
    pub(super) fn ineffective(&self, context: &Context) -> impl Iterator<Item = &Effective> {
        const ELSEWHERE: [&str; 4] = ["threads", "worker_connections", "keepalive", "statsd_host"];
        let names = self.deployment.settings.iter().map(|(name, _)| name);
        let others = names.filter(|name| !ELSEWHERE.contains(name) && !name.starts_with("statsd"));
        others.filter_map(move |name| self.useless(name, context)).filter(|setting| setting.changes())
    }

    /// Every setting that somebody changes and that does nothing, because none of the options is given which it needs:
    /// not here, and not by another that reads the same file.
    pub(super) fn without_need(&self, context: &Context) -> impl Iterator<Item = &Effective> {
        let has = |deployment: &Deployment, name: &String| {
            let setting = deployment.setting(name);
            let open = setting.is_some_and(|setting| setting.is_set() || !setting.winner.is_settled());
            open || deployment.others.iter().any(|(other, _)| other.replace('-', "_") == *name)
        };
        let shares = |place: Place| move |other: &&Deployment| other.reads(place.file);
        self.deployment.settings.iter().map(|(_, setting)| setting).filter(move |setting| {
            let needs = setting.setting.needs();
            let Some(place) = setting.place().filter(|_| !needs.is_empty() && setting.changes()) else { return false };
            let given = |deployment: &Deployment| needs.iter().any(|need| has(deployment, need));
            !given(self.deployment) && !context.deployments.iter().filter(shares(place)).any(given)
        })
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
            UnitKind::KubernetesContainer => deployment.surroundings.exposed.map_or(Reach::Network, Reach::Published),
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
