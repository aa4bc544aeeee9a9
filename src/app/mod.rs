//! What an application does: which interface it speaks, who handles requests, where its event loop stands still.
//!
//! Decides what can be read from the code alone. Which server runs it, with how many workers, and
//! whether any of this is a fault, is for the rules.

mod alike;
mod beginnings;
mod blocking;
#[cfg(test)]
mod cases;
mod developers;
mod dropped;
mod foreign;
mod guarded;
mod handed;
#[cfg(test)]
mod hostile_cases;
mod instructions;
mod instruments;
mod interpreter;
mod keepsakes;
mod known;
mod limits;
mod lines;
mod loops;
mod mentioned;
mod merging;
mod metrics;
mod mounted;
mod mounts;
mod nested;
mod orphans;
mod pools;
mod programs;
mod reach;
mod reached;
mod remarks;
mod repair;
mod route_classes;
mod settings;
#[cfg(test)]
mod settings_cases;
mod statement;
mod streams;
mod target;
#[cfg(test)]
mod target_cases;
mod tasks;
mod uncalled;
mod usual_names;
mod workload;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

pub use alike::{Basis, basis};
pub use beginnings::{Beginning, BeginningKind, Term};
pub use instructions::Instructions;
pub use instruments::{Instrument, Kind as InstrumentKind};
pub use keepsakes::{Keepsake, KeepsakeKind, Memory};
pub use metrics::FOLDER as METRICS_FOLDER;
pub use orphans::orphans;
pub use pools::ConnectionPool;
pub use programs::{Program, Runtime, Stall, programs};
pub use remarks::Remarks;
pub use statement::{Blocking, Destination, Held, Hop, Limit, LoopCall, Reached, Remedy, Stream};
pub use workload::{Evidence, Leaning, Workload, WorkloadKind};

pub use crate::python::catalogue::{Category, Gevent, Timeout, Weight};
use crate::python::deeds::{Deeds, whole_names};
use crate::python::effects::{Chain, Effects, Mark, Part};
use crate::python::frameworks::{self, Foreign, Found};
pub use crate::python::frameworks::{Calls, Context, Framework, Pool, Role};
use crate::python::modules::Start;
use crate::python::names::Bound;
use crate::python::syntax::Module;
use crate::python::types::{Project, Types};
use crate::source::{FileId, Files, Located, Place};
use crate::values::Order as _;

/// The application that a server is told to load.
#[derive(Debug, Clone)]
pub struct Application {
    /// As written for the server: `main:app`, `shop.app:create_app()`.
    pub target: String,
    /// Where the object, or the factory that makes it, is bound.
    pub place: Place,
    /// The call of a library that makes it, where a factory of the project does.
    pub made: Option<Place>,
    /// What a server has to speak to it.
    pub interface: Interface,
    /// What it is written with; of a wrapped application, the inner one.
    pub framework: Framework,
    /// Everything the framework calls, in the order of files and lines.
    pub handlers: Vec<Handler>,
    /// Where a call may stop the event loop, one entry per root cause: an
    /// `async` function, a category and a family of libraries. In the order of files and lines of the calls.
    pub blocking: Vec<Blocking>,
    /// What handlers call that takes time, wherever they run; in the order of files and lines.
    pub reached: Vec<Reached>,
    /// Calls of asyncio that plain handlers reach, off the loop that serves requests.
    pub loop_calls: Vec<LoopCall>,
    /// Calls that start a loop in code that one runs.
    pub nested_loops: Vec<LoopCall>,
    /// What requests spend their time on, as far as the code shows it.
    pub workload: Workload,
    /// Pools of connections to a database whose size is written down.
    pub connections: Vec<ConnectionPool>,
    /// Where the number of threads for plain handlers is changed, and to how many if that is known.
    pub tokens: Option<Located<Option<u32>>>,
    /// What the project calls to make a library yield to greenlets.
    pub cooperative: Vec<&'static str>,
    /// Applications and routers in its modules that it has nothing to do with, by the calls that make them.
    foreign: BTreeSet<(FileId, usize)>,
    /// Entry points that the project names and does not have.
    pub missing: Vec<String>,
    /// Where a web socket is accepted, if anywhere.
    pub websockets: Vec<Place>,
    /// Whether it bounds all waiting of the standard library's sockets as it is imported.
    pub bounds_sockets: bool,
    /// Where the project routes web sockets to consumers of Channels, whichever of its applications that is.
    pub channels: Option<Place>,
    /// What it does before the first request; in the order of files and lines.
    pub beginnings: Vec<Beginning>,
    /// What it keeps in its own process.
    pub keepsakes: Vec<Keepsake>,
    /// Responses that stay open, if any.
    pub streaming: Vec<Stream>,
    /// What it switches on besides answering requests.
    pub instruments: Vec<Instrument>,
    /// The first names of the modules that it imports and the project does not have.
    imports: BTreeSet<String>,
    /// Those of them that are imported as its own modules are.
    early: BTreeSet<String>,
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
    /// The path it answers, with what its router is mounted below, if the code tells it.
    pub route: Option<String>,
    /// Whether it answers GET, as far as the code tells.
    pub reads: bool,
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

/// The code of a project, whose facts are read once, for all of its applications, when the first is asked for.
#[derive(Debug)]
pub struct Code<'a> {
    files: &'a Files,
    modules: &'a BTreeMap<FileId, Module>,
    project: OnceLock<Project<'a>>,
    remarks: Option<Remarks<'a>>,
}

