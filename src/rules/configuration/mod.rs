//! Settings that do not do what they say: unknown ones, and those that the worker class never reads.

mod accidental_setting;
mod app_object_with_workers;
mod config_file_not_loaded;
mod jitter_without_max_requests;
mod keepalive_ignored_by_sync;
mod overridden_or_fragile_value;
mod refuses_to_start;
mod reload_conflict;
mod server_module_shadowed;
mod threads_ignored;
mod unknown_setting;
mod uvicorn_worker_ignores_setting;
mod worker_connections_ignored;
mod wrong_class_option;

use super::prelude;

pub(super) const RULES: &[prelude::Rule] = &[
    accidental_setting::RULE,
    app_object_with_workers::RULE,
    config_file_not_loaded::RULE,
    jitter_without_max_requests::RULE,
    keepalive_ignored_by_sync::RULE,
    overridden_or_fragile_value::RULE,
    refuses_to_start::RULE,
    reload_conflict::RULE,
    server_module_shadowed::RULE,
    threads_ignored::RULE,
    unknown_setting::RULE,
    uvicorn_worker_ignores_setting::RULE,
    worker_connections_ignored::RULE,
    wrong_class_option::RULE,
];
