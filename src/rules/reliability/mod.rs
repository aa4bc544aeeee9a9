//! Settings under which requests are lost in operation.

mod daemonised_under_supervisor;
mod dev_mode_in_production;
mod max_requests_no_jitter;
mod recycle_too_aggressive;
mod signals_swallowed;

use super::prelude;

pub(super) const RULES: &[prelude::Rule] = &[
    daemonised_under_supervisor::RULE,
    dev_mode_in_production::RULE,
    dev_mode_in_production::SERVERS,
    max_requests_no_jitter::RULE,
    recycle_too_aggressive::RULE,
    signals_swallowed::RULE,
];
