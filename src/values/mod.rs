//! Plain values and quantities with units: the words that all rooms share.
//!
//! Decides how a quantity prints and what a configured value can be. Knows nothing of servers,
//! files or formulas.

mod hashed;
mod order;
mod quantity;
mod value;

pub use hashed::{HashMap, HashSet};
pub use order::Order;
pub use quantity::{Bytes, Cpus, Seconds};
pub use value::Value;
