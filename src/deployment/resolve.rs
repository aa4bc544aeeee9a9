//! One start becomes a deployment: its version, its command line, its configuration file, its
//! settings.
//!
//! Decides in which order the sources of a server are consulted, as the server does. Which commands
//! start servers was found before.

use std::collections::BTreeMap;

use super::choice;
use super::commands::{LARGE_NODE, Start};
use super::configuration::{Configuration, GREENLETS, Read, Reader, Which};
use super::environment::Environment;
use super::installed::Installed;
use super::launcher::{self, Called, Launched};
use super::locate::Roots;
use super::settle::{self, Sources};
use super::version;
use super::{
    Candidate, Deployment, Layer, Resolved, Settings, daphne, fastapi, faults, granian, hypercorn, own_class, shadow,
    uvicorn, uwsgi,
};
use crate::findings::Note;
use crate::python::deeds::Deeds;
use crate::python::evaluate::Dependency;
use crate::python::patching::earlier;
use crate::python::syntax::Module;
use crate::read::{self, Facts, Limits, Unit, UnitKind};
use crate::servers::arguments::{self, Argument, ArgumentError, Arguments, Given};
use crate::servers::schema::Syntax;
use crate::servers::{Program, Server, Setting, Table, Version, fastapi_cli, table};
use crate::source::{FileId, Files, Located, Place};
use crate::values::Value;

/// What is known about a start from the place that declares it.
pub(super) struct Origin<'a> {
    pub(super) unit: &'a Unit,
    pub(super) limits: &'a Limits,
    pub(super) container: Option<Place>,
    pub(super) development: Option<&'a Located<String>>,
    /// The files with the requirements that are known to be installed.
    pub(super) installed: &'a Installed,
    /// Whether the words of the command go to the entry point of an image that is not known, which may add others.
    pub(super) hands_on: bool,
    /// The instruction of its image that starts it.
    pub(super) instruction: Option<Place>,
    /// Whether configuration files are followed; `false` once that has taken long enough.
    pub(super) loads: bool,
}

