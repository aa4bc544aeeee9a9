//! What the readers of all formats report.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::container::Container;
use super::shell::Script;
use super::{ComposeFile, ConsoleScript, Lexed, Notation};
use crate::findings::Note;
use crate::python::syntax::Module;
use crate::source::{Comment, FileId, Located, Place, Word};
use crate::values::{Bytes, Cpus, Seconds};

/// Everything that was read, before anything is joined.
#[derive(Debug, Default)]
pub struct Facts {
    /// Every place that runs something, in the order of files and lines.
    pub units: Vec<Unit>,
    /// What is known of the images of registries that the project speaks of, each as the stage that builds it, by
    /// [`KnownImage::name`](super::KnownImage::name).
    pub bases: BTreeMap<String, Unit>,
    /// Every Python file that could be parsed.
    pub python: BTreeMap<FileId, Module>,
    /// Packages the project asks for.
    pub requirements: Vec<Requirement>,
    /// Every shell script.
    pub scripts: BTreeMap<FileId, Arc<Script>>,
    /// The variables of every `.env` file, in order; a later one of the same name wins.
    pub environments: BTreeMap<FileId, Vec<Variable>>,
    /// The compose files; their services become units once it is known which of them go together.
    pub compose: BTreeMap<FileId, ComposeFile>,
    /// The application that a `pyproject.toml` names for the command line of FastAPI.
    pub entrypoints: BTreeMap<FileId, Located<String>>,
    /// The commands that the packages of the project install.
    pub console_scripts: BTreeMap<FileId, Vec<ConsoleScript>>,
    /// The configurations of supervisord, apart from their programs, which are units.
    pub supervisors: BTreeMap<FileId, SupervisorFile>,
    /// The configurations of uWSGI.
    pub uwsgi: BTreeMap<FileId, UwsgiFile>,
    /// Reverse proxies that pass requests on to servers.
    pub proxies: Vec<Proxy>,
    /// The packages of Rust.
    pub rust: crate::rust::Project,
    /// The comments of every file, in order.
    pub comments: BTreeMap<FileId, Vec<Comment>>,
    /// What could not be read.
    pub notes: Vec<Note>,
}

