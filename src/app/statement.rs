//! What the analysis states: where the loop stands still, what handlers reach, what needs a loop.

use std::collections::BTreeSet;

use super::{Context, Role};
use crate::findings::{Confidence, Fix};
use crate::python::catalogue::{Category, Gevent, Timeout, Weight};
use crate::source::Place;

/// A place where the event loop may stand still.
#[derive(Debug, Clone, PartialEq)]
#[allow(clippy::struct_excessive_bools, reason = "independent facts, not the states of one")]
pub struct Blocking {
    /// The blocking call itself.
    pub call: Place,
    /// What is called, by its public name: `requests.get`, `sqlalchemy.orm.Session.execute`.
    pub what: String,
    /// How the line itself puts it, where nobody wrote that name: `with Session.begin()`.
    pub written: Option<String>,
    /// The distribution it belongs to.
    pub library: &'static str,
    /// The text of a query that runs because somebody asks for its value.
    pub asked: Option<String>,
    /// What it waits for.
    pub category: Category,
    /// How long it may take, in a word.
    pub weight: Weight,
    /// How long it may take, in seconds.
    pub limit: Limit,
    /// What that limits.
    pub timeout: Timeout,
    /// The version of the library from which on it blocks.
    pub since: Option<&'static str>,
    /// How many more times the library tries by default after it gave up waiting; zero where the code says
    /// something about that.
    pub retries: u32,
    /// Whether a loop may make the call again and again.
    pub repeats: bool,
    /// Whether whoever runs the handler at the beginning of the chain always gets to the call.
    pub always: bool,
    /// Further calls of the same category that the function around `anchor` leads to.
    pub more: Vec<Place>,
    /// The call in the last `async` frame, where the loop is left waiting; `call` itself when `direct`.
    pub anchor: Place,
    /// What the project says about the places of the lines, and about those of the calls: what is told together has
    /// these in common.
    pub remarks: (u64, u64),
    /// Every place where the loop is left waiting for `call` or one of `more`, `anchor` among them; in
    /// the order of files and lines.
    pub anchors: Vec<Place>,
    /// Calls in plain functions on any way from there to `call` or one of `more`; in the order of files and lines.
    pub passed: Vec<Place>,
    /// From the handler to the function that holds `call`; the shortest way there is.
    pub chain: Vec<Hop>,
    /// Whether the call stands in an `async def`.
    pub direct: bool,
    /// Who reaches it or one of `more`: name, place of its definition and what it is for, in the order of
    /// files and lines.
    pub handlers: Vec<(String, Place, Role)>,
    /// What the handler at the beginning of the chain is for.
    pub role: Role,
    /// What those are for; the most consequential role first.
    pub roles: Vec<Role>,
    /// Whether a task gets there, whoever begins it: nobody waits for that.
    pub in_task: bool,
    /// Whom it asks, where the address is written down.
    pub destination: Option<Destination>,
    /// What has to be set, and is not by default, for any request to get there.
    pub only_where: Option<(String, Place)>,
    /// What settles it.
    pub remedy: Remedy,
    /// The edits that settle it, where there are any.
    pub repair: Option<Fix>,
    /// How sure it is that the call is made on the loop.
    pub certainty: Confidence,
}

/// How long a call can take.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Limit {
    /// An argument says so, in seconds.
    Given(f64),
    /// The library gives up after so many seconds where nobody says otherwise.
    Default(f64),
    /// Neither the call nor the library sets a limit.
    Never,
    /// The code does not show it.
    Unknown,
}

/// Whom a call asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// A host and a port that are written down.
    Address {
        /// The host, in lower case.
        host: String,
        /// The port, that of the scheme where none is written.
        port: u16,
    },
    /// The address of the request that is being served.
    Own,
}

/// One function on the way from a handler to a blocking call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hop {
    /// The call in it that leads on.
    pub place: Place,
    /// Its qualified name.
    pub function: String,
    /// Whether it is an `async def`.
    pub is_async: bool,
}

/// What settles a blocking call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remedy {
    /// What to do, as a clause.
    pub text: String,
    /// The version of the library that has what the clause names, and what to do with an older one.
    pub before: Option<(&'static str, String)>,
    /// The asynchronous counterpart of what is called.
    pub async_twin: Option<String>,
    /// Whether taking `async` away from the only frame is enough: it awaits nothing and the framework
    /// runs plain functions in threads.
    pub drop_async: bool,
    /// Whether what would be moved to threads writes a file of one fixed name and reads it back.
    pub shares: bool,
}

/// A call that handlers reach, wherever they run: one entry per function and name.
#[derive(Debug, Clone, PartialEq)]
pub struct Reached {
    /// What is called, by its public name.
    pub what: String,
    /// Where.
    pub call: Place,
    /// The distribution it belongs to.
    pub library: &'static str,
    /// What it waits for.
    pub category: Category,
    /// How long.
    pub weight: Weight,
    /// How long, in seconds.
    pub limit: Limit,
    /// What that limits.
    pub timeout: Timeout,
    /// How it behaves under gevent.
    pub gevent: Gevent,
    /// What makes it cooperative there, where that takes a step of its own.
    pub gevent_setup: Option<&'static str>,
    /// Whom it asks, where the address is written down.
    pub destination: Option<Destination>,
    /// Who reaches it: name, place of its definition, and where it runs; the first of many.
    pub handlers: Vec<(String, Place, Context)>,
    /// How many reach it.
    pub handler_count: usize,
    /// Where those run.
    pub contexts: BTreeSet<Context>,
    /// Whether something else may be meant.
    pub doubtful: bool,
}

impl Reached {
    /// Whether it waits for something outside the process, and not for a moment only.
    pub fn waits(&self) -> bool {
        self.weight > Weight::Slight
            && !matches!(
                self.category,
                Category::Cpu | Category::File | Category::Lock | Category::EventLoop | Category::Input
            )
    }
}

/// A call of asyncio that plain code reaches, off the loop that serves requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoopCall {
    /// What is called: `asyncio.create_task`.
    pub what: String,
    /// Where.
    pub call: Place,
    /// Whether it starts a loop of its own instead of asking for the one that runs.
    pub starts: bool,
    /// From the handler to the function that holds the call.
    pub chain: Vec<Hop>,
    /// Whether every run of the last coroutine on the way, or of the plain handler that comes to it, gets to the call.
    pub surely: bool,
    /// The handler: its name and the place of its definition.
    pub handler: (String, Place),
    /// Where the handler runs.
    pub runs: Context,
}

/// A response that stays open, and what keeps it open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream {
    /// Where the response is made.
    pub place: Place,
    /// What is known of how long it stays open.
    pub held: Held,
    /// Whether it ends by itself as soon as Uvicorn is asked to stop, as those of sse-starlette do.
    pub heeds_uvicorn: bool,
}

/// Why a streamed response takes time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Held {
    /// Between two pieces it waits for this.
    By(String, Place),
    /// It goes on until the client leaves.
    Endless(Place),
    /// It sends events, which is done to wait for more of them.
    Events,
    /// The code does not show it.
    Unknown,
}
