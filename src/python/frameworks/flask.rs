//! Flask, with the extensions that add kinds of views.
//!
//! Every view runs in the worker's thread or greenlet; an `async` view runs on a loop of its own in
//! a helper thread, so that only its own request waits. Observed with Flask 3.1.

use super::Context::{OwnLoop, Worker};
use super::{Form, HTTP_METHODS, Names, Role, Runs, Told, at};

const OBJECTS: Names = &[
    "flask.*.Flask",
    "flask.*.Blueprint",
    "flask_openapi3.*.OpenAPI",
    "flask_openapi3.*.APIBlueprint",
    "apiflask.*.APIFlask",
    "apiflask.*.APIBlueprint",
    "flask_smorest.*.Blueprint",
];

/// Who loads the user of a request, `current_user` where nothing else asks for it (Flask-Login 0.6).
const LOGIN: Names = &["flask_login.*.LoginManager"];
const LOADERS: Names =
    &["user_loader", "request_loader", "header_loader", "unauthorized_handler", "needs_refresh_handler"];

const RUNS: Runs = Runs { plain: Worker, coroutine: OwnLoop };

/// How it is told what to call.
pub(super) const FORMS: &[Form] = &[
    RUNS.form(
        Told::Decorator { on: OBJECTS, names: &["route", "get", "post", "put", "patch", "delete", "endpoint"] },
        Role::Route,
    ),
    RUNS.form(Told::Method { on: OBJECTS, names: &["add_url_rule"], argument: at(2, &["view_func"]) }, Role::Route),
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
                "teardown_appcontext",
                "context_processor",
                "app_context_processor",
                "url_value_preprocessor",
            ],
        },
        Role::Middleware,
    ),
    RUNS.form(
        Told::Method {
            on: OBJECTS,
            names: &["before_request", "after_request", "teardown_request", "teardown_appcontext"],
            argument: at(0, &["f"]),
        },
        Role::Middleware,
    ),
    RUNS.form(Told::Decorator { on: LOGIN, names: LOADERS }, Role::Guard),
    RUNS.form(Told::Method { on: LOGIN, names: LOADERS, argument: at(0, &["callback"]) }, Role::Guard),
    RUNS.form(Told::Decorator { on: OBJECTS, names: &["errorhandler", "app_errorhandler"] }, Role::ExceptionHandler),
    RUNS.form(
        Told::Method { on: OBJECTS, names: &["register_error_handler"], argument: at(1, &["f"]) },
        Role::ExceptionHandler,
    ),
    RUNS.form(
        Told::Class {
            bases: &["flask.*.MethodView", "flask_restful.*.Resource", "flask_restx.*.Resource"],
            methods: HTTP_METHODS,
        },
        Role::Route,
    ),
    RUNS.form(Told::Class { bases: &["flask.*.View"], methods: &["dispatch_request"] }, Role::Route),
    RUNS.form(
        Told::Decorator {
            on: &["flask_socketio.SocketIO", "flask_sock.Sock", "flask_sockets.Sockets"],
            names: &["on", "event", "route"],
        },
        Role::WebSocket,
    ),
    RUNS.form(
        Told::Call { names: &["flask.*.stream_with_context"], argument: at(0, &["generator_or_function"]) },
        Role::Stream,
    ),
];
