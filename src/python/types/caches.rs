//! Which of Django's caches wait: what the `CACHES` of the settings says of them.

use std::rc::Rc;

use super::{Types, Value};
use crate::python::calls::EventKind;
use crate::python::catalogue;
use crate::python::names::Bound;
use crate::python::syntax::ast::{self, Expr};

/// What stands for the cache called `default`.
pub(super) const DEFAULT: &str = "django.core.cache.cache";
/// What holds all of them, by name.
pub(super) const ALL: &str = "django.core.cache.caches";

/// Backends that ask nobody: they hold what they are given in memory, or throw it away.
const IN_MEMORY: [&str; 2] =
    ["django.core.cache.backends.locmem.LocMemCache", "django.core.cache.backends.dummy.DummyCache"];
/// Names that every settings module of a served project binds.
const SETTINGS: [&str; 2] = ["INSTALLED_APPS", "MIDDLEWARE"];

/// What settings say of a cache.
enum Backend<'a> {
    Named(&'a str),
    Unknown,
}

impl<'a> Types<'a> {
    /// The cache of this name: of the class that the settings name, or of one that may wait.
    pub(super) fn cache(&self, alias: &str) -> Value<'a> {
        let mut backends = Vec::new();
        let mut any_settings = false;
        for &file in self.loaded.borrow().iter() {
            let module = &self.facts_at(file).functions[0];
            any_settings |= SETTINGS.iter().any(|name| !self.django_setting(file, name).is_empty());
            let bindings = self.django_setting(file, "CACHES");
            if bindings.is_empty() {
                continue;
            }
            for binding in bindings {
                match binding.bound {
                    Bound::Value { value: Some(caches), .. } => backends.push(backend_in(caches, alias)),
                    Bound::Value { value: None, .. } => {}
                    // Taken over from other settings, which are read as well.
                    Bound::From { .. } if !self.modules_are_foreign(file, binding.bound) => {}
                    _ => backends.push(Backend::Unknown),
                }
            }
            let changes = module.events.iter().any(|event| match event.kind {
                EventKind::Write(target) => is_of(target, "CACHES"),
                EventKind::Call(call, _) => {
                    matches!(&*call.func, Expr::Attribute(method) if is_of(&method.value, "CACHES"))
                }
                _ => false,
            });
            if changes {
                backends.push(Backend::Unknown);
            }
        }
        // Without any `CACHES` Django keeps everything in the memory of the process.
        let is_default = backends.is_empty() && any_settings && alias == "default";
        let in_memory = |backend: &Backend<'a>| matches!(backend, Backend::Named(name) if IN_MEMORY.contains(name));
        if is_default || !backends.is_empty() && backends.iter().all(in_memory) {
            return Value::Instance(IN_MEMORY[0].into());
        }
        let class: Rc<str> = catalogue::made_by(DEFAULT).unwrap_or(DEFAULT).into();
        Value::Instance(class)
    }

    /// Whether an import takes something from outside of the project.
    fn modules_are_foreign(&self, file: u32, bound: Bound<'a>) -> bool {
        let Bound::From { level, module, .. } = bound else { return true };
        !matches!(self.imported(self.facts_at(file).file, level, module), Some(Value::Module(_)))
    }
}

/// What `{alias: {"BACKEND": backend}}` says.
fn backend_in<'a>(caches: &'a Expr, alias: &str) -> Backend<'a> {
    let given = entry(caches, alias).and_then(|cache| entry(cache, "BACKEND"));
    match given {
        Some(Expr::StringLiteral(text)) => Backend::Named(text.value.to_str()),
        _ => Backend::Unknown,
    }
}

/// The value of a literal key, if every key is literal.
fn entry<'a>(expr: &'a Expr, wanted: &str) -> Option<&'a Expr> {
    let Expr::Dict(dict) = expr else { return None };
    let mut found = None;
    for item in &dict.items {
        let Some(Expr::StringLiteral(key)) = &item.key else { return None };
        if key.value.to_str() == wanted {
            found = Some(&item.value);
        }
    }
    found
}

/// Whether something is a name, or an item of it.
fn is_of(expr: &Expr, name: &str) -> bool {
    match expr {
        Expr::Name(found) => found.id.as_str() == name,
        Expr::Subscript(ast::ExprSubscript { value, .. }) => is_of(value, name),
        _ => false,
    }
}
