//! Joins the facts of all files into deployments.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::Deployment;
use super::database::{self, Database};
use super::environment::Environment;
use super::launcher::{self, Alone, Reached};
use super::locate::join;
use super::scene::{Judged, Project, Scene};
use super::{aside, compose, context, image, native, platform, proxy, scripts, unloaded, uwsgi, variables, wsgi_app};
use crate::findings::Note;
use crate::read::{Facts, Unit, UnitKind};
use crate::source::{FileId, Files, Located, Place};
use crate::values::Order as _;

/// What joining the facts came to.
#[derive(Debug, Default)]
pub struct Assembly {
    /// Every server that something starts, in the order of files and lines.
    pub deployments: Vec<Deployment>,
    /// Every development server of a framework that something starts.
    pub development_servers: Vec<DevelopmentServer>,
    /// The images that the project builds on or runs.
    pub images: Vec<BaseImage>,
    /// Files with settings of Gunicorn that none of its servers loads.
    pub unloaded: Vec<Unloaded>,
    /// The databases that the project runs itself.
    pub databases: Vec<Database>,
    /// The names of all variables that a file of the project sets.
    pub variables: BTreeSet<String>,
    /// What could not be joined.
    pub notes: Vec<Note>,
    /// The containers for production that run a program in Python, with the command that does, whatever it starts.
    pub(super) programs: Vec<(Place, Place)>,
    /// How many bytes of configuration files were followed so far, each time that one is loaded.
    pub(super) followed: usize,
}

/// An image that the project does not build itself.
#[derive(Debug, Clone)]
pub struct BaseImage {
    /// Its name, as written.
    pub image: Located<String>,
    /// Why it is not what production runs.
    pub development: Option<Located<String>>,
}

/// A Python file with settings of Gunicorn that nothing loads.
#[derive(Debug, Clone)]
pub struct Unloaded {
    /// The file.
    pub file: FileId,
    /// The settings it would set, with the place of the first.
    pub settings: Located<Vec<String>>,
    /// The index, among the deployments, of the server that does without.
    pub server: usize,
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
    /// What switches its debugger on, if anything does.
    pub debug: Option<Place>,
    /// Why this is not how the service runs in production.
    pub development: Option<Located<String>>,
}

/// Joins `facts` into deployments.
pub fn assemble(files: &Files, facts: &Facts) -> Assembly {
    assemble_asked(files, facts, &[])
}

