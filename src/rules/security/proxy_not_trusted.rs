//! Fires when something in front takes TLS off and the server does not believe it.

use super::prelude::*;
use crate::servers::Version;

pub(super) const RULE: Rule = rule!("proxy-not-trusted", Shape::App(check));

/// The networks that are nobody's outside (RFC 1918), which is where containers and pods have their addresses.
const PRIVATE: &str = "10.0.0.0/8,172.16.0.0/12,192.168.0.0/16";

fn check(app: &App, service: Option<&Service>, context: &Context, out: &mut Findings) {
    let Some(service) = service.filter(|service| service.in_production() && app.interface == AppInterface::Asgi) else {
        return;
    };
    let deployment = service.deployment;
    let uvicorn = deployment.server == ServerName::Uvicorn || service.class_name().contains("Uvicorn");
    let own = service.is_gunicorn() && service.class_name() == "asgi";
    let reads = uvicorn || own;
    let Some(trusted) = deployment.setting("forwarded_allow_ips").filter(|trusted| reads && !trusted.is_set()) else {
        return;
    };
    // A proxy of the same machine is trusted, and the variable may come from outside.
    if deployment.beside_proxy || trusted.value().is_none() || context.variables.contains("FORWARDED_ALLOW_IPS") {
        return;
    }
    let forwards = |name: &Located<String>| name.value.eq_ignore_ascii_case("x-forwarded-proto");
    // nginx tells only what it is told to tell; Caddy and the controllers of an ingress tell by themselves.
    let by_proxy = deployment.proxies.iter().find_map(|proxy| {
        let tells = proxy.program == "Caddy" || proxy.headers.iter().any(forwards);
        proxy.tls.filter(|_| tells).map(|tls| (proxy.program, tls, proxy.place))
    });
    let by_ingress = || {
        let around = &deployment.surroundings;
        let who = if deployment.kind == UnitKind::ComposeService { "Traefik" } else { "the ingress" };
        // A label stands in the very service that it speaks of.
        // Another program in the container may be the one that it passes requests to.
        let ports = service.ports();
        if around.routed_port.is_some_and(|port| !ports.is_empty() && !ports.contains(&port)) {
            return None;
        }
        let passes = if around.service.is_none() { around.tls } else { around.service };
        Some((who, around.tls?, passes?))
    };
    let Some((who, tls, passes)) = by_proxy.or_else(by_ingress) else { return };
    // Before, a network was a name that matches nobody.
    let networks = if own {
        deployment.version.version >= Version::new(24, 1, 0)
    } else {
        deployment.version_of("uvicorn").is_none_or(|version| version >= Version::new(0, 31, 0))
    };
    let server = if own { "Gunicorn" } else { "Uvicorn" };
    let fix = networks
        .then(|| service.give("forwarded_allow_ips", &Value::Str(PRIVATE.to_owned()), context))
        .flatten()
        .map(|edit| Fix::unsafe_("trust the private networks", vec![edit]));
    out.report(
        deployment.command,
        "trusts 127.0.0.1 only",
        format!(
            "{who} takes TLS off, and {server} does not believe its `X-Forwarded-Proto`: redirects lead to http://, and \
             every client seems to have the address of the proxy",
        ),
    )
    .related(tls, "takes TLS off")
    .related_to((passes != tls).then(|| Located::new("passes requests on from another address".to_owned(), passes)))
    .help("set `FORWARDED_ALLOW_IPS` to the network of the proxy")
    .fix(fix);
}
