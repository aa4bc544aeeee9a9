//! Settings under which requests are lost in operation.

mod dev_mode_in_production;
mod max_requests_no_jitter;

use super::prelude;

pub(super) const RULES: &[prelude::Rule] =
    &[dev_mode_in_production::RULE, dev_mode_in_production::SERVERS, max_requests_no_jitter::RULE];
