//! When every worker of a server takes requests: the first answer tells of one of them.
//!
//! Decides by what each process does. An event loop that waits for the socket of the server takes requests; where there
//! is no loop, a main thread that rests has nothing left to import. What a worker answers is not looked at.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// No worker came or went for so long: Gunicorn waits up to a tenth of a second before the next one.
const STEADY: Duration = Duration::from_millis(300);
/// A main thread that rested for so long waits for requests, where there is no loop to look into.
const RESTED: Duration = Duration::from_millis(200);
/// The same where there is a loop that does not wait for the socket in a way that can be seen.
const LONG_RESTED: Duration = Duration::from_secs(2);

/// What is seen of one worker at a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Worker {
    pub(super) pid: i32,
    /// Whether one of its event loops waits for the socket; `None` where it has none.
    pub(super) listens: Option<bool>,
    /// Whether its main thread waits for something.
    pub(super) sleeps: bool,
    /// Processor time of its main thread so far, in ticks.
    pub(super) used: u64,
}

/// What was seen since the first look.
#[derive(Debug)]
pub(super) struct Watch {
    /// Since when the workers are the same ones.
    same_since: Instant,
    /// Since when each rests, and the time it had used until then.
    rests: BTreeMap<i32, (Instant, u64)>,
}

impl Watch {
    pub(super) fn new(now: Instant) -> Self {
        Self { same_since: now, rests: BTreeMap::new() }
    }

    /// Takes a look; how many workers take requests, and whether those are all there will be.
    pub(super) fn look(&mut self, now: Instant, workers: &[Worker]) -> (usize, bool) {
        let same = workers.len() == self.rests.len() && workers.iter().all(|one| self.rests.contains_key(&one.pid));
        if !same {
            self.same_since = now;
        }
        let mut rests = BTreeMap::new();
        let mut awake = 0;
        for worker in workers {
            let known = self.rests.get(&worker.pid).filter(|(_, used)| worker.sleeps && *used == worker.used);
            let since = known.map_or(now, |(since, _)| *since);
            rests.insert(worker.pid, (since, worker.used));
            let rested = now.saturating_duration_since(since);
            let enough = match worker.listens {
                Some(true) => Duration::ZERO,
                Some(false) => LONG_RESTED,
                None => RESTED,
            };
            awake += usize::from(rested >= enough);
        }
        self.rests = rests;
        let steady = now.saturating_duration_since(self.same_since) >= STEADY;
        (awake, steady && awake == workers.len())
    }
}

/// What can be seen of these processes, whose server has these sockets.
#[cfg(target_os = "linux")]
pub(super) fn workers(pids: &[i32], listening: &[u64]) -> Vec<Worker> {
    use procfs::process::Process;
    let seen = |pid: &i32| {
        let process = Process::new(*pid).ok()?;
        let stat = process.task_main_thread().ok()?.stat().ok()?;
        Some(Worker {
            pid: *pid,
            listens: listens(&process, listening),
            sleeps: stat.state == 'S',
            used: stat.utime + stat.stime,
        })
    };
    // One that ends meanwhile is missed at the next look.
    pids.iter().filter_map(seen).collect()
}

/// Whether one of the process' event loops waits for one of the sockets; `None` without a loop.
#[cfg(target_os = "linux")]
fn listens(process: &procfs::process::Process, listening: &[u64]) -> Option<bool> {
    use procfs::process::FDTarget;
    let mut any = None;
    for file in process.fd().ok()?.flatten() {
        if !matches!(&file.target, FDTarget::AnonInode(name) if name.contains("eventpoll")) {
            continue;
        }
        let path = format!("/proc/{}/fdinfo/{}", process.pid, file.fd);
        let waits = std::fs::read_to_string(path).is_ok_and(|text| waits_for(&text, listening));
        any = Some(any.unwrap_or(false) || waits);
    }
    any
}

/// Whether the loop whose `fdinfo` this is waits for one of the sockets: `tfd: 5 events: 19 data: 5 pos:0 ino:1f2 sdev:8`.
#[cfg(target_os = "linux")]
fn waits_for(text: &str, sockets: &[u64]) -> bool {
    let inode = |line: &str| {
        let number = line.split_once("ino:")?.1.split_whitespace().next()?;
        u64::from_str_radix(number, 16).ok()
    };
    text.lines().filter(|line| line.starts_with("tfd:")).filter_map(inode).any(|one| sockets.contains(&one))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn worker(pid: i32, listens: Option<bool>, used: u64) -> Worker {
        Worker { pid, listens, sleeps: true, used }
    }

    #[test]
    fn a_worker_that_imports_is_waited_for() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut watch = Watch::new(start);
        let look = |watch: &mut Watch, ms, second: Worker| watch.look(at(ms), &[worker(1, None, 3), second]);
        for ms in (0..1000).step_by(50) {
            assert!(!look(&mut watch, ms, worker(2, None, ms)).1, "{ms}: it still computes");
        }
        assert!(!look(&mut watch, 1000, Worker { sleeps: false, ..worker(2, None, 950) }).1, "it waits for a core");
        assert!(!look(&mut watch, 1050, worker(2, None, 950)).1);
        assert_eq!(look(&mut watch, 1250, worker(2, None, 950)), (2, true));
    }

    #[test]
    fn a_loop_is_ready_when_it_waits_for_the_socket() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut watch = Watch::new(start);
        assert_eq!(watch.look(at(0), &[worker(1, Some(true), 0), worker(2, Some(false), 0)]), (1, false));
        // It waits for its database and not for requests.
        assert_eq!(watch.look(at(900), &[worker(1, Some(true), 5), worker(2, Some(false), 0)]), (1, false));
        assert_eq!(watch.look(at(950), &[worker(1, Some(true), 9), worker(2, Some(true), 7)]), (2, true));
    }

    #[test]
    fn workers_that_are_still_to_come_are_waited_for() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut watch = Watch::new(start);
        assert!(!watch.look(at(0), &[worker(1, Some(true), 0)]).1);
        assert!(!watch.look(at(250), &[worker(1, Some(true), 0), worker(2, Some(true), 0)]).1);
        assert!(!watch.look(at(500), &[worker(1, Some(true), 0), worker(2, Some(true), 0)]).1);
        assert!(watch.look(at(550), &[worker(1, Some(true), 0), worker(2, Some(true), 0)]).1);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn loops_are_told_apart_by_what_they_wait_for() {
        let text = "pos:\t0\nflags:\t02000002\ntfd:        7 events: 80000019 data: 700000007 pos:0 ino:1f2 sdev:8\n";
        assert!(waits_for(text, &[0x1f2]) && !waits_for(text, &[0x1f3]) && !waits_for("ino:1f2", &[0x1f2]));
    }
}
