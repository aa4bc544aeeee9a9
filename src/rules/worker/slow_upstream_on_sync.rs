//! Fires when workers that run one request each wait for other services.

use super::prelude::*;
use crate::app::{Category, Context as Runs, Limit, Reached, Timeout, Weight};
use crate::sizing::{Class, Inputs, Verdict};

pub(super) const RULE: Rule = rule!("slow-upstream-on-sync", Shape::App(check));

fn check(app: &App, service: Option<&Service>, context: &Context, out: &mut Findings) {
    let one_each = |service: &&Service| {
        service.is_gunicorn() && service.deployment.class.is_some_and(|class| class.model() == Model::OneRequest)
    };
    let Some(service) = service.filter(one_each).filter(|service| service.in_production()) else {
        return;
    };
    // A service that nobody has given a number of workers has another fault.
    let Some(workers) = service.deployment.setting("workers").filter(|workers| workers.is_set()) else {
        return;
    };
    let Some(count) = workers.int().filter(|count| *count > 0) else { return };
    // A number that is fine for any kind of requests is none for those that are seen to wait.
    let suits = service.inputs.is_some_and(Inputs::says_what_is_asked)
        && service.advice.is_some_and(|advice| {
            let fits = advice.item("workers").is_some_and(|item| item.verdict == Verdict::InRange);
            advice.class == Class::Sync && fits
        });
    if suits || exact(count) >= out.parameter("enough-workers") || app.interface != AppInterface::Wsgi {
        return;
    }
    let asks_others = |reached: &&Reached| {
        let remote = matches!(
            reached.category,
            Category::Http
                | Category::Saas
                | Category::Llm
                | Category::Cloud
                | Category::Mail
                | Category::Rpc
                | Category::Ssh
        );
        remote && reached.weight == Weight::Unbounded && reached.contexts.contains(&Runs::Worker) && !reached.doubtful
    };
    let calls: Vec<&Reached> = app.reached.iter().filter(asks_others).collect();
    // What most handlers wait for counts, and of several such calls the longest.
    let weighs = |a: &Reached, b: &Reached| {
        let serves = |call: &Reached| !call.handlers.iter().all(|(_, place, _)| context.is_aside(*place));
        let limited = |call: &Reached| call.limit != Limit::Never;
        let by_count = a.handler_count.cmp(&b.handler_count);
        // That a call never gives up is told at the call.
        serves(a)
            .cmp(&serves(b))
            .then(by_count)
            .then(limited(a).cmp(&limited(b)))
            .then_with(|| seconds(a).total_cmp(&seconds(b)))
    };
    let Some(slowest) = calls.iter().copied().max_by(|a, b| weighs(a, b)) else {
        return;
    };
    // A single handler that waits without any timeout needs one, and not other workers: that is another rule's.
    let handlers: std::collections::BTreeSet<_> =
        calls.iter().flat_map(|call| call.handlers.iter().map(|(_, at, _)| at)).collect();
    let unlimited =
        |call: &&Reached| call.limit == Limit::Never && matches!(call.category, Category::Http | Category::Mail);
    if handlers.len() < 2 && slowest.handler_count < 2 && calls.iter().all(unlimited) {
        return;
    }
    let serving = slowest.handlers.iter().find(|(_, place, _)| !context.is_aside(*place));
    let handler = serving.or(slowest.handlers.first()).map_or("", |(name, ..)| name.as_str());
    let of_what = if slowest.timeout == Timeout::Operation { " for each read" } else { "" };
    let how_long = match slowest.limit {
        Limit::Given(limit) => format!(", up to {limit} s{of_what}"),
        Limit::Default(limit) => format!(", up to {limit} s{of_what} by default"),
        Limit::Never | Limit::Unknown => String::new(),
    };
    // More threads make another class of it.
    let threads = service.deployment.setting("threads");
    let mut variables: Vec<String> =
        [Some(workers), threads].into_iter().flatten().flat_map(|setting| setting.winner.variables()).collect();
    variables.dedup();
    let unless = match variables.as_slice() {
        [] => String::new(),
        names => format!(", unless {} is set", names.join(" or ")),
    };
    let plural = if count == 1 { "" } else { "s" };
    let report = out
        .report(
            workers.place().unwrap_or(service.deployment.command),
            "serves so many requests at a time",
            format!(
                "{count} sync worker{plural} serve{} {count} request{plural} at a time, and `{}` in `{handler}` waits for \
                 another service{how_long}{unless}",
                if count == 1 { "s" } else { "" },
                slowest.what
            ),
        )
        .related(slowest.call, "holds a worker while it waits");
    let advised = service.advised("threads", context);
    let many = advised.as_ref().map_or(4, |advised| advised.value);
    let by_hand = || {
        let told = service.advice.is_some_and(|advice| advice.item("threads").is_some());
        let edit = service.give("threads", &Value::Int(4), context).filter(|_| !told)?;
        Some(Fix::unsafe_("run 4 requests in the threads of each worker", vec![edit]))
    };
    report
        .help(format!(
            "set `threads = {many}` (which makes it a gthread worker); `farrier advise` says how it computes that"
        ))
        .fix(advised.and_then(|advised| advised.fix).or_else(by_hand));
}

/// How long a call takes at worst, for choosing one of several.
fn seconds(reached: &Reached) -> f64 {
    match reached.limit {
        Limit::Never => f64::MAX,
        Limit::Given(seconds) | Limit::Default(seconds) => seconds,
        Limit::Unknown => 0.0,
    }
}
