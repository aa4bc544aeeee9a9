//! Fires when nothing writes down which requests came.

use super::prelude::*;

pub(super) const RULE: Rule = rule!("no-access-log", Shape::Deployment(check));

fn check(service: &Service, context: &Context, out: &mut Findings) {
    let deployment = service.deployment;
    // The log of a proxy or of a platform's router has every request.
    let elsewhere = !deployment.proxies.is_empty()
        || matches!(deployment.kind, UnitKind::Procfile | UnitKind::Platform)
        || ["logconfig", "logconfig_dict", "logconfig_json", "logger_class"]
            .iter()
            .any(|name| deployment.setting(name).is_some_and(Setting::changes));
    let (name, value) = match deployment.server {
        ServerName::Gunicorn => ("accesslog", Value::Str("-".to_owned())),
        ServerName::Granian => ("log_access_enabled", Value::Bool(true)),
        _ => return,
    };
    let Some(log) = deployment.setting(name).filter(|_| service.in_production() && !elsewhere) else {
        return;
    };
    if !matches!(log.value(), Some(Value::None | Value::Bool(false))) || !log.overridden.is_empty() && log.is_set() {
        return;
    }
    // Uvicorn writes its own, whatever this says.
    if service.class_name().contains("Uvicorn") {
        return;
    }
    let edit = deployment.add_option(context.files, name, &value);
    out.report(
        log.place().unwrap_or(deployment.command),
        "no log of requests",
        format!("{} writes no access log: a request that never arrived looks like one that failed", deployment.server),
    )
    .help(if name == "accesslog" { "set `accesslog = \"-\"`" } else { "add `--access-log`" })
    .fix(edit.filter(|_| name == "accesslog").map(|edit| Fix::safe("write an access log", vec![edit])));
}
