//! Fires when a handler itself makes a call that stops its event loop.

use super::prelude::*;

pub(super) const RULE: Rule = rule!("blocking-call-in-async", Shape::App(check));

fn check(app: &App, service: Option<&Service>, context: &Context, out: &mut Findings) {
    // Under a WSGI server every call blocks its worker by design.
    if service.is_some_and(|service| service.speaks() == Some(Interface::Wsgi)) {
        return;
    }
    for blocking in app.blocking.iter().filter(|blocking| blocking.direct) {
        let Some(hop) = blocking.chain.last() else { continue };
        // Some frameworks run plain functions on the loop as well.
        let function = format!("{}def {}", if hop.is_async { "async " } else { "" }, hop.function);
        let message =
            format!("`{}` in `{function}` stops every request of its worker {}", blocking.what, blocking.while_it());
        blocking.say(out.report(blocking.anchor, "the event loop stands still here", message), service, context);
    }
}
