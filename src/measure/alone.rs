//! What a request takes while nobody asks for anything else: one connection, one kind of request after another.
//!
//! Decides how the time of a request, what of it is computing, and the memory of a worker are told apart from waiting
//! for a place: with one connection nothing waits for one. What follows from it for workers and threads is `sizing`'s.

use std::rc::Rc;
use std::time::Duration;

use super::drive::closed::Load;
use super::outcome::{Counted, Errors};
use super::plan::Plan;
use super::requests::Request;
use super::sample::{self, Snapshot};
use super::server::Server;
use super::{Error, Progress, driven, log};
use crate::values::Bytes;
use crate::values::Order as _;

/// How long each request is asked; processor time is counted in ticks of 10 ms, of which this has many.
const LENGTH: Duration = Duration::from_millis(1500);
/// Longest time for a request to find its pace.
const WARM_UP: Duration = Duration::from_secs(1);
/// More requests than this tell nothing that those do not, and take their time.
const MOST_ROUTES: usize = 6;

/// What was seen on one connection.
#[derive(Debug, Clone, PartialEq)]
pub struct Alone {
    /// The candidate.
    pub label: String,
    /// From its start to its first answer.
    pub ready_after: Duration,
    /// One entry per request, of those that are asked most.
    pub routes: Vec<Route>,
    /// Memory of the largest worker afterwards, and how it was counted.
    pub worker: Option<(Bytes, Counted)>,
}

/// What requests of one kind took.
#[derive(Debug, Clone, PartialEq)]
pub struct Route {
    /// The path, behind its method where that is not `GET`.
    pub path: String,
    /// How often it is asked for, in proportion to the others.
    pub weight: u32,
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
    /// Mean over the requests by their weights: time of one, and processor time of it; `None` where nothing succeeded.
    pub fn mean(&self) -> Option<(Duration, Duration)> {
        let known =
            || self.routes.iter().filter_map(|route| Some((route.takes?, route.computes?, f64::from(route.weight))));
        let weights: f64 = known().map(|(.., weight)| weight).sum();
        if weights <= 0.0 {
            return None;
        }
        let of = |time: fn((Duration, Duration, f64)) -> Duration| -> Duration {
            known().map(|one| time(one).mul_f64(one.2 / weights)).sum()
        };
        Some((of(|one| one.0), of(|one| one.1)))
    }
}

/// Starts candidate number `candidate` and asks it on one connection. Blocks until the server is gone.
pub fn alone(plan: &Plan, candidate: usize, progress: &mut dyn FnMut(Progress<'_>)) -> Result<Alone, Error> {
    plan.check_load()?;
    if !plan.folder.is_dir() {
        return Err(Error::Folder(plan.folder.clone()));
    }
    let found = driven(plan, ask(plan, candidate, progress));
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
    let mut routes = Vec::new();
    for request in most_asked(&plan.requests) {
        routes.push(on_its_own(plan, request, &server).await);
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

/// Those with the largest weights, in their order.
fn most_asked(requests: &[Request]) -> Vec<&Request> {
    let mut all: Vec<(usize, &Request)> = requests.iter().enumerate().collect();
    all.order_by_key(|(_, request)| std::cmp::Reverse(request.weight));
    all.truncate(MOST_ROUTES);
    all.order_by_key(|(index, _)| *index);
    all.into_iter().map(|(_, request)| request).collect()
}

/// One request after another, all of one kind.
async fn on_its_own(plan: &Plan, request: &Request, server: &Server) -> Route {
    let target = server.target_of(&Plan { requests: vec![request.clone()], ..plan.clone() });
    let load = Load::start(&Rc::new(target), 1);
    load.warm_up(WARM_UP).await;
    let roots = [server.root()];
    let before = Snapshot::take(&roots, None);
    let length = load.window(LENGTH).await;
    let used = sample::between(&before, &Snapshot::take(&roots, None), 0, server.master()).server;
    let tally = load.finish().await;
    // What an edge of the time cuts counts in part, so that slow requests are not rounded away.
    let each = |time: Duration| (tally.successes > 0.0).then(|| time.div_f64(tally.successes.max(f64::MIN_POSITIVE)));
    let sound = tally.errors.total() == 0;
    Route {
        path: request.name(),
        weight: request.weight,
        requests: tally.requests,
        errors: tally.errors,
        takes: each(length).filter(|_| sound),
        computes: each(used).filter(|_| sound),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_more_often_counts_more() {
        let route = |weight, millis| Route {
            path: String::new(),
            weight,
            requests: 10,
            errors: Errors::default(),
            takes: Some(Duration::from_millis(millis)),
            computes: Some(Duration::from_millis(millis / 2)),
        };
        let routes = vec![route(3, 10), route(1, 50), Route { takes: None, ..route(9, 1) }];
        let alone = Alone { label: String::new(), ready_after: Duration::ZERO, routes, worker: None };
        assert_eq!(alone.mean(), Some((Duration::from_millis(20), Duration::from_millis(10))));
        assert_eq!(Alone { routes: Vec::new(), ..alone }.mean(), None);
    }

    #[test]
    fn of_many_requests_the_frequent_ones_are_asked() {
        let all: Vec<Request> =
            [5, 1, 9, 9, 9, 9, 9].map(|weight| Request { weight, ..Request::get(format!("/{weight}")) }).to_vec();
        let asked: Vec<u32> = most_asked(&all).iter().map(|request| request.weight).collect();
        assert_eq!(asked, [5, 9, 9, 9, 9, 9]);
    }
}
