//! Compares what is set with the plan, and says what to do with each setting.

use super::advice::{Advice, Amount, Binding, Item, Slots, Verdict};
use super::guess::plan;
use super::inputs::{Class, Inputs, Known, Misfit};
use super::load::{Caps, Load};
use super::plan::{CONNECTIONS, Plan, Range, UNBOUNDED};
use super::{chain, explain, given, own, runtime};
use crate::findings::Confidence;

/// What to set, why, and how sure that is.
///
/// Conservative: a configured value inside its range is left alone, and without a number of cores
/// there are only the statements that need none.
pub fn recommend(inputs: &Inputs) -> Advice {
    let advice = compare(inputs);
    // A formula that ends inside of the range on a large machine is capped, and right where it is.
    let capped = inputs.most_workers.as_ref().filter(|most| {
        let item = inputs.workers_setting().and_then(|setting| advice.item(setting));
        item.is_some_and(|item| item.verdict == Verdict::Unknown && item.holds(most.value))
    });
    match capped {
        Some(most) => {
            let mut inputs = Inputs { most_workers: None, ..inputs.clone() };
            inputs.configured.workers = Some(most.clone());
            compare(&inputs)
        }
        None => advice,
    }
}

fn compare(inputs: &Inputs) -> Advice {
    if let Some(runtime) = &inputs.runtime {
        return runtime::recommend(inputs, runtime);
    }
    let load = Load::of(inputs);
    let plan = load.as_ref().map(|load| plan(inputs, load));
    let mut items = Vec::new();
    match &plan {
        Some(plan) => {
            items.extend(load.as_ref().and_then(|load| threads_instead(inputs, load, plan)));
            planned(inputs, plan, &mut items);
            if let Some(load) = &load {
                spare(inputs, load, plan, &mut items);
                alone(inputs, plan, &mut items);
            }
            items.extend(own::items(inputs, plan));
        }
        None => items.extend(too_many(inputs)),
    }
    let class = plan.map_or(inputs.class.value, |p| p.class);
    items.splice(0..0, inputs.misfit.as_ref().map(fitting));
    items.extend(ignored(inputs, class));
    for item in items.iter_mut().filter(|item| item.current.is_none()) {
        item.written = inputs.configured.written.get(item.setting).cloned();
    }
    let workers = plan.map(|plan| plan.kept_workers(inputs));
    let workers = workers.or_else(|| Some(inputs.configured.workers.as_ref()?.value));
    items.extend(chain::items(inputs, class, workers));

    let advised = |setting: &str| -> Option<u32> {
        let item = items.iter().find(|i: &&Item| i.setting == setting)?;
        item.advised().count()
    };
    let configured = &inputs.configured;
    let set = |known: &Option<Known<u32>>| known.as_ref().map(|k| k.value);
    // A server without a setting for them runs one.
    let workers_now = set(&configured.workers).or_else(|| inputs.workers_setting().is_none().then_some(1));
    let tokens = inputs.sync_handlers.then(|| inputs.tokens());
    // Uvicorn answers 503 beyond so many connections of a worker.
    let bounded = inputs.configured.others.get("limit_concurrency").map(|most| most.value);
    let at_most = |slots: Slots, workers: Option<u32>| match bounded.zip(workers) {
        Some((most, workers)) => match slots {
            Slots::Count(n) => Slots::Count(n.min(u64::from(most) * u64::from(workers))),
            Slots::Open | Slots::Unknown => Slots::Count(u64::from(most) * u64::from(workers)),
        },
        None => slots,
    };
    let slots_now = match inputs.misfit {
        Some(_) => Slots::Count(0),
        // It follows the cores of the machine, which are not those of the limit.
        None if inputs.all_in_threads => Slots::Unknown,
        None => slots(
            inputs.class.value,
            tokens,
            workers_now,
            set(&configured.threads),
            set(&configured.worker_connections),
        ),
    };
    let slots_now = at_most(slots_now, workers_now);
    let slots_then = slots(
        class,
        advised("thread_limiter").or(tokens),
        inputs.workers_setting().and_then(advised).or(workers_now),
        advised(inputs.threads_setting()).or(set(&configured.threads)),
        advised("worker_connections").or(set(&configured.worker_connections)),
    );
    let slots_then = if inputs.all_in_threads { Slots::Unknown } else { slots_then };
    let slots_then = at_most(slots_then, inputs.workers_setting().and_then(advised).or(workers_now));
    let steps = explain::steps(inputs, load.as_ref(), plan.as_ref(), slots_now, slots_then);
    let sensitivity = load.as_ref().map_or_else(Vec::new, |load| explain::sensitivity(inputs, load));
    Advice {
        class,
        called: inputs.name_of(class),
        cpus: inputs.cpus.as_ref().map(|cpus| cpus.value),
        cpus_of: inputs.cpus_of,
        inputs: given::all(inputs),
        confidence: confidence(inputs, load.as_ref(), &items),
        questions: explain::questions(inputs, load.as_ref(), class, slots_then),
        measure: explain::measure(inputs, load.as_ref(), &items),
        objections: Vec::new(),
        falls_short: load.as_ref().is_some_and(Load::falls_short),
        elsewhere: false,
        loops_beside: class == Class::EventLoop && inputs.sync_handlers && inputs.loop_handlers && bounded.is_none(),
        items,
        steps,
        sensitivity,
        slots_now,
        slots_then,
    }
}

