//! Calls of functions and methods: whose they are, whether they block, what they give.

use super::super::catalogue::{self, KEEPING};
use super::super::handlers;
use super::super::names::Meaning;
use super::super::syntax::{Expression, Kind, Method, Path, Type};
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

/// Of how many methods one may be meant for any to be told.
const MAX_MEANT: usize = 3;

/// What a pool makes its connections with, by the last name, and what those are.
const MANAGERS: [(&str, &str); 3] = [
    ("SqliteConnectionManager", "rusqlite::Connection"),
    ("PostgresConnectionManager", "postgres::Client"),
    ("MySqlConnectionManager", "mysql::PooledConn"),
];

/// Methods of containers and iterators that give one of their items.
const ITEM: [&str; 18] = [
    "get",
    "get_mut",
    "first",
    "last",
    "next",
    "pop",
    "pop_front",
    "pop_back",
    "remove",
    "find",
    "nth",
    "min",
    "max",
    "min_by_key",
    "max_by_key",
    "first_mut",
    "last_mut",
    "choose",
];
/// Methods that call what they are given with an item.
const WITH_ITEM: [&str; 14] = [
    "map",
    "for_each",
    "filter",
    "any",
    "all",
    "find",
    "filter_map",
    "flat_map",
    "position",
    "inspect",
    "take_while",
    "skip_while",
    "find_map",
    "retain",
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

/// What a pooled connection holds.
fn held(ty: &Ty) -> Option<String> {
    let manager = ty.arguments.first()?.path()?;
    let (_, held) = MANAGERS.iter().find(|(name, _)| *name == last(manager))?;
    Some((*held).to_owned())
}

fn typed(ty: Ty) -> Value {
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
    fn own(&mut self, at: usize, shift: usize, arguments: &[Expression], whole: &Expression) -> Value {
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

    /// The method of a type of the project.
    pub(super) fn method_of(&self, ty: &Ty, name: &str) -> Option<usize> {
        match &ty.head {
            Head::Local(at) => {
                let named = |at: &usize| self.workspace.functions[*at].item.name == name;
                let own: Vec<usize> = self.workspace.methods(*at).filter(named).collect();
                let inherent = own.iter().find(|at| {
                    let block = self.workspace.functions[**at].implementation;
                    block.is_some_and(|block| self.workspace.implementations[block].1.of.is_none())
                });
                inherent.or(own.first()).copied().or_else(|| self.provided(*at, name))
            }
            Head::Traits(all) => all.iter().find_map(|of| self.by_only_implementation(*of, name)),
            _ => None,
        }
    }

    /// The method that a trait of a type has itself.
    fn provided(&self, ty: usize, name: &str) -> Option<usize> {
        let has = |of: usize| {
            // What every type has whose other trait it has, it has.
            let is_it =
                |one: &Ty| matches!(one.head, Head::Local(at) if at == ty) || matches!(one.head, Head::Traits(_));
            self.workspace.implementors(of).iter().any(|(_, one)| is_it(one))
        };
        let providers = self.workspace.providers.get(name).into_iter().flatten();
        providers.copied().find(|(of, _)| has(*of)).map(|(_, at)| at)
    }

    /// The methods that a trait may mean, where a few types have it.
    fn one_of_several(&self, ty: &Ty, name: &str) -> Vec<usize> {
        let Head::Traits(all) = &ty.head else { return Vec::new() };
        let blocks = all.iter().flat_map(|of| self.workspace.implementors(*of));
        let functions = blocks.flat_map(|(block, _)| self.workspace.implementations[*block].2.iter().copied());
        let found: Vec<usize> = functions.filter(|at| self.workspace.functions[*at].item.name == name).collect();
        if found.len() > MAX_MEANT { Vec::new() } else { found }
    }

    /// The method that a trait means, where one type alone has it.
    fn by_only_implementation(&self, of: usize, name: &str) -> Option<usize> {
        let all = self.workspace.implementors(of);
        let own = || {
            let functions = self.workspace.of_traits.get(&of).into_iter().flatten();
            functions.copied().find(|at| self.workspace.functions[*at].item.name == name)
        };
        let has_body = |at: &usize| self.workspace.functions[*at].item.body.is_some();
        match all {
            [(block, _)] => {
                let functions = self.workspace.implementations[*block].2.iter().copied();
                let mut named = functions.filter(|at| self.workspace.functions[*at].item.name == name);
                named.next().or_else(|| own().filter(has_body))
            }
            // What none of them has for itself is what the trait has.
            _ => own().filter(has_body).filter(|_| {
                !all.iter().any(|(block, _)| {
                    let mut functions = self.workspace.implementations[*block].2.iter();
                    functions.any(|at| self.workspace.functions[*at].item.name == name)
                })
            }),
        }
    }

    pub(super) fn method(&mut self, whole: &Expression, call: &Method) -> Value {
        let awaited = std::mem::take(&mut self.awaited);
        let receiver = self.evaluate(&call.receiver);
        let name = call.name.as_str();
        self.out.asks_flavor |= name == "runtime_flavor";
        if let Some(at) = self.method_of(&receiver.ty, name) {
            return self.own(at, 1, &call.arguments, whole);
        }
        for at in self.one_of_several(&receiver.ty, name) {
            self.step(at, whole.span, 1);
        }
        // A field that holds a function is called with parentheses around it.
        let future = call.arguments.iter().any(is_future_value);
        let path = receiver.ty.path().map(|path| canonical(path).to_owned());
        // A pooled connection is used as what it holds.
        let pooled =
            |path: String| if last(&path) == "PooledConnection" { held(&receiver.ty).unwrap_or(path) } else { path };
        let path = path.map(pooled);
        let known = catalogue::known();
        let is_known = path.as_deref().is_some_and(|path| known.has(path));
        let item = receiver.ty.item();
        let fate = match path.as_deref() {
            _ if matches!(of_method(name, future), Fate::Thread | Fate::Task) => {
                let is_builder = path.as_deref() == Some("std::thread::Builder");
                if is_builder || !future && name == "spawn" { Fate::Thread } else { of_method(name, future) }
            }
            Some(path) if handlers::is_framework(path) => {
                if handlers::BEFORE.contains(&name) {
                    Fate::Here
                } else {
                    Fate::Served
                }
            }
            // Asks a thread of its own.
            Some("tokio_rusqlite::Connection") => Fate::Thread,
            _ => of_method(name, future),
        };
        let inputs = if WITH_ITEM.contains(&name) && !item.is_unknown() { item.clone() } else { receiver.ty.clone() };
        let inputs = if receiver.ty.is_container() && !WITH_ITEM.contains(&name) { Vec::new() } else { vec![inputs] };
        let given: Vec<Value> = call.arguments.iter().map(|one| self.argument(one, fate, &inputs)).collect();
        if let Some(path) = path.as_deref().filter(|_| is_known) {
            if let Some(effect) = known.method(path, name) {
                if !awaited {
                    self.sink(whole.span, format!("{path}::{name}"), effect, false);
                }
                let arguments = receiver.ty.arguments;
                let made = known.gives(path, name);
                return made.map(|made| typed(Ty { arguments, ..Ty::library(made) })).unwrap_or_default();
            }
            if let Some(made) = known.gives(path, name) {
                return typed(Ty { arguments: receiver.ty.arguments, ..Ty::library(made) });
            }
        }
        if !awaited
            && !receiver.ty.is_container()
            && let Some(known) = self.by_trait(name, whole, &given, &call.arguments, is_known)
        {
            return known;
        }
        if receiver.ty.is_container() {
            let is_item = ITEM.contains(&name);
            let mapped = matches!(name, "map" | "filter_map")
                .then(|| given.first().map(|one| one.ty.clone()).unwrap_or_default());
            return match mapped {
                Some(ty) => typed(Ty { arguments: vec![ty], ..Ty::library("std::iter::Iterator") }),
                None if is_item => typed(item),
                None => typed(Ty { arguments: vec![item], ..Ty::library("std::iter::Iterator") }),
            };
        }
        // Of a value that may be missing or wrong, what is made of it.
        if matches!(name, "map" | "and_then" | "map_or" | "map_or_else" | "then" | "is_some_and") && !given.is_empty() {
            let made = given.into_iter().next_back().map(|one| one.ty).unwrap_or_default();
            let is_framework = path.as_deref().is_some_and(handlers::is_framework);
            return typed(if is_framework { receiver.ty } else { made });
        }
        let keeps = KEEPING.contains(&name)
            || is_known
            || path.as_deref().is_some_and(|path| path.ends_with("::*") || handlers::is_framework(path));
        if keeps {
            return Value { ty: receiver.ty, callable: receiver.callable.filter(|_| name == "clone"), is_zero: false };
        }
        // A handler with something around it is handed on like the handler.
        if matches!(name, "layer" | "with_state" | "into_service" | "around" | "before" | "after") {
            return Value { callable: receiver.callable, ..Value::default() };
        }
        Value::default()
    }

    /// A method that a trait in scope brings to whatever has it.
    fn by_trait(
        &mut self,
        name: &str,
        whole: &Expression,
        given: &[Value],
        arguments: &[Expression],
        is_known: bool,
    ) -> Option<Value> {
        let scope = &self.workspace.modules[self.around.module].scope;
        let used = scope.uses.iter().chain(&self.uses);
        let traits = ["std::net::ToSocketAddrs", "diesel::RunQueryDsl"];
        let in_scope = |of: &&str| {
            let name = last(of);
            let path = Path { segments: vec![name.to_owned()], ..Path::default() };
            self.meanings(&path).iter().any(|one| matches!(one, Meaning::Library(path) if last(path) == name && path.starts_with(handlers::crate_of(of))))
        };
        let anonymous = |of: &str| {
            let named = |path: &Vec<String>| {
                path.last().is_some_and(|one| one == last(of))
                    && path.first().is_some_and(|one| one == handlers::crate_of(of))
            };
            used.clone().any(|used| used.bound.as_deref() == Some("_") && named(&used.path))
        };
        let mut traits = traits.iter().copied().filter(|of| catalogue::known().of_trait(of, name).is_some());
        let of = traits.find(|of| in_scope(of) || anonymous(of))?;
        let (effect, needs) = catalogue::known().of_trait(of, name)?;
        let mut doubtful = false;
        if needs {
            let is_connection = |value: &Value| {
                value.ty.path().is_some_and(|path| {
                    let known = catalogue::known().category(canonical(path));
                    known == Some(Category::Db)
                })
            };
            let looks_so = |argument: &Expression| matches!(&peeled(argument).kind, Kind::Path(path) if path.name().is_some_and(|name| name.contains("conn") || name == "db"));
            if is_known || arguments.len() != 1 {
                return None;
            }
            doubtful = !given.iter().any(is_connection);
            if doubtful && !arguments.iter().any(looks_so) {
                return None;
            }
        }
        self.sink(whole.span, format!("{of}::{name}"), effect, doubtful);
        Some(Value::default())
    }
}
