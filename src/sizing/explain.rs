//! The derivation in words: every number with its unit and its origin.

use super::advice::Slots;
use super::advice::{Binding, Item, Verdict};
use super::capacity::{
    GROWTH, PLANNED_MEMORY, Rate, THREAD, capacity, closed_loop_ceiling, in_flight, memory_for_workers, number,
    runs_per_period, slots_for_cpu, slots_for_demand, slowest, whole_down,
};
use super::guess::{self, plan};
use super::inputs::{Class, Inputs, Known};
use super::load::{Load, most_replicas, patience, replicas};
use super::plan::{Plan, for_the_locks};
use super::waiting::{slots_for_wait, slowest_wait};
use super::{Step, WorkerMemory, Workload, inputs};
use crate::findings::Confidence;
use crate::values::Order as _;
use crate::values::{Bytes, Cpus, Seconds};

/// The Linux default for the period of a CPU quota.
const QUOTA_PERIOD: Seconds = Seconds(0.1);

/// Requests at once of which nobody needs to ask whether a database bears them: `PostgreSQL` and `MySQL` allow 100 and 151
/// connections by default, for all that use them.
const MANY_CONNECTIONS: u64 = 50;

/// The whole derivation.
pub(super) fn steps(inputs: &Inputs, load: Option<&Load>, plan: Option<&Plan>, now: Slots, then: Slots) -> Vec<Step> {
    let mut lines = facts(inputs);
    if let Some((load, plan)) = load.zip(plan) {
        lines.extend(processor(load, plan));
        lines.extend(pool(inputs, load, plan));
        lines.extend(demand(inputs, load, plan));
        lines.extend(one_process(inputs));
        lines.extend(inputs.models.filter(|_| plan.loads_again(inputs)).map(|module| {
            format!(
                "each process loads its own models (`{module}`), and nobody says how large they are: no more of them"
            )
        }));
        lines.extend(interleaving(inputs, load));
        lines.extend(handlers(inputs, plan));
    }
    lines.extend(memory(inputs, plan));
    lines.extend(plan.and_then(|plan| guess::beyond(inputs, plan)));
    lines.extend(database(inputs, plan));
    lines.extend(super::chain::steps(inputs, plan.map_or(inputs.class.value, |plan| plan.class)));
    let workers = inputs.configured.workers.as_ref().map(|workers| workers.value);
    lines.extend(answers(inputs, load, now, workers, "now"));
    if now != then {
        lines.extend(answers(inputs, load, then, plan.map(|plan| plan.kept_workers(inputs)), "then"));
    }
    lines.into_iter().map(|text| Step { text }).collect()
}

/// What went in.
pub(super) fn facts(inputs: &Inputs) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(cpus) = &inputs.cpus {
        lines.push(format!("cores: {} ({})", cpus.value, origin(cpus)));
    }
    if let Some(lasting) = inputs.lasting {
        lines.push(format!(
            "cores: shared with others, so that only {lasting} of them last once the balance for bursts is used up: fewer \
             processes are fine as well"
        ));
    }
    if let Some(memory) = &inputs.memory {
        lines.push(format!("memory: {} ({})", memory.value, origin(memory)));
    }
    if let Some(copies) = inputs.replicas.as_ref().filter(|copies| copies.confidence == Confidence::High) {
        lines.push(match inputs.most_replicas.as_ref().filter(|most| most.value != copies.value) {
            Some(most) => format!("replicas: {} to {} ({}; {})", copies.value, most.value, copies.source, most.source),
            None => format!("replicas: {} ({})", copies.value, copies.source),
        });
    }
    if let Some(workload) = &inputs.workload {
        lines.push(format!("workload: {} ({})", workload.value.as_str(), origin(workload)));
    }
    lines.extend(inputs.evidence.iter().cloned());
    if let Some(source) = &inputs.free_threaded {
        lines.push(format!(
            "Python without its global lock ({source}), which is experimental, is planned for as if it had one: one \
             process for each core is safe either way"
        ));
    }
    lines
}

/// Where something comes from, and how sure that is where it is not certain.
fn origin<T>(known: &Known<T>) -> String {
    match known.confidence {
        Confidence::High => known.source.clone(),
        less => format!("{}; confidence {less}", known.source),
    }
}

