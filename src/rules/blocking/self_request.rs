//! Fires when a handler waits for an answer of the service that it is part of.

use super::prelude::*;
use super::speaker::{Speaker, is_itself, spoken};
use crate::app::Context as Runs;

pub(super) const RULE: Rule = rule!("self-request", Shape::App(check));

fn check(app: &App, service: Option<&Service>, _: &Context, out: &mut Findings) {
    for blocking in spoken(Speaker::Itself, app, service) {
        let message = format!("{} asks its own service and stops the event loop that would answer", blocking.subject());
        let report = out.report(blocking.anchor, "the event loop waits for itself here", message);
        report.at_most(blocking.certainty).help("call the function behind that route instead").fix(None);
    }
    // A thread or a process of the same worker may answer, if one is free.
    let own = |reached: &&crate::app::Reached| {
        reached.contexts.contains(&Runs::Worker)
            && reached.destination.as_ref().is_some_and(|destination| is_itself(destination, service))
    };
    for reached in app.reached.iter().filter(own) {
        let slots = service.and_then(Service::slots);
        let when = match slots {
            Some(1) => "with one slot it waits for itself".to_owned(),
            Some(slots) => format!("{slots} such requests at a time wait for each other"),
            None => "enough such requests at a time wait for each other".to_owned(),
        };
        let handler = reached.handlers.first();
        let message = format!(
            "`{}` in `{}` asks its own service: {when}",
            reached.what,
            handler.map_or("", |(name, ..)| name.as_str())
        );
        out.report(reached.call, "waits for a worker while it holds one", message)
            .at_most(if reached.doubtful { Confidence::Low } else { Confidence::Medium })
            .help("call the function behind that route instead")
            .fix(None);
    }
}
