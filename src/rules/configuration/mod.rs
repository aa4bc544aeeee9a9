//! Settings that do nothing, or stop the start.

mod keepalive_ignored_by_sync;
mod refuses_to_start;
mod threads_ignored;
mod unknown_setting;
mod worker_connections_ignored;

use super::prelude;

pub(super) const RULES: &[prelude::Rule] = &[
    keepalive_ignored_by_sync::RULE,
    refuses_to_start::RULE,
    threads_ignored::RULE,
    unknown_setting::RULE,
    worker_connections_ignored::RULE,
];
