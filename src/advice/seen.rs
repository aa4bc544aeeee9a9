//! What the handlers were seen to do, in words: one line per kind of work.

use std::cmp::Reverse;

use crate::app::{Application, Context, Evidence, HandlerKind, Pool};
use crate::deployment::Deployment;
use crate::source::Files;
use crate::values::Order as _;

/// The threads that asyncio has for whoever asks for one (`ThreadPoolExecutor` of Python 3.8 and later).
const EXECUTOR: &str = "the loop's default executor: min(32, cores + 4) threads in each worker";

/// How many places a line names.
const NAMED: usize = 3;

/// What the calls of the handlers say about the workload, with places, and which threads run plain ones.
pub(super) fn lines(application: &Application, files: &Files) -> Vec<String> {
    let workload = &application.workload;
    let kinds = [("waits", &workload.waits), ("computes", &workload.computes), ("stays open", &workload.streams)];
    let mut lines: Vec<String> = kinds.iter().filter_map(|(verb, evidence)| line(verb, evidence, files)).collect();
    if let Some(blocked) = application.blocking.first() {
        lines.push(format!(
            "the event loop stands still in {} place{}, first at {}: no number of workers makes up for that",
            application.blocking.len(),
            if application.blocking.len() == 1 { "" } else { "s" },
            files.describe(blocked.anchor)
        ));
    }
    let plain = |pool: Pool| {
        let here = |context| context == Context::Thread(pool);
        application.handlers.iter().any(|handler| handler.kind == HandlerKind::Sync && here(handler.runs))
    };
    if plain(Pool::Executor) {
        lines.push(format!("plain handlers share {EXECUTOR}"));
    }
    if plain(Pool::Process) {
        lines.push("plain consumers share one thread in each process: while one waits, the others do".to_owned());
    }
    if plain(Pool::Request) {
        lines.push("plain views get a thread for each request, which no setting bounds".to_owned());
    }
    lines
}

/// Which threads answer the requests of a WSGI application under Hypercorn, whose trio has a pool of its own.
pub(super) fn beside(deployment: &Deployment) -> Option<String> {
    let is_trio = deployment.class.is_some_and(|class| class.name() == "trio");
    (!is_trio).then(|| format!("requests share {EXECUTOR}"))
}

/// `waits: `requests.get` in `quote` (main.py:9), and 4 more calls`.
fn line(verb: &str, evidence: &[Evidence], files: &Files) -> Option<String> {
    // The same call in many handlers is one piece of news, and the more of them the bigger.
    let mut calls: Vec<(&Evidence, usize)> = Vec::new();
    for one in evidence {
        match calls.iter_mut().find(|(known, _)| known.what == one.what) {
            Some((_, handlers)) => *handlers += one.handlers,
            None => calls.push((one, one.handlers)),
        }
    }
    calls.order_by_key(|(one, handlers)| (Reverse(*handlers), one.place));
    let named = calls.iter().take(NAMED).map(|(one, handlers)| {
        let place = files.describe(one.place);
        match (one.handler.as_str(), handlers) {
            ("", 0 | 1) => format!("{} ({place})", one.what),
            ("", n) => format!("{} ({place}) and {} more", one.what, n - 1),
            (handler, 0 | 1) => format!("`{}` for `{handler}` ({place})", one.what),
            (handler, n) => format!("`{}` for `{handler}` ({place}) and {} more", one.what, n - 1),
        }
    });
    let named: Vec<String> = named.collect();
    let rest = calls.len().saturating_sub(NAMED);
    let more = if rest == 0 { String::new() } else { format!(", and {rest} more") };
    (!named.is_empty()).then(|| format!("{verb}: {}{more}", named.join(", ")))
}
