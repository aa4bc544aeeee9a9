//! A place that starts something, with all that surrounds it.
//!
//! Decides which environment and which folders the commands of a unit see, and what becomes of the
//! programs that they start.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::assemble::{Assembly, DevelopmentServer};
use super::behind::Assigned;
use super::commands::{self, Start, Started, Surroundings};
use super::compose::Elsewhere;
use super::environment::Environment;
use super::image::{self, Image};
use super::installed::{self, Installed};
use super::launcher::{self, Launched, Reached};
use super::left_out::LeftOut;
use super::locate::{self, Rest, Roots};
use super::native::{self, Renamed};
use super::resolve::{Origin, resolve};
use super::rewritten::Edited;
use super::{Deployment, Effective, context, front, host, image_name, platform, rewritten, supervisor, version};
use crate::findings::Note;
use crate::python::evaluate::Dependency;
use crate::read::{self, EnvironmentFile, Facts, Limits, Unit, UnitKind, Variable, home_of_processes, system_shell};
use crate::servers::{Program, Server};
use crate::source::{FileId, Files, Located, Place, SourceFile, Span};
use crate::values::Value;

/// Launchers that start launchers are followed this far.
const MAX_LAUNCHERS: usize = 4;

/// More bytes of configuration than all servers of a project load together; following one takes a thousand times as
/// long as reading it.
const MAX_FOLLOWED: usize = 4 << 20;

/// The project as a whole.
#[derive(Clone, Copy)]
pub(super) struct Project<'a> {
    pub(super) files: &'a Files,
    pub(super) facts: &'a Facts,
}

/// The stages of images that units run.
#[derive(Debug, Default)]
pub(super) struct Judged {
    /// Those whose own command a unit runs: it is judged there, with the limits of the unit.
    pub(super) run: BTreeSet<Place>,
    /// Those that units give another command.
    pub(super) replaced: BTreeMap<Place, Vec<Place>>,
    /// Those whose own command developers run, and where.
    pub(super) developed: BTreeMap<Place, Place>,
    /// The Dockerfiles that only developers build, and where.
    pub(super) handled: BTreeMap<FileId, Place>,
}

/// A unit about to be played.
pub(super) struct Scene<'f> {
    unit: Cow<'f, Unit>,
    starts: Vec<Start>,
    /// The scripts of the project that its commands run.
    scripts: BTreeSet<FileId>,
    /// What the shell that runs there does not know.
    strange: BTreeSet<(Place, String)>,
    limits: Limits,
    container: Option<Place>,
    development: Option<Located<String>>,
    /// Whether the command stands in for one that the image has itself.
    replaces: bool,
    /// Where the image of a registry is named that it runs in, if what that holds is known.
    base: Option<Place>,
    /// The entry point of an image that has no command: whoever runs it adds the words that it is made for.
    awaits_words: Option<Place>,
    /// The files with the requirements that the build of its image installs.
    installed: Installed,
    /// Whether its words go to the entry point of an image that is not known.
    hands_on: bool,
    /// The instruction of its image that starts it.
    instruction: Option<Place>,
    /// Why it is for developers if it reloads, or is made for them in another way.
    overlaid: Option<Located<String>>,
    /// Why a development server in it is for developers.
    handled: Option<Located<String>>,
    /// Where the variables are set that are filled into its command before it starts.
    outer: Assigned,
}

impl<'f> Scene<'f> {
    /// A unit that runs on a machine as it is.
    pub(super) fn host(unit: &'f Unit, files: &Files, facts: &Facts) -> Self {
        let mut environment = supervisor::environment_of(unit, files, facts);
        let roots = if host::is_remote(unit.kind) {
            host::roots(unit, &[], files)
        } else {
            let home = platform::home(unit, files);
            let mut roots = Roots::project(home);
            if let Some(path) = home_of_processes().filter(|_| unit.kind == UnitKind::Procfile) {
                roots.mount(home, path);
            }
            if let Some(working) = &unit.working_folder {
                roots.enter(&working.value);
            }
            roots
        };
        extend_from(&mut environment, unit, &roots, files, facts);
        let edited = Edited::new();
        let renamed = Renamed::new();
        let surroundings =
            Surroundings { environment, roots, files, facts, shell: None, edited, renamed, outer: &|_| None };
        let Started { programs: starts, scripts, strange } =
            commands::starts(unit.entrypoint.as_ref(), unit.command.as_ref(), &surroundings);
        Self {
            unit: Cow::Borrowed(unit),
            starts,
            scripts,
            strange,
            limits: unit.limits.clone(),
            container: None,
            development: context::development(unit, files),
            replaces: false,
            base: None,
            awaits_words: None,
            installed: Installed::default(),
            hands_on: false,
            instruction: None,
            overlaid: None,
            handled: None,
            outer: Assigned::new(),
        }
    }

