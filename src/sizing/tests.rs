//! The published formulas and the five situations, as tables.

mod properties;
mod runtime;

use std::collections::BTreeMap;

use super::capacity::{
    Rate, capacity, ceiling, closed_loop_ceiling, closed_loop_response, connections_per_replica, counted_in_waves,
    grown_worker, memory_for_workers, processes_for, runs_per_period, slowest, workers_in_memory,
};
use super::*;
use crate::findings::Confidence;
use crate::values::{Bytes, Cpus, Seconds};

fn known<T>(value: T) -> Known<T> {
    Known::new(value, "test", Confidence::Medium)
}

fn on(class: Class, cpus: f64, workload: Workload) -> Inputs {
    Inputs { cpus: Some(known(Cpus(cpus))), workload: Some(known(workload)), ..Inputs::new("gunicorn", known(class)) }
}

fn with(mut inputs: Inputs, change: impl FnOnce(&mut Inputs)) -> Inputs {
    change(&mut inputs);
    inputs
}

/// `lower target upper` of a setting.
fn range(advice: &Advice, setting: &str) -> Option<(u32, u32, u32)> {
    let item = advice.item(setting)?;
    Some((item.lower.count()?, item.target.count()?, item.upper.count()?))
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() < 0.005 * b.abs().max(1.0)
}

#[test]
fn the_measured_scenarios_follow_from_the_arithmetic() {
    let io = Seconds(1.01);
    // One `sync` worker and requests of about a second; measured 0.987/s, then 4.92/s with five.
    assert!(close(capacity(1, io).0, 0.99));
    assert!(close(capacity(5, io).0, 4.95));
    assert!(close(slowest(30, 5, io).unwrap().0, 6.06));
    assert!(close(slowest(10, 1, io).unwrap().0, 10.1));
    assert_eq!(slowest(1, 0, io), None);

    // `def` handlers that sleep 10 s under `wrk -c100 -d1m`: printed 3.33/s and 8.33/s.
    let (wait, minute) = (Seconds(10.0), Seconds(60.0));
    assert!(close(capacity(40, wait).0, 4.0));
    assert!(close(counted_in_waves(40, 100, wait, minute).0, 3.33));
    assert!(close(counted_in_waves(160, 100, wait, minute).0, 8.33));
    assert!(close(closed_loop_ceiling(100, wait).0, 10.0));
    assert!(close(closed_loop_response(100, Rate(4.0)).0, 25.0));
    assert_eq!(processes_for(100, 40), Some(3));

    // An illustrative table of requests of 200 ms: 9 workers 45/s, 16 threads 80/s.
    assert!(close(capacity(9, Seconds(0.2)).0, 45.0));
    assert!(close(capacity(16, Seconds(0.2)).0, 80.0));

    // 1 GB with 250 MB of system, workers of 100 MB: 4 when grown, 6 when fresh.
    let left = memory_for_workers(Bytes::mib(1024), Bytes::mib(30), Bytes::mib(250));
    assert_eq!(workers_in_memory(left, grown_worker(Bytes::mib(100), 0)), 4);
    assert_eq!(workers_in_memory(left, Bytes::mib(100)), 6);

    assert!(close(runs_per_period(Cpus(0.5), 4, Seconds(0.1)).0, 0.0125));
    assert_eq!(connections_per_replica(90, 3, 1), 22);
    let resize = ceiling(4, 4, Cpus(4.0), Seconds(0.3), Seconds(0.3), None);
    assert!(close(resize.0, 13.33));
}

#[test]
fn slots_are_what_each_class_holds() {
    assert_eq!(slots(Class::Sync, None, Some(5), None, None), Slots::Count(5));
    assert_eq!(slots(Class::Gthread, None, Some(3), Some(3), None), Slots::Count(9));
    assert_eq!(slots(Class::Gevent, None, Some(3), None, Some(1000)), Slots::Count(3000));
    assert_eq!(slots(Class::EventLoop, Some(40), Some(4), Some(4), None), Slots::Count(160));
    assert_eq!(slots(Class::EventLoop, None, Some(4), None, None), Slots::Open);
    assert_eq!(slots(Class::Gthread, None, Some(3), None, None), Slots::Unknown);
}

