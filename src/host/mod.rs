//! Cores and memory that this process may use, and where each number comes from.
//!
//! Decides which files of the kernel say something about the limits of this process, and which of
//! their answers is the tightest. Every function takes the root folder, `/` in production, so that
//! a test can hold a small tree of `/proc` and `/sys` files. Knows nothing of servers, of limits
//! that a manifest declares, or of what a limit is good for.

mod answers;
mod cgroup;
mod kernel;
mod portable;

pub use answers::Answer;

use std::fmt;
use std::path::Path;

use crate::values::{Bytes, Cpus};

/// One value, with the file it was read from and the text that was found there.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading<T> {
    /// The value, in its unit.
    pub value: T,
    /// Absolute path of the file, as the process sees it, or the name of the call.
    pub file: String,
    /// What the file said, without surrounding space.
    pub raw: String,
    /// What kind of number this is.
    pub what: What,
}

/// What a [`Reading`] is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum What {
    /// Logical CPUs that the kernel has online.
    Online,
    /// CPUs that the scheduler may place this process on (`taskset`, `sched_setaffinity`).
    Affinity,
    /// CPUs that the cgroup may use (`docker --cpuset-cpus`, the static CPU manager of Kubernetes).
    Cpuset,
    /// CPU time per wall-clock time that the cgroup may use, v1 (`cpu.cfs_quota_us`).
    QuotaV1,
    /// CPU time per wall-clock time that the cgroup may use, v2 (`cpu.max`).
    QuotaV2,
    /// Memory of the machine, or of the container where LXC replaces `/proc/meminfo`.
    Total,
    /// Memory above which the kernel reclaims and slows the cgroup down (`memory.high`, v2).
    High,
    /// Memory above which the kernel kills, v1 (`memory.limit_in_bytes`).
    LimitV1,
    /// Memory above which the kernel kills, v2 (`memory.max`).
    LimitV2,
}

impl What {
    /// The name used in output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Online => "online CPUs",
            Self::Affinity => "CPU affinity",
            Self::Cpuset => "cgroup cpuset",
            Self::QuotaV1 => "cgroup v1 CPU quota",
            Self::QuotaV2 => "cgroup v2 CPU quota",
            Self::Total => "total memory",
            Self::High => "cgroup v2 memory throttle",
            Self::LimitV1 => "cgroup v1 memory limit",
            Self::LimitV2 => "cgroup v2 memory limit",
        }
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What this process may use, as far as the files that it can see tell.
///
/// A process in a private cgroup namespace (the default of Docker on v2, and of Kubernetes) sees
/// its own group and not the ones above it, so a tighter limit of a pod or a slice may exist.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Host {
    /// Everything that was said about cores: online CPUs first, the own cgroup last.
    pub cpus: Vec<Reading<Cpus>>,
    /// Everything that was said about memory: the machine first, the own cgroup last.
    pub memory: Vec<Reading<Bytes>>,
    /// Cgroup files that exist and say "no limit" (`max`, `-1`, the sentinel near 2^63).
    pub unlimited: Vec<Reading<()>>,
    /// The CPU quota of the process' own group, without the groups above it: all that
    /// `num_cpus` looks at.
    own_quota: Option<Cpus>,
}

impl Host {
    /// Reads everything below `root`, which is `/` unless a test says otherwise.
    ///
    /// Files that are missing or make no sense are left out: the result may be empty.
    pub fn detect(root: &Path) -> Self {
        // A fixture tree holds Linux files whatever the machine that runs the test.
        if cfg!(target_os = "linux") || root != Path::new("/") {
            let mut host = Self::default();
            kernel::read(root, &mut host);
            cgroup::read(root, &mut host);
            host
        } else {
            portable::read()
        }
    }

    /// The tightest statement about cores; of equals the most specific.
    pub fn cpu_limit(&self) -> Option<&Reading<Cpus>> {
        self.cpus.iter().min_by(|a, b| a.value.0.total_cmp(&b.value.0).then(b.what.cmp(&a.what)))
    }

    /// The tightest statement about memory; of equals the most specific.
    pub fn memory_limit(&self) -> Option<&Reading<Bytes>> {
        self.memory.iter().min_by(|a, b| a.value.cmp(&b.value).then(b.what.cmp(&a.what)))
    }

    /// How often a CPU quota has stopped the group of a process, which is this one if none is named, or one above it;
    /// `None` where nothing counts it.
    pub fn throttled(root: &Path, process: Option<i32>) -> Option<u64> {
        cgroup::throttled(root, process)
    }

    /// The folder of the group of a process that holds the limits of `controller` (`cpu`, `memory`), and whether it is one
    /// of version 2.
    pub fn group(root: &Path, process: Option<i32>, controller: &str) -> Option<(String, bool)> {
        cgroup::folder(root, process, controller)
    }

    /// What the usual ways to count CPUs answer in this process.
    pub fn answers(&self) -> Vec<Answer> {
        answers::of(self)
    }

    /// The smallest value that was said about cores in one of the ways `whats`.
    fn least_cpus(&self, whats: &[What]) -> Option<f64> {
        self.cpus.iter().filter(|r| whats.contains(&r.what)).map(|r| r.value.0).min_by(f64::total_cmp)
    }
}

#[cfg(test)]
mod tests;
