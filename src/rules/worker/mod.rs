//! Which worker class runs the application, and whether the two speak the same interface.

mod asgi_app_on_wsgi_worker;
mod removed_worker_class;
mod wsgi_app_on_asgi_worker;

use super::prelude;

pub(super) const RULES: &[prelude::Rule] =
    &[asgi_app_on_wsgi_worker::RULE, removed_worker_class::RULE, wsgi_app_on_asgi_worker::RULE];
