//! Repeatable chance: the same seed throws the same numbers.

use std::hash::{BuildHasher, RandomState};
use std::ops::RangeInclusive;

/// A small generator of numbers (splitmix64). Good enough to choose faults, and for nothing secret.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// Dice that throw what this seed says.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    /// A seed nobody chose, to be printed so that a run can be repeated.
    #[must_use]
    pub fn fresh_seed() -> u64 {
        RandomState::new().hash_one(()) >> 32
    }

    /// Dice of their own for another thread of work, so that its throws do not depend on the order of ours.
    #[must_use]
    pub fn fork(&mut self) -> Self {
        Self(self.throw())
    }

    /// Any number.
    pub fn throw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number of the range.
    pub fn within(&mut self, range: RangeInclusive<u64>) -> u64 {
        let (low, high) = range.into_inner();
        low + self.throw() % (high.saturating_sub(low) + 1)
    }

    /// True once in so many times.
    pub fn one_in(&mut self, times: u64) -> bool {
        self.throw().is_multiple_of(times.max(1))
    }

    /// One of them; `None` of none.
    pub fn pick<'a, T>(&mut self, among: &'a [T]) -> Option<&'a T> {
        let last = among.len().checked_sub(1)?;
        among.get(self.index(last))
    }

    /// Puts them into any order.
    pub fn shuffle<T>(&mut self, all: &mut [T]) {
        for last in (1..all.len()).rev() {
            let other = self.index(last);
            all.swap(last, other);
        }
    }

    fn index(&mut self, last: usize) -> usize {
        usize::try_from(self.within(0..=last as u64)).expect("an index")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_throws_the_same_numbers() {
        let throws = |seed| {
            let mut dice = Dice::seeded(seed);
            [(); 4].map(|()| dice.within(3..=9))
        };
        assert_eq!(throws(7), throws(7));
        assert!(throws(7).iter().all(|number| (3..=9).contains(number)));
        assert!((0..8).any(|seed| throws(seed) != throws(7)));
    }

    #[test]
    fn everything_is_picked_at_some_time() {
        let mut dice = Dice::seeded(1);
        let mut all = [1, 2, 3];
        for wanted in all {
            assert!((0..100).any(|_| dice.pick(&[1, 2, 3]) == Some(&wanted)));
        }
        dice.shuffle(&mut all);
        all.sort_unstable();
        assert_eq!(all, [1, 2, 3]);
        assert_eq!(dice.pick::<u8>(&[]), None);
    }
}
