//! From a deployment to what the sizing model wants to know, and from its answer to edits.
//!
//! Decides which of several statements about cores, memory and workload counts, and how sure it is.
//! The formulas are `sizing`'s.

mod alias;
mod around;
mod changes;
mod formula;
mod insert;
mod limits;
mod master;
mod memory;
mod portable;
mod runtime;
mod seen;
mod shared;
mod single;
mod stated;
mod stopping;
mod timing;

pub use around::{Around, Bound, graceful, keeps_idle};
pub use changes::{Change, Changes, GROUP, Manner, Refusal, changes};
pub use insert::makes_image;
pub use shared::reconcile;
pub use single::hold;
pub use stated::Stated;
pub use stopping::longer;

use crate::app::{Application, Context, Interface, Pool, WorkloadKind};
use crate::deployment::{Deployment, Effective, LARGE_NODE, Resolved, UnitKind};
use crate::findings::Confidence;
use crate::host::Host;
use crate::servers::{Interface as Speaks, Model, Server};
use crate::sizing::capacity::Rate;
use crate::sizing::{
    Chain, Class, Configured, Database, Inputs, Known, Margins, Misfit, Timer, WorkerMemory, Workload,
};
use crate::source::{Files, Place};
use crate::values::{Bytes, Cpus, Seconds, Value};

/// What the user states about production, by flags or settings.
#[derive(Debug, Clone, Default)]
pub struct Declared {
    /// Cores that one copy of the service may use.
    pub cpus: Option<Known<Cpus>>,
    /// Memory that one copy of the service may use.
    pub memory: Option<Known<Bytes>>,
    /// Cores of that for side-cars and other things under the same limit.
    pub reserved_cpus: Option<Known<Cpus>>,
    /// Memory of that for side-cars and other things under the same limit.
    pub reserved_memory: Option<Known<Bytes>>,
    /// Time of one request on an idle server.
    pub request_time: Option<Known<Seconds>>,
    /// Processor time of one request.
    pub cpu_time: Option<Known<Seconds>>,
    /// Requests in flight together at the peak, over all copies.
    pub concurrency: Option<Known<u32>>,
    /// What requests do.
    pub workload: Option<Known<Workload>>,
    /// Share of a request that waits.
    pub blocking_fraction: Option<Known<f64>>,
    /// Memory of one worker.
    pub worker_memory: Option<Known<WorkerMemory>>,
}

/// Who is asked for what files do not say.
#[derive(Debug, Clone, Copy)]
pub struct Sources<'a> {
    /// What the user states about the size of production.
    pub declared: &'a Declared,
    /// What else the user states about it.
    pub stated: &'a Stated,
    /// The machine, for limits that neither the user nor a file states. A check leaves it out: the
    /// machine that checks is rarely the one that serves.
    pub host: Option<&'a Host>,
    /// What to leave between clocks.
    pub margins: Margins,
    /// The texts, for places.
    pub files: &'a Files,
}

