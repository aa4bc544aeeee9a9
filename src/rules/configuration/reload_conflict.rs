//! Fires when watching for changes switches off what another setting asks for.

use super::prelude::*;

pub(super) const RULE: Rule = rule!("reload-conflict", Shape::Deployment(check));

fn check(service: &Service, context: &Context, out: &mut Findings) {
    let deployment = service.deployment;
    let Some(reload) = deployment.setting("reload").filter(|reload| {
        // On a developer's machine reloading is what counts.
        service.in_production() && reload.value() == Some(&Value::Bool(true)) && reload.winner.is_settled()
    }) else {
        return;
    };
    let Some(watch) = reload.place() else { return };
    let lost = match deployment.server {
        ServerName::Uvicorn => deployment.setting("workers").filter(|workers| workers.int().is_some_and(|n| n > 1)),
        ServerName::Gunicorn => {
            deployment.setting("preload_app").filter(|preload| preload.value() == Some(&Value::Bool(true)))
        }
        // Hypercorn refuses the pair, Granian restarts all of its workers.
        _ => None,
    };
    let Some((lost, place)) = lost.and_then(|lost| Some((lost, lost.place()?))) else {
        return;
    };
    let report = match lost.int() {
        Some(count) => out.report(
            place,
            "not started",
            format!("`reload` makes Uvicorn start one process: the {count} workers asked for are ignored"),
        ),
        None => out
            .report(
                place,
                "loaded once",
                "`reload` cannot work with `preload_app`: the application is loaded once, before the workers that \
                 would load it again",
            )
            .severity(Severity::Warning),
    };
    report
        .at_most(lost.confidence())
        .related(watch, "watches for changes")
        .help("remove `reload`, and keep it in the command that developers use")
        .fix(reload.winner.remove(context.files).map(|edits| Fix::unsafe_("remove `reload`", edits)));
}
