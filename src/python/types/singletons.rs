//! Classes of which there is one instance: calling them again gives the one that was kept.
//!
//! A metaclass whose `__call__`, or a decorator whose wrapper, returns something that it looks up. `__new__` alone
//! does not keep `__init__` from running again for what it returns, but that can ask whether it has run before.

use super::{ClassId, Frame, FunctionId, Types, Value};
use crate::python::syntax::ast::Expr;

impl<'a> Types<'a> {
    /// Whether a constructor is called again for an object that its class has kept.
    pub fn is_made_before(&self, constructor: Frame) -> bool {
        let FunctionId { file, .. } = constructor.function;
        let function = self.function(constructor.function);
        // Only what asks for it is worth the look.
        let Some(index) = function.class.filter(|_| !function.sets_up.is_empty()) else { return false };
        let own = ClassId { file, index };
        match *self.parameter(constructor, 0) {
            [Value::Object(class)] => self.has_one_instance(class),
            _ => self.has_one_instance(own),
        }
    }

    /// Whether making an instance of a class gives one that was made before, whatever is done to it again.
    pub(super) fn has_one_instance(&self, class: ClassId) -> bool {
        let name = self.class(class).name;
        let gives_kept = |result: &Expr| match result {
            // `return Engine._instance`
            Expr::Attribute(attribute) => matches!(&*attribute.value, Expr::Name(owner) if owner.id.as_str() == name),
            _ => false,
        };
        let by_new = self.method(class, "__new__").iter().any(|method| match method {
            Value::Function(frame) => {
                self.looks_up(method) || self.function(frame.function).results.iter().any(|one| gives_kept(one))
            }
            _ => false,
        });
        by_new || self.keeps_its_instance(class)
    }

    /// Whether what makes an instance of a class returns one that it has kept.
    pub fn keeps_its_instance(&self, class: ClassId) -> bool {
        let line = self.ancestry(class);
        let by_metaclass = line.iter().any(|value| {
            let Value::Class(owner) = *value else { return false };
            let facts = self.class(owner);
            let Some(metaclass) = facts.metaclass else { return false };
            let frame = self.plain(FunctionId { file: owner.file, index: facts.scope });
            self.value(metaclass, frame).iter().any(|value| match value {
                Value::Class(metaclass) => self.method(*metaclass, "__call__").iter().any(|call| self.looks_up(call)),
                _ => false,
            })
        });
        by_metaclass || self.is_replaced_by_its_instance(class)
    }

    /// `@singleton`
    fn is_replaced_by_its_instance(&self, class: ClassId) -> bool {
        let facts = self.class(class);
        let frame = self.plain(FunctionId { file: class.file, index: facts.scope });
        facts.decorators.iter().any(|decorator| {
            self.value(&decorator.expression, frame).iter().any(|value| match value {
                Value::Function(decorator) => self.returned(*decorator).iter().any(|wrapper| self.looks_up(wrapper)),
                _ => false,
            })
        })
    }

    /// Whether a function returns an item of something: `return instances[cls]`, or an attribute of the class
    /// that it is given.
    fn looks_up(&self, value: &Value<'a>) -> bool {
        let Value::Function(Frame { function, .. }) = *value else { return false };
        let function = self.function(function);
        let first = function.parameters.first().map(|parameter| parameter.name);
        function.results.iter().any(|result| match result {
            Expr::Subscript(_) => true,
            Expr::Attribute(attribute) => {
                matches!(&*attribute.value, Expr::Name(name) if Some(name.id.as_str()) == first)
            }
            _ => false,
        })
    }
}
