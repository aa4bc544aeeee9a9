//! From slots to processes, threads and connections, one function per way to run requests.

use super::Inputs;
use super::advice::Binding;
use super::capacity::{MOST_BLOCKING, number, whole_up};
use super::guess;
use super::inputs::Class;
use super::load::Load;
use crate::findings::Confidence;

/// Threads of one process above which the hand-over of the interpreter lock costs more than
/// another process. Requests of 50 ms waiting and 1 ms computing from 64 clients: 2 x 50 threads
/// answered 819/s, 3 x 32 934/s, 4 x 25 967/s, 5 x 20 980/s and 6 x 16 972/s; with a tenth of them
/// computing 10 ms 2 x 25 answered 596/s, 3 x 16 628/s and 5 x 10 658/s (measured, Gunicorn 27.0.1,
/// Python 3.11, 2 cores).
const COMFORTABLE_THREADS: f64 = 20.0;

/// Threads of one process that are nothing to object to: 3 x 32 answered 95 % of the best above,
/// and a hundred slots are 3 x 34.
const ACCEPTED_THREADS: f64 = 34.0;

/// Processes per core above which threads are the better slots: the same number of requests for a
/// fraction of the memory. The `2 n + 1` of the Gunicorn documentation stays below.
const PROCESSES_PER_CORE: u32 = 3;

/// Processes per core that share out threads: fewer than the `2 n + 1` of the Gunicorn documentation,
/// so that they take less memory: 4 x 25 answered 99 % of 5 x 20 above. Only crowds of more than
/// [`ACCEPTED_THREADS`] are shared out among more, up to [`PROCESSES_PER_CORE`].
const SHARING_PER_CORE: u32 = 2;

/// Gunicorn's default for `worker_connections`.
pub(super) const CONNECTIONS: u32 = 1000;

/// No bound: more connections than any process takes.
pub(super) const UNBOUNDED: u32 = 1_000_000;

/// `lower <= target <= upper`, and what decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) lower: u32,
    pub(super) target: u32,
    pub(super) upper: u32,
    /// What decides the target.
    pub(super) binding: Binding,
    /// Where the upper end would be without a cap, and what cut it. A cap that leaves the target alone decides
    /// nothing about it.
    pub(super) cut: Option<(u32, Binding)>,
}

impl Range {
    /// What says something about `now`: the cap where nothing else objects to so many, else what the target rests on.
    pub(super) fn decided(&self, now: Option<u32>) -> Binding {
        let kept_out = |uncut: u32| now.is_some_and(|now| now > self.upper && now <= uncut);
        self.cut.filter(|(uncut, _)| kept_out(*uncut)).map_or(self.binding, |(_, by)| by)
    }

    pub(super) fn contains(&self, n: u32) -> bool {
        (self.lower..=self.upper).contains(&n)
    }

    /// The number to have: today's where it is fine, else the target.
    pub(super) fn kept(&self, now: Option<u32>) -> u32 {
        now.filter(|now| self.contains(*now)).unwrap_or(self.target)
    }

    /// At least `n`, if that is more.
    fn raise(mut self, n: u32, binding: Binding) -> Self {
        if self.target < n {
            self.target = n;
            self.binding = binding;
        }
        self.upper = self.upper.max(self.target);
        self
    }

    /// Not more than `surely` as a lower end, two apart: what memory may not hold is nothing to insist on.
    fn unless(mut self, surely: Option<u32>) -> Self {
        self.lower = self.lower.min(surely.map_or(u32::MAX, |n| n.max(2)));
        self
    }

    /// At most `most` as a target, and nothing above `surely` accepted.
    fn cap(mut self, most: Option<u32>, surely: Option<u32>, binding: Binding) -> Self {
        let most = most.map_or(u32::MAX, |n| n.max(1));
        if self.target > most {
            self.target = most;
            self.binding = binding;
        }
        self.lower = self.lower.min(self.target);
        let surely = surely.map_or(u32::MAX, |n| n.max(1));
        if self.upper > surely.max(self.target) {
            self.cut = Some((self.cut.map_or(self.upper, |(uncut, _)| uncut), binding));
            self.upper = surely.max(self.target);
        }
        self
    }
}

