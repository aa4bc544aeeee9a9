//! Fires when several workers are restarted after the same number of requests.

use super::prelude::*;
use crate::sizing::chain;

pub(super) const RULE: Rule = rule!("max-requests-no-jitter", Shape::Deployment(check));

fn check(service: &Service, context: &Context, out: &mut Findings) {
    if !service.in_production() {
        return;
    }
    let deployment = service.deployment;
    let (limit, spread_by) = match deployment.server {
        ServerName::Uvicorn => ("limit_max_requests", "limit_max_requests_jitter"),
        _ => ("max_requests", "max_requests_jitter"),
    };
    let Some(recycle) = deployment.setting(limit) else {
        return;
    };
    let (Some(requests), Some(place)) = (recycle.int().filter(|&n| n > 0), recycle.place()) else {
        return;
    };
    let jitter = deployment.setting(spread_by);
    // Uvicorn has one since 0.41; before, nothing spreads the restarts.
    let none = jitter.is_none_or(|jitter| jitter.int() == Some(0));
    if !none || jitter.is_none() && deployment.server != ServerName::Uvicorn {
        return;
    }
    // One worker cannot restart together with another.
    let Some(workers) = deployment.setting("workers").filter(|workers| workers.int().is_some_and(|n| n > 1)) else {
        return;
    };
    let spread = u32::try_from(requests).map_or(requests, |requests| chain::spread(requests).into());
    let count = workers.int().unwrap_or_default();
    let report = out.report(
        place,
        "the same for every worker",
        format!("{count} workers start together and reach {requests} requests together, so they restart together"),
    );
    // Where there is no such option, only an update helps.
    let report = if jitter.is_some() { report } else { report.severity(Severity::Advice) };
    report
        .at_most(recycle.confidence().min(workers.confidence()))
        .related_to(workers.place().map(|place| Located::new(format!("{count} workers"), place)))
        .help(match jitter {
            Some(_) => format!("set `{spread_by} = {spread}`"),
            None => format!("update to Uvicorn 0.41, which has `{spread_by}`, and set it to {spread}"),
        })
        .fix(jitter.filter(|jitter| !jitter.is_set()).and_then(|jitter| {
            let (version, value) = (deployment.version.version, Value::Int(spread));
            let edit = recycle.winner.add_beside(context.files, jitter.setting, version, &value)?;
            Some(Fix::safe(format!("add `{spread_by} = {spread}`"), vec![edit]))
        }));
}
