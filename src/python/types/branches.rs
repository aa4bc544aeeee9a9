//! Which parts of a function cannot run with the arguments that it was given.

use std::rc::Rc;

use super::asserted::said;
use super::known::literal;
use super::{Entry, Environment, Frame, FunctionId, Known, Types, Value};
use crate::python::calls::{Condition, Forwarded, Interest, Parameter, Slot};
use crate::python::names::{Binding, Bound};
use crate::python::syntax::ast::{self, Expr};
use crate::source::Span;
use crate::values::HashMap;

/// How many arguments of one call are carried because they decide something.
const MAX_CERTAIN: usize = 8;
/// How many functions may have one name before it is too common to say who is called.
const MAX_NAMED: usize = 24;
/// Through how many functions a parameter is followed that is handed on.
const MAX_HANDED_ON: usize = 24;
/// Switches by which a program starts anew when its code changes.
const WATCHES: [&str; 3] = ["reload", "watch", "watch_files"];
/// Words in the names of classes that hold what a program is told.
const OF_PROGRAMS: [&str; 6] = ["arg", "conf", "option", "run", "server", "setting"];
/// How many parts of one function are left out.
const MAX_DEAD: usize = 256;
/// Past this many environments, no more are told apart by what is certain of arguments.
const MAX_TOLD_APART: usize = 12_000;

/// Decorators that leave it to the caller which arguments are given.
const LEAVES_ARGUMENTS: [&str; 13] = [
    "abstractmethod",
    "asynccontextmanager",
    "cache",
    "cached_property",
    "classmethod",
    "contextmanager",
    "final",
    "lru_cache",
    "override",
    "overload",
    "property",
    "staticmethod",
    "wraps",
];

/// The functions of a project by their names.
pub(super) type ByName<'a> = HashMap<&'a str, Vec<FunctionId>>;

impl<'a> Types<'a> {
    /// The parts of a function that cannot run with what is known of its arguments.
    pub fn dead(&self, frame: Frame) -> Rc<[Span]> {
        if self.function(frame.function).conditions.is_empty() {
            return Rc::new([]);
        }
        if let Some(known) = self.dead.borrow().get(&frame) {
            return Rc::clone(known);
        }
        let outer = self.rests_on.replace(usize::MAX);
        let conditions = self.function(frame.function).conditions.iter();
        let never = conditions.filter(|one| {
            let holds = self.holds(one.test, frame).map(|holds| holds == one.holds);
            !holds.unwrap_or(!one.in_development && !self.watches_code(one, frame))
        });
        let dead: Rc<[Span]> = never.map(|one| one.region).take(MAX_DEAD).collect();
        let inner = self.rests_on.replace(outer);
        if inner == usize::MAX {
            self.dead.borrow_mut().insert(frame, Rc::clone(&dead));
        }
        self.rests_on(inner);
        dead
    }

