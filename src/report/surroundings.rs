//! What surrounds a server: limits, copies, checks, and how it is asked to stop.

use std::fmt::Write as _;

use serde::Serialize;

use super::document::At;
use super::launches::WIDTH;
use crate::deployment::{Autoscaler, Command, Deployment, Form, HealthCheck, HealthKind, Limits};
use crate::source::{Files, Located, Place};
use crate::values::{Bytes, Cpus, Seconds};

/// A fact with its label: `memory limit`, `512 MiB`, where it is said or who decides it.
type Row = (&'static str, String, Said);

enum Said {
    At(Place),
    By(&'static str),
}

/// Adds a line for each fact that the files tell.
pub(super) fn describe(text: &mut String, files: &Files, deployment: &Deployment) {
    let rows = rows(files, deployment);
    let wide = rows.iter().map(|(_, value, _)| value.chars().count()).max().unwrap_or(0).min(40);
    for (label, value, said) in rows {
        let said = match said {
            Said::At(place) => format!("{}{}", files.describe(place), unless(&deployment.limits, place)),
            Said::By(who) => format!("default of {who}"),
        };
        let _ = writeln!(text, "  {label:WIDTH$} {value:wide$}  {said}");
    }
}

/// The variables without which the text at `place` counts, as the end of a line.
fn unless(limits: &Limits, place: Place) -> String {
    let names: Vec<String> = variables(limits, place).map(|name| format!("`{name}`")).collect();
    if names.is_empty() { String::new() } else { format!(", unless {} is set", names.join(" or ")) }
}

/// The variables in whose place the text at `place` stands.
fn variables(limits: &Limits, place: Place) -> impl Iterator<Item = &str> {
    limits.open.iter().filter(move |(own, _)| *own == place).map(|(_, name)| name.as_str())
}

fn rows(files: &Files, deployment: &Deployment) -> Vec<Row> {
    let limits = &deployment.limits;
    let mut rows = Vec::new();
    push(&mut rows, "CPU limit", limits.cpus.as_ref());
    push(&mut rows, "memory limit", limits.memory.as_ref());
    // What is asked for because it is the limit says nothing new.
    let new = |place: Place, limit: Option<Place>| limit != Some(place);
    let cpu = limits.cpus.as_ref().map(|limit| limit.place);
    push(&mut rows, "CPU request", limits.cpu_request.as_ref().filter(|request| new(request.place, cpu)));
    let memory = limits.memory.as_ref().map(|limit| limit.place);
    push(&mut rows, "memory request", limits.memory_request.as_ref().filter(|request| new(request.place, memory)));
    rows.extend(copies(limits));
    rows.extend(deployment.health.iter().map(|check| (label(check.kind), asked(files, check), Said::At(check.place))));
    push(&mut rows, "user", deployment.user.as_ref());
    let signal = deployment.stop_signal.as_ref();
    rows.extend(signal.map(|signal| {
        let said = deployment.set_by(signal.place).map_or(Said::At(signal.place), Said::By);
        ("stop signal", signal.value.clone(), said)
    }));
    push(&mut rows, "stop delay", deployment.stop_delay.as_ref());
    let usual = limits.usual_stop();
    push(&mut rows, "stop grace", limits.stop_grace.as_ref().filter(|_| usual.is_none()));
    rows.extend(usual.map(|usual| ("stop grace", usual.value.to_string(), Said::By(usual.by))));
    rows
}

fn push<T: ToString>(rows: &mut Vec<Row>, label: &'static str, fact: Option<&Located<T>>) {
    rows.extend(fact.map(|fact| (label, fact.value.to_string(), Said::At(fact.place))));
}

fn copies(limits: &Limits) -> Option<Row> {
    let Some(scaler) = &limits.autoscaler else {
        return limits
            .replicas
            .as_ref()
            .map(|replicas| ("replicas", replicas.value.to_string(), Said::At(replicas.place)));
    };
    let bounds = match (&scaler.least, &scaler.most) {
        (Some(least), Some(most)) => format!("{} to {}", least.value, most.value),
        (None, Some(most)) => format!("up to {}", most.value),
        (Some(least), None) => format!("{} or more", least.value),
        (None, None) => "a number that changes".to_owned(),
    };
    let bound = scaler.most.as_ref().or(scaler.least.as_ref());
    Some(("replicas", bounds, Said::At(bound.map_or(scaler.place, |bound| bound.place))))
}

const fn label(kind: HealthKind) -> &'static str {
    match kind {
        HealthKind::Container => "health check",
        HealthKind::Liveness => "liveness",
        HealthKind::Readiness => "readiness",
        HealthKind::Startup => "startup",
    }
}

/// How much of the command of a check is shown.
const MAX_COMMAND: usize = 60;

/// A command as somebody would type it.
fn words(files: &Files, command: &Command) -> String {
    let line = line(files, command);
    if line.chars().count() <= MAX_COMMAND {
        return line;
    }
    let mut short: String = line.chars().take(MAX_COMMAND - 1).collect();
    short.push('…');
    short
}

/// A command on one line.
fn line(files: &Files, command: &Command) -> String {
    let written = match (command.form, command.simple.as_slice()) {
        (Form::Exec, [words]) => words.iter().map(|word| files.text_at(word.place)).collect::<Vec<_>>().join(" "),
        _ => files.text_at(command.place).to_owned(),
    };
    written.split_whitespace().filter(|word| *word != "\\").collect::<Vec<_>>().join(" ")
}

/// `GET /healthz on 8000, every 5 s, within 1 s`.
fn asked(files: &Files, check: &HealthCheck) -> String {
    let port = check.port.as_ref().map(|port| port.value.as_str());
    let mut text = match (&check.path, port, &check.command) {
        (Some(path), Some(port), _) => format!("GET {} on {port}", path.value),
        (Some(path), None, _) => format!("GET {}", path.value),
        (None, Some(port), _) => format!("connects to {port}"),
        (None, None, Some(command)) => words(files, command),
        (None, None, None) => "a check".to_owned(),
    };
    let mut add = |what: &str, seconds: Option<&Located<Seconds>>| {
        if let Some(seconds) = seconds {
            let _ = write!(text, ", {what} {}", seconds.value);
        }
    };
    add("every", check.interval.as_ref());
    add("within", check.timeout.as_ref());
    add("after", check.start_period.as_ref());
    if let Some(failures) = &check.failures {
        let _ = write!(text, ", {} failures", failures.value);
    }
    text
}

/// The same for programs.
#[derive(Serialize)]
pub(super) struct Surroundings<'a> {
    /// In processors.
    cpus: Option<Fact<f64>>,
    /// In bytes.
    memory: Option<Fact<u64>>,
    cpu_request: Option<Fact<f64>>,
    memory_request: Option<Fact<u64>>,
    replicas: Option<Fact<u32>>,
    autoscaling: Option<Autoscaling>,
    health: Vec<Check<'a>>,
    user: Option<Fact<&'a str>>,
    stop_signal: Option<Fact<&'a str>>,
    /// In seconds.
    stop_delay: Option<Fact<f64>>,
    /// In seconds.
    stop_grace: Option<Fact<f64>>,
    /// What it is where no file says anything.
    stop_grace_default: Option<Usual>,
}

