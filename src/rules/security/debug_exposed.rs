//! Fires when production shows its insides: a debugger, tracebacks as answers, every line that runs.

use super::prelude::*;
use crate::app::InstrumentKind;

pub(super) const RULE: Rule = rule!("debug-exposed", Shape::Deployment(check));
pub(super) const APP: Rule = rule!("debug-exposed", Shape::App(check_app));
pub(super) const SERVERS: Rule = rule!("debug-exposed", Shape::Development(check_server));

/// The variable that names Django's settings.
const SETTINGS: &str = "DJANGO_SETTINGS_MODULE";

fn check(service: &Service, context: &Context, out: &mut Findings) {
    if !service.in_production() {
        return;
    }
    let deployment = service.deployment;
    let spew = deployment.setting("spew").filter(|spew| spew.value() == Some(&Value::Bool(true)));
    if let Some((spew, place)) = spew.and_then(|spew| Some((spew, spew.place()?))) {
        out.report(place, "prints every line", "`spew` prints every line of Python that runs, with its values")
            .at_most(spew.confidence())
            .help("remove it")
            .fix(spew.winner.remove(context.files).map(|edits| Fix::safe("remove `spew`", edits)));
    }
    let level = ["log_level", "loglevel"].iter().find_map(|name| deployment.setting(name));
    let level = level.filter(|level| level.winner.is_settled()).and_then(|level| Some((level, level.text()?)));
    let said = level.and_then(|(level, text)| Some((level, insides(deployment.server, text)?, level.place()?)));
    if let Some((level, (severity, label, message), place)) = said {
        out.report(place, label, message).severity(severity).help("use `info`").fix(
            level
                .winner
                .set(context.files, &Value::Str("info".to_owned()))
                .map(|edit| Fix::safe("log at `info`", vec![edit])),
        );
    }
}

/// What a log level writes down that is nobody's business, and how bad that is.
fn insides(server: ServerName, level: &str) -> Option<(Severity, &'static str, &'static str)> {
    match (server, level) {
        (ServerName::Uvicorn, "trace") => Some((
            Severity::Warning,
            "every message",
            "the log level `trace` writes down every ASGI message, headers included",
        )),
        (ServerName::Gunicorn, level) if level.eq_ignore_ascii_case("debug") => Some((
            Severity::Advice,
            "every setting and request",
            "the log level `debug` writes down every setting at start, the values of `raw_env` included, and a line for \
             each request",
        )),
        _ => None,
    }
}

fn check_server(server: &DevelopmentServer, _: &Context, out: &mut Findings) {
    let Some(debug) = server.debug.filter(|_| server.development.is_none()) else { return };
    let report = out.report(
        debug,
        "runs what a browser sends",
        format!("`{}` with `debug` shows the source of every error, and runs Python code for whoever has the PIN of the debugger", server.name),
    );
    let report = if server.command == debug { report } else { report.related(server.command, "starts it") };
    report.help("leave it out, and start the application with a production server").fix(None);
}

fn check_app(app: &App, service: Option<&Service>, context: &Context, out: &mut Findings) {
    let Some(service) = service.filter(|service| service.in_production()) else {
        return;
    };
    for seen in &app.instruments {
        let report = match &seen.kind {
            // One that a function puts around the application may be meant for developers.
            InstrumentKind::Debugger if seen.at_import => out.report(
                seen.place,
                "runs what a browser sends",
                "the debugger of Werkzeug shows the source of every error, and runs Python code for whoever has its PIN",
            ),
            InstrumentKind::DebugPages(argument) => out
                .report(
                    *argument,
                    "answers with tracebacks",
                    format!("`{}(debug=True)` answers errors with the traceback and the source around it", seen.what),
                )
                .severity(Severity::Warning),
            // Another module of settings may be what production names.
            InstrumentKind::DjangoDebug
                if (service.deployment.variable(SETTINGS).is_some() || !context.variables.contains(SETTINGS))
                    && !context.is_aside(seen.place) =>
            {
                out.report(
                    seen.place,
                    "answers with settings and source",
                    "`DEBUG = True` of Django answers every error with the source around it and most settings, and keeps \
                     every query in memory",
                )
            }
            _ => continue,
        };
        let title = "switch it off";
        let fix = match &seen.kind {
            InstrumentKind::DebugPages(argument) => Some(Fix::safe(title, vec![Edit::replace(*argument, "False")])),
            // `runserver` of developers loads the same settings, and serves static files only with it.
            InstrumentKind::DjangoDebug => Some(Fix::unsafe_(title, vec![Edit::replace(seen.place, "False")])),
            _ => None,
        };
        report
            .related(service.deployment.command, "starts it in production")
            .help("switch it on from the environment of developers only")
            .fix(fix);
    }
}
