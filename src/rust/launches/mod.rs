//! What a program serves, and on which runtime: the configuration of a web server that is written in Rust.
//!
//! Decides which servers `main` starts in the functions that it reaches by name, what their builders are told, and
//! whether they finish requests when they are stopped. A server that a value of another function starts, or a macro,
//! is not found; what a builder is told under a condition is unknown.

mod chain;
mod constant;
mod pools;

use std::collections::BTreeSet;

pub use constant::Constant;
pub use pools::Pool;

use super::Workspace;
use super::names::Meaning;
use super::packages::{Package, TargetKind};
use super::syntax::{Attribute, Expression, Path};
use crate::source::{FileId, Place, Span};
use crate::values::HashMap;
use chain::{Chain, Link, Walk};

/// A program of the project that serves.
#[derive(Debug, Clone)]
pub struct Program {
    /// The number of its crate.
    pub of: usize,
    /// Its name, as its file is called.
    pub name: String,
    /// Where it begins: `main`, or what Rocket launches.
    pub place: Place,
    /// The runtimes that it starts; none where a library starts one for it.
    pub runtimes: Vec<Runtime>,
    /// What it serves with, at least one.
    pub servers: Vec<Serving>,
    /// The connections to databases that it keeps.
    pub pools: Vec<Pool>,
}

/// An executor of futures.
#[derive(Debug, Clone)]
pub struct Runtime {
    /// Where it is asked for.
    pub place: Place,
    /// Whether one thread runs everything; `None` where that is not known.
    pub is_single: Option<bool>,
    /// What it is told.
    pub settings: Vec<Told>,
}

/// A server that the program starts.
#[derive(Debug, Clone)]
pub struct Serving {
    /// What serves.
    pub framework: Framework,
    /// Where it is made.
    pub place: Place,
    /// What it is told.
    pub settings: Vec<Told>,
    /// Where it listens.
    pub address: Option<Told>,
    /// What it does when it is asked to stop.
    pub graceful: Graceful,
    /// The call of `axum::serve`, behind which it can be told when to stop.
    pub served: Option<Place>,
    /// Whether the program makes a configuration of its own, so that nothing is known of its settings.
    pub is_open: bool,
}

/// A setting by the name of its method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The name.
    pub name: String,
    /// Where the value stands.
    pub place: Place,
    /// The value; `None` where the text does not tell it.
    pub value: Option<Constant>,
    /// All that says so, and can be taken out: `.workers(8)`, `, worker_threads = 8`.
    pub call: Option<Place>,
}

/// What serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "names")]
pub enum Framework {
    ActixWeb,
    Axum,
    Hyper,
    Poem,
    Rocket,
    Salvo,
    Tonic,
    Warp,
}

/// What becomes of open requests when a program is asked to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Graceful {
    /// The server listens for the signal by itself.
    BuiltIn,
    /// It is told when to finish.
    Told(Place),
    /// Nobody tells it, and nothing that the program does waits for a signal.
    Absent,
    /// Not known.
    Unknown,
}

/// The calls that make a server, by the whole name of what is called.
const BEGINNINGS: [(&str, Framework); 18] = [
    ("actix_web::HttpServer::new", Framework::ActixWeb),
    ("axum::serve", Framework::Axum),
    ("axum::Server::bind", Framework::Axum),
    ("axum_server::bind", Framework::Axum),
    ("axum_server::bind_rustls", Framework::Axum),
    ("axum_server::from_tcp", Framework::Axum),
    ("hyper::Server::bind", Framework::Hyper),
    ("hyper::server::Server::bind", Framework::Hyper),
    ("hyper::server::conn::http1::Builder::new", Framework::Hyper),
    ("hyper::server::conn::http2::Builder::new", Framework::Hyper),
    ("hyper_util::server::conn::auto::Builder::new", Framework::Hyper),
    ("poem::Server::new", Framework::Poem),
    ("rocket::build", Framework::Rocket),
    ("rocket::custom", Framework::Rocket),
    ("salvo::Server::new", Framework::Salvo),
    ("salvo::prelude::Server::new", Framework::Salvo),
    ("tonic::transport::Server::builder", Framework::Tonic),
    ("warp::serve", Framework::Warp),
];

