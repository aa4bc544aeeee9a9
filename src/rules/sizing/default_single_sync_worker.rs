//! Fires when production runs on the default of one worker that serves one request, of Gunicorn or uWSGI.

use super::prelude::*;

pub(super) const RULE: Rule = rule!("default-single-sync-worker", Shape::Deployment(check));

fn check(service: &Service, context: &Context, out: &mut Findings) {
    let deployment = service.deployment;
    let uwsgi = deployment.server == ServerName::Uwsgi;
    if !(service.is_gunicorn() || uwsgi) || !service.in_production() {
        return;
    }
    // Anybody who sets one of the two has thought about it, and what is unknown may be anything.
    let untouched = |name: &str| {
        let by_default = |setting: &&Setting| !setting.is_set() && setting.int() == Some(1);
        // `gunicorn $OPTIONS app:app` is how further options are asked for.
        deployment.setting(name).filter(by_default).is_some_and(|setting| setting.winner.is_settled())
    };
    // The emperor serves nothing itself, and a cheaper number is one that somebody has thought of.
    let other = ["emperor", "cheaper", "cheaper_initial", "gevent", "async", "asyncio", "greenlet"];
    let one_at_a_time = if uwsgi {
        deployment.app.is_some() && !other.iter().any(|name| deployment.setting(name).is_some_and(Setting::is_set))
    } else {
        deployment.class.is_some_and(|class| class.name() == "sync")
    };
    let workers = if uwsgi { "processes" } else { "workers" };
    if !(untouched(workers) && untouched("threads") && one_at_a_time) {
        return;
    }
    // What the service of Debian reads stands over its two workers.
    if uwsgi && deployment.is_run_by_debian(context.files) {
        return;
    }
    // Whoever gives an entry point its words says how many.
    if deployment.outside.takes_words {
        return;
    }
    // Replicas share the load, and for an ASGI application the class itself is the fault.
    let replicated = deployment.limits.replicas.as_ref().is_some_and(|replicas| replicas.value > 1);
    // Who hands over one request at a time asks for no more.
    let one_each = deployment.surroundings.one_request.is_some();
    let asgi = service.application.is_some_and(|application| application.interface == AppInterface::Asgi);
    if replicated || one_each || asgi || !deployment.errors.is_empty() {
        return;
    }
    // Whatever reads a Procfile may set the variable: Heroku does so in every dyno.
    let platform = matches!(deployment.kind, UnitKind::Procfile | UnitKind::Platform);
    // So may whoever runs an image that nothing here runs.
    let is_open = matches!(deployment.kind, UnitKind::Image | UnitKind::SupervisorProgram);
    let unless = match (platform, is_open) {
        _ if uwsgi => "",
        (true, _) => ", unless the platform sets `WEB_CONCURRENCY`",
        (_, true) => ", unless whoever runs it sets `WEB_CONCURRENCY`",
        _ => "",
    };
    let report = out
        .report(
            deployment.command,
            format!("neither `{workers}` nor `threads` is set"),
            format!(
                "one {} serves one request at a time{unless}: a single slow client or query stops the service",
                if uwsgi { "process of uWSGI" } else { "sync worker" }
            ),
        )
        .at_most(if deployment.container.is_some() { Confidence::High } else { Confidence::Medium });
    let report = if platform { report.severity(Severity::Advice) } else { report };
    let advised = service.advised(workers, context).or_else(|| service.advised("threads", context));
    report
        .help(if uwsgi {
            "set `processes` or `threads`; `farrier advise` computes both"
        } else {
            "set `threads = 4` (which makes it a gthread worker) or `workers`; `farrier advise` computes both"
        })
        .fix(advised.and_then(|advised| advised.fix).or_else(|| {
            let edit = service.give("threads", &Value::Int(4), context)?;
            Some(Fix::unsafe_("run 4 requests in threads", vec![edit]))
        }));
}
