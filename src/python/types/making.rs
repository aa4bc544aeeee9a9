//! What is certain of the arguments that an object was made with, in its methods.
//!
//! Only where the text shows which object it is: in its constructor and in what that calls on `self`, and where
//! a method is called on the call that makes it, or on a name that stands for nothing else.

use std::rc::Rc;

use super::everywhere::{Given, given_for};
use super::{ClassId, Entry, Frame, FunctionId, Known, Types, Value};
use crate::python::calls::{EventKind, Interest, last_name};
use crate::python::names::{Bound, visible};
use crate::python::syntax::ast::{self, Expr};
use crate::python::syntax::span_of;

/// How many attributes of one class are followed.
const MAX_ATTRIBUTES: usize = 16;

/// A parameter of a constructor that an attribute keeps as it is, and how much conditions ask about that.
#[derive(Debug, Clone, Copy)]
pub(super) struct Keeping<'a> {
    position: u16,
    attribute: &'a str,
    pub(super) interest: Interest,
    /// Whether the attribute is what is made of it, and `None` where there is nothing: `join(given) if given else None`.
    made_of_it: bool,
}

impl Keeping<'_> {
    pub(super) fn position(&self) -> usize {
        usize::from(self.position)
    }
}

impl<'a> Types<'a> {
    /// What is certain of the object that a call calls a method of.
    pub(super) fn of_receiver(&self, target: FunctionId, call: &'a ast::ExprCall, frame: Frame) -> Vec<Entry<'a>> {
        let (Expr::Attribute(method), Some(_)) = (&*call.func, self.function(target).class) else {
            return Vec::new();
        };
        match &*method.value {
            Expr::Name(name) if self.is_receiver(name.id.as_str(), frame.function) => self.handed_down(frame),
            Expr::Name(name) => {
                let bindings = self.function(frame.function).bindings.get(name.id.as_str());
                let seen = bindings.map(|bindings| visible(bindings, span_of(name).start)).unwrap_or_default();
                match *seen {
                    [one] => match one.bound {
                        Bound::Value { value: Some(Expr::Call(made)), .. } => self.made_with(made, frame),
                        _ => Vec::new(),
                    },
                    _ => Vec::new(),
                }
            }
            Expr::Call(made) => match &*made.func {
                Expr::Name(name) if name.id.as_str() == "super" => self.handed_down(frame),
                _ => self.made_with(made, frame),
            },
            _ => Vec::new(),
        }
    }

    /// What a method knows of its object, for what it calls on it.
    fn handed_down(&self, frame: Frame) -> Vec<Entry<'a>> {
        if frame.environment == super::Environment::default() {
            return Vec::new();
        }
        let entries = self.entries_of(frame.environment);
        entries.iter().filter(|entry| self.is_of_object(entry)).cloned().collect()
    }

    /// What a call that makes an object of the project says about it.
    fn made_with(&self, made: &'a ast::ExprCall, frame: Frame) -> Vec<Entry<'a>> {
        let [Value::Class(class)] = *self.value(&made.func, frame) else { return Vec::new() };
        let inits = self.method(class, "__init__");
        let [init @ Value::Function(known)] = inits.as_slice() else { return Vec::new() };
        if self.keepings(known.function).is_empty() {
            return Vec::new();
        }
        let Value::Function(with) = self.with_arguments(init, made, frame) else { return Vec::new() };
        let entries = self.entries_of(with.environment);
        entries.iter().filter(|entry| entry.0.0 == known.function && self.is_of_object(entry)).cloned().collect()
    }

    /// Whether an entry is certain of an argument of a constructor that an attribute keeps.
    fn is_of_object(&self, ((function, position), _): &Entry<'a>) -> bool {
        Self::is_certain(*position)
            && self.function(*function).name == "__init__"
            && self.keepings(*function).iter().any(|keeping| Self::certain(keeping.position) == *position)
    }

    /// What is certain of an attribute of the object that a method is called on.
    pub(super) fn known_of_object(&self, attribute: &str, frame: Frame) -> Option<Known<'a>> {
        if frame.environment == super::Environment::default() {
            return None;
        }
        self.entries_of(frame.environment).iter().find_map(|((function, position), value)| {
            let Value::Known(known) = value else { return None };
            let keeps =
                |keeping: &&Keeping<'a>| Self::certain(keeping.position) == *position && keeping.attribute == attribute;
            let is_init = Self::is_certain(*position) && self.function(*function).name == "__init__";
            let keepings = is_init.then(|| self.keepings(*function))?;
            if keepings.iter().find(keeps)?.made_of_it {
                (known.truth() == Some(false)).then_some(Known::None)
            } else {
                Some(*known)
            }
        })
    }

    /// Whether a name is that of the object that a method is called on.
    pub(super) fn is_receiver(&self, name: &str, method: FunctionId) -> bool {
        let function = self.function(method);
        function.class.is_some()
            && function.parameters.first().is_some_and(|first| first.name == name)
            && !["staticmethod", "classmethod"].iter().any(|kind| self.has_decorator(method, kind))
    }

