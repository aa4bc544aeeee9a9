//! One service, put together from the files and the services that say something about it.

use crate::findings::Note;
use crate::source::{Files, Located, Place};
use crate::values::{Bytes, Cpus};

use super::super::container::Container;
use super::super::embedded;
use super::super::yaml::Mark;
use super::super::{
    Build, EnvironmentFile, Limits, Mount, Notation, Outside, StopDefault, Unit, UnitKind, Variable, durations,
};
use super::node::{Node, Outer};
use super::{ComposeFile, command, health, quantities};

/// What one place says about a service.
pub(super) struct Source<'a> {
    pub(super) node: Node<'a>,
    pub(super) compose: &'a ComposeFile,
    /// The folder that its relative paths start from, in terms of the folder of the whole service;
    /// empty where the two are the same.
    pub(super) prefix: String,
}

/// Reads one service, whose keys may come from several places.
pub(super) struct Reader<'a> {
    /// The nearest first.
    pub(super) sources: &'a [Source<'a>],
    pub(super) outer: Outer<'a>,
    pub(super) files: &'a Files,
    pub(super) notes: Vec<Note>,
}

/// The value of a key, and what its relative paths start with.
#[derive(Clone, Copy)]
struct Found<'a> {
    node: Node<'a>,
    prefix: &'a str,
}

impl<'a> Reader<'a> {
    pub(super) fn unit(&mut self, name: &str, place: Place) -> Unit {
        let mut unit = Unit::new(UnitKind::ComposeService, name, place);
        unit.entrypoint = self.command("entrypoint");
        unit.command = self.command("command");
        // What is nearest to the service comes last, so that it wins. The image is built before any of
        // it runs, so the arguments of the build come first.
        let arguments = self.variables(&["build", "args"]);
        unit.environment.extend(arguments.into_iter().map(|variable| Variable { build_only: true, ..variable }));
        unit.environment.extend(self.variables(&["environment"]));
        for found in self.chain(&["env_file"]).into_iter().rev() {
            unit.environment_files.extend(self.environment_files(found));
        }
        unit.working_folder = self.filled(&["working_dir"]);
        unit.chosen_by = self.chosen_by();
        unit.build = self.first(&["build"]).map(|_| self.build());
        unit.image = self.filled(&["image"]);
        unit.user = self.filled(&["user"]);
        unit.stop_signal = self.filled(&["stop_signal"]);
        let profiles = self.chain(&["profiles"]);
        unit.profiles =
            profiles.iter().rev().flat_map(|found| found.node.texts(self.outer)).map(|profile| profile.value).collect();
        for found in self.chain(&["volumes"]).into_iter().rev() {
            unit.mounts.extend(found.node.items().into_iter().filter_map(|item| self.mount(item, found.prefix)));
        }
        for (key, folder) in [("configs", ""), ("secrets", "/run/secrets")] {
            for item in self.chain(&[key]).into_iter().rev().flat_map(|found| found.node.items()) {
                self.config(key, folder, item, &mut unit);
            }
        }
        unit.health = health::read(|key| self.first_set(&["healthcheck", key]).map(|found| found.node), self.outer);
        unit.limits = self.limits();
        unit.container = self.container();
        unit.outside = self.outside();
        unit
    }

    /// What surrounds the container.
    fn container(&self) -> Container {
        let read_only = self.filled(&["read_only"]).filter(|text| text.value.trim() == "true");
        let lists = ["tmpfs", "volumes"].into_iter().flat_map(|key| self.chain(&[key]));
        let target = |item: Node| {
            let text = item.get("target").unwrap_or(item).filled(self.outer)?.value;
            let parts: Vec<&str> = text.split(':').collect();
            let is_fixed = parts.get(2).is_some_and(|options| options.split(',').any(|option| option == "ro"));
            (!is_fixed).then(|| parts.get(1).filter(|part| part.starts_with('/')).unwrap_or(&parts[0]).to_string())
        };
        let one = |node: Node| node.filled(self.outer).map(|text| text.value);
        let mut writable = Vec::new();
        for found in lists {
            writable.extend(one(found.node));
            writable.extend(found.node.items().into_iter().filter_map(target));
        }
        Container {
            read_only: read_only.map(|flag| flag.place),
            tls: self.routed_with_tls(),
            routed_port: self.routed_port(),
            writable,
            stop_is_open: self.first_set(&["stop_grace_period"]).is_some() && self.limits().stop_grace.is_none(),
            ..Container::default()
        }
    }

