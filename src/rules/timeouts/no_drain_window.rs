//! Fires when a pod stops taking requests before its service stops sending them.

use super::prelude::*;
use crate::deployment::UnitKind;

pub(super) const RULE: Rule = rule!("no-drain-window", Shape::Deployment(check));

fn check(service: &Service, context: &Context, out: &mut Findings) {
    let deployment = service.deployment;
    let around = &deployment.surroundings;
    let Some(leads) =
        around.service.filter(|_| deployment.kind == UnitKind::KubernetesContainer && service.in_production())
    else {
        return;
    };
    let single = service.copies(context).is_some_and(|(copies, ..)| copies < 2);
    if around.drain.is_some() || around.is_recreated && single {
        return;
    }
    let Some(place) = deployment.container else { return };
    let graceful = service.graceful().and_then(Setting::int).unwrap_or(0);
    let fits = service.kill(context).is_none_or(|kill| exact(graceful) + 10.0 < kill.seconds);
    out.report(
        place,
        "stops at once",
        "the signal to stop and the removal from the service run side by side, so requests still arrive at a server that takes \
         none any more",
    )
    .related(leads, "sends requests to it")
    .help("let `preStop` wait for 5 to 15 s (`lifecycle: {preStop: {sleep: {seconds: 10}}}`), within the time until the kill")
    // Where the time until the kill does not hold both, the one would only take from the other.
    .fix(fits.then_some(()).and_then(|()| {
        service
            .beside_name("lifecycle: {preStop: {exec: {command: [\"sleep\", \"10\"]}}}", context)
            .map(|edit| Fix::unsafe_("wait 10 s before the stop", vec![edit]))
    }));
}
