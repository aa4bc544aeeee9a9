//! Fires when a limit of connections is set and the worker class does not enforce it.

use super::prelude::*;

pub(super) const RULE: Rule = rule!("worker-connections-ignored", Shape::Deployment(check));

fn check(service: &Service, context: &Context, out: &mut Findings) {
    if !service.in_production() {
        return;
    }
    let Some(connections) = service.useless("worker_connections", context) else {
        return;
    };
    let Some(place) = connections.place() else {
        return;
    };
    // The default written out promises nothing that the class does not do.
    let default = connections.setting.at(service.deployment.version.version).default();
    if connections.value().is_none() || connections.value() == default {
        return;
    }
    let class = service.class_name();
    out.report(place, "limits nothing", format!("`worker_connections` limits nothing: `{class}` does not enforce it"))
        .at_most(connections.confidence())
        .related(service.class_place(), format!("`{class}` runs the application"))
        .help(match service.speaks() {
            Some(Interface::Asgi) => "remove it; limit in the proxy, or with Uvicorn's `limit_concurrency`",
            _ => "remove it, or use `gthread` or `gevent`, which enforce it",
        })
        .fix(connections.winner.remove(context.files).map(|edits| Fix::safe("remove `worker_connections`", edits)));
}