    /// The label that has Traefik take TLS off in front of it: `traefik.http.routers.web.tls=true`, or a resolver of
    /// certificates.
    fn routed_with_tls(&self) -> Option<Place> {
        let takes = |label: &str| {
            let name = label.split('=').next().unwrap_or(label);
            let router = name.strip_prefix("traefik.http.routers.").and_then(|rest| rest.split_once('.'));
            router.is_some_and(|(_, option)| option == "tls" || option.starts_with("tls."))
                && !label.trim_end().ends_with("=false")
        };
        self.labels().into_iter().find(|label| takes(&label.value)).map(|label| label.place)
    }

    /// The port that all its labels for Traefik name (`loadbalancer.server.port`).
    fn routed_port(&self) -> Option<u16> {
        let port = |label: &Located<String>| {
            let (name, port) = label.value.split_once('=')?;
            let is_port = name.starts_with("traefik.") && name.ends_with(".loadbalancer.server.port");
            if is_port { port.trim().parse::<u16>().ok() } else { None }
        };
        let mut ports: Vec<u16> = self.labels().iter().filter_map(port).collect();
        ports.dedup();
        if let [only] = ports.as_slice() { Some(*only) } else { None }
    }

    /// Its labels as `name=value`, the nearest first.
    fn labels(&self) -> Vec<Located<String>> {
        let of = |found: Found<'a>| {
            let listed = found.node.items().into_iter().filter_map(|item| item.filled(self.outer));
            let mapped = found.node.entries().into_iter().filter_map(|(key, value)| {
                let (key, value) = (key.filled(self.outer)?.value, value.filled(self.outer)?);
                Some(value.map(|value| format!("{key}={value}")))
            });
            listed.chain(mapped).collect::<Vec<_>>()
        };
        self.chain(&["labels"]).into_iter().flat_map(of).collect()
    }

    /// Every value of a key, the nearest first. A tag hides those beneath it, and so does the shorthand
    /// of a value that is a mapping elsewhere.
    fn chain(&self, path: &[&str]) -> Vec<Found<'a>> {
        let mut found = Vec::new();
        for source in self.sources {
            let mut node = Some(source.node);
            let mut ends = false;
            for key in path {
                node = node.and_then(|node| node.get(key));
                match node.and_then(Node::mark) {
                    Some(Mark::Reset) => {
                        node = None;
                        ends = true;
                    }
                    Some(Mark::Override) => ends = true,
                    None => {}
                }
            }
            found.extend(node.map(|node| Found { node, prefix: &source.prefix }));
            if ends {
                break;
            }
        }
        found
    }

    fn first(&self, path: &[&str]) -> Option<Found<'a>> {
        self.chain(path).into_iter().next()
    }

    /// The nearest value that is not null: null leaves what is beneath as it is.
    fn first_set(&self, path: &[&str]) -> Option<Found<'a>> {
        self.chain(path).into_iter().find(|found| !found.node.is_null())
    }

    fn filled(&self, path: &[&str]) -> Option<Located<String>> {
        self.first_set(path)?.node.filled(self.outer)
    }

    fn variables(&self, path: &[&str]) -> Vec<Variable> {
        self.chain(path).into_iter().rev().flat_map(|found| found.node.variables()).collect()
    }

    fn command(&mut self, key: &str) -> Option<super::Command> {
        // `command:` without a value says nothing, and takes back what the files beneath say.
        let node = self.first(&[key])?.node;
        if node.is_null() {
            return None;
        }
        let command = command::read(node);
        if command.is_none() {
            let line = node.source.line(node.content().span.start);
            self.notes.push(Note::line(node.source.path(), line, format!("`{key}` could not be split into words")));
        }
        command
    }

    fn environment_files(&self, found: Found<'a>) -> Vec<EnvironmentFile> {
        let one = |node: Node<'a>| {
            let path = node.get("path").unwrap_or(node).filled(self.outer)?;
            let required = node.get("required").and_then(|required| required.filled(self.outer));
            let optional = required.is_some_and(|required| required.value == "false");
            let format = node.get("format").and_then(|format| format.filled(self.outer));
            let is_raw = format.is_some_and(|format| format.value == "raw");
            let notation = if is_raw { Notation::Docker } else { Notation::Compose };
            Some(EnvironmentFile { path: below(found.prefix, path), notation, optional })
        };
        let all = if found.node.is_list() { found.node.items() } else { vec![found.node] };
        all.into_iter().filter_map(one).collect()
    }

    /// `./src:/app`, or a `bind` entry; a named volume holds no folder of the project.
    fn mount(&self, item: Node, prefix: &str) -> Option<Mount> {
        let path = |path: Located<String>| {
            // The folder that compose is called in, which is that of the file.
            let here = ["${PWD}", "$PWD"].iter().find_map(|pwd| path.value.strip_prefix(pwd));
            let text = here.map_or_else(|| path.value.clone(), |rest| format!(".{rest}"));
            below(prefix, Located::new(text, path.place))
        };
        if let Some(source) = item.get("source") {
            let is_bind = item.get("type").and_then(Node::text).is_none_or(|kind| kind == "bind");
            let target = item.get("target").and_then(|target| target.filled(self.outer)).map(|target| target.value);
            let read_only = item.get("read_only").and_then(Node::text) == Some("true");
            return is_bind.then_some(Mount { source: path(source.filled(self.outer)?), target, read_only });
        }
        let written = item.filled(self.outer)?;
        let mut parts = written.value.split(':');
        let source = parts.next().unwrap_or_default().to_owned();
        let target = parts.next().map(str::to_owned);
        let read_only = parts.next().is_some_and(|options| options.split(',').any(|option| option == "ro"));
        let is_path = source.starts_with(['.', '~']) || source.starts_with("$PWD") || source.starts_with("${PWD}");
        is_path.then(|| Mount { source: path(Located::new(source, written.place)), target, read_only })
    }

    /// A file that the swarm, or compose in its stead, lays into the container: one of those that `key` declares,
    /// into `folder` unless it says otherwise.
    fn config(&mut self, key: &str, folder: &str, item: Node, unit: &mut Unit) {
        let Some(name) = item.get("source").unwrap_or(item).filled(self.outer) else { return };
        let target = item.get("target").and_then(|target| target.filled(self.outer));
        let target = target.map_or_else(|| name.value.clone(), |target| target.value);
        let target = if target.starts_with('/') { target } else { format!("{folder}/{target}") };
        let declared = self.sources.iter().find_map(|source| {
            let top = source.compose.top(key, source.node)?;
            Some((top.get(&name.value)?, &source.prefix))
        });
        let file = declared.and_then(|(node, prefix)| Some(below(prefix, node.get("file")?.filled(self.outer)?)));
        let content = declared.and_then(|(node, _)| node.get("content"));
        let written = content.and_then(|content| {
            let at = embedded::start(&content.decoded()?);
            let file = self.files.find(&self.files.part_path(content.file, at))?;
            Some(Located::new((file, target.clone()), content.content()))
        });
        if written.is_none()
            && let Some(content) = content.filter(|content| content.text().is_some_and(|text| text.contains('$')))
        {
            let line = content.source.line(content.content().span.start);
            let reason = "compose fills in variables in this file, so it was not read";
            self.notes.push(Note::line(content.source.path(), line, reason));
        }
        if let Some(written) = written {
            unit.mounted.push(written);
        } else {
            // What nobody knows hides what lies there all the same.
            let source = file.unwrap_or_else(|| name.map(|name| format!("{key}:{name}")));
            unit.mounts.push(Mount { source, target: Some(target), read_only: true });
        }
    }

    fn outside(&self) -> Outside {
        let items = |key: &str| self.chain(&[key]).into_iter().rev().flat_map(|found| found.node.items());
        let text = |node: Node<'a>, key: &str| node.get(key).and_then(|value| value.filled(self.outer));
        let port = |item: Node<'a>| match (item.filled(self.outer), text(item, "target")) {
            (Some(port), _) => Some(port),
            (None, Some(target)) => {
                let host = text(item, "host_ip").map_or_else(String::new, |host| format!("{}:", host.value));
                let published = text(item, "published").map_or_else(String::new, |port| format!("{}:", port.value));
                Some(target.map(|target| format!("{host}{published}{target}")))
            }
            (None, None) => None,
        };
        // `data:/var/lib/app:ro` and `/var/lib/app` alike.
        let folder = |item: Node<'a>| match (item.filled(self.outer), text(item, "target")) {
            (Some(volume), _) => volume.value.split(':').find(|part| part.starts_with('/')).map(|_| {
                let parts: Vec<&str> = volume.value.split(':').collect();
                parts.get(1).or(parts.first()).map(|part| (*part).to_owned()).unwrap_or_default()
            }),
            (None, target) => target.map(|target| target.value),
        };
        let network = self.filled(&["network_mode"]).map(|mode| mode.value);
        Outside {
            published: items("ports").filter_map(port).collect(),
            shares_network: network
                .is_some_and(|mode| mode == "host" || mode.starts_with("service:") || mode.starts_with("container:")),
            volumes: items("volumes").chain(items("tmpfs")).filter_map(folder).collect(),
            takes_words: false,
            linked: Vec::new(),
            front: None,
        }
    }

    fn build(&self) -> Build {
        let field = |key: &str| self.filled(&["build", key]);
        // `build: ./app` is short for the context alone.
        let context = self.chain(&["build"]).into_iter().find_map(|found| {
            let path = found.node.filled(self.outer).or_else(|| found.node.get("context")?.filled(self.outer))?;
            Some(below(found.prefix, path))
        });
        // Without one it is the folder of the file that asks for the build.
        let context = context.or_else(|| {
            let found = self.first(&["build"]).filter(|found| !found.prefix.is_empty())?;
            Some(Located::new(found.prefix.to_owned(), found.node.content()))
        });
        let inline = self.first_set(&["build", "dockerfile_inline"]).map(|found| {
            let at = found.node.decoded().map(|body| embedded::start(&body));
            let file = at.and_then(|at| self.files.find(&self.files.part_path(found.node.file, at)));
            Located::new(file, found.node.content())
        });
        Build { context, dockerfile: field("dockerfile"), inline, target: field("target") }
    }

    fn limits(&self) -> Limits {
        let resources = |which: &str, key: &str| self.filled(&["deploy", "resources", which, key]);
        // Compose refuses a file in which the short and the long spelling disagree.
        let cpus = resources("limits", "cpus").or_else(|| self.filled(&["cpus"]));
        let memory = resources("limits", "memory").or_else(|| self.filled(&["mem_limit"]));
        let memory_request = resources("reservations", "memory").or_else(|| self.filled(&["mem_reservation"]));
        let replicas = self.filled(&["scale"]).or_else(|| self.filled(&["deploy", "replicas"]));
        let bytes = |text: &str| Bytes::parse(text, false).filter(|bytes| bytes.0 > 0);
        let grace = self.first_set(&["stop_grace_period"]);
        let quota = cpus.and_then(|text| read(&text, quantities::cpus)).or_else(|| self.quota());
        let (cpus, pinned) = fewest(quota, self.set());
        Limits {
            cpus,
            pinned,
            memory: memory.and_then(|text| read(&text, bytes)),
            stop_grace: self.filled(&["stop_grace_period"]).and_then(|text| read(&text, durations::go)),
            replicas: replicas.and_then(|text| read(&text, |text| text.parse().ok())),
            cpu_request: resources("reservations", "cpus").and_then(|text| read(&text, quantities::cpus)),
            memory_request: memory_request.and_then(|text| read(&text, bytes)),
            stop_default: StopDefault::of(UnitKind::ComposeService).filter(|_| grace.is_none()),
            open: self.open(),
            ..Limits::default()
        }
    }

    /// What stands in these keys in place of variables that nobody sets.
    fn open(&self) -> Vec<(Place, String)> {
        let found = OPEN.iter().filter_map(|path| self.first_set(path));
        found
            .flat_map(|found| {
                let place = found.node.content();
                found.node.stand_ins(self.outer).into_iter().map(move |(name, _)| (place, name))
            })
            .collect()
    }

    /// What stands in the keys that name files in place of variables that nobody sets.
    fn chosen_by(&self) -> Vec<(String, Option<String>)> {
        let mut found: Vec<Node> =
            CHOOSING.iter().filter_map(|path| self.first_set(path)).map(|found| found.node).collect();
        for listed in self.chain(&["env_file"]) {
            let all = if listed.node.is_list() { listed.node.items() } else { vec![listed.node] };
            found.extend(all.into_iter().map(|item| item.get("path").unwrap_or(item)));
        }
        found.into_iter().flat_map(|node| node.stand_ins(self.outer)).collect()
    }

    /// `cpu_quota` in every `cpu_period`, both in microseconds.
    fn quota(&self) -> Option<Located<Cpus>> {
        let number = |key: &str| self.filled(&[key]).and_then(|text| read(&text, quantities::cpus));
        let quota = number("cpu_quota")?;
        // The period of the kernel where none is given.
        let period = match self.first_set(&["cpu_period"]) {
            Some(_) => number("cpu_period")?.value.0,
            None => 100_000.0,
        };
        Some(Located::new(Cpus(quota.value.0 / period), quota.place))
    }

    /// The processors of `cpuset`.
    fn set(&self) -> Option<Located<Cpus>> {
        self.filled(&["cpuset"]).and_then(|text| read(&text, quantities::cpu_set))
    }
}

