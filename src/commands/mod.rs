//! The verbs: what was typed becomes what is meant, the library answers, a renderer prints.

mod advise;
mod check;
mod explain;
mod failure;
mod host;
mod measure;
mod rewrite;
mod show;

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use farrier::report::Look;
use farrier::request::{Flags, Request};
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
        Verb::Explain(explain) => explain::explain(explain),
        Verb::Rules(rules) => explain::list(rules),
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

/// The request that a path and flags make, with the settings of the project it lies in.
fn request(cli: &Cli, paths: &[PathBuf], flags: &Flags) -> Result<Request, Failure> {
    let root = root(paths)?;
    let loaded = if cli.isolated { settings::Loaded::default() } else { settings::load(&root)? };
    let mut request = Request::new(root, &loaded, flags)?;
    // The root itself needs no naming: then files that nobody named are left to the ignore files.
    request.paths = paths.iter().filter(|path| !is_same(path, &request.root)).cloned().collect();
    Ok(request)
}

/// The project that all paths lie in.
fn root(paths: &[PathBuf]) -> Result<PathBuf, Failure> {
    let first = paths.first().map_or_else(|| Path::new("."), PathBuf::as_path);
    Ok(discover::root_of(first)?)
}

fn is_same(a: &Path, b: &Path) -> bool {
    match (a.canonicalize(), b.canonicalize()) {
        (Ok(a), Ok(b)) => a == b,
        _ => false,
    }
}

fn flags(production: &Production) -> Flags {
    Flags {
        cpus: production.cpus,
        memory: production.memory,
        worker_memory: production.worker_memory,
        workload: production.workload,
        ..Flags::default()
    }
}
