//! Services that are written in Rust.

mod blocking_in_async;

use super::prelude;

pub(super) const RULES: &[prelude::Rule] = &[blocking_in_async::RULE];
