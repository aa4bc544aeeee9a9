//! What web frameworks call: functions that are handed to them, methods of their traits, functions under their attributes.

/// Crates that serve requests, or stand around what does.
pub(super) const FRAMEWORKS: [&str; 23] = [
    "axum",
    "axum_extra",
    "actix_web",
    "actix_web_lab",
    "actix_web_httpauth",
    "actix_cors",
    "actix_files",
    "rocket",
    "warp",
    "poem",
    "poem_openapi",
    "salvo",
    "salvo_core",
    "ntex",
    "hyper",
    "hyper_util",
    "tower",
    "tower_http",
    "tower_service",
    "tonic",
    "axum_server",
    "actix_rt",
    "actix_http",
];

/// What takes functions that run before the first request, or after the last.
pub(super) const BEFORE: [&str; 16] = [
    "configure",
    "on_ignite",
    "try_on_ignite",
    "on_liftoff",
    "on_shutdown",
    "with_graceful_shutdown",
    "serve_with_shutdown",
    "on_connect",
    "bind_with_graceful_shutdown",
    "serve_with_incoming_shutdown",
    "block_on",
    "on_upgrade",
    "with_upgrades",
    "serve_with_graceful_shutdown",
    "and_then_serve",
    "main",
];

/// Methods of traits that are called for requests, with the names of the traits.
const METHODS: [(&str, &[&str]); 25] = [
    ("FromRequestParts", &["from_request_parts"]),
    ("OptionalFromRequestParts", &["from_request_parts"]),
    ("FromRequest", &["from_request"]),
    ("OptionalFromRequest", &["from_request"]),
    ("IntoResponse", &["into_response"]),
    ("Responder", &["respond_to"]),
    ("ResponseError", &["error_response"]),
    ("Fairing", &["on_request", "on_response"]),
    ("FromData", &["from_data"]),
    ("FromParam", &["from_param"]),
    ("FromFormField", &["from_value", "from_data"]),
    ("Handler", &["handle", "call"]),
    ("Service", &["call"]),
    ("Endpoint", &["call"]),
    ("Interceptor", &["call"]),
    ("FromRequestSync", &["from_request_sync"]),
    ("ApiExtractor", &["from_request"]),
    ("Extractible", &["extract"]),
    ("Scribe", &["render"]),
    ("Writer", &["write"]),
    ("Predicate", &["check"]),
    ("Layer", &[]),
    ("Guard", &["check"]),
    ("Actor", &[]),
    // Of actors, these alone run on the worker for sure: others may have threads of their own.
    ("StreamHandler", &["handle"]),
];

/// The crate that a name of a library begins with.
pub(super) fn crate_of(path: &str) -> &str {
    path.split("::").next().unwrap_or(path)
}

/// Whether a name is one of a web framework.
pub(super) fn is_framework(path: &str) -> bool {
    FRAMEWORKS.contains(&crate_of(path))
}

/// Whether a method of a trait of a library is called for requests, by the whole name of the trait.
pub(super) fn serves(of: &str, method: &str) -> bool {
    let name = of.rsplit("::").next().unwrap_or(of);
    let is_served = METHODS.iter().any(|(known, methods)| *known == name && methods.contains(&method));
    is_served && (is_framework(of) || crate_of(of) == "actix" && name == "StreamHandler")
}
