//! Fires when a background task or the source of a stream stops the event loop.

use super::finding::REFUSED;
use super::prelude::*;
use super::speaker::{Speaker, spoken};

pub(super) const RULE: Rule = rule!("blocking-stream-or-background", Shape::App(check));

fn check(app: &App, service: Option<&Service>, _: &Context, out: &mut Findings) {
    for blocking in spoken(Speaker::Aside, app, service) {
        let message = if blocking.is_refused_by_django() {
            format!("{} runs beside the requests, but on their event loop: {REFUSED}", blocking.subject())
        } else {
            format!(
                "{} runs beside the requests, but on their event loop: all of them stand still {}",
                blocking.subject(),
                blocking.while_it()
            )
        };
        blocking.say(out.report(blocking.anchor, "the event loop stands still here", message), service);
    }
}
