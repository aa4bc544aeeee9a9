//! Fires when the requests of one Socket.IO client go to processes that do not know each other.

use super::prelude::*;
use crate::app::InstrumentKind;
use crate::findings::Severity;

pub(super) const RULE: Rule = rule!("socketio-needs-affinity", Shape::App(check));

fn check(app: &App, service: Option<&Service>, context: &Context, out: &mut Findings) {
    let Some(service) = service.filter(|service| service.in_production()) else {
        return;
    };
    let sessions = app.instruments.iter().find_map(|seen| match seen.kind {
        InstrumentKind::Sessions { queue } => Some((seen, queue)),
        _ => None,
    });
    let Some((server, queue)) = sessions else { return };
    let Some(workers) = service.deployment.setting("workers") else { return };
    if !queue && !workers.is_set() && service.deployment.kind == UnitKind::Procfile {
        left_to_the_platform(service, workers, server.place, context, out);
        return;
    }
    let (Some(count), Some(place)) = (workers.int().filter(|count| *count > 1), workers.place()) else {
        return;
    };
    let unless = if queue { ", unless all of them speak web sockets only" } else { "" };
    let report = out
        .report(
            place,
            "any of them gets the next request",
            format!(
                "{count} workers share one address and {} cannot keep a client of Socket.IO on one of them{unless}: \
                 expect \"Invalid session\"",
                service.deployment.server
            ),
        )
        .at_most(workers.confidence())
        .related(server.place, "keeps sessions in the memory of its process");
    // Whoever has a queue means to run several, and which transports the clients choose is told by their own code.
    if queue {
        let help =
            "put a sticky proxy in front, or say `transports=[\"websocket\"]` where that is what the clients use";
        report.severity(Severity::Advice).help(help).fix(None);
        return;
    }
    report
        .help("run one worker with threads or greenlets for each address, and a message queue and a sticky proxy for several")
        .fix(service.set("workers", &Value::Int(1), context).map(|edit| {
            let threads = service.thread_for_each_client(context);
            let title = if threads.is_some() { "run one worker with threads" } else { "run one worker" };
            Fix::unsafe_(title, std::iter::once(edit).chain(threads).collect())
        }));
}

/// A `Procfile` that leaves the number of workers to `WEB_CONCURRENCY`: what Heroku builds from Python sets it to at least 2,
/// and so does whatever builds with the same buildpack.
fn left_to_the_platform(service: &Service, workers: &Setting, sessions: Place, context: &Context, out: &mut Findings) {
    let deployment = service.deployment;
    let sized = workers.setting.default_variable() == Some("WEB_CONCURRENCY") && workers.winner.is_settled();
    if !sized || workers.int() != Some(1) {
        return;
    }
    let heroku = deployment.platform.as_ref().is_some_and(|platform| platform.value == "Heroku");
    let (severity, who) =
        if heroku { (Severity::Warning, "Heroku") } else { (Severity::Advice, "a platform such as Heroku") };
    out.report(
        deployment.command,
        "leaves `workers` to `WEB_CONCURRENCY`",
        format!(
            "{who} sets `WEB_CONCURRENCY` to 2 or more, and {} cannot keep a client of Socket.IO on one of its workers: \
             expect \"Invalid session\"",
            deployment.server
        ),
    )
    .severity(severity)
    .at_most(Confidence::Medium)
    .related(sessions, "keeps sessions in the memory of its process")
    .help("say `workers = 1`")
    .fix(
        service
            .give("workers", &Value::Int(1), context)
            .map(|edit| Fix::unsafe_("run one worker, whatever the platform sets", vec![edit])),
    );
}

/// Measured on Gunicorn 27.0.1 with Flask-SocketIO 5: a client that polls holds its thread until there is something to
/// say, and with one thread everybody else waits for that. As many as the documentation of Flask-SocketIO gives.
const CLIENTS: i64 = 100;

impl Service<'_> {
    /// Whether clients of Socket.IO hold a slot each while they wait for news.
    pub(super) fn keeps_clients_waiting(&self) -> bool {
        let keeps = |app: &App| app.instruments.iter().any(|seen| matches!(seen.kind, InstrumentKind::Sessions { .. }));
        self.application.is_some_and(keeps)
    }

    /// A thread for each of them, where each worker has but one and is, or has to become, one of threads.
    pub(super) fn thread_for_each_client(&self, context: &Context) -> Option<Edit> {
        let deployment = self.deployment;
        let is_gone = |class: &WorkerClass| class.until().is_some_and(|until| until <= deployment.version.version);
        let class = deployment.class.filter(|_| self.is_gunicorn())?;
        let threaded = matches!(class.name(), "sync" | "gthread") || is_gone(class) && !deployment.asks_for("gevent");
        let one = deployment.setting("threads").is_some_and(|threads| !threads.is_set() || threads.int() == Some(1));
        let lacks = threaded && one && self.keeps_clients_waiting();
        lacks.then(|| self.give("threads", &Value::Int(CLIENTS), context)).flatten()
    }
}
