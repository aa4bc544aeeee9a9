//! The process between farrier and a server, which outlives farrier by exactly as long as it
//! takes to end the server.
//!
//! Decides when the server must end (standard input closes: farrier wants it, or is dead, for
//! whatever reason) and ends it with everything it started. Three levers, because each alone has
//! a hole: a session of its own bounds what belongs to the server; being the reaper of orphans
//! catches what left that session; and the server's first process is told by the kernel when
//! this one dies, should someone kill every process called `farrier`.
//!
//! Says on standard output, one line each: `started PID`, `killed COUNT` of those that the kernel killed for their memory,
//! `failed REASON`, `exited HOW`.

use std::ffi::OsString;
use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, WaitOptions, WaitStatus, kill_process, setsid, wait};

use super::confine::{self, Confinement};
use super::{limits, processes};
use crate::host::Host;

/// How often children are collected while waiting for the input to close.
const PULSE: Duration = Duration::from_millis(50);
/// How long a server may take to end in good order.
pub(super) const GRACE: Duration = Duration::from_secs(3);
/// How long killed processes may take to disappear.
pub(super) const KILLED: Duration = Duration::from_secs(2);
/// Begins the line that says how many processes the kernel killed because the server may have no more memory.
pub(super) const KILLED_FOR_MEMORY: &str = "killed ";
/// Marks the second stage, in which the process becomes the server.
const BECOME: &str = "--become";
/// Asks for the limits that hold inside.
pub(super) const TELL: &str = "--tell";

/// Body of the hidden sub-command [`super::SUPERVISE`]: starts the server named by the arguments
/// (a leading `--` is skipped) within the limits that stand in front of it, and ends it with all its descendants when
/// standard input closes, which the system does when farrier dies, however it dies. Returns the exit code.
pub fn supervise(arguments: &[OsString]) -> u8 {
    match arguments {
        [first, parent, rest @ ..] if first == BECOME => become_server(parent, rest),
        [only] if only == TELL => limits::tell(),
        all => watch(all),
    }
}

/// Replaces this process by the server, after asking the kernel for SIGTERM at the parent's
/// death: Gunicorn's master then ends its workers, which a SIGKILL would leave behind.
fn become_server(parent: &OsString, arguments: &[OsString]) -> u8 {
    let (confinement, command) = Confinement::parse(arguments);
    let (Some(parent), [program, arguments @ ..]) = (parent.to_str().and_then(|text| text.parse().ok()), command)
    else {
        return 2;
    };
    #[cfg(target_os = "linux")]
    {
        let _ = rustix::process::set_parent_process_death_signal(Some(Signal::TERM));
        // The parent may have died before the request was made.
        let now: Option<i32> = rustix::process::getppid().map(|pid| pid.as_raw_nonzero().get());
        if now.and_then(|pid| u32::try_from(pid).ok()) != Some(parent) {
            return 1;
        }
    }
    let limited = confinement.enter(parent);
    let error = match limited {
        Ok(()) => Command::new(program).args(arguments).exec(),
        // Outside of its limits it would be another server.
        Err(error) => error,
    };
    // Only reached when the program cannot be executed; standard error is the server's log.
    let _ = writeln!(std::io::stderr(), "{CANNOT_RUN}{}: {error}", program.to_string_lossy());
    127
}

/// Begins the line of the log that says why a program could not be executed.
pub(super) const CANNOT_RUN: &str = "farrier: cannot run ";

fn watch(arguments: &[OsString]) -> u8 {
    let (confinement, command) = Confinement::parse(arguments);
    // Without a session of its own it would take the user's processes for the server's.
    if let Err(error) = setsid() {
        return fail(&format!("no session: {error}"));
    }
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
    let own = std::process::id();
    // Gone with the last of the server, whichever way this function is left.
    let _groups = match confinement.make(own) {
        Ok(made) => made,
        Err(error) => return fail(&format!("no control group: {error}")),
    };
    let server = match start(&confinement, command, arguments.len(), own) {
        Ok(server) => server,
        Err(error) => return fail(&error.to_string()),
    };
    say(&format!("started {}", server.as_raw_nonzero()));
    let root = i32::try_from(own).unwrap_or(i32::MAX);
    let mut running = true;
    let mut killed = Killed::new(&confinement, server);
    while !input_closed() {
        killed.look();
        collect(server, &mut running);
        if !running && processes::below(root).is_empty() {
            return 0;
        }
    }
    end(root, running.then_some(server));
    0
}

