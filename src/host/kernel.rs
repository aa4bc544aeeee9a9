//! What `/proc` and `/sys/devices` say about the whole machine and about this process.
//!
//! Also the one way in which this room opens a file: bounded, regular files only, never outside of
//! the root folder.

use std::fs::File;
use std::io::Read;
use std::path::{Component, Path, PathBuf};

use super::{Host, Reading, What};
use crate::values::{Bytes, Cpus};

/// Longer files are cut: `/proc/cpuinfo` of a machine with 1024 CPUs stays below this.
const LONGEST_FILE: u64 = 4 << 20;

/// Raw text in a reading is cut after so many characters.
const LONGEST_RAW: usize = 200;

/// More CPUs than Linux can be built for (`CONFIG_NR_CPUS` is at most 8192): such a number is garbage.
const MOST_CPUS: u64 = 65_536;

/// Adds online CPUs, affinity and total memory to `host`.
pub(super) fn read(root: &Path, host: &mut Host) {
    host.cpus.extend(online(root).or_else(|| processors(root)));
    host.cpus.extend(affinity(root));
    host.memory.extend(total_memory(root));
}

/// The text of the file at the absolute path `file` below `root`.
pub(super) fn text(root: &Path, file: &str) -> Option<String> {
    let path = below(root, file);
    // A pipe or a device in a tree that somebody else made could block for ever.
    if !path.metadata().ok()?.is_file() {
        return None;
    }
    let mut bytes = Vec::new();
    File::open(path).ok()?.take(LONGEST_FILE).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// `path` below `root`; steps upwards are dropped, so the result never leaves `root`.
fn below(root: &Path, path: &str) -> PathBuf {
    let inside = Path::new(path).components().filter(|c| matches!(c, Component::Normal(_)));
    root.join(inside.collect::<PathBuf>())
}

/// `text` as it goes into a reading: trimmed, and cut if somebody put a novel there.
pub(super) fn raw(text: &str) -> String {
    text.trim().chars().take(LONGEST_RAW).collect()
}

/// The number of CPUs in a kernel CPU list such as `0-3,8,10-11`.
///
/// `None` if the text is no such list. Only ascending lists count, which is how the kernel prints
/// them, so no CPU is counted twice.
pub(super) fn count_cpu_list(text: &str) -> Option<Cpus> {
    let mut count = 0_u64;
    let mut next = 0_u64;
    for part in text.trim().split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last): (u64, u64) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
        if first < next || last < first || last >= MOST_CPUS {
            return None;
        }
        count += last - first + 1;
        next = last + 1;
    }
    cpus(count)
}

/// A sane count of CPUs as a quantity.
fn cpus(count: u64) -> Option<Cpus> {
    let count = u32::try_from(count).ok().filter(|n| *n > 0)?;
    (u64::from(count) <= MOST_CPUS).then_some(Cpus(f64::from(count)))
}

/// What `os.cpu_count()` reads through the C library; LXC replaces it for its containers.
fn online(root: &Path) -> Option<Reading<Cpus>> {
    let file = "/sys/devices/system/cpu/online";
    let text = text(root, file)?;
    Some(Reading { value: count_cpu_list(&text)?, file: file.to_owned(), raw: raw(&text), what: What::Online })
}

/// The `processor : n` lines of `/proc/cpuinfo`, for trees without `/sys/devices`.
fn processors(root: &Path) -> Option<Reading<Cpus>> {
    let file = "/proc/cpuinfo";
    let count = text(root, file)?
        .lines()
        .filter(|line| line.split_once(':').is_some_and(|(key, _)| key.trim_end() == "processor"))
        .count();
    Some(Reading {
        value: cpus(count.try_into().ok()?)?,
        file: file.to_owned(),
        raw: format!("{count} processor lines"),
        what: What::Online,
    })
}

/// What `sched_getaffinity` answers: the kernel prints the same mask into the status file. It is
/// already cut down to the cpuset of the cgroup.
fn affinity(root: &Path) -> Option<Reading<Cpus>> {
    let file = "/proc/self/status";
    let text = text(root, file)?;
    let line = text.lines().find(|line| line.starts_with("Cpus_allowed_list:"))?;
    let (_, list) = line.split_once(':')?;
    Some(Reading { value: count_cpu_list(list)?, file: file.to_owned(), raw: raw(line), what: What::Affinity })
}

/// `MemTotal` of `/proc/meminfo`, which the kernel gives in KiB.
fn total_memory(root: &Path) -> Option<Reading<Bytes>> {
    let file = "/proc/meminfo";
    let text = text(root, file)?;
    let line = text.lines().find(|line| line.starts_with("MemTotal:"))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    let bytes = kib.checked_mul(1024).filter(|n| *n > 0)?;
    Some(Reading { value: Bytes(bytes), file: file.to_owned(), raw: raw(line), what: What::Total })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_lists_are_counted_as_the_kernel_prints_them() {
        for (list, count) in [
            ("0", Some(1.0)),
            ("0-1\n", Some(2.0)),
            ("0-3,8,10-11", Some(7.0)),
            ("", None),
            ("3-1", None),
            ("0-3,2-5", None),
            ("0-18446744073709551615", None),
            ("-1", None),
            ("a", None),
        ] {
            assert_eq!(count_cpu_list(list), count.map(Cpus), "{list:?}");
        }
    }

    #[test]
    fn no_path_leaves_the_root() {
        let root = Path::new("/fixture");
        assert_eq!(below(root, "/sys/../../etc/passwd"), Path::new("/fixture/sys/etc/passwd"));
    }
}
