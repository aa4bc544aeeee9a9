//! Attributes: of modules, classes, instances and values of built-in types.

use std::rc::Rc;

use crate::source::Span;

use super::How;
use super::call::Arguments;
use super::cell::{Cell, Deps, Function, Id, Role, Text, Thing};
use super::class::{Class, Family};
use super::methods::methods_of;
use super::operators::Calc;
use super::quota::is_group_file;
use super::run::{Halt, Run, Site, Step};
use super::state::{Object, Slot};

impl<'a> Run<'a, '_> {
    pub(super) fn attribute(&mut self, value: &Cell<'a>, name: &str, at: Span) -> Step<Cell<'a>> {
        if let Some(cell) = self.watched_method(value, name) {
            return Ok(cell);
        }
        // The names of whoever called, or of the module that a function was defined in.
        if matches!(name, "f_globals" | "f_locals" | "__globals__") {
            self.lose_all_names(at, &format!("{name} may bind any name"));
        }
        match &value.thing {
            Thing::Project(index) if name == "__dict__" && self.modules.get(*index).is_some() => {
                let scope = self.modules.get(*index).map_or(self.scope, |module| module.scope);
                Ok(Cell::new(Thing::Namespace(scope)))
            }
            Thing::Dotted(full) => {
                let full = Rc::clone(full);
                if let Some(cell) = self.system_attribute(&full, name) {
                    return Ok(cell);
                }
                if let Some(index) = self.project_module(&format!("{full}.{name}"))? {
                    return Ok(Cell::new(Thing::Project(index)));
                }
                Ok(Self::outside_attribute(&full, name).resting_on(value))
            }
            Thing::Project(index) => match self.member(*index, name, at) {
                Err(Halt::Raise(mut raised)) => {
                    raised.class = Some("AttributeError".into());
                    Err(Halt::Raise(raised))
                }
                other => other,
            },
            Thing::Class(class) => {
                let class = Rc::clone(class);
                self.attribute_of_class(value, &class, name, at)
            }
            Thing::Instance(class, id) => {
                let (class, id) = (Rc::clone(class), *id);
                self.attribute_of_instance(value, &class, id, name, at)
            }
            Thing::Member(member) => match name {
                "value" | "_value_" => Ok(member.value.clone().resting_on(value)),
                "name" | "_name_" => Ok(Cell::new(Thing::Str(Rc::clone(&member.name))).resting_on(value)),
                _ => self.settle(Calc::Unknown("an attribute of an enumeration"), &[value], at),
            },
            Thing::Path(_) | Thing::Inside { object: true, .. } => self.path_attribute(value, name, at),
            thing if methods_of(thing).is_some_and(|known| !known.contains(&name)) && !name.starts_with("__") => {
                self.fault(&[value], "AttributeError", at, "an attribute that its type does not have")
            }
            Thing::Namespace(_)
            | Thing::Reader(_)
            | Thing::Bytes(_)
            | Thing::Str(_)
            | Thing::List(_)
            | Thing::Dict(_)
            | Thing::Set(_)
            | Thing::Tuple(_) => {
                let method = Cell::new(Thing::Method(Rc::new((value.clone(), name.into()))));
                Ok(method)
            }
            Thing::Made(..) if is_group_file(value) => {
                Ok(Cell::new(Thing::Method(Rc::new((value.clone(), name.into())))))
            }
            Thing::None => self.fault(&[value], "AttributeError", at, "an attribute of None"),
            _ => self.settle(Calc::Unknown("an attribute of an object"), &[value], at),
        }
    }

    pub(super) fn set_attribute(&mut self, object: &Cell<'a>, name: &str, value: &Cell<'a>, at: Span) -> Step<()> {
        let site = Site { name: at, value: None, how: How::Assignment };
        match &object.thing {
            Thing::Class(class) => self.bind(class.scope, name, value.clone(), site),
            Thing::Instance(class, _) if self.may_have_setter(class, name) => {
                let given = vec![object.clone(), value.clone()];
                self.forget_values(
                    given,
                    &"an attribute was set that the class has a method for".into(),
                    &Deps::default(),
                );
                Ok(())
            }
            Thing::Instance(_, id) => self.bind(*id, name, value.clone(), site),
            Thing::Project(index) => {
                let scope = self.modules.get(*index).map(|module| module.scope);
                match scope {
                    Some(scope) => self.bind(scope, name, value.clone(), site),
                    None => Ok(()),
                }
            }
            Thing::Dotted(module) if self.set_system_attribute(&Rc::clone(module), name, value) => Ok(()),
            _ => {
                let given = vec![object.clone(), value.clone()];
                self.forget_values(given, &"an attribute was set".into(), &Deps::default());
                Ok(())
            }
        }
    }

    /// Whether a class may run code when the attribute `name` of an object of it is set.
    fn may_have_setter(&self, class: &Class<'a>, name: &str) -> bool {
        match self.class_member(class, name) {
            Ok(Some(cell)) => match &cell.thing {
                Thing::Function(function) => function.role == Role::Property,
                Thing::Object(_) => true,
                _ => false,
            },
            Ok(None) | Err(_) => false,
        }
    }

    /// What a class or one of those it derives from binds to a name; `Err` where that is not known.
    pub(super) fn class_member(&self, class: &Class<'a>, name: &str) -> Result<Option<Cell<'a>>, Text> {
        for class in class.line() {
            match self.state.get(class.scope) {
                Some(Object::Scope(scope)) => match scope.names.get(name) {
                    Some(slot) if slot.conditional => return Err("an attribute that may not be there".into()),
                    Some(slot) => return Ok(Some(slot.cell.clone())),
                    None => {}
                },
                Some(Object::Lost(why, _)) => return Err(Rc::clone(why)),
                _ => return Err("an attribute of an object".into()),
            }
        }
        Ok(None)
    }

    pub(super) fn attribute_of_class(
        &mut self,
        value: &Cell<'a>,
        class: &Rc<Class<'a>>,
        name: &str,
        at: Span,
    ) -> Step<Cell<'a>> {
        let found = match self.class_member(class, name) {
            Ok(Some(cell)) => cell,
            Ok(None) if name == "__name__" => {
                return Ok(Cell::new(Thing::Str(Rc::clone(&class.name))).resting_on(value));
            }
            Ok(None) if name == "__members__" || !name.starts_with("__") && class.family == Family::Plain => {
                return self.fault(&[value], "AttributeError", at, "an attribute the class does not have");
            }
            Ok(None) => return self.settle(Calc::Unknown("an attribute of a class"), &[value], at),
            Err(why) => return self.settle_unknown(&why, &[value], at),
        };
        match &found.thing {
            Thing::Function(function) if function.role == Role::Class => Ok(bound(value, name)),
            Thing::Function(function) if matches!(function.role, Role::Property | Role::Kept) => {
                self.settle(Calc::Unknown("a property of a class"), &[value], at)
            }
            // A field of a model is no attribute of its class.
            _ if class.family.is_model() && class.fields.iter().any(|field| field.name.as_ref() == name) => {
                self.settle(Calc::Unknown("a field of a model without an instance"), &[value], at)
            }
            _ => Ok(found.resting_on(value)),
        }
    }

    pub(super) fn attribute_of_instance(
        &mut self,
        value: &Cell<'a>,
        class: &Rc<Class<'a>>,
        own: Id,
        name: &str,
        at: Span,
    ) -> Step<Cell<'a>> {
        match self.state.get(own) {
            Some(Object::Scope(scope)) => match scope.names.get(name) {
                Some(slot) if slot.conditional => {
                    return self.settle(Calc::Unknown("an attribute that may not be there"), &[value], at);
                }
                Some(slot) => return Ok(slot.cell.clone().resting_on(value)),
                None => {}
            },
            Some(Object::Lost(why, deps)) => {
                let (why, deps) = (Rc::clone(why), deps.clone());
                return Ok(self.settle_unknown(&why, &[value], at)?.with_deps(&deps));
            }
            _ => return self.settle(Calc::Unknown("an attribute of an object"), &[value], at),
        }
        let found = match self.class_member(class, name) {
            Ok(found) => found,
            Err(why) => return self.settle_unknown(&why, &[value], at),
        };
        let Some(found) = found else {
            if name == "__class__" {
                return Ok(Cell::new(Thing::Class(Rc::clone(class))).resting_on(value));
            }
            if name == "settings" && class.name.as_ref() == "gunicorn.config.Config" {
                return self.setting_names();
            }
            if class.name.as_ref() == "click.Context" && super::launch::is_of_context(name) {
                return Ok(Cell::unknown("the context of a command"));
            }
            let outside = class.line().any(Class::is_tool);
            if class.family == Family::NamedTuple || class.family.is_model() || name.starts_with("__") || outside {
                return Ok(bound(value, name));
            }
            return self.fault(&[value], "AttributeError", at, "an attribute the object does not have");
        };
        match &found.thing {
            Thing::Function(function) => match function.role {
                Role::Static => Ok(found.resting_on(value)),
                Role::Property | Role::Kept => {
                    let kept = function.role == Role::Kept;
                    let arguments = Arguments { positional: vec![value.clone()], ..Arguments::default() };
                    let result = self.call_function(&Rc::clone(function), arguments, at)?.resting_on(value);
                    if kept && let Some(scope) = self.state.scope_mut(own) {
                        let cell = result.clone();
                        let slot = Slot { cell, conditional: false, absent: false, records: Rc::from([]) };
                        scope.names.insert(name.into(), slot);
                    }
                    Ok(result)
                }
                Role::Plain | Role::Class => Ok(bound(value, name)),
            },
            // Whatever decorated it decides what it gives.
            Thing::Object(_) => self.settle(Calc::Unknown("an attribute that is not followed"), &[value], at),
            _ => Ok(found.resting_on(value)),
        }
    }

    /// Calls a method by its name on an instance or a class.
    pub(super) fn call_bound(
        &mut self,
        receiver: &Cell<'a>,
        class: &Rc<Class<'a>>,
        name: &str,
        mut arguments: Arguments<'a>,
        at: Span,
    ) -> Step<Cell<'a>> {
        let function: Option<Rc<Function<'a>>> = match self.class_member(class, name) {
            Ok(Some(Cell { thing: Thing::Function(function), .. })) => Some(function),
            _ => None,
        };
        if let Some(function) = function {
            let first = match (function.role, &receiver.thing) {
                (Role::Class, Thing::Instance(..)) => Cell::new(Thing::Class(Rc::clone(class))),
                _ => receiver.clone(),
            };
            arguments.positional.insert(0, first);
            return Ok(self.call_function(&function, arguments, at)?.resting_on(receiver));
        }
        if let Some(result) = self.tool_method(receiver, class, name, &arguments, at)? {
            return Ok(result);
        }
        if let Some(result) = self.model_method(receiver, class, name, &arguments, at)? {
            return Ok(result);
        }
        self.forget_values(vec![receiver.clone()], &"a method that is not followed".into(), &Deps::default());
        self.call_unknown(receiver, &arguments, "a method that is not followed", at)
    }

    /// Whether an object is of a class, or of one that derives from it.
    pub(super) fn is_of(thing: &Thing<'a>, class: &Class<'a>) -> Option<bool> {
        match thing {
            Thing::Instance(own, _) => Some(own.derives_from(class)),
            Thing::Member(member) => Some(member.class.derives_from(class)),
            thing if super::compare::is_value(thing) => Some(false),
            _ => None,
        }
    }
}

fn bound<'a>(value: &Cell<'a>, name: &str) -> Cell<'a> {
    Cell::new(Thing::Method(Rc::new((value.clone(), name.into())))).resting_on(value)
}
