//! App specifications of `DigitalOcean`.
//!
//! Paths are relative to the root of the repository, whatever folder the file is in.

use crate::source::{FileId, Located, SourceFile};
use crate::values::{Bytes, Cpus};

use super::super::tree::{Node, read_yaml};
use super::super::{Autoscaler, Build, Facts, HealthCheck, HealthKind, Limits, Variable};
use super::known::platform;
use super::reader::{Reader, number};

/// Reads one.
pub(in super::super) fn read(file: FileId, source: &SourceFile, facts: &mut Facts) {
    let document = read_yaml(file, source, facts);
    let mut reader = Reader::new(file, source);
    for top in &document.tops {
        // A template for the deploy button holds the specification below `spec`.
        let spec = top.get("spec").unwrap_or(top);
        let shared = spec.get("envs").map(|list| variables(list, &reader)).unwrap_or_default();
        for key in ["services", "workers"] {
            for node in spec.get(key).map(Node::items).unwrap_or_default() {
                component(node, &shared, &mut reader);
            }
        }
    }
    reader.finish(facts);
}

fn component(node: &Node, shared: &[Variable], reader: &mut Reader) {
    let name = node.get("name");
    let span = name.map_or(node.span, |name| name.content);
    let mut unit = reader.unit(name.and_then(Node::text).unwrap_or_default(), span);
    unit.environment = port(node, reader).into_iter().chain(shared.iter().cloned()).collect();
    unit.environment.extend(node.get("envs").map(|list| variables(list, reader)).unwrap_or_default());
    let source = reader.folder(node.get("source_dir"));
    if let Some(image) = node.get("image") {
        unit.image = reader.image(image.any(&["repository", "registry"]));
    } else if let Some(dockerfile) = reader.folder(node.get("dockerfile_path")) {
        unit.build = Some(Build { context: source, dockerfile: Some(dockerfile), target: None, inline: None });
    } else {
        unit.working_folder = source;
    }
    unit.command = node.get("run_command").and_then(|command| reader.shell(command));
    if let Some(size) = reader.located(node.get("instance_size_slug")) {
        bound(&size, &mut unit.limits);
    }
    unit.limits.replicas = reader.count(node.get("instance_count"));
    if let Some(scaling) = node.get("autoscaling") {
        unit.limits.autoscaler = Some(Autoscaler {
            least: reader.count(scaling.get("min_instance_count")),
            most: reader.count(scaling.get("max_instance_count")),
            place: reader.place(scaling.span),
        });
    }
    let termination = node.get("termination");
    unit.limits.stop_grace = reader.seconds(termination.and_then(|node| node.get("grace_period_seconds")));
    for (key, kind) in [("health_check", HealthKind::Readiness), ("liveness_health_check", HealthKind::Liveness)] {
        unit.health.extend(node.get(key).map(|node| check(node, kind, reader)));
    }
    reader.add(unit);
}

/// The port that requests are sent to is what `PORT` is set to, 8080 if not given.
fn port(node: &Node, reader: &Reader) -> Option<Variable> {
    let port = node.get("http_port")?;
    Some(reader.variable("PORT", port.content, port))
}

/// `envs`: what is only there while the image is built does not count, and a secret is unknown.
fn variables(list: &Node, reader: &Reader) -> Vec<Variable> {
    let mut found = Vec::new();
    for item in list.items() {
        if item.get("scope").and_then(Node::text) == Some("BUILD_TIME") {
            continue;
        }
        let Some(name) = reader.located(item.get("key")) else { continue };
        let secret = item.get("type").and_then(Node::text) == Some("SECRET");
        let value = item.get("value").filter(|_| !secret).map(|value| reader.value(value));
        found.push(Variable { name: name.value, value, place: reader.place(item.span), build_only: false });
    }
    found
}

/// The old names are in a table; the new ones hold their size: `apps-d-2vcpu-4gb`.
fn bound(size: &Located<String>, limits: &mut Limits) {
    if let Some(platform) = platform("DigitalOcean") {
        platform.bound(size, limits);
    }
    for piece in size.value.split('-').filter(|_| size.value.starts_with("apps-")) {
        if let Some(cpus) = piece.strip_suffix("vcpu").and_then(number).filter(|cpus| *cpus > 0.0) {
            limits.cpus = Some(Located::new(Cpus(cpus), size.place));
        } else if piece.ends_with("gb") {
            limits.memory = Bytes::parse(piece, false).map(|bytes| Located::new(bytes, size.place));
        }
    }
}

fn check(node: &Node, kind: HealthKind, reader: &Reader) -> HealthCheck {
    let mut check = reader.check(kind, node.span);
    check.path = reader.located(node.get("http_path"));
    check.port = reader.located(node.get("port"));
    check.interval = reader.seconds(node.get("period_seconds"));
    check.timeout = reader.seconds(node.get("timeout_seconds"));
    check.failures = reader.count(node.get("failure_threshold"));
    check.start_period = reader.seconds(node.get("initial_delay_seconds"));
    check
}