/// What to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) class: Class,
    /// What asks for another class than the one that runs, where one does.
    pub(super) because: Binding,
    pub(super) workers: Range,
    pub(super) threads: Option<Range>,
    pub(super) connections: Option<Range>,
}

impl Plan {
    /// Workers that run when the advice is followed.
    pub(super) fn kept_workers(&self, inputs: &Inputs) -> u32 {
        self.workers.kept(inputs.configured.workers.as_ref().map(|workers| workers.value))
    }

    /// Threads of each of them.
    pub(super) fn kept_threads(&self, inputs: &Inputs) -> Option<u32> {
        Some(self.threads?.kept(inputs.configured.threads.as_ref().map(|threads| threads.value)))
    }

    /// Connections of each of them.
    fn kept_connections(&self, inputs: &Inputs) -> Option<u32> {
        Some(self.connections?.kept(inputs.configured.worker_connections.as_ref().map(|most| most.value)))
    }

    /// Requests that ask the database at once in each of them; `None` where a loop takes what comes.
    pub(super) fn kept_slots(&self, inputs: &Inputs) -> Option<u32> {
        match self.class {
            Class::Sync => Some(1),
            Class::Gthread => self.kept_threads(inputs),
            Class::Gevent => self.kept_connections(inputs),
            Class::Tornado | Class::EventLoop | Class::Runtime => None,
        }
    }
}

/// The plan for `load` by the best estimate of everything. Configured values matter in one way only: what is inside the
/// range stays, and the other numbers are chosen to go with it.
pub(super) fn estimated(inputs: &Inputs, load: &Load) -> Plan {
    let now = inputs.configured.workers.as_ref().map(|w| w.value);
    if inputs.one_process.is_some() {
        return in_one_process(inputs, load);
    }
    if let Some(now) = now.filter(|_| inputs.models.is_some() && inputs.per_worker.as_ref().is_none_or(guess::is_guess))
    {
        // Each process would load the models once more, and nobody says how large they are.
        let fewer = estimated(&Inputs { models: None, ..inputs.clone() }, load);
        let target = fewer.workers.target.min(now.max(1));
        let workers = Range { lower: 1, target, upper: fewer.workers.upper.max(target), ..fewer.workers };
        return Plan { workers, ..fewer };
    }
    match inputs.class.value {
        Class::Sync => sync(load, now),
        Class::Gthread => {
            let held = inputs.configured.threads.as_ref().map(|threads| threads.value);
            keeping_slots(inputs, load, gthread(load, now, held))
        }
        class => loops(load, now, class, (class == Class::EventLoop && inputs.sync_handlers).then(|| inputs.tokens())),
    }
}

impl Plan {
    /// Whether models keep it from more processes.
    pub(super) fn loads_again(&self, inputs: &Inputs) -> bool {
        inputs.models.is_some() && inputs.per_worker.as_ref().is_none_or(guess::is_guess) && self.workers.lower == 1
    }
}

/// What belongs into one process stays there; the waiting of requests takes threads instead.
fn in_one_process(inputs: &Inputs, load: &Load) -> Plan {
    let several = estimated(&Inputs { one_process: None, ..inputs.clone() }, load);
    let workers = Range { lower: 1, target: 1, upper: 1, binding: Binding::OneProcess, cut: None };
    let because = Binding::OneProcess;
    match several.class {
        // Less than a core keeps no second slot busy.
        Class::Sync if several.workers.contains(1) => Plan { workers, ..several },
        Class::Sync | Class::Gthread => {
            let threads = Some(threads(load, 1));
            let pooled = Plan { class: Class::Gthread, because, workers, threads, connections: None };
            if inputs.class.value == Class::Sync { instead(pooled) } else { keeping_slots(inputs, load, pooled) }
        }
        Class::Gevent => Plan { workers, connections: connections(load, 1), ..several },
        Class::Tornado | Class::EventLoop | Class::Runtime => Plan { workers, ..several },
    }
}

