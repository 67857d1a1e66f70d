//! A place: a word that says who may touch what is beside it.
//!
//! A place stays its taker's while the content is in use: taking is one exchange that marks the place, and
//! giving back is one plain store, because nobody else may touch a marked place. There is no pointer to swap
//! and so no ABA: the word is the place's own, and whoever turns it from free to held is the one holder,
//! however often it changed hands before.
//!
//! ```text
//!   EMPTY ──claim──▶ HELD ──give(FULL)───▶ FULL ──claim──▶ HELD ──▶ ...
//!                     └────give(EMPTY)──▶ EMPTY
//! ```
//!
//! What empty and full mean is the user's affair: a [shelf](super::shelf) keeps things in full places, an
//! arena pool keeps arenas in all, and full ones hold values.

use super::seeded::{Bug, seeded};
use crate::sync::{AtomicUsize, Ordering, Shared};

/// Nobody holds the place, and nothing of value is in it.
pub(crate) const EMPTY: usize = 0;
/// Somebody holds the place.
pub(crate) const HELD: usize = 1;
/// Nobody holds the place, and something is in it.
pub(crate) const FULL: usize = 2;

/// A place, on a pair of cache lines of its own: neighbours are fetched together.
#[repr(align(128))]
#[derive(Debug)]
pub(crate) struct Place<T> {
    state: AtomicUsize,
    /// Belongs to the holder while the state is `HELD`, to nobody otherwise.
    content: Shared<T>,
}

// SAFETY: the content moves from the thread that gave the place back to the one that claims it; the exchange
// on the state lets one thread at a time at it.
unsafe impl<T: Send> Sync for Place<T> {}

impl<T> Place<T> {
    /// An empty place.
    #[cfg(not(loom))]
    pub(crate) const fn new(content: T) -> Self {
        Place { state: AtomicUsize::new(EMPTY), content: Shared::new(content) }
    }

    /// An empty place; loom's atomics are not made in constants.
    #[cfg(loom)]
    pub(crate) fn new(content: T) -> Self {
        Place { state: AtomicUsize::new(EMPTY), content: Shared::new(content) }
    }

    /// Makes the place the caller's if it is in `state`; it stays so until `give`.
    #[inline]
    pub(crate) fn claim(&self, state: usize) -> bool {
        if !self.is(state) {
            return false;
        }
        // Acquire: what the last holder did to the content is seen by the next.
        let acquire = if seeded(Bug::ShelfClaimRelaxed) { Ordering::Relaxed } else { Ordering::Acquire };
        if seeded(Bug::ShelfClaimTorn) {
            self.state.store(HELD, Ordering::Relaxed);
            return true;
        }
        self.state.compare_exchange(state, HELD, acquire, Ordering::Relaxed).is_ok()
    }

    /// Gives a place up that the caller holds, as empty or full, with what was done to its content.
    #[inline]
    pub(crate) fn give(&self, state: usize) {
        debug_assert!(self.is(HELD), "gave back a place that is not held");
        let release = if seeded(Bug::ShelfPutRelaxed) { Ordering::Relaxed } else { Ordering::Release };
        self.state.store(state, release);
    }

    /// Whether the place was in `state` just now. Only its holder can rely on the answer.
    #[inline]
    pub(crate) fn is(&self, state: usize) -> bool {
        self.state.load(Ordering::Relaxed) == state
    }

    /// Looks at the content.
    ///
    /// # Safety
    /// The caller holds the place.
    #[inline]
    pub(crate) unsafe fn read<R>(&self, f: impl FnOnce(&T) -> R) -> R {
        // SAFETY: the holder alone touches the content.
        self.content.with(|content| f(unsafe { &*content }))
    }

    /// Changes the content.
    ///
    /// # Safety
    /// The caller holds the place, and no reference to the content is alive.
    #[inline]
    pub(crate) unsafe fn write<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        // SAFETY: the holder alone touches the content, and says that this is its only reference.
        self.content.with_mut(|content| f(unsafe { &mut *content }))
    }

    /// The content's address, for a holder that keeps a reference while it holds the place.
    #[cfg(not(loom))]
    #[inline(always)]
    pub(crate) fn content(&self) -> *mut T {
        self.content.with_mut(|content| content)
    }
}
