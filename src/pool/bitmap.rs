//! Which blocks are out: a lock-free bitmap, lowest block first, with two levels of summary words.
//!
//! ```text
//!  full       1 0 ...                      one bit per word of `filled`: all of its words are full
//!  filled     1 1 1 0 ...                  one bit per word of `taken`: all of its blocks are out
//!  taken      1111 1111 1111 0100 ...      one bit per block: it is out
//! ```
//!
//! Only the `taken` words decide. A summary bit is a hint and may be out of date while a thread is between two steps.
//! It changes how long a search takes and never whether it succeeds: a search that finds every summary full reads the
//! `taken` words before it fails. So if a process that shares the words dies between two steps, searches of others take
//! longer, and no block is lost.
//!
//! Taking acquires what the last owner of the block released, and releases too: a thread that sees that a block is
//! out also sees what its taker gave back before. Without that, a search could see both the old and the new block of a
//! thread out at once, and find the pool exhausted although it never was.
//!
//! All bits zero means that all blocks are free: memory fresh from the kernel is a valid bitmap, and a pool
//! of a million blocks costs nothing to make. The bits past the last block are set once, at the start.
//!
//! The caller says where the words are ([`Words`]) and what a block is.

use super::bits::{RunSearch, Spans, first, full, mask, ones, width};
use crate::seeded::{Bug, seeded};
use crate::sync::{AtomicUsize, Ordering};

/// Atomic words at fixed addresses: mapped memory in a pool, a vector in tests and models.
pub(crate) trait Words {
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
pub(crate) const LINE: usize = 128 / size_of::<usize>();

/// `words` rounded up to whole lines. There are never so many that it wraps.
const fn lines(words: usize) -> usize {
    (words + LINE - 1) & !(LINE - 1)
}

/// Where the parts of a bitmap of `capacity` blocks lie among the words, from `at` on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
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
    pub(crate) const fn new(log: u32, at: usize, capacity: usize) -> Self {
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
    pub(crate) const fn leaves(&self) -> usize {
        self.leaves
    }
}

/// A bitmap over `words`, shaped as `shape` says.
#[derive(Debug)]
pub(crate) struct Bitmap<'a, W, const LOG: u32> {
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
    pub(crate) fn new(words: &'a W, shape: &'a Shape) -> Self {
        Bitmap { words, shape }
    }

