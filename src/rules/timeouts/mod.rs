//! Times that do not fit each other: of the server, of who stops it, of what stands in front of it.

mod grace_exceeds_kill;
mod keepalive_race;
mod timeout_disabled;

use super::prelude;

pub(super) const RULES: &[prelude::Rule] = &[grace_exceeds_kill::RULE, keepalive_race::RULE, timeout_disabled::RULE];
