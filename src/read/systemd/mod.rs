//! Units of systemd: one unit per service, its drop-ins laid over it.
//!
//! All files of systemd are read together, because a drop-in says something about another file and a socket
//! opens addresses for a service. Follows systemd 252 (`systemd.service(5)`, `systemd.exec(5)`,
//! `systemd.unit(5)`). Where a folder of the machine lies in the project is decided later.

mod escapes;
mod fields;
mod quantities;
#[cfg(test)]
mod tests;
mod words;

use std::collections::BTreeMap;

use crate::findings::Note;
use crate::source::{FileId, FileKind, Files, Located, Place};
use crate::values::Bytes;
use crate::values::Order as _;

use super::ini::{self, Dialect, Document};
use super::{EnvironmentFile, Facts, Notation, Unit, UnitKind};
use fields::Fields;

/// Reads all files of systemd among `kinds`.
pub(super) fn read(files: &Files, kinds: &BTreeMap<FileId, FileKind>) -> Facts {
    let mut facts = Facts::default();
    let mut documents = BTreeMap::new();
    for (&file, _) in kinds.iter().filter(|&(_, &kind)| kind == FileKind::Systemd) {
        let source = files.get(file);
        let mut document = ini::scan(source.text(), Dialect::Systemd);
        if !document.complete {
            facts.notes.push(Note::file(source.path(), "more settings than are read; the rest was skipped"));
        }
        facts.comments.insert(file, std::mem::take(&mut document.comments));
        documents.insert(file, document);
    }
    let mut reader = Reader { files, notes: &mut facts.notes };
    for &file in documents.keys() {
        let name = unit_name(files.get(file).name());
        if !name.ends_with(".service") || drop_in_of(files.get(file).folder()).is_some() {
            continue;
        }
        let mut fields = Fields::default();
        for part in std::iter::once(file).chain(drop_ins(files, &documents, file, name)) {
            fields.extend(documents.get(&part), part, name, "Service");
        }
        let sockets = sockets(files, &documents, file, name);
        if let Some(mut unit) = reader.service(file, name, &fields, sockets) {
            if unit.sockets.is_empty() {
                let parts: Vec<FileId> = std::iter::once(file).chain(drop_ins(files, &documents, file, name)).collect();
                unit.awaited_socket = awaited_socket(files, &documents, &parts, name);
            }
            facts.units.push(unit);
        }
    }
    facts
}

/// `web.service` of `web.service.j2`.
fn unit_name(name: &str) -> &str {
    [".service", ".socket"].iter().find_map(|kind| name.get(..name.find(kind)? + kind.len())).unwrap_or(name)
}

/// The unit that the files of a folder change.
fn drop_in_of(folder: &str) -> Option<&str> {
    folder.rsplit('/').next()?.strip_suffix(".d").filter(|name| name.contains('.'))
}

/// The drop-ins of a unit in the order of their names: those beside it or, where it is the only one of its
/// name, those anywhere.
fn drop_ins(files: &Files, documents: &BTreeMap<FileId, Document>, unit: FileId, name: &str) -> Vec<FileId> {
    let only = documents.keys().filter(|&&other| unit_name(files.get(other).name()) == name).count() == 1;
    let folder = files.get(unit).folder();
    let beside = |of: &str| of.rsplit_once('/').map_or("", |(parent, _)| parent) == folder;
    let mut found: Vec<FileId> = documents
        .keys()
        .copied()
        .filter(|&file| {
            let of = files.get(file).folder();
            drop_in_of(of) == Some(name) && (only || beside(of))
        })
        .collect();
    found.order_by_key(|&file| files.get(file).name().to_owned());
    found
}

/// The addresses of the socket of the same name, or of one that names the service.
fn sockets(files: &Files, documents: &BTreeMap<FileId, Document>, unit: FileId, name: &str) -> Vec<Located<String>> {
    let stem = name.strip_suffix(".service").unwrap_or(name);
    let mut addresses = Vec::new();
    for (&file, document) in documents {
        let socket = unit_name(files.get(file).name());
        if files.get(file).folder() != files.get(unit).folder() || !socket.ends_with(".socket") {
            continue;
        }
        let mut fields = Fields::default();
        fields.extend(Some(document), file, socket, "Socket");
        let service = fields.last("Service").and_then(|value| value.text());
        let fits = service.map_or(socket.strip_suffix(".socket") == Some(stem), |service| service.value == name);
        // With `Accept=yes` each connection is a process of its own.
        let accepts = fields.last("Accept").and_then(|value| value.truth()).is_some_and(|accept| accept.value);
        if fits && !accepts {
            addresses.extend(fields.list("ListenStream").iter().filter_map(fields::Value::text));
        }
    }
    addresses
}

