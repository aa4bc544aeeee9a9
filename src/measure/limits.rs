//! The limits of another machine, and how far a server can be kept within them on this one.
//!
//! Decides by trying: a program is started within the limits and tells which of them it is under. A control group of our own
//! comes first, then one that systemd makes; without either a server is pinned to as many whole cores, which tells how many
//! requests a quota allows, and nothing keeps its memory. Never silent about what was not possible.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::time::Duration;

use super::confine::{self, Confinement, GroupLimit};
use super::supervise::{self, CANNOT_RUN, TELL};
use crate::host::{Host, What};
use crate::values::{Bytes, Cpus};

/// The period of a quota, in microseconds: the default of the kernel and of every container engine.
const PERIOD: u32 = 100_000;
/// The kernel takes no smaller quota than a millisecond.
const LEAST_QUOTA: u32 = 1000;
/// How long a trial may take.
const TRIAL: Duration = Duration::from_secs(5);
/// A limit may be read back so much larger than it was written: quotas are rounded.
const ROUNDED: f64 = 1.01;

/// What every server of a run is limited to.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Limits {
    /// Cores.
    pub cpus: Option<Cpus>,
    /// Memory of all its processes.
    pub memory: Option<Bytes>,
}

/// How a limit is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Means {
    /// By a control group that farrier makes and removes.
    Group,
    /// By a scope of systemd.
    Scope,
    /// By pinning to so many cores.
    Cores(usize),
    /// Not at all.
    Nothing,
}

/// One limit, and what became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept<T> {
    /// The limit.
    pub wanted: T,
    /// How it is kept.
    pub by: Means,
    /// Why it is not kept by a group.
    pub because: Option<String>,
}

/// The limits of a run, as far as they can be kept.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Bounds {
    /// The cores.
    pub cpus: Option<Kept<Cpus>>,
    /// The memory.
    pub memory: Option<Kept<Bytes>>,
    pub(super) confinement: Confinement,
    /// Cores that the servers are kept off, for the load generator.
    pub(super) client: Vec<usize>,
}

impl Bounds {
    /// Finds out how these limits can be kept; `supervisor` is that of the plan.
    pub fn find(wanted: Limits, supervisor: &[OsString]) -> Self {
        if wanted == Limits::default() {
            return Self::default();
        }
        let host = Host::detect(Path::new("/"));
        let mut found = Self::default();
        let mut possible = wanted;
        if let (Some(wanted), Some(limit)) = (wanted.cpus, host.cpu_limit())
            && wanted.0 > limit.value.0
        {
            possible.cpus = None;
            found.cpus = Some(Kept { wanted, by: Means::Nothing, because: Some(this_has(limit.value)) });
        }
        if let (Some(wanted), Some(limit)) = (wanted.memory, host.memory_limit())
            && wanted > limit.value
        {
            possible.memory = None;
            found.memory = Some(Kept { wanted, by: Means::Nothing, because: Some(this_has(limit.value)) });
        }
        let mut group = Confinement::default();
        let cpus =
            possible.cpus.map(|cpus| add(&mut group, supervisor, "cpu", Limits { cpus: Some(cpus), memory: None }));
        let kept = possible.cpus.filter(|_| cpus == Some(Ok(())));
        let with = |memory| Limits { cpus: kept, memory: Some(memory) };
        let memory = possible.memory.map(|memory| add(&mut group, supervisor, "memory", with(memory)));
        let failed = |one: &Option<Result<(), String>>| matches!(one, Some(Err(_)));
        let mut means = Means::Group;
        if failed(&cpus) || failed(&memory) {
            let scope = Confinement { wrapper: scope(possible), ..Confinement::default() };
            if holds(&scope, supervisor, possible).is_ok() {
                (group, means) = (scope, Means::Scope);
            }
        }
        let by = |tried: Option<Result<(), String>>| match tried {
            Some(Err(because)) if means == Means::Group => (Means::Nothing, Some(because)),
            _ => (means, None),
        };
        if let Some(wanted) = possible.memory {
            let (by, because) = by(memory);
            found.memory = Some(Kept { wanted, by, because });
        }
        if let Some(wanted) = possible.cpus {
            let (mut by, because) = by(cpus);
            let allowed = confine::allowed();
            if by == Means::Nothing && !allowed.is_empty() {
                let (inside, outside) = allowed.split_at(whole(wanted).min(allowed.len()));
                group.cores = inside.to_vec();
                // One alone is too little for the load generator and what it is compared with.
                found.client = if outside.len() > 1 { outside.to_vec() } else { Vec::new() };
                by = Means::Cores(inside.len());
            }
            found.cpus = Some(Kept { wanted, by, because });
        }
        found.confinement = group;
        found
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.cpus.is_none() && self.memory.is_none()
    }

    /// Cores that a server may use, where that was limited.
    pub fn cores(&self) -> Option<f64> {
        let kept = self.cpus.as_ref()?;
        match kept.by {
            Means::Group | Means::Scope => Some(kept.wanted.0),
            Means::Cores(count) => u32::try_from(count).ok().map(f64::from),
            Means::Nothing => None,
        }
    }

