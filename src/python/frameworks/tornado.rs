//! Tornado.
//!
//! Everything runs on the loop, plain methods as well; `run_on_executor` moves a method to a thread.
//! Observed with Tornado 6.6.

use super::{Form, ON_LOOP, Role, Told, at};

/// How it is told what to call.
pub(super) const FORMS: &[Form] = &[
    ON_LOOP.form(
        Told::Class {
            bases: &[
                "tornado.web.RequestHandler",
                "tornado.web.StaticFileHandler",
                "tornado.web.RedirectHandler",
                "tornado.web.ErrorHandler",
                "tornado.web.FallbackHandler",
            ],
            methods: &[
                "get",
                "post",
                "put",
                "patch",
                "delete",
                "head",
                "options",
                "initialize",
                "prepare",
                "on_finish",
                "on_connection_close",
                "data_received",
                "set_default_headers",
                "write_error",
                "get_current_user",
                "get_login_url",
                "get_user_locale",
                "log_exception",
                "get_template_namespace",
                "check_xsrf_cookie",
                "compute_etag",
            ],
        },
        Role::Route,
    ),
    ON_LOOP.form(
        Told::Class {
            bases: &["tornado.websocket.WebSocketHandler"],
            methods: &["open", "on_message", "on_close", "on_ping", "on_pong", "check_origin", "select_subprotocol"],
        },
        Role::WebSocket,
    ),
    ON_LOOP.form(
        Told::Call { names: &["tornado.ioloop.PeriodicCallback"], argument: at(0, &["callback"]) },
        Role::Background,
    ),
    ON_LOOP
        .form(
            Told::Method {
                on: &["tornado.ioloop.IOLoop"],
                names: &["add_callback", "spawn_callback"],
                argument: at(0, &["callback"]),
            },
            Role::Background,
        )
        .once(),
    ON_LOOP.form(
        Told::Method {
            on: &["tornado.ioloop.IOLoop"],
            names: &["add_callback_from_signal"],
            argument: at(0, &["callback"]),
        },
        Role::Background,
    ),
    ON_LOOP.form(
        Told::Method {
            on: &["tornado.ioloop.IOLoop"],
            names: &["call_later", "call_at", "add_timeout"],
            argument: at(1, &["callback"]),
        },
        Role::Background,
    ),
    ON_LOOP.form(
        Told::Class {
            bases: &["tornado.web.StaticFileHandler"],
            methods: &["get_absolute_path", "validate_absolute_path", "get_content_version", "set_extra_headers"],
        },
        Role::Route,
    ),
    ON_LOOP.form(Told::Class { bases: &["tornado.web.UIModule"], methods: &["render"] }, Role::Route),
    ON_LOOP.form(Told::Class { bases: &["tornado.tcpserver.TCPServer"], methods: &["handle_stream"] }, Role::Route),
    ON_LOOP.form(
        Told::Method {
            on: &["tornado.ioloop.IOLoop"],
            names: &["add_future", "add_handler"],
            argument: at(1, &["callback", "handler"]),
        },
        Role::Background,
    ),
];