/// Sockets that systems have for services of their own.
const OF_THE_SYSTEM: [&str; 16] = [
    "avahi-daemon",
    "containerd",
    "cups",
    "dbus",
    "docker",
    "libvirtd",
    "mariadb",
    "mysql",
    "nginx",
    "podman",
    "postgresql",
    "redis",
    "rpcbind",
    "snapd",
    "syslog",
    "uuidd",
];

/// The socket that a service cannot do without, or that is installed with it, and that is not among the files.
fn awaited_socket(
    files: &Files,
    documents: &BTreeMap<FileId, Document>,
    parts: &[FileId],
    name: &str,
) -> Option<Located<String>> {
    let keys = [("Unit", "Requires"), ("Unit", "BindsTo"), ("Service", "Sockets"), ("Install", "Also")];
    let is_there = |socket: &str| documents.keys().any(|&file| unit_name(files.get(file).name()) == socket);
    let own = |stem: &str| name.strip_suffix(".service") == Some(stem);
    keys.iter().find_map(|&(section, key)| {
        let mut fields = Fields::default();
        for &part in parts {
            fields.extend(documents.get(&part), part, name, section);
        }
        let values: Vec<Located<String>> = fields.list(key).iter().filter_map(fields::Value::text).collect();
        values.into_iter().find_map(|value| {
            let socket = value.value.split_whitespace().find(|unit| {
                let stem = unit.strip_suffix(".socket").filter(|_| !is_there(unit));
                let foreign = |stem: &str| OF_THE_SYSTEM.contains(&stem) || stem.starts_with("systemd-");
                stem.is_some_and(|stem| own(stem) || key == "Sockets" || !foreign(stem))
            })?;
            Some(Located::new(socket.to_owned(), value.place))
        })
    })
}

struct Reader<'a> {
    files: &'a Files,
    notes: &'a mut Vec<Note>,
}

impl Reader<'_> {
    fn service(&mut self, file: FileId, name: &str, fields: &Fields, sockets: Vec<Located<String>>) -> Option<Unit> {
        let place = Place::new(file, fields.header?);
        let mut unit = Unit::new(UnitKind::SystemdService, name.trim_end_matches(".service"), place);
        // Only `Type=oneshot` may have several, which run one after the other.
        let value = fields.list("ExecStart").pop()?;
        match words::command(value) {
            Ok(command) => unit.command = command,
            Err(why) => self.note(value.place(), why),
        }
        for value in fields.list("Environment") {
            match words::assignments(value) {
                Ok(variables) => unit.environment.extend(variables),
                Err(why) => self.note(value.place(), why),
            }
        }
        for value in fields.list("PassEnvironment") {
            unit.environment.extend(words::names(value));
        }
        let paths = fields.list("EnvironmentFile").into_iter().filter_map(|value| {
            let optional = value.text().is_some_and(|text| text.value.starts_with('-'));
            Some(EnvironmentFile { path: value.path()?, notation: Notation::Systemd, optional })
        });
        unit.environment_files = paths.collect();
        for value in fields.list("UnsetEnvironment") {
            unit.removed.extend(words::removals(value));
        }
        unit.working_folder = fields.last("WorkingDirectory").and_then(|value| value.path());
        unit.user = fields.last("User").and_then(|value| value.text());
        unit.stop_signal = fields.last("KillSignal").and_then(|value| value.text());
        let quota = fields.last("CPUQuota").and_then(|value| value.cpus());
        let sets = ["AllowedCPUs", "CPUAffinity"].map(|key| fields.processors(key));
        unit.limits.cpus =
            sets.into_iter().chain([quota]).flatten().min_by(|one, other| one.value.0.total_cmp(&other.value.0));
        unit.limits.memory = smallest(
            ["MemoryMax", "MemoryHigh", "MemoryLimit"].map(|key| fields.last(key).and_then(|value| value.bytes())),
        );
        let stop = ["TimeoutStopSec", "TimeoutSec"].map(|key| fields.last(key));
        // Both set the same thing, so the later one counts.
        let stop = stop.into_iter().flatten().max_by_key(fields::Value::order);
        if let Some(stop) = stop {
            unit.limits.stop_grace = stop.seconds();
            unit.limits.stop_default = None;
        }
        unit.sockets = sockets;
        let kind = fields.last("Type").and_then(|value| value.text());
        unit.container.expects_fork = kind.is_some_and(|kind| kind.value == "forking");
        Some(unit)
    }

    fn note(&mut self, place: Place, why: &str) {
        let source = self.files.get(place.file);
        self.notes.push(Note::line(source.path(), source.line(place.span.start), why));
    }
}

/// The limit that is met first.
fn smallest<const N: usize>(limits: [Option<Located<Bytes>>; N]) -> Option<Located<Bytes>> {
    limits.into_iter().flatten().min_by_key(|limit| limit.value)
}
