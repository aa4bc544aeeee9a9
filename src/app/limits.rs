//! How long a call may take, and whom it asks, as its arguments say.
//!
//! Literals count, and names that stand for one. Whatever else is given makes the answer unknown: a
//! wrong number of seconds is worse than none.

use super::{Destination, Limit};
use crate::python::calls::EventKind;
use crate::python::catalogue::{self, Timeout};
use crate::python::effects::Sink;
use crate::python::names::Bound;
use crate::python::syntax::ast::{self, Expr, Number};
use crate::python::types::{ClassId, Frame, FunctionId, Types, Value};
use crate::source::Span;

/// How many names stand for names before it is given up.
const MAX_HOPS: usize = 4;

/// In a function that does more than this, nobody looks for single calls.
const MAX_EVENTS: usize = 4_000;

/// Arguments by which a client takes its limits from somewhere else.
const FROM_ELSEWHERE: [&str; 6] = ["config", "transport", "http_client", "session", "limits", "request_timeout"];

/// Arguments by which a client is made with a limit for each of its calls, in seconds.
const BOUNDS: [&str; 5] = ["timeout", "socket_timeout", "request_timeout", "receive_timeout", "read_timeout"];

/// Ways in which the request that is being served tells its own address.
const OWN_ADDRESS: [&str; 8] =
    ["base_url", "url_for", "host_url", "url_root", "build_absolute_uri", "get_host", "host", "url"];

/// Arguments that say how often a client tries again, or where that is said.
const TRIES: [&str; 6] = ["max_retries", "max_network_retries", "retries", "retry", "config", "request_options"];

/// What is known of a call.
pub(super) struct Known {
    pub(super) limit: Limit,
    pub(super) destination: Option<Destination>,
    /// How many more times the library tries by itself.
    pub(super) retries: u32,
}

/// What is known of the call that a sink stands for, where these calls lead to its function, the nearest last.
pub(super) fn of(types: &Types<'_>, frame: Frame, sink: &Sink, callers: &[(Frame, Span)]) -> Known {
    let asked = Asked { types, frame, callers };
    let Some(call) = call_at(types, frame, sink.span) else {
        return Known { limit: asked.limit_of_entering(sink), destination: None, retries: 0 };
    };
    Known { limit: asked.limit(call, sink), destination: asked.destination(call), retries: asked.retries(call, sink) }
}

/// The call of this span in a function.
pub(super) fn call_at<'a>(types: &Types<'a>, frame: Frame, span: Span) -> Option<&'a ast::ExprCall> {
    let function = types.function(frame.function);
    if function.events.len() > MAX_EVENTS {
        return None;
    }
    function.events.iter().chain(&function.once).find_map(|event| match event.kind {
        EventKind::Call(call, _) if event.span == span => Some(call),
        _ => None,
    })
}

struct Asked<'t, 'a> {
    types: &'t Types<'a>,
    frame: Frame,
    /// The calls that lead to the function, the nearest last.
    callers: &'t [(Frame, Span)],
}

