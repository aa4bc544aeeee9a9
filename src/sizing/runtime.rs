//! Threads and connections of a server in Rust, whose one process runs tasks on the threads of a runtime.
//!
//! Decides how many threads run tasks, how many may wait beside them, and how many connections a copy may keep. How
//! many requests a runtime serves follows from none of these, so that it says nothing about it.

use super::advice::{Advice, Amount, Binding, Item, Slots, Step, Verdict};
use super::capacity::{connections_per_replica, runs_per_period};
use super::explain::counted;
use super::inputs::{Inputs, Known, Origin};
use super::load::most_replicas;
use super::recommend::amount;
use super::{explain, given};
use crate::findings::Confidence;
use crate::values::{Cpus, Seconds};

/// What a server in Rust runs requests on.
#[derive(Debug, Clone, PartialEq)]
pub struct Runtime {
    /// What to call it: `tokio runtime`.
    pub called: &'static str,
    /// What the number of its threads is called.
    pub setting: &'static str,
    /// Where one thread runs everything, who says so.
    pub single: Option<String>,
    /// The threads for calls that wait, by the name of their setting; each of the others has as many, if `each`.
    pub blocking: Option<(&'static str, Known<u32>)>,
    /// Whether every worker has such a pool of its own.
    pub each: bool,
    /// The threads that start where nobody says how many; `None` where the cores are not known.
    pub by_default: Option<u32>,
    /// Its connections to databases.
    pub pools: Vec<Connections>,
}

/// Connections of one pool.
#[derive(Debug, Clone, PartialEq)]
pub struct Connections {
    /// What sets their number.
    pub setting: &'static str,
    /// How many there are at most; `None` where that is not known.
    pub size: Option<Known<u32>>,
    /// Where the pool is made.
    pub place: String,
    /// Whether whoever wants one waits on a thread.
    pub on_threads: bool,
}

/// The threads that a program starts when nobody says how many: the whole cores that it may use, at least one.
///
/// `std::thread::available_parallelism` divides the quota by its period and drops the rest: 2.5 CPUs make 2.
#[must_use]
pub fn available_parallelism(cpus: Cpus) -> u32 {
    cpus.whole_up().saturating_sub(u32::from(cpus.0.fract() > 0.0)).max(1)
}

/// From this many times the cores on, threads of a runtime are too many.
const TOO_MANY: u32 = 2;

/// The Linux default for the period of a CPU quota.
const QUOTA_PERIOD: Seconds = Seconds(0.1);

pub(super) fn recommend(inputs: &Inputs, runtime: &Runtime) -> Advice {
    let threads = threads(inputs, runtime);
    let running = threads.as_ref().and_then(|item| item.advised().count());
    let known = [threads, blocking(runtime, running), connections(inputs, runtime)];
    let mut items: Vec<Item> = known.into_iter().flatten().collect();
    for item in items.iter_mut().filter(|item| item.current.is_none()) {
        item.written = inputs.configured.written.get(item.setting).cloned();
    }
    items.extend(super::chain::items(inputs, inputs.class.value, None));
    let mut lines = explain::facts(inputs);
    lines.extend(why_threads(inputs, runtime));
    lines.extend(why_connections(inputs, runtime));
    lines.extend(super::chain::steps(inputs, inputs.class.value));
    let sure = inputs.cpus.as_ref().map_or(Confidence::Medium, |cpus| cpus.confidence);
    let unknown = inputs.cpus.is_none() && runtime.single.is_none();
    let ask = "the cores that one copy may use (`--cpus`, or `cpus` in `[host]`)".to_owned();
    Advice {
        class: inputs.class.value,
        called: runtime.called,
        cpus: inputs.cpus.as_ref().map(|cpus| cpus.value),
        cpus_of: inputs.cpus_of,
        inputs: given::all(inputs),
        items,
        steps: lines.into_iter().map(|text| Step { text }).collect(),
        sensitivity: Vec::new(),
        confidence: sure,
        slots_now: Slots::Open,
        slots_then: Slots::Open,
        loops_beside: false,
        questions: unknown.then_some(ask).into_iter().collect(),
        objections: Vec::new(),
        elsewhere: false,
        falls_short: false,
        measure: Vec::new(),
    }
}

/// `floor(q) <= threads < 2 ceil(q)` for a quota of `q` cores, at best `ceil(q)`: 16 threads on 2 cores become 2, and 3
/// are left alone.
fn threads(inputs: &Inputs, runtime: &Runtime) -> Option<Item> {
    if runtime.single.is_some() {
        return None;
    }
    let cpus = inputs.cpus.as_ref()?.value;
    let (lower, target) = (available_parallelism(cpus), cpus.whole_up());
    let upper = target * TOO_MANY - 1;
    let current = inputs.configured.workers.as_ref();
    let verdict = match current {
        None => Verdict::Unknown,
        Some(now) if now.value > upper => Verdict::Change,
        // Whoever takes fewer may leave the others to something else.
        Some(now) if now.value < lower => Verdict::Consider,
        Some(_) => Verdict::InRange,
    };
    Some(item(runtime.setting, current, [lower, target, upper], Binding::Cpu, verdict))
}

/// Each connection of a pool that threads wait for needs one of those threads, and so does whoever waits for one: as many
/// again. 4 threads for 10 connections become 20.
fn blocking(runtime: &Runtime, workers: Option<u32>) -> Option<Item> {
    let (setting, now) = runtime.blocking.as_ref()?;
    let pools = runtime.pools.iter().filter(|pool| pool.on_threads);
    let connections: u32 = pools.map(|pool| pool.size.as_ref().map(|size| size.value)).sum::<Option<u32>>()?;
    let sharing = if runtime.each { workers?.max(1) } else { 1 };
    let least = connections.div_ceil(sharing);
    if connections == 0 || now.value >= least {
        return None;
    }
    let lower = Amount::Count(least);
    let (target, upper) = (Amount::Count(least.saturating_mul(2)), Amount::Open);
    let current = Some(amount(now));
    let (binding, verdict) = (Binding::Database, Verdict::Change);
    Some(Item { setting, current, written: None, lower, target, upper, binding, verdict })
}

/// What the database gives to each copy, those that an update starts counted: 97 connections and 3 copies, one more during
/// an update, make 24.
fn connections(inputs: &Inputs, runtime: &Runtime) -> Option<Item> {
    let [pool] = &runtime.pools[..] else { return None };
    let most = budget(inputs)?;
    let size = pool.size.as_ref()?;
    (size.value > most).then(|| item(pool.setting, Some(size), [1, most, most], Binding::Database, Verdict::Change))
}

/// Connections that one copy may open, at least one.
fn budget(inputs: &Inputs) -> Option<u32> {
    let database = inputs.database.as_ref()?;
    Some(connections_per_replica(database.limit.value, most_replicas(inputs), inputs.surge).max(1))
}

fn item(
    setting: &'static str,
    current: Option<&Known<u32>>,
    [lower, target, upper]: [u32; 3],
    binding: Binding,
    verdict: Verdict,
) -> Item {
    let current = current.map(amount);
    let [lower, target, upper] = [lower, target, upper].map(Amount::Count);
    Item { setting, current, written: None, lower, target, upper, binding, verdict }
}

fn why_threads(inputs: &Inputs, runtime: &Runtime) -> Vec<String> {
    if let Some(source) = &runtime.single {
        let more = inputs.cpus.as_ref().filter(|cpus| cpus.value.whole_up() > 1);
        let more = more.map(|cpus| format!(", however many of the {} there are", cpus.value));
        return vec![format!("one thread runs everything ({source}){}", more.unwrap_or_default())];
    }
    let Some(cpus) = inputs.cpus.as_ref().map(|cpus| cpus.value) else { return Vec::new() };
    let mut lines = vec![format!(
        "threads: a core runs one of them at a time, so {} for {cpus}; where nobody says how many, {} start",
        cpus.whole_up(),
        runtime.by_default.unwrap_or_else(|| cpus.whole_up()),
    )];
    let busy = inputs.configured.workers.as_ref().map(|now| now.value).filter(|now| f64::from(*now) > cpus.0);
    if let Some(busy) = busy.filter(|_| inputs.is_quota && inputs.cpus_of == Origin::Stated) {
        let runs = runs_per_period(cpus, busy, QUOTA_PERIOD);
        lines.push(format!("threads: {busy} busy ones run {runs} of each 100 ms, and stand still for the rest"));
    }
    lines
}

fn why_connections(inputs: &Inputs, runtime: &Runtime) -> Vec<String> {
    let mut lines = Vec::new();
    for pool in &runtime.pools {
        let Some(size) = &pool.size else {
            lines.push(format!("connections: how many is not known ({})", pool.place));
            continue;
        };
        let source =
            if size.source == pool.place { pool.place.clone() } else { format!("{}, {}", size.source, pool.place) };
        lines.push(format!("connections: {} at most ({source})", size.value));
        if let (true, Some((setting, now))) = (pool.on_threads, &runtime.blocking)
            && now.value > size.value
        {
            lines.push(format!(
                "threads for calls that wait: {} ({setting}, {}); of these, {} work with a connection and the others wait \
                 for one",
                now.value, now.source, size.value
            ));
        }
    }
    if let (Some(database), Some(most)) = (&inputs.database, budget(inputs)) {
        let more =
            if inputs.surge > 0 { format!(" and {} more during an update", inputs.surge) } else { String::new() };
        lines.push(format!(
            "database: {} connections ({}) for {}{more} = {most} for each",
            database.limit.value,
            database.limit.source,
            counted(most_replicas(inputs), "replica"),
        ));
    }
    lines
}
