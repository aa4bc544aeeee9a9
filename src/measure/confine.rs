//! Keeps a server within limits: cores that it may run on, and control groups of its own.
//!
//! Carried out in two steps. The supervisor makes the groups, named after itself, and removes them when nothing is left in
//! them; the process that becomes the server joins them, so that neither the supervisor nor the load generator is inside.
//! Which limits there are and how they can be kept is decided by `limits`.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long a group may take to become empty after its processes are gone.
const EMPTIED: Duration = Duration::from_secs(1);
/// Begins the names of groups, in front of the process id of their supervisor.
const NAME: &str = "farrier-";

/// One limit of a control group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct GroupLimit {
    /// The folder in which the group is made.
    pub(super) above: PathBuf,
    pub(super) file: String,
    pub(super) value: String,
    /// Whether there is no group without this limit.
    pub(super) needed: bool,
}

impl GroupLimit {
    /// The group of the supervisor with this process id.
    pub(super) fn folder(&self, supervisor: u32) -> PathBuf {
        self.above.join(format!("{NAME}{supervisor}"))
    }
}

/// What keeps a server within its limits; it travels on the supervisor's command line.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Confinement {
    /// Cores that it may run on; any if there are none.
    pub(super) cores: Vec<usize>,
    pub(super) groups: Vec<GroupLimit>,
    /// A command in front of the server's that moves it into a group.
    pub(super) wrapper: Vec<String>,
}

impl Confinement {
    /// As options of the supervisor.
    pub(super) fn words(&self) -> Vec<OsString> {
        let mut words: Vec<OsString> = Vec::new();
        if !self.cores.is_empty() {
            let cores: Vec<String> = self.cores.iter().map(usize::to_string).collect();
            words.extend(["--cores".into(), cores.join(",").into()]);
        }
        for GroupLimit { above, file, value, needed } in &self.groups {
            let option = if *needed { "--group" } else { "--group-maybe" };
            words.extend([option.into(), above.into(), file.into(), value.into()]);
        }
        for word in &self.wrapper {
            words.extend(["--wrap".into(), word.into()]);
        }
        words
    }

    /// The options at the beginning of these arguments, and what stands behind them.
    pub(super) fn parse(arguments: &[OsString]) -> (Self, &[OsString]) {
        let text = |word: &OsString| word.to_string_lossy().into_owned();
        let mut found = Self::default();
        let mut rest = arguments;
        loop {
            rest = match rest {
                [option, cores, rest @ ..] if option == "--cores" => {
                    found.cores = text(cores).split(',').filter_map(|core| core.parse().ok()).collect();
                    rest
                }
                [option, above, file, value, rest @ ..] if option == "--group" || option == "--group-maybe" => {
                    let needed = option == "--group";
                    found.groups.push(GroupLimit { above: above.into(), file: text(file), value: text(value), needed });
                    rest
                }
                [option, word, rest @ ..] if option == "--wrap" => {
                    found.wrapper.push(text(word));
                    rest
                }
                [option, rest @ ..] if option == "--" => return (found, rest),
                rest => return (found, rest),
            };
        }
    }

    /// The groups of the supervisor with this process id, each once.
    pub(super) fn folders(&self, supervisor: u32) -> Vec<PathBuf> {
        let mut all: Vec<PathBuf> = self.groups.iter().map(|limit| limit.folder(supervisor)).collect();
        all.dedup();
        all
    }

    /// Makes the groups with their limits, or none.
    pub(super) fn make(&self, supervisor: u32) -> io::Result<Made> {
        let mut made = Made(Vec::new());
        for limit in &self.groups {
            let folder = limit.folder(supervisor);
            if made.0.last() != Some(&folder) {
                std::fs::create_dir(&folder).map_err(|error| at(&folder, &error))?;
                made.0.push(folder.clone());
            }
            let file = folder.join(&limit.file);
            // A file that is not there must not be made: these are the kernel's.
            let written = std::fs::OpenOptions::new().write(true).open(&file);
            let written = written.and_then(|mut file| io::Write::write_all(&mut file, limit.value.as_bytes()));
            written.or_else(|error| if limit.needed { Err(at(&file, &error)) } else { Ok(()) })?;
        }
        Ok(made)
    }

    /// Brings this process inside.
    pub(super) fn enter(&self, supervisor: u32) -> io::Result<()> {
        for folder in self.folders(supervisor) {
            let file = folder.join("cgroup.procs");
            // 0 stands for whoever writes it.
            std::fs::write(&file, "0").map_err(|error| at(&file, &error))?;
        }
        if self.cores.is_empty() { Ok(()) } else { run_on(&self.cores) }
    }

    /// Removes the groups of a supervisor that could not do so itself, and empty ones of all that are no more.
    pub(super) fn sweep(&self, supervisor: u32) {
        remove(&self.folders(supervisor));
        for limit in &self.groups {
            let Ok(entries) = std::fs::read_dir(&limit.above) else { continue };
            // Only empty ones can be removed so: who is in another container may not be seen.
            entries.flatten().map(|entry| entry.path()).filter(|path| is_stale(path)).for_each(|path| {
                let _ = std::fs::remove_dir(path);
            });
        }
    }
}