impl<'a> Code<'a> {
    /// The modules of a project.
    pub fn new(files: &'a Files, modules: &'a BTreeMap<FileId, Module>) -> Self {
        Self { files, modules, project: OnceLock::new(), remarks: None }
    }

    /// The same with what is said about some of its places.
    #[must_use]
    pub fn with_remarks(self, remarks: Remarks<'a>) -> Self {
        Self { remarks: Some(remarks), ..self }
    }

    fn project(&self) -> &Project<'a> {
        self.project.get_or_init(|| Project::new(self.files, self.modules))
    }
}

/// Which application a server is told to serve.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Asked {
    /// `package.module:attribute`, or a call in place of the attribute; of an object what is written.
    pub target: String,
    /// The expression that the server is handed, where it is handed an object.
    pub handed: Option<Place>,
    /// Whether the server calls what it is told.
    pub called: bool,
    /// Files that the process of the server has loaded besides, because it is started by a call in them.
    pub launched_by: Vec<FileId>,
    /// Where the server starts.
    pub start: Start,
    /// The module of Django's settings that its environment names.
    pub settings: Option<String>,
    /// The class of them that it names, for django-configurations.
    pub configuration: Option<String>,
}

impl Asked {
    /// An application by its name.
    pub fn by_name(target: &str, start: Start) -> Self {
        Self {
            target: target.to_owned(),
            handed: None,
            called: false,
            launched_by: Vec::new(),
            start,
            settings: None,
            configuration: None,
        }
    }

    /// The target, as a call if the server calls it.
    fn name(&self) -> Cow<'_, str> {
        let is_call = self.target.contains('(');
        if self.called && !is_call { format!("{}()", self.target).into() } else { self.target.as_str().into() }
    }
}

/// Analyses the application that `target` (`package.module:attribute`, or a call in place of the
/// attribute) names for a server started in `folder`, relative to the root of `files`.
///
/// `None` if the module or the attribute is not found in the project.
pub fn analyse(files: &Files, modules: &BTreeMap<FileId, Module>, target: &str, folder: &str) -> Option<Application> {
    analyse_as_told(&Code::new(files, modules), &Asked::by_name(target, folder.into()), &Instructions::default())
}

/// Like [`analyse`], with what the project says about its own code and about where things lie.
pub fn analyse_as_told(code: &Code<'_>, asked: &Asked, instructions: &Instructions) -> Option<Application> {
    instructions.catalogue.during(|| {
        let types = Types::new(code.project(), &asked.start);
        let mut object = match asked.handed {
            // Answers of one that knows all callers are none for an application that loads a part of them.
            Some(place) => handed::find(code.modules, &Types::new(code.project(), &asked.start), place, asked.called)?,
            None => target::find(&types, &asked.name())?,
        };
        object.load(&types, &asked.launched_by);
        types.configure(reach::configuration(&types, &object.modules, asked.configuration.as_deref()).as_deref());
        let loaded = reach::modules(&types, &object.modules, asked.settings.as_deref());
        Some(assemble(code, &types, &loaded, asked, &object, true, instructions))
    })
}

