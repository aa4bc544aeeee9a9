//! Fires when modules are imported first and patched for greenlets later.

use super::prelude::*;
use crate::app::InstrumentKind;

pub(super) const RULE: Rule = rule!("late-monkey-patch", Shape::App(check));
pub(super) const CONFIGURATION: Rule = rule!("late-monkey-patch", Shape::Deployment(check_configuration));

fn check_configuration(service: &Service, context: &Context, out: &mut Findings) {
    let late = service.deployment.configuration.as_ref().and_then(|file| file.late_patch.as_ref());
    if let Some((call, early)) = late.filter(|_| service.is_gunicorn()) {
        report(*call, early, context, out);
    }
}

fn check(app: &App, service: Option<&Service>, context: &Context, out: &mut Findings) {
    if let Some(service) = service {
        let deployment = service.deployment;
        let preloads =
            deployment.setting("preload_app").is_some_and(|preload| preload.value() != Some(&Value::Bool(false)));
        let patched = deployment.configuration.as_ref().is_some_and(crate::deployment::Configuration::patches);
        // Its workers patch before they load the application, and patching twice does nothing.
        if patched || (service.is_gunicorn() && service.runs_greenlets() && !preloads) {
            return;
        }
    }
    for seen in app.instruments.iter().filter(|seen| seen.at_import) {
        let InstrumentKind::Patch(Some(early)) = &seen.kind else { continue };
        report(seen.place, early, context, out);
    }
}

fn report(call: Place, early: &Located<String>, context: &Context, out: &mut Findings) {
    out.report(
        call,
        "too late",
        format!(
            "`patch_all()` comes after the import of `{}`: what that holds on to is not patched, and TLS may recurse or \
             block",
            early.value
        ),
    )
    .related(early.place, "imported before")
    .help("make it the first statement of the file that is loaded first")
    .fix(first(call, early.place, context));
}

/// Moves the call in front of the import that came before it.
fn first(call: Place, early: Place, context: &Context) -> Option<Fix> {
    let (lines, import) = (context.files.own_lines(call)?, context.files.own_lines(early)?);
    let (_, arguments) = context.files.text_at(call).split_once('(')?;
    let end = context.files.line_break(call.file);
    let text = format!("import gevent.monkey{end}{end}gevent.monkey.patch_all({arguments}{end}{end}");
    let edits = vec![Edit::insert(import, text), Edit::remove(lines)];
    (lines.file == import.file).then(|| Fix::unsafe_("patch first", edits))
}
