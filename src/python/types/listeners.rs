//! Which events the listeners of a bus are registered for.
//!
//! A bus keeps its listeners in a mapping by the event: `self.listeners[name].append(listener)`. Who fires one event
//! calls those that are kept under its name. A listener is left out only where every call that hands it over is seen
//! to keep it under another one; what a key is that nobody writes down stays unknown.

use super::{ClassId, Frame, FunctionId, Types, Value};
use crate::python::calls::{EventKind, last_name};
use crate::python::names::Bound;
use crate::python::syntax::ast::{self, Expr};
use crate::python::syntax::span_of;

/// Through how many names and calls the loop over the listeners is followed to the mapping.
const MAX_DEPTH: u8 = 4;
/// How many calls may hand over one listener.
const MAX_REGISTRATIONS: usize = 16;

/// What listeners are kept under.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key<'a> {
    Text(&'a str),
    Class(ClassId),
}

/// A mapping, by the name of the attribute or variable, and the key that is looked up in it.
type Lookup<'a> = (&'a str, &'a Expr);

impl<'a> Types<'a> {
    /// Whether a function that is taken out of a mapping of listeners was put there for another event than the one
    /// that `frame` looks up.
    pub fn listens_to_another(&self, listener: FunctionId, callee: &'a Expr, frame: Frame) -> bool {
        let name = self.function(listener).name;
        if last_name(callee) == name || !self.function(listener).decorators.is_empty() {
            return false;
        }
        let Some((mapping, key)) = self.listed_under(callee, frame, 0) else { return false };
        let Some(fired) = self.event_of(key, frame, 0) else { return false };
        if self.is_kept_elsewhere(name) {
            return false;
        }
        let handing: Vec<_> = self.calls_handing(name).take(MAX_REGISTRATIONS).collect();
        !handing.is_empty()
            && handing.len() < MAX_REGISTRATIONS
            && handing.into_iter().all(|(caller, call)| {
                self.registered_under(mapping, call, self.plain(caller)).is_some_and(|key| self.differs(key, fired))
            })
    }

    fn differs(&self, one: Key<'a>, other: Key<'a>) -> bool {
        match (one, other) {
            (Key::Text(one), Key::Text(other)) => one != other,
            // A bus may look up the bases of an event as well.
            (Key::Class(one), Key::Class(other)) => one != other && !self.ancestry(other).contains(&Value::Class(one)),
            _ => false,
        }
    }