/// What there is to say about an application whose object is known, and which modules it loads.
fn assemble<'a>(
    code: &'a Code<'_>,
    types: &Types<'a>,
    loaded: &[u32],
    asked: &Asked,
    object: &target::Target,
    is_served: bool,
    instructions: &Instructions,
) -> Application {
    let &Code { files, modules, .. } = code;
    let named = asked.settings.as_deref();
    types.load(loaded);
    if is_served {
        types.serve(&object.modules);
    }
    // Of what nobody is known to serve, everything may be served.
    let mut foreign = if is_served { foreign::find(types, loaded, modules, object) } else { Foreign::default() };
    let uncalled = uncalled::uncalled(types, loaded, files, object);
    foreign.unread = mentioned::unread(types, loaded, modules, object, uncalled);
    (foreign.switched, foreign.prefixes) = mounts::find(types, loaded);
    let setting = frameworks::Setting {
        framework: object.framework,
        is_asgi: object.interface != Interface::Wsgi,
        callables: &object.callables,
        foreign: &foreign,
    };
    let mut found = frameworks::find(types, loaded, setting);
    // A package may hold an application for each of several frameworks; one of WSGI serves no handler of the others.
    if object.interface == Interface::Wsgi && object.framework.is_plain() {
        found.retain(|found| !found.framework.needs_loop());
    }
    let resolves_async = frameworks::resolves_async(types, loaded);
    for handler in &mut found {
        handler.context = served(types, handler, object, resolves_async);
    }
    let (told, missing) = instructions.entries(types);
    found.extend(told);
    let mut effects = Effects::new(types);
    let marks = instructions.marks(types, loaded);
    found.retain(|found| !matches!(marks.get(&found.frame.function), Some(Mark::Leave)));
    effects.mark(marks);
    let at_start = found.iter().filter(|found| found.context == Context::StartUp);
    effects.starts_with(at_start.map(|found| found.frame.function).collect());
    let mut nodes: Vec<usize> = found.iter().map(|found| effects.explore(found.frame)).collect();
    tasks::before_serving(&effects, &mut found, &nodes);
    tasks::left_running(&mut effects, loaded, &mut found, &mut nodes);
    let settings = settings::find(types, loaded, modules, object, named);
    let streaming = streams::find(&mut effects, loaded, modules, &foreign);
    let handlers: Vec<Handler> =
        found.iter().zip(&nodes).map(|(found, &node)| handler(&effects, found, node)).collect();
    let entries: Vec<_> = found
        .iter()
        .zip(&handlers)
        .zip(&nodes)
        .map(|((found, handler), &node)| {
            let on_loop = found.context == Context::Loop;
            blocking::Entry { found, handler, node, on_loop }
        })
        .collect();
    let websockets: Vec<Place> =
        handlers.iter().filter(|handler| handler.role == Role::WebSocket).map(|handler| handler.place).collect();
    let streams = streams::evidence(&streaming, &websockets);
    let chains = blocking::chains(&effects, &Part::default(), entries.iter());
    let reached = reached::reached(&effects, &entries, &chains);
    let back = blocking::back_from_threads(&mut effects, &entries);
    let all: Vec<&blocking::Entry<'_>> = entries.iter().chain(&back).collect();
    let chains = chains.into_iter().chain(blocking::chains(&effects, &Part::default(), back.iter())).collect();
    let blocking = blocked(code, &effects, &all, chains, object.framework);
    let loop_calls = loops::find(&effects, &entries, modules);
    let nested_loops = nested::find(&effects, &entries, modules);
    let beginnings = beginnings::find(types, &entries, object, files, modules);
    let of_loaded: Vec<FileId> = loaded.iter().map(|&index| types.facts_at(index).file).collect();
    let mut keepsakes = keepsakes::find(&of_loaded, files, modules);
    keepsakes.retain(|kept| settings.counts(kept.place));
    Application {
        target: asked.target.clone(),
        place: object.place,
        made: object.made,
        interface: object.interface,
        framework: object.framework,
        blocking,
        loop_calls,
        nested_loops,
        workload: reached::workload(&reached, streams),
        reached,
        connections: pools::connections(types, loaded, modules),
        // Only greenlets have to be yielded to, and only AnyIO's threads are counted in tokens.
        cooperative: if object.interface == Interface::Wsgi { cooperative(files, modules) } else { Vec::new() },
        tokens: matches!(object.framework, Framework::FastApi | Framework::Starlette)
            .then(|| pools::tokens(files, modules))
            .flatten(),
        handlers: in_order(handlers),
        foreign: foreign.objects.iter().map(|&(file, start)| (types.facts_at(file).file, start)).collect(),
        missing,
        beginnings,
        keepsakes,
        websockets,
        bounds_sockets: loaded.iter().any(|&index| {
            let file = types.facts_at(index).file;
            let mentions = files.get(file).text().contains("setdefaulttimeout");
            mentions
                && modules.get(&file).is_some_and(|module| Deeds::of(module).begins_with("socket.setdefaulttimeout"))
        }),
        channels: (object.framework == Framework::Django).then(|| channels(files, modules)).flatten(),
        streaming,
        instruments: instruments::find(types, loaded, files, modules, &foreign, &settings),
        imports: foreign_imports(types, loaded),
        early: early_imports(types, loaded),
    }
}