/// Requests that run at once in one replica, as far as the settings are known.
///
/// `workers` of `sync`; `workers x threads` of `gthread`; `workers x worker_connections` of
/// `gevent` (1000 if not set), which is a bound and no throughput; `plain` per worker for the `def`
/// handlers of an ASGI application; no fixed number for `async def` handlers.
pub fn slots(
    class: Class,
    plain: Option<u32>,
    workers: Option<u32>,
    threads: Option<u32>,
    connections: Option<u32>,
) -> Slots {
    let each = match class {
        Class::Sync => Some(1),
        Class::Gthread => threads,
        Class::Gevent => Some(connections.unwrap_or(CONNECTIONS)),
        Class::EventLoop if plain.is_some() => plain,
        Class::EventLoop | Class::Tornado | Class::Runtime => return Slots::Open,
    };
    match workers.zip(each) {
        Some((workers, each)) => Slots::Count(u64::from(workers) * u64::from(each)),
        None => Slots::Unknown,
    }
}

/// The items of a plan.
fn planned(inputs: &Inputs, plan: &Plan, items: &mut Vec<Item>) {
    let configured = &inputs.configured;
    let converted = plan.class != inputs.class.value;
    // Of the other servers threads are a number like any other, with no class to go with it.
    if converted && inputs.server == "gunicorn" {
        let now = Known::new(inputs.class_now(), inputs.class.source.clone(), inputs.class.confidence);
        items.push(another_class(plan.class, Some(now), plan.because, Verdict::Change));
    }
    if let Some(setting) = inputs.workers_setting() {
        items.push(item(setting, configured.workers.as_ref(), plan.workers));
    } else if !inputs.abreast_open {
        // Of a number of processes that a template gives there is nothing to say, and no place to edit.
        let one = Known::certain(1, "the server runs one process");
        let all = item("instances", Some(&one), plan.workers);
        // Copies may share the cores as well, so that one alone is no mistake.
        let verdict = if all.verdict == Verdict::Change { Verdict::Consider } else { all.verdict };
        items.push(Item { verdict, ..all });
    }
    if let Some(range) = plan.threads {
        let setting = inputs.threads_setting();
        let now = configured.threads.as_ref().map_or(0, |threads| threads.value);
        // Threads that are made when they are needed cost nothing by being allowed.
        let upper =
            if inputs.threads_come && range.binding != Binding::Database { range.upper.max(now) } else { range.upper };
        items.push(item(setting, configured.threads.as_ref(), Range { upper, ..range }));
    }
    // What nobody sets is Gunicorn's default.
    let now = configured.worker_connections.as_ref();
    if let Some(range) = plan.connections.filter(|range| now.is_some() || !range.contains(CONNECTIONS)) {
        items.push(item(inputs.connections_setting(), now, range));
    }
}

/// So many times what is fine is too much, whatever requests do.
const MANY: u32 = 2;

