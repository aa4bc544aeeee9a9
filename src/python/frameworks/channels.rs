//! Channels, which adds web sockets to Django under ASGI.
//!
//! Methods of asynchronous consumers run on the loop, those of all the others in one thread of the process, as they
//! are thread-sensitive and belong to no request of Django; a message of
//! the channel layer calls the method that its type names. Observed with Channels 4.3.

use super::Context::{Loop, Thread};
use super::find::Finder;
use super::index::{Entry, among};
use super::{Form, Framework, Names, Pool, Role, Runs, Told};
use crate::python::names::Bound;
use crate::python::syntax::ast::{self, Expr};
use crate::python::syntax::span_of;
use crate::python::types::{ClassId, Frame, Value};

const RUNS: Runs = Runs { plain: Thread(Pool::Process), coroutine: Loop };

const CONSUMERS: Names = &[
    "channels.generic.*.AsyncWebsocketConsumer",
    "channels.generic.*.AsyncJsonWebsocketConsumer",
    "channels.generic.*.AsyncHttpConsumer",
    "channels.consumer.AsyncConsumer",
    "channels.generic.*.WebsocketConsumer",
    "channels.generic.*.JsonWebsocketConsumer",
    "channels.consumer.SyncConsumer",
    "djangochannelsrestframework.*.GenericAsyncAPIConsumer",
];

/// What tells the protocols apart.
const ROUTER: &str = "ProtocolTypeRouter";
/// How many expressions are looked at for the layers of one router.
const MAX_LOOKED_AT: usize = 200;

static LAYER: Form = RUNS.form(Told::Named { names: &[] }, Role::Middleware);

/// How it is told what to call.
pub(super) const FORMS: &[Form] = &[
    RUNS.form(
        Told::Class {
            bases: CONSUMERS,
            methods: &[
                "connect",
                "receive",
                "receive_json",
                "disconnect",
                "handle",
                "http_request",
                "websocket_connect",
                "websocket_receive",
                "websocket_disconnect",
                "dispatch",
                "decode_json",
                "encode_json",
            ],
        },
        Role::WebSocket,
    ),
    RUNS.form(
        Told::Messages { bases: CONSUMERS, parameters: &["event", "message", "e", "ev", "evt", "m", "msg"] },
        Role::WebSocket,
    ),
    RUNS.form(Told::Class { bases: &["channels.middleware.BaseMiddleware"], methods: &["__call__"] }, Role::Middleware),
];

impl<'a> Finder<'_, 'a> {
    /// Adds the classes of the project whose instances stand around the consumers, as `Throttle` does in
    /// `ProtocolTypeRouter({"websocket": Throttle(URLRouter([...]))})`.
    pub(super) fn layers(&mut self, call: &'a ast::ExprCall, frame: Frame) {
        let is_router = |value: &Value<'a>| match value {
            Value::External(name) => name.starts_with("channels.") && name.ends_with(ROUTER),
            _ => false,
        };
        if !self.setting.is_asgi
            || !names_router(&call.func)
            || !self.types.value(&call.func, frame).iter().any(is_router)
        {
            return;
        }
        let mut open: Vec<(&'a Expr, Frame)> = call.arguments.args.iter().map(|given| (given, frame)).collect();
        let mut looked_at = 0;
        while let Some((expr, frame)) = open.pop() {
            looked_at += 1;
            if looked_at > MAX_LOOKED_AT {
                return;
            }
            match expr {
                Expr::Dict(dict) => open.extend(dict.items.iter().map(|item| (&item.value, frame))),
                Expr::List(list) => open.extend(list.elts.iter().map(|element| (element, frame))),
                Expr::Name(name) => {
                    for (bound, frame) in self.types.sources(name.id.as_str(), frame, span_of(name).start) {
                        if let Bound::Value { value: Some(value @ Expr::Call(_)), .. } = bound {
                            open.push((value, frame));
                        }
                    }
                }
                Expr::Call(inner) => {
                    for value in self.types.value(&inner.func, frame).iter() {
                        if let Value::Class(class) = *value {
                            self.layer(class);
                        }
                    }
                    open.extend(inner.arguments.args.iter().map(|given| (given, frame)));
                }
                _ => {}
            }
        }
    }

    fn layer(&mut self, class: ClassId) {
        let serves = self.types.method(class, "__call__").iter().any(|method| match method {
            Value::Function(frame) => {
                let function = self.types.function(frame.function);
                function.is_async && function.parameters.len() == 4
            }
            _ => false,
        });
        if serves {
            let entry = Entry { framework: Framework::Django, form: &LAYER };
            self.add_method(class, "__call__", entry, Loop, None);
        }
    }

    /// Whether a class is a consumer that nothing routes to, where it is known what is routed to.
    pub(super) fn is_left_out(&self, class: ClassId) -> bool {
        let is_consumer = self.types.library_bases(class).iter().any(|base| among(CONSUMERS, base));
        if !is_consumer || self.types.calls_of(ROUTER).is_empty() {
            return false;
        }
        let mut any = false;
        for (caller, call) in self.types.calls_of("as_asgi") {
            let Expr::Attribute(method) = &*call.func else { continue };
            let owners = self.types.value(&method.value, self.types.plain(caller));
            let known = |owner: &Value<'a>| match *owner {
                Value::Class(routed) => routed == class || self.types.ancestry(routed).contains(&Value::Class(class)),
                // Somebody else's, or not known.
                Value::External(_) => false,
                _ => true,
            };
            if owners.is_empty() || owners.iter().any(known) {
                return false;
            }
            any = true;
        }
        any
    }
}

fn names_router(callee: &Expr) -> bool {
    match callee {
        Expr::Name(name) => name.id.as_str() == ROUTER,
        Expr::Attribute(attribute) => attribute.attr.as_str() == ROUTER,
        _ => false,
    }
}
