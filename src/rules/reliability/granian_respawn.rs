//! Fires when Granian replaces its workers faster than they start, or the only one it has.

use super::prelude::*;

pub(super) const RULE: Rule = rule!("granian-respawn", Shape::Deployment(check));

fn check(service: &Service, context: &Context, out: &mut Findings) {
    let deployment = service.deployment;
    if deployment.server != ServerName::Granian || !service.in_production() {
        return;
    }
    let replaces = ["workers_lifetime", "workers_max_rss"].iter().find_map(|name| {
        deployment.setting(name).filter(|setting| setting.is_set() && setting.value() != Some(&Value::None))
    });
    let Some((replaces, place)) = replaces.and_then(|setting| Some((setting, setting.place()?))) else { return };
    let name = replaces.setting.name();
    let interval = deployment.setting("respawn_interval");
    let waits = interval.and_then(|interval| match interval.value()? {
        Value::Float(seconds) => Some(*seconds),
        value => value.as_int().map(exact),
    });
    let count = deployment.setting("workers").and_then(Setting::int);
    if let (Some(boot), Some(waits)) = (&context.stated.boot_time, waits)
        && waits < boot.value
    {
        #[allow(clippy::cast_possible_truncation, reason = "a number of seconds that a person wrote")]
        let enough = (boot.value * 1.25).ceil() as i64;
        out.report(
            interval.and_then(Setting::place).unwrap_or(place),
            "the next one is stopped after this",
            format!(
                "a worker takes {} s to start ({}), and the next one is replaced {waits} s later: for a while nothing listens",
                boot.value, boot.source
            ),
        )
        .related(place, "replaces workers")
        .help(format!("set `respawn_interval` to {enough}"))
        .fix(
            service
                .give("respawn_interval", &Value::Float(exact(enough)), context)
                .map(|edit| Fix::unsafe_(format!("wait {enough} s between two workers"), vec![edit])),
        );
        return;
    }
    if count == Some(1) && service.copies(context).is_some_and(|(copies, ..)| copies < 2) {
        out.report(
            place,
            "replaces the only worker",
            format!("`{name}` replaces the only worker of the only copy while requests come"),
        )
        .at_most(replaces.confidence())
        .help("start a second worker or a second copy, so that one is always there")
        .fix(None);
        return;
    }
    // Whoever runs it starts it again, but not before all of its workers are gone.
    let stops = deployment.setting("respawn_failed_workers").filter(|again| again.value() == Some(&Value::Bool(false)));
    if let (Some(count @ 2..), Some(_)) = (count, stops) {
        out.report(
            deployment.command,
            "no `respawn_failed_workers`",
            format!("one of {count} workers that fails, while `{name}` replaces it or otherwise, stops all of Granian"),
        )
        .severity(Severity::Advice)
        .related(place, "replaces workers")
        .help("set `respawn_failed_workers`")
        .fix(
            service
                .give("respawn_failed_workers", &Value::Bool(true), context)
                .map(|edit| Fix::unsafe_("replace workers that fail", vec![edit])),
        );
    }
}
