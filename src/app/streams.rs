//! Responses that stay open for as long as the client listens.

use std::collections::{BTreeMap, BTreeSet};

use super::{Evidence, Held, Stream};
use crate::python::calls::EventKind;
use crate::python::catalogue::{Category, Weight};
use crate::python::effects::Effects;
use crate::python::frameworks::Foreign;
use crate::python::syntax::ast::{self, Expr, Stmt};
use crate::python::syntax::{Module, span_of, visitor};
use crate::python::types::{Frame, FunctionId, Types, Value};
use crate::source::{FileId, Place, Span};
use crate::values::Order as _;

/// How many calls may lie between a generator and what it waits for.
const NEAR: usize = 3;

/// What makes a streamed response.
const STREAMS: [&str; 7] = [
    "starlette.responses.StreamingResponse",
    "fastapi.responses.StreamingResponse",
    "sse_starlette.sse.EventSourceResponse",
    "sse_starlette.EventSourceResponse",
    "django.http.StreamingHttpResponse",
    "django.http.response.StreamingHttpResponse",
    "flask.stream_with_context",
];

/// Those that look whether Uvicorn was asked to stop (sse-starlette 0.10 to 3.4).
const HEED_UVICORN: [&str; 2] = ["sse_starlette.sse.EventSourceResponse", "sse_starlette.EventSourceResponse"];

/// What makes a response that is streamed if it is given a generator.
const RESPONSES: [&str; 5] = [
    "flask.Response",
    "flask.wrappers.Response",
    "werkzeug.Response",
    "werkzeug.wrappers.Response",
    "flask.make_response",
];

/// What the modules of these indices make of them, in the order of files and lines.
pub(super) fn find(
    effects: &mut Effects<'_, '_>,
    modules: &[u32],
    trees: &BTreeMap<FileId, Module>,
    foreign: &Foreign,
) -> Vec<Stream> {
    let types = effects.types();
    let reached: BTreeSet<FunctionId> = effects.nodes().iter().map(|node| node.frame.function).collect();
    let mut made: Vec<(Place, bool, Option<Frame>, bool)> = Vec::new();
    for &file in modules {
        let facts = types.facts_at(file);
        for (function, index) in facts.functions.iter().zip(0..) {
            for event in &function.events {
                let EventKind::Call(call, _) = event.kind else {
                    continue;
                };
                let last = match &*call.func {
                    Expr::Name(name) => name.id.as_str(),
                    Expr::Attribute(attribute) => attribute.attr.as_str(),
                    _ => continue,
                };
                if !last.ends_with("Response") && last != "stream_with_context" && last != "make_response" {
                    continue;
                }
                let frame = types.plain(FunctionId { file, index });
                let callee = types.value(&call.func, frame);
                let is = |known: &[&str]| {
                    callee.iter().any(|value| matches!(value, Value::External(name) if known.contains(&&**name)))
                };
                let generator = generator(types, call, frame);
                if foreign.decorates(types, frame) || !is_reached(types, frame.function, &reached) {
                    continue;
                }
                if is(&STREAMS) || (is(&RESPONSES) && generator.is_some()) {
                    let place = Place::new(facts.file, event.span);
                    made.push((place, sends_events(call), generator, is(&HEED_UVICORN)));
                }
            }
        }
    }
    let mut found: Vec<Stream> = made
        .into_iter()
        .map(|(place, events, generator, heeds_uvicorn)| {
            let held = generator.and_then(|generator| held(effects, generator, trees));
            let otherwise = if events { Held::Events } else { Held::Unknown };
            Stream { place, held: held.unwrap_or(otherwise), heeds_uvicorn }
        })
        .collect();
    found.order_by_key(|stream| stream.place);
    found
}

/// Whether a handler runs a function, or one around it; where no handler is known, any may be one.
fn is_reached(types: &Types<'_>, mut id: FunctionId, reached: &BTreeSet<FunctionId>) -> bool {
    while id.index != 0 && !reached.is_empty() {
        if reached.contains(&id) {
            return true;
        }
        id.index = types.function(id).parent;
    }
    reached.is_empty()
}

/// The plain generator function of the project whose pieces a response sends.
fn generator<'a>(types: &Types<'a>, call: &'a ast::ExprCall, frame: Frame) -> Option<Frame> {
    let named = |name: &str| {
        let found = call.arguments.keywords.iter().find(|keyword| keyword.arg.as_ref().is_some_and(|arg| arg == name));
        found.map(|keyword| &keyword.value)
    };
    let content = call.arguments.args.first().or_else(|| named("streaming_content")).or_else(|| named("response"))?;
    // `Response(stream_with_context(generate()))` is one stream, told of by the inner call.
    types.value(content, frame).iter().find_map(|value| match value {
        Value::Generator(generator) => Some(*generator),
        _ => None,
    })
}

fn sends_events(call: &ast::ExprCall) -> bool {
    call.arguments.keywords.iter().any(|keyword| {
        keyword.arg.as_ref().is_some_and(|arg| matches!(arg.as_str(), "mimetype" | "content_type" | "media_type"))
            && matches!(&keyword.value, Expr::StringLiteral(text) if text.value.to_str().starts_with("text/event-stream"))
    })
}

