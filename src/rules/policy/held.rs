//! What a service has where a policy looks, with its origin.
//!
//! Decides whose word on a limit counts: that of the user before that of a file, as for every other rule. What the
//! user states is about production, so what serves developers has the limits of its files alone.

use super::{Number, Subject, spelled};
use crate::advice::Declared;
use crate::deployment::{Effective, Layer, Resolved};
use crate::findings::Confidence;
use crate::rules::prelude::{Context, Service, exact};
use crate::servers::WorkerClass;
use crate::sizing::Known;
use crate::source::Place;
use crate::values::Value;

/// What a service has where a policy looks.
pub(super) struct Held<'a> {
    /// How to name it.
    pub(super) subject: String,
    pub(super) value: Result<Value, String>,
    pub(super) number: Option<Number>,
    /// How to show the value.
    pub(super) shown: String,
    pub(super) place: Place,
    pub(super) origin: String,
    pub(super) is_set: bool,
    pub(super) confidence: Confidence,
    pub(super) class: Option<&'a WorkerClass>,
}

/// A limit, and who sets it.
struct Limit {
    number: f64,
    shown: String,
    /// Where a file sets it.
    place: Option<Place>,
}

impl Limit {
    /// What the user states, which `shown` says in its unit.
    fn stated<T>(known: &Known<T>, number: f64, shown: &str) -> Self {
        Self { number, shown: format!("{shown} ({})", known.source), place: None }
    }

    fn written(place: Place, number: f64, shown: String) -> Self {
        Self { number, shown, place: Some(place) }
    }
}

/// What the service has there; `None` where its server has no such setting.
pub(super) fn held<'a>(
    subject: &Subject,
    service: &Service<'a>,
    declared: &Declared,
    context: &Context,
) -> Option<Held<'a>> {
    let deployment = service.deployment;
    Some(match subject {
        Subject::Setting(name) => setting(service, deployment.setting(name)?),
        Subject::Version => version(service),
        Subject::Cpus => limited(service, "cpus", cpus(service, declared)),
        Subject::Memory => limited(service, "memory", memory(service, declared)),
        Subject::StopGrace => limited(service, "the time to stop", stop_grace(service, context)),
        Subject::Replicas => limited(service, "replicas", replicas(service, context)),
    })
}

fn cpus(service: &Service, declared: &Declared) -> Option<Limit> {
    let stated = declared.cpus.as_ref().filter(|_| service.in_production());
    let stated = stated.map(|it| Limit::stated(it, it.value.0, &it.value.0.to_string()));
    stated.or_else(|| {
        let it = service.deployment.limits.cpus.as_ref()?;
        Some(Limit::written(it.place, it.value.0, it.value.0.to_string()))
    })
}

fn memory(service: &Service, declared: &Declared) -> Option<Limit> {
    let stated = declared.memory.as_ref().filter(|_| service.in_production());
    let stated = stated.map(|it| Limit::stated(it, it.value.as_mib() * MIB, &it.value.to_string()));
    stated.or_else(|| {
        let it = service.deployment.limits.memory.as_ref()?;
        Some(Limit::written(it.place, it.value.as_mib() * MIB, it.value.to_string()))
    })
}

fn stop_grace(service: &Service, context: &Context) -> Option<Limit> {
    let limits = &service.deployment.limits;
    let stated = context.stated.kill_after.as_ref().filter(|_| service.in_production());
    let stated = stated.map(|it| Limit::stated(it, it.value, &format!("{} s", it.value)));
    let written = || {
        let it = limits.stop_grace.as_ref()?;
        Some(Limit::written(it.place, it.value.0, format!("{} s", it.value.0)))
    };
    stated.or_else(written).or_else(|| {
        let usual = limits.usual_stop()?;
        let shown = format!("{} s (the default of {})", usual.value.0, usual.by);
        Some(Limit::written(service.deployment.command, usual.value.0, shown))
    })
}

fn replicas(service: &Service, context: &Context) -> Option<Limit> {
    let stated = context.stated.replicas.as_ref().filter(|_| service.in_production());
    let stated = stated.map(|it| Limit::stated(it, f64::from(it.value), &it.value.to_string()));
    stated.or_else(|| {
        let it = service.deployment.limits.replicas.as_ref()?;
        Some(Limit::written(it.place, f64::from(it.value), it.value.to_string()))
    })
}

fn limited<'a>(service: &Service<'a>, name: &str, found: Option<Limit>) -> Held<'a> {
    let place = found.as_ref().and_then(|limit| limit.place);
    Held {
        subject: format!("the limit of {name}"),
        value: found.as_ref().map(|limit| Value::Float(limit.number)).ok_or_else(|| format!("no file limits {name}")),
        number: found.as_ref().map(|limit| Number::Plain(limit.number)),
        place: place.unwrap_or(service.deployment.command),
        origin: if place.is_some() { "the limit" } else { "started here" }.to_owned(),
        is_set: found.is_some(),
        shown: found.map_or_else(String::new, |limit| limit.shown),
        confidence: Confidence::High,
        class: None,
    }
}

fn setting<'a>(service: &Service<'a>, effective: &Effective) -> Held<'a> {
    let deployment = service.deployment;
    let value = match &effective.winner.value {
        Resolved::Known(value) => Ok(value.clone()),
        Resolved::Unknown(reason) => Err(reason.clone()),
    };
    let number = value.as_ref().ok().and_then(number).map(Number::Plain);
    let origin = match effective.winner.layer {
        Layer::Default => format!("the default of {} {}", deployment.server, deployment.version.version_text()),
        _ => "set here".to_owned(),
    };
    let is_class = effective.setting.name() == "worker_class";
    Held {
        subject: format!("`{}`", effective.setting.name()),
        shown: value.as_ref().map(|value| format!("`{}`", spelled(value))).unwrap_or_default(),
        value,
        number,
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

/// A number that a value is.
pub(super) fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Int(number) => Some(exact(*number)),
        Value::Float(number) => Some(*number),
        _ => None,
    }
}

const MIB: f64 = 1_048_576.0;
