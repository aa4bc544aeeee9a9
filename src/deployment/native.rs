//! Programs in Rust of the project, and the servers that they start.
//!
//! Decides which program a command names, and what the code, `Rocket.toml` and variables of the environment make of
//! each setting. What `main` reads from files or options of its own is not followed: such a value is unknown.

use std::collections::BTreeMap;

use super::behind::Assigned;
use super::commands::{Parted, Start};
use super::effective::{Candidate, Layer, Resolved, Settings, Site};
use super::environment::Environment;
use super::image::Image;
use super::locate::Roots;
use super::resolve::{Origin, called_in};
use super::settle;
use super::version::{self, ServerVersion};
use super::{Deployment, Graceful};
use crate::python::evaluate::Dependency;
use crate::read::{Facts, Limits, TomlEntry, Unit, UnitKind, toml_section};
use crate::rust::launches::{self, Constant, Serving, Told};
use crate::rust::packages::{Package, TargetKind};
use crate::servers::cast::cast;
use crate::servers::{Asked, Program, Server, Setting, Version, table};
use crate::source::{FileId, Files, Located, Place, Span};
use crate::values::Value;

/// What is known of a deployment whose server is part of a program in Rust.
#[derive(Debug, Clone)]
pub struct Native {
    /// The name of the program.
    pub program: String,
    /// Where the code makes the server.
    pub serving: Place,
    /// What becomes of open requests when it is asked to stop.
    pub graceful: Graceful,
    /// Whether one thread runs everything; `None` where that is not known.
    pub is_single: Option<bool>,
    /// The call behind which axum can be told when to stop, if it has that.
    pub stopped_by: Option<Place>,
    /// Whether tokio is asked for with its signals.
    pub has_signals: bool,
    /// Whether anything in its code speaks of timeouts.
    pub is_bounded: bool,
}

/// Names of programs in an image that differ from those in the project, with the latter.
pub(super) type Renamed = BTreeMap<String, String>;

/// The program of the project that serves and that is asked for.
pub(super) fn named(asked: Asked<'_>, renamed: &Renamed, folder: &str, facts: &Facts) -> Option<String> {
    let programs = &facts.rust.programs;
    let called = |name: &str| programs.iter().find(|one| is_called(&one.name, name)).map(|one| one.name.clone());
    match asked {
        Asked::Command(word) => {
            let name = word.rsplit('/').next()?;
            renamed.get(name).and_then(|name| called(name)).or_else(|| called(name))
        }
        Asked::Cargo { program: Some(name), .. } => called(name),
        Asked::Cargo { program: None, package } => {
            let of = |one: &&launches::Program| {
                let own = package_of(one, facts);
                package.map_or_else(|| own.folder == folder, |package| own.name == package)
            };
            let mut fitting = programs.iter().filter(of);
            let first =
                fitting.next().or_else(|| programs.first().filter(|_| programs.len() == 1 && package.is_none()))?;
            fitting.next().is_none().then(|| first.name.clone())
        }
    }
}

/// The file of a program has dashes where its crate has underscores.
fn is_called(program: &str, name: &str) -> bool {
    program == name || program.replace('-', "_") == name.replace('-', "_")
}

fn package_of<'f>(program: &launches::Program, facts: &'f Facts) -> &'f Package {
    let workspace = &facts.rust.workspace;
    &workspace.packages[workspace.crates[program.of].package]
}

/// The programs that have another name in an image than in the project.
pub(super) fn renamed(image: &Image, facts: &Facts, files: &Files) -> Renamed {
    let mut names = Renamed::new();
    if facts.rust.programs.is_empty() {
        return names;
    }
    // `cp target/release/shop /bin/server`
    for ran in &image.runs {
        let words: Vec<&str> = files.text_at(ran.place).split_whitespace().collect();
        for pair in words.windows(2) {
            let [source, destination] = *pair else { continue };
            if source.contains("target/") && source.contains("release/") && !destination.starts_with(['-', '&', '|']) {
                note(source, destination, &mut names, facts);
            }
        }
    }
    for landed in &image.copied {
        let from = landed.from.as_deref().map(|stage| renamed(stage, facts, files)).unwrap_or_default();
        for source in &landed.sources {
            let name = source.rsplit('/').next().unwrap_or_default();
            match from.get(name) {
                Some(program) => drop(names.insert(landed_as(name, &landed.destination), program.clone())),
                None => note(source, &landed.destination, &mut names, facts),
            }
        }
    }
    names
}

