//! Task definitions of Amazon ECS, alone or as resources of `CloudFormation`.
//!
//! Both spellings of the keys are read, `containerDefinitions` of the API and `ContainerDefinitions` of
//! `CloudFormation`. What an intrinsic function (`!Ref`, `Fn::Sub`) fills in stays unknown.

use crate::source::{FileId, Located, Place, SourceFile};
use crate::values::{Bytes, Cpus, Seconds};

use super::super::tree::{Kind, Node, read_yaml};
use super::super::{Command, EnvironmentFile, Facts, HealthKind, Limits, Notation, Unit};
use super::known::platform;
use super::reader::{Reader, number};

/// Reads one.
pub(in super::super) fn read(file: FileId, source: &SourceFile, facts: &mut Facts) {
    let document = read_yaml(file, source, facts);
    let mut reader = Reader::new(file, source);
    for top in &document.tops {
        let resources: Vec<&Node> =
            top.get("Resources").map(Node::entries).unwrap_or_default().iter().map(|entry| &entry.value).collect();
        let properties = resources.iter().filter_map(|resource| resource.get("Properties"));
        // `aws ecs describe-task-definition` wraps what it prints.
        for definition in [Some(top), top.get("taskDefinition")].into_iter().flatten().chain(properties) {
            task(definition, &size(definition, &reader), &mut reader);
        }
    }
    reader.finish(facts);
}

fn get<'n>(node: &'n Node, key: &str) -> Option<&'n Node> {
    node.get(key).or_else(|| {
        let mut letters = key.chars();
        let upper: String = letters.next()?.to_ascii_uppercase().to_string() + letters.as_str();
        node.get(&upper)
    })
}

/// `1024` units are one processor; the task's own size may also be written `1 vCPU`.
fn cpus(node: Option<&Node>, reader: &Reader) -> Option<Located<Cpus>> {
    reader.parsed(node, |text| {
        let lower = text.to_ascii_lowercase();
        let cpus = match lower.strip_suffix("vcpu") {
            Some(whole) => number(whole.trim())?,
            None => number(&lower)? / 1024.0,
        };
        (cpus > 0.0).then_some(Cpus(cpus))
    })
}

/// A number of mebibytes; the task's own may also be written `2 GB`.
fn memory(node: Option<&Node>, reader: &Reader) -> Option<Located<Bytes>> {
    reader.parsed(node, |text| {
        let memory = match text.parse::<u64>() {
            Ok(mebibytes) => Bytes(mebibytes.checked_mul(1 << 20)?),
            Err(_) => Bytes::parse(text, false)?,
        };
        (memory.0 > 0).then_some(memory)
    })
}

/// What bounds all containers of a task together.
fn size(definition: &Node, reader: &Reader) -> Limits {
    Limits {
        cpus: cpus(get(definition, "cpu"), reader),
        memory: memory(get(definition, "memory"), reader),
        ..Limits::default()
    }
}

fn task(definition: &Node, whole: &Limits, reader: &mut Reader) {
    let containers = get(definition, "containerDefinitions").map(Node::items).unwrap_or_default();
    let family = get(definition, "family").and_then(Node::text);
    let beside = Beside::of(containers, whole, reader);
    for (at, container) in containers.iter().enumerate() {
        let mut unit = self::container(container, family, whole, reader);
        beside.fill(&mut unit.limits, at);
        reader.add(unit);
    }
}

/// What each container of a task is sure to get of the task's own size.
struct Beside {
    cpus: Vec<Option<Located<Cpus>>>,
    memory: Vec<Option<Located<Bytes>>>,
    /// Where the size of the task is stated.
    whole: [Option<Place>; 2],
}

impl Beside {
    fn of(containers: &[Node], whole: &Limits, reader: &Reader) -> Self {
        let reservation = |container| memory(get(container, "memoryReservation"), reader);
        Self {
            cpus: containers.iter().map(|container| cpus(get(container, "cpu"), reader)).collect(),
            // Without a reservation the limit is what the agent sets aside.
            memory: containers
                .iter()
                .map(|container| reservation(container).or_else(|| memory(get(container, "memory"), reader)))
                .collect(),
            whole: [whole.cpus.as_ref().map(|it| it.place), whole.memory.as_ref().map(|it| it.place)],
        }
    }