/// The methods of builders that take a setting: of actix-web 4.18, poem 3.1, tonic 0.14, tokio 1.54, and of pools. The
/// others hand over what is served, or come behind a result.
const SETTINGS: [&str; 17] = [
    "backlog",
    "client_disconnect_timeout",
    "client_request_timeout",
    "concurrency_limit_per_connection",
    "idle_timeout",
    "keep_alive",
    "max_blocking_threads",
    "max_concurrent_streams",
    "max_connection_age",
    "max_connection_rate",
    "max_connections",
    "max_size",
    "shutdown_timeout",
    "timeout",
    "worker_max_blocking_threads",
    "worker_threads",
    "workers",
];

/// The methods that take an address, which is a setting where it is plain.
const LISTENING: [&str; 4] = ["bind", "bind_auto_h2c", "run", "serve"];

/// What makes a listener of an address.
const LISTENERS: [&str; 6] = [
    "tokio::net::TcpListener::bind",
    "std::net::TcpListener::bind",
    "poem::listener::TcpListener::bind",
    "salvo::conn::TcpListener::new",
    "salvo::prelude::TcpListener::new",
    "salvo::TcpListener::new",
];

impl Framework {
    /// Its name, which is that of its package.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ActixWeb => "actix-web",
            Self::Axum => "axum",
            Self::Hyper => "hyper",
            Self::Poem => "poem",
            Self::Rocket => "rocket",
            Self::Salvo => "salvo",
            Self::Tonic => "tonic",
            Self::Warp => "warp",
        }
    }

    /// Whether it listens for signals by itself, unless it is told not to.
    const fn hears_signals(self) -> bool {
        matches!(self, Self::ActixWeb | Self::Rocket)
    }
}

impl Told {
    /// The whole number that it is told.
    pub fn count(&self) -> Option<u64> {
        match self.value {
            Some(Constant::Count(count)) => Some(count),
            _ => None,
        }
    }
}

/// The programs of a project that serve, in the order of its crates.
pub fn programs(workspace: &Workspace) -> Vec<Program> {
    let packages = BEGINNINGS.iter().filter_map(|(name, _)| name.split("::").next()).map(|name| name.replace('_', "-"));
    let packages: BTreeSet<String> = packages.collect();
    let serves = |package: &Package| packages.iter().any(|name| package.dependency(name).is_some());
    if !workspace.packages.iter().any(serves) {
        return Vec::new();
    }
    let mut methods: HashMap<&str, Option<usize>> = HashMap::default();
    for (at, function) in workspace.functions.iter().enumerate().filter(|(_, one)| one.implementation.is_some()) {
        methods.entry(&function.item.name).and_modify(|known| *known = None).or_insert(Some(at));
    }
    let mut roots: HashMap<usize, Vec<usize>> = HashMap::default();
    let crates = || workspace.crates.iter().enumerate();
    let programs = || crates().filter(|(_, one)| one.kind == TargetKind::Program && one.root != usize::MAX);
    roots.extend(programs().map(|(_, one)| (one.root, Vec::new())));
    for (at, function) in workspace.functions.iter().enumerate() {
        if let Some(functions) = roots.get_mut(&function.module) {
            functions.push(at);
        }
    }
    programs().filter_map(|(of, one)| Reached::from(workspace, &roots[&one.root], &methods).program(of)).collect()
}

/// All that the functions do which a program reaches.
struct Reached<'w> {
    workspace: &'w Workspace,
    /// Where the program begins.
    begins: Option<Place>,
    bodies: Vec<(usize, Walk<'w>)>,
}

