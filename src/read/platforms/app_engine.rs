//! `app.yaml` of Google App Engine.
//!
//! A service without an entry point is started by the runtime itself, with options that no file of the project tells.

use crate::source::{FileId, SourceFile};
use crate::values::{Bytes, Cpus};

use super::super::tree::{Node, read_yaml};
use super::super::{Autoscaler, Build, Facts, HealthKind, Limits, Unit};
use super::known::platform;
use super::reader::{Reader, number};

/// Reads one.
pub(in super::super) fn read(file: FileId, source: &SourceFile, facts: &mut Facts) {
    let document = read_yaml(file, source, facts);
    let mut reader = Reader::new(file, source);
    for top in &document.tops {
        service(top, &mut reader);
    }
    reader.finish(facts);
}

fn service(top: &Node, reader: &mut Reader) {
    let Some(runtime) = top.get("runtime") else { return };
    let name = reader.located(top.any(&["service", "module"]));
    let mut unit = reader.unit(name.as_ref().map_or("default", |name| name.value.as_str()), runtime.content);
    let is_flexible = top.any(&["env", "vm"]).and_then(Node::text).is_some_and(|env| env != "standard");
    if let Some(engine) = platform("App Engine") {
        engine.sets(&mut unit, true, None, reader.place(runtime.content));
        if let Some(class) = reader.located(top.get("instance_class")) {
            engine.bound(&class, &mut unit.limits);
        }
    }
    // The variables may also be given as a list of one-entry tables.
    let table = top.get("env_variables");
    unit.environment.extend(table.map(|table| reader.variables(table)).unwrap_or_default());
    for item in table.map(Node::items).unwrap_or_default() {
        unit.environment.extend(reader.variables(item));
    }
    if runtime.text() == Some("custom") {
        unit.build = Some(Build { context: None, dockerfile: None, target: None, inline: None });
    }
    unit.command = top.get("entrypoint").and_then(|entrypoint| {
        // `entrypoint: {shell: ...}` is how the platform writes it down itself.
        reader.shell(entrypoint.get("shell").unwrap_or(entrypoint))
    });
    if unit.command.is_none() && !is_flexible && top.get("entrypoint").is_none() {
        let runtime = reader.located(Some(runtime));
        unit.usual = platform("App Engine").zip(runtime).and_then(|(engine, at)| engine.starts(&at.value, at.place));
    }
    resources(top, &mut unit.limits, reader);
    scaling(top, &mut unit.limits, reader);
    if is_flexible {
        checks(top, &mut unit, reader);
    }
    reader.add(unit);
}

/// `resources` of the flexible environment. Of `memory_gb` about 0.4 GB is taken by the platform.
fn resources(top: &Node, limits: &mut Limits, reader: &Reader) {
    let Some(resources) = top.get("resources") else { return };
    let cpus = reader.parsed(resources.get("cpu"), |text| number(text).filter(|cpus| *cpus > 0.0).map(Cpus));
    limits.cpus = cpus.or(limits.cpus.take());
    let memory = reader.parsed(resources.get("memory_gb"), |text| Bytes::parse(&format!("{text}g"), false));
    limits.memory = memory.or(limits.memory.take());
}

fn scaling(top: &Node, limits: &mut Limits, reader: &Reader) {
    limits.replicas = reader.count(top.at(&["manual_scaling", "instances"]));
    if let Some(section) = top.get("automatic_scaling") {
        limits.autoscaler = Some(Autoscaler {
            least: reader.count(section.any(&["min_num_instances", "min_instances"])),
            most: reader.count(section.any(&["max_num_instances", "max_instances"])),
            place: reader.place(section.span),
        });
    } else if let Some(section) = top.get("basic_scaling") {
        let most = reader.count(section.get("max_instances"));
        limits.autoscaler = Some(Autoscaler { least: None, most, place: reader.place(section.span) });
    }
}

fn checks(top: &Node, unit: &mut Unit, reader: &Reader) {
    for (key, kind) in [("liveness_check", HealthKind::Liveness), ("readiness_check", HealthKind::Readiness)] {
        let Some(section) = top.get(key) else { continue };
        let mut check = reader.check(kind, section.span);
        check.path = reader.located(section.get("path"));
        check.interval = reader.seconds(section.get("check_interval_sec"));
        check.timeout = reader.seconds(section.get("timeout_sec"));
        check.failures = reader.count(section.get("failure_threshold"));
        check.start_period = reader.seconds(section.get("initial_delay_sec"));
        unit.health.push(check);
    }
}
