//! What the service needs, before anybody asks how many processes that is: cores, slots, and the
//! caps that memory and database set.

use super::Inputs;
use super::capacity::{
    Rate, blocking_fraction, connections_per_replica, grown_worker, in_flight, memory_for_workers, slots_for_cpu,
    slots_for_demand, whole_up, workers_in_memory,
};
use super::inputs::{Known, Profile, Workload};
use super::waiting::slots_for_wait;
use crate::findings::Confidence;
use crate::values::{Bytes, Cpus, Seconds};

/// Share of a request that waits: the best value, and between what it may lie.
#[derive(Debug, Clone)]
pub(super) struct Blocking {
    pub(super) low: f64,
    pub(super) value: f64,
    pub(super) high: f64,
    /// Who said so; `None` if nobody did and the value is a mere middle.
    pub(super) source: Option<String>,
    pub(super) confidence: Confidence,
}

impl Blocking {
    /// Measured times before a stated share before a word; nothing leaves everything open.
    ///
    /// Of what a stated word may mean the most counts: a thread too many costs a mebibyte, a thread too few its share of the
    /// answers. 2 x 10 threads answered 41 % of what 4 x 25 did where requests of 50 ms compute for 1 ms, and 4 x 25 the
    /// same as 2 x 10 where requests of 10 ms do (measured, Gunicorn 27.0.1, 2 cores, 64 clients).
    fn of(inputs: &Inputs) -> Self {
        let times = inputs.service_time.as_ref().zip(inputs.cpu_time.as_ref());
        let measured = times.and_then(|(service, cpu)| {
            Some(Known::new(
                blocking_fraction(service.value, cpu.value)?,
                format!("1 - {} of {}, {}", cpu.value, service.value, cpu.source),
                service.confidence.min(cpu.confidence),
            ))
        });
        let stated = inputs.blocking_fraction.clone().filter(|b| (0.0..1.0).contains(&b.value));
        let word = inputs.workload.as_ref().map(|w| {
            let source = format!("workload {}", w.value.as_str());
            Known::new(w.value.blocking_fraction(), source, w.confidence)
        });
        let exact = measured.or(stated);
        let stated_word = inputs.workload.as_ref().filter(|word| exact.is_none() && word.confidence > Confidence::Low);
        if let Some((kind, word)) = stated_word.map(|word| word.value).zip(word.as_ref()) {
            let (low, high) = (kind.blocking_fraction(), kind.most_waiting());
            // A connection too many is an error, not a mebibyte.
            let value = if asks_unbounded_database(inputs) { low } else { high };
            return Self { low, value, high, source: Some(word.source.clone()), confidence: word.confidence };
        }
        match exact.or(word) {
            Some(b) if b.confidence > Confidence::Low => {
                Self { low: b.value, value: b.value, high: b.value, source: Some(b.source), confidence: b.confidence }
            }
            // What was only inferred moves the target, but must not make a configured value wrong.
            Some(b) => Self { source: Some(b.source), ..Self::open(b.value) },
            None => Self::open(Workload::Mixed.blocking_fraction()),
        }
    }

    /// Somebody said a word that leaves much open.
    pub(super) fn is_wide(&self) -> bool {
        self.confidence > Confidence::Low && self.low < self.high
    }

    /// `value`, while everything from computing to waiting is possible.
    fn open(value: f64) -> Self {
        Self {
            low: Workload::Cpu.blocking_fraction().min(value),
            value,
            high: Workload::Io.blocking_fraction().max(value),
            source: None,
            confidence: Confidence::Low,
        }
    }
}

/// Everything that the plans for the classes share.
#[derive(Debug, Clone)]
pub(super) struct Load {
    pub(super) cpus: Cpus,
    pub(super) utilisation: f64,
    /// The share of the cores that lasts.
    lasting: f64,
    pub(super) blocking: Blocking,
    /// Requests in flight in one replica, headroom included, if the demand is known.
    pub(super) demand: Option<f64>,
    /// Cores of computing that the demand takes in one replica.
    pub(super) busy: Option<f64>,
    /// Replicas, where their number is known.
    copies: Option<u32>,
    /// Somebody states how many replicas there are.
    pub(super) is_stated: bool,
    pub(super) recycles: bool,
    pub(super) caps: Caps,
}

