//! The names of the arguments that `**options` hands over, where the text shows them all: a display with constant
//! keys, one of two, or a name of the function that stands for such. What a function was given beyond its parameters
//! may have any other name than these.
//!
//! Whatever else may have put something in leaves it open.

use super::{Entry, Frame, FunctionId, Known, Types, Value};
use crate::python::calls::{EventKind, Function};
use crate::python::names::Bound;
use crate::python::syntax::ast::{self, Expr};

/// How deep displays and names are followed.
const MAX_DEPTH: u8 = 6;
/// Methods that put nothing into a mapping.
const LEAVES: [&str; 6] = ["copy", "get", "items", "keys", "pop", "values"];

/// What the splats of a call may hand over.
#[derive(Debug, Default)]
pub(super) struct Splatted<'a> {
    names: Vec<&'a str>,
    /// Whether the `**kwargs` of the function that makes the call is among them.
    rest: bool,
}

impl<'a> Types<'a> {
    /// The names that the splats of a call hand over; `None` where one of them may hand over any.
    pub(super) fn splatted(&self, call: &'a ast::ExprCall, frame: Frame) -> Option<Splatted<'a>> {
        let mut names = Splatted::default();
        for keyword in call.arguments.keywords.iter().filter(|keyword| keyword.arg.is_none()) {
            self.names_in(&keyword.value, frame, &mut names, 0)?;
        }
        Some(names)
    }

    /// Whether the splats of a call in `frame` may hand over an argument of this name.
    pub(super) fn may_hand_over(&self, splatted: &Splatted<'a>, name: &str, frame: Frame) -> bool {
        let takes = |id: FunctionId| {
            let mut parameters = self.function(id).parameters.iter();
            parameters.any(|parameter| !parameter.variadic && parameter.name == name)
        };
        splatted.names.contains(&name)
            || splatted.rest && !takes(frame.function) && !self.rest_of(frame).is_some_and(takes)
    }

    /// The function whose `**kwargs` is handed round as that of this one.
    fn rest_of(&self, frame: Frame) -> Option<FunctionId> {
        let (position, _) = rest(self.function(frame.function))?;
        match self.argument(frame, frame.function, Self::certain(position)) {
            Some(Value::Known(Known::RestOf(function))) => Some(function),
            _ => None,
        }
    }

    /// Says of a function that hands on its `**kwargs`, and of a call `f(a, **kwargs)`, whose these are.
    pub(super) fn rest_handed(&self, target: &Frame, call: &'a ast::ExprCall, frame: Frame) -> Option<Entry<'a>> {
        let mut splats = call.arguments.keywords.iter().filter(|keyword| keyword.arg.is_none());
        let (splat, None) = (splats.next()?, splats.next()) else { return None };
        let (outer, called) = (self.function(frame.function), self.function(target.function));
        let ((_, own), (position, handed)) = (rest(outer)?, rest(called)?);
        let takes = |name: &str| called.parameters.iter().any(|one| !one.variadic && one.name == name);
        let names_no_other =
            call.arguments.keywords.iter().all(|one| one.arg.as_ref().is_none_or(|name| takes(name.as_str())));
        if !is_name(&splat.value, own) || !names_no_other || !hands_on_rest(called, handed) {
            return None;
        }
        // Nothing was put in since.
        let splatted = self.splatted(call, frame).filter(|splatted| splatted.names.is_empty())?;
        let origin = self.rest_of(frame).unwrap_or(frame.function);
        splatted.rest.then_some(((target.function, Self::certain(position)), Value::Known(Known::RestOf(origin))))
    }

    fn names_in(&self, mapping: &'a Expr, frame: Frame, names: &mut Splatted<'a>, depth: u8) -> Option<()> {
        if depth > MAX_DEPTH {
            return None;
        }
        match mapping {
            Expr::Dict(dict) => dict.items.iter().try_for_each(|item| match &item.key {
                Some(Expr::StringLiteral(key)) => {
                    names.names.push(key.value.to_str());
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
                        Some(name) => names.names.push(name.as_str()),
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
    fn names_of_local(&self, name: &'a str, frame: Frame, names: &mut Splatted<'a>, depth: u8) -> Option<()> {
        let function = self.function(frame.function);
        let bindings = function.bindings.get(name).filter(|_| frame.function.index != 0)?;
        if function.globals.contains(name) || function.changed.contains(name) {
            return None;
        }
        for binding in bindings {
            match binding.bound {
                Bound::Value { value: Some(value), .. } => self.names_in(value, frame, names, depth + 1)?,
                Bound::Value { value: None, .. } => {}
                Bound::Parameter(_) if rest(function).is_some_and(|(_, rest)| rest == name) => names.rest = true,
                _ => return None,
            }
        }
        let is_it = |expr: &Expr| is_name(expr, name);
        for event in function.events.iter().chain(&function.once) {
            match event.kind {
                EventKind::Write(Expr::Subscript(part)) if is_it(&part.value) => match &*part.slice {
                    Expr::StringLiteral(key) => names.names.push(key.value.to_str()),
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

/// The position and the name of `**kwargs`.
fn rest<'a>(function: &Function<'a>) -> Option<(u16, &'a str)> {
    let position = function.parameters.iter().position(|one| one.variadic && one.keywords)?;
    Some((u16::try_from(position).ok()?, function.parameters[position].name))
}

/// Whether a function calls anything with its own `**kwargs`.
fn hands_on_rest(function: &Function<'_>, rest: &str) -> bool {
    function.events.iter().chain(&function.once).any(|event| match event.kind {
        EventKind::Call(call, _) => {
            call.arguments.keywords.iter().any(|keyword| keyword.arg.is_none() && is_name(&keyword.value, rest))
        }
        _ => false,
    })
}

fn is_name(expr: &Expr, name: &str) -> bool {
    matches!(expr, Expr::Name(one) if one.id.as_str() == name)
}
