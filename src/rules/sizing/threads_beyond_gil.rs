//! Fires when a process has far more threads than can make progress at a time.

use super::prelude::*;

pub(super) const RULE: Rule = rule!("threads-beyond-gil", Shape::Deployment(check));

fn check(service: &Service, context: &Context, out: &mut Findings) {
    let Some(inputs) = service.inputs.filter(|_| service.in_production() && service.is_gunicorn()) else { return };
    // Without the lock threads compute side by side.
    if inputs.free_threaded.is_some() {
        return;
    }
    // What the code looks like is no measure of how long requests wait.
    let stated = inputs.workload.as_ref().filter(|known| known.confidence > Confidence::Low);
    let share = inputs.blocking_fraction.as_ref().map(|known| (known.value, known.source.as_str()));
    let share = share.or(stated.map(|known| (known.value.most_waiting(), known.source.as_str())));
    let Some((waits, source)) = share.filter(|(waits, _)| *waits < 0.95) else { return };
    let (Some(threads), Some(setting)) = (service.threads(), service.deployment.setting("threads")) else { return };
    let Some(place) = setting.place().filter(|_| service.application.is_none_or(|app| app.streaming.is_empty())) else {
        return;
    };
    let useful = 1.0 / (1.0 - waits);
    if exact(threads) <= 2.0 * useful || threads < 3 {
        return;
    }
    #[allow(clippy::cast_possible_truncation, reason = "at most twenty")]
    let enough = useful.ceil() as i64 + 1;
    let advised = service.advised_or("threads", enough, context);
    let enough = advised.value;
    out.report(
        place,
        format!("{threads} threads"),
        format!(
            "where requests wait {:.0} % of their time ({source}), more than about {useful:.0} of {threads} threads only wait \
             for each other",
            waits * 100.0
        ),
    )
    .at_most(setting.confidence())
    .help(format!("set `threads = {enough}` and start a worker per core; a free-threaded Python is another matter"))
    .fix(advised.fix);
}
