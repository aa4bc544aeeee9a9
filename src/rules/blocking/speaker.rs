//! Which rule speaks about a blocking call: one of them, never two.

use super::prelude::*;
use crate::app::{Blocking, Category, Destination, Role};

/// The rule whose subject a blocking call is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Speaker {
    /// The service asks itself.
    Itself,
    /// It stands in what every request runs through.
    EveryRequest,
    /// It stands beside the requests: in a stream or a task.
    Aside,
    /// It asks a store of data.
    Store,
    /// It computes.
    Compute,
    /// It stands in the handler.
    Direct,
    /// Other functions lead to it.
    Transitive,
}

/// The blocking calls of `app` that `speaker` is to speak about.
pub(super) fn spoken<'a>(
    speaker: Speaker,
    app: &'a App,
    service: Option<&'a Service<'a>>,
) -> impl Iterator<Item = &'a Blocking> {
    // Under a WSGI server every call blocks its worker by design, unless the application brings a loop.
    let by_design = service.is_some_and(|service| service.speaks() == Some(Interface::Wsgi))
        && !matches!(app.interface, AppInterface::Own(_));
    let blocking = if by_design { [].iter() } else { app.blocking.iter() };
    let is_older =
        move |blocking: &Blocking, since: &str| service.is_some_and(|one| blocking.is_older_than(since, one));
    blocking
        .filter(move |blocking| !blocking.since.is_some_and(|since| is_older(blocking, since)))
        .filter(move |blocking| of(blocking, service) == speaker)
}

fn of(blocking: &Blocking, service: Option<&Service>) -> Speaker {
    let only_aside = !blocking.roles.is_empty() && blocking.roles.iter().all(|role| is_aside(*role));
    if blocking.destination.as_ref().is_some_and(|destination| is_itself(destination, service)) {
        Speaker::Itself
    } else if blocking.in_task {
        Speaker::Aside
    } else if blocking.role.is_for_every_request() {
        Speaker::EveryRequest
    } else if only_aside {
        Speaker::Aside
    } else if is_store(blocking.category) {
        Speaker::Store
    } else if blocking.category == Category::Cpu {
        Speaker::Compute
    } else if blocking.direct {
        Speaker::Direct
    } else {
        Speaker::Transitive
    }
}

const fn is_aside(role: Role) -> bool {
    matches!(role, Role::Background | Role::Stream)
}

const fn is_store(category: Category) -> bool {
    matches!(category, Category::Db | Category::Orm | Category::Cache | Category::Search | Category::Cloud)
}

/// Whether an address is that of the service.
pub(super) fn is_itself(destination: &Destination, service: Option<&Service>) -> bool {
    match destination {
        Destination::Own => true,
        Destination::Address { host, port } => {
            let local = matches!(host.as_str(), "localhost" | "127.0.0.1" | "0.0.0.0" | "::1");
            local && service.is_some_and(|service| service.ports().contains(port))
        }
    }
}
