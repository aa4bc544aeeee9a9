//! Fires when a server in a container listens where nobody outside can reach it, or one behind a proxy of the same
//! machine where everybody can.

use super::prelude::*;
use crate::deployment::{Dependency, Deployment};

pub(super) const RULE: Rule = rule!("bind-exposed", Shape::AnyServer(check));

fn check(service: &Service, context: &Context, out: &mut Findings) {
    let addresses = service.deployment.addresses();
    let Some(first) = addresses.first().filter(|_| service.in_production()) else {
        return;
    };
    let ports = || addresses.iter().all(|address| matches!(address, Address::Port { .. }));
    match service.deployment.container {
        Some(container) if ports() && addresses.iter().all(Address::is_loopback) => {
            unreachable(service, first, container, context, out);
        }
        None if !addresses.iter().any(Address::is_loopback) => exposed(service, out),
        _ => {}
    }
}

fn unreachable(service: &Service, address: &Address, container: Place, context: &Context, out: &mut Findings) {
    let deployment = service.deployment;
    // Something else in the container, or in its pod, may take the requests and pass them on.
    let outside = &deployment.outside;
    let beside =
        outside.shares_network || outside.front.is_some() || deployment.beside_proxy || !deployment.proxies.is_empty();
    // An image whose arguments another container gives it listens where those say.
    let own_app = app(deployment);
    let also = context.deployments.iter().any(|other| {
        let same = other.container == Some(container)
            || other.container.is_some() && other.server == deployment.server && app(other) == own_app;
        same && other.addresses().iter().any(|address| !address.is_loopback())
    });
    if beside || also {
        return;
    }
    // An entry point that others give words to may be told another address with them.
    let own = |name: &str| deployment.setting(name).is_some_and(|setting| setting.winner.layer == Layer::CommandLine);
    if outside.takes_words && !own("bind") && !own("host") {
        return;
    }
    let name = if deployment.setting("bind").is_some() { "bind" } else { "host" };
    let Some(setting) = deployment.setting(name) else { return };
    // An option of the program itself is there to be given.
    if setting.winner.depends.iter().any(|one| matches!(one, Dependency::Other { .. })) {
        return;
    }
    let Address::Port { host, port } = address else { return };
    let everywhere = if name == "bind" && service.deployment.server != ServerName::Daphne {
        format!("0.0.0.0:{port}")
    } else {
        "0.0.0.0".to_owned()
    };
    let value = Value::Str(everywhere.clone());
    let edit = match setting.place() {
        Some(_) => setting.winner.set(context.files, &value),
        None => deployment.add_option(context.files, name, &value),
    };
    let default = if setting.is_set() { "" } else { ", the default" };
    out.report(
        setting.place().unwrap_or(deployment.command),
        "reachable from inside only",
        format!("{} listens on {host}:{port}{default}: nothing outside its container can reach it", deployment.server),
    )
    .at_most(if setting.is_set() { setting.confidence() } else { Confidence::Medium })
    .related(container, "runs in a container")
    .help(format!("listen on `{everywhere}`"))
    // Nobody reaches it now, and what is published is decided around the container.
    .fix(edit.map(|edit| Fix::safe(format!("listen on `{everywhere}`"), vec![edit])));
}

/// What it serves, as written.
fn app(deployment: &Deployment) -> Option<&str> {
    deployment.app.as_ref().map(|app| app.value.as_str())
}

fn exposed(service: &Service, out: &mut Findings) {
    let deployment = service.deployment;
    let Some(proxy) = deployment.proxies.first().filter(|_| deployment.beside_proxy) else {
        return;
    };
    let Some(place) = ["bind", "host"].iter().find_map(|name| deployment.setting(name)?.place()) else {
        return;
    };
    out.report(place, "every interface", format!("{} can be reached past {}", deployment.server, proxy.program))
        .severity(Severity::Advice)
        .at_most(Confidence::Low)
        .related(proxy.place, "passes requests on, on the same machine")
        .help("listen on 127.0.0.1 or a Unix socket")
        .fix(None);
}
