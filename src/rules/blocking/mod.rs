//! Calls that stop the event loop, and code that is on the wrong side of it.

mod blocking_call_in_async;
mod blocking_call_transitive;
mod blocking_in_middleware_or_dependency;
mod blocking_stream_or_background;
mod cpu_in_async;
mod finding;
mod loop_api_in_sync_handler;
mod nested_event_loop;
mod self_request;
mod speaker;
mod sync_db_in_async;
mod sync_django_under_asgi;
mod threadpool_exhaustion;

use super::prelude;

pub(super) const RULES: &[prelude::Rule] = &[
    blocking_call_in_async::RULE,
    blocking_call_transitive::RULE,
    sync_db_in_async::RULE,
    cpu_in_async::RULE,
    blocking_in_middleware_or_dependency::RULE,
    blocking_stream_or_background::RULE,
    threadpool_exhaustion::RULE,
    loop_api_in_sync_handler::RULE,
    nested_event_loop::RULE,
    sync_django_under_asgi::RULE,
    self_request::RULE,
];