    /// A configuration of a server that nothing names.
    pub(super) fn configuration(unit: Unit, start: Start, files: &Files) -> Self {
        Self {
            development: context::development(&unit, files),
            unit: Cow::Owned(unit),
            starts: vec![start],
            scripts: BTreeSet::new(),
            strange: BTreeSet::new(),
            limits: Limits::default(),
            container: None,
            replaces: false,
            base: None,
            awaits_words: None,
            installed: Installed::default(),
            hands_on: false,
            instruction: None,
            overlaid: None,
            handled: None,
            outer: Assigned::new(),
        }
    }

    /// An image with the command that it has itself, unless a unit runs that.
    pub(super) fn image(image: &Image<'f>, judged: &Judged, files: &Files, facts: &Facts, services: &[&Unit]) -> Self {
        let replaced = judged.replaced.get(&image.stage.place).and_then(|all| all.first()).copied();
        let developed = judged.developed.get(&image.stage.place).copied().map(|service| (service, "is for developers"));
        let overlaid = replaced.map(|service| (service, "replaces it")).or(developed);
        let handled = judged.handled.get(&image.stage.place.file).map(|service| {
            let why = format!("`{}` builds it for developers, and nothing else does", files.get(service.file).path());
            Located::new(why, *service)
        });
        let told = image_name::context_of(image.stage.place.file, files, services);
        let home = told.unwrap_or_else(|| image::home(image, files));
        let (environment, roots) = inside(image, &home, None, files);
        let installed = installed_in(image, &home, files);
        let shell = image.shell(files);
        let edited = edited_in(image, &home, files);
        let renamed = native::renamed(image, facts, files);
        let surroundings = Surroundings { environment, roots, files, facts, shell, edited, renamed, outer: &|_| None };
        let Started { programs: starts, scripts, strange } =
            commands::starts(image.entrypoint, image.command, &surroundings);
        Self {
            unit: Cow::Owned(with_image(image.stage, Some(image), files)),
            starts,
            scripts,
            strange,
            limits: image.stage.limits.clone(),
            container: Some(image.stage.place),
            development: context::development(image.stage, files),
            replaces: false,
            base: image.known.map(|base| base.place),
            awaits_words: image.awaits_words().map(|entrypoint| entrypoint.place),
            installed,
            hands_on: false,
            instruction: image.entrypoint.or(image.command).map(|command| command.place),
            overlaid: overlaid.map(|(service, what)| {
                let why = format!("it reloads, and `{}` {what}", files.get(service.file).path());
                Located::new(why, service)
            }),
            handled,
            outer: Assigned::new(),
        }
    }

