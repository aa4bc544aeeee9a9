//! Settings under which requests are lost in operation.

mod daemonised_under_supervisor;
mod dev_mode_in_production;
mod django_persistent_connections_asgi;
mod granian_respawn;
mod max_requests_no_jitter;
mod per_process_state;
mod preload_cuda;
mod preload_kills_threads;
mod preload_shares_connections;
mod recycle_too_aggressive;
mod runtime_dir;
mod scheduler_per_worker;
mod signals_swallowed;
mod uwsgi_unsafe_defaults;

use super::prelude;
pub(in crate::rules) use signals_swallowed::swallows;

pub(super) const RULES: &[prelude::Rule] = &[
    daemonised_under_supervisor::RULE,
    dev_mode_in_production::RULE,
    dev_mode_in_production::SERVERS,
    django_persistent_connections_asgi::RULE,
    granian_respawn::RULE,
    max_requests_no_jitter::RULE,
    per_process_state::RULE,
    preload_cuda::RULE,
    preload_kills_threads::RULE,
    preload_shares_connections::RULE,
    recycle_too_aggressive::RULE,
    runtime_dir::RULE,
    scheduler_per_worker::RULE,
    signals_swallowed::RULE,
    uwsgi_unsafe_defaults::RULE,
];
