//! Objects that handlers are registered on and that the served application has nothing to do with.
//!
//! A project often has more than one application: one for the public, one for administrators, a Flask beside a
//! FastAPI. Whoever collects the handlers of one of them leaves out what is told to the others. Which objects
//! those are is for the caller; here it is decided whether an expression stands for one.

use std::collections::{BTreeMap, BTreeSet};

use super::prefixes::Prefixes;
use crate::python::modules::ModuleRef;
use crate::python::names::Bound;
use crate::python::syntax::ast::{self, Expr};
use crate::python::syntax::span_of;
use crate::python::types::{ClassId, Frame, FunctionId, Switch, Types, Value};

/// How many names and functions are looked through for the call that makes an object.
const MAX_HOPS: usize = 6;

/// A call that makes an object: its file, and where it starts.
pub type Made = (u32, usize);

/// What is told to these is nothing to the served application.
#[derive(Debug, Clone, Default)]
pub struct Foreign {
    /// The objects, by the calls that make them.
    pub objects: BTreeSet<Made>,
    /// Parameters that are only ever given such objects.
    pub parameters: BTreeSet<(FunctionId, u16)>,
    /// Applications that are not served themselves, and whose routes another one may have taken over.
    pub lent: BTreeSet<Made>,
    /// What nobody registers at all.
    pub unread: Unread,
    /// What is only registered where somebody sets a variable.
    pub switched: Switched,
    /// Below which paths anything is registered.
    pub prefixes: Prefixes,
}

/// Routers and modules of routes that are only registered where somebody sets a variable.
#[derive(Debug, Clone, Default)]
pub struct Switched {
    /// The routers, by the calls that make them.
    pub routers: BTreeMap<Made, Switch>,
    /// The modules, by their indices.
    pub modules: BTreeMap<u32, Switch>,
}

/// Routers and classes of handlers that are made, and then read by nothing.
#[derive(Debug, Clone, Default)]
pub struct Unread {
    /// The routers, by the calls that make them.
    pub routers: BTreeSet<Made>,
    /// The classes.
    pub classes: BTreeSet<ClassId>,
    /// Functions that would register some, and that nothing calls.
    pub functions: BTreeSet<FunctionId>,
}

impl Foreign {
    /// Whether a function, or one around it, is told to such an object by a decorator.
    pub fn decorates<'a>(&self, types: &Types<'a>, frame: Frame) -> bool {
        let mut id = frame.function;
        while id.index != 0 && !self.is_empty() {
            let function = types.function(id);
            let around = types.plain(FunctionId { index: function.parent, ..id });
            let is_told = |decorator: &'a ast::Decorator| {
                let callee =
                    if let Expr::Call(call) = &decorator.expression { &*call.func } else { &decorator.expression };
                matches!(callee, Expr::Attribute(method) if self.is(types, &method.value, around))
            };
            if function.decorators.iter().any(is_told) {
                return true;
            }
            id.index = function.parent;
        }
        false
    }

    /// Whether a function, or one around it, is called by nothing.
    pub(super) fn is_uncalled(&self, types: &Types<'_>, mut id: FunctionId) -> bool {
        while id.index != 0 && !self.unread.functions.is_empty() {
            if self.unread.functions.contains(&id) {
                return true;
            }
            id.index = types.function(id).parent;
        }
        false
    }

    /// What has to be set for a router to be registered that an expression stands for.
    pub(super) fn switch_of<'a>(&self, types: &Types<'a>, expr: &'a Expr, frame: Frame) -> Option<Switch> {
        if self.switched.routers.is_empty() {
            return None;
        }
        made(types, expr, frame).and_then(|made| self.switched.routers.get(&made).copied())
    }

    /// Whether an expression stands for such an object, and for nothing else.
    pub(super) fn is<'a>(&self, types: &Types<'a>, expr: &'a Expr, frame: Frame) -> bool {
        if self.is_empty() {
            return false;
        }
        if let Expr::Name(name) = expr
            && let [(Bound::Parameter(position), home)] =
                types.sources(name.id.as_str(), frame, span_of(expr).start).as_slice()
        {
            return self.parameters.contains(&(home.function, *position));
        }
        made(types, expr, frame).is_some_and(|made| self.objects.contains(&made) || self.unread.routers.contains(&made))
    }

    fn is_empty(&self) -> bool {
        self.objects.is_empty() && self.unread.routers.is_empty()
    }
}

/// The one call that makes what an expression stands for, through names and functions that return it.
pub fn made<'a>(types: &Types<'a>, expr: &'a Expr, frame: Frame) -> Option<Made> {
    within(types, expr, frame, MAX_HOPS)
}

fn within<'a>(types: &Types<'a>, expr: &'a Expr, frame: Frame, hops: usize) -> Option<Made> {
    let hops = hops.checked_sub(1)?;
    match expr {
        Expr::Name(name) => {
            let sources = types.sources(name.id.as_str(), frame, span_of(expr).start);
            only(sources.into_iter().map(|(bound, home)| match bound {
                Bound::Value { value: Some(value), .. } => within(types, value, home, hops),
                _ => None,
            }))
        }
        // `pages.router`, where `pages` is a module.
        Expr::Attribute(attribute) => {
            let owner = types.value(&attribute.value, frame);
            let [Value::Module(ModuleRef::File(file))] = &*owner else { return None };
            let module = types.module_frame(types.index_of(*file)?);
            let sources = types.sources(attribute.attr.as_str(), module, usize::MAX);
            only(sources.into_iter().map(|(bound, home)| match bound {
                Bound::Value { value: Some(value), .. } => within(types, value, home, hops),
                _ => None,
            }))
        }
        Expr::Call(call) => {
            let here = (frame.function.file, span_of(call).start);
            let callees = types.value(&call.func, frame);
            only(callees.iter().map(|callee| match callee {
                Value::Function(target) => {
                    let results = &types.function(target.function).results;
                    only(results.iter().map(|result| within(types, result, types.plain(target.function), hops)))
                }
                Value::External(_) | Value::Class(_) => Some(here),
                _ => None,
            }))
        }
        _ => None,
    }
}

/// What all of these agree on; `None` where one of them is not known.
fn only(all: impl Iterator<Item = Option<Made>>) -> Option<Made> {
    let mut agreed = None;
    for one in all {
        let one = one?;
        if agreed.is_some_and(|known| known != one) {
            return None;
        }
        agreed = Some(one);
    }
    agreed
}
