//! Limits of control groups: version 1, version 2, and both side by side.
//!
//! A limit holds for a group and everything below it, so the walk goes from the group of this
//! process up to the mount point, and every level is read. Where a hierarchy is mounted and which
//! part of it is visible comes from `/proc/self/mountinfo`; the group from `/proc/self/cgroup`
//! (cgroups(7), proc(5)).

use std::path::{Component, Path};

use super::kernel::{count_cpu_list, raw, text};
use super::{Host, Reading, What};
use crate::values::{Bytes, Cpus};

/// Version 1 has no word for "no limit": it prints 2^63 rounded down to a page, and the page size
/// differs between architectures. No machine has a quarter of that.
const NO_LIMIT_V1: u64 = 1 << 61;

/// Deeper trees are cut. The kernel's own default limit is far above what anybody nests.
const DEEPEST: usize = 64;

/// Adds the cgroup limits to `host`, from the root of each hierarchy down to the own group.
pub(super) fn read(root: &Path, host: &mut Host) {
    let mounts = mounts(root);
    let groups = text(root, "/proc/self/cgroup").unwrap_or_default();
    let groups: Vec<Group> = groups.lines().filter_map(Group::parse).collect();

    for (controller, read_level) in [("cpuset", cpuset_v1 as ReadLevel), ("cpu", quota_v1), ("memory", memory_v1)] {
        for folder in levels(&mounts, &groups, Hierarchy::V1(controller)) {
            read_level(root, &folder, host);
        }
    }
    for folder in levels(&mounts, &groups, Hierarchy::V2) {
        cpuset_v2(root, &folder, host);
        quota_v2(root, &folder, host);
        memory_v2(root, &folder, "memory.high", What::High, host);
        memory_v2(root, &folder, "memory.max", What::LimitV2, host);
    }
    host.own_quota = own_quota(&mounts, &groups, host);
}

/// How many periods of a quota have ended before their end for the group of a process or one above it, so far; `None` where
/// no group tells.
pub(super) fn throttled(root: &Path, process: Option<i32>) -> Option<u64> {
    let hierarchies = [Hierarchy::V1("cpu"), Hierarchy::V2];
    let folders = with_groups(root, process, |mounts, groups| {
        hierarchies.into_iter().flat_map(|hierarchy| levels(mounts, groups, hierarchy)).collect::<Vec<_>>()
    });
    let counts = folders.into_iter().filter_map(|folder| {
        let (_, stat) = file(root, &folder, "cpu.stat")?;
        stat.lines().find_map(|line| line.strip_prefix("nr_throttled ")?.trim().parse::<u64>().ok())
    });
    counts.reduce(u64::saturating_add)
}

/// The folder of the group of a process that holds limits of `controller`, and whether it is one of version 2.
pub(super) fn folder(root: &Path, process: Option<i32>, controller: &str) -> Option<(String, bool)> {
    with_groups(root, process, |mounts, groups| {
        let of = |hierarchy: Hierarchy| {
            mounts.iter().any(|m| m.shows(hierarchy)) && groups.iter().any(|g| g.is_in(hierarchy))
        };
        let found = [Hierarchy::V1(controller), Hierarchy::V2].into_iter().find(|hierarchy| of(*hierarchy))?;
        Some((levels(mounts, groups, found).pop()?, found == Hierarchy::V2))
    })
}

/// What follows from the mounts and from the groups of a process, which is this one if none is named.
fn with_groups<T>(root: &Path, process: Option<i32>, found: impl Fn(&[Mount], &[Group]) -> T) -> T {
    let whose = process.map_or_else(|| "self".to_owned(), |pid| pid.to_string());
    let groups = text(root, &format!("/proc/{whose}/cgroup")).unwrap_or_default();
    let groups: Vec<Group> = groups.lines().filter_map(Group::parse).collect();
    found(&mounts(root), &groups)
}

/// Reads the files of one kind in the folder of one group.
type ReadLevel = fn(&Path, &str, &mut Host);

/// One tree of groups: a controller of version 1, or the only tree of version 2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hierarchy<'a> {
    V1(&'a str),
    V2,
}

/// One line of `/proc/self/cgroup`.
struct Group<'a> {
    /// Controllers of version 1 separated by commas; empty for version 2.
    controllers: &'a str,
    /// The group, from the root of the cgroup namespace.
    path: &'a str,
}