impl Facts {
    /// Adds what another file says behind what is there.
    pub(super) fn add(&mut self, other: Self) {
        self.units.extend(other.units);
        self.bases.extend(other.bases);
        self.python.extend(other.python);
        self.scripts.extend(other.scripts);
        self.requirements.extend(other.requirements);
        self.environments.extend(other.environments);
        self.compose.extend(other.compose);
        self.entrypoints.extend(other.entrypoints);
        self.console_scripts.extend(other.console_scripts);
        self.supervisors.extend(other.supervisors);
        self.uwsgi.extend(other.uwsgi);
        self.proxies.extend(other.proxies);
        self.comments.extend(other.comments);
        self.notes.extend(other.notes);
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
    /// What whoever runs it starts where nothing says what.
    pub usual: Option<Usual>,
    /// Variables set for it, in order; a later one of the same name wins.
    pub environment: Vec<Variable>,
    /// Files of further variables, in order. They come before `environment`, except for systemd, to which what
    /// they say counts more.
    pub environment_files: Vec<EnvironmentFile>,
    /// Sets of variables that stand elsewhere than in the project, in order.
    pub open_sets: Vec<OpenSet>,
    /// Variables that are taken away in the end, each with the only value that it is taken away with, if there is
    /// one (`UnsetEnvironment=`).
    pub removed: Vec<(String, Option<String>)>,
    /// The folder it starts in, as written.
    pub working_folder: Option<Located<String>>,
    /// The image it builds, for a compose service.
    pub build: Option<Build>,
    /// The variables that nobody sets and in whose place texts stand that decide which files count for it, each with
    /// its text: the stage that is built, the folder it starts in, files of variables.
    pub chosen_by: Vec<(String, Option<String>)>,
    /// What it copies into the image.
    pub copied: Vec<Copied>,
    /// What only a build stage has.
    pub stage: Option<Stage>,
    /// What bounds it.
    pub limits: Limits,
    /// The base image or, for a service without a build, the image.
    pub image: Option<Located<String>>,
    /// Compose profiles that must be active for it to run.
    pub profiles: Vec<String>,
    /// Files and folders of the host that it mounts, in order.
    pub mounts: Vec<Mount>,
    /// The user it runs as, as written.
    pub user: Option<Located<String>>,
    /// The signal that asks it to stop, as written; `SIGTERM` if not given.
    pub stop_signal: Option<Located<String>>,
    /// How somebody finds out whether it is well.
    pub health: Vec<HealthCheck>,
    /// How long it is kept waiting before the signal that asks it to stop (`preStop` of Kubernetes).
    pub stop_delay: Option<Located<Seconds>>,
    /// Files of the project that somebody mounts into it, each at the path that it has there.
    pub mounted: Vec<Located<(FileId, String)>>,
    /// What makes it one of several variants of the same unit, where it is: an overlay that patches it.
    pub variant: Option<Located<String>>,
    /// Addresses that somebody opens for it and hands over as it starts.
    pub sockets: Vec<Located<String>>,
    /// Who opens those addresses, where nothing in the project says which they are.
    pub awaited_socket: Option<Located<String>>,
    /// What surrounds it, where it is a container.
    pub container: Container,
    /// What it shares with the world outside its container.
    pub outside: Outside,
    /// The image below everything that the project builds.
    pub base: Option<Located<String>>,
    /// The platform that runs it, where that sets something by itself. No byte of a file says so, so the place has
    /// none; what it sets has the same place.
    pub platform: Option<Located<&'static str>>,
}

/// A file of further variables.
#[derive(Debug, Clone)]
pub struct EnvironmentFile {
    /// Its path, as written relative to the file that names it.
    pub path: Located<String>,
    /// Who reads it.
    pub notation: Notation,
    /// Whether it may be missing.
    pub optional: bool,
}

/// A set of variables of which the project does not tell what they are (`envFrom` of Kubernetes).
#[derive(Debug, Clone)]
pub struct OpenSet {
    /// Its kind and its name, where that is known: `Secret web`.
    pub name: Option<Located<String>>,
    /// What the names of its variables begin with.
    pub prefix: String,
    /// How many variables of the unit come before it, each of which it may set anew.
    pub before: usize,
    /// Whether it may be missing.
    pub optional: bool,
}

impl OpenSet {
    /// The port to listen on, which a platform tells what it starts.
    pub fn port() -> Self {
        Self { name: None, prefix: "PORT".to_owned(), before: 0, optional: true }
    }
}

/// What a container shares with the world outside.
#[derive(Debug, Clone, Default)]
pub struct Outside {
    /// Ports that the machine opens to others, as written: `8000:80`.
    pub published: Vec<Located<String>>,
    /// Whether it has the network of the machine, or that of other containers.
    pub shares_network: bool,
    /// Folders that outlive the container, as it sees them.
    pub volumes: Vec<String>,
    /// Whether whoever runs the image gives words for its entry point, which has none of its own.
    pub takes_words: bool,
    /// Files of the image that lead to the output of the container (`ln -sf /dev/stdout`).
    pub linked: Vec<String>,
    /// What is in the same container and passes requests on, or starts who does.
    pub front: Option<Place>,
}

/// More files of variables than any unit names.
const MAX_ENVIRONMENT_FILES: usize = 100;

impl Unit {
    /// Takes back what is said about variables where that is more than is followed; why, if it is.
    pub(crate) fn bound(&mut self) -> Option<&'static str> {
        if self.environment_files.len() <= MAX_ENVIRONMENT_FILES {
            return None;
        }
        // What the files set may replace any other variable.
        self.environment_files.clear();
        self.environment.clear();
        Some("more files of variables than any service has, so none of its variables is known")
    }

