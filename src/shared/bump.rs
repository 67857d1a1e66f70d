//! Claiming bytes of shared memory: one exchange on one word.
//!
//! The arithmetic is the arena's ([`fit`](crate::arena::bump::fit)), on offsets in place of addresses. A
//! claim is one compare-exchange, so it has happened or it has not: a process that is killed at any instant
//! leaves a cursor that the others go on from, and loses at most the bytes that it had claimed. Some claim
//! succeeds whenever another one must try again. What is not done here: writing to what was claimed.

use super::WORD;
use super::header::FIRST;
use super::seeded::{Bug, seeded};
use crate::arena::bump::fit;
use crate::sync::{AtomicU64, Ordering};

/// Why nothing was claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// So many bytes are not left.
    Full,
    /// The cursor points where no claim could have left it.
    Corrupt,
}

/// Claims `size` bytes, rounded up to words, aligned to `align`; their offset.
///
/// Requires that `end` is a multiple of a word, at least [`FIRST`] and at most `isize::MAX`, and `align` a power of two. Ensures,
/// whatever others write to the cursor, that the offset is a multiple of a word and of `align`, at least
/// [`FIRST`], and at most `end` less the rounded size; and, as long as only claims move the cursor, that no
/// two claims meet. `KNOWN` is [`fit`]'s: size and alignment are constants of the caller.
///
/// Relaxed throughout: the exchange alone keeps claims apart, and what is in the bytes is published by
/// whoever hands their offset on ([`AtomicOffset`](super::AtomicOffset)).
#[inline]
pub(super) fn claim<const KNOWN: bool>(
    cursor: &AtomicU64,
    end: usize,
    size: usize,
    align: usize,
) -> Result<usize, Refused> {
    let mut seen = cursor.load(Ordering::Relaxed);
    loop {
        let at = plausible(seen, end).ok_or(Refused::Corrupt)?;
        let fit = fit::<WORD, KNOWN>(at, end, size, align).ok_or(Refused::Full)?;
        // `advance <= end - at`: no wrap.
        let next = (at + fit.advance) as u64;
        if seeded(Bug::ClaimTorn) {
            cursor.store(next, Ordering::Relaxed);
            return Ok(at + fit.pad);
        }
        if seeded(Bug::ClaimOvershoots) {
            let at = cursor.fetch_add(fit.advance as u64, Ordering::Relaxed) as usize;
            return if at + fit.advance > end { Err(Refused::Full) } else { Ok(at) };
        }
        match cursor.compare_exchange_weak(seen, next, Ordering::Relaxed, Ordering::Relaxed) {
            Ok(_) => return Ok(at + fit.pad),
            Err(now) => seen = now,
        }
    }
}

/// The cursor as an offset, if a claim can have left it there. Requires `end >= FIRST`.
#[inline]
pub(super) fn plausible(cursor: u64, end: usize) -> Option<usize> {
    let at = usize::try_from(cursor).ok()?;
    let first = if seeded(Bug::ClaimBelievesCursor) { 0 } else { FIRST };
    // One comparison for both bounds: what is below the first wraps to far above the end.
    (at.wrapping_sub(first) <= end - first && at % WORD == 0).then_some(at)
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_claim_lies_where_it_may_whatever_the_cursor_says(
            cursor in prop_oneof![any::<u64>(), 0..1u64 << 13, (0..1u64 << 10).prop_map(|n| n * 8)],
            end in prop_oneof![Just(4096usize), (64..4096usize).prop_map(|n| n * 8)],
            size in prop_oneof![any::<usize>(), 0..5000usize],
            align in 0..13u32,
        ) {
            let word = AtomicU64::new(cursor);
            for known in [false, true] {
                word.store(cursor, Ordering::Relaxed);
                let answer = if known {
                    claim::<true>(&word, end, size, 1 << align)
                } else {
                    claim::<false>(&word, end, size, 1 << align)
                };
                let left = word.load(Ordering::Relaxed);
                match answer {
                    Ok(at) => {
                        prop_assert!(at >= FIRST && at as u64 >= cursor);
                        prop_assert_eq!(at % (1usize << align).max(WORD), 0);
                        prop_assert!(size <= end - at);
                        prop_assert!(left as usize <= end && left as usize >= at + size && left % 8 == 0);
                    }
                    Err(_) => prop_assert_eq!(left, cursor, "a refused claim changes nothing"),
                }
            }
        }
    }

    #[test]
    fn sizes_near_the_top_never_wrap() {
        let cursor = AtomicU64::new(FIRST as u64);
        for size in [usize::MAX, usize::MAX - 3, usize::MAX - FIRST, isize::MAX as usize, isize::MAX as usize - 7] {
            for align in [1, 8, 64, 4096] {
                assert_eq!(claim::<false>(&cursor, 1 << 20, size, align), Err(Refused::Full));
            }
        }
        assert_eq!(cursor.load(Ordering::Relaxed), FIRST as u64);
    }
}
