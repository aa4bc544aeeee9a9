//! Numbers that one server has and the others do not: the threads behind `def` handlers, Granian's
//! backpressure and runtime threads, uWSGI's cheap processes.

use super::advice::{Amount, Binding, Item, Verdict};
use super::capacity::{ANYIO_TOKENS, whole_up};
use super::inputs::{Class, Inputs, Known};
use super::load::Load;
use super::plan::{Plan, Range, UNBOUNDED};
use super::recommend::item;

/// What to set beside the plan.
pub(super) fn items(inputs: &Inputs, plan: &Plan) -> Vec<Item> {
    let mut items = Vec::new();
    items.extend(limiter(inputs, plan));
    match inputs.server.as_str() {
        "granian" => items.extend([backpressure(inputs, plan), runtime(inputs)].into_iter().flatten()),
        "uwsgi" => items.extend(cheaper(inputs, plan)),
        _ => {}
    }
    items
}

/// The pool of threads behind `def` handlers: large enough for the requests that wait in each worker, no
/// larger than the pool of connections that all of them ask for one.
fn limiter(inputs: &Inputs, plan: &Plan) -> Option<Item> {
    if !(inputs.sync_handlers && plan.class == Class::EventLoop) {
        return None;
    }
    let load = Load::of(inputs)?;
    let workers = plan.kept_workers(inputs);
    let each = |slots: f64| whole_up(slots / f64::from(workers.max(1))).max(1);
    let needed = each(load.demand.unwrap_or_else(|| load.by_cpu(load.blocking.low)));
    let lower = whole_up(0.8 * f64::from(needed)).max(1);
    let target = needed.max(ANYIO_TOKENS);
    let range = Range {
        lower: lower.min(target),
        target,
        // Threads that only wait cost a little memory each; nobody counts them before there are hundreds.
        upper: target.max(10 * ANYIO_TOKENS),
        binding: if load.demand.is_some() { Binding::Demand } else { Binding::Cpu },
        cut: None,
    };
    let source = || "AnyIO's default".to_owned();
    let now = inputs.thread_tokens.clone().unwrap_or_else(|| Known::certain(ANYIO_TOKENS, source()));
    Some(item("thread_limiter", Some(&now), range))
}

/// Granian takes no more than so many requests at once in each worker, and lets connections wait beyond.
fn backpressure(inputs: &Inputs, plan: &Plan) -> Option<Item> {
    let now = inputs.configured.others.get("backpressure")?;
    let demand = inputs.demand.concurrency.as_ref().map(|all| {
        let replicas = inputs.replicas.as_ref().map_or(1, |replicas| replicas.value).max(1);
        all.value.div_ceil(replicas).div_ceil(plan.workers.target.max(1))
    });
    let workers = plan.kept_workers(inputs).max(1);
    let threads = plan.threads.map(|threads| threads.kept(inputs.configured.threads.as_ref().map(|now| now.value)));
    // Connections that are idle count as well: behind 4 of them a request waited for 8 s (Granian 2.8.7).
    let idle = inputs.chain.idle_connections.as_ref().map(|all| all.value.div_ceil(workers));
    let lower = demand.into_iter().chain(threads).chain(idle).max()?;
    let range = Range { lower, target: lower.saturating_mul(2), upper: UNBOUNDED, binding: Binding::Demand, cut: None };
    Some(item("backpressure", Some(now), range))
}

/// One thread of Granian's runtime carries the connections of one interpreter; more of them only pay with
/// HTTP/2, says its README.
fn runtime(inputs: &Inputs) -> Option<Item> {
    let now = inputs.configured.others.get("runtime_threads")?;
    let cores = inputs.cpus.as_ref()?.value.whole_up();
    Some(item(
        "runtime_threads",
        Some(now),
        Range { lower: 1, target: 1, upper: cores.max(2), binding: Binding::Cpu, cut: None },
    ))
}

/// uWSGI refuses to start with as many cheap processes as processes.
fn cheaper(inputs: &Inputs, plan: &Plan) -> Option<Item> {
    let now = inputs.configured.others.get("cheaper").filter(|now| now.value > 0)?;
    let processes = plan.kept_workers(inputs);
    let most = processes.saturating_sub(1);
    if most == 0 {
        let one = Amount::Count(0);
        return Some(Item {
            setting: "cheaper",
            current: Some(super::recommend::amount(now)),
            written: None,
            lower: one,
            target: one,
            upper: one,
            binding: Binding::Ignored,
            verdict: Verdict::Remove,
        });
    }
    Some(item(
        "cheaper",
        Some(now),
        Range { lower: 1, target: most.min(2), upper: most, binding: Binding::Cpu, cut: None },
    ))
}
