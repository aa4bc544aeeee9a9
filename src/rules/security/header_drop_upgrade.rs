//! Fires when a proxy sends a header with underscores, which the server drops.

use super::prelude::*;
use crate::servers::Version;

pub(super) const RULE: Rule = rule!("header-drop-upgrade", Shape::Deployment(check));

fn check(service: &Service, context: &Context, out: &mut Findings) {
    let deployment = service.deployment;
    let drops = service.is_gunicorn() && deployment.version.version >= Version::new(22, 0, 0);
    let map = deployment.setting("header_map").filter(|map| drops && map.text() == Some("drop"));
    let Some(headers) = deployment.setting("forwarder_headers").filter(|_| map.is_some()) else {
        return;
    };
    let known = match headers.value() {
        Some(Value::Str(text)) => text.split(',').map(|name| name.trim().to_owned()).collect(),
        Some(Value::List(items)) => items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect(),
        _ => Vec::new(),
    };
    let reads = deployment
        .class
        .is_some_and(|class| headers.setting.honoured_by(class, deployment.version.version) == Honoured::Yes);
    for proxy in deployment.proxies.iter().filter(|_| reads) {
        let file = proxy.place.file;
        let mut at = 0;
        for line in context.files.get(file).text().split_inclusive('\n') {
            let start = at;
            at += line.len();
            let mut words = line.split_whitespace();
            let (Some("proxy_set_header"), Some(name)) = (words.next(), words.next()) else { continue };
            if !name.contains('_') || known.contains(&name.to_ascii_uppercase()) {
                continue;
            }
            let from = start + line.find(name).unwrap_or_default();
            out.report(
                Place::new(file, Span::new(from, from + name.len())),
                "dropped",
                format!(
                    "Gunicorn {} drops headers with underscores: `{name}` does not arrive",
                    deployment.version.version_text()
                ),
            )
            .related(deployment.command, "receives it")
            .help(format!("send `{}`, or name it in `forwarder_headers`", name.replace('_', "-")))
            .fix(None);
        }
    }
}