    /// A unit of which nothing but its name is known yet.
    pub fn new(kind: UnitKind, name: impl Into<String>, place: Place) -> Self {
        Self {
            kind,
            name: name.into(),
            place,
            entrypoint: None,
            command: None,
            usual: None,
            environment: Vec::new(),
            environment_files: Vec::new(),
            open_sets: Vec::new(),
            chosen_by: Vec::new(),
            removed: Vec::new(),
            working_folder: None,
            build: None,
            copied: Vec::new(),
            stage: None,
            limits: Limits { stop_default: StopDefault::of(kind), ..Limits::default() },
            image: None,
            profiles: Vec::new(),
            mounts: Vec::new(),
            user: None,
            stop_signal: None,
            health: Vec::new(),
            stop_delay: None,
            mounted: Vec::new(),
            variant: None,
            sockets: Vec::new(),
            awaited_socket: None,
            container: Container::default(),
            outside: Outside::default(),
            base: None,
            platform: None,
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
    /// A container of a Kubernetes manifest or of a Helm chart.
    KubernetesContainer,
    /// A process, service or container in the file of a platform.
    Platform,
    /// A unit of systemd.
    SystemdService,
    /// A program of supervisord.
    SupervisorProgram,
    /// A configuration of uWSGI that nothing else names.
    UwsgiConfiguration,
    /// A configuration of Gunicorn or Hypercorn, where no command starts that server.
    GunicornConfiguration,
    /// A target of a makefile or a justfile, a task of `pyproject.toml`, a script of `package.json`.
    Task,
    /// Python code that starts a server, and that nothing else is seen to start.
    PythonLauncher,
    /// A program in Rust that serves, and that nothing else is seen to start.
    RustProgram,
    /// A shell script that starts a server, and that nothing else is seen to run.
    Script,
}

impl UnitKind {
    /// Whether what it starts always runs inside a container. A platform may or may not use one.
    pub const fn is_container(self) -> bool {
        matches!(self, Self::Image | Self::ComposeService | Self::KubernetesContainer)
    }
}

/// How a command is written, which decides who sees its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Given to a shell as one text.
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
    /// Kubernetes, before anything starts, from the variables that the container is given there; those of
    /// the image do not count.
    Kubernetes,
    /// Compose, before anything starts, from the environment of whoever calls it and the `.env` file of
    /// the project: the `environment` of the service does not count.
    Compose,
    /// Some by compose, some by the shell; which is not told apart.
    Mixed,
}

/// A command as one format holds it.
#[derive(Debug, Clone)]
pub struct Command {
    /// Who interprets it.
    pub form: Form,
    /// Who fills in its variables.
    pub filled_by: FilledBy,
    /// The simple commands in it, in order: `a && b; c | d` are four. Exec form is one, or none
    /// where an empty command takes back what the image says.
    pub simple: Vec<Vec<Word>>,
    /// The words as the kernel gets them: a command line for a shell is the third behind `/bin/sh -c`.
    pub words: Vec<Lexed>,
    /// The bytes of the whole command.
    pub place: Place,
}

/// What a platform starts by itself.
#[derive(Debug, Clone)]
pub struct Usual {
    /// The command.
    pub command: Command,
    /// Files that have to stand beside the file of the platform.
    pub beside: &'static [String],
    /// Files that must not stand there.
    pub without: &'static [String],
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

/// A file or a folder of the host in place of one of the image.
#[derive(Debug, Clone)]
pub struct Mount {
    /// What is mounted, as written relative to the file that says so.
    pub source: Located<String>,
    /// Where it is seen, if that is known.
    pub target: Option<String>,
    /// Whether nothing in the container may change it.
    pub read_only: bool,
}

/// The image that a compose service builds.
#[derive(Debug, Clone)]
pub struct Build {
    /// Folder relative to the compose file.
    pub context: Option<Located<String>>,
    /// Dockerfile relative to the context; `Dockerfile` if not given.
    pub dockerfile: Option<Located<String>>,
    /// A Dockerfile in place (`dockerfile_inline`), which stands in for the other.
    pub inline: Option<Located<Option<FileId>>>,
    /// The stage to stop at.
    pub target: Option<Located<String>>,
}

/// How a build stage comes to what it holds.
#[derive(Debug, Clone, Default)]
pub struct Stage {
    /// The image or the earlier stage that it starts from, with its variables.
    pub from: Option<Word>,
    /// The `ARG`s in front of the first `FROM`, of which a stage sees those that it names again.
    pub arguments: Vec<Variable>,
    /// Its instructions in order, as far as one changes what a later one means.
    pub steps: Vec<Step>,
}

/// An instruction of a build stage.
#[derive(Debug, Clone)]
pub enum Step {
    /// `ENV` or `ARG`: these of the unit's variables, none of which sees another one of them.
    Set(std::ops::Range<usize>),
    /// `WORKDIR`.
    Enter(Word),
    /// `USER`.
    User(Word),
    /// `STOPSIGNAL`.
    Signal(Word),
    /// `RUN`: the whole instruction.
    Run(Place),
    /// `COPY` or `ADD`: this one of what the unit copies; its sources and where it lands, as written.
    Copy(usize, Vec<Word>, Word),
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
    /// The byte of the same file at which the text begins that lands there, in place of any source.
    pub written: Option<usize>,
}

/// How long whoever stops a process waits of his own accord before he kills it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StopDefault {
    /// How long.
    pub value: Seconds,
    /// Who that is.
    pub by: &'static str,
}

impl StopDefault {
    /// The one of a kind of place, where the kind tells who stops it: `docker stop` and compose (10 s), the
    /// kubelet (`terminationGracePeriodSeconds`, 30 s), systemd (`DefaultTimeoutStopSec`, 90 s).
    pub const fn of(kind: UnitKind) -> Option<Self> {
        let (seconds, by) = match kind {
            UnitKind::Image => (10.0, "Docker"),
            UnitKind::ComposeService => (10.0, "Docker Compose"),
            UnitKind::KubernetesContainer => (30.0, "Kubernetes"),
            UnitKind::SystemdService => (90.0, "systemd"),
            _ => return None,
        };
        Some(Self { value: Seconds(seconds), by })
    }
}

impl Limits {
    /// Who waits of his own accord, and how long, where no file says it.
    pub fn usual_stop(&self) -> Option<StopDefault> {
        // What supervisord does by itself stands among the limits: it is another one than that of its container.
        self.stop_default.filter(|usual| self.stop_grace.is_none() || usual.by == SUPERVISORD)
    }
}

/// Who waits ten seconds unless `stopwaitsecs` says otherwise (`_processes_from_section` of supervisor 4.3).
pub(crate) const SUPERVISORD: &str = "supervisord";

/// The router of a platform.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Router {
    /// Whose it is.
    pub of: &'static str,
    /// For how long it keeps an idle connection to the service.
    pub idle: Option<Seconds>,
    /// When it gives up on a request.
    pub request: Option<Seconds>,
    /// The place that makes it one of that platform.
    pub place: Place,
}

