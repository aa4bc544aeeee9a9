//! Falcon.
//!
//! Its two kinds of applications take the same calls: under `falcon.asgi.App` responders have to be
//! coroutines and run on the loop, under `falcon.App` they are plain and run in the worker. Observed
//! with Falcon 4.4.

use super::Context::{Loop, OwnLoop, Worker};
use super::{Form, Names, ON_LOOP, Role, Runs, START_UP, Told, at, keyword};

const ASGI: Names = &["falcon.asgi.*.App"];
const RESPONSE: Names = &["falcon.asgi.*.Response"];
const WSGI: Names = &["falcon.App", "falcon.API", "falcon.app.App"];

const IN_WORKER: Runs = Runs { plain: Worker, coroutine: OwnLoop };

const HOOKS: Runs = Runs { plain: Worker, coroutine: Loop };

const PROCESS: Names = &["process_request*", "process_resource*", "process_response*"];
const STARTS: Names = &["process_startup", "process_shutdown"];

const fn served(on: Names, runs: Runs) -> [Form; 6] {
    [
        runs.form(Told::Method { on, names: &["add_route"], argument: at(1, &["resource"]) }, Role::Route)
            .calling(&["on_*"]),
        runs.form(Told::Method { on, names: &["add_sink"], argument: at(0, &["sink"]) }, Role::Route),
        runs.form(
            Told::Method { on, names: &["add_error_handler"], argument: at(1, &["handler"]) },
            Role::ExceptionHandler,
        ),
        runs.form(Told::Method { on, names: &["add_middleware"], argument: at(0, &["middleware"]) }, Role::Middleware)
            .calling(PROCESS),
        runs.form(Told::Call { names: on, argument: keyword(&["middleware"]) }, Role::Middleware).calling(PROCESS),
        runs.form(
            Told::Method { on, names: &["set_error_serializer"], argument: at(0, &["serializer"]) },
            Role::ExceptionHandler,
        ),
    ]
}

const ASYNCHRONOUS: [Form; 6] = served(ASGI, ON_LOOP);
const PLAIN: [Form; 6] = served(WSGI, IN_WORKER);

/// How it is told what to call.
pub(super) const FORMS: &[Form] = &[
    ASYNCHRONOUS[0],
    ASYNCHRONOUS[1],
    ASYNCHRONOUS[2],
    ASYNCHRONOUS[3],
    ASYNCHRONOUS[4],
    ASYNCHRONOUS[5],
    PLAIN[0],
    PLAIN[1],
    PLAIN[2],
    PLAIN[3],
    PLAIN[4],
    PLAIN[5],
    START_UP
        .form(Told::Method { on: ASGI, names: &["add_middleware"], argument: at(0, &["middleware"]) }, Role::LifeCycle)
        .calling(STARTS),
    START_UP.form(Told::Call { names: ASGI, argument: keyword(&["middleware"]) }, Role::LifeCycle).calling(STARTS),
    HOOKS.form(
        Told::Call { names: &["falcon.*.before", "falcon.*.after"], argument: at(0, &["action"]) },
        Role::Dependency,
    ),
    ON_LOOP.form(Told::Method { on: RESPONSE, names: &["schedule"], argument: at(0, &["callback"]) }, Role::Background),
    ON_LOOP.form(Told::Assigned { on: RESPONSE, names: &["stream", "sse"] }, Role::Stream),
    HOOKS.form(
        Told::Class { bases: &["falcon.*.BaseHandler"], methods: &["serialize_async", "deserialize_async"] },
        Role::Validator,
    ),
];
