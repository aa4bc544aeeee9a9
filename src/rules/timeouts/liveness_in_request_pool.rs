//! Fires when a probe that restarts the container waits in the same queue as the requests.

use super::prelude::*;
use crate::app::Category;
use crate::deployment::HealthKind;
use crate::rules::surroundings::seconds;

pub(super) const RULE: Rule = rule!("liveness-in-request-pool", Shape::Deployment(check));

/// What the kubelet takes where a probe says nothing.
const PERIOD: f64 = 10.0;
const FAILURES: u32 = 3;

fn check(service: &Service, _: &Context, out: &mut Findings) {
    let deployment = service.deployment;
    if !service.in_production() {
        return;
    }
    let Some(probe) = deployment.health.iter().find(|check| check.kind == HealthKind::Liveness) else { return };
    // A probe of another port, or a command, does not wait for a slot.
    let Some(path) = probe.path.as_ref() else { return };
    let port = probe.port.as_ref().and_then(|port| port.value.parse().ok());
    if port.is_some_and(|port| !service.ports().is_empty() && !service.ports().contains(&port)) {
        return;
    }
    let period = probe.interval.as_ref().map_or(PERIOD, |interval| interval.value.0);
    let window = period * f64::from(probe.failures.as_ref().map_or(FAILURES, |failures| failures.value));
    let asks = service.application.and_then(|app| {
        let same = |route: &str| route.trim_end_matches('/') == path.value.trim_end_matches('/');
        let handler = app.handlers.iter().find(|handler| handler.route.as_deref().is_some_and(same))?;
        let asking = app.reached.iter().filter(|call| {
            matches!(call.category, Category::Db | Category::Orm)
                && !call.doubtful
                && call.handlers.iter().any(|(_, place, _)| *place == handler.place)
        });
        // Entering and leaving a `with` is not what people look for.
        asking.min_by_key(|call| call.what.ends_with("__"))
    });
    if let Some(call) = asks {
        out.report(
            probe.place,
            "restarts the container",
            format!(
                "the liveness probe asks the database (`{}`): when that is slow every copy is restarted",
                call.what
            ),
        )
        .related(call.call, "waits for the database")
        .help("answer liveness without the database, and ask it in the readiness probe")
        .fix(None);
        return;
    }
    let few = out.parameter("slots");
    let Some(slots) = service.slots().filter(|&slots| exact(slots) <= few) else { return };
    // Who writes a long `timeout` for `sync` workers has requests that take so long.
    let allowed = deployment
        .setting("timeout")
        .filter(|timeout| timeout.changes() && service.is_gunicorn() && service.class_name() == "sync")
        .and_then(|timeout| Some((timeout.int().filter(|&most| exact(most) > window)?, timeout.place()?)));
    if allowed.is_none() && window >= out.parameter("window") {
        return;
    }
    let (which, enough) =
        if allowed.is_some() { (", which `timeout` allows,", "more than `timeout`") } else { ("", "a minute") };
    let (of_which, requests, are) = if slots == 1 {
        ("the only slot".to_owned(), "one request".to_owned(), "is")
    } else {
        (format!("one of {slots} slots"), format!("{slots} requests"), "are")
    };
    out.report(
        probe.place,
        "restarts the container",
        format!(
            "the liveness probe waits for {of_which} like any request: {requests} of {}{which} {are} enough to have a \
             healthy container killed",
            seconds(window)
        ),
    )
    .related(service.class_place(), format!("{requests} at a time"))
    .related_to(allowed.map(|(most, place)| Located::new(format!("lets a request take {}", seconds(exact(most))), place)))
    .help(format!(
        "probe the port (`tcpSocket`) or allow {enough}, and leave it to the readiness probe to take the pod out of service"
    ))
    .fix(None);
}
