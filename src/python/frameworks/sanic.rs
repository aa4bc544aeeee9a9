//! Sanic.
//!
//! Everything runs on the loop, plain functions as well. Observed with Sanic 25.12.

use super::Context::{Loop, StartUp};
use super::{Form, Role, Told};

const OBJECTS: &[&str] = &["sanic.Sanic", "sanic.app.Sanic", "sanic.Blueprint", "sanic.blueprints.Blueprint"];

const fn form(told: Told, role: Role) -> Form {
    Form { told, role, plain: Loop, coroutine: Loop }
}

/// How it is told what to call.
pub(super) const FORMS: &[Form] = &[
    form(
        Told::Decorator { on: OBJECTS, names: &["route", "get", "post", "put", "patch", "delete", "head", "options"] },
        Role::Route,
    ),
    form(Told::Method { on: OBJECTS, names: &["add_route"], argument: (0, "handler") }, Role::Route),
    form(Told::Decorator { on: OBJECTS, names: &["websocket"] }, Role::WebSocket),
    form(Told::Decorator { on: OBJECTS, names: &["middleware", "on_request", "on_response"] }, Role::Middleware),
    form(Told::Decorator { on: OBJECTS, names: &["exception"] }, Role::ExceptionHandler),
    form(
        Told::Class {
            bases: &["sanic.views.HTTPMethodView"],
            methods: &["get", "post", "put", "patch", "delete", "head", "options"],
        },
        Role::Route,
    ),
    Form {
        told: Told::Decorator {
            on: OBJECTS,
            names: &["listener", "before_server_start", "after_server_start", "main_process_start"],
        },
        role: Role::LifeCycle,
        plain: StartUp,
        coroutine: StartUp,
    },
];
