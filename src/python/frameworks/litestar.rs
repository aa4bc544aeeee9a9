//! Litestar.
//!
//! A plain handler or dependency runs on the loop unless `sync_to_thread=True` is said; guards and the
//! hooks around requests run in the default executor, exception handlers and start-up hooks on the
//! loop. Observed with Litestar 2.25.

use super::Context::{Loop, Thread};
use super::{Argument, Form, Names, ON_LOOP, Pool, Role, Runs, START_UP, Told, at, keyword};

/// What is run in a thread unless it is a coroutine.
const WRAPPED: Runs = Runs { plain: Thread(Pool::Executor), coroutine: Loop };

/// The layers at which handlers take hooks: the application, routers, and the handlers themselves.
const LAYERS: Names = &[
    "litestar.*.Litestar",
    "litestar.*.Router",
    "litestar.*.get",
    "litestar.*.post",
    "litestar.*.put",
    "litestar.*.patch",
    "litestar.*.delete",
    "litestar.*.head",
    "litestar.*.route",
    "litestar.*.websocket",
    "litestar.*.websocket_listener",
];
const CONTROLLER: Names = &["litestar.*.Controller"];

const GUARDS: Argument = keyword(&["guards"]);
const HOOKS: Argument = keyword(&["before_request", "after_request", "after_response"]);

/// How it is told what to call.
pub(super) const FORMS: &[Form] = &[
    ON_LOOP
        .form(
            Told::Named {
                names: &[
                    "litestar.*.get",
                    "litestar.*.post",
                    "litestar.*.put",
                    "litestar.*.patch",
                    "litestar.*.delete",
                    "litestar.*.head",
                    "litestar.*.route",
                ],
            },
            Role::Route,
        )
        .unless("sync_to_thread"),
    ON_LOOP.form(
        Told::Named {
            names: &[
                "litestar.*.websocket",
                "litestar.*.websocket_stream",
                "litestar.*.send_websocket_stream",
                "litestar.*.asgi",
            ],
        },
        Role::WebSocket,
    ),
    // Unlike a plain handler, a plain listener has a thread.
    WRAPPED.form(Told::Named { names: &["litestar.*.websocket_listener"] }, Role::WebSocket),
    WRAPPED.form(
        Told::Class {
            bases: &["litestar.*.WebsocketListener"],
            methods: &["on_receive", "on_accept", "on_disconnect"],
        },
        Role::WebSocket,
    ),
    ON_LOOP
        .form(Told::Call { names: &["litestar.*.Provide"], argument: at(0, &["dependency"]) }, Role::Dependency)
        .of_class(&["__init__"])
        .unless("sync_to_thread")
        // `Provide.__call__` of Litestar 2 returns what it has once it has anything.
        .kept_by("use_cache"),
    ON_LOOP.form(Told::Call { names: LAYERS, argument: keyword(&["dependencies"]) }, Role::Dependency),
    ON_LOOP.form(Told::Field { bases: CONTROLLER, names: &["dependencies"] }, Role::Dependency),
    WRAPPED.form(Told::Call { names: LAYERS, argument: GUARDS }, Role::Guard),
    WRAPPED.form(Told::Field { bases: CONTROLLER, names: GUARDS.keywords }, Role::Guard),
    WRAPPED.form(Told::Call { names: LAYERS, argument: HOOKS }, Role::Middleware),
    WRAPPED.form(Told::Field { bases: CONTROLLER, names: HOOKS.keywords }, Role::Middleware),
    WRAPPED.form(Told::Class { bases: CONTROLLER, methods: HOOKS.keywords }, Role::Middleware),
    ON_LOOP.form(Told::Call { names: LAYERS, argument: keyword(&["type_encoders"]) }, Role::Validator),
    WRAPPED.form(
        Told::Call { names: &["litestar.*.Litestar"], argument: keyword(&["before_send", "after_exception"]) },
        Role::Middleware,
    ),
    ON_LOOP.form(Told::Call { names: LAYERS, argument: keyword(&["middleware"]) }, Role::Middleware).making(),
    ON_LOOP
        .form(
            Told::Call { names: &["litestar.*.DefineMiddleware"], argument: at(0, &["middleware"]) },
            Role::Middleware,
        )
        .making(),
    ON_LOOP.form(
        Told::Class {
            bases: &["litestar.*.AbstractMiddleware", "litestar.*.ASGIMiddleware"],
            methods: &["__call__", "handle"],
        },
        Role::Middleware,
    ),
    ON_LOOP.form(
        Told::Class { bases: &["litestar.*.AbstractAuthenticationMiddleware"], methods: &["authenticate_request"] },
        Role::Guard,
    ),
    WRAPPED.form(
        Told::Call {
            names: &[
                "litestar.*.JWTAuth",
                "litestar.*.JWTCookieAuth",
                "litestar.*.OAuth2PasswordBearerAuth",
                "litestar.*.SessionAuth",
            ],
            argument: keyword(&["retrieve_user_handler", "revoked_token_handler"]),
        },
        Role::Guard,
    ),
    ON_LOOP.form(Told::Call { names: LAYERS, argument: keyword(&["exception_handlers"]) }, Role::ExceptionHandler),
    ON_LOOP.form(Told::Field { bases: CONTROLLER, names: &["exception_handlers"] }, Role::ExceptionHandler),
    START_UP.form(
        Told::Call {
            names: &["litestar.*.Litestar"],
            argument: keyword(&["on_startup", "on_shutdown", "lifespan", "on_app_init"]),
        },
        Role::LifeCycle,
    ),
    WRAPPED.form(Told::Named { names: &["litestar.events.*.listener"] }, Role::Signal),
    WRAPPED.form(Told::Call { names: &["litestar.*.BackgroundTask"], argument: at(0, &["fn"]) }, Role::Background),
    WRAPPED.form(
        Told::Call { names: &["litestar.*.Stream", "litestar.*.ServerSentEvent"], argument: at(0, &["content"]) },
        Role::Stream,
    ),
];
