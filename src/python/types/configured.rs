//! What an application is configured with where it is made, and gives to its handlers by name.
//!
//! Tornado keeps the keywords of its application as settings, and hands a dictionary that stands in a route
//! to the `initialize` of the handler: <https://www.tornadoweb.org/en/stable/web.html>.

use std::rc::Rc;

use super::{ClassId, Frame, FunctionId, Types, Value};
use crate::python::names::Bound;
use crate::python::syntax::ast::{self, Expr};
use crate::python::syntax::span_of;

/// Through how many names and mappings inside mappings a setting is followed.
const MAX_DEPTH: u8 = 6;
/// How many values of one setting are looked at.
const MAX_ENTRIES: usize = 8;

/// The class of Tornado's applications.
const TORNADO: &str = "tornado.web.Application";

impl<'a> Types<'a> {
    /// What a setting of the application is, by the literal that asks for it.
    pub(super) fn setting(&self, key: &Expr) -> Vec<Value<'a>> {
        let Expr::StringLiteral(key) = key else { return Vec::new() };
        let key = key.value.to_str();
        let mut found = Vec::new();
        for (call, frame) in self.applications() {
            for keyword in &call.arguments.keywords {
                match &keyword.arg {
                    Some(name) if name.as_str() == key => found.extend(self.value(&keyword.value, frame).to_vec()),
                    Some(_) => {}
                    None => found.extend(self.entry(&keyword.value, key, frame)),
                }
            }
        }
        found
    }

    /// What a mapping that is built somewhere holds under a key: as it is written out, or by what is known of
    /// its values.
    fn entry(&self, mapping: &'a Expr, key: &str, frame: Frame) -> Vec<Value<'a>> {
        let mut written = Vec::new();
        self.written_entries(mapping, key, frame, &mut written, 0);
        let found: Vec<_> = written.into_iter().flat_map(|(value, frame)| self.value(value, frame).to_vec()).collect();
        if !found.is_empty() {
            return found;
        }
        let more = self.value(mapping, frame);
        more.iter().flat_map(|more| Self::under(more, key)).collect()
    }

    /// The expressions that displays and calls of `dict` write under a key, each with the frame it is read in.
    fn written_entries(
        &self,
        mapping: &'a Expr,
        key: &str,
        frame: Frame,
        found: &mut Vec<(&'a Expr, Frame)>,
        depth: u8,
    ) {
        if depth > MAX_DEPTH || found.len() >= MAX_ENTRIES {
            return;
        }
        match mapping {
            Expr::Dict(dict) => {
                for item in &dict.items {
                    match &item.key {
                        Some(Expr::StringLiteral(known)) if known.value.to_str() == key => {
                            found.push((&item.value, frame));
                        }
                        Some(_) => {}
                        None => self.written_entries(&item.value, key, frame, found, depth + 1),
                    }
                }
            }
            Expr::Call(call) if matches!(&*call.func, Expr::Name(name) if name.id.as_str() == "dict") => {
                let first = call.arguments.args.first();
                first.into_iter().for_each(|more| self.written_entries(more, key, frame, found, depth + 1));
                for keyword in &call.arguments.keywords {
                    match &keyword.arg {
                        Some(name) if name.as_str() == key => found.push((&keyword.value, frame)),
                        Some(_) => {}
                        None => self.written_entries(&keyword.value, key, frame, found, depth + 1),
                    }
                }
            }
            Expr::BinOp(operation) if operation.op == ast::Operator::BitOr => {
                self.written_entries(&operation.left, key, frame, found, depth + 1);
                self.written_entries(&operation.right, key, frame, found, depth + 1);
            }
            Expr::Name(name) => {
                for (bound, frame) in self.sources(name.id.as_str(), frame, span_of(mapping).start) {
                    if let Bound::Value { value: Some(value), .. } = bound {
                        self.written_entries(value, key, frame, found, depth + 1);
                    }
                }
            }
            Expr::Attribute(attribute) => {
                for owner in self.value(&attribute.value, frame).iter() {
                    let (Value::Object(class) | Value::Class(class)) = *owner else { continue };
                    for value in self.ancestry(class).iter() {
                        let Value::Class(owner) = *value else { continue };
                        for binding in self.class(owner).fields.get(attribute.attr.as_str()).into_iter().flatten() {
                            if let Bound::Value { value: Some(value), .. } = binding.bound {
                                let function = FunctionId { file: owner.file, index: binding.scope };
                                let frame = self.open(self.plain(function));
                                self.written_entries(value, key, frame, found, depth + 1);
                            }
                        }
                    }
                }
            }
            _ => {}
        }
    }

    /// What the routes give to a parameter of the `initialize` of a handler.
    pub(super) fn given_by_route(&self, handler: ClassId, parameter: &str) -> Vec<Value<'a>> {
        let of_base = |value: &Value<'a>| *value == Value::Class(handler);
        let is_handler = |values: &[Value<'a>]| {
            values.iter().any(|value| matches!(value, Value::Class(class) if self.ancestry(*class).iter().any(of_base)))
        };
        let mut found = Vec::new();
        for (call, frame) in self.applications() {
            let routes = call.arguments.args.first().map(|routes| self.value(routes, frame)).unwrap_or_default();
            for route in self.items(&routes) {
                if let Value::Tuple(parts) = route
                    && let [_, class, given, ..] = &*parts
                    && is_handler(class)
                {
                    found.extend(given.iter().flat_map(|given| Self::under(given, parameter)));
                }
            }
        }
        for name in ["url", "URLSpec"] {
            for (caller, call) in self.calls_of(name) {
                let frame = self.open(self.plain(caller));
                if let [_, class, given, ..] = &*call.arguments.args
                    && is_handler(&self.value(class, frame))
                {
                    let given = self.value(given, frame);
                    found.extend(given.iter().flat_map(|given| Self::under(given, parameter)));
                }
            }
        }
        found
    }

    /// The calls that make an application of Tornado's, or that the constructor of one of the project's makes.
    fn applications(&self) -> Vec<(&'a ast::ExprCall, Frame)> {
        if self.loaded.borrow().is_empty() {
            return Vec::new();
        }
        let mut found = Vec::new();
        for (caller, call) in self.calls_of("Application") {
            let frame = self.open(self.plain(caller));
            if self
                .value(&call.func, frame)
                .iter()
                .any(|value| matches!(value, Value::External(name) if &**name == TORNADO))
            {
                found.push((call, frame));
            }
        }
        for (caller, call) in self.calls_of("__init__") {
            let class = self.class_around(caller);
            if class.is_some_and(|class| self.library_bases(class).iter().any(|base| &**base == TORNADO)) {
                found.push((call, self.open(self.plain(caller))));
            }
        }
        found
    }

    /// What a mapping holds under a key.
    fn under(mapping: &Value<'a>, key: &str) -> Vec<Value<'a>> {
        match mapping {
            Value::Record(entries) => {
                let entry = entries.iter().find(|(known, _)| **known == *key);
                entry.map(|(_, values)| values.to_vec()).unwrap_or_default()
            }
            Value::Mapping(value) => vec![(**value).clone()],
            _ => Vec::new(),
        }
    }

    /// An attribute of the application's class, where the project has one of its own.
    pub(super) fn of_application(&self, name: &str) -> Vec<Value<'a>> {
        let mut found = Vec::new();
        for &class in self.having(name).iter() {
            if self.library_bases(class).iter().any(|base| super::outside::is_application(base)) {
                found.extend(self.object_attribute(class, name));
            }
        }
        found
    }

    /// The loaded classes that define an attribute of this name. Few names are asked for, each of them at many places.
    fn having(&self, name: &str) -> Rc<[ClassId]> {
        if let Some(known) = self.members.borrow().get(name) {
            return Rc::clone(known);
        }
        let mut found = Vec::new();
        for &file in self.loaded.borrow().iter() {
            let classes = self.facts_at(file).classes.iter().zip(0..);
            let having =
                classes.filter(|(class, _)| class.fields.contains_key(name) || class.methods.contains_key(name));
            found.extend(having.map(|(_, index)| ClassId { file, index }));
        }
        let found: Rc<[ClassId]> = found.into();
        self.members.borrow_mut().insert(name.into(), Rc::clone(&found));
        found
    }
}
