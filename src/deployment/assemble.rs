//! Joins the facts of all files into deployments.

use std::collections::BTreeSet;

use super::commands::{self, Start, Surroundings};
use super::configuration::{Configuration, Read, Reader};
use super::environment::Environment;
use super::image::{self, Image};
use super::locate::Roots;
use super::settle::{self, Sources};
use super::{Candidate, Deployment, Effective, Resolved, context, fastapi, faults, version};
use crate::findings::Note;
use crate::read::{self, Facts, Limits, Unit, UnitKind};
use crate::servers::arguments::{self, Argument, Arguments};
use crate::servers::{Program, Server, Table, table};
use crate::source::{FileId, Files, Located, Place};
use crate::values::Value;

/// What joining the facts came to.
#[derive(Debug, Default)]
pub struct Assembly {
    /// Every server that something starts, in the order of files and lines.
    pub deployments: Vec<Deployment>,
    /// Every development server of a framework that something starts.
    pub development_servers: Vec<DevelopmentServer>,
    /// What could not be joined.
    pub notes: Vec<Note>,
}

/// A framework's development server, which no table describes.
#[derive(Debug, Clone)]
pub struct DevelopmentServer {
    /// How to call it: `flask run`.
    pub name: &'static str,
    /// The command that starts it.
    pub command: Place,
    /// The line that makes it run in a container.
    pub container: Option<Place>,
    /// Why this is not how the service runs in production.
    pub development: Option<Located<String>>,
}

/// Joins `facts` into deployments.
pub fn assemble(files: &Files, facts: &Facts) -> Assembly {
    let mut assembly = Assembly::default();
    let mut built = BTreeSet::new();
    let mut scenes: Vec<Scene> = Vec::new();
    for unit in facts.units.iter().filter(|unit| unit.kind == UnitKind::ComposeService) {
        scenes.push(compose_scene(unit, files, facts, &mut built));
    }
    for unit in facts.units.iter().filter(|unit| unit.kind == UnitKind::Procfile) {
        scenes.push(plain_scene(unit, files, facts));
    }
    for file in dockerfiles(facts) {
        // An image whose own command a compose service runs is judged there, with its limits.
        if !built.contains(&file)
            && let Some(image) = image::build(&facts.units, file, None)
        {
            scenes.push(image_scene(&image, files, facts));
        }
    }
    for scene in scenes {
        scene.play(files, facts, &mut assembly);
    }
    let order = |place: Place| (files.get(place.file).path().to_owned(), place.span);
    assembly.deployments.sort_by_key(|deployment| order(deployment.command));
    assembly.development_servers.sort_by_key(|server| order(server.command));
    assembly
}

fn dockerfiles(facts: &Facts) -> BTreeSet<FileId> {
    let images = facts.units.iter().filter(|unit| unit.kind == UnitKind::Image);
    images.map(|unit| unit.place.file).collect()
}

/// A place that starts something, with all that surrounds it.
struct Scene<'f> {
    unit: &'f Unit,
    starts: Vec<Start>,
    limits: Limits,
    container: Option<Place>,
    development: Option<Located<String>>,
    /// Whether the command stands in for one that the image has itself.
    replaces: bool,
}

fn plain_scene<'f>(unit: &'f Unit, files: &Files, facts: &Facts) -> Scene<'f> {
    let mut environment = Environment::default();
    environment.extend(&unit.environment, &|_| None);
    let roots = Roots::project(files.get(unit.place.file).folder());
    let surroundings = Surroundings { environment, roots, files, scripts: &facts.scripts, outer: &|_| None };
    let starts = commands::starts(None, unit.command.as_ref(), surroundings);
    Scene {
        unit,
        starts,
        limits: unit.limits.clone(),
        container: None,
        development: context::development(unit, files),
        replaces: false,
    }
}

fn image_scene<'f>(image: &Image<'f>, files: &Files, facts: &Facts) -> Scene<'f> {
    let (environment, roots) = inside(image, files.get(image.stage.place.file).folder(), None);
    let surroundings = Surroundings { environment, roots, files, scripts: &facts.scripts, outer: &|_| None };
    let starts = commands::starts(image.entrypoint, image.command, surroundings);
    Scene {
        unit: image.stage,
        starts,
        limits: image.stage.limits.clone(),
        container: Some(image.stage.place),
        development: context::development(image.stage, files),
        replaces: false,
    }
}

/// The environment and the folders inside an image built from `folder`.
fn inside(image: &Image, folder: &str, working: Option<&str>) -> (Environment, Roots) {
    let mut environment = Environment::default();
    // A build argument without a value is unknown, not empty.
    environment.extend(image.environment.iter().copied().filter(|variable| variable.value.is_some()), &|_| None);
    let own = image.working_folder.map(|working| working.value.as_str());
    let mut roots = Roots::image(folder, working.or(own));
    for copied in &image.copied {
        roots.copy(&copied.sources, &copied.destination);
    }
    (environment, roots)
}