fn note(source: &str, destination: &str, names: &mut Renamed, facts: &Facts) {
    let name = source.trim_matches(['"', '\'']).rsplit('/').next().unwrap_or_default();
    let programs = &facts.rust.programs;
    let found = programs.iter().find(|one| is_called(&one.name, name)).or_else(|| {
        // A variable that nobody fills in names the only program that there is.
        let crates = facts.rust.workspace.crates.iter();
        let only = crates.filter(|one| one.kind == TargetKind::Program).count() == 1;
        programs.first().filter(|_| only && name.starts_with('$'))
    });
    if let Some(program) = found {
        names.insert(landed_as(&program.name, destination.trim_matches(['"', '\''])), program.name.clone());
    }
}

/// The name that a file has where it was copied to.
fn landed_as(name: &str, destination: &str) -> String {
    let is_folder = destination.ends_with(['/', '.']) || matches!(destination, "/usr/local/bin" | "/usr/bin" | "/bin");
    let last = destination.rsplit('/').next().unwrap_or_default();
    if is_folder || last.is_empty() { name.to_owned() } else { last.to_owned() }
}

/// A program that nothing in the project is seen to start, with its unit.
pub(super) fn alone(program: &launches::Program, facts: &Facts) -> (Unit, Start) {
    let place = program.place;
    let start = Start {
        program: Program::Native { name: program.name.clone(), unoptimised: false, first_argument: 0 },
        arguments: Vec::new(),
        environment: Environment::default(),
        roots: Roots::project(&package_of(program, facts).folder),
        place,
        conditional: false,
        only: std::collections::BTreeSet::new(),
        has_instead: false,
        awaits_words: false,
        parted: Parted::default(),
        managed: None,
        user: None,
        shield: None,
        on_large_node: None,
    };
    (Unit::new(UnitKind::RustProgram, program.name.as_str(), place), start)
}

/// The deployments that a start of the program `name` makes, one for each server in it.
pub(super) fn resolve(origin: &Origin, name: &str, start: &Start, files: &Files, facts: &Facts) -> Vec<Deployment> {
    let Some(program) = facts.rust.programs.iter().find(|one| one.name == name) else { return Vec::new() };
    let each = program.servers.iter().map(|serving| one(origin, program, serving, start, files, facts));
    each.collect()
}

fn one(
    origin: &Origin,
    program: &launches::Program,
    serving: &Serving,
    start: &Start,
    files: &Files,
    facts: &Facts,
) -> Deployment {
    let server = server(serving);
    let version = version(server, program, facts, files);
    let mut errors = Vec::new();
    let settings =
        settings(server, &version, program, serving, start, files, facts, origin.container.is_some(), &mut errors);
    let package = package_of(program, facts);
    let unoptimised = matches!(start.program, Program::Native { unoptimised: true, .. });
    let development = unoptimised.then(|| {
        let why = "`cargo run` builds it without optimisation, as developers run it".to_owned();
        Located::new(why, start.place)
    });
    Deployment {
        server,
        native: Some(Native {
            program: program.name.clone(),
            serving: serving.place,
            graceful: serving.graceful,
            is_single: runtime(program).and_then(|runtime| runtime.is_single),
            stopped_by: (server == Server::Axum).then_some(serving.served).flatten(),
            has_signals: package.dependency("tokio").is_some_and(|tokio| {
                tokio.features.iter().any(|feature| matches!(feature.as_str(), "full" | "signal"))
            }),
            is_bounded: is_bounded(program, facts, files),
        }),
        kind: origin.unit.kind,
        unit: called_in(origin.unit),
        command: start.place,
        started_by: vec![(called_in(origin.unit), origin.unit.place)],
        folder: package.folder.clone(),
        placed: Vec::new(),
        handed: None,
        launched_by: Vec::new(),
        repeated: false,
        alone: None,
        only_run: false,
        strangers: Vec::new(),
        shadows: Vec::new(),
        ahead: Vec::new(),
        told_mode: None,
        others: Vec::new(),
        class: None,
        class_base: None,
        class_like: None,
        other_classes: Vec::new(),
        workers_on_large_node: None,
        configuration: None,
        loaded: settings.iter().filter_map(|(_, one)| Some(one.winner.place?.file)).collect(),
        limits: Limits::clone(origin.limits),
        health: origin.unit.health.clone(),
        user: origin.unit.user.clone(),
        stop_signal: origin.unit.stop_signal.clone(),
        stop_delay: origin.unit.stop_delay.clone(),
        shield: start.shield.clone(),
        container: origin.container,
        instruction: origin.instruction,
        replaced: None,
        surroundings: origin.unit.container.clone(),
        outside: origin.unit.outside.clone(),
        base: origin.unit.base.clone(),
        platform: origin.unit.platform.clone(),
        extras: std::collections::BTreeSet::new(),
        locked: true,
        development: origin.development.cloned().or(development),
        awaits_words: start.awaits_words,
        only_if_set: start.only.iter().cloned().collect(),
        object: None,
        abbreviated: Vec::new(),
        environment: start.environment.known(),
        assigned: start.environment.assigned(),
        outer: Assigned::new(),
        proxies: Vec::new(),
        listens: Vec::new(),
        beside_proxy: false,
        distributions: BTreeMap::new(),
        mentions: BTreeMap::new(),
        version,
        app: None,
        settings,
        errors,
    }
}

