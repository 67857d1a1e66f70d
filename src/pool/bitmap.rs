//! Which blocks are out: a lock-free bitmap, lowest block first, with two levels of summary words.
//!
//! ```text
//!  full       1 0 ...                      one bit per word of `filled`: all of its words are full
//!  filled     1 1 1 0 ...                  one bit per word of `taken`: all of its blocks are out
//!  taken      1111 1111 1111 0100 ...      one bit per block: it is out
//! ```
//!
//! The `taken` words alone are the truth. A summary bit is a hint that may be behind by whatever a thread
//! has not got to yet; it decides how long a search takes and never whether it succeeds, because a search
//! that finds every summary full looks at the words themselves before it gives up. So a process that
//! shares the words and dies between two steps costs others time, not blocks.
//!
//! Taking acquires what the last owner of the block released, and releases too: whoever sees that a block is
//! out also sees what its taker gave back before. Without that a search could see a thread's new block and
//! its old one out at once, and find the pool exhausted while it never was.
//!
//! All bits zero means that all blocks are free: memory fresh from the kernel is a valid bitmap, and a pool
//! of a million blocks costs nothing to make. The bits past the last block are set once, at the start.
//!
//! Where the words are is the caller's business ([`Words`]); what a block is, too.

use super::bits::{RunSearch, Spans, first, full, mask, ones, width};
use super::seeded::{Bug, seeded};
use crate::sync::{AtomicUsize, Ordering};

/// Atomic words at fixed places: mapped memory in a pool, a vector in tests and models.
pub(super) trait Words {
    /// The word at `at`, which must be one of those that were asked for.
    fn word(&self, at: usize) -> &AtomicUsize;
}

#[cfg(test)]
impl Words for std::vec::Vec<AtomicUsize> {
    fn word(&self, at: usize) -> &AtomicUsize {
        &self[at]
    }
}

/// Words to a 128-byte block: parts written by different threads keep this distance, because processors
/// fetch cache lines in pairs.
pub(super) const LINE: usize = 128 / size_of::<usize>();

/// `words` rounded up to whole lines. There are never so many that it wraps.
const fn lines(words: usize) -> usize {
    (words + LINE - 1) & !(LINE - 1)
}

/// Where the parts of a bitmap of `capacity` blocks lie among the words, from `at` on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    pub capacity: usize,
    /// Words of `taken`, and where they start; the same for `filled` and `full`.
    leaves: usize,
    taken: usize,
    sums: usize,
    filled: usize,
    tops: usize,
    full: usize,
    /// The first word after all of these.
    pub end: usize,
}

impl Shape {
    /// Lays out a bitmap of `capacity` blocks from word `at` on.
    pub(super) const fn new(log: u32, at: usize, capacity: usize) -> Self {
        let leaves = capacity.div_ceil(width(log));
        let sums = leaves.div_ceil(width(log));
        let tops = sums.div_ceil(width(log));
        let full = at + LINE;
        let filled = full + lines(tops);
        let taken = filled + lines(sums);
        let end = taken + lines(leaves);
        Shape { capacity, leaves, taken, sums, filled, tops, full, end }
    }

    /// The word that counts how often a full word ceased to be full: the first, on lines of its own.
    const fn reopened(&self) -> usize {
        self.full - LINE
    }

    /// How many words hold one bit per block.
    pub(super) const fn leaves(&self) -> usize {
        self.leaves
    }
}

/// A bitmap over `words`, shaped as `shape` says.
#[derive(Debug)]
pub(super) struct Bitmap<'a, W, const LOG: u32> {
    words: &'a W,
    shape: &'a Shape,
}

impl<W, const LOG: u32> Clone for Bitmap<'_, W, LOG> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<W, const LOG: u32> Copy for Bitmap<'_, W, LOG> {}

impl<'a, W: Words, const LOG: u32> Bitmap<'a, W, LOG> {
    pub(super) fn new(words: &'a W, shape: &'a Shape) -> Self {
        Bitmap { words, shape }
    }

