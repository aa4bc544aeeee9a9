//! `farrier init --server gunicorn`: a configuration for this project and machine, with the reasons.

use std::fmt::Write as _;

use farrier::advice::{self, Sources};
use farrier::app::Application;
use farrier::deployment::Deployment;
use farrier::examine;
use farrier::request::Request;
use farrier::servers::Server;
use farrier::sizing::{self, Advice, Amount, Class, Inputs, Item, Verdict};

use crate::commands::Failure;

/// The name under which Gunicorn finds its configuration by itself.
pub(super) const FILE: &str = "gunicorn.conf.py";

/// The text of the file.
pub(super) fn configuration(mut request: Request) -> Result<String, Failure> {
    request.ask_host = true;
    let found = examine(&request)?;
    let started = found.assembly.deployments.iter().zip(&found.applications);
    let production = |deployment: &Deployment| deployment.development.is_none();
    // The service that Gunicorn runs already, or else whichever there is.
    let service = started.filter(|(deployment, _)| production(deployment)).min_by_key(|(deployment, application)| {
        let bounded = deployment.limits.cpus.is_some() || deployment.limits.memory.is_some();
        (deployment.server != Server::Gunicorn, application.is_none(), !bounded)
    });
    let application = service.and_then(|(_, application)| application.as_ref()).or_else(|| found.orphans.first());
    let sources =
        Sources { declared: &request.declared, stated: &request.stated, host: Some(&found.host), files: &found.files };
    let gunicorn = service.map(|(deployment, _)| deployment).filter(|deployment| deployment.server == Server::Gunicorn);
    let mut inputs = gunicorn
        .and_then(|deployment| advice::inputs(deployment, application, sources))
        .unwrap_or_else(|| advice::first_inputs(application, service.map(|(deployment, _)| deployment), sources));
    // The file is written afresh: what is set today must not keep a number from being the best one.
    inputs.configured = sizing::Configured::default();
    let advice = sizing::recommend(&inputs);
    let contained =
        service.is_some_and(|(deployment, _)| deployment.container.is_some() || deployment.kind.is_container());
    Ok(text(&inputs, &advice, service.map(|(deployment, _)| deployment), application, contained))
}

fn text(
    inputs: &Inputs,
    advice: &Advice,
    deployment: Option<&Deployment>,
    application: Option<&Application>,
    contained: bool,
) -> String {
    let app = application.map_or("the application", |application| application.target.as_str());
    let mut text = format!("# Gunicorn for {app}, written by `farrier init --server gunicorn`.\n");
    text.push_str("# `farrier advise` says how the numbers follow, and whether they still do.\n\n");
    let _ = writeln!(text, "{}", bind(contained));
    let class = class(advice.class, deployment);
    if advice.class == Class::EventLoop {
        text.push_str("\n# The application speaks ASGI: an event loop in each worker.\n");
    } else if advice.class == Class::Gthread {
        text.push_str("\n# Processes use the cores, threads wait.\n");
    } else {
        text.push('\n');
    }
    let _ = writeln!(text, "worker_class = \"{class}\"");
    for (setting, fallback) in [("workers", 1), ("threads", 0), ("worker_connections", 0)] {
        match advice.item(setting).filter(|item| item.verdict != Verdict::Remove) {
            Some(item) => text.push_str(&number(item, inputs)),
            None if fallback > 0 => {
                let _ = write!(
                    text,
                    "# How many cores there are is not known; one worker for each.\n{setting} = {fallback}\n"
                );
            }
            None => {}
        }
    }
    text.push_str(&times(inputs, advice));
    if contained {
        text.push_str(
            "\n# The heartbeat of the workers stays off the disk of the container.\nworker_tmp_dir = \"/dev/shm\"\n",
        );
    }
    text.push_str(
        "\n# Where memory grows with every request: workers are replaced one by one.\n# max_requests = 1000\n\
         # max_requests_jitter = 100\n",
    );
    text.push_str("\n# To standard output and standard error, where whoever runs it collects them.\naccesslog = \"-\"\nerrorlog = \"-\"\n");
    text
}

/// In a container nobody else reaches the loopback address.
const fn bind(contained: bool) -> &'static str {
    if contained {
        "bind = \"0.0.0.0:8000\""
    } else {
        "# For the proxy on the same machine.\nbind = \"127.0.0.1:8000\""
    }
}

fn class(class: Class, deployment: Option<&Deployment>) -> &'static str {
    match class {
        Class::EventLoop if deployment.is_some_and(|deployment| deployment.asks_for("uvicorn-worker")) => {
            "uvicorn_worker.UvicornWorker"
        }
        Class::EventLoop => "asgi",
        Class::Sync => "sync",
        Class::Gthread => "gthread",
        Class::Gevent => "gevent",
        Class::Tornado => "tornado",
    }
}

/// `workers = 2`, with the range and what it rests on.
fn number(item: &Item, inputs: &Inputs) -> String {
    let range =
        if item.lower == item.upper { String::new() } else { format!("{} to {} is fine, ", item.lower, item.upper) };
    let cores = inputs.cpus.as_ref().map_or_else(String::new, |cpus| format!(" on {} ({})", cpus.value, cpus.source));
    format!("# {range}limited by {}{cores}.\n{} = {}\n", item.binding, item.setting, item.target)
}

/// The settings about time: those that something around decides, and the others as they are by default.
fn times(inputs: &Inputs, advice: &Advice) -> String {
    let mut text = String::new();
    let seconds = |setting: &str| match advice.item(setting)?.target {
        Amount::Seconds(n) => Some(n),
        _ => None,
    };
    let heartbeat = if advice.class == Class::Sync {
        "Seconds that a request may take; its worker is killed then."
    } else {
        "Seconds without a heartbeat until a worker is killed; no limit for requests."
    };
    let _ = write!(text, "\n# {heartbeat}\ntimeout = {}\n", seconds("timeout").unwrap_or(30));
    let stop = inputs
        .chain
        .kill_after
        .as_ref()
        .map_or_else(String::new, |kill| format!(", below the {} until the kill ({})", kill.value, kill.source));
    let _ = write!(
        text,
        "\n# Seconds for requests that run when the server stops{stop}.\ngraceful_timeout = {}\n",
        seconds("graceful_timeout").unwrap_or(30)
    );
    if advice.class != Class::Sync {
        let idle = inputs.chain.idle_kept.as_ref().map_or_else(
            || ": longer than any proxy in front keeps it".to_owned(),
            |idle| format!(", longer than the {} in front ({})", idle.value, idle.source),
        );
        let _ = write!(
            text,
            "\n# Seconds for which an idle connection is kept{idle}.\nkeepalive = {}\n",
            seconds("keepalive").unwrap_or(75)
        );
    }
    text
}
