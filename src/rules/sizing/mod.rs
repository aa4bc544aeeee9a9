//! Numbers of workers that do not fit the machine or the load.

mod db_connection_budget;
mod db_pool_vs_threads;
mod default_single_sync_worker;
mod granian_backpressure_vs_keepalive;
mod host_cpu_count_in_container;
mod idle_cores;
mod memory_overcommit;
mod no_keepalive_headroom;
mod oversubscribed_cpu;
mod quota_throttle;
mod replicated_pods_multi_workers;
mod threads_beyond_gil;

use super::prelude;

pub(super) const RULES: &[prelude::Rule] = &[
    db_connection_budget::RULE,
    db_pool_vs_threads::RULE,
    default_single_sync_worker::RULE,
    granian_backpressure_vs_keepalive::RULE,
    host_cpu_count_in_container::RULE,
    idle_cores::RULE,
    memory_overcommit::RULE,
    no_keepalive_headroom::RULE,
    oversubscribed_cpu::RULE,
    quota_throttle::RULE,
    replicated_pods_multi_workers::RULE,
    threads_beyond_gil::RULE,
];
