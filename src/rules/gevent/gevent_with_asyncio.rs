//! Fires when greenlets and an asyncio loop would share the threads of a worker.

use super::prelude::*;
use crate::app::Context as Runs;
use crate::deployment::signs;

pub(super) const RULE: Rule = rule!("gevent-with-asyncio", Shape::App(check));

fn check(app: &App, service: Option<&Service>, context: &Context, out: &mut Findings) {
    let Some(service) = service.filter(|service| service.runs_greenlets()) else {
        return;
    };
    let class = service.class_name();
    // A WSGI application is only concerned where its handlers run a loop of their own.
    let handler = app.handlers.iter().find(|handler| handler.kind == HandlerKind::Async);
    let mut loops = app.loop_calls.iter().filter(|call| call.starts && call.runs == Runs::Worker);
    let own_loop = loops.find(|call| !signs::asks_what_is_patched(call.call.file, context.files));
    // Where nothing is patched a loop waits in the system and switches to no other greenlet: none of them overlap.
    if app.interface == AppInterface::Wsgi && !service.patches(app) {
        return;
    }
    let (place, message) = match (app.interface, handler, own_loop) {
        (AppInterface::Asgi, ..) => (
            app.place,
            format!(
                "`{class}` switches greenlets and `{}` needs an asyncio loop: the two cannot share a worker",
                app.target
            ),
        ),
        (AppInterface::Wsgi, Some(handler), _) => (
            handler.place,
            format!(
                "`{class}` runs the `async def` handler `{}` in a loop of its own: concurrent requests fail with \
                 `RuntimeError`",
                handler.name
            ),
        ),
        (AppInterface::Wsgi, None, Some(call)) => (
            call.call,
            format!(
                "`{class}` runs `{}` of `{}` in the one thread of all requests: concurrent ones fail with `RuntimeError`",
                call.what, call.handler.0
            ),
        ),
        _ => return,
    };
    let label = if service.is_gunicorn() { "patches the standard library" } else { "runs requests as greenlets" };
    out.report(service.class_place(), format!("`{class}` {label}"), message)
        .related(place, "needs asyncio")
        .help(if app.interface == AppInterface::Asgi {
            format!("run it on {}", service.asgi_class_name())
        } else {
            let instead = if service.is_gunicorn() { "use `gthread`" } else { "run it with threads" };
            format!("make the handlers plain functions without asyncio, or {instead}")
        })
        .fix(None);
}
