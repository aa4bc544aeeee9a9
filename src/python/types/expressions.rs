//! The value of an expression, an attribute, an item.

use std::rc::Rc;

use super::caches;
use super::outside::{is_application, is_bag, is_settings, is_state};
use super::{ExprRef, Frame, FunctionId, Question, Types, Value, Values};
use crate::python::calls::is_yielding_coroutine;
use crate::python::catalogue;
use crate::python::syntax::ast::{self, Expr};
use crate::python::syntax::span_of;

/// How many names behind each other are followed into an object of a class that the catalogue does not know.
const MAX_UNKNOWN: usize = 3;
/// How many names one of a library may be put together from.
const MAX_DOTTED: usize = 10;

impl<'a> Types<'a> {
    /// What an expression of `frame`'s function may stand for.
    pub fn value(&self, expr: &'a Expr, frame: Frame) -> Values<'a> {
        if is_plain(expr) {
            return Rc::clone(&self.nothing);
        }
        self.ask(Question::Expression(ExprRef(expr)), frame)
    }

    pub(super) fn evaluate(&self, expr: &'a Expr, frame: Frame) -> Vec<Value<'a>> {
        match expr {
            Expr::Name(name) => self.name(name.id.as_str(), frame, span_of(name).start),
            Expr::Attribute(attribute) => {
                let base = self.value(&attribute.value, frame);
                if base.is_empty() && self.is_handed_application(&attribute.value, frame) {
                    return self.of_any_application(attribute.attr.as_str());
                }
                base.iter().flat_map(|value| self.attribute(value, attribute.attr.as_str())).collect()
            }
            Expr::Call(call) => self.result_of_call(call, frame),
            Expr::Await(awaited) => self.awaited(&self.value(&awaited.value, frame)),
            Expr::Yield(ast::ExprYield { value: Some(value), .. })
                if is_yielding_coroutine(self.function(frame.function).decorators) =>
            {
                self.awaited(&self.value(value, frame))
            }
            Expr::Subscript(subscript) => self.subscript(expr, subscript, frame),
            Expr::If(choice) => self.all_of([&*choice.body, &*choice.orelse], frame),
            Expr::BoolOp(operation) => self.all_of(&operation.values, frame),
            Expr::Named(named) => self.value(&named.value, frame).to_vec(),
            Expr::List(list) => self.display(&list.elts, frame),
            Expr::Tuple(tuple) => self.tuple(&tuple.elts, frame),
            Expr::Set(set) => self.display(&set.elts, frame),
            Expr::Dict(dict) => self.dictionary(dict, frame),
            Expr::ListComp(list) => Self::held(self.value(&list.elt, frame).to_vec()),
            Expr::SetComp(set) => Self::held(self.value(&set.elt, frame).to_vec()),
            Expr::Generator(generator) => self.generator(generator, frame),
            Expr::DictComp(dict) => Self::kept(self.value(&dict.value, frame).to_vec()),
            Expr::Starred(starred) => self.value(&starred.value, frame).to_vec(),
            Expr::Lambda(lambda) => self.lambda(lambda, frame),
            Expr::BinOp(operation) => self.operation(expr, operation, frame),
            _ => Vec::new(),
        }
    }

    fn result_of_call(&self, call: &'a ast::ExprCall, frame: Frame) -> Vec<Value<'a>> {
        if let Some(found) = self.called_elsewhere(call, frame) {
            return found;
        }
        let callee = self.candidates(self.value(&call.func, frame), call, frame);
        if let Some(callable) = self.offloaded(&callee, call) {
            return self.result_elsewhere(callable, call, frame);
        }
        let given: Vec<_> = callee.iter().flat_map(|value| self.called(value, call, frame)).collect();
        let foreign = |value: &Value<'a>| matches!(value, Value::External(_) | Value::Member(..));
        if given.is_empty() && callee.iter().all(foreign) {
            return self.default_of_lookup(call, frame);
        }
        given
    }

    /// `table.get(key, default)` of a table that nothing is known of may give the default.
    fn default_of_lookup(&self, call: &'a ast::ExprCall, frame: Frame) -> Vec<Value<'a>> {
        let is_lookup = matches!(&*call.func, Expr::Attribute(attribute) if attribute.attr.as_str() == "get");
        let [_, default @ (Expr::Name(_) | Expr::Attribute(_))] = &*call.arguments.args else {
            return Vec::new();
        };
        if !is_lookup || !call.arguments.keywords.is_empty() {
            return Vec::new();
        }
        let values = self.value(default, frame);
        let called = values.iter().filter(|value| matches!(value, Value::Class(_) | Value::Function(_)));
        let called: Vec<_> = called.cloned().collect();
        if called.is_empty() { called } else { std::iter::once(Value::Unknown).chain(called).collect() }
    }

    fn generator(&self, generator: &'a ast::ExprGenerator, frame: Frame) -> Vec<Value<'a>> {
        let file = frame.function.file;
        match self.facts_at(file).generators.get(&span_of(generator).start) {
            Some(&index) => vec![Value::Generator(Frame { function: FunctionId { file, index }, ..frame })],
            None => Self::held(self.value(&generator.elt, frame).to_vec()),
        }
    }

    fn lambda(&self, lambda: &ast::ExprLambda, frame: Frame) -> Vec<Value<'a>> {
        let file = frame.function.file;
        let index = self.facts_at(file).lambdas.get(&span_of(lambda).start);
        index
            .map(|&index| Value::Function(Frame { function: FunctionId { file, index }, ..frame }))
            .into_iter()
            .collect()
    }

    fn operation(&self, expr: &'a Expr, operation: &'a ast::ExprBinOp, frame: Frame) -> Vec<Value<'a>> {
        match operation.op {
            ast::Operator::Div => {
                let left = self.value(&operation.left, frame);
                let path =
                    left.iter().filter(|value| matches!(value, Value::Instance(ty) if ty.starts_with("pathlib.")));
                path.cloned().collect()
            }
            ast::Operator::BitOr => {
                let left = self.value(&operation.left, frame);
                let right = self.value(&operation.right, frame);
                let is_type =
                    |value: &Value<'_>| matches!(value, Value::Class(_) | Value::External(_) | Value::Alias(..));
                let joined = |value: &Value<'a>| match value {
                    Value::Instance(ty) => {
                        catalogue::known_type(ty)?.gives("|").map(|made| Value::Instance(made.into()))
                    }
                    _ => None,
                };
                if let Some(joined) = left.iter().chain(right.iter()).find_map(joined) {
                    vec![joined]
                } else if left.iter().chain(right.iter()).any(is_type) {
                    vec![Value::Alias(ExprRef(expr), frame)]
                } else {
                    left.iter().chain(right.iter()).cloned().collect()
                }
            }
            _ => Vec::new(),
        }
    }

    fn subscript(&self, expr: &'a Expr, subscript: &'a ast::ExprSubscript, frame: Frame) -> Vec<Value<'a>> {
        let base = self.value(&subscript.value, frame);
        let mut found = Vec::new();
        for value in base.iter() {
            match value {
                Value::Items(_) | Value::Mapping(_) | Value::Tuple(_) | Value::Record(_) => {
                    found.extend(Self::part(value, &subscript.slice));
                }
                Value::Rows(..) if matches!(&*subscript.slice, Expr::Slice(_)) => found.push(value.clone()),
                // A part of what asks for its items is another one that will.
                Value::Instance(ty)
                    if matches!(&*subscript.slice, Expr::Slice(_))
                        && catalogue::known_type(ty).is_some_and(|known| known.item().is_some()) =>
                {
                    found.push(value.clone());
                }
                Value::Rows(query) => found.push(query.row.clone()),
                Value::Instance(ty) => {
                    let given = catalogue::known_type(ty).and_then(|known| known.gives("[]"));
                    found.extend(given.map(|given| Value::Instance(given.into())));
                    if is_application(ty) || is_state(ty, "") {
                        found.extend(self.kept_under(&subscript.slice, frame));
                    }
                    found.extend(self.resolved_by_item(ty, &subscript.slice, frame));
                }
                Value::Member(ty, path) if is_settings(ty, path) => found.extend(self.setting(&subscript.slice)),
                Value::Member(ty, path) if is_state(ty, path) => found.extend(self.kept_under(&subscript.slice, frame)),
                // `request.app[key]`, and `self.request.app[key]` in a view.
                Value::Member(_, path) if matches!(path.rsplit('.').next(), Some("app" | "config_dict")) => {
                    found.extend(self.kept_under(&subscript.slice, frame));
                }
                // `Provide[Container.service]` marks what a container injects.
                Value::External(name) if name.starts_with("dependency_injector.wiring.") => {
                    found.extend(self.value(&subscript.slice, frame).iter().cloned());
                }
                Value::External(name) if name.starts_with("typing.") || is_generic(name) => {
                    found.push(Value::Alias(ExprRef(expr), frame));
                }
                Value::External(name) if &**name == caches::ALL => found.push(match &*subscript.slice {
                    Expr::StringLiteral(alias) => self.cache(alias.value.to_str()),
                    // `DEFAULT_CACHE_ALIAS`, or whatever somebody asks for.
                    _ => self.cache(""),
                }),
                Value::External(name) => match catalogue::made_by(&format!("{name}[]")) {
                    Some(made) => found.push(Value::Instance(made.into())),
                    None => found.push(value.clone()),
                },
                Value::Class(_) => found.push(value.clone()),
                Value::Object(class) => match &*subscript.slice {
                    Expr::StringLiteral(key) if self.is_typed_dictionary(*class) => {
                        found.extend(self.object_attribute(*class, key.value.to_str()));
                    }
                    _ => {
                        for method in self.method(*class, "__getitem__") {
                            found.extend(self.result_of(&method));
                        }
                    }
                },
                _ => {}
            }
        }
        found
    }

    /// What `value.name` stands for.
    pub fn attribute(&self, value: &Value<'a>, name: &str) -> Vec<Value<'a>> {
        match value {
            Value::Module(module) => self.module_attribute(module, name),
            bag if is_bag(bag) => self.put_into(bag, name),
            Value::External(object) if &**object == caches::DEFAULT => self.attribute(&self.cache("default"), name),
            Value::External(object) if matches!(&**object, "quart.current_app" | "flask.current_app") => {
                self.of_any_application(name)
            }
            Value::External(object) => {
                if let Some(made) = catalogue::made_by(object).filter(|_| is_object(object)) {
                    return self.attribute(&Value::Instance(made.into()), name);
                }
                if let Some(manager) = self.manager_of_library(object, name) {
                    return vec![manager];
                }
                if is_deep(object, MAX_DOTTED) {
                    return Vec::new();
                }
                vec![Value::External(format!("{object}.{name}").into())]
            }
            Value::Instance(ty) => {
                let carried = self.carried(ty, "", name);
                let carried =
                    if carried.is_empty() { self.related_to_library(ty, name).into_iter().collect() } else { carried };
                if carried.is_empty() { vec![Self::instance_attribute(ty, name)] } else { carried }
            }
            // Of a class that nobody knows, a walker over its nodes asks for ever longer ones: `node.left.left`.
            Value::Member(ty, path) if is_deep(path, MAX_UNKNOWN) && catalogue::known_type(ty).is_none() => Vec::new(),
            Value::Member(ty, path) => {
                let carried = self.carried(ty, path, name);
                let member = || vec![Value::Member(Rc::clone(ty), format!("{path}.{name}").into())];
                if carried.is_empty() && !is_state(ty, path) { member() } else { carried }
            }
            // What a namespace was made with: dictionaries have no attributes but their methods.
            Value::Record(entries) if Self::container_method(value, name).is_empty() => {
                entries.iter().filter(|(known, _)| **known == *name).flat_map(|(_, values)| values.to_vec()).collect()
            }
            Value::Items(_) | Value::Mapping(_) | Value::Record(_) => Self::container_method(value, name),
            Value::Rows(query) => self.query_attribute(query, name),
            Value::Class(class) => self.class_attribute(*class, name),
            Value::Object(class) if name == "__class__" => vec![Value::Class(*class)],
            Value::Object(class) => self.object_attribute(*class, name),
            Value::Super(class, receiver) => self.super_attribute(*class, *receiver, name),
            _ => Vec::new(),
        }
    }

    /// What `app["name"]` or `app[KEY]` was given.
    fn kept_under(&self, key: &'a Expr, frame: Frame) -> Vec<Value<'a>> {
        let kept = match key {
            Expr::StringLiteral(key) => self.state(key.value.to_str()),
            Expr::Name(name) => self.state(name.id.as_str()),
            Expr::Attribute(attribute) => self.state(attribute.attr.as_str()),
            _ => Vec::new(),
        };
        if !kept.is_empty() {
            return kept;
        }
        // A key may say itself of what type its value is.
        let kept = |value: &Value<'a>| if let Value::Mapping(kept) = value { Some((**kept).clone()) } else { None };
        self.value(key, frame).iter().filter_map(kept).collect()
    }

    /// An attribute of an instance of a library's class.
    pub(super) fn instance_attribute(ty: &Rc<str>, name: &str) -> Value<'a> {
        match (&**ty, name) {
            ("pathlib.Path", "parent") => return Value::Instance(Rc::clone(ty)),
            ("flask_sqlalchemy.SQLAlchemy", "session") => {
                return Value::Instance("sqlalchemy.orm.Session".into());
            }
            // A class that others are derived from.
            ("flask_sqlalchemy.SQLAlchemy", "Model") => return Value::External("flask_sqlalchemy.model.Model".into()),
            _ => {}
        }
        let known = catalogue::known_type(ty);
        if let Some(held) = known.and_then(|known| known.holds(name)) {
            return Value::Instance(held.into());
        }
        // What the catalogue names is a method, and what it gives is known once it is called.
        let any =
            known.filter(|known| !known.mentions(name) && known.method(name).is_none() && known.gives(name).is_none());
        match any.and_then(|known| known.gives("*")) {
            Some(given) => Value::Instance(given.into()),
            None => Value::Member(Rc::clone(ty), name.into()),
        }
    }
}

/// Whether a name in the catalogue's `from` stands for an object rather than for a callable.
fn is_object(name: &str) -> bool {
    matches!(
        name,
        "django.core.files.storage.default_storage"
            | "django.db.connection"
            | "fastapi_sqlalchemy.db"
            | "fastapi_sqlalchemy.middleware.db"
    ) || name.starts_with("passlib.hash.")
}

/// Whether an expression gives a number, a text or a truth value, which nothing here asks about.
pub(super) fn is_plain(expr: &Expr) -> bool {
    matches!(
        expr,
        Expr::StringLiteral(_)
            | Expr::BytesLiteral(_)
            | Expr::NumberLiteral(_)
            | Expr::BooleanLiteral(_)
            | Expr::NoneLiteral(_)
            | Expr::EllipsisLiteral(_)
            | Expr::FString(_)
            | Expr::Compare(_)
            | Expr::UnaryOp(_)
            | Expr::Slice(_)
    )
}

fn is_generic(name: &str) -> bool {
    matches!(name, "list" | "dict" | "set" | "frozenset" | "tuple" | "type")
        || name.starts_with("collections.abc.")
        || name.starts_with("typing_extensions.")
}

/// Whether a dotted name has as many parts as that, or more.
fn is_deep(dotted: &str, parts: usize) -> bool {
    dotted.split('.').count() >= parts
}