/// What runs where; then the class, `lower target upper` of the workers, and the threads.
type Row = (&'static str, Class, f64, Workload, Class, (u32, u32, u32), Option<u32>);

#[rustfmt::skip]
const SITUATIONS: &[Row] = &[
    // Measured: two workers best, 2-3 fine, five 14 % slower for 2.5 times the memory.
    ("two cores, tiny handlers", Class::EventLoop, 2.0, Workload::Cpu, Class::EventLoop, (2, 2, 3), None),
    // `2 n + 1 = 5` stays untouched, which is its own claim: half of the time waiting.
    ("two cores, sync, mixed", Class::Sync, 2.0, Workload::Mixed, Class::Sync, (3, 4, 5), None),
    ("two cores, sync, computing", Class::Sync, 2.0, Workload::Cpu, Class::Sync, (2, 2, 3), None),
    // Measured: 2 x 10 answer 41 % of what 4 x 25 do where a request waits 50 ms and computes one.
    ("two cores, sync, waiting", Class::Sync, 2.0, Workload::Io, Class::Gthread, (3, 4, 5), Some(25)),
    ("one core, threads, waiting", Class::Gthread, 1.0, Workload::Io, Class::Gthread, (2, 2, 3), Some(25)),
    ("half a core, threads, waiting", Class::Gthread, 0.5, Workload::Io, Class::Gthread, (1, 1, 2), Some(25)),
    // The article has 3 x 3; three processes use three cores of four.
    ("four cores, threads, mixed", Class::Gthread, 4.0, Workload::Mixed, Class::Gthread, (4, 4, 5), Some(2)),
    // The article has three hubs on one core.
    ("one core, gevent", Class::Gevent, 1.0, Workload::Io, Class::Gevent, (1, 1, 2), None),
    ("four cores, image resizing", Class::Sync, 4.0, Workload::Cpu, Class::Sync, (3, 4, 5), None),
    // For all three workloads: the article's 9 loops on four cores are more than its cores.
    ("four cores, FastAPI, waiting", Class::EventLoop, 4.0, Workload::Io, Class::EventLoop, (4, 4, 5), None),
    ("four cores, FastAPI, mixed", Class::EventLoop, 4.0, Workload::Mixed, Class::EventLoop, (4, 4, 5), None),
    ("four cores, FastAPI, computing", Class::EventLoop, 4.0, Workload::Cpu, Class::EventLoop, (4, 4, 5), None),
    ("half a core, FastAPI", Class::EventLoop, 0.5, Workload::Mixed, Class::EventLoop, (1, 1, 2), None),
    ("half a core, sync", Class::Sync, 0.5, Workload::Cpu, Class::Sync, (1, 1, 2), None),
];

#[test]
fn workers_and_threads_by_situation() {
    for (name, class, cpus, workload, then, workers, threads) in SITUATIONS {
        let advice = recommend(&on(*class, *cpus, *workload));
        assert_eq!(advice.class, *then, "{name}\n{advice}");
        assert_eq!(range(&advice, "workers"), Some(*workers), "{name}\n{advice}");
        let target = range(&advice, "threads").map(|r| r.1);
        assert_eq!(target, *threads, "{name}\n{advice}");
        assert_eq!(advice.confidence, Confidence::Medium, "{name}");
    }
}

#[test]
fn memory_turns_processes_into_threads() {
    // 512 MiB, Django of 120 MiB that waits 70 %: the usual advice is 2 x `sync` or 2 x 5.
    let dyno = with(on(Class::Sync, 2.0, Workload::Mixed), |i| {
        i.blocking_fraction = Some(known(0.7));
        i.memory = Some(known(Bytes::mib(512)));
        i.per_worker = Some(known(WorkerMemory::exactly(Bytes::mib(120))));
        i.configured.workers = Some(known(9));
    });
    let advice = recommend(&dyno);
    assert_eq!(advice.class, Class::Gthread, "{advice}");
    assert_eq!(range(&advice, "workers"), Some((2, 2, 2)), "{advice}");
    assert_eq!(range(&advice, "threads").map(|r| r.1), Some(4), "{advice}");
    assert_eq!(advice.item("workers").unwrap().verdict, Verdict::Change);

    // 1 GB less 250 MB of system: mixed workers are limited by the core, waiting ones get threads.
    let small = |workload| {
        with(on(Class::Sync, 1.0, workload), |i| {
            i.memory = Some(known(Bytes::mib(1024)));
            i.reserved = vec![known(Bytes::mib(250))];
            i.master = Bytes::mib(30);
            i.per_worker = Some(known(WorkerMemory::exactly(Bytes::mib(100))));
            i.replicas = Some(known(1));
        })
    };
    let advice = recommend(&small(Workload::Mixed));
    // Some say 3, with every core fully used; 2 and 3 are both fine here.
    assert_eq!(range(&advice, "workers"), Some((2, 2, 3)), "{advice}");
    let advice = recommend(&small(Workload::Io));
    assert_eq!(advice.class, Class::Gthread);
    assert_eq!(range(&advice, "workers").map(|r| r.1), Some(2), "{advice}");
    assert_eq!(range(&advice, "threads").map(|r| r.1), Some(25), "{advice}");
}

#[test]
fn demand_and_database_decide_where_they_bind() {
    // 60/s to an API that answers in 1 s; 17 `sync` workers could do 17/s.
    let calls = with(on(Class::Gthread, 8.0, Workload::Io), |i| {
        i.service_time = Some(known(Seconds(1.0)));
        i.cpu_time = Some(known(Seconds(0.02)));
        i.demand.rate = Some(known(Rate(60.0)));
    });
    let advice = recommend(&calls);
    assert_eq!(range(&advice, "workers").map(|r| r.1), Some(4), "{advice}");
    assert_eq!(range(&advice, "threads").map(|r| r.1), Some(18), "{advice}");
    assert!(close(capacity(17, Seconds(1.0)).0, 17.0));

    // gevent opens a connection per greenlet, which is for a pool to bound: idle clients take a place as well.
    let greenlets = with(on(Class::Gevent, 2.0, Workload::Io), |i| {
        i.replicas = Some(known(3));
        i.surge = 1;
        i.database = Some(Database { limit: known(90), per_worker: None });
        i.configured.worker_connections = Some(known(1000));
    });
    let advice = recommend(&greenlets);
    assert_eq!(range(&advice, "workers").map(|r| r.1), Some(2), "{advice}");
    assert_eq!(range(&advice, "worker_connections"), None, "{advice}");
    let pool = "bound the pool of the application to 11 connections in each worker = 90 / 4 replicas / 2 workers";
    assert!(advice.to_string().contains(pool), "{advice}");

    // The same calls within 1.1 s in 99 of 100 cases: the queue has to be shorter than square-root staffing has it.
    let hasty = with(calls.clone(), |i| i.demand.latency = Some(known(Seconds(1.1))));
    let advice = recommend(&hasty);
    assert_eq!(advice.slots_then, Slots::Count(76), "{advice}");
    let text = advice.to_string();
    assert!(text.contains("latency: 99 of 100 within 1.1 s leave 100 ms to wait = 1.1 s - 1 s (test)"), "{text}");
    assert!(text.contains("to wait no longer, 75 slots (Erlang C)"), "{text}");
    // What takes a second is not answered in half of one.
    let late = recommend(&with(calls.clone(), |i| i.demand.latency = Some(known(Seconds(0.5)))));
    assert_eq!(late.slots_then, recommend(&calls).slots_then);
    assert!(late.to_string().contains("nothing answers within 500 ms what takes 1 s without any waiting"), "{late}");
    // Two cores that compute 1.8 of the time make requests wait for a core, whatever the number of workers.
    let busy = with(on(Class::Sync, 2.0, Workload::Cpu), |i| {
        i.service_time = Some(known(Seconds(0.1)));
        i.cpu_time = Some(known(Seconds(0.09)));
        i.demand.rate = Some(known(Rate(20.0)));
        i.demand.latency = Some(known(Seconds(0.3)));
    });
    let text = recommend(&busy).to_string();
    assert!(text.contains("latency: the slowest of 100 waits 2 s for a core"), "{text}");
    assert!(text.contains("more cores or replicas shorten that, more workers do not"), "{text}");

    // A platform that sends 16 requests at once to two cores.
    let platform = with(on(Class::Gthread, 2.0, Workload::Io), |i| {
        i.demand.concurrency = Some(known(16));
    });
    let advice = recommend(&platform);
    assert_eq!(range(&advice, "workers").map(|r| r.1), Some(2), "{advice}");
    assert_eq!(range(&advice, "threads").map(|r| r.1), Some(8), "{advice}");

    // 100 concurrent `def` requests of 10 s: three workers hold them.
    let sync_handlers = with(on(Class::EventLoop, 2.0, Workload::Io), |i| {
        i.sync_handlers = true;
        i.demand.concurrency = Some(known(100));
        i.service_time = Some(known(Seconds(10.0)));
        i.configured.workers = Some(known(1));
        i.configured.threads = Some(known(4));
    });
    let advice = recommend(&sync_handlers);
    assert_eq!(range(&advice, "workers").map(|r| r.1), Some(3), "{advice}");
    assert_eq!(advice.item("threads").unwrap().verdict, Verdict::Remove);
    assert_eq!(advice.slots_now, Slots::Count(40));
    assert_eq!(advice.slots_then, Slots::Count(120));
    let text = advice.to_string();
    assert!(text.contains("now: 40 slots answer 4/s at most = 40 / 10 s (test)"), "{text}");
    assert!(text.contains("the last of 100 requests that arrive together is answered after 30 s"), "{text}");
}

#[test]
fn a_cap_above_the_target_binds_nothing_below_it() {
    let mut inputs = Inputs::new("gunicorn", known(Class::Sync));
    inputs.cpus = Some(known(Cpus(2.0)));
    inputs.blocking_fraction = Some(known(0.5));
    let free = range(&recommend(&inputs), "workers").unwrap();
    // Memory for the target and not for all that the cores would take.
    inputs.memory = Some(known(Bytes::mib(600)));
    inputs.per_worker = Some(known(WorkerMemory::exactly(Bytes::mib(96))));
    let capped = range(&recommend(&inputs), "workers").unwrap();
    assert_eq!((capped.1, free.1), (4, 4));
    assert!(capped.2 < free.2, "{capped:?} {free:?}");

    let mut binding_of = |now: Option<u32>| {
        inputs.configured.workers = now.map(known);
        recommend(&inputs).item("workers").map(|item| item.binding)
    };
    assert_eq!(binding_of(None), Some(Binding::Cpu));
    assert_eq!(binding_of(Some(1)), Some(Binding::Cpu));
    // One more than fits is the memory's to refuse, ten times as many are so without it.
    assert_eq!(binding_of(Some(free.2)), Some(Binding::Memory));
    assert_eq!(binding_of(Some(free.2 + 40)), Some(Binding::Cpu));
}

#[test]
fn what_is_not_known_is_asked() {
    let mut inputs = Inputs::new("gunicorn", known(Class::Sync));
    inputs.configured.workers = Some(known(129));
    let advice = recommend(&inputs);
    assert!(advice.items.is_empty(), "{advice}");
    assert_eq!(advice.questions.len(), 1);

    // Without cores, memory alone still says that 129 workers do not fit.
    inputs.memory = Some(known(Bytes::mib(512)));
    inputs.per_worker = Some(known(WorkerMemory { low: Bytes::mib(30), value: Bytes::mib(80), high: Bytes::mib(150) }));
    let advice = recommend(&inputs);
    let item = advice.item("workers").unwrap();
    assert_eq!((item.verdict, item.binding), (Verdict::Change, Binding::Memory));
    assert_eq!(range(&advice, "workers"), Some((1, 4, 11)));

    // Nobody said what the requests do: only the absurd is outside.
    let mut inputs = Inputs::new("gunicorn", known(Class::Sync));
    inputs.cpus = Some(known(Cpus(2.0)));
    let advice = recommend(&inputs);
    assert_eq!(range(&advice, "workers"), Some((2, 4, 18)), "{advice}");
    assert_eq!(advice.confidence, Confidence::Low);
    assert!(advice.questions.iter().any(|q| q.contains("waiting")));
}

#[test]
fn a_low_estimate_of_memory_protects_what_might_fit() {
    let mut inputs = on(Class::EventLoop, 4.0, Workload::Mixed);
    inputs.memory = Some(known(Bytes::mib(512)));
    inputs.per_worker =
        Some(known(WorkerMemory { low: Bytes::mib(60), value: Bytes::mib(120), high: Bytes::mib(200) }));
    inputs.configured.workers = Some(known(5));
    let advice = recommend(&inputs);
    assert_eq!(range(&advice, "workers"), Some((2, 2, 5)), "{advice}");
    assert!(advice.is_settled());
}

/// The numbers of the derivation are of what runs when the advice is followed: what is fine stays.
#[test]
fn the_derivation_is_about_what_runs_then() {
    let pooled = with(on(Class::Gthread, 2.0, Workload::Io), |i| {
        i.replicas = Some(known(3));
        i.surge = 1;
        i.database = Some(Database { limit: known(90), per_worker: None });
        i.configured.workers = Some(known(3));
    });
    let text = recommend(&pooled).to_string();
    let line = "database: (3 replicas + 1 during an update) x 3 workers x 7 = 84 of 90 connections";
    assert!(text.contains(line), "{text}");
    // A database for 36 requests holds the others up.
    let many = with(on(Class::Sync, 4.0, Workload::Mixed), |i| {
        i.database = Some(Database { limit: known(5), per_worker: None });
        i.demand.concurrency = Some(known(20));
    });
    let text = recommend(&many).to_string();
    assert!(text.contains("demand: 20 requests at once (test), 4 for each of 5 workers"), "{text}");
    assert!(text.contains("15 of them wait for one of the 5 slots"), "{text}");
}

/// Uvicorn's `--limit-concurrency 1`: the second request of a worker gets 503.
#[test]
fn a_bound_of_the_server_is_a_bound_of_the_slots() {
    let bounded = with(on(Class::EventLoop, 2.0, Workload::Io), |i| {
        i.configured.workers = Some(known(2));
        i.configured.others.insert("limit_concurrency", known(1));
    });
    assert_eq!(recommend(&bounded).slots_now, Slots::Count(2));
}

#[test]
fn the_least_of_slots_cores_and_clients_decides_how_much_is_answered() {
    let resize = with(on(Class::Sync, 4.0, Workload::Cpu), |i| {
        i.service_time = Some(known(Seconds(0.3)));
        i.cpu_time = Some(known(Seconds(0.3)));
        i.configured.workers = Some(known(9));
    });
    let text = recommend(&resize).to_string();
    assert!(text.contains("now: 9 slots answer 30/s at most = 9 / 300 ms"), "{text}");
    assert!(text.contains("now: the cores answer 13.3/s at most = 4 / 300 ms of computing"), "{text}");
    let clients = with(on(Class::EventLoop, 2.0, Workload::Io), |i| {
        i.sync_handlers = true;
        i.service_time = Some(known(Seconds(10.0)));
        i.demand.concurrency = Some(known(100));
        i.configured.workers = Some(known(4));
    });
    let text = recommend(&clients).to_string();
    assert!(text.contains("100 clients that wait for their answers ask for 10/s at most = 100 / 10 s"), "{text}");
}

#[test]
fn threads_are_worth_a_thought_where_requests_seem_to_wait() {
    let seems = |workload| {
        with(on(Class::Sync, 2.0, workload), |i| {
            i.workload = Some(Known::new(workload, "inferred", Confidence::Low));
            i.configured.workers = Some(known(3));
        })
    };
    let advice = recommend(&seems(Workload::Io));
    let class = advice.item("worker_class").unwrap();
    assert_eq!((class.verdict, class.target), (Verdict::Consider, Amount::Class(Class::Gthread)), "{advice}");
    assert!(advice.is_settled(), "{advice}");
    assert!(advice.to_string().contains("if requests wait as it seems: gthread 2 x 10"), "{advice}");
    assert!(advice.to_string().contains("workers: 3 now (test): nothing known speaks against it, 2 to "), "{advice}");
    let computes = recommend(&seems(Workload::Cpu));
    assert_eq!(computes.item("worker_class"), None, "{computes}");
}

#[test]
fn a_server_of_one_process_is_started_more_than_once() {
    let daphne = Inputs { server: "daphne".to_owned(), ..on(Class::EventLoop, 4.0, Workload::Io) };
    let advice = recommend(&daphne);
    assert_eq!(range(&advice, "instances"), Some((4, 4, 5)), "{advice}");
    assert_eq!(advice.item("instances").unwrap().verdict, Verdict::Consider);
    let small = Inputs { cpus: Some(known(Cpus(1.0))), ..daphne };
    assert_eq!(recommend(&small).item("instances").unwrap().verdict, Verdict::InRange);
}

/// 15 s of draining leave nothing of 15 s, and requests of 100 s nothing of 30.
#[test]
fn the_kill_comes_after_the_longest_request() {
    let stops = |kill: f64, drain: Option<f64>, longest: Option<f64>| {
        let chain = Chain {
            kill_after: Some(Known::certain(Seconds(kill), "test")),
            kill_setting: "stop_grace_period",
            drain: drain.map(|drain| known(Seconds(drain))),
            longest_request: longest.map(|longest| known(Seconds(longest))),
            graceful: Some(Timer { setting: "graceful_timeout", now: known(Some(30.0)) }),
            margins: Margins { stop: Seconds(5.0), idle: Seconds(5.0), booting: 0.1 },
            ..Chain::default()
        };
        let advice = recommend(&Inputs { chain, ..on(Class::Sync, 2.0, Workload::Mixed) });
        let amount = |item: &Item| (item.lower, item.target, item.verdict);
        (advice.item("stop_grace_period").map(amount), advice.is_settled())
    };
    let seconds = |lower, target| Some((Amount::Seconds(lower), Amount::Seconds(target), Verdict::Change));
    assert_eq!(stops(15.0, Some(15.0), None), (seconds(30, 50), false));
    // A few seconds cut off what is answered today, unless somebody knows that nothing takes longer.
    assert_eq!(stops(5.0, None, None), (seconds(15, 35), false));
    assert_eq!(stops(5.0, None, Some(2.0)).0, None);
    assert_eq!(stops(15.0, None, None).0, None);
    assert_eq!(stops(30.0, None, Some(100.0)), (seconds(105, 105), false));
    assert_eq!(stops(47.0, Some(15.0), None).0, None);
}

/// A request of 100 s that no kill cuts off, and a class of which `timeout` ends no request.
#[test]
fn the_longest_request_is_waited_for() {
    let of = |class, now: f64, longest: f64| {
        let chain = Chain {
            longest_request: Some(known(Seconds(longest))),
            graceful: Some(Timer { setting: "graceful_timeout", now: known(Some(now)) }),
            timeout: Some(Timer { setting: "timeout", now: known(Some(30.0)) }),
            ..Chain::default()
        };
        recommend(&Inputs { chain, ..on(class, 2.0, Workload::Mixed) })
    };
    let pooled = of(Class::Gthread, 30.0, 100.0);
    let graceful = pooled.item("graceful_timeout").unwrap();
    assert_eq!(
        (graceful.target, graceful.upper, graceful.verdict),
        (Amount::Seconds(100), Amount::Open, Verdict::Change)
    );
    assert_eq!(pooled.item("timeout"), None, "{pooled}");
    let line = "`timeout` (30 s) watches that a worker reacts and ends no request of this class: the longest takes 100 s (test)";
    assert!(pooled.steps.iter().any(|step| step.text == line), "{pooled}");
    assert_eq!(of(Class::Gthread, 100.0, 100.0).item("graceful_timeout").unwrap().verdict, Verdict::InRange);
    assert_eq!(of(Class::Sync, 30.0, 100.0).item("timeout").unwrap().target, Amount::Seconds(101));
}

/// Two processors of Fly that are shared: one process is as right as two, and so are half of the slots.
#[test]
fn cores_that_are_only_there_for_bursts_are_no_reason_for_more_processes() {
    for (lasting, verdict) in [(None, Verdict::Change), (Some(Cpus(0.125)), Verdict::InRange)] {
        let advice = recommend(&with(on(Class::EventLoop, 2.0, Workload::Io), |i| {
            i.lasting = lasting;
            i.configured.workers = Some(known(1));
        }));
        assert_eq!(advice.item("workers").unwrap().verdict, verdict, "{advice}");
        assert_eq!(advice.item("workers").unwrap().target, Amount::Count(2));
        assert_eq!(advice.to_string().contains("only 0.12 CPUs of them last"), lasting.is_some(), "{advice}");
    }
}

#[test]
fn a_database_and_streams_are_asked_about() {
    let asked =
        |change: fn(&mut Inputs)| recommend(&with(on(Class::Gthread, 2.0, Workload::Io), change)).questions.join("\n");
    let many = asked(|i| {
        i.asks_database = true;
        i.replicas = Some(known(6));
    });
    assert!(many.contains("database.max-connections"), "{many}");
    // A word leaves open how many slots there should be, and so whether a database bears them.
    assert!(asked(|i| i.asks_database = true).contains("database.max-connections"));
    let exact = |change: fn(&mut Inputs)| {
        let inputs = with(on(Class::Gthread, 2.0, Workload::Io), |i| i.blocking_fraction = Some(known(0.9)));
        recommend(&with(inputs, change)).questions.join("\n")
    };
    assert_eq!(exact(|i| i.asks_database = true), "");
    assert_eq!(exact(|i| i.replicas = Some(known(6))), "");
    let streams = asked(|i| i.workload = Some(Known::new(Workload::Stream, "inferred", Confidence::Low)));
    assert!(streams.contains("how many clients stay connected at once"), "{streams}");
}

#[test]
fn servers_without_classes_are_told_of_processes_and_threads() {
    let granian = Inputs { server: "granian".to_owned(), ..on(Class::Gthread, 2.0, Workload::Io) };
    let text = recommend(&granian).to_string();
    assert!(text.starts_with("processes with threads: workers = 4") && !text.contains("gthread"), "{text}");
    let uwsgi = Inputs { server: "uwsgi".to_owned(), ..on(Class::Sync, 2.0, Workload::Cpu) };
    let text = recommend(&uwsgi).to_string();
    assert!(text.starts_with("processes: processes = 2") && !text.contains("sync"), "{text}");
    let eventlet = with(on(Class::Gevent, 2.0, Workload::Io), |i| i.called = Some("eventlet"));
    assert!(recommend(&eventlet).to_string().starts_with("eventlet: workers = 2"));
}

#[test]
fn the_derivation_reads_as_text() {
    let inputs = Inputs {
        cpus: Some(Known::certain(Cpus(2.0), "cgroup v2 CPU quota, /sys/fs/cgroup/cpu.max")),
        is_quota: true,
        blocking_fraction: Some(Known::new(0.7, "farrier.toml:3", Confidence::Medium)),
        memory: Some(Known::certain(Bytes::mib(512), "mem_limit, compose.yaml:9")),
        per_worker: Some(known(WorkerMemory::exactly(Bytes::mib(120)))),
        replicas: Some(known(2)),
        database: Some(Database { limit: known(90), per_worker: None }),
        configured: Configured { workers: Some(Known::certain(9, "gunicorn.conf.py:3")), ..Configured::default() },
        ..Inputs::new("gunicorn", Known::certain(Class::Sync, "default"))
    };
    insta::assert_snapshot!(recommend(&inputs).to_string());
}

#[test]
fn what_belongs_into_one_process_takes_threads_instead() {
    let jobs = || Some(known("of several each would run the jobs".to_owned()));
    let alone = |class, cpus| recommend(&with(on(class, cpus, Workload::Mixed), |i| i.one_process = jobs()));
    let sync = alone(Class::Sync, 4.0);
    assert_eq!((sync.class, range(&sync, "workers")), (Class::Gthread, Some((1, 1, 1))));
    assert_eq!(range(&sync, "threads"), Some((4, 4, 4)));
    assert_eq!(sync.item("workers").map(|item| item.binding), Some(Binding::OneProcess));
    let line = "one process and no more (test): of several each would run the jobs";
    assert!(sync.steps.iter().any(|step| step.text == line), "{sync}");
    assert!(sync.sensitivity.iter().any(|line| line == "if there could be several: sync 7"), "{sync}");
    let pooled = alone(Class::Gthread, 4.0);
    assert_eq!((range(&pooled, "workers"), range(&pooled, "threads")), (Some((1, 1, 1)), Some((4, 4, 4))));
    let event_loop = alone(Class::EventLoop, 4.0);
    assert_eq!((event_loop.class, range(&event_loop, "workers")), (Class::EventLoop, Some((1, 1, 1))));
    assert_eq!(range(&alone(Class::Gevent, 4.0), "workers"), Some((1, 1, 1)));
    // On less than a core one process of one slot is what it would be anyway.
    let small = alone(Class::Sync, 0.5);
    assert_eq!((small.class, range(&small, "workers")), (Class::Sync, Some((1, 1, 1))));
}

#[test]
fn workers_that_become_several_are_not_replaced_together() {
    let recycled = |cpus| {
        recommend(&with(on(Class::Sync, cpus, Workload::Mixed), |i| {
            i.configured.workers = Some(known(1));
            i.chain.recycling = Some((known(1000), known(0)));
        }))
    };
    assert_eq!(recycled(4.0).item("max_requests_jitter").map(|item| item.verdict), Some(Verdict::Change));
    assert!(recycled(0.5).item("max_requests_jitter").is_none());
}

/// Measured with 64 clients on two cores: 4 x 25 threads answer a fifth more than 2 x 50, and as much as 5 x 20 with
/// less memory than `2 n + 1` processes; 3 x 17 more than 2 x 25.
#[test]
fn threads_that_only_wait_are_shared_out_among_more_processes() {
    let waits = |b: f64, change: fn(&mut Inputs)| {
        let inputs = with(on(Class::Gthread, 2.0, Workload::Io), |i| i.blocking_fraction = Some(known(b)));
        recommend(&with(inputs, change))
    };
    let both = |advice: &Advice| (range(advice, "workers"), range(advice, "threads").map(|range| range.1));
    let io = waits(0.98, |_| {});
    assert_eq!(both(&io), (Some((3, 4, 5)), Some(25)), "{io}");
    let crowd = "more than about 20 threads of one process spend its core on handing its lock around";
    let says = |advice: &Advice, line: &str| advice.steps.iter().any(|step| step.text == format!("{crowd}: {line}"));
    assert!(says(&io, "4 processes on 2 CPUs share 100 slots, 25 each"), "{io}");
    let blend = waits(0.96, |_| {});
    assert_eq!(both(&blend), (Some((2, 3, 4)), Some(17)), "{blend}");
    assert!(says(&blend, "3 processes = 50 slots / 20, rounded up"), "{blend}");
    // More than two for each core only where threads would crowd, and never more than three.
    let stream = waits(0.99, |_| {});
    assert_eq!(both(&stream), (Some((6, 6, 7)), Some(34)), "{stream}");
    assert!(stream.to_string().contains("6 processes on 2 CPUs share 200 slots, 33.3 each"), "{stream}");
    // Requests that are there at once take the same processes, whatever they compute.
    let demand = waits(0.98, |i| i.demand.concurrency = Some(known(100)));
    assert_eq!(both(&demand), (Some((3, 4, 5)), Some(25)), "{demand}");
    let crowded = waits(0.98, |i| {
        i.configured.workers = Some(known(2));
        i.configured.threads = Some(known(50));
    });
    assert_eq!(crowded.item("workers").map(|item| item.verdict), Some(Verdict::Change), "{crowded}");
    assert_eq!((range(&crowded, "threads"), crowded.slots_then), (Some((17, 25, 34)), Slots::Count(100)), "{crowded}");
    // Memory for three of them, and a core that is not a whole one.
    let small = waits(0.98, |i| {
        i.memory = Some(known(Bytes::mib(256)));
        i.per_worker = Some(known(WorkerMemory::exactly(Bytes::mib(25))));
    });
    assert_eq!(both(&small), (Some((3, 3, 5)), Some(34)), "{small}");
    assert_eq!(both(&waits(0.98, |i| i.cpus = Some(known(Cpus(0.5))))).0, Some((1, 1, 2)));
    // What is only inferred asks for no more of them, and says nothing against them.
    for now in [1, 2, 6] {
        let inputs = with(on(Class::Gthread, 2.0, Workload::Stream), |i| {
            i.workload = Some(Known::new(Workload::Stream, "inferred", Confidence::Low));
            i.configured.workers = Some(known(now));
        });
        let advice = recommend(&inputs);
        assert_eq!(advice.item("workers").map(|item| item.target), Some(Amount::Count(2)), "{advice}");
        assert_eq!(advice.item("workers").map(|item| item.verdict == Verdict::InRange), Some(now > 1), "{advice}");
    }
}

#[test]
fn threads_take_over_from_processes_that_go() {
    let threads_of = |workers, threads, cpus| {
        let advice = recommend(&with(Inputs::new("gunicorn", known(Class::Gthread)), |i| {
            i.cpus = Some(known(Cpus(cpus)));
            i.workload = Some(Known::new(Workload::Io, "inferred", Confidence::Low));
            i.configured.workers = Some(known(workers));
            i.configured.threads = Some(known(threads));
        }));
        (range(&advice, "threads"), advice.item("threads").map(|item| item.verdict), advice.slots_then)
    };
    // 18 slots, of which two processes of two threads would leave 4.
    let (range, verdict, then) = threads_of(9, 2, 2.0);
    assert_eq!((range, verdict), (Some((9, 10, 20)), Some(Verdict::Consider)));
    assert_eq!(then, Slots::Count(18));
    // Whoever has as few processes as there are cores may know.
    assert_eq!(threads_of(2, 2, 2.0), (Some((1, 10, 20)), Some(Verdict::InRange), Slots::Count(4)));
}

#[test]
fn the_memory_of_threads_is_that_of_those_that_run_then() {
    let advice = recommend(&with(on(Class::Sync, 2.0, Workload::Io), |i| {
        i.memory = Some(known(Bytes::mib(1024)));
        i.per_worker = Some(known(WorkerMemory::exactly(Bytes::mib(80))));
        i.configured.workers = Some(known(33));
        i.configured.threads = Some(known(1));
    }));
    let text = advice.to_string();
    assert!(text.contains("each process gets 25 threads = 100 slots / 4 processes"), "{text}");
    assert!(text.contains("(80 MiB x 1.3 + 25 threads x 1 MiB)"), "{text}");
}

#[test]
fn what_is_written_is_told_where_nobody_knows_what_it_comes_to() {
    let inputs = with(on(Class::Sync, 2.0, Workload::Mixed), |i| {
        i.configured.written = BTreeMap::from([("workers", Known::certain("2 * cores() + 1".to_owned(), "a.py:3"))]);
    });
    let advice = recommend(&inputs).to_string();
    assert!(advice.contains("workers: `2 * cores() + 1` now (a.py:3): set 4"), "{advice}");
}

/// `io` is anything from 9 ms of waiting to 50 ms for 1 ms of computing.
#[test]
fn a_word_leaves_a_range_of_which_the_most_is_planned_with() {
    let io = |change: &dyn Fn(&mut Inputs)| recommend(&with(on(Class::Gthread, 2.0, Workload::Io), |i| change(i)));
    let both = |advice: &Advice| (range(advice, "workers").map(|r| r.1), range(advice, "threads").map(|r| r.1));
    let set = |workers, threads| {
        io(&|i| {
            i.configured.workers = Some(known(workers));
            i.configured.threads = Some(known(threads));
        })
    };
    assert_eq!(both(&io(&|_| {})), (Some(4), Some(25)));
    // What is right by the least of it is not known to be wrong, and both ends are told.
    let fine = set(2, 10);
    assert!(fine.items.iter().all(|item| item.verdict == Verdict::InRange), "{fine}");
    assert!(fine.sensitivity.iter().any(|line| line == "if requests waited 98 %: 100 slots, gthread 4 x 25"), "{fine}");
    assert!(fine.questions.iter().any(|line| line.contains("blocking-fraction")), "{fine}");
    // What is too little by either goes by the most: two processes would crowd.
    let few = set(2, 4);
    assert_eq!((both(&few), few.slots_then), ((Some(4), Some(25)), Slots::Count(100)), "{few}");
    // A connection too many is an error.
    let asks = io(&|i| i.asks_database = true);
    assert_eq!(both(&asks), (Some(2), Some(10)), "{asks}");
    assert!(asks.to_string().contains("the least is planned with"), "{asks}");
    let told = io(&|i| {
        i.asks_database = true;
        i.database = Some(Database { limit: known(60), per_worker: None });
    });
    assert_eq!(both(&told), (Some(4), Some(15)), "{told}");
    // One process has one lock: what keeps its core busy is enough.
    let alone = io(&|i| i.one_process = Some(known("jobs".to_owned())));
    assert_eq!(both(&alone), (Some(1), Some(50)), "{alone}");
    // Nobody runs a hundred processes instead.
    let processes = recommend(&with(on(Class::Sync, 2.0, Workload::Io), |i| i.configured.workers = Some(known(40))));
    assert_eq!((processes.class, both(&processes)), (Class::Gthread, (Some(4), Some(25))), "{processes}");
}

#[test]
fn cores_are_what_an_event_loop_is_sensitive_to() {
    let said = |inputs: &Inputs| recommend(inputs).sensitivity;
    let two = on(Class::EventLoop, 2.0, Workload::Io);
    assert!(said(&two).contains(&"if there were 3 CPUs: event loop 3".to_owned()), "{:?}", said(&two));
    let half = on(Class::EventLoop, 0.5, Workload::Io);
    assert!(said(&half).contains(&"if there were 2 CPUs: event loop 2".to_owned()), "{:?}", said(&half));
    // One process and no more: cores change nothing.
    let full =
        with(on(Class::EventLoop, 2.0, Workload::Io), |i| i.one_process = Some(known("a rate limiter".to_owned())));
    assert!(!said(&full).iter().any(|line| line.starts_with("if there were")), "{:?}", said(&full));
}
