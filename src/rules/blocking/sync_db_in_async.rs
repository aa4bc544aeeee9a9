//! Fires when a handler asks a database, a cache or a cloud store on the event loop.

use super::finding::REFUSED;
use super::prelude::*;
use super::speaker::{Speaker, spoken};

pub(super) const RULE: Rule = rule!("sync-db-in-async", Shape::App(check));

fn check(app: &App, service: Option<&Service>, _: &Context, out: &mut Findings) {
    for blocking in spoken(Speaker::Store, app, service) {
        let message = if blocking.is_refused_by_django() {
            format!("{} asks on the event loop: {REFUSED}", blocking.subject())
        } else {
            format!(
                "{} asks on the event loop: every request of the worker stands still {}",
                blocking.subject(),
                blocking.while_it()
            )
        };
        blocking.say(out.report(blocking.anchor, "the event loop waits for the answer here", message), service);
    }
}