/// What keeps a generator from being done at once.
fn held(effects: &mut Effects<'_, '_>, generator: Frame, trees: &BTreeMap<FileId, Module>) -> Option<Held> {
    let node = effects.explore(generator);
    let types = effects.types();
    // What many calls lead to, or what may be something else, need not happen for any piece.
    let chains = effects.chains(std::iter::once(node)).into_iter().flatten();
    for chain in chains.filter(|chain| chain.doubts == 0 && chain.ways.len() <= NEAR) {
        let end = effects.node(chain.end);
        let waits = |category: Category| {
            !matches!(
                category,
                Category::File | Category::Cpu | Category::Db | Category::Orm | Category::Search | Category::Input
            )
        };
        let sink = end.sinks.iter().find(|sink| sink.effect.weight > Weight::Slight && waits(sink.effect.category));
        if let Some(sink) = sink {
            let file = types.facts_at(end.frame.function.file).file;
            return Some(Held::By(sink.what.clone(), Place::new(file, sink.span)));
        }
    }
    let file = types.facts_at(generator.function.file).file;
    let endless = endless(&trees.get(&file)?.body, types.function(generator.function).span)?;
    Some(Held::Endless(Place::new(file, endless)))
}

/// The `while True` of the function whose name stands at `name`.
fn endless(body: &[Stmt], name: Span) -> Option<Span> {
    struct Loops {
        name: Span,
        inside: bool,
        found: Option<Span>,
    }
    impl<'a> visitor::Visitor<'a> for Loops {
        fn visit_stmt(&mut self, statement: &'a Stmt) {
            let own = span_of(statement);
            if self.found.is_some() || !(self.inside || own.start <= self.name.start && self.name.end <= own.end) {
                return;
            }
            let outer = self.inside;
            match statement {
                Stmt::FunctionDef(def) => self.inside = span_of(&def.name) == self.name,
                Stmt::While(stmt) if self.inside && is_true(&stmt.test) && !is_left(&stmt.body) => {
                    self.found = Some(span_of(&*stmt.test));
                }
                _ => {}
            }
            visitor::walk_stmt(self, statement);
            self.inside = outer;
        }

        fn visit_expr(&mut self, _: &'a Expr) {}
    }
    let mut loops = Loops { name, inside: false, found: None };
    visitor::Visitor::visit_body(&mut loops, body);
    loops.found
}

/// Whether a loop is left from within: at the end of a file, for one. That its client leaves is not its own doing.
fn is_left(body: &[Stmt]) -> bool {
    body.iter().any(|statement| match statement {
        Stmt::Break(_) | Stmt::Return(_) => true,
        Stmt::If(branch) => {
            let others = branch.elif_else_clauses.iter().any(|clause| is_left(&clause.body));
            others || is_left(&branch.body) && !asks_for_client(&branch.test)
        }
        Stmt::With(with) => is_left(&with.body),
        Stmt::Try(attempt) => {
            let handled = attempt.handlers.iter().any(|ast::ExceptHandler::ExceptHandler(handler)| {
                // Somebody who leaves is no end of the stream.
                !names_departure(handler.type_.as_deref()) && is_left(&handler.body)
            });
            handled || is_left(&attempt.body) || is_left(&attempt.orelse) || is_left(&attempt.finalbody)
        }
        // What ends an inner loop may end the outer one with it.
        Stmt::For(inner) => is_left(&inner.body),
        Stmt::While(inner) => is_left(&inner.body),
        Stmt::Match(choice) => choice.cases.iter().any(|case| is_left(&case.body)),
        _ => false,
    })
}

/// `except asyncio.CancelledError`, `except GeneratorExit`.
fn names_departure(class: Option<&Expr>) -> bool {
    let is =
        |name: &str| matches!(name, "CancelledError" | "GeneratorExit" | "ConnectionClosed" | "WebSocketDisconnect");
    match class {
        Some(Expr::Name(name)) => is(name.id.as_str()),
        Some(Expr::Attribute(attribute)) => is(attribute.attr.as_str()),
        Some(Expr::Tuple(several)) => several.elts.iter().all(|one| names_departure(Some(one))),
        _ => false,
    }
}

/// `await request.is_disconnected()`.
fn asks_for_client(test: &Expr) -> bool {
    match test {
        Expr::Await(awaited) => asks_for_client(&awaited.value),
        Expr::Call(call) => asks_for_client(&call.func),
        Expr::Attribute(attribute) => attribute.attr.as_str().contains("disconnect"),
        _ => false,
    }
}

fn is_true(test: &Expr) -> bool {
    match test {
        Expr::BooleanLiteral(literal) => literal.value,
        Expr::NumberLiteral(number) => matches!(&number.value, ast::Number::Int(n) if n.as_u64() == Some(1)),
        _ => false,
    }
}

/// Streams and web sockets as evidence.
pub(super) fn evidence(streams: &[Stream], websockets: &[Place]) -> Vec<Evidence> {
    let evidence = |what: &str, place: Place| Evidence {
        what: what.to_owned(),
        place,
        category: Category::Socket,
        handler: String::new(),
        handlers: 1,
    };
    let streams = streams.iter().map(|stream| evidence("streamed response", stream.place));
    streams.chain(websockets.iter().map(|&place| evidence("web socket", place))).collect()
}
