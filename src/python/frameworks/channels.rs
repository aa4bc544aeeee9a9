//! Channels, which adds web sockets to Django under ASGI.
//!
//! Methods of asynchronous consumers run on the loop, those of the others in a thread; a message of
//! the channel layer calls the method that its type names. Observed with Channels 4.3.

use super::Context::{Loop, Thread};
use super::{Form, Names, Pool, Role, Runs, Told};

const RUNS: Runs = Runs { plain: Thread(Pool::Request), coroutine: Loop };

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
