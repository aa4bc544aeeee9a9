//! Lists put in order by one piece of code for all of them.
//!
//! The `sort` of the standard library is compiled anew for every type and every comparison, five kilobytes each time, and
//! the lists here are short. What order they come into is the comparison's to say; equal items keep theirs.

use std::cmp::Ordering;

/// A list that can be put in order.
pub trait Order<T> {
    /// Puts the items in their own order.
    fn order(&mut self)
    where
        T: Ord;

    /// Puts the items in the order of `compare`.
    fn order_by(&mut self, compare: impl FnMut(&T, &T) -> Ordering);

    /// Puts the items in the order of what `key` tells of each.
    fn order_by_key<K: Ord>(&mut self, key: impl FnMut(&T) -> K);
}

impl<T> Order<T> for [T] {
    fn order(&mut self)
    where
        T: Ord,
    {
        self.order_by(Ord::cmp);
    }

    fn order_by(&mut self, mut compare: impl FnMut(&T, &T) -> Ordering) {
        let list = &*self;
        let moves = moves(list.len(), &mut |one, other| match (list.get(one), list.get(other)) {
            (Some(one), Some(other)) => compare(one, other),
            _ => Ordering::Equal,
        });
        for (one, other) in moves {
            self.swap(one, other);
        }
    }

    fn order_by_key<K: Ord>(&mut self, mut key: impl FnMut(&T) -> K) {
        self.order_by(|one, other| key(one).cmp(&key(other)));
    }
}

/// The exchanges that put a list of `length` items in order, one after the other, fewer than it has items.
fn moves(length: usize, compare: &mut dyn FnMut(usize, usize) -> Ordering) -> Vec<(usize, usize)> {
    if (1..length).all(|at| compare(at - 1, at).is_le()) {
        return Vec::new();
    }
    // Which item belongs to each place.
    let mut from: Vec<usize> = (0..length).collect();
    from.sort_by(|&one, &other| compare(one, other));
    let mut moves = Vec::new();
    for start in 0..length {
        let mut at = start;
        // Along the cycle, each place once: what stood at its start travels to its end.
        while let Some(place) = from.get_mut(at) {
            let next = std::mem::replace(place, at);
            if next == start || next == at {
                break;
            }
            moves.push((at, next));
            at = next;
        }
    }
    moves
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_is_the_order_of_the_standard_library(list: Vec<(u8, u16)>) {
            let (mut ours, mut theirs) = (list.clone(), list.clone());
            ours.order_by_key(|&(key, _)| key / 16);
            theirs.sort_by_key(|&(key, _)| key / 16);
            prop_assert_eq!(&ours, &theirs);
            ours.order();
            theirs.sort_unstable();
            prop_assert_eq!(&ours, &theirs);
            let backwards = |one: &(u8, u16), other: &(u8, u16)| (other.1 / 64).cmp(&(one.1 / 64));
            ours.order_by(backwards);
            theirs.sort_by(backwards);
            prop_assert_eq!(ours, theirs);
        }
    }
}