/// Whether any file of the packages of the project that a program is made of speaks of timeouts.
fn is_bounded(program: &launches::Program, facts: &Facts, files: &Files) -> bool {
    let workspace = &facts.rust.workspace;
    let own = workspace.crates[program.of].package;
    let folders = workspace.packages[own].dependencies.values().filter_map(|one| one.folder.as_deref());
    let folders: Vec<&str> = folders.collect();
    let is_part = |package: usize| package == own || folders.contains(&workspace.packages[package].folder.as_str());
    let modules = workspace.modules.iter().filter(|module| is_part(workspace.crates[module.of].package));
    let read: std::collections::BTreeSet<FileId> = modules.map(|module| module.file).collect();
    read.into_iter()
        .any(|file| ["timeout", "Timeout", "TIMEOUT"].iter().any(|word| files.get(file).text().contains(word)))
}

fn server(serving: &Serving) -> Server {
    let name = serving.framework.name();
    Server::OF_RUST.into_iter().find(|server| server.as_str() == name).unwrap_or(Server::Axum)
}

/// The only runtime that a program starts.
fn runtime(program: &launches::Program) -> Option<&launches::Runtime> {
    match &program.runtimes[..] {
        [only] => Some(only),
        _ => None,
    }
}

/// The version that the lock file has, or else the one that a manifest asks for.
fn version(server: Server, program: &launches::Program, facts: &Facts, files: &Files) -> ServerVersion {
    let workspace = &facts.rust.workspace;
    let own = package_of(program, facts);
    let packages = std::iter::once(own).chain(&workspace.packages);
    let mut asking = packages.filter_map(|package| Some((package, package.dependency(table(server).distribution())?)));
    let Some((package, dependency)) = asking.next() else { return version::assumed(table(server).newest()) };
    let digits = |text: &str| text.trim_start_matches(['=', '^', '~', ' ']).parse::<Version>().ok();
    let locked = match &dependency.locked[..] {
        [only] => digits(only).map(|version| (version, only.clone())),
        _ => None,
    };
    let asked = || Some((digits(dependency.asked.as_deref()?)?, dependency.asked.clone()?));
    let Some((found, shown)) = locked.or_else(asked) else { return version::assumed(table(server).newest()) };
    let place = mention(package.manifest, &dependency.package, files);
    version::of_package(found, shown, place)
}

/// The line of a manifest that asks for a package.
fn mention(manifest: FileId, package: &str, files: &Files) -> Place {
    let text = files.get(manifest).text();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let begins = line.strip_prefix(package).is_some_and(|rest| rest.trim_start().starts_with(['=', '.']));
        if begins {
            return Place::new(manifest, Span::new(at, at + line.trim_end().len()));
        }
        at += line.len();
    }
    Place::new(manifest, Span::new(0, 0))
}