    /// Sets the bits past the last block, so that no search ever finds them. Before any other use.
    pub(super) fn close_tails(self) {
        self.close_tail(self.shape.taken, self.shape.leaves, self.shape.capacity);
        self.close_tail(self.shape.filled, self.shape.sums, self.shape.leaves);
        self.close_tail(self.shape.full, self.shape.tops, self.shape.sums);
    }

    #[inline(never)]
    fn close_tail(self, at: usize, words: usize, bits: usize) {
        let used = bits - (words - 1) * width(LOG);
        self.words.word(at + words - 1).store(full(LOG) & !mask(0, used), Ordering::Relaxed);
    }

    fn leaf(self, at: usize) -> &'a AtomicUsize {
        self.words.word(self.shape.taken + at)
    }

    fn sum(self, at: usize) -> &'a AtomicUsize {
        self.words.word(self.shape.filled + at)
    }

    fn top(self, at: usize) -> &'a AtomicUsize {
        self.words.word(self.shape.full + at)
    }

    /// How often a full word ceased to be full, which is how a failed search learns that it missed one.
    pub(super) fn reopened(self) -> usize {
        self.words.word(self.shape.reopened()).load(Ordering::Acquire)
    }

    /// The free blocks of leaf `at`, as a mask.
    pub(super) fn free_in(self, at: usize) -> usize {
        // Acquire keeps the loads of one search in their order, which its exactness is argued from.
        !self.leaf(at).load(Ordering::Acquire) & full(LOG)
    }

    /// Whether all of the run is out.
    pub(super) fn is_taken(self, start: usize, count: usize) -> bool {
        Spans::<LOG>::new(start, count).all(|(at, mask)| self.free_in(at) & mask == 0)
    }

    /// Free blocks in all. Exact while nobody takes or gives.
    pub(super) fn free(self) -> usize {
        (0..self.shape.leaves).map(|at| ones(self.free_in(at))).sum()
    }

    /// Takes the lowest free block that the summaries lead to.
    #[inline]
    pub(super) fn take_lowest(self) -> Option<usize> {
        let mut at = 0;
        while at < self.shape.tops {
            let top = !self.top(at).load(Ordering::Relaxed) & full(LOG);
            if top == 0 {
                at += 1;
                continue;
            }
            let sum_at = at * width(LOG) + top.trailing_zeros() as usize;
            let sum = !self.sum(sum_at).load(Ordering::Relaxed) & full(LOG);
            if sum == 0 {
                self.mark_sum(sum_at);
                continue;
            }
            let leaf_at = sum_at * width(LOG) + sum.trailing_zeros() as usize;
            match self.take_in(leaf_at) {
                Some(block) => return Some(block),
                None => self.mark_leaf(leaf_at),
            }
        }
        None
    }

    /// Takes the lowest free block that a walk over all words finds, whatever the summaries say.
    #[cold]
    pub(super) fn take_scanning(self) -> Option<usize> {
        let block = (0..self.shape.leaves).find_map(|at| self.take_in(at))?;
        // The summaries did not lead here: whoever should have said so is not done, or is dead.
        self.unmark_leaf(block / width(LOG));
        Some(block)
    }

    /// Takes the lowest free block of one word.
    #[inline]
    fn take_in(self, at: usize) -> Option<usize> {
        let leaf = self.leaf(at);
        let taken = if seeded(Bug::TakeRelaxed) { Ordering::Relaxed } else { Ordering::AcqRel };
        // Acquire for the same reason as in `free_in`.
        let mut word = leaf.load(Ordering::Acquire);
        loop {
            let free = !word & full(LOG);
            if free == 0 {
                return None;
            }
            let bit = free & free.wrapping_neg();
            if seeded(Bug::TakeTorn) {
                leaf.store(word | bit, Ordering::Release);
                return Some(at * width(LOG) + bit.trailing_zeros() as usize);
            }
            match leaf.compare_exchange_weak(word, word | bit, taken, Ordering::Acquire) {
                Ok(_) => return Some(at * width(LOG) + bit.trailing_zeros() as usize),
                Err(now) => word = now,
            }
        }
    }

    /// Takes the lowest run of `count` free blocks in a row. Looks at every word up to it.
    ///
    /// A run that crosses words is taken word by word, low to high; when a later word lost its blocks
    /// meanwhile, the earlier ones are given back and the search begins again. Of several that get in each
    /// other's way the one that has reached highest goes on, so somebody always does.
    pub(super) fn take_run(self, count: usize) -> Option<usize> {
        'search: loop {
            let mut search = RunSearch::<LOG>::new(count);
            let start = (0..self.shape.leaves).find_map(|at| search.feed(at, self.free_in(at)))?;
            for (at, mask) in Spans::<LOG>::new(start, count) {
                if !self.take_mask(at, mask) {
                    let got = at * width(LOG) + first(mask) - start;
                    if got != 0 && !seeded(Bug::RunWithoutRollback) {
                        self.give(start, got);
                    }
                    continue 'search;
                }
            }
            return Some(start);
        }
    }

    /// Takes exactly the blocks of `mask` in one word, if all of them are free.
    pub(super) fn take_mask(self, at: usize, mask: usize) -> bool {
        let leaf = self.leaf(at);
        let taken = if seeded(Bug::TakeRelaxed) { Ordering::Relaxed } else { Ordering::AcqRel };
        let mut word = leaf.load(Ordering::Relaxed);
        while word & mask == 0 {
            if seeded(Bug::TakeTorn) {
                leaf.store(word | mask, Ordering::Release);
                return true;
            }
            match leaf.compare_exchange_weak(word, word | mask, taken, Ordering::Relaxed) {
                Ok(_) => return true,
                Err(now) => word = now,
            }
        }
        false
    }

    /// Gives back a run that the caller owns.
    pub(super) fn give(self, start: usize, count: usize) {
        let release = if seeded(Bug::GiveRelaxed) { Ordering::Relaxed } else { Ordering::Release };
        for (at, mask) in Spans::<LOG>::new(start, count) {
            // The bits are set and the caller's, so that subtracting clears them and nothing borrows; unlike
            // an `and` whose result is used, this is one instruction that cannot fail under contention.
            let before = self.leaf(at).fetch_sub(mask, release);
            debug_assert!(before & mask == mask, "a block was given back that was not out");
            if before == full(LOG) {
                self.reopen(at);
            }
        }
    }

    /// Gives back one block if it is out; says whether it was.
    pub(super) fn give_checked(self, block: usize) -> bool {
        let (at, bit) = (block / width(LOG), 1 << (block % width(LOG)));
        let leaf = self.leaf(at);
        let mut word = leaf.load(Ordering::Relaxed);
        while word & bit != 0 {
            if seeded(Bug::ReturnTorn) {
                leaf.store(word & !bit, Ordering::Release);
                return true;
            }
            match leaf.compare_exchange_weak(word, word & !bit, Ordering::Release, Ordering::Relaxed) {
                Ok(_) => {
                    if word == full(LOG) {
                        self.reopen(at);
                    }
                    return true;
                }
                Err(now) => word = now,
            }
        }
        false
    }

    /// A full word has free blocks again.
    #[inline(never)]
    fn reopen(self, leaf_at: usize) {
        self.unmark_leaf(leaf_at);
        let step = if seeded(Bug::ReopenUncounted) { 0 } else { 1 };
        self.words.word(self.shape.reopened()).fetch_add(step, Ordering::Release);
    }

    /// Notes that a leaf was seen full, then looks whether it still is.
    ///
    /// Every change of a summary word is an acquiring and releasing exchange, and those on one word have an
    /// order. If the other side cleared the bit before it is set here, then this exchange acquired what that
    /// one released, and the second look sees the free block; if after, the bit ends up clear.
    #[cold]
    #[inline(never)]
    fn mark_leaf(self, leaf_at: usize) {
        let (sum_at, bit) = (leaf_at / width(LOG), 1 << (leaf_at % width(LOG)));
        let filled = self.sum(sum_at).fetch_or(bit, Ordering::AcqRel) | bit;
        if seeded(Bug::MarkWithoutRecheck) {
            return;
        }
        if self.free_in(leaf_at) != 0 {
            self.unmark_leaf(leaf_at);
        } else if filled == full(LOG) {
            self.mark_sum(sum_at);
        }
    }

    /// Notes that all leaves of a sum were seen full, then looks whether they still are.
    #[cold]
    fn mark_sum(self, sum_at: usize) {
        let (top_at, bit) = (sum_at / width(LOG), 1 << (sum_at % width(LOG)));
        self.top(top_at).fetch_or(bit, Ordering::AcqRel);
        if self.sum(sum_at).load(Ordering::Acquire) != full(LOG) {
            self.top(top_at).fetch_and(!bit, Ordering::AcqRel);
        }
    }

    /// Notes that a leaf has free blocks.
    fn unmark_leaf(self, leaf_at: usize) {
        let (sum_at, bit) = (leaf_at / width(LOG), 1 << (leaf_at % width(LOG)));
        // Never skipped on the strength of a load: that would need sequential consistency on both sides.
        if self.sum(sum_at).fetch_and(!bit, Ordering::AcqRel) == full(LOG) {
            let (top_at, bit) = (sum_at / width(LOG), 1 << (sum_at % width(LOG)));
            self.top(top_at).fetch_and(!bit, Ordering::AcqRel);
        }
    }

    /// Whether the summaries lead to a free block wherever there is one. For models, when all is quiet.
    #[cfg(test)]
    pub(super) fn summaries_lead_everywhere(self) -> bool {
        (0..self.shape.leaves).filter(|&at| self.free_in(at) != 0).all(|at| {
            let sum_at = at / width(LOG);
            let sum = self.sum(sum_at).load(Ordering::Acquire) >> (at % width(LOG)) & 1;
            let top = self.top(sum_at / width(LOG)).load(Ordering::Acquire) >> (sum_at % width(LOG)) & 1;
            sum == 0 && top == 0
        })
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::vec::Vec;

    fn zeroed(shape: &Shape) -> Vec<AtomicUsize> {
        (0..shape.end).map(|_| AtomicUsize::new(0)).collect()
    }

    #[test]
    fn zeroed_words_are_a_bitmap_of_free_blocks() {
        for capacity in 1..70 {
            let shape = Shape::new(2, 0, capacity);
            let words = zeroed(&shape);
            let bitmap = Bitmap::<_, 2>::new(&words, &shape);
            bitmap.close_tails();
            assert_eq!(bitmap.free(), capacity);
            for block in 0..capacity {
                assert_eq!(bitmap.take_lowest(), Some(block), "of {capacity}");
            }
            assert_eq!((bitmap.take_lowest(), bitmap.take_scanning(), bitmap.free()), (None, None, 0));
            for block in (0..capacity).rev() {
                bitmap.give(block, 1);
                assert!(bitmap.summaries_lead_everywhere());
                assert_eq!(bitmap.take_lowest(), Some(block));
                bitmap.give(block, 1);
            }
            assert_eq!(bitmap.free(), capacity);
        }
    }

    #[test]
    fn block_is_found_when_a_process_died_before_it_said_so() {
        let shape = Shape::new(2, 0, 64);
        let words = zeroed(&shape);
        let bitmap = Bitmap::<_, 2>::new(&words, &shape);
        bitmap.close_tails();
        while bitmap.take_lowest().is_some() {}
        // The first half of a `give`: the block is free, and no summary says so.
        words[shape.taken + 13].fetch_sub(0b100, Ordering::Release);
        assert_eq!(bitmap.take_lowest(), None);
        assert_eq!(bitmap.take_scanning(), Some(13 * 4 + 2));
    }

    #[test]
    fn run_is_had_across_words_and_only_whole() {
        let shape = Shape::new(2, 0, 12);
        let words = zeroed(&shape);
        let bitmap = Bitmap::<_, 2>::new(&words, &shape);
        bitmap.close_tails();
        assert_eq!(bitmap.take_run(2), Some(0));
        assert_eq!(bitmap.take_run(9), Some(2));
        assert_eq!(bitmap.take_run(2), None);
        assert_eq!(bitmap.take_run(1), Some(11));
        assert!(bitmap.is_taken(0, 12));
        bitmap.give(2, 9);
        assert_eq!((bitmap.free(), bitmap.is_taken(1, 2)), (9, false));
    }
}
