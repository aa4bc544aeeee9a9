//! Calls of functions whose results are kept for each set of arguments, where each call has the same ones:
//! `create(**settings().to_dict())`.

use super::expand::{KEEPING, Work};
use crate::python::calls::is_per_request;
use crate::python::names::Bound;
use crate::python::syntax::ast::{self, Expr};
use crate::python::types::{FunctionId, Value};

/// How deep expressions and names are followed.
const MAX_DEPTH: u8 = 6;
/// Methods that say of an object what is in it.
const TELLS: [&str; 5] = ["as_dict", "asdict", "dict", "model_dump", "to_dict"];

impl<'a> Work<'_, 'a> {
    /// Whether a function keeps what it makes of arguments that no request decides: it runs once in the life of the
    /// process.
    pub(super) fn is_kept_for_all(&self, function: FunctionId, call: &'a ast::ExprCall) -> bool {
        let named = call.arguments.keywords.iter().map(|keyword| &keyword.value);
        KEEPING.iter().any(|name| self.types.has_decorator(function, name))
            && call.arguments.args.iter().chain(named).all(|given| self.is_fixed(given, 0))
    }

    fn is_fixed(&self, expr: &'a Expr, depth: u8) -> bool {
        if depth > MAX_DEPTH {
            return false;
        }
        match expr {
            Expr::Name(name) => self.is_fixed_name(name.id.as_str(), depth),
            Expr::Attribute(attribute) => self.is_fixed(&attribute.value, depth + 1),
            Expr::Call(call) => match &*call.func {
                Expr::Attribute(method) if TELLS.contains(&method.attr.as_str()) => {
                    call.arguments.is_empty() && self.is_fixed(&method.value, depth + 1)
                }
                callee => {
                    let callees = self.types.value(callee, self.frame);
                    !callees.is_empty()
                        && callees.iter().all(|callee| match callee {
                            Value::Function(target) => self.is_kept_for_all(target.function, call),
                            _ => false,
                        })
                }
            },
            other => other.is_literal_expr(),
        }
    }

    fn is_fixed_name(&self, name: &str, depth: u8) -> bool {
        let function = self.types.function(self.frame.function);
        if let Some(bindings) = function.bindings.get(name) {
            return bindings.iter().all(|binding| match binding.bound {
                Bound::Value { value: Some(value), .. } => self.is_fixed(value, depth + 1),
                _ => false,
            });
        }
        // What the module binds, and no request changes.
        let facts = self.types.facts_at(self.frame.function.file);
        function.parent == 0
            && !is_per_request(name)
            && !facts.written.contains(name)
            && facts.functions[0].bindings.contains_key(name)
    }
}
