//! Fires when production runs on Gunicorn's default of one worker that serves one request.

use super::prelude::*;

pub(super) const RULE: Rule = rule!("default-single-sync-worker", Shape::Deployment(check));

fn check(service: &Service, context: &Context, out: &mut Findings) {
    let deployment = service.deployment;
    if !service.is_gunicorn() || !service.in_production() {
        return;
    }
    // Anybody who sets one of the two has thought about it, and what is unknown may be anything.
    let untouched = |name: &str| {
        let by_default = |setting: &&Setting| !setting.is_set() && setting.int() == Some(1);
        // `gunicorn $OPTIONS app:app` is how further options are asked for.
        deployment.setting(name).filter(by_default).is_some_and(|setting| setting.winner.is_settled())
    };
    let one_at_a_time = deployment.class.is_some_and(|class| class.name() == "sync");
    if !(untouched("workers") && untouched("threads") && one_at_a_time) {
        return;
    }
    // Replicas share the load, and for an ASGI application the class itself is the fault.
    let replicated = deployment.limits.replicas.as_ref().is_some_and(|replicas| replicas.value > 1);
    let asgi = service.application.is_some_and(|application| application.interface == AppInterface::Asgi);
    if replicated || asgi || !deployment.errors.is_empty() {
        return;
    }
    // Whatever reads a Procfile may set the variable: Heroku does so in every dyno.
    let platform = matches!(deployment.kind, UnitKind::Procfile | UnitKind::Platform);
    let unless = if platform { ", unless the platform sets `WEB_CONCURRENCY`" } else { "" };
    let report = out
        .report(
            deployment.command,
            "neither `workers` nor `threads` is set",
            format!(
                "one sync worker serves one request at a time{unless}: a single slow client or query stops the service"
            ),
        )
        .at_most(if deployment.container.is_some() { Confidence::High } else { Confidence::Medium });
    let report = if platform { report.severity(Severity::Advice) } else { report };
    report
        .help("set `threads = 4` (which makes it a gthread worker) or `workers`; `farrier advise` computes both")
        .fix(
            service
                .give("threads", &Value::Int(4), context)
                .map(|edit| Fix::unsafe_("run 4 requests in threads", vec![edit])),
        );
}
