//! Fires when a WSGI application is given to a server that calls ASGI applications.

use super::prelude::*;

pub(super) const RULE: Rule = rule!("wsgi-app-on-asgi-worker", Shape::App(check));

fn check(app: &App, service: Option<&Service>, context: &Context, out: &mut Findings) {
    let Some(service) = service.filter(|service| service.speaks() == Some(Interface::Asgi)) else {
        return;
    };
    if app.interface != AppInterface::Wsgi {
        return;
    }
    let what = service.speaker();
    let place = service.class_place();
    let unless = service.unless_another_class();
    let report = out.report(
        place,
        format!("{what} calls ASGI applications"),
        format!(
            "`{}` is a WSGI application, but {what} speaks ASGI: every request fails because the application misses \
             its `start_response` argument{}",
            app.target,
            unless.as_deref().unwrap_or_default()
        ),
    );
    let report = if unless.is_some() { report.severity(Severity::Warning) } else { report };
    report
        .related(app.place, "the WSGI application")
        .help("run it on Gunicorn's `gthread`, or wrap it in `a2wsgi.WSGIMiddleware`")
        .fix(remedy(service, context));
}

fn remedy(service: &Service, context: &Context) -> Option<Fix> {
    if service.is_gunicorn() {
        let edit = service.set("worker_class", &Value::Str("gthread".to_owned()), context)?;
        return Some(Fix::unsafe_("use `gthread`", vec![edit]));
    }
    // Uvicorn wraps WSGI applications itself where it is told to.
    let uvicorn = service.deployment.server == ServerName::Uvicorn;
    let edit = uvicorn.then(|| service.give("interface", &Value::Str("wsgi".to_owned()), context)).flatten()?;
    Some(Fix::unsafe_("have Uvicorn call it as WSGI", vec![edit]))
}
