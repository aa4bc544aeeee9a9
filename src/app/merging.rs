//! Which statements about blocking calls are one: whoever settles one of them has settled the others.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::time::Duration;

use super::blocking::Site;
use super::{Blocking, Category, Limit, Weight, repair};
use crate::python::effects::gives_up;
use crate::python::types::FunctionId;
use crate::values::Order as _;

/// A statement in the making.
pub(super) struct Stated {
    /// The function that leaves the loop waiting.
    pub(super) anchor: FunctionId,
    pub(super) blocking: Blocking,
    pub(super) sites: BTreeSet<Site>,
    pub(super) wrapper: repair::Wrapper,
    /// Whether its chain is run through only where something has failed.
    pub(super) is_exceptional: bool,
}

impl Stated {
    /// Whether both are of one function, category and family of libraries.
    fn is_alike(&self, other: &Self) -> bool {
        let of = |stated: &Self| (stated.anchor, stated.blocking.category, family(stated.blocking.library));
        of(self) == of(other)
    }

    /// Whether whoever settles this one has settled the other.
    fn settles(&self, other: &Self) -> bool {
        self.is_alike(other) && other.callers().is_subset(&self.callers())
    }

    /// The functions that call towards it.
    fn callers(&self) -> BTreeSet<FunctionId> {
        self.sites.iter().map(|(frame, _)| frame.function).collect()
    }
}

/// Libraries that hand out the same clients count as one.
fn family(library: &str) -> &str {
    if library == "sqlmodel" || library.contains("sqlalchemy") { "sqlalchemy" } else { library }
}

/// One entry per function that leaves the loop waiting, per category and per family of libraries: whoever
/// makes it plain, or gives it an asynchronous client, settles all of them. The likeliest, heaviest, nearest call leads;
/// what others call as well stands for itself.
pub(super) fn merged(mut all: Vec<Stated>) -> Vec<Stated> {
    all.order_by_key(|stated| {
        let b = &stated.blocking;
        let every = b.role.is_for_every_request();
        (
            stated.anchor,
            b.category,
            family(b.library),
            gives_up(&b.what),
            Reverse((b.certainty, every, b.weight)),
            stated.is_exceptional,
            Reverse(slept(b)),
            concludes(&b.what),
            b.chain.len(),
            b.anchor,
            b.call,
        )
    });
    let mut kept: Vec<Stated> = Vec::new();
    // Those that one may settle stand side by side.
    let mut first_alike = 0;
    for next in all {
        if kept.last().is_some_and(|last| !last.is_alike(&next)) {
            first_alike = kept.len();
        }
        match kept.iter_mut().skip(first_alike).find(|first| first.settles(&next)) {
            Some(first) => {
                let Stated { blocking: next, sites, wrapper, .. } = next;
                if wrapper == repair::Wrapper::SyncToAsync {
                    first.wrapper = wrapper;
                }
                let known = &mut first.blocking;
                if next.weight > Weight::Slight || known.weight == Weight::Slight {
                    known.more.push(next.call);
                    known.more.extend(next.more);
                    known.anchors.extend(next.anchors);
                    known.passed.extend(next.passed);
                    first.sites.extend(sites);
                    known.handlers.extend(next.handlers);
                    if next.certainty >= known.certainty {
                        known.in_task &= next.in_task;
                        known.roles.extend(next.roles);
                    }
                }
            }
            None => kept.push(next),
        }
    }
    for Stated { blocking, .. } in &mut kept {
        let call = blocking.call;
        blocking.more.retain(|place| *place != call);
        sort_once(&mut blocking.more);
        sort_once(&mut blocking.roles);
        sort_once(&mut blocking.anchors);
        sort_once(&mut blocking.passed);
        blocking.handlers.order_by(|a, b| (a.1, &a.0, a.2).cmp(&(b.1, &b.0, b.2)));
        blocking.handlers.dedup_by(|next, known| (next.1, &next.0) == (known.1, &known.0));
    }
    kept
}

/// How long a call sleeps, as far as that is written down: whoever reads of the shortest one thinks little of the others.
fn slept(blocking: &Blocking) -> Duration {
    if blocking.category == Category::Sleep { longest(blocking.category, blocking.limit) } else { Duration::ZERO }
}

/// How long a call may take, as far as that is written down; a wait may be for ever, and a sleep has its end.
pub(super) fn longest(category: Category, limit: Limit) -> Duration {
    match limit {
        Limit::Given(seconds) | Limit::Default(seconds) => Duration::try_from_secs_f64(seconds).unwrap_or_default(),
        Limit::Unknown if category == Category::Sleep => Duration::ZERO,
        Limit::Never | Limit::Unknown => Duration::MAX,
    }
}

/// Whether a call ends what others have begun: it waits too, but they are what takes time.
pub(super) fn concludes(what: &str) -> bool {
    let method = what.rsplit('.').next().unwrap_or(what);
    matches!(
        method,
        "close" | "commit" | "disconnect" | "expire" | "expunge" | "flush" | "quit" | "refresh" | "rollback"
    )
}

fn sort_once<T: Ord>(list: &mut Vec<T>) {
    list.order();
    list.dedup();
}
