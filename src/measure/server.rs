//! One server from its start to the certainty that nothing of it is left.
//!
//! Decides when a server is ready (its own socket gives an HTTP answer, and every worker takes requests) and when it
//! has failed. Knows nothing of load.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::rc::Rc;
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::time::sleep;

use super::address::Address;
use super::confine::Confinement;
use super::drive::{self, Target};
use super::plan::{Candidate, Plan};
use super::supervise::{self, CANNOT_RUN, GRACE, KILLED, KILLED_FOR_MEMORY};
use super::{Error, gunicorn, launch, log, processes};
#[cfg(target_os = "linux")]
use super::{awake, sample};

/// Time between two looks at a server that is starting.
const PULSE: Duration = Duration::from_millis(25);
/// Starts before giving up on ports that others take first.
const STARTS: u32 = 3;
/// Longest wait for the workers behind the one that gave the first answer.
const LONGEST_WAKE: Duration = Duration::from_secs(15);
/// Time between two looks at them.
const WAKE_PULSE: Duration = Duration::from_millis(50);
/// The system keeps no longer path of a socket (`sun_path` has 108 bytes, and 104 on macOS).
const LONGEST_PATH: usize = 100;

/// A running server. Dropping it ends it.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) command: Vec<String>,
    pub(super) target: Rc<Target>,
    /// From the start to the first answer.
    pub(super) ready_after: Duration,
    /// How many workers took requests when the wait for them was given up, and how many there were; `None` where all
    /// did, or where nobody can tell.
    pub(super) asleep: Option<(usize, usize)>,
    address: Address,
    supervisor: Child,
    /// Open as long as the server should run.
    leash: Option<ChildStdin>,
    said: Receiver<String>,
    /// How the process that was started ended.
    ended: Option<String>,
    /// How many of its processes the kernel killed because they may have no more memory.
    killed: u64,
    confinement: Confinement,
    /// Pid file, log, and whatever the server thinks is its runtime folder.
    folder: TempDir,
}

/// Why a started server is of no use.
enum Unready {
    /// Somebody else listens on its port.
    PortTaken,
    Failed(Error),
}

impl Server {
    /// Starts the candidate on a free loopback port and waits for its first answer. `taken` are
    /// the ports handed out before.
    pub(super) async fn start(plan: &Plan, candidate: &Candidate, taken: &mut Vec<u16>) -> Result<Self, Error> {
        let mut starts = 0;
        loop {
            starts += 1;
            let mut server = Self::spawn(plan, candidate, free_port(taken)?)?;
            match server.ready(plan, candidate).await {
                Ok(after) => {
                    server.ready_after = after;
                    server.asleep = server.wake(plan.ready_within.saturating_sub(after)).await;
                    return Ok(server);
                }
                Err(Unready::PortTaken) if starts < STARTS => {}
                Err(Unready::PortTaken) => {
                    return Err(Error::System {
                        doing: "finding a free port",
                        error: std::io::Error::from(std::io::ErrorKind::AddrInUse),
                    });
                }
                Err(Unready::Failed(error)) => return Err(error),
            }
        }
    }

    fn spawn(plan: &Plan, candidate: &Candidate, port: u16) -> Result<Self, Error> {
        let system = |doing| move |error| Error::System { doing, error };
        let folder =
            tempfile::Builder::new().prefix("farrier-").tempdir().map_err(system("making a temporary folder"))?;
        let log = File::create(folder.path().join("log")).map_err(system("making a log file"))?;
        let socket = folder.path().join("socket");
        let address = if plan.socket && socket.as_os_str().len() <= LONGEST_PATH {
            Address::Socket(socket)
        } else {
            Address::Port(port)
        };
        let (server, program) = plan.launcher(candidate);
        let arguments = launch::arguments(server, &candidate.arguments, &address, folder.path());
        let command =
            program.iter().map(|word| word.to_string_lossy().into_owned()).chain(arguments.iter().cloned()).collect();

        let mut words = plan.supervisor.iter();
        let mut supervisor = Command::new(words.next().map(std::ffi::OsString::as_os_str).unwrap_or_default());
        supervisor.args(words).args(plan.bounds.confinement.words()).arg("--").args(program).args(&arguments);
        supervisor.current_dir(&plan.folder);
        supervisor.envs(plan.environment.iter().map(|(name, value)| (name, value)));
        for name in launch::without(server) {
            supervisor.env_remove(name);
        }
        for name in gunicorn::PRIVATE {
            supervisor.env(name, folder.path());
        }
        supervisor.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log);
        let mut supervisor = supervisor.spawn().map_err(system("starting the supervisor"))?;

