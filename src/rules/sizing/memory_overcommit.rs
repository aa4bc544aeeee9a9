//! Fires when the workers need more memory than the limit even by the lowest estimate.

use super::prelude::*;
use crate::sizing::{Origin, capacity};

pub(super) const RULE: Rule = rule!("memory-overcommit", Shape::Deployment(check));

fn check(service: &Service, context: &Context, out: &mut Findings) {
    let Some(inputs) = service.inputs.filter(|_| service.in_production()) else { return };
    // Without a limit, or anything known of a worker, there is no sum.
    let (Some(limit), Some(worker)) = (&inputs.memory, &inputs.per_worker) else { return };
    // A request bounds nothing, only a limit does.
    let is_request = inputs.memory_of == Origin::Requested;
    let Some(workers) = service.workers().filter(|_| !is_request) else { return };
    let (Some(count), Some(place)) = (workers.int().filter(|&count| count > 1), workers.place()) else { return };
    let threads = service.threads().and_then(|threads| u32::try_from(threads).ok()).unwrap_or(1);
    let each = capacity::grown_worker(worker.value.low, threads);
    let room = capacity::memory_for_workers(limit.value, inputs.master, inputs.reserved());
    let fits = i64::from(capacity::workers_in_memory(room, each));
    if count <= fits {
        return;
    }
    // What they may grow by is to be planned for, and no fault before it has happened.
    let total = (inputs.master.as_mib() + worker.value.low.as_mib() * exact(count)).round();
    if total <= (room.as_mib() + inputs.master.as_mib()).round() {
        return;
    }
    let limit_at = service.deployment.limits.memory.as_ref().map(|limit| limit.place);
    let advised = service.advised(workers.setting.name(), context);
    let report = out.report(
        place,
        format!("{count} workers"),
        format!(
            "{count} workers need at least {total} MiB: {:.0} for the parent and {:.0} each ({}), and a tenth of {} ({}) \
             is to stay free",
            inputs.master.as_mib(),
            worker.value.low.as_mib(),
            worker.source,
            limit.value,
            limit.source
        ),
    );
    // What nobody measured is no reason to fail a build.
    let report = if worker.confidence == Confidence::Low { report.severity(Severity::Warning) } else { report };
    report
        .at_most(workers.confidence())
        .related_to(limit_at.map(|place| Located::new(format!("allows {}", limit.value), place)))
        .help(match advised.as_ref().map_or(fits, |advised| advised.value.min(fits)) {
            0 => "allow more memory".to_owned(),
            1 => "one fits; threads serve more requests in the same memory (`farrier advise`)".to_owned(),
            n => format!("{n} fit; threads serve more requests in the same memory (`farrier advise`)"),
        })
        .fix(advised.filter(|_| fits > 0).and_then(|advised| advised.fix));
}
