//! `fly.toml`.
//!
//! One unit per process group. Without groups there is one, called `app`. What runs is split into words
//! without a shell (`flyctl` uses `shlex`), so nothing fills in `$PORT`.

use crate::source::{FileId, Located, SourceFile, Span};
use crate::values::{Bytes, Cpus, Seconds};

use super::super::tree::{Node, read_toml};
use super::super::{Build, Facts, HealthKind, Limits, Unit};
use super::known::platform;
use super::reader::{Reader, number};

/// Reads one.
pub(in super::super) fn read(file: FileId, source: &SourceFile, facts: &mut Facts) {
    let document = read_toml(file, source, facts);
    let mut reader = Reader::new(file, source);
    for top in &document.tops {
        app(top, &mut reader);
    }
    reader.finish(facts);
}

fn app(top: &Node, reader: &mut Reader) {
    if ["app", "build", "env", "http_service", "services", "processes", "vm", "primary_region"]
        .iter()
        .all(|key| top.get(key).is_none())
    {
        return;
    }
    let groups = top.get("processes").map(Node::entries).unwrap_or_default();
    if groups.is_empty() {
        let span = top.get("app").map(|name| name.content).or_else(|| top.entries().first().map(|e| e.key_span));
        let mut unit = group("app", span.unwrap_or_default(), top, reader);
        unit.command = top.at(&["experimental", "cmd"]).and_then(|cmd| reader.words(cmd));
        reader.add(unit);
        return;
    }
    for entry in groups {
        let mut unit = group(&entry.key, entry.key_span, top, reader);
        // An empty group runs what the image says.
        let command = Some(&entry.value).filter(|value| value.text().is_none_or(|text| !text.trim().is_empty()));
        unit.command = command.and_then(|value| reader.words(value));
        reader.add(unit);
    }
}

/// What a process group gets from the rest of the file.
fn group(name: &str, span: Span, top: &Node, reader: &mut Reader) -> Unit {
    let mut unit = reader.unit(name, span);
    unit.entrypoint = top.at(&["experimental", "entrypoint"]).and_then(|words| reader.words(words));
    unit.environment = top.get("env").map(|table| reader.variables(table)).unwrap_or_default();
    unit.image = reader.image(top.at(&["build", "image"]));
    let build = |key: &[&str]| top.get("build").and_then(|build| build.any(key));
    let buildpack = build(&["builder", "buildpacks", "builtin"]).is_some();
    if unit.image.is_none() && !buildpack {
        let dockerfile = reader.located(build(&["dockerfile"]));
        let target = reader.located(build(&["build-target", "build_target"]));
        unit.build = Some(Build { context: None, dockerfile, target, inline: None });
    }
    unit.stop_signal = reader.located(top.get("kill_signal"));
    unit.limits = machine(name, top, reader);
    unit.limits.stop_grace = reader.parsed(top.get("kill_timeout"), duration);
    if let Some(fly) = platform("Fly.io") {
        fly.stops(&mut unit, top.get("kill_timeout"));
    }
    unit.limits.concurrency = concurrency(name, top, reader);
    checks(&mut unit, name, top, reader);
    unit
}

/// `kill_timeout` is a number of seconds or, in newer files, a duration.
fn duration(text: &str) -> Option<Seconds> {
    number(text).map(Seconds).or_else(|| super::super::durations::go(text))
}

/// Whether a section is about a group; one that names none is about all.
fn concerns(section: &Node, name: &str) -> bool {
    let Some(processes) = section.get("processes") else { return true };
    processes.items().iter().any(|item| item.text() == Some(name))
}

