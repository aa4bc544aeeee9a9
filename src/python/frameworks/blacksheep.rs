//! `BlackSheep`.
//!
//! Everything runs on the loop, plain functions as well. Observed with `BlackSheep` 2.6.

use super::{Form, Names, ON_LOOP, Role, START_UP, Told, at};

const OBJECTS: Names = &["blacksheep.*.Application", "blacksheep.*.Router", "blacksheep.*.RoutesRegistry"];

/// How it is told what to call.
pub(super) const FORMS: &[Form] = &[
    ON_LOOP.form(
        Told::Named {
            names: &[
                "blacksheep.*.get",
                "blacksheep.*.post",
                "blacksheep.*.put",
                "blacksheep.*.patch",
                "blacksheep.*.delete",
                "blacksheep.*.head",
                "blacksheep.*.options",
                "blacksheep.*.trace",
                "blacksheep.*.route",
            ],
        },
        Role::Route,
    ),
    ON_LOOP.form(Told::Named { names: &["blacksheep.*.ws"] }, Role::WebSocket),
    ON_LOOP.form(
        Told::Decorator {
            on: OBJECTS,
            names: &["get", "post", "put", "patch", "delete", "head", "options", "trace", "route"],
        },
        Role::Route,
    ),
    ON_LOOP.form(Told::Decorator { on: OBJECTS, names: &["ws"] }, Role::WebSocket),
    ON_LOOP.form(
        Told::Method {
            on: OBJECTS,
            names: &[
                "router.add_get",
                "router.add_post",
                "router.add_put",
                "router.add_patch",
                "router.add_delete",
                "router.add_head",
                "router.add_options",
                "add_get",
                "add_post",
                "add_put",
                "add_patch",
                "add_delete",
                "add_head",
                "add_options",
            ],
            argument: at(1, &["handler"]),
        },
        Role::Route,
    ),
    ON_LOOP
        .form(Told::Method { on: OBJECTS, names: &["router.add", "add"], argument: at(2, &["handler"]) }, Role::Route),
    ON_LOOP.form(
        Told::Method { on: OBJECTS, names: &["router.add_ws", "add_ws"], argument: at(1, &["handler"]) },
        Role::WebSocket,
    ),
    ON_LOOP.form(
        Told::Method { on: OBJECTS, names: &["middlewares.append", "middlewares.insert"], argument: at(0, &[]) },
        Role::Middleware,
    ),
    ON_LOOP.form(Told::Decorator { on: OBJECTS, names: &["exception_handler"] }, Role::ExceptionHandler),
    ON_LOOP.form(Told::Assigned { on: OBJECTS, names: &["exceptions_handlers"] }, Role::ExceptionHandler),
    START_UP.form(
        Told::Decorator {
            on: OBJECTS,
            names: &["on_start", "after_start", "on_stop", "lifespan", "on_middlewares_configuration"],
        },
        Role::LifeCycle,
    ),
    ON_LOOP.form(
        Told::Class {
            bases: &["blacksheep.*.Controller", "blacksheep.*.ApiController"],
            methods: &["on_request", "on_response"],
        },
        Role::Middleware,
    ),
    ON_LOOP
        .form(Told::Class { bases: &["guardpost.*.AuthenticationHandler"], methods: &["authenticate"] }, Role::Guard),
    ON_LOOP.form(
        Told::Call { names: &["blacksheep.*.StreamedContent"], argument: at(1, &["data_provider"]) },
        Role::Stream,
    ),
    ON_LOOP.form(
        Told::Class { bases: &["guardpost.*.Requirement", "blacksheep.*.Requirement"], methods: &["handle"] },
        Role::Guard,
    ),
    ON_LOOP.form(Told::Class { bases: &["blacksheep.*.Binder"], methods: &["get_value"] }, Role::Dependency),
    ON_LOOP.form(Told::Assigned { on: OBJECTS, names: &["fallback"] }, Role::Route),
];