/// A number with its noun: `1 process`, `2 processes`.
pub(super) fn counted(number: u32, noun: &str) -> String {
    match (number, noun.ends_with('s')) {
        (1, _) => format!("1 {noun}"),
        (_, true) => format!("{number} {noun}es"),
        (_, false) => format!("{number} {noun}s"),
    }
}

/// Slots and processes that the cores can carry.
fn processor(load: &Load, plan: &Plan) -> Vec<String> {
    let cores = number(load.cpus.0);
    let alone = format!(
        "one process computes on one core at most: {} {} {}",
        load.cpus,
        if (load.cpus.0 - 1.0).abs() < f64::EPSILON { "wants" } else { "want" },
        counted(load.cpus.whole_up(), "process")
    );
    let (whole, most) = (load.cpus.whole_up(), plan.workers.upper);
    let alone = if most == whole + 1 && most > plan.workers.target {
        format!("{alone}; one more is a spare while another starts again")
    } else if plan.class == Class::Gthread && load.is_guessed() && most == 2 * whole + 1 {
        format!("{alone}; up to {most} = 2 x {whole} + 1 are nothing to object to while nobody says what requests do")
    } else {
        alone
    };
    if !matches!(plan.class, Class::Sync | Class::Gthread) {
        return vec![alone];
    }
    let b = &load.blocking;
    let origin = b.source.as_deref().unwrap_or("nobody said; the middle of everything possible");
    let slots = match plan.class {
        // Threads are planned for full cores; processes cost more, and leave room for bursts.
        Class::Gthread => {
            let full = load.by_cpu(b.value) / load.utilisation;
            format!("full cores carry {} slots = {cores} / (1 - {})", number(full), number(b.value))
        }
        _ => format!(
            "cores that are {} % busy carry {} slots = {} x {cores} / (1 - {})",
            number(load.utilisation * 100.0),
            number(load.by_cpu(b.value)),
            number(load.utilisation),
            number(b.value)
        ),
    };
    let percent = |share: f64| number(share * 100.0);
    let waits = if b.is_wide() {
        let because = if b.value < b.high {
            "the least is planned with, since each request that runs may hold a connection of a database of which nobody \
             says how many it allows"
        } else {
            "the most is planned with, since a thread too many costs a mebibyte and one too few its share of the answers"
        };
        let because = if load.demand.is_none() { format!(": {because}") } else { String::new() };
        format!("a request waits {} to {} % of its time ({origin}){because}", percent(b.low), percent(b.high))
    } else {
        format!("a request waits {} % of its time ({origin})", percent(b.value))
    };
    match plan.class {
        // Threads of one process share its core; processes of one slot each need no such reminder.
        Class::Gthread => [waits, slots, alone].into_iter().chain(for_the_locks(load, plan)).collect(),
        _ => vec![waits, slots],
    }
}

/// How many threads each process gets, where what the cores can carry decides that.
fn pool(inputs: &Inputs, load: &Load, plan: &Plan) -> Option<String> {
    let range = plan.threads.filter(|range| range.binding == Binding::Cpu && load.demand.is_none())?;
    let now = inputs.configured.threads.as_ref().map(|threads| threads.value);
    if range.kept(now) != range.target {
        return None;
    }
    let processes = plan.kept_workers(inputs);
    let slots = load.by_cpu(load.blocking.value) / load.utilisation;
    let each = slots / f64::from(processes.max(1));
    let share = format!("{} slots / {}", number(slots), counted(processes, "process"));
    // Of more than twice what keeps its core busy the rest would only wait for the lock.
    let times = if load.blocking.is_wide() { "" } else { "twice " };
    let most = format!(
        "more than {} would wait for the lock of their process: {times}1 / (1 - {})",
        range.upper,
        number(load.blocking.high)
    );
    (super::capacity::whole_up(each - 0.1) == range.target)
        .then(|| format!("each process gets {} = {share}, rounded up; {most}", counted(range.target, "thread")))
}

