//! What parameters stand for, and which arguments of a call are carried into the function.

use super::{ClassId, Entry, Frame, Types, Value};
use crate::python::calls::Parameter;
use crate::python::catalogue;
use crate::python::syntax::ast::{self, Expr};

/// How many arguments of one call are carried into the function.
const MAX_ARGUMENTS: usize = 4;

impl<'a> Types<'a> {
    /// A function together with those arguments of a call that its annotations say nothing about.
    pub fn with_arguments(&self, callee: &Value<'a>, call: &'a ast::ExprCall, frame: Frame) -> Value<'a> {
        let Value::Function(target) = callee else {
            return callee.clone();
        };
        let function = self.function(target.function);
        let is_static = self.has_decorator(target.function, "staticmethod");
        let bound_receiver = function.class.is_some() && !is_static;
        let through_instance = bound_receiver && matches!(&*call.func, Expr::Attribute(_) | Expr::Call(_));
        let shift = usize::from(through_instance);
        let mut entries: Vec<Entry<'a>> = Vec::new();
        for (i, argument) in call.arguments.args.iter().enumerate() {
            if matches!(argument, Expr::Starred(_)) {
                break;
            }
            let parameter = function.parameters.get(i + shift).filter(|parameter| parameter.positional);
            if let Some(parameter) = parameter {
                self.carry(target, i + shift, parameter, argument, frame, &mut entries);
            }
        }
        for keyword in &call.arguments.keywords {
            let Some(name) = &keyword.arg else { continue };
            let position = function.parameters.iter().position(|parameter| parameter.name == name.as_str());
            if let Some(position) = position {
                self.carry(target, position, &function.parameters[position], &keyword.value, frame, &mut entries);
            }
        }
        Value::Function(Frame { environment: self.extend(target.environment, entries), ..*target })
    }

    pub(super) fn carry(
        &self,
        target: &Frame,
        position: usize,
        parameter: &Parameter<'a>,
        argument: &'a Expr,
        frame: Frame,
        entries: &mut Vec<Entry<'a>>,
    ) {
        // A literal says nothing that matters here.
        let plausible = matches!(
            argument,
            Expr::Name(_) | Expr::Attribute(_) | Expr::Call(_) | Expr::Lambda(_) | Expr::Await(_) | Expr::Subscript(_)
        );
        if !plausible || parameter.variadic || entries.len() >= MAX_ARGUMENTS {
            return;
        }
        let around = self.around(*target);
        if parameter.annotation.is_some_and(|annotation| !self.annotation(annotation, around).is_empty()) {
            return;
        }
        let values = self.value(argument, frame);
        let useful = |value: &&Value<'a>| match value {
            Value::Function(_) | Value::Class(_) | Value::Object(_) | Value::Member(..) | Value::Generator(_) => true,
            Value::Instance(ty) => catalogue::known_type(ty).is_some(),
            Value::External(name) => catalogue::call(name).is_some(),
            _ => false,
        };
        if let Some(value) = values.iter().find(useful) {
            let position = u16::try_from(position).unwrap_or(u16::MAX);
            entries.push(((target.function, position), value.clone()));
        }
    }

    /// What a parameter stands for: the argument, if one is known; its annotation; what its default
    /// injects; for the first one of a method, the class.
    pub(super) fn parameter(&self, frame: Frame, position: u16) -> Vec<Value<'a>> {
        if let Some(value) = self.argument(frame, frame.function, position) {
            return vec![value];
        }
        let function = self.function(frame.function);
        let Some(parameter) = function.parameters.get(usize::from(position)) else {
            return Vec::new();
        };
        let around = self.around(frame);
        let declared = parameter.annotation.map(|annotation| self.annotation(annotation, around)).unwrap_or_default();
        if !declared.is_empty() {
            return declared;
        }
        if position == 0
            && let Some(index) = function.class
            && !self.has_decorator(frame.function, "staticmethod")
        {
            let class = ClassId { file: frame.function.file, index };
            let is_class = self.has_decorator(frame.function, "classmethod") || function.name == "__new__";
            return vec![if is_class { Value::Class(class) } else { Value::Object(class) }];
        }
        match parameter.default {
            Some(Expr::Call(call)) => self.injected(call, around),
            _ => Vec::new(),
        }
    }

    /// What a dependency marker (`Depends(f)`) injects.
    pub(super) fn injected(&self, call: &'a ast::ExprCall, frame: Frame) -> Vec<Value<'a>> {
        let marker = self.value(&call.func, frame);
        if !marker.iter().any(|value| matches!(value, Value::External(name) if is_marker(name))) {
            return Vec::new();
        }
        let provider = call.arguments.args.first().or_else(|| {
            let named = call
                .arguments
                .keywords
                .iter()
                .find(|keyword| keyword.arg.as_ref().is_some_and(|arg| arg.as_str() == "dependency"));
            named.map(|keyword| &keyword.value)
        });
        let Some(provider) = provider else {
            return Vec::new();
        };
        let result = |value: &Value<'a>| match value {
            Value::Function(frame) if self.function(frame.function).is_generator => self.yielded(*frame).to_vec(),
            Value::Function(frame) => self.returned(*frame).to_vec(),
            Value::Class(class) => vec![Value::Object(*class)],
            _ => Vec::new(),
        };
        self.value(provider, frame).iter().flat_map(result).collect()
    }
}

/// Whether a library's callable marks a parameter as injected.
pub(super) fn is_marker(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or(name);
    name.starts_with("fastapi.") && matches!(last, "Depends" | "Security")
}