/// The blocking calls that handlers on the loop reach by `chains`, those of which something else is said told apart.
fn blocked(
    code: &Code<'_>,
    effects: &Effects<'_, '_>,
    entries: &[&blocking::Entry<'_>],
    chains: Vec<Vec<Chain>>,
    framework: Framework,
) -> Vec<Blocking> {
    let lacks_to_thread = interpreter::may_lack_to_thread(code.files);
    let sources = repair::Sources { files: code.files, modules: code.modules, lacks_to_thread };
    let of = |part: &Part, remarks, chains: &[Vec<Chain>]| {
        blocking::blocking(effects, (part, remarks), entries, chains, &sources, framework)
    };
    let parts = remarks::parts(effects, entries, code.remarks);
    if let [(whole, remarks)] = parts.as_slice() {
        return of(whole, *remarks, &chains);
    }
    drop(chains);
    let each = parts.iter().map(|(part, remarks)| {
        let chains = blocking::chains(effects, part, entries.iter().copied());
        of(part, *remarks, &chains)
    });
    let mut blocking: Vec<Blocking> = each.flatten().collect();
    blocking.order_by_key(|blocking| (blocking.call, blocking.category));
    blocking
}

/// What makes a library yield to greenlets: functions that are called for it, and packages that are imported.
const COOPERATIVE: [&str; 5] =
    ["psycogreen", "patch_psycopg", "make_psycopg_green", "init_gevent", "set_wait_callback"];

/// Those that a file of the project calls or imports, the configuration of its server included.
fn cooperative(files: &Files, modules: &BTreeMap<FileId, Module>) -> Vec<&'static str> {
    let does = |name: &&&str| {
        // What a text does not mention needs no second look.
        let mentions = modules.iter().filter(|(file, _)| files.get(**file).text().contains(**name));
        mentions.into_iter().any(|(_, module)| {
            let imported =
                || whole_names(module).into_values().any(|whole| whole.split('.').any(|part| part == **name));
            Deeds::of(module).calls(name) || imported()
        })
    };
    COOPERATIVE.iter().filter(does).copied().collect()
}

/// The call of the router that Channels has for protocols, outside of tests.
fn channels(files: &Files, modules: &BTreeMap<FileId, Module>) -> Option<Place> {
    const ROUTER: &str = "ProtocolTypeRouter";
    let mut mentioning = modules.iter().filter(|(file, _)| files.get(**file).text().contains(ROUTER));
    mentioning.find_map(|(&file, module)| {
        let deeds = Deeds::of(module);
        let call = deeds.calls.iter().find(|call| call.name == "channels.routing.ProtocolTypeRouter")?;
        Some(Place::new(file, call.span))
    })
}

