//! The ledger: all atomic state of a pool, as words and block numbers.
//!
//! It joins the [bitmap](super::bitmap), which says which blocks are out, and the [slots](super::slots), which keep
//! some blocks ready, and adds which blocks are *warm*: a block is warm from the moment it is handed out until its
//! RAM is given back to the system. A free block that is not warm has the kernel's zeroes and takes no RAM.
//! Only the owner of a block writes its warm bit, so these writes need no memory order of their own.
//!
//! A block is, at any time, exactly one of: free in the bitmap; out; or in an idle slot (where the bitmap
//! calls it out). The ledger does not know where a block is in memory. [`Ledger::trim`] gets a function that
//! gives RAM back, and calls it only for blocks that it holds itself.

use super::bitmap::{Bitmap, LINE, Shape, Words};
use super::bits::{Spans, first, full, highest_run, ones, width};
use super::slots::{Returned, Slots};
use crate::seeded::{Bug, seeded};
use crate::sync::{AtomicUsize, Ordering};

/// The layout of a ledger's words.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    /// Number of slots. They come first, each on a pair of cache lines.
    slots: usize,
    shape: Shape,
}

impl Plan {
    /// The plan for `capacity >= 1` blocks and `slots` slots, a power of two or none.
    #[inline(never)]
    pub(super) const fn new(log: u32, capacity: usize, slots: usize) -> Self {
        Plan { slots, shape: Shape::new(log, slots * LINE, capacity) }
    }

    /// The first word of the warm bits: behind the bitmap.
    const fn warm(&self) -> usize {
        self.shape.end
    }

    /// How many words there are in all.
    pub(super) const fn words(&self) -> usize {
        self.processes() + 1
    }

    /// The word in which the pool counts the processes that share it: behind the warm bits.
    const fn processes(&self) -> usize {
        self.warm() + self.shape.leaves()
    }
}

/// A block that was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Claim {
    pub block: usize,
    /// The slot that it stays in while it is out.
    pub slot: Option<usize>,
    /// It was out before, so its bytes are what the last owner left.
    pub warm: bool,
}

/// The state of a pool, in `words`.
#[derive(Debug)]
pub(super) struct Ledger<W, const LOG: u32> {
    words: W,
    plan: Plan,
}

impl<W: Words, const LOG: u32> Ledger<W, LOG> {
    /// Begins a ledger in `words`, of which there are `plan.words()`, all zero: all blocks are free and cold.
    pub(super) fn new(words: W, plan: Plan) -> Self {
        let ledger = Ledger { words, plan };
        ledger.bitmap().close_tails();
        ledger
    }

