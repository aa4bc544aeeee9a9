//! Sanic.
//!
//! Everything runs on the loop, plain functions as well; it has no threads of its own. Observed with
//! Sanic 25.12.

use super::{Form, HTTP_METHODS, Names, ON_LOOP, Role, START_UP, Told, at};
use crate::python::syntax::ast::{self, Expr};

const OBJECTS: Names = &["sanic.*.Sanic", "sanic.*.Blueprint"];

/// How it is told what to call.
pub(super) const FORMS: &[Form] = &[
    ON_LOOP.form(Told::Decorator { on: OBJECTS, names: HTTP_METHODS }, Role::Route),
    ON_LOOP.form(Told::Decorator { on: OBJECTS, names: &["route"] }, Role::Route),
    ON_LOOP.form(Told::Method { on: OBJECTS, names: &["add_route"], argument: at(0, &["handler"]) }, Role::Route),
    ON_LOOP.form(Told::Decorator { on: OBJECTS, names: &["websocket"] }, Role::WebSocket),
    ON_LOOP.form(
        Told::Method { on: OBJECTS, names: &["add_websocket_route"], argument: at(0, &["handler"]) },
        Role::WebSocket,
    ),
    ON_LOOP
        .form(Told::Decorator { on: OBJECTS, names: &["middleware", "on_request", "on_response"] }, Role::Middleware),
    ON_LOOP.form(
        Told::Method {
            on: OBJECTS,
            names: &["register_middleware", "middleware", "on_request", "on_response"],
            argument: at(0, &["middleware"]),
        },
        Role::Middleware,
    ),
    ON_LOOP.form(Told::Decorator { on: OBJECTS, names: &["exception"] }, Role::ExceptionHandler),
    ON_LOOP.form(
        Told::Method { on: OBJECTS, names: &["error_handler.add"], argument: at(1, &["handler"]) },
        Role::ExceptionHandler,
    ),
    ON_LOOP.form(Told::Class { bases: &["sanic.*.ErrorHandler"], methods: &["default"] }, Role::ExceptionHandler),
    ON_LOOP.form(Told::Decorator { on: OBJECTS, names: &["signal"] }, Role::Signal),
    ON_LOOP.form(Told::Method { on: OBJECTS, names: &["add_signal"], argument: at(0, &["handler"]) }, Role::Signal),
    ON_LOOP.form(Told::Class { bases: &["sanic.*.HTTPMethodView"], methods: HTTP_METHODS }, Role::Route),
    ON_LOOP.form(Told::Method { on: OBJECTS, names: &["add_task"], argument: at(0, &["task"]) }, Role::Background),
    ON_LOOP.form(
        Told::Method {
            on: OBJECTS,
            names: &["ext.add_dependency", "ext.dependency"],
            argument: at(1, &["constructor"]),
        },
        Role::Dependency,
    ),
    START_UP.form(
        Told::Decorator {
            on: OBJECTS,
            names: &[
                "listener",
                "main_process_start",
                "main_process_ready",
                "main_process_stop",
                "before_server_start",
                "after_server_start",
                "before_server_stop",
                "after_server_stop",
                "reload_process_start",
                "reload_process_stop",
            ],
        },
        Role::LifeCycle,
    ),
    START_UP.form(
        Told::Method {
            on: OBJECTS,
            names: &[
                "register_listener",
                "main_process_start",
                "before_server_start",
                "after_server_start",
                "before_server_stop",
                "after_server_stop",
            ],
            argument: at(0, &["listener"]),
        },
        Role::LifeCycle,
    ),
    ON_LOOP.form(Told::Call { names: &["sanic.*.ResponseStream"], argument: at(0, &["streaming_fn"]) }, Role::Stream),
];

/// Whether a signal says that the server starts or stops: `@app.signal(Event.SERVER_SHUTDOWN_BEFORE)`.
pub(super) fn is_of_server(call: &ast::ExprCall) -> bool {
    match call.arguments.args.first() {
        Some(Expr::StringLiteral(event)) => event.value.to_str().starts_with("server."),
        Some(Expr::Attribute(event)) => event.attr.as_str().starts_with("SERVER_"),
        _ => false,
    }
}