/// What bounds a unit.
#[derive(Debug, Clone, Default)]
pub struct Limits {
    /// Processor quota.
    pub cpus: Option<Located<Cpus>>,
    /// What of that lasts where it shares its processors with others and may only burst.
    pub lasting: Option<Cpus>,
    /// Memory limit.
    pub memory: Option<Located<Bytes>>,
    /// Whether those are processors by number and no quota: nothing is stopped that runs on them.
    pub pinned: bool,
    /// Requests that the platform sends to one copy at once, at most.
    pub concurrency: Option<Located<u32>>,
    /// What the other containers under the same quota are sure to get of it.
    pub cpus_beside: Vec<Located<Cpus>>,
    /// What they are sure to get of the same memory.
    pub memory_beside: Vec<Located<Bytes>>,
    /// Time between the stop signal and the kill.
    pub stop_grace: Option<Located<Seconds>>,
    /// What that is where nobody says anything.
    pub stop_default: Option<StopDefault>,
    /// What stands in front of it where a platform runs it.
    pub router: Option<Router>,
    /// How many copies run.
    pub replicas: Option<Located<u32>>,
    /// How many processes of the same kind run under these limits together, this one among them.
    pub abreast: Option<Located<Abreast>>,
    /// The places of what a file gives in place of variables that somebody may set, each with the variable.
    pub open: Vec<(Place, String)>,
    /// The share of processors that it is sure to get.
    pub cpu_request: Option<Located<Cpus>>,
    /// The memory that it is sure to get.
    pub memory_request: Option<Located<Bytes>>,
    /// What changes how many copies run.
    pub autoscaler: Option<Autoscaler>,
}

/// How many processes one entry of a manager starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Abreast {
    /// So many.
    Count(u32),
    /// As many as a template or a variable says.
    Unknown,
}

/// What a failed [`HealthCheck`] leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HealthKind {
    /// The unit is shown as unwell; an orchestrator may replace it (`HEALTHCHECK`, compose).
    Container,
    /// It is killed and started again.
    Liveness,
    /// It gets no requests.
    Readiness,
    /// The other checks wait for it, and it is killed if that takes too long.
    Startup,
}

