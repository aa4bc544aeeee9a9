//! Asynchronous clients that run what they were made with: transports, hooks, resolvers of the project.
//!
//! Told where the client is made, if that happens while requests are served, or where it is used, if it was
//! made before: each of its requests runs them on the loop.

use super::expand::Work;
use crate::python::calls::last_name;
use crate::python::names::Bound;
use crate::python::syntax::ast::{self, Expr};
use crate::python::syntax::span_of;
use crate::python::types::{ClassId, Frame, FunctionId, Value};
use crate::source::Span;

/// A class of a library, the keyword that it takes something by, and the methods of it that it calls; for a
/// function, the function.
const CLIENTS: [(&str, &str, &[&str]); 8] = [
    ("httpx.AsyncClient", "transport", &["handle_async_request"]),
    ("httpx.AsyncClient", "mounts", &["handle_async_request"]),
    ("httpx.AsyncClient", "auth", &["async_auth_flow", "auth_flow"]),
    ("httpx.AsyncClient", "event_hooks", &["__call__"]),
    ("aiohttp.ClientSession", "connector", &["connect", "_create_connection", "_resolve_host"]),
    ("aiohttp.ClientSession", "middlewares", &["__call__"]),
    ("aiohttp.TCPConnector", "resolver", &["resolve"]),
    ("aiohttp.ClientSession", "cookie_jar", &["update_cookies", "filter_cookies"]),
];
/// Functions that are given a function and what it is to be called with.
const HANDING: [&str; 5] = ["partial", "run_in_executor", "run_in_threadpool", "run_sync", "to_thread"];
/// How deep what is given is looked for in containers.
const MAX_NESTED: u8 = 3;
/// How many makings of one client are looked at.
const MAX_MADE: usize = 4;