/// Threads instead of processes are at least two.
fn instead(pooled: Plan) -> Plan {
    let threads = pooled.threads.map(|range| Range { lower: range.lower.max(2).min(range.target), ..range });
    Plan { threads, ..pooled }
}

/// Where processes go, threads take over what they held, as far as it is needed: a pool that is fine beside many
/// processes is too small beside few.
fn keeping_slots(inputs: &Inputs, load: &Load, plan: Plan) -> Plan {
    let configured = &inputs.configured;
    let Some((workers, held)) = configured.workers.as_ref().zip(configured.threads.as_ref()) else { return plan };
    let kept = plan.kept_workers(inputs);
    if workers.value <= kept {
        return plan;
    }
    // As long as nobody knows how long requests wait, what runs today is not too much.
    let useful = if load.is_guessed() { load.by_cpu(load.blocking.high) } else { load.wanted() };
    let slots = (f64::from(workers.value) * f64::from(held.value)).min(useful);
    let least = whole_up(slots / f64::from(kept.max(1)));
    let threads = plan.threads.map(|range| {
        let target = if load.is_guessed() { range.target.max(least).min(range.upper) } else { range.target };
        Range { lower: range.lower.max(least).min(target), target, ..range }
    });
    Plan { threads, ..plan }
}

/// One request per process: processes are the slots.
fn sync(load: &Load, now: Option<u32>) -> Plan {
    let most = PROCESSES_PER_CORE * load.cpus.whole_up();
    // What is only guessed about the requests is no reason for threads in an application that has never seen any.
    let wanted = whole_up(load.wanted()).clamp(1, if load.is_guessed() { most } else { u32::MAX });
    // Processes for the most that a wide word can mean are nobody's plan: those are threads.
    let by_cpu = if load.blocking.is_wide() {
        whole_up(load.by_cpu(load.blocking.low))
    } else {
        wanted.max(whole_up(load.by_cpu(load.blocking.high)))
    };
    let binding = if load.demand.is_some() { Binding::Demand } else { Binding::Cpu };
    // With a demand that is known, more than a spare and one for each core only take memory.
    let upper = load.demand.map_or(by_cpu, |_| wanted.max(load.cpus.whole_up())) + 1;
    let lower = whole_up(load.fewest()).clamp(1, wanted);
    let mut workers = Range { lower, target: wanted.min(upper), upper, binding, cut: None };
    if load.has_a_core() && !load.has_others() {
        // With one worker a health check waits behind the slowest request.
        workers = workers.raise(2, Binding::Floor);
        workers.lower = workers.lower.max(2);
    } else if load.has_a_core() {
        // Other copies answer meanwhile.
    } else if load.demand.is_none() && load.blocking.value <= 0.8 {
        // Two processes on less than a core take turns in being stopped by the quota.
        workers.target = 1;
        workers.lower = 1;
    }
    // A little less than wanted is as good as the same number of threads.
    let fits = load.caps.workers(0).is_none_or(|most| workers.lower <= most) || load.is_guessed();
    let because = if wanted > most { Binding::Cpu } else { Binding::Memory };
    let by_database = load.caps.workers_by_database(Some(1));
    workers = workers.cap(by_database, by_database, Binding::Database);
    let accepted =
        Range { upper: load.caps.most_workers(0).map_or(workers.upper, |most| workers.upper.min(most)), ..workers };
    if (wanted > most || !fits) && !now.is_some_and(|w| accepted.contains(w)) {
        let pooled = gthread(load, now, None);
        // One thread in each process is what `sync` has.
        if pooled.threads.is_some_and(|threads| threads.target > 1) {
            // Without that cap there would be as many processes as slots.
            let binding = if because == Binding::Memory { because } else { pooled.workers.binding };
            return instead(Plan { because, workers: Range { binding, ..pooled.workers }, ..pooled });
        }
    }
    if let Some(now) = now.filter(|_| load.is_guessed()) {
        // Nobody knows that fewer are enough or more are needed, only that so many are too much, or leave cores idle.
        let least = load.cpus.whole_up().clamp(workers.lower, workers.target);
        workers.target = now.clamp(least, accepted.upper.max(least));
    }
    Plan {
        class: Class::Sync,
        because,
        workers: workers
            .cap(load.caps.workers(0), load.caps.most_workers(0), Binding::Memory)
            .unless(load.caps.sure_workers(0)),
        threads: None,
        connections: None,
    }
}

