//! Where functions of the project are called, for parameters that say nothing about themselves.
//!
//! Asked only for what outlives a call: attributes and containers that are given a parameter. What a
//! parameter is inside a call is known from the call itself.

use super::everywhere::{handed_by, names_handed};
use super::expressions::is_plain;
use super::{ClassId, Environment, Frame, FunctionId, Question, Types, Value};
use crate::python::calls::{Function, Outside, last_name};
use crate::python::names::{Binding, Bound};
use crate::python::syntax::ast::{self, Expr};
use crate::python::syntax::span_of;
use crate::values::{HashMap, HashSet};

/// How many calls of one name are looked at before the name is too common to say anything but which functions are
/// handed over.
const MAX_SITES: usize = 48;
/// How many of those that hand over a function.
const MAX_HANDING: usize = 2_000;
/// How many arguments that one call gives for `*rest` are looked at.
const MAX_REST: usize = 16;

/// A call, and the function it stands in.
pub(super) type Site<'a> = (FunctionId, &'a ast::ExprCall);

/// The calls and the decorators of the loaded modules, by their last name.
#[derive(Debug, Default)]
pub(super) struct Sites<'a> {
    pub(super) calls: HashMap<&'a str, Vec<Site<'a>>>,
    /// The names of all functions.
    functions: HashSet<&'a str>,
    pub(super) decorated: HashMap<&'a str, Vec<FunctionId>>,
    decorated_classes: HashMap<&'a str, Vec<ClassId>>,
    /// Assignments to attributes from outside, with the file they stand in.
    pub(super) outside: HashMap<&'a str, Vec<(u32, Outside<'a>)>>,
    /// The names of attributes that are changed in place.
    pub(super) changed: HashSet<&'a str>,
    /// The names that somebody is given, or that stand in lists and mappings.
    pub(super) handed: HashSet<&'a str>,
    /// Those among them that a call is given as they are, with the call.
    handing: HashMap<&'a str, Vec<Site<'a>>>,
    /// Those among them that names, attributes and results stand for.
    kept: HashSet<&'a str>,
    /// The names that somebody imports under another one.
    pub(super) renamed: HashSet<&'a str>,
    /// The names of which somebody calls an attribute: `Cache.open()`.
    pub(super) owners: HashSet<&'a str>,
    /// What the bags of applications are given, with the file.
    pub(super) state: HashMap<&'a str, Vec<(u32, Binding<'a>)>>,
}

