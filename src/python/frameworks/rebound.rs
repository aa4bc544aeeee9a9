//! Handler classes that replace their own methods when they are made: `setattr(self, verb, wrap(getattr(self, verb)))`.
//!
//! Where what they are wrapped in runs them elsewhere, they run in a thread. What a library wraps them in is not
//! known, and neither is then where they run.

use super::find::Finder;
use super::{Context, HTTP_METHODS, Pool};
use crate::python::calls::EventKind;
use crate::python::names::Bound;
use crate::python::syntax::ast::{self, Expr};
use crate::python::syntax::span_of;
use crate::python::types::{ClassId, Frame, FunctionId, Value};

/// The methods in which an instance is prepared for a request.
const PREPARING: [&str; 5] = ["__init__", "initialize", "prepare", "setup", "dispatch"];

/// What an instance has put in the place of one of its methods.
pub(super) struct Rebound<'a> {
    /// Which one; all that are called like a verb of HTTP if it depends on the request.
    name: Option<&'a str>,
    /// Where it runs now, if that is known.
    pub(super) context: Option<Context>,
}

impl Rebound<'_> {
    pub(super) fn is_of(&self, method: &str) -> bool {
        self.name.map_or_else(|| HTTP_METHODS.contains(&method), |name| name == method)
    }
}

impl<'a> Finder<'_, 'a> {
    /// The methods of a class that run elsewhere than where they are called.
    pub(super) fn rebound(&self, class: ClassId) -> Vec<Rebound<'a>> {
        let mut found = Vec::new();
        for name in PREPARING {
            for method in self.types.method(class, name) {
                let Value::Function(frame) = method else { continue };
                let function = self.types.function(frame.function);
                let Some(object) = function.parameters.first().map(|first| first.name) else { continue };
                for event in &function.events {
                    let (name, value) = match event.kind {
                        EventKind::Call(call, _) => match (&*call.func, &*call.arguments.args) {
                            (Expr::Name(callee), [target, name, value])
                                if callee.id.as_str() == "setattr" && is_name(target, object) =>
                            {
                                let literal = if let Expr::StringLiteral(text) = name { Some(text) } else { None };
                                (literal.map(|text| text.value.to_str()), value)
                            }
                            _ => continue,
                        },
                        // `self.get = wrap(self.get)`
                        EventKind::Write(Expr::Attribute(target)) if is_name(&target.value, object) => {
                            let name = target.attr.as_str();
                            let Some(value) = self.assigned(class, name, frame) else { continue };
                            (Some(name), value)
                        }
                        _ => continue,
                    };
                    found.extend(
                        self.wrapping(value, frame, object)
                            .map(|call| Rebound { name, context: self.runs_wrapped(call, frame) }),
                    );
                }
            }
        }
        found.retain(|one| one.context != Some(Context::Loop));
        found
    }

    /// What a method assigns to an attribute of its object.
    fn assigned(&self, class: ClassId, name: &str, frame: Frame) -> Option<&'a Expr> {
        let line = self.types.ancestry(class);
        let owners = line.iter().filter_map(|value| if let Value::Class(owner) = value { Some(*owner) } else { None });
        let mut bindings = owners
            .filter(|owner| owner.file == frame.function.file)
            .filter_map(|owner| self.types.class(owner).fields.get(name))
            .flatten();
        bindings.find_map(|binding| match binding.bound {
            Bound::Value { value: Some(value), .. } if binding.scope == frame.function.index => Some(value),
            _ => None,
        })
    }

    /// The call that wraps a method of `object`, if the expression is one.
    fn wrapping(&self, expr: &'a Expr, frame: Frame, object: &str) -> Option<&'a ast::ExprCall> {
        let call = self.behind(expr, frame)?;
        let named = call.arguments.keywords.iter().map(|keyword| &keyword.value);
        let takes_method = call.arguments.args.iter().chain(named).any(|given| match given {
            Expr::Attribute(attribute) => {
                is_name(&attribute.value, object) && HTTP_METHODS.contains(&attribute.attr.as_str())
            }
            given => self.behind(given, frame).is_some_and(|inner| {
                is_name(&inner.func, "getattr")
                    && inner.arguments.args.first().is_some_and(|target| is_name(target, object))
            }),
        });
        takes_method.then_some(call)
    }

    /// The call that an expression is, or that gives the name its value.
    fn behind(&self, expr: &'a Expr, frame: Frame) -> Option<&'a ast::ExprCall> {
        match expr {
            Expr::Call(call) => Some(call),
            Expr::Name(name) => {
                let sources = self.types.sources(name.id.as_str(), frame, span_of(name).start);
                sources.into_iter().find_map(|(bound, _)| match bound {
                    Bound::Value { value: Some(Expr::Call(call)), .. } => Some(call),
                    _ => None,
                })
            }
            _ => None,
        }
    }

    fn runs_wrapped(&self, call: &'a ast::ExprCall, frame: Frame) -> Option<Context> {
        let mut found = None;
        for callee in self.types.value(&call.func, frame).iter() {
            let Value::Function(wrapper) = *callee else { return None };
            if self.offloads(wrapper.function) {
                return Some(Context::Thread(Pool::Executor));
            }
            found = Some(Context::Loop);
        }
        found
    }

    /// Whether a function, or one inside it, has something run in a thread.
    fn offloads(&self, id: FunctionId) -> bool {
        let functions = self.types.facts_at(id.file).functions.iter().zip(0..);
        let inside = functions.filter(|(function, index)| *index == id.index || function.parent == id.index);
        inside.map(|(_, index)| self.types.plain(FunctionId { index, ..id })).any(|frame| {
            self.types.function(frame.function).events.iter().any(|event| match event.kind {
                EventKind::Call(call, _) => self.types.offloaded(&self.types.value(&call.func, frame), call).is_some(),
                _ => false,
            })
        })
    }
}

fn is_name(expr: &Expr, name: &str) -> bool {
    matches!(expr, Expr::Name(found) if found.id.as_str() == name)
}
