//! Fires when a handler computes for long in a greenlet.

use std::collections::BTreeMap;

use super::prelude::*;
use crate::app::{Category, Context as Runs, Reached, Weight};

pub(super) const RULE: Rule = rule!("gevent-cpu-bound", Shape::App(check));

fn check(app: &App, service: Option<&Service>, _: &Context, out: &mut Findings) {
    let Some(service) = service.filter(|service| service.in_production() && service.runs_greenlets()) else {
        return;
    };
    let computes = |reached: &&Reached| {
        reached.category == Category::Cpu
            && reached.weight > Weight::Slight
            && !reached.doubtful
            && reached.contexts.contains(&Runs::Worker)
    };
    // What is wrong is the class for this work, once for each library that does it.
    let mut libraries: BTreeMap<&str, Vec<&Reached>> = BTreeMap::new();
    for reached in app.reached.iter().filter(computes) {
        libraries.entry(reached.library).or_default().push(reached);
    }
    for calls in libraries.into_values() {
        let Some(first) = calls.first() else { continue };
        let says = |call: &Reached| {
            let handler = call.handlers.first().map_or("", |(name, ..)| name.as_str());
            let class = service.class_name();
            format!(
                "`{}` in `{handler}` computes: under `{class}` every other request of the worker waits until it is done",
                call.what
            )
        };
        let mut report = out
            .report(first.call, "no other greenlet runs meanwhile", says(first))
            .about(first.category, format!("calls of {}", first.library))
            .related(service.class_place(), "runs requests as greenlets of one thread");
        for call in calls.iter().skip(1) {
            report = report.alike(call.call, "so does this", Some(says(call)));
        }
        report.help("run this service on `gthread`, or hand the work to a queue").fix(None);
    }
}
