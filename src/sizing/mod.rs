//! How many processes, threads and connections a service should have, and why.
//!
//! The only place with formulas. Pure functions: what is known comes in through [`Inputs`], every
//! number with its origin; what follows goes out as [`Advice`], with its derivation. Knows neither
//! files nor rules, and never decides that something is an error.

pub mod capacity;
pub mod chain;

mod advice;
mod ceiling;
mod explain;
mod given;
mod guess;
mod inputs;
mod load;
mod own;
mod plan;
mod recommend;
mod runtime;
mod scalability;
mod waiting;

pub use advice::{Advice, Amount, Binding, Item, Slots, Step, Verdict};
pub use ceiling::{Cost, Shape, ceiling};
pub use given::{Given, Quantity};
pub use inputs::{
    Chain, Class, Configured, Database, Demand, Heartbeat, Inputs, Known, Margins, Misfit, Origin, Profile, Timer,
    WorkerMemory, Workload,
};
pub use recommend::{recommend, slots};
pub use runtime::{Connections, Runtime, available_parallelism};
pub use scalability::Scalability;

#[cfg(test)]
mod tests;
