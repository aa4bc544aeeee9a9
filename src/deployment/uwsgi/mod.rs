//! What uWSGI makes of its variables, its files and its command line together.
//!
//! All of them are options of one list, the last of which counts, wherever it comes from (2.0.31): a file that is
//! named behind `--processes 2` has its way.

mod export;
mod magic;
mod text;

use std::collections::{BTreeMap, BTreeSet};

use super::commands::Start;
use super::configuration::{Configuration, Stranger};
use super::effective::{Candidate, Effective, Layer, Resolved, Settings, Site};
use super::environment::Environment;
use super::host;
use super::locate::Roots;
use super::settle;
use crate::findings::Note;
use crate::python::deeds::Deeds;
use crate::python::evaluate::Dependency;
use crate::read::{Command, Facts, FilledBy, Form, Unit, UnitKind, UwsgiFile};
use crate::servers::arguments::{self, Argument, Arguments, Outcome};
use crate::servers::{Action, Program, Server, Setting, Table, Version};
use crate::source::{FileId, Files, Located, Place, Span};
use crate::values::Value;
use export::{Exported, Exporter};
use text::Text;

/// Stands for any option, where something is not known that may set it.
const ANY: &str = "*";

/// Variables of the name that are no options (`parse_sys_envs`).
const NO_OPTIONS: [&str; 8] = [
    "UWSGI_RELOADS",
    "UWSGI_VASSALS_DIR",
    "UWSGI_EMPEROR_FD",
    "UWSGI_BROODLORD_NUM",
    "UWSGI_EMPEROR_FD_CONFIG",
    "UWSGI_EMPEROR_PROXY",
    "UWSGI_JAIL_PID",
    "UWSGI_ORIGINAL_PROC_NAME",
];

/// What a server is told.
pub(super) struct Told {
    pub(super) settings: Settings,
    /// The file that is loaded first.
    pub(super) configuration: Option<Configuration>,
    /// All files that are loaded.
    pub(super) loaded: Vec<FileId>,
    pub(super) app: Option<Located<String>>,
    /// Options that the table does not describe.
    pub(super) others: Vec<(String, Located<String>)>,
    /// The variables that it sets for the application.
    pub(super) variables: Environment,
}

