//! Fires when a pod stops taking requests before its service stops sending them.

use super::prelude::*;
use crate::deployment::UnitKind;
use crate::rules::Card;

pub(super) const RULE: Rule = rule!("no-drain-window", Shape::AnyServer(check));

/// Seconds that the endpoints of a service take to follow.
const DRAIN: f64 = 10.0;

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
    let kill = service.kill(context).map(|kill| kill.seconds);
    let fits = kill.is_none_or(|kill| exact(graceful) + DRAIN < kill);
    out.report(
        place,
        "stops at once",
        "the signal to stop and the removal from the service run side by side, so requests still arrive at a server that takes \
         none any more",
    )
    .related(leads, "sends requests to it")
    .help("let `preStop` wait for 5 to 15 s (`lifecycle: {preStop: {sleep: {seconds: 10}}}`), within the time until the kill")
    .fix(service.beside_name("lifecycle: {preStop: {exec: {command: [\"sleep\", \"10\"]}}}", context).and_then(|edit| {
        if fits {
            return Some(Fix::unsafe_("wait 10 s before the stop", vec![edit]));
        }
        // Where the time until the kill does not hold both, requests get what is left of it.
        let setting = service.graceful()?;
        let margin = Card::find("grace-exceeds-kill").map_or(0.0, |card| context.parameter(card, "margin"));
        #[allow(clippy::cast_possible_truncation, reason = "a number of seconds that a person wrote")]
        let left = (kill? - DRAIN - margin).floor() as i64;
        let shorter = service.give(setting.setting.name(), &Value::Int(left), context).filter(|_| left >= 10)?;
        let title = format!("wait 10 s before the stop, and set `{}` to {left}", setting.setting.name());
        Some(Fix::unsafe_(title, vec![edit, shorter]))
    }));
}