/// The same, where the user asks about certain files, which may be all there is of a server.
pub fn assemble_asked(files: &Files, facts: &Facts, asked: &[FileId]) -> Assembly {
    let mut assembly = Assembly::default();
    let mut judged = Judged::default();
    let mut scenes: Vec<Scene> = Vec::new();
    let mut broken = Vec::new();
    let composed = compose::services(files, facts, &mut assembly.notes);
    let inside = composed.iter().map(|one| (&one.unit, Arc::clone(&one.outer), one.elsewhere));
    let services: Vec<&Unit> = composed.iter().map(|service| &service.unit).collect();
    let units = platform::complete(&facts.units, files);
    let nothing = Arc::new(Environment::default());
    let outside = units.iter().map(|unit| (unit, Arc::clone(&nothing), None));
    // What a manager in a container starts is no unit of a machine, so those come last.
    let (managed, others): (Vec<_>, Vec<_>) = inside.chain(outside).partition(|(unit, ..)| is_managed(unit));
    for (unit, outer, elsewhere) in others {
        let scene = match unit.kind {
            UnitKind::Image | UnitKind::SupervisorProgram => continue,
            UnitKind::Platform if !platform::in_image(unit) => guarded(|| Scene::host(unit, files, facts)),
            UnitKind::ComposeService | UnitKind::KubernetesContainer | UnitKind::Platform => {
                let service = guarded(|| Scene::service(unit, &outer, files, facts, &services, &mut judged));
                service.map(|scene| scene.beside(elsewhere, files))
            }
            UnitKind::Procfile
            | UnitKind::SystemdService
            | UnitKind::UwsgiConfiguration
            | UnitKind::GunicornConfiguration
            | UnitKind::Task
            | UnitKind::PythonLauncher
            | UnitKind::RustProgram
            | UnitKind::Script => guarded(|| Scene::host(unit, files, facts)),
        };
        match scene {
            Some(scene) => scenes.push(scene),
            None => broken.push(unit.place),
        }
    }
    for file in dockerfiles(facts) {
        if let Some(service) = aside::only_for_developers(file, &composed, files) {
            judged.handled.insert(file, service);
        }
        for image in image::targets(facts, file, files) {
            // An image whose own command a compose service runs is judged there, with its limits.
            if judged.run.contains(&image.stage.place) {
                continue;
            }
            match guarded(|| Scene::image(&image, &judged, files, facts, &services)) {
                Some(scene) => scenes.push(scene),
                None => broken.push(image.stage.place),
            }
        }
    }
    let inside: BTreeSet<Place> = scenes.iter().flat_map(Scene::managed).collect();
    for (unit, ..) in managed.into_iter().filter(|(unit, ..)| !inside.contains(&unit.place)) {
        match guarded(|| Scene::host(unit, files, facts)) {
            Some(scene) => scenes.push(scene),
            None => broken.push(unit.place),
        }
    }
    for (place, why) in aside::companions(&composed, files) {
        scenes.iter_mut().filter(|scene| scene.place() == place).for_each(|scene| scene.set_aside(&why));
    }
    Scene::share_lists(&mut scenes, files);
    let visited: BTreeSet<FileId> = scenes.iter().flat_map(Scene::scripts).collect();
    let project = Project { files, facts };
    let mut reached = Reached::of(files, facts);
    play(scenes, &project, &mut reached, &mut assembly, &mut broken);
    let alone = unnamed(&assembly, &composed, files, facts);
    play(alone, &project, &mut reached, &mut assembly, &mut broken);
    aside::set_unnamed_aside(&mut assembly.deployments, files);
    let scripts = guarded(|| scripts::alone(files, facts, &visited)).unwrap_or_default();
    for script in scripts {
        let place = script.place();
        if is_full(&mut assembly) {
            break;
        }
        let aid = scripts::is_aid(files.get(place.file).path(), assembly.deployments.iter().any(is_of_image));
        let mut own = Assembly { followed: assembly.followed, ..Assembly::default() };
        if guarded(|| script.play(&project, &mut reached, &mut own)).is_none() {
            broken.push(place);
        }
        forget_templates(&mut own, &assembly, files);
        forget_named(&own, &mut assembly);
        add_alone(own, aid, &mut assembly);
    }
    play_launchers(&project, &mut reached, &mut assembly, &mut broken);
    play(unstarted(&assembly, facts, files), &project, &mut reached, &mut assembly, &mut broken);
    play(configured(&assembly, facts, files, asked), &project, &mut reached, &mut assembly, &mut broken);
    aside::set_unnamed_aside(&mut assembly.deployments, files);
    aside::set_left_aside(&mut assembly, asked, facts, files);
    assembly.notes.extend(broken.into_iter().map(|place| defect(place, files)));
    forget_unlikely(&mut assembly.deployments);
    forget_repeated(&mut assembly);
    context::name_developments(&mut assembly.deployments);
    note_replaced(&mut assembly.deployments, &judged.replaced);
    aside::set_beside_aside(&mut assembly, &composed, facts, files);
    proxy::join(&mut assembly.deployments, &facts.proxies);
    let order = |place: Place| (files.get(place.file).path().to_owned(), place.span);
    assembly.deployments.order_by_key(|deployment| order(deployment.command));
    assembly.development_servers.order_by_key(|server| order(server.command));
    assembly.images = images(files, facts, &composed);
    assembly.databases = database::find(&composed);
    assembly.variables = variables::all(facts, &composed, &assembly.deployments);
    assembly.unloaded = unloaded::find(files, facts, &assembly.deployments);
    assembly
}

/// Configurations that name what they serve and that nothing is seen to read.
fn configured<'f>(assembly: &Assembly, facts: &'f Facts, files: &Files, asked: &[FileId]) -> Vec<Scene<'f>> {
    let found = guarded(|| wsgi_app::alone(files, facts, assembly, asked)).unwrap_or_default();
    found.into_iter().map(|(unit, start)| Scene::configuration(unit, start, files)).collect()
}

/// Plays the launchers that nothing in the project is seen to start.
fn play_launchers(project: &Project<'_>, reached: &mut Reached, assembly: &mut Assembly, broken: &mut Vec<Place>) {
    let found = guarded(|| launcher::alone(project.files, project.facts, reached));
    let (mut launchers, complete) = found.unwrap_or_default();
    if !complete {
        assembly.notes.push(Note::file("", "more programs than are followed; they may start servers as well"));
    }
    // Those that run whenever somebody calls them, before those that run only as programs.
    launchers.order_by_key(|alone| alone.guarded);
    for alone in launchers {
        let place = alone.launched.sighting.place;
        if is_full(assembly) {
            break;
        }
        if guarded(|| play_alone(&alone, project, reached, assembly)).is_none() {
            broken.push(place);
        }
    }
}

