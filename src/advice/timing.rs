//! What is set about time, and what around the service it has to go with.

use super::around::{Around, Bound, graceful};
use super::configured;
use crate::deployment::{Deployment, Effective, UnitKind};
use crate::findings::Confidence;
use crate::servers::{Server, Version};
use crate::sizing::{Chain, Heartbeat, Known, Margins, Timer};
use crate::source::Files;
use crate::values::{Seconds, Value};

/// The first version of Granian whose `workers_kill_timeout` is about stopping.
const GRANIAN_STOPS: Version = Version::new(2, 0, 0);

/// All of it.
pub(super) fn chain(around: Around<'_>, margins: Margins) -> Chain {
    let Around { deployment, stated, files } = around;
    let known = |bound: Bound| {
        let source = format!("{}, {}", bound.who, bound.source);
        let confidence = if bound.is_chosen { Confidence::High } else { Confidence::Medium };
        Known::new(Seconds(bound.seconds), source, confidence)
    };
    let drain = deployment.stop_delay.as_ref().map(|delay| Known::certain(delay.value, files.describe(delay.place)));
    // Something runs before the signal, and nobody knows for how long.
    let open = drain.is_none() && deployment.surroundings.drain.is_some();
    let keepalive = match deployment.server {
        Server::Gunicorn => Some("keepalive"),
        Server::Uvicorn => Some("timeout_keep_alive"),
        Server::Hypercorn => Some("keep_alive_timeout"),
        Server::ActixWeb => Some("keep_alive"),
        Server::Poem => Some("idle_timeout"),
        _ => None,
    };
    let gunicorn = deployment.server == Server::Gunicorn;
    let is_new = deployment.server != Server::Granian || deployment.version.version >= GRANIAN_STOPS;
    Chain {
        kill_setting: match deployment.kind {
            UnitKind::KubernetesContainer => "terminationGracePeriodSeconds",
            UnitKind::ComposeService => "stop_grace_period",
            UnitKind::SystemdService => "TimeoutStopSec",
            UnitKind::SupervisorProgram => "stopwaitsecs",
            _ => "time until the kill",
        },
        kill_after: around.kill().filter(|_| !open).map(known),
        drain,
        idle_kept: around.idle_kept().map(known),
        idle_connections: stated.proxy_connections.clone().or_else(|| {
            let pool = deployment.proxies.iter().find_map(|proxy| proxy.keepalive.as_ref())?;
            Some(Known::certain(pool.value, files.describe(pool.place)))
        }),
        edge_timeout: around.edge_timeout().map(known),
        longest_request: stated
            .longest_request
            .as_ref()
            .map(|longest| Known::new(Seconds(longest.value), longest.source.clone(), longest.confidence)),
        graceful: graceful(deployment).filter(|_| is_new).and_then(|setting| timer(setting, files)),
        keepalive: keepalive.and_then(|name| timer(deployment.setting(name)?, files)),
        timeout: gunicorn.then(|| timer(deployment.setting("timeout")?, files)).flatten(),
        recycling: gunicorn
            .then(|| {
                let number = |name| configured(deployment, name, None, files);
                number("max_requests").zip(number("max_requests_jitter"))
            })
            .flatten(),
        boot: stated
            .boot_time
            .as_ref()
            .map(|boot| Known::new(Seconds(boot.value), boot.source.clone(), boot.confidence)),
        heartbeat: gunicorn.then(|| heartbeat(deployment)).flatten(),
        margins,
    }
}

/// A setting in seconds, as far as it is known.
fn timer(effective: &Effective, files: &Files) -> Option<Timer> {
    let now = match effective.value()? {
        Value::None => None,
        Value::Float(seconds) => Some(*seconds),
        value => Some(f64::from(u32::try_from(value.as_int()?).ok()?)),
    };
    let source = effective.place().map_or_else(|| "default".to_owned(), |place| files.describe(place));
    Some(Timer { setting: effective.setting.name(), now: Known::new(now, source, effective.confidence()) })
}

/// Where Gunicorn's workers show that they are alive; `None` where somebody chose the place, or it is a
/// matter of the machine.
fn heartbeat(deployment: &Deployment) -> Option<Heartbeat> {
    let chosen = deployment.setting("worker_tmp_dir").is_none_or(Effective::is_set);
    let contained = deployment.container.is_some() || deployment.kind.is_container();
    if chosen || !contained {
        return None;
    }
    let surroundings = &deployment.surroundings;
    let writable = surroundings.writable.iter().any(|folder| folder.trim_end_matches('/') == "/tmp");
    let elsewhere = deployment.environment.iter().any(|(name, _)| name == "TMPDIR");
    match deployment.kind {
        _ if writable || elsewhere => None,
        UnitKind::KubernetesContainer | UnitKind::ComposeService if surroundings.read_only.is_some() => {
            Some(Heartbeat::Nowhere)
        }
        _ => Some(Heartbeat::OnDisk),
    }
}
