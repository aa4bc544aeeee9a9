//! Which worker class runs the application, and whether the two speak the same interface.

mod asgi_app_on_wsgi_worker;
mod granian_interface_mismatch;
mod removed_worker_class;
mod slow_upstream_on_sync;
mod socketio_needs_affinity;
mod streaming_on_few_slots;
mod websocket_on_wsgi_worker;
mod wsgi_app_on_asgi_worker;

use super::prelude;

pub(super) const RULES: &[prelude::Rule] = &[
    asgi_app_on_wsgi_worker::RULE,
    granian_interface_mismatch::RULE,
    removed_worker_class::RULE,
    slow_upstream_on_sync::RULE,
    socketio_needs_affinity::RULE,
    streaming_on_few_slots::RULE,
    websocket_on_wsgi_worker::RULE,
    wsgi_app_on_asgi_worker::RULE,
];
