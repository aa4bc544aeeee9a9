//! Fires when plain handlers need more threads than the pool of a worker has, or the check of its
//! health has to wait for one of them.
//!
//! How many they need is known where the settings say how many requests come and how long one takes, and every request
//! takes a thread: how requests divide among handlers of both kinds, nobody says. A timeout is no time that a request
//! takes, and counts for nothing here.

use super::prelude::*;
use crate::app::{Context as Runs, Framework, Handler, Pool, Reached, Role, Weight};
use crate::sizing::capacity;

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

/// What settles it, but for a health check.
const RAISE: &str = "raise `anyio.to_thread.current_default_thread_limiter().total_tokens` in the lifespan, start more workers, or \
                     wait in `async def`";

fn check(app: &App, service: Option<&Service>, context: &Context, out: &mut Findings) {
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
        .help(RAISE)
        .fix(None);
        return;
    }
    if let Some((service, workers)) = service.zip(workers).filter(|_| all_in_threads(app))
        && say_stated(service, workers, waiting, context, out)
    {
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
        let named = tells_health(handler);
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

/// Whether every request takes a thread of the pool, but for those that ask for nothing.
fn all_in_threads(app: &App) -> bool {
    let answers = |handler: &&Handler| matches!(handler.role, Role::Route | Role::WebSocket | Role::Resolver);
    let mut answering = app.handlers.iter().filter(answers).filter(|handler| !tells_health(handler)).peekable();
    answering.peek().is_some() && answering.all(|handler| handler.runs == Runs::Thread(Pool::AnyIo))
}

fn tells_health(handler: &Handler) -> bool {
    let last = handler.route.as_deref().and_then(|route| route.trim_end_matches('/').rsplit('/').next());
    last.is_some_and(|last| HEALTH.contains(&last))
}

/// Says that the requests which are stated to come need more threads than there are, if they do.
fn say_stated(service: &Service, workers: i64, waiting: &Reached, context: &Context, out: &mut Findings) -> bool {
    let Some(inputs) = service.inputs else { return false };
    let each = u32::try_from(workers).ok().and_then(|workers| capacity::in_flight_per_worker(inputs, workers));
    // A number of copies that nobody states is a guess, and so is what each of them gets.
    let (Some(needed), Some((copies, counted, copies_at))) = (each, service.copies(context)) else { return false };
    let (Some(rate), Some(time)) = (&inputs.demand.rate, &inputs.service_time) else { return false };
    let tokens = out.parameter("tokens");
    if needed <= tokens {
        return false;
    }
    out.report(
        service.deployment.command,
        "starts so many workers",
        format!(
            "{} requests/s ({}) that take {} s each ({}) hold {:.0} threads in each of {workers} {} of {copies} {} \
             ({counted}), and there are {tokens}: further requests wait for one",
            rate.value.0,
            rate.source,
            time.value.0,
            time.source,
            needed.ceil(),
            if workers == 1 { "worker" } else { "workers" },
            if copies == 1 { "copy" } else { "copies" },
        ),
    )
    .related(waiting.call, "waits in a thread of the pool")
    .related_to(
        copies_at.map(|place| {
            Located::new(if copies == 1 { "1 copy".to_owned() } else { format!("{copies} copies") }, place)
        }),
    )
    .help(RAISE)
    .fix(None);
    true
}