    /// A unit that runs in an image, which it may build; the stages whose own command it runs, or replaces, are
    /// added to `judged`. `outer` is what compose fills in variables from; `services` are those of compose,
    /// which may build what others name.
    pub(super) fn service(
        unit: &'f Unit,
        outer: &Environment,
        files: &'f Files,
        facts: &'f Facts,
        services: &[&'f Unit],
        judged: &mut Judged,
    ) -> Self {
        let is_cluster = unit.kind == UnitKind::KubernetesContainer;
        let beside = files.get(unit.place.file).folder();
        // Compose fills in variables itself, from `outer`; Kubernetes from those that the container is
        // given there.
        let mut given = Environment::default();
        if is_cluster {
            given.extend(&unit.environment, &|_| None);
        }
        let filled_in = if is_cluster { Assigned::new() } else { outer.assigned() };
        let outer = |name: &str| if is_cluster { given.text(name) } else { outer.text(name) };
        // What the image is built with; only compose says so.
        let mut arguments = Environment::default();
        let is_argument = |variable: &&Variable| variable.build_only;
        for argument in unit.environment.iter().filter(is_argument) {
            arguments.set_from_outside(argument, &outer);
        }
        let by_name = is_cluster || unit.kind == UnitKind::Platform && unit.build.is_none();
        let recipe = if by_name {
            image_name::recipe(unit, files, facts, services)
        } else {
            image::recipe(unit, files).or_else(|| image_name::told(unit, files, facts, services))
        };
        // What only names an image was built with what another service says.
        let builder = recipe.as_ref().filter(|_| unit.build.is_none());
        let builder = builder.and_then(|recipe| image_name::builder(recipe.dockerfile, files, services));
        for argument in builder.iter().flat_map(|unit| unit.environment.iter().filter(is_argument)) {
            arguments.set_from_outside(argument, &|_| None);
        }
        let built_here =
            recipe.as_ref().and_then(|recipe| image::build(facts, recipe.dockerfile, recipe.target, &arguments));
        let pulled = || image::of_registry(unit.image.as_ref().filter(|_| recipe.is_none())?, facts);
        let image = built_here.or_else(pulled);
        let working = unit.working_folder.as_ref().map(|working| working.value.as_str());
        let (mut environment, mut roots) = match (&image, &recipe) {
            (Some(image), Some(recipe)) => inside(image, &recipe.context, working, files),
            (Some(image), None) => inside(image, beside, working, files),
            _ if by_name => (Environment::default(), Roots::image(&image_name::home(unit, files), working)),
            _ => (Environment::default(), Roots::image(beside, working)),
        };
        let installed = match (&image, &recipe) {
            (Some(image), Some(recipe)) => installed_in(image, &recipe.context, files),
            _ => Installed::default(),
        };
        for mount in &unit.mounts {
            if let Some(target) = &mount.target {
                roots.mount(&locate::join(beside, &mount.source.value), target);
            }
        }
        for mounted in &unit.mounted {
            let (file, path) = &mounted.value;
            roots.mount(&files.address(*file), path);
        }
        extend(&mut environment, unit, files, facts, &outer);
        let own_image = image.as_ref();
        let entrypoint = unit.entrypoint.as_ref().or_else(|| own_image?.entrypoint);
        // A service that sets its own entry point drops the command of the image.
        let drops = unit.entrypoint.as_ref().is_some_and(|entrypoint| !entrypoint.simple.is_empty());
        let inherited = || if drops { None } else { own_image?.command };
        let command = unit.command.as_ref().or_else(inherited);
        let uses_own = unit.command.is_some() || unit.entrypoint.is_some();
        // A chart is one of several ways to run an image that others take from a registry.
        let is_chart = is_cluster && is_of_chart(unit, files);
        // What developers run an image with says nothing of how it runs elsewhere.
        let stage = || context::development_stage(own_image.filter(|_| !uses_own)?.stage);
        let development = context::development(unit, files).or_else(stage);
        if let Some(image) = own_image.filter(|_| !is_chart && development.is_none()) {
            if uses_own {
                judged.replaced.entry(image.stage.place).or_default().push(unit.place);
            } else {
                judged.run.insert(image.stage.place);
            }
        } else if let Some(image) = own_image.filter(|_| !is_chart && !uses_own) {
            judged.developed.entry(image.stage.place).or_insert(unit.place);
        }
        let shell = match own_image {
            Some(image) => image.shell(files),
            None => unit.image.as_ref().filter(|_| unit.build.is_none()).and_then(|name| system_shell(&name.value)),
        };
        let edited = match (own_image, &recipe) {
            (Some(image), Some(recipe)) => edited_in(image, &recipe.context, files),
            _ => Edited::new(),
        };
        let renamed = own_image.map(|image| native::renamed(image, facts, files)).unwrap_or_default();
        let surroundings = Surroundings { environment, roots, files, facts, shell, edited, renamed, outer: &outer };
        let Started { programs: starts, scripts, strange } = commands::starts(entrypoint, command, &surroundings);
        let mut own = with_image(unit, own_image, files);
        if let Some(theirs) = context::developers_file(unit, files) {
            own.outside.published.retain(|port| port.place.file != theirs);
        }
        Self {
            unit: Cow::Owned(own),
            starts,
            scripts,
            strange,
            limits: unit.limits.clone(),
            container: (unit.kind.is_container() || image.is_some()).then_some(unit.place),
            development,
            replaces: uses_own && own_image.is_some_and(|image| image.entrypoint.or(image.command).is_some()),
            base: own_image.and_then(|image| image.known).map(|base| base.place),
            awaits_words: None,
            installed,
            hands_on: own_image.is_none() && unit.entrypoint.is_none() && unit.kind.is_container(),
            instruction: entrypoint.or(command).map(|command| command.place),
            overlaid: None,
            handled: None,
            outer: filled_in,
        }
    }

    /// The same where another file says how it runs in another way.
    pub(super) fn beside(mut self, elsewhere: Option<Elsewhere>, files: &Files) -> Self {
        let named = |file: FileId| files.get(file).path().to_owned();
        match elsewhere {
            Some(Elsewhere::Production(file)) => {
                let why = || Located::new(format!("`{}` says how it runs in production", named(file)), self.unit.place);
                self.development = self.development.or_else(|| Some(why()));
            }
            Some(Elsewhere::ByDefault(file)) => {
                let why = format!("it reloads, and `{}` is laid over it by default", named(file));
                self.overlaid = Some(Located::new(why, self.unit.place));
            }
            None => {}
        }
        self
    }

    /// A script that nothing runs, called from `folder`.
    pub(super) fn script(file: FileId, folder: &str, files: &Files, facts: &Facts) -> Self {
        let name = files.get(file).name();
        let name = name.split_once('.').map_or(name, |(stem, _)| stem);
        let unit = Unit::new(UnitKind::Script, name, Place::new(file, Span::new(0, 0)));
        let surroundings = Surroundings {
            environment: Environment::default(),
            roots: Roots::project(folder),
            files,
            facts,
            shell: None,
            edited: Edited::new(),
            renamed: Renamed::new(),
            outer: &|_| None,
        };
        let Started { programs: starts, scripts, strange } = commands::of_script(file, &surroundings);
        Self {
            development: context::development(&unit, files),
            unit: Cow::Owned(unit),
            starts,
            scripts,
            strange,
            limits: Limits::default(),
            container: None,
            replaces: false,
            base: None,
            awaits_words: None,
            installed: Installed::default(),
            hands_on: false,
            instruction: None,
            overlaid: None,
            handled: None,
            outer: Assigned::new(),
        }
    }

    /// Says of what a `Procfile` starts that the lists beside it are installed which the only image for production
    /// installs, so that one which is left over there does not count.
    pub(super) fn share_lists(scenes: &mut [Self], files: &Files) {
        let built = scenes.iter().filter(|scene| scene.container.is_some() && scene.development.is_none());
        let built = built.map(|scene| scene.installed.clone()).filter(|lists| !lists.is_empty());
        let mut built = built.collect::<BTreeSet<_>>().into_iter();
        let Some(lists) = built.next().filter(|_| built.next().is_none()) else { return };
        let own = |scene: &&mut Self| scene.unit.kind == UnitKind::Procfile && scene.container.is_none();
        for scene in scenes.iter_mut().filter(own) {
            let home = platform::home(&scene.unit, files);
            let is_beside = |list: FileId| version::is_list(files.get(list).name()) && files.get(list).folder() == home;
            if lists.files().any(is_beside) {
                scene.installed.clone_from(&lists);
            }
        }
    }

    /// The scripts that it runs.
    pub(super) fn scripts(&self) -> impl Iterator<Item = FileId> {
        self.scripts.iter().copied()
    }

    /// Says of one in an image that the project does not build that it is not how the service runs in production,
    /// unless that is said already.
    pub(super) fn set_aside(&mut self, why: &Located<String>) {
        if self.installed.is_empty() {
            self.development.get_or_insert_with(|| why.clone());
        }
    }

    /// The unit that is played.
    pub(super) fn place(&self) -> Place {
        self.unit.place
    }

    /// A launcher in Python that nothing starts.
    pub(super) fn alone(unit: &'f Unit, files: &Files) -> Self {
        Self {
            unit: Cow::Borrowed(unit),
            starts: Vec::new(),
            scripts: BTreeSet::new(),
            strange: BTreeSet::new(),
            limits: Limits::default(),
            container: None,
            development: context::development(unit, files),
            replaces: false,
            base: None,
            awaits_words: None,
            installed: Installed::default(),
            hands_on: false,
            instruction: None,
            overlaid: None,
            handled: None,
            outer: Assigned::new(),
        }
    }

    /// Adds what the commands start to `assembly`.
    pub(super) fn play(self, project: &Project, reached: &mut Reached, assembly: &mut Assembly) {
        for start in &self.starts {
            self.begin(start, 0, project, reached, assembly);
        }
        assembly.notes.extend(self.strange.iter().map(|(place, why)| {
            let file = project.files.get(place.file);
            Note::line(file.path(), file.line(place.span.start), why.clone())
        }));
    }

    fn begin(&self, start: &Start, depth: usize, project: &Project, reached: &mut Reached, assembly: &mut Assembly) {
        match &start.program {
            Program::Server { server, .. } => self.serve(*server, start, None, project, assembly),
            Program::FastApi { development: false, .. } => {
                self.serve(Server::Uvicorn, start, None, project, assembly);
            }
            // A development server in a branch is what the branch is for.
            Program::FastApi { development: true, .. } | Program::Development { .. } if start.conditional => {}
            Program::FastApi { development: true, .. } => {
                self.develop("fastapi dev", start.place, None, project, assembly);
            }
            Program::Development { name, .. } => {
                self.develop(name, start.place, start.debugger(name), project, assembly);
            }
            Program::Python { code, .. } if depth < MAX_LAUNCHERS => {
                let container = self.container.filter(|_| depth == 0 && self.development.is_none());
                assembly.programs.extend(container.map(|container| (container, start.place)));
                let Some(entry) = launcher::entry(code, start, project.files, project.facts) else { return };
                if !reached.may_lead(entry.file) {
                    return;
                }
                let words: Vec<Option<String>> = start.arguments.iter().map(|word| word.text.clone()).collect();
                let follow = |words| launcher::follow(&entry, start, words, None, project.files, project.facts).0;
                // With none of its words a program that has options is not run in the way it is meant to.
                let open =
                    depth == 0 && words.is_empty() && self.awaits_words.is_some_and(|all| is_inside(start.place, all));
                let found = if open { follow(None) } else { Vec::new() };
                let found = if found.is_empty() { follow(Some(&words)) } else { found };
                for launched in &found {
                    reached.add(launched);
                }
                for step in launcher::steps(&found, start, project.files, project.facts) {
                    self.take(&step, depth + 1, project, reached, assembly);
                }
            }
            Program::Python { .. } => {}
            Program::Native { name, .. } => self.run(name, start, project, assembly),
        }
    }

    /// Adds the servers of a program in Rust.
    fn run(&self, name: &str, start: &Start, project: &Project, assembly: &mut Assembly) {
        let unit = self.unit_of(start, project.facts);
        let found = native::resolve(&self.origin(&unit), name, start, project.files, project.facts);
        if !found.is_empty() {
            assembly.notes.extend(missing_variables(&unit, project.files));
        }
        for mut deployment in found {
            self.surround(&mut deployment, start, &unit, project);
            assembly.deployments.push(deployment);
        }
    }

    /// Adds what a call in Python code starts.
    pub(super) fn take(
        &self,
        step: &launcher::Step,
        depth: usize,
        project: &Project,
        reached: &mut Reached,
        assembly: &mut Assembly,
    ) {
        match step {
            launcher::Step::Call(server, start, launched) => {
                self.serve(*server, start, Some(launched), project, assembly);
            }
            launcher::Step::Program(start) => self.begin(start, depth, project, reached, assembly),
            launcher::Step::Development(name, place, debug) => {
                let debug = debug.then_some(*place);
                self.develop(name, *place, debug, project, assembly);
            }
        }
    }

    fn serve(
        &self,
        server: Server,
        start: &Start,
        launched: Option<&Launched>,
        project: &Project,
        assembly: &mut Assembly,
    ) {
        let unit = self.unit_of(start, project.facts);
        let origin = Origin { loads: assembly.followed < MAX_FOLLOWED, ..self.origin(&unit) };
        let resolved = resolve(&origin, server, start, launched, project.files, project.facts, &mut assembly.notes);
        if resolved.is_some() {
            assembly.notes.extend(missing_variables(&unit, project.files));
        }
        let loaded = resolved.as_ref().and_then(|deployment| deployment.configuration.as_ref());
        assembly.followed += loaded.map_or(0, |loaded| project.files.get(loaded.file).text().len());
        assembly.deployments.extend(resolved.map(|mut deployment| {
            self.surround(&mut deployment, start, &unit, project);
            deployment
        }));
    }

    /// Adds what the scene says of a deployment besides its settings.
    fn surround(&self, deployment: &mut Deployment, start: &Start, unit: &Unit, project: &Project) {
        if let Some(base) = self.base {
            deployment.stand_at(base, |file| project.files.is_foreign(file));
        }
        if let Some(user) = &start.user {
            deployment.user.clone_from(&user.name);
            deployment.surroundings.user_is_open = user.name.is_none();
        }
        let script = || context::development_script(start.place, unit, project.files);
        deployment.development = deployment.development.take().or_else(script);
        rest_on_choice(deployment, unit);
        deployment.outer.clone_from(&self.outer);
        if unit.container.stops_group
            && let Some(shield) = &mut deployment.shield
        {
            shield.is_passed = true;
        }
        let own = || front::beside(unit, self.scripts(), project.facts);
        deployment.outside.front = deployment.outside.front.or_else(own);
        if !matches!(start.program, Program::FastApi { .. }) {
            self.note_reload(deployment, start.conditional);
        }
    }

    fn develop(
        &self,
        name: &'static str,
        command: Place,
        debug: Option<Place>,
        project: &Project,
        assembly: &mut Assembly,
    ) {
        assembly.development_servers.push(DevelopmentServer {
            name,
            command,
            debug,
            container: self.container,
            development: self.development.clone().or_else(|| {
                let why = "it replaces the command of the image by a development server".to_owned();
                let replaced = self.replaces.then(|| Located::new(why, command));
                replaced
                    .or_else(|| self.overlaid.clone())
                    .or_else(|| self.handled.clone())
                    .or_else(|| context::development_script(command, &self.unit, project.files))
                    .or_else(|| context::beside_local_services(&self.unit, project.files))
            }),
        });
    }

    /// The unit that counts for a start: a manager in it may have programs of its own.
    fn unit_of(&self, start: &Start, facts: &Facts) -> Cow<'_, Unit> {
        let program = start.managed.and_then(|managed| {
            let unit = facts.units.iter().find(|unit| unit.place == managed.program)?;
            Some(supervisor::within(&self.unit, unit, managed.kept))
        });
        program.map_or(Cow::Borrowed(&self.unit), Cow::Owned)
    }

