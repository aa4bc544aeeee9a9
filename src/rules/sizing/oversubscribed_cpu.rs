//! Fires when far more workers are started than the declared cores can run.

use super::prelude::*;
use crate::sizing::{Binding, Workload};

pub(super) const RULE: Rule = rule!("oversubscribed-cpu", Shape::Deployment(check));

fn check(service: &Service, context: &Context, out: &mut Findings) {
    if !service.in_production() {
        return;
    }
    // Cores are taken from the project's files or the user's word, never from the machine that checks.
    let (Some(cpus), Some(advice)) = (service.cpus, service.advice) else {
        return;
    };
    let Some(workers) = service.deployment.setting("workers") else {
        return;
    };
    let (Some(count), Some(place)) = (workers.int(), workers.place()) else {
        return;
    };
    // What memory or the database hold says nothing of the cores.
    let by_cores = advice.item("workers").filter(|item| !matches!(item.binding, Binding::Memory | Binding::Database));
    let Some(upper) = by_cores.and_then(|item| item.upper.count()) else {
        return;
    };
    // A few processes too many are a matter of taste.
    if exact(count) < out.parameter("at-least") || exact(count) <= out.parameter("factor") * f64::from(upper) {
        return;
    }
    // Workers that wait, as somebody says they do and nobody guessed, are slots and no use of cores.
    let workload = service.inputs.and_then(|inputs| inputs.workload.as_ref());
    let waits = workload.is_some_and(|known| known.value == Workload::Io && known.confidence > Confidence::Low);
    if waits && service.slots() == Some(count) {
        return;
    }
    let what = if service.runs_loop() { "event loops" } else { "workers" };
    let target = advice.item("workers").and_then(|item| item.target.count()).unwrap_or(upper);
    out.report(
        place,
        format!("{count} {what}"),
        format!(
            "{count} {what} on {} ({}): no more than {upper} can pay, the rest costs memory and latency",
            cpus.cpus, cpus.source
        ),
    )
    .at_most(workers.confidence())
    .related_to(cpus.place.map(|place| Located::new(format!("allows {}", cpus.cpus), place)))
    .help(format!("start {target}; `farrier advise` shows the derivation"))
    .fix(service.advised("workers", context).and_then(|advised| advised.fix));
}
