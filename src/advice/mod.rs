//! From a deployment to what the sizing model wants to know, and from its answer to edits.
//!
//! Decides which of several statements about cores, memory and workload counts, and how sure it is.
//! The formulas are `sizing`'s.

mod alias;
mod around;
mod changes;
mod insert;
mod memory;
mod seen;
mod stated;

pub use around::{Around, Bound, graceful, keeps_idle};
pub use changes::{Change, Changes, Manner, Refusal, changes};
pub use stated::Stated;

use crate::app::{Application, Context, Interface, Pool, WorkloadKind};
use crate::deployment::{Deployment, Effective};
use crate::findings::Confidence;
use crate::host::Host;
use crate::servers::{Interface as Speaks, Model, Server};
use crate::sizing::{Class, Configured, Inputs, Known, WorkerMemory, Workload};
use crate::source::{Files, Located};
use crate::values::{Bytes, Cpus};

/// What the user states about production, by flags or settings.
#[derive(Debug, Clone, Default)]
pub struct Declared {
    /// Cores that one copy of the service may use.
    pub cpus: Option<Known<Cpus>>,
    /// Memory that one copy of the service may use.
    pub memory: Option<Known<Bytes>>,
    /// What requests do.
    pub workload: Option<Known<Workload>>,
    /// Share of a request that waits.
    pub blocking_fraction: Option<Known<f64>>,
    /// Memory of one worker.
    pub worker_memory: Option<Known<WorkerMemory>>,
}

/// What is known about the size of `deployment`; `None` where it is unknown how it serves requests.
///
/// `host` is asked for limits that neither the user nor a file states. A check leaves it out: the
/// machine that checks is rarely the one that serves.
pub fn inputs(
    deployment: &Deployment,
    application: Option<&Application>,
    declared: &Declared,
    host: Option<&Host>,
    files: &Files,
) -> Option<Inputs> {
    let class = class(deployment, application, files)?;
    let mut inputs = Inputs::new(deployment.server.as_str(), class);
    inputs.cpus = declared
        .cpus
        .clone()
        .or_else(|| stated(deployment.limits.cpus.as_ref(), files))
        .or_else(|| host?.cpu_limit().map(|reading| here(reading.value, &reading.file)));
    inputs.memory = declared
        .memory
        .clone()
        .or_else(|| stated(deployment.limits.memory.as_ref(), files))
        .or_else(|| host?.memory_limit().map(|reading| here(reading.value, &reading.file)));
    inputs.workload = declared.workload.clone().or_else(|| inferred(application?));
    inputs.blocking_fraction.clone_from(&declared.blocking_fraction);
    inputs.per_worker = declared.worker_memory.clone().or_else(|| memory::estimated(application?));
    inputs.replicas = deployment
        .limits
        .replicas
        .as_ref()
        .map(|replicas| Known::certain(replicas.value, files.describe(replicas.place)));
    inputs.sync_handlers = application.is_some_and(|application| {
        application.interface == Interface::Asgi
            && application.handlers.iter().any(|handler| handler.runs == Context::Thread(Pool::AnyIo))
    });
    inputs.thread_tokens = application.and_then(|application| {
        let tokens = application.tokens.as_ref()?;
        Some(Known::certain(tokens.value?, files.describe(tokens.place)))
    });
    inputs.evidence = application.map_or_else(Vec::new, |application| seen::lines(application, files));
    inputs.recycles = deployment.int("max_requests").is_some_and(|n| n > 0);
    inputs.configured = Configured {
        workers: configured(deployment, "workers", files),
        threads: configured(deployment, "threads", files),
        // A default that the class ignores needs no word.
        worker_connections: configured(deployment, "worker_connections", files)
            .filter(|_| deployment.setting("worker_connections").is_some_and(Effective::is_set)),
    };
    Some(inputs)
}

/// How the service runs requests, or how it has to: a class that cannot serve the application at
/// all is not worth a number.
fn class(deployment: &Deployment, application: Option<&Application>, files: &Files) -> Option<Known<Class>> {
    let set = deployment.setting("worker_class").and_then(Effective::place);
    let source = files.describe(set.unwrap_or(deployment.command));
    let asgi = application.is_some_and(|application| application.interface == Interface::Asgi);
    let class = match deployment.server {
        Server::Gunicorn => {
            let class = deployment.class?;
            match (class.model(), class.interface()) {
                (_, Speaks::Wsgi) if asgi => {
                    let why = format!("the application is ASGI, which `{}` cannot serve", class.name());
                    return Some(Known::certain(Class::EventLoop, why));
                }
                (Model::OneRequest, _) => Class::Sync,
                (Model::Threads, _) => Class::Gthread,
                (Model::Greenlets, _) => Class::Gevent,
                (Model::EventLoop, Speaks::Asgi) => Class::EventLoop,
                (Model::EventLoop, _) => Class::Tornado,
            }
        }
        Server::Uwsgi if deployment.int("threads").is_some_and(|n| n > 1) => Class::Gthread,
        Server::Uwsgi => Class::Sync,
        Server::Uvicorn | Server::Daphne => Class::EventLoop,
        Server::Hypercorn | Server::Granian if asgi => Class::EventLoop,
        Server::Hypercorn | Server::Granian => return None,
    };
    Some(Known::certain(class, source))
}

fn stated<T: Copy>(limit: Option<&Located<T>>, files: &Files) -> Option<Known<T>> {
    let limit = limit?;
    Some(Known::certain(limit.value, files.describe(limit.place)))
}

/// A limit of this machine, which may not be the one that serves.
fn here<T>(value: T, file: &str) -> Known<T> {
    Known::new(value, format!("this machine, {file}"), Confidence::Medium)
}

fn inferred(application: &Application) -> Option<Known<Workload>> {
    let evidence = &application.workload;
    let (workload, calls) = match evidence.kind() {
        WorkloadKind::Io => (Workload::Io, &evidence.waits),
        WorkloadKind::Cpu => (Workload::Cpu, &evidence.computes),
        WorkloadKind::Mixed => (Workload::Mixed, &evidence.waits),
        WorkloadKind::Stream => (Workload::Stream, &evidence.streams),
        WorkloadKind::Unknown => return None,
    };
    let example = calls.first().map_or_else(String::new, |call| format!(", such as `{}`", call.what));
    Some(Known::new(workload, format!("inferred from the calls of the handlers{example}"), Confidence::Low))
}

fn configured(deployment: &Deployment, name: &str, files: &Files) -> Option<Known<u32>> {
    let setting = deployment.setting(name)?;
    let value = u32::try_from(setting.int()?).ok()?;
    let source = setting.place().map_or_else(|| "default".to_owned(), |place| files.describe(place));
    Some(Known::new(value, source, setting.confidence()))
}
