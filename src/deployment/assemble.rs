//! Joins the facts of all files into deployments.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::Deployment;
use super::environment::Environment;
use super::scene::Scene;
use super::{compose, image, platform, proxy};
use crate::findings::Note;
use crate::read::{Facts, Unit, UnitKind};
use crate::source::{FileId, Files, Located, Place};

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
    let mut broken = Vec::new();
    let composed = compose::services(files, facts, &mut assembly.notes);
    let inside = composed.iter().map(|service| (&service.unit, service.outer.clone()));
    let services: Vec<&Unit> = composed.iter().map(|service| &service.unit).collect();
    let units = platform::complete(&facts.units, files);
    let outside = units.iter().map(|unit| (unit, Environment::default()));
    // What a manager in a container starts is no unit of a machine, so those come last.
    let (managed, others): (Vec<_>, Vec<_>) =
        inside.chain(outside).partition(|(unit, _)| unit.kind == UnitKind::SupervisorProgram);
    for (unit, outer) in others {
        let scene = match unit.kind {
            UnitKind::Image | UnitKind::SupervisorProgram => continue,
            UnitKind::Platform if !platform::in_image(unit) => guarded(|| Scene::host(unit, files, facts)),
            UnitKind::ComposeService | UnitKind::KubernetesContainer | UnitKind::Platform => {
                guarded(|| Scene::service(unit, &outer, files, facts, &services, &mut built))
            }
            UnitKind::Procfile
            | UnitKind::SystemdService
            | UnitKind::UwsgiConfiguration
            | UnitKind::Task
            | UnitKind::PythonLauncher => guarded(|| Scene::host(unit, files, facts)),
        };
        match scene {
            Some(scene) => scenes.push(scene),
            None => broken.push(unit.place),
        }
    }
    for file in dockerfiles(facts) {
        for image in image::targets(&facts.units, file) {
            // An image whose own command a compose service runs is judged there, with its limits.
            if built.contains(&image.stage.place) {
                continue;
            }
            match guarded(|| Scene::image(&image, files, facts)) {
                Some(scene) => scenes.push(scene),
                None => broken.push(image.stage.place),
            }
        }
    }
    let inside: BTreeSet<Place> = scenes.iter().flat_map(Scene::managed).collect();
    for (unit, _) in managed.into_iter().filter(|(unit, _)| !inside.contains(&unit.place)) {
        match guarded(|| Scene::host(unit, files, facts)) {
            Some(scene) => scenes.push(scene),
            None => broken.push(unit.place),
        }
    }
    for scene in scenes {
        let place = scene.place();
        if guarded(|| scene.play(files, facts, &mut assembly)).is_none() {
            broken.push(place);
        }
    }
    assembly.notes.extend(broken.into_iter().map(|place| {
        let file = files.get(place.file);
        let why = "what this starts could not be told, which is a defect of farrier; please report it";
        Note::line(file.path(), file.line(place.span.start), why)
    }));
    forget_repeated(&mut assembly);
    proxy::join(&mut assembly.deployments, &facts.proxies);
    let order = |place: Place| (files.get(place.file).path().to_owned(), place.span);
    assembly.deployments.sort_by_key(|deployment| order(deployment.command));
    assembly.development_servers.sort_by_key(|server| order(server.command));
    assembly
}

/// A defect that one unit brings to light costs that unit, not the run.
fn guarded<T>(join: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(join)).ok()
}

/// Several services of one image may run one script, which starts the same server in each as far as its
/// commands tell, and so does a service that several compose files lay something over: it is one launch.
fn forget_repeated(assembly: &mut Assembly) {
    let mut kept: Vec<Deployment> = Vec::new();
    for deployment in std::mem::take(&mut assembly.deployments) {
        if !kept.iter().any(|known| known.is_same_launch(&deployment)) {
            kept.push(deployment);
        }
    }
    // A task that something else calls is that launch, and not what somebody runs by hand.
    let called: BTreeSet<Place> =
        kept.iter().filter(|known| known.kind != UnitKind::Task).map(|known| known.command).collect();
    kept.retain(|known| known.kind != UnitKind::Task || !called.contains(&known.command));
    assembly.deployments = kept;
    let mut commands = BTreeSet::new();
    assembly.development_servers.retain(|server| commands.insert((server.command, server.name)));
    assembly.notes.sort();
    assembly.notes.dedup();
}

fn dockerfiles(facts: &Facts) -> BTreeSet<FileId> {
    let images = facts.units.iter().filter(|unit| unit.kind == UnitKind::Image);
    images.map(|unit| unit.place.file).collect()
}
