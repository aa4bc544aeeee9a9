//! Threads and connections of servers in Rust.

use super::*;

fn axum(cpus: f64, threads: Option<u32>) -> Inputs {
    let runtime = Runtime {
        called: "tokio",
        setting: "worker_threads",
        single: None,
        blocking: Some(("max_blocking_threads", known(512))),
        each: false,
        by_default: Some(available_parallelism(Cpus(cpus))),
        pools: Vec::new(),
    };
    let inputs = Inputs::new("axum", known(Class::Runtime));
    let configured = Configured { workers: threads.map(known), ..Configured::default() };
    Inputs { cpus: Some(known(Cpus(cpus))), runtime: Some(runtime), configured, ..inputs }
}

fn pooled(mut inputs: Inputs, connections: u32, on_threads: bool) -> Inputs {
    let pool =
        Connections { setting: "max_size", size: Some(known(connections)), place: "db.rs:4".to_owned(), on_threads };
    inputs.runtime.as_mut().unwrap().pools.push(pool);
    inputs
}

fn verdict(inputs: &Inputs, setting: &str) -> Option<(Verdict, u32)> {
    let advice = recommend(inputs);
    let item = advice.item(setting)?;
    Some((item.verdict, item.target.count()?))
}

#[test]
fn one_thread_for_each_core() {
    assert_eq!(range(&recommend(&axum(2.0, Some(16))), "worker_threads"), Some((2, 2, 3)));
    assert_eq!(range(&recommend(&axum(0.5, Some(16))), "worker_threads"), Some((1, 1, 1)));
    assert_eq!(range(&recommend(&axum(2.5, Some(16))), "worker_threads"), Some((2, 3, 5)));
    let threads = |cpus, threads| verdict(&axum(cpus, Some(threads)), "worker_threads").map(|(verdict, _)| verdict);
    assert_eq!(threads(2.0, 16), Some(Verdict::Change));
    assert_eq!(threads(2.0, 4), Some(Verdict::Change));
    assert_eq!(threads(2.0, 3), Some(Verdict::InRange));
    // Nobody knows what else the cores are for.
    assert_eq!(threads(4.0, 1), Some(Verdict::Consider));
    assert_eq!(verdict(&axum(2.0, None), "worker_threads"), Some((Verdict::Unknown, 2)));
}

#[test]
fn one_thread_that_runs_everything_has_no_number() {
    let mut inputs = axum(4.0, Some(1));
    inputs.runtime.as_mut().unwrap().single = Some("main.rs:3".to_owned());
    let advice = recommend(&inputs);
    assert!(advice.items.is_empty());
    assert!(
        advice.to_string().contains("one thread runs everything (main.rs:3), however many of the 4 CPUs there are")
    );
}

#[test]
fn without_cores_it_asks_for_them() {
    let advice = recommend(&Inputs { cpus: None, ..axum(1.0, Some(16)) });
    assert!(advice.items.is_empty() && advice.questions.len() == 1);
}

#[test]
fn every_connection_that_threads_wait_for_has_one() {
    let few = |mut inputs: Inputs, threads| {
        inputs.runtime.as_mut().unwrap().blocking = Some(("max_blocking_threads", known(threads)));
        verdict(&inputs, "max_blocking_threads")
    };
    assert_eq!(few(pooled(axum(2.0, None), 10, true), 4), Some((Verdict::Change, 20)));
    assert_eq!(few(pooled(axum(2.0, None), 10, true), 10), None);
    // Tasks wait for the others.
    assert_eq!(few(pooled(axum(2.0, None), 10, false), 4), None);
    let text = recommend(&pooled(axum(2.0, None), 10, true)).to_string();
    assert!(text.contains("of these, 10 work with a connection and the others wait for one"), "{text}");
    // Each worker of Actix has its own threads: 4 of 3 are enough for 12.
    let mut actix = pooled(axum(4.0, Some(4)), 12, true);
    actix.runtime.as_mut().unwrap().each = true;
    assert_eq!(few(actix.clone(), 3), None);
    assert_eq!(few(actix, 2), Some((Verdict::Change, 6)));
}

#[test]
fn copies_share_the_connections_of_a_database() {
    let limited = |inputs: Inputs, replicas, surge| Inputs {
        database: Some(Database { limit: known(97), per_worker: None }),
        replicas: Some(known(replicas)),
        surge,
        ..inputs
    };
    let pool = |inputs: &Inputs| verdict(inputs, "max_size");
    assert_eq!(pool(&limited(pooled(axum(2.0, None), 40, false), 3, 1)), Some((Verdict::Change, 24)));
    assert_eq!(pool(&limited(pooled(axum(2.0, None), 40, false), 2, 0)), None);
    let text = recommend(&limited(pooled(axum(2.0, None), 40, false), 3, 1)).to_string();
    assert!(text.contains("97 connections (test) for 3 replicas and 1 more during an update = 24 for each"), "{text}");
    // Of two pools nobody knows which is for that database.
    let two = pooled(pooled(axum(2.0, None), 40, false), 40, false);
    assert_eq!(pool(&limited(two, 3, 1)), None);
}