/// A check that runs again and again.
#[derive(Debug, Clone)]
pub struct HealthCheck {
    /// What a failure leads to.
    pub kind: HealthKind,
    /// All of it.
    pub place: Place,
    /// Time from one check to the next.
    pub interval: Option<Located<Seconds>>,
    /// Time after which a check without an answer has failed.
    pub timeout: Option<Located<Seconds>>,
    /// How many must fail in a row.
    pub failures: Option<Located<u32>>,
    /// Time from the start in which failures do not count.
    pub start_period: Option<Located<Seconds>>,
    /// The path that is asked for, where it is a request.
    pub path: Option<Located<String>>,
    /// The port that is asked, as written.
    pub port: Option<Located<String>>,
    /// What runs, where it is a command.
    pub command: Option<Command>,
}

/// A rule that changes how many copies of a unit run.
#[derive(Debug, Clone)]
pub struct Autoscaler {
    /// The fewest copies.
    pub least: Option<Located<u32>>,
    /// The most copies.
    pub most: Option<Located<u32>>,
    /// All of it.
    pub place: Place,
}

/// A reverse proxy, as far as one of its routes to a server goes.
#[derive(Debug, Clone)]
pub struct Proxy {
    /// The program: `nginx`, `Caddy`.
    pub program: &'static str,
    /// Where requests are passed on.
    pub place: Place,
    /// The addresses they go to: `host:port` or `unix:path`, upstream groups taken apart.
    pub upstreams: Vec<Located<String>>,
    /// How many idle connections to the servers it keeps open; none if not given.
    pub keepalive: Option<Located<u32>>,
    /// How long an idle connection to a server is kept.
    pub keepalive_timeout: Option<Located<Seconds>>,
    /// The version of HTTP that it speaks to the servers, as written. nginx before 1.29.7 speaks 1.0, and
    /// keeps no connection open, unless it is told otherwise.
    pub http_version: Option<Located<String>>,
    /// What it sends as the header `Connection`; empty where it leaves the header out, which nginx before
    /// 1.29.7 needs to keep connections open.
    pub connection: Option<Located<String>>,
    /// How long it waits for a connection.
    pub connect_timeout: Option<Located<Seconds>>,
    /// How long it waits for the next bytes of an answer.
    pub read_timeout: Option<Located<Seconds>>,
    /// How long it waits until the next bytes of a request are taken.
    pub send_timeout: Option<Located<Seconds>>,
    /// Whether it holds an answer back to free the server early.
    pub buffering: Option<Located<bool>>,
    /// Whether it holds a request back until it is whole.
    pub request_buffering: Option<Located<bool>>,
    /// The largest request body it takes.
    pub max_body: Option<Located<Bytes>>,
    /// The headers that it sets for the server, by their names as written.
    pub headers: Vec<Located<String>>,
    /// What makes it take TLS off: a certificate, or the name of a site that Caddy gets one for.
    pub tls: Option<Place>,
}

/// A configuration of supervisord, apart from its programs.
#[derive(Debug, Clone, Default)]
pub struct SupervisorFile {
    /// Whether it has a section `[supervisord]`, so that it is no mere part of another.
    pub is_main: bool,
    /// Patterns of further files, relative to its own folder or absolute on the machine.
    pub included: Vec<Located<String>>,
    /// Variables for every program; a program's own come behind them.
    pub environment: Vec<Variable>,
}

/// A configuration of uWSGI.
#[derive(Debug, Clone, Default)]
pub struct UwsgiFile {
    /// Its sections, in order; of two with one name both count.
    pub sections: Vec<UwsgiSection>,
    /// Why uWSGI refuses it.
    pub error: Option<Located<String>>,
}

/// A section of a configuration of uWSGI.
#[derive(Debug, Clone)]
pub struct UwsgiSection {
    /// Its name, `uwsgi` if nothing else is asked for, and the line or the key that opens it.
    pub name: Located<String>,
    /// Its options, in order.
    pub options: Vec<UwsgiOption>,
}

/// An option in a configuration of uWSGI.
#[derive(Debug, Clone)]
pub struct UwsgiOption {
    /// Its name.
    pub key: Located<String>,
    /// Its value, empty for none. What only a template engine knows is a gap in it.
    pub value: Word,
    /// The bytes of the value.
    pub value_place: Place,
    /// From the key to the end of the value, where it stands on a line of its own.
    pub statement: Option<Place>,
    /// Whether the value stands there as it is, and another could.
    pub literal: bool,
    /// Whether a template decides if it is there.
    pub conditional: bool,
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
