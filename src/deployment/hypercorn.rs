//! What is peculiar to how Hypercorn is configured (0.18.0).
//!
//! Its file sets attributes of a `Config` without looking at names or values, and the command line sets them
//! again. What it stumbles over then is told by [`at_start`].

use super::configuration::{Read, Reader, Stranger, Which};
use super::effective::{Candidate, Layer, Resolved, Settings, Site};
use crate::read::{self, TomlEntry};
use crate::servers::arguments::Arguments;
use crate::servers::{Table, Version, cast};
use crate::source::{FileId, Files, Located, Place};
use crate::values::Value;

use super::locate::Roots;

/// The command line assigns its default to this one, so that a file never gets to set it.
const HIDDEN: &str = "statsd_prefix";

/// The application as `load_application` reads it: `app` if no attribute is named, and perhaps what it speaks in front.
pub(super) fn application(named: Located<String>) -> Located<String> {
    let Located { value, mut place } = named;
    match value.split_once(':') {
        None => Located::new(format!("{value}:app"), place),
        Some((mode @ ("asgi" | "wsgi"), rest)) if rest.contains(':') => {
            if place.span.end - place.span.start == value.len() {
                place.span.start += mode.len() + 1;
            }
            Located::new(rest.to_owned(), place)
        }
        Some(_) => Located::new(value, place),
    }
}

/// What is written in front of an application for it: `asgi` in `asgi:main:app`.
pub(super) fn mode(named: &str) -> Option<String> {
    let (mode, rest) = named.split_once(':')?;
    (matches!(mode, "asgi" | "wsgi") && rest.contains(':')).then(|| mode.to_owned())
}

/// The file that `-c` names: of Python with `file:`, a module with `python:`, else of TOML. `imports_here` where modules
/// are imported from the folder it starts in, or from folders that somebody tells it.
pub(super) fn which(given: &Arguments, imports_here: bool, roots: &Roots, files: &Files) -> Which {
    let Some(given) = given.last("config") else {
        return Which::None;
    };
    let place = given.value_place.unwrap_or(given.flag);
    let Some(text) = &given.text else {
        return Which::Unknown(place, "the configuration file is named by a variable that no file sets".to_owned());
    };
    let found = match text.split_once(':') {
        // The command looks for modules beside itself, and in a name without a dot for nothing else.
        Some(("python", module)) if !module.contains('.') && !imports_here => {
            return Which::Unknown(place, format!("where `{module}` is imported from is not known"));
        }
        Some(("python", module)) => {
            let base = module.replace('.', "/");
            let package = format!("{base}/__init__.py");
            roots.file(files, &package).or_else(|| roots.file(files, &format!("{base}.py")))
        }
        Some(("file", path)) => roots.file(files, path),
        _ => roots.file(files, text),
    };
    match found {
        Some(file) => Which::File(file, Some(place)),
        None => Which::Unknown(place, format!("the configuration `{text}` is not among the files that are read")),
    }
}

/// What `file` sets, which `named` names.
pub(super) fn read(
    reader: &Reader,
    file: FileId,
    named: &str,
    table: &'static Table,
    version: Version,
) -> Option<Read> {
    let is_python = named.starts_with("python:") || named.starts_with("file:");
    let mut read =
        if is_python { reader.read(file, table, version)? } else { toml(reader.files, file, table, version) };
    read.candidates.retain(|(setting, _)| setting.name() != HIDDEN);
    Some(read)
}

/// What a file of TOML sets.
pub(super) fn toml(files: &Files, file: FileId, table: &'static Table, version: Version) -> Read {
    let said = read::toml_settings(file, files.get(file).readable().text());
    let mut read = Read { errors: said.error.into_iter().collect(), ..Read::default() };
    read.last_assignment = said.entries.iter().filter(|entry| entry.literal).map(|entry| entry.statement).next_back();
    for entry in said.entries {
        match table.setting(&entry.key).filter(|setting| setting.applies_to(version)) {
            Some(setting) => {
                let value = match entry.value.as_ref().map(|value| cast::cast(setting, value, version)) {
                    Some(Ok(value)) => Resolved::Known(value),
                    _ => Resolved::Unknown("it is a date".to_owned()),
                };
                read.candidates.push((setting, candidate(&entry, value)));
            }
            None => read.strangers.push(Stranger {
                name: entry.key,
                name_place: entry.key_place,
                value: entry.value,
                unused: true,
            }),
        }
    }
    read
}

pub(super) fn candidate(entry: &TomlEntry, value: Resolved) -> Candidate {
    Candidate {
        value,
        layer: Layer::ConfigFile,
        place: Some(entry.value_place),
        site: Some(Site::Entry { literal: entry.literal.then_some(entry.value_place), statement: entry.statement }),
        depends: Vec::new(),
    }
}

