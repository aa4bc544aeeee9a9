//! Which of the functions that a call may mean it can mean.
//!
//! Not those that the arguments do not fit, and under `if iscoroutinefunction(f):` only those of that kind.

use super::asserted::said;
use super::known::PLAIN;
use super::questions::MAX_FUNCTIONS;
use super::{ClassId, Frame, FunctionId, Types, Value, Values};
use crate::python::calls::last_name;
use crate::python::names::{Bound, visible};
use crate::python::syntax::ast::{self, Expr};
use crate::python::syntax::span_of;
use crate::source::Span;

impl<'a> Types<'a> {
    /// Those of `callees` that a call can mean.
    pub fn candidates(&self, callees: Values<'a>, call: &'a ast::ExprCall, frame: Frame) -> Values<'a> {
        let kind = self.kind_asked_for(&call.func, span_of(call), frame);
        let fits = |callee: &Value<'a>| match callee {
            Value::Function(target) => {
                kind.is_none_or(|is_async| self.function(target.function).is_async == is_async)
                    && self.takes(callee, *target, call, frame)
                    && self.may_run_in(*target, call, frame)
                    && self.is_meant_for(callee, *target, call, frame)
                    && !self.listens_to_another(target.function, &call.func, frame)
            }
            // An object that can be called is no coroutine function, whatever its `__call__` is.
            Value::Object(_) => kind != Some(true),
            _ => true,
        };
        let more = self.overriding(call, frame, &callees);
        if more.is_empty() && callees.iter().all(fits) {
            return self.makers(callees, call, frame);
        }
        let fitting = callees.iter().filter(|one| fits(one)).cloned().chain(more).take(MAX_FUNCTIONS).collect();
        self.makers(fitting, call, frame)
    }

    /// Those of several classes whose constructors have parameters for the arguments of a call, and what else
    /// `callees` holds. Where none has, something else is meant.
    fn makers(&self, callees: Values<'a>, call: &'a ast::ExprCall, frame: Frame) -> Values<'a> {
        let callees = self.of_own_line(callees, frame);
        let classes = callees.iter().filter(|value| matches!(value, Value::Class(_))).count();
        if classes < 2 && !self.is_named_maker(&callees, call) {
            return callees;
        }
        let fits = |callee: &Value<'a>| match callee {
            Value::Class(class) => match self.method(*class, "__init__").as_slice() {
                [Value::Function(init)] => self.constructor_takes(*init, call, frame),
                _ => true,
            },
            _ => true,
        };
        if callees.iter().all(fits) {
            return callees;
        }
        callees.iter().filter(|one| fits(one)).cloned().collect()
    }

    /// Whether a call names the class that it makes an object of, and only the constructor of that class is asked what
    /// it takes: where it does not take this, the call raises, and nothing after it has an object.
    fn is_named_maker(&self, callees: &[Value<'a>], call: &'a ast::ExprCall) -> bool {
        let [Value::Class(class)] = *callees else { return false };
        let facts = self.class(class);
        let is_plain = |value: &Value<'a>| match value {
            Value::Class(one) => {
                let one = self.class(*one);
                one.decorators.is_empty() && one.metaclass.is_none() && !one.methods.contains_key("__new__")
            }
            _ => false,
        };
        last_name(&call.func) == facts.name
            && facts.methods.contains_key("__init__")
            && self.ancestry(class).iter().all(is_plain)
    }

    /// Of classes that a base keeps of all those below it, the ones of the line through which it is asked:
    /// `Shape.create(...)` makes shapes, whatever else its base knows of.
    fn of_own_line(&self, callees: Values<'a>, frame: Frame) -> Values<'a> {
        let function = self.function(frame.function);
        let Some(index) = function.class.filter(|_| self.has_decorator(frame.function, "classmethod")) else {
            return callees;
        };
        let owner = ClassId { file: frame.function.file, index };
        let Some(Value::Class(asked)) = self.argument(frame, frame.function, 0) else { return callees };
        let is_below = |value: &Value<'a>, base: ClassId| match value {
            Value::Class(class) => self.ancestry(*class).contains(&Value::Class(base)),
            _ => false,
        };
        let is_registry = callees.len() > 1 && asked != owner && callees.iter().all(|one| is_below(one, owner));
        if !is_registry || !callees.iter().any(|one| is_below(one, asked)) {
            return callees;
        }
        callees.iter().filter(|one| is_below(one, asked)).cloned().collect()
    }

    fn constructor_takes(&self, init: Frame, call: &'a ast::ExprCall, frame: Frame) -> bool {
        let function = self.function(init.function);
        let any = |keywords: bool| function.parameters.iter().any(|one| one.variadic && one.keywords == keywords);
        let positional = function.parameters.iter().filter(|parameter| parameter.positional).count();
        let given = &call.arguments.args;
        let few = any(false) || given.iter().any(Expr::is_starred_expr) || given.len() < positional.max(1);
        few && self.takes(&Value::Function(init), init, call, frame)
    }

    /// Whether a function has parameters for the arguments of a call.
    fn takes(&self, callee: &Value<'a>, target: Frame, call: &'a ast::ExprCall, frame: Frame) -> bool {
        let function = self.function(target.function);
        let given = &call.arguments;
        if given.args.is_empty() && given.keywords.is_empty() || !self.leaves_arguments(target.function) {
            return true;
        }
        let any = |keywords: bool| function.parameters.iter().any(|one| one.variadic && one.keywords == keywords);
        let named = |name: &str| function.parameters.iter().any(|one| !one.variadic && one.name == name);
        let mut keywords = given.keywords.iter().filter_map(|keyword| keyword.arg.as_ref());
        if !any(true) && keywords.any(|name| !named(name.as_str())) {
            return false;
        }
        // Where the method is not taken from an object here, it is not certain whether it has one already.
        if any(false) || !call.func.is_attribute_expr() || given.args.iter().any(Expr::is_starred_expr) {
            return true;
        }
        let positional = function.parameters.iter().filter(|parameter| parameter.positional).count();
        let taken = self.receiver_shift(callee, call, frame) + self.bound_arguments(target);
        given.args.len() + taken <= positional
    }

    /// Whether a function that somebody registered may be called with these objects, as its annotations say: a
    /// listener for one kind of event is not called with another one.
    fn is_meant_for(&self, callee: &Value<'a>, target: Frame, call: &'a ast::ExprCall, frame: Frame) -> bool {
        let function = self.function(target.function);
        // Who names a function calls that one.
        if last_name(&call.func) == function.name || call.arguments.args.iter().any(Expr::is_starred_expr) {
            return true;
        }
        let taken = self.receiver_shift(callee, call, frame) + self.bound_arguments(target);
        let around = self.plain(FunctionId { index: function.parent, ..target.function });
        call.arguments.args.iter().zip(function.parameters.iter().skip(taken)).all(|(argument, parameter)| {
            let Some(annotation) = parameter.annotation.filter(|_| parameter.positional) else { return true };
            if let Expr::Name(name) = annotation
                && PLAIN.contains(&name.id.as_str())
            {
                let given = self.value(argument, frame);
                let differs =
                    |value: &Value<'a>| matches!(value, Value::Object(class) if self.library_bases(*class).is_empty());
                return given.is_empty() || !given.iter().all(differs);
            }
            let wanted = self.annotation(annotation, around);
            if wanted.is_empty() || !wanted.iter().all(|value| self.is_plain_object(value)) {
                return true;
            }
            let given = self.value(argument, frame);
            let admits = |given: &Value<'a>| wanted.iter().any(|wanted| self.may_be_of(given, wanted));
            given.is_empty() || !given.iter().all(|value| self.is_plain_object(value)) || given.iter().any(admits)
        })
    }

    /// Whether a value is an object of a class of the project that has to be inherited to be one.
    fn is_plain_object(&self, value: &Value<'a>) -> bool {
        match value {
            Value::Object(class) => !self.library_bases(*class).iter().any(|base| base.ends_with(".Protocol")),
            _ => false,
        }
    }

    /// Whether an object that is known as one class may be of another one.
    fn may_be_of(&self, given: &Value<'a>, wanted: &Value<'a>) -> bool {
        let (Value::Object(given), Value::Object(wanted)) = (given, wanted) else { return true };
        given == wanted
            || self.ancestry(*given).contains(&Value::Class(*wanted))
            || self.ancestry(*wanted).contains(&Value::Class(*given))
    }

    /// What a condition around a call says of the callee: whether it is a coroutine function.
    fn kind_asked_for(&self, callee: &Expr, call: Span, frame: Frame) -> Option<bool> {
        let conditions = &self.function(frame.function).conditions;
        let around = conditions.iter().filter(|one| one.region.start <= call.start && call.end <= one.region.end);
        let about = |test: &Expr, holds| match test {
            Expr::Call(call) => {
                asked_about(call).filter(|asked| path(asked).is_some() && path(asked) == path(callee)).map(|_| holds)
            }
            _ => None,
        };
        around.rev().find_map(|one| said(one.test, one.holds, &about))
    }

    /// Whether an argument is a coroutine function, where the caller says which function it is.
    pub(super) fn is_coroutine_function(&self, argument: &Expr, mut frame: Frame) -> Option<bool> {
        let Expr::Name(name) = argument else { return None };
        let mut at = span_of(argument).start;
        while frame.function.index != 0 {
            let function = self.function(frame.function);
            if let Some(bindings) = function.bindings.get(name.id.as_str()) {
                let [binding] = *visible(bindings, at) else { return None };
                let Bound::Parameter(position) = binding.bound else { return None };
                return match self.argument(frame, frame.function, position) {
                    Some(Value::Function(given)) => Some(self.function(given.function).is_async),
                    _ => None,
                };
            }
            frame.function = FunctionId { index: function.parent, ..frame.function };
            at = usize::MAX;
        }
        None
    }
}

/// What `iscoroutinefunction` is asked about.
pub(super) fn asked_about(call: &ast::ExprCall) -> Option<&Expr> {
    match &*call.arguments.args {
        [one] if last_name(&call.func) == "iscoroutinefunction" => Some(one),
        _ => None,
    }
}

/// The names of a dotted name, last first.
pub(super) fn path(expr: &Expr) -> Option<Vec<&str>> {
    let mut names = Vec::new();
    let mut at = expr;
    while let Expr::Attribute(attribute) = at {
        names.push(attribute.attr.as_str());
        at = &attribute.value;
    }
    let Expr::Name(name) = at else { return None };
    names.push(name.id.as_str());
    Some(names)
}
