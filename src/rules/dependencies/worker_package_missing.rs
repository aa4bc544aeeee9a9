//! Fires when the worker class, or an option, needs a package that nothing installs.

use super::prelude::*;
use crate::deployment::signs;

pub(super) const RULE: Rule = rule!("worker-package-missing", Shape::Deployment(check));

/// Distributions that bring another one along.
const CARRIERS: [(&str, &[&str]); 4] = [
    ("gevent", &["gevent-websocket", "grequests", "locust", "flask-sockets", "zerorpc", "gevent-socketio"]),
    ("tornado", &["notebook", "jupyterhub", "jupyter-server", "bokeh", "streamlit", "distributed", "panel", "flower"]),
    ("uvicorn", &["fastapi-cli", "gradio", "chainlit", "mcp", "nicegui", "prefect", "mlflow", "litellm"]),
    ("uvicorn-worker", &["apache-airflow"]),
];

/// What Gunicorn says, and exits, without the package.
fn says(package: &str) -> &'static str {
    match package {
        "gevent" => "`gevent worker requires gevent`",
        "tornado" => "`You need tornado installed to use this worker`",
        "uvicorn-worker" => "`No module named 'uvicorn_worker'`",
        _ => "an error of its import",
    }
}

/// Values of options that need a package which the server does not bring along: the server, the option, its value, the
/// package, and the extras of others that ask for it.
type Needing = (ServerName, &'static str, &'static str, &'static str, &'static [(&'static str, &'static str)]);
const OPTIONS: [Needing; 5] = [
    (ServerName::Uvicorn, "loop", "uvloop", "uvloop", STANDARD),
    (ServerName::Uvicorn, "http", "httptools", "httptools", STANDARD),
    (ServerName::Hypercorn, "worker_class", "uvloop", "uvloop", &[("hypercorn", "uvloop")]),
    (ServerName::Hypercorn, "worker_class", "trio", "trio", &[("hypercorn", "trio")]),
    (ServerName::Gunicorn, "http_parser", "fast", "gunicorn-h1c", &[("gunicorn", "fast")]),
];
const STANDARD: &[(&str, &str)] = &[("uvicorn", "standard"), ("fastapi", "standard"), ("fastapi", "all")];

/// An option whose value needs a package that nothing installs.
fn options(service: &Service, context: &Context, out: &mut Findings) {
    let deployment = service.deployment;
    let own = table(deployment.server).distribution();
    for (server, name, value, package, extras) in OPTIONS {
        let setting = deployment.setting(name).filter(|setting| server == deployment.server && setting.is_set());
        let Some(setting) = setting.filter(|setting| setting.text() == Some(value)) else { continue };
        let brought = extras.iter().any(|(name, extra)| deployment.asks_for_extra(name, extra))
            || deployment.asks_for_extra_of_any(package);
        let Some(place) = setting.place().filter(|_| deployment.asks_for(own) && !brought) else { continue };
        // Another class reads no such option.
        let idle = server == ServerName::Gunicorn && service.ignored(name).is_some();
        if idle || deployment.asks_for(package) {
            continue;
        }
        let fails = match server {
            // Measured on Gunicorn 27.0.1: the start succeeds, and every connection ends.
            ServerName::Gunicorn => "every request ends in a `RuntimeError`",
            _ => "the start ends with an error of its import",
        };
        out.report(
            place,
            format!("needs `{package}`"),
            format!("`{name} = {value}` needs the package `{package}`, which the project does not ask for: {fails}"),
        )
        .at_most(if deployment.locked { setting.confidence() } else { Confidence::Medium })
        .help(format!("add `{package}` to the requirements, or leave `{name}` to its default"))
        .fix(
            deployment
                .ask_beside(context.files, own, package, None)
                .map(|edit| Fix::unsafe_(format!("ask for {package}"), vec![edit])),
        );
    }
}

fn check(service: &Service, context: &Context, out: &mut Findings) {
    let deployment = service.deployment;
    if is_plain(deployment.base.as_ref()) {
        options(service, context, out);
    }
    // A list of requirements that has the server itself is taken to be complete.
    if !service.is_gunicorn() || !deployment.asks_for("gunicorn") || !is_plain(deployment.base.as_ref()) {
        return;
    }
    let class = deployment.setting("worker_class").filter(|class| class.is_set() && class.winner.is_settled());
    // A class that the server no longer has needs no package either.
    let runs = deployment.class.filter(|class| class.until().is_none_or(|until| until > deployment.version.version));
    let needed = class.and_then(|class| Some((class, runs?.distribution()?)));
    let Some((class, package)) = needed else { return };
    let carriers = CARRIERS.iter().find(|(name, _)| *name == package).map_or(&[][..], |(_, carriers)| carriers);
    let brought = carriers.iter().any(|carrier| deployment.asks_for(carrier))
        || deployment.asks_for_extra_of_any(package)
        || package == "uvicorn" && ["standard", "all"].iter().any(|extra| deployment.asks_for_extra("fastapi", extra));
    if deployment.asks_for(package) || brought || signs::has_of_the_system(deployment, package, context.files) {
        return;
    }
    let name = service.class_name();
    let Some(place) = class.place() else { return };
    let least = runs.and_then(|class| class.minimum(deployment.version.version)).map(|least| least.to_string());
    out.report(
        place,
        format!("needs `{package}`"),
        format!(
            "`{name}` needs the package `{package}`, which the project does not ask for: the start ends with {}",
            says(package)
        ),
    )
    // Only a lock file tells what comes with other packages.
    .at_most(if deployment.locked { Confidence::High } else { Confidence::Medium })
    .related_to(deployment.version.place.map(|place| Located::new("asks for Gunicorn without it".to_owned(), place)))
    .help(format!("add `{package}` to the requirements"))
    .fix(
        deployment
            .ask_beside(context.files, "gunicorn", package, least.as_deref())
            .map(|edit| Fix::unsafe_(format!("ask for {package}"), vec![edit])),
    );
}

/// Whether an image has nothing installed that its name does not tell.
fn is_plain(base: Option<&Located<String>>) -> bool {
    base.is_none_or(|base| {
        let name = base.value.split(['@', ':']).next().unwrap_or_default();
        let plain = ["python", "debian", "ubuntu", "alpine", "uv"];
        name.rsplit('/').next().is_some_and(|last| plain.contains(&last))
    })
}