    /// What the others get, for the container `at` which is bounded by the size of the task.
    fn fill(&self, limits: &mut Limits, at: usize) {
        if limits.cpus.as_ref().map(|limit| limit.place) == self.whole[0] {
            limits.cpus_beside = others(&self.cpus, at);
        }
        if limits.memory.as_ref().map(|limit| limit.place) == self.whole[1] {
            limits.memory_beside = others(&self.memory, at);
        }
    }
}

/// All that is known but the one `at`.
fn others<T: Clone>(all: &[Option<T>], at: usize) -> Vec<T> {
    all.iter().enumerate().filter(|(index, _)| *index != at).filter_map(|(_, one)| one.clone()).collect()
}

fn container(container: &Node, family: Option<&str>, whole: &Limits, reader: &mut Reader) -> Unit {
    let name = get(container, "name");
    let label = name.and_then(Node::text).or(family).unwrap_or_default();
    let mut unit = reader.unit(label, name.map_or(container.span, |name| name.content));
    unit.image = reader.image(get(container, "image"));
    unit.entrypoint = get(container, "entryPoint").and_then(|words| reader.words(words));
    unit.command = get(container, "command").and_then(|words| reader.words(words));
    let list = get(container, "environment");
    let pairs = list.map(|list| reader.pairs(list, &["name", "Name"], &["value", "Value"]));
    unit.environment = get(container, "secrets")
        .map(|list| reader.pairs(list, &["name", "Name"], &[]))
        .into_iter()
        .chain(pairs)
        .flatten()
        .collect();
    for item in get(container, "environmentFiles").map(Node::items).unwrap_or_default() {
        let key = get(item, "value").and_then(|value| stored(value, reader));
        unit.environment_files.extend(key.map(|path| EnvironmentFile {
            path,
            notation: Notation::Docker,
            optional: false,
        }));
    }
    unit.working_folder = reader.located(get(container, "workingDirectory"));
    unit.user = reader.located(get(container, "user"));
    unit.limits = limits(container, whole, reader);
    if let Some(ecs) = platform("Amazon ECS") {
        ecs.stops(&mut unit, get(container, "stopTimeout"));
    }
    if let Some(health) = get(container, "healthCheck") {
        let mut check = reader.check(HealthKind::Container, health.span);
        check.interval = reader.seconds(get(health, "interval"));
        check.timeout = reader.seconds(get(health, "timeout"));
        check.failures = reader.count(get(health, "retries"));
        check.start_period = reader.seconds(get(health, "startPeriod"));
        check.command = get(health, "command").and_then(|command| asked(command, reader));
        unit.health.push(check);
    }
    unit
}

/// The path of a file in a bucket (`arn:aws:s3:::bucket/web.env`), as that of a file of a machine.
fn stored(value: &Node, reader: &Reader) -> Option<Located<String>> {
    let arn = reader.located(Some(value))?;
    let (_, path) = arn.value.rsplit_once(":::")?.1.split_once('/')?;
    Some(Located::new(format!("/{path}"), arn.place))
}

/// `["CMD-SHELL", "curl …"]` is for a shell, `["CMD", "curl", …]` is not.
fn asked(command: &Node, reader: &mut Reader) -> Option<Command> {
    match command.items() {
        [first, script] if first.text() == Some("CMD-SHELL") => reader.shell(script),
        [first, rest @ ..] if first.text() == Some("CMD") => {
            let kind = Kind::List(rest.to_vec());
            reader.words(&Node { kind, ..command.clone() })
        }
        _ => reader.words(command),
    }
}

/// The limit that is met first.
fn smaller(own: Option<Located<Bytes>>, whole: Option<Located<Bytes>>) -> Option<Located<Bytes>> {
    match (own, whole) {
        (Some(own), Some(whole)) if whole.value.0 < own.value.0 => Some(whole),
        (own, whole) => own.or(whole),
    }
}

/// A container's own `memory` is a limit; its `cpu` only is one where the task has a size, and else a share
/// (Amazon ECS developer guide, task definition parameters).
fn limits(container: &Node, whole: &Limits, reader: &Reader) -> Limits {
    let own_cpus = cpus(get(container, "cpu"), reader);
    let own_memory = memory(get(container, "memory"), reader);
    Limits {
        cpus: whole.cpus.clone(),
        memory: smaller(own_memory, whole.memory.clone()),
        cpu_request: own_cpus,
        memory_request: memory(get(container, "memoryReservation"), reader),
        stop_grace: reader.parsed(get(container, "stopTimeout"), |text| number(text).map(Seconds)),
        ..Limits::default()
    }
}
