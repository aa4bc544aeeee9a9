//! Fires when responses that stay open take up the few slots of a worker that runs one request in each.

use super::prelude::*;
use crate::app::{Framework, Held, Stream};

pub(super) const RULE: Rule = rule!("streaming-on-few-slots", Shape::App(check));

fn check(app: &App, service: Option<&Service>, _: &Context, out: &mut Findings) {
    let Some(service) = service.filter(|service| service.in_production() && service.speaks() == Some(Interface::Wsgi))
    else {
        return;
    };
    let Some(slots) = service.slots().filter(|slots| exact(*slots) < out.parameter("slots")) else {
        return;
    };
    web_sockets(app, service, slots, out);
    // A file, or a list that is sent in pieces, is done as soon as the client has it.
    for (at, stream) in app.streaming.iter().enumerate() {
        // Responses of one generator wait for the same.
        let same = |other: &&Stream| other.held == stream.held && place_of(&stream.held).is_some();
        if app.streaming[..at].iter().any(|other| same(&other)) {
            continue;
        }
        let others: Vec<&Stream> = app.streaming[at + 1..].iter().filter(same).collect();
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
                    "this response {why} and holds one of {slots} slot{} meanwhile: {slots} such {} the service",
                    if slots == 1 { "" } else { "s" },
                    if slots == 1 { "client stops" } else { "clients stop" },
                ),
            )
            .related(service.class_place(), format!("`{}` runs one request in each slot", service.class_name()));
        let report = match place {
            Some(place) => report.related(place, "what it waits for"),
            None => report.at_most(Confidence::Medium),
        };
        let report = others.iter().fold(report, |report, other| report.related(other.place, "the same here"));
        report.help("serve streams from a service of their own, on an event loop, `gevent` or many threads").fix(None);
    }
}

/// Where it is said what a stream waits for.
const fn place_of(held: &Held) -> Option<Place> {
    match held {
        Held::By(_, place) | Held::Endless(place) => Some(*place),
        Held::Events | Held::Unknown => None,
    }
}

/// A web socket holds a thread for as long as its client stays; where there is one slot in a worker, another rule says
/// what happens.
fn web_sockets(app: &App, service: &Service, slots: i64, out: &mut Findings) {
    let threaded = service.deployment.class.is_some_and(|class| class.model() == Model::Threads);
    // Clients of Socket.IO are counted by a rule of their own.
    let own = service.deployment.asks_for("flask-socketio") || service.deployment.asks_for("python-socketio");
    let Some(place) = app.websockets.first().filter(|_| threaded && !own && app.framework == Framework::Flask) else {
        return;
    };
    out.report(
        *place,
        "stays open",
        format!(
            "a web socket holds one of {slots} slots as long as it is open: {slots} such {} the service",
            if slots == 1 { "client stops" } else { "clients stop" },
        ),
    )
    .related(service.class_place(), format!("`{}` runs one request in each slot", service.class_name()))
    .help("give it as many threads as there are clients, or serve web sockets from a service of their own")
    .fix(None);
}
