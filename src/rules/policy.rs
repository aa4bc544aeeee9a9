//! Rules that a project states itself: bounds on settings and limits.
//!
//! Decides whether what a service has keeps within them. A value that cannot be told breaks no bound; a
//! policy may ask to hear of it. What a service has is found in `held`, and what no service has in `idle`.

mod held;
mod idle;

pub use idle::idle;

use ignore::gitignore::Gitignore;
use regex_automata::meta::Regex;

use super::prelude::{Context, Service};
use crate::advice::Declared;
use crate::deployment::Effective;
use crate::findings::{Confidence, Finding, Label, Severity};
use crate::servers::{Server, Version, WorkerClass};
use crate::source::Place;
use crate::values::Value;
use held::{Held, held, number};

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
    /// Whether a file states it that others extend.
    pub is_shared: bool,
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

/// What all policies say to all services.
pub fn keep(policies: &[Policy], services: &[Service], declared: &Declared, context: &Context) -> Vec<Finding> {
    let mut found: Vec<Finding> = Vec::new();
    for policy in policies {
        for service in services.iter().filter(|service| policy.when.holds(service, context)) {
            let Some(finding) = policy.judge(service, declared, context) else { continue };
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
        (self.classes.is_empty() || self.classes.iter().any(is_class)) && self.holds_but_for_class(service, context)
    }

    /// Whether it may hold: of a class that nobody can tell it may be any.
    fn may_hold(&self, service: &Service, context: &Context) -> bool {
        let class = service.deployment.setting("worker_class");
        let is_open = class.is_some_and(|class| class.value().is_none());
        self.holds(service, context) || is_open && self.holds_but_for_class(service, context)
    }

    fn holds_but_for_class(&self, service: &Service, context: &Context) -> bool {
        let deployment = service.deployment;
        let path = context.files.get(deployment.command.file).path();
        (self.servers.is_empty() || self.servers.contains(&deployment.server))
            && self.production.is_none_or(|production| production == service.in_production())
            && self.path.as_ref().is_none_or(|paths| paths.matched_path_or_any_parents(path, false).is_ignore())
    }
}

impl Policy {
    fn judge(&self, service: &Service, declared: &Declared, context: &Context) -> Option<Finding> {
        let held = held(&self.subject, service, declared, context)?;
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
}

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
    number(a).is_some_and(|a| number(b).is_some_and(|b| (a - b).abs() < f64::EPSILON))
}

/// A value without the quotes of Python.
fn spelled(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
