//! Numbers of workers that do not fit the machine or the load.

mod db_pool_vs_threads;
mod default_single_sync_worker;
mod host_cpu_count_in_container;
mod no_keepalive_headroom;
mod oversubscribed_cpu;

use super::prelude;

pub(super) const RULES: &[prelude::Rule] = &[
    db_pool_vs_threads::RULE,
    default_single_sync_worker::RULE,
    host_cpu_count_in_container::RULE,
    no_keepalive_headroom::RULE,
    oversubscribed_cpu::RULE,
];
