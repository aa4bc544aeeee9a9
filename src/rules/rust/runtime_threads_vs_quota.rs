//! Fires when a program in Rust starts many more threads for requests than its CPU limit has cores.

use super::prelude::*;
use crate::rules::service::DeclaredCpus;
use crate::sizing::capacity;
use crate::values::{Cpus, Seconds};

pub(super) const RULE: Rule = rule!("runtime-threads-vs-quota", Shape::AnyServer(check));

fn check(service: &Service, context: &Context, out: &mut Findings) {
    let deployment = service.deployment;
    if deployment.native.is_none() || !service.in_production() {
        return;
    }
    // A request bounds nothing, only a limit does.
    let limit = deployment.limits.cpus.as_ref().map(|limit| (limit.value, Some(limit.place), None));
    let stated = service.cpus.and_then(DeclaredCpus::stated);
    let Some((quota, limited, told)) = stated.map(|cpus| (cpus.cpus, None, Some(cpus.source.clone()))).or(limit) else {
        return;
    };
    // What it starts by itself follows the limit.
    let names = ["worker_threads", "workers"].into_iter();
    let Some(threads) = names.filter_map(|name| deployment.setting(name)).find(|threads| threads.is_set()) else {
        return;
    };
    let Some(place) = threads.place() else { return };
    let source = told.or_else(|| limited.map(|place| context.files.describe(place))).unwrap_or_default();
    let what = if threads.setting.name() == "workers" { "workers" } else { "runtime threads" };
    let says = if let Some((_, counts)) = threads.winner.host_cores() {
        format!("`{counts}` counts the cores of the machine, not those of the limit of {quota} ({source})")
    } else {
        let Some(count) = threads.int().filter(|&count| is_many(count, quota, out)) else { return };
        let busy = u32::try_from(count).unwrap_or(u32::MAX);
        let runs = capacity::runs_per_period(quota, busy, Seconds(0.1));
        format!(
            "{count} {what} on {quota} ({source}): when all are busy they run {runs} of each 100 ms and stand still for the rest"
        )
    };
    let removed = threads.winner.remove(context.files);
    out.report(place, format!("starts the {what}"), says)
        .at_most(threads.confidence().max(Confidence::Medium))
        .related_to(limited.map(|place| Located::new(format!("allows {quota}"), place)))
        .help("leave the number out: as many start then as the limit has cores")
        .fix(removed.map(|edits| Fix::unsafe_(format!("leave `{}` to the default", threads.setting.name()), edits)));
}

/// Whether a number of threads is far above the cores that a limit has, parts of one counted whole.
fn is_many(count: i64, quota: Cpus, out: &Findings) -> bool {
    let most = f64::from(quota.whole_up().max(1)) * out.parameter("factor");
    f64::from(u32::try_from(count).unwrap_or(u32::MAX)) >= most
}
