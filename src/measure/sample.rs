//! What the servers, the load generator and everybody else used of the machine.
//!
//! Decides nothing about what is too much; `verdict` does. On Linux from `/proc`; elsewhere, and where the kernel does not
//! tell whose memory is shared, memory is resident memory and is marked so. Elsewhere the load of others is unknown.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::outcome::{Counted, Memory};
use super::processes::{self, Process};
use crate::values::Bytes;
use crate::values::Order as _;

/// Processor time below which the shares of workers are rounding: ten ticks of the kernel.
const ENOUGH_FOR_SHARES: Duration = Duration::from_millis(100);

/// Counters at one moment.
#[derive(Debug)]
pub(super) struct Snapshot {
    at: Instant,
    /// The processes of each server.
    servers: Vec<Vec<Process>>,
    /// Processor time of the whole machine that was not idle.
    busy: Option<Duration>,
    /// Processor time of the load generator's thread.
    client: Duration,
    /// Processor time of this process with all threads.
    own: Duration,
    /// Periods of a quota that ended early so far.
    throttled: u64,
}

impl Snapshot {
    /// Reads the counters; `roots` are the supervisors of all living servers, of which number `within` has limits of its
    /// own.
    pub(super) fn take(roots: &[i32], within: Option<usize>) -> Self {
        let servers = processes::below_each(roots);
        let limited = within.and_then(|index| servers.get(index)?.first()).map(|process| process.pid);
        Self {
            at: Instant::now(),
            busy: busy(),
            client: clock(rustix::time::ClockId::ThreadCPUTime),
            own: clock(rustix::time::ClockId::ProcessCPUTime),
            throttled: crate::host::Host::throttled(std::path::Path::new("/"), limited).unwrap_or(0),
            servers,
        }
    }

    /// The processes of server number `index` among the roots.
    pub(super) fn server(&self, index: usize) -> &[Process] {
        self.servers.get(index).map_or(&[], Vec::as_slice)
    }
}

/// What was used between two snapshots.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Usage {
    /// Share of one core the load generator used.
    pub(super) client: f64,
    /// Cores used by others.
    pub(super) foreign: Option<f64>,
    /// Processor time of the server under load.
    pub(super) server: Duration,
    /// Share of each worker in it, largest first; empty when there was too little to tell.
    pub(super) shares: Vec<f64>,
    /// Periods that a quota ended early.
    pub(super) throttled: u64,
}

/// What was used between two snapshots; the server under load is number `index` and its workers
/// are the children of `master`.
pub(super) fn between(before: &Snapshot, after: &Snapshot, index: usize, master: Option<i32>) -> Usage {
    let seconds = after.at.saturating_duration_since(before.at).as_secs_f64().max(1e-9);
    let used: Vec<BTreeMap<i32, Duration>> =
        before.servers.iter().zip(&after.servers).map(|(before, after)| used(before, after)).collect();
    let all: Duration = used.iter().flat_map(BTreeMap::values).sum();
    let own = after.own.saturating_sub(before.own);
    let foreign = before.busy.zip(after.busy).map(|(before, after)| {
        after.saturating_sub(before).saturating_sub(all).saturating_sub(own).as_secs_f64() / seconds
    });
    let server = used.get(index).cloned().unwrap_or_default();
    let workers = workers(after.server(index), master);
    let mut shares: Vec<f64> =
        workers.iter().map(|pid| server.get(pid).copied().unwrap_or_default().as_secs_f64()).collect();
    let total: f64 = shares.iter().sum();
    if total < ENOUGH_FOR_SHARES.as_secs_f64() {
        shares.clear();
    }
    for share in &mut shares {
        *share /= total;
    }
    shares.order_by(|one, other| other.total_cmp(one));
    Usage {
        client: after.client.saturating_sub(before.client).as_secs_f64() / seconds,
        foreign,
        server: server.values().sum(),
        shares,
        throttled: after.throttled.saturating_sub(before.throttled),
    }
}