    /// The programs of managers that it runs.
    pub(super) fn managed(&self) -> impl Iterator<Item = Place> {
        self.starts.iter().filter_map(|start| Some(start.managed?.program))
    }

    fn origin<'o>(&'o self, unit: &'o Unit) -> Origin<'o> {
        Origin {
            unit,
            limits: if std::ptr::eq(unit, &raw const *self.unit) { &self.limits } else { &unit.limits },
            container: self.container,
            development: self.development.as_ref(),
            installed: &self.installed,
            hands_on: self.hands_on,
            instruction: self.instruction,
            loads: true,
        }
    }

    /// A service that replaces the command of its image by one that reloads is how developers run what
    /// the image runs in production, and so is a branch of a script.
    fn note_reload(&self, deployment: &mut Deployment, conditional: bool) {
        let reloads = deployment.setting("reload").and_then(Effective::value) == Some(&Value::Bool(true));
        if (self.replaces || conditional) && reloads && deployment.development.is_none() {
            let why = if conditional {
                "it reloads, and runs only in a branch".to_owned()
            } else {
                "it replaces the command of the image by one that reloads".to_owned()
            };
            deployment.development = Some(Located::new(why, deployment.command));
        } else if reloads && deployment.development.is_none() {
            deployment.development.clone_from(&self.overlaid);
        }
    }
}

