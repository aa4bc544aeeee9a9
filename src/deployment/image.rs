//! What an image holds once its stages are stacked.

use super::environment::Environment;
use super::locate::join;
use super::{context, platform};
use crate::read::{
    Command, Copied, Facts, Form, HealthCheck, KnownImage, Stage, Step, SystemShell, Unit, UnitKind, Variable,
    known_image, system_shell,
};
use crate::source::{FileId, Files, Located, Place, Word};

/// One build stage with everything it inherits from earlier stages of the same file.
#[derive(Debug, Clone)]
pub(super) struct Image<'f> {
    pub(super) stage: &'f Unit,
    pub(super) entrypoint: Option<&'f Command>,
    pub(super) command: Option<&'f Command>,
    pub(super) environment: Environment,
    /// What its instructions fill in: those variables and the arguments of the build. Of one name that
    /// counts which was set last.
    scope: Environment,
    /// Where it starts; `None` where the base image says so, or a variable that no file sets.
    pub(super) working_folder: Option<String>,
    pub(super) copied: Vec<Landed<'f>>,
    pub(super) user: Option<Located<String>>,
    /// Whether it has a user that cannot be told.
    pub(super) user_is_open: bool,
    pub(super) stop_signal: Option<Located<String>>,
    pub(super) health: Option<&'f HealthCheck>,
    /// The image below all of its stages, as written.
    pub(super) base: Option<&'f Located<String>>,
    /// The same, if it is one whose content is known.
    pub(super) known: Option<Base>,
    /// The commands that run while it is built.
    pub(super) runs: Vec<Ran>,
    /// What `/bin/sh` of the image below is.
    shell: Option<SystemShell>,
}

/// A command that runs while an image is built.
#[derive(Debug, Clone)]
pub(super) struct Ran {
    /// The whole instruction.
    pub(super) place: Place,
    /// The folder that it runs in, as far as that is known.
    pub(super) folder: Option<String>,
    /// How many copies were made before it.
    pub(super) behind: usize,
}

/// An image of a registry that is known.
#[derive(Debug, Clone, Copy)]
pub(super) struct Base {
    pub(super) image: &'static KnownImage,
    /// Where it is named.
    pub(super) place: Place,
}

/// What a `COPY` left in the image.
#[derive(Debug, Clone)]
pub(super) struct Landed<'f> {
    pub(super) copied: &'f Copied,
    /// The file that says so.
    pub(super) dockerfile: FileId,
    /// What it takes, with variables filled in; those that no file sets stay as written.
    pub(super) sources: Vec<String>,
    /// Absolute, or relative to a working folder that is not known.
    pub(super) destination: String,
    /// How many copies were made before it.
    pub(super) order: usize,
    /// The earlier stage that it comes from; without one it comes from the project.
    pub(super) from: Option<Box<Image<'f>>>,
}

/// How an image of the project is built.
pub(super) struct Recipe<'f> {
    pub(super) dockerfile: FileId,
    /// The stage to stop at.
    pub(super) target: Option<&'f str>,
    /// The folder it is built from.
    pub(super) context: String,
}

/// The `PATH` of an image whose base sets none (`DefaultPathEnvUnix` of `BuildKit`); those of Python have the same
/// folders.
pub(super) const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// How many copies from other stages are followed.
const MAX_FOLLOWED: usize = 32;

/// The folder that an image is built from where nothing says so: that of its Dockerfile or, where what it copies
/// lies in a folder above, that one.
pub(super) fn home(image: &Image, files: &Files) -> String {
    let mut sources = Vec::new();
    copied_from_project(image, 0, &mut sources);
    let plain = |source: &&str| !source.contains(['*', '?', '[', '$']) && !matches!(source.trim_matches('/'), "" | ".");
    let sources: Vec<&str> = sources.into_iter().filter(plain).collect();
    let there = |folder: &str| {
        let exists = |source: &&&str| {
            let path = join(folder, source.trim_start_matches('/'));
            files.find(&path).is_some() || files.iter().any(|(_, file)| file.path().starts_with(&format!("{path}/")))
        };
        sources.iter().filter(exists).count()
    };
    let own = files.get(image.stage.place.file).folder();
    if sources.is_empty() {
        return with_code(own, files).to_owned();
    }
    let mut best = (own, there(own));
    let mut folder = own;
    while !folder.is_empty() && best.1 < sources.len() {
        folder = folder.rsplit_once('/').map_or("", |(above, _)| above);
        let count = there(folder);
        if count > best.1 {
            best = (folder, count);
        }
    }
    best.0.to_owned()
}

