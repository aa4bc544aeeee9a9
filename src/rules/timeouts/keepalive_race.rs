//! Fires when the server closes idle connections before the proxy that holds them does.

use super::prelude::*;
use crate::rules::surroundings::seconds;

pub(super) const RULE: Rule = rule!("keepalive-race", Shape::Deployment(check));

fn check(service: &Service, context: &Context, out: &mut Findings) {
    closes_before_proxy(service, context, out);
}

/// Reports a server of whatever language that closes idle connections too early.
pub(in crate::rules) fn closes_before_proxy(service: &Service, context: &Context, out: &mut Findings) {
    if !service.in_production() {
        return;
    }
    // Where the proxy or what it keeps is unknown there is nothing to compare with.
    let (Some((setting, own)), Some(idle)) = (service.keeps_idle(), service.idle_kept(context)) else { return };
    if own > idle.seconds {
        return;
    }
    let name = setting.setting.name();
    #[allow(clippy::cast_possible_truncation, reason = "a number of seconds that a person wrote")]
    let longer = (idle.seconds + out.parameter("margin")).ceil() as i64;
    let advised = service.advised_or(name, longer, context);
    let longer = advised.value;
    let unset = match setting.place() {
        None => ", its default".to_owned(),
        Some(place) => format!(" ({})", context.files.describe(place)),
    };
    let place = setting.place().unwrap_or(service.deployment.command);
    out.report(
        place,
        if setting.is_set() { "closes first" } else { "leaves it to the default" },
        format!(
            "{} keeps idle connections for {} ({}), {} closes them after {}{unset}: a request sent in that moment \
             ends in a sporadic 502",
            idle.who,
            seconds(idle.seconds),
            idle.source,
            service.deployment.server,
            seconds(own),
        ),
    )
    .at_most(setting.confidence())
    .related_to(idle.place.map(|place| Located::new("keeps them longer".to_owned(), place)))
    .help(format!("set `{name}` to {longer}, a little more than that, not minutes more: idle connections cost memory"))
    .fix(advised.safely());
}
