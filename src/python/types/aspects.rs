//! What is certain of attributes of a name, because a condition has asked about them, here or where it was handed over:
//! `if note.is_binary: continue`, and then `store(note)`.
//!
//! Only of fields of the project's own classes that nobody sets from outside of their objects: what a property or a
//! library answers may change from one question to the next.

use std::rc::Rc;

use super::asserted::{said, said_of_this};
use super::{ClassId, Entry, Frame, FunctionId, Known, Types, Value};
use crate::python::calls::{EventKind, Forwarded, Slot};
use crate::python::names::{Binding, Bound, visible};
use crate::python::syntax::ast::{self, Expr};
use crate::python::syntax::span_of;
use crate::python::syntax::visitor::{self, Visitor};

/// How many attributes of one function's parameters are carried.
const MAX_ASPECTS: usize = 4;
/// Through how many functions a parameter is followed that is handed on.
const MAX_HANDED_ON: usize = 8;
/// How many functions may have one name before it is too common to say who is called.
const MAX_NAMED: usize = 24;
/// What marks the position under which is kept what is certain of attributes of an argument.
const MARK: u16 = 0x2000;

/// A parameter, by position, and an attribute of it.
pub(super) type Aspect<'a> = (usize, &'a str);

impl<'a> Types<'a> {
    /// What is certain of attributes of the arguments of a call, where the function asks about them.
    pub(super) fn aspect_entries(
        &self,
        target: &Frame,
        shift: usize,
        call: &'a ast::ExprCall,
        frame: Frame,
    ) -> Vec<Entry<'a>> {
        let wanted = self.aspects(target.function, 0);
        let mut entries: Vec<Entry<'a>> = Vec::new();
        if wanted.is_empty() {
            return entries;
        }
        for (position, parameter) in self.function(target.function).parameters.iter().enumerate().skip(shift) {
            let mut attributes = wanted.iter().filter(|(at, _)| *at == position).map(|(_, name)| *name).peekable();
            if attributes.peek().is_none() || parameter.variadic {
                continue;
            }
            let before = || call.arguments.args.get(..=position - shift);
            let by_position =
                || before().filter(|all| parameter.positional && !all.iter().any(Expr::is_starred_expr))?.last();
            let given = call.arguments.find_keyword(parameter.name).map(|keyword| &keyword.value).or_else(by_position);
            let Some(given) = given else { continue };
            let known: Vec<(Rc<str>, super::Values<'a>)> = attributes
                .filter_map(|name| {
                    let known = self.aspect(given, name, frame)?;
                    Some((Rc::from(name), Rc::from([Value::Known(known)])))
                })
                .collect();
            if let (false, Ok(position)) = (known.is_empty(), u16::try_from(position)) {
                entries.push(((target.function, Self::certain(position | MARK)), Value::Record(known.into())));
            }
        }
        entries
    }

    /// What is certain of an attribute of what a name stands for.
    pub(super) fn aspect(&self, object: &'a Expr, attribute: &str, frame: Frame) -> Option<Known<'a>> {
        let Expr::Name(named) = object else { return None };
        let (name, at) = (named.id.as_str(), span_of(named).start);
        let function = self.function(frame.function);
        let bindings = function.bindings.get(name).filter(|_| frame.function.index != 0)?;
        let seen = visible(bindings, at);
        let is_it = |expr: &Expr| match expr {
            Expr::Attribute(asked) => {
                asked.attr.as_str() == attribute && matches!(&*asked.value, Expr::Name(one) if one.id.as_str() == name)
            }
            _ => false,
        };
        let untouched_since = |asked: usize| {
            let is_written = function.events.iter().chain(&function.once).any(|event| {
                matches!(event.kind, EventKind::Write(target) if is_it(target))
                    && asked <= event.span.start
                    && event.span.start <= at
            });
            let then = visible(bindings, asked);
            !is_written && then.iter().map(|one| one.at).eq(seen.iter().map(|one| one.at))
        };
        let leaf = |test: &'a Expr, holds: bool| said_of_this(&is_it, test, holds);
        let around = function.conditions.iter().filter(|one| one.region.contains(at));
        let here = || {
            let mut said = around.filter_map(|one| Some((span_of(one.test).end, said(one.test, one.holds, &leaf)?)));
            said.rfind(|(end, _)| untouched_since(*end)).map(|(_, known)| known)
        };
        let handed = || {
            let [Binding { bound: Bound::Parameter(position), .. }] = *seen else { return None };
            let Some(Value::Record(known)) = self.argument(frame, frame.function, Self::certain(position | MARK))
            else {
                return None;
            };
            let (_, values) = known.iter().find(|(name, _)| **name == *attribute)?;
            match **values {
                [Value::Known(known)] if untouched_since(0) => Some(known),
                _ => None,
            }
        };
        let known = here().or_else(handed)?;
        self.is_kept_by(object, attribute, frame).then_some(known)
    }

    /// Whether all that a name may stand for keeps what an attribute of it is given.
    fn is_kept_by(&self, object: &'a Expr, attribute: &str, frame: Frame) -> bool {
        if self.is_set_from_outside(attribute) {
            return false;
        }
        let values = self.value(object, frame);
        let keeps = |value: &Value<'a>| match value {
            Value::Object(class) => self.keeps_field(*class, attribute),
            _ => false,
        };
        !values.is_empty() && values.iter().all(keeps)
    }

