//! python-socketio.
//!
//! The asynchronous server runs plain handlers on the loop as well. Observed with python-socketio 5.18.

use super::Context::{OwnLoop, Worker};
use super::{Form, Names, ON_LOOP, Role, Runs, Told, at, keyword};

/// Servers, and the clients of other servers, which share the loop.
const ASYNCHRONOUS: Names =
    &["socketio.*.AsyncServer", "engineio.*.AsyncServer", "socketio.*.AsyncClient", "engineio.*.AsyncClient"];
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
    ON_LOOP.form(
        Told::Class {
            bases: &["socketio.*.AsyncNamespace", "socketio.*.AsyncClientNamespace"],
            methods: &["on_*", "trigger_event"],
        },
        Role::WebSocket,
    ),
    // Called when the other side has acknowledged what it was sent.
    ON_LOOP.form(
        Told::Method { on: ASYNCHRONOUS, names: &["emit", "send"], argument: keyword(&["callback"]) },
        Role::WebSocket,
    ),
    IN_WORKER.form(Told::Decorator { on: PLAIN, names: &["event", "on"] }, Role::WebSocket),
    IN_WORKER.form(Told::Method { on: PLAIN, names: &["on"], argument: at(1, &["handler"]) }, Role::WebSocket),
    IN_WORKER.form(Told::Class { bases: &["socketio.*.Namespace"], methods: &["on_*"] }, Role::WebSocket),
];
