//! Under which limits servers ran, and what that means for the numbers.

use serde::Serialize;

use super::Measurement;
use crate::measure::{Bounds, Kept, Limits, Means};
use crate::values::{Bytes, Cpus};

/// One sentence for each limit that was asked for, or one for those that are declared and were not.
pub(super) fn sentences(run: &Measurement<'_>) -> Vec<String> {
    let Some(bounds) = run.bounds.filter(|bounds| !bounds.is_empty()) else {
        return declared(run.declared).into_iter().collect();
    };
    let cores = bounds.cpus.as_ref().map(of_cores);
    cores.into_iter().chain(bounds.memory.as_ref().map(of_memory)).collect()
}

fn of_cores(kept: &Kept<Cpus>) -> String {
    let Kept { wanted, by, because } = kept;
    let because = because.as_deref().unwrap_or("nothing else is possible");
    match *by {
        Means::Group => format!("{wanted}: kept by the quota of a control group"),
        Means::Scope => format!("{wanted}: kept by the quota of a systemd scope"),
        Means::Cores(count) => {
            let cores = Cpus(u32::try_from(count).map_or(f64::INFINITY, f64::from));
            let meaning = if (cores.0 - wanted.0).abs() < f64::EPSILON {
                "requests/s are about those of a quota".to_owned()
            } else if cores.0 > wanted.0 {
                format!("which is more than {wanted}: requests/s are those of {cores}")
            } else {
                format!("requests/s are those of {cores}")
            };
            format!(
                "{wanted}: pinned to {cores}, because {because}; {meaning}, p99 under a quota can be several times worse"
            )
        }
        Means::Nothing => format!("{wanted}: not limited, because {because}"),
    }
}

fn of_memory(kept: &Kept<Bytes>) -> String {
    let Kept { wanted, by, because } = kept;
    match by {
        Means::Group => format!("{wanted}: kept by a control group, which kills what takes more"),
        Means::Scope => format!("{wanted}: kept by a systemd scope, which kills what takes more"),
        Means::Cores(_) | Means::Nothing => {
            let because = because.as_deref().unwrap_or("nothing is possible");
            format!("{wanted}: not limited, because {because}; what the processes take is compared with it")
        }
    }
}

/// Limits of the project that hold for its containers and not for a run on this machine.
fn declared(limits: Limits) -> Option<String> {
    let options: Vec<String> = [
        limits.cpus.map(|cpus| format!("--cpus {}", cpus.to_string().trim_end_matches(|c: char| !c.is_ascii_digit()))),
        limits.memory.map(|memory| format!("--memory {:.0}MiB", memory.as_mib())),
    ]
    .into_iter()
    .flatten()
    .collect();
    let them = if options.len() == 1 { "it" } else { "them" };
    (!options.is_empty()).then(|| {
        format!(
            "not limited, although the project declares less than this machine has: `{}` applies {them}",
            options.join(" ")
        )
    })
}

/// The same for programs.
#[derive(Serialize)]
pub(super) struct LimitsDocument<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    cpus: Option<LimitDocument<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    memory_bytes: Option<LimitDocument<'a>>,
}

#[derive(Serialize)]
struct LimitDocument<'a> {
    wanted: f64,
    by: &'static str,
    /// Cores that the servers were pinned to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pinned: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    because: Option<&'a str>,
}

impl<'a> LimitsDocument<'a> {
    pub(super) fn new(bounds: &'a Bounds) -> Self {
        fn of<T: Copy>(kept: &Kept<T>, wanted: impl Fn(T) -> f64) -> LimitDocument<'_> {
            let (by, pinned) = match kept.by {
                Means::Group => ("control group", None),
                Means::Scope => ("systemd scope", None),
                Means::Cores(count) => ("affinity", Some(count)),
                Means::Nothing => ("nothing", None),
            };
            LimitDocument { wanted: wanted(kept.wanted), by, pinned, because: kept.because.as_deref() }
        }
        #[allow(clippy::cast_precision_loss, reason = "no machine has 2^52 bytes of memory")]
        let bytes = |memory: Bytes| memory.0 as f64;
        Self {
            cpus: bounds.cpus.as_ref().map(|kept| of(kept, |cpus| cpus.0)),
            memory_bytes: bounds.memory.as_ref().map(|kept| of(kept, bytes)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(wanted: f64, by: Means) -> String {
        of_cores(&Kept { wanted: Cpus(wanted), by, because: Some("no group may be made".to_owned()) })
    }

    #[test]
    fn what_was_possible_is_said() {
        assert_eq!(said(1.5, Means::Group), "1.5 CPUs: kept by the quota of a control group");
        let pinned = said(2.0, Means::Cores(2));
        assert!(
            pinned.contains("pinned to 2 CPUs, because no group may be made; requests/s are about those of"),
            "{pinned}"
        );
        assert!(said(1.5, Means::Cores(1)).contains("requests/s are those of 1 CPU,"));
        assert!(said(0.5, Means::Cores(1)).contains("which is more than 0.5 CPUs: requests/s are those of 1 CPU,"));
        assert_eq!(said(8.0, Means::Nothing), "8 CPUs: not limited, because no group may be made");
        let memory = Kept { wanted: Bytes::mib(512), by: Means::Nothing, because: Some("no".to_owned()) };
        assert_eq!(of_memory(&memory), "512 MiB: not limited, because no; what the processes take is compared with it");
    }

    #[test]
    fn declared_limits_are_offered() {
        assert_eq!(declared(Limits::default()), None);
        let both = declared(Limits { cpus: Some(Cpus(1.0)), memory: Some(Bytes::mib(512)) }).unwrap();
        assert!(both.ends_with("`--cpus 1 --memory 512MiB` applies them"), "{both}");
        let one = declared(Limits { cpus: Some(Cpus(0.5)), memory: None }).unwrap();
        assert!(one.ends_with("`--cpus 0.5` applies it"), "{one}");
    }
}
