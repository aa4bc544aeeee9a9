//! Fires when an idle time is set for connections that the sync worker always closes.

use super::prelude::*;

pub(super) const RULE: Rule = rule!("keepalive-ignored-by-sync", Shape::Deployment(check));

fn check(service: &Service, context: &Context, out: &mut Findings) {
    if !service.in_production() {
        return;
    }
    // More than one thread turns sync into gthread, which keeps connections; the class says which runs.
    let one_at_a_time = service.deployment.class.is_some_and(|class| class.model() == Model::OneRequest);
    let Some(keepalive) = service.useless("keepalive", context).filter(|_| one_at_a_time) else {
        return;
    };
    let Some(place) = keepalive.place() else {
        return;
    };
    let default = keepalive.setting.at(service.deployment.version.version).default();
    // Zero is what it does anyway.
    if keepalive.value().is_none() || keepalive.value() == default || keepalive.int() == Some(0) {
        return;
    }
    let class = service.class_name();
    out.report(
        place,
        "has no effect",
        format!("`keepalive` has no effect: `{class}` closes every connection after one response"),
    )
    .at_most(keepalive.confidence())
    .related(service.class_place(), format!("`{class}` runs the application"))
    .help("remove it, or use `gthread` if a proxy in front should keep its connections")
    .fix(keepalive.winner.remove(context.files).map(|edits| Fix::safe("remove `keepalive`", edits)));
}
