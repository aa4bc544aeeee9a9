//! Fires when uWSGI runs on defaults that its own authors would not choose again.

use super::prelude::*;

pub(super) const RULE: Rule = rule!("uwsgi-unsafe-defaults", Shape::Deployment(check));

/// Options that should be on, and what happens where they are not.
const WANTED: [(&str, &str, &str); 5] = [
    ("die_on_term", "die-on-term", "SIGTERM reloads it instead of stopping it"),
    ("master", "master", "nobody replaces a worker that dies"),
    ("strict", "strict", "misspelled options are ignored"),
    ("need_app", "need-app", "it starts without the application and answers 500"),
    ("vacuum", "vacuum", "its sockets stay behind"),
];

/// Packages that work in threads of their own.
const THREADED: [&str; 5] = ["sentry-sdk", "newrelic", "ddtrace", "opentelemetry-sdk", "elastic-apm"];

fn check(service: &Service, context: &Context, out: &mut Findings) {
    let deployment = service.deployment;
    if deployment.server != ServerName::Uwsgi || !service.in_production() {
        return;
    }
    // Without any option it serves nothing, so they all come from variables that are not here.
    if deployment.settings.iter().all(|(_, setting)| !setting.is_set()) {
        return;
    }
    // Whoever runs the image gives a script that passes on what it is given the options.
    let passes_on = ["\"$@\"", "$@", "$*"].iter().any(|all| context.files.text_at(deployment.command).contains(all));
    if passes_on && (deployment.outside.takes_words || deployment.kind == UnitKind::Script) {
        return;
    }
    let other_signal = deployment.stop_signal.as_ref().is_some_and(|signal| !signal.value.contains("TERM"));
    let several = deployment.int("processes").is_some_and(|count| count > 1);
    let off = |name: &str| {
        let setting = deployment.setting(name).filter(|setting| !setting.is_set());
        setting.is_some_and(|setting| setting.value() == Some(&Value::Bool(false)) && !service.is_implied(setting))
    };
    let options = deployment.configuration.iter().flat_map(|file| &file.strangers);
    let hooked = options.clone().any(|option| option.name == "hook-master-start");
    let has_socket = ["socket", "http_socket", "uwsgi_socket"].iter().any(|name| names_a_path(service, name));
    // A worker that has served its number of requests ends, and without a master nobody starts it again (2.0.31).
    let recycles = deployment.int("max_requests").is_some_and(|limit| limit > 0);
    let elsewhere = deployment.is_run_by_distribution(context.files);
    let wants_master = off("master") && (several || recycles) && !elsewhere;
    let matters = |name: &str| match name {
        "die_on_term" => {
            // A hook may give the signal another meaning. Without a master SIGTERM ends it (2.0.30).
            !other_signal && !hooked && !elsewhere && (!off("master") || wants_master)
        }
        "master" => wants_master,
        "vacuum" => has_socket,
        // What it serves may be no application at all: `--cgi`, files.
        "need_app" => deployment.app.is_some(),
        _ => true,
    };
    let missing: Vec<_> = WANTED.iter().filter(|(name, ..)| off(name) && matters(name)).collect();
    let threads = THREADED
        .iter()
        .find(|package| deployment.asks_for(package) || service.application.is_some_and(|app| imports(app, package)))
        .filter(|_| off("enable_threads") && deployment.int("threads").is_none_or(|threads| threads < 2));
    // That misspelled options pass is a matter of taste; the first two lose requests.
    let grave = missing.iter().any(|(name, ..)| matches!(*name, "die_on_term" | "master")) || threads.is_some();
    if !grave {
        return;
    }
    let says = |(name, option, why): &&(&str, &str, &str)| match *name {
        "die_on_term" if wants_master => format!("with a master, and without `{option}`, {why}"),
        _ => format!("without `{option}` {why}"),
    };
    let mut says: Vec<String> = missing.iter().map(says).collect();
    // Of a loop only one of many greenlets waits, and a web socket lasts longer than any limit of a request.
    let sockets = deployment.setting("http_websockets").is_some_and(Setting::is_set)
        || service.application.is_some_and(|app| !app.websockets.is_empty());
    // The master does it.
    let harakiri = deployment.setting("harakiri").is_some_and(|limit| !limit.is_set())
        && (!off("master") || wants_master)
        && service.cores_of_loop().is_none()
        && !sockets;
    says.extend(harakiri.then(|| "without `harakiri` a request that hangs keeps its worker for ever".to_owned()));
    // The first application has the interpreter that the server begins with, and each further one its own (2.0.31).
    let mounts = deployment.setting("mount").and_then(Setting::value);
    let several_apps = matches!(mounts, Some(Value::List(all)) if all.len() > 1);
    says.extend((off("single_interpreter") && several_apps).then(|| {
        "without `single-interpreter` each further application has an interpreter of its own, for which few extensions \
         in C are made"
            .to_owned()
    }));
    says.extend(threads.map(|package| format!("without `enable-threads` {package} has no thread to report from")));
    let anchors: Vec<_> = deployment
        .settings
        .iter()
        .map(|(_, setting)| &setting.winner)
        .filter(|winner| winner.place.is_some())
        .collect();
    let mut edits: Vec<Edit> = Vec::new();
    let mut set: Vec<&str> = Vec::new();
    // With `strict` it ends for every name that it does not know: those that options refer to, and variables
    // `UWSGI_...` that an image has for something else (2.0.31).
    let is_safe = |name: &str| !matches!(name, "master" | "strict");
    let safe = missing.iter().filter(|(name, ..)| is_safe(name));
    for (name, option, _) in safe {
        let Some(setting) = deployment.setting(name).map(|setting| setting.setting) else { continue };
        let edit = anchors.iter().find_map(|winner| {
            winner.add_beside(context.files, setting, deployment.version.version, &Value::Bool(true))
        });
        match (edit, edits.first_mut()) {
            (Some(edit), Some(first)) if first.place == edit.place => first.text.push_str(&edit.text),
            (Some(edit), None) => edits.push(edit),
            _ => continue,
        }
        set.push(option);
    }
    let mut options: Vec<&str> = missing.iter().map(|(_, option, _)| *option).collect();
    options.extend(harakiri.then_some("harakiri"));
    options.extend(threads.map(|_| "enable-threads"));
    let title = format!("set {}", set.join(", "));
    // The options belong beside the others, and so does a comment.
    let file = deployment.configuration.as_ref().map(|file| file.file).filter(|&file| file != deployment.command.file);
    let beside =
        file.and_then(|file| deployment.beside_in(file, "master", context.files)).and_then(|option| option.place);
    let place = beside.unwrap_or(deployment.command);
    let report = out.report(place, "uWSGI with its old defaults", format!("uWSGI: {}", says.join("; ")));
    let report = if threads.is_some() { report.severity(Severity::Error) } else { report };
    report
        .related_to(beside.map(|_| Located::new("starts it".to_owned(), deployment.command)))
        .help(format!(
            "set {}; the project only receives fixes any more, so a new service is better off elsewhere",
            options.join(", ")
        ))
        .fix((!edits.is_empty()).then(|| Fix::safe(title, edits)));
}

/// Whether a setting names a file to listen on.
fn names_a_path(service: &Service, name: &str) -> bool {
    let is_path = |text: &str| text.contains('/') || text.rsplit('.').next() == Some("sock");
    match service.deployment.setting(name).and_then(Setting::value) {
        Some(Value::List(all)) => all.iter().any(|one| one.as_str().is_some_and(is_path)),
        value => value.and_then(Value::as_str).is_some_and(is_path),
    }
}

/// Whether an application imports a package, by the name of its module.
fn imports(app: &App, package: &str) -> bool {
    let module = package.split_once('-').map_or(package, |(first, _)| first);
    app.imports(&package.replace('-', "_")) || matches!(module, "opentelemetry") && app.imports(module)
}
