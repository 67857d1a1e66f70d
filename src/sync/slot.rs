//! A slot: a word that says who may use the content beside it.
//!
//! A slot belongs to its holder while the content is in use. Taking is one exchange that marks the slot. Giving back is
//! one plain store, because no other thread may write to a held slot. No pointer is swapped, so there is no ABA
//! problem: the thread that changes the word from free to held is the only holder, however often the slot was held
//! before.
//!
//! ```text
//!   EMPTY ──claim──▶ HELD ──give(FULL)───▶ FULL ──claim──▶ HELD ──▶ ...
//!                     └────give(EMPTY)──▶ EMPTY
//! ```
//!
//! The user says what empty and full mean: a [slot cache](super::slot_cache) keeps things in full slots. An arena
//! pool has an arena in each slot, and full ones hold values.

use crate::seeded::{Bug, seeded};
use crate::sync::{AtomicUsize, Ordering, Shared, const_fn};

/// The slot is free, and its content has no value.
pub(crate) const EMPTY: usize = 0;
/// A thread holds the slot.
pub(crate) const HELD: usize = 1;
/// The slot is free, and its content has a value. Greater states are its users': values of other kinds.
pub(crate) const FULL: usize = 2;

/// A pair of cache lines: processors fetch neighbouring lines together.
#[repr(align(128))]
#[derive(Debug)]
pub(crate) struct Pair;

/// One cache line, for slots whose neighbours are mostly of the same thread.
#[repr(align(64))]
#[derive(Debug)]
pub(crate) struct Line;

/// A slot, on cache lines of its own.
#[derive(Debug)]
pub(crate) struct Slot<T, Lines = Pair> {
    _lines: [Lines; 0],
    state: AtomicUsize,
    /// Belongs to the holder while the state is `HELD`. Otherwise no thread may use it.
    content: Shared<T>,
}

// SAFETY: the content moves from the thread that gave the slot back to the one that claims it. Because of the exchange
// on the state only one thread at a time uses it.
unsafe impl<T: Send, Lines> Sync for Slot<T, Lines> {}

impl<T, Lines> Slot<T, Lines> {
    const_fn! {
        /// An empty slot.
        pub(crate) const fn new(content: T) -> Self {
            Slot { _lines: [], state: AtomicUsize::new(EMPTY), content: Shared::new(content) }
        }
    }

    /// Makes the slot the caller's if it is in `state`, which is not `HELD`; it stays so until `give`.
    #[inline]
    #[must_use]
    pub(crate) fn claim(&self, state: usize) -> bool {
        self.is(state) && self.claim_likely(state)
    }

    /// As [`claim`](Self::claim), where the slot is hardly ever in another state. Then a look at it first would only be
    /// one more step; elsewhere it keeps exchanges in vain away from the slot's holder.
    #[inline(always)]
    #[must_use]
    pub(crate) fn claim_likely(&self, state: usize) -> bool {
        // Acquire: what the last holder did to the content is seen by the next.
        let acquire = if seeded(Bug::SlotClaimRelaxed) { Ordering::Relaxed } else { Ordering::Acquire };
        if seeded(Bug::SlotClaimTorn) {
            let is_free = self.is(state);
            if is_free {
                self.state.store(HELD, Ordering::Relaxed);
            }
            return is_free;
        }
        self.state.compare_exchange(state, HELD, acquire, Ordering::Relaxed).is_ok()
    }

    /// As [`claim`](Self::claim) of a slot that is never anything but held or empty, by a thread that is
    /// [alone](super::is_alone): without an exchange. A signal handler that came in between the two steps has given the slot
    /// back as it was.
    #[inline(always)]
    #[must_use]
    pub(crate) fn claim_alone(&self) -> bool {
        // Acquire: the last holder may be a thread that has ended.
        let is_free = self.state.load(Ordering::Acquire) == EMPTY;
        if is_free {
            self.state.store(HELD, Ordering::Relaxed);
            // What the holder reads and writes comes after the mark, for handlers too. A limit for the compiler, and no
            // instruction.
            core::sync::atomic::compiler_fence(core::sync::atomic::Ordering::SeqCst);
        }
        is_free
    }

    /// Gives a slot back, as empty or full. The next holder sees what was done to its content.
    ///
    /// # Safety
    /// The caller holds the slot, no reference to the content is alive, and the content is what `state` says to the
    /// slot's other users.
    #[inline]
    pub(crate) unsafe fn give(&self, state: usize) {
        debug_assert!(self.is(HELD), "gave back a slot that is not held");
        let release = if seeded(Bug::SlotReleaseRelaxed) { Ordering::Relaxed } else { Ordering::Release };
        self.state.store(state, release);
    }

    /// Whether the slot was in `state` a moment ago. Only its holder can rely on the answer.
    #[inline]
    pub(crate) fn is(&self, state: usize) -> bool {
        self.state() == state
    }

    /// The state that the slot was in a moment ago.
    #[inline]
    pub(crate) fn state(&self) -> usize {
        self.state.load(Ordering::Relaxed)
    }

    /// Looks at the content.
    ///
    /// # Safety
    /// The caller holds the slot, and no mutable reference to the content is alive.
    #[inline]
    pub(crate) unsafe fn read<R>(&self, f: impl FnOnce(&T) -> R) -> R {
        // SAFETY: the cell's address is good for reads, and the caller, who holds the slot, is the only one who
        // touches the content; the reference ends with the call.
        self.content.with(|content| f(unsafe { &*content }))
    }

    /// Changes the content.
    ///
    /// # Safety
    /// The caller holds the slot, and no reference to the content is alive.
    #[inline]
    pub(crate) unsafe fn write<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        // SAFETY: the cell's address is good for writes, and the caller, who holds the slot, is the only one who
        // touches the content, by no other reference than this one.
        self.content.with_mut(|content| f(unsafe { &mut *content }))
    }

    /// The content's address, for a holder that keeps a reference while it holds the slot.
    #[inline(always)]
    pub(crate) fn content(&self) -> *mut T {
        self.content.with_mut(|content| content)
    }
}