impl<'w> Reached<'w> {
    /// From one of the functions of the first module on; `methods` are those of the project by name, `None` where several
    /// have it.
    fn from(workspace: &'w Workspace, root: &[usize], methods: &HashMap<&str, Option<usize>>) -> Self {
        let is_first = |attribute: &Attribute| attribute.last() == "launch";
        let begins = |at: &usize| {
            let function = &workspace.functions[*at];
            let is_free = function.implementation.is_none() && function.of_trait.is_none();
            let item = &function.item;
            is_free && (item.name == "main" || item.attributes.iter().any(is_first))
        };
        let mut open: Vec<usize> = root.iter().copied().filter(begins).collect();
        // Rocket makes the `main` around what it launches.
        let first = open.iter().min_by_key(|at| workspace.functions[**at].item.name == "main").copied();
        let begins = first.map(|at| {
            let function = &workspace.functions[at];
            Place::new(workspace.modules[function.module].file, function.item.span)
        });
        let (mut seen, mut bodies) = (BTreeSet::new(), Vec::new());
        while let Some(at) = open.pop() {
            if !seen.insert(at) {
                continue;
            }
            let Some(body) = &workspace.functions[at].item.body else { continue };
            let walk = Walk::of(body);
            open.extend(walk.paths.iter().flat_map(|path| called(workspace, at, path)));
            open.extend(walk.methods.iter().filter_map(|method| *methods.get(&*method.name)?));
            bodies.push((at, walk));
        }
        bodies.sort_by_key(|(at, _)| *at);
        Self { workspace, begins, bodies }
    }

    fn program(&self, of: usize) -> Option<Program> {
        let hears = self.hears_signals();
        let (mut servers, mut runtimes) = (Vec::new(), Vec::new());
        for (at, walk) in &self.bodies {
            let attributes = &self.workspace.functions[*at].item.attributes;
            runtimes.extend(attributes.iter().filter_map(|attribute| self.asked_above(*at, attribute)));
            for chain in &walk.chains {
                let Some(name) = self.library(*at, chain.path) else { continue };
                if let Some((_, framework)) = BEGINNINGS.iter().find(|(beginning, _)| *beginning == name) {
                    servers.push(self.serving(*at, walk, chain, *framework, hears));
                } else if let Some(kind) = name.strip_prefix("tokio::runtime::Builder::new_") {
                    let settings = self.told(*at, walk, chain);
                    let is_single = Some(kind == "current_thread");
                    runtimes.push(Runtime { place: self.place(*at, chain.span), is_single, settings });
                }
            }
        }
        let place = self.begins?;
        let own = &self.workspace.crates[of];
        // The file of a program is called as its package is, dashes included.
        let package = &self.workspace.packages[own.package].name;
        let name = if package.replace('-', "_") == own.name { package } else { &own.name };
        let servers = together(servers);
        (!servers.is_empty()).then(|| Program { of, name: name.clone(), place, runtimes, servers, pools: self.pools() })
    }

    fn serving(
        &self,
        at: usize,
        walk: &Walk<'w>,
        chain: &Chain<'w>,
        framework: Framework,
        hears_signals: bool,
    ) -> Serving {
        let stopping = chain.methods.iter().map(|link| link.method).find(|method| {
            // Who takes a handle stops it with that.
            let stops = ["graceful", "shutdown", "handle"].iter().any(|word| method.name.contains(word));
            !framework.hears_signals() && stops
        });
        let is_deaf = chain.methods.iter().any(|link| link.method.name == "disable_signals");
        let graceful = match stopping {
            Some(method) => Graceful::Told(self.place(at, method.span)),
            None if framework.hears_signals() && !is_deaf => Graceful::BuiltIn,
            // Whoever does not wait for it right here may stop it elsewhere.
            None if chain.is_awaited && !hears_signals && !is_deaf => Graceful::Absent,
            None => Graceful::Unknown,
        };
        let settings = self.told(at, walk, chain);
        let address = match framework {
            Framework::Axum if chain.path.last() == "serve" => self.listener(at, walk, chain),
            Framework::Axum | Framework::Hyper if chain.path.last().starts_with("bind") => {
                chain.arguments.first().map(|value| self.address(at, walk, value))
            }
            Framework::Axum | Framework::Hyper => None,
            Framework::Poem | Framework::Salvo => self.listener(at, walk, chain),
            _ => settings.iter().find(|told| LISTENING.contains(&&*told.name)).cloned(),
        };
        let served = (chain.path.last() == "serve").then(|| self.place(at, chain.span));
        let is_open = framework == Framework::Rocket && chain.path.last() == "custom";
        Serving { framework, place: self.place(at, chain.span), settings, address, graceful, served, is_open }
    }

