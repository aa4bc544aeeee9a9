//! What goes wrong once gevent has patched the standard library.

mod gevent_with_asyncio;

use super::prelude;

pub(super) const RULES: &[prelude::Rule] = &[gevent_with_asyncio::RULE];