/// Configurations of uWSGI that no server loads by name: a command that is not in the project does.
fn unnamed<'f>(assembly: &Assembly, composed: &[compose::Composed], files: &Files, facts: &Facts) -> Vec<Scene<'f>> {
    let loaded: BTreeSet<FileId> = assembly.deployments.iter().flat_map(|one| &one.loaded).copied().collect();
    let mounted = mounted_elsewhere(composed.iter().map(|service| &service.unit), files);
    facts
        .uwsgi
        .iter()
        .filter(|(file, _)| !loaded.contains(file) && !files.is_foreign(**file))
        .filter(|(file, configuration)| !mounted.contains(file) || uwsgi::names_code(configuration, files))
        .filter(|(_, configuration)| !uwsgi::is_beside_another(configuration) && !uwsgi::is_of_a_build(configuration))
        .filter(|(file, _)| !uwsgi::is_a_part(**file, files) && !is_filled_by_a_script(**file, assembly, files))
        .filter_map(|(&file, configuration)| uwsgi::alone(file, configuration, files))
        .map(|(unit, start)| Scene::configuration(unit, start, files))
        .collect()
}

/// Programs in Rust that serve, and that nothing is seen to start.
fn unstarted<'f>(assembly: &Assembly, facts: &'f Facts, files: &Files) -> Vec<Scene<'f>> {
    let started = assembly.deployments.iter().filter_map(|one| Some(one.native.as_ref()?.program.as_str()));
    let started: BTreeSet<&str> = started.collect();
    let others = facts.rust.programs.iter().filter(|program| !started.contains(program.name.as_str()));
    let alone = others.map(|program| native::alone(program, facts));
    alone.map(|(unit, start)| Scene::configuration(unit, start, files)).collect()
}

/// Whether an image starts it by itself.
fn is_of_image(deployment: &Deployment) -> bool {
    deployment.kind == UnitKind::Image && deployment.instruction.is_some()
}

/// The files that services mount by name into images that are not known for uWSGI: what those make of them is told
/// by their commands, which were read.
fn mounted_elsewhere<'u>(services: impl Iterator<Item = &'u Unit>, files: &Files) -> BTreeSet<FileId> {
    let known = |unit: &Unit| unit.image.as_ref().is_some_and(|image| image.value.contains("uwsgi"));
    let mounts = services.filter(|unit| unit.build.is_none() && !known(unit)).flat_map(|unit| {
        let beside = files.get(unit.place.file).folder();
        unit.mounts.iter().filter_map(move |mount| files.find(&join(beside, &mount.source.value)))
    });
    mounts.collect()
}

/// Whether a manager in a container may start it. A platform may run the lines of a `Procfile` all the same.
fn is_managed(unit: &Unit) -> bool {
    match unit.kind {
        UnitKind::SupervisorProgram => true,
        UnitKind::Procfile => unit.limits.stop_default.is_none(),
        _ => false,
    }
}

/// What is said of a place that farrier itself fails on.
fn defect(place: Place, files: &Files) -> Note {
    let file = files.get(place.file);
    let why = "what this starts could not be told, which is a defect of farrier; please report it";
    Note::line(file.path(), file.line(place.span.start), why)
}

/// Adds what a launcher starts that nothing else does. Where the service is started in another way, one
/// that only runs as a program is how somebody works on it.
fn play_alone(alone: &Alone, project: &Project, reached: &mut Reached, assembly: &mut Assembly) {
    let unit = Unit::new(UnitKind::PythonLauncher, alone.name.as_str(), alone.launched.sighting.place);
    let scene = Scene::alone(&unit, project.files);
    let mut own = Assembly { followed: assembly.followed, ..Assembly::default() };
    for step in launcher::steps(std::slice::from_ref(&alone.launched), &alone.start, project.files, project.facts) {
        scene.take(&step, 1, project, reached, &mut own);
    }
    // `app.run()` at the end of a file is how somebody works on it, as long as nothing deploys that.
    for server in &mut own.development_servers {
        let nobody = || Located::new("nothing here starts it".to_owned(), server.command);
        server.development = server.development.clone().or_else(|| Some(nobody()));
    }
    add_alone(own, alone.guarded, assembly);
}

/// Takes away options of uWSGI as a launch of their own where a script that nothing runs turns out to name them.
fn forget_named(own: &Assembly, others: &mut Assembly) {
    let names = |file: FileId| {
        let mut serving = own.deployments.iter().filter(|one| one.development.is_none());
        serving.any(|one| one.loaded.contains(&file))
    };
    others.deployments.retain(|one| one.kind != UnitKind::UwsgiConfiguration || !names(one.command.file));
}