    /// Where the listener that a server is handed was bound.
    fn listener(&self, at: usize, walk: &Walk<'w>, chain: &Chain<'w>) -> Option<Told> {
        let origin = walk.origin(chain.arguments.first()?)?;
        if !LISTENERS.contains(&&*self.library(at, origin.path)?) {
            return None;
        }
        Some(self.address(at, walk, origin.arguments.first()?))
    }

    fn address(&self, at: usize, walk: &Walk<'w>, written: &'w Expression) -> Told {
        let value = constant::of(self.workspace, self.module(at), walk.bound_to(written));
        let value = value.filter(|value| matches!(value, Constant::Address(..)));
        Told { name: "bind".to_owned(), place: self.place(at, written.span), value, call: None }
    }

    /// What a builder is told by methods that take one value. Of what it is told twice, or perhaps, nothing is known.
    fn told(&self, at: usize, walk: &Walk<'w>, chain: &Chain<'w>) -> Vec<Told> {
        let mut told: Vec<Told> = Vec::new();
        for Link { method, span, is_optional } in &chain.methods {
            let [argument] = &method.arguments[..] else { continue };
            let value = constant::of(self.workspace, self.module(at), walk.bound_to(argument)).filter(|_| !is_optional);
            let listens = LISTENING.contains(&&*method.name) && matches!(value, Some(Constant::Address(..)));
            if !listens && !SETTINGS.contains(&&*method.name) {
                continue;
            }
            let place = self.place(at, argument.span);
            match told.iter_mut().find(|known| known.name == method.name) {
                Some(known) => known.value = None,
                None => told.push(Told {
                    name: method.name.clone(),
                    place,
                    value,
                    call: Some(self.place(at, Span::new(method.receiver.span.end, span.end))),
                }),
            }
        }
        told.sort_by_key(|told| told.place);
        told
    }

    /// The runtime that an attribute puts around a function.
    fn asked_above(&self, at: usize, attribute: &Attribute) -> Option<Runtime> {
        let meanings = self.workspace.meanings_of(self.module(at), &attribute.path);
        let [Meaning::Library(name)] = &meanings[..] else { return None };
        let item = &self.workspace.functions[at].item;
        let is_single = match name.as_str() {
            "tokio::main" => match value_of(attribute, "flavor") {
                Some(("current_thread" | "local", ..)) => Some(true),
                None | Some(("multi_thread", ..)) => Some(false),
                Some(_) => None,
            },
            // Each worker of Actix has a thread of its own, and this is the one that they are started from.
            "actix_web::main" | "actix_rt::main" => Some(true),
            "rocket::main" | "rocket::launch" => Some(false),
            _ => return None,
        };
        let threads = value_of(attribute, "worker_threads").map(|(count, span, whole)| Told {
            name: "worker_threads".to_owned(),
            place: self.place(at, span),
            value: count.replace('_', "").parse().ok().map(Constant::Count),
            call: Some(self.place(at, whole)),
        });
        Some(Runtime { place: self.place(at, item.span), is_single, settings: threads.into_iter().collect() })
    }