/// What is known about the size of `deployment`; `None` where it is unknown how it serves requests.
pub fn inputs(deployment: &Deployment, application: Option<&Application>, sources: Sources<'_>) -> Option<Inputs> {
    let Sources { declared, stated, files, .. } = sources;
    let mut inputs = Inputs::new(deployment.server.as_str(), class(deployment, application, files)?);
    inputs.misfit = misfit(deployment, application, files);
    inputs.called = deployment
        .class
        .map(crate::servers::WorkerClass::name)
        .filter(|name| runs_as_another(name, inputs.class.value));
    limits::fill(&mut inputs, deployment, sources);
    if deployment.server == Server::Daphne {
        // It serves in its only process.
        inputs.master = Bytes(0);
    }
    inputs.workload = declared.workload.clone().or_else(|| inferred(application?));
    inputs.blocking_fraction.clone_from(&declared.blocking_fraction);
    inputs.per_worker = declared.worker_memory.clone().or_else(|| memory::estimated(application?));
    inputs.service_time.clone_from(&declared.request_time);
    inputs.cpu_time.clone_from(&declared.cpu_time);
    inputs.demand.rate =
        stated.request_rate.as_ref().map(|rate| Known::new(Rate(rate.value), rate.source.clone(), rate.confidence));
    inputs.demand.latency = stated
        .latency
        .as_ref()
        .map(|latency| Known::new(Seconds(latency.value), latency.source.clone(), latency.confidence));
    inputs.database = database(application, stated, files);
    inputs.asks_database = application
        .is_some_and(|application| !application.connections.is_empty() || application.workload.asks_database());
    inputs.sync_handlers = application.is_some_and(|application| {
        application.interface == Interface::Asgi
            && application.handlers.iter().any(|handler| handler.runs == Context::Thread(Pool::AnyIo))
    });
    inputs.loop_handlers =
        application.is_some_and(|application| application.handlers.iter().any(|handler| handler.runs == Context::Loop));
    inputs.thread_tokens = application.and_then(|application| {
        let tokens = application.tokens.as_ref()?;
        Some(Known::certain(tokens.value?, files.describe(tokens.place)))
    });
    inputs.evidence = application.map_or_else(Vec::new, |application| seen::lines(application, files));
    inputs.all_in_threads = deployment.server == Server::Hypercorn
        && application.is_some_and(|application| application.interface == Interface::Wsgi);
    if inputs.all_in_threads {
        inputs.evidence.extend(seen::beside(deployment));
    }
    inputs.models = application.and_then(memory::models);
    inputs.recycles = deployment.int("max_requests").is_some_and(|n| n > 0);
    let cores = inputs.cpus.as_ref().map(|cpus| cpus.value);
    let number = |name: &str| configured(deployment, name, cores, files);
    // A default that the server ignores, or works out by itself, needs no word.
    let chosen = |name: &str| number(name).filter(|_| deployment.setting(name).is_some_and(Effective::is_set));
    let others = ["backpressure", "runtime_threads", "cheaper", "limit_concurrency"];
    inputs.configured = Configured {
        workers: inputs.workers_setting().and_then(number),
        threads: number(inputs.threads_setting()).or_else(|| threads_of_granian(deployment, &inputs)),
        worker_connections: chosen("worker_connections").or_else(|| chosen("gevent")).or_else(|| chosen("async")),
        others: others.into_iter().filter_map(|name| Some((name, chosen(name)?))).collect(),
        written: GROUP.into_iter().filter_map(|name| Some((name, written(deployment, name, files)?))).collect(),
    };
    if let Some(native) = &deployment.native {
        runtime::fill(&mut inputs, deployment, native, files);
    }
    inputs.most_workers = capped(deployment, cores, files);
    inputs.threads_come = deployment.server == Server::Granian
        && inputs.configured.threads.as_ref().is_some_and(|threads| threads.source == "default");
    inputs.chain = timing::chain(Around { deployment, stated, files }, sources.margins);
    inputs.free_threaded =
        deployment.base.as_ref().filter(|base| is_free_threaded(&base.value)).map(|base| files.describe(base.place));
    Some(inputs)
}

/// Whether the class called `name` runs requests like `class`, which has another name: `eventlet` like `gevent`.
fn runs_as_another(name: &str, class: Class) -> bool {
    match class {
        Class::Sync => name == Class::Tornado.as_str(),
        Class::Gevent | Class::Tornado => name != class.as_str(),
        Class::Gthread | Class::EventLoop | Class::Runtime => false,
    }
}

/// What is known about a service that Gunicorn is to run and nothing starts with it yet; `started` is how
/// another server runs it today.
pub fn first_inputs(application: Option<&Application>, started: Option<&Deployment>, sources: Sources<'_>) -> Inputs {
    let asgi = application.is_some_and(|application| application.interface == Interface::Asgi);
    let class = if asgi { Class::EventLoop } else { Class::Gthread };
    let mut inputs = Inputs::new(Server::Gunicorn.as_str(), Known::certain(class, "the application"));
    let own = started.and_then(|deployment| self::inputs(deployment, application, sources));
    if let Some(own) = own {
        let Inputs { chain, .. } = own;
        inputs = Inputs { server: inputs.server, class: inputs.class, chain: Chain::default(), ..own };
        // The times around stay the same, whoever serves; the names of the settings do not.
        let timer = |setting, seconds| Timer { setting, now: Known::certain(Some(seconds), "default") };
        inputs.chain = Chain {
            graceful: Some(timer("graceful_timeout", 30.0)),
            keepalive: Some(timer("keepalive", 2.0)),
            timeout: Some(timer("timeout", 30.0)),
            ..chain
        };
        return inputs;
    }
    limits::of_machine(&mut inputs, sources);
    inputs.replicas = Some(sources.stated.replicas.clone().unwrap_or_else(|| {
        // Nothing says that there are more.
        Known::new(1, "the default", Confidence::Medium)
    }));
    inputs.workload = sources.declared.workload.clone().or_else(|| inferred(application?));
    inputs.per_worker = sources.declared.worker_memory.clone().or_else(|| memory::estimated(application?));
    inputs
}

