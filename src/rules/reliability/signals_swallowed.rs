//! Fires when a shell stays between whoever stops the service and the server.

use super::prelude::*;
use crate::deployment::{Deployment, Shield, ShieldKind, UnitKind};

pub(super) const RULE: Rule = rule!("signals-swallowed", Shape::AnyServer(check));

/// Whether the signal to stop certainly does not reach the server, so that how it would stop is of no account.
pub(in crate::rules) fn swallows(service: &Service, context: &Context) -> bool {
    swallowing(service, context).is_some_and(|(shield, _)| shield.kind != ShieldKind::Alone)
}

/// The shell that keeps the signal to stop from the server, as far as anybody can tell, and how it comes to do so.
fn swallowing<'s>(service: &'s Service, context: &Context) -> Option<(&'s Shield, &'static str)> {
    let deployment = service.deployment;
    let shield = deployment.shield.as_ref().filter(|shield| service.in_production() && !shield.is_passed)?;
    // systemd and Heroku signal every process of a unit; containers and supervisord only the first.
    if deployment.container.is_none() && deployment.kind != UnitKind::SupervisorProgram {
        return None;
    }
    // Another arm of the same script may be the one that runs.
    if context.deployments.iter().any(|other| is_other_arm(deployment, other)) {
        return None;
    }
    // Nobody can pass that on.
    if signal(deployment).ends_with("KILL") {
        return None;
    }
    let declared = context.files.get(deployment.command.file).name();
    if deployment.kind == UnitKind::Platform && declared.starts_with("heroku") {
        return None;
    }
    let base = deployment.base.as_ref().map(|base| base.value.as_str());
    let busybox = base.is_some_and(|base| base.contains("alpine") || base.contains("busybox"));
    let why = match shield.kind {
        // bash and busybox become the last command of `-c`; where the container ends with its script, that is another
        // fault.
        ShieldKind::LastOfBash | ShieldKind::Background { is_left: true } => return None,
        ShieldKind::Alone | ShieldKind::Last if busybox => return None,
        ShieldKind::Alone => "`sh -c` starts it, and the `sh` of Debian and Ubuntu",
        ShieldKind::Last | ShieldKind::Middle => "the shell of this command line",
        ShieldKind::Script => "the script has no `exec` here, so its shell",
        ShieldKind::Pipe => "it runs in a pipe, so the shell",
        ShieldKind::Background { .. } => "it runs in the background, so the shell",
    };
    Some((shield, why))
}

fn signal(deployment: &Deployment) -> &str {
    deployment.stop_signal.as_ref().map_or("SIGTERM", |signal| signal.value.as_str())
}

fn check(service: &Service, context: &Context, out: &mut Findings) {
    let Some((shield, why)) = swallowing(service, context) else { return };
    let deployment = service.deployment;
    let signal = signal(deployment);
    let place = shield.command;
    let background = matches!(shield.kind, ShieldKind::Background { .. });
    let report = out.report(
        place,
        if background { "runs beside the shell" } else { "the shell waits for this" },
        format!(
            "{why} stays in between and passes no {signal} on to {}: it never stops gracefully, and requests die with it \
             at the kill",
            deployment.server
        ),
    );
    let report = if shield.kind == ShieldKind::Alone { report.severity(Severity::Advice) } else { report };
    let ends = matches!(shield.kind, ShieldKind::Alone | ShieldKind::Last | ShieldKind::Script) && shield.is_last;
    let text = context.files.text_at(place);
    let plain = text.starts_with(|c: char| c.is_ascii_alphanumeric() || "./_".contains(c));
    let builtin = matches!(text, "command" | "builtin" | "time");
    let edit = (ends && plain && !builtin).then(|| Edit::insert(place, "exec "));
    report
        .related_to(
            service.container_beside(place).map(|unit| Located::new(format!("{signal} goes to the first process only"), unit)),
        )
        .help(match shield.kind {
            ShieldKind::Pipe => "let the server write to its own output, and leave it to the platform to collect it",
            ShieldKind::Background { .. } => {
                "put `exec` in front of it and take the `&` away, with what else has to run in a container of its own; or \
                 pass the signal on with `trap` and `wait`"
            }
            _ => "put `exec` in front of it, so that the server takes the place of the shell",
        })
        .fix(edit.map(|edit| Fix::safe("let the server take the place of the shell", vec![edit])));
}

/// Whether the same container starts the same server without a shell in between, in another branch.
fn is_other_arm(own: &Deployment, other: &Deployment) -> bool {
    let app = |one: &Deployment| one.app.as_ref().map(|app| app.value.clone());
    let container = own.container.is_some() && own.container == other.container;
    container && own.server == other.server && other.shield.is_none() && app(own) == app(other)
}
