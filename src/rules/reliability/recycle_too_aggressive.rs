//! Fires when workers are replaced so often, or so few of them are there, that replacing one is felt.

use super::prelude::*;
use crate::sizing::chain;

pub(super) const RULE: Rule = rule!("recycle-too-aggressive", Shape::Deployment(check));

fn check(service: &Service, context: &Context, out: &mut Findings) {
    let deployment = service.deployment;
    if !service.in_production() {
        return;
    }
    let name = if deployment.server == ServerName::Uvicorn { "limit_max_requests" } else { "max_requests" };
    let Some(recycle) = deployment.setting(name) else { return };
    let (Some(requests), Some(place)) = (recycle.int().filter(|&n| n > 0), recycle.place()) else { return };
    let Some(workers) = deployment.setting("workers").and_then(|workers| Some((workers, workers.int()?))) else {
        return;
    };
    let (setting, count) = workers;
    let copies = service.copies(context);
    // Whoever writes down why has weighed it.
    let remarks = [context.remark(place), context.remark(deployment.command)];
    let remark = remarks.join("\n").to_lowercase();
    let weighed = ["leak", "memory"].iter().any(|word| remark.contains(word));
    if requests == 1 {
        out.report(
            place,
            "one request each",
            format!("`{name} = 1`: every request starts a new worker and loads the application"),
        )
        .at_most(recycle.confidence())
        .help("raise it to thousands, or remove it")
        .fix(None);
        return;
    }
    let stated = context.stated.request_rate.as_ref().zip(context.stated.boot_time.as_ref());
    let few = u32::try_from(requests).ok().zip(u32::try_from(count).ok());
    let lives = service.inputs.zip(few).filter(|_| copies.is_some()).and_then(|(inputs, (requests, workers))| {
        chain::life(inputs, requests, workers, out.parameter("share")).filter(chain::Life::is_short)
    });
    if let Some((life, (rate, boot))) = lives.zip(stated) {
        let advised = service.advised_or(name, i64::from(life.enough), context);
        out.report(
            place,
            "replaced this often",
            format!(
                "at {} requests/s ({}) a worker lives {:.0} s and takes {} s to start ({})",
                rate.value, rate.source, life.seconds, life.boot, boot.source
            ),
        )
        .at_most(recycle.confidence())
        .help(format!("with {} at most one worker in ten is starting", advised.value))
        .fix(advised.fix);
        return;
    }
    // The next one is a fork of what is loaded already, which takes no time.
    if deployment.setting("preload_app").and_then(Setting::value) == Some(&Value::Bool(true)) {
        return;
    }
    let Some((1, source, copies_at)) = copies.filter(|_| count == 1 && setting.winner.is_settled() && !weighed) else {
        return;
    };
    out.report(
        place,
        "replaces the only worker",
        format!("the only worker of the only copy ({source}) is replaced after {requests} requests: nobody answers while the next one starts"),
    )
    .at_most(recycle.confidence())
    .related_to(setting.place().map(|place| Located::new("1 worker".to_owned(), place)))
    .related_to(copies_at.map(|place| Located::new("1 copy".to_owned(), place)))
    .help(format!("start a second worker, or remove `{name}` unless memory is known to grow"))
    .fix(None);
}