#[derive(Serialize)]
struct Usual {
    /// In seconds.
    value: f64,
    by: &'static str,
}

#[derive(Serialize)]
struct Fact<T> {
    value: T,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    depends: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<&'static str>,
    #[serde(flatten)]
    at: At,
}

#[derive(Serialize)]
struct Autoscaling {
    least: Option<Fact<u32>>,
    most: Option<Fact<u32>>,
    #[serde(flatten)]
    at: At,
}

#[derive(Serialize)]
struct Check<'a> {
    kind: &'static str,
    path: Option<&'a str>,
    port: Option<&'a str>,
    command: Option<String>,
    /// In seconds, as the next two.
    interval: Option<f64>,
    timeout: Option<f64>,
    start_period: Option<f64>,
    failures: Option<u32>,
    #[serde(flatten)]
    at: At,
}

fn fact<'a, T, U>(
    files: &Files,
    deployment: &Deployment,
    located: Option<&'a Located<T>>,
    value: impl Fn(&'a T) -> U,
) -> Option<Fact<U>> {
    located.map(|located| Fact {
        value: value(&located.value),
        depends: variables(&deployment.limits, located.place).map(|name| format!("env:{name}")).collect(),
        by: deployment.set_by(located.place),
        at: At::new(files, located.place),
    })
}

impl<'a> Surroundings<'a> {
    pub(super) fn new(files: &'a Files, deployment: &'a Deployment) -> Self {
        let limits = &deployment.limits;
        let (cpus, bytes) = (|cpus: &Cpus| cpus.0, |bytes: &Bytes| bytes.0);
        let seconds = |seconds: &Seconds| seconds.0;
        Self {
            cpus: fact(files, deployment, limits.cpus.as_ref(), cpus),
            memory: fact(files, deployment, limits.memory.as_ref(), bytes),
            cpu_request: fact(files, deployment, limits.cpu_request.as_ref(), cpus),
            memory_request: fact(files, deployment, limits.memory_request.as_ref(), bytes),
            replicas: fact(files, deployment, limits.replicas.as_ref(), |n| *n),
            autoscaling: limits.autoscaler.as_ref().map(|scaler| Autoscaling::new(files, deployment, scaler)),
            health: deployment.health.iter().map(|check| Check::new(files, check)).collect(),
            user: fact(files, deployment, deployment.user.as_ref(), String::as_str),
            stop_signal: fact(files, deployment, deployment.stop_signal.as_ref(), String::as_str),
            stop_delay: fact(files, deployment, deployment.stop_delay.as_ref(), seconds),
            stop_grace: fact(
                files,
                deployment,
                limits.stop_grace.as_ref().filter(|_| limits.usual_stop().is_none()),
                seconds,
            ),
            stop_grace_default: limits.usual_stop().map(|usual| Usual { value: usual.value.0, by: usual.by }),
        }
    }
}

impl Autoscaling {
    fn new(files: &Files, deployment: &Deployment, scaler: &Autoscaler) -> Self {
        Self {
            least: fact(files, deployment, scaler.least.as_ref(), |n| *n),
            most: fact(files, deployment, scaler.most.as_ref(), |n| *n),
            at: At::new(files, scaler.place),
        }
    }
}

impl<'a> Check<'a> {
    fn new(files: &'a Files, check: &'a HealthCheck) -> Self {
        let seconds = |located: &Option<Located<Seconds>>| located.as_ref().map(|located| located.value.0);
        Self {
            kind: match check.kind {
                HealthKind::Container => "container",
                HealthKind::Liveness => "liveness",
                HealthKind::Readiness => "readiness",
                HealthKind::Startup => "startup",
            },
            path: check.path.as_ref().map(|path| path.value.as_str()),
            port: check.port.as_ref().map(|port| port.value.as_str()),
            command: check.command.as_ref().map(|command| line(files, command)),
            interval: seconds(&check.interval),
            timeout: seconds(&check.timeout),
            start_period: seconds(&check.start_period),
            failures: check.failures.as_ref().map(|failures| failures.value),
            at: At::new(files, check.place),
        }
    }
}
