//! Python code that starts a server: what it passes on becomes the deployment's settings.
//!
//! Decides which code a command comes to, what each call in it hands to which server, and what becomes
//! of launchers that nothing else starts. What a call is given was worked out by following the code;
//! which value wins is decided with all other sources of the server.

mod alone;
mod call;
mod follow;
mod granian;
mod hypercorn;
mod site;
mod start;
mod target;
mod uvicorn;

use std::collections::BTreeSet;

pub(super) use alone::{Alone, alone};
pub(super) use call::{Called, read};
pub(super) use follow::{Entry, entry, follow};
pub(super) use start::{Step, steps};
pub(super) use uvicorn::object_fault;

use crate::python::evaluate::Sighting;
use crate::python::launches::Api;
use crate::source::{FileId, Place};

/// A call that starts a server, with what it is given.
#[derive(Debug, Clone)]
pub(super) struct Launched {
    pub(super) api: Api,
    pub(super) sighting: Sighting,
    /// The file that was run, whose folder its imports begin in if it is run by its path.
    pub(super) program: Option<FileId>,
}

/// The calls that were come to, so that nobody plays them again.
#[derive(Debug, Default)]
pub(super) struct Reached {
    calls: BTreeSet<Place>,
    /// Files with classes of applications that were run.
    classes: BTreeSet<FileId>,
}

impl Reached {
    /// Notes a call; its class, if an application runs.
    pub(super) fn add(&mut self, launched: &Launched) {
        self.calls.insert(launched.sighting.place);
        if matches!(launched.api, Api::GunicornApplication { .. }) {
            self.classes.insert(launched.sighting.place.file);
            self.classes.extend(launched.sighting.sets.iter().map(|set| set.place.file));
        }
    }

    fn has(&self, place: Place) -> bool {
        self.calls.contains(&place)
    }
}
