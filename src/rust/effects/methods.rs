//! Calls of methods: whose they are, by the type of what they are called on, and whether they block.

use super::super::catalogue::{self, KEEPING};
use super::super::handlers;
use super::super::names::Meaning;
use super::super::syntax::{Expression, Kind, Method, Path};
use super::super::values::{Head, Ty, last};
use super::Value;
use super::arguments::{Fate, is_future_value, of_method, peeled};
use super::calls::{canonical, typed};
use super::walk::Walker;
use crate::rust::catalogue::Category;

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
/// What a pooled connection holds.
fn held(ty: &Ty) -> Option<String> {
    let manager = ty.arguments.first()?.path()?;
    let (_, held) = MANAGERS.iter().find(|(name, _)| *name == last(manager))?;
    Some((*held).to_owned())
}
impl Walker<'_> {
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
            self.meanings(&path).iter().any(|one| matches!(one, Meaning::Library(path) if last(path) == name && handlers::crate_of(path) == handlers::crate_of(of)))
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
