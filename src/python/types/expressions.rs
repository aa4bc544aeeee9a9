//! The value of an expression, an attribute, an item.

use std::rc::Rc;

use super::{ExprRef, Frame, FunctionId, Question, Types, Value, Values};
use crate::python::catalogue;
use crate::python::syntax::ast::{self, Expr};
use crate::python::syntax::span_of;

impl<'a> Types<'a> {
    /// What an expression of `frame`'s function may stand for.
    pub fn value(&self, expr: &'a Expr, frame: Frame) -> Values<'a> {
        self.ask(Question::Expression(ExprRef(expr)), frame, || self.evaluate(expr, frame))
    }

    fn evaluate(&self, expr: &'a Expr, frame: Frame) -> Vec<Value<'a>> {
        match expr {
            Expr::Name(name) => self.name(name.id.as_str(), frame, span_of(name).start),
            Expr::Attribute(attribute) => {
                let base = self.value(&attribute.value, frame);
                base.iter().flat_map(|value| self.attribute(value, attribute.attr.as_str())).collect()
            }
            Expr::Call(call) => {
                let callee = self.value(&call.func, frame);
                callee.iter().flat_map(|value| self.called(value, call, frame)).collect()
            }
            Expr::Await(awaited) => self.awaited(&self.value(&awaited.value, frame)),
            Expr::Subscript(subscript) => self.subscript(expr, subscript, frame),
            Expr::If(choice) => self.all_of([&*choice.body, &*choice.orelse], frame),
            Expr::BoolOp(operation) => self.all_of(&operation.values, frame),
            Expr::Named(named) => self.value(&named.value, frame).to_vec(),
            Expr::List(list) => Self::held(self.all_of(&list.elts, frame)),
            Expr::Tuple(tuple) => Self::held(self.all_of(&tuple.elts, frame)),
            Expr::Set(set) => Self::held(self.all_of(&set.elts, frame)),
            Expr::Dict(dict) => Self::held(self.all_of(dict.items.iter().map(|item| &item.value), frame)),
            Expr::ListComp(list) => Self::held(self.value(&list.elt, frame).to_vec()),
            Expr::SetComp(set) => Self::held(self.value(&set.elt, frame).to_vec()),
            Expr::Generator(generator) => Self::held(self.value(&generator.elt, frame).to_vec()),
            Expr::DictComp(dict) => Self::held(self.value(&dict.value, frame).to_vec()),
            Expr::Starred(starred) => self.value(&starred.value, frame).to_vec(),
            Expr::Lambda(lambda) => self.lambda(lambda, frame),
            Expr::BinOp(operation) => self.operation(expr, operation, frame),
            _ => Vec::new(),
        }
    }

    fn all_of(&self, exprs: impl IntoIterator<Item = &'a Expr>, frame: Frame) -> Vec<Value<'a>> {
        // A long table is no better known for reading all of it.
        exprs.into_iter().take(32).flat_map(|expr| self.value(expr, frame).to_vec()).collect()
    }

    fn held(values: Vec<Value<'a>>) -> Vec<Value<'a>> {
        values.into_iter().map(|value| Value::Items(Rc::new(value))).collect()
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
                if left.iter().chain(right.iter()).any(is_type) {
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
                Value::Items(item) => found.push((**item).clone()),
                Value::Instance(ty) => {
                    let given = catalogue::known_type(ty).and_then(|known| known.gives("[]"));
                    found.extend(given.map(|given| Value::Instance(given.into())));
                }
                Value::External(name) if name.starts_with("typing.") || is_generic(name) => {
                    found.push(Value::Alias(ExprRef(expr), frame));
                }
                Value::External(name) => match catalogue::made_by(&format!("{name}[]")) {
                    Some(made) => found.push(Value::Instance(made.into())),
                    None => found.push(value.clone()),
                },
                Value::Class(_) => found.push(value.clone()),
                Value::Object(class) => {
                    for method in self.method(*class, "__getitem__") {
                        found.extend(self.result_of(&method, None));
                    }
                }
                _ => {}
            }
        }
        found
    }

    /// What `value.name` stands for.
    pub fn attribute(&self, value: &Value<'a>, name: &str) -> Vec<Value<'a>> {
        match value {
            Value::Module(module) => self.module_attribute(module, name),
            Value::External(object) => {
                if let Some(made) = catalogue::made_by(object).filter(|_| is_object(object)) {
                    return self.attribute(&Value::Instance(made.into()), name);
                }
                vec![Value::External(format!("{object}.{name}").into())]
            }
            Value::Instance(ty) => vec![Self::instance_attribute(ty, name)],
            Value::Member(ty, path) if is_state(ty, path) => self.state(name),
            Value::Member(ty, path) => vec![Value::Member(Rc::clone(ty), format!("{path}.{name}").into())],
            Value::Items(item) => Self::item_method(item, name),
            Value::Class(class) => self.class_attribute(*class, name),
            Value::Object(class) => self.object_attribute(*class, name),
            Value::Super(class, receiver) => self.super_attribute(*class, *receiver, name),
            _ => Vec::new(),
        }
    }

    /// A method of a list or a dictionary that gives what it holds.
    fn item_method(item: &Rc<Value<'a>>, name: &str) -> Vec<Value<'a>> {
        match name {
            "get" | "pop" | "setdefault" => vec![Value::Returns(Rc::clone(item))],
            "values" | "copy" => vec![Value::Returns(Rc::new(Value::Items(Rc::clone(item))))],
            _ => Vec::new(),
        }
    }

    /// What any file of the project assigns to `app.state.name` or `request.state.name`.
    fn state(&self, name: &str) -> Vec<Value<'a>> {
        let mut found = Vec::new();
        for (facts, file) in self.facts.iter().zip(0..) {
            for binding in facts.state.get(name).into_iter().flatten() {
                let frame = self.plain(FunctionId { file, index: binding.scope });
                found.extend(self.bound(binding.bound, frame, binding.scope));
            }
        }
        found
    }

    /// An attribute of an instance of a library's class.
    pub(super) fn instance_attribute(ty: &Rc<str>, name: &str) -> Value<'a> {
        match (&**ty, name) {
            ("pathlib.Path", "parent") => return Value::Instance(Rc::clone(ty)),
            ("flask_sqlalchemy.SQLAlchemy", "session") => {
                return Value::Instance("sqlalchemy.orm.Session".into());
            }
            _ => {}
        }
        let known = catalogue::known_type(ty);
        // What the catalogue names is a method, and what it gives is known once it is called.
        let any =
            known.filter(|known| !known.mentions(name) && known.method(name).is_none() && known.gives(name).is_none());
        match any.and_then(|known| known.gives("*")) {
            Some(given) => Value::Instance(given.into()),
            None => Value::Member(Rc::clone(ty), name.into()),
        }
    }
}

/// Whether an attribute is the bag that an application or a request carries around.
fn is_state(ty: &str, path: &str) -> bool {
    let owner = ty.rsplit('.').next().unwrap_or(ty);
    matches!(path, "state" | "app.state") && matches!(owner, "FastAPI" | "Starlette" | "Request" | "WebSocket")
}

/// Whether a name in the catalogue's `from` stands for an object rather than for a callable.
fn is_object(name: &str) -> bool {
    matches!(name, "django.core.cache.cache" | "django.core.files.storage.default_storage" | "django.db.connection")
}

fn is_generic(name: &str) -> bool {
    matches!(name, "list" | "dict" | "set" | "frozenset" | "tuple" | "type")
        || name.starts_with("collections.abc.")
        || name.starts_with("typing_extensions.")
}
