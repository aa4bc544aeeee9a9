//! Fires when production starts a server in its development mode.

use super::prelude::*;
use crate::deployment::UnitKind;

pub(super) const RULE: Rule = rule!("dev-mode-in-production", Shape::Deployment(check));
pub(super) const SERVERS: Rule = rule!("dev-mode-in-production", Shape::Development(check_server));

fn check(service: &Service, context: &Context, out: &mut Findings) {
    if !service.in_production() {
        return;
    }
    let Some(reload) = service.deployment.setting("reload") else {
        return;
    };
    let (Some(true), Some(place)) = (reload.value().and_then(Value::as_bool), reload.place()) else {
        return;
    };
    // What nothing is seen to start may be a command for developers.
    let started = service.deployment.kind != UnitKind::PythonLauncher;
    let server = service.deployment.server;
    let costs = match server {
        ServerName::Uvicorn => "it watches the file system and runs a single process whatever `--workers` says",
        _ => "it watches every source file and restarts workers under load",
    };
    let report = out.report(place, "a development mode", format!("`reload` is on in a production command: {costs}"));
    let report = if started { report } else { report.severity(Severity::Advice) };
    report
        .at_most(reload.confidence())
        .help("remove it here, and keep it in the command that developers use")
        .fix(reload.winner.remove(context.files).map(|edits| Fix::unsafe_("remove `reload`", edits)));
}

fn check_server(server: &DevelopmentServer, _: &Context, out: &mut Findings) {
    // On a developer's machine it is the right program; only an image or a process list deploys it.
    if server.development.is_some() {
        return;
    }
    out.report(
        server.command,
        "a development server",
        format!("`{}` is a development server: one process, no hardening, no graceful stop", server.name),
    )
    .at_most(Confidence::Medium)
    .help("start the application with a production server, such as Gunicorn or Uvicorn")
    .fix(None);
}