/// The nearest folder around `own` that holds code: an image without any is nothing that somebody builds from
/// the folder that his Dockerfiles are kept in.
fn with_code<'f>(own: &'f str, files: &Files) -> &'f str {
    let holds = |folder: &str| {
        let inside =
            |path: &str| folder.is_empty() || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
        files.iter().any(|(_, file)| file.is_python() && inside(file.path()))
    };
    let mut folder = own;
    while !folder.is_empty() && !holds(folder) {
        folder = folder.rsplit_once('/').map_or("", |(above, _)| above);
    }
    if holds(folder) { folder } else { own }
}

/// The files that a command of the build makes links to the output of the container.
pub(super) fn linked(image: &Image, files: &Files) -> Vec<String> {
    let commands = image.runs.iter().flat_map(|ran| files.text_at(ran.place).split(['&', ';', '|']));
    let links = commands.filter_map(|command| {
        let words: Vec<&str> = command.split_whitespace().filter(|word| *word != "\\").collect();
        let at = words.iter().position(|word| *word == "ln")?;
        let output = |word: &&str| word.starts_with("/dev/std") || word.starts_with("/proc/");
        let [.., from, to] = words.get(at..)? else { return None };
        output(from).then(|| (*to).to_owned())
    });
    links.collect()
}

fn copied_from_project<'i>(image: &'i Image, depth: usize, sources: &mut Vec<&'i str>) {
    for landed in &image.copied {
        match &landed.from {
            None => sources.extend(landed.sources.iter().map(String::as_str)),
            Some(stage) if depth < MAX_FOLLOWED => copied_from_project(stage, depth + 1, sources),
            Some(_) => {}
        }
    }
}

/// The image that a Dockerfile builds: its stage `target`, or the last one. `arguments` stand in for the
/// defaults of `ARG`.
pub(super) fn build<'f>(
    facts: &'f Facts,
    file: FileId,
    target: Option<&str>,
    arguments: &Environment,
) -> Option<Image<'f>> {
    let stages = stages(facts, file);
    let index = match target {
        Some(name) => {
            let named = stages.iter().position(|stage| stage.name.eq_ignore_ascii_case(name));
            named.or_else(|| name.parse().ok()).filter(|index| *index < stages.len())?
        }
        None => stages.len().checked_sub(1)?,
    };
    let mut image = stack(&stages, index, arguments, facts);
    image.copied = follow(image.copied, &stages[..index], arguments, facts);
    Some(image)
}

/// The image of a registry that `name` names, if what it holds is known.
pub(super) fn of_registry<'f>(name: &'f Located<String>, facts: &'f Facts) -> Option<Image<'f>> {
    let (base, unit) = base(&name.value, name.place, facts)?;
    let mut image = Image::empty(unit, Some(base));
    image.add(unit, &Environment::default());
    image.base = Some(name);
    image.shell = system_shell(&name.value);
    Some(image)
}

fn base<'f>(name: &str, place: Place, facts: &'f Facts) -> Option<(Base, &'f Unit)> {
    let image = known_image(name)?;
    Some((Base { image, place }, facts.bases.get(image.name())?))
}

fn stages(facts: &Facts, file: FileId) -> Vec<&Unit> {
    facts.units.iter().filter(|unit| unit.kind == UnitKind::Image && unit.place.file == file).collect()
}

/// The images that a Dockerfile can be built to and that run something: each stage that no other one
/// starts from. A stage that only serves to be copied from counts if it has a command of its own.
pub(super) fn targets<'f>(facts: &'f Facts, file: FileId, files: &Files) -> Vec<Image<'f>> {
    let stages = stages(facts, file);
    let is_development = |stage: &Unit| context::development(stage, files).is_some();
    let leading = leading_to_production(&stages, files);
    let names = |name: &str, stage: &Unit| !stage.name.is_empty() && name.eq_ignore_ascii_case(&stage.name);
    let mut found = Vec::new();
    for (index, stage) in stages.iter().enumerate() {
        let later = &stages[index + 1..];
        let is_base = later.iter().any(|other| other.image.as_ref().is_some_and(|image| names(&image.value, stage)));
        let copies = |other: &&&Unit| {
            let mut sources = other.copied.iter().filter_map(|copied| copied.stage.as_deref());
            sources.any(|source| names(source, stage) || source == index.to_string())
        };
        let own = stage.entrypoint.is_some() || stage.command.is_some();
        // What only development and tests build on is what they have in common with production.
        let is_base = is_base && (!own || is_development(stage) || leading[index]);
        if is_base || (!own && later.iter().any(|other| copies(&other))) {
            continue;
        }
        let arguments = Environment::default();
        let mut image = stack(&stages, index, &arguments, facts);
        image.copied = follow(image.copied, &stages[..index], &arguments, facts);
        found.push(image);
    }
    found
}