/// What the command line does to settings that it has no option of their own for.
pub(super) fn adjust(settings: &mut Settings, given: &Arguments) {
    // `config.max_requests_jitter = args.max_requests`
    if let Some(jitter) = given.last("max_requests_jitter") {
        let value = match settings.get("max_requests").map(|setting| &setting.winner) {
            Some(winner) if winner.layer == Layer::CommandLine => winner.value.clone(),
            _ => Resolved::Unknown("the option takes the value of `--max-requests`, which is not given".to_owned()),
        };
        let place = jitter.value_place.or(Some(jitter.flag));
        settings.change("max_requests_jitter", |winner| Candidate { value, place, ..winner.clone() });
    }
    // `cert_reqs` is another way to set `verify_mode`; on the command line the latter has the last word.
    let Some(required) = settings.get("cert_reqs").filter(|setting| setting.is_set()).map(|s| s.winner.clone()) else {
        return;
    };
    let mode = |value: &Resolved| match value {
        Resolved::Known(Value::Int(0)) => Resolved::Known(Value::Str("CERT_NONE".to_owned())),
        Resolved::Known(Value::Int(1)) => Resolved::Known(Value::Str("CERT_OPTIONAL".to_owned())),
        Resolved::Known(Value::Int(2)) => Resolved::Known(Value::Str("CERT_REQUIRED".to_owned())),
        other => Resolved::Unknown(match other {
            Resolved::Known(value) => format!("`{value}` is no mode"),
            Resolved::Unknown(why) => why.clone(),
        }),
    };
    let value = mode(&required.value);
    settings.change("verify_mode", |winner| {
        if winner.layer < required.layer { Candidate { value, ..required.clone() } } else { winner.clone() }
    });
}

/// What stops the start although every attribute was set.
pub(super) fn at_start(settings: &Settings, command: Place) -> Vec<Located<String>> {
    let mut faults = Vec::new();
    let mut fault = |name: &str, what: String| {
        let place = settings.get(name).and_then(super::Effective::place).unwrap_or(command);
        faults.push(Located::new(format!("`{name}`: {what}"), place));
    };
    let value = |name: &str| settings.get(name).and_then(super::Effective::value);
    if let Some(class) = value("worker_class")
        && !["asyncio", "uvloop", "trio"].iter().any(|known| class.as_str() == Some(known))
    {
        fault("worker_class", format!("there is no worker of class {class}"));
    }
    match value("workers") {
        Some(Value::Int(0)) if value("use_reloader") == Some(&Value::Bool(true)) => {
            fault("workers", "it cannot reload without workers".to_owned());
        }
        None | Some(Value::Int(_) | Value::Bool(_)) => {}
        Some(other) => fault("workers", format!("a whole number is needed, not {other}")),
    }
    for name in ["bind", "insecure_bind", "quic_bind"] {
        match value(name) {
            None => {}
            Some(Value::List(items)) => {
                if let Some(item) = items.iter().find(|item| item.as_str().is_none()) {
                    fault(name, format!("`{item}` is no address"));
                }
            }
            Some(other) => fault(name, format!("`{other}` is no list of addresses")),
        }
    }
    if let Some(mode) = value("cert_reqs").and_then(Value::as_int).filter(|mode| !(0..=2).contains(mode)) {
        fault("cert_reqs", format!("`{mode}` is no mode"));
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::servers::{Server, table};

    fn edited(
        text: &str,
        name: &str,
        edit: impl Fn(&Files, &Candidate) -> Option<crate::findings::Edit>,
    ) -> Option<String> {
        let mut files = Files::new();
        let file = files.add("hypercorn.toml", text);
        let hypercorn = table(Server::Hypercorn);
        let read = toml(&files, file, hypercorn, hypercorn.newest());
        let (_, candidate) = read.candidates.iter().find(|(setting, _)| setting.name() == name)?;
        let edit = edit(&files, candidate)?;
        let span = edit.place.span;
        Some(format!("{}{}{}", &text[..span.start], edit.text, &text[span.end..]))
    }

    const TEXT: &str = "# c\nworkers = 2 # two\nloglevel = 'info'\nbind = [\"a:1\"]\n[logconfig_dict]\nversion = 1\n";

    #[test]
    fn literals_of_a_file_can_be_replaced() {
        let set = |name: &str, value: Value| edited(TEXT, name, |files, candidate| candidate.set(files, &value));
        assert_eq!(set("workers", Value::Int(4)), Some(TEXT.replace("workers = 2", "workers = 4")));
        assert_eq!(set("loglevel", Value::Str("debug".into())), Some(TEXT.replace("'info'", "\"debug\"")));
        assert_eq!(set("bind", Value::Str("b:2".into())), None, "a list is no literal");
        assert_eq!(set("loglevel", Value::None), None, "TOML has no such value");
    }

    #[test]
    fn settings_can_be_added_and_taken_out() {
        let hypercorn = table(Server::Hypercorn);
        let graceful = hypercorn.setting("graceful_timeout").unwrap();
        let added = edited(TEXT, "workers", |files, candidate| {
            candidate.add_beside(files, graceful, hypercorn.newest(), &Value::Int(20))
        });
        assert_eq!(added, Some(TEXT.replace("# two\n", "# two\ngraceful_timeout = 20\n")));
        let removed = edited(TEXT, "workers", |files, candidate| candidate.remove(files)?.into_iter().next());
        assert_eq!(removed, Some(TEXT.replace("workers = 2 # two\n", "")));
    }
}
