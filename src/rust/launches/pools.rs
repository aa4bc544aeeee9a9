//! Pools of connections to databases that a program makes.
//!
//! Only pools whose library is known. A size that is computed, or comes from outside, is unknown, and so is what database
//! a pool is for, unless its type says so.

use super::Told;
use super::chain::{Chain, Walk};
use super::reached::Reached;
use crate::source::Place;

/// A pool of connections.
#[derive(Debug, Clone)]
pub struct Pool {
    /// The call that makes it.
    pub place: Place,
    /// The method that sets how many connections there are at most.
    pub setting: &'static str,
    /// What it is told; `None` for the default.
    pub told: Option<Told>,
    /// How many there are when nobody says; `None` where that follows the machine.
    pub default: Option<u32>,
    /// Whether whoever wants a connection waits on a thread.
    pub on_threads: bool,
}

/// What makes a pool, what sets its size, its default, and whether threads wait for it: `sqlx-core` 0.8.6
/// (`pool/options.rs`), `sea-orm` 1.1.14, which leaves it to that, `r2d2` 0.8.10 (`config.rs`), `bb8` 0.9.0 (`api.rs`),
/// `deadpool` 0.13.1, which takes two for each core.
const POOLS: [(&str, &str, Option<u32>, bool); 18] = [
    ("sqlx::postgres::PgPoolOptions::new", "max_connections", Some(10), false),
    ("sqlx::mysql::MySqlPoolOptions::new", "max_connections", Some(10), false),
    ("sqlx::PgPool::connect", "max_connections", Some(10), false),
    ("sqlx::PgPool::connect_lazy", "max_connections", Some(10), false),
    ("sqlx::postgres::PgPool::connect", "max_connections", Some(10), false),
    ("sqlx::MySqlPool::connect", "max_connections", Some(10), false),
    ("sqlx::mysql::MySqlPool::connect", "max_connections", Some(10), false),
    ("sea_orm::ConnectOptions::new", "max_connections", Some(10), false),
    ("r2d2::Pool::builder", "max_size", Some(10), true),
    ("r2d2::Pool::new", "max_size", Some(10), true),
    ("diesel::r2d2::Pool::builder", "max_size", Some(10), true),
    ("diesel::r2d2::Pool::new", "max_size", Some(10), true),
    ("bb8::Pool::builder", "max_size", Some(10), false),
    ("diesel_async::pooled_connection::bb8::Pool::builder", "max_size", Some(10), false),
    ("deadpool::managed::Pool::builder", "max_size", None, false),
    ("deadpool_postgres::Pool::builder", "max_size", None, false),
    ("deadpool_diesel::postgres::Pool::builder", "max_size", None, false),
    ("diesel_async::pooled_connection::deadpool::Pool::builder", "max_size", None, false),
];

impl<'w> Reached<'w> {
    /// The pools that the functions make which the program reaches.
    pub(super) fn pools(&self) -> Vec<Pool> {
        let bodies = self.bodies.iter();
        bodies.flat_map(|(at, walk)| walk.chains.iter().filter_map(|chain| self.pool(*at, walk, chain))).collect()
    }

    fn pool(&self, at: usize, walk: &Walk<'w>, chain: &Chain<'w>) -> Option<Pool> {
        let name = self.library(at, chain.path)?;
        let (_, setting, default, on_threads) = *POOLS.iter().find(|(pool, ..)| *pool == name)?;
        let told = self.told(at, walk, chain).into_iter().find(|told| told.name == setting);
        Some(Pool { place: self.place(at, chain.span), setting, told, default, on_threads })
    }
}