/// Processor time each process used; one that is new used all its time since.
fn used(before: &[Process], after: &[Process]) -> BTreeMap<i32, Duration> {
    let then: BTreeMap<i32, Duration> = before.iter().map(|process| (process.pid, process.used)).collect();
    after
        .iter()
        .map(|process| (process.pid, process.used.saturating_sub(then.get(&process.pid).copied().unwrap_or_default())))
        .collect()
}

/// The workers: children of the master, or where it is not known, whatever has no children itself.
pub(super) fn workers(processes: &[Process], master: Option<i32>) -> Vec<i32> {
    let serves = |process: &&Process| match master {
        Some(master) => process.parent == master,
        None => !processes.iter().any(|other| other.parent == process.pid) && !keeps_books(process.pid),
    };
    processes.iter().filter(serves).map(|process| process.pid).collect()
}

/// How often the system took a core from a thread of these processes, or a thread gave it away, so far; `None` where it
/// does not say.
#[cfg(target_os = "linux")]
pub(super) fn switches(processes: &[Process]) -> Option<u64> {
    // The file of the process counts its main thread alone.
    let of = |process: &Process| -> Option<u64> {
        let tasks = procfs::process::Process::new(process.pid).ok()?.tasks().ok()?;
        let each = tasks.flatten().filter_map(|task| {
            let status = task.status().ok()?;
            Some(status.voluntary_ctxt_switches? + status.nonvoluntary_ctxt_switches?)
        });
        Some(each.sum())
    };
    processes.iter().filter_map(of).reduce(|one, other| one + other)
}

#[cfg(not(target_os = "linux"))]
pub(super) fn switches(_: &[Process]) -> Option<u64> {
    None
}

/// Whether it is the process that Python's `multiprocessing` starts beside workers, and that serves nothing.
fn keeps_books(pid: i32) -> bool {
    let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&line).contains("multiprocessing.resource_tracker")
}

/// Memory of all processes together, and of the largest of the workers.
pub(super) fn memory(processes: &[Process], workers: &[i32]) -> Option<(Memory, Bytes)> {
    let (counted, sizes) = sizes(processes);
    if sizes.is_empty() {
        return None;
    }
    let largest = workers.iter().filter_map(|pid| sizes.get(pid)).max().copied().unwrap_or_default();
    Some((Memory { bytes: Bytes(sizes.values().sum()), counted }, Bytes(largest)))
}

/// Of a process that another user runs, the system tells what is resident alone; then all of them are counted so.
#[cfg(target_os = "linux")]
fn sizes(processes: &[Process]) -> (Counted, BTreeMap<i32, u64>) {
    let page = procfs::page_size();
    let mut shared = BTreeMap::new();
    let mut resident = BTreeMap::new();
    for process in processes {
        let Ok(own) = procfs::process::Process::new(process.pid) else { continue };
        // One that ended since has no memory of either kind.
        let Some(pages) = own.statm().ok().map(|memory| memory.resident).filter(|pages| *pages > 0) else { continue };
        resident.insert(process.pid, pages * page);
        shared.extend(proportional(&own).map(|size| (process.pid, size)));
    }
    if shared.len() == resident.len() { (Counted::Shared, shared) } else { (Counted::Resident, resident) }
}

#[cfg(target_os = "linux")]
fn proportional(process: &procfs::process::Process) -> Option<u64> {
    let rollup = process.smaps_rollup().ok()?;
    rollup.memory_map_rollup.into_iter().next()?.extension.map.get("Pss").copied()
}

#[cfg(not(target_os = "linux"))]
fn sizes(processes: &[Process]) -> (Counted, BTreeMap<i32, u64>) {
    use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System};
    let pids: Vec<Pid> = processes.iter().filter_map(|p| u32::try_from(p.pid).ok()).map(Pid::from_u32).collect();
    let Ok(mut system) = System::new() else {
        return (Counted::Resident, BTreeMap::new());
    };
    system.refresh_processes_specifics(
        ProcessesToUpdate::Some(&pids),
        true,
        ProcessRefreshKind::nothing().with_memory(),
    );
    let size = |process: &Process| {
        let pid = Pid::from_u32(u32::try_from(process.pid).ok()?);
        Some((process.pid, system.process(pid)?.memory()))
    };
    (Counted::Resident, processes.iter().filter_map(size).collect())
}

