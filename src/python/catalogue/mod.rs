//! Which calls block: the compiled-in catalogue.

mod schema;

pub use schema::{Category, Gevent, Weight};
