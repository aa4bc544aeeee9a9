//! Fires when a setting of one worker class, or of one mode, is given to another.

use super::prelude::*;

pub(super) const RULE: Rule = rule!("wrong-class-option", Shape::Deployment(check));

fn check(service: &Service, context: &Context, out: &mut Findings) {
    if !service.in_production() {
        return;
    }
    if !service.serves_by_uvicorn() {
        let class = service.class_name();
        for setting in service.ineffective(context) {
            let what = format!("`{}` has no effect: `{class}` never looks at it", setting.setting.name());
            say(setting, &what, (service.class_place(), format!("`{class}` runs the application")), context, out);
        }
    }
    // The pool that these are about is started only for what `dirty_apps` lists.
    if let Some(apps) = service.deployment.setting("dirty_apps").filter(|apps| is_empty(apps.value())) {
        for name in ["dirty_workers", "dirty_threads", "dirty_timeout", "dirty_graceful_timeout"] {
            if let Some(setting) = service.deployment.setting(name).filter(|setting| setting.changes()) {
                let what = format!("`{name}` has no effect: `dirty_apps` is empty, so that no such worker is started");
                let place = apps.place().unwrap_or(service.deployment.command);
                say(setting, &what, (place, "starts no dirty worker".to_owned()), context, out);
            }
        }
    }
    for setting in service.without_need(context) {
        let option = |name: &str| format!("`{}`", name.replace('_', "-"));
        let Some(need) = setting.setting.needs().first() else { continue };
        let what = format!("{} has no effect without {}", option(setting.setting.name()), option(need));
        let because = (service.deployment.command, format!("starts it without {}", option(need)));
        say(setting, &what, because, context, out);
    }
    let interface = service
        .deployment
        .setting("interface")
        .filter(|interface| service.deployment.server == ServerName::Uvicorn && interface.text() == Some("wsgi"));
    if let Some((interface, place)) = interface.and_then(|interface| Some((interface, interface.place()?))) {
        for name in ["ws", "ws_max_size", "ws_max_queue", "ws_ping_interval", "ws_ping_timeout"] {
            if let Some(setting) = service.deployment.setting(name).filter(|setting| setting.changes()) {
                let what = format!("`{name}` has no effect: a WSGI application cannot serve web sockets");
                let related = (place, format!("`{}` makes it WSGI", interface.setting.name()));
                say(setting, &what, related, context, out);
            }
        }
    }
}

fn is_empty(value: Option<&Value>) -> bool {
    match value {
        Some(Value::List(items)) => items.is_empty(),
        Some(value) => *value == Value::None,
        None => false,
    }
}

fn say(setting: &Setting, what: &str, because: (Place, String), context: &Context, out: &mut Findings) {
    let Some(place) = setting.place() else { return };
    let title = format!("remove `{}`", setting.setting.name());
    out.report(place, "has no effect", what)
        .at_most(setting.confidence())
        .related(because.0, because.1)
        .help(match setting.setting.needs() {
            [] => "remove it, or choose the class that acts on it".to_owned(),
            [need, ..] => format!("remove it, or give `{}` what it is for", need.replace('_', "-")),
        })
        .fix(setting.winner.remove(context.files).map(|edits| Fix::safe(title, edits)));
}
