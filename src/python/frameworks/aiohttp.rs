//! aiohttp's server.
//!
//! Everything runs on the loop; plain functions as handlers are a deprecated form that does so too.
//! Observed with aiohttp 3.14.

use super::{Form, Names, ON_LOOP, Role, START_UP, Told, at, keyword};

const APPLICATION: Names = &["aiohttp.web.*.Application", "aiohttp.web.*.UrlDispatcher"];
const METHODS: Names = &["get", "post", "put", "patch", "delete", "head", "options"];

/// How it is told what to call.
pub(super) const FORMS: &[Form] = &[
    ON_LOOP.form(
        Told::Decorator {
            on: &["aiohttp.web.*.RouteTableDef"],
            names: &["get", "post", "put", "patch", "delete", "head", "options", "view", "route"],
        },
        Role::Route,
    ),
    ON_LOOP.form(
        Told::Method {
            on: APPLICATION,
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
    ON_LOOP.form(
        Told::Method { on: APPLICATION, names: &["router.add_route", "add_route"], argument: at(2, &["handler"]) },
        Role::Route,
    ),
    ON_LOOP.form(
        Told::Method {
            on: &["aiohttp.web.*.Resource", "aiohttp.web.*.PlainResource", "aiohttp.web.*.DynamicResource"],
            names: &["add_route"],
            argument: at(1, &["handler"]),
        },
        Role::Route,
    ),
    ON_LOOP.form(
        Told::Call {
            names: &[
                "aiohttp.web.*.get",
                "aiohttp.web.*.post",
                "aiohttp.web.*.put",
                "aiohttp.web.*.patch",
                "aiohttp.web.*.delete",
                "aiohttp.web.*.head",
                "aiohttp.web.*.options",
            ],
            argument: at(1, &["handler"]),
        },
        Role::Route,
    ),
    ON_LOOP.form(Told::Call { names: &["aiohttp.web.*.route"], argument: at(2, &["handler"]) }, Role::Route),
    ON_LOOP.form(Told::Named { names: &["aiohttp.web.*.middleware"] }, Role::Middleware),
    ON_LOOP.form(
        Told::Call { names: &["aiohttp.web.*.Application"], argument: keyword(&["middlewares"]) },
        Role::Middleware,
    ),
    ON_LOOP.form(
        Told::Method { on: APPLICATION, names: &["middlewares.append", "middlewares.insert"], argument: at(0, &[]) },
        Role::Middleware,
    ),
    ON_LOOP.form(
        Told::Method { on: APPLICATION, names: &["on_response_prepare.append"], argument: at(0, &[]) },
        Role::Middleware,
    ),
    START_UP.form(
        Told::Method {
            on: APPLICATION,
            names: &["on_startup.append", "on_shutdown.append", "on_cleanup.append", "cleanup_ctx.append"],
            argument: at(0, &[]),
        },
        Role::LifeCycle,
    ),
    START_UP.form(
        Told::Method {
            on: APPLICATION,
            names: &["on_startup.extend", "on_shutdown.extend", "on_cleanup.extend", "cleanup_ctx.extend"],
            argument: at(0, &[]),
        },
        Role::LifeCycle,
    ),
    ON_LOOP.form(Told::Class { bases: &["aiohttp.web.*.View"], methods: METHODS }, Role::Route),
    ON_LOOP.form(
        Told::Class { bases: &["aiohttp.web.*.StreamResponse", "aiohttp.web.*.Response"], methods: &["prepare"] },
        Role::Route,
    ),
    ON_LOOP.form(
        Told::Method {
            on: &["aiohttp.*.TraceConfig"],
            names: &[
                "on_request_start.append",
                "on_request_end.append",
                "on_request_exception.append",
                "on_request_redirect.append",
                "on_response_chunk_received.append",
                "on_connection_create_end.append",
            ],
            argument: at(0, &[]),
        },
        Role::Signal,
    ),
];
