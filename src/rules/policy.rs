//! Rules that a project states itself: bounds on settings and limits.
//!
//! Decides whether what a service has keeps within them. A value that cannot be told breaks no bound; a
//! policy may ask to hear of it.

use ignore::gitignore::Gitignore;
use regex_automata::meta::Regex;

use super::prelude::{Context, Service, exact};
use crate::deployment::{Effective, Layer, Resolved};
use crate::findings::{Confidence, Finding, Label, Severity};
use crate::servers::{Server, Version, WorkerClass};
use crate::source::Place;
use crate::values::Value;

/// What findings of policies show where those of other rules show their code.
const CODE: &str = "policy";

/// One rule of the project's own.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Its name.
    pub name: &'static str,
    /// What to say; the value and the bound are added.
    pub message: Option<String>,
    /// How bad it is.
    pub severity: Severity,
    /// What has to hold for it to apply.
    pub when: When,
    /// What it is about.
    pub subject: Subject,
    /// What it demands of that.
    pub demand: Demand,
    /// Whether a value that cannot be told is reported.
    pub reports_unknown: bool,
    /// Where it is stated.
    pub stated: Option<Place>,
}

/// What has to hold for a policy to apply.
#[derive(Debug, Clone, Default)]
pub struct When {
    /// Any of these servers, if there are any.
    pub servers: Vec<Server>,
    /// Any of these worker classes.
    pub classes: Vec<String>,
    /// In production, or not in production.
    pub production: Option<bool>,
    /// The file that starts the server.
    pub path: Option<Gitignore>,
}

/// What a policy is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A setting, by its name.
    Setting(String),
    /// The version of the server.
    Version,
    /// Cores that it may use.
    Cpus,
    /// Memory that it may use, in bytes.
    Memory,
    /// How many copies run.
    Replicas,
    /// Seconds from the signal to stop to the kill, by a file or by default.
    StopGrace,
}

/// What a policy demands.
#[derive(Debug, Clone, Default)]
pub struct Demand {
    /// The most.
    pub max: Option<Bound>,
    /// The least.
    pub min: Option<Bound>,
    /// The only values.
    pub one_of: Vec<Value>,
    /// Values that may not be.
    pub not: Vec<Value>,
    /// What the value has to match somewhere.
    pub matches: Option<(String, Regex)>,
    /// Somebody has to set it.
    pub required: bool,
    /// Nobody may set it.
    pub forbidden: bool,
}

/// A number to compare with, or a version.
#[derive(Debug, Clone)]
pub struct Bound {
    /// As it was written.
    pub text: String,
    /// What it comes to.
    pub number: Number,
}

/// What can be more or less than another.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub enum Number {
    /// A number.
    Plain(f64),
    /// A version.
    Version(Version),
}

/// What a service has where a policy looks.
struct Held<'a> {
    /// How to name it.
    subject: String,
    value: Result<Value, String>,
    number: Option<Number>,
    /// How to show the value.
    shown: String,
    place: Place,
    origin: String,
    is_set: bool,
    confidence: Confidence,
    class: Option<&'a WorkerClass>,
}

/// What all policies say to all services.
pub fn keep(policies: &[Policy], services: &[Service], context: &Context) -> Vec<Finding> {
    let mut found: Vec<Finding> = Vec::new();
    for policy in policies {
        for service in services.iter().filter(|service| policy.when.holds(service, context)) {
            let Some(finding) = policy.judge(service) else { continue };
            // Two deployments that load one file break a bound once.
            let same = |other: &Finding| (other.rule, &other.primary) == (finding.rule, &finding.primary);
            if !found.iter().any(same) {
                found.push(finding);
            }
        }
    }
    found
}