/// Groups that are removed with this value.
#[derive(Debug)]
pub(super) struct Made(Vec<PathBuf>);

impl Drop for Made {
    fn drop(&mut self) {
        remove(&self.0);
    }
}

/// How many processes of a group the kernel killed for the group's memory limit.
pub(super) fn killed(folder: &Path) -> u64 {
    // The first is of version 2, the second of version 1.
    let files = ["memory.events", "memory.oom_control"];
    let text = files.iter().find_map(|name| std::fs::read_to_string(folder.join(name)).ok()).unwrap_or_default();
    text.lines().find_map(|line| line.strip_prefix("oom_kill ")?.trim().parse().ok()).unwrap_or(0)
}

fn at(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

/// Whether it is a group whose supervisor is no more.
fn is_stale(folder: &Path) -> bool {
    let name = folder.file_name().and_then(|name| name.to_str());
    let supervisor = name.and_then(|name| name.strip_prefix(NAME)?.parse::<u32>().ok());
    supervisor.is_some_and(|pid| !Path::new(&format!("/proc/{pid}")).exists())
}

/// Removes groups, with whatever is still alive in them.
fn remove(folders: &[PathBuf]) {
    let until = Instant::now() + EMPTIED;
    for folder in folders {
        while let Err(error) = std::fs::remove_dir(folder) {
            if error.kind() == io::ErrorKind::NotFound || Instant::now() >= until {
                break;
            }
            let inside = std::fs::read_to_string(folder.join("cgroup.procs")).unwrap_or_default();
            for pid in inside.lines().filter_map(|line| line.parse().ok()) {
                super::supervise::signal(pid, rustix::process::Signal::KILL);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// Lets this thread, and what it starts from now on, run on these cores alone.
#[cfg(target_os = "linux")]
pub(super) fn run_on(cores: &[usize]) -> io::Result<()> {
    use rustix::thread::{CpuSet, sched_setaffinity};
    let mut set = CpuSet::new();
    cores.iter().filter(|core| **core < CpuSet::MAX_CPU).for_each(|core| set.set(*core));
    Ok(sched_setaffinity(None, &set)?)
}

#[cfg(not(target_os = "linux"))]
pub(super) fn run_on(_: &[usize]) -> io::Result<()> {
    Err(io::Error::from(io::ErrorKind::Unsupported))
}

/// The cores that this thread may run on; none where the system does not say.
#[cfg(target_os = "linux")]
pub(super) fn allowed() -> Vec<usize> {
    use rustix::thread::{CpuSet, sched_getaffinity};
    let Ok(set) = sched_getaffinity(None) else { return Vec::new() };
    (0..CpuSet::MAX_CPU).filter(|core| set.is_set(*core)).collect()
}

#[cfg(not(target_os = "linux"))]
pub(super) fn allowed() -> Vec<usize> {
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn confinement(above: &Path) -> Confinement {
        let limit = |file: &str, needed| GroupLimit {
            above: above.to_owned(),
            file: file.to_owned(),
            value: "150000 100000".to_owned(),
            needed,
        };
        Confinement {
            cores: vec![0, 3],
            groups: vec![limit("cpu.max", true), limit("memory.swap.max", false)],
            wrapper: vec!["systemd-run".to_owned(), "--scope".to_owned()],
        }
    }

    #[test]
    fn it_travels_on_a_command_line() {
        let all = confinement(Path::new("/sys/fs/cgroup/a b"));
        let mut words = all.words();
        words.extend(["--", "python", "--cores", "7"].map(OsString::from));
        let (found, rest) = Confinement::parse(&words);
        assert_eq!(found, all);
        assert_eq!(rest, ["python", "--cores", "7"].map(OsString::from));
        let (none, rest) = Confinement::parse(rest);
        assert_eq!((none, rest.len()), (Confinement::default(), 3));
    }

    #[test]
    fn a_group_that_gets_no_limit_is_not_left_behind() {
        let root = tempfile::tempdir().unwrap();
        let all = confinement(root.path());
        // An ordinary folder holds no `cpu.max`.
        let error = all.make(7).unwrap_err();
        assert!(error.to_string().contains("farrier-7/cpu.max"), "{error}");
        assert!(!root.path().join("farrier-7").exists());
        assert_eq!(all.folders(7), [root.path().join("farrier-7")], "both limits are of one group");
    }

    #[test]
    fn groups_of_the_dead_are_swept() {
        let root = tempfile::tempdir().unwrap();
        let make = |name: &str| std::fs::create_dir(root.path().join(name)).unwrap();
        // No process has so high a number (`PID_MAX_LIMIT` is 2^22).
        ["farrier-4194305", "farrier-x", "other"].into_iter().for_each(make);
        let own = format!("farrier-{}", std::process::id());
        make(&own);
        confinement(root.path()).sweep(4_194_306);
        let mut left: Vec<String> = std::fs::read_dir(root.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        left.sort();
        assert_eq!(left, [own.as_str(), "farrier-x", "other"]);
    }
}