/// Whether a script that starts uWSGI fills the file in first: what the server reads is another file.
fn is_filled_by_a_script(file: FileId, assembly: &Assembly, files: &Files) -> bool {
    let name = files.get(file).name();
    let starts = assembly.deployments.iter().filter(|one| one.server == crate::servers::Server::Uwsgi);
    starts.map(|one| files.get(one.command.file).text()).any(|text| text.contains("envsubst") && text.contains(name))
}

/// Says of scripts whose application is not in the project, where others start what is, that they are left from a
/// template.
fn forget_templates(own: &mut Assembly, others: &Assembly, files: &Files) {
    let is_there = |app: &Located<String>| {
        let module = app.value.split(':').next().unwrap_or_default().replace('.', "/");
        files.iter().any(|(_, file)| {
            let path = file.path();
            let stem = path.strip_suffix("/__init__.py").or_else(|| path.strip_suffix(".py")).unwrap_or_default();
            stem == module || stem.strip_suffix(module.as_str()).is_some_and(|before| before.ends_with('/'))
        })
    };
    let others = others.deployments.iter().filter(|other| other.development.is_none());
    let Some(other) = others.filter(|other| other.app.as_ref().is_some_and(is_there)).map(|other| other.command).next()
    else {
        return;
    };
    for deployment in own.deployments.iter_mut().filter(|deployment| deployment.development.is_none()) {
        if let Some(app) = deployment.app.as_ref().filter(|app| !is_there(app)) {
            let why = format!("nothing here runs the script, `{}` is not in the project, and another is", app.value);
            deployment.development = Some(Located::new(why, other));
        }
    }
}

/// Adds what nothing is seen to start. Where `aside` and the service is started in another way, it is how
/// somebody works on it.
fn add_alone(mut own: Assembly, aside: bool, assembly: &mut Assembly) {
    for deployment in &mut own.deployments {
        if deployment.development.is_none() && (aside || reloads(deployment)) {
            let elsewhere = assembly.deployments.iter().find(|other| {
                let named =
                    |one: &Deployment| one.app.as_ref().filter(|_| one.handed.is_none()).map(|app| app.value.clone());
                let module = |one: &Deployment| Some(named(one)?.split(':').next()?.to_owned());
                other.development.is_none()
                    // Two branches of one program are two ways to start it.
                    && (reloads(deployment)
                        || other.command.file != deployment.command.file
                            && module(deployment).is_some_and(|own| module(other) == Some(own)))
            });
            deployment.development = elsewhere.map(|other| {
                let why = if reloads(deployment) {
                    "it reloads, and"
                } else if deployment.kind == UnitKind::Script {
                    "nothing here runs the script, and"
                } else {
                    "it runs only as a program, and"
                };
                Located::new(format!("{why} the service is started elsewhere"), other.command)
            });
        }
    }
    assembly.followed = own.followed;
    assembly.deployments.extend(own.deployments);
    assembly.development_servers.extend(own.development_servers);
    assembly.notes.extend(own.notes);
}

/// Every image that is named and is no stage of the same file.
fn images(files: &Files, facts: &Facts, composed: &[compose::Composed]) -> Vec<BaseImage> {
    let units = || facts.units.iter().chain(composed.iter().map(|service| &service.unit));
    let is_stage = |unit: &Unit, name: &str| {
        let named = |other: &&Unit| !other.name.is_empty() && other.name.eq_ignore_ascii_case(name);
        unit.kind == UnitKind::Image
            && facts.units.iter().filter(|other| other.place.file == unit.place.file).any(|other| named(&other))
    };
    let mut places = BTreeSet::new();
    let mut found: Vec<BaseImage> = units()
        .filter_map(|unit| {
            let image = unit.image.clone().filter(|image| !is_stage(unit, &image.value))?;
            places.insert(image.place).then(|| BaseImage { image, development: context::development(unit, files) })
        })
        .collect();
    found.order_by_key(|base| base.image.place);
    found
}

fn reloads(deployment: &Deployment) -> bool {
    ["reload", "use_reloader"].iter().any(|name| {
        deployment.setting(name).and_then(super::Effective::value) == Some(&crate::values::Value::Bool(true))
    })
}

