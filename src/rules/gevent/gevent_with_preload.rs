//! Fires when the application is loaded before gevent patches what it imports.

use super::prelude::*;
use crate::app::InstrumentKind;

pub(super) const RULE: Rule = rule!("gevent-with-preload", Shape::App(check));

fn check(app: &App, service: Option<&Service>, context: &Context, out: &mut Findings) {
    let Some(service) = service.filter(|service| service.is_gunicorn() && service.runs_greenlets()) else {
        return;
    };
    let preload = service.deployment.setting("preload_app");
    let Some(preload) = preload.filter(|preload| preload.value() == Some(&Value::Bool(true))) else {
        return;
    };
    // Whoever patches in the configuration file, or first thing in the application, is in time.
    let patched = service.deployment.configuration.as_ref().is_some_and(|configuration| configuration.patches());
    let first = |kind: &InstrumentKind| matches!(kind, InstrumentKind::Patch(None));
    if patched || app.instruments.iter().any(|seen| first(&seen.kind)) {
        return;
    }
    out.report(
        preload.place().unwrap_or(service.deployment.command),
        "loads the application in the master",
        format!(
            "`preload_app` loads `{}` before `{}` patches the standard library: `MonkeyPatchWarning`, and TLS that recurses \
             or blocks",
            app.target,
            service.class_name()
        ),
    )
    .at_most(preload.confidence())
    .related(service.class_place(), "patches in each worker, when that starts")
    .related(app.place, "imported before")
    .help("drop `preload_app`, or call `gevent.monkey.patch_all()` first thing in the configuration file")
    .fix(preload.winner.remove(context.files).map(|edits| Fix::unsafe_("load the application in each worker", edits)));
}
