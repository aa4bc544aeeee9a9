//! Fires when web sockets are accepted where nothing keeps them open.

use super::prelude::*;
use crate::app::{Framework, InstrumentKind};

pub(super) const RULE: Rule = rule!("websocket-on-wsgi-worker", Shape::App(check));

fn check(app: &App, service: Option<&Service>, context: &Context, out: &mut Findings) {
    let model = |service: &Service| service.deployment.class.map(WorkerClass::model);
    let one_each = |service: &&Service| service.is_gunicorn() && model(service) == Some(Model::OneRequest);
    // An ASGI application under such a worker has a worse fault, and the consumers of Channels are served by another
    // server, whatever the project loads along.
    let here = app.interface == AppInterface::Wsgi && app.framework == Framework::Flask;
    // Flask-Sockets leaves the protocol to the worker, and those of Gunicorn leave it to nobody.
    let handed = |seen: &&crate::app::Instrument| seen.kind == InstrumentKind::HandedSockets;
    let plain = service.filter(|service| here && matches!(model(service), Some(Model::Greenlets | Model::Threads)));
    if let (Some(service), Some(sockets)) = (plain, app.instruments.iter().find(handed)) {
        out.report(
            sockets.place,
            "expects `wsgi.websocket`",
            format!("`{}` hands over no web sockets: every upgrade fails", service.class_name()),
        )
        .related(service.class_place(), "speaks HTTP alone")
        .help("use the class `geventwebsocket.gunicorn.workers.GeventWebSocketWorker`, or flask-sock in place of Flask-Sockets")
        .fix(None);
        return;
    }
    if let Some(service) = service.filter(|service| service.in_production()) {
        unserved(app, service, context, out);
    }
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

/// Consumers of Channels in a project that starts nothing but WSGI, and installs no other server.
fn unserved(app: &App, service: &Service, context: &Context, out: &mut Findings) {
    let Some(router) = app.channels.filter(|router| !context.is_aside(*router)) else { return };
    let servers = ["daphne", "uvicorn", "hypercorn", "granian", "uvicorn-worker"];
    let wsgi = |one: &crate::deployment::Deployment| {
        let installs = servers.iter().any(|name| one.asks_for(name)) || one.asks_for_extra("channels", "daphne");
        one.development.is_some() || one.class.is_some_and(|class| class.interface() == Interface::Wsgi) && !installs
    };
    if app.interface != AppInterface::Wsgi || !context.deployments.iter().all(wsgi) {
        return;
    }
    out.report(
        router,
        "served by nobody",
        format!(
            "web sockets are routed here, and all that the project starts are WSGI servers such as `{}`",
            service.class_name()
        ),
    )
    .at_most(Confidence::Medium)
    .related(service.deployment.command, "calls a WSGI application")
    .help("start an ASGI server such as Daphne or Uvicorn for it")
    .fix(None);
}
