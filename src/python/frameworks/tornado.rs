//! Tornado.
//!
//! Everything runs on the loop, plain methods as well. Observed with Tornado 6.6.

use super::Context::Loop;
use super::{Form, Role, Told};

const fn form(told: Told, role: Role) -> Form {
    Form { told, role, plain: Loop, coroutine: Loop }
}

/// How it is told what to call.
pub(super) const FORMS: &[Form] = &[
    form(
        Told::Class {
            bases: &["tornado.web.RequestHandler"],
            methods: &["get", "post", "put", "patch", "delete", "head", "options", "prepare", "on_finish"],
        },
        Role::Route,
    ),
    form(
        Told::Class { bases: &["tornado.websocket.WebSocketHandler"], methods: &["open", "on_message", "on_close"] },
        Role::WebSocket,
    ),
    form(Told::Call { names: &["tornado.ioloop.PeriodicCallback"], argument: (0, "callback") }, Role::Background),
];
