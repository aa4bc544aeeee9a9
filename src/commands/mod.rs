//! The verbs: what was typed becomes what is meant, the library answers, a renderer prints.

mod advise;
mod ask;
mod baseline;
mod changed;
mod check;
mod demo;
mod explain;
mod failure;
mod host;
mod init;
mod lsp;
mod measure;
mod objections;
mod output;
mod patience;
mod rewrite;
mod show;
mod standing;
mod statistics;
mod surface;
mod watch;

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use farrier::app::Application;
use farrier::deployment::Deployment;
use farrier::report::Look;
use farrier::request::{Flags, Request};
use farrier::source::FileId;
use farrier::{discover, settings};

use crate::cli::{Cli, Color, Production, Verb};
pub(crate) use failure::Failure;

/// What a command came to.
pub(crate) struct Done {
    /// What to print.
    pub(crate) text: String,
    /// What it means.
    pub(crate) exit: Exit,
}

/// The meaning of a run, the same for every format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    Clean,
    ToDo,
    Unusable,
    NothingToCheck,
    Undecided,
}

impl Exit {
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Clean => 0,
            Self::ToDo => 1,
            Self::Unusable => 2,
            Self::NothingToCheck => 3,
            Self::Undecided => 4,
        }
    }
}

/// Runs what was typed.
pub(crate) fn run(cli: &Cli) -> Result<Done, Failure> {
    match &cli.command {
        Verb::Check(check) => check::run(cli, check),
        Verb::Advise(advise) => advise::run(cli, advise),
        Verb::Show(show) => show::run(cli, show),
        Verb::Host(host) => host::run(host),
        Verb::Measure(measure) => measure::run(cli, measure),
        Verb::Explain(explain) => explain::explain(cli, explain),
        Verb::Rules(rules) => explain::list(cli, rules),
        Verb::Init(init) => init::run(cli, init),
        Verb::Baseline(baseline) => baseline::run(cli, baseline),
        Verb::Lsp(_) => lsp::run(cli),
        Verb::Completions(completions) => Ok(surface::completions(completions.shell)),
        Verb::Man => surface::page(),
    }
}

/// How the terminal wants it.
fn look(cli: &Cli) -> Look {
    let look = Look::detect(terminal_columns(), &|name| std::env::var(name).ok());
    match cli.color {
        Color::Auto => look,
        Color::Always => Look { colour: true, ..look },
        Color::Never => Look { colour: false, ..look },
    }
}

/// The width of the terminal that the output goes to; `None` if it goes anywhere else.
fn terminal_columns() -> Option<usize> {
    if !std::io::stdout().is_terminal() {
        return None;
    }
    #[cfg(unix)]
    if let Ok(size) = rustix::termios::tcgetwinsize(std::io::stdout()) {
        return Some(size.ws_col.into());
    }
    Some(100)
}

/// The request that paths and flags make, with the settings of the project they lie in.
///
/// The whole project is read whichever of its files were named: one file says little about a service.
fn request(cli: &Cli, paths: &[PathBuf], flags: &Flags) -> Result<Request, Failure> {
    request_in(cli, root(paths)?, paths, flags)
}

/// The same about a folder that is taken for a project whatever lies around it, because something is written or run
/// there.
fn request_of(cli: &Cli, path: &Path, flags: &Flags) -> Result<Request, Failure> {
    request_in(cli, home_of(path)?, &[path.to_path_buf()], flags)
}

/// A folder as it was named, or the project that a file belongs to.
fn home_of(path: &Path) -> Result<PathBuf, Failure> {
    let root = discover::root_of(path)?;
    Ok(if path.is_dir() { path.to_path_buf() } else { root })
}

fn request_in(cli: &Cli, root: PathBuf, paths: &[PathBuf], flags: &Flags) -> Result<Request, Failure> {
    let loaded = loaded(cli, &root)?;
    let mut request = Request::new(root, &loaded, flags)?;
    // A file that was named is read even where an ignore file leaves it out.
    request.paths = paths.iter().filter(|path| path.is_file()).cloned().collect();
    Ok(request)
}

/// The settings of the project in `root`, and what was typed about them.
fn loaded(cli: &Cli, root: &Path) -> Result<settings::Loaded, Failure> {
    let typed = settings::Typed { config: cli.config.clone(), isolated: cli.isolated, ..settings::Typed::default() };
    Ok(settings::load_as_told(root, &typed)?)
}

/// The project that all paths lie in: that of the first one, or what they have in common.
fn root(paths: &[PathBuf]) -> Result<PathBuf, Failure> {
    let mut paths = paths.iter();
    let first = paths.next().map_or_else(|| Path::new("."), PathBuf::as_path);
    let mut root = discover::root_of(first)?;
    for path in paths {
        discover::root_of(path)?;
        let real = path.canonicalize().unwrap_or_else(|_| path.clone());
        while !real.starts_with(root.canonicalize().unwrap_or_else(|_| root.clone())) {
            root = root.canonicalize().unwrap_or(root);
            if !root.pop() {
                break;
            }
        }
    }
    Ok(root)
}

/// The named paths relative to the root, with `/` between their parts; none where the root itself is
/// among them.
fn named(request: &Request, paths: &[PathBuf]) -> Result<Vec<String>, Failure> {
    let unreadable = |path: &Path, error| Failure::Usage(format!("`{}` cannot be read: {error}", path.display()));
    let root = request.root.canonicalize().map_err(|error| unreadable(&request.root, error))?;
    let mut names = Vec::new();
    for path in paths {
        let real = path.canonicalize().map_err(|error| unreadable(path, error))?;
        let inside = real.strip_prefix(&root).unwrap_or(&real);
        if inside.as_os_str().is_empty() {
            return Ok(Vec::new());
        }
        let parts: Vec<_> = inside.components().map(|part| part.as_os_str().to_string_lossy()).collect();
        names.push(parts.join("/"));
    }
    Ok(names)
}

/// Whether a path relative to the root is one of the named ones, or lies below one; every one does if none is named.
fn lies_in(named: &[String], path: &str) -> bool {
    let below = |name: &String| path.strip_prefix(name.as_str()).is_some_and(|rest| rest.starts_with('/'));
    named.is_empty() || named.iter().any(|name| path == name || below(name))
}

/// Whether any part of a launch lies in a file of these: the command, a setting, the application.
fn concerns(deployment: &Deployment, application: Option<&Application>, files: &dyn Fn(FileId) -> bool) -> bool {
    let settings = deployment.settings.iter().filter_map(|(_, setting)| setting.place()).map(|place| place.file);
    files(deployment.command.file)
        || deployment.configuration.as_ref().is_some_and(|configuration| files(configuration.file))
        || settings.into_iter().any(files)
        || application.is_some_and(|application| files(application.place.file))
}

fn flags(production: &Production) -> Flags {
    Flags {
        cpus: production.cpus,
        memory: production.memory,
        worker_memory: production.worker_memory,
        replicas: production.replicas,
        workload: production.workload,
        environment: production.environment.clone(),
        ..Flags::default()
    }
}
