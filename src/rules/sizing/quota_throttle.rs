//! Fires when processes that compute use up a quota early in each period, and then stand still.

use super::prelude::*;
use crate::rules::DeclaredCpus;
use crate::sizing::{Workload, capacity};
use crate::values::Seconds;

pub(super) const RULE: Rule = rule!("quota-throttle", Shape::Deployment(check));

fn check(service: &Service, context: &Context, out: &mut Findings) {
    let deployment = service.deployment;
    // A request bounds nothing, only a limit does: one that somebody declares, or that a file sets.
    let limit = deployment.limits.cpus.as_ref().map(|limit| (limit.value, Some(limit.place)));
    let stated = service.cpus.and_then(DeclaredCpus::stated);
    let limit = stated.map(|cpus| (cpus.cpus, None)).or(limit);
    let Some((quota, limited)) = limit.filter(|_| service.in_production()) else { return };
    let described = limited.map(|place| context.files.describe(place));
    let source = described.or_else(|| stated.map(|cpus| cpus.source.clone())).unwrap_or_default();
    let Some(workers) = deployment.setting("workers") else { return };
    let (Some(count), Some(place)) = (workers.int(), workers.place()) else { return };
    let workload = service.inputs.and_then(|inputs| inputs.workload.as_ref());
    let computes = workload.filter(|known| matches!(known.value, Workload::Cpu | Workload::Mixed));
    let upper = service.advice.and_then(|advice| advice.item("workers")?.upper.count());
    // Where what runs may be right, it is no fault.
    let fine = upper.is_some_and(|upper| exact(count) <= f64::from(upper));
    let small = quota.0 < 1.0 && deployment.server == ServerName::Uvicorn && count > 1;
    let many = count > i64::from(quota.whole_up()) + 1 && computes.is_some();
    // Far too many are reported as that.
    let far = count >= 5 && upper.is_some_and(|upper| exact(count) > 2.0 * f64::from(upper));
    if !(small || many) || fine || far {
        return;
    }
    let busy = u32::try_from(count).unwrap_or(u32::MAX);
    let runs = capacity::runs_per_period(quota, busy, Seconds(0.1));
    let advised = service.advised_or("workers", i64::from(quota.whole_up()), context);
    let enough = advised.value;
    out.report(
        place,
        format!("{count} processes"),
        format!(
            "{count} busy processes use up {quota} ({source}) in {runs} of each 100 ms and stand still for the rest"
        ),
    )
    .at_most(
        workers.confidence().min(computes.map_or(Confidence::Medium, |known| known.confidence.max(Confidence::Medium))),
    )
    .related_to(limited.map(|place| Located::new(format!("allows {quota}"), place)))
    .help(format!("start {enough}, or raise the limit"))
    .fix(advised.fix);
}
