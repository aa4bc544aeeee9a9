//! Fires when the requests of one Socket.IO client go to processes that do not know each other.

use super::prelude::*;
use crate::app::InstrumentKind;

pub(super) const RULE: Rule = rule!("socketio-needs-affinity", Shape::App(check));

fn check(app: &App, service: Option<&Service>, context: &Context, out: &mut Findings) {
    let Some(service) = service.filter(|service| service.in_production()) else {
        return;
    };
    let Some(server) = app.instruments.iter().find(|seen| seen.kind == InstrumentKind::Sessions) else {
        return;
    };
    let Some(workers) = service.deployment.setting("workers") else { return };
    let (Some(count), Some(place)) = (workers.int().filter(|count| *count > 1), workers.place()) else {
        return;
    };
    out.report(
        place,
        "any of them gets the next request",
        format!(
            "{count} workers share one address and {} cannot keep a client of Socket.IO on one of them: expect \"Invalid \
             session\"",
            service.deployment.server
        ),
    )
    .at_most(workers.confidence())
    .related(server.place, "keeps sessions in the memory of its process")
    .help("run one worker with threads or greenlets for each address, and a message queue and a sticky proxy for several")
    .fix(
        service
            .set("workers", &Value::Int(1), context)
            .map(|edit| Fix::unsafe_("run one worker", vec![edit])),
    );
}
