//! Web frameworks: what is a handler, and what runs where.

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
