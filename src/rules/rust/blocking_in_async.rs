//! Fires when a handler of a Rust service makes a call that a worker of its runtime waits for.

use super::prelude::*;
use crate::app::{Category, Program, Runtime, Stall, Weight};
use crate::findings::Cause;
use crate::rules::repeated::MAX_HANDLERS;

pub(super) const RULE: Rule = rule!("blocking-in-async", Shape::Program(check));

/// How many steps of a way somebody reads.
const MAX_WAY: usize = 10;

fn check(program: &Program, _: &Context, out: &mut Findings) {
    for stall in &program.blocking {
        let otherwise = otherwise(stall);
        let message = format!("{} {}", subject(stall), consequence(stall, program.runtime));
        let mut report = out
            .report(stall.anchor, label(stall), message)
            .severity(severity(stall, program.runtime))
            .at_most(stall.certainty)
            .about(stall.category, format!("{} calls on the runtime", stall.library));
        for hop in stall.chain.iter().filter(|hop| hop.place != stall.anchor).take(MAX_WAY) {
            report = report.related(hop.place, format!("in `{}`", hop.function));
        }
        for place in stall.more.iter().filter(|place| **place != stall.anchor) {
            report = report.alike(*place, "so does this", None);
        }
        for (name, place, is_task) in stall.handlers.iter().take(MAX_HANDLERS) {
            let what = if *is_task { "runs as a task" } else { "handles requests" };
            report = report.related(*place, format!("`{name}` {what}"));
        }
        let calls = std::iter::once(stall.call).chain(stall.more.iter().copied()).collect();
        report
            .help(format!("use {}{otherwise}", stall.instead))
            .reached_from(stall.handlers.iter().map(|(_, place, _)| *place))
            .by_way_of(stall.chain.iter().map(|hop| hop.place))
            .because(Cause { lines: vec![stall.anchor], calls, ..Cause::default() })
            .fix(stall.repair.clone());
    }
}

/// The call where it stands in the handler itself, the way to it where it does not.
fn subject(stall: &Stall) -> String {
    match &stall.chain[..] {
        [hop] => {
            let word = if hop.is_async { "async fn" } else { "fn" };
            format!("`{}` in `{word} {}`", stall.what, hop.function)
        }
        hops => {
            let names = hops.iter().take(MAX_WAY).map(|hop| format!("`{}` -> ", hop.function));
            format!("{}`{}`", names.collect::<String>(), stall.what)
        }
    }
}

const fn label(stall: &Stall) -> &'static str {
    if stall.panics { "panics here" } else { "a worker of the runtime stands still here" }
}

/// What one worker that stands still means.
fn consequence(stall: &Stall, runtime: Runtime) -> String {
    if stall.panics {
        let whose = if runtime == Runtime::Apart { "each worker of actix" } else { "the runtime" };
        return format!("panics: {whose} has one thread, so nobody can take over what else runs on it");
    }
    let verb = if stall.category == Category::Cpu { "computes" } else { "waits" };
    match runtime {
        Runtime::OneThread => format!("{verb} on the only thread of the runtime: every request stands still"),
        Runtime::Apart => format!("{verb} on a worker of actix: all connections of that worker stand still"),
        Runtime::Shared(Some(1)) => format!("{verb} on the only worker of the runtime: every request stands still"),
        Runtime::Shared(Some(count)) => {
            format!("{verb} on one of {count} workers of the runtime: {count} such requests stop all")
        }
        Runtime::Shared(None) => {
            format!(
                "{verb} on one of the workers of the runtime, of which there is one per core: as many such requests stop all"
            )
        }
    }
}

/// Where nothing better is at hand.
fn otherwise(stall: &Stall) -> &'static str {
    if stall.instead.contains("spawn_blocking") { "" } else { ", or `tokio::task::spawn_blocking`" }
}

/// By what it waits for, and how many requests that concerns.
fn severity(stall: &Stall, runtime: Runtime) -> Severity {
    let shared = matches!(runtime, Runtime::Shared(count) if count != Some(1));
    let worst = match (stall.category, stall.weight) {
        (_, Weight::Slight) => return Severity::Advice,
        (Category::File | Category::Cpu, _) | (_, Weight::Bounded) => Severity::Warning,
        (_, Weight::Unbounded) if shared => Severity::Warning,
        (_, Weight::Unbounded) => Severity::Error,
    };
    match (stall.certainty, worst) {
        (Confidence::High, worst) => worst,
        (Confidence::Medium, Severity::Error) => Severity::Warning,
        _ => Severity::Advice,
    }
}
