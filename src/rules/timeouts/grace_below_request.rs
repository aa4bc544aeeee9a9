//! Fires when a request may take longer than a worker that is replaced waits for it.

use super::prelude::*;

pub(super) const RULE: Rule = rule!("grace-below-request", Shape::Deployment(check));

fn check(service: &Service, context: &Context, out: &mut Findings) {
    let deployment = service.deployment;
    if let (Some(longest), Some(graceful)) = (&context.stated.longest_request, service.graceful())
        && let Some(wait) = graceful.int().filter(|&wait| wait > 0 && exact(wait) < longest.value)
        && service.in_production()
    {
        out.report(
            graceful.place().unwrap_or(deployment.command),
            "waits this long",
            format!(
                "a request may take {} s ({}), but {} waits {wait} s for it when it is stopped",
                longest.value, longest.source, deployment.server
            ),
        )
        .at_most(graceful.confidence())
        .help(format!("raise `{}`, and the time until the kill with it", graceful.setting.name()))
        .fix(service.advised(graceful.setting.name(), context).and_then(|advised| advised.fix));
        return;
    }
    let sync = deployment.class.is_some_and(|class| class.name() == "sync");
    if !sync || !service.in_production() {
        return;
    }
    let (Some(graceful), Some(timeout)) = (deployment.setting("graceful_timeout"), deployment.setting("timeout"))
    else {
        return;
    };
    let (Some(wait), Some(allowed), Some(place)) = (graceful.int(), timeout.int(), timeout.place()) else { return };
    if wait >= allowed || !(timeout.changes() || graceful.changes()) {
        return;
    }
    let kill = service.kill(context);
    let delay = deployment.stop_delay.as_ref().map_or(0.0, |delay| delay.value.0);
    let fits = kill.as_ref().is_none_or(|kill| exact(allowed) + delay < kill.seconds);
    let help = match &kill {
        Some(kill) if !fits => format!(
            "{} kills it after {} s ({}), so the order can only be kept with requests below that: timeout < graceful_timeout < \
             {}",
            kill.who, kill.seconds, kill.source, kill.seconds
        ),
        _ => format!("raise `graceful_timeout` to {allowed}"),
    };
    out.report(
        place,
        "a request may take this long",
        // A worker that has served its `max_requests` finishes the last of them, however long it takes.
        format!("a request may take {allowed} s, but on a stop or a reload a worker has {wait} s for it"),
    )
    .at_most(timeout.confidence().min(graceful.confidence()))
    .related_to(graceful.place().map(|place| Located::new("cut off after this".to_owned(), place)))
    .help(help)
    .fix(
        fits.then(|| service.give("graceful_timeout", &Value::Int(allowed), context))
            .flatten()
            .map(|edit| Fix::unsafe_(format!("set `graceful_timeout` to {allowed}"), vec![edit])),
    );
}
