//! Slots: blocks kept ready, each of which stays in its slot while it is out.
//!
//! In the bitmap, taking a block and giving it back are two locked instructions on a word that all takers share. A slot
//! keeps one block for the threads whose hint leads to it. Taking it is one exchange that sets the slot busy. Giving it
//! back is one plain store that clears that again, because while a slot is busy only the holder of its block may write
//! its word. Each slot has a pair of cache lines to itself.
//!
//! ```text
//!  a slot's word    │ version: times it changed hands │ block + 1, or 0 for none │ busy │
//! ```
//!
//! The word is the whole state, so an exchange that succeeds is right whatever happened in between:
//! it can only find the same block, idle, in the same slot. The version is for a search that fails: it must
//! know that no slot changed hands meanwhile.
//!
//! Taking releases as well as acquires, for the reason that the bitmap gives.
//!
//! The ledger chooses which blocks are kept: it attaches what it took from the bitmap, and detaches what the bitmap
//! needs.

use super::bitmap::{LINE, Words};
use crate::seeded::{Bug, seeded};
use crate::sync::Ordering;

/// The block of this slot is out.
const BUSY: usize = 1;
/// Bits that hold a block's number plus one: 4 PiB of 4 KiB blocks, or all of a 32-bit address space. The other bits
/// count versions, 23 or 10 of them. So a failing search could be wrong only if, while it is suspended, one slot is
/// taken exactly a multiple of 8 million (1,024) times. It would then say "exhausted" once.
const BLOCK_BITS: u32 = if usize::BITS >= 64 { 40 } else { 21 };
const BLOCK_MASK: usize = ((1 << BLOCK_BITS) - 1) << 1;
const VERSION: usize = 1 << (BLOCK_BITS + 1);

/// The most blocks a pool may have: their numbers fit a slot's word.
pub(crate) const MOST_BLOCKS: usize = (1 << BLOCK_BITS) - 2;

/// The most slots a pool may have. Each may keep one free block out of the bitmap's order, so more of them
/// make a pool less dense. A search that fails reads all of them.
pub(crate) const MOST_SLOTS: usize = crate::sync::HINTS;

/// Whether blocks are kept ready at all. The archive that is built for size leaves this code out, a quarter of a
/// pool's. A `take` and a `give` are then a locked instruction each on the bitmap.
const HAS_SLOTS: bool = cfg!(not(region_small));

const fn block_of(word: usize) -> Option<usize> {
    ((word & BLOCK_MASK) >> 1).checked_sub(1)
}

const fn is_idle(word: usize) -> bool {
    word & BUSY == 0 && word & BLOCK_MASK != 0
}

/// `word` with the next version, and another block and state.
fn next(word: usize, block: Option<usize>, busy: usize) -> usize {
    let step = if seeded(Bug::SlotWithoutVersion) { 0 } else { VERSION };
    let version = (word & !(BLOCK_MASK | BUSY)).wrapping_add(step);
    version | block.map_or(0, |block| (block + 1) << 1) | busy
}

/// The result of giving a block back through a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Returned {
    /// The block was out, and is back in its slot.
    Back,
    /// The block is in a slot and was not out.
    NotOut,
    /// No slot has this block.
    Elsewhere,
}

/// `count` slots (a power of two, or none) from word `at` on.
#[derive(Debug)]
pub(crate) struct Slots<'a, W> {
    words: &'a W,
    at: usize,
    count: usize,
}

impl<W> Clone for Slots<'_, W> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<W> Copy for Slots<'_, W> {}

impl<'a, W: Words> Slots<'a, W> {
    pub(crate) fn new(words: &'a W, at: usize, count: usize) -> Self {
        debug_assert!(count == 0 || count.is_power_of_two());
        Slots { words, at, count }
    }

    fn count(self) -> usize {
        if HAS_SLOTS { self.count } else { 0 }
    }

