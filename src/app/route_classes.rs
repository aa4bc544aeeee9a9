//! Whether a route of FastAPI is of a class of a library, which may call, or await, its function itself.
//!
//! Where it cannot be seen which router a function is registered on, any such class of the project counts.

use std::cell::OnceCell;

use crate::python::names::Bound;
use crate::python::syntax::ast::{self, Expr};
use crate::python::syntax::span_of;
use crate::python::types::{Frame, FunctionId, Types, Value};

/// The keyword, and the attribute, by which a router is told the class of its routes.
const ROUTE_CLASS: &str = "route_class";

/// What is asked of all routers of a project, each once.
#[derive(Debug, Default)]
pub(super) struct RouteClasses {
    /// Whether any router is given one by an attribute.
    set: OnceCell<bool>,
    /// Whether any router of the project has routes of such a class.
    anywhere: OnceCell<bool>,
}

impl RouteClasses {
    /// Whether somebody else than FastAPI may call a function that is registered as a route.
    pub(super) fn may_call(&self, types: &Types<'_>, id: FunctionId) -> bool {
        let function = types.function(id);
        let around = types.plain(FunctionId { index: function.parent, ..id });
        let mut routers = function.decorators.iter().filter_map(|decorator| match &decorator.expression {
            Expr::Call(call) => match &*call.func {
                Expr::Attribute(method) => Some(&*method.value),
                _ => None,
            },
            _ => None,
        });
        routers.any(|router| {
            if self.is_set(types) {
                return true;
            }
            let Expr::Name(name) = router else { return self.is_anywhere(types) };
            let sources = types.sources(name.id.as_str(), around, span_of(name).start);
            let made: Vec<_> = sources
                .iter()
                .map(|(bound, frame)| match bound {
                    Bound::Value { value: Some(Expr::Call(call)), .. } => Some(is_of_library(types, call, *frame)),
                    _ => None,
                })
                .collect();
            if made.is_empty() || made.contains(&None) { self.is_anywhere(types) } else { made.contains(&Some(true)) }
        })
    }

    fn is_set(&self, types: &Types<'_>) -> bool {
        let set = || types.files().any(|file| types.facts_at(file).outside.contains_key(ROUTE_CLASS));
        *self.set.get_or_init(set)
    }

    fn is_anywhere(&self, types: &Types<'_>) -> bool {
        *self.anywhere.get_or_init(|| {
            types.files().any(|file| {
                let mut calls = types.facts_at(file).calls.iter();
                calls.any(|&(index, call)| {
                    let frame = types.plain(FunctionId { file, index });
                    call.arguments.keywords.iter().any(says) && is_of_library(types, call, frame)
                })
            })
        })
    }
}

fn says(keyword: &ast::Keyword) -> bool {
    keyword.arg.as_ref().is_some_and(|name| name.as_str() == ROUTE_CLASS)
}

/// Whether a call that makes a router says a class of routes for it that is neither FastAPI's nor the project's.
fn is_of_library<'a>(types: &Types<'a>, call: &'a ast::ExprCall, frame: Frame) -> bool {
    let Some(keyword) = call.arguments.keywords.iter().find(|keyword| says(keyword)) else { return false };
    let classes = types.value(&keyword.value, frame);
    let is_fastapis = |name: &str| name.rsplit('.').next() == Some("APIRoute");
    let is_known = |value: &Value<'a>| match value {
        Value::External(name) => is_fastapis(name),
        Value::Class(class) => types.library_bases(*class).iter().all(|base| is_fastapis(base)),
        _ => false,
    };
    classes.is_empty() || !classes.iter().all(is_known)
}
