//! Fires when a configuration file binds a name that the server does not know but nearly does.

use super::prelude::*;
use crate::deployment::{Configuration, Deployment, Stranger};
use crate::servers::near_option;

pub(super) const RULE: Rule = rule!("unknown-setting", Shape::Deployment(check));

fn check(service: &Service, _: &Context, out: &mut Findings) {
    let deployment = service.deployment;
    if let Some(configuration) = deployment.configuration.as_ref().filter(|_| deployment.server == ServerName::Uwsgi) {
        return options(deployment, configuration, out);
    }
    let (table, version) = (table(deployment.server), deployment.version.version);
    let of_file = deployment.configuration.iter().flat_map(|configuration| &configuration.strangers);
    // A name that the file itself reads is a helper; one that resembles no setting is somebody's own.
    let near = |stranger: &Stranger| stranger.unused.then(|| table.near_miss(&stranger.name, version)).flatten();
    // A value that the setting could never hold was not meant for it.
    let fits = |stranger: &Stranger, setting| {
        stranger.value.as_ref().is_none_or(|value| cast(setting, value, version).is_ok())
    };
    let slips: Vec<_> = of_file
        .chain(&deployment.strangers)
        .filter_map(|stranger| near(stranger).map(|setting| (stranger, setting)))
        .filter(|(stranger, setting)| fits(stranger, setting))
        .collect();
    for &(stranger, setting) in &slips {
        let (name, right) = (&stranger.name, setting.name());
        // Of two names for one setting nobody knows which was meant to hold.
        let rival = slips.iter().map(|(other, _)| other).find(|other| {
            other.name_place != stranger.name_place && near(other).is_some_and(|setting| setting.name() == right)
        });
        let already = deployment.setting(right).filter(|right| right.is_set()).and_then(Setting::place);
        out.report(
            stranger.name_place,
            format!("not a setting of {}", deployment.server),
            format!("`{name}` is not a {} setting and is silently ignored; did you mean `{right}`?", deployment.server),
        )
        .related_to(already.map(|place| Located::new(format!("`{right}` is set here"), place)))
        .related_to(rival.map(|other| Located::new(format!("`{}` would set it as well", other.name), other.name_place)))
        .help(format!("rename it to `{right}`, or remove it"))
        // The new name activates a value that did nothing so far.
        .fix(
            (already.is_none() && rival.is_none())
                .then(|| Fix::unsafe_(format!("rename to `{right}`"), vec![Edit::replace(stranger.name_place, right)])),
        );
    }
}

/// Files of uWSGI hold any names for others to refer to; one that nothing refers to and that nearly is an option was
/// meant to be it.
fn options(deployment: &Deployment, configuration: &Configuration, out: &mut Findings) {
    let strangers = &configuration.strangers;
    let near = |stranger: &Stranger| stranger.unused.then(|| near_option(&stranger.name)).flatten();
    for stranger in strangers {
        let Some(right) = near(stranger) else { continue };
        let is_set = deployment.setting(&right.replace('-', "_")).is_some_and(Setting::is_set);
        let rivals = |other: &&Stranger| {
            other.name_place != stranger.name_place && (other.name == right || near(other) == Some(right))
        };
        let alone = !is_set && !strangers.iter().any(|other| rivals(&other));
        let name = &stranger.name;
        out.report(
            stranger.name_place,
            "not an option of uWSGI",
            format!("`{name}` is not an option of uWSGI, which ignores it without `strict`; did you mean `{right}`?"),
        )
        .help(format!("rename it to `{right}`, or remove it"))
        // The new name activates a value that did nothing so far.
        .fix(
            alone
                .then(|| Fix::unsafe_(format!("rename to `{right}`"), vec![Edit::replace(stranger.name_place, right)])),
        );
    }
}
