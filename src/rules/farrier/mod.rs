//! What is wrong with what people say to farrier itself.

mod fault;
mod malformed_suppression;
mod suppression_of_unknown_rule;
mod suppression_without_reason;
mod unused_suppression;
mod useless_setting;

pub use fault::{FaultKind, OwnFault};

use super::prelude;

pub(super) const RULES: &[prelude::Rule] = &[
    unused_suppression::RULE,
    suppression_of_unknown_rule::RULE,
    malformed_suppression::RULE,
    suppression_without_reason::RULE,
    useless_setting::RULE,
];
