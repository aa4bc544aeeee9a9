//! Fires when streams stay open and a server waits for them for ever, or hardly at all.

use super::prelude::*;
use crate::app::Held;
use crate::deployment::UnitKind;
use crate::rules::reliability::swallows;

pub(super) const RULE: Rule = rule!("unbounded-or-tiny-drain", Shape::Deployment(check));

fn check(service: &Service, context: &Context, out: &mut Findings) {
    let deployment = service.deployment;
    let Some(app) = service.application.filter(|_| service.in_production()) else { return };
    let Some(graceful) = service.graceful().filter(|graceful| !graceful.is_set() && graceful.winner.is_settled())
    else {
        return;
    };
    // Started from Python by nobody knows whom, perhaps in a thread: no signal may reach it, and no kill follow.
    let stopped = deployment.kind != UnitKind::PythonLauncher;
    let says = match deployment.server {
        ServerName::Uvicorn if stopped => {
            "waits for it without a limit when it is asked to stop, so every deploy ends with SIGKILL"
        }
        ServerName::Hypercorn => "waits 3 s for it when it is asked to stop, its default, and cuts it off",
        ServerName::Granian if stopped => "waits for its workers without a limit when it is asked to stop",
        _ => return,
    };
    // Uvicorn closes web sockets itself, and what waits for an answer from elsewhere ends with it. So do most streams of
    // events: the words of a model, the progress of a task.
    let heeds = deployment.server == ServerName::Uvicorn;
    let is_open =
        |stream: &&crate::app::Stream| matches!(stream.held, Held::Endless(_)) && !(heeds && stream.heeds_uvicorn);
    let Some(stream) = app.streaming.iter().find(is_open) else { return };
    // Nobody asks it to stop.
    if swallows(service, context) {
        return;
    }
    let name = graceful.setting.name();
    #[allow(clippy::cast_possible_truncation, reason = "a number of seconds that a person wrote")]
    let bound = service.kill(context).map_or(20, |kill| (kill.seconds - 10.0).max(5.0) as i64);
    let advised = service.advised_or(name, bound, context);
    let bound = advised.value;
    out.report(
        deployment.command,
        "leaves it to the default",
        format!("a stream stays open, and {} {says}", deployment.server),
    )
    .related(stream.place, "a stream that stays open")
    .help(format!("set `{name}` to {bound}, less than the time until the kill"))
    .fix(advised.fix);
}
