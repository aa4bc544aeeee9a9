//! Fires when a handler calls functions of the project that make a call which stops its event loop.

use super::prelude::*;

pub(super) const RULE: Rule = rule!("blocking-call-transitive", Shape::App(check));

fn check(app: &App, service: Option<&Service>, context: &Context, out: &mut Findings) {
    // Under a WSGI server every call blocks its worker by design.
    if service.is_some_and(|service| service.speaks() == Some(Interface::Wsgi)) {
        return;
    }
    for blocking in app.blocking.iter().filter(|blocking| !blocking.direct) {
        let functions: Vec<&str> = blocking.chain.iter().map(|hop| hop.function.as_str()).collect();
        let message = format!(
            "`{}` -> `{}` stops every request of its worker {}",
            functions.join("` -> `"),
            blocking.what,
            blocking.while_it()
        );
        blocking.say(out.report(blocking.anchor, "the event loop stands still here", message), service, context);
    }
}
