//! Starts the real server in several configurations, loads them in turn, and says honestly which
//! one is better.
//!
//! The only room that runs anything of the user's project. Decides how a comparison is made so
//! that it can be believed: the servers live side by side and are visited in alternating order,
//! every visit draws its connections anew (which worker accepts how many of them is the largest
//! source of noise), rounds are compared pairwise, and a configuration that fails requests cannot
//! win. It does not know where a deployment is described or which settings would be right.
//!
//! Unix only: processes are bounded by sessions and signals.

mod address;
mod alone;
#[cfg(target_os = "linux")]
mod awake;
mod best;
mod compare;
mod confine;
mod drive;
mod entry;
mod gunicorn;
mod halving;
mod http;
mod launch;
mod limits;
mod log;
mod null;
mod outcome;
mod plan;
mod processes;
mod race;
mod requests;
mod sample;
mod search;
mod server;
mod stalls;
mod summary;
mod supervise;
mod survey;
mod verdict;

pub use alone::{Alone, Route, alone};
pub use best::{Choice, best, choice};
pub use launch::{can_measure, command, decided, takes_socket};
pub use limits::{Bounds, Kept, Limits, Means};
pub use null::Calibration;
pub use outcome::{
    Asked, Counted, Errors, Interval, Latency, Measured, Memory, Outcome, Scheduled, Search, Standing, Warning, Window,
};
pub use plan::{Candidate, Launcher, MOST_CONNECTIONS, Plan};
pub use requests::{Described, Logged, MOST_REQUESTS, Method, Request, access_log, merged, openapi, shares};
pub use sample::available as free_memory;
pub use stalls::{Confirmed, Held, Holds, Lag, Stalls, confirm, stalls};
pub use supervise::supervise;
pub use survey::survey;
pub use verdict::{Comparison, Doubt, MOST_CLIENT, MOST_FAILURES, MOST_FOREIGN, TIE, Verdict};

use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// The hidden sub-command of the program that must call [`supervise`].
pub const SUPERVISE: &str = "__supervise";

/// Why a run could not be made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The plan asks for something that is not done; whoever wrote it must change it.
    #[error("{0}")]
    Plan(String),
    /// The server's command could not be executed.
    #[error("cannot run `{program}`: {reason}")]
    Program {
        /// What should have been run.
        program: String,
        /// What the system said.
        reason: String,
    },
    /// The server ended before it answered.
    #[error("the server of `{label}` ended before it answered ({ended}): {reason}")]
    Start {
        /// The candidate.
        label: String,
        /// Exit status in words.
        ended: String,
        /// The line of the log that says why, as far as one does.
        reason: String,
        /// Last lines of the log.
        log: Vec<String>,
    },
    /// The server did not answer in time.
    #[error("the server of `{label}` did not answer within {} s", within.as_secs_f64())]
    NotReady {
        /// The candidate.
        label: String,
        /// The limit.
        within: Duration,
        /// Last lines of the log.
        log: Vec<String>,
    },
    /// No candidate answers a path successfully, so there is nothing to compare.
    #[error("`{path}` is answered with status {status}")]
    Target {
        /// The path.
        path: String,
        /// The status of the first candidate.
        status: u16,
    },
    /// A signal arrived before anything was measured.
    #[error("interrupted")]
    Interrupted,
    /// The system refused something that is needed (a pipe, a socket, a temporary folder).
    #[error("{doing}: {error}")]
    System {
        /// What was being done.
        doing: &'static str,
        /// What the system said.
        error: io::Error,
    },
    /// A folder that should be the working directory of the server does not exist.
    #[error("{} is not a folder", .0.display())]
    Folder(PathBuf),
}

/// What is happening, for a progress display.
#[derive(Debug, Clone, PartialEq)]
pub enum Progress<'a> {
    /// A server is being started.
    Starting {
        /// The candidate.
        label: &'a str,
    },
    /// It gave its first answer.
    Ready {
        /// The candidate.
        label: &'a str,
        /// Time since its start.
        after: Duration,
    },
    /// A window was measured.
    Measured {
        /// The candidate.
        label: &'a str,
        /// The window's raw numbers.
        window: &'a Window,
        /// Share of the budget used so far, 0 to 1.
        done: f64,
    },
    /// The best configurations of a search are being compared.
    Finalists {
        /// How many there are.
        count: usize,
    },
    /// A server is being started to see which requests it answers.
    Surveying {
        /// The candidate.
        label: &'a str,
        /// How many there are.
        requests: usize,
    },
    /// A server is being started to be asked on one connection.
    Alone {
        /// The candidate.
        label: &'a str,
    },
    /// A server is being started to watch its event loops.
    Watching {
        /// The candidate.
        label: &'a str,
    },
    /// The servers are being stopped.
    Stopping,
}

/// Carries out a plan. Blocks until every server it started is gone, whatever happens; SIGINT,
/// SIGTERM and SIGHUP end the run early, and stay caught for the rest of the process.
pub fn run(plan: &Plan, progress: &mut dyn FnMut(Progress<'_>)) -> Result<Outcome, Error> {
    plan.check()?;
    if !plan.folder.is_dir() {
        return Err(Error::Folder(plan.folder.clone()));
    }
    let mut race = race::Race::new(plan);
    // Connections are closed before the servers are asked to end, so that none waits for them.
    let result = driven(plan, race.run(progress));
    progress(Progress::Stopping);
    race.stop();
    match result {
        Ok(()) => Ok(summary::outcome(&mut race, false)),
        Err(Error::Interrupted) if !race.windows.is_empty() => Ok(summary::outcome(&mut race, true)),
        Err(error) => Err(error),
    }
}

/// Does `work` on this thread, until it is done or somebody wants the program to end. Its connections are closed then.
/// Where servers are pinned to cores it runs on the others.
fn driven<T>(plan: &Plan, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let system = |error| Error::System { doing: "starting the load generator", error };
    let _apart = plan.bounds.apart();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(system)?;
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, async {
        let interrupted = interrupted()?;
        tokio::select! {
            biased;
            () = interrupted => Err(Error::Interrupted),
            result = work => result,
        }
    })
}

/// Resolves when the user or the system wants the program to end.
fn interrupted() -> Result<impl Future<Output = ()>, Error> {
    use tokio::signal::unix::{SignalKind, signal};
    let listen = |kind| signal(kind).map_err(|error| Error::System { doing: "listening for signals", error });
    let mut interrupt = listen(SignalKind::interrupt())?;
    let mut terminate = listen(SignalKind::terminate())?;
    let mut hang_up = listen(SignalKind::hangup())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hang_up.recv() => {}
        }
    })
}