#[allow(clippy::too_many_arguments, reason = "all that may set a setting")]
fn settings(
    server: Server,
    version: &ServerVersion,
    program: &launches::Program,
    serving: &Serving,
    start: &Start,
    files: &Files,
    facts: &Facts,
    inside: bool,
    errors: &mut Vec<Located<String>>,
) -> Settings {
    let mut settings = Settings::default();
    let file = if server == Server::Rocket { rocket_file(inside, start, program, facts, files) } else { Vec::new() };
    for setting in table(server).settings().filter(|setting| setting.applies_to(version.version)) {
        let mut candidates = vec![settle::default(setting, version.version)];
        candidates.extend(file.iter().filter(|entry| entry.key == setting.name()).map(of_file));
        candidates.extend(of_variable(server, setting, version.version, &start.environment, errors));
        candidates.extend(of_code(setting, program, serving, files, facts));
        settings.settle_in_order(setting, candidates);
    }
    settings
}

/// What the code says of a setting.
fn of_code(
    setting: &Setting,
    program: &launches::Program,
    serving: &Serving,
    files: &Files,
    facts: &Facts,
) -> Option<Candidate> {
    if serving.is_open {
        let why = "the code makes a configuration of its own".to_owned();
        return Some(settle::unknown(Layer::Call, serving.place, why));
    }
    let name = setting.name();
    let told = if name == "bind" {
        serving.address.as_ref()
    } else if matches!(name, "worker_threads" | "max_blocking_threads") {
        if let (true, Some(other)) = (program.runtimes.len() > 1, program.runtimes.first()) {
            return Some(settle::unknown(Layer::Call, other.place, "the program starts several runtimes".to_owned()));
        }
        let runtime = runtime(program)?;
        if name == "worker_threads" && runtime.is_single == Some(true) {
            let value = Resolved::Known(Value::Int(1));
            let place = Some(runtime.place);
            return Some(Candidate { value, layer: Layer::Call, place, site: None, depends: Vec::new() });
        }
        runtime.settings.iter().find(|told| told.name == name)
    } else {
        serving.settings.iter().find(|told| told.name == name)
    }?;
    let site = Site::Argument {
        literal: literal(told, files),
        whole: None,
        removal: told.call.map(|call| with_comma(call, files)),
    };
    let depends = counted(told, program, facts).into_iter().collect();
    Some(Candidate { value: value(told), layer: Layer::Call, place: Some(told.place), site: Some(site), depends })
}

/// What a number of cores rests on: those of the machine, or of a limit where `num_cpus` heeds quotas of control groups
/// v2, which it does since 1.14.0. `get_physical` never does.
fn counted(told: &Told, program: &launches::Program, facts: &Facts) -> Option<Dependency> {
    let Some(Constant::Cores(spelling)) = &told.value else { return None };
    let dependency = package_of(program, facts).dependency("num_cpus");
    let locked = dependency.and_then(|one| one.locked.first().or(one.asked.as_ref()));
    let version = locked.and_then(|text| text.trim_start_matches(['=', '^', '~', ' ']).parse::<Version>().ok());
    let is_exact = dependency
        .is_some_and(|one| !one.locked.is_empty() || one.asked.as_ref().is_some_and(|text| text.starts_with('=')));
    let heeds =
        !spelling.contains("physical") && !(is_exact && version.is_some_and(|one| one < Version::new(1, 14, 0)));
    Some(Dependency::Cpus { place: told.place, spelling: spelling.clone(), limited: heeds })
}

/// The digits of a number, or of the seconds that a time is made of.
fn literal(told: &Told, files: &Files) -> Option<Place> {
    let written = files.text_at(told.place);
    let digits = match told.value {
        Some(Constant::Count(_)) => written,
        Some(Constant::Time(_)) => written.strip_suffix(')')?.rsplit_once("::from_secs(")?.1,
        _ => return None,
    };
    let end = told.place.span.end - usize::from(digits.len() < written.len());
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| Place::new(told.place.file, Span::new(end - digits.len(), end)))
}

/// An argument of an attribute with the comma that goes with it; a call as it is.
fn with_comma(call: Place, files: &Files) -> Place {
    let text = files.get(call.file).text();
    let (before, behind) = (&text[..call.span.start], &text[call.span.end..]);
    if text[call.span.start..].starts_with('.')
        || before.ends_with(char::is_whitespace) && !before.trim_end().ends_with([',', '('])
    {
        return call;
    }
    let span = if let Some(front) = before.trim_end().strip_suffix(',') {
        Span::new(front.len(), call.span.end)
    } else if let Some(rest) = behind.trim_start().strip_prefix(',') {
        Span::new(call.span.start, text.len() - rest.trim_start().len())
    } else {
        call.span
    };
    Place::new(call.file, span)
}

