//! What the handlers were seen to do, in words: one line per kind of work.

use crate::app::{Application, Context, Evidence, HandlerKind, Pool};
use crate::source::Files;

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
        lines.push(
            "plain handlers share the loop's default executor: min(32, cores + 4) threads in each worker".to_owned(),
        );
    }
    if plain(Pool::Request) {
        lines.push("plain views get a thread for each request, which no setting bounds".to_owned());
    }
    lines
}

/// `waits: `requests.get` in `quote` (main.py:9), and 4 more calls`.
fn line(verb: &str, evidence: &[Evidence], files: &Files) -> Option<String> {
    let named: Vec<String> = evidence
        .iter()
        .take(NAMED)
        .map(|one| {
            let place = files.describe(one.place);
            match (one.handler.as_str(), one.handlers) {
                ("", _) => format!("{} ({place})", one.what),
                (handler, 0 | 1) => format!("`{}` for `{handler}` ({place})", one.what),
                (handler, n) => format!("`{}` for `{handler}` and {} more ({place})", one.what, n - 1),
            }
        })
        .collect();
    let rest = evidence.len().saturating_sub(NAMED);
    let more = if rest == 0 { String::new() } else { format!(", and {rest} more") };
    (!named.is_empty()).then(|| format!("{verb}: {}{more}", named.join(", ")))
}