/// The first names of modules that these import from elsewhere.
fn foreign_imports(types: &Types<'_>, loaded: &[u32]) -> BTreeSet<String> {
    let imports = loaded.iter().flat_map(|&index| {
        let facts = types.facts_at(index);
        facts.imports.iter().filter(|import| import.level == 0).map(move |import| (import.module, facts.file))
    });
    let foreign = imports.filter(|(module, file)| types.modules().find(module, Some(*file)).is_none());
    foreign.filter_map(|(module, _)| Some(module.split('.').next()?.to_owned())).collect()
}

/// What stands at the top of these modules, and not inside a function.
fn early_imports(types: &Types<'_>, loaded: &[u32]) -> BTreeSet<String> {
    let tops = loaded.iter().filter_map(|&index| types.facts_at(index).functions.first());
    let bound = tops.flat_map(|top| top.bindings.values().flatten());
    let modules = bound.filter_map(|binding| match binding.bound {
        Bound::Import { dotted, .. } => Some(dotted),
        Bound::From { level: 0, module, .. } => Some(module),
        _ => None,
    });
    modules.filter_map(|module| Some(module.split('.').next()?.to_owned())).collect()
}

impl Application {
    /// Whether the import of its modules imports one that the project does not have, by the first part of its name.
    pub fn starts_with(&self, module: &str) -> bool {
        self.imports.contains(module) && self.early.contains(module)
    }

    /// Whether it imports a module that the project does not have, by the first part of its name.
    pub fn imports(&self, module: &str) -> bool {
        self.imports.contains(module)
    }

    /// What its handlers spend their time on, in a word and in numbers of handlers.
    pub fn leaning(&self) -> Leaning {
        self.workload.leaning(self.handlers.len())
    }

    /// Whether the project makes a library yield to greenlets by calling `name`.
    pub fn makes_cooperative(&self, name: &str) -> bool {
        self.cooperative.contains(&name)
    }
}

fn in_order(mut handlers: Vec<Handler>) -> Vec<Handler> {
    handlers.order_by(|a, b| (a.place, &a.name).cmp(&(b.place, &b.name)));
    handlers.dedup();
    handlers
}

/// Where a handler runs once it is known how the application is served. These two run wherever the
/// application around them does; the others bring what they need along.
fn served(types: &Types<'_>, found: &Found, object: &target::Target, resolves_async: bool) -> Context {
    let is_async = types.function(found.frame.function).is_async;
    let resolves = found.framework == Framework::GraphQl;
    let adapts = resolves || found.framework == Framework::Django;
    match (found.context, object.interface) {
        // Under WSGI nothing shares a loop: each call of a coroutine function has its own.
        (Context::Loop, Interface::Wsgi) if adapts && is_async => Context::OwnLoop,
        (Context::Loop | Context::Thread(_), Interface::Wsgi) if adapts => Context::Worker,
        // Django's usual view of GraphQL is plain, and so is what it executes.
        (Context::Loop, _) if resolves && !is_async && object.framework == Framework::Django && !resolves_async => {
            Context::Thread(Pool::Request)
        }
        (context, _) => context,
    }
}

fn handler(effects: &Effects<'_, '_>, found: &Found, node: usize) -> Handler {
    let types = effects.types();
    let function = types.function(found.function);
    // An `async` wrapper that does not call the plain function inside hands it to a thread.
    let wraps = types.function(found.frame.function).is_async && !function.is_async;
    let moves = wraps && found.context == Context::Loop && !effects.leads_to(node, found.function);
    Handler {
        name: function.qualified.clone(),
        place: types.place_of(found.function),
        kind: if function.is_async { HandlerKind::Async } else { HandlerKind::Sync },
        role: found.role,
        route: found.route.clone(),
        reads: found.reads,
        runs: if moves { Context::Thread(Pool::Executor) } else { found.context },
    }
}
