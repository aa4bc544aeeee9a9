//! Fires when web sockets are accepted where nothing keeps them open.

use super::prelude::*;
use crate::app::Framework;

pub(super) const RULE: Rule = rule!("websocket-on-wsgi-worker", Shape::App(check));

fn check(app: &App, service: Option<&Service>, _: &Context, out: &mut Findings) {
    let one_each = |service: &&Service| {
        service.is_gunicorn() && service.deployment.class.is_some_and(|class| class.model() == Model::OneRequest)
    };
    // An ASGI application under such a worker has a worse fault, and the consumers of Channels are served by another
    // server, whatever the project loads along.
    let here = app.interface == AppInterface::Wsgi && app.framework == Framework::Flask;
    let Some(service) = service.filter(one_each).filter(|_| here) else {
        return;
    };
    let Some(place) = app.websockets.first() else { return };
    // Socket.IO falls back to requests that wait, and has a rule of its own.
    if service.deployment.asks_for("flask-socketio") || service.deployment.asks_for("python-socketio") {
        return;
    }
    let timeout = service.deployment.int("timeout").filter(|seconds| *seconds > 0);
    let dies = timeout.map_or_else(String::new, |seconds| format!(", and is killed with it after {seconds} s"));
    let mut report = out
        .report(
            *place,
            "stays open",
            format!("a web socket occupies a `{}` worker as long as it is open{dies}", service.class_name()),
        )
        .related(service.class_place(), "runs one request in each worker");
    if let Some(limit) = service.deployment.setting("timeout").and_then(Setting::place) {
        report = report.related(limit, "kills a worker that does not report back");
    }
    report.help("use `gthread` with as many threads as there are clients, or an ASGI application").fix(None);
}
