//! What a request takes while nobody asks for anything else: one connection, one path after another.
//!
//! Decides how the time of a request, what of it is computing, and the memory of a worker are told apart from waiting
//! for a place: with one connection nothing waits for one. What follows from it for workers and threads is `sizing`'s.

use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Duration;

use super::drive::closed::Load;
use super::outcome::{Counted, Errors};
use super::plan::Plan;
use super::sample::{self, Snapshot};
use super::server::Server;
use super::{Error, Progress, driven, log};
use crate::values::Bytes;

/// How long each path is asked for; processor time is counted in ticks of 10 ms, of which this has many.
const LENGTH: Duration = Duration::from_millis(1500);
/// Longest time for a path to find its pace.
const WARM_UP: Duration = Duration::from_secs(1);
/// More paths than this tell nothing that those do not, and take their time.
const MOST_PATHS: usize = 6;

/// What was seen on one connection.
#[derive(Debug, Clone, PartialEq)]
pub struct Alone {
    /// The candidate.
    pub label: String,
    /// From its start to its first answer.
    pub ready_after: Duration,
    /// One entry per path.
    pub routes: Vec<Route>,
    /// Memory of the largest worker afterwards, and how it was counted.
    pub worker: Option<(Bytes, Counted)>,
}

/// What requests for one path took.
#[derive(Debug, Clone, PartialEq)]
pub struct Route {
    /// The path.
    pub path: String,
    /// Requests that ended in time.
    pub requests: u64,
    /// Failures among them.
    pub errors: Errors,
    /// Mean time from sending a request to the end of its answer; `None` where none succeeded.
    pub takes: Option<Duration>,
    /// Processor time of all processes of the server meanwhile, for each of them.
    pub computes: Option<Duration>,
}

impl Route {
    /// Share of a request that waits, 0 to 1.
    pub fn waits(&self) -> Option<f64> {
        let (takes, computes) = self.takes.zip(self.computes)?;
        Some((1.0 - computes.as_secs_f64() / takes.as_secs_f64().max(f64::MIN_POSITIVE)).clamp(0.0, 1.0))
    }
}

impl Alone {
    /// Mean over the paths: time of a request, and processor time of it; `None` where nothing succeeded.
    pub fn mean(&self) -> Option<(Duration, Duration)> {
        let known: Vec<(Duration, Duration)> =
            self.routes.iter().filter_map(|route| route.takes.zip(route.computes)).collect();
        let count = u32::try_from(known.len()).ok().filter(|count| *count > 0)?;
        let takes: Duration = known.iter().map(|(takes, _)| takes).sum();
        let computes: Duration = known.iter().map(|(_, computes)| computes).sum();
        Some((takes / count, computes / count))
    }
}

/// Starts candidate number `candidate` and asks it on one connection. Blocks until the server is gone.
pub fn alone(plan: &Plan, candidate: usize, progress: &mut dyn FnMut(Progress<'_>)) -> Result<Alone, Error> {
    plan.check_load()?;
    if !plan.folder.is_dir() {
        return Err(Error::Folder(plan.folder.clone()));
    }
    let found = driven(ask(plan, candidate, progress));
    progress(Progress::Stopping);
    found
}

async fn ask(plan: &Plan, candidate: usize, progress: &mut dyn FnMut(Progress<'_>)) -> Result<Alone, Error> {
    let Some(described) = plan.candidates.get(candidate) else {
        return Err(Error::Plan("no such configuration".to_owned()));
    };
    let label = described.label.as_str();
    progress(Progress::Alone { label });
    let mut server = Server::start(plan, described, &mut Vec::new()).await?;
    let mut seen = BTreeSet::new();
    let paths = plan.paths.iter().filter(|path| seen.insert(path.as_str())).take(MOST_PATHS);
    let mut routes = Vec::new();
    for path in paths.collect::<Vec<_>>() {
        routes.push(on_path(plan, path, &server).await);
        if let Some(ended) = server.gone() {
            let log = server.log();
            let reason = log::reason(&log).unwrap_or("it wrote nothing").to_owned();
            return Err(Error::Start { label: label.to_owned(), ended, reason, log });
        }
    }
    let processes = super::processes::below(server.root());
    let workers = sample::workers(&processes, server.master());
    let memory = sample::memory(&processes, &workers).filter(|_| !workers.is_empty());
    let ready_after = server.ready_after;
    server.stop();
    Ok(Alone {
        label: label.to_owned(),
        ready_after,
        routes,
        worker: memory.map(|(all, largest)| (largest, all.counted)).filter(|(largest, _)| largest.0 > 0),
    })
}

/// Requests for one path, one after another.
async fn on_path(plan: &Plan, path: &str, server: &Server) -> Route {
    let target = server.target_of(&Plan { paths: vec![path.to_owned()], ..plan.clone() });
    let load = Load::start(&Rc::new(target), 1);
    load.warm_up(WARM_UP).await;
    let roots = [server.root()];
    let before = Snapshot::take(&roots);
    let length = load.window(LENGTH).await;
    let used = sample::between(&before, &Snapshot::take(&roots), 0, server.master()).server;
    let tally = load.finish().await;
    // What an edge of the time cuts counts in part, so that slow requests are not rounded away.
    let each = |time: Duration| (tally.successes > 0.0).then(|| time.div_f64(tally.successes.max(f64::MIN_POSITIVE)));
    let sound = tally.errors.total() == 0;
    Route {
        path: path.to_owned(),
        requests: tally.requests,
        errors: tally.errors,
        takes: each(length).filter(|_| sound),
        computes: each(used).filter(|_| sound),
    }
}
