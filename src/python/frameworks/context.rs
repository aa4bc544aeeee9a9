//! Where a function runs, and what for.

/// Where a function runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Context {
    /// On the event loop, while requests are served.
    Loop,
    /// On the event loop, before the first request or after the last one.
    StartUp,
    /// In a thread next to the loop.
    Thread(Pool),
    /// In the worker's own thread, which serves nothing else meanwhile.
    Worker,
    /// In a greenlet: others run while it waits for something that is patched.
    Greenlet,
    /// On a loop of its own that only this request waits for.
    OwnLoop,
}

/// How a worker calls an application that is not asynchronous.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Calls {
    /// In the only thread of its process, or in one of a pool.
    InThreads,
    /// In greenlets.
    InGreenlets,
    /// On an event loop that it runs for itself, as Gunicorn's `tornado` class does.
    OnLoop,
    /// In threads next to a loop, which hands them one request after the other.
    Beside(Pool),
}

impl Context {
    /// Where a function runs once it is known how the worker calls the application.
    #[must_use]
    pub const fn under(self, calls: Calls) -> Self {
        match (self, calls) {
            (Self::Worker, Calls::InGreenlets) => Self::Greenlet,
            (Self::Worker, Calls::OnLoop) => Self::Loop,
            (Self::Worker, Calls::Beside(pool)) => Self::Thread(pool),
            (context, _) => context,
        }
    }

    /// The place as the end of a sentence.
    pub const fn place(self) -> &'static str {
        match self {
            Self::Loop => "on the event loop",
            // A worker without a loop runs them too, while it loads the application.
            Self::StartUp => "around serving",
            Self::Thread(Pool::AnyIo) => "in AnyIO's threads",
            Self::Thread(Pool::Executor) => "in threads of the default executor",
            Self::Thread(Pool::Request) => "in one thread per request",
            Self::Thread(Pool::Process) => "in one thread of the process",
            Self::Thread(Pool::Server) => "in threads of the server",
            Self::Worker => "in the worker's thread",
            Self::Greenlet => "in greenlets",
            Self::OwnLoop => "on a loop of their own",
        }
    }
}

/// Which threads run plain functions next to a loop. They are different pools: raising the limit of
/// one does nothing for the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pool {
    /// `AnyIO`'s limiter: 40 threads per loop unless the application changes it.
    AnyIo,
    /// The loop's default executor: `min(32, cores + 4)` threads.
    Executor,
    /// One thread per request, shared by everything of that request that is not asynchronous: what
    /// `asgiref` calls thread-sensitive.
    Request,
    /// One thread for everything of that kind in the process: the thread-sensitive code that belongs to no request
    /// (`single_thread_executor` of asgiref 3.13.0).
    Process,
    /// Those that the server keeps for an application that is not asynchronous.
    Server,
}

/// What a handler is for. The order is that of consequence: what runs for every request comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Runs around every request.
    Middleware,
    /// Decides who asks, and whether routes may run.
    Guard,
    /// Runs around the routes that are made with it.
    RouteClass,
    /// Prepares an argument of routes.
    Dependency,
    /// Answers a request.
    Route,
    /// Serves a web socket.
    WebSocket,
    /// Resolves a field of a GraphQL query.
    Resolver,
    /// Checks or converts what a request or a response carries.
    Validator,
    /// Produces the parts of a streamed response.
    Stream,
    /// Turns an exception into a response.
    ExceptionHandler,
    /// Is told of an event inside the application.
    Signal,
    /// Runs after the response, or from time to time.
    Background,
    /// Runs before the first request or after the last one.
    LifeCycle,
}

impl Role {
    /// Whether requests pay for it that ask for something else.
    pub const fn is_for_every_request(self) -> bool {
        matches!(self, Self::Middleware | Self::Guard | Self::RouteClass | Self::Dependency)
    }

    /// Whether it runs beside the requests: before, after, or in between.
    pub const fn is_beside_requests(self) -> bool {
        matches!(self, Self::Background | Self::LifeCycle | Self::Signal)
    }

    /// The role as a noun, and as the noun of several.
    pub const fn nouns(self) -> (&'static str, &'static str) {
        match self {
            Self::Middleware => ("middleware", "middleware"),
            Self::Guard => ("authentication or permission check", "authentication and permission checks"),
            Self::RouteClass => ("route class", "route classes"),
            Self::Dependency => ("dependency", "dependencies"),
            Self::Route => ("route", "routes"),
            Self::WebSocket => ("web socket", "web sockets"),
            Self::Resolver => ("resolver", "resolvers"),
            Self::Validator => ("validator", "validators"),
            Self::Stream => ("stream", "streams"),
            Self::ExceptionHandler => ("exception handler", "exception handlers"),
            Self::Signal => ("signal receiver", "signal receivers"),
            Self::Background => ("background task", "background tasks"),
            Self::LifeCycle => ("start-up or shutdown hook", "start-up and shutdown hooks"),
        }
    }
}
