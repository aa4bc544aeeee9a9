//! Fires when a handler calls functions of the project that make a call which stops its event loop.

use super::prelude::*;
use super::speaker::{Speaker, spoken};

pub(super) const RULE: Rule = rule!("blocking-call-transitive", Shape::App(check));

fn check(app: &App, service: Option<&Service>, _: &Context, out: &mut Findings) {
    for blocking in spoken(Speaker::Transitive, app, service) {
        let message = format!("{} stops every request of its worker {}", blocking.path(), blocking.while_it());
        blocking.say(out.report(blocking.anchor, "the event loop stands still here", message), service);
    }
}
