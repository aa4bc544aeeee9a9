//! How a container is held, beyond its command and its limits.

use crate::source::{Located, Place};
use crate::values::Seconds;

/// What surrounds a container, as far as an orchestrator says so.
#[derive(Debug, Clone, Default)]
#[allow(clippy::struct_excessive_bools, reason = "independent facts, not the states of one")]
pub struct Container {
    /// What runs before it is asked to stop (`lifecycle` of Kubernetes).
    pub drain: Option<Place>,
    /// What makes its own file system read-only.
    pub read_only: Option<Place>,
    /// Folders inside that can be written to all the same; empty where none is.
    pub writable: Vec<String>,
    /// What passes the traffic of the cluster on to it (a `Service`).
    pub service: Option<Place>,
    /// What lets traffic in from outside of the cluster, and how long that keeps idle connections to it.
    pub edge: Option<Edge>,
    /// What takes TLS off in front of it: `tls` of an `Ingress` or a `Route`, a label for Traefik.
    pub tls: Option<Place>,
    /// Whether somebody forbids that it runs as root (`runAsNonRoot`).
    pub refuses_root: bool,
    /// Whether somebody says as whom it runs in a way that cannot be told.
    pub user_is_open: bool,
    /// Whether the next version only starts when this one is gone.
    pub is_recreated: bool,
    /// What gives it one request at a time and no more (`containerConcurrency` of Knative).
    pub one_request: Option<Place>,
    /// Whether something says how long it may take to stop that cannot be told.
    pub stop_is_open: bool,
    /// Whether who starts it expects it to go to the background (`Type=forking`).
    pub expects_fork: bool,
    /// Whether the signal to stop reaches every process in it and not only the first.
    pub stops_group: bool,
}

/// A load balancer that an ingress asks for.
#[derive(Debug, Clone)]
pub struct Edge {
    /// How to call it.
    pub name: &'static str,
    /// For how long it keeps an idle connection to the service: as a file says, or else by default.
    pub idle: Located<Seconds>,
    /// Whether that is its default.
    pub by_default: bool,
}
