//! One container of a pod.

use std::collections::{BTreeMap, BTreeSet};

use crate::source::{FileId, Located, Place, Span, Word, WordPart};
use crate::values::{Bytes, Cpus, Seconds};

use super::super::container::Container;
use super::super::expansion::Dialect;
use super::super::shell_words::Lexed;
use super::super::{
    Command, HealthCheck, HealthKind, Limits, OpenSet, Outside, StopDefault, Unit, UnitKind, Variable, command,
};
use super::expansion::{Names, expand};
use super::node::{Node, Text, is_known};
use super::objects::{Given, Sets};
use super::quantities;
use super::shared;
use super::space::Space;

/// More variables than any container takes from sets of them.
const MAX_VARIABLES: usize = 10_000;
/// More sets of variables than any container takes them from.
const MAX_OPEN_SETS: usize = 50;
/// Stands for the text of a `data` of a Secret in a word; no variable has such a name.
const ENCODED: &str = "secret.data";
/// More folders than any container has from outside.
const MAX_MOUNTS: usize = 500;

/// What a container inherits from its surroundings.
pub(super) struct Pod<'a, 's> {
    /// The name of the workload.
    pub(super) workload: &'a str,
    pub(super) spec: &'a Node,
    /// What the namespace sets where the container does not: `default` and `defaultRequest`.
    pub(super) defaults: Option<&'a Node>,
    pub(super) sets: &'a Sets<'s>,
    pub(super) space: &'a Space,
    /// Any file of the cluster: places are addresses until they are settled.
    pub(super) file: FileId,
}

/// Reads a container.
pub(super) fn read(container: &Node, pod: &Pod) -> Unit {
    let name = container.text_of("name").filter(|name| is_known(name));
    let place = pod.place(label(container, pod));
    let mut unit = Unit::new(UnitKind::KubernetesContainer, full_name(pod.workload, name), place);
    let limits = limits(container, pod);
    (unit.environment, unit.open_sets) = environment(container, pod, &limits);
    let known = unit.environment.iter().map(|variable| variable.name.as_str()).collect();
    let open =
        !unit.open_sets.is_empty() || container.get("env").is_some_and(|env| env.items().is_empty() && !env.is_null());
    let names = Names { known, open };
    let own = |key: &str| words(container.get(key)?, pod, &names);
    let (entrypoint, command) = match (own("command"), own("args")) {
        // `command: ["sh", "-c"]` with the script in `args` is one command of two pieces.
        (Some((mut front, place)), Some((rest, behind))) if wants_script(&front) => {
            front.extend(rest);
            let place = if place.span.end <= behind.span.start { cover(place, behind) } else { behind };
            (made(front, place), None)
        }
        (entrypoint, command) => (
            entrypoint.and_then(|(words, place)| made(words, place)),
            command.and_then(|(words, place)| made(words, place)),
        ),
    };
    unit.entrypoint = entrypoint.filter(|entrypoint| !entrypoint.simple.is_empty());
    unit.command = command.filter(|command| !command.simple.is_empty());
    unit.working_folder = located(container.get("workingDir"), pod);
    unit.image = located(container.get("image"), pod);
    let user = |node: &Node| node.at(&["securityContext", "runAsUser"]).cloned();
    let users = [user(container), user(pod.spec)];
    unit.user = located(users.iter().flatten().find(|user| !user.is_null()), pod);
    unit.health = [
        (HealthKind::Startup, "startupProbe"),
        (HealthKind::Readiness, "readinessProbe"),
        (HealthKind::Liveness, "livenessProbe"),
    ]
    .into_iter()
    .filter_map(|(kind, key)| probe(kind, container.get(key)?, container, pod, &names))
    .collect();
    unit.stop_delay = container.at(&["lifecycle", "preStop"]).and_then(|hook| delay(hook, pod));
    unit.limits = limits;
    shared::fill(&mut unit.limits, container, pod);
    unit.container = surroundings(container, pod);
    let contexts = [container.get("securityContext"), pod.spec.get("securityContext")];
    let said = users.iter().position(|user| user.as_ref().is_some_and(|user| !user.is_null()));
    unit.container.user_is_open =
        contexts.iter().take(said.unwrap_or(contexts.len())).flatten().any(|context| context.scalar().is_some());
    unit.mounted = mounts(container, pod);
    unit.outside = outside(container, pod);
    unit
}

