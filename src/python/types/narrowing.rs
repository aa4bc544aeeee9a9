//! What conditions say about the type of a name: `isinstance`, and what a class says of itself.

use super::{ClassId, Frame, Types, Value};
use crate::python::calls::same_text;
use crate::python::catalogue;
use crate::python::names::{Binding, Bound};
use crate::python::syntax::ast::{self, Expr};

impl<'a> Types<'a> {
    /// The condition that holds for `name` at `at`, unless the name was bound again since.
    pub(super) fn condition_on(&self, name: &str, frame: Frame, at: usize) -> Option<&'a Expr> {
        let function = self.function(frame.function);
        let holds = |binding: &&Binding<'a>| binding.block.start <= at && at < binding.block.end && binding.at <= at;
        let binding = function.narrowed.get(name)?.iter().rev().find(holds)?;
        let mut later = function.bindings.get(name).into_iter().flatten();
        let rebound = later.any(|other| binding.at < other.at && other.at <= at);
        match binding.bound {
            Bound::Narrowed(ty) if !rebound => Some(ty),
            _ => None,
        }
    }

    /// Those of `values` that are of a type.
    pub(super) fn narrowed(&self, values: Vec<Value<'a>>, ty: &'a Expr, frame: Frame) -> Vec<Value<'a>> {
        if let Expr::Compare(compare) = ty {
            return self.of_kind(values, compare);
        }
        let types: Vec<&'a Expr> = match ty {
            Expr::Tuple(tuple) => tuple.elts.iter().collect(),
            one => vec![one],
        };
        let mut wanted = Vec::new();
        for ty in types {
            let instances = self.annotation(ty, frame);
            if instances.is_empty() {
                return values;
            }
            wanted.extend(instances);
        }
        let kept: Vec<_> =
            values.iter().filter(|value| wanted.iter().any(|ty| self.may_be(value, ty))).cloned().collect();
        if kept.is_empty() { wanted } else { kept }
    }

    /// Those of `values` that say so of themselves: `thing.kind == "text"`, where each class has a text of its own.
    fn of_kind(&self, values: Vec<Value<'a>>, compare: &'a ast::ExprCompare) -> Vec<Value<'a>> {
        let (Expr::Attribute(attribute), [Expr::StringLiteral(wanted)]) =
            (same_text(&compare.left), &*compare.comparators)
        else {
            return values;
        };
        let is_exact = compare.left.is_attribute_expr();
        let says = |class: ClassId| {
            let text = self.text_of_class(class, attribute.attr.as_str());
            text.is_none_or(|text| {
                text == wanted.value.to_str() || !is_exact && text.eq_ignore_ascii_case(wanted.value.to_str())
            })
        };
        let narrower = |value: &Value<'a>| match value {
            Value::Object(class) if !says(*class) || self.leaves_open(*class, attribute.attr.as_str()) => {
                let below = self.below(*class).into_iter().filter(|class| says(*class));
                below.map(Value::Object).collect()
            }
            other => vec![other.clone()],
        };
        let kept: Vec<_> = values.iter().flat_map(narrower).collect();
        if kept.is_empty() { values } else { kept }
    }

    /// Whether a class only declares an attribute, so that each class below it has one of its own: `kind: str`.
    fn leaves_open(&self, class: ClassId, name: &str) -> bool {
        let line = self.ancestry(class);
        let bindings = line.iter().find_map(|value| match value {
            Value::Class(owner) => self.class(*owner).fields.get(name),
            _ => None,
        });
        let is_open = |binding: &Binding<'a>| matches!(binding.bound, Bound::Value { value: None, .. });
        bindings.is_some_and(|all| all.iter().all(is_open))
    }

    /// The text that an attribute of a class is set to in its body, and nowhere else.
    pub(super) fn text_of_class(&self, class: ClassId, name: &str) -> Option<&'a str> {
        let line = self.ancestry(class);
        let bindings = line.iter().find_map(|value| match value {
            Value::Class(owner) => self.class(*owner).fields.get(name),
            _ => None,
        })?;
        match bindings.as_slice() {
            [Binding { bound: Bound::Value { value: Some(Expr::StringLiteral(text)), .. }, .. }]
                if !self.is_set_from_outside(name) =>
            {
                Some(text.value.to_str())
            }
            _ => None,
        }
    }

    fn may_be(&self, value: &Value<'a>, ty: &Value<'a>) -> bool {
        match (value, ty) {
            (Value::Object(class), Value::Object(base)) => self.ancestry(*class).contains(&Value::Class(*base)),
            (Value::Object(class), Value::Instance(name)) => self.library_bases(*class).contains(name),
            (Value::Instance(_), Value::Object(_)) => false,
            (Value::Instance(value), Value::Instance(ty)) => {
                value == ty || catalogue::known_type(value).is_none() || catalogue::known_type(ty).is_none()
            }
            _ => true,
        }
    }
}