    /// Whether a condition asks whether the code is watched for changes, which is off unless somebody says so:
    /// `if config.run.watch:`.
    fn watches_code(&self, condition: &Condition<'a>, frame: Frame) -> bool {
        let asks = |test: &'a Expr, holds: bool| match test {
            Expr::Attribute(attribute) if holds && WATCHES.contains(&attribute.attr.as_str()) => Some(attribute),
            _ => None,
        };
        let Some(asked) = said(condition.test, condition.holds, &asks) else { return false };
        let [Value::Object(class)] = *self.value(&asked.value, frame) else { return false };
        let class = self.class(class);
        let name = class.name.to_ascii_lowercase();
        let is_off = match class.fields.get(asked.attr.as_str()).map(Vec::as_slice) {
            Some([Binding { bound: Bound::Value { value: Some(Expr::BooleanLiteral(off)), .. }, .. }]) => !off.value,
            _ => false,
        };
        is_off && OF_PROGRAMS.iter().any(|word| name.contains(word))
    }

    /// Whether a part of a function is in one of those that cannot run.
    pub fn is_dead(dead: &[Span], span: Span) -> bool {
        dead.iter().any(|region| region.start <= span.start && span.end <= region.end)
    }

    /// What is certain of the arguments of a call, where the function asks about it.
    pub(super) fn certain_entries(
        &self,
        target: &Frame,
        shift: usize,
        call: &'a ast::ExprCall,
        frame: Frame,
    ) -> Vec<Entry<'a>> {
        let mut entries = self.certain_of(target, shift, call, frame, self.leaves_arguments(target.function));
        if self.environments.borrow().len() < MAX_TOLD_APART {
            entries.extend(self.rest_handed(target, call, frame));
            entries.extend(self.aspect_entries(target, shift, call, frame));
        }
        entries
    }

    /// As [`certain_entries`](Self::certain_entries), where `is_all` says whether what the call leaves out is left
    /// to the defaults.
    pub(super) fn certain_of(
        &self,
        target: &Frame,
        shift: usize,
        call: &'a ast::ExprCall,
        frame: Frame,
        is_all: bool,
    ) -> Vec<Entry<'a>> {
        let asks = self.asks(target.function, 0);
        if asks.iter().all(|asked| *asked == Interest::None) && self.function(target.function).keywords.is_empty()
            || self.environments.borrow().len() >= MAX_TOLD_APART
        {
            return Vec::new();
        }
        let function = self.function(target.function);
        let splatted = self.splatted(call, frame).filter(|_| !call.arguments.args.iter().any(Expr::is_starred_expr));
        let omits =
            |name: &str| is_all && splatted.as_ref().is_some_and(|names| !self.may_hand_over(names, name, frame));
        let mut entries = Vec::new();
        for (position, parameter) in function.parameters.iter().enumerate().skip(shift) {
            if asks[position] == Interest::None || parameter.variadic || entries.len() >= MAX_CERTAIN {
                continue;
            }
            let named = call
                .arguments
                .keywords
                .iter()
                .find(|keyword| keyword.arg.as_ref().is_some_and(|name| name.as_str() == parameter.name));
            let by_position = || {
                let before = call.arguments.args.get(..=position - shift)?;
                before.last().filter(|_| parameter.positional && !before.iter().any(Expr::is_starred_expr))
            };
            let at = u16::try_from(position).unwrap_or(u16::MAX >> 2);
            let is_bound = || self.argument(*target, target.function, at).is_some();
            let known = match named.map(|keyword| &keyword.value).or_else(by_position) {
                Some(argument) => self.known_when_handed(argument, frame),
                None if omits(parameter.name) && !is_bound() => parameter.default.and_then(literal),
                None => None,
            };
            let known = known.map(|known| known.as_asked(asks[position]));
            entries.extend(known.map(|known| ((target.function, Self::certain(at)), Value::Known(known))));
        }
        // What it reads out of its `**kwargs` comes after its parameters.
        for (name, position) in function.keywords.iter().zip(function.parameters.len()..) {
            let mut named = call.arguments.keywords.iter();
            let known = match named.find(|keyword| keyword.arg.as_ref().is_some_and(|given| given.as_str() == *name)) {
                Some(keyword) => self.known_when_handed(&keyword.value, frame),
                None => omits(name).then_some(Known::None),
            };
            let at = Self::certain(u16::try_from(position).unwrap_or(u16::MAX >> 2));
            let known = known.map(|known| known.as_asked(Interest::Truth)).filter(|_| entries.len() < MAX_CERTAIN);
            entries.extend(known.map(|known| ((target.function, at), Value::Known(known))));
        }
        entries
    }

    /// What is certain of an argument.
    fn known_when_handed(&self, argument: &'a Expr, frame: Frame) -> Option<Known<'a>> {
        let promised = || self.promised(argument, frame);
        let made = || self.made_for_certain(argument, frame, 0);
        self.known(argument, frame).or_else(promised).or_else(made)
    }

    /// Whether the decorators of a function change nothing about which arguments it takes.
    pub(super) fn leaves_arguments(&self, function: FunctionId) -> bool {
        self.function(function).decorators.iter().all(|decorator| {
            let name = crate::python::calls::last_name(&decorator.expression);
            LEAVES_ARGUMENTS.contains(&name) || matches!(name, "setter" | "deleter")
        })
    }

    /// Per parameter, how much conditions ask about it, in the function or in one that it is handed on to.
    fn asks(&self, id: FunctionId, depth: usize) -> Rc<[Interest]> {
        if let Some(known) = self.asks.borrow().get(&id) {
            return Rc::clone(known);
        }
        let function = self.function(id);
        let of = |parameter: &Parameter<'a>| function.asked.get(parameter.name).copied().unwrap_or_default();
        let mut asks: Vec<Interest> = function.parameters.iter().map(of).collect();
        for keeping in self.keepings(id).iter() {
            if let Some(asked) = asks.get_mut(keeping.position()) {
                *asked = keeping.interest.max(*asked);
            }
        }
        // Whoever leads back here is not asked again.
        self.asks.borrow_mut().insert(id, asks.clone().into());
        for forwarded in &function.forwarded {
            let position = function.parameters.iter().position(|parameter| parameter.name == forwarded.name);
            if let Some(asked) = position.and_then(|position| asks.get_mut(position))
                && *asked != Interest::Value
            {
                *asked = self.asked_elsewhere(forwarded, depth + 1).max(*asked);
            }
        }
        let asks: Rc<[Interest]> = asks.into();
        self.asks.borrow_mut().insert(id, Rc::clone(&asks));
        asks
    }

    fn asked_elsewhere(&self, forwarded: &Forwarded<'a>, depth: usize) -> Interest {
        let by_name = self.by_name.get_or_init(|| self.functions_by_name());
        let named = by_name.get(forwarded.callee).map(Vec::as_slice).unwrap_or_default();
        if named.len() > MAX_NAMED || depth > MAX_HANDED_ON {
            return if forwarded.callee == "__init__" { Interest::Truth } else { Interest::None };
        }
        let asked = named.iter().map(|&id| {
            let asks = self.asks(id, depth);
            let at = |position: usize| asks.get(position).copied().unwrap_or_default();
            match forwarded.slot {
                Slot::Position(position) => at(position).max(at(position + 1)),
                Slot::Keyword(name) => {
                    let mut parameters = self.function(id).parameters.iter();
                    parameters.position(|parameter| parameter.name == name).map(at).unwrap_or_default()
                }
            }
        });
        asked.max().unwrap_or_default()
    }

    /// The functions of the project by their names, constructors by those of their classes.
    pub(super) fn functions_by_name(&self) -> ByName<'a> {
        let mut by_name = ByName::default();
        for (facts, file) in self.project.facts.iter().zip(0..) {
            for (function, index) in facts.functions.iter().zip(0..) {
                let id = FunctionId { file, index };
                by_name.entry(function.name).or_default().push(id);
                let class = function.class.and_then(|class| facts.classes.get(class as usize));
                if let Some(class) = class.filter(|_| function.name == "__init__") {
                    by_name.entry(class.name).or_default().push(id);
                }
            }
        }
        by_name
    }

    /// An environment without what is certain of the arguments of functions other than those around
    /// `function`.
    pub(super) fn for_scope(&self, environment: Environment, function: FunctionId) -> Environment {
        self.without_certain(environment, |known| self.encloses(known, function) && known != function)
    }

    /// A frame without what is certain of arguments.
    pub fn uncertain(&self, frame: Frame) -> Frame {
        Frame { environment: self.without_certain(frame.environment, |_| false), ..frame }
    }

    fn without_certain(&self, environment: Environment, keep: impl Fn(FunctionId) -> bool) -> Environment {
        if environment == Environment::default() {
            return environment;
        }
        let entries = Rc::clone(&self.environments.borrow()[environment.0 as usize]);
        let stays = |entry: &&Entry<'a>| !Self::is_certain(entry.0.1) || keep(entry.0.0);
        let kept: Vec<Entry<'a>> = entries.iter().filter(stays).cloned().collect();
        if kept.len() == entries.len() { environment } else { self.extend(Environment::default(), kept) }
    }
}