impl<'a> Group<'a> {
    /// Reads `4:memory:/docker/4f2c` or `0::/system.slice/web.service`.
    fn parse(line: &'a str) -> Option<Self> {
        let mut fields = line.splitn(3, ':');
        let _id = fields.next()?;
        let controllers = fields.next()?;
        let path = fields.next().filter(|p| p.starts_with('/'))?;
        Some(Self { controllers, path })
    }

    fn is_in(&self, hierarchy: Hierarchy) -> bool {
        match hierarchy {
            Hierarchy::V1(name) => self.controllers.split(',').any(|c| c == name),
            Hierarchy::V2 => self.controllers.is_empty(),
        }
    }
}

/// One mounted hierarchy.
#[derive(Debug, PartialEq, Eq)]
struct Mount {
    /// The group that is visible at `point`; `/` unless a container shows only a part.
    root: String,
    point: String,
    /// Mount options of the hierarchy, which name the controllers of version 1; `None` for v2.
    options: Option<String>,
}

impl Mount {
    /// Reads one line of `/proc/self/mountinfo`, if it is about control groups.
    fn parse(line: &str) -> Option<Self> {
        // Any number of optional fields stands before the dash.
        let (before, after) = line.split_once(" - ")?;
        let mut before = before.split(' ').skip(3);
        let root = unescape(before.next()?);
        let point = unescape(before.next()?);
        let mut after = after.split(' ');
        let options = match after.next()? {
            "cgroup2" => None,
            "cgroup" => Some(after.nth(1)?.trim_end().to_owned()),
            _ => return None,
        };
        Some(Self { root, point, options })
    }

    fn shows(&self, hierarchy: Hierarchy) -> bool {
        match (hierarchy, &self.options) {
            (Hierarchy::V1(name), Some(options)) => options.split(',').any(|o| o == name),
            (Hierarchy::V2, None) => true,
            _ => false,
        }
    }
}

