//! What the usual ways to ask for "the number of CPUs" answer in this process.
//!
//! They disagree as soon as an affinity or a quota exists, and the one that a configuration file
//! happens to call decides how many workers start. Only ways that look at the kernel are here;
//! environment variables that override them (`PYTHON_CPU_COUNT`, `OMP_NUM_THREADS`) are not read.

use super::{Host, What};

/// One way to ask, and what it says here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The call or command.
    pub asked: &'static str,
    /// Its answer; `unknown` if the files that it reads are not there, `no quota` for the quota.
    pub answer: String,
    /// Which limits it takes into account.
    pub sees: &'static str,
}

/// All of them, from the blindest to the most exact.
pub(super) fn of(host: &Host) -> Vec<Answer> {
    let online = host.least_cpus(&[What::Online]);
    // On a tree without a status file the best guess at the mask is every CPU.
    let affinity = host.least_cpus(&[What::Affinity]).or(online);
    let quota_v2 = host.least_cpus(&[What::QuotaV2]);
    let quota = host.least_cpus(&[What::QuotaV1, What::QuotaV2]);
    let own_quota = host.own_quota.map(|c| c.0);

    let capped = |quota: Option<f64>, round: fn(f64) -> f64| {
        affinity.map(|cpus| quota.map_or(cpus, |q| cpus.min(round(q).max(1.0))))
    };
    let row = |asked, answer: Option<f64>, sees| Answer {
        asked,
        answer: answer.map_or_else(|| "unknown".to_owned(), |n| n.to_string()),
        sees,
    };
    vec![
        row("os.cpu_count()", online, "CPUs of the host only"),
        row("multiprocessing.cpu_count()", online, "CPUs of the host only"),
        row("psutil.cpu_count()", online, "CPUs of the host only"),
        row("len(os.sched_getaffinity(0))", affinity, "affinity and cpuset"),
        row("os.process_cpu_count()", affinity, "affinity and cpuset; Python 3.13 and later"),
        row("nproc before 9.8", affinity, "affinity and cpuset"),
        // gnulib `nproc.c`: each level rounded to the nearest whole number, version 2 only.
        row(
            "nproc since 9.8",
            capped(quota_v2, |q| (q + 0.5).floor()),
            "affinity, cpuset and cgroup v2 quota, rounded to nearest",
        ),
        row(
            "Rust available_parallelism()",
            capped(quota, f64::floor),
            "affinity, cpuset and cgroup quota, rounded down",
        ),
        row(
            "Rust num_cpus::get()",
            capped(own_quota, f64::ceil),
            "affinity, cpuset and the quota of the own cgroup, rounded up",
        ),
        Answer {
            asked: "cgroup CPU quota",
            answer: quota.map_or_else(|| "no quota".to_owned(), two_decimals),
            sees: "every cgroup that is visible, unrounded",
        },
    ]
}

/// A quota as people write it: `1.5`, `0.33`.
fn two_decimals(cpus: f64) -> String {
    let text = format!("{cpus:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
