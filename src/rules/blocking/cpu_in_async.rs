//! Fires when a handler computes for long on the event loop.

use super::prelude::*;
use super::speaker::{Speaker, spoken};

pub(super) const RULE: Rule = rule!("cpu-in-async", Shape::App(check));

fn check(app: &App, service: Option<&Service>, _: &Context, out: &mut Findings) {
    for blocking in spoken(Speaker::Compute, app, service) {
        let message =
            format!("{} computes on the event loop: every request of the worker waits for it", blocking.subject());
        blocking.say(out.report(blocking.anchor, "the event loop computes here", message), service);
    }
}
