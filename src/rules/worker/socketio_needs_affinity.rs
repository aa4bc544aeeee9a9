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
        .fix(
            service
                .set("workers", &Value::Int(1), context)
                .map(|edit| Fix::unsafe_("run one worker", vec![edit])),
        );
}
