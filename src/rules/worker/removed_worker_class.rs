//! Fires when the version of the server that runs no longer has the worker class.

use super::prelude::*;

pub(super) const RULE: Rule = rule!("removed-worker-class", Shape::Deployment(check));

fn check(service: &Service, context: &Context, out: &mut Findings) {
    let deployment = service.deployment;
    let Some(class) = deployment.class else {
        return;
    };
    let Some(until) = class.until().filter(|&until| until <= deployment.version.version) else {
        return;
    };
    let replacement = class.deprecated().map_or("gthread", |deprecated| deprecated.replacement.as_str());
    let name = class.name();
    out.report(
        service.class_place(),
        format!("removed in {} {until}", deployment.server),
        format!("`{name}` was removed in {} {until}: the server does not start", deployment.server),
    )
    // Without a pin the newest version is assumed, which may not be what is installed.
    .at_most(if deployment.version.is_assumed() { Confidence::Medium } else { Confidence::High })
    .related_to(deployment.version.place.map(|place| Located::new(format!("asks for {}", deployment.version), place)))
    .help(format!("use `{replacement}`"))
    .fix(
        service
            .set("worker_class", &Value::Str(replacement.to_owned()), context)
            .map(|edit| Fix::unsafe_(format!("use `{replacement}`"), vec![edit])),
    );
}
