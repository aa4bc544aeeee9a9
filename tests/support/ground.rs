//! A folder and a port of their own for the servers of one test, and everything that runs there.
#![allow(clippy::unwrap_used, reason = "a test fails where it cannot go on")]

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// A variable that every process of one test inherits, by which it is found again.
const MARK: &str = "FARRIER_TEST_GROUND";

/// Where the servers of one test run; with it goes all that is left of them.
pub(crate) struct Ground {
    /// Where they start.
    pub(crate) folder: TempDir,
    /// A port that nobody else listens on.
    pub(crate) port: u16,
}

impl Ground {
    pub(crate) fn new() -> Self {
        let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
        Self { folder: tempfile::tempdir().unwrap(), port }
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.folder.path().join(name), text).unwrap();
    }

    /// Makes a command run here, and write what it says to the log.
    pub(crate) fn prepare<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        let log = fs::File::options().create(true).append(true).open(self.folder.path().join("log")).unwrap();
        command
            .current_dir(self.folder.path())
            .env(MARK, self.mark())
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
    }

    /// What all of them have said.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// Every process that was started here and still runs.
    pub(crate) fn left(&self) -> Vec<i32> {
        let wanted = format!("{MARK}={}", self.mark());
        let carries = |pid: i32| {
            let environment = fs::read(Path::new("/proc").join(pid.to_string()).join("environ")).unwrap_or_default();
            environment.split(|byte| *byte == 0).any(|variable| variable == wanted.as_bytes())
        };
        let pids = procfs::process::all_processes().unwrap().filter_map(|process| Some(process.ok()?.pid));
        pids.filter(|pid| carries(*pid)).collect()
    }

    /// Sends a signal to all of them.
    pub(crate) fn signal_all(&self, signal: Signal) {
        for pid in self.left() {
            let _ = Pid::from_raw(pid).map(|pid| kill_process(pid, signal));
        }
    }

    fn mark(&self) -> String {
        format!("{}-{}", std::process::id(), self.port)
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        self.signal_all(Signal::KILL);
    }
}
