//! Web frameworks: what is a handler, and what runs where.
//!
//! Each framework is a table of the forms in which it is told what to call, next to where it calls
//! plain and `async` functions given in that form. The tables know nothing of servers: under which
//! interface an application is served is for the caller to join in.

mod aiohttp;
mod blacksheep;
mod channels;
mod context;
mod decorated;
mod django;
mod falcon;
mod fastapi;
mod find;
mod flask;
mod follow;
mod foreign;
mod framework;
mod given;
mod graphql;
mod index;
mod litestar;
mod mcp;
mod prefixes;
mod pydantic;
mod quart;
mod raw;
mod rebound;
mod registered;
mod requests;
mod sanic;
mod schedulers;
mod settings;
mod socketio;
mod starlette;
mod tornado;

pub use context::{Calls, Context, Pool, Role};
pub use find::{Found, Setting, find};
pub use foreign::{Foreign, Made, Switched, Unread, made};
pub use framework::Framework;
pub use graphql::resolves_async;
pub use index::{is_called, is_told, may_register, stands_for};
pub use prefixes::{Prefix, Prefixes, joined, text};

/// Names of library objects. A part `*` stands for any number of parts, none included: libraries offer
/// the same object from several of their modules.
type Names = &'static [&'static str];

/// How a framework is told to call a function.
#[derive(Debug, Clone, Copy)]
enum Told {
    /// `@object.name(...)`, or `object.name(...)(f)`, on an object of one of these classes.
    Decorator {
        on: Names,
        /// The methods that decorate.
        names: Names,
    },
    /// `@name(...)`, or `name(...)(f)`, where the decorator is a function of a library.
    Named { names: Names },
    /// `object.name(..., f)`, on an object of one of these classes; the name may be dotted.
    Method { on: Names, names: Names, argument: Argument },
    /// `Name(..., f)`, also for subclasses of `Name` in the project.
    Call { names: Names, argument: Argument },
    /// `object.name = f()`, on an object of one of these classes.
    Assigned { on: Names, names: Names },
    /// A class with one of these bases has these methods; `on_*` stands for all that begin so.
    Class { bases: Names, methods: Names },
    /// A class with one of these bases has such a method, and what that returns is called.
    Maker { bases: Names, methods: Names },
    /// A class with one of these bases has methods for messages, known by the name of their one
    /// parameter.
    Messages { bases: Names, parameters: Names },
    /// A class with one of these bases assigns functions to these names.
    Field { bases: Names, names: Names },
}

/// Where a call holds the functions: at a position, or as a keyword.
#[derive(Debug, Clone, Copy)]
struct Argument {
    position: Option<usize>,
    keywords: Names,
}

/// The argument at a position, which has a name as well.
const fn at(position: usize, keyword: Names) -> Argument {
    Argument { position: Some(position), keywords: keyword }
}

/// An argument that is only given by name.
const fn keyword(keywords: Names) -> Argument {
    Argument { position: None, keywords }
}

/// One form, what it is for, and where it runs what it is given.
#[derive(Debug, Clone, Copy)]
struct Form {
    told: Told,
    role: Role,
    /// Where a plain function runs.
    plain: Context,
    /// Where an `async` function runs.
    coroutine: Context,
    /// What is called of an object that is given.
    of_object: Names,
    /// What is called of a class that is given.
    of_class: Names,
    /// The keyword that, set to true, has a plain function run in the loop's default executor.
    thread: Option<&'static str>,
    /// Whether a function that is given is called once, and what it returns for each request.
    makes: bool,
    /// Whether what is given is called once, as soon as the loop runs.
    once: bool,
    /// The keyword with which what is given is called once in the life of the process, and its result kept.
    kept_by: Option<&'static str>,
    /// What the names of the events begin with that it is for; those of all events where there are none.
    events: Names,
}

/// A table of forms that all run plain functions in one context and `async` ones in another.
#[derive(Debug, Clone, Copy)]
struct Runs {
    plain: Context,
    coroutine: Context,
}

impl Runs {
    const fn form(self, told: Told, role: Role) -> Form {
        let Self { plain, coroutine } = self;
        let (of_object, of_class): (Names, Names) = (&["__call__"], &["__call__"]);
        let (thread, kept_by, events): (Option<_>, Option<_>, Names) = (None, None, &[]);
        Form { told, role, plain, coroutine, of_object, of_class, thread, makes: false, once: false, kept_by, events }
    }
}

/// What runs before the first request or after the last one does so on the loop, whatever it is.
const START_UP: Runs = Runs { plain: Context::StartUp, coroutine: Context::StartUp };

/// Everything on the loop.
const ON_LOOP: Runs = Runs { plain: Context::Loop, coroutine: Context::Loop };

impl Form {
    /// With the methods that are called of objects and of classes that are given.
    const fn calling(self, members: Names) -> Self {
        Self { of_object: members, of_class: members, ..self }
    }

    /// With the keyword that moves plain functions to a thread.
    const fn unless(self, keyword: &'static str) -> Self {
        Self { thread: Some(keyword), ..self }
    }

    /// For what makes, of functions that are given, those that are called.
    const fn making(self) -> Self {
        Self { makes: true, ..self }
    }

    /// For what is called once, as soon as the loop runs.
    const fn once(self) -> Self {
        Self { once: true, ..self }
    }

    /// With the keyword that has the result kept for all requests.
    const fn kept_by(self, keyword: &'static str) -> Self {
        Self { kept_by: Some(keyword), ..self }
    }

    /// For events whose names begin so.
    const fn of_events(self, events: Names) -> Self {
        Self { events, ..self }
    }

    /// With what is called of a class that is given.
    const fn of_class(self, members: Names) -> Self {
        Self { of_class: members, ..self }
    }
}

const HTTP_METHODS: Names = &["get", "post", "put", "patch", "delete", "head", "options", "trace"];

/// The forms of every framework that is known.
const TABLES: &[(Framework, &[Form])] = &[
    (Framework::FastApi, fastapi::FORMS),
    (Framework::Starlette, starlette::FORMS),
    (Framework::Flask, flask::FORMS),
    (Framework::Quart, quart::FORMS),
    (Framework::Django, django::FORMS),
    (Framework::Django, channels::FORMS),
    (Framework::Litestar, litestar::FORMS),
    (Framework::Sanic, sanic::FORMS),
    (Framework::Aiohttp, aiohttp::FORMS),
    (Framework::Tornado, tornado::FORMS),
    (Framework::BlackSheep, blacksheep::FORMS),
    (Framework::Falcon, falcon::FORMS),
    (Framework::SocketIo, socketio::FORMS),
    (Framework::GraphQl, graphql::FORMS),
    (Framework::Unknown, mcp::FORMS),
    (Framework::Unknown, schedulers::FORMS),
];
