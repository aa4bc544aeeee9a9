//! What a project adds to the catalogue, in the catalogue's own terms.
//!
//! An addition counts for the length of one analysis, on the thread that makes it: two projects that
//! are judged side by side do not see each other's.

use std::cell::Cell;
use std::sync::{Mutex, PoisonError};

use super::{Catalogue, Effect, Index, KnownType, Library};
use crate::values::HashMap;
use crate::values::Order as _;

/// Libraries that a project describes itself.
#[derive(Debug, Clone, Copy, Default)]
pub struct Extension {
    index: Option<&'static Index>,
}

thread_local! {
    static CURRENT: Cell<Option<&'static Index>> = const { Cell::new(None) };
}

/// What has been added so far: entries live as long as the process, so that each text is kept once.
static KNOWN: Mutex<Option<HashMap<String, &'static Index>>> = Mutex::new(None);

impl Extension {
    /// An addition to the catalogue; what is wrong with it beyond its shape comes back as text, with the
    /// number of the library.
    pub fn new(libraries: Vec<Library>) -> Result<Self, (usize, String)> {
        for (at, library) in libraries.iter().enumerate() {
            library.check().map_err(|reason| (at, reason))?;
        }
        if libraries.is_empty() {
            return Ok(Self::default());
        }
        let key = format!("{libraries:?}");
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        let index = *known
            .get_or_insert_with(HashMap::default)
            .entry(key)
            .or_insert_with(|| Box::leak(Box::new(Index::new(Box::leak(Box::new(Catalogue { library: libraries }))))));
        Ok(Self { index: Some(index) })
    }

    /// Runs `work` with the addition in force.
    pub fn during<T>(self, work: impl FnOnce() -> T) -> T {
        struct Restore(Option<&'static Index>);
        impl Drop for Restore {
            fn drop(&mut self) {
                CURRENT.set(self.0);
            }
        }
        let _restore = Restore(CURRENT.replace(self.index));
        work()
    }

    /// The functions it names, and what calling them does; in the order of their names.
    pub fn calls(self) -> Vec<(&'static str, Effect)> {
        let calls = self.index.into_iter().flat_map(|index| index.calls.iter());
        let mut calls: Vec<_> = calls.map(|(name, call)| (*name, call.effect)).collect();
        calls.order_by_key(|(name, _)| *name);
        calls
    }

    /// The classes it names, under each of their names, in the order of these.
    pub fn types(self) -> Vec<(&'static str, KnownType)> {
        let types = self.index.into_iter().flat_map(|index| index.types.iter());
        let mut types: Vec<_> = types.map(|(name, known)| (*name, *known)).collect();
        types.order_by_key(|(name, _)| *name);
        types
    }
}

/// The additions in force, before the catalogue itself.
pub(super) fn layers() -> impl Iterator<Item = &'static Index> {
    CURRENT.get().into_iter().chain(std::iter::once(super::index()))
}