/// Memory that could still be given to processes; `None` where the system does not say.
pub fn available() -> Option<Bytes> {
    let mut system = sysinfo::System::new().ok()?;
    system.refresh_memory();
    Some(Bytes(system.available_memory())).filter(|bytes| bytes.0 > 0)
}

#[cfg(target_os = "linux")]
fn busy() -> Option<Duration> {
    use procfs::CurrentSI as _;
    let total = procfs::KernelStats::current().ok()?.total;
    // Guest time is contained in user time. Stolen time is what other machines used.
    let ticks = total.user
        + total.nice
        + total.system
        + [total.irq, total.softirq, total.steal].into_iter().flatten().sum::<u64>();
    #[allow(clippy::cast_precision_loss, reason = "2^52 ticks are a million years")]
    let seconds = ticks as f64 / procfs::ticks_per_second() as f64;
    Duration::try_from_secs_f64(seconds).ok()
}

#[cfg(not(target_os = "linux"))]
fn busy() -> Option<Duration> {
    None
}

fn clock(id: rustix::time::ClockId) -> Duration {
    Duration::try_from(rustix::time::clock_gettime(id)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(pid: i32, parent: i32, millis: u64) -> Process {
        Process { pid, parent, session: 1, used: Duration::from_millis(millis) }
    }

    fn snapshot(at: Instant, servers: Vec<Vec<Process>>, busy: u64, own: u64) -> Snapshot {
        let own = Duration::from_millis(own);
        Snapshot { at, servers, busy: Some(Duration::from_millis(busy)), client: own, own, throttled: 0 }
    }

    #[test]
    fn time_is_attributed_to_workers_others_and_the_client() {
        let zero = Instant::now();
        let before = snapshot(
            zero,
            vec![vec![process(10, 1, 0), process(11, 10, 100), process(12, 10, 100)], vec![process(20, 2, 0)]],
            1000,
            50,
        );
        let after = snapshot(
            zero + Duration::from_secs(2),
            // Worker 12 was replaced by 13.
            vec![vec![process(10, 1, 100), process(11, 10, 700), process(13, 10, 200)], vec![process(20, 2, 100)]],
            4000,
            250,
        );
        let usage = between(&before, &after, 0, Some(10));
        assert_eq!(usage.server, Duration::from_millis(900));
        assert!((usage.shares[0] - 0.75).abs() < 1e-9 && (usage.shares[1] - 0.25).abs() < 1e-9);
        assert!((usage.client - 0.1).abs() < 1e-9);
        // 3 s busy, 0.9 + 0.1 s the servers, 0.2 s farrier: 1.8 s in 2 s.
        assert!((usage.foreign.unwrap() - 0.9).abs() < 1e-9);
    }

    #[test]
    fn too_little_time_has_no_shares() {
        let zero = Instant::now();
        let before = snapshot(zero, vec![vec![process(11, 10, 0)]], 0, 0);
        let after = snapshot(zero + Duration::from_secs(1), vec![vec![process(11, 10, 90)]], 0, 0);
        assert!(between(&before, &after, 0, Some(10)).shares.is_empty());
    }

    #[test]
    fn own_memory_is_found() {
        let own = i32::try_from(std::process::id()).unwrap();
        let (memory, largest) = memory(&[process(own, 0, 0)], &[own]).unwrap();
        assert!(memory.bytes.0 > 1 << 20, "{memory:?}");
        assert_eq!(memory.bytes, largest);
        assert!(available().unwrap().0 > 0);
    }

    #[test]
    fn the_machine_is_busy_when_this_thread_is() {
        let before = Snapshot::take(&[], None);
        while clock(rustix::time::ClockId::ThreadCPUTime) < before.client + Duration::from_millis(30) {}
        let after = Snapshot::take(&[], None);
        assert!(after.client >= before.client + Duration::from_millis(30));
        assert!(after.own >= before.own + Duration::from_millis(30));
    }
}
