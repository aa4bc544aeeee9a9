//! aiohttp's server.
//!
//! Everything runs on the loop. Observed with aiohttp 3.14.

use super::Context::Loop;
use super::{Form, Role, Told};

const METHODS: &[&str] = &["get", "post", "put", "patch", "delete", "head", "options", "view", "route"];

const fn form(told: Told, role: Role) -> Form {
    Form { told, role, plain: Loop, coroutine: Loop }
}

/// How it is told what to call.
pub(super) const FORMS: &[Form] = &[
    form(Told::Decorator { on: &["aiohttp.web.RouteTableDef"], names: METHODS }, Role::Route),
    form(
        Told::Method {
            on: &["aiohttp.web.Application"],
            names: &["add_get", "add_post", "add_put", "add_patch", "add_delete", "add_head"],
            argument: (1, "handler"),
        },
        Role::Route,
    ),
    form(
        Told::Method { on: &["aiohttp.web.Application"], names: &["add_route"], argument: (2, "handler") },
        Role::Route,
    ),
    form(
        Told::Call {
            names: &[
                "aiohttp.web.get",
                "aiohttp.web.post",
                "aiohttp.web.put",
                "aiohttp.web.patch",
                "aiohttp.web.delete",
            ],
            argument: (1, "handler"),
        },
        Role::Route,
    ),
    form(Told::Call { names: &["aiohttp.web.route"], argument: (2, "handler") }, Role::Route),
    form(Told::Named { names: &["aiohttp.web.middleware"], thread: None }, Role::Middleware),
    form(
        Told::Class {
            bases: &["aiohttp.web.View"],
            methods: &["get", "post", "put", "patch", "delete", "head", "options"],
        },
        Role::Route,
    ),
];