/// Processes for the cores, threads for the waiting; `held` are the threads of today.
fn gthread(load: &Load, now: Option<u32>, held: Option<u32>) -> Plan {
    let busy_cores = whole_up(load.utilisation * load.cpus.0).max(1);
    let computing = match load.demand.and(load.busy) {
        Some(busy) => whole_up(busy / load.utilisation).clamp(1, busy_cores),
        None => busy_cores,
    };
    let sharing = sharing_locks(load, pooled_slots(load), COMFORTABLE_THREADS);
    // What is only guessed about the requests is no reason for more processes, and none against them.
    let mut workers = processes(load, if load.is_guessed() { computing } else { computing.max(sharing) });
    // What is fine by the least that a word can mean stays; what is changed anyway goes by the most.
    let wide = load.blocking.is_wide() && load.demand.is_none();
    let are_fine = now
        .zip(held)
        .is_some_and(|(now, held)| workers.lower <= now && threads(load, workers.kept(Some(now))).contains(held));
    let anew = wide && !are_fine;
    if load.is_guessed() {
        let most = load.by_cpu(load.blocking.high) / load.utilisation;
        let many = if load.has_a_core() { SHARING_PER_CORE * load.cpus.whole_up() + 1 } else { 1 };
        workers.upper = workers.upper.max(sharing_locks(load, most, COMFORTABLE_THREADS)).max(many);
    } else if load.blocking.confidence > Confidence::Low && load.busy.is_none() {
        // Fewer, with a crowd of threads in each, are clearly slower.
        let slots = if wide && !anew { load.by_cpu(load.blocking.low) } else { pooled_slots(load) };
        let fewest = sharing_locks(load, slots, ACCEPTED_THREADS);
        workers.lower = workers.lower.max(fewest).min(workers.target);
    }
    if load.recycles && load.is_alone() {
        workers = workers.raise(workers.target + 1, Binding::Floor);
        workers.lower = workers.lower.max(2);
    }
    workers = workers
        .cap(Some(fitting(load, workers.target)), load.caps.most_workers(1), Binding::Memory)
        .unless(load.caps.sure_workers(1));
    let by_database = load.caps.workers_by_database(Some(1));
    workers = workers.cap(by_database, by_database, Binding::Database);
    let beside = workers.kept(now);
    let because = workers.binding;
    let mut threads = threads(load, beside);
    if anew {
        let fewest = whole_up(0.8 * load.by_cpu(load.blocking.value) / f64::from(beside.max(1)));
        threads.lower = threads.lower.max(fewest).min(threads.target);
    }
    if workers.target > busy_cores && now.is_some_and(|now| now < beside) {
        // The crowds of today are shared out, not multiplied.
        threads.upper = threads.upper.min(whole_up(ACCEPTED_THREADS)).max(threads.target);
    }
    Plan { class: Class::Gthread, because, workers, threads: Some(threads), connections: None }
}

/// Processes that share out `slots` so that none hands its lock around between more than so many `threads`.
fn sharing_locks(load: &Load, slots: f64, threads: f64) -> u32 {
    // Below a core there is never more than one thread that runs.
    if !load.has_a_core() {
        return 1;
    }
    let cores = load.cpus.whole_up();
    let few = whole_up(slots / threads).min(SHARING_PER_CORE * cores);
    let uncrowded = whole_up(slots / ACCEPTED_THREADS).min(PROCESSES_PER_CORE * cores);
    few.max(uncrowded).max(1)
}

