//! What an application does: which interface it speaks, who handles requests, where its event loop stands still.
//!
//! Decides what can be read from the code alone. Which server runs it, with how many workers, and
//! whether any of this is a fault, is for the rules.

mod blocking;
#[cfg(test)]
mod cases;
#[cfg(test)]
mod hostile_cases;
mod known;
mod orphans;
mod reach;
mod streams;
mod target;
#[cfg(test)]
mod target_cases;
mod tasks;

use std::collections::BTreeMap;

pub use orphans::orphans;

use crate::findings::Confidence;
pub use crate::python::catalogue::{Category, Weight};
use crate::python::effects::Effects;
use crate::python::frameworks::{self, Found};
pub use crate::python::frameworks::{Context, Role};
use crate::python::syntax::Module;
use crate::python::types::Types;
use crate::source::{FileId, Files, Place};

/// The application that a server is told to load.
#[derive(Debug, Clone)]
pub struct Application {
    /// As written for the server: `main:app`, `shop.app:create_app()`.
    pub target: String,
    /// Where the object, or the factory that makes it, is bound.
    pub place: Place,
    /// What a server has to speak to it.
    pub interface: Interface,
    /// What it is written with; of a wrapped application, the inner one.
    pub framework: Framework,
    /// Everything the framework calls, in the order of files and lines.
    pub handlers: Vec<Handler>,
    /// Where a call may stop the event loop, one entry per root cause: an
    /// `async` function and a category. In the order of files and lines of the calls.
    pub blocking: Vec<Blocking>,
    /// What requests spend their time on, as far as the code shows it.
    pub workload: Workload,
    /// Where a web socket is accepted, if anywhere.
    pub websockets: Vec<Place>,
    /// Where a response is streamed, if anywhere.
    pub streaming: Vec<Place>,
}

/// What a server has to speak to an application.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Interface {
    /// `await app(scope, receive, send)`.
    Asgi,
    /// `app(environ, start_response)`.
    Wsgi,
    /// Both; either kind of server runs it.
    Both,
    /// Neither: only the named server, or a worker class of its own, runs it.
    Own(&'static str),
    /// The code does not show it.
    Unknown,
}

/// What an application is written with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "each variant is the name of a framework")]
pub enum Framework {
    FastApi,
    Starlette,
    Flask,
    Django,
    Quart,
    Litestar,
    Sanic,
    Aiohttp,
    Tornado,
    Falcon,
    Bottle,
    Pyramid,
    BlackSheep,
    /// An application object without any framework that is known.
    Raw,
    /// The code does not show it.
    Unknown,
}

impl Framework {
    /// The name as its authors write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::FastApi => "FastAPI",
            Self::Starlette => "Starlette",
            Self::Flask => "Flask",
            Self::Django => "Django",
            Self::Quart => "Quart",
            Self::Litestar => "Litestar",
            Self::Sanic => "Sanic",
            Self::Aiohttp => "aiohttp",
            Self::Tornado => "Tornado",
            Self::Falcon => "Falcon",
            Self::Bottle => "Bottle",
            Self::Pyramid => "Pyramid",
            Self::BlackSheep => "BlackSheep",
            Self::Raw => "no framework",
            Self::Unknown => "unknown framework",
        }
    }
}

/// Something the framework calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handler {
    /// Its qualified name inside its module: `quote`, `Quotes.get`.
    pub name: String,
    /// Its name, where it is defined.
    pub place: Place,
    /// How it is defined.
    pub kind: HandlerKind,
    /// What it is for.
    pub role: Role,
    /// The path it answers, if it is written literally next to it.
    pub route: Option<String>,
    /// Where the framework runs it, given the interface of the application.
    pub runs: Context,
}

/// How a handler is defined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HandlerKind {
    /// `async def`.
    Async,
    /// `def`.
    Sync,
}

/// A place where the event loop may stand still.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blocking {
    /// The blocking call itself.
    pub call: Place,
    /// What is called, by its public name: `requests.get`, `sqlalchemy.orm.Session.execute`.
    pub what: String,
    /// What it waits for.
    pub category: Category,
    /// How long it may take.
    pub weight: Weight,
    /// Further calls of the same category that the function around `anchor` leads to.
    pub more: Vec<Place>,
    /// The call in the last `async` frame, where the loop is left waiting; `call` itself when `direct`.
    pub anchor: Place,
    /// From the handler to the function that holds `call`; the shortest way there is.
    pub chain: Vec<Hop>,
    /// Whether the call stands in an `async def`.
    pub direct: bool,
    /// Who reaches it or one of `more`: name and place of its definition, in the order of files and
    /// lines.
    pub handlers: Vec<(String, Place)>,
    /// What those are for; the most consequential role first.
    pub roles: Vec<Role>,
    /// What settles it.
    pub remedy: Remedy,
    /// How sure it is that the call is made on the loop.
    pub certainty: Confidence,
}

