//! `railway.toml` and `railway.json`, and `nixpacks.toml`, which Railway and Coolify build by.

use crate::source::{FileId, SourceFile};

use super::super::tree::{Document, Node, read_toml, read_yaml};
use super::super::{Build, Facts, HealthKind, OpenSet};
use super::reader::Reader;

/// Reads a configuration of Railway.
pub(in super::super) fn read(file: FileId, source: &SourceFile, facts: &mut Facts) {
    let document = either(file, source, facts);
    let mut reader = Reader::new(file, source);
    for top in &document.tops {
        service(top, &mut reader);
    }
    reader.finish(facts);
}

fn either(file: FileId, source: &SourceFile, facts: &mut Facts) -> Document {
    let is_toml = source.name().to_ascii_lowercase().ends_with(".toml");
    if is_toml { read_toml(file, source, facts) } else { read_yaml(file, source, facts) }
}

fn service(top: &Node, reader: &mut Reader) {
    let Some(span) = top.key_span("deploy").or_else(|| top.key_span("build")) else { return };
    let mut unit = reader.unit("", span);
    let deploy = |key: &str| top.at(&["deploy", key]);
    let builder = top.at(&["build", "builder"]).and_then(Node::text).unwrap_or_default().to_ascii_uppercase();
    // Without a builder a Dockerfile wins where there is one.
    if !matches!(builder.as_str(), "NIXPACKS" | "HEROKU" | "PAKETO" | "RAILPACK") {
        let dockerfile = reader.folder(top.at(&["build", "dockerfilePath"]));
        unit.build = Some(Build { context: None, dockerfile, target: None, inline: None });
    }
    unit.command = deploy("startCommand").and_then(|command| reader.shell(command));
    unit.open_sets.push(OpenSet::port());
    unit.limits.replicas = reader.count(deploy("numReplicas"));
    unit.limits.stop_grace = reader.seconds(deploy("drainingSeconds"));
    if let Some(path) = deploy("healthcheckPath") {
        let mut check = reader.check(HealthKind::Readiness, path.content);
        check.path = reader.located(Some(path));
        check.timeout = reader.seconds(deploy("healthcheckTimeout"));
        unit.health.push(check);
    }
    reader.add(unit);
}

/// Reads a configuration of Nixpacks.
pub(in super::super) fn read_nixpacks(file: FileId, source: &SourceFile, facts: &mut Facts) {
    let document = either(file, source, facts);
    let mut reader = Reader::new(file, source);
    for top in &document.tops {
        let Some(command) = top.at(&["start", "cmd"]) else { continue };
        let mut unit = reader.unit("start", command.content);
        unit.command = reader.shell(command);
        unit.open_sets.push(OpenSet::port());
        unit.environment = top.get("variables").map(|table| reader.variables(table)).unwrap_or_default();
        reader.add(unit);
    }
    reader.finish(facts);
}
