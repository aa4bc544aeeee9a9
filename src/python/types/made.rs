//! Arguments that are certainly there: objects that a call makes, here or where a function takes them from.
//!
//! Only of what is handed on: where a function itself asks whether it got anything, its author does not rely on it.

use super::known::{PLAIN, TRUE};
use super::{ClassId, Frame, FunctionId, Known, Types, Value};
use crate::python::calls::Condition;
use crate::python::names::{Binding, Bound, visible};
use crate::python::syntax::ast::{self, BoolOp, CmpOp, Expr, UnaryOp};
use crate::python::syntax::span_of;
use crate::source::Span;

/// Through how many names, attributes and functions what is handed on is followed to the call that makes it.
const MAX_DEPTH: u8 = 4;
/// Decorators that leave what a function returns as it is.
const LEAVES_RESULTS: [&str; 3] = ["classmethod", "property", "staticmethod"];
/// Functions that never give `None`, but something that is true.
const MAKES: [&str; 3] = ["asyncio.get_event_loop", "asyncio.get_running_loop", "asyncio.new_event_loop"];

impl<'a> Types<'a> {
    /// What is certain of something that a call makes.
    pub(super) fn made_for_certain(&self, expr: &'a Expr, frame: Frame, depth: u8) -> Option<Known<'a>> {
        if depth > MAX_DEPTH {
            return None;
        }
        let deeper = |expr: &'a Expr| self.made_for_certain(expr, frame, depth + 1);
        match expr {
            Expr::Call(call) => self.made_by(call, frame, depth),
            Expr::Await(awaited) => self.read_from_upload(&awaited.value, frame).or_else(|| deeper(&awaited.value)),
            Expr::BoolOp(operation) if operation.op == BoolOp::Or => deeper(operation.values.last()?),
            Expr::If(choice) => deeper(&choice.body)?.or(deeper(&choice.orelse)?),
            Expr::Name(name) => self.made_under_name(name, frame, depth),
            Expr::Attribute(attribute) => match *self.value(&attribute.value, frame) {
                [Value::Instance(ref ty)] if ty.ends_with(".UploadFile") && attribute.attr.as_str() == "file" => {
                    Some(Known::File)
                }
                [Value::Object(class)] => self.made_for_attribute(class, attribute.attr.as_str(), depth),
                _ => None,
            },
            _ => None,
        }
    }

    fn made_under_name(&self, name: &'a ast::ExprName, frame: Frame, depth: u8) -> Option<Known<'a>> {
        let (name, at) = (name.id.as_str(), span_of(name).start);
        let function = self.function(frame.function);
        let bindings = function.bindings.get(name).filter(|_| !function.globals.contains(name))?;
        let others = &self.facts_at(frame.function.file).nonlocals;
        if bindings.iter().any(|binding| binding.at > at) || others.contains(name) {
            return None;
        }
        // `if given is None: given = make()` leaves something there, whatever was given.
        let fills = |binding: &Binding<'a>| {
            let asks = |one: &&Condition<'a>| one.holds && asks_for_nothing(one.test, name);
            let is_inside = |region: Span| region.start <= binding.at && binding.at <= region.end;
            function.conditions.iter().filter(asks).any(|one| is_inside(one.region))
        };
        let seen = visible(bindings, at);
        let is_filled = seen.iter().any(|binding| fills(binding));
        let each = seen.into_iter().map(|binding| match binding.bound {
            Bound::Value { value: Some(value), .. } => self.made_for_certain(value, frame, depth + 1),
            Bound::With(opened) if opens(opened) => Some(Known::File),
            Bound::Parameter(_) if is_filled => Some(Known::Some),
            _ => None,
        });
        each.reduce(|one, other| one?.or(other?)).flatten()
    }

    /// An attribute that the constructor always sets, and nothing else does.
    fn made_for_attribute(&self, class: ClassId, name: &'a str, depth: u8) -> Option<Known<'a>> {
        let line = self.ancestry(class);
        let mut owners = line.iter().filter_map(|value| match value {
            Value::Class(owner) => self.class(*owner).fields.get(name).map(|bindings| (*owner, bindings)),
            _ => None,
        });
        let (owner, [Binding { bound: Bound::Value { value: Some(value), .. }, scope, .. }]) =
            owners.next().map(|(owner, bindings)| (owner, bindings.as_slice()))?
        else {
            return None;
        };
        let init = FunctionId { file: owner.file, index: *scope };
        let function = self.function(init);
        let is_own = function.name == "__init__" && function.class == Some(owner.index);
        let is_only = is_own && function.always_reaches(span_of(*value)) && owners.next().is_none();
        (is_only && !self.is_set_from_outside(name))
            .then(|| self.made_for_certain(value, self.plain(init), depth + 1))
            .flatten()
    }

    /// What `await upload.read()` gives.
    fn read_from_upload(&self, expr: &'a Expr, frame: Frame) -> Option<Known<'a>> {
        let Expr::Attribute(method) = &*expr.as_call_expr()?.func else { return None };
        let of_upload = |value: &Value<'a>| matches!(value, Value::Instance(ty) if ty.ends_with(".UploadFile"));
        let values = self.value(&method.value, frame);
        (method.attr.as_str() == "read" && !values.is_empty() && values.iter().all(of_upload)).then_some(Known::Bytes)
    }

    fn made_by(&self, call: &'a ast::ExprCall, frame: Frame, depth: u8) -> Option<Known<'a>> {
        if is_opening(call) {
            return Some(Known::File);
        }
        match *self.value(&call.func, frame) {
            [Value::Class(class)] => Some(self.truth_of_objects(class)),
            [Value::External(ref name)] => {
                let last = name.rsplit('.').next().unwrap_or(name);
                (MAKES.contains(&&**name) || TRUE.contains(&last)).then_some(Known::True)
            }
            [Value::Function(target)] => {
                let function = self.function(target.function);
                let leaves = LEAVES_RESULTS.iter().filter(|name| self.has_decorator(target.function, name)).count();
                if function.is_generator || leaves < function.decorators.len() {
                    return None;
                }
                if let Some(annotation) = function.returns {
                    return self.annotated_as(annotation, self.around(target));
                }
                match function.results.as_slice() {
                    [result] if function.always_reaches(span_of(*result)) => {
                        self.made_for_certain(result, target, depth + 1)
                    }
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// What an annotation promises that does not admit `None`.
    pub(super) fn annotated_as(&self, annotation: &'a Expr, around: Frame) -> Option<Known<'a>> {
        if let Expr::Name(name) = annotation
            && PLAIN.contains(&name.id.as_str())
        {
            return Some(Known::Some);
        }
        match &*self.value(annotation, around) {
            [Value::Class(class)] => Some(self.truth_of_objects(*class)),
            [Value::External(name)] => {
                let last = name.rsplit('.').next().unwrap_or(name);
                TRUE.contains(&last).then_some(Known::True)
            }
            _ => None,
        }
    }

    fn truth_of_objects(&self, class: ClassId) -> Known<'a> {
        let asks = ["__bool__", "__len__"].iter().any(|name| !self.method(class, name).is_empty());
        if asks || !self.library_bases(class).is_empty() { Known::Some } else { Known::True }
    }
}

/// `open(...)`, `BytesIO(...)`
fn opens(expr: &Expr) -> bool {
    expr.as_call_expr().is_some_and(is_opening)
}

fn is_opening(call: &ast::ExprCall) -> bool {
    match &*call.func {
        Expr::Name(name) => matches!(name.id.as_str(), "open" | "BytesIO" | "StringIO" | "SpooledTemporaryFile"),
        Expr::Attribute(member) => {
            matches!(member.attr.as_str(), "BytesIO" | "StringIO" | "SpooledTemporaryFile" | "TemporaryFile")
        }
        _ => false,
    }
}

/// `name is None`, `not name`
pub(super) fn asks_for_nothing(test: &Expr, name: &str) -> bool {
    let is_it = |expr: &Expr| matches!(expr, Expr::Name(known) if known.id.as_str() == name);
    match test {
        Expr::UnaryOp(operation) => operation.op == UnaryOp::Not && is_it(&operation.operand),
        Expr::Compare(compare) => {
            *compare.ops == [CmpOp::Is]
                && is_it(&compare.left)
                && compare.comparators.iter().all(Expr::is_none_literal_expr)
        }
        _ => false,
    }
}
