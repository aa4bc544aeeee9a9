//! The names of the arguments that `**options` hands over, where the text shows them all: a display with constant
//! keys, one of two, or a name of the function that stands for such.
//!
//! Whatever else may have put something in leaves it open.

use super::{Frame, Types};
use crate::python::calls::EventKind;
use crate::python::names::Bound;
use crate::python::syntax::ast::{self, Expr};

/// How deep displays and names are followed.
const MAX_DEPTH: u8 = 6;
/// Methods that put nothing into a mapping.
const LEAVES: [&str; 5] = ["copy", "get", "items", "keys", "values"];

impl<'a> Types<'a> {
    /// The names that the splats of a call hand over; `None` where one of them may hand over any.
    pub(super) fn splat_names(&self, call: &'a ast::ExprCall, frame: Frame) -> Option<Vec<&'a str>> {
        let mut names = Vec::new();
        for keyword in call.arguments.keywords.iter().filter(|keyword| keyword.arg.is_none()) {
            self.names_in(&keyword.value, frame, &mut names, 0)?;
        }
        Some(names)
    }

    fn names_in(&self, mapping: &'a Expr, frame: Frame, names: &mut Vec<&'a str>, depth: u8) -> Option<()> {
        if depth > MAX_DEPTH {
            return None;
        }
        match mapping {
            Expr::Dict(dict) => dict.items.iter().try_for_each(|item| match &item.key {
                Some(Expr::StringLiteral(key)) => {
                    names.push(key.value.to_str());
                    Some(())
                }
                Some(_) => None,
                None => self.names_in(&item.value, frame, names, depth + 1),
            }),
            Expr::If(choice) => {
                self.names_in(&choice.body, frame, names, depth + 1)?;
                self.names_in(&choice.orelse, frame, names, depth + 1)
            }
            Expr::BoolOp(operation) => {
                operation.values.iter().try_for_each(|value| self.names_in(value, frame, names, depth + 1))
            }
            Expr::Call(call) if call.arguments.args.is_empty() => {
                let is_dict = matches!(&*call.func, Expr::Name(name) if name.id.as_str() == "dict");
                let given = call.arguments.keywords.iter().filter(|_| is_dict);
                is_dict.then_some(())?;
                for keyword in given {
                    match &keyword.arg {
                        Some(name) => names.push(name.as_str()),
                        None => self.names_in(&keyword.value, frame, names, depth + 1)?,
                    }
                }
                Some(())
            }
            Expr::Name(name) => self.names_of_local(name.id.as_str(), frame, names, depth),
            _ => None,
        }
    }

    /// The keys of a mapping that a name of the function stands for, and that it alone fills.
    fn names_of_local(&self, name: &'a str, frame: Frame, names: &mut Vec<&'a str>, depth: u8) -> Option<()> {
        let function = self.function(frame.function);
        let bindings = function.bindings.get(name).filter(|_| frame.function.index != 0)?;
        if function.globals.contains(name) || function.changed.contains(name) {
            return None;
        }
        for binding in bindings {
            match binding.bound {
                Bound::Value { value: Some(value), .. } => self.names_in(value, frame, names, depth + 1)?,
                Bound::Value { value: None, .. } => {}
                _ => return None,
            }
        }
        let is_it = |expr: &Expr| matches!(expr, Expr::Name(one) if one.id.as_str() == name);
        for event in function.events.iter().chain(&function.once) {
            match event.kind {
                EventKind::Write(Expr::Subscript(part)) if is_it(&part.value) => match &*part.slice {
                    Expr::StringLiteral(key) => names.push(key.value.to_str()),
                    _ => return None,
                },
                EventKind::Call(call, _) => {
                    let changes = matches!(&*call.func, Expr::Attribute(method)
                        if is_it(&method.value) && !LEAVES.contains(&method.attr.as_str()));
                    if changes || call.arguments.args.iter().any(is_it) {
                        return None;
                    }
                }
                _ => {}
            }
        }
        Some(())
    }
}
