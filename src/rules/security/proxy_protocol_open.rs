//! Fires when everybody may say in the PROXY protocol whose request it is.

use super::prelude::*;

pub(super) const RULE: Rule = rule!("proxy-protocol-open", Shape::Deployment(check));

fn check(service: &Service, _: &Context, out: &mut Findings) {
    let acts = service.ignored("proxy_protocol").is_none() && service.reach() != Reach::Machine;
    let Some(protocol) = service.deployment.setting("proxy_protocol").filter(|_| acts && service.in_production())
    else {
        return;
    };
    let on = match protocol.value() {
        Some(Value::Bool(on)) => *on,
        Some(Value::Str(mode)) => mode != "off",
        _ => false,
    };
    let Some(trusted) = service.deployment.setting("proxy_allow_ips").filter(|trusted| on && is_everybody(trusted))
    else {
        return;
    };
    let Some((place, switch)) = trusted.place().zip(protocol.place()) else {
        return;
    };
    out.report(
        place,
        "everybody",
        "`proxy_allow_ips = \"*\"`: every client can claim any address in the PROXY protocol",
    )
    .at_most(trusted.confidence().min(protocol.confidence()))
    .related(switch, "believes what the PROXY protocol says")
    .help("name the networks of the load balancer")
    .fix(None);
}

/// Whether a list of addresses holds `*`.
pub(super) fn is_everybody(setting: &Setting) -> bool {
    match setting.value() {
        Some(Value::Str(text)) => text.split(',').any(|item| item.trim() == "*"),
        Some(Value::List(items)) => items.iter().any(|item| item.as_str() == Some("*")),
        _ => false,
    }
}