/// What the pod says about a container, and not about what runs in it.
fn surroundings(container: &Node, pod: &Pod) -> Container {
    let read_only = container.at(&["securityContext", "readOnlyRootFilesystem"]);
    let mounts = container.get("volumeMounts").into_iter().flat_map(Node::nodes);
    let writable = mounts.filter(|mount| mount.text_of("readOnly") != Some("true"));
    let stop = pod.spec.get("terminationGracePeriodSeconds");
    let path = ["securityContext", "runAsNonRoot"];
    let non_root = container.at(&path).or_else(|| pod.spec.at(&path));
    Container {
        refuses_root: non_root.is_some_and(|flag| flag.text() == Some("true")),
        drain: container.at(&["lifecycle", "preStop"]).map(|hook| pod.place(hook.span)),
        read_only: read_only.filter(|flag| flag.text() == Some("true")).map(|flag| pod.place(flag.content())),
        writable: writable.filter_map(|mount| mount.text_of("mountPath").map(str::to_owned)).collect(),
        stop_is_open: stop.is_some_and(|stop| stop.text().and_then(seconds).is_none()),
        ..Container::default()
    }
}

/// The name of the container, or where its manifest says that there is one.
fn label(container: &Node, pod: &Pod) -> Span {
    let Some(named) = container.entries().iter().find(|entry| entry.key == "name") else { return container.span };
    // A name from the values of a chart would lead away from the template.
    let file = |span| pod.space.place(span).map(|place| place.file);
    let content = named.node.content();
    if file(content) == file(named.key_span) { content } else { named.key_span }
}

/// `workload/container`; one of the two where they agree or nothing else is known.
fn full_name(workload: &str, container: Option<&str>) -> String {
    match container {
        Some(container) if is_known(workload) && !workload.is_empty() && workload != container => {
            format!("{workload}/{container}")
        }
        Some(container) => container.to_owned(),
        None => if is_known(workload) { workload } else { "" }.to_owned(),
    }
}

impl Pod<'_, '_> {
    fn place(&self, span: Span) -> Place {
        Place::new(self.file, span)
    }
}

fn cover(a: Place, b: Place) -> Place {
    Place::new(a.file, a.span.cover(b.span))
}

fn located(node: Option<&Node>, pod: &Pod) -> Option<Located<String>> {
    let node = node?;
    let text = node.text().filter(|text| !text.is_empty())?;
    Some(Located::new(text.to_owned(), pod.place(node.content())))
}

/// What `node` says, with its place.
pub(super) fn parsed<T>(node: Option<&Node>, pod: &Pod, parse: impl Fn(&str) -> Option<T>) -> Option<Located<T>> {
    let node = node?;
    Some(Located::new(parse(node.text()?)?, pod.place(node.content())))
}

fn seconds(text: &str) -> Option<Seconds> {
    text.trim().parse().ok().filter(|n: &f64| n.is_finite() && *n >= 0.0).map(Seconds)
}

fn count(text: &str) -> Option<u32> {
    text.trim().parse().ok()
}

/// The words of `command` or `args`, and where they stand; a text that is no list is one word of which
/// nothing is known, because Kubernetes takes lists only.
fn words(node: &Node, pod: &Pod, names: &Names) -> Option<(Vec<Lexed>, Place)> {
    let place = pod.place(node.content());
    if node.is_null() {
        return None;
    }
    if !matches!(node.kind, super::node::Kind::List(_)) {
        return Some((vec![unknown_word(node, pod)], place));
    }
    let word = |item: &super::node::Item| match item.node.scalar() {
        Some(text) => {
            let (parts, content) = expand(&text.decoded, names);
            let place = pod.place(text.content);
            let word = Word { parts, place, removal: pod.place(item.removal), quoted: true };
            Lexed { word, content, has_quotes: true }
        }
        None => unknown_word(&item.node, pod),
    };
    Some((node.items().iter().map(word).collect(), place))
}

fn unknown_word(node: &Node, pod: &Pod) -> Lexed {
    let mut content = super::super::decoded::Decoded::default();
    content.push_escaped("{{ ? }}", node.span);
    Lexed { word: opaque(pod.place(node.span)), content, has_quotes: false }
}