/// Notes in whatever the words of the unit itself do not set which variables choose the files that set it.
fn rest_on_choice(deployment: &mut Deployment, unit: &Unit) {
    let depends = unit.chosen_by.iter();
    // Without them it does not run at all.
    let depends = depends.filter(|(name, _)| !deployment.only_if_set.contains(name));
    let depends: Vec<_> =
        depends.map(|(name, default)| Dependency::InPlace { name: name.clone(), default: default.clone() }).collect();
    if depends.is_empty() {
        return;
    }
    // An entry point of the image may add words of its own.
    let own = unit.command.as_ref().filter(|_| unit.build.is_none() || unit.entrypoint.is_some());
    let own = [own, unit.entrypoint.as_ref()];
    let is_own = |place: Place| own.iter().flatten().any(|command| is_inside(place, command.place));
    for candidate in deployment.settings.candidates_mut() {
        if candidate.place.is_none_or(|place| !is_own(place)) {
            let fresh = depends.iter().filter(|one| !candidate.depends.contains(one)).cloned();
            let fresh: Vec<_> = fresh.collect();
            candidate.depends.extend(fresh);
        }
    }
}

/// Whether a chart of Helm declares a unit.
fn is_of_chart(unit: &Unit, files: &Files) -> bool {
    let path = files.get(unit.place.file).path();
    let home = path.rfind("templates/").and_then(|at| path.get(..at));
    home.is_some_and(|home| files.find(&locate::join(home, "Chart.yaml")).is_some())
}

