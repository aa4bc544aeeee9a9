//! Fires when a proxy sends a header with underscores, which the server drops.

use super::prelude::*;
use crate::servers::Version;

pub(super) const RULE: Rule = rule!("header-drop-upgrade", Shape::Deployment(check));

fn check(service: &Service, context: &Context, out: &mut Findings) {
    if !service.in_production() {
        return;
    }
    let deployment = service.deployment;
    let drops = service.is_gunicorn() && deployment.version.version >= Version::new(22, 0, 0);
    let map = deployment.setting("header_map").filter(|map| drops && map.text() == Some("drop"));
    let Some(headers) = deployment.setting("forwarder_headers").filter(|_| map.is_some()) else {
        return;
    };
    let known: Vec<String> = match headers.value() {
        Some(Value::Str(text)) => text.split(',').map(|name| name.trim().to_owned()).collect(),
        Some(Value::List(items)) => items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect(),
        // Any of them may be let through.
        _ => return,
    };
    let reads = deployment
        .class
        .is_some_and(|class| headers.setting.honoured_by(class, deployment.version.version) == Honoured::Yes);
    let sent = deployment.proxies.iter().filter(|_| reads).flat_map(|proxy| &proxy.headers);
    let mut dropped: Vec<&Located<String>> = Vec::new();
    for header in sent.filter(|header| header.value.contains('_')) {
        let same = |other: &&Located<String>| other.value.eq_ignore_ascii_case(&header.value);
        if !known.iter().any(|known| known.eq_ignore_ascii_case(&header.value)) && !dropped.iter().any(same) {
            dropped.push(header);
        }
    }
    let all: Vec<String> =
        known.iter().cloned().chain(dropped.iter().map(|header| header.value.to_ascii_uppercase())).collect();
    let Some((first, others)) = dropped.split_first() else { return };
    let names: Vec<String> = dropped.iter().map(|header| format!("`{}`", header.value)).collect();
    let (verb, them) = if others.is_empty() { ("does", "it") } else { ("do", "them") };
    let mut report = out
        .report(
            first.place,
            "dropped",
            format!(
                "Gunicorn {} drops headers with underscores: {} {verb} not arrive",
                deployment.version.version_text(),
                names.join(" and "),
            ),
        )
        .related(deployment.command, format!("receives {them}"));
    for other in others {
        report = report.related(other.place, "dropped as well");
    }
    report
        .help(format!(
            "send `{}`, or name {them} in `forwarder_headers` and the proxy in `forwarded_allow_ips`",
            first.value.replace('_', "-")
        ))
        .fix(
            service
                .give("forwarder_headers", &Value::Str(all.join(",")), context)
                .map(|edit| Fix::unsafe_(format!("let {} through", names.join(" and ")), vec![edit])),
        );
}
