//! Fires when a number of processes or threads is computed from the cores of the machine.

use super::prelude::*;

pub(super) const RULE: Rule = rule!("host-cpu-count-in-container", Shape::Deployment(check));

fn check(service: &Service, _: &Context, out: &mut Findings) {
    for name in ["workers", "threads"] {
        let Some(setting) = service.deployment.setting(name) else {
            continue;
        };
        // A value that is clamped, or overridden by a stronger layer, cannot explode.
        let Some((place, spelling)) = setting.winner.host_cores() else {
            continue;
        };
        let large = service.deployment.workers_on_large_node.filter(|_| name == "workers");
        let starts = large.map_or_else(String::new, |n| format!(": on a 64-core node this starts {n} workers"));
        let container = service.deployment.container;
        let report = out
            .report(
                place,
                "counts the cores of the machine",
                format!("`{spelling}` ignores the CPU limit of the container{starts}"),
            )
            .help("write the number down, or read it from a variable that the deployment sets (`farrier advise` computes it)");
        let report = match container {
            Some(container) => report.related(container, "runs in a container"),
            // Without a container the machine's cores are what there is.
            None => report.severity(Severity::Advice),
        };
        let limit = service.cpus.and_then(|cpus| Some(Located::new(format!("allows {}", cpus.cpus), cpus.place?)));
        report.related_to(limit).fix(None);
    }
}
