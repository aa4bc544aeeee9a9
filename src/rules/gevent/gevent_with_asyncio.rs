//! Fires when greenlets and an asyncio loop would share the threads of a worker.

use super::prelude::*;

pub(super) const RULE: Rule = rule!("gevent-with-asyncio", Shape::App(check));

fn check(app: &App, service: Option<&Service>, _: &Context, out: &mut Findings) {
    let greenlets =
        |service: &&Service| service.deployment.class.is_some_and(|class| class.model() == Model::Greenlets);
    let Some(service) = service.filter(greenlets) else {
        return;
    };
    let class = service.class_name();
    // A WSGI application is only concerned where its handlers run a loop of their own.
    let handler = app.handlers.iter().find(|handler| handler.kind == HandlerKind::Async);
    let (place, message) = match (app.interface, handler) {
        (AppInterface::Asgi, _) => (
            app.place,
            format!(
                "`{class}` switches greenlets and `{}` needs an asyncio loop: the two cannot share a worker",
                app.target
            ),
        ),
        (AppInterface::Wsgi, Some(handler)) => (
            handler.place,
            format!(
                "`{class}` runs the `async def` handler `{}` in a loop of its own: concurrent requests fail with \
                 `RuntimeError`",
                handler.name
            ),
        ),
        _ => return,
    };
    out.report(service.class_place(), format!("`{class}` patches the standard library"), message)
        .related(place, "needs asyncio")
        .help(match app.interface {
            AppInterface::Asgi => format!("run it on {}", service.asgi_class_name()),
            _ => "make the handlers plain functions, or use `gthread`".to_owned(),
        })
        .fix(None);
}
