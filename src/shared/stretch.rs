//! A stretch: words of the arena that were claimed at once and are handed out one after the other, as one number.
//!
//! Position and length lie in one word, so that one exchange takes from the front of a stretch, or puts another one in
//! its place, and nobody sees half of either. Pure arithmetic: `bump` exchanges the words.

use super::WORD;
use super::header::FIRST;
use crate::bump::{Fit, fit};

/// Bits of a stretch's position in words; its length in words has the rest.
const AT_BITS: u32 = 44;
/// Positions are below this, in bytes. What lies above, in arenas of more than 128 TiB, is claimed piece by piece.
const AT_END: u64 = (WORD as u64) << AT_BITS;
/// The longest stretch, in bytes.
const LONGEST: usize = ((1 << (u64::BITS - AT_BITS)) - 1) * WORD;

/// The most bytes that are claimed ahead: some hundred values, so that the word that all claim from is seldom exchanged.
/// Longer ones would hold back more of an arena that is nearly full, and more RAM where little is used.
const STEP: usize = 16 << 10;
const _: () = assert!(STEP <= LONGEST);
/// What is claimed ahead is at most such a share of what was handed out, and of what is left.
const SHARE_OF_USED: usize = 8;
const SHARE_OF_LEFT: usize = 16;

/// Bytes from an offset on, both multiples of a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stretch {
    pub(super) at: usize,
    pub(super) left: usize,
}

impl Stretch {
    /// No bytes.
    pub(super) const NONE: Stretch = Stretch { at: FIRST, left: 0 };

    /// The stretch that a word says, if it lies in an arena that ends at `end`; else none. The word may be anything.
    ///
    /// Ensures `FIRST <= at` and `at + left <= end`.
    #[inline(always)]
    pub(super) fn unpack(word: u64, end: usize) -> Stretch {
        let at = (word % (1 << AT_BITS) * WORD as u64) as usize;
        let left = (word >> AT_BITS) as usize * WORD;
        // `at` is below 2^47, or cut to 32 bits with `left` below 2^23 where those are all: the sum is compared in two steps.
        if at >= FIRST && at <= end && left <= end - at { Stretch { at, left } } else { Stretch::NONE }
    }

    /// The word of this stretch; 0 if there is nothing in it, or if no word can say it.
    #[inline]
    pub(super) fn pack(self) -> u64 {
        if self.left == 0 || self.left > LONGEST || self.at as u64 >= AT_END {
            return 0;
        }
        (self.at / WORD) as u64 | ((self.left / WORD) as u64) << AT_BITS
    }

    /// The word after `advance` bytes were taken from the front of the stretch that `word` says, which has as many.
    #[inline(always)]
    pub(super) fn advanced(word: u64, advance: usize) -> u64 {
        // The position grows by what the length shrinks by. It stays below `end`, so nothing carries between the two.
        let words = (advance / WORD) as u64;
        word.wrapping_add(words).wrapping_sub(words << AT_BITS)
    }

    #[inline(always)]
    pub(super) fn end(self) -> usize {
        self.at + self.left
    }

    /// Where so many bytes fit at its front.
    #[inline(always)]
    pub(super) fn fit<const KNOWN: bool>(self, size: usize, align: usize) -> Option<Fit> {
        fit::<WORD, KNOWN>(self.at, self.end(), size, align)
    }

    /// The place of so many bytes at its front, and what is left behind them.
    #[inline(never)]
    pub(super) fn split(self, size: usize, align: usize) -> Option<(usize, Stretch)> {
        let Fit { pad, advance } = self.fit::<false>(size, align)?;
        // `advance <= left`.
        Some((self.at + pad, Stretch { at: self.at + advance, left: self.left - advance }))
    }
}

/// Bytes to claim ahead in an arena that is used up to `at` and ends at `end`: a multiple of a word, at most what is left.
pub(super) fn step(at: usize, end: usize) -> usize {
    // An arena of a model has a few words.
    let most = match cfg!(loom) {
        true => (2 * WORD).min((end - at) / 2),
        false => STEP.min((at - FIRST) / SHARE_OF_USED).min((end - at) / SHARE_OF_LEFT),
    };
    if end as u64 >= AT_END { 0 } else { most & !(WORD - 1) }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Bytes that an arena of this processor may have, and more than tests map.
    const FAR: usize = 1 << if usize::BITS == 64 { 40 } else { 30 };

    proptest! {
        #[test]
        fn whatever_a_word_says_lies_in_the_arena(
            word in prop_oneof![any::<u64>(), (0..1u64 << 12, 0..64u64).prop_map(|(at, left)| at | left << AT_BITS)],
            end in (FIRST / 8..1usize << 12).prop_map(|words| words * 8),
        ) {
            let stretch = Stretch::unpack(word, end);
            prop_assert!(stretch.at >= FIRST && stretch.at % WORD == 0 && stretch.left % WORD == 0);
            prop_assert!(stretch.at <= end && stretch.left <= end - stretch.at);
        }

        #[test]
        fn a_stretch_comes_out_as_it_went_in_and_shrinks_from_the_front(
            at in (FIRST / 8..FAR >> 10).prop_map(|words| words * 8),
            left in (1..1usize << 20).prop_map(|words| words * 8),
            taken in 0..1usize << 20,
        ) {
            let stretch = Stretch { at, left };
            let word = stretch.pack();
            prop_assert_eq!(Stretch::unpack(word, at + left), stretch);
            let taken = (taken * 8).min(left);
            let rest = Stretch::unpack(Stretch::advanced(word, taken), at + left);
            prop_assert_eq!(rest.left, left - taken);
            prop_assert!(rest.left == 0 || stretch.split(taken, 8) == Some((at, rest)));
        }

        #[test]
        fn a_step_is_in_proportion(at in FIRST..FAR, left in 0..FAR) {
            let (at, left) = (at & !7, left & !7);
            let step = step(at, at + left);
            prop_assert!(step % WORD == 0 && step <= STEP && step <= left / SHARE_OF_LEFT && step <= (at - FIRST) / 8);
        }
    }

    #[test]
    fn what_no_word_can_say_is_none() {
        assert_eq!(Stretch { at: FIRST, left: LONGEST + 8 }.pack(), 0);
        assert_eq!(Stretch { at: FIRST, left: 0 }.pack(), 0);
        assert_eq!(Stretch::unpack(0, 1 << 20), Stretch::NONE);
        #[cfg(target_pointer_width = "64")]
        {
            assert_eq!(Stretch { at: 1 << 47, left: 8 }.pack(), 0);
            assert_eq!(step(FIRST, (1 << 47) + (1 << 20)), 0);
        }
    }
}
