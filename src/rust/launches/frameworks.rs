//! What serves requests, and the calls of libraries that begin it.
//!
//! Decides by the whole name of what is called. A connection that a program takes and serves by hand counts as a server
//! of hyper's: it has no settings that are known here.

use std::borrow::Cow;

/// What serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "names")]
pub enum Framework {
    ActixWeb,
    Axum,
    Hyper,
    Poem,
    Rocket,
    Salvo,
    Tonic,
    Warp,
}

/// The calls that make a server, by the whole name of what is called.
const BEGINNINGS: [(&str, Framework); 25] = [
    ("actix_web::HttpServer::new", Framework::ActixWeb),
    ("axum::serve", Framework::Axum),
    ("axum::Server::bind", Framework::Axum),
    ("axum::Server::from_tcp", Framework::Axum),
    ("axum_server::bind", Framework::Axum),
    ("axum_server::bind_openssl", Framework::Axum),
    ("axum_server::bind_rustls", Framework::Axum),
    ("axum_server::from_tcp", Framework::Axum),
    ("axum_server::from_tcp_rustls", Framework::Axum),
    ("hyper::Server::bind", Framework::Hyper),
    ("hyper::Server::from_tcp", Framework::Hyper),
    ("hyper::server::Server::bind", Framework::Hyper),
    ("hyper::server::Server::from_tcp", Framework::Hyper),
    ("hyper::server::conn::Http::new", Framework::Hyper),
    ("hyper::server::conn::http1::Builder::new", Framework::Hyper),
    ("hyper::server::conn::http2::Builder::new", Framework::Hyper),
    ("hyper_util::server::conn::auto::Builder::new", Framework::Hyper),
    ("poem::Server::new", Framework::Poem),
    ("poem::Server::new_with_acceptor", Framework::Poem),
    ("rocket::build", Framework::Rocket),
    ("rocket::custom", Framework::Rocket),
    ("salvo::Server::new", Framework::Salvo),
    ("salvo::server::Server::new", Framework::Salvo),
    ("tonic::transport::Server::builder", Framework::Tonic),
    ("warp::serve", Framework::Warp),
];

/// The methods of builders that take a setting: of actix-web 4.18, poem 3.1, tonic 0.14, tokio 1.54, and of pools. The
/// others hand over what is served, or come behind a result.
pub(super) const SETTINGS: [&str; 17] = [
    "backlog",
    "client_disconnect_timeout",
    "client_request_timeout",
    "concurrency_limit_per_connection",
    "idle_timeout",
    "keep_alive",
    "max_blocking_threads",
    "max_concurrent_streams",
    "max_connection_age",
    "max_connection_rate",
    "max_connections",
    "max_size",
    "shutdown_timeout",
    "timeout",
    "worker_max_blocking_threads",
    "worker_threads",
    "workers",
];

/// The methods that take an address, which is a setting where it is plain.
pub(super) const LISTENING: [&str; 4] = ["bind", "bind_auto_h2c", "run", "serve"];

/// What makes a listener of an address.
const LISTENERS: [&str; 5] = [
    "tokio::net::TcpListener::bind",
    "std::net::TcpListener::bind",
    "poem::listener::TcpListener::bind",
    "salvo::conn::TcpListener::new",
    "salvo::TcpListener::new",
];

/// What the whole name of a call begins, if that is a server.
pub(super) fn begun_by(name: &str) -> Option<Framework> {
    let name = without_prelude(name);
    BEGINNINGS.iter().find(|(beginning, _)| *beginning == name).map(|(_, framework)| *framework)
}

/// Whether the whole name of a call is that of what makes a listener.
pub(super) fn is_listener(name: &str) -> bool {
    LISTENERS.contains(&&*without_prelude(name))
}

/// Whether a runtime runs everything on one thread that the whole name of a call starts, if it starts one.
pub(super) fn is_single_runtime(name: &str) -> Option<bool> {
    match name {
        "tokio::runtime::Builder::new_current_thread" | "actix_web::rt::System::new" | "actix_rt::System::new" => {
            Some(true)
        }
        "tokio::runtime::Builder::new_multi_thread" | "tokio::runtime::Runtime::new" => Some(false),
        _ => None,
    }
}

/// The packages that serve, by the names that manifests have for them.
pub(super) fn packages() -> impl Iterator<Item = String> {
    BEGINNINGS.iter().filter_map(|(name, _)| name.split("::").next()).map(|name| name.replace('_', "-"))
}

/// The name of something that a library hands on in a `prelude`, as it is called without that.
fn without_prelude(name: &str) -> Cow<'_, str> {
    if name.contains("::prelude::") { Cow::Owned(name.replacen("::prelude::", "::", 1)) } else { Cow::Borrowed(name) }
}

impl Framework {
    /// Its name, which is that of its package.
    pub const fn name(self) -> &'static str {
        match self {
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

    /// Whether it listens for signals by itself, unless it is told not to.
    pub(super) const fn hears_signals(self) -> bool {
        matches!(self, Self::ActixWeb | Self::Rocket)
    }
}