/// The deployment that `start` makes of `server`; `None` where the command only prints something, such
/// as its help or a checked configuration.
#[allow(clippy::too_many_lines, reason = "one source of settings after the other, in the order of the servers")]
pub(super) fn resolve(
    origin: &Origin,
    server: Server,
    start: &Start,
    launched: Option<&Launched>,
    files: &Files,
    facts: &Facts,
    notes: &mut Vec<Note>,
) -> Option<Deployment> {
    let table = table(server);
    // `fastapi run` starts Uvicorn with options of its own.
    let fastapi = matches!(start.program, Program::FastApi { .. });
    let interface = if fastapi { fastapi_cli() } else { table };
    let home = start.roots.folder(files);
    let requirements = version::of_tool(command_from_its_line(start.place, files), &facts.requirements, files);
    let version = version::asked_for(table.distribution(), &home, origin.installed, &requirements, files)
        .unwrap_or_else(|| version::assumed(table.newest()));
    let mut errors = Vec::new();
    let spoken = if fastapi { interface.newest() } else { version.version };
    let command_line = arguments::parse(interface, spoken, &start.arguments);
    let checks = ["check_config", "print_config"].iter().any(|name| command_line.last(name).is_some());
    if command_line.exits.is_some() || checks {
        return None;
    }
    let called = launched.map(|launched| launcher::read(launched, table, version.version, files, facts));
    // A call has neither options nor files, unless it reads them itself.
    let alone = called.as_ref().is_some_and(|called| !called.reads_command_line);
    let options = if alone { Arguments::default() } else { options(table, version.version, start, files, &mut errors) };
    let mut ahead: Vec<Located<&'static Setting>> = Vec::new();
    for found in [&options, &command_line] {
        ahead.extend(found.errors.iter().filter_map(|error| {
            let ArgumentError::Unrecognised(text) = &error.value else { return None };
            let flag = text.split('=').next().unwrap_or(text);
            let has = |setting: &&Setting| setting.at(table.newest()).flags().iter().any(|known| known == flag);
            Some(Located::new(
                table.settings().filter(|setting| is_ahead(setting, version.version)).find(has)?,
                error.place,
            ))
        }));
        errors.extend(without_values(&found.errors, &ahead).map(|e| Located::new(e.value.to_string(), e.place)));
    }
    let environ = |name: &str| start.environment.lookup(name);
    let variables: Vec<String> = start.environment.known().into_iter().map(|(name, _)| name).collect();
    let reader = Reader {
        files,
        python: &facts.python,
        roots: &start.roots,
        env_files: &facts.environments,
        variables: &variables,
        environ: &environ,
        requirements: &facts.requirements,
        cpus: None,
        quota: origin.limits.cpus.as_ref().map(|limit| limit.value),
        by_path: false,
        own_paths: origin.unit.base.as_ref().is_none_or(|base| is_plain_image(&base.value)),
    };
    let which = match server {
        _ if alone => Which::None,
        Server::Gunicorn => which_configuration(&command_line, &options, start, files),
        Server::Hypercorn => {
            let by_module = matches!(start.program, Program::Server { by_module: true, .. });
            let imports_here = by_module || launched.is_some() || start.environment.entry("PYTHONPATH").is_some();
            hypercorn::which(&command_line, imports_here, &start.roots, files)
        }
        _ => Which::None,
    };
    let which = match which {
        Which::File(_, place) if !origin.loads => {
            let why = "the servers of this project load more configuration than is followed";
            Which::Unknown(place.unwrap_or(start.place), why.to_owned())
        }
        which => which,
    };
    let words = named_configuration(&command_line, &options).and_then(|given| given.text.as_deref());
    let words = words.unwrap_or_default();
    let mut loaded = load(which, words, &reader, table, version.version, start, notes);
    let mut home_of_path = None;
    let named = if fastapi {
        let found = fastapi::find(start, &command_line, files, facts);
        errors.extend(found.error);
        home_of_path = found.folder;
        found.app
    } else {
        command_line.app.clone()
    };

    let mut environment = environment(server, start, &command_line, called.as_ref(), files, facts);
    let mut seen = start.environment.clone();
    let sources = Sources {
        table,
        interface,
        version: version.version,
        files,
        environment: &environment,
        configuration: loaded.read,
        chosen_by: configured_by(&command_line, &options, start, files),
        unread: loaded.unread,
        options,
        command_line: command_line.clone(),
        parted: &start.parted,
        called: called.as_ref(),
    };
    let mut loaded_files: Vec<FileId> = loaded.configuration.iter().map(|configuration| configuration.file).collect();
    let abbreviated = abbreviated(interface, spoken, &command_line, files);
    let mut object = None;
    let mut others = Vec::new();
    let (mut settings, app) = if server == Server::Uwsgi {
        let found = (&mut errors, &mut *notes);
        let told = uwsgi::read(start, origin.unit, &command_line, table, version.version, files, facts, found);
        loaded.configuration = told.configuration;
        loaded_files = told.loaded;
        others = told.others;
        seen.overlay(told.variables.clone());
        environment.overlay(told.variables);
        (told.settings, told.app)
    } else {
        let mut settings = sources.settle(&mut errors);
        let situation = Situation {
            origin,
            start,
            environment: &environment,
            version: version.version,
            command_line: &command_line,
            fastapi,
            called: called.as_ref(),
            files,
        };
        let app = situation.application(server, named.as_ref(), &mut settings, &mut errors, &mut object);
        (settings, app)
    };
    let parse = |words: &[Argument]| arguments::parse(interface, spoken, words);
    let large = workers_on_large_node(&reader, loaded.configuration.as_ref(), &settings, start, parse);
    if let Some(large) = large {
        settings.change("workers", |winner| match &winner.value {
            Resolved::Unknown(why) if why == settle::FROM_CORES => {
                let why = format!("{why}: {large} on one with {LARGE_NODE}");
                Candidate { value: Resolved::Unknown(why), ..winner.clone() }
            }
            _ => winner.clone(),
        });
    }
    let roots = entered(start, &settings);
    let handed = called.as_ref().and_then(|called| called.handed);
    ahead.extend(called.iter().flat_map(|called| &called.unlisted).filter_map(|name| {
        let setting = table.setting(&name.value).filter(|setting| is_ahead(setting, version.version))?;
        Some(Located::new(setting, name.place))
    }));
    let told_mode =
        named.as_ref().filter(|_| server == Server::Hypercorn).and_then(|named| hypercorn::mode(&named.value));
    let launched_by = launched.map(|launched| vec![launched.entry, launched.sighting.place.file]);
    let told_mode = told_mode.or_else(|| called.as_ref()?.mode.clone());
    let strangers = called.as_ref().map(|called| called.strangers.clone()).unwrap_or_default();
    let alone = called.as_ref().and_then(|called| called.alone(server, start.place));
    let only_run = called.as_ref().is_some_and(|called| called.only_run);
    let repeated = called.as_ref().is_some_and(|called| called.unguarded);
    let folder = called.and_then(|called| called.folder).or(home_of_path).unwrap_or_else(|| match &app {
        Some(app) => roots.folder_importing(files, &app.value),
        None => roots.folder(files),
    });
    let class = settle::worker_class(table, &settings);
    let own = settings.get("worker_class").filter(|_| class.is_none()).and_then(super::Effective::text);
    let own = own.and_then(|named| own_class::base(named, &roots, files, &facts.python));
    let class_like = own.as_ref().and_then(|own| {
        let base = table.class(&own.base.value)?;
        let kept = table.class(base.behaviour()?).unwrap_or(base);
        own.options.as_ref().is_some_and(|options| kept.is_kept_by(options)).then_some(base)
    });
    let class_base = own.map(|own| own.base);
    let by_module = matches!(start.program, Program::Server { by_module: true, .. }).then(|| table.distribution());
    let named_app = app.as_ref().map(|app| app.value.as_str());
    let shadows = shadow::find(&folder, by_module, named_app, files, &facts.python);
    Some(Deployment {
        server,
        native: None,
        kind: origin.unit.kind,
        unit: called_in(origin.unit),
        command: start.place,
        started_by: vec![(called_in(origin.unit), origin.unit.place)],
        folder,
        placed: roots.placed(files),
        handed,
        launched_by: launched_by.unwrap_or_default(),
        repeated,
        alone,
        only_run,
        strangers,
        shadows,
        ahead,
        told_mode,
        others,
        class,
        class_base,
        class_like,
        other_classes: choice::beside(settings.get("worker_class"), origin.unit, table, files, facts),
        workers_on_large_node: large,
        configuration: loaded.configuration,
        loaded: loaded_files,
        limits: origin.limits.clone(),
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
        extras: version::extras(&facts.requirements),
        locked: version::is_locked(table.distribution(), &home, &facts.requirements, files),
        development: origin.development.cloned(),
        awaits_words: start.awaits_words,
        only_if_set: start.only.iter().cloned().collect(),
        object,
        abbreviated,
        environment: seen.known(),
        assigned: environment.assigned(),
        outer: BTreeMap::new(),
        proxies: Vec::new(),
        listens: Vec::new(),
        beside_proxy: false,
        distributions: version::distributions(&home, origin.installed, &requirements, files),
        mentions: version::mentions(&home, origin.installed, &facts.requirements, files),
        version,
        app,
        settings,
        errors,
    })
}

