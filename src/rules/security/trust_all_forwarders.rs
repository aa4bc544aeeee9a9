//! Fires when a server that can be reached past its proxy believes everybody's forwarded headers.

use super::prelude::*;
use super::proxy_protocol_open::is_everybody;

pub(super) const RULE: Rule = rule!("trust-all-forwarders", Shape::Deployment(check));

fn check(service: &Service, _: &Context, out: &mut Findings) {
    let deployment = service.deployment;
    let believes = deployment.setting("proxy_headers").is_none_or(|on| on.value() != Some(&Value::Bool(false)));
    let acts = believes && service.ignored("forwarded_allow_ips").is_none() && service.in_production();
    let Some(trusted) = deployment.setting("forwarded_allow_ips").filter(|trusted| acts && is_everybody(trusted))
    else {
        return;
    };
    // Inside a network of its own, or behind the router of a platform, only the proxy can send anything. A cluster has
    // one network for all.
    let published = match service.reach() {
        Reach::Published(published) => Some(published),
        Reach::Network if deployment.kind == UnitKind::KubernetesContainer => None,
        _ => return,
    };
    let Some(place) = trusted.place() else { return };
    let forged = match service.speaks() {
        Some(Interface::Wsgi) => "its scheme, and through `SCRIPT_NAME` its path",
        _ => "its address and its scheme",
    };
    let whoever = if published.is_some() { "client" } else { "pod of the cluster" };
    let report = out.report(
        place,
        "everybody",
        format!(
            "every {whoever} that reaches {} directly can forge {forged} with forwarded headers",
            deployment.server
        ),
    );
    let report = match published {
        Some(published) => report.related(published, "can be reached from outside here"),
        None => report.severity(Severity::Advice),
    };
    report.at_most(trusted.confidence()).help("name the addresses or networks of the proxy").fix(None);
}
