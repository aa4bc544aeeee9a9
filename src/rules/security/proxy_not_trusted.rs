//! Fires when a proxy takes TLS off and the server does not believe it.

use super::prelude::*;

pub(super) const RULE: Rule = rule!("proxy-not-trusted", Shape::App(check));

fn check(app: &App, service: Option<&Service>, context: &Context, out: &mut Findings) {
    let Some(service) = service.filter(|service| service.in_production() && app.interface == AppInterface::Asgi) else {
        return;
    };
    let deployment = service.deployment;
    let uvicorn = deployment.server == ServerName::Uvicorn || service.class_name().contains("Uvicorn");
    let Some(trusted) = deployment.setting("forwarded_allow_ips").filter(|trusted| uvicorn && !trusted.is_set()) else {
        return;
    };
    // A proxy of the same machine is trusted, and one without TLS has nothing to tell.
    let tells = |text: &str| text.contains("ssl_certificate") && text.contains("X-Forwarded-Proto");
    let proxy = deployment.proxies.iter().find(|proxy| tells(context.files.get(proxy.place.file).text()));
    let Some(proxy) = proxy.filter(|_| !deployment.beside_proxy && trusted.value().is_some()) else {
        return;
    };
    out.report(
        deployment.command,
        "trusts 127.0.0.1 only",
        format!(
            "{} takes TLS off, and Uvicorn does not believe its `X-Forwarded-Proto`: redirects lead to http://",
            proxy.program
        ),
    )
    .related(proxy.place, "passes requests on from another address")
    .help("set `FORWARDED_ALLOW_IPS` to the network of the proxy")
    .fix(None);
}