/// Starts this program once more, to become the server. `given` counts the words behind the sub-command.
fn start(confinement: &Confinement, command: &[OsString], given: usize, own: u32) -> std::io::Result<Pid> {
    // Whatever led here (`__supervise`) leads there too.
    let mut line: Vec<OsString> = vec![std::env::current_exe()?.into_os_string()];
    line.extend(std::env::args_os().skip(1));
    line.truncate(line.len().saturating_sub(given));
    line.extend([OsString::from(BECOME), OsString::from(own.to_string())]);
    line.extend(Confinement { wrapper: Vec::new(), ..confinement.clone() }.words());
    line.push("--".into());
    let mut words = confinement.wrapper.iter().map(OsString::from).chain(line);
    let child = Command::new(words.next().unwrap_or_default())
        .args(words)
        .args(command)
        .stdin(Stdio::null())
        // Standard output is the line to farrier; the server gets the log for both.
        .stdout(std::io::stderr())
        .process_group(0)
        .spawn()?;
    i32::try_from(child.id()).ok().and_then(Pid::from_raw).ok_or_else(|| std::io::Error::other("no process id"))
}

/// How often the kernel killed a process of the server for its memory, as far as that is looked at.
struct Killed {
    server: Pid,
    folder: Option<PathBuf>,
    own: Option<PathBuf>,
    said: u64,
}

impl Killed {
    fn new(confinement: &Confinement, server: Pid) -> Self {
        let limited = !confinement.groups.is_empty() || !confinement.wrapper.is_empty();
        let own = memory_group(None).filter(|_| limited);
        let group = confinement.groups.iter().find(|limit| limit.file.starts_with("memory."));
        let folder = group.map(|limit| limit.folder(std::process::id()));
        Self { server, folder, own, said: 0 }
    }

    /// Says how often, when it has become more often.
    fn look(&mut self) {
        // It is a moment before the server is in its scope; in the group of farrier others are killed as well.
        let Some(own) = &self.own else { return };
        if self.folder.is_none() {
            self.folder = memory_group(Some(self.server.as_raw_nonzero().get())).filter(|folder| folder != own);
        }
        let now = self.folder.as_deref().map_or(0, confine::killed);
        if now > self.said {
            self.said = now;
            say(&format!("{KILLED_FOR_MEMORY}{now}"));
        }
    }
}

fn memory_group(process: Option<i32>) -> Option<PathBuf> {
    Host::group(Path::new("/"), process, "memory").map(|(folder, _)| PathBuf::from(folder))
}

/// Waits one pulse for standard input to close; bytes on it mean nothing and are thrown away.
fn input_closed() -> bool {
    let stdin = std::io::stdin();
    let mut input = [PollFd::new(&stdin, PollFlags::IN)];
    let pulse = Timespec { tv_sec: 0, tv_nsec: i64::from(PULSE.subsec_nanos()) };
    match poll(&mut input, Some(&pulse)) {
        Ok(0) | Err(_) => false,
        Ok(_) => !matches!(rustix::io::read(&stdin, &mut [0_u8; 64]), Ok(1..) | Err(rustix::io::Errno::INTR)),
    }
}

/// Collects ended children, and says how the server ended when it is among them.
fn collect(server: Pid, running: &mut bool) {
    while let Ok(Some((pid, status))) = wait(WaitOptions::NOHANG) {
        if pid == server {
            *running = false;
            say(&format!("exited {}", how(status)));
        }
    }
}

fn how(status: WaitStatus) -> String {
    match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => "unknown".to_owned(),
    }
}

/// Ends the server in good order if it can, by force if it must.
fn end(root: i32, server: Option<Pid>) {
    match server {
        Some(server) => drop(kill_process(server, Signal::TERM)),
        // A server that detached is not the child that was started; it has to be asked itself.
        None => processes::below(root).iter().for_each(|process| signal(process.pid, Signal::TERM)),
    }
    let until = Instant::now() + GRACE;
    loop {
        while let Ok(Some(_)) = wait(WaitOptions::NOHANG) {}
        if processes::below(root).is_empty() {
            return;
        }
        if Instant::now() >= until {
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    kill(root);
}

/// Kills what belongs to the supervisor `root` until nothing is left or the time is over;
/// returns what is left.
pub(super) fn kill(root: i32) -> Vec<i32> {
    let until = Instant::now() + KILLED;
    loop {
        let left = processes::below(root);
        if left.is_empty() || Instant::now() >= until {
            return left.into_iter().map(|process| process.pid).collect();
        }
        for process in left {
            signal(process.pid, Signal::KILL);
        }
        std::thread::sleep(Duration::from_millis(20));
        // Only in the supervisor are they children that must be collected.
        if root == i32::try_from(std::process::id()).unwrap_or(0) {
            while let Ok(Some(_)) = wait(WaitOptions::NOHANG) {}
        }
    }
}

pub(super) fn signal(pid: i32, signal: Signal) {
    // 0 and negative numbers address groups, and 1 is nobody's server.
    if let Some(pid) = Pid::from_raw(pid).filter(|_| pid > 1) {
        let _ = kill_process(pid, signal);
    }
}

pub(super) fn say(line: &str) {
    // Nobody listens when farrier is dead, and then the closed input says so too.
    let mut output = std::io::stdout();
    let _ = writeln!(output, "{line}").and_then(|()| output.flush());
}

fn fail(reason: &str) -> u8 {
    say(&format!("failed {reason}"));
    1
}