/// More processes than the cores ask for cost memory and little else where they fit, and are worth it where something
/// holds one of them: as long as nobody says what requests do, fewer are something to think about, and so is what would
/// make up for them.
fn spare(inputs: &Inputs, load: &Load, plan: &Plan, items: &mut [Item]) {
    // Two on one core are there for restarts, which bounds nothing.
    let by_cores = matches!(plan.workers.binding, Binding::Cpu | Binding::Floor) && plan.workers.cut.is_none();
    if load.blocking.confidence > Confidence::Low || !by_cores {
        return;
    }
    let (now, setting) = (inputs.configured.workers.as_ref(), inputs.workers_setting());
    let upper = plan.workers.upper;
    let threads = inputs.configured.threads.as_ref().filter(|_| inputs.class.value == Class::Gthread);
    let threads = threads.map_or(0, |threads| threads.value);
    let fits = |now: u32| load.caps.most_workers(threads).is_none_or(|most| now <= most);
    // Of loops of an application that nobody has read even many may be needed; below a core they stop each other.
    let unread = inputs.per_worker.is_none() && matches!(plan.class, Class::EventLoop | Class::Gevent | Class::Tornado);
    let few = |now: u32| load.has_a_core() && (now <= MANY * upper || unread);
    if !now.is_some_and(|now| now.value > upper && few(now.value) && fits(now.value)) {
        return;
    }
    let together = |item: &Item| Some(item.setting) == setting || item.setting == inputs.threads_setting();
    for item in items.iter_mut().filter(|item| together(item) && item.verdict == Verdict::Change) {
        item.verdict = Verdict::Consider;
    }
}

/// A single worker with a single request lets everything wait for the slowest, health checks among it: instead of several
/// that is nothing to write, whoever is short of memory. Threads are to be thought about.
fn alone(inputs: &Inputs, plan: &Plan, items: &mut Vec<Item>) {
    if !is_lone(inputs, plan) {
        return;
    }
    let (setting, class) = (inputs.workers_setting(), &inputs.class);
    for item in items.iter_mut().filter(|item| Some(item.setting) == setting && item.verdict == Verdict::Change) {
        item.verdict = Verdict::Consider;
    }
    if inputs.server == "gunicorn" && items.iter().all(|item| item.setting != "worker_class") {
        let now = Some(Known::new(inputs.class_now(), class.source.clone(), class.confidence));
        items.insert(0, another_class(Class::Gthread, now, plan.workers.binding, Verdict::Consider));
    }
}

/// Whether one worker that runs one request at a time would take the place of several.
fn is_lone(inputs: &Inputs, plan: &Plan) -> bool {
    let now = inputs.configured.workers.as_ref().map(|workers| workers.value);
    plan.class == Class::Sync && plan.kept_workers(inputs) == 1 && now.is_some_and(|now| now > 1)
}

/// Another class than the one that runs `now`.
fn another_class(class: Class, now: Option<Known<Amount>>, binding: Binding, verdict: Verdict) -> Item {
    let target = Amount::Class(class);
    Item {
        setting: "worker_class",
        current: now,
        written: None,
        lower: target,
        target,
        upper: target,
        binding,
        verdict,
    }
}

/// The class that can call the application.
fn fitting(misfit: &Misfit) -> Item {
    let target = Amount::Named(misfit.instead);
    let Known { value, source, confidence } = misfit.now.clone();
    Item {
        setting: "worker_class",
        current: Some(Known::new(Amount::Named(value), source, confidence)),
        written: None,
        lower: target,
        target,
        upper: target,
        binding: Binding::Interface,
        verdict: Verdict::Change,
    }
}

/// Threads instead of processes, where what was only inferred about the requests asks for them: no reason to call
/// a class wrong, but one to think about it.
fn threads_instead(inputs: &Inputs, load: &Load, planned: &Plan) -> Option<Item> {
    let unsure = load.blocking.confidence == Confidence::Low && load.blocking.source.is_some();
    if inputs.server != "gunicorn" || planned.class != Class::Sync || !unsure {
        return None;
    }
    let class = explain::if_so(inputs, load).class;
    let now = || Known::new(inputs.class_now(), inputs.class.source.clone(), inputs.class.confidence);
    (class != Class::Sync).then(|| another_class(class, Some(now()), Binding::Cpu, Verdict::Consider))
}

pub(super) fn item(setting: &'static str, current: Option<&Known<u32>>, range: Range) -> Item {
    Item {
        setting,
        current: current.map(amount),
        written: None,
        lower: Amount::Count(range.lower),
        target: Amount::Count(range.target),
        // Nobody needs to hear of a bound beyond all numbers.
        upper: if range.upper >= UNBOUNDED { Amount::Open } else { Amount::Count(range.upper) },
        binding: range.decided(current.map(|now| now.value)),
        verdict: match current {
            None => Verdict::Unknown,
            Some(now) if range.contains(now.value) => Verdict::InRange,
            Some(_) => Verdict::Change,
        },
    }
}

