//! Fires when the package of a worker class is pinned below what the server accepts.

use super::prelude::*;
use crate::deployment::{Deployment, python_of};
use crate::servers::Version;

pub(super) const RULE: Rule = rule!("worker-package-too-old", Shape::Deployment(check));

fn check(service: &Service, context: &Context, out: &mut Findings) {
    let deployment = service.deployment;
    classes(service, context, out);
    networks(service, context, out);
    options(service, context, out);
    // Which version another package brings with it, that package decides.
    if deployment.version.is_assumed() && !deployment.asks_for(deployment.server.as_str()) {
        return;
    }
    let Some((class, package)) = deployment.class.and_then(|class| Some((class, class.distribution()?))) else {
        return;
    };
    let (Some(pin), Some(needed)) = (deployment.pin_of(package), class.minimum(deployment.version.version)) else {
        return;
    };
    let Some(place) = pin.place.filter(|_| pin.version < needed && !is_too_old_for_newest(deployment)) else { return };
    let text = pin.version_text();
    let server = deployment.server;
    out.report(
        place,
        format!("at least {needed} is needed"),
        format!(
            "`{}` of {server} {} needs {package} {needed} or later, and {text} is asked for: the start ends with \
             `{package} worker requires {package} {needed} or higher`",
            class.name(),
            deployment.version.version_text()
        ),
    )
    .at_most(if deployment.version.is_assumed() { Confidence::Medium } else { Confidence::High })
    .severity(if deployment.version.is_assumed() { Severity::Warning } else { Severity::Error })
    .related(service.class_place(), format!("runs `{}`", class.name()))
    .related_to(deployment.version.place.map(|place| Located::new(format!("asks for {}", deployment.version), place)))
    .help(format!("ask for {package} {needed} or later"))
    .fix(bump(place, text, &needed.to_string(), context));
}

/// Whether the newest version is assumed although the Python of the image is too old for it: an older one is installed
/// then, and nobody knows which.
fn is_too_old_for_newest(deployment: &Deployment) -> bool {
    let python = deployment.base.as_ref().and_then(|base| python_of(&base.value));
    let needed = table(deployment.server).newest_python();
    deployment.version.is_assumed() && python.is_some_and(|python| needed.is_some_and(|needed| python < needed))
}

/// A worker class that only a later version of the server has.
fn classes(service: &Service, context: &Context, out: &mut Findings) {
    let deployment = service.deployment;
    let version = deployment.version.version;
    let table = table(deployment.server);
    let Some(pin) = deployment.pin_of(table.distribution()) else { return };
    let written = deployment.setting("worker_class").filter(|class| class.is_set() && class.winner.is_settled());
    let class = written.and_then(|written| table.class(written.text()?));
    let Some((class, since)) = class.and_then(|class| Some((class, class.since()?))) else { return };
    let Some(place) = pin.place.filter(|_| since > version) else { return };
    out.report(
        service.class_place(),
        format!("since {since}"),
        format!(
            "`{}` came with {} {since}, and {} is asked for: the start ends here",
            class.name(),
            deployment.server,
            pin.version_text()
        ),
    )
    .related(place, format!("asks for {}", pin.version_text()))
    .help(format!("ask for {} {since} or later", deployment.server))
    .fix(bump(place, pin.version_text(), &since.to_string(), context));
}

/// Options that the pinned version of the server does not have yet; the start ends there.
fn options(service: &Service, context: &Context, out: &mut Findings) {
    let deployment = service.deployment;
    let Some(pin) = deployment.pin_of(table(deployment.server).distribution()) else { return };
    for ahead in &deployment.ahead {
        let Some(since) = ahead.value.since() else { continue };
        out.report(
            ahead.place,
            format!("since {since}"),
            format!(
                "`{}` came with {} {since}, and {} is asked for: the start ends here",
                ahead.value.at(since).flag().unwrap_or(ahead.value.name()),
                deployment.server,
                deployment.version.version_text()
            ),
        )
        .related_to(pin.place.map(|place| Located::new(format!("asks for {}", pin.version_text()), place)))
        .help(format!("ask for {} {since} or later", deployment.server))
        .fix(pin.place.and_then(|place| bump(place, pin.version_text(), &since.to_string(), context)));
    }
}

/// Networks count among the trusted addresses of Uvicorn from 0.31.0 on; before, they are names that match nobody.
fn networks(service: &Service, context: &Context, out: &mut Findings) {
    let since = Version::new(0, 31, 0);
    let deployment = service.deployment;
    let uvicorn = deployment.server == ServerName::Uvicorn;
    let Some(pin) = deployment.pin_of("uvicorn").filter(|pin| uvicorn && pin.version < since) else {
        return;
    };
    let Some(trusted) = deployment.setting("forwarded_allow_ips") else { return };
    let network = match trusted.value() {
        Some(Value::Str(text)) => text.split(',').any(|item| item.contains('/')),
        Some(Value::List(items)) => items.iter().any(|item| item.as_str().is_some_and(|item| item.contains('/'))),
        _ => false,
    };
    if let Some(place) = trusted.place().filter(|_| network) {
        out.report(
            place,
            "matches nobody",
            format!("Uvicorn {} knows no networks in `forwarded_allow_ips`: it trusts no proxy", pin.version_text()),
        )
        .related_to(pin.place.map(|place| Located::new(format!("asks for {}", pin.version_text()), place)))
        .help(format!("ask for Uvicorn {since} or later, or name the addresses"))
        .fix(pin.place.and_then(|place| bump(place, pin.version_text(), &since.to_string(), context)));
    }
}

/// Another version in place of a pin that stands there once; a lock file is written by its own tool.
pub(in super::super) fn bump(place: Place, old: &str, new: &str, context: &Context) -> Option<Fix> {
    let text = context.files.text_at(place);
    // The hash of the old one would refuse the new one.
    let line = context.files.text_at(context.files.line_of(place));
    let hashed = line.contains("--hash") || line.trim_end().ends_with('\\');
    let lock = context.files.get(place.file).path().rsplit('.').next() == Some("lock") || hashed;
    let mut found = text.match_indices(old);
    let (at, _) = found.next().filter(|_| found.next().is_none() && !lock)?;
    let start = place.span.start + at;
    let pin = Place::new(place.file, Span::new(start, start + old.len()));
    Some(Fix::unsafe_(format!("ask for {new}"), vec![Edit::replace(pin, new)]))
}