    /// Whether nothing but the body and the constructor of a class gives its objects an attribute.
    fn keeps_field(&self, class: ClassId, attribute: &str) -> bool {
        let line = self.ancestry(class);
        let owners = line.iter().filter_map(|value| if let Value::Class(owner) = value { Some(*owner) } else { None });
        let given: Vec<(ClassId, &Binding<'a>)> = owners
            .flat_map(|owner| {
                self.class(owner).fields.get(attribute).into_iter().flatten().map(move |one| (owner, one))
            })
            .collect();
        let is_early = |(owner, binding): &(ClassId, &Binding<'a>)| {
            let scope = self.function(FunctionId { file: owner.file, index: binding.scope });
            scope.class != Some(owner.index) || scope.name.starts_with("__")
        };
        self.method(class, attribute).is_empty() && !given.is_empty() && given.iter().all(is_early)
    }

    /// The attributes of its parameters that a function asks about, or one that they are handed on to.
    fn aspects(&self, id: FunctionId, depth: usize) -> Rc<[Aspect<'a>]> {
        if let Some(known) = self.aspects.borrow().get(&id) {
            return Rc::clone(known);
        }
        let function = self.function(id);
        let position = |name: &str| function.parameters.iter().position(|parameter| parameter.name == name);
        let mut reads = Reads { found: Vec::new() };
        function.conditions.iter().for_each(|condition| reads.visit_expr(condition.test));
        let own = reads.found.into_iter().filter_map(|(name, attribute)| Some((position(name)?, attribute)));
        let mut found: Vec<Aspect<'a>> = own.collect();
        // Whoever leads back here is not asked again.
        self.aspects.borrow_mut().insert(id, Rc::new([]));
        for forwarded in &function.forwarded {
            if let Some(position) = position(forwarded.name).filter(|_| depth < MAX_HANDED_ON) {
                found.extend(self.asked_of_forwarded(forwarded, depth + 1).into_iter().map(|name| (position, name)));
            }
        }
        found.sort_unstable();
        found.dedup();
        found.truncate(MAX_ASPECTS);
        let found: Rc<[Aspect<'a>]> = found.into();
        self.aspects.borrow_mut().insert(id, Rc::clone(&found));
        found
    }

    fn asked_of_forwarded(&self, forwarded: &Forwarded<'a>, depth: usize) -> Vec<&'a str> {
        let by_name = self.by_name.get_or_init(|| self.functions_by_name());
        let named = by_name.get(forwarded.callee).map(Vec::as_slice).unwrap_or_default();
        if named.len() > MAX_NAMED {
            return Vec::new();
        }
        let asked = named.iter().flat_map(|&id| {
            let is_it = |position: usize| match forwarded.slot {
                // A method has one more, the object.
                Slot::Position(slot) => position == slot || position == slot + 1,
                Slot::Keyword(name) => self.function(id).parameters.get(position).is_some_and(|one| one.name == name),
            };
            let aspects = self.aspects(id, depth);
            aspects.iter().filter(|(position, _)| is_it(*position)).map(|(_, name)| *name).collect::<Vec<_>>()
        });
        asked.collect()
    }
}

/// The attributes of names that an expression reads.
struct Reads<'a> {
    found: Vec<(&'a str, &'a str)>,
}

impl<'a> Visitor<'a> for Reads<'a> {
    fn visit_expr(&mut self, expr: &'a Expr) {
        match expr {
            Expr::Attribute(attribute) => match &*attribute.value {
                Expr::Name(object) => self.found.push((object.id.as_str(), attribute.attr.as_str())),
                value => self.visit_expr(value),
            },
            // A method of it is asked, not what it keeps.
            Expr::Call(call) => {
                call.arguments.args.iter().for_each(|argument| self.visit_expr(argument));
            }
            _ => visitor::walk_expr(self, expr),
        }
    }
}
