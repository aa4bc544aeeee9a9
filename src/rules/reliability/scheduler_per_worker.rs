//! Fires when every worker runs the same jobs at the same times.

use super::prelude::*;
use crate::app::BeginningKind;

pub(super) const RULE: Rule = rule!("scheduler-per-worker", Shape::App(check));

fn check(app: &App, service: Option<&Service>, context: &Context, out: &mut Findings) {
    let Some(service) = service.filter(|service| service.in_production()) else { return };
    let starts = |one: &&crate::app::Beginning| one.kind == BeginningKind::Schedules && !one.is_guarded;
    let Some(scheduler) = app.beginnings.iter().find(starts) else { return };
    // Before the fork its threads die with it, which another rule tells.
    if scheduler.at_import && service.loads_before_fork().is_some() {
        return;
    }
    let workers = service.workers();
    let count = workers.and_then(Setting::int).filter(|&count| count > 0);
    let (copies, _, copies_at) = service.copies(context).unwrap_or((1, String::new(), None));
    let Some(times) = count.map(|count| count.saturating_mul(i64::from(copies))).filter(|&times| times > 1) else {
        return;
    };
    let each = match (count, copies) {
        (Some(1), copies) => format!("{copies} copies"),
        (Some(count), 1) => format!("{count} workers"),
        (Some(count), copies) => format!("{count} workers in {copies} copies"),
        (None, _) => return,
    };
    out.report(
        scheduler.place,
        "in every process",
        format!("`{}` runs in each of {each}: every job runs {times} times", scheduler.what),
    )
    .related_to(workers.and_then(Setting::place).map(|place| Located::new("how many workers start".to_owned(), place)))
    .related_to(copies_at.map(|place| Located::new("how many copies run".to_owned(), place)))
    .help(
        "run the scheduler in a process of its own, or let the workers agree on one by a lock; `preload_app` is no cure, \
         because its threads do not survive the fork",
    )
    .fix(None);
}
