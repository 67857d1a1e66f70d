//! Slots: blocks kept ready, each of which stays in its slot while it is out.
//!
//! In the bitmap a block costs two locked instructions a life, on a word that all takers fight over. A slot
//! keeps one block for those whose hint leads to it: taking it is one exchange that sets the slot busy,
//! giving it back is one plain store that clears that again, because while a slot is busy nobody but the
//! holder of its block may write its word. Each slot has a pair of cache lines to itself.
//!
//! ```text
//!  a slot's word    │ version: times it changed hands │ block + 1, or 0 for none │ busy │
//! ```
//!
//! The word says all there is to know, so an exchange that succeeds is right whatever happened in between:
//! it can only find the same block, idle, in the same slot. The version is for a search that fails, and has
//! to know that no slot changed hands while it looked.
//!
//! Taking releases as well as acquires, for the reason that the bitmap gives.
//!
//! What slots do not know: which block to keep. The ledger attaches what it took from the bitmap, and
//! detaches what the bitmap needs.

use super::bitmap::{LINE, Words};
use super::seeded::{Bug, seeded};
use crate::sync::Ordering;

/// The block of this slot is out.
const BUSY: usize = 1;
/// Bits that hold a block's number plus one: 4 PiB of 4 KiB blocks, or all of a 32-bit address space. What
/// is left counts versions: 23 or 10 bits, so a failing search would have to sleep through exactly a
/// multiple of 8 million (1,024) takes of one slot to be misled, and would then say "exhausted" once.
const BLOCK_BITS: u32 = if usize::BITS >= 64 { 40 } else { 21 };
const BLOCK_MASK: usize = ((1 << BLOCK_BITS) - 1) << 1;
const VERSION: usize = 1 << (BLOCK_BITS + 1);

/// The most blocks a pool may have: their numbers fit a slot's word.
pub(super) const MOST_BLOCKS: usize = (1 << BLOCK_BITS) - 2;

/// The most slots a pool may have. Each may keep one free block out of the bitmap's order, so more of them
/// make a pool less dense; and a search that fails looks at all of them.
pub(super) const MOST_SLOTS: usize = 64;
const _: () = assert!(MOST_SLOTS.is_power_of_two());

/// Whether blocks are kept ready at all. The archive that is made for size saves the code, a quarter of a pool's; a
/// `take` and a `give` are a locked instruction each on the bitmap then.
const HAS_SLOTS: bool = cfg!(not(region_small));

const fn block_of(word: usize) -> Option<usize> {
    ((word & BLOCK_MASK) >> 1).checked_sub(1)
}

const fn is_idle(word: usize) -> bool {
    word & BUSY == 0 && word & BLOCK_MASK != 0
}

/// `word` with its version moved on and its block and state replaced.
fn next(word: usize, block: Option<usize>, busy: usize) -> usize {
    let step = if seeded(Bug::SlotWithoutVersion) { 0 } else { VERSION };
    let version = (word & !(BLOCK_MASK | BUSY)).wrapping_add(step);
    version | block.map_or(0, |block| (block + 1) << 1) | busy
}

/// What a return through a slot found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Returned {
    /// The block was out, and is back in its slot.
    Back,
    /// The block is in a slot and was not out.
    NotOut,
    /// No slot has this block.
    Elsewhere,
}

/// `count` slots (a power of two, or none) from word `at` on.
#[derive(Debug)]
pub(super) struct Slots<'a, W> {
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
    pub(super) fn new(words: &'a W, at: usize, count: usize) -> Self {
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
    pub(super) fn of_hint(self, hint: usize) -> Option<usize> {
        Some(hint & self.count().checked_sub(1)?)
    }

    /// Takes the block of `slot` if it is in.
    #[inline]
    pub(super) fn take(self, slot: usize) -> Option<usize> {
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

    /// Gives the block of `slot` back. Only for the holder of that block.
    #[inline]
    pub(super) fn give(self, slot: usize) {
        let word = self.word(slot);
        let busy = word.load(Ordering::Relaxed);
        debug_assert!(busy & BUSY != 0, "a slot's block was given back that was not out");
        let release = if seeded(Bug::SlotGiveRelaxed) { Ordering::Relaxed } else { Ordering::Release };
        // A plain store: while the slot is busy its word is the holder's, and the caller is the holder.
        word.store(busy & !BUSY, release);
    }

    /// Gives `block` back if a slot has it, and says what was found. `hint` is where to look first.
    pub(super) fn give_checked(self, block: usize, hint: usize) -> Returned {
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
        // them may be told that it did.
        match word.compare_exchange(seen, idle, Ordering::Release, Ordering::Relaxed) {
            Ok(_) => Returned::Back,
            Err(_) => Returned::NotOut,
        }
    }

    /// The slot that has `block`, in or out.
    pub(super) fn find(self, block: usize, hint: usize) -> Option<usize> {
        let first = self.of_hint(hint)?;
        (0..self.count())
            .map(|turn| first ^ turn)
            .find(|&slot| block_of(self.word(slot).load(Ordering::Relaxed)) == Some(block))
    }

    /// Whether `slot` has its block in.
    pub(super) fn is_in(self, slot: usize) -> bool {
        is_idle(self.word(slot).load(Ordering::Relaxed))
    }

    /// Puts a block that the caller owns into `slot`, out as it is, if the slot has none.
    pub(super) fn attach(self, slot: usize, block: usize) -> bool {
        let word = self.word(slot);
        let seen = word.load(Ordering::Relaxed);
        let attached = next(seen, Some(block), BUSY);
        // Nothing of the block is published until it is given back; what is released is the caller's past.
        seen & (BLOCK_MASK | BUSY) == 0
            && word.compare_exchange(seen, attached, Ordering::Release, Ordering::Relaxed).is_ok()
    }

    /// Takes the block of `slot` away from it if it is in. The caller owns it then.
    pub(super) fn detach(self, slot: usize) -> Option<usize> {
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

    /// Takes the first block of any slot that is in, or says how often slots have changed hands so far.
    pub(super) fn take_any(self, hint: usize) -> Result<(usize, usize), usize> {
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

    /// How many slots have their block in.
    pub(super) fn idle(self) -> usize {
        (0..self.count()).filter(|&slot| self.is_in(slot)).count()
    }

    /// All slots.
    pub(super) fn all(self) -> core::ops::Range<usize> {
        0..self.count()
    }
}
