//! Applications without a framework: what the server calls itself.

use super::find::Finder;
use super::index::Entry;
use super::{Context, Form, Framework, ON_LOOP, Role, Runs, Told};

const WORKER: Runs = Runs { plain: Context::Worker, coroutine: Context::OwnLoop };
const TOLD: Told = Told::Named { names: &[] };

static ASGI: Form = ON_LOOP.form(TOLD, Role::Route);
static WSGI: Form = WORKER.form(TOLD, Role::Route);

impl Finder<'_, '_> {
    /// Adds the functions that the server calls.
    pub(super) fn callables(&mut self) {
        for &frame in self.setting.callables {
            let is_async = self.types.function(frame.function).is_async;
            let entry = Entry { framework: Framework::Raw, form: if is_async { &ASGI } else { &WSGI } };
            self.push(frame, frame.function, entry, entry.form.plain, None);
        }
    }
}
