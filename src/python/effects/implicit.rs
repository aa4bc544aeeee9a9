//! What runs without being written as a call: `with`, iteration, properties, operators.

use super::expand::Work;
use crate::python::calls::last_name;
use crate::python::catalogue::{self, Effect, KnownType};
use crate::python::names::Bound;
use crate::python::syntax::ast::{self, CmpOp, Expr, ExprContext, Operator};
use crate::python::syntax::span_of;
use crate::python::types::{ClassId, Frame, FunctionId, Value};
use crate::source::Span;

/// How many iterators inside iterators are consumed.
const MAX_NESTED: u8 = 6;

/// Classes whose methods call those of the class that inherits from them (`collections.abc`, Python 3.13).
const MAPPINGS: [&str; 5] = [
    "collections.abc.Mapping",
    "collections.abc.MutableMapping",
    "typing.Mapping",
    "typing.MutableMapping",
    "collections.UserDict",
];
/// Their methods, and what those call.
const MIXED_IN: [(&str, &[&str]); 8] = [
    ("clear", &["__iter__", "__getitem__", "__delitem__"]),
    ("get", &["__getitem__"]),
    ("items", &["__iter__", "__getitem__"]),
    ("pop", &["__getitem__", "__delitem__"]),
    ("popitem", &["__iter__", "__getitem__", "__delitem__"]),
    ("setdefault", &["__getitem__", "__setitem__"]),
    ("update", &["__setitem__"]),
    ("values", &["__iter__", "__getitem__"]),
];

