//! Fires when a configuration file binds a name that the server does not know but nearly does.

use super::prelude::*;
use crate::deployment::Configuration;
use crate::servers::near_option;

pub(super) const RULE: Rule = rule!("unknown-setting", Shape::Deployment(check));

fn check(service: &Service, _: &Context, out: &mut Findings) {
    let deployment = service.deployment;
    if let Some(configuration) = deployment.configuration.as_ref().filter(|_| deployment.server == ServerName::Uwsgi) {
        return options(configuration, out);
    }
    let table = table(deployment.server);
    let of_file = deployment.configuration.iter().flat_map(|configuration| &configuration.strangers);
    for stranger in of_file.chain(&deployment.strangers) {
        // A name that the file itself reads is a helper; one that resembles no setting is somebody's own.
        let near = stranger.unused.then(|| table.near_miss(&stranger.name, deployment.version.version)).flatten();
        let Some(setting) = near else { continue };
        // A value that the setting could never hold was not meant for it.
        let fits = stranger.value.as_ref().is_none_or(|value| cast(setting, value, deployment.version.version).is_ok());
        if !fits {
            continue;
        }
        let (name, right) = (&stranger.name, setting.name());
        let already = deployment.setting(right).filter(|right| right.is_set()).and_then(Setting::place);
        out.report(
            stranger.name_place,
            format!("not a setting of {}", deployment.server),
            format!("`{name}` is not a {} setting and is silently ignored; did you mean `{right}`?", deployment.server),
        )
        .related_to(already.map(|place| Located::new(format!("`{right}` is set here"), place)))
        .help(format!("rename it to `{right}`, or remove it"))
        // The new name activates a value that did nothing so far.
        .fix(
            already
                .is_none()
                .then(|| Fix::unsafe_(format!("rename to `{right}`"), vec![Edit::replace(stranger.name_place, right)])),
        );
    }
}

/// Files of uWSGI hold any names for others to refer to; one that nothing refers to and that nearly is an option was
/// meant to be it.
fn options(configuration: &Configuration, out: &mut Findings) {
    for stranger in configuration.strangers.iter().filter(|stranger| stranger.unused) {
        let Some(right) = near_option(&stranger.name) else { continue };
        let name = &stranger.name;
        out.report(
            stranger.name_place,
            "not an option of uWSGI",
            format!("`{name}` is not an option of uWSGI, which ignores it without `strict`; did you mean `{right}`?"),
        )
        .help(format!("rename it to `{right}`, or remove it"))
        // The new name activates a value that did nothing so far.
        .fix(Some(Fix::unsafe_(format!("rename to `{right}`"), vec![Edit::replace(stranger.name_place, right)])));
    }
}
