//! Fires when processes that compute use up a quota early in each period, and then stand still.

use super::prelude::*;
use crate::sizing::{Workload, capacity};
use crate::values::Seconds;

pub(super) const RULE: Rule = rule!("quota-throttle", Shape::Deployment(check));

fn check(service: &Service, context: &Context, out: &mut Findings) {
    let deployment = service.deployment;
    // A request bounds nothing, only a limit does.
    let Some(quota) = deployment.limits.cpus.as_ref().filter(|_| service.in_production()) else { return };
    let Some(workers) = deployment.setting("workers") else { return };
    let (Some(count), Some(place)) = (workers.int(), workers.place()) else { return };
    let workload = service.inputs.and_then(|inputs| inputs.workload.as_ref());
    let computes = workload.filter(|known| matches!(known.value, Workload::Cpu | Workload::Mixed));
    let small = quota.value.0 < 1.0 && deployment.server == ServerName::Uvicorn && count > 1;
    let many = count > i64::from(quota.value.whole_up()) + 1 && computes.is_some();
    // Far too many are reported as that.
    let upper = service.advice.and_then(|advice| advice.item("workers")?.upper.count());
    // Where what runs may be right, it is no fault.
    let many = many && upper.is_none_or(|upper| exact(count) > f64::from(upper));
    let far = count >= 5 && upper.is_some_and(|upper| exact(count) > 2.0 * f64::from(upper));
    if !(small || many) || far {
        return;
    }
    let busy = u32::try_from(count).unwrap_or(u32::MAX);
    let runs = capacity::runs_per_period(quota.value, busy, Seconds(0.1));
    let enough = i64::from(quota.value.whole_up());
    out.report(
        place,
        format!("{count} processes"),
        format!(
            "{count} busy processes use up {} ({}) in {runs} of each 100 ms and stand still for the rest",
            quota.value,
            context.files.describe(quota.place)
        ),
    )
    .at_most(
        workers.confidence().min(computes.map_or(Confidence::Medium, |known| known.confidence.max(Confidence::Medium))),
    )
    .related(quota.place, format!("allows {}", quota.value))
    .help(format!("start {enough}, or raise the limit"))
    .fix(
        service
            .set("workers", &Value::Int(enough), context)
            .map(|edit| Fix::unsafe_(format!("start {}", workers_in_words(enough)), vec![edit])),
    );
}