/// One function on the way from a handler to a blocking call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hop {
    /// The call in it that leads on.
    pub place: Place,
    /// Its qualified name.
    pub function: String,
    /// Whether it is an `async def`.
    pub is_async: bool,
}

/// What settles a blocking call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remedy {
    /// What to do, as a clause.
    pub text: String,
    /// The asynchronous counterpart of what is called.
    pub async_twin: Option<String>,
    /// Whether taking `async` away from the only frame is enough: it awaits nothing and the framework
    /// runs plain functions in threads.
    pub drop_async: bool,
}

/// What requests spend their time on, as far as the code shows it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Workload {
    /// Calls that wait for something outside the process, at most one per library and function.
    pub waits: Vec<Evidence>,
    /// Calls that compute.
    pub computes: Vec<Evidence>,
    /// Responses that stay open: streams and web sockets.
    pub streams: Vec<Evidence>,
}

/// A call that says something about the workload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// What is called.
    pub what: String,
    /// Where.
    pub place: Place,
    /// What it waits for or works on.
    pub category: Category,
}

/// What kind of work dominates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WorkloadKind {
    /// Waiting.
    Io,
    /// Computing.
    Cpu,
    /// Both.
    Mixed,
    /// Connections stay open.
    Stream,
    /// The code does not show it.
    Unknown,
}

impl Workload {
    /// The kind that the evidence speaks for.
    pub fn kind(&self) -> WorkloadKind {
        match (self.waits.is_empty(), self.computes.is_empty(), self.streams.is_empty()) {
            (_, _, false) => WorkloadKind::Stream,
            (false, false, true) => WorkloadKind::Mixed,
            (false, true, true) => WorkloadKind::Io,
            (true, false, true) => WorkloadKind::Cpu,
            (true, true, true) => WorkloadKind::Unknown,
        }
    }
}

/// Analyses the application that `target` (`package.module:attribute`, or a call in place of the
/// attribute) names for a server started in `folder`, relative to the root of `files`.
///
/// `None` if the module or the attribute is not found in the project.
pub fn analyse(files: &Files, modules: &BTreeMap<FileId, Module>, target: &str, folder: &str) -> Option<Application> {
    let types = Types::new(files, modules, folder);
    let object = target::find(&types, target)?;
    let loaded = reach::modules(&types, object.module);
    types.load(&loaded);
    let mut found = frameworks::find(&types, &loaded);
    for handler in &mut found {
        handler.context = served(handler.context, object.interface, object.framework);
    }
    let mut effects = Effects::new(&types);
    let mut nodes: Vec<usize> = found.iter().map(|found| effects.explore(found.frame)).collect();
    tasks::left_running(&mut effects, &mut found, &mut nodes);
    let handlers: Vec<Handler> = found.iter().map(|found| handler(&types, found)).collect();
    let entries: Vec<_> = found
        .iter()
        .zip(&handlers)
        .zip(&nodes)
        .map(|((found, handler), &node)| blocking::Entry { found, handler, node })
        .collect();
    let websockets: Vec<Place> =
        handlers.iter().filter(|handler| handler.role == Role::WebSocket).map(|handler| handler.place).collect();
    let streaming = streams::find(&types, &loaded);
    let streams = streams::evidence(&streaming, &websockets);
    Some(Application {
        target: target.to_owned(),
        place: object.place,
        interface: object.interface,
        framework: object.framework,
        blocking: blocking::blocking(&effects, &entries, object.framework),
        workload: blocking::workload(&effects, &entries, streams),
        handlers: in_order(handlers),
        websockets,
        streaming,
    })
}

fn in_order(mut handlers: Vec<Handler>) -> Vec<Handler> {
    handlers.sort_by(|a, b| (a.place, &a.name).cmp(&(b.place, &b.name)));
    handlers.dedup();
    handlers
}

/// Where a handler runs once it is known how the application is served.
fn served(context: Context, interface: Interface, framework: Framework) -> Context {
    match (context, interface, framework) {
        // Under WSGI nothing shares a loop: each call of an `async` view has its own.
        (Context::Loop, Interface::Wsgi, Framework::Django) => Context::OwnLoop,
        (Context::Pool, Interface::Wsgi, Framework::Django) => Context::Worker,
        _ => context,
    }
}

fn handler(types: &Types<'_>, found: &Found) -> Handler {
    let function = types.function(found.frame.function);
    Handler {
        name: function.qualified.clone(),
        place: types.place_of(found.frame.function),
        kind: if function.is_async { HandlerKind::Async } else { HandlerKind::Sync },
        role: found.role,
        route: found.route.clone(),
        runs: found.context,
    }
}