fn play(
    scenes: Vec<Scene>,
    project: &Project,
    reached: &mut Reached,
    assembly: &mut Assembly,
    broken: &mut Vec<Place>,
) {
    for scene in scenes {
        let place = scene.place();
        if is_full(assembly) {
            return;
        }
        if guarded(|| scene.play(project, reached, assembly)).is_none() {
            broken.push(place);
        }
    }
}

/// More servers than one project starts; with each of them the time and the memory grow that all of them take.
const MAX_DEPLOYMENTS: usize = 800;

/// Whether no more servers are looked at, which is noted once.
fn is_full(assembly: &mut Assembly) -> bool {
    if assembly.deployments.len() < MAX_DEPLOYMENTS {
        return false;
    }
    let why = format!("more than {MAX_DEPLOYMENTS} servers are started; the rest was left out");
    if !assembly.notes.iter().any(|note| note.reason == why) {
        assembly.notes.push(Note::file("", why));
    }
    true
}

/// A defect that one unit brings to light costs that unit, not the run.
fn guarded<T>(join: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(join)).ok()
}

/// Takes away launches that only a variable which nobody sets leads to, and those of an image that is made for words
/// which nobody gives it, where something else is sure to run the same command.
fn forget_unlikely(deployments: &mut Vec<Deployment>) {
    let is_sure = |one: &Deployment| one.only_if_set.is_empty() && !one.awaits_words;
    let mut sure: BTreeMap<(Place, crate::servers::Server), bool> = BTreeMap::new();
    for one in deployments.iter().filter(|one| is_sure(one)) {
        *sure.entry((one.command, one.server)).or_default() |= one.development.is_none();
    }
    deployments.retain(|one| {
        let elsewhere = sure.get(&(one.command, one.server));
        is_sure(one) || elsewhere.is_none_or(|serves| !serves && one.development.is_none())
    });
}

/// Several services of one image may run one script, which starts the same server in each as far as its
/// commands tell, and so does a service that several compose files lay something over: it is one launch.
fn forget_repeated(assembly: &mut Assembly) {
    let mut kept: Vec<Deployment> = Vec::new();
    let mut by_command: BTreeMap<Place, Vec<usize>> = BTreeMap::new();
    for deployment in std::mem::take(&mut assembly.deployments) {
        let known = by_command.entry(deployment.command).or_default();
        let same = known.iter().find(|&&at| kept.get(at).is_some_and(|one| one.is_same_launch(&deployment)));
        if let Some(known) = same.and_then(|&at| kept.get_mut(at)) {
            // Of two arms of one script, one lets it take the place of the shell.
            if known.container == deployment.container && deployment.shield.is_none() {
                known.shield = None;
            }
            let new = deployment.started_by.into_iter().filter(|one| !known.started_by.contains(one));
            let new: Vec<_> = new.collect();
            known.started_by.extend(new);
        } else {
            known.push(kept.len());
            kept.push(deployment);
        }
    }
    // A task that something else calls is that launch, and not what somebody runs by hand.
    let called: Vec<bool> = kept
        .iter()
        .map(|task| {
            task.kind == UnitKind::Task && kept.iter().any(|other| other.kind != UnitKind::Task && other.rests_on(task))
        })
        .collect();
    let mut called = called.into_iter();
    kept.retain(|_| called.next() != Some(true));
    assembly.deployments = kept;
    let mut commands = BTreeSet::new();
    assembly.development_servers.retain(|server| commands.insert((server.command, server.name)));
    assembly.notes.order();
    assembly.notes.dedup();
}

/// Notes of images whose command every unit that runs them replaces, by one that serves the same application, who does.
fn note_replaced(deployments: &mut [Deployment], replaced: &BTreeMap<Place, Vec<Place>>) {
    let app = |one: &Deployment| one.app.as_ref().map(|app| app.value.clone());
    let serving = |units: &[Place], own: &Deployment| {
        let instead = |other: &&Deployment| {
            other.development.is_none()
                && other.container.is_some_and(|unit| units.contains(&unit))
                && app(other).is_some()
                && app(other) == app(own)
        };
        deployments.iter().find(instead).map(|other| other.command)
    };
    let own = |one: &Deployment| {
        let units = replaced.get(&one.container.filter(|_| one.instruction.is_some())?)?;
        serving(units, one)
    };
    let found: Vec<Option<Place>> = deployments.iter().map(own).collect();
    for (deployment, by) in deployments.iter_mut().zip(found) {
        deployment.replaced = by;
    }
}

pub(super) fn dockerfiles(facts: &Facts) -> BTreeSet<FileId> {
    let images = facts.units.iter().filter(|unit| unit.kind == UnitKind::Image);
    images.map(|unit| unit.place.file).collect()
}
