//! Logs, figures and traces that are not there when somebody needs them.

mod file_logs_in_container;
mod loggers_disabled;
mod no_access_log;
mod prometheus_multiprocess;
mod statsd_without_requests;
mod tracing_across_fork;

use super::prelude;

pub(super) const RULES: &[prelude::Rule] = &[
    file_logs_in_container::RULE,
    loggers_disabled::RULE,
    loggers_disabled::APP,
    no_access_log::RULE,
    prometheus_multiprocess::RULE,
    statsd_without_requests::RULE,
    tracing_across_fork::RULE,
];