/// Why there are more processes than cores, where threads are: each has a lock of its own.
pub(super) fn for_the_locks(load: &Load, plan: &Plan) -> Option<String> {
    let slots = pooled_slots(load);
    let wanted = sharing_locks(load, slots, COMFORTABLE_THREADS);
    if plan.class != Class::Gthread || load.is_guessed() || wanted <= whole_up(load.utilisation * load.cpus.0) {
        return None;
    }
    let each = number(COMFORTABLE_THREADS);
    let crowd = format!("more than about {each} threads of one process spend its core on handing its lock around");
    Some(if wanted < whole_up(slots / COMFORTABLE_THREADS) {
        let (cores, shared) = (load.cpus, number(slots / f64::from(wanted)));
        format!("{crowd}: {wanted} processes on {cores} share {} slots, {shared} each", number(slots))
    } else {
        format!("{crowd}: {wanted} processes = {} slots / {each}, rounded up", number(slots))
    })
}

/// Of `wanted` processes those that memory holds together with threads that are worth it.
///
/// Only processes use cores, so that threads give way first: down to where a process has too few of them to keep its
/// core busy, or all of them too few for the demand.
fn fitting(load: &Load, wanted: u32) -> u32 {
    let most = load.caps.workers(1).map_or(wanted, |most| wanted.min(most)).max(1);
    // Where all of it fits, nothing gives way.
    if most == wanted && load.caps.threads_beside(wanted).is_none_or(|room| room >= wanted_threads(load, wanted)) {
        return wanted;
    }
    let slots = |processes: u32| {
        let beside = load.caps.threads_beside(processes).unwrap_or(u32::MAX).max(1);
        let wanted = wanted_threads(load, processes);
        if beside < wanted {
            return f64::from(processes) * f64::from(beside);
        }
        // A thread more in each by rounding up makes no number of processes better than another.
        pooled_slots(load).min(f64::from(processes) * f64::from(wanted))
    };
    let enough = |processes: &u32| slots(*processes) >= load.fewest();
    if let Some(enough) = (1..=most).rev().find(enough).filter(|_| load.demand.is_some()) {
        return enough;
    }
    let busy = |processes: u32| f64::from(processes).min(slots(processes) * (1.0 - load.blocking.value));
    // Of those that are as good, the most: a restart takes a smaller share.
    let best = (1..=most).max_by(|a, b| busy(*a).total_cmp(&busy(*b))).unwrap_or(1);
    if load.is_alone() { best.max(most.min(2)) } else { best }
}

/// Threads that each of `processes` needs, whatever memory and database say.
fn wanted_threads(load: &Load, processes: u32) -> u32 {
    // A tenth of a thread is none.
    let each = whole_up(pooled_slots(load) / f64::from(processes.max(1)) - 0.1).max(1);
    if load.demand.is_some() {
        return each;
    }
    each.min(most_threads(load))
}

/// Threads of one process beyond which more only queue for its lock: twice what keeps its core busy, or once by the most
/// that a stated word can mean.
fn most_threads(load: &Load) -> u32 {
    let b = &load.blocking;
    if !b.is_wide() {
        return useful_threads(b.value);
    }
    useful_threads(b.low).max(useful_threads(b.high).div_ceil(2))
}

/// Threads of all processes together.
///
/// Planned for full cores: what the profile keeps free is headroom for bursts.
fn pooled_slots(load: &Load) -> f64 {
    load.demand.unwrap_or_else(|| load.by_cpu(load.blocking.value) / load.utilisation)
}

/// Twice what keeps one core busy: one process cannot use more than a core under the GIL, so
/// further threads only queue for its lock.
fn useful_threads(blocking: f64) -> u32 {
    whole_up(2.0 / (1.0 - blocking.clamp(0.0, MOST_BLOCKING)))
}

