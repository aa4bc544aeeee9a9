//! Calls of functions: whose they are, whether they block, what they give.

use super::super::catalogue;
use super::super::handlers;
use super::super::names::Meaning;
use super::super::syntax::{Expression, Kind, Path, Type};
use super::super::values::{Head, Ty, is_transparent, last};
use super::Value;
use super::arguments::{Fate, is_future_value, of_library, of_method, peeled};
use super::walk::Walker;
use crate::rust::catalogue::Category;

/// Crates that others hand on as a part of themselves.
const HANDED_ON: [&str; 5] = ["tokio", "rusqlite", "ureq", "futures", "redis"];

/// What gives the two ends of a channel.
const CHANNELS: [(&str, &str, &str); 9] = [
    ("std::sync::mpsc::channel", "std::sync::mpsc::Sender", "std::sync::mpsc::Receiver"),
    ("std::sync::mpsc::sync_channel", "std::sync::mpsc::SyncSender", "std::sync::mpsc::Receiver"),
    ("tokio::sync::mpsc::channel", "tokio::sync::mpsc::Sender", "tokio::sync::mpsc::Receiver"),
    ("tokio::sync::mpsc::unbounded_channel", "tokio::sync::mpsc::UnboundedSender", "tokio::sync::mpsc::Receiver"),
    ("tokio::sync::oneshot::channel", "tokio::sync::oneshot::Sender", "tokio::sync::oneshot::Receiver"),
    ("tokio::sync::broadcast::channel", "tokio::sync::broadcast::Sender", "tokio::sync::broadcast::Receiver"),
    ("crossbeam_channel::bounded", "crossbeam_channel::Sender", "crossbeam_channel::Receiver"),
    ("crossbeam_channel::unbounded", "crossbeam_channel::Sender", "crossbeam_channel::Receiver"),
    ("crossbeam::channel::unbounded", "crossbeam_channel::Sender", "crossbeam_channel::Receiver"),
];
/// A library's name without the crate that hands it on.
pub(super) fn canonical(path: &str) -> &str {
    let behind = HANDED_ON.iter().filter_map(|name| {
        let at = path
            .match_indices("::")
            .find(|(at, _)| path[at + 2..].strip_prefix(name).is_some_and(|rest| rest.starts_with("::")));
        at.map(|(at, _)| &path[at + 2..])
    });
    behind.min_by_key(|path| path.len()).unwrap_or(path)
}
/// A value of which the type is known.
pub(super) fn typed(ty: Ty) -> Value {
    Value { ty, ..Value::default() }
}