impl<'a> Work<'_, 'a> {
    pub(super) fn enter(&mut self, context: &'a Expr, span: Span, is_async: bool) {
        // It only hands on what it is given.
        if matches!(context, Expr::Call(call) if last_name(&call.func) == "nullcontext") {
            return;
        }
        let values = self.types.value(context, self.frame);
        let doubtful = values.len() > 1;
        for value in values.iter() {
            match value {
                Value::Instance(ty) if !is_async => {
                    let known = catalogue::known_type(ty);
                    if let Some(effect) = known.and_then(KnownType::enter) {
                        self.sink(effect, ty, span, doubtful);
                    } else if let Some(effect) = known.and_then(KnownType::exit)
                        && !self.has_ended(context, span)
                    {
                        let effect = self.ends_executor(effect, ty, self.name_of(context));
                        self.sink(effect, &format!("{ty}.__exit__"), span, doubtful);
                    }
                }
                Value::Manager(frame) => self.step(*frame, span, doubtful),
                Value::Object(class) => {
                    let names = if is_async { ["__aenter__", "__aexit__"] } else { ["__enter__", "__exit__"] };
                    for name in names {
                        self.methods(*class, name, span, doubtful);
                    }
                }
                _ => {}
            }
        }
    }

    pub(super) fn iterate(&mut self, iterable: &'a Expr, span: Span, is_async: bool) {
        let values = self.types.value(iterable, self.frame);
        let doubtful = values.len() > 1;
        for value in values.iter() {
            if is_async {
                self.consume_asynchronously(value, span, doubtful);
            } else {
                self.consume(value, span, doubtful);
            }
        }
    }

    fn consume_asynchronously(&mut self, value: &Value<'a>, span: Span, doubtful: bool) {
        match value {
            Value::Generator(_) => self.awaited(value, span, doubtful),
            Value::Object(class) => {
                for iterator in self.iterators(*class, "__aiter__", span, doubtful) {
                    match iterator {
                        Value::Object(iterator) => self.methods(iterator, "__anext__", span, doubtful),
                        other => self.awaited(&other, span, doubtful),
                    }
                }
            }
            _ => {}
        }
    }

    pub(super) fn consume(&mut self, value: &Value<'a>, span: Span, doubtful: bool) {
        self.consume_within(value, span, doubtful, 0);
    }

    fn consume_within(&mut self, value: &Value<'a>, span: Span, doubtful: bool, depth: u8) {
        match value {
            Value::Generator(frame) if !self.types.function(frame.function).is_async => {
                self.step(*frame, span, doubtful);
            }
            Value::Instance(_) | Value::Rows(_) => {
                let Some(ty) = value.library_class() else { return };
                let known = catalogue::known_type(ty);
                if let Some(effect) = known.and_then(KnownType::iterate)
                    && !(known.and_then(KnownType::truth).is_some() && self.types.was_asked_before(span, self.frame))
                {
                    self.sink(effect, ty, span, doubtful);
                }
            }
            Value::Lazy(lazy) if depth < MAX_NESTED => {
                lazy.calls.iter().for_each(|called| self.calls(called, span));
                lazy.over.iter().for_each(|inner| self.consume_within(inner, span, doubtful, depth + 1));
            }
            Value::Object(class) => {
                for iterator in self.iterators(*class, "__iter__", span, doubtful) {
                    match iterator {
                        Value::Object(iterator) => self.methods(iterator, "__next__", span, doubtful),
                        other if depth < MAX_NESTED => self.consume_within(&other, span, doubtful, depth + 1),
                        _ => {}
                    }
                }
                for base in self.types.library_bases(*class) {
                    if let Some(effect) = catalogue::known_type(&base).and_then(KnownType::iterate) {
                        self.sink(effect, &base, span, doubtful);
                    }
                }
            }
            _ => {}
        }
    }

    /// Asks an object for its iterator.
    fn iterators(&mut self, class: ClassId, name: &str, span: Span, doubtful: bool) -> Vec<Value<'a>> {
        let mut found = Vec::new();
        for method in self.types.method(class, name) {
            if let Value::Function(target) = method {
                if !self.types.function(target.function).is_generator {
                    self.step(target, span, doubtful);
                }
                found.extend(self.types.result_of(&method));
            }
        }
        found
    }

    pub(super) fn methods(&mut self, class: ClassId, name: &str, span: Span, doubtful: bool) {
        for method in self.types.method(class, name) {
            if let Value::Function(target) = method {
                self.step(target, span, doubtful);
            }
        }
    }

    /// Reading a property calls a function.
    pub(super) fn read(&mut self, attribute: &'a ast::ExprAttribute, span: Span) {
        let name = attribute.attr.as_str();
        let values = self.types.value(&attribute.value, self.frame);
        for value in values.iter() {
            if let Value::Instance(ty) = value
                && let Some(effect) = catalogue::known_type(ty).and_then(|known| known.read(name))
            {
                self.sink(effect, &format!("{}.{name}", catalogue::class(ty)), span, values.len() > 1);
            }
            let Value::Object(class) = value else {
                continue;
            };
            if values.len() == 1 {
                self.asks_for_related(*class, attribute, span);
            }
            let methods = self.types.method(*class, name);
            for method in &methods {
                if let Value::Function(target) = method
                    && self.types.is_property(target.function)
                    && !self.is_kept_by_module(target.function, &attribute.value)
                {
                    let is_kept = self.types.has_decorator(target.function, "cached_property");
                    if is_kept && self.types.is_read_by_constructor(*class, name) {
                        continue;
                    }
                    let is_asked_once = is_kept && self.types.is_made_elsewhere(*class);
                    let before = self.out.edges.len();
                    self.step(*target, span, methods.len() > 1 || is_asked_once);
                    // What it asks for is there for all requests but the first.
                    if is_asked_once && !self.types.is_provided(*class) {
                        self.out.edges.iter_mut().skip(before).for_each(|edge| edge.doubts += 1);
                    }
                }
            }
            if methods.is_empty() {
                self.asks_for_missing(*class, name, span);
            }
        }
    }

    /// What a class does about attributes that its objects do not have: `__getattr__`.
    fn asks_for_missing(&mut self, class: ClassId, name: &str, span: Span) {
        let asks = self.types.has_special("__getattr__") && !name.starts_with("__");
        if asks && !self.types.has_field(&self.types.ancestry(class), name) {
            self.methods(class, "__getattr__", span, true);
        }
    }

    /// Whether a property is read once in the life of the process: its object, which a module holds, keeps it.
    fn is_kept_by_module(&self, property: FunctionId, object: &'a Expr) -> bool {
        let Expr::Name(name) = object else { return false };
        let is_of_module = |(bound, frame): &(Bound<'a>, Frame)| {
            frame.function.index == 0 && matches!(bound, Bound::Value { value: Some(Expr::Call(_)), .. })
        };
        self.types.has_decorator(property, "cached_property")
            && self.types.sources(name.id.as_str(), self.frame, span_of(name).start).iter().all(is_of_module)
    }

    /// Writing or deleting an attribute or an item may call a function.
    pub(super) fn write(&mut self, target: &'a Expr, span: Span) {
        match target {
            Expr::Attribute(attribute) => {
                let kind = if attribute.ctx == ExprContext::Del { "deleter" } else { "setter" };
                for value in self.types.value(&attribute.value, self.frame).iter() {
                    let Value::Object(class) = value else { continue };
                    let descriptors = self.types.descriptors(*class, attribute.attr.as_str());
                    if let Some(Value::Function(accessor)) = self.types.accessor(*class, attribute.attr.as_str(), kind)
                    {
                        self.step(accessor, span, false);
                    } else if !descriptors.is_empty() {
                        let name = if kind == "deleter" { "__delete__" } else { "__set__" };
                        for class in descriptors {
                            self.methods(class, name, span, false);
                        }
                    } else if self.types.has_special("__setattr__") && kind == "setter" {
                        self.methods(*class, "__setattr__", span, false);
                    }
                }
            }
            Expr::Subscript(subscript) => {
                let name = if subscript.ctx == ExprContext::Del { "__delitem__" } else { "__setitem__" };
                self.asks(&subscript.value, &[name], span);
            }
            _ => {}
        }
    }

    /// An operator, an item, or a truth value.
    pub(super) fn operate(&mut self, expr: &'a Expr, span: Span) {
        match expr {
            Expr::Subscript(subscript) => {
                self.asks(&subscript.value, &["__getitem__", "__missing__"], span);
                if !matches!(&*subscript.slice, Expr::Slice(_)) {
                    self.sends_query(&subscript.value, span, KnownType::item);
                }
            }
            Expr::BinOp(operation) => {
                if let Some(name) = of_operator(operation.op) {
                    self.asks(&operation.left, &[name], span);
                }
            }
            Expr::Compare(compare) => {
                let operands = std::iter::once(&*compare.left).chain(&compare.comparators);
                let pairs = operands.zip(&compare.comparators).zip(&compare.ops);
                for ((left, right), op) in pairs {
                    match op {
                        CmpOp::In | CmpOp::NotIn => self.searches(right, span),
                        op => of_comparison(*op).into_iter().for_each(|name| self.asks(left, &[name], span)),
                    }
                }
            }
            Expr::FString(text) => {
                for element in text.value.elements() {
                    if let ast::InterpolatedStringElement::Interpolation(part) = element {
                        self.asks(&part.expression, &["__format__", "__str__", "__repr__"], span);
                    }
                }
            }
            truth => {
                self.asks(truth, &["__bool__", "__len__"], span);
                self.sends_query(truth, span, KnownType::truth);
            }
        }
    }

    /// `x in container`.
    fn searches(&mut self, container: &'a Expr, span: Span) {
        self.asks(container, &["__contains__"], span);
        for value in self.types.value(container, self.frame).iter() {
            let is_gone_through = match value {
                Value::Object(class) => self.types.method(*class, "__contains__").is_empty(),
                value => matches!(value, Value::Generator(_) | Value::Rows(..) | Value::Lazy(_) | Value::Instance(_)),
            };
            if is_gone_through {
                self.consume(value, span, false);
            }
        }
    }

    /// A query is sent when its truth, its length or one of its rows is asked for.
    pub(super) fn sends_query(&mut self, expr: &'a Expr, span: Span, asks: fn(KnownType) -> Option<Effect>) {
        let values = self.types.value(expr, self.frame);
        let doubtful = values.len() > 1;
        for value in values.iter() {
            if let Some(ty) = value.library_class()
                && let Some(effect) = catalogue::known_type(ty).and_then(asks)
                && !self.types.was_asked_before(span_of(expr), self.frame)
            {
                return self.sink(effect, ty, span, doubtful);
            }
        }
    }

    /// What the mappings of the standard library make of the few methods that a class of the project has.
    pub(super) fn mixes_in(&mut self, call: &'a ast::ExprCall, span: Span) {
        let Expr::Attribute(method) = &*call.func else { return };
        let name = method.attr.as_str();
        let Some((_, own)) = MIXED_IN.iter().find(|(mixed, _)| *mixed == name) else { return };
        if !own.iter().any(|own| self.types.has_special(own)) {
            return;
        }
        for value in self.types.value(&method.value, self.frame).iter() {
            let Value::Object(class) = *value else { continue };
            let bases = self.types.library_bases(class);
            let is_mapping = bases.iter().any(|base| MAPPINGS.contains(&&**base));
            if is_mapping && self.types.method(class, name).is_empty() {
                own.iter().for_each(|own| self.methods(class, own, span, false));
            }
        }
    }

    /// The first of these methods that an object of the project has is called.
    pub(super) fn asks(&mut self, object: &'a Expr, names: &[&str], span: Span) {
        if !names.iter().any(|name| self.types.has_special(name)) {
            return;
        }
        let values = self.types.value(object, self.frame);
        let doubtful = values.len() > 1;
        for value in values.iter() {
            let Value::Object(class) = value else { continue };
            let method = names.iter().find(|name| !self.types.method(*class, name).is_empty());
            if let Some(name) = method {
                self.methods(*class, name, span, doubtful);
            }
        }
    }
}

fn of_operator(op: Operator) -> Option<&'static str> {
    Some(match op {
        Operator::Add => "__add__",
        Operator::Sub => "__sub__",
        Operator::Mult => "__mul__",
        Operator::Div => "__truediv__",
        Operator::FloorDiv => "__floordiv__",
        Operator::Mod => "__mod__",
        Operator::MatMult => "__matmul__",
        Operator::BitOr => "__or__",
        Operator::BitAnd => "__and__",
        Operator::BitXor => "__xor__",
        Operator::LShift => "__lshift__",
        Operator::RShift => "__rshift__",
        Operator::Pow => return None,
    })
}

fn of_comparison(op: CmpOp) -> Option<&'static str> {
    Some(match op {
        CmpOp::Eq => "__eq__",
        CmpOp::NotEq => "__ne__",
        CmpOp::Lt => "__lt__",
        CmpOp::LtE => "__le__",
        CmpOp::Gt => "__gt__",
        CmpOp::GtE => "__ge__",
        CmpOp::Is | CmpOp::IsNot | CmpOp::In | CmpOp::NotIn => return None,
    })
}
