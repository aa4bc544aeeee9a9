//! What the settings state about production, in the environment that counts.

use super::origins::{self, Origin};
use super::{Error, Flags};
use crate::rules::Stated;
use crate::settings::{self, Loaded};
use crate::sizing::Known;

/// The environment that counts: the one that is asked for, or that of the settings.
pub(super) fn environment<'a>(loaded: &'a Loaded, flags: &'a Flags) -> &'a str {
    let set = loaded.settings.environment.as_ref().map(|name| name.get_ref().as_str());
    flags.environment.as_deref().or(set).unwrap_or("production")
}

/// What the settings state about that environment.
pub(super) fn stated(loaded: &Loaded, flags: &Flags, origins: &[Origin]) -> Result<Stated, Error> {
    let (settings, name) = (&loaded.settings, environment(loaded, flags));
    let known = [
        settings.host.named.contains_key(name),
        settings.proxy.named.contains_key(name),
        settings.database.named.contains_key(name),
        settings.traffic.named.contains_key(name),
    ];
    if !known.contains(&true) {
        if let Some(name) = &flags.environment {
            return Err(Error::UnknownEnvironment(name.clone()));
        }
        if let Some(written) = &settings.environment {
            return Err(loaded.error(written, format!("no table here states anything about `{name}`")).into());
        }
    }
    let (host, proxy) = (settings.host.in_environment(name), settings.proxy.in_environment(name));
    let (database, traffic) = (settings.database.in_environment(name), settings.traffic.in_environment(name));
    macro_rules! fact {
        ($table:ident, $field:ident, $key:literal, $value:expr) => {
            $table.$field.map(|given| {
                let path = settings.$table.path(stringify!($table), name, $key, |own| own.$field.is_some());
                Known::certain($value(given), origins::source(origins, &path))
            })
        };
    }
    let seconds = |given: settings::Duration| given.0;
    let rate = |given: settings::Rate| given.0;
    Ok(Stated {
        kill_after: fact!(host, kill_after, "kill-after", seconds),
        boot_time: fact!(host, boot_time, "boot-time", seconds),
        replicas: flags
            .replicas
            .map(|replicas| Known::certain(replicas, "--replicas"))
            .or_else(|| fact!(host, replicas, "replicas", std::convert::identity)),
        idle_timeout: fact!(proxy, idle_timeout, "idle-timeout", seconds),
        request_timeout: fact!(proxy, request_timeout, "request-timeout", seconds),
        buffers: fact!(proxy, buffers, "buffers", std::convert::identity),
        proxy_connections: fact!(proxy, connections, "connections", std::convert::identity),
        database_connections: fact!(database, max_connections, "max-connections", std::convert::identity),
        reserved_connections: fact!(database, reserved, "reserved", std::convert::identity),
        pooler: fact!(database, pooler, "pooler", std::convert::identity),
        request_rate: fact!(traffic, requests_per_second, "requests-per-second", rate),
        longest_request: fact!(traffic, longest_request, "longest-request", seconds),
        latency: fact!(traffic, latency, "latency", seconds),
    })
}
