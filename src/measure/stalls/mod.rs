//! A phase of its own that finds out which line holds the event loop.
//!
//! Decides how a server is watched: a module that Python imports at every start (`sitecustomize`)
//! gives each event loop a heartbeat, and a thread beside it looks what the loop is doing while the
//! heartbeat is late. Nothing is written into the project, and the module of that name that a
//! project has still runs. Watching costs time, so nothing is ranked by what is counted here.

mod confirm;
mod records;

pub use confirm::{Confirmed, confirm};
pub use records::{Held, Holds, Lag};

use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, SystemTime};

use super::drive::closed::Load;
use super::drive::once;
use super::outcome::Errors;
use super::plan::Plan;
use super::server::Server;
use super::{Error, Progress, driven, log};

const WATCHDOG: &str = include_str!("sitecustomize.py");
/// Time for every worker to have been asked once: what is imported late is not what is looked for.
const WARM_UP: Duration = Duration::from_secs(1);
/// How long the server is watched.
const LENGTH: Duration = Duration::from_secs(4);
/// More connections than this only make everything late.
const MOST_CONNECTIONS: usize = 8;
/// Time for the last heartbeat to be written down.
const AFTER: Duration = Duration::from_millis(200);

/// What was seen of a server's event loops.
#[derive(Debug, Clone, PartialEq)]
pub struct Stalls {
    /// The candidate.
    pub label: String,
    /// The classes of loops that ran; none where the server has none, or could not be watched.
    pub loops: Vec<String>,
    /// How long they were watched under load.
    pub length: Duration,
    /// Connections that were kept busy.
    pub connections: usize,
    /// Requests meanwhile.
    pub requests: u64,
    /// Failures among them.
    pub errors: Errors,
    /// The lines that held a loop, those that took most time together first.
    pub held: Vec<Held>,
    /// Every time a loop came late, in order.
    pub lags: Vec<Lag>,
    /// Heartbeats that came late although no line held the loop.
    pub late: usize,
    /// What went wrong inside of the watchdog.
    pub faults: Vec<String>,
}

/// Starts candidate number `candidate` with the watchdog, and loads it. Blocks until the server is gone.
pub fn stalls(plan: &Plan, candidate: usize, progress: &mut dyn FnMut(Progress<'_>)) -> Result<Stalls, Error> {
    plan.check_load()?;
    if !plan.folder.is_dir() {
        return Err(Error::Folder(plan.folder.clone()));
    }
    let system = |doing| move |error| Error::System { doing, error };
    let folder =
        tempfile::Builder::new().prefix("farrier-watch-").tempdir().map_err(system("making a temporary folder"))?;
    let watched = prepared(plan, folder.path()).map_err(system("writing the watchdog"))?;
    let found = driven(plan, watch(&watched, candidate, folder.path(), progress));
    progress(Progress::Stopping);
    found
}

/// The plan with the watchdog in the server's environment.
fn prepared(plan: &Plan, folder: &Path) -> std::io::Result<Plan> {
    let (code, records) = (folder.join("code"), folder.join("records"));
    std::fs::create_dir(&code)?;
    std::fs::create_dir(&records)?;
    std::fs::write(code.join("sitecustomize.py"), WATCHDOG)?;
    if rustix::process::geteuid().is_root() {
        // Workers may give up the rights that they are started with.
        use std::os::unix::fs::PermissionsExt as _;
        let open = |path: &Path, mode| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode));
        open(folder, 0o755)?;
        open(&records, 0o1777)?;
    }
    let mut watched = plan.clone();
    let own = plan.environment.iter().rev().find(|(name, _)| name == "PYTHONPATH").map(|(_, value)| value.clone());
    let own = own.or_else(|| std::env::var("PYTHONPATH").ok()).filter(|path| !path.is_empty());
    let code = code.to_string_lossy().into_owned();
    let path = own.map_or_else(|| code.clone(), |own| format!("{code}:{own}"));
    watched.environment.push(("PYTHONPATH".to_owned(), path));
    watched.environment.push(("FARRIER_WATCH".to_owned(), records.to_string_lossy().into_owned()));
    Ok(watched)
}

async fn watch(
    plan: &Plan,
    candidate: usize,
    folder: &Path,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<Stalls, Error> {
    let Some(described) = plan.candidates.get(candidate) else {
        return Err(Error::Plan("no such configuration".to_owned()));
    };
    let label = described.label.as_str();
    progress(Progress::Watching { label });
    let mut server = Server::start(plan, described, &mut Vec::new()).await?;
    let target = Rc::clone(&server.target);
    for (index, request) in plan.requests.iter().enumerate() {
        let status = once(&target, index).await.unwrap_or(0);
        if plan.requests.len() == 1 && !(1..400).contains(&status) {
            return Err(Error::Target { path: request.name(), status });
        }
    }
    let connections = plan.connections.min(MOST_CONNECTIONS);
    let load = Load::start(&target, connections);
    load.settle(WARM_UP).await;
    let since = SystemTime::now();
    let length = load.window(LENGTH).await;
    let tally = load.finish().await;
    tokio::time::sleep(AFTER).await;
    if let Some(ended) = server.gone() {
        let log = server.log();
        let reason = log::reason(&log).unwrap_or("it wrote nothing").to_owned();
        return Err(Error::Start { label: label.to_owned(), ended, reason, log });
    }
    server.stop();
    let told = records::read(&folder.join("records"), since)
        .map_err(|error| Error::System { doing: "reading what the watchdog wrote", error })?;
    Ok(Stalls {
        label: label.to_owned(),
        loops: told.loops,
        length,
        connections,
        requests: tally.requests,
        errors: tally.errors,
        held: told.held,
        lags: told.lags,
        late: told.late,
        faults: told.faults,
    })
}