/// `[[vm]]`, or `[vm]` of one size for all.
fn machine(name: &str, top: &Node, reader: &Reader) -> Limits {
    let mut limits = Limits::default();
    let Some(vm) = top.get("vm") else { return limits };
    let sections: Vec<&Node> = if vm.items().is_empty() { vec![vm] } else { vm.items().iter().collect() };
    // A section that names the group wins over one that is about all.
    let named = sections.iter().find(|section| section.get("processes").is_some() && concerns(section, name));
    let Some(section) = named.or_else(|| sections.iter().find(|section| concerns(section, name))) else {
        return limits;
    };
    if let (Some(size), Some(fly)) = (reader.located(section.get("size")), platform("Fly.io")) {
        fly.bound(&size, &mut limits);
    }
    let cpus = reader.parsed(section.get("cpus"), |text| number(text).filter(|cpus| *cpus > 0.0).map(Cpus));
    // A number of its own is one of the same kind.
    let each = limits.lasting.zip(limits.cpus.as_ref()).map(|(lasting, cpus)| lasting.0 / cpus.value.0);
    limits.cpus = cpus.or(limits.cpus);
    // `cpu_kind = "shared"` says it of machines without a size.
    let kind = || platform("Fly.io")?.share_of_kind(section.get("cpu_kind")?.text()?);
    let each = each.or_else(|| kind().filter(|_| section.get("size").is_none()));
    limits.lasting = each.zip(limits.cpus.as_ref()).map(|(each, cpus)| Cpus(each * cpus.value.0));
    limits.memory = memory(section, reader).or(limits.memory);
    limits
}

/// `memory = "512mb"`, `memory = 512` and `memory_mb = 512`: a bare number is of mebibytes.
fn memory(section: &Node, reader: &Reader) -> Option<Located<Bytes>> {
    reader.parsed(section.any(&["memory", "memory_mb"]), |text| match text.parse() {
        Ok(mebibytes) => u64::checked_mul(mebibytes, 1 << 20).filter(|bytes| *bytes > 0).map(Bytes),
        Err(_) => Bytes::parse(text, false).filter(|bytes| bytes.0 > 0),
    })
}

/// What Fly's proxy sends to one machine at once at most; it counts connections or requests.
fn concurrency(name: &str, top: &Node, reader: &Reader) -> Option<Located<u32>> {
    let services = top.get("http_service").into_iter().chain(top.get("services").map(Node::items).unwrap_or_default());
    let mut services = services.filter(|service| concerns(service, name));
    services.find_map(|service| {
        reader.parsed(service.at(&["concurrency", "hard_limit"]), |text| text.parse().ok().filter(|most| *most > 0))
    })
}

/// Checks of `[http_service]`, of `[[services]]` and of `[checks]` at the top.
fn checks(unit: &mut Unit, name: &str, top: &Node, reader: &Reader) {
    let services = top.get("http_service").into_iter().chain(top.get("services").map(Node::items).unwrap_or_default());
    for service in services.filter(|service| concerns(service, name)) {
        let port = reader.located(service.get("internal_port"));
        for key in ["checks", "http_checks", "tcp_checks"] {
            for check in service.get(key).map(Node::items).unwrap_or_default() {
                let mut read = self::check(check, reader);
                read.port = read.port.or_else(|| port.clone());
                unit.health.push(read);
            }
        }
    }
    for entry in top.get("checks").map(Node::entries).unwrap_or_default() {
        if concerns(&entry.value, name) {
            let mut read = check(&entry.value, reader);
            read.place = reader.place(entry.key_span);
            unit.health.push(read);
        }
    }
}

fn check(check: &Node, reader: &Reader) -> super::super::HealthCheck {
    // A machine whose check fails gets no requests; it is not started again.
    let mut read = reader.check(HealthKind::Readiness, check.span);
    read.interval = reader.parsed(check.get("interval"), milliseconds_or_duration);
    read.timeout = reader.parsed(check.get("timeout"), milliseconds_or_duration);
    read.start_period = reader.parsed(check.get("grace_period"), milliseconds_or_duration);
    read.path = reader.located(check.get("path"));
    read.port = reader.located(check.get("port"));
    read
}

/// Older files give checks in milliseconds.
fn milliseconds_or_duration(text: &str) -> Option<Seconds> {
    number(text).map(|n| Seconds(n / 1000.0)).or_else(|| super::super::durations::go(text))
}
