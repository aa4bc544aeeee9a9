//! python-socketio.
//!
//! The asynchronous server runs plain handlers on the loop as well. Observed with python-socketio 5.18.

use super::Context::{OwnLoop, Worker};
use super::{Form, Names, ON_LOOP, Role, Runs, Told, at};

const ASYNCHRONOUS: Names = &["socketio.*.AsyncServer", "engineio.*.AsyncServer"];
const PLAIN: Names = &["socketio.Server", "socketio.server.Server", "engineio.Server"];

const IN_WORKER: Runs = Runs { plain: Worker, coroutine: OwnLoop };

/// How it is told what to call.
pub(super) const FORMS: &[Form] = &[
    ON_LOOP.form(Told::Decorator { on: ASYNCHRONOUS, names: &["event", "on"] }, Role::WebSocket),
    ON_LOOP.form(Told::Method { on: ASYNCHRONOUS, names: &["on"], argument: at(1, &["handler"]) }, Role::WebSocket),
    ON_LOOP.form(Told::Method { on: ASYNCHRONOUS, names: &["event"], argument: at(0, &[]) }, Role::WebSocket),
    ON_LOOP.form(
        Told::Method { on: ASYNCHRONOUS, names: &["start_background_task"], argument: at(0, &["target"]) },
        Role::Background,
    ),
    ON_LOOP.form(Told::Class { bases: &["socketio.*.AsyncNamespace"], methods: &["on_*"] }, Role::WebSocket),
    IN_WORKER.form(Told::Decorator { on: PLAIN, names: &["event", "on"] }, Role::WebSocket),
    IN_WORKER.form(Told::Method { on: PLAIN, names: &["on"], argument: at(1, &["handler"]) }, Role::WebSocket),
    IN_WORKER.form(Told::Class { bases: &["socketio.*.Namespace"], methods: &["on_*"] }, Role::WebSocket),
];