/// Reads everything that a server is told.
#[allow(clippy::too_many_arguments, reason = "all that a start is made of")]
pub(super) fn read(
    start: &Start,
    origin: &Unit,
    command_line: &Arguments,
    table: &'static Table,
    version: Version,
    files: &Files,
    facts: &Facts,
    (errors, notes): (&mut Vec<Located<String>>, &mut Vec<Note>),
) -> Told {
    let mut exporter = Exporter::new(files, &facts.uwsgi, &start.environment, &start.roots);
    for (name, entry) in start.environment.entries() {
        let option = name.strip_prefix("UWSGI_").filter(|_| !NO_OPTIONS.contains(&name.as_str()));
        let Some(option) = option else { continue };
        let key = option.to_ascii_lowercase().replace('_', "-");
        let value = match &entry.text {
            Some(text) => Text::Known(text.clone()),
            None => Text::unknown(format!("`{name}` is passed on from outside")),
        };
        let literal = entry.literal.then_some(entry.place);
        exporter.rests_on.clone_from(&entry.depends);
        exporter.add(&key, Some(value), entry.place, Layer::Environment, Some(Site::Variable { literal }));
    }
    for given in &command_line.given {
        let setting = given.setting;
        let written = files
            .text_at(given.flag)
            .strip_prefix("--")
            .filter(|name| table.setting_of_option(name, version).is_some());
        let flags = setting.at(version).flags();
        let long = written.or_else(|| flags.iter().find_map(|flag| flag.strip_prefix("--")));
        let candidate = settle::from_words(given, Layer::CommandLine, &start.parted, &mut Vec::new());
        exporter.rests_on.clone_from(&candidate.depends);
        let value = match (&given.text, given.value_place) {
            (Some(text), _) => Some(Text::Known(text.clone())),
            (None, None) => None,
            (None, Some(_)) => {
                let why = match candidate.value {
                    Resolved::Unknown(why) => why,
                    Resolved::Known(_) => settle::FROM_A_RUN.to_owned(),
                };
                Some(Text::Unknown { why, depends: candidate.depends })
            }
        };
        let place = given.value_place.unwrap_or(given.flag);
        exporter.add(long.unwrap_or(setting.name()), value, place, Layer::CommandLine, candidate.site);
    }
    exporter.rests_on.clear();
    let mut named = Vec::new();
    for word in command_line.app.iter().chain(&command_line.extra) {
        // `uwsgi_opt_load` tells a configuration by its ending, and Python's plugin tells the rest.
        let is_configuration =
            [".ini", ".xml", ".yaml", ".yml", ".json", ".js"].iter().any(|end| word.value.ends_with(end));
        if is_configuration {
            exporter.load(&word.value, word.place);
        } else {
            named.push(word.clone());
        }
    }
    if origin.kind == UnitKind::UwsgiConfiguration {
        let file = origin.place.file;
        exporter.load_file(file, &named_like(file, &start.roots, files), "", origin.place);
    }
    let exporter = exporter.finish();
    errors.extend(exporter.errors.iter().cloned());
    for lost in &exporter.unread {
        let file = files.get(lost.place.file);
        notes.push(Note::line(file.path(), file.line(lost.place.span.start), lost.value.clone()));
    }
    if !exporter.complete {
        let file = files.get(start.place.file);
        notes.push(Note::file(file.path(), "it makes more options than are followed"));
    }
    let sets = |option: &&Exported| option.key != ANY && !export::is_condition(&option.key);
    let others = exporter.effective().filter(sets).filter(|option| !is_path(option));
    let others = others.filter(|option| table.setting_of_option(&option.key, version).is_none());
    let others = others.map(|option| {
        let value = match &option.value {
            None => "true".to_owned(),
            Some(Text::Known(text)) => text.clone(),
            Some(Text::Unknown { .. }) => "unknown".to_owned(),
        };
        (option.key.clone(), Located::new(value, option.place))
    });
    let others = others.collect();
    let mut settings = settled(&exporter, table, version, command_line, files, errors);
    imply_master(&mut settings);
    let configuration = exporter.loaded.first().map(|&file| Configuration {
        file,
        named_at: exporter
            .list
            .iter()
            .find(|option| option.layer == Layer::CommandLine && is_path(option))
            .map(|option| option.place),
        strangers: exporter
            .effective()
            .filter(sets)
            .filter(|option| table.setting_of_option(&option.key, version).is_none())
            .map(|option| stranger(option, &exporter.loaded, files))
            .collect(),
        accidental: Vec::new(),
        deeds: Deeds::default(),
        late_patch: None,
        last_assignment: None,
    });
    let app = application(&settings, &exporter, &start.roots, files)
        .or_else(|| named.into_iter().find(|word| word.value.contains(':')));
    let variables = variables(&exporter);
    Told { settings, configuration, loaded: exporter.loaded, app, others, variables }
}

/// What `env = NAME=text` sets (`uwsgi_opt_set_env` of `core/uwsgi.c`).
fn variables(exporter: &Exporter) -> Environment {
    let mut set = Environment::default();
    for option in exporter.effective().filter(|option| option.key == "env") {
        let known = option.value.as_ref().and_then(Text::known).and_then(|text| text.split_once('='));
        if let Some((name, text)) = known {
            set.put(name.trim(), Some(text.to_owned()), option.place);
        }
    }
    set
}

/// An option that no table has, at its own name where a file has that in front of the value.
fn stranger(option: &Exported, loaded: &[FileId], files: &Files) -> Stranger {
    let key = name_of(option, files);
    // `%(name)`, or one of several names in it.
    let refers = |text: &str| {
        text.split("%(").skip(1).any(|behind| {
            let inside = behind.split(')').next().unwrap_or_default();
            inside.split(' ').any(|word| word == option.key)
        })
    };
    let unused = key.is_some() && !loaded.iter().any(|file| refers(files.get(*file).text()));
    Stranger { name: option.key.clone(), name_place: key.unwrap_or(option.place), value: None, unused }
}

/// The name of an option in front of its value.
fn name_of(option: &Exported, files: &Files) -> Option<Place> {
    let (text, key) = (files.get(option.place.file).text(), option.key.as_str());
    let before = text.get(..option.place.span.start)?;
    let line = before.rfind('\n').map_or(0, |at| at + 1);
    // A name that stands alone is what the option shows.
    let alone = text.get(option.place.span.start..option.place.span.end) == Some(key);
    let at = if alone { option.place.span.start } else { line + before.get(line..)?.rfind(key)? };
    let behind = text.get(at + key.len()..option.place.span.start).unwrap_or_default();
    let joins = behind.chars().all(|c| c.is_whitespace() || "=:\"'-".contains(c));
    joins.then(|| Place::new(option.place.file, Span::new(at, at + key.len())))
}

