//! Container apps and container groups of Azure.
//!
//! `command` stands in for the entry point of the image and `args` for its command, as in Kubernetes. In a
//! container group there is only `command`, which stands in for both.

use crate::source::{FileId, SourceFile};
use crate::values::{Bytes, Cpus};

use super::super::tree::{Node, read_yaml};
use super::super::{Autoscaler, Facts, HealthCheck, HealthKind, Unit};
use super::reader::{Reader, number};

/// Reads one.
pub(in super::super) fn read(file: FileId, source: &SourceFile, facts: &mut Facts) {
    let document = read_yaml(file, source, facts);
    let mut reader = Reader::new(file, source);
    for top in &document.tops {
        let properties = top.get("properties").unwrap_or(top);
        let template = properties.get("template").unwrap_or(properties);
        for container in template.get("containers").map(Node::items).unwrap_or_default() {
            let mut unit = self::container(container, &mut reader);
            if let Some(scale) = template.get("scale") {
                unit.limits.autoscaler = Some(Autoscaler {
                    least: reader.count(scale.get("minReplicas")),
                    most: reader.count(scale.get("maxReplicas")),
                    place: reader.place(scale.span),
                });
            }
            unit.limits.stop_grace = reader.seconds(template.get("terminationGracePeriodSeconds"));
            reader.add(unit);
        }
    }
    reader.finish(facts);
}

fn container(container: &Node, reader: &mut Reader) -> Unit {
    let name = container.get("name");
    let span = name.map_or(container.span, |name| name.content);
    let mut unit = reader.unit(name.and_then(Node::text).unwrap_or_default(), span);
    // A container of a group keeps what is said of it below `properties`.
    let said = container.get("properties").unwrap_or(container);
    unit.image = reader.image(said.get("image"));
    unit.entrypoint = said.get("command").and_then(|words| reader.words(words));
    unit.command = said.get("args").and_then(|words| reader.words(words));
    let list = said.any(&["env", "environmentVariables"]);
    unit.environment = list.map(|list| reader.pairs(list, &["name"], &["value"])).unwrap_or_default();
    // Of a container app these are limits; a group tells them from what is asked for.
    let resources = said.get("resources");
    let bounded = resources.and_then(|resources| resources.get("limits").or(Some(resources)));
    unit.limits.cpus = reader.parsed(bounded.and_then(|node| node.get("cpu")), cores);
    unit.limits.memory = reader.parsed(bounded.and_then(|node| node.any(&["memory", "memoryInGB"])), memory);
    if let Some(requests) = resources.and_then(|resources| resources.get("requests")) {
        unit.limits.cpu_request = reader.parsed(requests.get("cpu"), cores);
        unit.limits.memory_request = reader.parsed(requests.any(&["memory", "memoryInGB"]), memory);
    }
    for probe in said.get("probes").map(Node::items).unwrap_or_default() {
        let kind = match probe.get("type").and_then(Node::text).unwrap_or_default().to_ascii_lowercase().as_str() {
            "liveness" => HealthKind::Liveness,
            "startup" => HealthKind::Startup,
            _ => HealthKind::Readiness,
        };
        unit.health.push(check(probe, kind, reader));
    }
    for (key, kind) in [("livenessProbe", HealthKind::Liveness), ("readinessProbe", HealthKind::Readiness)] {
        unit.health.extend(said.get(key).map(|probe| check(probe, kind, reader)));
    }
    unit
}

fn cores(text: &str) -> Option<Cpus> {
    number(text).filter(|cpus| *cpus > 0.0).map(Cpus)
}

/// `1Gi`, or a number of gigabytes.
fn memory(text: &str) -> Option<Bytes> {
    let bytes = number(text).map_or_else(|| Bytes::parse(text, true), |_| Bytes::parse(&format!("{text}g"), false));
    bytes.filter(|bytes| bytes.0 > 0)
}

fn check(probe: &Node, kind: HealthKind, reader: &mut Reader) -> HealthCheck {
    let mut check = reader.check(kind, probe.span);
    let ask = probe.any(&["httpGet", "tcpSocket"]);
    check.path = reader.located(ask.and_then(|ask| ask.get("path")));
    check.port = reader.located(ask.and_then(|ask| ask.get("port")));
    check.command = probe.at(&["exec", "command"]).and_then(|words| reader.words(words));
    check.interval = reader.seconds(probe.get("periodSeconds"));
    check.timeout = reader.seconds(probe.get("timeoutSeconds"));
    check.failures = reader.count(probe.get("failureThreshold"));
    check.start_period = reader.seconds(probe.get("initialDelaySeconds"));
    check
}
