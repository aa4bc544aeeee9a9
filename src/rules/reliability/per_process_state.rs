//! Fires when something that all requests should see lives in the memory of one of several processes.

use super::prelude::*;
use crate::app::{KeepsakeKind, Memory};

pub(super) const RULE: Rule = rule!("per-process-state", Shape::App(check));

fn check(app: &App, service: Option<&Service>, context: &Context, out: &mut Findings) {
    let Some(service) = service.filter(|service| service.in_production()) else { return };
    let workers = service.workers();
    let count = workers.and_then(Setting::int).unwrap_or(1);
    let (copies, _, copies_at) = service.copies(context).unwrap_or((1, String::new(), None));
    if count.saturating_mul(i64::from(copies)) < 2 {
        return;
    }
    for kept in &app.keepsakes {
        let KeepsakeKind::Memory(what) = kept.kind else { continue };
        // An application without Django reads none of its settings, even where it imports them.
        if what.is_djangos() && app.framework != crate::app::Framework::Django {
            continue;
        }
        // Only consumers listen to it, and those need a loop.
        if what == Memory::ChannelLayer && !service.runs_loop() {
            continue;
        }
        if !kept.is_for_production(context.files) {
            continue;
        }
        let processes = if count > 1 { format!("{count} workers") } else { format!("{copies} copies") };
        out.report(
            kept.place,
            "one for each process",
            format!(
                "{} exists once in each of {processes}: what one request stores the next one may not find",
                what.name()
            ),
        )
        .related_to(
            workers
                .and_then(Setting::place)
                .filter(|_| count > 1)
                .map(|place| Located::new(format!("{count} workers"), place)),
        )
        .related_to(copies_at.filter(|_| copies > 1).map(|place| Located::new(format!("{copies} copies"), place)))
        .help("use a store that all processes share, such as Redis, or one worker with threads")
        .fix(None);
    }
}