/// The keys with a limit, a number of copies, or who runs the service and how it is stopped.
const OPEN: [&[&str]; 12] = [
    &["cpus"],
    &["mem_limit"],
    &["mem_reservation"],
    &["scale"],
    &["deploy", "replicas"],
    &["deploy", "resources", "limits", "cpus"],
    &["deploy", "resources", "limits", "memory"],
    &["deploy", "resources", "reservations", "cpus"],
    &["deploy", "resources", "reservations", "memory"],
    &["stop_grace_period"],
    &["stop_signal"],
    &["user"],
];

/// The keys that say which stage is built of which file, and in which folder the service starts.
const CHOOSING: [&[&str]; 5] =
    [&["build"], &["build", "context"], &["build", "dockerfile"], &["build", "target"], &["working_dir"]];

fn fewest(quota: Option<Located<Cpus>>, set: Option<Located<Cpus>>) -> (Option<Located<Cpus>>, bool) {
    let pinned = set.as_ref().is_some_and(|set| quota.as_ref().is_none_or(|quota| set.value.0 < quota.value.0));
    (if pinned { set } else { quota }, pinned)
}

/// A value that compose fills in from elsewhere (`${CPUS}`) does not parse, and stays unknown.
pub(super) fn read<T>(text: &Located<String>, parse: impl Fn(&str) -> Option<T>) -> Option<Located<T>> {
    let value = parse(text.value.trim())?;
    Some(Located::new(value, text.place))
}

/// A relative path as it is called from the folder of the service.
fn below(prefix: &str, path: Located<String>) -> Located<String> {
    let is_relative = !path.value.starts_with(['/', '~', '$']) && !path.value.contains("://");
    if prefix.is_empty() || !is_relative { path } else { path.map(|path| format!("{prefix}/{path}")) }
}
