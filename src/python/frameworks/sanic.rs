//! Sanic.
//!
//! Everything runs on the loop, plain functions as well; it has no threads of its own. Observed with
//! Sanic 25.12.

use super::{Form, HTTP_METHODS, Names, ON_LOOP, Role, START_UP, Told, at};

const OBJECTS: Names = &["sanic.*.Sanic", "sanic.*.Blueprint"];

/// Signals that are sent when a worker starts and when it stops.
const AROUND_SERVING: Names = &["server.init.", "server.shutdown."];

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
    START_UP.form(Told::Decorator { on: OBJECTS, names: &["signal"] }, Role::LifeCycle).of_events(AROUND_SERVING),
    ON_LOOP.form(Told::Decorator { on: OBJECTS, names: &["signal"] }, Role::Signal),
    START_UP
        .form(Told::Method { on: OBJECTS, names: &["add_signal"], argument: at(0, &["handler"]) }, Role::LifeCycle)
        .of_events(AROUND_SERVING),
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