    /// The parameters of a constructor that attributes keep which conditions ask about, and which nothing else
    /// is assigned to.
    pub(super) fn keepings(&self, init: FunctionId) -> Rc<[Keeping<'a>]> {
        let function = self.function(init);
        let Some(index) = function.class.filter(|_| function.name == "__init__") else { return Rc::new([]) };
        if self.loaded.borrow().is_empty() {
            return Rc::new([]);
        }
        if let Some(known) = self.keepings.borrow().get(&init) {
            return Rc::clone(known);
        }
        let class = ClassId { file: init.file, index };
        let relatives: Vec<ClassId> = self
            .ancestry(class)
            .iter()
            .filter_map(|value| if let Value::Class(other) = value { Some(*other) } else { None })
            .chain(self.below(class))
            .collect();
        let mut found = Vec::new();
        for (attribute, bindings) in &self.class(class).fields {
            let [binding] = bindings.as_slice() else { continue };
            let Bound::Value { value: Some(value), .. } = binding.bound else { continue };
            let (name, made_of_it) = match (value, made_if_there(value)) {
                (Expr::Name(name), _) => (name, false),
                (_, Some(name)) => (name, true),
                _ => continue,
            };
            let position = function.parameters.iter().position(|one| one.name == name.id.as_str() && !one.variadic);
            let once = function.bindings.get(name.id.as_str()).is_some_and(|bindings| bindings.len() == 1);
            let interest = relatives.iter().filter_map(|one| self.facts_at(one.file).asked.get(attribute)).max();
            let (Some(position), Some(interest), true) = (position, interest, once && binding.scope == init.index)
            else {
                continue;
            };
            let others = relatives.iter().filter(|one| **one != class);
            let is_own = others.clone().all(|one| !self.class(*one).fields.contains_key(attribute));
            if is_own && !self.is_changed(attribute) && found.len() < MAX_ATTRIBUTES {
                let position = u16::try_from(position).unwrap_or(u16::MAX >> 2);
                found.push(Keeping { position, attribute, interest: *interest, made_of_it });
            }
        }
        found.extend(self.kept_by_base(init).into_iter().take(MAX_ATTRIBUTES.saturating_sub(found.len())));
        let found: Rc<[Keeping<'a>]> = found.into();
        self.keepings.borrow_mut().insert(init, Rc::clone(&found));
        found
    }

    /// The parameters that a constructor hands on as they are to that of its base, which keeps them.
    fn kept_by_base(&self, init: FunctionId) -> Vec<Keeping<'a>> {
        let Some((call, base)) = self.calls_base(init) else { return Vec::new() };
        let (function, above) = (self.function(init), self.function(base));
        let kept = self.keepings(base);
        let kept = kept.iter().filter_map(|keeping| {
            let parameter = above.parameters.get(keeping.position())?;
            let Given::As(Expr::Name(name)) = given_for(keeping.position(), parameter.name, call, &|_| false) else {
                return None;
            };
            let position = function.parameters.iter().position(|one| one.name == name.id.as_str() && !one.variadic)?;
            let once = function.bindings.get(name.id.as_str()).is_some_and(|bindings| bindings.len() == 1);
            once.then(|| Keeping { position: u16::try_from(position).unwrap_or(u16::MAX >> 2), ..*keeping })
        });
        kept.collect()
    }

    /// The call `super().__init__(...)` that a constructor always makes, and only once, and what of the project it calls.
    pub(super) fn calls_base(&self, init: FunctionId) -> Option<(&'a ast::ExprCall, FunctionId)> {
        let function = self.function(init);
        let mut calls = function.events.iter().filter_map(|event| match event.kind {
            EventKind::Call(call, false) if last_name(&call.func) == "__init__" => Some(call),
            _ => None,
        });
        let (call, None) = (calls.next()?, calls.next()) else { return None };
        let Expr::Attribute(method) = &*call.func else { return None };
        let is_super = matches!(&*method.value, Expr::Call(of) if last_name(&of.func) == "super");
        if !is_super || !function.always_reaches(span_of(call)) {
            return None;
        }
        match *self.value(&call.func, self.plain(init)) {
            [Value::Function(base)] if base.function != init => Some((call, base.function)),
            _ => None,
        }
    }

    /// Whether an attribute of this name is changed in place, or assigned from outside of its object.
    pub(super) fn is_changed(&self, attribute: &str) -> bool {
        self.is_set_from_outside(attribute) || self.sites().changed.contains(attribute)
    }

    /// Whether an attribute of this name is assigned from outside of its object or module. Before it is known
    /// what is loaded, it may be.
    pub(super) fn is_set_from_outside(&self, attribute: &str) -> bool {
        self.loaded.borrow().is_empty() || self.sites().outside.contains_key(attribute)
    }
}

/// The name of `something if name else None`.
fn made_if_there(value: &Expr) -> Option<&ast::ExprName> {
    match value {
        Expr::If(choice) if choice.orelse.is_none_literal_expr() => choice.test.as_name_expr(),
        _ => None,
    }
}
