//! Fires when each of several processes counts for itself and any one of them answers the scrape.

use super::prelude::*;
use crate::app::{Instrument, InstrumentKind, METRICS_FOLDER};
use crate::deployment::signs;

pub(super) const RULE: Rule = rule!("prometheus-multiprocess", Shape::App(check));

fn check(app: &App, service: Option<&Service>, context: &Context, out: &mut Findings) {
    let Some(service) = service.filter(|service| service.in_production()) else {
        return;
    };
    let shown = |seen: &Instrument| match seen.kind {
        // A port of its own can be opened by one process only: by another program, unless every worker does it at once.
        InstrumentKind::Metrics { .. } if seen.what.starts_with("start_") && !seen.at_import => None,
        InstrumentKind::Metrics { collects } => Some((seen.what.clone(), seen.place, collects)),
        _ => None,
    };
    let Some((what, place, collects)) = app.instruments.iter().find_map(shown) else { return };
    let deployment = service.deployment;
    let Some(workers) = service.workers() else { return };
    let Some(count) = workers.int().filter(|count| *count > 1) else { return };
    let is = |kind: &InstrumentKind| app.instruments.iter().any(|seen| seen.kind == *kind);
    if is(&InstrumentKind::Pushes) {
        return;
    }
    let configuration = deployment.configuration.as_ref();
    let named_there = configuration
        .is_some_and(|file| file.deeds.variables.iter().any(|(name, _)| METRICS_FOLDER.contains(&name.as_str())));
    // Whoever sets it for another process of the project has thought of it.
    let set = named_there
        || METRICS_FOLDER
            .iter()
            .any(|name| context.variables.contains(*name) || signs::is_named_in_a_manifest(name, context.files))
        || is(&InstrumentKind::AsksForFolder);
    let in_code = app.instruments.iter().find_map(|seen| match seen.kind {
        InstrumentKind::Folder(early) => Some((seen.place, early)),
        _ => None,
    });
    let tidies = configuration.is_some_and(|file| file.deeds.calls("mark_process_dead"));
    match in_code {
        Some((late, Some(early))) if !set => out
            .report(
                late,
                "too late",
                "`prometheus_client` looked for the folder when it was imported: each worker keeps its own figures",
            )
            .related(early, "imported before")
            .help("set it before `prometheus_client` is imported, best in the environment of the server")
            .fix(None),
        None if !set => {
            let collects = collects || is(&InstrumentKind::Collects);
            let help = if collects {
                "set `PROMETHEUS_MULTIPROC_DIR` to an empty folder"
            } else {
                "set `PROMETHEUS_MULTIPROC_DIR` to an empty folder, and collect with `MultiProcessCollector`"
            };
            out.report(
                place,
                "one process answers for all",
                format!(
                    "each of {count} workers keeps its own figures and any of them answers a scrape (`{what}`): counters \
                     jump back and forth"
                ),
            )
            .at_most(workers.confidence())
            .related(workers.place().unwrap_or(deployment.command), format!("{count} workers"))
            .help(help)
            // Without something that puts them together, a folder alone gives each scrape the figures of one process.
            .fix(collects.then(|| share(service, context)).flatten());
        }
        // Gauges of workers that are gone stay in the folder until somebody takes them out.
        _ if service.is_gunicorn() && !tidies && replaces(service) => out
            .report(
                deployment.command,
                "nothing tidies up",
                "workers are replaced and nobody calls `mark_process_dead`: gauges of workers that are gone keep counting",
            )
            .at_most(Confidence::Medium)
            .related(place, "figures in a folder that all workers share")
            .help("call `prometheus_client.multiprocess.mark_process_dead(worker.pid)` in `child_exit`")
            .fix(hook(service, "", context).map(|edit| Fix::unsafe_("tidy up after each worker", vec![edit]))),
        _ => {}
    }
}

fn replaces(service: &Service) -> bool {
    service.deployment.int("max_requests").is_some_and(|requests| requests > 0)
}

/// A folder of its own for each start, which is empty then.
fn share(service: &Service, context: &Context) -> Option<Fix> {
    let folder =
        "import os\nimport tempfile\n\nos.environ.setdefault(\"PROMETHEUS_MULTIPROC_DIR\", tempfile.mkdtemp())\n";
    let edit = hook(service, folder, context)?;
    Some(Fix::unsafe_("share the figures in a folder", vec![edit]))
}

/// Lines at the end of Gunicorn's configuration: those given, and a hook where there is none.
fn hook(service: &Service, before: &str, context: &Context) -> Option<Edit> {
    let hooks = "\n\ndef child_exit(server, worker):\n    from prometheus_client import multiprocess\n\n    \
                 multiprocess.mark_process_dead(worker.pid)\n";
    let before = if before.is_empty() { String::new() } else { format!("\n{before}") };
    service.append_to_configuration("child_exit", &format!("{before}{hooks}"), context)
}
