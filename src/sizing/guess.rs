//! What a guess about the memory of a worker may decide.
//!
//! What is imported bounds it from below: more workers than fit even then are too many. Anything between that and the
//! guess is a question, because only a measurement tells.

use super::Inputs;
use super::inputs::{Class, Known, WorkerMemory};
use super::load::{Caps, Load};
use super::plan::{Plan, Range, estimated};
use crate::findings::Confidence;

/// Whether nobody has measured or stated it.
pub(super) fn is_guess(worker: &Known<WorkerMemory>) -> bool {
    worker.confidence == Confidence::Low
}

/// The plan for `load`: fewer processes than run now, or other ways to run requests, only as far as that is right for the
/// smallest workers that there can be.
pub(super) fn plan(inputs: &Inputs, load: &Load) -> Plan {
    let guessed = estimated(inputs, load);
    let Some(least) = of_smallest(inputs, load) else { return guessed };
    let now = inputs.configured.workers.as_ref().map(|workers| workers.value);
    if now.is_some_and(|now| now <= guessed.workers.upper) {
        return guessed;
    }
    let lower = least.workers.lower.min(guessed.workers.lower);
    let surely = least.workers.upper;
    // What cannot stay has to go; what is written then is what is likely to fit, and not what might just. Of loops the
    // cores bound the number anyway.
    let pooled = matches!(guessed.class, Class::Sync | Class::Gthread) && guessed.class == least.class;
    if pooled && now.is_some_and(|now| now > surely) {
        let fewest = if guessed.class == Class::Sync { surely.min(2) } else { 1 };
        let target = guessed.workers.target.max(fewest).min(surely);
        return Plan { workers: Range { lower: lower.min(target), target, ..least.workers }, ..guessed };
    }
    Plan { workers: Range { lower, ..least.workers }, ..least }
}

/// The plan for workers that take no more than what they import.
fn of_smallest(inputs: &Inputs, load: &Load) -> Option<Plan> {
    let worker = inputs.per_worker.as_ref().filter(|worker| is_guess(worker))?;
    let low = worker.value.low.min(worker.value.value);
    let smallest = Known { value: WorkerMemory::exactly(low), ..worker.clone() };
    let inputs = Inputs { per_worker: Some(smallest), ..inputs.clone() };
    let mut load = load.clone();
    load.caps = Caps::of(&inputs);
    Some(estimated(&inputs, &load))
}

/// Why `plan` has more workers than the guess has room for; `None` where it has not.
pub(super) fn beyond(inputs: &Inputs, plan: &Plan) -> Option<String> {
    let worker = inputs.per_worker.as_ref().filter(|worker| is_guess(worker))?;
    let threads = plan.kept_threads(inputs).unwrap_or(0);
    let workers = plan.kept_workers(inputs);
    let caps = Caps::of(inputs);
    let (fit, at_most) = (caps.workers(threads)?, caps.most_workers(threads)?);
    (workers > 1 && workers > fit).then(|| {
        format!(
            "nobody has measured that: workers of {}, which they take at least, leave room for {at_most}, so that \
             fewer than {workers} are a question and no advice",
            worker.value.low
        )
    })
}
