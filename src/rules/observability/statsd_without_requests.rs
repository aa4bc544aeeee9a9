//! Fires when figures are sent and the worker class has none about requests.

use super::prelude::*;

pub(super) const RULE: Rule = rule!("statsd-without-requests", Shape::Deployment(check));

fn check(service: &Service, _: &Context, out: &mut Findings) {
    if !service.in_production() {
        return;
    }
    let deployment = service.deployment;
    let Some(statsd) = deployment.setting("statsd_host").filter(|statsd| statsd.changes()) else {
        return;
    };
    let (Some(place), Some(class)) = (statsd.place(), deployment.class) else {
        return;
    };
    if statsd.setting.honoured_by(class, deployment.version.version) == Honoured::Yes {
        return;
    }
    // A client of its own may count requests.
    let own = ["statsd", "aiostatsd", "datadog", "aiodogstatsd"];
    if service.application.is_some_and(|app| own.iter().any(|client| app.imports(client))) {
        return;
    }
    let class = service.class_name();
    out.report(
        place,
        "no figures about requests",
        format!("`{class}` sends no figures about requests: `statsd_host` gets those of the master only"),
    )
    .at_most(statsd.confidence())
    .related(service.class_place(), format!("`{class}` answers them"))
    .help("count requests in a middleware, or use Gunicorn's own `asgi` class, which sends them")
    .fix(None);
}
