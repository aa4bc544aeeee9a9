//! The connections that a program in Rust keeps to servers of databases.
//!
//! Databases in files have no server that would count them: a pool in a file that speaks of `SQLite` is none of these.

use super::settings::literal;
use crate::rust::launches;
use crate::source::{Files, Place};

/// A pool of connections.
#[derive(Debug, Clone)]
pub struct Connections {
    /// The call that makes it.
    pub place: Place,
    /// The method that sets how many there are at most.
    pub setting: &'static str,
    /// How many; `None` where that is not known.
    pub size: Option<u32>,
    /// Where that is set, unless it is the default.
    pub told: Option<Place>,
    /// The digits, where they are written there.
    pub literal: Option<Place>,
    /// Whether whoever wants one waits on a thread.
    pub on_threads: bool,
}

pub(super) fn connections(program: &launches::Program, files: &Files) -> Vec<Connections> {
    let counted = program.pools.iter().filter(|pool| {
        let text = files.get(pool.place.file).text();
        !["sqlite", "Sqlite", "SQLite"].iter().any(|name| text.contains(name))
    });
    let each = counted.map(|pool| Connections {
        place: pool.place,
        setting: pool.setting,
        size: match &pool.told {
            Some(told) => told.count().and_then(|count| u32::try_from(count).ok()).filter(|count| *count > 0),
            None => pool.default,
        },
        told: pool.told.as_ref().map(|told| told.place),
        literal: pool.told.as_ref().and_then(|told| literal(told, files)),
        on_threads: pool.on_threads,
    });
    each.collect()
}
