//! What the readers of all formats report.

use std::collections::BTreeMap;

use crate::findings::Note;
use crate::python::syntax::Module;
use crate::source::{Comment, FileId, Located, Place, Span, Word};
use crate::values::{Bytes, Cpus, Seconds};

/// Everything that was read, before anything is joined.
#[derive(Debug, Default)]
pub struct Facts {
    /// Every place that runs something, in the order of files and lines.
    pub units: Vec<Unit>,
    /// Every Python file that could be parsed.
    pub python: BTreeMap<FileId, Module>,
    /// Packages the project asks for.
    pub requirements: Vec<Requirement>,
    /// The commands of every shell script, in order.
    pub scripts: BTreeMap<FileId, Vec<ScriptCommand>>,
    /// The variables of every `.env` file, in order; a later one of the same name wins.
    pub environments: BTreeMap<FileId, Vec<Variable>>,
    /// The comments of every file, in order.
    pub comments: BTreeMap<FileId, Vec<Comment>>,
    /// What could not be read.
    pub notes: Vec<Note>,
}

impl Facts {
    /// Adds what another file says behind what is there.
    pub(super) fn add(&mut self, other: Self) {
        self.units.extend(other.units);
        self.python.extend(other.python);
        self.scripts.extend(other.scripts);
        self.requirements.extend(other.requirements);
        self.environments.extend(other.environments);
        self.comments.extend(other.comments);
        self.notes.extend(other.notes);
    }

    /// The statement or the instruction that `span` of `file` belongs to; the span itself where the
    /// format has none that goes over several lines.
    pub fn statement_around(&self, file: FileId, span: Span) -> Span {
        if let Some(module) = self.python.get(&file) {
            return module.statement_around(span).unwrap_or(span);
        }
        let commands = self.units.iter().flat_map(|unit| unit.entrypoint.iter().chain(&unit.command));
        let scripts = self.scripts.get(&file).into_iter().flatten().map(|command| command.place);
        commands
            .map(|command| command.place)
            .chain(scripts)
            .find(|place| place.file == file && place.span.start <= span.start && span.end <= place.span.end)
            .map_or(span, |place| place.span)
    }
}

/// A place that runs something: a process of a Procfile, a compose service, an image.
#[derive(Debug, Clone)]
pub struct Unit {
    /// What kind of place it is.
    pub kind: UnitKind,
    /// Its name: process type, service, or build stage (the last one's may be empty).
    pub name: String,
    /// The whole of it, for labels: the process line, the service's name, the `FROM` line.
    pub place: Place,
    /// What always runs, when the format tells it apart from the command.
    pub entrypoint: Option<Command>,
    /// What runs, or the arguments of the entry point.
    pub command: Option<Command>,
    /// Variables set for it, in order; a later one of the same name wins.
    pub environment: Vec<Variable>,
    /// Files of further variables, as written relative to the file that names them; in order, and all
    /// of them before `environment`.
    pub environment_files: Vec<Located<String>>,
    /// The folder it starts in, as written.
    pub working_folder: Option<Located<String>>,
    /// The image it builds, for a compose service.
    pub build: Option<Build>,
    /// What it copies into the image.
    pub copied: Vec<Copied>,
    /// What bounds it.
    pub limits: Limits,
    /// The base image or, for a service without a build, the image.
    pub image: Option<Located<String>>,
    /// Compose profiles that must be active for it to run.
    pub profiles: Vec<String>,
    /// Folders of the host that it mounts, as written relative to the file that says so.
    pub mounts: Vec<Located<String>>,
    /// The user it runs as, as written.
    pub user: Option<Located<String>>,
    /// The signal that asks it to stop, as written; `SIGTERM` if not given.
    pub stop_signal: Option<Located<String>>,
}

impl Unit {
    /// A unit of which nothing but its name is known yet.
    pub fn new(kind: UnitKind, name: impl Into<String>, place: Place) -> Self {
        Self {
            kind,
            name: name.into(),
            place,
            entrypoint: None,
            command: None,
            environment: Vec::new(),
            environment_files: Vec::new(),
            working_folder: None,
            build: None,
            copied: Vec::new(),
            limits: Limits::default(),
            image: None,
            profiles: Vec::new(),
            mounts: Vec::new(),
            user: None,
            stop_signal: None,
        }
    }
}

