//! Fires when a server goes to the background although something waits for its first process.

use super::prelude::*;
use crate::deployment::{ShieldKind, UnitKind};

pub(super) const RULE: Rule = rule!("daemonised-under-supervisor", Shape::Deployment(check));

fn check(service: &Service, context: &Context, out: &mut Findings) {
    let deployment = service.deployment;
    let around = match deployment.kind {
        UnitKind::SupervisorProgram => "supervisord",
        UnitKind::SystemdService if !deployment.surroundings.expects_fork => "systemd",
        _ if deployment.container.is_some() => "the container",
        _ => return,
    };
    let shield = deployment.shield.as_ref();
    // A script that goes on with something else keeps its container.
    if shield.is_some_and(|shield| !shield.is_last && !matches!(shield.kind, ShieldKind::Background { is_left: true }))
    {
        return;
    }
    let ends = match around {
        "the container" => "the container stops as soon as it has started",
        _ => "its first process ends at once, which counts as a crash",
    };
    let name = if deployment.server == ServerName::Uwsgi { "daemonize" } else { "daemon" };
    let daemon = deployment.setting(name).filter(|daemon| match daemon.value() {
        Some(Value::Bool(on)) => *on,
        Some(Value::Str(log)) => !log.is_empty(),
        _ => false,
    });
    let of = container(service);
    // Hypercorn takes the option and does nothing with it.
    if let Some((daemon, place)) =
        daemon.filter(|_| deployment.server != ServerName::Hypercorn).and_then(|it| Some((it, it.place()?)))
    {
        out.report(place, "goes to the background", format!("`{name}` under {around}: {ends}"))
            .at_most(daemon.confidence())
            .related_to(of)
            .help(format!("remove `{name}`: whoever starts the server keeps it in the background"))
            .fix(daemon.winner.remove(context.files).map(|edits| Fix::safe(format!("remove `{name}`"), edits)));
    } else if let Some(shield) =
        shield.filter(|shield| shield.kind == ShieldKind::Background { is_left: true } && around == "the container")
    {
        out.report(
            shield.command,
            "started with `&`",
            format!("the script ends while {} runs in the background: {ends}", deployment.server),
        )
        .related_to(of)
        .help("take the `&` away, and put `exec` in front of the last server")
        .fix(None);
    }
}

fn container(service: &Service) -> Option<Located<String>> {
    Some(Located::new("waits for the first process".to_owned(), service.deployment.container?))
}