/// Whether an image is one that sets no variables for Python: its own, or that of a distribution.
fn is_plain_image(name: &str) -> bool {
    let path = name.split(['@', ':']).next().unwrap_or(name).trim_start_matches("docker.io/");
    ["python", "debian", "ubuntu", "alpine"].contains(&path.trim_start_matches("library/"))
}

/// A command with what stands in front of it on its line.
fn command_from_its_line(place: Place, files: &Files) -> &str {
    let text = files.get(place.file).text();
    let start = text.get(..place.span.start).and_then(|front| front.rfind('\n')).map_or(0, |at| at + 1);
    text.get(start..place.span.end).unwrap_or_default()
}

/// The environment that the server reads its variables from, once it has loaded a file of them.
fn environment(
    server: Server,
    start: &Start,
    given: &Arguments,
    called: Option<&Called>,
    files: &Files,
    facts: &Facts,
) -> Environment {
    let fastapi = matches!(start.program, Program::FastApi { .. });
    match (server, called) {
        (Server::Uvicorn, Some(called)) => {
            uvicorn::with_named(start.environment.clone(), called.env_file.clone(), &start.roots, files, facts)
        }
        (Server::Uvicorn, None) if !fastapi => {
            uvicorn::with_file(&start.environment, given, &start.roots, files, facts)
        }
        _ => start.environment.clone(),
    }
}