/// Slots that the demand needs, and whether any setting can meet it.
fn demand(inputs: &Inputs, load: &Load, plan: &Plan) -> Vec<String> {
    let mut lines = Vec::new();
    let replicas = replicas(inputs);
    let each = if replicas > 1.0 { format!(" / {} replicas", number(replicas)) } else { String::new() };
    if let Some((rate, service)) = inputs.demand.rate.as_ref().zip(inputs.service_time.as_ref()) {
        let average = in_flight(rate.value, service.value) / replicas;
        let slots = match slots_for_latency(inputs, Rate(rate.value.0 / replicas), service.value) {
            Some(slots) => format!("to wait no longer, {slots} slots (Erlang C)"),
            None => format!("with room for bursts {} slots = a + 1.3 sqrt(a)", number(slots_for_demand(average))),
        };
        lines.extend(latency(inputs, service.value));
        lines.push(format!(
            "demand: {} in flight = {} x {}{each} ({}); {slots}",
            number(average),
            rate.value,
            service.value,
            rate.source,
        ));
    }
    if let Some(c) = &inputs.demand.concurrency {
        let share = f64::from(c.value) / replicas;
        let shared = if replicas > 1.0 { format!("{each} = {}", number(share)) } else { String::new() };
        let workers = plan.kept_workers(inputs);
        let split = match workers {
            1 => String::new(),
            many => format!(", {} for each of {many} workers", number((share / f64::from(many)).ceil())),
        };
        lines.push(format!("demand: {} requests at once{shared} ({}){split}", c.value, c.source));
        if let Some(held) = plan.kept_slots(inputs).map(|each| f64::from(each) * f64::from(workers))
            && plan.class != Class::Gevent
            && held < share
        {
            lines.push(format!("{} of them wait for one of the {} slots", number(share - held), number(held)));
        }
    }
    if let Some(busy) = load.busy {
        let planned = load.utilisation * load.cpus.0;
        let verdict = if busy > planned {
            "no number of workers can meet the demand, only more cores or replicas"
        } else {
            "enough"
        };
        lines.push(format!(
            "demand computes on {} cores, {} are planned with: {verdict}",
            number(busy),
            number(planned)
        ));
        lines.extend(for_a_core(inputs, load, busy));
    }
    lines
}

/// What requests wait for a core, where that alone misses the target: each of `k` cores takes what one whole core
/// would, `C k / floor(k)` for the whole ones among them.
fn for_a_core(inputs: &Inputs, load: &Load, busy: f64) -> Option<String> {
    let (left, cpu) = patience(inputs).zip(inputs.cpu_time.as_ref())?;
    let cores = whole_down(load.cpus.0).max(1);
    let slower = f64::from(cores) / load.cpus.0;
    let wait = slowest_wait(cores, busy * slower, Seconds(cpu.value.0 * slower))?;
    (left.0 >= 0.0 && wait.0 > left.0).then(|| {
        format!(
            "latency: the slowest of 100 waits {wait} for a core (Erlang C): more cores or replicas shorten that, more \
             workers do not"
        )
    })
}

/// The wait that the target for the time to an answer leaves.
fn latency(inputs: &Inputs, service: Seconds) -> Option<String> {
    let (target, left) = inputs.demand.latency.as_ref().zip(patience(inputs))?;
    Some(if left.0 < 0.0 {
        format!(
            "latency: nothing answers within {} what takes {service} without any waiting ({})",
            target.value, target.source
        )
    } else {
        format!("latency: 99 of 100 within {} leave {left} to wait = {0} - {service} ({})", target.value, target.source)
    })
}

/// Slots with which the target is met, in one replica.
fn slots_for_latency(inputs: &Inputs, rate: Rate, service: Seconds) -> Option<u32> {
    slots_for_wait(rate, service, patience(inputs)?)
}

/// Why there are no more processes, however many cores there are.
fn one_process(inputs: &Inputs) -> Option<String> {
    let why = inputs.one_process.as_ref()?;
    Some(format!("one process and no more ({}): {}", why.source, why.value))
}

/// What a quota does to more processes than it pays for.
fn interleaving(inputs: &Inputs, load: &Load) -> Option<String> {
    let workers = inputs.configured.workers.as_ref()?.value;
    // A share that is asked for, or processors by number, stop nobody.
    if workers <= load.cpus.whole_up() || !inputs.is_quota {
        return None;
    }
    let runs = runs_per_period(load.cpus, workers, QUOTA_PERIOD);
    Some(format!(
        "under a quota of {} {workers} busy processes run {} ms of each 100 ms and then stop",
        load.cpus,
        number(runs.0 * 1000.0)
    ))
}