fn is_path(option: &Exported) -> bool {
    matches!(option.key.as_str(), "ini" | "yaml" | "yml" | "json" | "js" | "xml" | "xmlconfig" | "include" | "config")
}

/// How somebody calls a configuration of which it is not known where it lies: by its name.
fn named_like(file: FileId, roots: &Roots, files: &Files) -> String {
    let name = files.get(file).name();
    match roots.absolute() {
        Some(folder) if roots.file(files, name) == Some(file) => format!("{folder}/{name}"),
        _ => name.to_owned(),
    }
}

fn settled(
    exporter: &Exporter,
    table: &'static Table,
    version: Version,
    command_line: &Arguments,
    files: &Files,
    errors: &mut Vec<Located<String>>,
) -> Settings {
    let mut by_setting: BTreeMap<&str, Vec<Decided>> = BTreeMap::new();
    let mut any = Vec::new();
    for (order, option) in exporter.effective().enumerate() {
        if option.key == ANY {
            any.push((order, candidate(option, Resolved::Unknown(String::new()))));
            continue;
        }
        let Some(setting) = table.setting_of_option(&option.key, version) else { continue };
        let value = value(option, setting, table, version, errors);
        by_setting.entry(setting.name()).or_default().push((candidate(option, value), option.decided_by.as_ref()));
    }
    let mut settings = Settings::default();
    for setting in table.settings().filter(|setting| setting.applies_to(version)) {
        let mut candidates = decided(by_setting.remove(setting.name()).unwrap_or_default());
        if setting.at(version).action() == Action::Append && !candidates.is_empty() {
            candidates = settle::joined(candidates).into_iter().collect();
        }
        if let Some((_, lost)) = any.last() {
            candidates.extend(unless_later(exporter, setting, version, lost));
        }
        if let Some(&place) = command_line.opaque.first().filter(|_| command_line.last(setting.name()).is_none()) {
            let why = format!("`{}` may set it", files.text_at(place));
            candidates.push(settle::unknown(Layer::CommandLine, place, why));
        }
        candidates.insert(0, settle::default(setting, version));
        for path in supposed(exporter, setting, version) {
            for candidate in &mut candidates {
                candidate.depends.push(Dependency::Other { what: format!("whether `{path}` exists") });
            }
        }
        settings.settle_in_order(setting, candidates);
    }
    settings
}

/// A value, and the variable whose presence decides if it counts, with whether that must be set.
type Decided<'a> = (Candidate, Option<&'a (String, bool)>);

/// Of `if-env = X` and `if-not-env = X` the latter counts, as long as no file sets the variable.
fn decided(candidates: Vec<Decided>) -> Vec<Candidate> {
    let stand_ins: Vec<String> =
        candidates.iter().filter_map(|(_, by)| by.filter(|(_, set)| !set)).map(|(name, _)| name.clone()).collect();
    let mut kept = Vec::new();
    for (mut candidate, by) in candidates {
        match by {
            Some((name, true)) if stand_ins.contains(name) => continue,
            Some((name, false)) => {
                let default = match &candidate.value {
                    Resolved::Known(value) => Some(value.clone()),
                    Resolved::Unknown(_) => None,
                };
                candidate.depends.push(Dependency::Environment { name: name.clone(), default });
            }
            _ => {}
        }
        kept.push(candidate);
    }
    kept
}

/// The files that would set a setting, or stand in the way of what sets it, if they were there.
fn supposed<'e>(exporter: &'e Exporter, setting: &Setting, version: Version) -> BTreeSet<&'e str> {
    if exporter.supposed.is_empty() {
        return BTreeSet::new();
    }
    let flags = setting.at(version).flags();
    let sets = |key: &str| flags.iter().any(|flag| flag.strip_prefix("--") == Some(key));
    let last = exporter.list.iter().rposition(|option| !option.placeholder && sets(&option.key));
    let doubts = exporter.supposed.iter().filter(|one| one.key == ANY || sets(&one.key));
    doubts.filter(|one| last.is_none_or(|last| last < one.behind)).map(|one| one.path.as_str()).collect()
}