impl<'a> Asked<'_, 'a> {
    /// The call of `functools.partial` whose result is called, and where that stands.
    fn partial(&self, call: &'a ast::ExprCall) -> Option<(&'a ast::ExprCall, Self)> {
        let name = call.func.as_name_expr()?;
        let sources = self.types.sources(name.id.as_str(), self.frame, crate::python::syntax::span_of(name).start);
        let [(Bound::Value { value: Some(Expr::Call(bound)), .. }, home)] = sources.as_slice() else { return None };
        let is_partial = self.types.value(&bound.func, *home).iter().any(
            |value| matches!(value, Value::External(name) if matches!(&**name, "functools.partial" | "functools.partialmethod")),
        );
        is_partial.then_some((bound, Asked { types: self.types, frame: *home, callers: &[] }))
    }

    fn limit(&self, call: &'a ast::ExprCall, sink: &Sink) -> Limit {
        if sink.what == "time.sleep" {
            return call.arguments.args.first().map_or(Limit::Unknown, |argument| self.seconds(argument));
        }
        let by_position = || sink.effect.timeout_at.and_then(|position| call.arguments.args.get(position));
        if let Some(given) = keyword(call, "timeout").or_else(by_position) {
            return match (self.seconds(given), sink.effect.timeout) {
                (Limit::Given(thousands), Timeout::Milliseconds) => Limit::Given(thousands / 1_000.0),
                (known, _) => known,
            };
        }
        if is_open(call) {
            return Limit::Unknown;
        }
        // `get = partial(requests.get, timeout=30)`: what was bound there counts in each call.
        if let Some((bound, asked)) = self.partial(call) {
            if let Some(given) = keyword(bound, "timeout") {
                return asked.seconds(given);
            }
            if is_open(bound) || bound.arguments.args.len() > 1 {
                return Limit::Unknown;
            }
        }
        let by_library = match sink.effect.gives_up {
            Some(0.0) => Limit::Never,
            Some(seconds) => Limit::Default(seconds),
            None => Limit::Unknown,
        };
        // A function of the library takes the library's own limit; a client may have been made with another.
        let Expr::Attribute(attribute) = &*call.func else { return by_library };
        let owner = self.types.value(&attribute.value, self.frame);
        if owner.iter().all(|value| matches!(value, Value::External(_))) && !owner.is_empty() {
            return by_library;
        }
        match self.made(&attribute.value) {
            Some((made, asked)) => {
                if let Some(given) = BOUNDS.iter().find_map(|name| keyword(made, name)) {
                    return asked.seconds(given);
                }
                if is_open(made) || self.is_adapted(&attribute.value) { Limit::Unknown } else { by_library }
            }
            // What each call can be given a limit for is not made with one.
            None if sink.effect.library == "stdlib" && sink.effect.timeout_at.is_some() => match by_library {
                Limit::Never => Limit::Never,
                _ => Limit::Unknown,
            },
            None => Limit::Unknown,
        }
    }

    /// Whether somebody mounts an adapter of the project's own on the session that a name stands for: it may give a
    /// limit to every request.
    fn is_adapted(&self, client: &Expr) -> bool {
        let Some(name) = last_name(client) else { return false };
        let file = self.frame.function.file;
        self.types.facts_at(file).functions.iter().zip(0..).any(|(function, index)| {
            function.events.iter().any(|event| {
                let EventKind::Call(call, _) = event.kind else { return false };
                let Expr::Attribute(method) = &*call.func else { return false };
                let mounts = method.attr.as_str() == "mount" && last_name(&method.value) == Some(name);
                let Some(adapter) = call.arguments.args.get(1).filter(|_| mounts) else { return false };
                let made_by = if let Expr::Call(made) = adapter { &*made.func } else { adapter };
                let values = self.types.value(made_by, self.types.plain(FunctionId { file, index }));
                // The one of requests itself has no limit.
                !values.iter().any(|value| matches!(value, Value::External(name) if name.starts_with("requests.")))
            })
        })
    }

    /// How long a `with` may wait for what was made with a limit.
    fn limit_of_entering(&self, sink: &Sink) -> Limit {
        let function = self.types.function(self.frame.function);
        if function.events.len() > MAX_EVENTS {
            return Limit::Unknown;
        }
        let entered = function.events.iter().chain(&function.once).find_map(|event| match event.kind {
            EventKind::Enter(context, _) if event.span == sink.span => Some(context),
            _ => None,
        });
        let Some((made, asked)) = entered.and_then(|context| self.made(context)) else { return Limit::Unknown };
        // The `timeout` of a lock of Redis is how long it lives.
        let name = if sink.effect.library == "redis" { "blocking_timeout" } else { "timeout" };
        keyword(made, name).map_or(Limit::Unknown, |given| asked.seconds(given))
    }

    /// How many more times the library tries, where nobody says otherwise.
    fn retries(&self, call: &'a ast::ExprCall, sink: &Sink) -> u32 {
        let says = |call: &ast::ExprCall| TRIES.iter().any(|name| keyword(call, name).is_some()) || is_open(call);
        let made = match &*call.func {
            Expr::Attribute(attribute) => self.made(&attribute.value),
            _ => None,
        };
        if says(call) || made.is_none_or(|(made, _)| says(made)) { 0 } else { sink.effect.retries }
    }

    /// The call that makes the client which an expression stands for, if it is the only one, and where that is read.
    fn made(&self, expr: &'a Expr) -> Option<(&'a ast::ExprCall, Self)> {
        let of = |bound: Bound<'a>, frame: Frame| {
            let asked = Self { types: self.types, frame, callers: &[] };
            match bound {
                Bound::Value { value: Some(Expr::Call(call)), .. } | Bound::With(Expr::Call(call)) => {
                    asked.is_constructor(&call.func).then_some((call, asked))
                }
                _ => None,
            }
        };
        match expr {
            Expr::Call(call) => self.is_constructor(&call.func).then_some((call, Self { ..*self })),
            Expr::Attribute(attribute) => match self.field(attribute) {
                Some((bound, frame)) => of(bound, frame),
                None => self.made(&attribute.value),
            },
            Expr::Name(name) => {
                let at = crate::python::syntax::span_of(name).start;
                match self.types.sources(name.id.as_str(), self.frame, at).as_slice() {
                    [(bound, frame)] => of(*bound, *frame),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// What `self.name` is given, if that is one thing.
    fn field(&self, attribute: &'a ast::ExprAttribute) -> Option<(Bound<'a>, Frame)> {
        let function = self.types.function(self.frame.function);
        let receiver = function.parameters.first()?;
        let index = function.class.filter(|_| is_name(&attribute.value, receiver.name))?;
        let file = self.frame.function.file;
        match self.types.class(ClassId { file, index }).fields.get(attribute.attr.as_str())?.as_slice() {
            [only] => Some((only.bound, self.types.plain(FunctionId { file, index: only.scope }))),
            _ => None,
        }
    }

    /// Whether calling this makes an object of a library, rather than finding one that somebody has made.
    fn is_constructor(&self, callee: &'a Expr) -> bool {
        let values = self.types.value(callee, self.frame);
        let is_library = |value: &Value<'a>| match value {
            Value::External(name) => {
                let last = name.rsplit('.').next().unwrap_or(name);
                last.starts_with(char::is_uppercase) || catalogue::made_by(name).is_some()
            }
            Value::Member(..) => true,
            _ => false,
        };
        !values.is_empty() && values.iter().all(is_library)
    }

    fn seconds(&self, expr: &'a Expr) -> Limit {
        match self.literal(expr, MAX_HOPS) {
            Some(Expr::NoneLiteral(_)) => Limit::Never,
            Some(Expr::NumberLiteral(number)) => number_of(number).map_or(Limit::Unknown, Limit::Given),
            // requests takes a pair: to connect, and to read.
            Some(Expr::Tuple(pair)) => {
                let parts: Option<Vec<f64>> = pair
                    .elts
                    .iter()
                    .map(|part| match self.literal(part, MAX_HOPS) {
                        Some(Expr::NumberLiteral(number)) => number_of(number),
                        _ => None,
                    })
                    .collect();
                parts.map_or(Limit::Unknown, |parts| Limit::Given(parts.into_iter().fold(0.0, f64::max)))
            }
            _ => Limit::Unknown,
        }
    }

    /// The literal that an expression is, or that its only binding is.
    fn literal(&self, expr: &'a Expr, hops: usize) -> Option<&'a Expr> {
        match expr {
            Expr::Name(name) if hops > 0 => {
                let at = crate::python::syntax::span_of(name).start;
                match self.types.sources(name.id.as_str(), self.frame, at).as_slice() {
                    [(Bound::Value { value: Some(value), .. }, _)] => self.literal(value, hops - 1),
                    [(Bound::Parameter(position), frame)] if frame.function == self.frame.function => {
                        self.given_for(*position, hops - 1)
                    }
                    _ => None,
                }
            }
            Expr::Name(_) => None,
            other => Some(other),
        }
    }

    /// What the nearest call gives for a parameter: a literal, or that its default is one.
    fn given_for(&self, position: u16, hops: usize) -> Option<&'a Expr> {
        let (&(frame, span), callers) = self.callers.split_last()?;
        let call = call_at(self.types, frame, span)?;
        let values = self.types.value(&call.func, frame);
        let callee = values
            .iter()
            .find(|value| matches!(value, Value::Function(target) if target.function == self.frame.function))?;
        let parameter = self.types.function(self.frame.function).parameters.get(usize::from(position))?;
        let is_open = call.arguments.keywords.iter().any(|keyword| keyword.arg.is_none())
            || call.arguments.args.iter().any(Expr::is_starred_expr);
        if is_open || parameter.variadic {
            return None;
        }
        let shift = self.types.receiver_shift(callee, call, frame);
        let by_position = || call.arguments.args.get(usize::from(position).checked_sub(shift)?);
        match keyword(call, parameter.name).or_else(by_position) {
            Some(given) => Self { types: self.types, frame, callers }.literal(given, hops),
            None => parameter.default,
        }
    }

    fn destination(&self, call: &'a ast::ExprCall) -> Option<Destination> {
        let positional = call.arguments.args.iter().take(2);
        let named = ["url", "base_url"].iter().filter_map(|name| keyword(call, name));
        positional.chain(named).find_map(|argument| self.address(argument, MAX_HOPS))
    }

    fn address(&self, expr: &'a Expr, hops: usize) -> Option<Destination> {
        match expr {
            Expr::StringLiteral(text) => address_of(text.value.to_str()),
            Expr::FString(text) => {
                let first = text.value.elements().next()?;
                match first {
                    ast::InterpolatedStringElement::Literal(literal) => address_of(&literal.value),
                    ast::InterpolatedStringElement::Interpolation(value) => self.address(&value.expression, hops),
                }
            }
            Expr::BinOp(sum) if sum.op == ast::Operator::Add => self.address(&sum.left, hops),
            Expr::Call(call) if is_name(&call.func, "str") => {
                call.arguments.args.first().and_then(|argument| self.address(argument, hops))
            }
            Expr::Call(call) => own(&call.func).or_else(|| match &*call.func {
                Expr::Name(name) if name.id.as_str() == "url_for" && is_external(call) => Some(Destination::Own),
                Expr::Attribute(attribute) => self.address(&attribute.value, hops),
                _ => None,
            }),
            Expr::Attribute(_) => own(expr),
            Expr::Name(_) if hops > 0 => {
                let literal = self.literal(expr, hops)?;
                self.address(literal, hops - 1)
            }
            _ => None,
        }
    }
}

/// `request.base_url` and its kin.
fn own(expr: &Expr) -> Option<Destination> {
    let Expr::Attribute(attribute) = expr else { return None };
    let of_request = |object: &Expr| match object {
        Expr::Name(name) => matches!(name.id.as_str(), "request" | "req"),
        Expr::Attribute(object) => object.attr.as_str() == "request",
        _ => false,
    };
    (OWN_ADDRESS.contains(&attribute.attr.as_str()) && of_request(&attribute.value)).then_some(Destination::Own)
}

fn is_external(call: &ast::ExprCall) -> bool {
    keyword(call, "_external").is_some_and(|given| matches!(given, Expr::BooleanLiteral(literal) if literal.value))
}

/// Host and port of a URL; `None` for a text that is no absolute one.
fn address_of(url: &str) -> Option<Destination> {
    let (scheme, rest) = url.split_once("://")?;
    let standard = match scheme.to_ascii_lowercase().as_str() {
        "http" => 80,
        "https" => 443,
        _ => return None,
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let (host, port) = if let Some(rest) = authority.strip_prefix('[') {
        let (host, port) = rest.split_once(']')?;
        (host, port.strip_prefix(':'))
    } else {
        authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port)))
    };
    let port = match port {
        Some(port) => port.parse().ok()?,
        None => standard,
    };
    (!host.is_empty()).then(|| Destination::Address { host: host.to_ascii_lowercase(), port })
}

