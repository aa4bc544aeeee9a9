//! FastAPI and Starlette.
//!
//! Plain functions run in `AnyIO`'s thread pool (40 threads per loop unless changed): routes,
//! dependencies, exception handlers, background tasks. `lifespan` and the start-up events run on the
//! loop whatever they are. Observed with FastAPI 0.165 and Starlette 1.10.

use super::Context::{Loop, Pool, StartUp};
use super::{Form, Role, Told};

const OBJECTS: &[&str] = &[
    "fastapi.FastAPI",
    "fastapi.applications.FastAPI",
    "fastapi.APIRouter",
    "fastapi.routing.APIRouter",
    "starlette.applications.Starlette",
    "starlette.routing.Router",
];

const METHODS: &[&str] = &["get", "post", "put", "patch", "delete", "head", "options", "trace"];

const fn form(told: Told, role: Role) -> Form {
    Form { told, role, plain: Pool, coroutine: Loop }
}

/// How they are told what to call.
pub(super) const FORMS: &[Form] = &[
    form(Told::Decorator { on: OBJECTS, names: METHODS }, Role::Route),
    form(Told::Decorator { on: OBJECTS, names: &["api_route", "route"] }, Role::Route),
    form(Told::Decorator { on: OBJECTS, names: &["websocket", "websocket_route"] }, Role::WebSocket),
    form(Told::Decorator { on: OBJECTS, names: &["middleware"] }, Role::Middleware),
    form(Told::Decorator { on: OBJECTS, names: &["exception_handler"] }, Role::ExceptionHandler),
    Form {
        told: Told::Decorator { on: OBJECTS, names: &["on_event"] },
        role: Role::LifeCycle,
        plain: StartUp,
        coroutine: StartUp,
    },
    form(Told::Method { on: OBJECTS, names: &["add_api_route", "add_route"], argument: (1, "endpoint") }, Role::Route),
    form(
        Told::Method {
            on: OBJECTS,
            names: &["add_api_websocket_route", "add_websocket_route"],
            argument: (1, "endpoint"),
        },
        Role::WebSocket,
    ),
    form(
        Told::Method { on: OBJECTS, names: &["add_exception_handler"], argument: (1, "handler") },
        Role::ExceptionHandler,
    ),
    Form {
        told: Told::Method { on: OBJECTS, names: &["add_event_handler"], argument: (1, "func") },
        role: Role::LifeCycle,
        plain: StartUp,
        coroutine: StartUp,
    },
    form(Told::Method { on: OBJECTS, names: &["add_middleware"], argument: (0, "middleware_class") }, Role::Middleware),
    form(
        Told::Method {
            on: &[
                "fastapi.BackgroundTasks",
                "starlette.background.BackgroundTasks",
                "fastapi.background.BackgroundTasks",
            ],
            names: &["add_task"],
            argument: (0, "func"),
        },
        Role::Background,
    ),
    form(Told::Call { names: &["starlette.background.BackgroundTask"], argument: (0, "func") }, Role::Background),
    form(
        Told::Call {
            names: &["fastapi.Depends", "fastapi.Security", "fastapi.params.Depends", "fastapi.params.Security"],
            argument: (0, "dependency"),
        },
        Role::Dependency,
    ),
    form(
        Told::Call { names: &["starlette.routing.Route", "fastapi.routing.APIRoute"], argument: (1, "endpoint") },
        Role::Route,
    ),
    form(
        Told::Call {
            names: &["starlette.routing.WebSocketRoute", "fastapi.routing.APIWebSocketRoute"],
            argument: (1, "endpoint"),
        },
        Role::WebSocket,
    ),
    form(
        Told::Call {
            names: &["starlette.middleware.Middleware", "fastapi.middleware.Middleware"],
            argument: (0, "cls"),
        },
        Role::Middleware,
    ),
    Form {
        told: Told::Call {
            names: &["fastapi.FastAPI", "fastapi.APIRouter", "starlette.applications.Starlette"],
            argument: (usize::MAX, "lifespan"),
        },
        role: Role::LifeCycle,
        plain: StartUp,
        coroutine: StartUp,
    },
    form(
        Told::Class {
            bases: &["starlette.middleware.base.BaseHTTPMiddleware", "fastapi.middleware.BaseHTTPMiddleware"],
            methods: &["dispatch"],
        },
        Role::Middleware,
    ),
    form(
        Told::Class {
            bases: &["starlette.endpoints.HTTPEndpoint"],
            methods: &["get", "post", "put", "patch", "delete", "head", "options"],
        },
        Role::Route,
    ),
    form(
        Told::Class {
            bases: &["starlette.endpoints.WebSocketEndpoint"],
            methods: &["on_connect", "on_receive", "on_disconnect"],
        },
        Role::WebSocket,
    ),
];