fn opaque(place: Place) -> Word {
    Word { parts: vec![WordPart::Opaque("{{ ? }}".to_owned())], place, removal: place, quoted: true }
}

/// Whether a command ends with `-c`, so that what follows is a script.
fn wants_script(words: &[Lexed]) -> bool {
    let last = words.last().map(|word| word.content.text());
    words.len() > 1 && last.is_some_and(|text| text.starts_with('-') && text.ends_with('c') && !text.starts_with("--"))
}

fn made(words: Vec<Lexed>, place: Place) -> Option<Command> {
    command::exec(words, Dialect::Kubernetes, place)
}

/// `envFrom`, then `env`: of two of a name the later wins. None where there are more than any container has.
fn environment(container: &Node, pod: &Pod, limits: &Limits) -> (Vec<Variable>, Vec<OpenSet>) {
    let (mut variables, mut open_sets) = (Vec::new(), Vec::new());
    for source in container.get("envFrom").into_iter().flat_map(Node::nodes) {
        let prefix = source.text_of("prefix").unwrap_or_default();
        for entry in pod.sets.entries(source) {
            let name = format!("{prefix}{}", entry.key());
            // What else is in such a set, files for example, is no variable.
            if entry.text().is_some_and(|text| !text.contains('\n')) {
                variables.push(literal(name, entry, pod));
            }
        }
        if pod.sets.is_open(source) && open_sets.len() < MAX_OPEN_SETS {
            open_sets.push(open_set(source, prefix, variables.len(), pod));
        }
        if variables.len() > MAX_VARIABLES {
            return (Vec::new(), open_sets);
        }
    }
    let given: Vec<String> = variables.iter().map(|variable| variable.name.clone()).collect();
    let known = given.iter().map(String::as_str).collect();
    let mut names = Names { known, open: container.get("envFrom").is_some() };
    for node in container.get("env").into_iter().flat_map(Node::nodes) {
        let Some(name) = node.text_of("name").filter(|name| is_known(name)) else { continue };
        let place = pod.place(node.span);
        let value = if let Some(from) = node.get("valueFrom") {
            if pod.sets.lacks(from) {
                continue;
            }
            value_from(from, container, pod, limits).unwrap_or_else(|| opaque(place))
        } else {
            match node.get("value").map(|value| (value, value.scalar())) {
                Some((_, Some(text))) => word_of(text, expand(&text.decoded, &names).0, pod),
                Some((value, None)) if !value.is_null() => opaque(place),
                // No value is an empty one.
                _ => Word { parts: Vec::new(), place, removal: place, quoted: true },
            }
        };
        variables.push(Variable { name: name.to_owned(), value: Some(value), place, build_only: false });
        names.known.insert(name);
    }
    (variables, open_sets)
}

/// An item of `envFrom` that stands for variables which the project does not tell.
fn open_set(source: &Node, prefix: &str, before: usize, pod: &Pod) -> OpenSet {
    let kinds = [("configMapRef", "ConfigMap"), ("secretRef", "Secret")];
    let reference = kinds.iter().find_map(|(key, kind)| Some((*kind, source.get(key)?)));
    let named = |(kind, reference): (&str, &Node)| {
        let name = reference.get("name").filter(|name| name.text().is_some_and(is_known))?;
        Some(Located::new(format!("{kind} {}", name.text()?), pod.place(name.content())))
    };
    OpenSet {
        name: reference.and_then(named),
        prefix: if is_known(prefix) { prefix.to_owned() } else { String::new() },
        before,
        optional: reference.is_some_and(|(_, reference)| reference.text_of("optional") == Some("true")),
    }
}

fn word_of(text: &Text, parts: Vec<WordPart>, pod: &Pod) -> Word {
    let place = pod.place(text.content);
    Word { parts, place, removal: place, quoted: true }
}

/// A variable of a set: nothing in it is filled in.
fn literal(name: String, entry: Given, pod: &Pod) -> Variable {
    let place = pod.place(entry.node().content());
    let value = value_of(entry, pod).unwrap_or_else(|| opaque(place));
    Variable { name, value: Some(value), place, build_only: false }
}