/// Granian works out its threads by itself: one for an asynchronous application, and for the others half of what each
/// worker takes at once, which by default is its share of the backlog (`server/common.py` of 2.8.7).
fn threads_of_granian(deployment: &Deployment, inputs: &Inputs) -> Option<Known<u32>> {
    if deployment.server != Server::Granian {
        return None;
    }
    if inputs.class.value == Class::EventLoop {
        return Some(Known::certain(1, "default"));
    }
    let is_unset = deployment.setting("blocking_threads").is_some_and(|threads| !threads.is_set());
    let number = |name: &str| deployment.int(name).filter(|n| *n > 0);
    let taken = number("backpressure").or_else(|| Some(number("backlog")? / number("workers")?))?;
    let threads = u32::try_from((taken / 2).max(1)).ok()?;
    is_unset.then(|| Known::certain(threads, "default"))
}

/// Whether the name of an image asks for a Python without the global lock: `python:3.14t-slim`.
fn is_free_threaded(image: &str) -> bool {
    let version = |part: &str| part.strip_prefix("3.").is_some_and(|rest| rest.ends_with('t') && rest.len() > 1);
    let named = |part: &str| version(part.strip_prefix("python").unwrap_or(part));
    image.rsplit(':').next().is_some_and(|tag| tag.split('-').any(named)) || image.contains("freethreaded")
}

/// Connections that this service may open: those of the database less what others need.
fn database(application: Option<&Application>, stated: &Stated, files: &Files) -> Option<Database> {
    // A pooler has a budget of its own.
    if stated.pooler.as_ref().is_some_and(|pooler| pooler.value) {
        return None;
    }
    let all = stated.database_connections.as_ref()?;
    let reserved = stated.reserved_connections.as_ref().map_or(RESERVED_CONNECTIONS, |reserved| reserved.value);
    let source = format!("{} - {reserved} for others, {}", all.value, all.source);
    let limit = Known::new(all.value.saturating_sub(reserved), source, all.confidence);
    let pools = application.map_or(&[][..], |application| application.connections.as_slice());
    let per_worker = pools.first().map(|first| {
        let most = pools.iter().map(|pool| pool.size.0.saturating_add(pool.overflow.0)).fold(0, u32::saturating_add);
        Known::certain(most, files.describe(first.place))
    });
    Some(Database { limit, per_worker })
}

/// Connections that `PostgreSQL` keeps for its superuser (`superuser_reserved_connections`).
const RESERVED_CONNECTIONS: u32 = 3;

