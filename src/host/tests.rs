//! Fixture trees, and the machine that runs the tests.

use std::process::Command;

use proptest::prelude::*;

use super::*;

fn fixture(case: &str) -> Host {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/host");
    let root = folder.join(case);
    assert!(root.is_dir(), "no fixture {case}");
    Host::detect(&root)
}

/// Cores with the end of the file they come from.
type Cores = Option<(f64, &'static str)>;
/// Memory in MiB with the end of the file it comes from.
type Memory = Option<(u64, &'static str)>;

#[test]
fn the_tightest_limit_wins() {
    let online = "cpu/online";
    let status = "self/status";
    let meminfo = "proc/meminfo";
    let cases: &[(&str, Cores, Memory)] = &[
        ("v2-namespace", Some((1.5, "cgroup/cpu.max")), Some((512, "cgroup/memory.max"))),
        // The slice above is tighter for cores, the throttle of the service for memory.
        ("v2-nested-slices", Some((0.5, "app.slice/cpu.max")), Some((768, "web.service/memory.high"))),
        ("v2-max", Some((4.0, status)), Some((16000, meminfo))),
        ("v2-root", Some((4.0, status)), Some((16000, meminfo))),
        ("v2-cpuset", Some((2.0, "cpuset.cpus.effective")), Some((16000, meminfo))),
        ("v2-rootless", Some((4.0, status)), Some((2048, "user-1000.slice/memory.max"))),
        ("v1-container", Some((0.5, "cpu,cpuacct/cpu.cfs_quota_us")), Some((256, "memory/memory.limit_in_bytes"))),
        ("v1-no-limit", Some((4.0, status)), Some((16000, meminfo))),
        ("v1-nested", Some((2.5, "pod7/cpu.cfs_quota_us")), Some((1024, "pod7/memory.limit_in_bytes"))),
        ("hybrid", Some((2.0, "cpuset/cpuset.cpus")), Some((4096, "28e2/memory.limit_in_bytes"))),
        ("lxc", Some((2.0, "cpuset.cpus.effective")), Some((2048, "cgroup/memory.max"))),
        // The path of the process is not below what the mount shows.
        ("foreign-path", Some((4.0, status)), Some((128, "memory/memory.limit_in_bytes"))),
        // A monitoring container mounts its host's tree as well: not its own limits.
        ("second-mount", Some((3.0, "/sys/fs/cgroup/cpu.max")), Some((16000, meminfo))),
        ("no-mountinfo", Some((1.0, "/sys/fs/cgroup/cpu.max")), Some((16000, meminfo))),
        // A unit with `CPUQuota=150%` in a slice with `MemoryMax=4G`.
        ("v2-systemd-unit", Some((1.5, "web.service/cpu.max")), Some((4096, "system.slice/memory.max"))),
        // The static CPU manager gives whole cores; affinity and cpuset say the same as the quota.
        ("v2-kubernetes-guaranteed", Some((2.0, "cgroup/cpu.max")), Some((1024, "cgroup/memory.max"))),
        // A request is a share and no number of cores.
        ("v2-kubernetes-burstable", Some((32.0, "cpuset.cpus.effective")), Some((512, "cgroup/memory.max"))),
        ("v2-kubernetes-pod", Some((0.75, "pod9.slice/cpu.max")), Some((768, "pod9.slice/memory.max"))),
        ("v2-fraction", Some((0.25, "cgroup/cpu.max")), Some((128, "cgroup/memory.max"))),
        ("v2-quota-above-cores", Some((2.0, status)), Some((16000, meminfo))),
        ("v2-docker-in-docker", Some((2.0, "fs/cgroup/cpu.max")), Some((1024, "fs/cgroup/memory.max"))),
        ("v1-docker-in-docker", Some((1.0, "inner/cpu.cfs_quota_us")), Some((512, "inner/memory.limit_in_bytes"))),
        ("v1-affinity", Some((2.0, status)), Some((16000, meminfo))),
        ("hybrid-unified", Some((2.5, "web.service/cpu.cfs_quota_us")), Some((1536, "memory.limit_in_bytes"))),
        ("v2-half-written", Some((4.0, status)), Some((16000, meminfo))),
        ("v2-memory-high", Some((4.0, status)), Some((384, "web.scope/memory.high"))),
        ("cpuinfo-only", Some((2.0, "/proc/cpuinfo")), None),
        ("nothing", None, None),
        ("garbage", None, None),
    ];
    for (case, cpus, memory) in cases {
        let host = fixture(case);
        let limit = host.cpu_limit();
        assert_eq!(limit.map(|r| r.value), cpus.map(|c| Cpus(c.0)), "{case}: {host:#?}");
        if let Some((reading, (_, file))) = limit.zip(*cpus) {
            assert!(reading.file.ends_with(file), "{case}: {reading:?}");
        }
        let limit = host.memory_limit();
        assert_eq!(limit.map(|r| r.value), memory.map(|m| Bytes::mib(m.0)), "{case}: {host:#?}");
        if let Some((reading, (_, file))) = limit.zip(*memory) {
            assert!(reading.file.ends_with(file), "{case}: {reading:?}");
        }
    }
    assert!(fixture("v2-namespace").cpus.iter().any(|r| r.file.ends_with(online)));
}

/// A group with a quota of 1.5 cores, made on the machine that runs the test.
#[cfg(target_os = "linux")]
struct RealGroup {
    folder: std::path::PathBuf,
    /// What `/proc/self/cgroup` says to a process inside.
    said: String,
}

#[cfg(target_os = "linux")]
impl RealGroup {
    /// `None` where whoever runs the tests may not make one.
    fn make() -> Option<Self> {
        let name = format!("farrier-test-{}", std::process::id());
        for (parent, file, quota) in [
            ("/sys/fs/cgroup/cpu", "cpu.cfs_quota_us", "150000"),
            ("/sys/fs/cgroup/cpu,cpuacct", "cpu.cfs_quota_us", "150000"),
            ("/sys/fs/cgroup", "cpu.max", "150000 100000"),
        ] {
            let folder = Path::new(parent).join(&name);
            if std::fs::create_dir(&folder).is_err() {
                continue;
            }
            let mut group = Self { folder, said: String::new() };
            // The group goes away again whatever comes next.
            if std::fs::write(group.folder.join(file), quota).is_ok() && group.enter() {
                return Some(group);
            }
        }
        None
    }

    fn enter(&mut self) -> bool {
        let into = format!("echo $$ > {}/cgroup.procs && cat /proc/self/cgroup", self.folder.display());
        let said = Command::new("sh").args(["-c", &into]).output();
        self.said = said.map(|said| String::from_utf8_lossy(&said.stdout).into_owned()).unwrap_or_default();
        self.said.contains("farrier-test-")
    }
}

#[cfg(target_os = "linux")]
impl Drop for RealGroup {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir(&self.folder);
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_real_group_is_read_as_it_was_made() {
    let Some(group) = RealGroup::make() else {
        eprintln!("no group can be made here: the fixtures have to do");
        return;
    };
    // The machine as a process in the group sees it.
    let root = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink("/sys", root.path().join("sys")).unwrap();
    let own = root.path().join("proc/self");
    std::fs::create_dir_all(&own).unwrap();
    std::fs::copy("/proc/self/mountinfo", own.join("mountinfo")).unwrap();
    std::fs::write(own.join("cgroup"), &group.said).unwrap();
    let host = Host::detect(root.path());
    let quota = host.cpus.iter().find(|r| r.value == Cpus(1.5));
    let quota = quota.unwrap_or_else(|| panic!("{host:#?}"));
    assert!(quota.file.contains("farrier-test-"), "{quota:?}");
    let least = host.cpus.iter().map(|r| r.value.0).fold(f64::INFINITY, f64::min);
    assert_eq!(host.cpu_limit().map(|r| r.value.0), Some(least));
    assert!(least <= 1.5);
}

#[test]
fn a_file_that_says_no_limit_is_kept_as_such() {
    let said: Vec<_> = fixture("v1-no-limit").unlimited.iter().map(|r| r.raw.clone()).collect();
    assert_eq!(said, ["-1", "9223372036854710272", "9223372036854771712"]);
}

fn answer(host: &Host, asked: &str) -> String {
    let found = host.answers().into_iter().find(|a| a.asked == asked);
    found.unwrap_or_else(|| panic!("nobody asked {asked}")).answer
}

#[test]
fn the_ways_to_ask_disagree() {
    let asked = [
        "os.cpu_count()",
        "len(os.sched_getaffinity(0))",
        "nproc before 9.8",
        "nproc since 9.8",
        "Rust available_parallelism()",
        "Rust num_cpus::get()",
        "cgroup CPU quota",
    ];
    for (case, expected) in [
        ("v2-namespace", ["64", "64", "64", "2", "1", "2", "1.5"]),
        ("v2-nested-slices", ["4", "4", "4", "1", "1", "2", "0.5"]),
        // Only nproc ignores version 1, and only num_cpus the groups above.
        ("v1-nested", ["4", "4", "4", "4", "2", "4", "2.5"]),
        ("v2-cpuset", ["16", "2", "2", "2", "2", "2", "no quota"]),
        ("nothing", ["unknown", "unknown", "unknown", "unknown", "unknown", "unknown", "no quota"]),
    ] {
        let host = fixture(case);
        assert_eq!(asked.map(|a| answer(&host, a)), expected, "{case}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn the_answers_are_what_the_calls_say_here() {
    let host = Host::detect(Path::new("/"));
    assert!(host.memory_limit().is_some());
    assert_eq!(answer(&host, "Rust num_cpus::get()"), num_cpus::get().to_string());
    let parallelism = std::thread::available_parallelism().unwrap();
    assert_eq!(answer(&host, "Rust available_parallelism()"), parallelism.to_string());

    let python = "import os; print(os.cpu_count(), len(os.sched_getaffinity(0)))";
    // A machine without Python or coreutils can still run the rest.
    if let Ok(said) = Command::new("python3").args(["-c", python]).output() {
        let said = String::from_utf8(said.stdout).unwrap();
        let ours = ["os.cpu_count()", "len(os.sched_getaffinity(0))"].map(|a| answer(&host, a));
        assert_eq!(said.trim(), ours.join(" "));
    }
    let mut nproc = Command::new("nproc");
    let nproc = nproc.env_remove("OMP_NUM_THREADS").env_remove("OMP_THREAD_LIMIT");
    if let Ok(said) = nproc.output() {
        let said = String::from_utf8(said.stdout).unwrap();
        let ours = ["nproc before 9.8", "nproc since 9.8"].map(|a| answer(&host, a));
        assert!(ours.contains(&said.trim().to_owned()), "{said} {ours:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn garbage_in_any_file_never_panics(texts in proptest::collection::vec("\\PC{0,40}|[0-9 /:,\\\\-]{0,40}\n?|(0::/|max|../)[a-z/. ]{0,20}", 9)) {
        let root = tempfile::tempdir().unwrap();
        let files = [
            "proc/self/cgroup", "proc/self/mountinfo", "proc/self/status", "proc/meminfo",
            "proc/cpuinfo", "sys/devices/system/cpu/online", "sys/fs/cgroup/cpu.max",
            "sys/fs/cgroup/memory.max", "sys/fs/cgroup/cpuset.cpus.effective",
        ];
        for (file, text) in files.iter().zip(&texts) {
            let path = root.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let real = "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n";
        let mountinfo = root.path().join("proc/self/mountinfo");
        std::fs::write(mountinfo, format!("{}\n{real}", texts[1])).unwrap();
        let host = Host::detect(root.path());
        prop_assert!(host.cpus.iter().all(|r| r.value.0 > 0.0 && r.value.0.is_finite()));
        prop_assert!(!host.answers().is_empty());
    }
}
