//! Which worker class runs the application, and whether the two speak the same interface.

mod asgi_app_on_wsgi_worker;
mod removed_worker_class;
mod slow_upstream_on_sync;
mod streaming_on_few_slots;
mod wsgi_app_on_asgi_worker;

use super::prelude;

pub(super) const RULES: &[prelude::Rule] = &[
    asgi_app_on_wsgi_worker::RULE,
    removed_worker_class::RULE,
    slow_upstream_on_sync::RULE,
    streaming_on_few_slots::RULE,
    wsgi_app_on_asgi_worker::RULE,
];