fn compose_scene<'f>(unit: &'f Unit, files: &'f Files, facts: &'f Facts, built: &mut BTreeSet<FileId>) -> Scene<'f> {
    let folder = files.get(unit.place.file).folder();
    // Compose fills in variables itself, from the `.env` file beside its own.
    let outer = |name: &str| {
        let beside = files.find(&super::locate::join(folder, ".env"))?;
        let variables = facts.environments.get(&beside)?;
        variables.iter().rev().find(|variable| variable.name == name)?.value.as_ref()?.text()
    };
    let target = unit.build.as_ref().and_then(|build| build.target.as_ref()).map(|target| target.value.as_str());
    let dockerfile = image::dockerfile_of(unit, files);
    let image = dockerfile.and_then(|file| image::build(&facts.units, file, target));
    let working = unit.working_folder.as_ref().map(|working| working.value.as_str());
    let (mut environment, roots) = match &image {
        Some(image) => {
            let context = image::context_of(unit, files).unwrap_or_else(|| folder.to_owned());
            inside(image, &context, working)
        }
        None => (Environment::default(), Roots::image(folder, working)),
    };
    for named in &unit.environment_files {
        let path = super::locate::join(folder, &named.value);
        let variables = files.find(&path).and_then(|file| facts.environments.get(&file));
        environment.extend(variables.into_iter().flatten(), &outer);
    }
    environment.extend(&unit.environment, &outer);
    let own_image = image.as_ref();
    let entrypoint = unit.entrypoint.as_ref().or_else(|| own_image?.entrypoint);
    // A service that sets its own entry point drops the command of the image.
    let inherited = || {
        if unit.entrypoint.is_some() { None } else { own_image?.command }
    };
    let command = unit.command.as_ref().or_else(inherited);
    let uses_own = unit.command.is_some() || unit.entrypoint.is_some();
    if !uses_own {
        built.extend(dockerfile);
    }
    let surroundings = Surroundings { environment, roots, files, scripts: &facts.scripts, outer: &outer };
    let starts = commands::starts(entrypoint, command, surroundings);
    Scene {
        unit,
        starts,
        limits: unit.limits.clone(),
        container: Some(unit.place),
        development: context::development(unit, files),
        replaces: uses_own && own_image.is_some_and(|image| image.entrypoint.or(image.command).is_some()),
    }
}

impl Scene<'_> {
    fn play(self, files: &Files, facts: &Facts, assembly: &mut Assembly) {
        for start in &self.starts {
            let development = match start.program {
                Program::Server { server, .. } => {
                    let mut deployment = self.deployment(server, start, files, facts, &mut assembly.notes);
                    self.note_reload(&mut deployment, start.conditional);
                    assembly.deployments.push(deployment);
                    continue;
                }
                Program::FastApi { development: false, .. } => {
                    let mut deployment = self.deployment(Server::Uvicorn, start, files, facts, &mut assembly.notes);
                    fastapi::adjust(&mut deployment, start);
                    assembly.deployments.push(deployment);
                    continue;
                }
                Program::FastApi { development: true, .. } => "fastapi dev",
                Program::Development { name, .. } => name,
            };
            // A development server in a branch is what the branch is for.
            if start.conditional {
                continue;
            }
            assembly.development_servers.push(DevelopmentServer {
                name: development,
                command: start.place,
                container: self.container,
                development: self.development.clone(),
            });
        }
    }

    /// A service that replaces the command of its image by one that reloads is how developers run what
    /// the image runs in production, and so is a branch of a script.
    fn note_reload(&self, deployment: &mut Deployment, conditional: bool) {
        let reloads = deployment.setting("reload").and_then(Effective::value) == Some(&Value::Bool(true));
        if (self.replaces || conditional) && reloads && deployment.development.is_none() {
            let why = if conditional {
                "it reloads, and runs only in a branch of its script".to_owned()
            } else {
                "it replaces the command of the image by one that reloads".to_owned()
            };
            deployment.development = Some(Located::new(why, deployment.command));
        }
    }

    fn deployment(
        &self,
        server: Server,
        start: &Start,
        files: &Files,
        facts: &Facts,
        notes: &mut Vec<Note>,
    ) -> Deployment {
        let table = table(server);
        let requirements_near = start.roots.folder(files);
        let version = version::asked_for(table.distribution(), &requirements_near, &facts.requirements, files)
            .unwrap_or_else(|| version::assumed(table.newest()));
        let mut errors = Vec::new();
        let command_line = arguments::parse(table, version.version, &start.arguments);
        let options = options(table, version.version, start);
        for found in [&options, &command_line] {
            errors.extend(found.errors.iter().map(|e| Located::new(e.value.to_string(), e.place)));
        }
        let environ = |name: &str| start.environment.lookup(name);
        let reader = Reader { files, python: &facts.python, roots: &start.roots, environ: &environ, cpus: None };
        let which = which_configuration(table, &command_line, &options, start, files);
        let mut configuration = None;
        let mut unread = None;
        match which {
            Which::None => {}
            Which::Unknown(place, why) => {
                notes.push(Note::line(
                    files.get(place.file).path(),
                    files.get(place.file).line(place.span.start),
                    why.clone(),
                ));
                unread = Some((place, why));
            }
            Which::File(file, named_at) => match reader.read(file, table, version.version) {
                Some(read) => configuration = Some((file, named_at, read)),
                None => {
                    let place = named_at.unwrap_or(start.place);
                    unread = Some((place, format!("`{}` could not be read", files.get(file).path())));
                }
            },
        }
        let kept =
            configuration.as_mut().map(|(file, named_at, read): &mut (FileId, Option<Place>, Read)| Configuration {
                file: *file,
                named_at: *named_at,
                strangers: std::mem::take(&mut read.strangers),
                last_assignment: read.last_assignment,
            });
        let command_line_app = command_line.app.clone();
        let complete = command_line.opaque.is_empty() && command_line.exits.is_none();
        let sources = Sources {
            table,
            version: version.version,
            files,
            environment: &start.environment,
            configuration: configuration.map(|(_, _, read)| read),
            unread,
            options,
            command_line,
        };
        let named = command_line_app.as_ref();
        let mut settings = sources.settle(&mut errors);
        if let Some(app) = named.filter(|_| server == Server::Gunicorn) {
            // `WSGIApplication.init` names the process after its first argument before anything else.
            settings.change_default("default_proc_name", |default| Candidate {
                value: Resolved::Known(Value::Str(app.value.clone())),
                ..default.clone()
            });
        }
        let class = settle::worker_class(table, &settings);
        let cores = Cores::of(&reader, kept.as_ref(), &settings);
        let wsgi_app = settings.get("wsgi_app");
        let app = command_line_app.or_else(|| {
            let setting = wsgi_app?;
            Some(Located::new(setting.text()?.to_owned(), setting.place()?))
        });
        if server == Server::Gunicorn {
            errors.extend(faults::at_start(&settings));
            let nobody = wsgi_app.is_none_or(|setting| setting.value() == Some(&Value::None));
            if app.is_none() && nobody && complete {
                errors.push(Located::new("no application module is named".to_owned(), start.place));
            }
        }
        let chdir =
            settings.get("chdir").filter(|chdir| chdir.is_set()).and_then(|chdir| chdir.text().map(str::to_owned));
        let mut roots = start.roots.clone();
        if let Some(chdir) = chdir {
            roots.enter(&chdir);
        }
        let folder = match &app {
            Some(app) => roots.folder_importing(files, &app.value),
            None => roots.folder(files),
        };
        Deployment {
            server,
            version,
            kind: self.unit.kind,
            unit: self.unit.name.clone(),
            command: start.place,
            app,
            folder,
            settings,
            class,
            configuration: kept,
            limits: self.limits.clone(),
            container: self.container,
            development: self.development.clone(),
            errors,
            workers_on_large_node: cores.workers,
            environment: start.environment.known(),
            distributions: version::distributions(&requirements_near, &facts.requirements, files),
        }
    }
}

