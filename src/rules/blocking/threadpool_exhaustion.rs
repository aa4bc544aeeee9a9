//! Fires when plain handlers need more threads than the pool of a worker has, or the check of its
//! health has to wait for one of them.

use super::prelude::*;
use crate::app::{Context as Runs, Framework, Pool, Reached, Role, Weight};

pub(super) const RULE: Rule = rule!("threadpool-exhaustion", Shape::App(check));

/// Last parts of paths under which services tell whether they are well.
const HEALTH: [&str; 12] = [
    "health",
    "healthz",
    "healthcheck",
    "health_check",
    "health-check",
    "ready",
    "readyz",
    "readiness",
    "live",
    "livez",
    "liveness",
    "ping",
];

fn check(app: &App, service: Option<&Service>, _: &Context, out: &mut Findings) {
    // Other frameworks have other pools, or none.
    if !matches!(app.framework, Framework::FastApi | Framework::Starlette) || app.tokens.is_some() {
        return;
    }
    let waits = |reached: &&Reached| {
        reached.contexts.contains(&Runs::Thread(Pool::AnyIo))
            && reached.waits()
            && reached.weight == Weight::Unbounded
            && !reached.doubtful
    };
    let Some(waiting) = app.reached.iter().find(waits) else {
        return;
    };
    let (rate, wait, tokens) = (out.parameter("rate"), out.parameter("wait"), out.parameter("tokens"));
    let workers = service.and_then(|service| service.deployment.int("workers")).filter(|workers| *workers > 0);
    if let (Some(service), Some(workers)) = (service, workers)
        && rate * wait > tokens * exact(workers)
    {
        out.report(
            service.deployment.command,
            "starts so many workers",
            format!(
                "{rate} requests/s that wait {wait} s each need {} threads, and {workers} workers have {tokens} each",
                rate * wait
            ),
        )
        .related(waiting.call, "waits in a thread of the pool")
        .help("raise `anyio.to_thread.current_default_thread_limiter().total_tokens` in the lifespan, or wait in `async def`")
        .fix(None);
        return;
    }
    let asked: Vec<&str> = service.map_or_else(Vec::new, |service| {
        service
            .deployment
            .health
            .iter()
            .filter_map(|check| check.path.as_ref())
            .map(|path| path.value.as_str())
            .collect()
    });
    let plain = |handler: &&crate::app::Handler| {
        handler.role == Role::Route && handler.kind == HandlerKind::Sync && handler.runs == Runs::Thread(Pool::AnyIo)
    };
    for handler in app.handlers.iter().filter(plain) {
        let Some(route) = handler.route.as_deref() else { continue };
        let last = route.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        let named = HEALTH.contains(&last);
        let is_asked = asked.iter().any(|path| path.trim_end_matches('/').ends_with(route.trim_end_matches('/')));
        if !named {
            continue;
        }
        let (name, ..) = waiting
            .handlers
            .iter()
            .find(|(_, _, runs)| *runs == Runs::Thread(Pool::AnyIo))
            .map_or(("", ()), |h| (h.0.as_str(), ()));
        out.report(
            handler.place,
            "runs in a thread of the pool",
            format!(
                "the health check `{route}` waits for one of the {tokens} threads that `{name}` and other plain handlers \
                 wait in: when all wait, the service looks dead",
            ),
        )
        // Without a check that asks for it, whoever calls it may be patient.
        .severity(if is_asked { Severity::Warning } else { Severity::Advice })
        .related(waiting.call, format!("`{}` waits in a thread of the same pool", waiting.what))
        .help("make it `async def`: it then needs no thread")
        .fix(None);
    }
}
