//! What Django is told by name: the middleware of its settings.
//!
//! Django goes through the list from the last one, which calls the view, to the first: under ASGI it
//! asks each for its asynchronous form until one has only a plain form, which from there on it keeps to
//! where it can, in a thread.

use super::find::Finder;
use super::index::Entry;
use super::{Context, Form, Framework, Names, Pool, Role, Runs, Told};
use crate::python::names::Bound;
use crate::python::syntax::ast::{self, Expr};
use crate::python::types::{ClassId, Frame, Value};

const RUNS: Runs = Runs { plain: Context::Thread(Pool::Request), coroutine: Context::Loop };
const METHODS: Names = &["process_view", "process_exception", "process_template_response"];
const MIXIN: &str = "django.utils.deprecation.MiddlewareMixin";

static MIDDLEWARE: Form = RUNS.form(Told::Field { bases: &[], names: &["MIDDLEWARE"] }, Role::Middleware);
const ENTRY: Entry = Entry { framework: Framework::Django, form: &MIDDLEWARE };

/// In which forms middleware can be had.
#[derive(Debug, Clone, Copy)]
struct Forms {
    plain: bool,
    asynchronous: bool,
}

impl<'a> Finder<'_, 'a> {
    /// Adds the middleware that settings among these modules name.
    pub(super) fn settings(&mut self, modules: &[u32]) {
        for &file in modules {
            let bindings = self.types.django_setting(file, "MIDDLEWARE");
            let lists = bindings.into_iter().filter_map(|binding| match binding.bound {
                Bound::Value { value: Some(value), .. } => Some(value),
                _ => None,
            });
            let mut names = Vec::new();
            for list in lists {
                strings(list, &mut names);
            }
            self.chain(&names);
        }
    }

    fn chain(&mut self, names: &[&str]) {
        let mut runs_async = self.setting.is_asgi;
        for name in names.iter().rev() {
            let values = self.named(name);
            let forms = self.forms_of(name, &values);
            runs_async = forms.asynchronous && (runs_async || !forms.plain);
            for value in values {
                self.add_middleware(&value, runs_async);
            }
        }
    }

    fn named(&self, name: &str) -> Vec<Value<'a>> {
        let Some((module, object)) = name.rsplit_once('.') else { return Vec::new() };
        let module = self.types.modules().find(module, None);
        module.map(|module| self.types.module_attribute(&module, object)).unwrap_or_default()
    }

    fn forms_of(&self, name: &str, values: &[Value<'a>]) -> Forms {
        match values.first() {
            Some(Value::Class(class)) => {
                let mixin = self.types.library_bases(*class).iter().any(|base| &**base == MIXIN);
                let says = |name| self.says(*class, name);
                Forms {
                    plain: says("sync_capable").unwrap_or(true),
                    asynchronous: says("async_capable").unwrap_or(mixin),
                }
            }
            Some(Value::Function(maker)) => {
                let has = |name| self.types.has_decorator(maker.function, name);
                let only = has("async_only_middleware");
                Forms { plain: !only, asynchronous: only || has("sync_and_async_middleware") }
            }
            // What comes with Django has both forms; of another library's nothing is known, and most of
            // it is plain.
            _ => Forms { plain: true, asynchronous: name.starts_with("django.") },
        }
    }

    fn add_middleware(&mut self, value: &Value<'a>, runs_async: bool) {
        match value {
            Value::Class(class) => {
                // An asynchronous one is called on the loop, and returns what there is to await.
                let coroutines = if runs_async { self.coroutines_of(*class) } else { Vec::new() };
                for coroutine in &coroutines {
                    self.push(*coroutine, coroutine.function, ENTRY, Context::Loop, None);
                }
                if coroutines.is_empty() {
                    let plain = if runs_async { Context::Loop } else { RUNS.plain };
                    self.add_method(*class, "__call__", ENTRY, plain, None);
                }
                for name in METHODS {
                    self.add_method(*class, name, ENTRY, RUNS.plain, None);
                }
            }
            Value::Function(maker) => {
                let made = self.types.returned(*maker);
                // `return Middleware(get_response)`
                for value in made.iter() {
                    if let Value::Object(class) = *value {
                        self.add_middleware(&Value::Class(class), runs_async);
                    }
                }
                let made: Vec<_> = made
                    .iter()
                    .filter_map(|made| if let Value::Function(frame) = made { Some(*frame) } else { None })
                    .collect();
                let is_async = |frame: &Frame| self.types.function(frame.function).is_async;
                let both = made.iter().any(is_async) && !made.iter().all(is_async);
                for frame in made.iter().filter(|frame| !both || is_async(frame) == runs_async) {
                    let context = if runs_async { Context::Loop } else { RUNS.plain };
                    self.push(*frame, frame.function, ENTRY, context, None);
                }
            }
            _ => {}
        }
    }

    /// What middleware with both forms runs in its asynchronous one: what its plain `__call__` returns to be awaited,
    /// and what it has in place of Django's own.
    fn coroutines_of(&self, class: ClassId) -> Vec<Frame> {
        let returned = |call: &Value<'a>| match call {
            Value::Function(call) if !self.types.function(call.function).is_async => {
                self.types.returned(*call).to_vec()
            }
            _ => Vec::new(),
        };
        let calls = self.types.method(class, "__call__");
        let returned = calls.iter().flat_map(returned);
        let own = if calls.is_empty() { self.types.method(class, "__acall__") } else { Vec::new() };
        let frames = returned.chain(own).filter_map(|value| match value {
            Value::Coroutine(frame) | Value::Function(frame) => Some(frame),
            _ => None,
        });
        frames.filter(|frame| self.types.function(frame.function).is_async).collect()
    }

    /// What a class, or one that it inherits from, says literally of an attribute.
    fn says(&self, class: ClassId, name: &str) -> Option<bool> {
        let line = self.types.ancestry(class);
        let owners = line.iter().filter_map(|value| if let Value::Class(owner) = value { Some(*owner) } else { None });
        let bindings = owners.filter_map(|owner| self.types.class(owner).fields.get(name)).flatten();
        bindings.map(|binding| binding.bound).find_map(|bound| match bound {
            Bound::Value { value: Some(Expr::BooleanLiteral(literal)), .. } => Some(literal.value),
            _ => None,
        })
    }
}

fn strings<'a>(expr: &'a Expr, found: &mut Vec<&'a str>) {
    match expr {
        Expr::StringLiteral(text) => found.push(text.value.to_str()),
        Expr::List(list) => list.elts.iter().for_each(|element| strings(element, found)),
        Expr::Tuple(tuple) => tuple.elts.iter().for_each(|element| strings(element, found)),
        Expr::BinOp(ast::ExprBinOp { left, right, .. }) => {
            strings(left, found);
            strings(right, found);
        }
        _ => {}
    }
}
