//! Fires when responses that stay open take up the few slots of a worker that runs one request in each.

use super::prelude::*;
use crate::app::Held;

pub(super) const RULE: Rule = rule!("streaming-on-few-slots", Shape::App(check));

fn check(app: &App, service: Option<&Service>, _: &Context, out: &mut Findings) {
    let Some(service) = service.filter(|service| service.speaks() == Some(Interface::Wsgi)) else {
        return;
    };
    let Some(slots) = service.slots().filter(|slots| exact(*slots) < out.parameter("slots")) else {
        return;
    };
    // A file, or a list that is sent in pieces, is done as soon as the client has it.
    for stream in &app.streaming {
        let (why, place) = match &stream.held {
            Held::By(what, place) => (format!("waits for `{what}` between its pieces"), Some(*place)),
            Held::Endless(place) => ("goes on until the client leaves".to_owned(), Some(*place)),
            Held::Events => ("sends events as they come".to_owned(), None),
            Held::Unknown => continue,
        };
        let report = out
            .report(
                stream.place,
                "stays open",
                format!(
                    "this response {why} and holds one of {slots} slot{} meanwhile: {slots} such client{} stop the service",
                    if slots == 1 { "" } else { "s" },
                    if slots == 1 { "" } else { "s" },
                ),
            )
            .related(service.class_place(), format!("`{}` runs one request in each slot", service.class_name()));
        let report = match place {
            Some(place) => report.related(place, "what it waits for"),
            None => report.at_most(Confidence::Medium),
        };
        report.help("serve streams from a service of their own, on an event loop, `gevent` or many threads").fix(None);
    }
}