/// What the pool of threads behind `def` handlers means, and what raises it.
fn handlers(inputs: &Inputs, plan: &Plan) -> Vec<String> {
    if !(inputs.sync_handlers && plan.class == Class::EventLoop) {
        return Vec::new();
    }
    let tokens = inputs.tokens();
    let mut lines = vec![match &inputs.thread_tokens {
        Some(known) => format!(
            "`def` handlers share {tokens} threads in each worker ({}); `threads` does not change that, more workers or \
             `async def` does",
            known.source
        ),
        None => format!(
            "`def` handlers share AnyIO's {tokens} threads in each worker; `threads` does not change that, more workers, \
             a larger limiter or `async def` does"
        ),
    }];
    if let Some(c) = &inputs.demand.concurrency {
        let workers = super::capacity::processes_for(c.value, tokens).unwrap_or(1);
        lines.push(format!(
            "{} at once take {workers} workers = {} / {tokens}, rounded up, if they spread evenly",
            c.value, c.value
        ));
    }
    lines
}

/// Workers that fit.
fn memory(inputs: &Inputs, plan: Option<&Plan>) -> Option<String> {
    let (limit, worker) = inputs.memory.as_ref().zip(inputs.per_worker.as_ref())?;
    let threads = plan.and_then(|plan| plan.kept_threads(inputs)).unwrap_or(0);
    let available = memory_for_workers(limit.value, inputs.master, inputs.reserved());
    let each = super::capacity::grown_worker(worker.value.value, threads);
    let taken = |other: &Known<Bytes>| format!(" - {} reserved ({})", other.value, other.source);
    let reserved: String = inputs.reserved.iter().map(taken).collect();
    let master = if inputs.master.0 == 0 { String::new() } else { format!(" - {} master", inputs.master) };
    let pool = if threads == 0 { String::new() } else { format!(" + {} x {THREAD}", counted(threads, "thread")) };
    let WorkerMemory { low, high, .. } = worker.value;
    let between = if low == high { String::new() } else { format!(": {low} to {high}") };
    Some(format!(
        "memory holds {} workers = ({} x {}{master}{reserved}) / ({} x {GROWTH}{pool}) ({}{between}; {} % of the limit \
         are planned with, and a worker grows by {} %)",
        number(available.as_mib() / each.as_mib().max(f64::MIN_POSITIVE)),
        number(PLANNED_MEMORY),
        limit.value,
        worker.value.value,
        worker.source,
        number(PLANNED_MEMORY * 100.0),
        number((GROWTH - 1.0) * 100.0),
    ))
}

/// Connections that the plan opens, of those there are.
fn database(inputs: &Inputs, plan: Option<&Plan>) -> Option<String> {
    let database = inputs.database.as_ref()?;
    let plan = plan?;
    let (workers, slots) = (plan.kept_workers(inputs), plan.kept_slots(inputs));
    let pool = database.per_worker.as_ref().map(|p| p.value);
    if plan.class == Class::Gevent && pool.is_none() {
        let copies = most_replicas(inputs).saturating_add(inputs.surge);
        let share = database.limit.value / copies.max(1) / workers.max(1);
        return Some(format!(
            "database: bound the pool of the application to {} connections in each worker = {} / {} / {}, rounded \
             down ({}); `worker_connections` counts idle clients as well",
            share.max(1),
            database.limit.value,
            counted(copies, "replica"),
            counted(workers, "worker"),
            database.limit.source
        ));
    }
    // A pool of a loop is a ceiling by itself; threads cannot use more than they are.
    let each = match (slots, pool) {
        (Some(slots), Some(pool)) => slots.min(pool),
        (Some(n), None) | (None, Some(n)) => n,
        (None, None) => return None,
    };
    let replicas = most_replicas(inputs);
    let opens = u128::from(replicas.saturating_add(inputs.surge)) * u128::from(workers) * u128::from(each);
    let copies = match inputs.surge {
        0 => counted(replicas, "replica"),
        more => format!("({} + {more} during an update)", counted(replicas, "replica")),
    };
    Some(format!(
        "database: {copies} x {} x {each} = {opens} of {} connections ({})",
        counted(workers, "worker"),
        database.limit.value,
        database.limit.source
    ))
}

