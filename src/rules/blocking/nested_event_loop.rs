//! Fires when code that an event loop runs starts a loop of its own.

use super::finding::{ends, way};
use super::prelude::*;

pub(super) const RULE: Rule = rule!("nested-event-loop", Shape::App(check));

fn check(app: &App, _: Option<&Service>, _: &Context, out: &mut Findings) {
    // It has loops run inside each other.
    if app.imports("nest_asyncio") {
        return;
    }
    for call in &app.nested_loops {
        let error = match call.what.as_str() {
            "run_until_complete" => "This event loop is already running",
            "asgiref.sync.async_to_sync" => {
                "You cannot use AsyncToSync in the same thread as an async event loop - just await the async function \
                 directly."
            }
            _ => "asyncio.run() cannot be called from a running event loop",
        };
        let message =
            format!("{} starts an event loop where one runs: `RuntimeError: {error}`", way(&call.chain, &call.what));
        let awaits = call.chain.last().is_some_and(|hop| hop.is_async);
        let help = if awaits {
            "`await` the coroutine itself"
        } else {
            "make the functions on the way `async def` and `await` the coroutine, or run the outermost plain one in a \
             thread: `await asyncio.to_thread(...)`"
        };
        let (handler, place) = &call.handler;
        let mut report = out.report(call.call, "no second event loop can run here", message);
        // What stands behind conditions may be what plain callers ask for.
        if !call.surely {
            report = report.severity(Severity::Warning).at_most(Confidence::Medium);
        }
        for hop in ends(&call.chain).filter(|hop| hop.place != call.call) {
            report = report.related(hop.place, format!("in `{}`", hop.function));
        }
        report.related(*place, format!("`{handler}` runs on the event loop")).help(help).fix(None);
    }
}
