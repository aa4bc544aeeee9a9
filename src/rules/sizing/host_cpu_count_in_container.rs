//! Fires when a number of processes or threads is computed from the cores of the machine.

use super::prelude::*;
use crate::deployment::{UnitKind, signs};

/// What comes to so few on 64 cores is held down by something: no formula that grows with the cores does.
const HELD_DOWN: i64 = 8;

pub(super) const RULE: Rule = rule!("host-cpu-count-in-container", Shape::Deployment(check));

fn check(service: &Service, context: &Context, out: &mut Findings) {
    if !service.in_production() {
        return;
    }
    for name in ["workers", "processes", "threads"] {
        let Some(setting) = service.deployment.setting(name) else {
            continue;
        };
        // A value that is clamped, or overridden by a stronger layer, cannot explode.
        let Some((place, spelling)) = setting.winner.host_cores() else {
            continue;
        };
        // What an image does by itself is told with the image.
        if service.deployment.base.as_ref().is_some_and(|base| base.place == place) {
            continue;
        }
        let large = service.deployment.workers_on_large_node.filter(|_| name == "workers");
        if large.is_some_and(|workers| workers <= HELD_DOWN) {
            continue;
        }
        let starts = large.map_or_else(String::new, |n| format!(": on a 64-core node this starts {n} workers"));
        let container = service.deployment.container;
        let variables = setting.winner.variables();
        // Manifests of kinds that nobody reads name it like all others.
        if setting.winner.named_variables().any(|name| signs::is_named_in_a_manifest(name, context.files)) {
            continue;
        }
        if is_a_machine_of_its_own(service, context) {
            continue;
        }
        // What the scheduler may not use is not counted.
        if service.deployment.limits.pinned && counts_the_affinity(spelling) {
            continue;
        }
        let unless = match variables.as_slice() {
            [] => String::new(),
            names => format!(", unless {} is set", names.join(" or ")),
        };
        let limit = service.cpus.filter(|cpus| cpus.is_limit);
        let report = out
            .report(
                place,
                "counts the cores of the machine",
                match container {
                    Some(_) => format!("`{spelling}` ignores the CPU limit of the container{starts}{unless}"),
                    None => format!("`{spelling}` ignores the CPU limit of any container it may run in{starts}{unless}"),
                },
            )
            .help(match variables.as_slice() {
                [] => {
                    "write the number down, or read it from a variable that the deployment sets (`farrier advise` computes \
                     it)"
                    .to_owned()
                }
                names => format!("set {} wherever it is deployed (`farrier advise` computes it)", names.join(" or ")),
            });
        let report = match service.container_beside(place) {
            Some(container) => report.related(container, "runs in a container"),
            None if container.is_some() => report,
            // Without a container the machine's cores are what there is.
            None => report.severity(Severity::Advice),
        };
        // Whoever deploys it may set another number, and where nothing limits the container it gets what it counts.
        let report = if container.is_some() && !variables.is_empty() && limit.is_none() {
            report.severity(Severity::Warning)
        } else {
            report
        };
        let cores = limit.map(|cpus| cpus.cpus.whole_up());
        let advised = limit.and_then(|_| service.advised_instead(name, context)).and_then(|advised| advised.fix);
        // What the advice has a number for gets no other one.
        let told = service.advice.is_some_and(|advice| advice.item(name).is_some());
        let by_hand = cores.filter(|_| !told && context.files.text_at(place).contains(spelling)).map(|cores| {
            let edit = Edit::replace(place, cores.to_string());
            Fix::unsafe_(format!("count on the {cores} of the limit"), vec![edit])
        });
        report
            .related_to(limit.and_then(|cpus| Some(Located::new(format!("allows {}", cpus.cpus), cpus.place?))))
            .fix(advised.or(by_hand));
    }
}

/// Whether what is asked for are the processors that the process may run on, which a set of them bounds and a quota does
/// not: `nproc` of coreutils and `CPython` both ask `sched_getaffinity`.
fn counts_the_affinity(spelling: &str) -> bool {
    let of_python = ["sched_getaffinity", "process_cpu_count"].iter().any(|call| spelling.contains(call));
    of_python || (spelling.contains("nproc") && !spelling.contains("--all"))
}

/// Whether AWS Fargate runs it, which gives each task a virtual machine with the cores of the task.
fn is_a_machine_of_its_own(service: &Service, context: &Context) -> bool {
    match service.deployment.kind {
        UnitKind::Platform => signs::is_on_fargate(service.deployment, context.files),
        // Nothing else in the project runs the image.
        UnitKind::Image => signs::has_fargate_in_terraform(context.files),
        _ => false,
    }
}