/// The kernel writes space, tab, newline and backslash in mountinfo as `\` and three octal digits.
fn unescape(field: &str) -> String {
    let mut out = String::with_capacity(field.len());
    let mut rest = field;
    while let Some((plain, after)) = rest.split_once('\\') {
        out.push_str(plain);
        let code = after.get(..3).and_then(|d| u8::from_str_radix(d, 8).ok());
        match code {
            Some(byte) if byte.is_ascii() => {
                out.push(char::from(byte));
                rest = after.get(3..).unwrap_or_default();
            }
            _ => {
                out.push('\\');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

/// All cgroup mounts; the places where distributions mount them, if mountinfo is not there.
fn mounts(root: &Path) -> Vec<Mount> {
    if let Some(info) = text(root, "/proc/self/mountinfo") {
        return info.lines().filter_map(Mount::parse).collect();
    }
    let at = |point: &str, controller: Option<&str>| Mount {
        root: "/".to_owned(),
        point: point.to_owned(),
        options: controller.map(str::to_owned),
    };
    vec![
        at("/sys/fs/cgroup", None),
        at("/sys/fs/cgroup/cpu", Some("cpu")),
        at("/sys/fs/cgroup/cpuset", Some("cpuset")),
        at("/sys/fs/cgroup/memory", Some("memory")),
    ]
}

/// Folders to read for `hierarchy`, from the mount point down to the own group.
fn levels(mounts: &[Mount], groups: &[Group], hierarchy: Hierarchy) -> Vec<String> {
    let mut candidates = mounts.iter().filter(|m| m.shows(hierarchy));
    // A container that watches its host mounts the host's tree a second time, somewhere else.
    let mount = candidates.clone().find(|m| m.point.starts_with("/sys/fs/cgroup")).or_else(|| candidates.next());
    let Some(mount) = mount else {
        return Vec::new();
    };
    let group = groups.iter().find(|g| g.is_in(hierarchy));
    let mut folder = mount.point.trim_end_matches('/').to_owned();
    let mut levels = vec![folder.clone()];
    for name in group.map_or_else(Vec::new, |g| visible(&mount.root, g.path)) {
        folder = format!("{folder}/{name}");
        levels.push(folder.clone());
    }
    levels
}

/// The steps from the mount point to the group `path`, where the mount shows the group `root`.
///
/// Without a cgroup namespace a container reads its path on the host (`/docker/4f2c`), while the
/// mount shows exactly that group: then there are no steps. A path that the mount does not show
/// leaves the mount point itself, which is what the process can see of its limits.
fn visible<'a>(root: &str, path: &'a str) -> Vec<&'a str> {
    let names = |p: &'a str| -> Option<Vec<&'a str>> {
        Path::new(p)
            .components()
            .filter(|c| *c != Component::RootDir)
            .map(|c| match c {
                Component::Normal(name) => name.to_str(),
                // `/../x` is a group beside the namespace: not below any mount.
                _ => None,
            })
            .collect()
    };
    let inside = Path::new(path).strip_prefix(root).ok().and_then(Path::to_str).and_then(names);
    let mut steps = inside.unwrap_or_default();
    steps.truncate(DEEPEST);
    steps
}

/// The first value of `file` in `folder`: path, content.
fn file(root: &Path, folder: &str, name: &str) -> Option<(String, String)> {
    let file = format!("{folder}/{name}");
    let text = text(root, &file)?;
    Some((file, raw(&text)))
}

fn unlimited(host: &mut Host, file: String, raw: String, what: What) {
    host.unlimited.push(Reading { value: (), file, raw, what });
}

/// `cpu.max`: quota and period in microseconds, or `max` and a period.
fn quota_v2(root: &Path, folder: &str, host: &mut Host) {
    let Some((file, raw)) = file(root, folder, "cpu.max") else {
        return;
    };
    let mut words = raw.split_whitespace();
    let (quota, period) = (words.next(), words.next().unwrap_or("100000"));
    if quota == Some("max") {
        return unlimited(host, file, raw, What::QuotaV2);
    }
    if let Some(value) = quota.and_then(|quota| share(quota, period)) {
        host.cpus.push(Reading { value, file, raw, what: What::QuotaV2 });
    }
}

/// `cpu.cfs_quota_us` and `cpu.cfs_period_us`; a quota of -1 is none.
fn quota_v1(root: &Path, folder: &str, host: &mut Host) {
    let Some((quota_file, quota)) = file(root, folder, "cpu.cfs_quota_us") else {
        return;
    };
    if quota.starts_with('-') {
        return unlimited(host, quota_file, quota, What::QuotaV1);
    }
    let Some((_, period)) = file(root, folder, "cpu.cfs_period_us") else {
        return;
    };
    if let Some(value) = share(&quota, &period) {
        let raw = format!("{quota} of {period}");
        host.cpus.push(Reading { value, file: quota_file, raw, what: What::QuotaV1 });
    }
}

/// Quota over period, both in microseconds.
fn share(quota: &str, period: &str) -> Option<Cpus> {
    let (quota, period): (u32, u32) = (quota.parse().ok()?, period.parse().ok()?);
    (quota > 0 && period > 0).then(|| Cpus(f64::from(quota) / f64::from(period)))
}

/// `cpuset.cpus.effective` is already cut down by the groups above, in every group that has it.
fn cpuset_v2(root: &Path, folder: &str, host: &mut Host) {
    cpuset(root, folder, &["cpuset.cpus.effective"], host);
}

/// Kernels before 3.17 have no `effective_cpus`.
fn cpuset_v1(root: &Path, folder: &str, host: &mut Host) {
    cpuset(root, folder, &["cpuset.effective_cpus", "cpuset.cpus"], host);
}

fn cpuset(root: &Path, folder: &str, names: &[&str], host: &mut Host) {
    let Some((file, raw)) = names.iter().find_map(|name| file(root, folder, name)) else {
        return;
    };
    if let Some(value) = count_cpu_list(&raw) {
        host.cpus.push(Reading { value, file, raw, what: What::Cpuset });
    }
}

/// `memory.limit_in_bytes`.
fn memory_v1(root: &Path, folder: &str, host: &mut Host) {
    let Some((file, raw)) = file(root, folder, "memory.limit_in_bytes") else {
        return;
    };
    let what = What::LimitV1;
    match raw.parse::<u64>() {
        Ok(n) if n >= NO_LIMIT_V1 => unlimited(host, file, raw, what),
        Ok(n) if n > 0 => host.memory.push(Reading { value: Bytes(n), file, raw, what }),
        _ => {}
    }
}

/// `memory.max` or `memory.high`: bytes, or `max`.
fn memory_v2(root: &Path, folder: &str, name: &str, what: What, host: &mut Host) {
    let Some((file, raw)) = file(root, folder, name) else {
        return;
    };
    if raw == "max" {
        return unlimited(host, file, raw, what);
    }
    if let Ok(n @ 1..) = raw.parse::<u64>() {
        host.memory.push(Reading { value: Bytes(n), file, raw, what });
    }
}

/// The quota of the own group alone; version 1 wins where both have the controller's line.
fn own_quota(mounts: &[Mount], groups: &[Group], host: &Host) -> Option<Cpus> {
    let (hierarchy, name) = if groups.iter().any(|g| g.is_in(Hierarchy::V1("cpu"))) {
        (Hierarchy::V1("cpu"), "cpu.cfs_quota_us")
    } else {
        (Hierarchy::V2, "cpu.max")
    };
    let own = format!("{}/{name}", levels(mounts, groups, hierarchy).last()?);
    host.cpus.iter().find(|r| r.file == own).map(|r| r.value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mount_of_the_own_group_leaves_no_steps() {
        for (root, path, steps) in [
            ("/", "/", vec![]),
            ("/", "/system.slice/web.service", vec!["system.slice", "web.service"]),
            ("/docker/4f2c", "/docker/4f2c", vec![]),
            ("/docker/4f2c", "/docker/4f2c/inner", vec!["inner"]),
            ("/docker/4f2c", "/docker/4f2cd", vec![]),
            ("/docker/4f2c", "/actions_job/9", vec![]),
            ("/", "/../sibling", vec![]),
        ] {
            assert_eq!(visible(root, path), steps, "{root} {path}");
        }
    }

    #[test]
    fn mount_lines_are_read_with_and_without_optional_fields() {
        let plain = "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw";
        assert!(Mount::parse(plain).is_some_and(|m| m.shows(Hierarchy::V2)));
        let shared =
            "36 25 0:31 /a\\040b /sys/fs/cgroup/cpu,cpuacct rw shared:7 master:2 - cgroup cgroup rw,cpu,cpuacct";
        let mount = Mount::parse(shared).unwrap();
        assert_eq!(mount.root, "/a b");
        assert!(mount.shows(Hierarchy::V1("cpu")) && !mount.shows(Hierarchy::V1("cpuset")));
        assert_eq!(Mount::parse("22 1 8:1 / / rw - ext4 /dev/sda1 rw"), None);
        assert_eq!(Mount::parse("garbage"), None);
    }

    #[test]
    fn throttled_periods_of_all_levels_count() {
        let root = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        assert_eq!(throttled(root.path(), None), None);
        write("proc/self/cgroup", "0::/pod/web\n");
        write("proc/self/mountinfo", "41 31 0:38 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
        write("sys/fs/cgroup/pod/web/cpu.stat", "usage_usec 9\nnr_periods 40\nnr_throttled 3\nthrottled_usec 7\n");
        assert_eq!(throttled(root.path(), None), Some(3));
        write("sys/fs/cgroup/pod/cpu.stat", "nr_periods 40\nnr_throttled 4\n");
        assert_eq!(throttled(root.path(), None), Some(7));
        write("proc/12/cgroup", "0::/pod\n");
        assert_eq!(throttled(root.path(), Some(12)), Some(4));
        assert_eq!(throttled(root.path(), Some(13)), None);
    }

    #[test]
    fn the_folder_that_holds_a_limit_is_found() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(root.path().join("proc/self")).unwrap();
        let write = |name: &str, text: &str| std::fs::write(root.path().join("proc/self").join(name), text).unwrap();
        assert_eq!(folder(root.path(), None, "cpu"), None);
        write("cgroup", "4:memory:/web\n0::/user.slice/web\n");
        write(
            "mountinfo",
            "40 31 0:37 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n\
             41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n",
        );
        assert_eq!(folder(root.path(), None, "memory"), Some(("/sys/fs/cgroup/memory/web".to_owned(), false)));
        let unified = "/sys/fs/cgroup/unified/user.slice/web".to_owned();
        assert_eq!(folder(root.path(), None, "cpu"), Some((unified, true)));
    }

    #[test]
    fn a_backslash_without_a_code_stays() {
        assert_eq!(unescape(r"a\040b\134c\9"), r"a b\c\9");
        assert_eq!(unescape(r"\3é"), r"\3é");
    }
}
