//! A hash for keys that the analysis makes itself: quick, and of no use against chosen input.
//!
//! Keys are addresses of nodes and small indices; nobody outside chooses them so that they collide.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

/// A map with such a hash.
pub(in crate::python) type QuickMap<K, V> = HashMap<K, V, BuildHasherDefault<QuickHasher>>;

/// A set with such a hash.
pub(in crate::python) type QuickSet<K> = HashSet<K, BuildHasherDefault<QuickHasher>>;

/// An odd number with its bits spread evenly: the golden ratio in 64 bits.
const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;

#[derive(Debug, Default, Clone, Copy)]
pub(in crate::python) struct QuickHasher {
    state: u64,
}

impl QuickHasher {
    fn mix(&mut self, word: u64) {
        self.state = (self.state.rotate_left(5) ^ word).wrapping_mul(SPREAD);
    }
}

impl Hasher for QuickHasher {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let word = chunk.iter().fold(0, |word, &byte| (word << 8) | u64::from(byte));
            self.mix(word);
        }
    }

    fn write_u8(&mut self, n: u8) {
        self.mix(u64::from(n));
    }

    fn write_u16(&mut self, n: u16) {
        self.mix(u64::from(n));
    }

    fn write_u32(&mut self, n: u32) {
        self.mix(u64::from(n));
    }

    fn write_u64(&mut self, n: u64) {
        self.mix(n);
    }

    fn write_usize(&mut self, n: usize) {
        self.mix(n as u64);
    }

    fn finish(&self) -> u64 {
        // The tables look at the upper bits first, and addresses differ in the lower ones.
        self.state ^ (self.state >> 32)
    }
}