/// What an entry of a set says.
fn value_of(entry: Given, pod: &Pod) -> Option<Word> {
    let text = entry.node().scalar()?;
    let parts = match entry.text() {
        Some(plain) if entry.is_encoded() => {
            // The bytes hold another text than the value, so it is no literal of the file.
            vec![WordPart::Variable {
                name: ENCODED.to_owned(),
                default: Some(vec![WordPart::Text(plain.into_owned())]),
            }]
        }
        Some(plain) if is_known(&plain) => vec![WordPart::Text(plain.into_owned())],
        _ => vec![WordPart::Opaque(text.decoded.text().to_owned())],
    };
    Some(word_of(text, parts, pod))
}

fn value_from(from: &Node, container: &Node, pod: &Pod, limits: &Limits) -> Option<Word> {
    if let Some(resource) = from.get("resourceFieldRef") {
        return resource_field(resource, container, pod, limits);
    }
    value_of(pod.sets.entry(from)?, pod)
}

/// `resource: limits.cpu`, rounded up to whole multiples of `divisor`.
fn resource_field(field: &Node, container: &Node, pod: &Pod, limits: &Limits) -> Option<Word> {
    let own = container.text_of("name");
    if field.text_of("containerName").is_some_and(|name| Some(name) != own) {
        return None;
    }
    let resource = field.text_of("resource")?;
    #[allow(clippy::cast_precision_loss, reason = "no machine has 2^52 bytes of memory")]
    let (amount, place) = match resource {
        "limits.cpu" => limits.cpus.as_ref().map(|cpus| (cpus.value.0, cpus.place)),
        "requests.cpu" => limits.cpu_request.as_ref().map(|cpus| (cpus.value.0, cpus.place)),
        "limits.memory" => limits.memory.as_ref().map(|memory| (memory.value.0 as f64, memory.place)),
        "requests.memory" => limits.memory_request.as_ref().map(|memory| (memory.value.0 as f64, memory.place)),
        _ => None,
    }?;
    let divisor = match field.text_of("divisor") {
        None | Some("0") => 1.0,
        Some(text) => quantities::number(text).filter(|divisor| *divisor > 0.0)?,
    };
    let units = (amount / divisor - 1e-9).ceil();
    let value = vec![WordPart::Text(format!("{units:.0}"))];
    // The bytes hold an amount and not this number, so it is no literal of the file.
    let parts = vec![WordPart::Variable { name: resource.to_owned(), default: Some(value) }];
    let place = pod.place(place.span);
    Some(Word { parts, place, removal: place, quoted: true })
}

fn limits(container: &Node, pod: &Pod) -> Limits {
    let given = |kind: &str, resource: &str| {
        let own = container.at(&["resources", kind, resource]);
        let default = if kind == "limits" { "default" } else { "defaultRequest" };
        own.or_else(|| pod.defaults?.at(&[default, resource]))
    };
    let cpus = |kind: &str| -> Option<Located<Cpus>> { parsed(given(kind, "cpu"), pod, quantities::cpus) };
    let memory = |kind: &str| -> Option<Located<Bytes>> { parsed(given(kind, "memory"), pod, quantities::bytes) };
    let (limit_cpus, limit_memory) = (cpus("limits"), memory("limits"));
    let grace = pod.spec.get("terminationGracePeriodSeconds");
    Limits {
        // What is limited and not asked for is asked for to its limit.
        cpu_request: given("requests", "cpu").map_or_else(|| limit_cpus.clone(), |_| cpus("requests")),
        memory_request: given("requests", "memory").map_or_else(|| limit_memory.clone(), |_| memory("requests")),
        cpus: limit_cpus,
        memory: limit_memory,
        stop_grace: parsed(grace, pod, seconds),
        stop_default: StopDefault::of(UnitKind::KubernetesContainer).filter(|_| grace.is_none()),
        ..Limits::default()
    }
}

fn probe(kind: HealthKind, probe: &Node, container: &Node, pod: &Pod, names: &Names) -> Option<HealthCheck> {
    if probe.entries().is_empty() {
        return None;
    }
    let ask = ["httpGet", "tcpSocket", "grpc"].into_iter().find_map(|key| probe.get(key));
    let command = probe.at(&["exec", "command"]).and_then(|node| words(node, pod, names));
    Some(HealthCheck {
        kind,
        place: pod.place(probe.span),
        interval: parsed(probe.get("periodSeconds"), pod, seconds),
        timeout: parsed(probe.get("timeoutSeconds"), pod, seconds),
        failures: parsed(probe.get("failureThreshold"), pod, count),
        start_period: parsed(probe.get("initialDelaySeconds"), pod, seconds),
        path: located(ask.and_then(|ask| ask.get("path")), pod),
        port: ask.and_then(|ask| port(ask.get("port")?, container, pod)),
        command: command.and_then(|(words, place)| made(words, place)),
    })
}