/// For each stage, whether one that starts from it, directly or not, is not named for development.
fn leading_to_production(stages: &[&Unit], files: &Files) -> Vec<bool> {
    let mut leading = vec![false; stages.len()];
    for (at, stage) in stages.iter().enumerate().rev() {
        let starts = |other: &Unit| {
            let from = other.image.as_ref().filter(|_| !stage.name.is_empty());
            from.is_some_and(|image| image.value.eq_ignore_ascii_case(&stage.name))
        };
        let mut later = stages.iter().zip(&leading).skip(at + 1).filter(|(other, _)| starts(other));
        leading[at] = later.any(|(other, leads)| *leads || context::development(other, files).is_none());
    }
    leading
}

/// Finds the stages that were copied from. What those took from others in turn is left out, and so is
/// what comes from images of a registry.
fn follow<'f>(
    copied: Vec<Landed<'f>>,
    earlier: &[&'f Unit],
    arguments: &Environment,
    facts: &'f Facts,
) -> Vec<Landed<'f>> {
    let mut left = MAX_FOLLOWED;
    let known = copied.into_iter().filter_map(|landed| {
        let Some(name) = &landed.copied.stage else { return Some(landed) };
        let named = earlier.iter().position(|stage| !stage.name.is_empty() && stage.name.eq_ignore_ascii_case(name));
        let index = named.or_else(|| name.parse().ok()).filter(|index| *index < earlier.len())?;
        left = left.checked_sub(1)?;
        let mut image = stack(earlier, index, arguments, facts);
        image.copied.retain(|landed| landed.copied.stage.is_none());
        Some(Landed { from: Some(Box::new(image)), ..landed })
    });
    known.collect()
}

/// Stacks a stage on the one it starts from, the lowest first. An earlier stage has a smaller index, so
/// this ends.
fn stack<'f>(stages: &[&'f Unit], index: usize, arguments: &Environment, facts: &'f Facts) -> Image<'f> {
    let mut order = vec![index];
    let mut top = index;
    while let Some(base) = base_of(stages, top, arguments) {
        order.push(base);
        top = base;
    }
    let name = stages[top].stage.as_ref().and_then(|stage| from(stage, arguments));
    let place = stages[top].image.as_ref().map_or(stages[top].place, |image| image.place);
    let shell = name.as_deref().and_then(system_shell);
    let known = name.and_then(|name| base(&name, place, facts));
    let mut image = Image { shell, ..Image::empty(stages[top], known.map(|(base, _)| base)) };
    if let Some((_, unit)) = known {
        image.add(unit, &Environment::default());
    }
    for &index in order.iter().rev() {
        image.add(stages[index], arguments);
    }
    image
}

/// The earlier stage that a stage starts from.
fn base_of(stages: &[&Unit], index: usize, arguments: &Environment) -> Option<usize> {
    let name = from(stages[index].stage.as_ref()?, arguments)?;
    stages[..index].iter().rposition(|earlier| !earlier.name.is_empty() && earlier.name.eq_ignore_ascii_case(&name))
}

/// What a stage starts from.
fn from(stage: &Stage, arguments: &Environment) -> Option<String> {
    let globals = globals(stage, arguments);
    stage.from.as_ref()?.resolve(&|name| globals.text(name))
}

/// The `ARG`s in front of the first `FROM`.
fn globals(stage: &Stage, arguments: &Environment) -> Environment {
    let mut globals = Environment::default();
    for argument in &stage.arguments {
        let mut one = Environment::default();
        one.argument(argument, arguments, &Environment::default(), &|name| globals.text(name));
        globals.overlay(one);
    }
    globals
}

