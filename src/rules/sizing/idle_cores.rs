//! Fires when a single container starts so few workers that most of its cores cannot be used.

use super::prelude::*;

pub(super) const RULE: Rule = rule!("idle-cores", Shape::Deployment(check));

fn check(service: &Service, context: &Context, out: &mut Findings) {
    let (Some(cpus), Some(workers)) = (service.cpus, service.deployment.setting("workers")) else { return };
    let (Some(count), Some(place)) = (workers.int(), workers.place()) else { return };
    // Copies share the load, and so may the cores be shared.
    if !service.in_production() || service.copies(context).is_none_or(|(copies, ..)| copies != 1) {
        return;
    }
    if exact(count) >= (cpus.cpus.0 * out.parameter("share")).floor() {
        return;
    }
    // Where memory allows no more, that is what it is.
    let Some(target) = service.advice.and_then(|advice| advice.item("workers")?.target.count()).map(i64::from) else {
        return;
    };
    if target <= count {
        return;
    }
    let what = if service.runs_loop() { "event loop" } else { "worker" };
    let plural = if count == 1 { "" } else { "s" };
    out.report(
        place,
        format!("{count} of them"),
        format!(
            "{count} {what}{plural} on {} ({}) can use {count} of them: a process uses about one core",
            cpus.cpus, cpus.source
        ),
    )
    .at_most(workers.confidence())
    .related_to(cpus.place.map(|place| Located::new(format!("allows {}", cpus.cpus), place)))
    .help(format!("start {target}, or ask for fewer cores"))
    .fix(service.advised("workers", context).and_then(|advised| advised.fix));
}