impl When {
    fn holds(&self, service: &Service, context: &Context) -> bool {
        let deployment = service.deployment;
        let written = deployment.setting("worker_class").and_then(Effective::text);
        let is_class =
            |name: &String| written == Some(name) || deployment.class.is_some_and(|class| class.is_called(name));
        let path = context.files.get(deployment.command.file).path();
        (self.servers.is_empty() || self.servers.contains(&deployment.server))
            && (self.classes.is_empty() || self.classes.iter().any(is_class))
            && self.production.is_none_or(|production| production == service.in_production())
            && self.path.as_ref().is_none_or(|paths| paths.matched_path_or_any_parents(path, false).is_ignore())
    }
}

impl Policy {
    fn judge(&self, service: &Service) -> Option<Finding> {
        let held = self.held(service)?;
        let (fault, sure) = match (&held.value, self.demand.broken(&held)) {
            (_, Some(fault)) => (fault, held.confidence),
            (Err(reason), None) if self.reports_unknown && self.demand.looks_at_value() => {
                (format!("cannot be told: {reason}"), Confidence::Low)
            }
            _ => return None,
        };
        let fact = format!("{} {fault}", held.subject);
        let message = match &self.message {
            Some(message) => format!("{message}: {fact}"),
            None => fact,
        };
        let stated = self.stated.map(|place| Label::new(place, "the policy")).into_iter();
        let class = service.deployment.setting("worker_class").and_then(Effective::place);
        let class =
            class.filter(|_| !self.when.classes.is_empty()).map(|place| Label::new(place, "on this worker class"));
        Some(Finding {
            rule: self.name,
            code: CODE,
            severity: self.severity,
            confidence: sure,
            message,
            primary: Label::new(held.place, held.origin),
            related: class.into_iter().chain(stated).collect(),
            help: None,
            category: None,
            pattern: None,
            handlers: Vec::new(),
            way: Vec::new(),
            cause: None,
            function: None,
            fix: None,
        })
    }

    /// What the service has there; `None` where its server has no such setting.
    fn held<'a>(&self, service: &Service<'a>) -> Option<Held<'a>> {
        let deployment = service.deployment;
        let limits = &deployment.limits;
        let limit = |name: &str, found: Option<(f64, String, Place)>| {
            let missing = || format!("no file limits {name}");
            Held {
                subject: format!("the limit of {name}"),
                value: found.as_ref().map(|(number, ..)| Value::Float(*number)).ok_or_else(missing),
                number: found.as_ref().map(|(number, ..)| Number::Plain(*number)),
                shown: found.as_ref().map_or_else(String::new, |(_, shown, _)| shown.clone()),
                place: found.as_ref().map_or(deployment.command, |(.., place)| *place),
                origin: if found.is_some() { "the limit" } else { "started here" }.to_owned(),
                is_set: found.is_some(),
                confidence: Confidence::High,
                class: None,
            }
        };
        Some(match &self.subject {
            Subject::Setting(name) => Self::setting(service, deployment.setting(name)?),
            Subject::Version => Self::version(service),
            Subject::Cpus => {
                let shown = |cpus: f64| format!("{cpus}");
                limit("cpus", limits.cpus.as_ref().map(|it| (it.value.0, shown(it.value.0), it.place)))
            }
            Subject::Memory => limit(
                "memory",
                limits.memory.as_ref().map(|it| (it.value.as_mib() * MIB, it.value.to_string(), it.place)),
            ),
            Subject::StopGrace => {
                let usual = limits.usual_stop().map(|usual| {
                    let shown = format!("{} s (the default of {})", usual.value.0, usual.by);
                    (usual.value.0, shown, deployment.command)
                });
                let written = limits.stop_grace.as_ref().map(|it| (it.value.0, format!("{} s", it.value.0), it.place));
                limit("the time to stop", written.or(usual))
            }
            Subject::Replicas => limit(
                "replicas",
                limits.replicas.as_ref().map(|it| (f64::from(it.value), it.value.to_string(), it.place)),
            ),
        })
    }

    fn setting<'a>(service: &Service<'a>, effective: &Effective) -> Held<'a> {
        let deployment = service.deployment;
        let value = match &effective.winner.value {
            Resolved::Known(value) => Ok(value.clone()),
            Resolved::Unknown(reason) => Err(reason.clone()),
        };
        let number = match &value {
            Ok(Value::Int(number)) => Some(exact(*number)),
            Ok(Value::Float(number)) => Some(*number),
            _ => None,
        };
        let origin = match effective.winner.layer {
            Layer::Default => format!("the default of {} {}", deployment.server, deployment.version.version_text()),
            _ => "set here".to_owned(),
        };
        let is_class = effective.setting.name() == "worker_class";
        Held {
            subject: format!("`{}`", effective.setting.name()),
            shown: value.as_ref().map(|value| format!("`{}`", spelled(value))).unwrap_or_default(),
            value,
            number: number.map(Number::Plain),
            place: effective.place().unwrap_or(deployment.command),
            origin,
            is_set: effective.is_set(),
            confidence: effective.confidence(),
            class: deployment.class.filter(|_| is_class),
        }
    }

    fn version<'a>(service: &Service<'a>) -> Held<'a> {
        let deployment = service.deployment;
        let version = &deployment.version;
        let known = !version.is_assumed();
        let missing = || "the project does not say which version it installs".to_owned();
        Held {
            subject: format!("the version of {}", deployment.server),
            value: known.then(|| Value::Str(version.version_text().to_owned())).ok_or_else(missing),
            number: known.then_some(Number::Version(version.version)),
            shown: version.version_text().to_owned(),
            place: version.place.unwrap_or(deployment.command),
            origin: if known { "asked for here" } else { "started here" }.to_owned(),
            is_set: known,
            confidence: Confidence::High,
            class: None,
        }
    }
}

