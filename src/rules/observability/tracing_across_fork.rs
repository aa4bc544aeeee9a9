//! Fires when a thread that sends spans is started in the master, where no request ever comes.

use super::prelude::*;
use crate::app::InstrumentKind;

pub(super) const RULE: Rule = rule!("tracing-across-fork", Shape::App(check));

fn check(app: &App, service: Option<&Service>, context: &Context, out: &mut Findings) {
    let Some(service) = service.filter(|service| service.is_gunicorn() && service.in_production()) else {
        return;
    };
    let preload =
        service.deployment.setting("preload_app").filter(|preload| preload.value() == Some(&Value::Bool(true)));
    let Some(preload) = preload else { return };
    for seen in app.instruments.iter().filter(|seen| seen.kind == InstrumentKind::Exporter && seen.at_import) {
        out.report(
            seen.place,
            "its thread stays in the master",
            format!(
                "`{}` starts a thread before the workers are forked: what they record may never be sent",
                seen.what
            ),
        )
        .at_most(preload.confidence())
        .related(preload.place().unwrap_or(service.deployment.command), "loads the application in the master")
        .help("set it up in `post_fork`, or when the application starts; or drop `preload_app`")
        .fix(
            preload
                .winner
                .remove(context.files)
                .map(|edits| Fix::unsafe_("load the application in each worker", edits)),
        );
    }
}
