//! The ledger: every atomic decision of a pool, over nothing but words and block numbers.
//!
//! It joins the [bitmap](super::bitmap), which knows what is out, and the [slots](super::slots), which keep
//! some blocks ready, and adds what is *warm*: a block is warm from the moment it is handed out until its
//! RAM is given back to the system. A free block that is not warm has the kernel's zeroes and takes no RAM.
//! A warm bit is written by whoever owns the block at that time, and so needs no order of its own.
//!
//! A block is, at any time, exactly one of: free in the bitmap; out; or in an idle slot (where the bitmap
//! calls it out). What the ledger does not know: where a block is in memory. [`Ledger::trim`] is told how to
//! give RAM back, and calls that only on blocks that it holds itself.

use super::bitmap::{Bitmap, LINE, Shape, Words};
use super::bits::{Spans, first, full, highest_run, ones, width};
use super::seeded::{Bug, seeded};
use super::slots::{Returned, Slots};
use crate::sync::Ordering;

/// Where everything lies among a ledger's words.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    /// Slots come first, on whole pairs of cache lines from the start of the mapping.
    slots: usize,
    shape: Shape,
}

impl Plan {
    /// The plan for `capacity >= 1` blocks and `slots` slots, a power of two or none.
    #[inline(never)]
    pub(super) const fn new(log: u32, capacity: usize, slots: usize) -> Self {
        Plan { slots, shape: Shape::new(log, slots * LINE, capacity) }
    }

    /// Where the warm bits lie: behind the bitmap.
    const fn warm(&self) -> usize {
        self.shape.end
    }

    /// How many words there are in all.
    pub(super) const fn words(&self) -> usize {
        self.warm() + self.shape.leaves()
    }
}

/// A block that was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Claim {
    pub block: usize,
    /// The slot that it stays in while it is out.
    pub slot: Option<usize>,
    /// It was out before, so its bytes are whatever was left in it.
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

    /// Takes a block that the hint's slot does not have.
    #[inline(never)]
    fn take_elsewhere(&self, hint: usize) -> Option<Claim> {
        if let Some(block) = self.bitmap().take_lowest() {
            return Some(self.claimed(block, hint));
        }
        self.take_last(hint)
    }

    /// Takes one of the last blocks, or proves that there is none.
    ///
    /// The proof is a search done twice: no word that was full has been reopened and no slot has changed
    /// hands between the two, so at the instant between them every block was out at once. Each time it has
    /// to start over somebody else took or gave a block.
    #[cold]
    pub(super) fn take_last(&self, hint: usize) -> Option<Claim> {
        let mut last = None;
        loop {
            let reopened = self.bitmap().reopened();
            if seeded(Bug::ExhaustedTooSoon) {
                // No second look, and no look past the summaries.
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

    /// A block fresh from the bitmap becomes a claim: warm from now on, and in the hint's slot if that is empty.
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

    /// Takes the lowest `count` free blocks in a row and tells `dirty` which of them were warm.
    pub(super) fn take_run(&self, count: usize, dirty: impl FnMut(usize)) -> Option<usize> {
        let start = match self.bitmap().take_run(count) {
            Some(start) => start,
            None => {
                // Blocks kept in slots may be all that is missing.
                self.empty_slots();
                self.bitmap().take_run(count)?
            }
        };
        self.warm_up(start, count, dirty);
        Some(start)
    }

    /// Gives back what `take` took.
    #[inline]
    pub(super) fn give(&self, block: usize, slot: Option<usize>) {
        match slot {
            Some(slot) => self.slots().give(slot),
            None => self.bitmap().give(block, 1),
        }
    }

    /// Gives back what `take_run` took.
    pub(super) fn give_run(&self, start: usize, count: usize) {
        self.bitmap().give(start, count);
    }

    /// Gives back a block that somebody says is out; says whether it was.
    pub(super) fn give_checked(&self, block: usize, hint: usize) -> bool {
        match self.slots().give_checked(block, hint) {
            Returned::Back => true,
            Returned::NotOut => false,
            Returned::Elsewhere => self.bitmap().give_checked(block),
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
                self.bitmap().give(block, 1);
            }
        }
    }

    /// Marks a run that the caller owns as warm and tells `dirty` which blocks of it were.
    #[inline]
    fn warm_up(&self, start: usize, count: usize, mut dirty: impl FnMut(usize)) {
        for (at, mask) in Spans::<LOG>::new(start, count) {
            let word = self.words.word(self.plan.warm() + at);
            // Relaxed: these bits are the owner's, and the exchange that made the caller the owner ordered
            // it after everything that the last one did.
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
        // Those past the last block too: they are never free, and so never looked at.
        for at in 0..self.plan.shape.leaves() {
            self.words.word(self.plan.warm() + at).store(full(LOG), Ordering::Relaxed);
        }
    }

    fn warm_in(&self, at: usize) -> usize {
        self.words.word(self.plan.warm() + at).load(Ordering::Relaxed)
    }

    /// Blocks that are out. Exact while nobody takes or gives.
    pub(super) fn taken(&self) -> usize {
        let free = self.bitmap().free() + self.slots().idle();
        self.capacity().saturating_sub(free)
    }

    /// Free blocks that are warm. Exact while nobody takes or gives.
    pub(super) fn warm(&self) -> usize {
        let bitmap = self.bitmap();
        let warm = |at| ones(bitmap.free_in(at) & self.warm_in(at));
        (0..self.plan.shape.leaves()).map(warm).sum::<usize>() + self.slots().idle()
    }

    /// Makes warm free blocks cold until `keep` of them are left, highest first; says how many.
    ///
    /// `decommit` is called with runs that the ledger has taken, so that no one else can. A run for which
    /// it fails goes back as warm as it was, and the error ends the walk.
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
        // Slots hold any blocks, high ones too; what is worth keeping is found again by the next takers.
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
                if seeded(Bug::TrimGivesEarly) {
                    bitmap.give(start, count);
                }
                let done = decommit(start, count);
                if done.is_ok() || seeded(Bug::TrimForgetsFailure) {
                    self.words.word(self.plan.warm() + at).fetch_and(!run, Ordering::Relaxed);
                }
                if !seeded(Bug::TrimGivesEarly) {
                    bitmap.give(start, count);
                }
                done?;
                excess -= count;
                trimmed += count;
            }
        }
        Ok(trimmed)
    }
}