/// Where a unit is declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UnitKind {
    /// A line of a Procfile.
    Procfile,
    /// A build stage of a Dockerfile.
    Image,
    /// A service of a compose file.
    ComposeService,
}

impl UnitKind {
    /// Whether what it starts runs inside a container.
    pub const fn is_container(self) -> bool {
        matches!(self, Self::Image | Self::ComposeService)
    }
}

/// A simple command of a shell script.
#[derive(Debug, Clone)]
pub struct ScriptCommand {
    /// Its words.
    pub words: Vec<Word>,
    /// Whether it stands in a branch or a loop, so that it may or may not run.
    pub conditional: bool,
    /// All of it.
    pub place: Place,
}

/// How a command is written, which decides who sees its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Given to a shell.
    Shell,
    /// Given to the kernel word by word; nothing fills in variables.
    Exec,
}

/// Whose environment the variables in the words of a command are looked up in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FilledBy {
    /// Nobody: they reach the program as they are written.
    Nobody,
    /// The shell that runs the command, from the environment of the unit.
    Shell,
    /// Compose, before anything starts, from the environment of whoever calls it and the `.env` file of
    /// the project: the `environment` of the service does not count.
    Compose,
    /// Some by compose, some by the shell; which is not told apart.
    Mixed,
}

/// A command as one format holds it.
#[derive(Debug, Clone)]
pub struct Command {
    /// Who interprets it. A list such as `["sh", "-c", "gunicorn -w $N"]` counts as `Shell`, and
    /// `simple` holds what that shell runs.
    pub form: Form,
    /// Who fills in its variables.
    pub filled_by: FilledBy,
    /// The simple commands in it, in order: `a && b; c | d` are four. Exec form is one, or none
    /// where an empty command takes back what the image says.
    pub simple: Vec<Vec<Word>>,
    /// The bytes of the whole command.
    pub place: Place,
}

/// `NAME=value` for a unit.
#[derive(Debug, Clone)]
pub struct Variable {
    /// The name.
    pub name: String,
    /// The value as a word, because it may hold variables itself; `None` where the value is taken
    /// from the environment of whoever starts it (`environment: [NAME]` in compose).
    pub value: Option<Word>,
    /// The whole assignment.
    pub place: Place,
    /// Whether it only exists while the image is built (`ARG`).
    pub build_only: bool,
}

/// The image that a compose service builds.
#[derive(Debug, Clone)]
pub struct Build {
    /// Folder relative to the compose file.
    pub context: Option<Located<String>>,
    /// Dockerfile relative to the context; `Dockerfile` if not given.
    pub dockerfile: Option<Located<String>>,
    /// The stage to stop at.
    pub target: Option<Located<String>>,
}

/// One `COPY` or `ADD`.
#[derive(Debug, Clone)]
pub struct Copied {
    /// Paths relative to the build context, or in the stage that `stage` names.
    pub sources: Vec<String>,
    /// Where they land.
    pub destination: String,
    /// The stage or the image that they are taken from (`--from`).
    pub stage: Option<String>,
}

/// What bounds a unit.
#[derive(Debug, Clone, Default)]
pub struct Limits {
    /// Processor quota.
    pub cpus: Option<Located<Cpus>>,
    /// Memory limit.
    pub memory: Option<Located<Bytes>>,
    /// Time between the stop signal and the kill.
    pub stop_grace: Option<Located<Seconds>>,
    /// How many copies run.
    pub replicas: Option<Located<u32>>,
}

/// A package named in a requirements file, a `pyproject.toml`, a lock file or a `pip install` line.
#[derive(Debug, Clone)]
pub struct Requirement {
    /// Distribution name, normalised: lower case, `-` between words.
    pub name: String,
    /// The extras asked for.
    pub extras: Vec<String>,
    /// The version, if it is pinned to exactly one.
    pub pinned: Option<String>,
    /// The lowest and the highest version that the specifier admits, as written (`>=20,<24`).
    pub specifier: String,
    /// Where it is asked for.
    pub place: Place,
}
