//! Fires when the project pins a server with a published weakness.

use super::super::dependencies::bump;
use super::prelude::*;
use crate::deployment::UnitKind;

pub(super) const RULE: Rule = rule!("vulnerable-server-version", Shape::Deployment(check));

fn check(service: &Service, context: &Context, out: &mut Findings) {
    let deployment = service.deployment;
    // What somebody runs by hand to try his changes is no server; nor is it the one that is deployed.
    let by_hand = !service.in_production() && deployment.kind == UnitKind::Task;
    let reloads = || deployment.setting("reload").is_some_and(|reload| reload.value() == Some(&Value::Bool(true)));
    if by_hand && (reloads() || context.deployments.iter().any(|other| other.kind != UnitKind::Task)) {
        return;
    }
    let mut told: Vec<&str> = Vec::new();
    // The workers of Gunicorn may be another server.
    let inner = service.serves_by_uvicorn().then_some(ServerName::Uvicorn);
    let servers = [Some(deployment.server), inner.filter(|inner| *inner != deployment.server)];
    let all = servers
        .into_iter()
        .flatten()
        .flat_map(|server| table(server).advisories().iter().map(move |advisory| (server, advisory)));
    for (server, advisory) in all {
        let through = advisory.classes.as_ref().is_none_or(|classes| {
            deployment.class.is_some_and(|class| classes.iter().any(|name| name == class.name()))
        });
        let replaced = advisory
            .replaced_by
            .as_deref()
            .is_some_and(|other| deployment.asks_for(other) || deployment.asks_for_extra(server.as_str(), "standard"));
        let pin = deployment.pin_of(&advisory.distribution);
        // Without a pin or a bound the newest release is installed.
        let (Some(pin), Ok(fixed)) = (pin.filter(|_| through && !replaced), advisory.fixed.parse()) else {
            continue;
        };
        let Some(place) = pin.place.filter(|_| pin.version < fixed && !told.contains(&advisory.distribution.as_str()))
        else {
            continue;
        };
        told.push(&advisory.distribution);
        let known = table(server).advisories().iter().filter(|other| {
            let later = other.fixed.parse().is_ok_and(|fixed| pin.version < fixed);
            later && other.distribution == advisory.distribution
        });
        let newest = known.clone().filter_map(|other| other.fixed.parse().ok()).max().unwrap_or(fixed);
        let ids: Vec<&str> = known.map(|other| other.id.as_str()).collect();
        let text = pin.version_text();
        // A bound reads as if releases above it were not affected, so what is written is said instead.
        let written = context.files.text_at(place);
        let is_bound = !text.starts_with(|c: char| c.is_ascii_digit()) && written.len() < 60 && !written.contains('\n');
        let asked = if is_bound { format!("`{written}`") } else { format!("{} {text}", advisory.distribution) };
        out.report(
            place,
            format!("fixed in {newest}"),
            format!("{asked} is affected by {}: {}", ids.join(" and "), advisory.what),
        )
        .related(deployment.command, "what it serves")
        .help(format!("use {} {newest} or later", advisory.distribution))
        .fix(bump(place, text, &newest.to_string(), context));
    }
}