impl<'f> Image<'f> {
    /// The entry point, where it has no words: whoever runs the image adds those that it is made for. `CMD []` is none.
    pub(super) fn awaits_words(&self) -> Option<&'f Command> {
        let says = self.command.is_some_and(|command| command.simple.iter().any(|words| !words.is_empty()));
        self.entrypoint.filter(|entrypoint| entrypoint.form == Form::Exec && !says)
    }

    /// What `stage` makes of nothing.
    fn empty(stage: &'f Unit, known: Option<Base>) -> Self {
        Self {
            stage,
            entrypoint: None,
            command: None,
            environment: Environment::default(),
            scope: Environment::default(),
            working_folder: None,
            copied: Vec::new(),
            user: None,
            user_is_open: false,
            stop_signal: None,
            health: None,
            base: stage.image.as_ref(),
            known,
            runs: Vec::new(),
            shell: None,
        }
    }

    /// What its `/bin/sh` is, unless a command of the build may have put something else there.
    pub(super) fn shell(&self, files: &Files) -> Option<SystemShell> {
        let replaces = |ran: &Ran| {
            let text = files.text_at(ran.place);
            ["bin/sh", "reconfigure", "alternatives"].iter().any(|sign| text.contains(sign))
        };
        self.shell.filter(|_| !self.runs.iter().any(replaces))
    }

    /// Runs the instructions of a stage.
    fn add(&mut self, unit: &'f Unit, arguments: &Environment) {
        self.stage = unit;
        if let Some(stage) = &unit.stage {
            let globals = globals(stage, arguments);
            for step in &stage.steps {
                match step {
                    Step::Set(range) => {
                        let variables = unit.environment.get(range.clone()).unwrap_or_default();
                        self.set(variables, arguments, &globals);
                    }
                    Step::Enter(word) => {
                        let path = word.resolve(&|name| self.scope.text(name));
                        // Base images hardly ever have a working folder of their own.
                        let path = path.map(|path| join(self.working_folder.as_deref().unwrap_or("/"), &path));
                        self.working_folder = path;
                    }
                    Step::User(word) => {
                        let user = word.resolve(&|name| self.scope.text(name)).filter(|user| !user.is_empty());
                        self.user_is_open = user.is_none();
                        self.user = user.map(|user| Located::new(user, word.place));
                    }
                    Step::Signal(word) => {
                        let signal = word.resolve(&|name| self.scope.text(name));
                        // One that cannot be told stays as it is written, so that nobody takes it for the usual one.
                        let signal = signal.map(|signal| Located::new(signal, word.place));
                        self.stop_signal = signal.or_else(|| unit.stop_signal.clone());
                    }
                    Step::Run(place) => {
                        let folder = self.working_folder.clone();
                        self.runs.push(Ran { place: *place, folder, behind: self.copied.len() });
                    }
                    Step::Copy(index, written, word) => {
                        // The builder knows no home, so `COPY start.sh $HOME` means the working folder.
                        let home = |name: &str| (name == "HOME").then(String::new);
                        let path = word.resolve(&|name| self.scope.text(name).or_else(|| home(name)));
                        let path = path.map(|path| if path.is_empty() { "./".to_owned() } else { path });
                        let destination = path.as_ref().and_then(|path| self.below(path)).or(path);
                        if let (Some(copied), Some(destination)) = (unit.copied.get(*index), destination) {
                            let resolve = |word: &Word| word.resolve(&|name| self.scope.text(name));
                            let sources = copied.sources.iter().zip(written);
                            let sources =
                                sources.map(|(text, word)| resolve(word).unwrap_or_else(|| text.clone())).collect();
                            let dockerfile = unit.place.file;
                            let order = self.copied.len();
                            self.copied.push(Landed { copied, dockerfile, sources, destination, order, from: None });
                        }
                    }
                }
            }
        }
        self.health = unit.health.first().or(self.health);
        if unit.entrypoint.is_some() {
            // Docker drops the command of the base when a stage sets its own entry point.
            self.entrypoint = unit.entrypoint.as_ref();
            self.command = None;
        }
        self.command = unit.command.as_ref().or(self.command);
    }

    /// `ENV` and `ARG`. The variables of one instruction see what was there in front of it.
    fn set(&mut self, variables: &[Variable], arguments: &Environment, globals: &Environment) {
        let (mut seen, mut after) = (Environment::default(), Environment::default());
        for variable in variables {
            // What the base image says is nearly that, and only where programs lie rests on it.
            let usual = |name: &str| (variable.name == "PATH" && name == "PATH").then(|| PATH.to_owned());
            let lookup = |name: &str| self.scope.text(name).or_else(|| usual(name));
            if variable.build_only {
                after.argument(variable, arguments, globals, &lookup);
            } else {
                let mut one = Environment::default();
                one.set(variable, &lookup);
                self.scope.pass_on(variable, &mut one);
                seen.overlay(one.clone());
                after.overlay(one);
            }
        }
        self.environment.overlay(seen);
        self.scope.overlay(after);
    }

    /// A path seen from the working folder, with the slash at its end that says it is a folder.
    fn below(&self, path: &str) -> Option<String> {
        let is_folder = path.ends_with('/') || path == ".";
        let joined = match &self.working_folder {
            _ if path.starts_with('/') => join("/", path),
            Some(folder) => join(folder, path),
            // The working folder of a base image is not known.
            None => return None,
        };
        Some(if is_folder && joined != "/" { format!("{joined}/") } else { joined })
    }
}

