//! Fires when somebody takes the heartbeat of a worker for a limit on requests.

use super::prelude::*;

pub(super) const RULE: Rule = rule!("timeout-is-heartbeat", Shape::Deployment(check));

/// What people write who mean a limit on requests.
const CUES: [&str; 13] = [
    "requests that take",
    "requests may take",
    "request may take",
    "duration of a request",
    "request timeout",
    "request time",
    "per request",
    "per-request",
    "long request",
    "slow request",
    "request limit",
    "abort requests",
    "kill requests",
];

fn check(service: &Service, context: &Context, out: &mut Findings) {
    if !service.in_production() {
        return;
    }
    let deployment = service.deployment;
    let Some(class) = deployment.class.filter(|class| service.is_gunicorn() && class.name() != "sync") else { return };
    let Some(timeout) = deployment.setting("timeout").filter(|timeout| timeout.changes()) else { return };
    let (Some(seconds), Some(place)) = (timeout.int().filter(|&seconds| seconds > 0), timeout.place()) else { return };
    let remark = context.remark(place).to_lowercase();
    // Whoever says how it differs between the classes knows.
    if ["heartbeat", "silent", "sync", "liveness"].iter().any(|word| remark.contains(word)) {
        return;
    }
    let variable = timeout.winner.variables().into_iter().find(|name| name.to_ascii_uppercase().contains("REQUEST"));
    let why = match CUES.iter().find(|cue| remark.contains(**cue)) {
        Some(cue) => format!("the comment says `{cue}`, but "),
        None if variable.is_some() => format!("it comes from {}, but ", variable.unwrap_or_default()),
        // Without a word of what it is meant for, a long timeout may be for a slow start.
        None if context.parameters.is_pedantic() && exact(seconds) > out.parameter("long") => String::new(),
        None => return,
    };
    out.report(
        place,
        "no limit on requests",
        format!(
            "{why}for `{}` `timeout = {seconds}` only tells when a worker hangs: no request is ended",
            class.name()
        ),
    )
    .at_most(timeout.confidence())
    .related(service.class_place(), "decides what it means")
    .help("limit requests in the application or in the proxy")
    .fix(None);
}