impl Load {
    /// `None` without a number of cores: there is nothing to plan with.
    pub(super) fn of(inputs: &Inputs) -> Option<Self> {
        let cpus = inputs.cpus.as_ref()?.value;
        if !(cpus.0.is_finite() && cpus.0 > 0.0) {
            return None;
        }
        // Whoever states more cores than a machine has gets the plan for a very large machine.
        let cpus = Cpus(cpus.0.min(4096.0));
        let replicas = replicas(inputs);
        let rate = inputs.demand.rate.as_ref().map(|r| r.value);
        let service = inputs.service_time.as_ref().map(|s| s.value);
        let by_rate = rate.zip(service).map(|(rate, service)| {
            let within = patience(inputs).and_then(|left| slots_for_wait(Rate(rate.0 / replicas), service, left));
            within.map_or_else(|| slots_for_demand(in_flight(rate, service) / replicas), f64::from)
        });
        let by_count = inputs.demand.concurrency.as_ref().map(|c| f64::from(c.value) / replicas);
        let busy = rate.zip(inputs.cpu_time.as_ref()).map(|(rate, cpu)| in_flight(rate, cpu.value) / replicas);
        Some(Self {
            cpus,
            utilisation: profile(inputs).utilisation(),
            lasting: inputs.lasting.map_or(1.0, |lasting| (lasting.0 / cpus.0).clamp(0.0, 1.0)),
            blocking: Blocking::of(inputs),
            demand: [by_rate, by_count]
                .into_iter()
                .flatten()
                .filter(|n| n.is_finite() && *n > 0.0)
                .max_by(f64::total_cmp),
            busy: busy.filter(|n| n.is_finite()),
            copies: inputs.replicas.as_ref().map(|replicas| replicas.value),
            is_stated: inputs.replicas.as_ref().is_some_and(|r| r.confidence == Confidence::High),
            recycles: inputs.recycles,
            caps: Caps::of(inputs),
        })
    }

    /// Slots that keep the cores as busy as planned.
    pub(super) fn by_cpu(&self, blocking: f64) -> f64 {
        slots_for_cpu(self.cpus, blocking, self.utilisation)
    }

    /// Slots to have: what the demand needs, or else what the cores can carry.
    ///
    /// A demand that the cores cannot compute gets what full cores carry: more slots only share them.
    pub(super) fn wanted(&self) -> f64 {
        let carried = self.by_cpu(self.blocking.value);
        match self.demand {
            Some(demand) if self.falls_short() => demand.min(carried / self.utilisation),
            Some(demand) => demand,
            None => carried,
        }
    }

    /// Fewer processes than this leave cores idle that are there for long.
    pub(super) fn busy_cores(&self) -> u32 {
        whole_up(0.8 * self.lasting * self.cpus.0)
    }

    /// No number of slots computes what is asked.
    pub(super) fn falls_short(&self) -> bool {
        self.busy.is_some_and(|busy| busy > self.utilisation * self.cpus.0)
    }

    /// Fewer slots than this are too few, whatever the requests turn out to do.
    pub(super) fn fewest(&self) -> f64 {
        0.8 * if self.demand.is_some() { self.wanted() } else { self.lasting * self.by_cpu(self.blocking.low) }
    }

    /// One replica: a restart of its only worker is an outage.
    pub(super) fn is_alone(&self) -> bool {
        self.copies == Some(1)
    }

    /// Others answer while one restarts, as somebody states.
    pub(super) fn has_others(&self) -> bool {
        self.is_stated && self.copies.is_some_and(|copies| copies > 1)
    }

    /// Nobody said how many requests there are, or how long they wait.
    pub(super) fn is_guessed(&self) -> bool {
        self.demand.is_none() && self.blocking.confidence == Confidence::Low
    }

    /// More than whole cores: below, a second process would only share the first one's time.
    pub(super) fn has_a_core(&self) -> bool {
        self.cpus.0 >= 1.0
    }
}

/// Requests ask a database of which nobody says how many connections it allows.
pub(super) fn asks_unbounded_database(inputs: &Inputs) -> bool {
    inputs.asks_database && inputs.database.is_none()
}