/// What the servers look at when they have their settings.
struct Situation<'a> {
    origin: &'a Origin<'a>,
    start: &'a Start,
    environment: &'a Environment,
    version: Version,
    command_line: &'a Arguments,
    fastapi: bool,
    called: Option<&'a Called>,
    files: &'a Files,
}

impl Situation<'_> {
    /// Changes what each server changes in its settings, adds what stops it to `errors`, and tells the
    /// application; `named` is the one of the command line. Where it is an object that does not do, `object`
    /// is told.
    fn application(
        &self,
        server: Server,
        named: Option<&Located<String>>,
        settings: &mut Settings,
        errors: &mut Vec<Located<String>>,
        object: &mut Option<Place>,
    ) -> Option<Located<String>> {
        let (start, given) = (self.start, self.command_line);
        let complete =
            given.opaque.is_empty() && given.unnamed.is_none() && (given.app.is_some() || given.optional.is_empty());
        let loads_itself = self.called.is_some_and(|called| called.loads_itself);
        let named_app = || named.filter(|_| !loads_itself).cloned();
        let mut app = self.called.and_then(|called| called.app.clone()).or_else(named_app);
        // Whether no file can name the application that the command line does not name.
        // Whoever starts what only a configuration shows may name it.
        let shown = self.origin.unit.kind != UnitKind::GunicornConfiguration;
        let mut nameless = complete && shown && !self.fastapi && self.called.is_none();
        match server {
            Server::Gunicorn => {
                if self.origin.unit.kind == UnitKind::SystemdService {
                    let unit = self.origin.unit;
                    faults::activate(settings, &unit.sockets, unit.awaited_socket.as_ref());
                }
                if self.called.is_none_or(|called| called.names_process) {
                    name_process(settings, named, complete);
                }
                errors.extend(faults::at_start(settings));
                app = app.or_else(|| wsgi_app(settings).filter(|_| !loads_itself));
                // The file of PasteDeploy names the application (`WSGIApplication.init` of Gunicorn 27.0.1).
                if let Some(paste) = given.last("paste") {
                    nameless = false;
                    name_by_paste(settings, paste, start, self.files);
                }
                nameless &= settings.get("wsgi_app").is_some_and(|setting| setting.value() == Some(&Value::None));
            }
            Server::Uvicorn => {
                errors.extend(uvicorn::at_start(settings, start.place));
                let variable = uvicorn::app_variable(self.environment, self.version);
                let variable = variable.filter(|_| app.is_none() && !self.fastapi && self.called.is_none());
                nameless &= variable.is_none();
                app = app.or_else(|| Some(Located::new(variable?.text.clone()?, variable?.place)));
            }
            Server::Hypercorn => {
                app = app.map(hypercorn::application);
                hypercorn::adjust(settings, given);
                errors.extend(hypercorn::at_start(settings, start.place));
            }
            Server::Granian => {
                granian::adjust(settings, self.version);
                errors.extend(granian::at_start(settings, start.place));
            }
            Server::Daphne => {
                daphne::adjust(settings);
                errors.extend(daphne::at_start(settings, start.place));
            }
            // Its application may be named by options, files and the requests themselves; those in Rust are no
            // business of this.
            _ => nameless = false,
        }
        if let Some(called) = self.called {
            errors.extend(called.errors.iter().cloned());
            let fault = called.object.and_then(|place| launcher::object_fault(settings, place));
            *object = fault.as_ref().map(|fault| fault.place);
            errors.extend(fault);
        }
        // A file of PasteDeploy names it, and so may a setting whose value is not known.
        let told = ["paste", "wsgi_app"].iter().any(|name| settings.get(name).is_some_and(super::Effective::is_set));
        // Whoever runs an image that has an entry point and no words for it names them, this one too.
        let handed = self.origin.hands_on || self.origin.unit.outside.takes_words;
        if app.is_none() && nameless && !told && !handed {
            errors.push(Located::new("no application module is named".to_owned(), start.place));
        }
        app
    }
}

