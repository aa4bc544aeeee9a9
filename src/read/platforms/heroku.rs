//! `app.json` and `heroku.yml`, of Heroku and of what follows it (Dokku, Koyeb, Coolify).
//!
//! `app.json` names no commands: the `Procfile` beside it does, and the two are joined later, by the name
//! of the process.

use crate::source::{FileId, Located, SourceFile, Span};

use super::super::tree::{Entry, Node, read_yaml};
use super::super::{Build, Facts, HealthKind, Unit, Variable};
use super::known::platform;
use super::reader::Reader;

/// Reads an `app.json`.
pub(in super::super) fn read_app_json(file: FileId, source: &SourceFile, facts: &mut Facts) {
    let document = read_yaml(file, source, facts);
    let mut reader = Reader::new(file, source);
    for top in &document.tops {
        app(top, &mut reader);
    }
    reader.finish(facts);
}

fn app(top: &Node, reader: &mut Reader) {
    // `app.json` is also what Expo and others call theirs.
    let tells = ["formation", "buildpacks", "addons", "env", "healthchecks", "dokku", "stack", "scripts"];
    let Some(first) = tells.iter().find_map(|key| top.key_span(key)) else { return };
    let formation = top.get("formation").map(Node::entries).unwrap_or_default();
    let checks = top.get("healthchecks").map(Node::entries).unwrap_or_default();
    let mut names: Vec<(&str, Span)> = formation.iter().map(|entry| (entry.key.as_str(), entry.key_span)).collect();
    for entry in checks {
        if !names.iter().any(|(name, _)| *name == entry.key) {
            names.push((&entry.key, entry.key_span));
        }
    }
    if !names.iter().any(|(name, _)| *name == "web") {
        names.push(("web", top.key_span("env").unwrap_or(first)));
    }
    for (name, span) in names {
        let mut unit = reader.unit(name, span);
        let size = process(&mut unit, formation.iter().find(|entry| entry.key == name), reader);
        // Heroku knows no checks. The buildpacks of both are the same.
        let is_dokku = top.any(&["dokku", "healthchecks"]).is_some();
        if let Some(platform) = platform(if is_dokku { "Dokku" } else { "Heroku" }) {
            platform.stops(&mut unit, None);
        }
        // Whatever reads such a file tells what answers requests where to listen.
        if let Some(heroku) = platform("Heroku").filter(|_| runs_python(top) || name == "web") {
            heroku.sets(&mut unit, runs_python(top), size.as_ref(), reader.place(span));
        }
        unit.environment.extend(top.get("env").map(|table| variables(table, reader)).unwrap_or_default());
        let checks = checks.iter().find(|entry| entry.key == name);
        for check in checks.map(|entry| entry.value.items()).unwrap_or_default() {
            unit.health.push(health(check, reader));
        }
        reader.add(unit);
    }
}

/// `formation`: how many and how large; the size that was read.
fn process(unit: &mut Unit, entry: Option<&Entry>, reader: &Reader) -> Option<Located<String>> {
    let entry = entry?;
    unit.limits.replicas = reader.count(entry.value.get("quantity"));
    let size = reader.located(entry.value.get("size"))?;
    if let Some(heroku) = platform("Heroku") {
        heroku.bound(&size, &mut unit.limits);
    }
    Some(size)
}

/// Whether the buildpack for Python builds it, which sets variables of its own.
fn runs_python(top: &Node) -> bool {
    let buildpacks = top.get("buildpacks").map(Node::items).unwrap_or_default();
    buildpacks.iter().any(|buildpack| {
        let url = buildpack.get("url").unwrap_or(buildpack).text().unwrap_or_default();
        url.contains("heroku/python") || url.contains("heroku-buildpack-python")
    })
}

/// `"NAME": "value"` or `"NAME": {"value": …}`; one without a value is asked for or generated.
fn variables(table: &Node, reader: &Reader) -> Vec<Variable> {
    let entries = table.entries().iter();
    entries
        .map(|entry| match entry.value.entries() {
            [] => reader.variable(&entry.key, entry.key_span, &entry.value),
            _ => match entry.value.get("value") {
                Some(value) => reader.variable(&entry.key, entry.key_span, value),
                None => reader.variable(&entry.key, entry.key_span, &Node::default()),
            },
        })
        .collect()
}

/// A check of Dokku.
fn health(node: &Node, reader: &Reader) -> super::super::HealthCheck {
    let kind = match node.get("type").and_then(Node::text) {
        Some("liveness") => HealthKind::Liveness,
        Some("startup") => HealthKind::Startup,
        _ => HealthKind::Readiness,
    };
    let mut check = reader.check(kind, node.span);
    check.path = reader.located(node.get("path"));
    check.port = reader.located(node.get("port"));
    check.timeout = reader.seconds(node.get("timeout"));
    check.interval = reader.seconds(node.get("wait"));
    check.failures = reader.count(node.get("attempts"));
    check.start_period = reader.seconds(node.get("initialDelay"));
    check
}

/// Reads a `heroku.yml`: what is built from a Dockerfile, and what runs in it.
pub(in super::super) fn read_heroku_yaml(file: FileId, source: &SourceFile, facts: &mut Facts) {
    let document = read_yaml(file, source, facts);
    let mut reader = Reader::new(file, source);
    for top in &document.tops {
        let images = top.at(&["build", "docker"]).map(Node::entries).unwrap_or_default();
        let commands = top.get("run").map(Node::entries).unwrap_or_default();
        for entry in commands {
            let mut unit = reader.unit(&entry.key, entry.key_span);
            // `image: web` lends the image of another process.
            let lent = entry.value.get("image").and_then(Node::text).unwrap_or(&entry.key);
            unit.build = images.iter().find(|image| image.key == lent).map(|image| build(image, &reader));
            unit.command = command(entry.value.get("command").or(Some(&entry.value)), &mut reader);
            set(&mut unit);
            reader.add(unit);
        }
        // Requests reach `web` alone: of an image that another process borrows nothing else is served.
        let lends = |image: &Entry| {
            let lent = |entry: &Entry| entry.value.get("image").and_then(Node::text) == Some(image.key.as_str());
            image.key != "web" && commands.iter().any(lent)
        };
        let runs = |image: &Entry| commands.iter().any(|command| command.key == image.key) || lends(image);
        for image in images.iter().filter(|image| !runs(image)) {
            let mut unit = reader.unit(&image.key, image.key_span);
            unit.build = Some(build(image, &reader));
            set(&mut unit);
            reader.add(unit);
        }
    }
    reader.finish(facts);
}

/// A text for a shell, or a list that holds one.
fn command(node: Option<&Node>, reader: &mut Reader) -> Option<super::super::Command> {
    let node = node?;
    match node.items() {
        [] => reader.shell(node),
        [only] => reader.shell(only),
        _ => reader.words(node),
    }
}

/// What the platform sets for every image.
fn set(unit: &mut Unit) {
    let Some(heroku) = platform("Heroku") else { return };
    heroku.sets(unit, false, None, unit.place);
    heroku.stops(unit, None);
}

/// The folder of the Dockerfile is what is built from.
fn build(image: &Entry, reader: &Reader) -> Build {
    let dockerfile = reader.located(Some(&image.value));
    let context = dockerfile.as_ref().and_then(|path| {
        let (folder, _) = path.value.rsplit_once('/').filter(|(folder, _)| !folder.is_empty())?;
        let start = path.place.span.start;
        Some(Located::new(folder.to_owned(), reader.place(Span::new(start, start + folder.len()))))
    });
    Build { context, dockerfile, target: None, inline: None }
}
