//! Fires when each of several processes counts for itself and any one of them answers the scrape.

use super::prelude::*;
use crate::app::InstrumentKind;

pub(super) const RULE: Rule = rule!("prometheus-multiprocess", Shape::App(check));

/// The variable that makes `prometheus_client` share its figures, as it is and as it was called.
const FOLDER: [&str; 2] = ["PROMETHEUS_MULTIPROC_DIR", "prometheus_multiproc_dir"];

fn check(app: &App, service: Option<&Service>, context: &Context, out: &mut Findings) {
    let Some(service) = service.filter(|service| service.in_production()) else {
        return;
    };
    let Some(metric) = app.instruments.iter().find(|seen| seen.kind == InstrumentKind::Metrics) else {
        return;
    };
    let deployment = service.deployment;
    let Some(workers) = deployment.setting("workers") else { return };
    let Some(count) = workers.int().filter(|count| *count > 1) else { return };
    let mentioned = |what: &str| context.files.iter().any(|(_, file)| file.text().contains(what));
    if !FOLDER.iter().any(|name| mentioned(name))
        && !mentioned("MultiProcessCollector")
        && !mentioned("push_to_gateway")
    {
        out.report(
            metric.place,
            "counts in one process",
            format!(
                "each of {count} workers keeps its own figures and any of them answers a scrape: counters jump back and \
                 forth"
            ),
        )
        .at_most(workers.confidence())
        .related(workers.place().unwrap_or(deployment.command), format!("{count} workers"))
        .help("set `PROMETHEUS_MULTIPROC_DIR` to an empty folder, and collect with `MultiProcessCollector`")
        .fix(None);
        return;
    }
    // Gauges of workers that are gone stay in the folder until somebody takes them out.
    let dies = deployment.setting("max_requests").and_then(Setting::int).is_some_and(|requests| requests > 0);
    let shared = FOLDER.iter().any(|name| deployment.environment.iter().any(|(known, _)| known == name));
    if service.is_gunicorn() && shared && dies && !mentioned("mark_process_dead") {
        out.report(
            deployment.command,
            "nothing tidies up",
            "workers are replaced and nobody calls `mark_process_dead`: gauges of workers that are gone keep counting",
        )
        .at_most(Confidence::Medium)
        .related(metric.place, "figures in a folder that all workers share")
        .help("call `prometheus_client.multiprocess.mark_process_dead(worker.pid)` in `child_exit`")
        .fix(None);
    }
}
