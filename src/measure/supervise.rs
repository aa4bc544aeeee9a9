//! The process between farrier and a server, which outlives farrier by exactly as long as it
//! takes to end the server.
//!
//! Decides when the server must end (standard input closes: farrier wants it, or is dead, for
//! whatever reason) and ends it with everything it started. Three levers, because each alone has
//! a hole: a session of its own bounds what belongs to the server; being the reaper of orphans
//! catches what left that session; and the server's first process is told by the kernel when
//! this one dies, should someone kill every process called `farrier`.
//!
//! Says on standard output, one line each: `started PID`, `failed REASON`, `exited HOW`.

use std::ffi::OsString;
use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, WaitOptions, WaitStatus, kill_process, setsid, wait};

use super::processes;

/// How often children are collected while waiting for the input to close.
const PULSE: Duration = Duration::from_millis(50);
/// How long a server may take to end in good order.
pub(super) const GRACE: Duration = Duration::from_secs(3);
/// How long killed processes may take to disappear.
pub(super) const KILLED: Duration = Duration::from_secs(2);
/// Marks the second stage, in which the process becomes the server.
const BECOME: &str = "--become";

/// Body of the hidden sub-command [`super::SUPERVISE`]: starts the server named by the arguments
/// (a leading `--` is skipped), and ends it with all its descendants when standard input closes,
/// which the system does when farrier dies, however it dies. Returns the exit code.
pub fn supervise(arguments: &[OsString]) -> u8 {
    match arguments {
        [first, command @ ..] if first == BECOME => become_server(command),
        [first, command @ ..] if first == "--" => watch(command),
        command => watch(command),
    }
}

/// Replaces this process by the server, after asking the kernel for SIGTERM at the parent's
/// death: Gunicorn's master then ends its workers, which a SIGKILL would leave behind.
fn become_server(command: &[OsString]) -> u8 {
    let [parent, program, arguments @ ..] = command else {
        return 2;
    };
    #[cfg(target_os = "linux")]
    {
        let _ = rustix::process::set_parent_process_death_signal(Some(Signal::TERM));
        // The parent may have died before the request was made.
        let now = rustix::process::getppid().map_or(0, |pid| pid.as_raw_nonzero().get());
        if parent.to_str().and_then(|text| text.parse().ok()) != Some(now) {
            return 1;
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = parent;
    let error = Command::new(program).args(arguments).exec();
    // Only reached when the program cannot be executed; standard error is the server's log.
    let _ = writeln!(std::io::stderr(), "{CANNOT_RUN}{}: {error}", program.to_string_lossy());
    127
}

/// Begins the line of the log that says why a program could not be executed.
pub(super) const CANNOT_RUN: &str = "farrier: cannot run ";

fn watch(command: &[OsString]) -> u8 {
    // Without a session of its own it would take the user's processes for the server's.
    if let Err(error) = setsid() {
        return fail(&format!("no session: {error}"));
    }
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
    let own = std::process::id();
    let server = match start(command, own) {
        Ok(server) => server,
        Err(error) => return fail(&error.to_string()),
    };
    say(&format!("started {}", server.as_raw_nonzero()));
    let root = i32::try_from(own).unwrap_or(i32::MAX);
    let mut running = true;
    while !input_closed() {
        collect(server, &mut running);
        if !running && processes::below(root).is_empty() {
            return 0;
        }
    }
    end(root, running.then_some(server));
    0
}

/// Starts this program once more, to become the server.
fn start(command: &[OsString], own: u32) -> std::io::Result<Pid> {
    let program = std::env::current_exe()?;
    // Whatever led here (`__supervise`) leads there too.
    let mut line: Vec<OsString> = std::env::args_os().skip(1).collect();
    line.truncate(line.len().saturating_sub(command.len()));
    if line.last().is_some_and(|argument| argument == "--") {
        line.pop();
    }
    let child = Command::new(program)
        .args(line)
        .args([OsString::from(BECOME), OsString::from(own.to_string())])
        .args(command)
        .stdin(Stdio::null())
        // Standard output is the line to farrier; the server gets the log for both.
        .stdout(std::io::stderr())
        .process_group(0)
        .spawn()?;
    i32::try_from(child.id()).ok().and_then(Pid::from_raw).ok_or_else(|| std::io::Error::other("no process id"))
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

fn signal(pid: i32, signal: Signal) {
    // 0 and negative numbers address groups, and 1 is nobody's server.
    if let Some(pid) = Pid::from_raw(pid).filter(|_| pid > 1) {
        let _ = kill_process(pid, signal);
    }
}

fn say(line: &str) {
    // Nobody listens when farrier is dead, and then the closed input says so too.
    let mut output = std::io::stdout();
    let _ = writeln!(output, "{line}").and_then(|()| output.flush());
}

fn fail(reason: &str) -> u8 {
    say(&format!("failed {reason}"));
    1
}