/// What so many slots can answer, if it is known how long a request takes: the least of what the slots, the cores
/// of `workers` processes and clients that wait for their answer allow.
fn answers(inputs: &Inputs, load: Option<&Load>, slots: Slots, workers: Option<u32>, when: &str) -> Vec<String> {
    let Some((service, Slots::Count(slots))) = inputs.service_time.as_ref().zip(Some(slots)) else {
        return Vec::new();
    };
    if slots == 0 || service.value.0 <= 0.0 {
        return Vec::new();
    }
    let by_slots = capacity(slots, service.value);
    let mut lines = vec![format!(
        "{when}: {slots} slots answer {by_slots} at most = {slots} / {} ({})",
        service.value, service.source
    )];
    if let Some((load, cpu)) = load.zip(computes(inputs, load, service.value)) {
        let used = load.cpus.0.min(workers.map_or(f64::INFINITY, f64::from));
        let by_cores = Rate(used / cpu.0);
        if by_cores < by_slots {
            lines.push(format!("{when}: the cores answer {by_cores} at most = {} / {cpu} of computing", number(used)));
        }
    }
    let together = inputs.demand.concurrency.as_ref().map(|c| u64::from(c.value));
    if let Some((requests, last)) = together.and_then(|n| Some((n, slowest(n, slots, service.value)?))) {
        lines.push(format!("{when}: the last of {requests} requests that arrive together is answered after {last}"));
        let asked = closed_loop_ceiling(requests, service.value);
        if asked < by_slots {
            lines.push(format!(
                "{when}: {requests} clients that wait for their answers ask for {asked} at most = {requests} / {}",
                service.value
            ));
        }
    }
    lines
}

/// Processor time of one request, where somebody stated it or the share that waits.
fn computes(inputs: &Inputs, load: Option<&Load>, service: Seconds) -> Option<Seconds> {
    if let Some(cpu) = &inputs.cpu_time {
        return Some(cpu.value).filter(|cpu| cpu.0 > 0.0);
    }
    let blocking = &load?.blocking;
    (blocking.confidence > Confidence::Low).then_some(Seconds(service.0 * (1.0 - blocking.value)))
}

/// How the targets move with the inputs that are hardest to know.
pub(super) fn sensitivity(inputs: &Inputs, load: &Load) -> Vec<String> {
    let base = plan(inputs, load);
    let mut lines = Vec::new();
    if matches!(inputs.class.value, Class::Sync | Class::Gthread) && load.demand.is_none() {
        // As many as the derivation counts: threads are planned for full cores.
        let used = if base.class == Class::Gthread { 1.0 } else { load.utilisation };
        let planned = load.blocking.value;
        // What is set may be right by one end of what a word can mean, and not by the other.
        let ends = [load.blocking.low, load.blocking.high].into_iter().filter(|_| load.blocking.is_wide());
        let other = [0.05, 0.5, 0.9].into_iter().filter(|b| (b - planned).abs() >= 0.1);
        let mut shares: Vec<f64> = other.chain(ends).collect();
        shares.order_by(f64::total_cmp);
        shares.dedup();
        for b in shares {
            let mut other = load.clone();
            (other.blocking.low, other.blocking.value, other.blocking.high) = (b, b, b);
            other.blocking.confidence = Confidence::High;
            if load.blocking.is_wide() && kept(&plan(inputs, &other), inputs) == kept(&base, inputs) {
                continue;
            }
            lines.push(format!(
                "if requests waited {} %: {} slots, {}",
                number(b * 100.0),
                number(slots_for_cpu(load.cpus, b, used)),
                short(&plan(inputs, &other), inputs)
            ));
        }
    }
    if matches!(inputs.class.value, Class::Sync) && load.demand.is_none() && load.blocking.source.is_some() {
        let other = if_so(inputs, load);
        if plan(inputs, load).class == Class::Sync && other.class != Class::Sync {
            let free = Inputs { configured: inputs::Configured::default(), ..inputs.clone() };
            lines.push(format!("if requests wait as it seems: {}", short(&other, &free)));
        }
    }
    // How long requests wait decides nothing for an event loop; its cores do.
    if !matches!(inputs.class.value, Class::Sync | Class::Gthread) && load.demand.is_none() {
        let cpus = Cpus(f64::from(load.cpus.whole_up() + 1));
        let mut more = load.clone();
        more.cpus = cpus;
        let more = plan(inputs, &more);
        if kept(&more, inputs) != kept(&base, inputs) {
            lines.push(format!("if there were {cpus}: {}", short(&more, inputs)));
        }
    }
    if inputs.one_process.is_some() {
        let several = plan(&inputs::Inputs { one_process: None, ..inputs.clone() }, load);
        lines.push(format!("if there could be several: {}", short(&several, inputs)));
    }
    lines.extend(one_more(inputs, &base));
    let sizes = inputs.per_worker.iter().flat_map(|worker| other_sizes(worker.value));
    lines.extend(sizes.filter_map(|size| {
        let other = of_size(inputs, size).filter(|other| kept(other, inputs) != kept(&base, inputs))?;
        Some(format!("if a worker took {size}: {}", short(&other, inputs)))
    }));
    lines
}