/// What is lost sets an option, unless one behind it does.
fn unless_later(exporter: &Exporter, setting: &Setting, version: Version, lost: &Candidate) -> Option<Candidate> {
    let flags = setting.at(version).flags();
    let winner = exporter
        .effective()
        .filter(|option| option.key == ANY || flags.iter().any(|flag| flag.strip_prefix("--") == Some(&option.key)))
        .last()?;
    (winner.key == ANY).then(|| lost.clone())
}

fn candidate(option: &Exported, value: Resolved) -> Candidate {
    let (value, depends) = match &option.value {
        Some(Text::Unknown { why, depends }) => (Resolved::Unknown(why.clone()), depends.clone()),
        _ => (value, option.depends.clone()),
    };
    Candidate { value, layer: option.layer, place: Some(option.place), site: option.site.clone(), depends }
}

fn value(
    option: &Exported,
    setting: &'static Setting,
    table: &'static Table,
    version: Version,
    errors: &mut Vec<Located<String>>,
) -> Resolved {
    let text = match &option.value {
        Some(Text::Unknown { why, .. }) => return Resolved::Unknown(why.clone()),
        Some(Text::Known(text)) => Some(text.as_str()),
        None => None,
    };
    match arguments::outcome_of(table, version, setting, text) {
        Outcome::Known(value) => Resolved::Known(value),
        Outcome::Unknown => Resolved::Unknown("it cannot be told".to_owned()),
        Outcome::Invalid(message) => {
            errors.push(Located::new(format!("`{}`: {message}", option.key), option.place));
            Resolved::Unknown(settle::refused(text.unwrap_or_default()))
        }
    }
}

/// Options that need a master start one (`UWSGI_OPT_MASTER` and its relatives).
const WITH_MASTER: [&str; 24] = [
    "spooler",
    "mule",
    "mules",
    "evil_reload_on_as",
    "evil_reload_on_rss",
    "reload_on_fd",
    "touch_reload",
    "touch_workers_reload",
    "touch_chain_reload",
    "touch_logrotate",
    "touch_logreopen",
    "fs_reload",
    "enable_metrics",
    "stats",
    "master_fifo",
    "cheaper",
    "cheaper_initial",
    "cheaper_step",
    "cheaper_algo",
    "idle",
    "die_on_idle",
    "attach_daemon",
    "attach_daemon2",
    "smart_attach_daemon",
];

fn imply_master(settings: &mut Settings) {
    let cause = WITH_MASTER.iter().filter_map(|name| settings.get(name)).find(|setting| setting.is_set());
    let Some(cause) = cause.map(|cause| cause.winner.clone()) else { return };
    let value = Resolved::Known(Value::Bool(true));
    settings.change_default("master", |_| Candidate { value, site: None, ..cause });
}

/// The application that the options name, as a module and what it is called there.
fn application(settings: &Settings, exporter: &Exporter, roots: &Roots, files: &Files) -> Option<Located<String>> {
    let text = |name: &str| {
        let setting = settings.get(name).filter(|setting| setting.is_set())?;
        Some(Located::new(Effective::text(setting)?.to_owned(), setting.place()?))
    };
    let callable = text("callable").map_or_else(|| "application".to_owned(), |callable| callable.value);
    if let Some(module) = text("module") {
        let named = module.value.contains(':');
        return Some(module.map(|module| if named { module } else { format!("{module}:{callable}") }));
    }
    let mut roots = roots.clone();
    if let Some(folder) = text("chdir") {
        roots.enter(&folder.value);
    }
    let in_file = |path: &str| format!("{}:{callable}", module_of(path, &roots, files));
    if let Some(file) = text("wsgi_file") {
        return Some(file.map(|path| in_file(&path)));
    }
    let (what, place) = mounted(exporter)?;
    // `uwsgi_mount_loader` of 2.0.31 looks at the ending first, and takes nothing else than these two.
    let by_ending = [".py", ".wsgi"].iter().any(|ending| what.ends_with(ending));
    let app = if by_ending { in_file(what) } else { what.contains(':').then(|| what.to_owned())? };
    Some(Located::new(app, place))
}

/// What is mounted at the root of the paths, or else wherever the first is: `/=shop.wsgi:application`.
fn mounted<'e>(exporter: &'e Exporter<'_>) -> Option<(&'e str, Place)> {
    let all = || {
        exporter.effective().filter(|option| matches!(option.key.as_str(), "mount" | "worker-mount")).filter_map(
            |option| {
                let (point, what) = option.value.as_ref()?.known()?.split_once('=')?;
                Some((point, what, option.place))
            },
        )
    };
    let (_, what, place) = all().find(|(point, ..)| matches!(*point, "" | "/")).or_else(|| all().next())?;
    Some((what, place))
}

