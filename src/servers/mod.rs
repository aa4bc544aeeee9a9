//! What servers are, as data: settings, worker classes, command lines, by version.
//!
//! Decides which settings a server of some version knows, what a value means to it, which words of
//! a command line set what, and which server a command line starts. Knows nothing of projects:
//! which value wins, and whether it is a good one, is decided elsewhere.

mod addresses;
pub mod arguments;
pub mod cast;
mod integer;
mod near_miss;
mod recognise;
pub mod schema;
mod setting;
mod table;
mod uwsgi_options;
mod version;
mod worker_class;
mod wrappers;

use std::fmt;

pub use addresses::{address_fault, network_around};
pub use recognise::{Asked, Code, Own, Program, recognise, recognise_among};
pub use schema::{Action, Interface, Kind, Model};
pub use setting::{Honoured, Setting, Shape};
pub use table::{Table, fastapi_cli, table};
pub use uwsgi_options::near_option;
pub use version::{Version, VersionError};
pub use worker_class::{Deprecation, WorkerClass};

/// A server that farrier has a table of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Server {
    /// Gunicorn: WSGI and, since 24.0, ASGI.
    Gunicorn,
    /// Uvicorn: ASGI.
    Uvicorn,
    /// Hypercorn: ASGI and WSGI.
    Hypercorn,
    /// Granian: RSGI, ASGI and WSGI, with a Rust core.
    Granian,
    /// uWSGI.
    Uwsgi,
    /// Daphne: ASGI, one process.
    Daphne,
    /// actix-web, in programs of Rust: workers with a runtime each.
    ActixWeb,
    /// axum, in programs of Rust.
    Axum,
    /// hyper itself, in programs of Rust.
    Hyper,
    /// poem, in programs of Rust.
    Poem,
    /// Rocket, in programs of Rust.
    Rocket,
    /// salvo, in programs of Rust.
    Salvo,
    /// tonic: gRPC, in programs of Rust.
    Tonic,
    /// warp, in programs of Rust.
    Warp,
}

impl Server {
    /// Those that a command starts with an application in Python.
    pub const ALL: [Self; 6] =
        [Self::Gunicorn, Self::Uvicorn, Self::Hypercorn, Self::Granian, Self::Uwsgi, Self::Daphne];

    /// Those that are part of a program in Rust, whose code sets them up.
    pub const OF_RUST: [Self; 8] =
        [Self::ActixWeb, Self::Axum, Self::Hyper, Self::Poem, Self::Rocket, Self::Salvo, Self::Tonic, Self::Warp];

    /// Those that run Python first, and then those in Rust.
    pub fn every() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().chain(Self::OF_RUST)
    }

    /// Whether it is part of a program in Rust.
    pub fn is_of_rust(self) -> bool {
        Self::OF_RUST.contains(&self)
    }

    /// The name of its command, which is also the name of its distribution except for `uWSGI`; of those in Rust the
    /// name of the package.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gunicorn => "gunicorn",
            Self::Uvicorn => "uvicorn",
            Self::Hypercorn => "hypercorn",
            Self::Granian => "granian",
            Self::Uwsgi => "uwsgi",
            Self::Daphne => "daphne",
            Self::ActixWeb => "actix-web",
            Self::Axum => "axum",
            Self::Hyper => "hyper",
            Self::Poem => "poem",
            Self::Rocket => "rocket",
            Self::Salvo => "salvo",
            Self::Tonic => "tonic",
            Self::Warp => "warp",
        }
    }
}

/// Prints the name as its authors write it.
impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gunicorn => "Gunicorn",
            Self::Uvicorn => "Uvicorn",
            Self::Hypercorn => "Hypercorn",
            Self::Granian => "Granian",
            Self::Uwsgi => "uWSGI",
            Self::Daphne => "Daphne",
            Self::Rocket => "Rocket",
            Self::ActixWeb | Self::Axum | Self::Hyper | Self::Poem | Self::Salvo | Self::Tonic | Self::Warp => {
                self.as_str()
            }
        })
    }
}