fn is_inside(inner: Place, outer: Place) -> bool {
    inner.file == outer.file && outer.span.start <= inner.span.start && inner.span.end <= outer.span.end
}

/// The unit with what it takes over from its image: who runs it, how it is stopped, how somebody sees
/// whether it is well. Kubernetes does not look at the check of an image.
fn with_image(unit: &Unit, image: Option<&Image>, files: &Files) -> Unit {
    let mut unit = unit.clone();
    // Whoever starts it fills in the variables of this one.
    if unit.user.as_ref().is_some_and(|user| user.value.contains(['$', '{'])) {
        unit.user = None;
        unit.container.user_is_open = true;
    }
    let Some(image) = image else {
        unit.base.clone_from(&unit.image);
        return unit;
    };
    unit.base = image.base.cloned();
    if unit.kind == UnitKind::Image || unit.user.is_none() && !unit.container.user_is_open {
        unit.user.clone_from(&image.user);
        unit.container.user_is_open = image.user_is_open;
    }
    if unit.kind == UnitKind::Image || unit.stop_signal.is_none() {
        unit.stop_signal.clone_from(&image.stop_signal);
    }
    let declared = image.stage.outside.volumes.iter().filter(|volume| !unit.outside.volumes.contains(volume));
    let declared: Vec<String> = declared.cloned().collect();
    unit.outside.volumes.extend(declared);
    unit.outside.front = front::in_image(image, files);
    unit.outside.linked = image::linked(image, files);
    unit.outside.takes_words = unit.kind == UnitKind::Image && image.awaits_words().is_some();
    if unit.kind != UnitKind::KubernetesContainer {
        match (unit.health.first_mut(), image.health) {
            (None, Some(check)) => unit.health = vec![check.clone()],
            // A check without a command changes when the check of the image runs.
            (Some(own), Some(check)) if own.command.is_none() => {
                own.command.clone_from(&check.command);
                own.interval = own.interval.take().or_else(|| check.interval.clone());
                own.timeout = own.timeout.take().or_else(|| check.timeout.clone());
                own.failures = own.failures.take().or_else(|| check.failures.clone());
                own.start_period = own.start_period.take().or_else(|| check.start_period.clone());
            }
            _ => {}
        }
    }
    unit.health.retain(|check| check.command.as_ref().is_none_or(|command| !command.simple.is_empty()));
    unit
}