/// The module that a file is, seen from the folder it is named from.
fn module_of(path: &str, roots: &Roots, files: &Files) -> String {
    let folder = roots.folder(files);
    let found = roots.file(files, path).map(|found| files.get(found).path());
    let below = found
        .and_then(|path| if folder.is_empty() { Some(path) } else { path.strip_prefix(&folder)?.strip_prefix('/') });
    let module = below.unwrap_or(path);
    let module = module.strip_suffix(".py").unwrap_or(module).trim_start_matches("./");
    if module.starts_with('/') { module.to_owned() } else { module.replace('/', ".") }
}

/// Whether the options stand in a file of `PasteDeploy` that names another server: uWSGI is one of two ways to run it.
pub(super) fn is_beside_another(configuration: &UwsgiFile) -> bool {
    configuration.sections.iter().any(|section| section.name.value.starts_with("server:"))
}

/// Keys that only say how uWSGI itself is built, and are no options of it (`uwsgiconfig.py` of 2.0.31).
const OF_BUILDS: [&str; 6] =
    ["main_plugin", "embedded_plugins", "bin_name", "plugin_build_dir", "append_version", "malloc_implementation"];

/// Whether a file is a profile to build uWSGI by.
pub(super) fn is_of_a_build(configuration: &UwsgiFile) -> bool {
    let mut options = configuration.sections.iter().flat_map(|section| &section.options);
    options.any(|option| OF_BUILDS.contains(&option.key.value.as_str()))
}

/// Whether a file lies in a folder of parts (`uwsgi.d`), which another one includes together.
pub(super) fn is_a_part(file: FileId, files: &Files) -> bool {
    files.get(file).folder().rsplit('.').next() == Some("d")
}

/// Whether the application that the options name is in the project.
pub(super) fn names_code(configuration: &UwsgiFile, files: &Files) -> bool {
    let options = configuration.sections.iter().flat_map(|section| &section.options);
    let named = options.filter(|option| matches!(option.key.value.as_str(), "module" | "wsgi" | "wsgi-file" | "file"));
    named.filter_map(|option| option.value.text()).any(|text| {
        let module = text.split(':').next().unwrap_or_default();
        let path = module.strip_suffix(".py").map_or_else(|| module.replace('.', "/"), str::to_owned);
        let tail = format!("/{}.py", path.trim_start_matches('/'));
        files.iter().any(|(_, file)| format!("/{}", file.path()).ends_with(&tail))
    })
}

/// A unit for a configuration that nothing names, and what it starts.
pub(super) fn alone(file: FileId, configuration: &UwsgiFile, files: &Files) -> Option<(Unit, Start)> {
    let section = configuration.sections.iter().find(|section| section.name.value == "uwsgi")?;
    // A list of options for others to include names no application and no address.
    if section.options.is_empty() {
        return None;
    }
    let name = files.get(file).name().split('.').next().unwrap_or_default();
    let place = section.name.place;
    let mut unit = Unit::new(UnitKind::UwsgiConfiguration, name, place);
    let literal = |key: &str| section.options.iter().rfind(|option| option.key.value == key && option.literal);
    unit.working_folder =
        literal("chdir").and_then(|option| Some(Located::new(option.value.text()?, option.value_place)));
    unit.command =
        Some(Command { form: Form::Exec, filled_by: FilledBy::Nobody, simple: Vec::new(), words: Vec::new(), place });
    let texts: Vec<String> =
        ["module", "wsgi", "wsgi-file", "file", "mount"].iter().filter_map(|key| literal(key)?.value.text()).collect();
    let roots = host::roots(&unit, &texts, files);
    let start = Start {
        program: Program::Server { server: Server::Uwsgi, name: 0, by_module: false, first_argument: 0 },
        arguments: Vec::<Argument>::new(),
        environment: super::environment::Environment::default(),
        roots,
        place,
        conditional: false,
        only: std::collections::BTreeSet::new(),
        has_instead: false,
        awaits_words: false,
        parted: super::commands::Parted::default(),
        managed: None,
        user: None,
        shield: None,
        on_large_node: None,
    };
    Some((unit, start))
}
