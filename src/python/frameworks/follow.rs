//! Functions that are handed an application or a router: `setup_routes(app)`.
//!
//! Where a parameter has no annotation, what it stands for is known from the callers only. Functions
//! that use such a parameter like an application, or hand it on to one that does, are read again with
//! what each caller gives them.

use std::collections::BTreeSet;

use super::find::Finder;
use super::index::index;
use crate::python::calls::EventKind;
use crate::python::names::Bound;
use crate::python::syntax::ast::{self, Expr};
use crate::python::types::{Frame, FunctionId, Types, Value};

/// How many functions are read with arguments of their callers.
const MAX_VISITS: usize = 2_000;
/// How many of them call each other; one that calls itself is given something else each time.
const MAX_DEPTH: usize = 16;
/// How often what hands a parameter on is looked for.
const MAX_ROUNDS: usize = 4;

/// The names of functions that register something on a parameter without an annotation.
pub(super) fn registrars(types: &Types<'_>, modules: &[u32]) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for round in 0..MAX_ROUNDS {
        let before = names.len();
        for &file in modules {
            let facts = types.facts_at(file);
            for (function, index) in facts.functions.iter().zip(0..) {
                let id = FunctionId { file, index };
                let called = if function.name == "__init__" { class_of(types, id) } else { Some(function.name) };
                let Some(called) = called.filter(|name| !names.contains(*name)) else { continue };
                let open: Vec<&str> = open_parameters(types, id);
                if !function.parameters.is_empty() && uses(types, id, &open, round > 0, &names) {
                    names.insert(called.to_owned());
                }
            }
        }
        if round > 0 && names.len() == before {
            break;
        }
    }
    names
}

fn class_of<'a>(types: &Types<'a>, id: FunctionId) -> Option<&'a str> {
    let class = types.function(id).class?;
    types.facts_at(id.file).classes.get(class as usize).map(|class| class.name)
}

/// Parameters that only a caller tells about.
fn open_parameters<'a>(types: &Types<'a>, id: FunctionId) -> Vec<&'a str> {
    let function = types.function(id);
    let own = function.parameters.iter().skip(usize::from(function.class.is_some()));
    own.filter(|parameter| parameter.annotation.is_none() && !parameter.variadic)
        .map(|parameter| parameter.name)
        .collect()
}

/// Methods by which things are put into any list.
const FILLERS: [&str; 4] = ["append", "extend", "insert", "add"];

fn uses<'a>(types: &Types<'a>, id: FunctionId, open: &[&'a str], hands_on: bool, names: &BTreeSet<String>) -> bool {
    let function = types.function(id);
    let derived = derived(types, id, open);
    let open = &derived[..];
    let by_call = hands_over(types, id)
        || function.events.iter().any(|event| {
            let EventKind::Call(call, _) = event.kind else { return false };
            let (name, root) = match &*call.func {
                Expr::Attribute(attribute) => (attribute.attr.as_str(), root_of(&attribute.value)),
                Expr::Name(name) if open.contains(&name.id.as_str()) => return true,
                Expr::Name(name) => (name.id.as_str(), None),
                Expr::Call(decorator) => match &*decorator.func {
                    Expr::Attribute(attribute) => (attribute.attr.as_str(), root_of(&attribute.value)),
                    _ => return false,
                },
                _ => return false,
            };
            let registers = index().methods.contains_key(name) || index().decorators.contains_key(name);
            let gives =
                || call.arguments.args.iter().any(|given| root_of(given).is_some_and(|root| open.contains(&root)));
            registers && root.is_some_and(|root| open.contains(&root)) || hands_on && names.contains(name) && gives()
        });
    by_call || decorates(types, id, open)
}

/// Whether a parameter is given to something that registers functions.
fn hands_over(types: &Types<'_>, id: FunctionId) -> bool {
    let function = types.function(id);
    let is_parameter = |expr: &Expr| matches!(expr, Expr::Name(name) if function.parameters.iter().any(|parameter| parameter.name == name.id.as_str()));
    function.events.iter().any(|event| {
        let EventKind::Call(call, _) = event.kind else { return false };
        let registers = match &*call.func {
            Expr::Attribute(attribute) => {
                let name = attribute.attr.as_str();
                index().methods.contains_key(name) && !FILLERS.contains(&name)
            }
            Expr::Call(decorator) => {
                matches!(&*decorator.func, Expr::Attribute(attribute) if index().decorators.contains_key(attribute.attr.as_str()))
            }
            _ => false,
        };
        let named = call.arguments.keywords.iter().map(|keyword| &keyword.value);
        registers && call.arguments.args.iter().chain(named).any(is_parameter)
    })
}