/// The errors of a command line; the word behind an option that the version does not have yet is its value.
fn without_values<'e>(
    errors: &'e [Located<ArgumentError>],
    ahead: &'e [Located<&'static Setting>],
) -> impl Iterator<Item = &'e Located<ArgumentError>> {
    let is_value = |index: usize| {
        let before = index.checked_sub(1).and_then(|before| errors.get(before));
        let option = before.filter(|before| ahead.iter().any(|one| one.place == before.place));
        let (Some(option), Some(error)) = (option, errors.get(index)) else { return false };
        let (ArgumentError::Unrecognised(text), ArgumentError::Unrecognised(option)) = (&error.value, &option.value)
        else {
            return false;
        };
        !text.starts_with('-') && !option.contains('=')
    };
    errors.iter().enumerate().filter(move |(index, _)| !is_value(*index)).map(|(_, error)| error)
}

/// The option that names a configuration file. An empty name counts as none.
fn named_configuration<'a>(command_line: &'a Arguments, options: &'a Arguments) -> Option<&'a Given> {
    let given = [command_line, options].into_iter().filter_map(|arguments| arguments.last("config"));
    given.into_iter().find(|given| given.text.as_deref() != Some(""))
}

/// What decides which configuration file is loaded, beyond the files.
fn configured_by(command_line: &Arguments, options: &Arguments, start: &Start, files: &Files) -> Vec<Dependency> {
    let Some(given) = named_configuration(command_line, options) else { return Vec::new() };
    let place = given.value_place.unwrap_or(given.flag);
    let mut depends = start.parted.depends(place);
    if given.text.is_none() {
        let missing = start.parted.missing(place).into_iter();
        depends.extend(missing.map(|name| Dependency::Environment { name, default: None }));
        if depends.is_empty() {
            let what = format!("the folder in `{}`", files.text_at(place));
            depends.push(Dependency::Other { what });
        }
    }
    depends
}

/// The only file of the project, with one of these ends, that has the name which ends the word at `place`: `${DIR}/gunicorn.conf.py`. In
/// whichever folder it is looked for, it is that file, or none.
pub(super) fn by_name_alone(place: Place, ends: &[&str], files: &Files) -> Option<FileId> {
    let (folder, name) = files.text_at(place).trim_matches(['"', '\'']).rsplit_once('/')?;
    let is_plain = name.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c));
    if !is_plain
        || !ends.iter().any(|end| name.ends_with(end))
        || !["$", "%(", "{{", "@"].iter().any(|mark| folder.starts_with(mark))
    {
        return None;
    }
    let mut found = files.iter().filter(|(_, file)| file.name() == name);
    let (file, _) = found.next()?;
    found.next().is_none().then_some(file)
}

/// Whether a version does not have a setting yet.
fn is_ahead(setting: &Setting, version: Version) -> bool {
    setting.since().is_some_and(|since| since > version)
}

/// What `--paste` sets in front of everything else: the name of the process, and how it logs, where the file says that.
fn name_by_paste(settings: &mut Settings, paste: &Given, start: &Start, files: &Files) {
    let unknown = |winner: &Candidate| {
        let why = "it is the absolute path of the file of `--paste`".to_owned();
        Candidate { value: Resolved::Unknown(why), ..winner.clone() }
    };
    settings.change_default("default_proc_name", unknown);
    let path = paste.text.as_deref().map(|text| text.split('#').next().unwrap_or(text));
    let file = path.and_then(|path| start.roots.file(files, path));
    let logs = file.is_none_or(|file| files.get(file).text().lines().any(|line| line.trim() == "[loggers]"));
    if logs {
        settings.change_default("logconfig", unknown);
    }
}

/// `WSGIApplication.init` of Gunicorn 27.0.1 names the process after its first argument before
/// anything else is read. Where the command line is not `complete`, that may be a word nobody knows.
fn name_process(settings: &mut Settings, app: Option<&Located<String>>, complete: bool) {
    let value = match app {
        Some(app) if complete => Resolved::Known(Value::Str(app.value.clone())),
        None if complete => return,
        _ => Resolved::Unknown("the application may be named by a variable that no file sets".to_owned()),
    };
    settings.change_default("default_proc_name", |default| Candidate { value, ..default.clone() });
}

fn wsgi_app(settings: &Settings) -> Option<Located<String>> {
    let setting = settings.get("wsgi_app")?;
    Some(Located::new(setting.text()?.to_owned(), setting.place()?))
}

