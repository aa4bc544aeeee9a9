//! Fires when a gthread worker takes no more connections than it has threads, so that none can idle.

use super::prelude::*;

pub(super) const RULE: Rule = rule!("no-keepalive-headroom", Shape::Deployment(check));

/// What Gunicorn takes if nobody says otherwise.
const DEFAULT: i64 = 1000;

fn check(service: &Service, context: &Context, out: &mut Findings) {
    if !service.in_production() {
        return;
    }
    let deployment = service.deployment;
    if deployment.class.is_none_or(|class| class.name() != "gthread") {
        return;
    }
    let (Some(connections), Some(keepalive)) =
        (deployment.setting("worker_connections"), deployment.int("keepalive").filter(|&seconds| seconds > 0))
    else {
        return;
    };
    let place = connections.place().or_else(|| deployment.setting("threads")?.place());
    let (Some(most), Some(threads), Some(place)) = (connections.int(), service.threads(), place) else {
        return;
    };
    if most > threads {
        return;
    }
    let confidence = deployment.setting("threads").map_or(Confidence::Low, Setting::confidence);
    let back = (threads < DEFAULT).then(|| connections.winner.remove(context.files)).flatten();
    out.report(
        place,
        if connections.is_set() { format!("{most} connections") } else { format!("as many as the default, {most}") },
        format!(
            "{most} connections for {threads} threads leave none for `keepalive = {keepalive}`: \"No keepalived connections \
             can be handled. Check the number of worker connections and threads.\""
        ),
    )
    .at_most(connections.confidence().min(confidence))
    .related_to(
        deployment
            .setting("threads")
            .and_then(Setting::place)
            .map(|place| Located::new(format!("{threads} threads"), place)),
    )
    .help(if back.is_some() {
        "remove it, which leaves 1000, or set `keepalive = 0`"
    } else {
        "set `worker_connections` well above the threads, or `keepalive = 0`"
    })
    .fix(back.map(|edits| Fix::safe("go back to 1000 connections", edits)));
}
