//! Fires when clients talk to workers that serve one connection at a time, with nothing in between.

use super::prelude::*;
use crate::deployment::UnitKind;

pub(super) const RULE: Rule = rule!("unbuffered-sync-worker", Shape::Deployment(check));

/// Proxies whose configuration may be out of sight.
const PROXIES: [&str; 7] = ["nginx", "traefik", "caddy", "haproxy", "envoy", "httpd", "cloudflared"];

fn check(service: &Service, context: &Context, out: &mut Findings) {
    let deployment = service.deployment;
    if !service.in_production() || deployment.class.is_none_or(|class| class.name() != "sync") {
        return;
    }
    // What lies in front elsewhere is not known, so only an address that is open to others counts.
    let Some(bind) = deployment.setting("bind").filter(|_| !service.ports().is_empty()) else { return };
    let open = match deployment.kind {
        UnitKind::ComposeService => deployment.outside.published.iter().find(|port| {
            let is_own = ["127.", "localhost", "[::1]"].iter().any(|own| port.value.starts_with(own));
            let port = port.value.rsplit(':').next().and_then(|port| port.split('/').next()?.parse().ok());
            !is_own && port.is_some_and(|port| service.ports().contains(&port))
        }),
        _ => None,
    };
    // Whoever says that nothing buffers need not show the port.
    let declared =
        context.stated.buffers.as_ref().filter(|buffers| !buffers.value && service.reach() != Reach::Machine);
    let exposed = deployment.surroundings.exposed;
    let Some(at) = open.map(|port| port.place).or(exposed).or_else(|| declared.and(bind.place())) else { return };
    let known = !deployment.proxies.is_empty() || context.stated.buffers.as_ref().is_some_and(|buffers| buffers.value);
    let beside =
        || context.images.iter().any(|image| image.image.place.file == at.file && is_proxy(&image.image.value));
    let named = || context.files.iter().any(|(_, file)| is_proxy(file.path()));
    if declared.is_none() && (known || beside() || deployment.outside.front.is_some() || named()) {
        return;
    }
    let source = declared.map_or_else(String::new, |declared| format!(" ({})", declared.source));
    // What only newer releases do is not said of one that nobody names.
    let lingers =
        !deployment.version.is_assumed() && deployment.version.version >= crate::servers::Version::new(26, 0, 0);
    // On another port than those of the web, a proxy of the machine may well be what asks.
    let is_web = open.is_some_and(|port| published(&port.value).is_some_and(|port| matches!(port, 80 | 443)));
    let late = if lingers { ", and one that closes late holds it for up to 2 s after its answer" } else { "" };
    let report = out.report(
        service.class_place(),
        "one connection at a time",
        format!("clients reach `sync` workers without a proxy that buffers{source}: one that connects and says nothing holds a worker{late}"),
    );
    let sure = declared.is_some() || exposed.is_some() || is_web;
    let report = if sure { report } else { report.severity(Severity::Advice) };
    report
    .at_most(bind.confidence())
    .related(at, "open to clients")
    .help("set `threads`, which makes it a gthread worker, or put nginx in front; `buffers = true` in `[proxy]` says that one is there")
    .fix(
        service
            .give("threads", &Value::Int(4), context)
            .map(|edit| Fix::unsafe_("run 4 requests in threads", vec![edit])),
    );
}

/// The port of the machine: `80` of `0.0.0.0:80:8000/tcp`.
fn published(port: &str) -> Option<u16> {
    let mut parts = port.split('/').next()?.rsplit(':').skip(1);
    parts.next()?.parse().ok()
}

fn is_proxy(path: &str) -> bool {
    let path = path.to_ascii_lowercase();
    PROXIES.iter().any(|proxy| path.contains(proxy))
}