impl<'a> Types<'a> {
    pub(super) fn sites(&self) -> &Sites<'a> {
        self.sites.get_or_init(|| {
            let mut sites = Sites::default();
            for &file in self.loaded.borrow().iter() {
                let facts = self.facts_at(file);
                let mut handed = Vec::new();
                for &(index, call) in &facts.calls {
                    handed_by(call, &mut handed);
                    if let Expr::Attribute(method) = &*call.func {
                        sites.owners.insert(last_name(&method.value));
                    }
                    let named = call.arguments.keywords.iter().map(|keyword| &keyword.value);
                    for given in call.arguments.args.iter().chain(named).filter(|one| is_named(one)) {
                        sites.handing.entry(last_name(given)).or_default().push((FunctionId { file, index }, call));
                    }
                    sites.calls.entry(last_name(&call.func)).or_default().push((FunctionId { file, index }, call));
                }
                for (name, assigned) in &facts.outside {
                    sites.outside.entry(name).or_default().extend(assigned.iter().map(|outside| (file, *outside)));
                }
                sites.changed.extend(&facts.changed);
                let mut kept = Vec::new();
                let bound = facts.functions.iter().flat_map(|function| &function.bindings);
                for (known, binding) in bound.flat_map(|(name, all)| all.iter().map(move |one| (*name, one))) {
                    match binding.bound {
                        Bound::Value { value: Some(value), .. } => names_handed(value, &mut kept, 0),
                        Bound::From { name, .. } if name != known => {
                            sites.renamed.insert(name);
                        }
                        _ => {}
                    }
                }
                for result in facts.functions.iter().flat_map(|function| &function.results) {
                    names_handed(result, &mut kept, 0);
                }
                sites.handed.extend(handed.into_iter().chain(kept.iter().copied()));
                sites.kept.extend(kept);
                for (name, bindings) in &facts.state {
                    sites.state.entry(name).or_default().extend(bindings.iter().map(|binding| (file, *binding)));
                }
                for (function, index) in facts.functions.iter().zip(0..) {
                    sites.functions.insert(function.name);
                    for decorator in function.decorators {
                        let name = last_name(&decorator.expression);
                        sites.decorated.entry(name).or_default().push(FunctionId { file, index });
                    }
                }
                for (class, index) in facts.classes.iter().zip(0..) {
                    for decorator in class.decorators {
                        let name = last_name(&decorator.expression);
                        sites.decorated_classes.entry(name).or_default().push(ClassId { file, index });
                    }
                }
            }
            sites
        })
    }

    /// Whether a loaded module calls something of this name.
    pub fn calls_named(&self, name: &str) -> bool {
        self.sites().calls.contains_key(name)
    }

    /// Whether threads may have the loop run something, anywhere in what is loaded.
    pub fn has_back_calls(&self) -> bool {
        self.sites().calls.get("run").is_some_and(|calls| {
            calls.iter().any(|(_, call)| match &*call.func {
                Expr::Attribute(attribute) => last_name(&attribute.value) == "from_thread",
                _ => false,
            })
        })
    }

    /// What callers give for a parameter, joined over all of them.
    pub(super) fn given(&self, frame: Frame, position: u16) -> Vec<Value<'a>> {
        if self.loaded.borrow().is_empty() {
            return Vec::new();
        }
        // Of what is known there, only the object matters, and only to these.
        let function = self.function(frame.function);
        let receiver = matches!(function.name, "__init__" | "__new__" | "initialize") && function.class.is_some();
        let receiver = receiver.then(|| self.argument(frame, frame.function, 0)).flatten();
        let entries = receiver.map(|receiver| ((frame.function, 0), receiver)).into_iter().collect();
        let environment = self.extend(Environment::default(), entries);
        self.ask(Question::Given(position), Frame { environment, ..frame }).to_vec()
    }

    /// What the calls of a function give for a parameter, read afresh.
    pub(super) fn read_calls(&self, frame: Frame, position: u16) -> Vec<Value<'a>> {
        let function = self.function(frame.function);
        let mut found = if function.class.is_some() && matches!(function.name, "__init__" | "__new__") {
            self.given_to_constructor(frame, position)
        } else {
            self.given_to_function(frame, position)
        };
        found.retain(|value| *value != Value::Unknown);
        found
    }

    fn given_to_function(&self, frame: Frame, position: u16) -> Vec<Value<'a>> {
        let function = self.function(frame.function);
        let mut found = Vec::new();
        let gives = |call| (0..=1).flat_map(|shift| arguments_of(function, position, shift, call)).collect();
        for (caller, call) in self.calls_giving(function.name, gives) {
            let callees = self.value(&call.func, self.plain(caller));
            let is_meant =
                |value: &&Value<'a>| matches!(value, Value::Function(target) if target.function == frame.function);
            if let Some(callee) = callees.iter().find(is_meant) {
                let shift = self.receiver_shift(callee, call, self.plain(caller));
                found.extend(self.argument_at(function, position, shift, call, caller));
            }
        }
        self.keep_functions_of_common(function.name, &mut found);
        let is_static = self.has_decorator(frame.function, "staticmethod");
        if position == u16::from(function.class.is_some() && !is_static) {
            found.extend(self.decorated_by(frame.function));
        }
        if function.name == "initialize"
            && let Some(index) = function.class
            && let Some(parameter) = function.parameters.get(usize::from(position))
        {
            let class = ClassId { file: frame.function.file, index };
            let receiver = match self.argument(frame, frame.function, 0) {
                Some(Value::Object(receiver)) => receiver,
                _ => class,
            };
            found.extend(self.given_by_route(receiver, parameter.name));
        }
        found
    }

    /// `@decorator` and, for the function that a decorator factory returns, `@factory(...)`.
    fn decorated_by(&self, decorator: FunctionId) -> Vec<Value<'a>> {
        let function = self.function(decorator);
        let factory = FunctionId { index: function.parent, ..decorator };
        let is_inner = function.parent != 0;
        let (name, wanted) = if is_inner { (self.function(factory).name, factory) } else { (function.name, decorator) };
        let is_meant = |value: &Value<'a>| matches!(value, Value::Function(target) if target.function == wanted);
        self.decorated_with(name, is_inner, is_meant)
    }

    /// The functions and classes to which a decorator of this name is applied, with or without arguments of
    /// its own.
    fn decorated_with(&self, name: &str, by_call: bool, is_meant: impl Fn(&Value<'a>) -> bool) -> Vec<Value<'a>> {
        let functions = self.sites().decorated.get(name).map(Vec::as_slice).unwrap_or_default();
        let classes = self.sites().decorated_classes.get(name).map(Vec::as_slice).unwrap_or_default();
        if functions.len() + classes.len() > MAX_SITES * 2 {
            return Vec::new();
        }
        let applies = |decorators: &'a [ast::Decorator], file: u32, index: u32| {
            let around = self.plain(FunctionId { file, index });
            decorators.iter().any(|applied| {
                let callee = match &applied.expression {
                    Expr::Call(call) if by_call => &*call.func,
                    Expr::Call(_) => return false,
                    other => other,
                };
                last_name(callee) == name && self.value(callee, around).iter().any(&is_meant)
            })
        };
        let functions = functions.iter().filter(|id| {
            let function = self.function(**id);
            applies(function.decorators, id.file, function.parent)
        });
        let classes = classes.iter().filter(|id| {
            let class = self.class(**id);
            applies(class.decorators, id.file, class.scope)
        });
        let functions = functions.map(|id| Value::Function(self.plain(*id)));
        functions.chain(classes.map(|id| Value::Class(*id))).collect()
    }

    /// The functions that are registered for some type of argument by `@function.register`.
    pub(super) fn registered_for(&self, dispatcher: &Value<'a>) -> Vec<Value<'a>> {
        let Value::Function(Frame { function: dispatcher, .. }) = *dispatcher else { return Vec::new() };
        if self.loaded.borrow().is_empty() {
            return Vec::new();
        }
        let is_meant = |name: &ast::ExprName, frame: Frame| {
            let sources = self.sources(name.id.as_str(), frame, span_of(name).start);
            sources.into_iter().any(|(bound, frame)| match bound {
                Bound::Function(index) => (FunctionId { index, ..frame.function }) == dispatcher,
                _ => false,
            })
        };
        let class = self.function(dispatcher).class;
        let registered = self.sites().decorated.get("register").into_iter().flatten().filter(|id| {
            let function = self.function(**id);
            let around = self.plain(FunctionId { index: function.parent, ..**id });
            function.decorators.iter().any(|decorator| {
                let callee =
                    if let Expr::Call(call) = &decorator.expression { &call.func } else { &decorator.expression };
                let Expr::Attribute(attribute) = callee else { return false };
                let Expr::Name(name) = &*attribute.value else { return false };
                let in_class = class.is_some() && class == function.class && id.file == dispatcher.file;
                attribute.attr.as_str() == "register"
                    && if class.is_some() {
                        in_class && name.id.as_str() == self.function(dispatcher).name
                    } else {
                        is_meant(name, around)
                    }
            })
        });
        registered.take(MAX_SITES).map(|id| Value::Function(self.plain(*id))).collect()
    }

    fn given_to_constructor(&self, frame: Frame, position: u16) -> Vec<Value<'a>> {
        let function = self.function(frame.function);
        let Some(index) = function.class else { return Vec::new() };
        let owner = ClassId { file: frame.function.file, index };
        let receiver = match self.argument(frame, frame.function, 0) {
            Some(Value::Object(class) | Value::Class(class)) => class,
            _ => owner,
        };
        // Where only the base is known, the object may be of any class below it.
        let mut classes = vec![receiver];
        if receiver == owner {
            classes.extend(self.below(owner));
        }
        let mut found = Vec::new();
        for &class in &classes {
            let makes = self.method(class, function.name);
            let uses = makes.iter().any(|value| matches!(value, Value::Function(f) if f.function == frame.function));
            if !uses {
                continue;
            }
            if position == 1 {
                let is_meant = |value: &Value<'a>| *value == Value::Class(class);
                found.extend(self.decorated_with(self.class(class).name, false, is_meant));
            }
            let name = self.class(class).name;
            let own = self.calls_giving(name, |call| arguments_of(function, position, 1, call));
            let mut given = Vec::new();
            let mut of_nobody = Vec::new();
            for (caller, call) in own.into_iter().chain(self.calls_through_class(class)) {
                if self.is_never_called(caller) {
                    continue;
                }
                if self.value(&call.func, self.plain(caller)).contains(&Value::Class(class)) {
                    // Methods of objects that nobody makes.
                    let runs = self.class_around(caller).is_none_or(|around| !self.is_made_by_nobody(around));
                    let kept = if runs { &mut given } else { &mut of_nobody };
                    kept.extend(self.argument_at(function, position, 1, call, caller));
                }
            }
            if given.is_empty() {
                given = of_nobody;
            }
            self.keep_functions_of_common(name, &mut given);
            found.extend(given);
        }
        let gives = |call| (0..=1).any(|shift| !arguments_of(function, position, shift, call).is_empty());
        for (caller, call) in self.calls_of(function.name).into_iter().filter(|(_, call)| gives(call)) {
            let from = self.class_around(caller);
            let related = from.is_some_and(|from| {
                classes.iter().any(|class| *class == from || self.ancestry(*class).contains(&Value::Class(from)))
            });
            if !related {
                continue;
            }
            let callees = self.value(&call.func, self.plain(caller));
            let is_meant = |value: &&Value<'a>| matches!(value, Value::Function(f) if f.function == frame.function);
            if let Some(callee) = callees.iter().find(is_meant) {
                let shift = self.receiver_shift(callee, call, self.plain(caller));
                found.extend(self.argument_at(function, position, shift, call, caller));
            }
        }
        found
    }

    /// What the constructor of a class is given for a parameter, where it is known of every call of it: objects of
    /// classes below `base`.
    pub(super) fn given_by_all(&self, frame: Frame, position: u16, base: ClassId) -> Option<Vec<Value<'a>>> {
        let function = self.function(frame.function);
        let index = function.class.filter(|_| function.name == "__init__")?;
        let class = ClassId { file: frame.function.file, index };
        if self.loaded.borrow().is_empty() || !self.below(class).is_empty() {
            return None;
        }
        let mut found = Vec::new();
        for (caller, call) in self.calls_of(self.class(class).name) {
            if !self.value(&call.func, self.plain(caller)).contains(&Value::Class(class)) {
                continue;
            }
            let given = self.argument_at(function, position, 1, call, caller);
            let is_below = |value: &Value<'a>| match value {
                Value::Object(one) => *one != base && self.ancestry(*one).contains(&Value::Class(base)),
                _ => false,
            };
            if given.is_empty() || !given.iter().all(is_below) {
                return None;
            }
            found.extend(given);
        }
        (!found.is_empty()).then_some(found)
    }

    /// What is given for a field of a class whose constructor is made from its fields.
    pub(super) fn given_to_field(&self, class: ClassId, name: &str) -> Vec<Value<'a>> {
        let facts = self.class(class);
        if self.loaded.borrow().is_empty() || !self.method(class, "__init__").is_empty() {
            return Vec::new();
        }
        let mut fields: Vec<(usize, &str)> = facts
            .fields
            .iter()
            .filter_map(|(name, bindings)| {
                let first = bindings.first()?;
                matches!(first.bound, Bound::Value { annotation: Some(_), .. }).then_some((first.at, *name))
            })
            .collect();
        fields.sort_unstable();
        let position = fields.iter().position(|(_, field)| *field == name);
        let argument = |call: &'a ast::ExprCall| {
            let named = call
                .arguments
                .keywords
                .iter()
                .find(|keyword| keyword.arg.as_ref().is_some_and(|known| known.as_str() == name));
            let by_position = || position.and_then(|position| call.arguments.args.get(position));
            named.map(|keyword| &keyword.value).or_else(by_position)
        };
        let mut found = Vec::new();
        let own = self.calls_giving(facts.name, |call| argument(call).into_iter().collect());
        for (caller, call) in own.into_iter().chain(self.calls_through_class(class)) {
            if self.is_never_called(caller) {
                continue;
            }
            let frame = self.open(self.plain(caller));
            if self.value(&call.func, frame).contains(&Value::Class(class)) {
                found.extend(argument(call).map(|given| self.value(given, frame).to_vec()).unwrap_or_default());
            }
        }
        self.keep_functions_of_common(facts.name, &mut found);
        found
    }

    /// The class in which a function stands, however deep.
    pub(super) fn class_around(&self, function: FunctionId) -> Option<ClassId> {
        let mut id = function;
        while self.function(id).class.is_none() && id.index != 0 {
            id.index = self.function(id).parent;
        }
        self.function(id).class.map(|index| ClassId { file: id.file, index })
    }

    /// The calls that are given what goes by this name.
    pub(super) fn calls_handing(&self, name: &str) -> impl Iterator<Item = Site<'a>> {
        self.sites().handing.get(name).into_iter().flatten().copied()
    }

    /// Whether what goes by this name is kept or returned otherwise than by a call that is given it.
    pub(super) fn is_kept_elsewhere(&self, name: &str) -> bool {
        self.sites().kept.contains(name)
    }

    /// The calls of what goes by this name, each with the function that it stands in; none where there are too many.
    pub fn calls_of(&self, name: &str) -> Vec<(FunctionId, &'a ast::ExprCall)> {
        let calls = self.sites().calls.get(name).map(Vec::as_slice).unwrap_or_default();
        if calls.len() > MAX_SITES { Vec::new() } else { calls.to_vec() }
    }

    /// `cls(...)` in the file of a class.
    pub(super) fn calls_through_class(&self, class: ClassId) -> Vec<Site<'a>> {
        let calls = self.sites().calls.get("cls").into_iter().flatten();
        calls.filter(|(caller, _)| caller.file == class.file).take(MAX_SITES).copied().collect()
    }

    /// The calls of what goes by this name, as far as `arguments` finds one there. Of a name that is called all
    /// over the place, those that hand over what is called like a function: a registry is called for each handler.
    fn calls_giving(&self, name: &str, arguments: impl Fn(&'a ast::ExprCall) -> Vec<&'a Expr>) -> Vec<Site<'a>> {
        let sites = self.sites();
        let is_common = self.is_common(name);
        let may_be_function = |argument: &&'a Expr| match argument {
            Expr::Name(_) | Expr::Attribute(_) => sites.functions.contains(last_name(argument)),
            Expr::Lambda(_) => true,
            _ => false,
        };
        let is_meant = |call| {
            let given = arguments(call);
            if is_common { given.iter().any(may_be_function) } else { !given.is_empty() }
        };
        let calls = sites.calls.get(name).into_iter().flatten();
        calls.filter(|(_, call)| is_meant(call)).take(MAX_HANDING).copied().collect()
    }

    /// Of what the calls of such a name give, not all is looked at: the functions say what is called, anything else
    /// may be as different in the rest.
    fn keep_functions_of_common(&self, name: &str, found: &mut Vec<Value<'a>>) {
        if self.is_common(name) {
            found.retain(|value| matches!(value, Value::Function(_)));
        }
    }

    fn is_common(&self, name: &str) -> bool {
        self.sites().calls.get(name).is_some_and(|calls| calls.len() > MAX_SITES)
    }

    fn argument_at(
        &self,
        function: &Function<'a>,
        position: u16,
        shift: usize,
        call: &'a ast::ExprCall,
        caller: FunctionId,
    ) -> Vec<Value<'a>> {
        let frame = self.open(self.plain(caller));
        let arguments = arguments_of(function, position, shift, call);
        let given = arguments.into_iter().flat_map(|argument| self.value(argument, frame).to_vec()).collect();
        let is_variadic = function.parameters.get(usize::from(position)).is_some_and(|parameter| parameter.variadic);
        if is_variadic { Self::held(given) } else { given }
    }
}

