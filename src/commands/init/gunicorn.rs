//! `farrier init --server gunicorn`: a configuration for this project and machine, with the reasons.

use std::fmt::Write as _;

use farrier::Examination;
use farrier::advice::{self, Sources};
use farrier::app::Application;
use farrier::deployment::{self, Deployment, Effective, Layer};
use farrier::findings::Confidence;
use farrier::read::UnitKind;
use farrier::request::Request;
use farrier::servers::Server;
use farrier::sizing::{self, Advice, Amount, Binding, Class, Inputs, Item, Known, Verdict};

use super::super::patience;
use super::likely;
use crate::commands::Failure;

/// The name under which Gunicorn finds its configuration by itself.
pub(super) const FILE: &str = "gunicorn.conf.py";

/// The text of the file.
pub(super) fn configuration(mut request: Request) -> Result<String, Failure> {
    request.ask_host = true;
    let found = patience::examined(&request)?;
    let started = found.assembly.deployments.iter().zip(&found.applications);
    let production = |deployment: &Deployment| deployment.development.is_none();
    // The service that Gunicorn runs already, or else whichever there is.
    let service = started.filter(|(deployment, _)| production(deployment)).min_by_key(|(deployment, application)| {
        let bounded = deployment.limits.cpus.is_some() || deployment.limits.memory.is_some();
        (deployment.server != Server::Gunicorn, application.is_none(), !bounded)
    });
    let application = service.and_then(|(_, application)| application.as_ref()).or_else(|| found.orphans.first());
    let likely = if application.is_none() { likely::application(&found) } else { None };
    let application = application.or(likely.as_ref());
    let sources = Sources {
        declared: &request.declared,
        stated: &request.stated,
        host: Some(&found.host),
        margins: request.margins(),
        files: &found.files,
    };
    let gunicorn = service.map(|(deployment, _)| deployment).filter(|deployment| deployment.server == Server::Gunicorn);
    let mut inputs = gunicorn
        .and_then(|deployment| advice::inputs(deployment, application, sources))
        .unwrap_or_else(|| advice::first_inputs(application, service.map(|(deployment, _)| deployment), sources));
    let runs = |rule: &str, path: &str| request.runs(rule, path);
    advice::hold(&mut inputs, gunicorn, application, &found.files, &runs);
    // The file is written afresh: what is set today must not keep a number from being the best one.
    inputs.configured = sizing::Configured::default();
    let advice = sizing::recommend(&inputs);
    let deployment = service.map(|(deployment, _)| deployment);
    let project = Project {
        contained: deployment.is_some_and(|one| one.container.is_some() || one.kind.is_container()),
        has_port: has_port(&found, deployment),
        loop_class: loop_class(&found, gunicorn),
        is_started: gunicorn.is_some(),
    };
    let beside = gunicorn.map_or_else(String::new, |deployment| passed_over(deployment, &found));
    Ok(text(&inputs, &advice, application, project, &beside))
}

/// What keeps a command that starts Gunicorn from what this file says: another file that it names, or options of its own.
fn passed_over(deployment: &Deployment, found: &Examination) -> String {
    let (files, at) = (&found.files, found.files.describe(deployment.command));
    let named = deployment.configuration.as_ref().map(|file| files.get(file.file).path()).filter(|path| *path != FILE);
    let options = deployment.settings.iter().filter(|(name, setting)| {
        WRITTEN.contains(name) && matches!(setting.winner.layer, Layer::CommandLine | Layer::OptionsVariable)
    });
    let options: Vec<String> = options.map(|(name, _)| format!("`{name}`")).collect();
    let mut text = String::new();
    if let Some(named) = named {
        let _ = writeln!(
            text,
            "# {at} reads `{named}` and not this file: name this one there with `-c`, or move what it says."
        );
    }
    if !options.is_empty() {
        let _ = writeln!(text, "# The options of {at} win over this file: take {} out there.", options.join(", "));
    }
    text
}

/// The settings that the file holds.
const WRITTEN: [&str; 12] = [
    "wsgi_app",
    "bind",
    "worker_class",
    "workers",
    "threads",
    "worker_connections",
    "timeout",
    "graceful_timeout",
    "keepalive",
    "worker_tmp_dir",
    "accesslog",
    "errorlog",
];

/// What the file has to go with.
#[derive(Debug, Clone, Copy)]
struct Project {
    /// It runs in a container.
    contained: bool,
    /// Whoever runs it says by `PORT` where it has to listen.
    has_port: bool,
    /// The worker class for ASGI applications.
    loop_class: &'static str,
    /// A command starts Gunicorn, and names the application.
    is_started: bool,
}

/// Whether a platform, or a command, says by the variable `PORT` where the service listens.
fn has_port(found: &Examination, deployment: Option<&Deployment>) -> bool {
    let of_platform = |kind: UnitKind| matches!(kind, UnitKind::Platform | UnitKind::Procfile);
    let told = deployment.is_some_and(|one| {
        let bound = one.setting("bind").or_else(|| one.setting("port")).and_then(Effective::place);
        one.limits.router.is_some()
            || one.platform.is_some()
            || bound.is_some_and(|place| found.files.text_at(place).contains("PORT"))
            || found.files.text_at(one.command).contains("PORT")
    });
    told || found.facts.units.iter().any(|unit| of_platform(unit.kind))
}

