//! What goes wrong once gevent has patched the standard library.

mod blocking_c_driver;
mod gevent_cpu_bound;
mod gevent_with_asyncio;
mod gevent_with_preload;
mod late_monkey_patch;

use super::prelude;
use crate::app::InstrumentKind;

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

    /// Whether the standard library is patched for these greenlets: Gunicorn's classes do so, uWSGI only where it is
    /// told or where the application does it itself.
    fn patches(&self, app: &prelude::App) -> bool {
        let told = |name| {
            self.deployment.setting(name).is_some_and(|setting| setting.value() == Some(&prelude::Value::Bool(true)))
        };
        self.deployment.server != prelude::ServerName::Uwsgi
            || told("gevent_monkey_patch")
            || told("gevent_early_monkey_patch")
            || app.instruments.iter().any(|seen| matches!(seen.kind, InstrumentKind::Patch(_)))
    }
}