/// How long a request may wait, if it is to be answered in time; negative where it takes longer by itself.
pub(super) fn patience(inputs: &Inputs) -> Option<Seconds> {
    let (latency, service) = inputs.demand.latency.as_ref().zip(inputs.service_time.as_ref())?;
    Some(Seconds(latency.value.0 - service.value.0))
}

/// Whoever states how fast answers have to be wants short queues.
fn profile(inputs: &Inputs) -> Profile {
    if inputs.demand.latency.is_some() { Profile::Latency } else { inputs.profile }
}

/// Replicas as a divisor; one if nobody said.
pub(super) fn replicas(inputs: &Inputs) -> f64 {
    f64::from(inputs.replicas.as_ref().map_or(1, |r| r.value).max(1))
}

/// Replicas that may run at most, which is what the database sees.
pub(super) fn most_replicas(inputs: &Inputs) -> u32 {
    inputs.most_replicas.as_ref().or(inputs.replicas.as_ref()).map_or(1, |most| most.value.max(1))
}

/// What memory and database allow.
#[derive(Debug, Clone, Default)]
pub(super) struct Caps {
    /// Memory for all workers together, and what a fresh worker takes: least, best estimate, most.
    memory: Option<(Bytes, [Bytes; 3])>,
    /// Connections of one replica.
    connections: Option<u32>,
    /// The most one worker opens.
    pool: Option<u32>,
}

impl Caps {
    pub(super) fn of(inputs: &Inputs) -> Self {
        let memory = inputs.memory.as_ref().zip(inputs.per_worker.as_ref());
        let database = inputs.database.as_ref();
        Self {
            memory: memory.map(|(limit, worker)| {
                let available = memory_for_workers(limit.value, inputs.master, inputs.reserved());
                let low = worker.value.low.min(worker.value.value);
                (available, [low, worker.value.value, worker.value.high.max(worker.value.value)])
            }),
            connections: database.map(|d| connections_per_replica(d.limit.value, most_replicas(inputs), inputs.surge)),
            pool: database.and_then(|d| d.per_worker.as_ref().map(|p| p.value.max(1))),
        }
    }

    /// Workers that fit by the best estimate of their memory.
    pub(super) fn workers(&self, threads: u32) -> Option<u32> {
        let (available, [_, worker, _]) = self.memory?;
        Some(workers_in_memory(available, grown_worker(worker, threads)))
    }

    /// Workers that fit even if they are as large as they can be.
    pub(super) fn sure_workers(&self, threads: u32) -> Option<u32> {
        let (available, [_, _, high]) = self.memory?;
        Some(workers_in_memory(available, grown_worker(high, threads)))
    }

    /// Workers that fit if they are as small as they can be; more is surely too much.
    pub(super) fn most_workers(&self, threads: u32) -> Option<u32> {
        let (available, [low, ..]) = self.memory?;
        Some(workers_in_memory(available, grown_worker(low, threads)))
    }

    /// Threads that fit into memory in each of so many workers.
    pub(super) fn threads_beside(&self, workers: u32) -> Option<u32> {
        let (available, [_, worker, _]) = self.memory?;
        let each = available.0 / u64::from(workers.max(1));
        let left = each.saturating_sub(grown_worker(worker, 0).0);
        Some(u32::try_from(left / super::capacity::THREAD.0).unwrap_or(u32::MAX))
    }

    /// Slots that each of `workers` may have so that the database is never asked for more.
    /// `None` if there is no limit, or each worker's pool is small enough by itself.
    pub(super) fn slots_per_worker(&self, workers: u32) -> Option<u32> {
        let share = self.connections? / workers.max(1);
        (self.pool.is_none_or(|pool| pool > share)).then_some(share.max(1))
    }

    /// Workers that may each open `slots` connections, or as many as their pool.
    pub(super) fn workers_by_database(&self, slots: Option<u32>) -> Option<u32> {
        let each = match (slots, self.pool) {
            (Some(slots), Some(pool)) => slots.min(pool),
            (Some(n), None) | (None, Some(n)) => n,
            (None, None) => return None,
        };
        Some((self.connections? / each.max(1)).max(1))
    }
}
