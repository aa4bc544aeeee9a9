//! FastAPI; what it shares with Starlette is in that table.
//!
//! Plain functions run in `AnyIO`'s threads: routes, dependencies with both halves of generators, the
//! constructors of classes as dependencies. `on_event` runs on the loop whatever it is. Observed with
//! FastAPI 0.165.

use super::Context::{Loop, Thread};
use super::{Form, HTTP_METHODS, Names, ON_LOOP, Pool, Role, Runs, START_UP, Told, at, keyword};

/// Applications and routers; those of libraries on top of it that take the same calls are among them.
const OBJECTS: Names = &[
    "fastapi.*.FastAPI",
    "fastapi.*.APIRouter",
    "*.APIRouter",
    "fastapi_utils.*.InferringRouter",
    "fastapi_versioning.*.VersionedFastAPI",
    "strawberry.fastapi.*.GraphQLRouter",
];

const RUNS: Runs = Runs { plain: Thread(Pool::AnyIo), coroutine: Loop };

/// How it is told what to call.
pub(super) const FORMS: &[Form] = &[
    RUNS.form(Told::Decorator { on: OBJECTS, names: HTTP_METHODS }, Role::Route),
    RUNS.form(Told::Decorator { on: OBJECTS, names: &["api_route", "route"] }, Role::Route),
    RUNS.form(Told::Decorator { on: OBJECTS, names: &["websocket", "websocket_route"] }, Role::WebSocket),
    RUNS.form(Told::Decorator { on: OBJECTS, names: &["middleware"] }, Role::Middleware),
    RUNS.form(Told::Decorator { on: OBJECTS, names: &["exception_handler"] }, Role::ExceptionHandler),
    START_UP.form(Told::Decorator { on: OBJECTS, names: &["on_event"] }, Role::LifeCycle),
    RUNS.form(
        Told::Method {
            on: OBJECTS,
            names: &["add_api_route", "add_route", "router.add_api_route", "router.add_route"],
            argument: at(1, &["endpoint", "route"]),
        },
        Role::Route,
    ),
    RUNS.form(
        Told::Method {
            on: OBJECTS,
            names: &["add_api_websocket_route", "add_websocket_route"],
            argument: at(1, &["endpoint", "route"]),
        },
        Role::WebSocket,
    ),
    RUNS.form(Told::Method { on: OBJECTS, names: &["mount", "router.mount"], argument: at(1, &["app"]) }, Role::Route),
    RUNS.form(
        Told::Method { on: OBJECTS, names: &["add_exception_handler"], argument: at(1, &["handler"]) },
        Role::ExceptionHandler,
    ),
    START_UP.form(
        Told::Method {
            on: OBJECTS,
            names: &["add_event_handler", "router.add_event_handler"],
            argument: at(1, &["func"]),
        },
        Role::LifeCycle,
    ),
    START_UP.form(
        Told::Method {
            on: OBJECTS,
            names: &[
                "on_startup.append",
                "on_shutdown.append",
                "router.on_startup.append",
                "router.on_shutdown.append",
            ],
            argument: at(0, &[]),
        },
        Role::LifeCycle,
    ),
    // A plain `__call__` gives what is awaited: it runs on the loop itself.
    ON_LOOP
        .form(
            Told::Method { on: OBJECTS, names: &["add_middleware"], argument: at(0, &["middleware_class"]) },
            Role::Middleware,
        )
        .making(),
    RUNS.form(
        Told::Method { on: OBJECTS, names: &["add_middleware"], argument: keyword(&["dispatch"]) },
        Role::Middleware,
    ),
    RUNS.form(Told::Call { names: &["fastapi.*.APIRoute"], argument: at(1, &["endpoint"]) }, Role::Route),
    RUNS.form(Told::Call { names: &["fastapi.*.APIWebSocketRoute"], argument: at(1, &["endpoint"]) }, Role::WebSocket),
    RUNS.form(
        Told::Call { names: &["fastapi.*.Depends", "fastapi.*.Security"], argument: at(0, &["dependency"]) },
        Role::Dependency,
    )
    .of_class(&["__init__"]),
    RUNS.form(
        Told::Call { names: &["fastapi.*.FastAPI", "fastapi.*.APIRouter"], argument: keyword(&["exception_handlers"]) },
        Role::ExceptionHandler,
    ),
    START_UP.form(
        Told::Call {
            names: &["fastapi.*.FastAPI", "fastapi.*.APIRouter"],
            argument: keyword(&["lifespan", "on_startup", "on_shutdown"]),
        },
        Role::LifeCycle,
    ),
    // What `fastapi-users` calls of its manager in its own routes.
    RUNS.form(
        Told::Class {
            bases: &["fastapi_users.*.BaseUserManager"],
            methods: &[
                "on_after_register",
                "on_after_update",
                "on_after_request_verify",
                "on_after_verify",
                "on_after_forgot_password",
                "on_after_reset_password",
                "on_after_login",
                "on_before_delete",
                "on_after_delete",
                "validate_password",
            ],
        },
        Role::Route,
    ),
    // What `get_route_handler` of a custom class of routes returns wraps each of its routes.
    RUNS.form(Told::Maker { bases: &["fastapi.*.APIRoute"], methods: &["get_route_handler"] }, Role::RouteClass),
];
