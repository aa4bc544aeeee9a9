//! What names stand for, and what runs when a value is called.

use super::super::syntax::{Closure, Pattern};
use super::super::values::{Head, Ty, is_transparent};
use super::walk::{MAX_DEPTH, Walker};
use super::{Callable, Value};
use crate::source::Span;

impl Walker<'_> {
    /// Gives the names of a pattern their values.
    pub(super) fn bind(&mut self, pattern: &Pattern, value: &Value) {
        let typed = |ty: Ty| Value { ty, ..Value::default() };
        match pattern {
            Pattern::Name(name) => self.scope.push((name.clone(), value.clone())),
            Pattern::Tuple(parts) => {
                let is_tuple = value.ty.head == Head::Tuple;
                for (at, part) in parts.iter().enumerate() {
                    let ty = value.ty.arguments.get(at).filter(|_| is_tuple).cloned().unwrap_or_default();
                    self.bind(part, &typed(ty));
                }
            }
            Pattern::Call(path, parts) => {
                let is_through = is_transparent(path.last()) || matches!(path.last(), "Path" | "Query" | "Ready");
                for (at, part) in parts.iter().enumerate() {
                    let ty = match (is_through, &value.ty.head) {
                        (true, _) => value.ty.clone(),
                        (false, Head::Local(ty)) if self.workspace.types[*ty].item.name == path.last() => {
                            self.field(*ty, &value.ty.arguments, &at.to_string())
                        }
                        _ => Ty::default(),
                    };
                    self.bind(part, &typed(ty));
                }
            }
            Pattern::Fields(_, fields) => {
                for (name, part) in fields {
                    let ty = match value.ty.head {
                        Head::Local(ty) => self.field(ty, &value.ty.arguments, name),
                        _ => Ty::default(),
                    };
                    self.bind(part, &typed(ty));
                }
            }
            Pattern::Any(parts) => {
                for part in parts {
                    let known = if matches!(part, Pattern::Name(_)) && parts.len() > 1 {
                        value.ty.clone()
                    } else {
                        Ty::default()
                    };
                    self.bind(part, &typed(known));
                }
            }
        }
    }

    /// The type of a field.
    pub(super) fn field(&self, ty: usize, given: &[Ty], name: &str) -> Ty {
        let defined = &self.workspace.types[ty];
        let found = defined.item.fields.iter().find(|(field, _)| field == name);
        found
            .map(|(_, ty)| self.workspace.field_type(defined.module, &defined.item.generics, given, ty))
            .unwrap_or_default()
    }

    /// Runs a closure where it is.
    pub(super) fn run_closure(&mut self, closure: &Closure, parameters: &[Ty]) -> Value {
        if self.depth > MAX_DEPTH {
            return Value::default();
        }
        self.depth += 1;
        let depth = self.scope.len();
        for (at, parameter) in closure.parameters.iter().enumerate() {
            let written = self.workspace.ty(&self.around, &parameter.ty);
            let ty = if written.is_unknown() { parameters.get(at).cloned().unwrap_or_default() } else { written };
            self.bind(&parameter.pattern, &Value { ty, ..Value::default() });
        }
        let outer = std::mem::replace(&mut self.can_await, closure.is_async);
        let value = self.evaluate(&closure.body);
        self.can_await = outer;
        self.scope.truncate(depth);
        self.depth -= 1;
        value
    }

    /// Runs what a name holds, where it is.
    pub(super) fn run(&mut self, callable: &Callable, parameters: &[Ty], span: Span) -> Value {
        match callable {
            Callable::Function(at) => {
                self.step(*at, span, 0);
                Value { ty: self.given_by(*at), ..Value::default() }
            }
            Callable::Closure(closure, scope) => {
                let outer = std::mem::replace(&mut self.scope, scope.as_ref().clone());
                let value = self.run_closure(closure, parameters);
                self.scope = outer;
                value
            }
            Callable::Async(block, scope) => {
                let outer = std::mem::replace(&mut self.scope, scope.as_ref().clone());
                let value = self.block(block);
                self.scope = outer;
                value
            }
            Callable::Inner(function) => {
                if self.depth > MAX_DEPTH {
                    return Value::default();
                }
                self.depth += 1;
                let outer = std::mem::take(&mut self.scope);
                for parameter in &function.parameters {
                    let ty = self.workspace.ty(&self.around, &parameter.ty);
                    self.bind(&parameter.pattern, &Value { ty, ..Value::default() });
                }
                let awaits = std::mem::replace(&mut self.can_await, function.is_async);
                if let Some(body) = &function.body {
                    self.block(body);
                }
                self.can_await = awaits;
                self.scope = outer;
                self.depth -= 1;
                Value { ty: self.workspace.ty(&self.around, &function.gives), ..Value::default() }
            }
        }
    }

    /// The type of what a function gives.
    pub(super) fn given_by(&self, function: usize) -> Ty {
        let gives = &self.workspace.functions[function].item.gives;
        self.workspace.ty(&self.workspace.around(function), gives)
    }
}
