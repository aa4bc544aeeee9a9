//! What an object sets up when it is first needed: `if not self.factory: self.initialize()`.
//!
//! Where the same method is called before the first request as well, nothing is left to do by then. Where nobody
//! calls it earlier, the first request pays for it, and no other one.

use super::expand::Work;
use crate::python::calls::{EventKind, last_name};
use crate::python::names::{Binding, Bound};
use crate::python::syntax::ast::{self, CmpOp, Expr};
use crate::python::types::{ClassId, FunctionId, Value, said};
use crate::source::Span;
use crate::values::HashSet;

/// Through how many callers it is looked for what the start does.
const MAX_CALLERS: usize = 6;
/// Methods that take back what was set up when all is over.
const ENDS: [&str; 10] =
    ["__aexit__", "__del__", "__exit__", "aclose", "cleanup", "close", "disconnect", "dispose", "shutdown", "stop"];

/// When a call runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Begun {
    /// Whenever it is come by.
    No,
    /// Once, in whichever request comes first.
    Late,
    /// Before the first request.
    Before,
}

impl<'a> Work<'_, 'a> {
    /// When a method is called that sets up what a condition around the call says is not there.
    pub(super) fn begun(&self, call: &'a ast::ExprCall, span: Span) -> Begun {
        let function = self.types.function(self.frame.function);
        let (Expr::Attribute(_), Some(_), false) = (&*call.func, function.class, function.conditions.is_empty()) else {
            return Begun::No;
        };
        if !self.is_of_self(&call.func) {
            return Begun::No;
        }
        let lacks = |test: &'a Expr, holds: bool| self.lacks(test, holds);
        let mut around = function.conditions.iter().filter(|one| one.region.contains(span.start));
        let Some(attribute) = around.find_map(|one| said(one.test, one.holds, &lacks)) else { return Begun::No };
        let [Value::Function(target)] = *self.types.value(&call.func, self.frame) else { return Begun::No };
        if !self.sets_up(target.function, attribute) || self.types.is_made_per_call_of(self.frame) {
            return Begun::No;
        }
        let name = self.types.function(target.function).name;
        let is_other = |(caller, other): &(FunctionId, &'a ast::ExprCall)| {
            !std::ptr::eq(*other, call)
                && self
                    .types
                    .value(&other.func, self.types.plain(*caller))
                    .iter()
                    .any(|value| matches!(value, Value::Function(one) if one.function == target.function))
        };
        let mut calls = self.types.calls_of(name).into_iter().filter(is_other);
        let early = calls.any(|(caller, _)| self.runs_at_start(caller, &mut HashSet::default()));
        if early { Begun::Before } else { Begun::Late }
    }

    /// `self.name`
    fn is_of_self(&self, expr: &Expr) -> bool {
        let first = self.types.function(self.frame.function).parameters.first();
        match expr {
            Expr::Attribute(attribute) => match &*attribute.value {
                Expr::Name(object) => first.is_some_and(|first| first.name == object.id.as_str()),
                _ => false,
            },
            _ => false,
        }
    }

    /// The attribute of `self` that is not there where a condition came out like this.
    fn lacks(&self, test: &'a Expr, holds: bool) -> Option<&'a str> {
        let (asked, is_there) = match test {
            Expr::Compare(compare) => match (&*compare.ops, &*compare.comparators) {
                ([CmpOp::Is], [Expr::NoneLiteral(_)]) => (&*compare.left, !holds),
                ([CmpOp::IsNot], [Expr::NoneLiteral(_)]) => (&*compare.left, holds),
                _ => return None,
            },
            other => (other, holds),
        };
        match asked {
            Expr::Attribute(attribute) if !is_there && self.is_of_self(asked) => Some(attribute.attr.as_str()),
            _ => None,
        }
    }

    /// Whether a method, or one that it calls, gives an attribute its value, which nothing takes back before the end.
    fn sets_up(&self, method: FunctionId, attribute: &str) -> bool {
        let Some(index) = self.types.function(method).class else { return false };
        let class = self.types.class(ClassId { file: method.file, index });
        let Some(bindings) = class.fields.get(attribute) else { return false };
        let named =
            |binding: &Binding<'a>| self.types.function(FunctionId { file: method.file, index: binding.scope }).name;
        let takes_back = |binding: &Binding<'a>| {
            let empties = match binding.bound {
                Bound::Value { value: Some(value), .. } => {
                    value.is_none_literal_expr() || matches!(value, Expr::BooleanLiteral(one) if !one.value)
                }
                _ => false,
            };
            empties && !matches!(named(binding), "" | "__init__") && !ENDS.contains(&named(binding))
        };
        let calls = |name: &str| {
            self.types.function(method).events.iter().any(|event| match event.kind {
                EventKind::Call(call, _) => last_name(&call.func) == name,
                _ => false,
            })
        };
        let given = bindings.iter().filter(|binding| !matches!(named(binding), "" | "__init__"));
        given.clone().any(|binding| binding.scope == method.index || calls(named(binding)))
            && !bindings.iter().any(takes_back)
    }

    /// Whether a function is called before the first request: where modules are imported, by the program, by what
    /// the framework calls at the start.
    fn runs_at_start(&self, function: FunctionId, seen: &mut HashSet<FunctionId>) -> bool {
        if function.index == 0 || self.starts.contains(&function) {
            return true;
        }
        if seen.len() >= MAX_CALLERS || !seen.insert(function) {
            return false;
        }
        let facts = self.types.function(function);
        let class = facts.class.filter(|_| facts.name == "__init__");
        let class = class.map(|index| ClassId { file: function.file, index });
        let name = class.map_or(facts.name, |class| self.types.class(class).name);
        self.types.calls_of(name).into_iter().any(|(caller, call)| {
            let is_it = |value: &Value<'a>| match value {
                Value::Function(one) => one.function == function,
                Value::Class(one) => Some(*one) == class,
                _ => false,
            };
            self.types.value(&call.func, self.types.plain(caller)).iter().any(is_it) && self.runs_at_start(caller, seen)
        })
    }
}
