//! Fires when a handler asks a database, a cache or a cloud store on the event loop.

use super::prelude::*;
use super::speaker::{Speaker, spoken};
use crate::app::Category;

pub(super) const RULE: Rule = rule!("sync-db-in-async", Shape::App(check));

fn check(app: &App, service: Option<&Service>, _: &Context, out: &mut Findings) {
    for blocking in spoken(Speaker::Store, app, service) {
        // Django 5.2 looks for a running loop first (`django.utils.asyncio.async_unsafe`).
        let refused = blocking.category == Category::Orm && blocking.what.starts_with("django.")
            || blocking.what.starts_with("django.db.backends.base.");
        let message = if refused {
            format!(
                "{} asks on the event loop: Django raises `SynchronousOnlyOperation`, or every request of the worker \
                 stands still where `DJANGO_ALLOW_ASYNC_UNSAFE` is set",
                blocking.subject()
            )
        } else {
            format!(
                "{} asks on the event loop: every request of the worker stands still {}",
                blocking.subject(),
                blocking.while_it()
            )
        };
        blocking.say(out.report(blocking.anchor, "the event loop waits for the answer here", message), service);
    }
}
