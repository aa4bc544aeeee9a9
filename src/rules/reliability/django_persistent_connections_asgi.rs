//! Fires when Django keeps connections for threads that end with their request.

use super::prelude::*;
use crate::app::{Framework, KeepsakeKind};
use crate::deployment::Deployment;

pub(super) const RULE: Rule = rule!("django-persistent-connections-asgi", Shape::App(check));

fn check(app: &App, service: Option<&Service>, context: &Context, out: &mut Findings) {
    let Some(service) = service.filter(|service| service.in_production() && service.runs_loop()) else { return };
    if app.framework != Framework::Django || app.interface != AppInterface::Asgi {
        return;
    }
    if is_for_sockets(app, service, context) {
        return;
    }
    for kept in &app.keepsakes {
        let KeepsakeKind::Connections { age, stands_in } = &kept.kind else { continue };
        // Production has settings of its own, wherever they are named.
        if context.is_aside(kept.place) {
            continue;
        }
        let edit = vec![Edit::replace(kept.place, "0")];
        let how_long = age.map_or_else(|| "for ever".to_owned(), |seconds| format!("for {seconds} s"));
        out.report(
            kept.place,
            "kept by threads that are gone",
            format!(
                "Django keeps connections {how_long}, and under ASGI ({}) each request has a thread of its own: they stay open \
                 after their thread has ended",
                service.speaker()
            ),
        )
        .related(service.class_place(), "runs it under ASGI")
        .help("set it to 0; the pool of Django 5.1 (`OPTIONS = {\"pool\": True}`, psycopg 3) works under ASGI")
        .fix(Some(if *stands_in {
            // Whoever sets the variable keeps what it says.
            Fix::unsafe_("close connections with the request unless the variable is set", edit)
        } else {
            Fix::safe("close connections with the request", edit)
        }));
    }
}

/// Whether another server has the same project under WSGI, and this one is there for web sockets: their consumers share one
/// thread, which keeps one connection.
fn is_for_sockets(app: &App, service: &Service, context: &Context) -> bool {
    let package = |deployment: &Deployment| {
        let (module, _) = deployment.app.as_ref()?.value.split_once(':')?;
        Some(module.rsplit_once('.').map_or("", |(package, _)| package).to_owned())
    };
    let own = package(service.deployment).filter(|_| !app.websockets.is_empty());
    own.is_some_and(|own| {
        context.deployments.iter().any(|other| {
            let is_wsgi = other.server == ServerName::Uwsgi
                || other.class.is_some_and(|class| class.interface() == Interface::Wsgi);
            is_wsgi && other.development.is_none() && package(other).as_ref() == Some(&own)
        })
    })
}