/// These names, and those that are bound to something read from them: `router = app.router`.
fn derived<'a>(types: &Types<'a>, id: FunctionId, open: &[&'a str]) -> Vec<&'a str> {
    let bindings = &types.function(id).bindings;
    let reads = |name: &&&'a str| {
        let values = bindings.get(**name).into_iter().flatten().filter_map(|binding| match binding.bound {
            Bound::Value { value: Some(value), .. } => root_of(value),
            _ => None,
        });
        values.into_iter().any(|root| open.contains(&root))
    };
    open.iter().copied().chain(bindings.keys().filter(|name| reads(name)).copied()).collect()
}

/// Whether a function inside is decorated with a method of one of these parameters.
fn decorates(types: &Types<'_>, id: FunctionId, open: &[&str]) -> bool {
    let functions = &types.facts_at(id.file).functions;
    functions.iter().filter(|function| function.parent == id.index).any(|function| {
        function.decorators.iter().any(|decorator| {
            let callee = match &decorator.expression {
                Expr::Call(call) => &*call.func,
                other => other,
            };
            matches!(callee, Expr::Attribute(attribute) if root_of(&attribute.value).is_some_and(|root| open.contains(&root)))
        })
    })
}

/// The name that attributes are read from: `app` of `app.router`.
fn root_of(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Name(name) => Some(name.id.as_str()),
        Expr::Attribute(attribute) => root_of(&attribute.value),
        _ => None,
    }
}

impl<'a> Finder<'_, 'a> {
    /// Reads what a call leads to with what it gives, if that registers something on it.
    pub(super) fn follow(&mut self, call: &'a ast::ExprCall, frame: Frame) {
        let name = match &*call.func {
            Expr::Attribute(attribute) => attribute.attr.as_str(),
            Expr::Name(name) => name.id.as_str(),
            _ => return,
        };
        if !self.registrars.contains(name) || self.visited.len() >= MAX_VISITS || self.depth >= MAX_DEPTH {
            return;
        }
        for callee in self.types.value(&call.func, frame).iter() {
            let targets = match callee {
                Value::Function(_) => vec![callee.clone()],
                Value::Class(class) => self.types.method(*class, "__init__"),
                _ => continue,
            };
            for target in targets {
                if let Value::Function(target) = target {
                    self.visit(target, call, frame);
                }
            }
        }
    }

    fn visit(&mut self, target: Frame, call: &'a ast::ExprCall, frame: Frame) {
        let known = self.with_given(target, call, frame);
        if known != target {
            self.read(known);
        }
    }

    /// A function with what a call gives it: besides what is carried into any function, the objects that
    /// something may be registered on.
    pub(super) fn with_given(&self, target: Frame, call: &'a ast::ExprCall, frame: Frame) -> Frame {
        let function = self.types.function(target.function);
        let is_static = self.types.has_decorator(target.function, "staticmethod");
        let shift = usize::from(function.class.is_some() && !is_static);
        let positional = call.arguments.args.iter().zip(shift..);
        let named = call.arguments.keywords.iter().filter_map(|keyword| {
            let name = keyword.arg.as_ref()?.as_str();
            let position = function.parameters.iter().position(|parameter| parameter.name == name)?;
            Some((&keyword.value, position))
        });
        let mut known = match self.types.with_arguments(&Value::Function(target), call, frame) {
            Value::Function(known) => known,
            _ => target,
        };
        for (argument, position) in positional.chain(named) {
            let Some(parameter) = function.parameters.get(position) else { continue };
            if parameter.annotation.is_some() || parameter.variadic {
                continue;
            }
            let values = self.types.value(argument, frame);
            let object =
                values.iter().find(|value| matches!(value, Value::Instance(_) | Value::Object(_) | Value::Member(..)));
            if let (Some(object), Ok(position)) = (object, u16::try_from(position)) {
                known = self.types.with_known(known, position, object.clone());
            }
        }
        known
    }

    /// Reads a function with what is known of its arguments, and the functions inside.
    pub(super) fn read(&mut self, known: Frame) {
        if self.visited.len() >= MAX_VISITS || !self.visited.insert(known) {
            return;
        }
        self.depth += 1;
        self.function(known);
        let file = known.function.file;
        let inside = self.types.facts_at(file).functions.iter().zip(0..);
        let inside: Vec<u32> = inside
            .filter(|(function, index)| function.parent == known.function.index && *index != 0)
            .map(|(_, index)| index)
            .collect();
        for index in inside {
            self.function(Frame { function: FunctionId { file, index }, ..known });
        }
        self.depth -= 1;
    }
}