    fn word(self, slot: usize) -> &'a crate::sync::AtomicUsize {
        self.words.word(self.at + slot * LINE)
    }

    /// The slot that a hint leads to, if there are slots.
    #[inline]
    pub(crate) fn of_hint(self, hint: usize) -> Option<usize> {
        Some(hint & self.count().checked_sub(1)?)
    }

    /// Takes the block of `slot` if it is idle.
    #[inline]
    pub(crate) fn take(self, slot: usize) -> Option<usize> {
        let word = self.word(slot);
        let seen = word.load(Ordering::Relaxed);
        let block = block_of(seen)?;
        if seen & BUSY != 0 {
            return None;
        }
        let taken = next(seen, Some(block), BUSY);
        if seeded(Bug::SlotTakeTorn) {
            word.store(taken, Ordering::Release);
            return Some(block);
        }
        let order = if seeded(Bug::SlotTakeHidesGive) { Ordering::Acquire } else { Ordering::AcqRel };
        word.compare_exchange(seen, taken, order, Ordering::Relaxed).ok().map(|_| block)
    }

    /// Gives `block`, which stayed in `slot`, back. Returns whether it was there and out. Only for the holder of the
    /// block.
    #[inline]
    pub(crate) fn give(self, slot: usize, block: usize) -> bool {
        let word = self.word(slot);
        let busy = word.load(Ordering::Relaxed);
        if busy & (BLOCK_MASK | BUSY) != (block + 1) << 1 | BUSY {
            return false;
        }
        let release = if seeded(Bug::SlotGiveRelaxed) { Ordering::Relaxed } else { Ordering::Release };
        // A plain store: while the slot is busy only the holder writes its word, and the caller is the holder.
        word.store(busy & !BUSY, release);
        true
    }

    /// Gives `block` back if a slot has it. `hint` says which slot to try first.
    pub(crate) fn give_checked(self, block: usize, hint: usize) -> Returned {
        let Some(slot) = self.find(block, hint) else { return Returned::Elsewhere };
        let word = self.word(slot);
        let seen = word.load(Ordering::Relaxed);
        let idle = seen & !BUSY;
        if block_of(seen) != Some(block) || seen == idle {
            return Returned::NotOut;
        }
        if seeded(Bug::ReturnTorn) {
            word.store(idle, Ordering::Release);
            return Returned::Back;
        }
        // An exchange where `give` has a store: two callers may return one block at once, and only one of
        // them may get this answer.
        match word.compare_exchange(seen, idle, Ordering::Release, Ordering::Relaxed) {
            Ok(_) => Returned::Back,
            Err(_) => Returned::NotOut,
        }
    }

    /// The slot that has `block`, idle or busy.
    pub(crate) fn find(self, block: usize, hint: usize) -> Option<usize> {
        let first = self.of_hint(hint)?;
        (0..self.count())
            .map(|turn| first ^ turn)
            .find(|&slot| block_of(self.word(slot).load(Ordering::Relaxed)) == Some(block))
    }

    /// Whether `slot` has an idle block.
    pub(crate) fn is_in(self, slot: usize) -> bool {
        is_idle(self.word(slot).load(Ordering::Relaxed))
    }

    /// Puts a block that the caller owns into `slot`, as busy, if the slot has none.
    pub(crate) fn attach(self, slot: usize, block: usize) -> bool {
        let word = self.word(slot);
        let seen = word.load(Ordering::Relaxed);
        let attached = next(seen, Some(block), BUSY);
        // The block's bytes are published when it is given back. This releases what the caller did before.
        seen & (BLOCK_MASK | BUSY) == 0
            && word.compare_exchange(seen, attached, Ordering::Release, Ordering::Relaxed).is_ok()
    }

    /// Takes the block of `slot` out of the slot if it is idle. The caller owns it then.
    pub(crate) fn detach(self, slot: usize) -> Option<usize> {
        let word = self.word(slot);
        let mut seen = word.load(Ordering::Relaxed);
        while is_idle(seen) {
            match word.compare_exchange_weak(seen, next(seen, None, 0), Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => return block_of(seen),
                Err(now) => seen = now,
            }
        }
        None
    }

    /// Takes the first idle block of any slot, or returns how often slots have changed hands so far.
    pub(crate) fn take_any(self, hint: usize) -> Result<(usize, usize), usize> {
        let first = hint & self.count().saturating_sub(1);
        let mut versions = 0usize;
        for slot in (0..self.count()).map(|turn| first ^ turn) {
            // Acquire keeps the loads of one search in their order, as in the bitmap's `free_in`.
            let mut seen = self.word(slot).load(Ordering::Acquire);
            while is_idle(seen) {
                if let Some(block) = self.take(slot) {
                    return Ok((slot, block));
                }
                seen = self.word(slot).load(Ordering::Acquire);
            }
            versions = versions.wrapping_add(seen / VERSION);
        }
        Err(versions)
    }

    /// How many slots have an idle block.
    pub(crate) fn idle(self) -> usize {
        (0..self.count()).filter(|&slot| self.is_in(slot)).count()
    }

    /// All slots.
    pub(crate) fn all(self) -> core::ops::Range<usize> {
        0..self.count()
    }
}