    /// Whether anything that is reached speaks of signals, or of a library for them.
    fn hears_signals(&self) -> bool {
        let is_signal = |segment: &String| {
            let segment = segment.to_ascii_lowercase();
            segment.contains("signal") || segment.contains("ctrl") || segment.contains("shutdown")
        };
        let speaks = |at: usize, path: &Path| {
            let name = self.library(at, path).unwrap_or_default();
            path.segments.iter().any(is_signal) || is_signal(&name)
        };
        self.bodies.iter().any(|(at, walk)| walk.paths.iter().any(|path| speaks(*at, path)))
    }

    fn module(&self, at: usize) -> usize {
        self.workspace.functions[at].module
    }

    fn place(&self, at: usize, span: Span) -> Place {
        let file: FileId = self.workspace.modules[self.module(at)].file;
        Place::new(file, span)
    }

    /// The whole name of something of a library.
    fn library(&self, at: usize, path: &Path) -> Option<String> {
        match &self.workspace.meanings(self.module(at), path)[..] {
            [Meaning::Library(name)] => Some(name.clone()),
            _ => None,
        }
    }
}

/// One server of each kind: what several are told alike is known. The connections of hyper beside another server carry
/// that.
fn together(servers: Vec<Serving>) -> Vec<Serving> {
    let mut all: Vec<Serving> = Vec::new();
    for server in servers {
        let Some(known) = all.iter_mut().find(|known| known.framework == server.framework) else {
            all.push(server);
            continue;
        };
        let same = |one: &Told, others: &[Told]| {
            others.iter().any(|other| other.name == one.name && other.value.is_some() && other.value == one.value)
        };
        let differs = known.address.as_ref().map(|one| &one.value) != server.address.as_ref().map(|one| &one.value);
        for told in known.settings.iter_mut().filter(|told| !same(told, &server.settings)) {
            told.value = None;
        }
        let further = server.settings.into_iter().filter(|told| known.settings.iter().all(|one| one.name != told.name));
        let further: Vec<Told> = further.map(|told| Told { value: None, call: None, ..told }).collect();
        known.settings.extend(further);
        if let Some(address) = known.address.as_mut().or(server.address.clone().as_mut()).filter(|_| differs) {
            address.value = None;
            known.address = Some(address.clone());
        }
        let alike = std::mem::discriminant(&known.graceful) == std::mem::discriminant(&server.graceful);
        known.graceful = if alike { known.graceful } else { Graceful::Unknown };
        (known.served, known.is_open) = (None, known.is_open || server.is_open);
    }
    if all.iter().any(|server| server.framework != Framework::Hyper) {
        all.retain(|server| server.framework != Framework::Hyper);
    }
    all
}

/// What stands behind a word of an attribute, where, and where both stand.
fn value_of<'a>(attribute: &'a Attribute, name: &str) -> Option<(&'a str, Span, Span)> {
    let at = attribute.words.iter().position(|word| word == name)?;
    let (named, value) = (attribute.spans.get(at)?, *attribute.spans.get(at + 1)?);
    Some((attribute.words.get(at + 1)?, value, Span::new(named.start, value.end)))
}

/// The functions of the project that a path in the body of another one means.
fn called(workspace: &Workspace, at: usize, path: &Path) -> Vec<usize> {
    let function = &workspace.functions[at];
    if let ([own, name], Some(block)) = (&path.segments[..], function.implementation)
        && own == "Self"
    {
        let methods = workspace.implementations[block].2.iter().copied();
        return methods.filter(|method| workspace.functions[*method].item.name == *name).collect();
    }
    let meanings = workspace.meanings(function.module, path).into_iter();
    let functions = meanings.filter_map(|meaning| match meaning {
        Meaning::Function(at) => Some(at),
        _ => None,
    });
    functions.collect()
}

#[cfg(test)]
mod tests;
