//! Fires when what runs around many requests stops the event loop.

use super::prelude::*;
use super::speaker::{Speaker, spoken};
use crate::app::Role;

pub(super) const RULE: Rule = rule!("blocking-in-middleware-or-dependency", Shape::App(check));

fn check(app: &App, service: Option<&Service>, _: &Context, out: &mut Findings) {
    for blocking in spoken(Speaker::EveryRequest, app, service) {
        let (what, who) = match (blocking.role, blocking.always) {
            (Role::Middleware, true) => ("middleware", "every request pays for it"),
            (Role::Middleware, false) => ("middleware", "every request that takes this way pays for it"),
            (_, true) => ("a dependency", "every request that needs it pays for it"),
            (_, false) => ("a dependency", "every request that needs it and takes this way pays for it"),
        };
        let message =
            format!("{}, reached from {what}, stops the event loop {}: {who}", blocking.subject(), blocking.while_it());
        blocking.say(out.report(blocking.anchor, "the event loop stands still here", message), service);
    }
}