fn keyword<'c>(call: &'c ast::ExprCall, name: &str) -> Option<&'c Expr> {
    let found = call.arguments.keywords.iter().find(|keyword| keyword.arg.as_ref().is_some_and(|arg| arg == name));
    found.map(|keyword| &keyword.value)
}

/// Whether a call is given arguments that may hold a limit.
fn is_open(call: &ast::ExprCall) -> bool {
    call.arguments.keywords.iter().any(|keyword| match &keyword.arg {
        Some(name) => FROM_ELSEWHERE.contains(&name.as_str()),
        None => true,
    })
}

/// What is called `name`, or `something.name`.
fn last_name(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Name(name) => Some(name.id.as_str()),
        Expr::Attribute(attribute) => Some(attribute.attr.as_str()),
        _ => None,
    }
}

fn is_name(expr: &Expr, name: &str) -> bool {
    matches!(expr, Expr::Name(found) if found.id.as_str() == name)
}

/// A number of seconds, zero included.
fn number_of(number: &ast::ExprNumberLiteral) -> Option<f64> {
    match &number.value {
        Number::Int(n) => u32::try_from(n.as_u64()?).ok().map(f64::from),
        Number::Float(x) => Some(*x).filter(|x| x.is_finite() && *x >= 0.0),
        Number::Complex { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(host: &str, port: u16) -> Destination {
        Destination::Address { host: host.to_owned(), port }
    }

    #[test]
    fn a_url_tells_host_and_port() {
        assert_eq!(address_of("http://localhost:8000/x"), Some(at("localhost", 8000)));
        assert_eq!(address_of("HTTPS://u:p@API.example.org?x"), Some(at("api.example.org", 443)));
        assert_eq!(address_of("http://[::1]:80"), Some(at("::1", 80)));
        assert_eq!(address_of("http://a:99999/"), None);
        assert_eq!(address_of("/relative"), None);
        assert_eq!(address_of("redis://localhost:6379"), None);
    }
}
