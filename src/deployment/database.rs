//! Databases that the project runs itself, and how many connections each takes.
//!
//! Decides by images of `PostgreSQL` among the services of compose. A pooler beside one has a budget of its own, so
//! that nothing is told of both.

use super::compose::Composed;
use crate::read::Unit;
use crate::source::{FileId, Located};

/// `max_connections` of a `PostgreSQL` that nobody tells otherwise (postgresql.conf.sample).
const USUAL: u32 = 100;

/// Ends of the names of images that hold `PostgreSQL`, and parts of those that pool connections to it.
const IMAGES: [&str; 5] = ["postgres", "postgresql", "postgis", "pgvector", "timescaledb"];
const POOLERS: [&str; 3] = ["pgbouncer", "pgpool", "odyssey"];

/// A database.
#[derive(Debug, Clone)]
pub struct Database {
    /// The file that declares it, and the services that may ask it.
    pub file: FileId,
    /// The name of its service.
    pub service: String,
    /// How many connections it allows, and where that, or its image, is named.
    pub connections: Located<u32>,
    /// Whether nobody says so.
    pub by_default: bool,
}

/// The databases of services that are started together.
pub(super) fn find(composed: &[Composed]) -> Vec<Database> {
    let pools =
        composed.iter().any(|one| image(&one.unit).is_some_and(|name| POOLERS.iter().any(|it| name.contains(it))));
    let is_database = |unit: &Unit| image(unit).is_some_and(|name| IMAGES.iter().any(|it| name.ends_with(it)));
    let services = composed.iter().map(|one| &one.unit).filter(|unit| !pools && is_database(unit));
    services.filter_map(database).collect()
}

/// The name of an image without its registry and its version.
fn image(unit: &Unit) -> Option<&str> {
    let name = unit.image.as_ref()?.value.split('@').next()?;
    let last = name.rsplit('/').next()?;
    last.split(':').next()
}

fn database(unit: &Unit) -> Option<Database> {
    let declared = |connections, by_default| Database {
        file: unit.place.file,
        service: unit.name.clone(),
        connections,
        by_default,
    };
    let words = unit.command.iter().flat_map(|command| &command.simple).flatten();
    for word in words {
        let text = word.text()?;
        let text = text.trim_start_matches("-c").trim_start_matches("--");
        let Some(given) = text.strip_prefix("max_connections=").or_else(|| text.strip_prefix("max-connections="))
        else {
            continue;
        };
        return Some(declared(Located::new(given.parse().ok()?, word.place), false));
    }
    Some(declared(Located::new(USUAL, unit.image.as_ref()?.place), true))
}
