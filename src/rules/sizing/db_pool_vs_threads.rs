//! Fires when more threads run handlers than the pool of the database has connections.

use super::prelude::*;
use crate::app::{Category, Context as Runs, Framework, Pool};

pub(super) const RULE: Rule = rule!("db-pool-vs-threads", Shape::App(check));

fn check(app: &App, service: Option<&Service>, context: &Context, out: &mut Findings) {
    let Some(service) = service.filter(|service| service.in_production()) else {
        return;
    };
    let plain: Vec<_> = app.connections.iter().filter(|pool| !pool.is_async).collect();
    let [pool] = plain.as_slice() else {
        // Which of several engines a handler uses is not followed.
        return;
    };
    let Some((threads, whose, place, runs)) = threads(app, service) else {
        return;
    };
    let asks = |reached: &&crate::app::Reached| {
        matches!(reached.category, Category::Db | Category::Orm)
            && matches!(reached.library, "sqlalchemy" | "sqlmodel")
            && reached.contexts.contains(&runs)
    };
    let Some(query) = app.reached.iter().find(asks) else {
        return;
    };
    let ((size, written), (overflow, _)) = (pool.size, pool.overflow);
    let connections = i64::from(size) + i64::from(overflow);
    if connections >= threads {
        return;
    }
    // Where the database has a declared number of connections, fewer threads are what can be had.
    let is_bounded = context.stated.database_connections.is_some();
    let edit = written.filter(|_| !is_bounded).and_then(|place| {
        let enough = threads - i64::from(overflow);
        (enough > 0).then(|| Edit::replace(place, enough.to_string()))
    });
    let report = out
        .report(
            pool.place,
            format!("`pool_size` {size} and `max_overflow` {overflow}: {connections} connections"),
            format!(
                "{threads} {whose} share {connections} connections to the database: {} of them can only wait {} s and then \
                 raise `TimeoutError`",
                threads - connections,
                pool.timeout
            ),
        )
        .related(query.call, "a query in one of those threads");
    let report = match place {
        Some(place) => report.related(place, "sets the number of threads"),
        None => report,
    };
    report
        .help(if is_bounded {
            format!("run at most {connections} threads per worker, or give the pool more as far as the database has them")
        } else {
            format!("give the pool {threads} connections per worker, or run fewer threads; the database has to allow workers x {threads}")
        })
        .fix(edit.map(|edit| Fix::unsafe_("let the pool keep a connection for each thread", vec![edit])));
}

/// How many threads of a worker run handlers, what they are called, where that is set, and what runs
/// in them.
fn threads(app: &App, service: &Service) -> Option<(i64, &'static str, Option<crate::source::Place>, Runs)> {
    if service.runs_loop() {
        if !matches!(app.framework, Framework::FastApi | Framework::Starlette) {
            return None;
        }
        // AnyIO gives each loop 40 threads; a number that comes from elsewhere may be any.
        let (tokens, whose, place) = match &app.tokens {
            Some(tokens) => (i64::from(tokens.value?), "threads for plain handlers", Some(tokens.place)),
            None => (40, "threads for plain handlers (the default of AnyIO)", None),
        };
        return Some((tokens, whose, place, Runs::Thread(Pool::AnyIo)));
    }
    let place = service.deployment.setting("threads").and_then(Setting::place);
    match service.deployment.class.map(WorkerClass::model) {
        Some(Model::Threads) => Some((service.threads()?, "threads of a worker", place, Runs::Worker)),
        Some(Model::Greenlets) => {
            let greenlets = service.deployment.setting("worker_connections")?;
            Some((greenlets.int()?, "greenlets of a worker", greenlets.place(), Runs::Worker))
        }
        _ => None,
    }
}
