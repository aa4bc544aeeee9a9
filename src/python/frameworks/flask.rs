//! Flask.
//!
//! Every view runs in the worker's thread or greenlet; an `async` view runs on a loop of its own in
//! a helper thread, so that only its own request waits. Observed with Flask 3.1.

use super::Context::{OwnLoop, Worker};
use super::{Form, Role, Told};

const OBJECTS: &[&str] = &["flask.Flask", "flask.app.Flask", "flask.Blueprint", "flask.blueprints.Blueprint"];

const fn form(told: Told, role: Role) -> Form {
    Form { told, role, plain: Worker, coroutine: OwnLoop }
}

/// How it is told what to call.
pub(super) const FORMS: &[Form] = &[
    form(
        Told::Decorator { on: OBJECTS, names: &["route", "get", "post", "put", "patch", "delete", "endpoint"] },
        Role::Route,
    ),
    form(Told::Method { on: OBJECTS, names: &["add_url_rule"], argument: (2, "view_func") }, Role::Route),
    form(
        Told::Decorator {
            on: OBJECTS,
            names: &["before_request", "after_request", "teardown_request", "before_app_request", "after_app_request"],
        },
        Role::Middleware,
    ),
    form(Told::Decorator { on: OBJECTS, names: &["errorhandler", "app_errorhandler"] }, Role::ExceptionHandler),
    form(
        Told::Class {
            bases: &["flask.views.MethodView", "flask.views.View", "flask_restful.Resource", "flask_restx.Resource"],
            methods: &["get", "post", "put", "patch", "delete", "head", "options", "dispatch_request"],
        },
        Role::Route,
    ),
    form(
        Told::Decorator { on: &["flask_socketio.SocketIO", "flask_sock.Sock"], names: &["on", "event", "route"] },
        Role::WebSocket,
    ),
];