    /// Sets the bits past the last block, so that no search ever finds them. Before any other use.
    pub(crate) fn close_tails(self) {
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

    /// How often a full word ceased to be full. A failed search compares it to know whether it missed a free block.
    pub(crate) fn reopened(self) -> usize {
        self.words.word(self.shape.reopened()).load(Ordering::Acquire)
    }

    /// The free blocks of leaf `at`, as a mask.
    pub(crate) fn free_in(self, at: usize) -> usize {
        // Acquire keeps the loads of one search in order, which the proof in `Ledger::take_last` needs.
        !self.leaf(at).load(Ordering::Acquire) & full(LOG)
    }

    /// Whether all blocks of the run are out.
    pub(crate) fn is_taken(self, start: usize, count: usize) -> bool {
        Spans::<LOG>::new(start, count).all(|(at, mask)| self.free_in(at) & mask == 0)
    }

    /// Number of free blocks. Exact while no thread takes or gives.
    pub(crate) fn free(self) -> usize {
        (0..self.shape.leaves).map(|at| ones(self.free_in(at))).sum()
    }

    /// Takes the lowest free block that the summaries lead to.
    #[inline]
    pub(crate) fn take_lowest(self) -> Option<usize> {
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
    pub(crate) fn take_scanning(self) -> Option<usize> {
        let block = (0..self.shape.leaves).find_map(|at| self.take_in(at))?;
        // The summaries did not lead here: the thread that must clear them has not done so yet, or its process is dead.
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

    /// Takes the lowest run of `count` free blocks that are side by side. Reads every word up to it.
    ///
    /// A run that crosses words is taken word by word, low to high. When a later word lost its blocks
    /// meanwhile, the earlier ones are given back and the search begins again. Of several threads that compete, the one
    /// that has reached the highest word goes on, so one always makes progress.
    pub(crate) fn take_run(self, count: usize) -> Option<usize> {
        loop {
            let mut search = RunSearch::<LOG>::new(count);
            let start = (0..self.shape.leaves).find_map(|at| search.feed(at, self.free_in(at)))?;
            if self.take_exactly(start, count) {
                return Some(start);
            }
        }
    }

    /// Takes just these blocks, which the bitmap has, if all of them are free.
    pub(crate) fn take_exactly(self, start: usize, count: usize) -> bool {
        for (at, mask) in Spans::<LOG>::new(start, count) {
            if !self.take_mask(at, mask) {
                let got = at * width(LOG) + first(mask) - start;
                if got != 0 && !seeded(Bug::RunWithoutRollback) {
                    let back = self.give(start, got);
                    debug_assert!(back, "what this call took was not out");
                }
                return false;
            }
        }
        true
    }

    /// Takes exactly the blocks of `mask` in one word, if all of them are free.
    pub(crate) fn take_mask(self, at: usize, mask: usize) -> bool {
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

    /// Gives back a run and returns whether all of its blocks were out. A word in which one of them was not out is left
    /// unchanged.
    #[inline(never)]
    pub(crate) fn give(self, start: usize, count: usize) -> bool {
        // `fold` and not `all`, which would stop at the first word that refuses.
        Spans::<LOG>::new(start, count).fold(true, |all, (at, mask)| self.give_mask(at, mask) & all)
    }

    /// Gives back one block if it is out. Returns whether it was.
    pub(crate) fn give_one(self, block: usize) -> bool {
        self.give_mask(block / width(LOG), 1 << (block % width(LOG)))
    }

    /// Gives back the blocks of `mask` in one word, if all of them are out. Returns whether they were.
    ///
    /// This is a compare-and-exchange. A subtraction would do for blocks that are out. For a block that is not out it
    /// would borrow from the neighbouring bits and free blocks that have owners.
    #[inline(never)]
    pub(crate) fn give_mask(self, at: usize, mask: usize) -> bool {
        let leaf = self.leaf(at);
        let release = if seeded(Bug::GiveRelaxed) { Ordering::Relaxed } else { Ordering::Release };
        let mut word = leaf.load(Ordering::Relaxed);
        while word & mask == mask {
            if seeded(Bug::ReturnTorn) {
                leaf.store(word & !mask, Ordering::Release);
                return true;
            }
            match leaf.compare_exchange_weak(word, word & !mask, release, Ordering::Relaxed) {
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

    /// Marks a leaf that was seen full, then looks whether it still is.
    ///
    /// Every change of a summary word is an acquiring and releasing exchange, and all exchanges on one word have an
    /// order. If the other side cleared the bit before it is set here, then this exchange acquired what that
    /// one released, and the second look sees the free block. If the other side clears it afterwards, it stays clear.
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

    /// Marks a sum whose leaves were all seen full, then looks whether they still are.
    #[cold]
    fn mark_sum(self, sum_at: usize) {
        let (top_at, bit) = (sum_at / width(LOG), 1 << (sum_at % width(LOG)));
        self.top(top_at).fetch_or(bit, Ordering::AcqRel);
        if self.sum(sum_at).load(Ordering::Acquire) != full(LOG) {
            self.top(top_at).fetch_and(!bit, Ordering::AcqRel);
        }
    }

    /// Clears the mark of a leaf that has free blocks.
    fn unmark_leaf(self, leaf_at: usize) {
        let (sum_at, bit) = (leaf_at / width(LOG), 1 << (leaf_at % width(LOG)));
        // A load that sees the bit clear is no reason to skip this: that would need sequential consistency on both
        // sides.
        if self.sum(sum_at).fetch_and(!bit, Ordering::AcqRel) == full(LOG) {
            let (top_at, bit) = (sum_at / width(LOG), 1 << (sum_at % width(LOG)));
            self.top(top_at).fetch_and(!bit, Ordering::AcqRel);
        }
    }

    /// Whether the summaries lead to every free block. For models, when no other thread is active.
    #[cfg(test)]
    pub(crate) fn summaries_lead_everywhere(self) -> bool {
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
                assert!(bitmap.give(block, 1));
                assert!(bitmap.summaries_lead_everywhere());
                assert_eq!(bitmap.take_lowest(), Some(block));
                assert!(bitmap.give(block, 1));
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
        assert!(bitmap.give(2, 9));
        assert_eq!((bitmap.free(), bitmap.is_taken(1, 2)), (9, false));
    }

    #[test]
    fn a_second_return_is_refused_and_takes_nothing_from_anybody() {
        let shape = Shape::new(2, 0, 12);
        let words = zeroed(&shape);
        let bitmap = Bitmap::<_, 2>::new(&words, &shape);
        bitmap.close_tails();
        assert_eq!(bitmap.take_run(12), Some(0));
        assert!(bitmap.give(1, 1));
        assert!(!bitmap.give(1, 1) && !bitmap.give_one(1), "of one block");
        assert!(!bitmap.give(0, 3), "of a run of which one block is not out");
        assert_eq!(bitmap.free(), 1);
        assert!(!bitmap.give(1, 5), "of a run across words");
        // Its second word was all out, and the blocks are the caller's: they are back.
        assert_eq!((bitmap.free(), bitmap.is_taken(0, 1), bitmap.is_taken(2, 2)), (3, true, true));
    }
}
