//! What is worth measuring out of all worker classes, processes and threads.
//!
//! Decides by what one request takes by itself: a few configurations that could answer most, of every class that the
//! service can run on. Which of them is best is for the race to find out.

use farrier::values::Order as _;
use std::num::NonZeroUsize;
use std::thread::available_parallelism;

use farrier::deployment::Deployment;
use farrier::measure::{Alone, Candidate, Plan};
use farrier::servers::Server;
use farrier::sizing::{Class, Cost, Shape, ceiling};
use farrier::values::{Bytes, Cpus};

use super::super::demo::has;
use super::arguments::with_options;

/// Configurations of one search, those that run today and that are recommended included.
const MOST: usize = 8;
/// The same where a start takes so long that a minute holds few of them.
const MOST_OF_SLOW: usize = 5;
/// A start that takes longer than this is slow.
const SLOW_START: f64 = 3.0;
/// More processes than this are not tried, whatever the cores.
const MOST_WORKERS: u32 = 64;
/// Share of the free memory that the processes of one configuration may take.
const MEMORY_SHARE: f64 = 0.5;
/// Two ceilings that differ by less than this are taken for the same: the smaller configuration is tried.
const SAME: f64 = 0.02;

/// A configuration with the options that bring it about.
struct Point {
    shape: Shape,
    options: Vec<(&'static str, String)>,
}

/// The candidates: those of the plan, and what else could be as good.
pub(super) fn candidates(plan: &Plan, deployment: &Deployment, asgi: bool, alone: Option<&Alone>) -> Vec<Candidate> {
    let all = || u32::try_from(available_parallelism().map_or(1, NonZeroUsize::get)).unwrap_or(1);
    let room = plan.bounds.cores().unwrap_or_else(|| f64::from(all()));
    let cores = Cpus(room).whole_up();
    let mut all = plan.candidates.clone();
    let mean = alone.and_then(Alone::mean);
    let cost = mean.map_or(Cost { takes: 0.02, computes: 0.01 }, |(takes, computes)| Cost {
        takes: takes.as_secs_f64(),
        computes: computes.as_secs_f64(),
    });
    let slow = alone.is_some_and(|seen| seen.ready_after.as_secs_f64() > SLOW_START);
    let most = if slow { MOST_OF_SLOW } else { MOST };
    let connections = u32::try_from(plan.connections).unwrap_or(u32::MAX);
    let fits = |point: &Point| {
        let memory = alone.and_then(|seen| seen.worker).map(|(memory, _)| memory.as_mib());
        let free = farrier::measure::free_memory().map(Bytes::as_mib).map(|free| free * MEMORY_SHARE);
        let limit = plan.bounds.memory.as_ref().map(|kept| kept.wanted.as_mib());
        let free = free.into_iter().chain(limit).min_by(f64::total_cmp);
        let fits = memory.zip(free).is_none_or(|(one, free)| one * f64::from(point.shape.workers) <= free);
        fits && point.shape.workers <= MOST_WORKERS
    };
    let mut points = points(plan, deployment, asgi, cores, connections);
    points.retain(|point| fits(point));
    for point in shortlist(points, cost, room, f64::from(connections), most.saturating_sub(all.len())) {
        let words = words(deployment, &point);
        let label = label(&words);
        let Some(current) = plan.candidates.first() else { break };
        let arguments = with_options(plan.server, &current.arguments, words);
        all.push(Candidate::new(label, arguments));
    }
    all
}

/// What the report calls a configuration: the class by its name alone, and no thread where there is one.
fn label(words: &[String]) -> String {
    let told = words.iter().map(|word| word.trim_start_matches('-')).filter(|word| *word != "threads=1");
    told.map(|word| word.strip_prefix("worker-class=").unwrap_or(word)).collect::<Vec<_>>().join(" ")
}

/// The options of a configuration, as far as the server has them.
fn words(deployment: &Deployment, point: &Point) -> Vec<String> {
    let flag = |name: &str| deployment.setting(name)?.setting.at(deployment.version.version).flag();
    let word = |(name, value): &(&'static str, String)| Some(format!("{}={value}", flag(name)?));
    point.options.iter().filter_map(word).collect()
}

/// Everything that could be tried.
fn points(plan: &Plan, deployment: &Deployment, asgi: bool, cores: u32, connections: u32) -> Vec<Point> {
    let few = [1, cores, cores + 1, 2 * cores, 2 * cores + 1];
    let processes = |name: &'static str, class| {
        let one = move |workers: &u32| Point {
            shape: Shape { class, workers: *workers, threads: 1 },
            options: vec![(name, workers.to_string())],
        };
        few.iter().map(one).collect::<Vec<_>>()
    };
    let with_threads = |name: &'static str, threads_name: &'static str, before: &[(&'static str, String)]| {
        let mut all = Vec::new();
        for workers in [1, cores, cores + 1, 2 * cores] {
            let enough = connections.div_ceil(workers).max(2);
            for threads in [2, 4, 8, 16, 32].into_iter().filter(|threads| *threads <= enough).chain([enough.min(64)]) {
                let mut options = before.to_vec();
                options.extend([(name, workers.to_string()), (threads_name, threads.to_string())]);
                all.push(Point { shape: Shape { class: Class::Gthread, workers, threads }, options });
            }
        }
        all
    };
    match plan.server {
        Server::Gunicorn => {
            let mut all = Vec::new();
            let of = |class: &str, kind: Class, workers: u32| Point {
                shape: Shape { class: kind, workers, threads: 1 },
                options: vec![
                    ("worker_class", class.to_owned()),
                    ("workers", workers.to_string()),
                    // Some classes take threads for another class than was asked for.
                    ("threads", "1".to_owned()),
                ],
            };
            if asgi {
                for class in loops(plan, deployment) {
                    all.extend(few.iter().map(|workers| of(&class, Class::EventLoop, *workers)));
                }
                return all;
            }
            let many = few.into_iter().chain([4 * cores, 8 * cores, connections]).filter(|n| *n <= connections.max(5));
            all.extend(many.map(|workers| of("sync", Class::Sync, workers)));
            all.extend(with_threads("workers", "threads", &[("worker_class", "gthread".to_owned())]));
            if plan.program.first().is_some_and(|python| has(python, "gevent", &plan.folder)) {
                all.extend(few[..3].iter().map(|workers| of("gevent", Class::Gevent, *workers)));
            }
            all
        }
        Server::Uwsgi => {
            let mut all = processes("processes", Class::Sync);
            all.extend(with_threads("processes", "threads", &[]));
            all
        }
        Server::Granian if !asgi => with_threads("workers", "blocking_threads", &[]),
        _ => processes("workers", Class::EventLoop),
    }
}

/// The worker classes of Gunicorn that run an event loop here.
fn loops(plan: &Plan, deployment: &Deployment) -> Vec<String> {
    let mut all = vec![deployment.asgi_class().to_owned()];
    let own = deployment.setting("worker_class").and_then(|setting| setting.value()?.as_str().map(str::to_owned));
    all.extend(own.filter(|_| super::serves_asgi(deployment)));
    // What is installed counts here, and not what the project asks for: each of them can be started.
    let installed = |module: &str| plan.program.first().is_some_and(|python| has(python, module, &plan.folder));
    let known = [("gunicorn.workers.gasgi", "asgi"), ("uvicorn_worker", "uvicorn_worker.UvicornWorker")];
    all.extend(known.into_iter().filter(|(module, _)| installed(module)).map(|(_, class)| class.to_owned()));
    all.order();
    all.dedup();
    all
}

/// The best of each class, one more than there are cores, and then whatever could answer most; of those that could answer
/// the same the smallest, and of each class and number of processes no more than two.
fn shortlist(points: Vec<Point>, cost: Cost, cores: f64, connections: f64, most: usize) -> Vec<Point> {
    let mut rated: Vec<(f64, Point)> =
        points.into_iter().map(|point| (ceiling(point.shape, cost, cores, connections), point)).collect();
    let size = |point: &Point| (point.shape.workers * point.shape.threads, point.shape.workers);
    rated.order_by(|(one, first), (other, second)| {
        let same = (one - other).abs() <= SAME * one.max(*other);
        let order = if same { std::cmp::Ordering::Equal } else { other.total_cmp(one) };
        order.then(size(first).cmp(&size(second)))
    });
    let mut taken: Vec<Point> = Vec::new();
    let mut rest = Vec::new();
    for (_, point) in rated {
        let class =
            |other: &Point| other.shape.class == point.shape.class && other.options.first() == point.options.first();
        let known = taken.iter().any(class);
        if known { rest.push(point) } else { taken.push(point) }
    }
    for point in rest {
        if taken.len() >= most {
            break;
        }
        let alike = |other: &&Point| {
            other.shape.class == point.shape.class
                && other.shape.workers == point.shape.workers
                && other.options.first() == point.options.first()
        };
        let same = taken.iter().any(|other| other.options == point.options);
        if !same && taken.iter().filter(alike).count() < 2 {
            taken.push(point);
        }
    }
    taken.truncate(most);
    taken
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(class: Class, workers: u32, threads: u32) -> Point {
        Point {
            shape: Shape { class, workers, threads },
            options: vec![
                ("worker_class", class.as_str().to_owned()),
                ("workers", workers.to_string()),
                ("threads", threads.to_string()),
            ],
        }
    }

    fn all() -> Vec<Point> {
        let sync = [1, 2, 3, 5, 16].map(|workers| point(Class::Sync, workers, 1));
        let threads = [(2, 2), (2, 4), (2, 8), (3, 4), (3, 8)].map(|(w, t)| point(Class::Gthread, w, t));
        let greenlets = [1, 2, 3].map(|workers| point(Class::Gevent, workers, 1));
        sync.into_iter().chain(threads).chain(greenlets).collect()
    }

    fn chosen(takes: f64, computes: f64, most: usize) -> Vec<(Class, u32, u32)> {
        let list = shortlist(all(), Cost { takes, computes }, 2.0, 16.0, most);
        list.iter().map(|point| (point.shape.class, point.shape.workers, point.shape.threads)).collect()
    }

    #[test]
    fn every_class_is_tried_at_its_best() {
        let waiting = chosen(0.05, 0.0005, 6);
        assert!(waiting.contains(&(Class::Gevent, 1, 1)), "{waiting:?}");
        assert!(waiting.contains(&(Class::Gthread, 2, 8)), "{waiting:?}");
        assert!(waiting.contains(&(Class::Sync, 16, 1)), "{waiting:?}");
        assert_eq!(waiting.len(), 6);
        let computing = chosen(0.005, 0.005, 6);
        assert!(
            computing.contains(&(Class::Sync, 2, 1)) && computing.contains(&(Class::Gevent, 2, 1)),
            "{computing:?}"
        );
        assert!(!computing.contains(&(Class::Sync, 16, 1)), "more than the cores can compute: {computing:?}");
    }
}
