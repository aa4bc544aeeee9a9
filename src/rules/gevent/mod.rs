//! What goes wrong once gevent has patched the standard library.

mod blocking_c_driver;
mod gevent_cpu_bound;
mod gevent_with_asyncio;
mod gevent_with_preload;
mod late_monkey_patch;

use super::prelude;

pub(super) const RULES: &[prelude::Rule] = &[
    gevent_with_asyncio::RULE,
    blocking_c_driver::RULE,
    gevent_cpu_bound::RULE,
    gevent_with_preload::RULE,
    late_monkey_patch::RULE,
    late_monkey_patch::CONFIGURATION,
];

impl prelude::Service<'_> {
    /// Whether greenlets run its requests.
    fn runs_greenlets(&self) -> bool {
        let gevent = self.cores_of_loop().is_some_and(|setting| setting.setting.name() == "gevent");
        gevent || self.deployment.class.is_some_and(|class| class.model() == prelude::Model::Greenlets)
    }
}
