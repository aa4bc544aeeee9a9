//! Fires when a handler that runs in a thread asks asyncio for the loop of that thread.

use super::finding::way;
use super::prelude::*;
use crate::app::Context as Runs;

pub(super) const RULE: Rule = rule!("loop-api-in-sync-handler", Shape::App(check));

fn check(app: &App, service: Option<&Service>, _: &Context, out: &mut Findings) {
    for call in app.loop_calls.iter().filter(|call| !call.starts) {
        let policy = matches!(call.what.as_str(), "asyncio.get_event_loop" | "asyncio.ensure_future");
        // The main thread of a sync worker may be given a loop by asyncio's policy; a further one is not.
        let threads = service.and_then(Service::threads).is_some_and(|threads| threads > 1);
        if policy && call.runs == Runs::Worker && !threads {
            continue;
        }
        let error = if policy { "There is no current event loop in thread" } else { "no running event loop" };
        let runs = if call.surely { "runs" } else { "may run" };
        let message =
            format!("{} {runs} in a thread without a loop: `RuntimeError: {error}`", way(&call.chain, &call.what));
        let help = match call.runs {
            Runs::Thread(_) => "make the handler `async def`, or hand the coroutine over with `anyio.from_thread.run`",
            _ => "run the coroutine with `asyncio.run`, or hand the work to a queue",
        };
        let (handler, place) = &call.handler;
        let mut report = out.report(call.call, "no event loop runs here", message);
        // What stands behind conditions may be what callers on the loop ask for.
        if !call.surely {
            report = report.severity(Severity::Warning).at_most(Confidence::Medium);
        }
        report.related(*place, format!("`{handler}` is a plain function, which runs in a thread")).help(help).fix(None);
    }
}
