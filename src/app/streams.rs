//! Responses that stay open for as long as the client listens.

use super::Evidence;
use crate::python::calls::EventKind;
use crate::python::catalogue::Category;
use crate::python::syntax::ast::Expr;
use crate::python::types::{FunctionId, Types, Value};
use crate::source::Place;

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

/// Where the modules of these indices make one, in the order of files and lines.
pub(super) fn find(types: &Types<'_>, modules: &[u32]) -> Vec<Place> {
    let mut found = Vec::new();
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
                let plausible = last.ends_with("Response") || last == "stream_with_context";
                let frame = types.plain(FunctionId { file, index });
                let streams = |value: &Value<'_>| matches!(value, Value::External(name) if STREAMS.contains(&&**name));
                if plausible && types.value(&call.func, frame).iter().any(streams) {
                    found.push(Place::new(facts.file, event.span));
                }
            }
        }
    }
    found.sort();
    found
}

/// The same and the web sockets as evidence.
pub(super) fn evidence(streams: &[Place], websockets: &[Place]) -> Vec<Evidence> {
    let say = |what: &str, places: &[Place]| -> Vec<Evidence> {
        let evidence = |&place: &Place| Evidence { what: what.to_owned(), place, category: Category::Socket };
        places.iter().map(evidence).collect()
    };
    let mut all = say("streamed response", streams);
    all.extend(say("web socket", websockets));
    all
}
