//! Which methods can be meant where a class of the project only says what others can do.
//!
//! An object that is declared as an interface is of one of the classes below it, so that a method with a body may be
//! overridden. In a method of the interface itself, the object is of no class that has one of its own instead.

use super::{ClassId, Frame, FunctionId, Types, Value};
use crate::python::calls::{EventKind, last_name};
use crate::python::syntax::ast::{self, Expr};

/// How many classes of one interface are looked at.
const MAX_CLASSES: usize = 32;

impl<'a> Types<'a> {
    /// The overrides of a method that has a body, where a call asks for it on an object that is declared as an
    /// interface.
    pub(super) fn overriding(&self, call: &'a ast::ExprCall, frame: Frame, known: &[Value<'a>]) -> Vec<Value<'a>> {
        let Expr::Attribute(method) = &*call.func else { return Vec::new() };
        let own = |value: &Value<'a>| matches!(value, Value::Function(target) if self.function(target.function).class.is_some());
        if !known.iter().any(own) {
            return Vec::new();
        }
        if matches!(&*method.value, Expr::Name(name) if self.is_receiver(name.id.as_str(), frame.function)) {
            return Vec::new();
        }
        let mut found = Vec::new();
        for object in self.value(&method.value, frame).iter() {
            let Value::Object(class) = object else { continue };
            if !self.is_interface(*class) {
                continue;
            }
            for below in self.below(*class).into_iter().take(MAX_CLASSES) {
                if let Some(id) = self.own_method(below, method.attr.as_str())
                    && !self.function(id).is_abstract
                    && !self.is_property(id)
                {
                    found.extend(self.bind_receiver(id, below));
                }
            }
        }
        found.retain(|value| !known.contains(value));
        found
    }

    /// Whether a method is of a class that nobody loads, where another one of its kind is loaded that could be meant
    /// instead.
    pub fn is_passed_over(&self, id: FunctionId) -> bool {
        let function = self.function(id);
        let Some(index) = function.class.filter(|_| !self.is_loaded(id.file)) else { return false };
        let class = ClassId { file: id.file, index };
        // A class that something is told of is found by it.
        if !self.class(class).decorators.is_empty() {
            return false;
        }
        let line = self.ancestry(class);
        line.iter().skip(1).any(|value| match value {
            Value::Class(base) => self.below(*base).into_iter().any(|other| {
                self.is_loaded(other.file)
                    && self.own_method(other, function.name).is_some_and(|id| !self.function(id).is_abstract)
            }),
            _ => false,
        })
    }

    /// Whether no object is of this class itself: some of its methods are left to those below it.
    fn is_interface(&self, class: ClassId) -> bool {
        let placeholder = |name: &&str| {
            let own = self.own_method(class, name);
            own.is_some_and(|id| self.function(id).is_refused)
        };
        !self.below(class).is_empty() && self.class(class).methods.keys().any(placeholder)
    }

    /// Whether a call of `self.name()` can mean a method of a class below the one that the caller stands in: not
    /// where that class has a method of its own in place of the caller.
    pub(super) fn may_run_in(&self, target: Frame, call: &'a ast::ExprCall, frame: Frame) -> bool {
        let Expr::Attribute(method) = &*call.func else { return true };
        let Expr::Name(object) = &*method.value else { return true };
        if !self.is_receiver(object.id.as_str(), frame.function) || self.argument(frame, frame.function, 0).is_some() {
            return true;
        }
        let caller = self.function(frame.function);
        let (Some(own), Some(of)) = (caller.class, self.function(target.function).class) else { return true };
        let own = ClassId { file: frame.function.file, index: own };
        let of = ClassId { file: target.function.file, index: of };
        if of == own || !self.ancestry(of).contains(&Value::Class(own)) {
            return true;
        }
        let Some(instead) = self.own_method(of, caller.name) else { return true };
        self.asks_above(instead, caller.name)
    }

    /// Whether a method calls the one of its name that it overrides.
    fn asks_above(&self, id: FunctionId, name: &str) -> bool {
        let function = self.function(id);
        function.events.iter().chain(&function.once).any(|event| match event.kind {
            EventKind::Call(call, _) => last_name(&call.func) == name && call.func.is_attribute_expr(),
            _ => false,
        })
    }
}
