//! What is certain of arguments that a wrapper hands on as they are: `return f(*args, **kwargs)`.
//!
//! Kept in what is known of the wrapper, under the function that it was made for, and taken from there where the
//! wrapper calls that.

use super::{Entry, Frame, FunctionId, Types, Value};
use crate::python::calls::{EventKind, Function};
use crate::python::names::Bound;
use crate::python::syntax::ast::{self, Expr};

/// How many wrappers around one function are looked through.
const MAX_WRAPPERS: usize = 4;
/// Methods of a mapping that leave it as it is.
const LEAVES_AS_IS: [&str; 5] = ["copy", "get", "items", "keys", "values"];

impl<'a> Types<'a> {
    /// What a call of a wrapper says for certain of the arguments of the function that it was made for.
    pub(super) fn handed_on(&self, wrapper: Frame, call: &'a ast::ExprCall, frame: Frame) -> Vec<Entry<'a>> {
        let mut entries = Vec::new();
        let mut outer = wrapper;
        for _ in 0..MAX_WRAPPERS {
            let Some(inner) = self.given_around(outer).filter(|_| self.hands_on_all(outer.function)) else { break };
            let shift = self.receiver_shift(&Value::Function(inner), call, frame);
            entries.extend(self.certain_of(&inner, shift, call, frame, true));
            outer = inner;
        }
        entries
    }

    /// What the wrapper that makes a call was told of the function that it calls with all of its own arguments.
    pub(super) fn handed_in(&self, target: Frame, call: &'a ast::ExprCall, frame: Frame) -> Vec<Entry<'a>> {
        let wrapper = self.function(frame.function);
        if frame.environment == super::Environment::default() || !hands_on(wrapper, call) {
            return Vec::new();
        }
        let mut meant = vec![target.function];
        let mut outer = target;
        while let Some(inner) = self.given_around(outer)
            && meant.len() <= MAX_WRAPPERS
        {
            meant.push(inner.function);
            outer = inner;
        }
        let entries = self.entries_of(frame.environment);
        let is_told = |entry: &&Entry<'a>| Self::is_certain(entry.0.1) && meant.contains(&entry.0.0);
        entries.iter().filter(is_told).cloned().collect()
    }

    /// Whether a function calls something with all the arguments that it is given, and changes none.
    fn hands_on_all(&self, id: FunctionId) -> bool {
        let function = self.function(id);
        let Some((rest, keywords)) = open_ended(function) else { return false };
        let mut calls = false;
        for event in function.events.iter().chain(&function.once) {
            match event.kind {
                EventKind::Call(call, _) if hands_on(function, call) => calls = true,
                EventKind::Call(call, _) => {
                    let changes = match &*call.func {
                        Expr::Attribute(method) => {
                            is_name(&method.value, keywords) && !LEAVES_AS_IS.contains(&method.attr.as_str())
                        }
                        _ => false,
                    };
                    if changes || call.arguments.args.iter().any(|argument| is_name(argument, keywords)) {
                        return false;
                    }
                }
                EventKind::Write(Expr::Subscript(target)) if is_name(&target.value, keywords) => return false,
                _ => {}
            }
        }
        let is_bound_once = |name: &str| function.bindings.get(name).is_some_and(|bindings| bindings.len() == 1);
        calls && is_bound_once(keywords) && is_bound_once(rest) && !function.changed.contains(keywords)
    }
}

/// The names of `*args` and `**kwargs`, where a function has both.
fn open_ended<'a>(function: &Function<'a>) -> Option<(&'a str, &'a str)> {
    let named = |keywords: bool| {
        let mut parameters = function.parameters.iter();
        parameters.find(|one| one.variadic && one.keywords == keywords).map(|one| one.name)
    };
    named(false).zip(named(true))
}

/// `f(a, *args, **kwargs)` in `def wrapper(a, *args, **kwargs)`.
fn hands_on(wrapper: &Function<'_>, call: &ast::ExprCall) -> bool {
    let Some((rest, keywords)) = open_ended(wrapper) else { return false };
    let [ast::Keyword { arg: None, value, .. }] = &*call.arguments.keywords else { return false };
    let Some((Expr::Starred(starred), before)) = call.arguments.args.split_last() else { return false };
    let own = wrapper.parameters.iter().filter(|one| one.positional && !one.variadic);
    let own: Vec<&str> = own.map(|one| one.name).collect();
    let is_own = |name: &&str| {
        let bindings = wrapper.bindings.get(*name);
        bindings.is_some_and(|all| matches!(all.as_slice(), [one] if matches!(one.bound, Bound::Parameter(_))))
    };
    is_name(value, keywords)
        && is_name(&starred.value, rest)
        && own.len() == before.len()
        && wrapper.parameters.len() == own.len() + 2
        && own.iter().zip(before).all(|(name, argument)| is_name(argument, name))
        && own.iter().all(is_own)
}

fn is_name(expr: &Expr, name: &str) -> bool {
    matches!(expr, Expr::Name(one) if one.id.as_str() == name)
}
