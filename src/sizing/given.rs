//! The inputs of an advice as a list: what went in, with its unit, its origin and how sure it is.

use super::inputs::{Inputs, Known, WorkerMemory};
use crate::findings::Confidence;
use crate::values::Bytes;

/// One input.
#[derive(Debug, Clone, PartialEq)]
pub struct Given {
    /// What it is, in words: `cores`, `memory of a worker`.
    pub name: &'static str,
    /// How much, or which.
    pub amount: Quantity,
    /// Where it comes from.
    pub source: String,
    /// How sure it is.
    pub confidence: Confidence,
}

/// A number with its unit, or a word.
#[derive(Debug, Clone, PartialEq)]
pub enum Quantity {
    /// So much; what nobody measured lies somewhere between `low` and `high`.
    Number {
        /// The best value.
        value: f64,
        /// The least that it can be.
        low: f64,
        /// The most.
        high: f64,
        /// `cpus`, `MiB`, `s`, `1/s`; empty for what is counted.
        unit: &'static str,
    },
    /// One of a few words.
    Word(&'static str),
}

/// Everything that is known of `inputs`: what there is first, then what is asked of it.
pub(super) fn all(inputs: &Inputs) -> Vec<Given> {
    let Inputs { class, demand, database, .. } = inputs;
    let database = database.as_ref();
    let between = |worker: &Known<WorkerMemory>| {
        let [low, value, high] = [worker.value.low, worker.value.value, worker.value.high].map(Bytes::as_mib);
        Quantity::Number { value, low, high, unit: "MiB" }
    };
    let mut all = vec![given("class", class, Quantity::Word(class.value.as_str()))];
    all.extend(inputs.cpus.as_ref().map(|it| given("cores", it, number(it.value.0, "cpus"))));
    all.extend(inputs.memory.as_ref().map(|it| given("memory", it, number(it.value.as_mib(), "MiB"))));
    all.extend(inputs.reserved.iter().map(|it| given("memory of others", it, number(it.value.as_mib(), "MiB"))));
    all.extend(inputs.per_worker.as_ref().map(|it| given("memory of a worker", it, between(it))));
    all.extend(inputs.workload.as_ref().map(|it| given("workload", it, Quantity::Word(it.value.as_str()))));
    all.extend(inputs.blocking_fraction.as_ref().map(|it| given("share that waits", it, number(it.value, ""))));
    all.extend(inputs.service_time.as_ref().map(|it| given("time of a request", it, number(it.value.0, "s"))));
    all.extend(inputs.cpu_time.as_ref().map(|it| given("processor time of a request", it, number(it.value.0, "s"))));
    all.extend(demand.rate.as_ref().map(|it| given("requests", it, number(it.value.0, "1/s"))));
    all.extend(demand.concurrency.as_ref().map(|it| given("requests at once", it, counted(it))));
    all.extend(demand.latency.as_ref().map(|it| given("latency", it, number(it.value.0, "s"))));
    all.extend(database.map(|it| given("connections of the database", &it.limit, counted(&it.limit))));
    let pool = database.and_then(|it| it.per_worker.as_ref());
    all.extend(pool.map(|it| given("connections of a worker", it, counted(it))));
    all.extend(inputs.replicas.as_ref().map(|it| given("replicas", it, counted(it))));
    all.extend(inputs.most_replicas.as_ref().map(|it| given("most replicas", it, counted(it))));
    all
}

fn given<T>(name: &'static str, known: &Known<T>, amount: Quantity) -> Given {
    Given { name, amount, source: known.source.clone(), confidence: known.confidence }
}

const fn number(value: f64, unit: &'static str) -> Quantity {
    Quantity::Number { value, low: value, high: value, unit }
}

fn counted(known: &Known<u32>) -> Quantity {
    number(known.value.into(), "")
}
