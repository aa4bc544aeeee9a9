//! Quart.
//!
//! Plain functions run in the loop's default executor. Observed with Quart 0.22.

use super::Context::{Loop, Pool, StartUp};
use super::{Form, Role, Told};

const OBJECTS: &[&str] = &["quart.Quart", "quart.app.Quart", "quart.Blueprint", "quart.blueprints.Blueprint"];

const fn form(told: Told, role: Role) -> Form {
    Form { told, role, plain: Pool, coroutine: Loop }
}

/// How it is told what to call.
pub(super) const FORMS: &[Form] = &[
    form(Told::Decorator { on: OBJECTS, names: &["route", "get", "post", "put", "patch", "delete"] }, Role::Route),
    form(Told::Method { on: OBJECTS, names: &["add_url_rule"], argument: (2, "view_func") }, Role::Route),
    form(Told::Decorator { on: OBJECTS, names: &["websocket"] }, Role::WebSocket),
    form(
        Told::Decorator {
            on: OBJECTS,
            names: &["before_request", "after_request", "teardown_request", "before_app_request", "after_app_request"],
        },
        Role::Middleware,
    ),
    form(Told::Decorator { on: OBJECTS, names: &["errorhandler", "app_errorhandler"] }, Role::ExceptionHandler),
    form(Told::Method { on: OBJECTS, names: &["add_background_task"], argument: (0, "func") }, Role::Background),
    Form {
        told: Told::Decorator { on: OBJECTS, names: &["before_serving", "after_serving", "while_serving"] },
        role: Role::LifeCycle,
        plain: StartUp,
        coroutine: StartUp,
    },
];
