//! How many handlers an application has, and where they run: a part of `show`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

use super::Look;
use super::document::At;
use super::launches::WIDTH;
use crate::app::{Application, Calls, Context, Pool, Role, WorkloadKind};
use crate::deployment::Deployment;
use crate::servers::{Interface, Model, Server};
use crate::source::Files;

/// The applications that no known server runs; with `open`, some server runs one of which it is not known what it is.
pub fn unstarted(files: &Files, orphans: &[Application], open: bool, look: Look) -> String {
    let title = if open { "served by none that is known" } else { "started by nothing that farrier reads" };
    let mut text = String::new();
    for application in orphans {
        let made = format!("{}, {}", application.framework.name(), files.describe(application.place));
        let _ = writeln!(text, "{}  {made}", look.bold(title));
        lines(&mut text, application, Calls::InThreads);
        text.push('\n');
    }
    text
}

/// One line for each place where handlers run: `12 routes, 2 middleware on the event loop`.
pub(super) fn describe(text: &mut String, deployment: &Deployment, application: &Application) {
    lines(text, application, calls(deployment));
    let leaning = application.leaning();
    if leaning.kind != WorkloadKind::Unknown {
        let _ = writeln!(text, "  {:WIDTH$} {}  {leaning}", "workload", leaning.kind.as_str());
    }
}

fn lines(text: &mut String, application: &Application, calls: Calls) {
    let mut label = "handlers";
    for (place, roles) in &places(application, calls) {
        let counts: Vec<String> = roles.iter().map(|(role, count)| counted(*role, *count)).collect();
        let _ = writeln!(text, "  {label:WIDTH$} {} {}", counts.join(", "), place.place());
        label = "";
    }
}

/// How many handlers of each role run in each place.
fn places(application: &Application, calls: Calls) -> BTreeMap<Context, BTreeMap<Role, usize>> {
    let mut places: BTreeMap<Context, BTreeMap<Role, usize>> = BTreeMap::new();
    for handler in &application.handlers {
        *places.entry(handler.runs.under(calls)).or_default().entry(handler.role).or_default() += 1;
    }
    places
}

/// An application, for programs.
#[derive(Serialize)]
pub(super) struct ApplicationDocument<'a> {
    target: &'a str,
    framework: &'static str,
    #[serde(flatten)]
    at: At,
    handlers: Vec<HandlersDocument>,
    /// `io`, `cpu`, `mixed`, `stream` or `unknown`.
    workload: &'static str,
}

/// How many handlers of one role run in one place.
#[derive(Serialize)]
struct HandlersDocument {
    runs: &'static str,
    role: String,
    count: usize,
}

impl<'a> ApplicationDocument<'a> {
    /// An application as its launch runs it; without one, as most servers would.
    pub(super) fn new(files: &Files, application: &'a Application, deployment: Option<&Deployment>) -> Self {
        let calls = deployment.map_or(Calls::InThreads, calls);
        let groups = places(application, calls).into_iter().flat_map(|(place, roles)| {
            let group = move |(role, count): (Role, usize)| HandlersDocument {
                runs: word(place),
                role: role.nouns().0.replace(' ', "-"),
                count,
            };
            roles.into_iter().map(group)
        });
        Self {
            target: &application.target,
            framework: application.framework.name(),
            at: At::new(files, application.place),
            handlers: groups.collect(),
            workload: application.leaning().kind.as_str(),
        }
    }
}

/// The place as programs know it.
const fn word(place: Context) -> &'static str {
    match place {
        Context::Loop => "event-loop",
        Context::StartUp => "start-up",
        Context::Thread(Pool::AnyIo) => "anyio-thread",
        Context::Thread(Pool::Executor) => "executor-thread",
        Context::Thread(Pool::Request) => "request-thread",
        Context::Thread(Pool::Process) => "process-thread",
        Context::Thread(Pool::Server) => "server-thread",
        Context::Worker => "worker",
        Context::Greenlet => "greenlet",
        Context::OwnLoop => "own-loop",
    }
}

fn counted(role: Role, count: usize) -> String {
    let (one, several) = role.nouns();
    format!("{count} {}", if count == 1 { one } else { several })
}

fn calls(deployment: &Deployment) -> Calls {
    match deployment.server {
        // Trio has a pool of its own (`app_wrappers.py` and the task groups of Hypercorn 0.18.0).
        Server::Hypercorn if deployment.class.is_none_or(|class| class.name() != "trio") => {
            return Calls::Beside(Pool::Executor);
        }
        Server::Hypercorn | Server::Granian => return Calls::Beside(Pool::Server),
        _ => {}
    }
    let class = deployment.class.map(|class| (class.model(), class.interface()));
    match class {
        Some((Model::Greenlets, _)) => Calls::InGreenlets,
        Some((Model::EventLoop, Interface::Wsgi)) => Calls::OnLoop,
        // uWSGI has an option for it instead of a class.
        None if deployment.int("gevent").is_some_and(|greenlets| greenlets > 0) => Calls::InGreenlets,
        _ => Calls::InThreads,
    }
}