/// A port by number, or by the name that the container gives it.
fn port(port: &Node, container: &Node, pod: &Pod) -> Option<Located<String>> {
    let text = port.text()?;
    let mut ports = container.get("ports").into_iter().flat_map(Node::nodes);
    let named = ports.find(|candidate| candidate.text_of("name") == Some(text));
    let number = named.and_then(|named| located(named.get("containerPort"), pod));
    number.or_else(|| located(Some(port), pod))
}

/// How long a hook keeps the container waiting: `sleep: {seconds: 5}`, or a command that sleeps.
fn delay(hook: &Node, pod: &Pod) -> Option<Located<Seconds>> {
    if let Some(sleep) = hook.at(&["sleep", "seconds"]) {
        return parsed(Some(sleep), pod, seconds);
    }
    let names = Names { known: BTreeSet::new(), open: false };
    let (words, place) = words(hook.at(&["exec", "command"])?, pod, &names)?;
    let command = made(words, place)?;
    // Several sleeps in one hook add up, and a loop is not told.
    let sleeps = command.simple.iter().filter(|words| {
        let program = words.first().and_then(Word::text);
        program.is_some_and(|program| program.rsplit('/').next() == Some("sleep"))
    });
    let waits: Option<Vec<(f64, Place)>> = sleeps.map(|words| slept(words)).collect();
    let waits = waits.filter(|waits| !waits.is_empty())?;
    let total = waits.iter().map(|(seconds, _)| seconds).sum();
    let place = match waits.as_slice() {
        [(_, only)] => *only,
        _ => command.place,
    };
    Some(Located::new(Seconds(total), place))
}

fn slept(words: &[Word]) -> Option<(f64, Place)> {
    let [_, amount] = words else { return None };
    let text = amount.text()?;
    let factor = match text.chars().last()? {
        'm' => 60.0,
        'h' => 3600.0,
        _ => 1.0,
    };
    let number: f64 = text.trim_end_matches(['s', 'm', 'h']).parse().ok()?;
    (number.is_finite() && number >= 0.0).then_some((number * factor, amount.place))
}

/// Containers of one pod reach each other on its loopback address.
fn outside(container: &Node, pod: &Pod) -> Outside {
    let beside = pod.spec.get("containers").into_iter().flat_map(Node::nodes).count();
    let mounts = container.get("volumeMounts").into_iter().flat_map(Node::nodes);
    Outside {
        published: Vec::new(),
        shares_network: beside > 1 || pod.spec.text_of("hostNetwork") == Some("true"),
        volumes: mounts.filter_map(|mount| Some(mount.text_of("mountPath")?.to_owned())).collect(),
        takes_words: false,
        linked: Vec::new(),
        front: None,
    }
}

/// Files of the project that come into the container through a set of files.
fn mounts(container: &Node, pod: &Pod) -> Vec<Located<(FileId, String)>> {
    let mut mounted = Vec::new();
    let named = pod.spec.get("volumes").into_iter().flat_map(Node::nodes).filter_map(|v| Some((v.text_of("name")?, v)));
    let mut volumes: BTreeMap<&str, &Node> = BTreeMap::new();
    for (name, volume) in named {
        volumes.entry(name).or_insert(volume);
    }
    for mount in container.get("volumeMounts").into_iter().flat_map(Node::nodes).take(MAX_MOUNTS) {
        let (Some(name), Some(path)) = (mount.text_of("name"), mount.text_of("mountPath")) else { continue };
        let Some(volume) = volumes.get(name) else { continue };
        let place = pod.place(mount.get("mountPath").map_or(mount.span, Node::content));
        for (key, file) in pod.sets.files(volume) {
            let target = match mount.text_of("subPath") {
                Some(sub) if sub == key => path.to_owned(),
                Some(_) => continue,
                None => format!("{}/{key}", path.trim_end_matches('/')),
            };
            mounted.push(Located::new((file, target), place));
        }
    }
    mounted
}
