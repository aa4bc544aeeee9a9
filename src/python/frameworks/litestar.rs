//! Litestar.
//!
//! A plain handler runs on the loop unless `sync_to_thread=True` is said; guards are left out, they run
//! in a thread. Observed with Litestar 2.25.

use super::Context::{Loop, StartUp};
use super::{Form, Role, Told};

const fn form(told: Told, role: Role) -> Form {
    Form { told, role, plain: Loop, coroutine: Loop }
}

/// How it is told what to call.
pub(super) const FORMS: &[Form] = &[
    form(
        Told::Named {
            names: &[
                "litestar.get",
                "litestar.post",
                "litestar.put",
                "litestar.patch",
                "litestar.delete",
                "litestar.head",
                "litestar.route",
                "litestar.handlers.get",
                "litestar.handlers.post",
            ],
            thread: Some("sync_to_thread"),
        },
        Role::Route,
    ),
    form(
        Told::Named {
            names: &["litestar.websocket", "litestar.websocket_listener", "litestar.handlers.websocket"],
            thread: None,
        },
        Role::WebSocket,
    ),
    form(Told::Call { names: &["litestar.di.Provide"], argument: (0, "dependency") }, Role::Dependency),
    Form {
        told: Told::Call { names: &["litestar.Litestar"], argument: (usize::MAX, "on_startup") },
        role: Role::LifeCycle,
        plain: StartUp,
        coroutine: StartUp,
    },
];
