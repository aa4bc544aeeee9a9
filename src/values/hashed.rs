//! Maps and sets that are asked millions of times in a run.
//!
//! Hashed with a seed of the process, as those of the standard library are, and in a third of the time; whoever writes the
//! names of a project does not see the seed, so he cannot choose names that all fall together.

use foldhash::fast::RandomState;

/// A map that is hashed quickly.
pub type HashMap<K, V> = std::collections::HashMap<K, V, RandomState>;

/// A set that is hashed quickly.
pub type HashSet<T> = std::collections::HashSet<T, RandomState>;