const MIB: f64 = 1_048_576.0;

impl Demand {
    fn looks_at_value(&self) -> bool {
        self.max.is_some()
            || self.min.is_some()
            || !self.one_of.is_empty()
            || !self.not.is_empty()
            || self.matches.is_some()
    }

    /// What is wrong, as the end of a sentence about the subject.
    fn broken(&self, held: &Held) -> Option<String> {
        if self.required && !held.is_set {
            return Some("is not set".to_owned());
        }
        if self.forbidden && held.is_set {
            return Some("is set".to_owned());
        }
        let value = held.value.as_ref().ok()?;
        let is = |what: String| Some(format!("is {}, {what}", held.shown));
        if let (Some(max), Some(number)) = (&self.max, held.number)
            && number > max.number
        {
            return is(format!("more than {}", max.text));
        }
        if let (Some(min), Some(number)) = (&self.min, held.number)
            && number < min.number
        {
            return is(format!("less than {}", min.text));
        }
        let equals = |wanted: &Value| {
            let called = |class: &WorkerClass| wanted.as_str().is_some_and(|name| class.is_called(name));
            wanted == value || held.class.is_some_and(called) || same_number(wanted, value)
        };
        if !self.one_of.is_empty() && !self.one_of.iter().any(equals) {
            let all: Vec<String> = self.one_of.iter().map(|value| format!("`{}`", spelled(value))).collect();
            return is(format!("not one of {}", all.join(", ")));
        }
        if self.not.iter().any(equals) {
            return is("which is ruled out".to_owned());
        }
        let (pattern, regex) = self.matches.as_ref()?;
        let texts: Vec<String> = match value {
            Value::List(items) => items.iter().map(spelled).collect(),
            other => vec![spelled(other)],
        };
        let all = texts.iter().all(|text| regex.is_match(text.as_str()));
        if all { None } else { is(format!("which does not match `{pattern}`")) }
    }
}

fn same_number(a: &Value, b: &Value) -> bool {
    let number = |value: &Value| match value {
        Value::Int(number) => Some(exact(*number)),
        Value::Float(number) => Some(*number),
        _ => None,
    };
    number(a).is_some_and(|a| number(b).is_some_and(|b| (a - b).abs() < f64::EPSILON))
}

/// A value without the quotes of Python.
fn spelled(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
