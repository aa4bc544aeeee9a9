//! Fires when several workers are restarted after the same number of requests.

use super::prelude::*;

pub(super) const RULE: Rule = rule!("max-requests-no-jitter", Shape::Deployment(check));

fn check(service: &Service, context: &Context, out: &mut Findings) {
    let deployment = service.deployment;
    let Some(recycle) = deployment.setting("max_requests") else {
        return;
    };
    let (Some(requests), Some(place)) = (recycle.int().filter(|&n| n > 0), recycle.place()) else {
        return;
    };
    let Some(jitter) = deployment.setting("max_requests_jitter").filter(|jitter| jitter.int() == Some(0)) else {
        return;
    };
    // One worker cannot restart together with another.
    let Some(workers) = deployment.setting("workers").filter(|workers| workers.int().is_some_and(|n| n > 1)) else {
        return;
    };
    let spread = (requests / 10).max(50).min(requests);
    let count = workers.int().unwrap_or_default();
    out.report(
        place,
        "the same for every worker",
        format!("{count} workers start together and reach {requests} requests together, so they restart together"),
    )
    .at_most(recycle.confidence().min(workers.confidence()))
    .related_to(workers.place().map(|place| Located::new(format!("{count} workers"), place)))
    .help(format!("set `max_requests_jitter = {spread}`"))
    .fix(
        (!jitter.is_set())
            .then(|| {
                recycle.winner.add_beside(
                    context.files,
                    jitter.setting,
                    deployment.version.version,
                    &Value::Int(spread),
                )
            })
            .flatten()
            .map(|edit| Fix::safe(format!("add `max_requests_jitter = {spread}`"), vec![edit])),
    );
}
