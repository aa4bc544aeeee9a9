//! Fires when Granian calls an application in another way than that expects.

use super::prelude::*;

pub(super) const RULE: Rule = rule!("granian-interface-mismatch", Shape::App(check));

fn check(app: &App, service: Option<&Service>, context: &Context, out: &mut Findings) {
    let Some(service) = service.filter(|service| service.deployment.server == ServerName::Granian) else {
        return;
    };
    let Some(interface) = service.deployment.setting("interface") else { return };
    let (needed, fits) = match (app.interface, interface.text()) {
        (AppInterface::Asgi, Some(spoken)) => ("asgi", matches!(spoken, "asgi" | "asginl")),
        (AppInterface::Wsgi, Some(spoken)) => ("wsgi", spoken == "wsgi"),
        // One of its own kind, or of several, may be right for any.
        _ => return,
    };
    if fits {
        return;
    }
    let spoken = interface.text().unwrap_or_default().to_uppercase();
    let value = Value::Str(needed.to_owned());
    let edit = match interface.place() {
        Some(_) => interface.winner.set(context.files, &value),
        None => service.deployment.add_option(context.files, "interface", &value),
    };
    let why = if interface.is_set() { "here" } else { "unless told otherwise" };
    out.report(
        interface.place().unwrap_or(service.deployment.command),
        format!("calls {spoken} applications"),
        format!(
            "Granian speaks {spoken} {why}, and `{}` is an application for {}: every request fails",
            app.target,
            needed.to_uppercase()
        ),
    )
    .at_most(interface.confidence())
    .related(app.place, format!("the {} application", needed.to_uppercase()))
    .help(format!("add `--interface {needed}`"))
    .fix(edit.map(|edit| Fix::safe(format!("use the interface `{needed}`"), vec![edit])));
}
