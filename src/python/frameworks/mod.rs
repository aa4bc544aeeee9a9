//! Web frameworks: what is a handler, and what runs where.
//!
//! Each framework is a table of the forms in which it is told what to call, next to where it calls
//! plain and `async` functions given in that form. The tables know nothing of servers: under which
//! interface an application is served is for the caller to join in.

mod aiohttp;
mod django;
mod fastapi;
mod find;
mod flask;
mod litestar;
mod quart;
mod sanic;
mod tornado;

pub use find::{Found, find};

/// Where the framework runs a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Context {
    /// On the event loop, while requests are served.
    Loop,
    /// On the event loop, before the first request or after the last one.
    StartUp,
    /// In a thread of the framework's or the loop's pool.
    Pool,
    /// In the worker's own thread or greenlet, one request at a time.
    Worker,
    /// On a loop of its own that only this request waits for.
    OwnLoop,
}

/// What a handler is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Runs around every request.
    Middleware,
    /// Prepares an argument of routes.
    Dependency,
    /// Answers a request.
    Route,
    /// Serves a web socket.
    WebSocket,
    /// Turns an exception into a response.
    ExceptionHandler,
    /// Runs after the response.
    Background,
    /// Runs before the first request or after the last one.
    LifeCycle,
}

/// How a framework is told to call a function.
#[derive(Debug, Clone, Copy)]
pub enum Told {
    /// `@object.name(...)`, on an object of one of these classes.
    Decorator {
        /// The classes.
        on: &'static [&'static str],
        /// The methods that decorate.
        names: &'static [&'static str],
    },
    /// `@name(...)`, where the decorator is a function of a library.
    Named {
        /// Dotted names.
        names: &'static [&'static str],
        /// The keyword that, set to true, has a plain function run in a thread.
        thread: Option<&'static str>,
    },
    /// `object.name(..., f)`, on an object of one of these classes.
    Method {
        /// The classes.
        on: &'static [&'static str],
        /// The methods.
        names: &'static [&'static str],
        /// The argument that holds the function, by position and by keyword.
        argument: (usize, &'static str),
    },
    /// `Name(..., f)`.
    Call {
        /// Dotted names.
        names: &'static [&'static str],
        /// The argument that holds the function, by position and by keyword.
        argument: (usize, &'static str),
    },
    /// A class with one of these bases has these methods.
    Class {
        /// The bases.
        bases: &'static [&'static str],
        /// The methods.
        methods: &'static [&'static str],
    },
}

/// One form, what it is for, and where it runs what it is given.
#[derive(Debug, Clone, Copy)]
pub struct Form {
    /// How it is written.
    pub told: Told,
    /// What it is for.
    pub role: Role,
    /// Where a plain function runs.
    pub plain: Context,
    /// Where an `async` function runs.
    pub coroutine: Context,
}

/// The forms of every framework that is known.
pub fn forms() -> impl Iterator<Item = &'static Form> {
    [
        fastapi::FORMS,
        flask::FORMS,
        quart::FORMS,
        django::FORMS,
        litestar::FORMS,
        sanic::FORMS,
        aiohttp::FORMS,
        tornado::FORMS,
    ]
    .into_iter()
    .flatten()
}