/// The plan for workers that take `size` each.
fn of_size(inputs: &Inputs, size: Bytes) -> Option<Plan> {
    let mut other = inputs.clone();
    other.per_worker.as_mut()?.value = WorkerMemory::exactly(size);
    Some(plan(&other, &Load::of(&other)?))
}

/// Whether what a worker may take at most, or at least, would make another answer right.
pub(super) fn memory_decides(inputs: &Inputs, load: &Load) -> bool {
    let base = kept(&plan(inputs, load), inputs);
    let mut ends = inputs.per_worker.iter().flat_map(|worker| [worker.value.low, worker.value.high]);
    ends.any(|size| of_size(inputs, size).is_some_and(|other| kept(&other, inputs) != base))
}

/// The plan if what was inferred about the requests were certain.
pub(super) fn if_so(inputs: &Inputs, load: &Load) -> Plan {
    let mut sure = load.clone();
    (sure.blocking.low, sure.blocking.high) = (load.blocking.value, load.blocking.value);
    sure.blocking.confidence = Confidence::High;
    plan(&Inputs { configured: inputs::Configured::default(), ..inputs.clone() }, &sure)
}

/// What one more worker than planned would take of memory beyond the limit, where it is close.
fn one_more(inputs: &Inputs, plan: &Plan) -> Option<String> {
    let (limit, worker) = inputs.memory.as_ref().zip(inputs.per_worker.as_ref())?;
    let threads = plan.kept_threads(inputs).unwrap_or(0);
    let each = super::capacity::grown_worker(worker.value.value, threads);
    let needs = if worker.confidence == Confidence::Low { "may need" } else { "needs" };
    let takes =
        |workers: f64| (each.as_mib() * workers + inputs.master.as_mib() + inputs.reserved().as_mib()) / PLANNED_MEMORY;
    let alone = takes(1.0);
    if alone > limit.value.as_mib() {
        return Some(format!(
            "one worker alone {needs} {} MiB, {} MiB more than there are",
            number(alone.ceil()),
            number((alone - limit.value.as_mib()).ceil())
        ));
    }
    // Close to the limit is also where memory only takes the spare.
    let cut = plan.workers.cut.map(|(_, by)| by);
    if plan.workers.binding != Binding::Memory && cut != Some(Binding::Memory) {
        return None;
    }
    let missing = takes(f64::from(plan.kept_workers(inputs)) + 1.0) - limit.value.as_mib();
    (missing > 0.0).then(|| format!("one more worker {needs} {} MiB more", number(missing.ceil())))
}

