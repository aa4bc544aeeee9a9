//! Services that are written in Rust.

mod blocking_in_async;
mod no_graceful_shutdown;
mod no_request_bounds;
mod runtime_threads_vs_quota;
mod rust_keepalive_race;

use super::prelude;

pub(super) const RULES: &[prelude::Rule] = &[
    blocking_in_async::RULE,
    no_graceful_shutdown::RULE,
    no_request_bounds::RULE,
    runtime_threads_vs_quota::RULE,
    rust_keepalive_race::RULE,
];
