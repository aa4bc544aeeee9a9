//! Fires when the server's own messages are switched off, or are not those that were asked for.

use super::prelude::*;
use crate::app::InstrumentKind;
use crate::deployment::Configuration;

pub(super) const RULE: Rule = rule!("loggers-disabled", Shape::Deployment(check));
pub(super) const APP: Rule = rule!("loggers-disabled", Shape::App(check_app));

/// The levels that `gunicorn.glogging.Logger` knows; it takes any other for `info`.
const LEVELS: [&str; 5] = ["critical", "error", "warning", "info", "debug"];

fn check(service: &Service, context: &Context, out: &mut Findings) {
    if !service.is_gunicorn() {
        return;
    }
    let level = service
        .deployment
        .setting("loglevel")
        .filter(|level| level.text().is_some_and(|text| !LEVELS.contains(&text.to_ascii_lowercase().as_str())));
    if let Some((level, place)) = level.and_then(|level| Some((level, level.place()?))) {
        let text = level.text().unwrap_or_default();
        let meant = match text.to_ascii_lowercase().as_str() {
            "warn" => Some("warning"),
            "fatal" => Some("critical"),
            "err" => Some("error"),
            _ => None,
        };
        let fix = meant.and_then(|meant| level.winner.set(context.files, &Value::Str(meant.to_owned())));
        // A worker of Uvicorn's takes it as its own level too.
        let trace = text.eq_ignore_ascii_case("trace") && service.class_name().contains("Uvicorn");
        if !trace {
            out.report(
                place,
                "no such level",
                format!("Gunicorn has no log level `{text}` and logs at `info` instead"),
            )
            .at_most(level.confidence())
            .help(format!(
                "use {}",
                meant.map_or_else(
                    || "one of critical, error, warning, info, debug".to_owned(),
                    |meant| format!("`{meant}`")
                )
            ))
            .fix(fix.map(|edit| Fix::safe(format!("log at `{}`", meant.unwrap_or_default()), vec![edit])));
        }
    }
    let Some(config) = service.deployment.setting("logconfig_dict") else { return };
    let (Some(Value::Dict(entries)), Some(place)) = (config.value(), config.place()) else {
        return;
    };
    let entry = |name: &str| entries.iter().find(|(key, _)| key.as_str() == Some(name)).map(|(_, value)| value);
    let named = match entry("loggers") {
        Some(Value::Dict(loggers)) => {
            loggers.iter().any(|(name, _)| name.as_str().is_some_and(|name| name.starts_with("gunicorn")))
        }
        Some(_) => return,
        None => false,
    };
    if entry("disable_existing_loggers") == Some(&Value::Bool(true)) && !named {
        out.report(
            place,
            "switches off `gunicorn.error`",
            "`disable_existing_loggers` switches off Gunicorn's own log: `WORKER TIMEOUT` and every error of a worker vanish",
        )
        .at_most(config.confidence())
        .help("set `disable_existing_loggers` to `False`, or name `gunicorn.error` and `gunicorn.access`")
        .fix(None);
    }
}

fn check_app(app: &App, service: Option<&Service>, context: &Context, out: &mut Findings) {
    let Some(service) = service.filter(|service| service.in_production()) else {
        return;
    };
    let (own, lost) = match service.deployment.server {
        ServerName::Gunicorn if service.class_name().contains("Uvicorn") => {
            (&["gunicorn", "uvicorn"][..], "the access log of Uvicorn and the errors of its workers")
        }
        ServerName::Gunicorn => {
            (&["gunicorn"][..], "what Gunicorn logs in its workers, tracebacks of requests included,")
        }
        ServerName::Uvicorn => (&["uvicorn"][..], "Uvicorn's access log and its tracebacks of requests"),
        _ => return,
    };
    for seen in app.instruments.iter().filter(|seen| seen.at_import) {
        let InstrumentKind::Loggers { named, literal, first } = &seen.kind else { continue };
        // A logger that is named stays, and so do those below it.
        let is_own = |name: &String| own.iter().any(|own| name == own || name.starts_with(&format!("{own}.")));
        if named.iter().any(is_own) {
            continue;
        }
        // What the configuration file imports is done with its loggers before Gunicorn makes any.
        let before = |configuration: &Configuration| {
            [seen.place.file, app.place.file].into_iter().any(|file| configuration.loads(file, context.files))
        };
        if service.is_gunicorn() && service.deployment.configuration.as_ref().is_some_and(before) {
            continue;
        }
        let edit = match (literal, first) {
            (Some(literal), _) => Some(Edit::replace(*literal, "False")),
            (None, Some(first)) => Some(Edit::insert(*first, beside(*first, context))),
            (None, None) => None,
        };
        let why = if literal.is_some() { "" } else { ", which is the default," };
        out.report(
            literal.unwrap_or(seen.place),
            "switches off all loggers that it does not name",
            format!("`disable_existing_loggers`{why} switches off {lost} as soon as the application is loaded"),
        )
        .related(service.deployment.command, "has made its loggers before")
        .help("set `disable_existing_loggers` to `False`")
        .fix(edit.map(|edit| Fix::safe("keep the loggers that are there", vec![edit])));
    }
}

/// The entry to put in front of `first`, on a line of its own where that has one.
fn beside(first: Place, context: &Context) -> String {
    let text = context.files.get(first.file).text();
    let before = text.get(..first.span.start).unwrap_or_default();
    let indent = &before[before.rfind('\n').map_or(0, |at| at + 1)..];
    let entry = "\"disable_existing_loggers\": False,";
    if indent.trim().is_empty() { format!("{entry}\n{indent}") } else { format!("{entry} ") }
}