/// How the image of a compose service is built.
pub(super) fn recipe<'f>(unit: &'f Unit, files: &Files) -> Option<Recipe<'f>> {
    let dockerfile = dockerfile_of(unit, files)?;
    let target = unit.build.as_ref()?.target.as_ref().map(|target| target.value.as_str());
    Some(Recipe { dockerfile, target, context: context_of(unit, files)? })
}

/// The Dockerfile that a compose service builds.
fn dockerfile_of(unit: &Unit, files: &Files) -> Option<FileId> {
    let build = unit.build.as_ref()?;
    if let Some(inline) = &build.inline {
        return inline.value;
    }
    let context = context_of(unit, files)?;
    let name = build.dockerfile.as_ref().map_or("Dockerfile", |name| name.value.as_str());
    // Platforms name it from the folder that their own file is about, compose from the context.
    let beside = (unit.kind == UnitKind::Platform).then(|| platform::home(unit, files).to_owned());
    beside.into_iter().chain([context]).find_map(|folder| files.find(&join(&folder, name)))
}

/// The folder a compose service builds from, relative to the project root.
fn context_of(unit: &Unit, files: &Files) -> Option<String> {
    let build = unit.build.as_ref()?;
    let context = build.context.as_ref().map_or(".", |context| context.value.as_str());
    // A remote context or one outside the project is not there to be read.
    let local = !context.contains("://") && !context.starts_with('/');
    local.then(|| join(platform::home(unit, files), context))
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;
    use crate::read;
    use crate::source::FileKind;

    #[test]
    fn a_file_of_several_images_builds_each_that_runs_something() {
        let text = "FROM python AS base\nCMD gunicorn base\n\
                    FROM base AS build\nRUN make\n\
                    FROM base AS web\nCOPY --from=build /x /x\n\
                    FROM base AS worker\nCMD celery\n\
                    FROM node AS assets\nRUN npm run build\n\
                    FROM base AS tests\nCMD pytest\n";
        let mut files = Files::new();
        let file = files.add("Dockerfile", text);
        let facts = read::all(&files, &[(file, FileKind::Dockerfile)].into());
        let found = targets(&facts, file, &files);
        let names: Vec<_> = found.iter().map(|image| (image.stage.name.as_str(), image.command.is_some())).collect();
        assert_eq!(names, [("web", true), ("worker", true), ("assets", false), ("tests", true)]);
    }

    #[test]
    fn what_only_tests_build_on_runs_in_production() {
        let text = "FROM python AS base\nRUN make\nFROM base AS release\nENTRYPOINT [\"/serve.sh\"]\n\
                    FROM release AS development\nRUN pip install x\nFROM development AS unit-tests\nCOPY tests tests\n";
        let mut files = Files::new();
        let file = files.add("Dockerfile", text);
        let facts = read::all(&files, &[(file, FileKind::Dockerfile)].into());
        let found = targets(&facts, file, &files);
        assert_eq!(found.iter().map(|image| image.stage.name.as_str()).collect::<Vec<_>>(), ["release", "unit-tests"]);
    }

    /// What the converter of `BuildKit` (`dockerfile2llb`, August 2026) makes of the same files, base images
    /// without a configuration of their own.
    #[test]
    fn images_are_what_their_builder_makes_of_them() {
        let cases: serde_json::Value = serde_json::from_str(include_str!("../../tests/dockerfiles.json")).unwrap();
        let cases = cases.as_array().unwrap();
        let mut wrong = String::new();
        for case in cases {
            let text = case["text"].as_str().unwrap();
            let mut files = Files::new();
            let file = files.add("Dockerfile", text);
            let facts = read::all(&files, &[(file, FileKind::Dockerfile)].into());
            let mut arguments = Environment::default();
            for (name, value) in case["args"].as_object().unwrap() {
                let place = crate::source::Place::new(file, crate::source::Span::default());
                let value = crate::source::Word::literal(value.as_str().unwrap(), place, place);
                let variable = Variable { name: name.clone(), value: Some(value), place, build_only: true };
                arguments.set(&variable, &|_| None);
            }
            let target = case["target"].as_str().filter(|target| !target.is_empty());
            let image = build(&facts, file, target, &arguments).unwrap();
            let theirs = &case["config"];
            let mut differ = |what: &str, ours: String, theirs: String| {
                if ours != theirs {
                    writeln!(wrong, "{text}{what}: {ours} instead of {theirs}\n").unwrap();
                }
            };
            let ours: Vec<String> = image
                .environment
                .clone()
                .all()
                .into_iter()
                .map(|(name, value)| format!("{name}={}", value.unwrap_or_else(|| "?".to_owned())))
                .collect();
            // A variable that no instruction sets may be set by the base image, so nothing is claimed.
            let mut expected: Vec<String> = list(&theirs["Env"]);
            expected.retain(|variable| !variable.starts_with("PATH="));
            expected.sort();
            for unknown in ours.iter().filter_map(|variable| variable.strip_suffix('?')) {
                if let Some(variable) = expected.iter_mut().find(|variable| variable.starts_with(unknown)) {
                    *variable = format!("{unknown}?");
                }
            }
            differ("ENV", ours.join("\n"), expected.join("\n"));
            let known = |text: &serde_json::Value, default: &str| text.as_str().unwrap_or(default).to_owned();
            let folder = image.working_folder.clone().unwrap_or_else(|| "/".to_owned());
            let user = image.user.as_ref().map_or("", |user| user.value.as_str());
            differ("USER", user.to_owned(), known(&theirs["User"], ""));
            let signal = image.stop_signal.as_ref().map_or("", |signal| signal.value.as_str());
            differ("STOPSIGNAL", signal.to_owned(), known(&theirs["StopSignal"], ""));
            differ("WORKDIR", folder, join("/", &known(&theirs["WorkingDir"], "/")));
            let words = |command: Option<&Command>| {
                let words = |command: &Command| {
                    let shell = if command.form == read::Form::Shell { "shell " } else { "" };
                    let words =
                        command.simple.iter().flatten().map(|word| files.text_at(word.place).replace("\\\"", "\""));
                    format!("{shell}{:?}", words.collect::<Vec<_>>())
                };
                // An empty command is as good as none.
                command.filter(|command| !command.simple.is_empty()).map_or_else(|| "none".to_owned(), words)
            };
            let their_words = |command: &serde_json::Value| match list(command).as_slice() {
                [] => "none".to_owned(),
                [shell, option, script] if option == "-c" && shell.ends_with("sh") => {
                    let words = script.split_whitespace().filter(|word| *word != "||" && *word != "\\");
                    format!("shell {:?}", words.collect::<Vec<_>>())
                }
                words => format!("{words:?}"),
            };
            differ("CMD", words(image.command), their_words(&theirs["Cmd"]));
            differ("ENTRYPOINT", words(image.entrypoint), their_words(&theirs["Entrypoint"]));
            let check = image.health.map(|check| words(check.command.as_ref()));
            let tested = list(&theirs["Healthcheck"]["Test"]);
            let expected = match tested.split_first() {
                None => None,
                Some((kind, _)) if kind == "NONE" => Some("none".to_owned()),
                Some((kind, rest)) if kind == "CMD" => Some(format!("{rest:?}")),
                Some((_, rest)) => Some(their_words(&serde_json::json!(["sh", "-c", rest[0]]))),
            };
            differ("HEALTHCHECK", format!("{check:?}"), format!("{expected:?}"));
            let seconds = |time: Option<&Located<crate::values::Seconds>>| time.map_or(0.0, |time| time.value.0);
            let nanoseconds = |key: &str| theirs["Healthcheck"][key].as_f64().unwrap_or(0.0) / 1e9;
            if let Some(check) = image.health {
                let interval = seconds(check.interval.as_ref());
                differ("interval", interval.to_string(), nanoseconds("Interval").to_string());
                let timeout = seconds(check.timeout.as_ref());
                differ("timeout", timeout.to_string(), nanoseconds("Timeout").to_string());
            }
        }
        assert!(cases.len() >= 40, "{} images are fewer than there were", cases.len());
        assert!(wrong.is_empty(), "{wrong}");
    }

    fn list(value: &serde_json::Value) -> Vec<String> {
        let items = value.as_array().into_iter().flatten();
        items.map(|item| item.as_str().unwrap().to_owned()).collect()
    }
}
