//! Fires when a handler waits for another service without a limit, in a worker with few slots.

use super::prelude::*;
use crate::app::{Category, Context as Runs, Limit, Reached};

pub(super) const RULE: Rule = rule!("outbound-without-timeout", Shape::App(check));

/// Modules of the standard library whose sockets have the default timeout.
const STANDARD: [&str; 5] = ["urllib.", "smtplib.", "http.client.", "ftplib.", "imaplib."];

fn check(app: &App, service: Option<&Service>, context: &Context, out: &mut Findings) {
    let Some(service) = service.filter(|service| service.in_production() && !service.runs_loop()) else { return };
    let waits = |call: &&Reached| {
        call.limit == Limit::Never
            && !call.doubtful
            && matches!(call.category, Category::Http | Category::Mail)
            && call.contexts.contains(&Runs::Worker)
            && !(app.bounds_sockets && STANDARD.iter().any(|library| call.what.starts_with(library)))
            // Leaving a `with` closes what it has opened.
            && !call.what.ends_with("__exit__")
    };
    let serves = |call: &Reached| !call.handlers.iter().all(|(_, place, _)| context.is_aside(*place));
    // What was opened with a limit has it in all that is done with it, so only what can be given one is told.
    let opens = app.reached.iter().filter(waits).any(|call| !is_use(&call.what));
    let told = |call: &&Reached| waits(call) && !(opens && is_use(&call.what));
    // One finding for all: the call that most handlers wait for stands for the rest.
    let Some(worst) = app.reached.iter().filter(told).max_by_key(|call| (serves(call), call.handler_count)) else {
        return;
    };
    let others: Vec<&Reached> = app.reached.iter().filter(told).filter(|call| call.call != worst.call).collect();
    let Some(slots) = service.slots() else { return };
    // A sync worker is killed in the middle of a request that takes too long.
    let sync = service.deployment.class.is_some_and(|class| class.name() == "sync");
    let limit = if service.deployment.server == ServerName::Uwsgi { "harakiri" } else { "timeout" };
    let bounded = sync || limit == "harakiri";
    let killed = service.deployment.int(limit).filter(|&seconds| bounded && seconds > 0);
    let until = killed.map_or_else(String::new, |seconds| format!(" until their worker is killed after {seconds} s"));
    let held = match slots {
        1 => format!("one request to a service that hangs takes the only slot{}", until.replace("their", "its")),
        _ => format!("{slots} requests to a service that hangs take all {slots} slots{until}"),
    };
    let says = |call: &Reached| format!("`{}` has no limit of time: {held}", call.what);
    let mut report = out.report(worst.call, "waits without a limit", says(worst)).related_to(
        worst
            .handlers
            .iter()
            .find(|(_, place, _)| !context.is_aside(*place))
            .or(worst.handlers.first())
            .map(|(name, place, _)| Located::new(format!("`{name}` reaches it"), *place)),
    );
    // Where the number of slots and the limit come from.
    for name in ["workers", "processes", "threads", limit] {
        let setting = service.deployment.setting(name).filter(|setting| setting.is_set());
        report = report.related_to(
            setting
                .and_then(|setting| Some(Located::new(format!("`{name}` is {}", setting.value()?), setting.place()?))),
        );
    }
    for call in others {
        report = report.alike(call.call, format!("`{}` has none either", call.what), Some(says(call)));
    }
    report.help("pass `timeout=` with seconds, shorter than the timeout of the worker").fix(None);
}

/// Whether a call is one of what another call of the standard library has opened: `smtplib.SMTP.sendmail`.
fn is_use(what: &str) -> bool {
    let class = what.rsplit('.').nth(1).is_some_and(|class| class.starts_with(char::is_uppercase));
    class && STANDARD.iter().any(|library| what.starts_with(library))
}
