//! Which processes exist, to whom they belong, and how much processor time they used.
//!
//! Decides membership by session and by descent, because workers may change their group, and a
//! server that detaches leaves its session but not its ancestors. On Linux from `/proc`,
//! elsewhere from what `sysinfo` tells.

use std::collections::BTreeSet;
use std::time::Duration;

/// One living process. Zombies are left out: they hold nothing and wait only for their parent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Process {
    pub(super) pid: i32,
    pub(super) parent: i32,
    pub(super) session: i32,
    /// Processor time of all its threads so far.
    pub(super) used: Duration,
}

/// The processes that belong to the supervisor `root`, without itself: its session and all its
/// descendants.
pub(super) fn below(root: i32) -> Vec<Process> {
    members(&all(), root)
}

/// The same for several supervisors at one moment.
pub(super) fn below_each(roots: &[i32]) -> Vec<Vec<Process>> {
    let all = all();
    roots.iter().map(|root| members(&all, *root)).collect()
}

fn members(all: &[Process], root: i32) -> Vec<Process> {
    let mut known: BTreeSet<i32> = all.iter().filter(|p| p.session == root).map(|p| p.pid).collect();
    known.insert(root);
    loop {
        let before = known.len();
        known.extend(all.iter().filter(|p| known.contains(&p.parent)).map(|p| p.pid).collect::<Vec<_>>());
        if known.len() == before {
            break;
        }
    }
    all.iter().filter(|p| p.pid != root && known.contains(&p.pid)).cloned().collect()
}

#[cfg(target_os = "linux")]
fn all() -> Vec<Process> {
    let tick = Duration::from_secs(1) / u32::try_from(procfs::ticks_per_second()).unwrap_or(100).max(1);
    let Ok(processes) = procfs::process::all_processes() else {
        return Vec::new();
    };
    // A process that ends while it is read is no longer there, which is all that matters here.
    processes
        .filter_map(|process| process.ok()?.stat().ok())
        .filter(|stat| !matches!(stat.state, 'Z' | 'X'))
        .map(|stat| Process {
            pid: stat.pid,
            parent: stat.ppid,
            session: stat.session,
            used: tick * u32::try_from(stat.utime.saturating_add(stat.stime)).unwrap_or(u32::MAX),
        })
        .collect()
}

#[cfg(not(target_os = "linux"))]
fn all() -> Vec<Process> {
    use crate::values::Order as _;

    use sysinfo::{ProcessRefreshKind, ProcessStatus, ProcessesToUpdate, System};
    let Ok(mut system) = System::new() else {
        return Vec::new();
    };
    system.refresh_processes_specifics(ProcessesToUpdate::All, true, ProcessRefreshKind::nothing().with_cpu());
    let number = |pid: sysinfo::Pid| i32::try_from(pid.as_u32()).unwrap_or(0);
    let mut processes: Vec<Process> = system
        .processes()
        .iter()
        .filter(|(_, process)| process.status() != ProcessStatus::Zombie)
        .map(|(pid, process)| Process {
            pid: number(*pid),
            parent: process.parent().map_or(0, number),
            session: process.session_id().map_or(0, number),
            used: Duration::from_millis(process.accumulated_cpu_time()),
        })
        .collect();
    processes.order_by_key(|process| process.pid);
    processes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(pid: i32, parent: i32, session: i32) -> Process {
        Process { pid, parent, session, used: Duration::ZERO }
    }

    #[test]
    fn session_and_descent_both_count() {
        let all = vec![
            process(1, 0, 1),
            process(10, 1, 10),
            process(11, 10, 10),
            process(12, 11, 10),
            // Left its session, still a descendant.
            process(13, 10, 13),
            process(14, 13, 13),
            // An orphan of the session where nobody adopts orphans.
            process(15, 1, 10),
            process(20, 1, 20),
        ];
        let pids: Vec<i32> = members(&all, 10).iter().map(|process| process.pid).collect();
        assert_eq!(pids, [11, 12, 13, 14, 15]);
    }

    #[test]
    fn this_process_is_seen() {
        let own = i32::try_from(std::process::id()).unwrap();
        let found = all().into_iter().find(|process| process.pid == own).unwrap();
        assert!(found.parent > 0);
    }
}
