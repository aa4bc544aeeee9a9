//! Starlette, whose objects FastAPI passes on under its own name.
//!
//! Plain functions run in `AnyIO`'s threads; `lifespan` and start-up hooks run on the loop whatever
//! they are. Of a class with `async __call__(scope, receive, send)` that is added as middleware, that
//! method runs for each request. Observed with Starlette 1.10.

use super::Context::{Loop, Thread};
use super::{Form, HTTP_METHODS, Names, ON_LOOP, Pool, Role, Runs, START_UP, Told, at, keyword};

const OBJECTS: Names = &["starlette.*.Starlette", "starlette.*.Router"];

const RUNS: Runs = Runs { plain: Thread(Pool::AnyIo), coroutine: Loop };

/// How it is told what to call.
pub(super) const FORMS: &[Form] = &[
    RUNS.form(Told::Decorator { on: OBJECTS, names: &["route"] }, Role::Route),
    RUNS.form(Told::Decorator { on: OBJECTS, names: &["websocket_route"] }, Role::WebSocket),
    RUNS.form(Told::Decorator { on: OBJECTS, names: &["middleware"] }, Role::Middleware),
    RUNS.form(Told::Decorator { on: OBJECTS, names: &["exception_handler"] }, Role::ExceptionHandler),
    START_UP.form(Told::Decorator { on: OBJECTS, names: &["on_event"] }, Role::LifeCycle),
    RUNS.form(
        Told::Method {
            on: OBJECTS,
            names: &["add_route", "router.add_route"],
            argument: at(1, &["endpoint", "route"]),
        },
        Role::Route,
    ),
    RUNS.form(Told::Method { on: OBJECTS, names: &["mount", "router.mount"], argument: at(1, &["app"]) }, Role::Route),
    RUNS.form(
        Told::Method { on: OBJECTS, names: &["add_websocket_route"], argument: at(1, &["endpoint", "route"]) },
        Role::WebSocket,
    ),
    RUNS.form(
        Told::Method { on: OBJECTS, names: &["add_exception_handler"], argument: at(1, &["handler"]) },
        Role::ExceptionHandler,
    ),
    START_UP
        .form(Told::Method { on: OBJECTS, names: &["add_event_handler"], argument: at(1, &["func"]) }, Role::LifeCycle),
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
    RUNS.form(Told::Call { names: &["starlette.*.Route"], argument: at(1, &["endpoint"]) }, Role::Route),
    RUNS.form(Told::Call { names: &["starlette.*.Mount", "starlette.*.Host"], argument: at(1, &["app"]) }, Role::Route),
    RUNS.form(Told::Call { names: &["starlette.*.WebSocketRoute"], argument: at(1, &["endpoint"]) }, Role::WebSocket),
    ON_LOOP
        .form(
            Told::Call {
                names: &["starlette.*.Middleware", "fastapi.middleware.*.Middleware"],
                argument: at(0, &["cls"]),
            },
            Role::Middleware,
        )
        .making(),
    RUNS.form(
        Told::Call {
            names: &[
                "starlette.*.Middleware",
                "fastapi.middleware.*.Middleware",
                "starlette.*.BaseHTTPMiddleware",
                "fastapi.*.BaseHTTPMiddleware",
            ],
            argument: keyword(&["dispatch"]),
        },
        Role::Middleware,
    ),
    RUNS.form(
        Told::Call { names: &["starlette.*.Starlette"], argument: keyword(&["exception_handlers"]) },
        Role::ExceptionHandler,
    ),
    START_UP.form(
        Told::Call {
            names: &["starlette.*.Starlette", "starlette.*.Router"],
            argument: keyword(&["lifespan", "on_startup", "on_shutdown"]),
        },
        Role::LifeCycle,
    ),
    RUNS.form(
        Told::Method {
            on: &["starlette.*.BackgroundTasks", "fastapi.*.BackgroundTasks"],
            names: &["add_task"],
            argument: at(0, &["func"]),
        },
        Role::Background,
    ),
    RUNS.form(
        Told::Call { names: &["starlette.*.BackgroundTask", "fastapi.*.BackgroundTask"], argument: at(0, &["func"]) },
        Role::Background,
    ),
    RUNS.form(
        Told::Call {
            names: &[
                "starlette.*.StreamingResponse",
                "fastapi.*.StreamingResponse",
                "fastapi.*.EventSourceResponse",
                "sse_starlette.*.EventSourceResponse",
            ],
            argument: at(0, &["content"]),
        },
        Role::Stream,
    )
    .calling(&["__iter__", "__next__", "__aiter__", "__anext__"]),
    RUNS.form(
        Told::Class {
            bases: &["starlette.*.BaseHTTPMiddleware", "fastapi.*.BaseHTTPMiddleware"],
            methods: &["dispatch"],
        },
        Role::Middleware,
    ),
    RUNS.form(Told::Class { bases: &["starlette.*.HTTPEndpoint"], methods: HTTP_METHODS }, Role::Route),
    RUNS.form(Told::Class { bases: &["starlette.*.HTTPEndpoint"], methods: &["dispatch"] }, Role::Route),
    RUNS.form(
        Told::Class {
            bases: &["starlette.*.WebSocketEndpoint"],
            methods: &["on_connect", "on_receive", "on_disconnect", "dispatch"],
        },
        Role::WebSocket,
    ),
    // `sqladmin` asks its own before each of its pages.
    RUNS.form(
        Told::Class { bases: &["sqladmin.*.AuthenticationBackend"], methods: &["authenticate", "login", "logout"] },
        Role::Route,
    ),
    // Authentication backends are asked in a middleware.
    RUNS.form(
        Told::Class { bases: &["starlette.*.AuthenticationBackend"], methods: &["authenticate"] },
        Role::Middleware,
    ),
    // What a class of responses makes of its content; FastAPI makes those of plain routes on the loop as well.
    ON_LOOP.form(
        Told::Class {
            bases: &[
                "starlette.*.Response",
                "starlette.*.JSONResponse",
                "fastapi.*.Response",
                "fastapi.*.JSONResponse",
            ],
            methods: &["render"],
        },
        Role::Validator,
    ),
    RUNS.form(
        Told::Class { bases: &["starlette.*.StaticFiles", "fastapi.*.StaticFiles"], methods: &["get_response"] },
        Role::Route,
    ),
];