    /// The memory that what the processes take has to be compared with, because nothing keeps them within it.
    pub fn compared(&self) -> Option<Bytes> {
        self.memory.as_ref().filter(|kept| kept.by == Means::Nothing).map(|kept| kept.wanted)
    }

    /// Lets this thread run where no server does, until the value is dropped.
    pub(super) fn apart(&self) -> Option<Apart> {
        let before = confine::allowed();
        (!self.client.is_empty() && confine::run_on(&self.client).is_ok()).then_some(Apart(before))
    }
}

/// Gives a thread its cores back.
#[derive(Debug)]
pub(super) struct Apart(Vec<usize>);

impl Drop for Apart {
    fn drop(&mut self) {
        let _ = confine::run_on(&self.0);
    }
}

fn this_has(what: impl std::fmt::Display) -> String {
    format!("this machine has {what}")
}

/// Whole cores that are no more than these, and one at least.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the range first")]
fn whole(cpus: Cpus) -> usize {
    cpus.0.floor().clamp(1.0, 65_536.0) as usize
}

/// Adds the limit of one controller, where a program that is started so is under all of `wanted`; else says why not.
fn add(group: &mut Confinement, supervisor: &[OsString], controller: &str, wanted: Limits) -> Result<(), String> {
    let (above, unified) = place(controller)?;
    // In version 2 a process is in one group for everything.
    if unified && group.groups.first().is_some_and(|other| other.above != above) {
        return Err("the groups that hold cores and memory differ".to_owned());
    }
    let mut larger = group.clone();
    let limits =
        if controller == "cpu" { cpu_files(wanted.cpus, unified) } else { memory_files(wanted.memory, unified) };
    larger.groups.extend(limits.into_iter().map(|(file, value, needed)| GroupLimit {
        above: above.clone(),
        file: file.to_owned(),
        value,
        needed,
    }));
    larger.sweep(std::process::id());
    holds(&larger, supervisor, wanted)?;
    *group = larger;
    Ok(())
}

/// The folder in which a group with limits of this controller can be made, and whether it is of version 2.
fn place(controller: &str) -> Result<(PathBuf, bool), String> {
    let Some((own, unified)) = Host::group(Path::new("/"), None, controller) else {
        return Err("there are no control groups here".to_owned());
    };
    let own = PathBuf::from(own);
    let handed_down = |folder: &&Path| {
        let names = std::fs::read_to_string(folder.join("cgroup.subtree_control")).unwrap_or_default();
        !unified || names.split_whitespace().any(|name| name == controller)
    };
    let all = [Some(own.as_path()), own.parent().filter(|_| unified)];
    let mut fitting = all.into_iter().flatten().filter(handed_down).peekable();
    if fitting.peek().is_none() {
        return Err(format!("`{controller}` is not handed down to control groups below {}", own.display()));
    }
    let able = fitting.find(|folder| rustix::fs::access(*folder, rustix::fs::Access::WRITE_OK).is_ok());
    let refused = || format!("no control group may be made below {}", own.display());
    able.map(|folder| (folder.to_owned(), unified)).ok_or_else(refused)
}