impl<'a> Work<'_, 'a> {
    /// Whether this makes a client that runs code of the project, which it will do soon.
    pub(super) fn makes_client(&mut self, class: &str, call: &'a ast::ExprCall, span: Span) {
        if CLIENTS.iter().any(|(client, ..)| *client == class) {
            self.runs_given(class, call, self.frame, span);
        }
    }

    /// A request of a client that was made elsewhere.
    pub(super) fn uses_client(&mut self, class: &str, call: &'a ast::ExprCall, span: Span) {
        if !CLIENTS.iter().any(|(client, ..)| *client == class) {
            return;
        }
        let Expr::Attribute(method) = &*call.func else { return };
        for (made, frame) in self.makings(&method.value) {
            // What is made here is told there.
            if frame.function != self.frame.function {
                self.runs_given(class, made, frame, span);
            }
        }
    }

    /// The calls that make what a name or an attribute stands for.
    pub(super) fn makings(&self, client: &'a Expr) -> Vec<(&'a ast::ExprCall, Frame)> {
        self.makings_in(client, self.frame, 0)
    }

    fn makings_in(&self, client: &'a Expr, frame: Frame, depth: u8) -> Vec<(&'a ast::ExprCall, Frame)> {
        if depth > MAX_NESTED {
            return Vec::new();
        }
        let bound: Vec<(Bound<'a>, Frame)> = match client {
            Expr::Name(name) => self.types.sources(name.id.as_str(), frame, span_of(client).start),
            Expr::Attribute(attribute) => {
                let owners = self.types.value(&attribute.value, frame);
                let classes = owners.iter().filter_map(|owner| match owner {
                    Value::Object(class) | Value::Class(class) => Some(*class),
                    _ => None,
                });
                classes.flat_map(|class| self.kept_in(class, attribute.attr.as_str())).collect()
            }
            _ => Vec::new(),
        };
        let mut found = Vec::new();
        for (bound, frame) in bound {
            match bound {
                Bound::Value { value: Some(Expr::Call(call)), .. } | Bound::With(Expr::Call(call)) => {
                    found.push((call, frame));
                }
                // Where one caller cannot be read, nothing is known of what it gives.
                Bound::Parameter(position) => match self.given_by_callers(frame, usize::from(position), depth) {
                    Some(given) => found.extend(given),
                    None => return Vec::new(),
                },
                _ => {}
            }
        }
        found.truncate(MAX_MADE);
        found
    }

    /// The calls that made what all callers of a function give for a parameter.
    fn given_by_callers(&self, frame: Frame, position: usize, depth: u8) -> Option<Vec<(&'a ast::ExprCall, Frame)>> {
        let function = self.types.function(frame.function);
        let parameter = function.parameters.get(position)?;
        let mut found = Vec::new();
        for (caller, call) in self.types.calls_of(function.name) {
            let from = self.types.plain(caller);
            let is_meant = |value: &Value<'a>| matches!(value, Value::Function(one) if one.function == frame.function);
            if !self.types.value(&call.func, from).iter().any(is_meant) {
                continue;
            }
            let at = position.checked_sub(usize::from(function.class.is_some()));
            let named = call.arguments.find_keyword(parameter.name).map(|keyword| &keyword.value);
            let given = named.or_else(|| call.arguments.args.get(at?))?;
            let made = self.makings_in(given, from, depth + 1);
            if made.is_empty() {
                return None;
            }
            found.extend(made);
        }
        // `partial(write, archive)`
        for (caller, call) in HANDING.iter().flat_map(|name| self.types.calls_of(name)) {
            let from = self.types.plain(caller);
            let is_meant = |value: &Value<'a>| matches!(value, Value::Function(one) if one.function == frame.function);
            let meant = |given: &&'a Expr| {
                last_name(given) == function.name && self.types.value(given, from).iter().any(is_meant)
            };
            let Some(before) = call.arguments.args.iter().take(2).position(|given| meant(&given)) else { continue };
            let at = (before + 1 + position).checked_sub(usize::from(function.class.is_some()))?;
            let named = call.arguments.find_keyword(parameter.name).map(|keyword| &keyword.value);
            let made = self.makings_in(named.or_else(|| call.arguments.args.get(at))?, from, depth + 1);
            if made.is_empty() {
                return None;
            }
            found.extend(made);
        }
        Some(found)
    }

    /// What a class keeps under a name, each with the frame it is read in.
    pub(super) fn kept_in(&self, class: ClassId, name: &str) -> Vec<(Bound<'a>, Frame)> {
        let mut found = Vec::new();
        for value in self.types.ancestry(class).iter() {
            let Value::Class(owner) = *value else { continue };
            for binding in self.types.class(owner).fields.get(name).into_iter().flatten() {
                let function = FunctionId { file: owner.file, index: binding.scope };
                found.push((binding.bound, self.types.plain(function)));
            }
        }
        found
    }

    fn runs_given(&mut self, class: &str, call: &'a ast::ExprCall, frame: Frame, span: Span) {
        for (_, keyword, methods) in CLIENTS.iter().filter(|(client, ..)| *client == class) {
            let Some(given) = call.arguments.find_keyword(keyword) else { continue };
            for value in self.types.value(&given.value, frame).iter() {
                self.runs_part(value, methods, span, 0);
            }
            if let Expr::Call(inner) = &given.value
                && *keyword == "connector"
            {
                self.runs_given("aiohttp.TCPConnector", inner, frame, span);
            }
        }
    }

    fn runs_part(&mut self, value: &Value<'a>, methods: &[&str], span: Span, depth: u8) {
        match value {
            Value::Object(class) => methods.iter().for_each(|method| self.methods(*class, method, span, false)),
            Value::Function(target) if methods.contains(&"__call__") => self.step(*target, span, false),
            Value::Items(inner) | Value::Mapping(inner) if depth < MAX_NESTED => {
                self.runs_part(inner, methods, span, depth + 1);
            }
            Value::Tuple(parts) if depth < MAX_NESTED => {
                let parts = parts.iter().flat_map(|part| part.iter());
                parts.for_each(|part| self.runs_part(part, methods, span, depth + 1));
            }
            Value::Record(entries) if depth < MAX_NESTED => {
                let parts = entries.iter().flat_map(|(_, values)| values.iter());
                parts.for_each(|part| self.runs_part(part, methods, span, depth + 1));
            }
            _ => {}
        }
    }
}