/// How the service runs requests, or how it has to: a class that cannot serve the application at
/// all is not worth a number.
fn class(deployment: &Deployment, application: Option<&Application>, files: &Files) -> Option<Known<Class>> {
    let interface = application.map(|application| application.interface);
    let class = match deployment.server {
        Server::Gunicorn => {
            let Some(class) = deployment.class else {
                return pooled(deployment, files).or_else(|| own_class(deployment, interface, files));
            };
            match (class.model(), class.interface()) {
                (_, Speaks::Wsgi) if interface == Some(Interface::Asgi) => {
                    let why = format!("the application is ASGI, which `{}` cannot serve", class.name());
                    return Some(Known::certain(Class::EventLoop, why));
                }
                (_, Speaks::Asgi) if interface == Some(Interface::Wsgi) => {
                    let why = format!("the application is WSGI, which `{}` cannot serve", class.name());
                    return Some(Known::certain(Class::Gthread, why));
                }
                (Model::OneRequest, _) => Class::Sync,
                (Model::Threads, _) => Class::Gthread,
                (Model::Greenlets, _) => Class::Gevent,
                (Model::EventLoop, Speaks::Asgi) => Class::EventLoop,
                // `WSGIContainer` calls the application on the loop, so that one request runs at a time (`gtornado`,
                // Gunicorn 27.0.1, by running it).
                (Model::EventLoop, _)
                    if interface == Some(Interface::Wsgi) && class.name() == Class::Tornado.as_str() =>
                {
                    Class::Sync
                }
                // Of another one nobody knows how it would serve that.
                (Model::EventLoop, _) if interface == Some(Interface::Wsgi) => return None,
                (Model::EventLoop, _) => Class::Tornado,
            }
        }
        Server::Granian if interface == Some(Interface::Wsgi) => Class::Gthread,
        // Of several ways the loop engine counts, and threads beside it take its greenlets away (2.0.30).
        Server::Uwsgi if ["gevent", "async"].iter().any(|name| deployment.int(name).is_some_and(|n| n > 0)) => {
            Class::Gevent
        }
        // An included file that is not read may ask for a loop; who says how many threads there are hardly does.
        Server::Uwsgi if deployment.setting("asyncio").is_some_and(|one| one.is_set() && one.value().is_some()) => {
            return None;
        }
        Server::Uwsgi if deployment.setting("asyncio").is_some_and(Effective::is_set) => {
            let threads = deployment.int("threads")?;
            let class = if threads > 1 { Class::Gthread } else { Class::Sync };
            let source = "as the options say that are known";
            return Some(Known::new(class, source, Confidence::Medium));
        }
        Server::Uwsgi if deployment.int("threads").is_some_and(|n| n > 1) => Class::Gthread,
        Server::Uwsgi => Class::Sync,
        Server::Uvicorn | Server::Daphne => Class::EventLoop,
        Server::Hypercorn | Server::Granian if interface == Some(Interface::Asgi) => Class::EventLoop,
        // Its loop takes the requests, and threads beside it answer them: no setting says how many.
        Server::Hypercorn if interface == Some(Interface::Wsgi) => Class::EventLoop,
        // A configuration alone names none, and few give it one of the other kind.
        Server::Hypercorn if deployment.kind == UnitKind::GunicornConfiguration && application.is_none() => {
            let why = "as Hypercorn serves ASGI applications";
            return Some(Known::new(Class::EventLoop, why, Confidence::Medium));
        }
        Server::Hypercorn | Server::Granian => return None,
        // One process of theirs runs tasks on threads.
        Server::ActixWeb
        | Server::Axum
        | Server::Hyper
        | Server::Poem
        | Server::Rocket
        | Server::Salvo
        | Server::Tonic
        | Server::Warp => Class::Runtime,
    };
    Some(Known::certain(class, class_source(deployment, files)))
}

/// Who chose the class: a setting, the threads that ask for it, or nobody.
fn class_source(deployment: &Deployment, files: &Files) -> String {
    if deployment.server != Server::Gunicorn || deployment.setting("worker_class").is_some_and(Effective::is_set) {
        return files.describe(class_place(deployment));
    }
    let threads = deployment.setting("threads").filter(|threads| threads.int().is_some_and(|threads| threads > 1));
    threads.and_then(Effective::place).map_or_else(|| "default".to_owned(), |place| files.describe(place))
}

/// Where the worker class is set, or the command that leaves it to the default.
fn class_place(deployment: &Deployment) -> Place {
    deployment.setting("worker_class").and_then(Effective::place).unwrap_or(deployment.command)
}

/// `sync` with a number of threads that nobody can tell: Gunicorn makes it `gthread` unless that is 1, and
/// nobody who computes it means 1.
fn pooled(deployment: &Deployment, files: &Files) -> Option<Known<Class>> {
    let threads = deployment.setting("threads")?;
    let sync = matches!(deployment.setting("worker_class")?.value()?, Value::Str(name) if name == "sync");
    (sync && threads.value().is_none() && deployment.server == Server::Gunicorn).then(|| {
        let place = files.describe(threads.place().unwrap_or(deployment.command));
        Known::new(Class::Gthread, format!("`threads` is computed at {place}"), Confidence::Medium)
    })
}

/// Why it is unknown how a service serves requests, as a clause.
pub fn unknown_class(deployment: &Deployment, application: Option<&Application>, files: &Files) -> String {
    let asked: &[&str] = match deployment.server {
        Server::Gunicorn => &["worker_class", "threads"],
        Server::Uwsgi => &["asyncio", "threads"],
        _ => &[],
    };
    let unknown =
        asked.iter().filter_map(|name| Some((*name, deployment.setting(name)?))).find_map(|(name, setting)| {
            let Resolved::Unknown(why) = &setting.winner.value else { return None };
            let place = setting.place().map_or_else(String::new, |place| format!(" ({})", files.describe(place)));
            let why = if why.is_empty() { "a file that is not read may set it" } else { why };
            Some(format!("`{name}` is not known{place}: {why}"))
        });
    unknown.unwrap_or_else(|| match deployment.server {
        Server::Gunicorn => match deployment.setting("worker_class").and_then(Effective::text) {
            Some(named) => format!("`{named}` is no worker class that farrier knows"),
            None => "its worker class is not known".to_owned(),
        },
        Server::Hypercorn | Server::Granian if application.is_none() => {
            "the application was not found, and with it whether that is ASGI or WSGI".to_owned()
        }
        server => format!("{server} runs the application in a way of its own"),
    })
}