type File = (&'static str, String, bool);

/// The files of a group that hold these cores, and whether there is no limit without each.
fn cpu_files(cpus: Option<Cpus>, unified: bool) -> Vec<File> {
    let Some(cpus) = cpus else { return Vec::new() };
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the range first")]
    let quota = (cpus.0 * f64::from(PERIOD)).round().clamp(f64::from(LEAST_QUOTA), 1e9) as u32;
    if unified {
        return vec![("cpu.max", format!("{quota} {PERIOD}"), true)];
    }
    vec![("cpu.cfs_period_us", PERIOD.to_string(), true), ("cpu.cfs_quota_us", quota.to_string(), true)]
}

/// The same of memory. Without swap, as in Kubernetes: what does not fit is killed and not slowed down.
fn memory_files(memory: Option<Bytes>, unified: bool) -> Vec<File> {
    let Some(Bytes(bytes)) = memory else { return Vec::new() };
    if unified {
        return vec![("memory.max", bytes.to_string(), true), ("memory.swap.max", "0".to_owned(), false)];
    }
    let both = ["memory.limit_in_bytes", "memory.memsw.limit_in_bytes"];
    both.into_iter().zip([true, false]).map(|(file, needed)| (file, bytes.to_string(), needed)).collect()
}

/// The command that starts another one in a scope of systemd.
fn scope(wanted: Limits) -> Vec<String> {
    let mut words = vec!["systemd-run".to_owned()];
    // Only root may ask the manager of the system.
    words.extend((!rustix::process::geteuid().is_root()).then(|| "--user".to_owned()));
    words.extend(["--scope", "--quiet", "--collect"].map(str::to_owned));
    if let Some(cpus) = wanted.cpus {
        words.push(format!("--property=CPUQuota={:.0}%", (cpus.0 * 100.0).max(1.0)));
    }
    if let Some(memory) = wanted.memory {
        words.push(format!("--property=MemoryMax={}", memory.0));
        words.push("--property=MemorySwapMax=0".to_owned());
    }
    words.push("--".to_owned());
    words
}

/// Whether a program that is started so is under these limits; else why not.
fn holds(confinement: &Confinement, supervisor: &[OsString], wanted: Limits) -> Result<(), String> {
    let told = trial(confinement, supervisor)?;
    let number = |name: &str| told.lines().find_map(|line| line.strip_prefix(name)?.trim().parse::<f64>().ok());
    #[allow(clippy::cast_precision_loss, reason = "no machine has 2^52 bytes of memory")]
    let memory = wanted.memory.map(|memory| memory.0 as f64);
    for (name, wanted) in [("cpus ", wanted.cpus.map(|cpus| cpus.0)), ("memory ", memory)] {
        if wanted.is_some_and(|wanted| number(name).is_none_or(|told| told > wanted * ROUNDED)) {
            return Err("the kernel keeps no such limit".to_owned());
        }
    }
    Ok(())
}

/// Starts a program that tells its limits; what it said, or why it could not.
fn trial(confinement: &Confinement, supervisor: &[OsString]) -> Result<String, String> {
    let mut words = supervisor.iter();
    let mut command = Command::new(words.next().ok_or("no supervisor")?);
    command.args(words).args(confinement.words()).arg("--").args(supervisor).arg(TELL);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| error.to_string())?;
    // It ends everything when this closes.
    let leash = child.stdin.take();
    let (ended, end) = channel();
    std::thread::spawn(move || ended.send(child.wait_with_output()));
    let output = end.recv_timeout(TRIAL);
    drop(leash);
    let output = output.or_else(|_| end.recv_timeout(TRIAL)).map_err(|_| "it does not end")?;
    let output = output.map_err(|error| error.to_string())?;
    let (said, log) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if let Some(reason) = said.lines().find_map(|line| line.strip_prefix("failed ")) {
        return Err(reason.to_owned());
    }
    match log.lines().find_map(|line| line.strip_prefix(CANNOT_RUN)) {
        Some(reason) => Err(reason.rsplit_once(": ").map_or(reason, |(_, reason)| reason).to_owned()),
        None => Ok(log.into_owned()),
    }
}

/// Says the limits that groups set for this process. Returns the exit code.
pub(super) fn tell() -> u8 {
    let host = Host::detect(Path::new("/"));
    let quotas = host.cpus.iter().filter(|one| matches!(one.what, What::QuotaV1 | What::QuotaV2));
    let memory = host.memory.iter().filter(|one| matches!(one.what, What::LimitV1 | What::LimitV2));
    if let Some(cpus) = quotas.map(|one| one.value.0).min_by(f64::total_cmp) {
        supervise::say(&format!("cpus {cpus}"));
    }
    if let Some(memory) = memory.map(|one| one.value.0).min() {
        supervise::say(&format!("memory {memory}"));
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_written_as_the_kernel_reads_them() {
        let of = |cpus, unified| cpu_files(Some(Cpus(cpus)), unified).into_iter().map(|(file, value, _)| (file, value));
        let one = |file: &'static str, value: &str| (file, value.to_owned());
        assert_eq!(of(1.5, true).collect::<Vec<_>>(), [one("cpu.max", "150000 100000")]);
        assert_eq!(
            of(0.001, false).collect::<Vec<_>>(),
            [one("cpu.cfs_period_us", "100000"), one("cpu.cfs_quota_us", "1000")]
        );
        let memory = memory_files(Some(Bytes::mib(1)), true);
        assert_eq!(memory.first(), Some(&("memory.max", "1048576".to_owned(), true)));
        let scope = scope(Limits { cpus: Some(Cpus(1.5)), memory: Some(Bytes::mib(1)) }).join(" ");
        assert!(scope.ends_with(
            "--scope --quiet --collect --property=CPUQuota=150% --property=MemoryMax=1048576 --property=MemorySwapMax=0 --"
        ));
    }

    #[test]
    fn parts_of_a_core_are_no_core_to_pin_to() {
        assert_eq!([0.25, 1.0, 1.5, 2.0].map(|cpus| whole(Cpus(cpus))), [1, 1, 1, 2]);
    }

    #[test]
    fn more_than_there_is_is_said() {
        let wanted = Limits { cpus: Some(Cpus(100_000.0)), memory: Some(Bytes::mib(1 << 40)) };
        let found = Bounds::find(wanted, &[]);
        let cpus = found.cpus.clone().unwrap();
        assert_eq!(cpus.by, Means::Nothing);
        assert!(cpus.because.unwrap().starts_with("this machine has "));
        assert_eq!((found.cores(), found.compared()), (None, wanted.memory));
        assert_eq!(Bounds::find(Limits::default(), &[]), Bounds::default());
    }
}
