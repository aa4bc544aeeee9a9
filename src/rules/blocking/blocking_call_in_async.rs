//! Fires when a handler itself makes a call that stops its event loop.

use super::prelude::*;
use super::speaker::{Speaker, spoken};

pub(super) const RULE: Rule = rule!("blocking-call-in-async", Shape::App(check));

fn check(app: &App, service: Option<&Service>, _: &Context, out: &mut Findings) {
    for blocking in spoken(Speaker::Direct, app, service) {
        let message = format!("{} stops every request of its worker {}", blocking.subject(), blocking.while_it());
        blocking.say(out.report(blocking.anchor, "the event loop stands still here", message), service);
    }
}
