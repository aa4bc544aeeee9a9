//! Quart.
//!
//! Plain functions run in the loop's default executor: views, hooks, error handlers, background tasks,
//! and the hooks around serving. Observed with Quart 0.22. On trio it is the same (Quart-Trio 0.12), with trio's threads.

use super::Context::{Loop, StartUp, Thread};
use super::{Form, HTTP_METHODS, Names, ON_LOOP, Pool, Role, Runs, Told, at};

const OBJECTS: Names = &["quart.*.Quart", "quart.*.Blueprint", "quart_trio.*.QuartTrio"];

const RUNS: Runs = Runs { plain: Thread(Pool::Executor), coroutine: Loop };
const AROUND_SERVING: Runs = Runs { plain: Thread(Pool::Executor), coroutine: StartUp };

/// How it is told what to call.
pub(super) const FORMS: &[Form] = &[
    RUNS.form(
        Told::Decorator { on: OBJECTS, names: &["route", "get", "post", "put", "patch", "delete", "endpoint"] },
        Role::Route,
    ),
    RUNS.form(Told::Method { on: OBJECTS, names: &["add_url_rule"], argument: at(2, &["view_func"]) }, Role::Route),
    RUNS.form(Told::Decorator { on: OBJECTS, names: &["websocket"] }, Role::WebSocket),
    RUNS.form(
        Told::Decorator {
            on: OBJECTS,
            names: &[
                "before_request",
                "after_request",
                "teardown_request",
                "before_app_request",
                "after_app_request",
                "teardown_app_request",
                "before_websocket",
                "after_websocket",
                "teardown_websocket",
                "teardown_appcontext",
                "context_processor",
            ],
        },
        Role::Middleware,
    ),
    RUNS.form(
        Told::Method {
            on: OBJECTS,
            names: &["before_request", "after_request", "teardown_request", "teardown_appcontext"],
            argument: at(0, &["func", "f"]),
        },
        Role::Middleware,
    ),
    RUNS.form(Told::Decorator { on: OBJECTS, names: &["errorhandler", "app_errorhandler"] }, Role::ExceptionHandler),
    RUNS.form(
        Told::Method { on: OBJECTS, names: &["register_error_handler"], argument: at(1, &["func", "f"]) },
        Role::ExceptionHandler,
    ),
    RUNS.form(
        Told::Method { on: OBJECTS, names: &["add_background_task"], argument: at(0, &["func"]) },
        Role::Background,
    ),
    AROUND_SERVING.form(
        Told::Decorator {
            on: OBJECTS,
            names: &["before_serving", "after_serving", "while_serving", "before_app_serving", "after_app_serving"],
        },
        Role::LifeCycle,
    ),
    AROUND_SERVING.form(
        Told::Method { on: OBJECTS, names: &["before_serving", "after_serving"], argument: at(0, &["func", "f"]) },
        Role::LifeCycle,
    ),
    RUNS.form(Told::Assigned { on: OBJECTS, names: &["asgi_app"] }, Role::Middleware).calling(&["__call__"]),
    RUNS.form(Told::Class { bases: &["quart.*.MethodView"], methods: HTTP_METHODS }, Role::Route),
    RUNS.form(Told::Class { bases: &["quart.*.View"], methods: &["dispatch_request"] }, Role::Route),
    RUNS.form(
        Told::Method { on: OBJECTS, names: &["add_websocket"], argument: at(2, &["view_func"]) },
        Role::WebSocket,
    ),
    // Plain ones run on the loop.
    ON_LOOP.form(
        Told::Decorator { on: OBJECTS, names: &["url_value_preprocessor", "app_url_value_preprocessor"] },
        Role::Middleware,
    ),
    ON_LOOP.form(
        Told::Class {
            bases: &["quart.*.SessionInterface", "quart.*.SecureCookieSessionInterface"],
            methods: &["open_session", "save_session"],
        },
        Role::Middleware,
    ),
];