/// The folders with the server in the one that its application is imported from.
fn entered(start: &Start, settings: &Settings) -> Roots {
    let mut roots = start.roots.clone();
    for name in ["chdir", "app_dir", "working_dir"] {
        let folder = settings.get(name).filter(|folder| folder.is_set());
        if let Some(folder) = folder.and_then(super::Effective::text) {
            roots.enter(folder);
        }
    }
    roots
}

/// How many workers a formula starts where there are many cores: one of the configuration file, or of the script
/// with the command.
fn workers_on_large_node(
    reader: &Reader,
    configuration: Option<&Configuration>,
    settings: &Settings,
    start: &Start,
    parse: impl Fn(&[Argument]) -> Arguments,
) -> Option<i64> {
    let workers = settings.get("workers")?;
    workers.winner.host_cores()?;
    let large = || start.on_large_node.as_ref();
    match workers.winner.layer {
        Layer::CommandLine => match &parse(&large()?.0).last("workers")?.value {
            arguments::Outcome::Known(value) => value.as_int(),
            _ => None,
        },
        // `workers=os.cpu_count()`, and nothing around it.
        Layer::Call => {
            let (place, spelling) = workers.winner.host_cores()?;
            let counts = workers.winner.place == Some(place) && reader.files.text_at(place) == spelling;
            counts.then_some(i64::from(LARGE_NODE))
        }
        Layer::Environment => {
            let environment = &large()?.1;
            let names = [workers.setting.default_variable(), Some("WEB_CONCURRENCY")];
            names.into_iter().flatten().find_map(|name| environment.text(name))?.trim().parse().ok()
        }
        _ => {
            let large = Reader { cpus: Some(LARGE_NODE), ..*reader };
            large.value_of(configuration?.file, "workers")?.as_int()
        }
    }
}

/// The options that stand there as the beginning of one only, with the whole of it.
fn abbreviated(table: &Table, version: Version, given: &Arguments, files: &Files) -> Vec<Located<String>> {
    let whole = |one: &Given| {
        let text = files.text_at(one.flag);
        let shape = one.setting.at(version);
        let mut flags = shape.flags().iter().chain(shape.off_flags());
        let begins = |flag: &&String| flag.starts_with(text) && flag.len() > text.len();
        let long = text.strip_prefix("--").is_some_and(|name| !name.is_empty());
        let known = shape.flags().iter().chain(shape.off_flags()).any(|flag| flag == text);
        let flag = flags.find(begins).filter(|_| long && !known)?;
        Some(Located::new(flag.clone(), one.flag))
    };
    if table.syntax() == Syntax::Argparse { given.given.iter().filter_map(whole).collect() } else { Vec::new() }
}

/// The words in the variable that holds further options, if a file sets it.
fn options(
    table: &'static Table,
    version: Version,
    start: &Start,
    files: &Files,
    errors: &mut Vec<Located<String>>,
) -> Arguments {
    let entry = table.arguments_variable().and_then(|name| start.environment.entry(name));
    let Some(entry) = entry.filter(|entry| !entry.absent) else {
        return Arguments::default();
    };
    let Some(text) = &entry.text else {
        return Arguments { opaque: vec![entry.place], ..Arguments::default() };
    };
    let Some(words) = read::words(text, entry.place) else {
        errors.push(Located::new(format!("`{text}` has a quote that is not closed"), entry.place));
        return Arguments::default();
    };
    // Where a character is escaped, the words do not stand where counting the letters of the value finds them.
    let stands_there = entry.literal && files.text_at(entry.place) == text;
    let words: Vec<Argument> = words
        .into_iter()
        .map(|word| {
            let argument = Argument::new(&word, &|_| None);
            if stands_there {
                argument
            } else {
                Argument { place: entry.place, removal: entry.place, literal: false, ..argument }
            }
        })
        .collect();
    let mut arguments = arguments::parse(table, version, &words);
    // Gunicorn parses the variable with the same parser and drops an application in it.
    arguments.app = None;
    arguments
}

/// A configuration file and what it says, or why it stays unread.
#[derive(Default)]
struct Loaded {
    configuration: Option<Configuration>,
    read: Option<Read>,
    unread: Option<(Place, String)>,
}

