//! Fires when an ASGI application is given to a worker that calls WSGI applications.

use super::prelude::*;

pub(super) const RULE: Rule = rule!("asgi-app-on-wsgi-worker", Shape::App(check));

fn check(app: &App, service: Option<&Service>, context: &Context, out: &mut Findings) {
    // A server whose interface is unknown, such as a worker class of the project's own, may well fit.
    // The class for Tornado wraps whatever is no application of Tornado as one of WSGI.
    let wraps = |service: &&Service| service.deployment.class.is_some_and(|class| class.name() == "tornado");
    let calls_wsgi = |service: &&Service| service.speaks() == Some(Interface::Wsgi) || wraps(service);
    let Some(service) = service.filter(calls_wsgi) else {
        return;
    };
    if app.interface != AppInterface::Asgi {
        return;
    }
    let what = service.speaker();
    let fails = match service.deployment.class.map(WorkerClass::name) {
        // Measured on Gunicorn 27.0.1: nothing is ever answered, because the handler is never called.
        Some("tornado") => "every request hangs".to_owned(),
        _ => format!(
            "every request fails with `{}.__call__() missing 1 required positional argument: 'send'`",
            callable(app)
        ),
    };
    let unless = service.unless_another_class();
    let report = out.report(
        service.class_place(),
        format!("{what} calls WSGI applications"),
        format!(
            "`{}` is an ASGI application, but {what} speaks WSGI: {fails}{}",
            app.target,
            unless.as_deref().unwrap_or_default()
        ),
    );
    let report = if unless.is_some() { report.severity(Severity::Warning) } else { report };
    let class = service.deployment.asgi_class();
    let edit = service.give("worker_class", &Value::Str(class.to_owned()), context);
    report
        .related(app.place, "the ASGI application")
        .help(format!("run it on {}", service.asgi_class_name()))
        .fix(edit.and_then(|edit| service.with_class(class, edit, context)));
}