/// The arguments that a call gives for a parameter, where it leaves out as many as `shift`, but for those of which
/// nothing is ever asked: several for `*rest`, else one.
fn arguments_of<'a>(function: &Function<'a>, position: u16, shift: usize, call: &'a ast::ExprCall) -> Vec<&'a Expr> {
    let position = usize::from(position);
    let Some(parameter) = function.parameters.get(position) else { return Vec::new() };
    if parameter.variadic && !parameter.keywords {
        let beyond = position.checked_sub(shift).and_then(|at| call.arguments.args.get(at..)).unwrap_or_default();
        return beyond.iter().filter(|one| !one.is_starred_expr() && !is_plain(one)).take(MAX_REST).collect();
    }
    let named = call
        .arguments
        .keywords
        .iter()
        .find(|keyword| keyword.arg.as_ref().is_some_and(|name| name.as_str() == parameter.name));
    let by_position = || {
        let at = position.checked_sub(shift).filter(|_| parameter.positional)?;
        let before = call.arguments.args.get(..=at)?;
        before.last().filter(|_| !before.iter().any(|argument| matches!(argument, Expr::Starred(_))))
    };
    let given = named.map(|keyword| &keyword.value).or_else(by_position);
    given.filter(|argument| !is_plain(argument)).into_iter().collect()
}

/// Whether an argument is a name, or an attribute of something.
fn is_named(argument: &Expr) -> bool {
    matches!(argument, Expr::Name(_) | Expr::Attribute(_))
}
