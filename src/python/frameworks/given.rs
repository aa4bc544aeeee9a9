//! What stands for a function where a framework is given one: a name, a method of an object, a class
//! or an object that is called, lists and dictionaries of them.

use super::find::Finder;
use super::index::Entry;
use super::{Context, Names};
use crate::python::names::Bound;
use crate::python::syntax::ast::Expr;
use crate::python::syntax::span_of;
use crate::python::types::{ClassId, Frame, FunctionId, Value};

/// How deep lists may stand in lists.
const MAX_NESTED: usize = 4;
/// How many elements of one list are read.
const MAX_ELEMENTS: usize = 200;

impl<'a> Finder<'_, 'a> {
    /// The values that an argument stands for; of a list or a dictionary, those it holds.
    pub(super) fn given(&self, expr: &'a Expr, frame: Frame) -> Vec<Value<'a>> {
        let mut found = Vec::new();
        self.collect(expr, frame, MAX_NESTED, &mut found);
        found
    }

    /// The function inside of `login_required(view)`, which a library that nothing is known of wraps: it is kept as it
    /// would be below a decorator.
    pub(super) fn wrapped(&self, expr: &'a Expr, frame: Frame) -> Vec<Value<'a>> {
        let mut around = Vec::new();
        let mut inner = expr;
        while let Expr::Call(call) = inner
            && let [only] = &*call.arguments.args
            && call.arguments.keywords.is_empty()
            && around.len() < MAX_NESTED
            && self.types.value(inner, frame).is_empty()
        {
            around.push(&*call.func);
            inner = only;
        }
        if around.is_empty() {
            return Vec::new();
        }
        let mut found = self.types.value(inner, frame).to_vec();
        found.retain(|value| matches!(value, Value::Function(_)));
        around.into_iter().rev().fold(found, |found, wrapper| self.types.apply(wrapper, frame, found))
    }

    fn collect(&self, expr: &'a Expr, frame: Frame, depth: usize, found: &mut Vec<Value<'a>>) {
        if depth == 0 || found.len() >= MAX_ELEMENTS {
            return;
        }
        let mut each = |exprs: &mut dyn Iterator<Item = &'a Expr>| {
            for expr in exprs.take(MAX_ELEMENTS) {
                self.collect(expr, frame, depth - 1, found);
            }
        };
        match expr {
            Expr::List(list) => each(&mut list.elts.iter()),
            Expr::Tuple(tuple) => each(&mut tuple.elts.iter()),
            Expr::Set(set) => each(&mut set.elts.iter()),
            Expr::Dict(dict) => each(&mut dict.items.iter().map(|item| &item.value)),
            Expr::Name(name) => match *self.types.sources(name.id.as_str(), frame, span_of(name).start) {
                // Keys that are classes or numbers are no names of fields.
                [(Bound::Value { value: Some(display @ Expr::Dict(_)), .. }, from)] => {
                    self.collect(display, from, depth - 1, found);
                }
                _ => found.extend(self.types.value(expr, frame).iter().map(held)),
            },
            // What a base class registers is what the classes below it have instead.
            Expr::Attribute(method) => match self.types.of_objects_made(method, frame) {
                Some(methods) => found.extend(methods),
                None => found.extend(self.types.value(expr, frame).iter().map(held)),
            },
            Expr::Starred(starred) => self.collect(&starred.value, frame, depth, found),
            _ => found.extend(self.types.value(expr, frame).iter().map(held)),
        }
    }

    /// Adds the functions that a value stands for.
    pub(super) fn add_value(&mut self, value: &Value<'a>, entry: Entry, plain: Context, route: Option<&String>) {
        match value {
            Value::Function(maker) if entry.form.makes => self.add_returned(*maker, entry),
            Value::Function(frame) | Value::Generator(frame) | Value::Coroutine(frame) => {
                let made = self.types.made_for_each(*frame);
                if made.is_empty() {
                    self.add(*frame, entry, plain, route);
                }
                for one in made {
                    self.add(one, entry, plain, route);
                }
            }
            Value::Class(class) => self.add_methods(*class, entry.form.of_class, entry, plain, route),
            Value::Object(class) => self.add_methods(*class, entry.form.of_object, entry, plain, route),
            _ => {}
        }
    }

    pub(super) fn add_method(
        &mut self,
        class: ClassId,
        name: &str,
        entry: Entry,
        plain: Context,
        route: Option<&String>,
    ) {
        for method in self.types.method(class, name) {
            if let Value::Function(frame) = method {
                self.add(frame, entry, plain, route);
            }
        }
    }

    /// Adds what a method returns.
    pub(super) fn add_made(&mut self, class: ClassId, names: Names, entry: Entry) {
        for name in names {
            for method in self.types.method(class, name) {
                if let Value::Function(frame) = method {
                    self.add_returned(frame, entry);
                }
            }
        }
    }

    /// Adds the functions that a function returns.
    pub(super) fn add_returned(&mut self, maker: Frame, entry: Entry) {
        for made in self.types.returned(maker).iter() {
            if let Value::Function(frame) = made {
                let context = entry.form.runs(self.types.function(frame.function).is_async, entry.form.plain);
                self.push(*frame, frame.function, entry, context, None);
            }
        }
    }

    /// Adds what a class assigns to these names.
    pub(super) fn add_fields(&mut self, class: ClassId, names: Names, entry: Entry) {
        for name in names {
            let bindings = self.types.class(class).fields.get(name).cloned().unwrap_or_default();
            for binding in bindings {
                let Bound::Value { value: Some(value), .. } = binding.bound else { continue };
                let frame = self.types.plain(FunctionId { file: class.file, index: binding.scope });
                for value in self.given(value, frame) {
                    self.add_value(&value, entry, entry.form.plain, None);
                }
            }
        }
    }
}

/// What a collection holds, or the value itself.
fn held<'a>(value: &Value<'a>) -> Value<'a> {
    match value {
        Value::Items(item) => (**item).clone(),
        other => other.clone(),
    }
}
