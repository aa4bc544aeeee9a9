//! Which methods can be meant where a class of the project only says what others can do.
//!
//! An object that is declared as an interface is of one of the classes below it, so that a method with a body may be
//! overridden. In a method of the interface itself, the object is of no class that has one of its own instead.

use super::{ClassId, Frame, FunctionId, Types, Value};
use crate::python::calls::{EventKind, last_name};
use crate::python::syntax::ast::{self, Expr};

/// What finds classes that nobody mentions.
const FINDS_CLASSES: [&str; 6] =
    ["__subclasses__", "entry_points", "import_module", "import_string", "iter_entry_points", "locate"];
/// How many calls of classes of one name are looked at.
const MAX_CALLS: usize = 32;

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
            for below in self.below(*class) {
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

    /// Whether nothing that is loaded makes objects of the class of a method, while objects are made of another class of
    /// its kind that has such a method as well.
    pub fn is_of_nobody(&self, id: FunctionId) -> bool {
        let function = self.function(id);
        let Some(index) = function.class.filter(|_| self.is_loaded(id.file)) else { return false };
        let class = ClassId { file: id.file, index };
        let line = self.ancestry(class);
        if line.len() < 2 || self.may_be_made(class) || self.below(class).into_iter().any(|one| self.may_be_made(one)) {
            return false;
        }
        line.iter().skip(1).any(|value| match value {
            Value::Class(base) => self.below(*base).into_iter().any(|other| {
                other != class
                    && self.own_method(other, function.name).is_some_and(|id| !self.function(id).is_abstract)
                    && self.is_made(other)
            }),
            _ => false,
        })
    }

    /// Whether objects of a class may be made, by whoever calls it, by one of its methods, or by its name.
    fn may_be_made(&self, class: ClassId) -> bool {
        let by_name = FINDS_CLASSES.iter().any(|name| self.calls_named(name)) || self.has_special("__init_subclass__");
        let facts = self.class(class);
        by_name
            || facts.metaclass.is_some()
            || !self.library_bases(class).is_empty()
            || self.sites().owners.contains(facts.name)
            || self.is_made(class)
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

    /// The methods that `self.name` means where a method hands it on: those of each class of which objects are made.
    /// `None` where that cannot be seen, or makes no difference.
    pub fn of_objects_made(&self, method: &'a ast::ExprAttribute, frame: Frame) -> Option<Vec<Value<'a>>> {
        let Expr::Name(object) = &*method.value else { return None };
        let is_open = self.is_receiver(object.id.as_str(), frame.function)
            && self.argument(frame, frame.function, 0).is_none()
            && !self.loaded.borrow().is_empty();
        if !is_open {
            return None;
        }
        let caller = self.function(frame.function);
        let own = ClassId { file: frame.function.file, index: caller.class? };
        let below = self.below(own).into_iter().filter(|below| self.gets_to(*below, own, caller.name));
        let made: Vec<ClassId> = std::iter::once(own).chain(below).filter(|class| self.is_made(*class)).collect();
        if !made.iter().any(|class| self.overrides_any(*class, own)) {
            return None;
        }
        let name = method.attr.as_str();
        let mut found = Vec::new();
        for class in made {
            let class = if self.overrides_any(class, own) { class } else { own };
            found.extend(self.method(class, name).into_iter().filter(|value| matches!(value, Value::Function(_))));
        }
        (!found.is_empty()).then_some(found)
    }

    /// Whether a call of `name` on an object of a class comes to the method of this name that a class above has.
    fn gets_to(&self, class: ClassId, above: ClassId, name: &str) -> bool {
        let line = self.ancestry(class);
        let between = line.iter().take_while(|value| **value != Value::Class(above));
        between
            .filter_map(|value| if let Value::Class(one) = value { Some(*one) } else { None })
            .all(|one| self.own_method(one, name).is_none_or(|instead| self.asks_above(instead, name)))
    }

    /// Whether a class has a method of its own, or from a class in between, in place of one that a class above has.
    fn overrides_any(&self, class: ClassId, above: ClassId) -> bool {
        let line = self.ancestry(class);
        let between = line.iter().take_while(|value| **value != Value::Class(above));
        let line_above = self.ancestry(above);
        let has = |name: &&str| {
            line_above
                .iter()
                .any(|value| matches!(value, Value::Class(one) if self.class(*one).methods.contains_key(*name)))
        };
        between
            .filter_map(|value| if let Value::Class(one) = value { Some(*one) } else { None })
            .any(|one| self.class(one).methods.keys().any(|name| !name.starts_with("__") && has(name)))
    }

    /// Whether objects of a class itself may be made: somebody calls it, or hands it on to who may.
    fn is_made(&self, class: ClassId) -> bool {
        let facts = self.class(class);
        if !facts.decorators.is_empty() || self.sites().handed.contains(facts.name) {
            return true;
        }
        let calls = self.sites().calls.get(facts.name).map(Vec::as_slice).unwrap_or_default();
        calls.len() > MAX_CALLS
            || calls
                .iter()
                .any(|(caller, call)| self.value(&call.func, self.plain(*caller)).contains(&Value::Class(class)))
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