pub(super) fn amount(known: &Known<u32>) -> Known<Amount> {
    Known::new(Amount::Count(known.value), known.source.clone(), known.confidence)
}

/// What can be said without a number of cores: more workers than memory or database surely allow.
fn too_many(inputs: &Inputs) -> Option<Item> {
    let now = inputs.configured.workers.as_ref()?;
    let caps = Caps::of(inputs);
    // A pool of threads takes at least one connection and one thread's memory per worker.
    let threads = u32::from(inputs.class.value == Class::Gthread);
    let slots = matches!(inputs.class.value, Class::Sync | Class::Gthread).then_some(1);
    let memory = caps.most_workers(threads).map(|n| (n.max(1), Binding::Memory));
    let database = caps.workers_by_database(slots).map(|n| (n.max(1), Binding::Database));
    let (most, binding) = [memory, database].into_iter().flatten().min_by_key(|c| c.0)?;
    if now.value <= most {
        return None;
    }
    let target = match binding {
        Binding::Memory => caps.workers(threads).map_or(most, |n| n.clamp(1, most)),
        _ => most,
    };
    let range = Range { lower: 1, target, upper: most, binding, cut: None };
    Some(item(inputs.workers_setting()?, Some(now), range))
}

/// Settings that are there and that `class` does not look at (Gunicorn 27.0.1, by running it:
/// neither `asgi` nor `UvicornWorker` enforces `worker_connections`).
fn ignored(inputs: &Inputs, class: Class) -> Vec<Item> {
    let configured = &inputs.configured;
    let threads = configured
        .threads
        .as_ref()
        // One thread is what every class has.
        .filter(|t| t.value > 1 && !matches!(class, Class::Sync | Class::Gthread));
    let connections =
        configured.worker_connections.as_ref().filter(|_| !matches!(class, Class::Gthread | Class::Gevent));
    let rows = [(inputs.threads_setting(), threads, 1), ("worker_connections", connections, CONNECTIONS)];
    rows.into_iter()
        .filter_map(|(setting, current, default)| {
            Some(Item {
                setting,
                current: Some(amount(current?)),
                written: None,
                lower: Amount::Count(default),
                target: Amount::Count(default),
                upper: Amount::Count(default),
                binding: Binding::Ignored,
                verdict: Verdict::Remove,
            })
        })
        .collect()
}

/// The weakest of what the items rest on.
fn confidence(inputs: &Inputs, load: Option<&Load>, items: &[Item]) -> Confidence {
    let bound = |binding: Binding| items.iter().any(|i| i.binding == binding);
    let sized = items.iter().any(|i| i.verdict != Verdict::Remove);
    let mut weakest = inputs.class.confidence;
    let mut rests_on = |confidence: Option<Confidence>| {
        weakest = weakest.min(confidence.unwrap_or(Confidence::High));
    };
    if let Some(load) = load.filter(|_| sized) {
        rests_on(inputs.cpus.as_ref().map(|c| c.confidence));
        rests_on(Some(match inputs.class.value {
            Class::Sync | Class::Gthread => load.blocking.confidence,
            // What requests do decides nothing there but whether one of them holds all others.
            _ => load.blocking.confidence.max(Confidence::Medium),
        }));
    }
    if bound(Binding::Memory) || sized && load.is_some_and(|load| explain::memory_decides(inputs, load)) {
        rests_on(inputs.memory.as_ref().map(|m| m.confidence));
        rests_on(inputs.per_worker.as_ref().map(|w| w.confidence));
    }
    if bound(Binding::Database) {
        let database = inputs.database.as_ref();
        rests_on(database.map(|d| d.limit.confidence));
        rests_on(database.and_then(|d| d.per_worker.as_ref()).map(|p| p.confidence));
        rests_on(inputs.replicas.as_ref().map(|r| r.confidence));
    }
    if bound(Binding::Demand) {
        rests_on(inputs.demand.rate.as_ref().map(|r| r.confidence));
        rests_on(inputs.demand.concurrency.as_ref().map(|c| c.confidence));
    }
    weakest
}
