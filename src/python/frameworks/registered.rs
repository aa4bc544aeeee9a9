//! Functions that code of the project registers for others: decorators, and what is given a handler.
//!
//! A project often wraps the method of its router: `@protected(router.get, "/items")`, `def get(path): return
//! router.get(path)`, a class with a `route` of its own. What they return is looked at where it is a
//! decorator of the framework, and where they take the function themselves they are read with it.

use super::find::{Finder, is_response};
use super::index::{Entry, among, index};
use super::requests::route_of;
use super::{Context, Told};
use crate::python::calls::{EventKind, Outside};
use crate::python::names::Bound;
use crate::python::syntax::ast::{self, Expr};
use crate::python::syntax::span_of;
use crate::python::types::{Frame, FunctionId, Types, Value};

/// How many functions are looked through for a decorator that they return.
const MAX_LAYERS: usize = 4;
/// How many results of one function are looked at.
const MAX_RESULTS: usize = 4;

/// A form in which something decorates.
pub(super) struct Registration {
    pub(super) entry: Entry,
    /// Where plain functions run.
    pub(super) plain: Context,
    pub(super) route: Option<String>,
}

impl<'a> Finder<'_, 'a> {
    /// The forms in which a decorator registers what it is applied to.
    pub(super) fn registering(&self, decorator: &'a Expr, frame: Frame) -> Vec<Registration> {
        self.registering_within(decorator, frame, MAX_LAYERS)
    }

    fn registering_within(&self, decorator: &'a Expr, frame: Frame, layers: usize) -> Vec<Registration> {
        let (callee, call) = match decorator {
            Expr::Call(call) => (&*call.func, Some(call)),
            other => (other, None),
        };
        let route = call.and_then(route_of);
        let direct = self.decorating(callee, call, frame).into_iter();
        let direct: Vec<_> = direct.map(|(entry, plain)| Registration { entry, plain, route: route.clone() }).collect();
        if !direct.is_empty() || layers == 0 {
            return direct;
        }
        let mut found = Vec::new();
        match decorator {
            // What a function of the project returns.
            Expr::Call(call) => {
                for callee in self.types.value(&call.func, frame).iter() {
                    let Value::Function(target) = *callee else { continue };
                    let results = &self.types.function(target.function).results;
                    if !results.iter().any(|result| matches!(result, Expr::Call(_) | Expr::Name(_))) {
                        continue;
                    }
                    let known = self.with_given(target, call, frame);
                    for result in results.iter().take(MAX_RESULTS) {
                        found.extend(self.registering_within(result, known, layers - 1));
                    }
                }
                for registration in &mut found {
                    registration.route = route.clone().or(registration.route.take());
                }
            }
            // `protected = router.get("/")`
            Expr::Name(name) => {
                for (bound, frame) in self.types.sources(name.id.as_str(), frame, span_of(name).start) {
                    if let Bound::Value { value: Some(value @ Expr::Call(_)), .. } = bound {
                        found.extend(self.registering_within(value, frame, layers - 1));
                    }
                }
            }
            _ => {}
        }
        found
    }

    /// What an object of a framework is given as an attribute.
    pub(super) fn attribute_given(&mut self, outside: &Outside<'a>, entry: Entry, file: u32) {
        let Told::Assigned { on, .. } = entry.form.told else { return };
        // `app.exceptions_handlers[Error] = handler` fills what the application has.
        let (Bound::Value { value: Some(value), .. } | Bound::Kept(value)) = outside.binding.bound else { return };
        let frame = self.types.plain(FunctionId { file, index: outside.binding.scope });
        if self.setting.foreign.is(self.types, outside.owner, frame) {
            return;
        }
        let known = match self.owners(outside.owner, frame) {
            Some(owners) => owners.iter().any(|owner| owner.path.is_empty() && among(on, &owner.class)),
            None => entry.framework == self.setting.framework && is_response(outside.owner),
        };
        if known {
            for value in self.given(value, frame) {
                self.add_value(&value, entry, entry.form.plain, None);
            }
        }
    }

    /// `decorator(...)(function)`.
    pub(super) fn application(&mut self, decorator: &'a Expr, call: &'a ast::ExprCall, frame: Frame) {
        let Some(given) = call.arguments.args.first() else {
            return;
        };
        let forms = self.registering(decorator, frame);
        if forms.is_empty() {
            self.hand_over(decorator, frame, |types| types.value(given, frame).to_vec());
            return;
        }
        for form in forms {
            for value in self.given(given, frame) {
                self.add_value(&value, form.entry, form.plain, form.route.as_ref());
            }
        }
    }

    /// Reads a decorator of the project with the function that it is applied to, if it may register it.
    pub(super) fn hand_over(
        &mut self,
        decorator: &'a Expr,
        frame: Frame,
        given: impl FnOnce(&Types<'a>) -> Vec<Value<'a>>,
    ) {
        let mut targets = Vec::new();
        for value in self.types.value(decorator, frame).iter() {
            match value {
                Value::Function(target) => targets.push(*target),
                Value::Object(class) => {
                    let methods = self.types.method(*class, "__call__").into_iter();
                    targets.extend(
                        methods.filter_map(|value| if let Value::Function(frame) = value { Some(frame) } else { None }),
                    );
                }
                _ => {}
            }
        }
        targets.retain(|target| self.may_register(target.function));
        if targets.is_empty() {
            return;
        }
        for value in given(self.types) {
            if !matches!(value, Value::Function(_) | Value::Class(_)) {
                continue;
            }
            for &target in &targets {
                let is_static = self.types.has_decorator(target.function, "staticmethod");
                let position = u16::from(self.types.function(target.function).class.is_some() && !is_static);
                self.read(self.types.with_known(target, position, value.clone()));
            }
        }
    }

    /// Whether a function calls anything, or decorates a function inside, that could register a handler.
    fn may_register(&self, id: FunctionId) -> bool {
        let is_known = |name: &str| {
            let index = index();
            index.methods.contains_key(name)
                || index.decorators.contains_key(name)
                || index.calls.contains_key(name)
                || self.registrars.contains(name)
        };
        let by_call = self.types.function(id).events.iter().any(|event| {
            let EventKind::Call(call, _) = event.kind else { return false };
            match &*call.func {
                Expr::Attribute(attribute) => is_known(attribute.attr.as_str()),
                Expr::Name(name) => is_known(name.id.as_str()),
                Expr::Call(_) => true,
                _ => false,
            }
        });
        let functions = &self.types.facts_at(id.file).functions;
        by_call || functions.iter().any(|function| function.parent == id.index && !function.decorators.is_empty())
    }
}
