//! Times that do not fit each other: of the server, of who stops it, of what stands in front of it.

mod grace_below_request;
mod grace_exceeds_kill;
mod keepalive_race;
mod liveness_in_request_pool;
mod no_drain_window;
mod outbound_without_timeout;
mod timeout_disabled;
mod timeout_exceeds_edge;
mod timeout_is_heartbeat;
mod unbounded_or_tiny_drain;
mod unbuffered_sync_worker;
mod uvicorn_healthcheck_window;

use super::prelude;

pub(super) use keepalive_race::closes_before_proxy;

pub(super) const RULES: &[prelude::Rule] = &[
    grace_below_request::RULE,
    grace_exceeds_kill::RULE,
    keepalive_race::RULE,
    liveness_in_request_pool::RULE,
    no_drain_window::RULE,
    outbound_without_timeout::RULE,
    timeout_disabled::RULE,
    timeout_exceeds_edge::RULE,
    timeout_is_heartbeat::RULE,
    unbounded_or_tiny_drain::RULE,
    unbuffered_sync_worker::RULE,
    uvicorn_healthcheck_window::RULE,
];