        let (says, said) = channel();
        let output = supervisor.stdout.take();
        std::thread::spawn(move || {
            // Ends with the supervisor, whose end closes the pipe.
            for line in output.into_iter().flat_map(|output| BufReader::new(output).lines()).map_while(Result::ok) {
                if says.send(line).is_err() {
                    break;
                }
            }
        });
        Ok(Self {
            command,
            target: Rc::new(Target::new(plan, &address)),
            ready_after: Duration::ZERO,
            asleep: None,
            address,
            leash: supervisor.stdin.take(),
            supervisor,
            said,
            ended: None,
            killed: 0,
            confinement: plan.bounds.confinement.clone(),
            folder,
        })
    }

    async fn ready(&mut self, plan: &Plan, candidate: &Candidate) -> Result<Duration, Unready> {
        let start = Instant::now();
        loop {
            if let Some(ended) = self.gone() {
                return Err(if log::address_in_use(&self.log()) {
                    Unready::PortTaken
                } else {
                    Unready::Failed(self.failure(plan, candidate, ended))
                });
            }
            let left = plan.ready_within.saturating_sub(start.elapsed());
            if left.is_zero() {
                let (label, within, log) = (candidate.label.clone(), plan.ready_within, self.log());
                return Err(Unready::Failed(Error::NotReady { label, within, log }));
            }
            // Gunicorn keeps trying for seconds before it gives up on an address.
            if log::address_in_use(&self.log()) {
                return Err(Unready::PortTaken);
            }
            // Any complete answer will do: whether it is a good one is looked at later.
            if let Ok(Ok(_)) = tokio::time::timeout(left, drive::once(&self.target, 0)).await {
                if self.listens() != Some(false) {
                    return Ok(start.elapsed());
                }
                // Somebody else answered, or the server died just now, which the next look tells.
                sleep(PULSE).await;
                if self.gone().is_none() {
                    return Err(Unready::PortTaken);
                }
            }
            sleep(PULSE).await;
        }
    }

    fn failure(&self, plan: &Plan, candidate: &Candidate, ended: String) -> Error {
        let log = self.log();
        if let Some(reason) = log.iter().find_map(|line| line.strip_prefix(CANNOT_RUN)) {
            let program =
                plan.launcher(candidate).1.first().map_or_else(String::new, |word| word.to_string_lossy().into_owned());
            return Error::Program {
                reason: reason.strip_prefix(&format!("{program}: ")).unwrap_or(reason).to_owned(),
                program,
            };
        }
        let mut reason = log::reason(&log).unwrap_or("it wrote nothing").to_owned();
        if self.killed > 0 {
            reason = format!("the kernel killed {} of its processes for their memory; {reason}", self.killed);
        }
        Error::Start { label: candidate.label.clone(), ended, reason, log }
    }

    /// How the server ended, when it did. A server that detached goes on although the process
    /// that was started is gone.
    pub(super) fn gone(&mut self) -> Option<String> {
        loop {
            match self.said.try_recv() {
                Ok(line) => {
                    let killed = line.strip_prefix(KILLED_FOR_MEMORY).and_then(|count| count.parse().ok());
                    self.killed = killed.unwrap_or(self.killed);
                    let ended = line.strip_prefix("exited ").or_else(|| line.strip_prefix("failed "));
                    self.ended = ended.map(str::to_owned).or(self.ended.take());
                }
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => {
                    return Some(self.ended.clone().unwrap_or_else(|| "its supervisor ended".to_owned()));
                }
            }
        }
        self.ended.clone().filter(|ended| ended != "exit code 0" || processes::below(self.root()).is_empty())
    }

    /// How many of its processes the kernel killed so far because they may have no more memory.
    pub(super) fn killed(&mut self) -> u64 {
        let _ = self.gone();
        self.killed
    }

    /// The last lines of what it wrote.
    pub(super) fn log(&self) -> Vec<String> {
        log::tail(&self.log_path())
    }

    fn log_path(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    /// The requests of `plan` for it.
    pub(super) fn target_of(&self, plan: &Plan) -> Target {
        Target::new(plan, &self.address)
    }

    /// The open connections of each of these processes, for servers that keep them.
    pub(super) fn connections_of(&self, workers: &[i32]) -> Vec<u32> {
        let Some(sockets) = self.address.sockets() else { return Vec::new() };
        workers.iter().map(|pid| held(*pid, &sockets.open).unwrap_or(0)).collect()
    }

    /// The supervisor, whose session and descendants the server is.
    pub(super) fn root(&self) -> i32 {
        i32::try_from(self.supervisor.id()).unwrap_or(i32::MAX)
    }

    /// The process whose children are the workers, for servers that write down which one it is.
    pub(super) fn master(&self) -> Option<i32> {
        std::fs::read_to_string(self.folder.path().join("pid")).ok()?.trim().parse().ok()
    }

    /// Whether it is this server that listens at its address; `None` where that cannot be seen.
    fn listens(&self) -> Option<bool> {
        let listening = self.address.sockets()?.listening;
        let mut all_seen = true;
        for process in processes::below(self.root()) {
            match held(process.pid, &listening) {
                Some(0) => {}
                Some(_) => return Some(true),
                None => all_seen = false,
            }
        }
        (all_seen && !listening.is_empty()).then_some(false)
    }

    /// Waits until every worker takes requests, for so long at most; tells how many did not.
    #[cfg(target_os = "linux")]
    async fn wake(&mut self, left: Duration) -> Option<(usize, usize)> {
        let begun = Instant::now();
        let mut watch = awake::Watch::new(begun);
        loop {
            let pids = sample::workers(&processes::below(self.root()), self.master());
            let listening = self.address.sockets().unwrap_or_default().listening;
            let workers = awake::workers(&pids, &listening);
            let (ready, all) = watch.look(Instant::now(), &workers);
            // What ended meanwhile is told by whoever asks it for something.
            if all || self.gone().is_some() {
                return None;
            }
            if begun.elapsed() >= left.min(LONGEST_WAKE) {
                return (ready < workers.len()).then_some((ready, workers.len()));
            }
            sleep(WAKE_PULSE).await;
        }
    }

    #[cfg(not(target_os = "linux"))]
    async fn wake(&mut self, _: Duration) -> Option<(usize, usize)> {
        None
    }

    /// Asks the server to end, without waiting for it.
    pub(super) fn release(&mut self) {
        self.leash = None;
    }

    /// Ends the server and returns the processes that could not be ended.
    pub(super) fn stop(mut self) -> Vec<i32> {
        self.end()
    }

    fn end(&mut self) -> Vec<i32> {
        self.release();
        let until = Instant::now() + GRACE + KILLED + Duration::from_secs(1);
        while matches!(self.supervisor.try_wait(), Ok(None)) {
            if Instant::now() >= until {
                let _ = self.supervisor.kill();
                let _ = self.supervisor.wait();
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        // Normally nothing is left; a supervisor that was killed leaves all of it.
        let left = supervise::kill(self.root());
        self.confinement.sweep(self.supervisor.id());
        left
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}

/// How many of these sockets the process holds; `None` where that cannot be seen.
#[cfg(target_os = "linux")]
fn held(pid: i32, sockets: &[u64]) -> Option<u32> {
    use procfs::process::{FDTarget, Process};
    let files = Process::new(pid).and_then(|process| process.fd()).ok()?;
    let own = |target: &FDTarget| matches!(target, FDTarget::Socket(inode) if sockets.contains(inode));
    u32::try_from(files.flatten().filter(|file| own(&file.target)).count()).ok()
}

#[cfg(not(target_os = "linux"))]
fn held(_: i32, _: &[u64]) -> Option<u32> {
    None
}

/// A loopback port nobody listens on, other than those handed out before.
fn free_port(taken: &mut Vec<u16>) -> Result<u16, Error> {
    let system = |error| Error::System { doing: "finding a free port", error };
    // All probes are held until the choice is made, so that each finds another port.
    let mut probes = Vec::new();
    loop {
        let probe = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(system)?;
        let port = probe.local_addr().map_err(system)?.port();
        if !taken.contains(&port) {
            taken.push(port);
            return Ok(port);
        }
        probes.push(probe);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_free_and_different() {
        let mut taken = Vec::new();
        for _ in 0..20 {
            let port = free_port(&mut taken).unwrap();
            assert!(TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok());
        }
        let mut distinct = taken.clone();
        distinct.sort_unstable();
        distinct.dedup();
        assert_eq!(distinct.len(), taken.len());
    }
}
