//! Fires when pods that are multiplied anyway start more event loops than they have cores.

use super::prelude::*;
use crate::deployment::UnitKind;

pub(super) const RULE: Rule = rule!("replicated-pods-multi-workers", Shape::Deployment(check));

fn check(service: &Service, context: &Context, out: &mut Findings) {
    let deployment = service.deployment;
    if deployment.kind != UnitKind::KubernetesContainer || !service.runs_loop() || !service.in_production() {
        return;
    }
    // Workers that share the memory of a loaded application have a reason to share a pod.
    let (Some(cpus), None) = (service.cpus, service.loads_before_fork()) else { return };
    let (Some(workers), Some((copies, _, copies_at))) = (deployment.setting("workers"), service.copies(context)) else {
        return;
    };
    let (Some(count), Some(place)) = (workers.int(), workers.place()) else { return };
    let scaled = deployment.limits.autoscaler.as_ref().map(|scaler| scaler.place);
    if count <= i64::from(cpus.cpus.whole_up()) || (copies < 2 && scaled.is_none()) {
        return;
    }
    out.report(
        place,
        format!("{count} in each pod"),
        format!(
            "{count} event loops in each of {copies} pods of {} ({}): more pods with one each say more to the scheduler and the \
             autoscaler",
            cpus.cpus, cpus.source
        ),
    )
    .related_to(cpus.place.map(|place| Located::new(format!("allows {}", cpus.cpus), place)))
    .related_to(copies_at.or(scaled).map(|place| Located::new("how many pods run".to_owned(), place)))
    .help(
        "one loop per core of the limit, and more pods (FastAPI, Granian and LiteLLM advise one); a second worker bridges the \
         moment in which the only one is replaced (Canonical, Gunicorn's page on Docker)",
    )
    .fix(None);
}