    pub(super) fn bitmap(&self) -> Bitmap<'_, W, LOG> {
        Bitmap::new(&self.words, &self.plan.shape)
    }

    /// How many processes have a number. All processes of the pool see this word.
    pub(super) fn processes(&self) -> &AtomicUsize {
        self.words.word(self.plan.processes())
    }

    fn slots(&self) -> Slots<'_, W> {
        Slots::new(&self.words, 0, self.plan.slots)
    }

    pub(super) fn capacity(&self) -> usize {
        self.plan.shape.capacity
    }

    /// Takes one block, or finds that none was free at some instant during the call.
    ///
    /// `hint` is any number that tends to differ between threads and to stay the same within one.
    #[inline]
    pub(super) fn take(&self, hint: usize) -> Option<Claim> {
        if let Some(slot) = self.slots().of_hint(hint) {
            if let Some(block) = self.slots().take(slot) {
                return Some(Claim { block, slot: Some(slot), warm: true });
            }
        }
        self.take_elsewhere(hint)
    }

    /// Takes a block when the hint's slot has none.
    #[inline(never)]
    fn take_elsewhere(&self, hint: usize) -> Option<Claim> {
        if let Some(block) = self.bitmap().take_lowest() {
            return Some(self.claimed(block, hint));
        }
        self.take_last(hint)
    }

    /// Takes one of the last blocks, or proves that there is none.
    ///
    /// The proof is a search done twice: if no full word got a free block and no slot changed hands between the two,
    /// then at the instant between them every block was out at once. The search starts again only when another thread
    /// took or gave a block.
    #[cold]
    pub(super) fn take_last(&self, hint: usize) -> Option<Claim> {
        let mut last = None;
        loop {
            let reopened = self.bitmap().reopened();
            if seeded(Bug::ExhaustedTooSoon) {
                // The seeded bug: no second look, and no look at the words themselves.
                let any = self.slots().take_any(hint).ok()?;
                return Some(Claim { block: any.1, slot: Some(any.0), warm: true });
            }
            if let Some(block) = self.bitmap().take_scanning() {
                return Some(self.claimed(block, hint));
            }
            let versions = match self.slots().take_any(hint) {
                Ok((slot, block)) => return Some(Claim { block, slot: Some(slot), warm: true }),
                Err(versions) => versions,
            };
            if last == Some((reopened, versions)) {
                return None;
            }
            last = Some((reopened, versions));
        }
    }

    /// Makes a claim of a block from the bitmap: warm from now on, and in the hint's slot if that is empty.
    #[inline]
    fn claimed(&self, block: usize, hint: usize) -> Claim {
        let (word, bit) = (self.words.word(self.plan.warm() + block / width(LOG)), 1 << (block % width(LOG)));
        // Relaxed, as in `warm_up`.
        let warm = word.load(Ordering::Relaxed) & bit != 0;
        if !warm {
            word.fetch_or(bit, Ordering::Relaxed);
        }
        let slots = self.slots();
        let slot = slots.of_hint(hint).filter(|&slot| slots.attach(slot, block));
        Claim { block, slot, warm }
    }

    /// Takes the lowest `count` free blocks that are side by side, and calls `dirty` for each of them that was warm.
    pub(super) fn take_run(&self, count: usize, dirty: impl FnMut(usize)) -> Option<usize> {
        let start = match self.bitmap().take_run(count) {
            Some(start) => start,
            None => {
                // The missing blocks may be in slots.
                self.empty_slots();
                self.bitmap().take_run(count)?
            }
        };
        self.warm_up(start, count, dirty);
        Some(start)
    }

    /// Gives back a block from `take` and returns whether it was out. Changes nothing if it was not.
    #[inline]
    pub(super) fn give(&self, block: usize, slot: Option<usize>) -> bool {
        match slot {
            Some(slot) => self.slots().give(slot, block),
            None => self.bitmap().give_one(block),
        }
    }

    /// Gives back a run from `take_run`. Returns whether all of it was out.
    pub(super) fn give_run(&self, start: usize, count: usize) -> bool {
        self.bitmap().give(start, count)
    }

    /// Gives back a block that may or may not be out. Returns whether it was.
    pub(super) fn give_checked(&self, block: usize, hint: usize) -> bool {
        match self.slots().give_checked(block, hint) {
            Returned::Back => true,
            Returned::NotOut => false,
            Returned::Elsewhere => self.bitmap().give_one(block),
        }
    }

    /// The slot of a block that is out; `Err` if it is not.
    pub(super) fn slot_of(&self, block: usize, hint: usize) -> Result<Option<usize>, ()> {
        match self.slots().find(block, hint) {
            Some(slot) if self.slots().is_in(slot) => Err(()),
            None if !self.bitmap().is_taken(block, 1) => Err(()),
            slot => Ok(slot),
        }
    }

    /// The blocks of idle slots go back to the bitmap.
    fn empty_slots(&self) {
        let slots = self.slots();
        for block in slots.all().filter_map(|slot| slots.detach(slot)) {
            if !seeded(Bug::DetachForgets) {
                let back = self.bitmap().give_one(block);
                debug_assert!(back, "a block was in a slot and not out");
            }
        }
    }

    /// Marks a run that the caller owns as warm, and calls `dirty` for each block of it that was warm before.
    #[inline]
    fn warm_up(&self, start: usize, count: usize, mut dirty: impl FnMut(usize)) {
        for (at, mask) in Spans::<LOG>::new(start, count) {
            let word = self.words.word(self.plan.warm() + at);
            // Relaxed: only the owner uses these bits, and the exchange that made the caller the owner ordered
            // it after everything that the last owner did.
            let mut was = word.load(Ordering::Relaxed) & mask;
            if was != mask {
                word.fetch_or(mask, Ordering::Relaxed);
            }
            while was != 0 {
                dirty(at * width(LOG) + was.trailing_zeros() as usize);
                was &= was - 1;
            }
        }
    }

    /// Marks every block as warm: their bytes are not known to be zero. Before any other use.
    pub(super) fn warm_up_all(&self) {
        // The bits past the last block too: they are never free, so they are never read.
        for at in 0..self.plan.shape.leaves() {
            self.words.word(self.plan.warm() + at).store(full(LOG), Ordering::Relaxed);
        }
    }

    fn warm_in(&self, at: usize) -> usize {
        self.words.word(self.plan.warm() + at).load(Ordering::Relaxed)
    }

    /// Blocks that are out. Exact while no thread takes or gives.
    pub(super) fn taken(&self) -> usize {
        let free = self.bitmap().free() + self.slots().idle();
        self.capacity().saturating_sub(free)
    }

    /// Free blocks that are warm. Exact while no thread takes or gives.
    pub(super) fn warm(&self) -> usize {
        let bitmap = self.bitmap();
        let warm = |at| ones(bitmap.free_in(at) & self.warm_in(at));
        (0..self.plan.shape.leaves()).map(warm).sum::<usize>() + self.slots().idle()
    }

    /// Makes warm free blocks cold until `keep` of them are left, highest first. Returns how many.
    ///
    /// `decommit` is called with runs that the ledger has taken, so that no other thread can take them. A run for which
    /// it fails goes back as warm as it was, and the error ends the loop.
    pub(super) fn trim<E>(
        &self,
        keep: usize,
        mut decommit: impl FnMut(usize, usize) -> Result<(), E>,
    ) -> Result<usize, E> {
        let mut excess = self.warm().saturating_sub(keep);
        let mut trimmed = 0;
        if excess == 0 {
            return Ok(0);
        }
        // Slots may hold high blocks, which go first. The next takers fill the slots again.
        self.empty_slots();
        let bitmap = self.bitmap();
        for at in (0..self.plan.shape.leaves()).rev() {
            while excess > 0 {
                let run = highest_run(bitmap.free_in(at) & self.warm_in(at), excess);
                if run == 0 {
                    break;
                }
                if !bitmap.take_mask(at, run) {
                    continue;
                }
                let count = usize::BITS as usize - run.leading_zeros() as usize - first(run);
                let start = at * width(LOG) + first(run);
                let give = || {
                    let back = bitmap.give_mask(at, run);
                    debug_assert!(back, "what this walk took was not out");
                };
                if seeded(Bug::TrimGivesEarly) {
                    give();
                }
                let done = decommit(start, count);
                if done.is_ok() || seeded(Bug::TrimForgetsFailure) {
                    self.words.word(self.plan.warm() + at).fetch_and(!run, Ordering::Relaxed);
                }
                if !seeded(Bug::TrimGivesEarly) {
                    give();
                }
                done?;
                excess -= count;
                trimmed += count;
            }
        }
        Ok(trimmed)
    }
}
