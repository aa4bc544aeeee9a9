//! What the application carries around since its start: `app.state.engine` that the lifespan sets, or the module.
//!
//! Only what is set in any case, and never taken back by the project itself, is certain to be there in a request.

use super::outside::{is_application, is_state};
use super::{Frame, FunctionId, Known, Types, Value};
use crate::python::names::{Binding, Bound};
use crate::python::syntax::ast::{self, Expr};
use crate::source::Span;

/// Words in the names of functions that prepare an application.
const PREPARES: [&str; 6] = ["create_app", "get_app", "init", "lifespan", "make_app", "startup"];

impl<'a> Types<'a> {
    /// Whether an attribute of the bag that the application carries around is there as soon as requests come.
    pub(super) fn is_set_at_start(&self, bag: &'a Expr, name: &str, frame: Frame) -> bool {
        let of_application = |value: &Value<'a>| match value {
            Value::Member(ty, path) => {
                is_state(ty, path) && (path.starts_with("app.") || is_application(ty)) && !path.is_empty()
            }
            _ => false,
        };
        if !is_bag_of_application(bag) || self.loaded.borrow().is_empty() {
            return false;
        }
        let set = self.sites().state.get(name);
        let Some(set) = set.filter(|_| self.value(bag, frame).iter().any(of_application)) else { return false };
        let is_nothing = |binding: &Binding<'a>| match binding.bound {
            Bound::Value { value: Some(value), .. } => value.is_none_literal_expr(),
            _ => true,
        };
        !set.iter().any(|(_, binding)| is_nothing(binding))
            && set.iter().any(|(file, binding)| {
                let id = FunctionId { file: *file, index: binding.scope };
                self.prepares(id) && self.function(id).always_reaches(Span::new(binding.at, binding.at))
            })
    }

    /// Whether a function runs before the first request, as far as its name and its decorators show.
    fn prepares(&self, id: FunctionId) -> bool {
        let function = self.function(id);
        let name = function.name.to_ascii_lowercase();
        let by_event = ["on_event", "listener", "before_server_start", "before_serving"];
        id.index == 0
            || PREPARES.iter().any(|word| name.contains(word))
            || by_event.iter().any(|decorator| self.has_decorator(id, decorator))
            || function.is_generator && self.has_decorator(id, "asynccontextmanager")
    }

    /// What `app.state.name`, or `getattr(app.state, "name", None)`, is in a request.
    pub(super) fn kept_in_state(&self, call: &'a ast::ExprCall, frame: Frame) -> Option<Known<'a>> {
        match (&*call.func, &*call.arguments.args) {
            (Expr::Name(callee), [bag, Expr::StringLiteral(name), ..]) if callee.id.as_str() == "getattr" => {
                self.is_set_at_start(bag, name.value.to_str(), frame).then_some(Known::Some)
            }
            _ => None,
        }
    }
}

/// Whether an expression reads `app.state`, by its names: that of a request is another one.
fn is_bag_of_application(bag: &Expr) -> bool {
    let Expr::Attribute(bag) = bag else { return false };
    let owner = match &*bag.value {
        Expr::Attribute(owner) => owner.attr.as_str(),
        Expr::Name(owner) => owner.id.as_str(),
        _ => return false,
    };
    matches!(bag.attr.as_str(), "state" | "ctx") && matches!(owner, "app" | "application")
}
