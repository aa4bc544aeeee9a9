//! `render.yaml`, a blueprint of Render.
//!
//! Paths are relative to the folder of the file, or to `rootDir` below it.

use crate::source::{FileId, SourceFile};

use super::super::tree::{Node, read_yaml};
use super::super::{Autoscaler, Build, Facts, HealthKind, Limits, Variable};
use super::known::platform;
use super::reader::{Reader, number};
use crate::values::Seconds;

/// Reads one.
pub(in super::super) fn read(file: FileId, source: &SourceFile, facts: &mut Facts) {
    let document = read_yaml(file, source, facts);
    let mut reader = Reader::new(file, source);
    for top in &document.tops {
        let mut groups = sets(top);
        let mut services: Vec<&Node> = top.get("services").map(Node::items).unwrap_or_default().iter().collect();
        // `projects` hold environments, which hold services.
        for environment in top.get("projects").map(Node::items).unwrap_or_default() {
            for environment in environment.get("environments").map(Node::items).unwrap_or_default() {
                groups.extend(sets(environment));
                services.extend(environment.get("services").map(Node::items).unwrap_or_default());
            }
        }
        for node in services {
            service(node, &groups, &mut reader);
        }
    }
    reader.finish(facts);
}

/// The sets of variables that services refer to by name.
fn sets(node: &Node) -> Vec<&Node> {
    node.get("envVarGroups").map(Node::items).unwrap_or_default().iter().collect()
}

fn service(node: &Node, groups: &[&Node], reader: &mut Reader) {
    let kind = node.get("type").and_then(Node::text).unwrap_or_default();
    let runtime = node.any(&["runtime", "env"]);
    let runtime_name = runtime.and_then(Node::text).unwrap_or_default();
    if matches!(kind, "redis" | "keyvalue" | "static") || runtime_name == "static" || reader.is_full() {
        return;
    }
    let name = node.get("name");
    let span = name.or(runtime).map_or(node.span, |node| node.content);
    let mut unit = reader.unit(name.and_then(Node::text).unwrap_or_default(), span);
    let size = reader.located(node.get("plan"));
    let root = reader.folder(node.get("rootDir"));
    let in_image = matches!(runtime_name, "docker" | "image");
    if let Some(render) = platform("Render") {
        let native = matches!(runtime_name, "python" | "python3");
        let place = reader.place(runtime.map_or(span, |runtime| runtime.content));
        render.sets(&mut unit, native, None, place);
        if let Some(size) = &size {
            render.bound(size, &mut unit.limits);
        }
    }
    unit.environment.extend(variables(node, groups, reader));
    if in_image {
        unit.image = reader.image(node.at(&["image", "url"]));
        if runtime_name == "docker" {
            let context = reader.folder(node.get("dockerContext")).or_else(|| root.clone());
            unit.build = Some(Build {
                context,
                dockerfile: reader.located(node.get("dockerfilePath")),
                target: None,
                inline: None,
            });
        }
        unit.command = node.get("dockerCommand").and_then(|command| reader.shell(command));
    } else {
        unit.working_folder = root;
        unit.command = node.get("startCommand").and_then(|command| reader.shell(command));
    }
    scale(node, &mut unit.limits, reader);
    unit.limits.stop_grace = reader.parsed(node.get("maxShutdownDelaySeconds"), |text| number(text).map(Seconds));
    if let Some(render) = platform("Render") {
        render.stops(&mut unit, node.get("maxShutdownDelaySeconds"));
    }
    if let Some(path) = node.get("healthCheckPath") {
        let mut check = reader.check(HealthKind::Readiness, path.content);
        check.path = reader.located(Some(path));
        unit.health.push(check);
    }
    reader.add(unit);
}

fn scale(node: &Node, limits: &mut Limits, reader: &Reader) {
    limits.replicas = reader.count(node.get("numInstances"));
    if let Some(scaling) = node.get("scaling") {
        limits.autoscaler = Some(Autoscaler {
            least: reader.count(scaling.get("minInstances")),
            most: reader.count(scaling.get("maxInstances")),
            place: reader.place(scaling.span),
        });
    }
}

/// `envVars`: a value, or one that is generated, asked for or taken from somewhere else.
fn variables(node: &Node, groups: &[&Node], reader: &Reader) -> Vec<Variable> {
    let mut found = Vec::new();
    for item in node.get("envVars").map(Node::items).unwrap_or_default() {
        if let Some(group) = item.get("fromGroup").and_then(Node::text) {
            let named = |set: &&&Node| set.get("name").and_then(Node::text) == Some(group);
            let set = groups.iter().find(named).and_then(|set| set.get("envVars"));
            found.extend(set.map(|set| reader.pairs(set, &["key"], &["value"])).unwrap_or_default());
        }
    }
    // What a service sets itself wins over its groups, wherever it stands.
    let own = node.get("envVars").map(|list| reader.pairs(list, &["key"], &["value"])).unwrap_or_default();
    found.extend(own);
    found
}
