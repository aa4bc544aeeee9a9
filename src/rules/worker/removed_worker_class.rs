//! Fires when the version of the server that runs no longer has the worker class, or the next one will not.

use super::prelude::*;

pub(super) const RULE: Rule = rule!("removed-worker-class", Shape::Deployment(check));

/// Gunicorn's default.
const CONNECTIONS: i64 = 1000;
/// More threads than this are no replacement for greenlets.
const MOST_THREADS: i64 = 64;

fn check(service: &Service, context: &Context, out: &mut Findings) {
    let deployment = service.deployment;
    let Some(class) = deployment.class else {
        return;
    };
    let version = deployment.version.version;
    let Some(until) = class.until().filter(|&until| until <= version) else {
        return announced(service, class, context, out);
    };
    let replacement = replacement(service, class);
    let name = class.name();
    out.report(
        service.class_place(),
        format!("removed in {} {until}", deployment.server),
        if deployment.version.is_assumed() {
            format!(
                "`{name}` was removed in {0} {until}: {0} {1} does not start",
                deployment.server, deployment.version
            )
        } else {
            format!("`{name}` was removed in {} {until}: the server does not start", deployment.server)
        },
    )
    // Without a pin the newest version is assumed, which may not be what is installed.
    .at_most(if deployment.version.is_assumed() { Confidence::Medium } else { Confidence::High })
    .related_to(deployment.version.place.map(|place| Located::new(format!("asks for {}", deployment.version), place)))
    .help(help(&replacement))
    .fix(fix(service, &replacement, context));
}

/// One thread runs one request, where a class of greenlets ran as many as there were connections.
fn help(replacement: &str) -> String {
    match replacement {
        "gthread" => "use `gthread`, with as many `threads` as requests should run at a time".to_owned(),
        other => format!("use `{other}`"),
    }
}

/// The other class, with a thread for each greenlet where their number is written down.
fn fix(service: &Service, replacement: &str, context: &Context) -> Option<Fix> {
    let class = service.set("worker_class", &Value::Str(replacement.to_owned()), context)?;
    if replacement != "gthread" {
        return service.with_class(replacement, class, context);
    }
    let mut edits = vec![class];
    let deployment = service.deployment;
    let chosen = deployment.setting("worker_connections").filter(|setting| setting.is_set()).and_then(Setting::int);
    let threads = deployment.setting("threads").filter(|threads| !threads.is_set());
    if service.keeps_clients_waiting() {
        edits.extend(service.thread_for_each_client(context));
    } else if let Some(count) = chosen.filter(|count| threads.is_some() && (2..=MOST_THREADS).contains(count)) {
        edits.push(service.give("threads", &Value::Int(count), context)?);
        // There it bounds the connections that wait as well.
        edits.push(service.set("worker_connections", &Value::Int(CONNECTIONS), context)?);
    }
    Some(Fix::unsafe_(format!("use `{replacement}`"), edits))
}

/// What to use instead: what its authors name, where the project has the package, and else a class that needs none.
fn replacement(service: &Service, class: &WorkerClass) -> String {
    let deployment = service.deployment;
    let Some(named) = class.deprecated().map(|deprecated| deprecated.replacement.as_str()) else {
        return "gthread".to_owned();
    };
    let package = table(deployment.server).class(named).and_then(WorkerClass::distribution);
    let package = package.or_else(|| named.split_once('.').map(|(package, _)| package));
    let is_there = package.is_none_or(|package| deployment.asks_for(package));
    match service.application.map(|app| app.interface) {
        _ if is_there => named.to_owned(),
        Some(AppInterface::Asgi) => service.deployment.asgi_class().to_owned(),
        _ => "gthread".to_owned(),
    }
}

/// A class that still runs, although its authors have announced its end or left it.
fn announced(service: &Service, class: &WorkerClass, context: &Context, out: &mut Findings) {
    let deployment = service.deployment;
    // What moved to another package has a rule of its own.
    let Some(deprecated) = class.deprecated().filter(|deprecated| deprecated.distribution != "uvicorn") else {
        return;
    };
    if deprecated.since.is_some_and(|since| since > deployment.version.version) {
        return;
    }
    let name = class.name();
    let why = match (class.until(), deprecated.since) {
        (Some(until), _) => format!("`{name}` is deprecated, and {} {until} no longer has it", deployment.server),
        (None, Some(since)) => format!("`{name}` is deprecated since {} {since}", deployment.server),
        (None, None) => {
            format!(
                "`{name}` has no authors any more: nobody mends its parser of HTTP, or makes it run on a new Python"
            )
        }
    };
    let replacement = replacement(service, class);
    // Whoever stays below the version that drops it knows.
    let bound = deployment.version.version_text().strip_prefix("below ").and_then(|bound| bound.parse().ok());
    let knows = bound.is_some() && bound == class.until();
    let label = match (class.until(), deprecated.since) {
        (Some(until), _) => format!("gone in {} {until}", deployment.server),
        (None, Some(_)) => "deprecated".to_owned(),
        (None, None) => "nobody maintains it".to_owned(),
    };
    out.report(service.class_place(), label, why)
        .severity(if knows { Severity::Advice } else { Severity::Warning })
        .at_most(if deployment.version.is_assumed() { Confidence::Medium } else { Confidence::High })
        .help(help(&replacement))
        .fix(fix(service, &replacement, context));
}