impl Walker<'_> {
    #[allow(clippy::single_match_else, reason = "two kinds of names, equal in rank")]
    pub(super) fn call(&mut self, whole: &Expression, callee: &Expression, arguments: &[Expression]) -> Value {
        let awaited = std::mem::take(&mut self.awaited);
        let Kind::Path(path) = &peeled(callee).kind else {
            let known = self.evaluate(callee);
            for argument in arguments {
                self.argument(argument, Fate::Here, &[]);
            }
            return known.callable.map(|callable| self.run(&callable, &[], whole.span)).unwrap_or_default();
        };
        if let Some(known) = path.name().and_then(|name| self.local(name)).cloned() {
            let given: Vec<Ty> = arguments.iter().map(|one| self.argument(one, Fate::Here, &[]).ty).collect();
            return match &known.callable {
                Some(callable) => self.run(callable, &given, whole.span),
                // What a parameter that is called gives.
                None if known.ty.head == Head::Callable => {
                    typed(known.ty.arguments.into_iter().next().unwrap_or_default())
                }
                None => Value::default(),
            };
        }
        let meanings = self.meanings(path);
        let function = meanings.iter().find_map(|meaning| match meaning {
            Meaning::Function(at) => Some(*at),
            _ => None,
        });
        if let Some(at) = function.or_else(|| self.of_type(path)) {
            let mut at = at;
            // A method of a trait by the name of the trait is that of what it is given.
            if self.workspace.functions[at].of_trait.is_some() {
                let receiver = arguments.first().map(|one| self.quietly(one).ty).unwrap_or_default();
                at = self.method_of(&receiver, &self.workspace.functions[at].item.name.clone()).unwrap_or(at);
            }
            return self.own(at, 0, arguments, whole);
        }
        if meanings.iter().any(|meaning| matches!(meaning, Meaning::Type(_))) || path.last() == "Self" {
            for argument in arguments {
                self.argument(argument, Fate::Unknown, &[]);
            }
            return typed(self.workspace.ty(&self.around, &Type::Path(path.clone())));
        }
        let library = meanings.into_iter().find_map(|meaning| match meaning {
            Meaning::Library(path) => Some(path),
            _ => None,
        });
        match &library {
            Some(name) => self.of_library(canonical(name), path, arguments, whole, awaited),
            None => {
                // Variants of enumerations, and what macros declare.
                let declared = self.workspace.declared_by_macros(self.around.module, path);
                self.out.names.extend_from_slice(declared);
                let is_generated = path.last() == "with_interceptor";
                let fate = if is_generated {
                    Fate::Served
                } else {
                    of_method(path.last(), arguments.iter().any(is_future_value))
                };
                let mut known = Vec::new();
                for argument in arguments {
                    known.push(self.argument(argument, fate, &[]));
                }
                match known.pop() {
                    Some(one)
                        if known.is_empty()
                            && path.last().starts_with(char::is_uppercase)
                            && is_transparent(path.last()) =>
                    {
                        one
                    }
                    _ => Value::default(),
                }
            }
        }
    }

    /// What a value is, without what evaluating it does.
    fn quietly(&mut self, value: &Expression) -> Value {
        let outer = std::mem::take(&mut self.out);
        let known = self.evaluate(value);
        self.out = outer;
        known
    }

    /// A call of a function of the project.
    pub(super) fn own(&mut self, at: usize, shift: usize, arguments: &[Expression], whole: &Expression) -> Value {
        let around = self.workspace.around(at);
        let item = std::sync::Arc::clone(&self.workspace.functions[at].item);
        let mut result = Ty::default();
        for (nth, argument) in arguments.iter().enumerate() {
            let parameter = item.parameters.get(nth + shift);
            let asked = parameter.map(|one| self.workspace.ty(&around, &one.ty)).unwrap_or_default();
            let is_callable = match &peeled(argument).kind {
                Kind::Closure(_) | Kind::Async(_) => true,
                Kind::Path(path) => {
                    path.name().and_then(|name| self.local(name)).is_none_or(|known| known.callable.is_some())
                }
                _ => false,
            };
            let fate = if is_callable { self.fate_in(at, nth + shift) } else { Fate::Here };
            let inputs = if asked.head == Head::Callable { asked.arguments.get(1..).unwrap_or_default() } else { &[] };
            let given = self.argument(argument, fate, inputs);
            if asked.head == Head::Callable && result.is_unknown() {
                result = given.ty;
            }
        }
        self.step(at, whole.span, 0);
        let gives = self.workspace.ty(&around, &item.gives);
        // What is generic in what its closure gives is that.
        typed(if gives.is_unknown() { result } else { gives })
    }

    fn of_library(
        &mut self,
        name: &str,
        path: &Path,
        arguments: &[Expression],
        whole: &Expression,
        awaited: bool,
    ) -> Value {
        let fate = match of_library(name, false) {
            // A thread takes closures, the runtime futures.
            Fate::Task if name.starts_with("std::") => Fate::Thread,
            fate => fate,
        };
        let given: Vec<Value> = arguments.iter().map(|one| self.argument(one, fate, &[])).collect();
        if name == "tokio::task::block_in_place" {
            self.in_place(whole.span, name.to_owned());
        }
        let known = catalogue::known();
        if let Some(call) = known.call(name).filter(|_| !awaited) {
            let waits = |value: &Value| {
                value
                    .ty
                    .path()
                    .and_then(|path| known.category(path))
                    .is_some_and(|of| matches!(of, Category::File | Category::Socket))
            };
            let holds = !call.as_arguments || given.iter().any(waits);
            if holds && !(call.unless_zero && given.first().is_some_and(|one| one.is_zero)) {
                self.sink(whole.span, name.to_owned(), call.effect, false);
            }
        } else if let Some((of, method)) = name.rsplit_once("::")
            && let Some(effect) = known.method(of, method).filter(|_| !awaited && !arguments.is_empty())
        {
            self.sink(whole.span, name.to_owned(), effect, false);
            return known.gives(of, method).map(Ty::library).map(typed).unwrap_or_default();
        }
        if let Some(made) = known.made_by(name) {
            return typed(Ty::library(made));
        }
        if let Some((_, sender, receiver)) = CHANNELS.iter().find(|(channel, ..)| *channel == name) {
            return typed(Ty::tuple(vec![Ty::library(*sender), Ty::library(*receiver)]));
        }
        if name.starts_with("std::time::Duration::from_") {
            return Value { is_zero: given.first().is_some_and(|one| one.is_zero), ..Value::default() };
        }
        let of = name.rsplit_once("::").map_or("", |(of, _)| of);
        if is_transparent(name) || is_transparent(of) {
            return given.into_iter().next_back().map(|one| typed(one.ty)).unwrap_or_default();
        }
        if handlers::is_framework(name) {
            return typed(Ty::library(format!("{}::*", handlers::crate_of(name))));
        }
        if last(of).starts_with(char::is_uppercase) {
            let written =
                Path { segments: path.segments[..path.segments.len().saturating_sub(1)].to_vec(), ..path.clone() };
            let ty = self.workspace.ty(&self.around, &Type::Path(written));
            return typed(if ty.is_unknown() { Ty::library(of) } else { ty });
        }
        if name == "std::mem::drop" {
            return Value::default();
        }
        Value::default()
    }
}
