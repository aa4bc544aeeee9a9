//! Fires when what runs around many requests stops the event loop.

use super::finding::REFUSED;
use super::prelude::*;
use super::speaker::{Speaker, spoken};
use crate::app::Role;

pub(super) const RULE: Rule = rule!("blocking-in-middleware-or-dependency", Shape::App(check));

fn check(app: &App, service: Option<&Service>, _: &Context, out: &mut Findings) {
    for blocking in spoken(Speaker::EveryRequest, app, service) {
        let what = match blocking.role {
            Role::Middleware => "middleware",
            Role::Guard => "an authentication or permission check",
            Role::RouteClass => "the class of routes",
            _ => "a dependency",
        };
        let whose = match (blocking.role, blocking.always) {
            (Role::Middleware, true) => "every request",
            (Role::Middleware, false) => "every request that takes this way",
            (Role::RouteClass, true) => "every request of those routes",
            (Role::RouteClass, false) => "every request of those routes that takes this way",
            (_, true) => "every request that needs it",
            (_, false) => "every request that needs it and takes this way",
        };
        let message = if blocking.is_refused_by_django() {
            format!("{}, reached from {what}, asks on the event loop: {REFUSED}", blocking.subject())
        } else {
            let subject = blocking.subject();
            format!("{subject}, reached from {what}, stops the event loop {}: {whose} pays for it", blocking.while_it())
        };
        blocking.say(out.report(blocking.anchor, "the event loop stands still here", message), service);
    }
}
