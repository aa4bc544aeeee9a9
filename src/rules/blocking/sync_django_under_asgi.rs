//! Fires when Django runs under ASGI although nothing in it is asynchronous.

use super::prelude::*;
use crate::app::{Framework, Role};

pub(super) const RULE: Rule = rule!("sync-django-under-asgi", Shape::App(check));

fn check(app: &App, service: Option<&Service>, _: &Context, out: &mut Findings) {
    let Some(service) = service.filter(|service| service.speaks() == Some(Interface::Asgi)) else {
        return;
    };
    if app.framework != Framework::Django || app.interface != AppInterface::Asgi {
        return;
    }
    // What makes ASGI worth its price: anything that waits on the loop, or stays open.
    let open = !app.websockets.is_empty() || !app.streaming.is_empty();
    let views: Vec<_> = app.handlers.iter().filter(|handler| handler.role == Role::Route).collect();
    if open || views.is_empty() || app.handlers.iter().any(|handler| handler.kind == HandlerKind::Async) {
        return;
    }
    out.report(
        service.class_place(),
        "speaks ASGI",
        format!(
            "no view of `{}` is asynchronous ({} found): under ASGI each request starts a thread of its own and waits \
             for it",
            app.target,
            views.len()
        ),
    )
    .related(app.place, "the ASGI application")
    .help("serve the WSGI application on `gthread`: the same threads, kept, and their database connections with them")
    .fix(None);
}