fn value(told: &Told) -> Resolved {
    let known = |value: Value| Resolved::Known(value);
    match &told.value {
        Some(Constant::Count(count)) => match i64::try_from(*count) {
            Ok(count) => known(Value::Int(count)),
            Err(_) => Resolved::Unknown("the number is too large".to_owned()),
        },
        Some(Constant::Flag(flag)) => known(Value::Bool(*flag)),
        Some(Constant::Text(text)) => known(Value::Str(text.clone())),
        Some(Constant::Time(time)) if time.subsec_nanos() == 0 => {
            known(Value::Int(i64::try_from(time.as_secs()).unwrap_or(i64::MAX)))
        }
        Some(Constant::Time(time)) => known(Value::Float(time.as_secs_f64())),
        Some(Constant::Address(host, port)) if host.contains(':') => known(Value::Str(format!("[{host}]:{port}"))),
        Some(Constant::Address(host, port)) => known(Value::Str(format!("{host}:{port}"))),
        Some(Constant::Cores(_)) => Resolved::Unknown(settle::FROM_CORES.to_owned()),
        None => Resolved::Unknown("the code computes it".to_owned()),
    }
}

/// What a variable says that the runtime or Rocket reads.
fn of_variable(
    server: Server,
    setting: &'static Setting,
    version: Version,
    environment: &Environment,
    errors: &mut Vec<Located<String>>,
) -> Option<Candidate> {
    let name = table(server).variable_of(setting).or_else(|| setting.default_variable().map(str::to_owned))?;
    let entry = environment.entry(&name).filter(|entry| !entry.absent)?;
    let value = match &entry.text {
        None => Resolved::Unknown(format!("`{name}` is passed on from outside")),
        Some(text) => match cast(setting, &Value::Str(text.clone()), version) {
            // tokio takes no 0 (`loom/std/mod.rs` of 1.54.1).
            Ok(Value::Int(0)) if setting.name() == "worker_threads" => {
                errors.push(Located::new(format!("`{name}`: it has to be more than 0"), entry.place));
                Resolved::Unknown(settle::refused(text))
            }
            Ok(value) => Resolved::Known(value),
            Err(error) => {
                errors.push(Located::new(format!("`{name}`: {}", error.message), entry.place));
                Resolved::Unknown(settle::refused(text))
            }
        },
    };
    Some(Candidate {
        value,
        layer: Layer::Environment,
        place: Some(entry.place),
        site: Some(Site::Variable { literal: entry.literal.then_some(entry.place) }),
        depends: entry.depends.clone(),
    })
}

/// What `Rocket.toml` says in the profile that runs, which is that of a release unless a variable names another one; the
/// last entry of a name counts (`Config::figment` of 0.5.2).
fn rocket_file(
    inside: bool,
    start: &Start,
    program: &launches::Program,
    facts: &Facts,
    files: &Files,
) -> Vec<TomlEntry> {
    let found = start.roots.file(files, "Rocket.toml").or_else(|| {
        let mut folder = package_of(program, facts).folder.as_str();
        // It is looked for in the folders above, too.
        loop {
            let path = if folder.is_empty() { "Rocket.toml".to_owned() } else { format!("{folder}/Rocket.toml") };
            if let Some(file) = files.find(&path).filter(|_| !inside) {
                return Some(file);
            }
            folder = folder.rsplit_once('/').map(|(front, _)| front).or((!folder.is_empty()).then_some(""))?;
        }
    });
    let Some(file) = found else { return Vec::new() };
    let profile = start.environment.text("ROCKET_PROFILE").unwrap_or_else(|| "release".to_owned());
    let text = files.get(file).readable();
    let of = |name: &str| toml_section(file, text.text(), name);
    ["default", &profile, "global"].into_iter().flat_map(of).collect()
}

fn of_file(entry: &TomlEntry) -> Candidate {
    let value = match &entry.value {
        Some(value) => Resolved::Known(value.clone()),
        None => Resolved::Unknown("it is no plain value".to_owned()),
    };
    super::hypercorn::candidate(entry, value)
}
