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
    /// What gives that an address outside of the cluster, without anything in between that reads requests.
    pub exposed: Option<Place>,
    /// What lets traffic in from outside of the cluster, and how long that keeps idle connections to it.
    pub edge: Option<Edge>,
    /// What takes TLS off in front of it: `tls` of an `Ingress` or a `Route`, a label for Traefik.
    pub tls: Option<Place>,
    /// The port inside that a label tells whatever takes TLS off to pass requests to.
    pub routed_port: Option<u16>,
    /// Whether somebody forbids that it runs as root (`runAsNonRoot`).
    pub refuses_root: bool,
    /// Whether somebody says as whom it runs in a way that cannot be told.
    pub user_is_open: bool,
    /// Whether the next version only starts when this one is gone.
    pub is_recreated: bool,
    /// What an update starts before it stops old copies, where that is not the default of a Kubernetes Deployment.
    pub surge: Option<Surge>,
    /// What gives it one request at a time and no more (`containerConcurrency` of Knative).
    pub one_request: Option<Place>,
    /// Whether something says how long it may take to stop that cannot be told.
    pub stop_is_open: bool,
    /// Whether who starts it expects it to go to the background (`Type=forking`).
    pub expects_fork: bool,
    /// Whether the signal to stop reaches every process in it and not only the first.
    pub stops_group: bool,
}

/// How many copies an update adds for a while.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Surge {
    /// So many for each copy.
    Share(f64),
    /// So many in all.
    Copies(u32),
}

impl Surge {
    /// How many it adds to so many copies; Kubernetes rounds up.
    pub fn of(self, copies: u32) -> u32 {
        match self {
            Self::Copies(more) => more,
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped; NaN becomes 0")]
            Self::Share(share) => (share * f64::from(copies) - 1e-9).ceil().clamp(0.0, 2.0 * f64::from(copies)) as u32,
        }
    }
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
