//! Joins the facts of all files into deployments.

use std::collections::BTreeSet;

use super::commands::{self, Start, Surroundings};
use super::environment::Environment;
use super::image::{self, Image};
use super::locate::Roots;
use super::resolve::{Origin, resolve};
use super::{Deployment, Effective, context, fastapi};
use crate::findings::Note;
use crate::read::{Facts, Limits, Unit, UnitKind};
use crate::servers::{Program, Server};
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
    forget_repeated(&mut assembly.deployments);
    let order = |place: Place| (files.get(place.file).path().to_owned(), place.span);
    assembly.deployments.sort_by_key(|deployment| order(deployment.command));
    assembly.development_servers.sort_by_key(|server| order(server.command));
    assembly
}

/// Several services of one image may run one script, which starts the same server in each as far as its
/// commands tell: it is one launch.
fn forget_repeated(deployments: &mut Vec<Deployment>) {
    let mut kept: Vec<Deployment> = Vec::new();
    for deployment in std::mem::take(deployments) {
        if !kept.iter().any(|known| known.is_same_launch(&deployment)) {
            kept.push(deployment);
        }
    }
    *deployments = kept;
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
    environment.start_running();
    (environment, folders(image, folder, working))
}

fn folders(image: &Image, folder: &str, working: Option<&str>) -> Roots {
    let own = image.working_folder.map(|working| working.value.as_str());
    let mut roots = Roots::image(folder, working.or(own));
    for (copied, stage) in &image.copied {
        match stage {
            None => roots.copy(&copied.sources, &copied.destination),
            Some(stage) => roots.copy_from(&folders(stage, folder, None), &copied.sources, &copied.destination),
        }
    }
    roots
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
    environment.extend(unit.environment.iter().filter(|variable| !variable.build_only), &outer);
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
                    let resolved = resolve(&self.origin(), server, start, files, facts, &mut assembly.notes);
                    assembly.deployments.extend(resolved.map(|mut deployment| {
                        self.note_reload(&mut deployment, start.conditional);
                        deployment
                    }));
                    continue;
                }
                Program::FastApi { development: false, .. } => {
                    let resolved = resolve(&self.origin(), Server::Uvicorn, start, files, facts, &mut assembly.notes);
                    assembly.deployments.extend(resolved.map(|mut deployment| {
                        fastapi::adjust(&mut deployment, start);
                        deployment
                    }));
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
                development: self.development.clone().or_else(|| {
                    let why = "it replaces the command of the image by a development server".to_owned();
                    self.replaces.then(|| Located::new(why, start.place))
                }),
            });
        }
    }

    fn origin(&self) -> Origin<'_> {
        Origin {
            unit: self.unit,
            limits: &self.limits,
            container: self.container,
            development: self.development.as_ref(),
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
}