/// What a setting computed from the number of cores comes to on a large machine.
struct Cores {
    workers: Option<i64>,
}

impl Cores {
    /// A node size at which a formula over host cores shows what it does; large nodes of the cloud
    /// providers have 64 cores and more (benoitc/gunicorn#2028 was met on such a one).
    const LARGE_NODE: u32 = 64;

    fn of(reader: &Reader, configuration: Option<&Configuration>, settings: &super::Settings) -> Self {
        let workers = settings.get("workers").and_then(|workers| {
            workers.winner.host_cores()?;
            let large = Reader { cpus: Some(Self::LARGE_NODE), ..*reader };
            large.value_of(configuration?.file, "workers")?.as_int()
        });
        Self { workers }
    }
}

/// The words in the variable that holds further options, if a file sets it.
fn options(table: &'static Table, version: crate::servers::Version, start: &Start) -> Arguments {
    let Some(entry) = table.arguments_variable().and_then(|name| start.environment.entry(name)) else {
        return Arguments::default();
    };
    let Some(text) = &entry.text else {
        return Arguments { opaque: vec![entry.place], ..Arguments::default() };
    };
    let words: Vec<Argument> = read::words(text, entry.place)
        .into_iter()
        .map(|word| {
            let argument = Argument::new(&word, &|_| None);
            if entry.literal {
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

enum Which {
    None,
    File(FileId, Option<Place>),
    Unknown(Place, String),
}

/// The configuration file: `-c` on the command line, else `-c` in the variable, else the default one
/// in the folder the server starts in; never two.
fn which_configuration(
    table: &'static Table,
    command_line: &Arguments,
    options: &Arguments,
    start: &Start,
    files: &Files,
) -> Which {
    if table.server() != Server::Gunicorn {
        return Which::None;
    }
    let named = [command_line, options]
        .into_iter()
        .find_map(|arguments| arguments.given.iter().rev().find(|given| given.setting.name() == "config"));
    let Some(given) = named else {
        let default = start.roots.file(files, "gunicorn.conf.py");
        return default.map_or(Which::None, |file| Which::File(file, None));
    };
    let place = given.value_place.unwrap_or(given.flag);
    let Some(text) = &given.text else {
        return Which::Unknown(place, "the configuration file is named by a variable that no file sets".to_owned());
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