/// The worker class for ASGI applications that the version of Gunicorn has which the project asks for.
fn loop_class(found: &Examination, gunicorn: Option<&Deployment>) -> &'static str {
    match gunicorn {
        Some(deployment) => deployment.asgi_class(),
        None => deployment::asgi_class_for(&found.facts.requirements, &found.files),
    }
}

fn text(inputs: &Inputs, advice: &Advice, application: Option<&Application>, project: Project, beside: &str) -> String {
    let app = application.map_or("the application", |application| application.target.as_str());
    let mut text = format!("# Gunicorn for {app}, written by `farrier init --server gunicorn`.\n");
    text.push_str("# `farrier advise` says how the numbers follow, and whether they still do.\n");
    text.push_str(beside);
    text.push('\n');
    if project.has_port {
        text.push_str("import os\n\n");
    }
    if let Some(application) = application.filter(|_| !project.is_started) {
        let _ = write!(
            text,
            "# What `gunicorn` serves unless its command names another one.\nwsgi_app = \"{}\"\n\n",
            application.target
        );
    }
    let _ = writeln!(text, "{}", bind(project));
    if advice.confidence == Confidence::Low {
        text.push_str("\n# The numbers rest on guesses:\n");
        for question in &advice.questions {
            let _ = writeln!(text, "# not known: {question}");
        }
        for what in &advice.measure {
            let _ = writeln!(text, "# to be surer: {what}");
        }
    }
    let class = class(advice.class, project.loop_class);
    if advice.class == Class::EventLoop {
        text.push_str("\n# The application speaks ASGI: an event loop in each worker.\n");
    } else if advice.class == Class::Gthread {
        text.push_str("\n# Processes use the cores, threads wait.\n");
    } else {
        text.push('\n');
    }
    if class.starts_with("uvicorn_worker.") {
        text.push_str("# In the package `uvicorn-worker`; Gunicorn has a class of its own, `asgi`, from 25.1 on.\n");
    }
    let _ = writeln!(text, "worker_class = \"{class}\"");
    for (setting, fallback) in [("workers", 1), ("threads", 0), ("worker_connections", 0)] {
        match advice.item(setting).filter(|item| item.verdict != Verdict::Remove) {
            Some(item) => text.push_str(&number(item, inputs, advice.confidence > Confidence::Low)),
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
    if project.contained {
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

/// In a container nobody else reaches the loopback address, and neither does the router of a platform.
const fn bind(project: Project) -> &'static str {
    if project.has_port {
        "# Where whoever runs it sends requests.\nbind = \"0.0.0.0:\" + os.environ.get(\"PORT\", \"8000\")"
    } else if project.contained {
        "bind = \"0.0.0.0:8000\""
    } else {
        "# For the proxy on the same machine.\nbind = \"127.0.0.1:8000\""
    }
}

const fn class(class: Class, loop_class: &'static str) -> &'static str {
    match class {
        Class::EventLoop => loop_class,
        class => class.as_str(),
    }
}

/// `workers = 2`, with the range and what it rests on.
fn number(item: &Item, inputs: &Inputs, sure: bool) -> String {
    let fine = if sure { "is fine" } else { "may be right" };
    let range =
        if item.lower == item.upper { String::new() } else { format!("{} to {} {fine}, ", item.lower, item.upper) };
    if item.binding == Binding::OneProcess
        && let Some(why) = &inputs.one_process
    {
        let Known { value, source, .. } = why;
        return format!("# One and no more ({source}): {value}.\n{} = {}\n", item.setting, item.target);
    }
    // Each limit with its own number.
    let of = match item.binding {
        Binding::Cpu => inputs.cpus.as_ref().map(|cpus| format!(": {} ({})", cpus.value, cpus.source)),
        Binding::Memory => inputs.memory.as_ref().map(|memory| format!(": {} ({})", memory.value, memory.source)),
        Binding::Database => inputs
            .database
            .as_ref()
            .map(|database| format!(": {} connections ({})", database.limit.value, database.limit.source)),
        _ => None,
    };
    let of = of.unwrap_or_default();
    format!("# {range}limited by {}{of}.\n{} = {}\n", item.binding, item.setting, item.target)
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
    let graceful = seconds("graceful_timeout").unwrap_or(30);
    let stop = inputs.chain.kill_after.as_ref().map_or_else(String::new, |kill| {
        let Known { value, source, .. } = kill;
        if f64::from(graceful) < value.0 {
            format!(", below the {value} until the kill ({source})")
        } else {
            format!("; the kill after {value} ({source}) comes before, so give it more")
        }
    });
    let _ = write!(
        text,
        "\n# Seconds for requests that run when the server stops{stop}.\ngraceful_timeout = {graceful}\n",
    );
    if advice.class != Class::Sync {
        let idle = inputs.chain.idle_kept.as_ref().map_or_else(
            || ": longer than most proxies in front keep it".to_owned(),
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