fn load(
    which: Which,
    words: &str,
    reader: &Reader,
    table: &'static Table,
    version: Version,
    start: &Start,
    notes: &mut Vec<Note>,
) -> Loaded {
    let (file, named_at) = match which {
        Which::None => return Loaded::default(),
        Which::Unknown(place, why) => {
            let file = reader.files.get(place.file);
            notes.push(Note::line(file.path(), file.line(place.span.start), why.clone()));
            return Loaded { unread: Some((place, why)), ..Loaded::default() };
        }
        Which::File(file, named_at) => (file, named_at),
    };
    // `get_config_from_filename` of Gunicorn 27.0.1 makes a module without a package of it.
    let by_path = table.server() == Server::Gunicorn && !words.starts_with("python:");
    let reader = &Reader { by_path, ..*reader };
    let read = if table.server() == Server::Hypercorn {
        hypercorn::read(reader, file, words, table, version)
    } else {
        reader.read(file, table, version)
    };
    let Some(mut read) = read else {
        let why = format!("`{}` could not be read", reader.files.get(file).path());
        return Loaded { unread: Some((named_at.unwrap_or(start.place), why)), ..Loaded::default() };
    };
    let deeds = reader.python.get(&file).map(Deeds::of).unwrap_or_default();
    let configuration = Configuration {
        file,
        named_at,
        strangers: std::mem::take(&mut read.strangers),
        accidental: std::mem::take(&mut read.accidental),
        late_patch: reader.python.get(&file).and_then(|module| late_patch(module, file, &deeds)),
        deeds,
        last_assignment: read.last_assignment,
    };
    Loaded { configuration: Some(configuration), read: Some(read), unread: None }
}

/// The call that patches for greenlets in a module, with the import in front of it that it comes too late for.
fn late_patch(module: &Module, file: FileId, deeds: &Deeds) -> Option<(Place, Located<String>)> {
    let call = deeds.calls.iter().find(|call| call.within.is_none() && call.name == GREENLETS)?;
    Some((Place::new(file, call.span), earlier(module, call.span, file)?))
}

/// The name of a unit, with what makes it one of several variants.
pub(super) fn called_in(unit: &Unit) -> String {
    let variant = unit.variant.as_ref().map(|variant| variant.value.as_str());
    [Some(unit.name.as_str()), variant]
        .into_iter()
        .flatten()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(", ")
}

/// The configuration file: `-c` on the command line, else `-c` in the variable, else the default one
/// in the folder the server starts in; never two.
fn which_configuration(command_line: &Arguments, options: &Arguments, start: &Start, files: &Files) -> Which {
    let Some(given) = named_configuration(command_line, options) else {
        let default = "gunicorn.conf.py";
        let module = command_line.app.as_ref().map(|app| app.value.as_str());
        let given = [command_line, options].into_iter().find_map(|arguments| arguments.last("pythonpath"));
        let among: Vec<&str> =
            given.and_then(|given| given.text.as_deref()).into_iter().flat_map(|all| all.split(',')).collect();
        return match start.roots.beside(files, default, module, &among) {
            Some(file) => Which::File(file, None),
            None if start.roots.hides(files, default) => Which::Unknown(
                start.place,
                format!("a `{default}` that is not read is laid where the server looks for one"),
            ),
            None if start.roots.is_adrift() && files.iter().any(|(_, file)| file.name() == default) => {
                Which::Unknown(start.place, "the folder that it starts in is not known".to_owned())
            }
            None => Which::None,
        };
    };
    let place = given.value_place.unwrap_or(given.flag);
    let Some(text) = &given.text else {
        if let Some(file) = by_name_alone(place, &[".py"], files) {
            return Which::File(file, Some(place));
        }
        let reason = start.parted.reason(place).unwrap_or_else(|| settle::FROM_A_RUN.to_owned());
        return Which::Unknown(place, format!("the configuration file is not known: {reason}"));
    };
    let path = match text.split_once(':') {
        Some(("python", module)) => {
            let base = module.replace('.', "/");
            let package = format!("{base}/__init__.py");
            if start.roots.file(files, &package).is_some() { package } else { format!("{base}.py") }
        }
        Some(("file", path)) => path.to_owned(),
        _ => text.clone(),
    };
    match start.roots.file(files, &path) {
        Some(file) => Which::File(file, Some(place)),
        None => Which::Unknown(place, format!("the configuration file `{path}` is not among the files that are read")),
    }
}