/// The environment and the folders inside an image built from `folder`.
fn inside(image: &Image, folder: &str, working: Option<&str>, files: &Files) -> (Environment, Roots) {
    (image.environment.clone(), folders(image, folder, working, files))
}

/// The lists of requirements that an image built from `folder` installs.
fn installed_in(image: &Image, folder: &str, files: &Files) -> Installed {
    installed::lists(image, folder, &|stage, ran| folders_before(stage, folder, None, files, ran.behind), files)
}

/// The scripts of the project that the build of an image from `folder` changes.
fn edited_in(image: &Image, folder: &str, files: &Files) -> Edited {
    rewritten::edited(image, files, &|copies| folders_before(image, folder, None, files, copies))
}

fn folders(image: &Image, folder: &str, working: Option<&str>, files: &Files) -> Roots {
    let mut roots = folders_before(image, folder, working, files, usize::MAX);
    let before = |copies| folders_before(image, folder, working, files, copies);
    rewritten::by_build(image, files, &before, &mut roots);
    roots
}

/// The folders of an image with the first copies only.
fn folders_before(image: &Image, folder: &str, working: Option<&str>, files: &Files, copies: usize) -> Roots {
    let mut roots = Roots::image(folder, working.or(image.working_folder.as_deref()));
    roots.leave(LeftOut::of(image.stage.place.file, folder, files));
    if let Some(base) = image.known {
        let commands = image.runs.iter().map(|ran| files.text_at(ran.place).to_owned()).collect();
        roots.close(Rest { holds: base.image.holds().to_vec(), commands });
    }
    for landed in image.copied.iter().filter(|landed| landed.order < copies) {
        let sources = &landed.sources;
        if let Some(at) = landed.copied.written {
            roots.mount(&files.part_path(landed.dockerfile, at), &landed.destination);
            continue;
        }
        match &landed.from {
            None => roots.copy(sources, &landed.destination),
            Some(stage) => roots.copy_from(&folders(stage, folder, None, files), sources, &landed.destination),
        }
    }
    roots
}

