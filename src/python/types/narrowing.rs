//! What `isinstance` says about a name.

use super::{Frame, Types, Value};
use crate::python::catalogue;
use crate::python::names::{Binding, Bound};
use crate::python::syntax::ast::Expr;

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