    /// Where a loop takes what it calls from: `for f in self.listeners.get(event.kind, []): f.callback(event)`.
    fn listed_under(&self, expr: &'a Expr, frame: Frame, depth: u8) -> Option<Lookup<'a>> {
        if depth > MAX_DEPTH {
            return None;
        }
        let deeper = |expr: &'a Expr| self.listed_under(expr, frame, depth + 1);
        match expr {
            Expr::Attribute(attribute) => deeper(&attribute.value),
            Expr::BoolOp(operation) => deeper(operation.values.first()?),
            Expr::Subscript(part) if part.slice.is_slice_expr() => deeper(&part.value),
            Expr::Subscript(part) => Some((last_name(&part.value), &part.slice)),
            Expr::Call(call) => match &*call.func {
                Expr::Attribute(method) if method.attr.as_str() == "copy" => deeper(&method.value),
                Expr::Attribute(method) if is_lookup(method.attr.as_str()) => {
                    Some((last_name(&method.value), call.arguments.args.first()?))
                }
                Expr::Name(_) => deeper(call.arguments.args.first()?),
                _ => None,
            },
            Expr::Name(name) => match *self.sources(name.id.as_str(), frame, span_of(name).start) {
                [(Bound::Item(over) | Bound::Value { value: Some(over), .. }, from)] if from == frame => deeper(over),
                _ => None,
            },
            _ => None,
        }
    }

    /// What a key is: a text, a class, or what an event of the project keeps as its kind.
    fn event_of(&self, key: &'a Expr, frame: Frame, depth: u8) -> Option<Key<'a>> {
        if depth > MAX_DEPTH {
            return None;
        }
        if let Some(text) = self.text_of(key, frame) {
            return Some(Key::Text(text));
        }
        let class_of = |object: &'a Expr| match *self.value(object, frame) {
            [Value::Object(class)] => Some(class),
            _ => None,
        };
        match key {
            Expr::Call(call) if last_name(&call.func) == "type" => {
                class_of(call.arguments.args.first()?).map(Key::Class)
            }
            Expr::Attribute(attribute) if attribute.attr.as_str() == "__class__" => {
                class_of(&attribute.value).map(Key::Class)
            }
            Expr::Attribute(attribute) => {
                self.set_by_constructor(class_of(&attribute.value)?, attribute.attr.as_str()).map(Key::Text)
            }
            Expr::Name(name) => match *self.sources(name.id.as_str(), frame, span_of(name).start) {
                [(Bound::Value { value: Some(value), .. }, from)] if from == frame => {
                    self.event_of(value, frame, depth + 1)
                }
                [(Bound::Class(index), from)] => Some(Key::Class(ClassId { file: from.function.file, index })),
                _ => None,
            },
            _ => None,
        }
    }

    /// The text that a class hands to the constructor of its base, which keeps it: `super().__init__("started")`.
    fn set_by_constructor(&self, class: ClassId, attribute: &str) -> Option<&'a str> {
        let line = self.ancestry(class);
        let (owner, bindings) = line.iter().find_map(|value| match value {
            Value::Class(owner) => self.class(*owner).fields.get(attribute).map(|bindings| (*owner, bindings)),
            _ => None,
        })?;
        let [binding] = bindings.as_slice() else { return None };
        let Bound::Value { value: Some(Expr::Name(kept)), .. } = binding.bound else { return None };
        let base = self.function(FunctionId { file: owner.file, index: binding.scope });
        let position = base.parameters.iter().position(|parameter| parameter.name == kept.id.as_str())?;
        let [Value::Function(init)] = *self.method(class, "__init__") else { return None };
        let function = self.function(init.function);
        if base.name != "__init__" || self.class_around(init.function) == Some(owner) {
            return None;
        }
        let mut calls = function.events.iter().filter_map(|event| match event.kind {
            EventKind::Call(call, _) => Some(call),
            _ => None,
        });
        let is_super = |call: &&'a ast::ExprCall| match &*call.func {
            Expr::Attribute(method) => {
                method.attr.as_str() == "__init__"
                    && matches!(&*method.value, Expr::Call(of) if last_name(&of.func) == "super")
            }
            _ => false,
        };
        let call = calls.find(is_super)?;
        let named = call.arguments.find_keyword(kept.id.as_str()).map(|keyword| &keyword.value);
        self.text_of(named.or_else(|| call.arguments.args.get(position.checked_sub(1)?))?, init)
    }

    /// Under what a call of the project keeps what it is handed in this mapping.
    fn registered_under(&self, mapping: &str, call: &'a ast::ExprCall, frame: Frame) -> Option<Key<'a>> {
        let callees = self.value(&call.func, frame);
        let [callee @ Value::Function(target)] = &*callees else { return None };
        let function = self.function(target.function);
        let name = self.key_of(mapping, target.function)?;
        let position = function.parameters.iter().position(|parameter| parameter.name == name)?;
        let named = call.arguments.find_keyword(name).map(|keyword| &keyword.value);
        let shift = self.receiver_shift(callee, call, frame);
        let given = named.or_else(|| call.arguments.args.get(position.checked_sub(shift)?))?;
        self.event_of(given, frame, 0)
    }

    /// The name by which a function, or one inside it, looks something up in this mapping.
    fn key_of(&self, mapping: &str, id: FunctionId) -> Option<&'a str> {
        let functions = self.facts_at(id.file).functions.iter().zip(0..);
        let own = functions.filter(|(function, index)| *index == id.index || function.parent == id.index);
        let mut exprs = own.flat_map(|(function, _)| &function.events).filter_map(|event| match event.kind {
            EventKind::Write(expr) | EventKind::Operate(expr) => match expr {
                Expr::Subscript(part) => Some((&*part.value, &*part.slice)),
                _ => None,
            },
            EventKind::Call(call, _) => match &*call.func {
                Expr::Attribute(method) if is_lookup(method.attr.as_str()) => {
                    Some((&*method.value, call.arguments.args.first()?))
                }
                Expr::Attribute(method) => match &*method.value {
                    Expr::Subscript(part) => Some((&*part.value, &*part.slice)),
                    _ => None,
                },
                _ => None,
            },
            _ => None,
        });
        exprs.find_map(|(owner, key)| match key {
            Expr::Name(key) if last_name(owner) == mapping => Some(key.id.as_str()),
            _ => None,
        })
    }
}

fn is_lookup(method: &str) -> bool {
    matches!(method, "get" | "setdefault" | "pop")
}