/// A class of the project's own that derives from one with an event loop runs requests on that loop, as the interface of
/// the application allows; what it does besides, it does around them.
fn own_class(deployment: &Deployment, interface: Option<Interface>, files: &Files) -> Option<Known<Class>> {
    let base = deployment.class_base.as_ref()?;
    let class = deployment.class_like.or_else(|| crate::servers::table(deployment.server).class(&base.value))?;
    let is_loop = class.model() == Model::EventLoop && class.interface() == Speaks::Asgi;
    let source = format!("it derives from `{}`, {}", class.name(), files.describe(base.place));
    let known = || Known::new(Class::EventLoop, source, Confidence::Medium);
    (is_loop && interface != Some(Interface::Wsgi)).then(known)
}

/// The class that runs and cannot call the application, and which one can.
fn misfit(deployment: &Deployment, application: Option<&Application>, files: &Files) -> Option<Misfit> {
    let class = deployment.class.filter(|_| deployment.server == Server::Gunicorn)?;
    let instead = match (class.interface(), application?.interface) {
        (Speaks::Wsgi, Interface::Asgi) => deployment.asgi_class(),
        (Speaks::Asgi, Interface::Wsgi) => Class::Gthread.as_str(),
        _ => return None,
    };
    let is_set = deployment.setting("worker_class").is_some_and(Effective::is_set);
    let source = if is_set { files.describe(class_place(deployment)) } else { "default".to_owned() };
    Some(Misfit { now: Known::certain(class.name(), source), instead })
}

fn inferred(application: &Application) -> Option<Known<Workload>> {
    let leaning = application.leaning();
    let workload = match leaning.kind {
        WorkloadKind::Io => Workload::Io,
        WorkloadKind::Cpu => Workload::Cpu,
        WorkloadKind::Mixed => Workload::Mixed,
        WorkloadKind::Stream => Workload::Stream,
        WorkloadKind::Unknown => return None,
    };
    Some(Known::new(workload, format!("inferred: {leaning}"), Confidence::Low))
}

/// What is written for a setting that nobody can tell the value of, where that is a short line.
fn written(deployment: &Deployment, name: &str, files: &Files) -> Option<Known<String>> {
    let setting = deployment.setting(name).filter(|setting| setting.value().is_none())?;
    let place = setting.place()?;
    let text = files.text_at(place).trim();
    let short = !text.is_empty() && text.len() <= MOST_WRITTEN && !text.contains(['\n', '`']);
    short.then(|| Known::new(text.to_owned(), files.describe(place), Confidence::Low))
}

/// What is longer is no formula to read in a line.
const MOST_WRITTEN: usize = 60;

/// What a formula over the cores of the machine comes to on one that has many times those of the service, where
/// nothing is known of the machine.
fn capped(deployment: &Deployment, cores: Option<Cpus>, files: &Files) -> Option<Known<u32>> {
    let many = cores.is_some_and(|cores| cores.0 * 4.0 <= f64::from(LARGE_NODE));
    let most = u32::try_from(deployment.workers_on_large_node.filter(|_| many)?).ok()?;
    let place = deployment.setting("workers").filter(|workers| workers.value().is_none())?.place()?;
    let source = format!("at most, with {LARGE_NODE} cores, {}", files.describe(place));
    Some(Known::new(most, source, Confidence::Medium))
}

/// What a setting is today; what follows the limit of its container, on `cores`.
fn configured(deployment: &Deployment, name: &str, cores: Option<Cpus>, files: &Files) -> Option<Known<u32>> {
    let setting = deployment.setting(name)?;
    let followed = portable::counted(deployment, setting, cores, files);
    let value = followed.or_else(|| u32::try_from(setting.int()?).ok())?;
    let source = setting.place().map_or_else(|| "default".to_owned(), |place| files.describe(place));
    Some(Known::new(value, source, setting.confidence()))
}