fn threads(load: &Load, processes: u32) -> Range {
    let target = wanted_threads(load, processes);
    let fewest = whole_up(load.fewest() / f64::from(processes.max(1)));
    let binding = if load.demand.is_some() { Binding::Demand } else { Binding::Cpu };
    let range = Range {
        lower: fewest.clamp(1, target),
        target,
        upper: match load.demand {
            // What is known of the demand is the least; more threads than that only wait.
            Some(_) => (whole_up(f64::from(target) / 0.8) + 1).max(useful_threads(load.blocking.high)),
            None if load.blocking.is_wide() => target.max(most_threads(load)),
            None => target.max(useful_threads(load.blocking.high)),
        },
        binding,
        cut: None,
    };
    let fits = load.caps.workers(1).is_some_and(|most| processes <= most.max(1));
    let by_memory = load.caps.threads_beside(processes).filter(|_| fits);
    let by_database = load.caps.slots_per_worker(processes);
    range.cap(by_memory, None, Binding::Memory).cap(by_database, by_database, Binding::Database)
}

/// One loop or hub per core: it takes every request that comes, and computes on one core.
fn loops(load: &Load, now: Option<u32>, class: Class, tokens: Option<u32>) -> Plan {
    let cores = load.cpus.whole_up();
    let mut workers = processes(load, cores);
    if let Some((waits, tokens)) = load.demand.zip(tokens) {
        let needed = whole_up(waits / f64::from(tokens));
        // Beyond that more loops only share the cores: a larger pool of threads is the answer.
        let needed_here = needed.min(2 * cores + 1);
        workers = workers.raise(needed_here, Binding::Demand);
        // Connections never spread evenly.
        workers.upper = workers.upper.max(needed_here + needed_here.div_ceil(4));
        workers.lower = workers.lower.max(whole_up(0.8 * f64::from(needed))).min(workers.target);
    }
    workers =
        workers.cap(load.caps.workers(0), load.caps.most_workers(0), Binding::Memory).unless(load.caps.sure_workers(0));
    // Without a pool every greenlet opens a connection; then their number is cut instead.
    let unpooled = (class == Class::Gevent).then_some(1);
    let by_database = load.caps.workers_by_database(None).or_else(|| load.caps.workers_by_database(unpooled));
    workers = workers.cap(by_database, by_database, Binding::Database);
    let beside = workers.kept(now);
    Plan {
        class,
        because: workers.binding,
        workers,
        threads: None,
        connections: (class == Class::Gevent).then(|| connections(load, beside)).flatten(),
    }
}

/// Range around `target` processes of which each can fill one core.
fn processes(load: &Load, target: u32) -> Range {
    let mut lower = load.busy_cores().min(target);
    if let Some(busy) = load.busy {
        lower = lower.min(whole_up(busy / load.utilisation));
    }
    let cores = load.cpus.whole_up();
    // One more is a spare, whether cores or locks ask for the others.
    let upper = if target > cores { target + 1 } else { cores + 1 };
    let range = Range { lower: lower.max(1), target, upper, binding: Binding::Cpu, cut: None };
    if load.is_alone() && load.has_a_core() {
        // A restart of the only one is an outage. Where nobody states that there is one, a single one is no mistake.
        let least = if load.is_stated { 2 } else { 1 };
        return Range { lower: range.lower.max(least), ..range.raise(2, Binding::Floor) };
    }
    range
}

/// `worker_connections` of gevent. Without a demand there is nothing to say: idle connections count too, so that a low
/// number only hurts. Of 8 with idle clients kept for 65 s the ninth got no answer within 10 s (Gunicorn 27.0.1), which
/// is why a database never makes it smaller: that is for the pool of the application.
fn connections(load: &Load, processes: u32) -> Option<Range> {
    let each = whole_up(load.demand? / f64::from(processes.max(1))).max(1);
    // Twice the requests in flight, because idle connections take a place as well.
    let target = CONNECTIONS.max(each.saturating_mul(2));
    Some(Range { lower: each, target, upper: UNBOUNDED, binding: Binding::Demand, cut: None })
}