/// What would make the answer surer: measuring what its weakest inputs state.
pub(super) fn measure(inputs: &Inputs, load: Option<&Load>, items: &[Item]) -> Vec<&'static str> {
    let counts = items.iter().any(|item| item.target.count().is_some() && item.verdict != Verdict::Remove);
    let Some(load) = load.filter(|_| counts) else { return Vec::new() };
    let unsure = |confidence: Confidence| confidence < Confidence::High;
    let slotted = matches!(inputs.class.value, Class::Sync | Class::Gthread);
    let memory = items.iter().any(|item| item.binding == Binding::Memory) || memory_decides(inputs, load);
    let wanted = [
        (inputs.cpus.as_ref().is_some_and(|cpus| unsure(cpus.confidence)), "state the cores of production (`--cpus`)"),
        (slotted && unsure(load.blocking.confidence), "measure how long requests take and compute (`farrier measure`)"),
        (
            memory && inputs.per_worker.as_ref().is_some_and(|worker| unsure(worker.confidence)),
            "measure the memory of a worker after some traffic (PSS, `--worker-memory`)",
        ),
    ];
    wanted.into_iter().filter(|(is_wanted, _)| *is_wanted).map(|(_, what)| what).collect()
}

/// The ends of the interval; for a single number a quarter less and half as much again.
fn other_sizes(worker: WorkerMemory) -> [Bytes; 2] {
    if worker.low == worker.high {
        return [scale(worker.value, 0.75), scale(worker.value, 1.5)];
    }
    [worker.low, worker.high]
}

fn scale(bytes: Bytes, factor: f64) -> Bytes {
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "an estimate of memory, never negative"
    )]
    Bytes((bytes.0 as f64 * factor) as u64)
}

/// What runs when the plan is followed.
fn kept(plan: &Plan, inputs: &Inputs) -> (Class, u32, Option<u32>, Option<u32>) {
    (plan.class, plan.kept_workers(inputs), plan.kept_threads(inputs), plan.connections.map(|range| range.target))
}

/// `gthread 2 x 4`.
fn short(plan: &Plan, inputs: &Inputs) -> String {
    let (class, workers, threads, _) = kept(plan, inputs);
    match threads {
        Some(threads) => format!("{} {workers} x {threads}", inputs.name_of(class)),
        None => format!("{} {workers}", inputs.name_of(class)),
    }
}

/// What is not known and would decide.
pub(super) fn questions(inputs: &Inputs, load: Option<&Load>, class: Class, slots: Slots) -> Vec<String> {
    let mut questions = Vec::new();
    let mut ask = |text: &str| questions.push(text.to_owned());
    let Some(load) = load else {
        ask("how many cores the service may use (a CPU limit in the manifest, or `--cpus`)");
        return questions;
    };
    if matches!(class, Class::Sync | Class::Gthread) && load.blocking.confidence == Confidence::Low {
        let streams = inputs.workload.as_ref().is_some_and(|workload| workload.value == Workload::Stream);
        ask(if streams {
            "how many clients stay connected at once (`traffic.concurrency`): each of them holds a slot"
        } else {
            "how much of a request is waiting (cpu, mixed or io)"
        });
    }
    let wide = matches!(class, Class::Sync | Class::Gthread) && load.demand.is_none() && load.blocking.is_wide();
    if wide {
        ask("how long requests take and how long they compute: the word alone leaves a range (`blocking-fraction`)");
    }
    if inputs.memory.is_some() && inputs.per_worker.is_none() {
        ask("how much memory one worker takes (PSS after some traffic)");
    }
    if guess::beyond(inputs, &plan(inputs, load)).is_some() {
        ask("what one worker takes of it (PSS after some traffic: `farrier measure`, `--worker-memory`)");
    }
    if inputs.memory.is_none() && inputs.per_worker.is_some() {
        ask("how much memory the service may use");
    }
    let pool = inputs.database.as_ref().map(|d: &inputs::Database| d.per_worker.is_some());
    if class == Class::EventLoop && pool == Some(false) {
        ask("how many database connections one worker opens");
    }
    if let Slots::Count(slots) = slots
        && inputs.asks_database
        && inputs.database.is_none()
        && (wide || slots.saturating_mul(most_replicas(inputs).into()) > MANY_CONNECTIONS)
    {
        ask(
            "how many connections the database allows (`database.max-connections`): each request that runs may hold one",
        );
    }
    let latency = &inputs.demand.latency;
    if latency.is_some() && inputs.demand.rate.is_none() {
        ask("how many requests arrive per second at the peak (`traffic.requests-per-second`)");
    }
    if (inputs.demand.rate.is_some() || latency.is_some()) && inputs.service_time.is_none() {
        ask("how long one request takes on an idle server");
    }
    questions
}
