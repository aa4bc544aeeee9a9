//! What calls functions on the loop of the application, but for no request of its server: schedulers, and servers
//! that an application starts beside its own.
//!
//! `APScheduler`'s asynchronous scheduler runs plain jobs in the loop's default executor, and so do the
//! periodic tasks of `fastapi-utils` in `AnyIO`'s threads. Observed with `APScheduler` 3.11, `fastapi-utils` 0.8.

use super::Context::{Loop, Thread};
use super::{Form, Names, Pool, Role, Runs, Told, at};

const SCHEDULER: Names = &["apscheduler.*.AsyncIOScheduler", "apscheduler.*.AsyncScheduler"];

/// `pyee` leaves coroutines that listen to the loop, and calls plain listeners where an event is emitted (13.0).
const EMITTER: Names = &["pyee.*.AsyncIOEventEmitter"];

const IN_EXECUTOR: Runs = Runs { plain: Thread(Pool::Executor), coroutine: Loop };
const IN_LOOP: Runs = Runs { plain: Loop, coroutine: Loop };
const IN_THREADS: Runs = Runs { plain: Thread(Pool::AnyIo), coroutine: Loop };

/// How they are told what to call.
pub(super) const FORMS: &[Form] = &[
    IN_EXECUTOR.form(
        Told::Method { on: SCHEDULER, names: &["add_job", "add_schedule"], argument: at(0, &["func"]) },
        Role::Background,
    ),
    IN_EXECUTOR.form(Told::Decorator { on: SCHEDULER, names: &["scheduled_job"] }, Role::Background),
    IN_LOOP.form(Told::Decorator { on: EMITTER, names: &["on", "once", "listens_to"] }, Role::Signal),
    IN_LOOP.form(
        Told::Method { on: EMITTER, names: &["on", "once", "add_listener"], argument: at(1, &["f"]) },
        Role::Signal,
    ),
    IN_LOOP.form(Told::Named { names: &["aiocron.crontab"] }, Role::Background),
    IN_LOOP.form(Told::Call { names: &["aiocron.crontab"], argument: at(1, &["func"]) }, Role::Background),
    IN_LOOP.form(
        Told::Call {
            names: &["asyncio.start_server", "asyncio.start_unix_server"],
            argument: at(0, &["client_connected_cb"]),
        },
        Role::Background,
    ),
    IN_LOOP.form(
        Told::Class {
            bases: &["asyncio.*.Protocol", "asyncio.*.DatagramProtocol", "asyncio.*.BufferedProtocol"],
            methods: &[
                "connection_made",
                "connection_lost",
                "data_received",
                "datagram_received",
                "eof_received",
                "error_received",
                "buffer_updated",
            ],
        },
        Role::Background,
    ),
    IN_THREADS.form(
        Told::Named { names: &["fastapi_utils.*.repeat_every", "fastapi_utilities.*.repeat_every"] },
        Role::Background,
    ),
];