/// Adds what files set for a unit on a machine: its own variables, then files of them.
fn extend_from(environment: &mut Environment, unit: &Unit, roots: &Roots, files: &Files, facts: &Facts) {
    if !host::is_remote(unit.kind) {
        extend(environment, unit, files, facts, &|_| None);
        return;
    }
    environment.extend(&unit.environment, &|_| None);
    // What a file says counts more than `Environment=` (systemd.exec(5)).
    for named in &unit.environment_files {
        let file = roots.file(files, &named.path.value).filter(|file| facts.environments.contains_key(file));
        if file.is_none() {
            environment.rest_on_others("");
        }
        let variables = file.map(|file| read::variables(file, files.get(file), named.notation));
        environment.extend(&variables.unwrap_or_default(), &|_| None);
    }
    // It counts last of all, whoever set the variable.
    for (name, value) in &unit.removed {
        if value.is_none() || *value == environment.text(name) {
            environment.remove(name);
        }
    }
}

/// A note for each file or set of variables that a unit cannot do without and that is not in the project: it may set
/// what nothing else does.
fn missing_variables(unit: &Unit, files: &Files) -> Vec<Note> {
    let folder = files.get(unit.place.file).folder();
    let is_missing = |named: &&EnvironmentFile| {
        let path = &named.path.value;
        let told = !named.optional && !path.contains(['$', '{', '%']);
        told && match unit.kind {
            UnitKind::ComposeService => files.find(&locate::join(folder, path)).is_none(),
            UnitKind::SystemdService => host::by_tail(path, folder, files).is_none(),
            _ => false,
        }
    };
    let missing = unit.environment_files.iter().filter(is_missing).map(|named| (&named.path, "is not in the project"));
    let sets = unit.open_sets.iter().filter(|set| !set.optional).filter_map(|set| set.name.as_ref());
    // A set that comes to the cluster in another way may well be named in the project.
    let sets = sets.map(|name| (name, "is not told by the project"));
    let note = |(name, why): (&Located<String>, &str)| {
        let file = files.get(name.place.file);
        let why = format!("`{}` {why}; it may set variables that the server reads", name.value);
        Note::line(file.path(), file.line(name.place.span.start), why)
    };
    missing.chain(sets).map(note).collect()
}

/// Adds what files set for a unit: sets of variables by name, then files of them, then its own.
pub(super) fn extend(
    environment: &mut Environment,
    unit: &Unit,
    files: &Files,
    facts: &Facts,
    outer: &dyn Fn(&str) -> Option<String>,
) {
    let folder = files.get(unit.place.file).folder();
    let variables = |named: &EnvironmentFile| {
        let path = &named.path.value;
        // What lies in a bucket is told by its name, as on a machine; a `.env` of the project is somebody's own.
        let stored = unit.kind == UnitKind::Platform && path.starts_with('/');
        let found = stored.then(|| host::by_tail(path, folder, files).map(|file| files.get(file)));
        let found = found.map(|file| file.filter(|file| file.name() != ".env").map_or("", SourceFile::path));
        let path = found.map_or_else(|| locate::join(folder, path), str::to_owned);
        super::compose::variables(&path, named.notation, files, facts)
    };
    let own = unit.environment.iter().filter(|variable| !variable.build_only);
    if unit.kind != UnitKind::ComposeService {
        for named in &unit.environment_files {
            environment.extend(&variables(named), outer);
        }
        let mut at = 0;
        for set in &unit.open_sets {
            environment.extend(unit.environment.get(at..set.before).unwrap_or_default(), outer);
            environment.rest_on_others(&set.prefix);
            at = at.max(set.before);
        }
        if unit.kind == UnitKind::Task {
            // Whoever calls the task may set what only has a default.
            own.skip(at).for_each(|variable| environment.set_from_outside(variable, outer));
        } else {
            environment.extend(own.skip(at), outer);
        }
        return;
    }
    // Compose fills in before there is a container, so nothing of the image counts (compose-go 2,
    // `WithServicesEnvironmentResolved`): the project's variables, in files also those of the service and
    // in the end the earlier ones of the same file.
    let mut service = Environment::default();
    for variable in own {
        service.set_from_outside(variable, outer);
    }
    for named in &unit.environment_files {
        if files.find(&locate::join(folder, &named.path.value)).is_none() {
            environment.rest_on_others("");
        }
        let mut file = Environment::default();
        for variable in &variables(named) {
            let mut one = Environment::default();
            one.set_from_outside(variable, &|name| {
                outer(name).or_else(|| service.text(name)).or_else(|| file.text(name))
            });
            file.overlay(one);
        }
        environment.overlay(file);
    }
    environment.overlay(service);
}

#[cfg(test)]
mod outside_tests;
#[cfg(test)]
mod starter_tests;
#[cfg(test)]
mod tests;
