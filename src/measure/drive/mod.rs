//! The load generator: requests over kept-alive connections on one thread, and what they took.
//!
//! Decides what counts as a failure and how a request that is cut by an edge of the window
//! counts. Two drivers share it: [`closed`] sends the next request when the last one is answered,
//! [`scheduled`] sends on time whatever the server does.

pub(super) mod closed;
mod exchange;
pub(super) mod scheduled;
mod stream;
mod tally;

pub(super) use exchange::{Target, once};
pub(super) use tally::{Kind, Latencies, Tally};
