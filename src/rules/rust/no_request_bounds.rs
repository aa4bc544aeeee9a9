//! Fires when a server in Rust can be reached from outside and nothing bounds how long a request takes.

use super::prelude::*;

pub(super) const RULE: Rule = rule!("no-request-bounds", Shape::AnyServer(check));

fn check(service: &Service, context: &Context, out: &mut Findings) {
    let deployment = service.deployment;
    let Some(native) = deployment.native.as_ref().filter(|native| !native.is_bounded && service.in_production()) else {
        return;
    };
    // actix-web gives up on slow heads and large bodies by itself, and Rocket on large bodies.
    if matches!(deployment.server, ServerName::ActixWeb | ServerName::Rocket) {
        return;
    }
    let Reach::Published(place) = service.reach() else { return };
    // Whatever is in front of it may bound both.
    let fronted = deployment.outside.front.is_some()
        || deployment.beside_proxy
        || !deployment.proxies.is_empty()
        || service.idle_kept(context).is_some()
        || context.images.iter().any(|image| is_proxy(&image.image.value));
    if fronted {
        return;
    }
    out.report(
        native.serving,
        "takes whatever comes",
        format!("nothing bounds how long a request to {} takes: one slow client after the other holds a task and its memory", deployment.server),
    )
    .at_most(Confidence::Low)
    .related(place, "open to the outside")
    .help("put a layer around the routes (`TimeoutLayer`, `RequestBodyTimeoutLayer` of tower-http), or a proxy in front")
    .fix(None);
}

fn is_proxy(image: &str) -> bool {
    const PROXIES: [&str; 7] = ["nginx", "traefik", "caddy", "haproxy", "envoy", "cloudflared", "apache"];
    let name = image.rsplit('/').next().unwrap_or(image);
    PROXIES.iter().any(|proxy| name.contains(proxy))
}
