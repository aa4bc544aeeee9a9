//! Fires when a worker goes on with a request that nobody waits for any more.

use super::prelude::*;
use crate::rules::surroundings::seconds;

pub(super) const RULE: Rule = rule!("timeout-exceeds-edge", Shape::Deployment(check));

fn check(service: &Service, context: &Context, out: &mut Findings) {
    let deployment = service.deployment;
    let sync = deployment.class.is_some_and(|class| class.name() == "sync");
    if !sync || !service.in_production() || service.application.is_some_and(|app| !app.streaming.is_empty()) {
        return;
    }
    let (Some(timeout), Some(edge)) = (deployment.setting("timeout"), service.edge_timeout(context)) else { return };
    // Who leaves both to their defaults has not planned anything that could go wrong.
    let (Some(allowed), Some(place)) = (timeout.int(), timeout.place()) else { return };
    if exact(allowed) <= edge.seconds {
        return;
    }
    #[allow(clippy::cast_possible_truncation, reason = "a number of seconds that a person wrote")]
    let instead = edge.seconds.floor().max(1.0) as i64;
    let advised = service.advised_or("timeout", instead, context);
    let instead = advised.value;
    out.report(
        place,
        "goes on after that",
        format!(
            "a request may take {allowed} s, but {} gives up after {} ({}): later answers reach nobody and still hold a worker",
            edge.who,
            seconds(edge.seconds),
            edge.source
        ),
    )
    .at_most(timeout.confidence())
    .related_to(edge.place.map(|place| Located::new("gives up here".to_owned(), place)))
    .help(format!("lower it to {instead}, or raise the limit of the proxy where such requests are meant to succeed"))
    .fix(advised.fix);
}
