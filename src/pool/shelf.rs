//! A shelf: a few places, each of which keeps one thing for whoever comes next.
//!
//! A place stays its taker's while the thing is out: taking is one exchange that marks the place, and giving
//! back is one plain store, because nobody else may touch a marked place. So a whole life costs one locked
//! instruction. A thread that dies with a thing out leaves its place marked for ever: the thing is lost and
//! is never handed out twice.
//!
//! ```text
//!   EMPTY ──claim──▶ HELD ──fill, put──▶ FULL ──claim──▶ HELD ──put──▶ FULL
//!                     └───leave──▶ EMPTY
//! ```
//!
//! What a shelf does not know: what the things are, where they come from, and when to empty it.

use super::seeded::{Bug, seeded};
use crate::sync::{AtomicUsize, Ordering, Shared};
use core::mem::MaybeUninit;

/// Nothing is in the place, and nobody holds it.
const EMPTY: usize = 0;
/// Somebody took what was in the place, or is about to put the first thing in.
const HELD: usize = 1;
/// Something is in the place.
const FULL: usize = 2;

/// A place, on a pair of cache lines of its own: neighbours are fetched together.
#[repr(align(128))]
#[derive(Debug)]
struct Place<T> {
    state: AtomicUsize,
    /// Initialized from the first `fill` on; belongs to the holder while the state is `HELD`.
    content: Shared<MaybeUninit<T>>,
}

/// `N` places.
#[derive(Debug)]
pub(crate) struct Shelf<T, const N: usize> {
    places: [Place<T>; N],
}

// SAFETY: what is on the shelf moves from the thread that put it there to the one that claims it; the
// exchange on a place's state lets one thread at a time at its content.
unsafe impl<T: Send, const N: usize> Sync for Shelf<T, N> {}

/// A place that the caller holds now, and what was in it.
#[derive(Debug)]
pub(crate) struct Claim<T> {
    /// Which place; it is the caller's until `put` or `leave`.
    pub place: usize,
    /// What was there; none if the place was empty.
    pub content: Option<T>,
}

impl<T: Copy, const N: usize> Shelf<T, N> {
    /// What an empty place is made of, for the constant below.
    #[cfg(not(loom))]
    #[allow(clippy::declare_interior_mutable_const)] // each use makes a new place, which is the point
    const PLACE: Place<T> = Place { state: AtomicUsize::new(EMPTY), content: Shared::new(MaybeUninit::uninit()) };

    /// An empty shelf.
    #[cfg(not(loom))]
    pub(crate) const fn new() -> Self {
        const { assert!(N.is_power_of_two()) };
        Shelf { places: [Self::PLACE; N] }
    }

    /// An empty shelf; loom's atomics are not made in constants.
    #[cfg(loom)]
    pub(crate) fn new() -> Self {
        let place = |_| Place { state: AtomicUsize::new(EMPTY), content: Shared::new(MaybeUninit::uninit()) };
        Shelf { places: core::array::from_fn(place) }
    }

    /// A place by its number. Numbers are below `N` anyway; the mask lets the compiler know it, and leave out
    /// the panic.
    #[inline(always)]
    fn at(&self, place: usize) -> &Place<T> {
        &self.places[place & (N - 1)]
    }

    /// Takes what is in some place, the hinted one first; else holds an empty place; else nothing.
    #[inline]
    pub(crate) fn claim(&self, hint: usize) -> Option<Claim<T>> {
        self.claim_in(hint & (N - 1), FULL).or_else(|| self.claim_elsewhere(hint))
    }

    /// Takes what is in the hinted place. The place is the caller's until `put` or `leave`; things know
    /// theirs.
    #[inline]
    pub(crate) fn claim_hinted(&self, hint: usize) -> Option<T> {
        self.claim_in(hint & (N - 1), FULL)?.content
    }

    #[cold]
    fn claim_elsewhere(&self, hint: usize) -> Option<Claim<T>> {
        let near_first = || (0..N).map(|turn| (hint ^ turn) & (N - 1));
        let full = near_first().find_map(|place| self.claim_in(place, FULL));
        full.or_else(|| near_first().find_map(|place| self.claim_in(place, EMPTY)))
    }

    /// Holds `place` if it is in `state`.
    #[inline]
    fn claim_in(&self, place: usize, state: usize) -> Option<Claim<T>> {
        let Place { state: word, content } = self.at(place);
        if word.load(Ordering::Relaxed) != state {
            return None;
        }
        // Acquire: what the last holder did to the thing is seen by the next.
        let acquire = if seeded(Bug::ShelfClaimRelaxed) { Ordering::Relaxed } else { Ordering::Acquire };
        if seeded(Bug::ShelfClaimTorn) {
            word.store(HELD, Ordering::Relaxed);
        } else if word.compare_exchange(state, HELD, acquire, Ordering::Relaxed).is_err() {
            return None;
        }
        let content = (state == FULL).then(|| {
            // SAFETY: the place was full, so its content is initialized, and the exchange made it ours.
            content.with(|content| unsafe { (*content).assume_init_read() })
        });
        Some(Claim { place, content })
    }

    /// Writes down which thing a place is for that the caller holds and found empty.
    pub(crate) fn fill(&self, place: usize, thing: T) {
        let Place { state, content } = self.at(place);
        debug_assert!(state.load(Ordering::Relaxed) == HELD, "filled a place that is not held");
        // SAFETY: the place is the caller's, so nobody else looks at its content.
        content.with_mut(|content| unsafe { (*content).write(thing) });
    }

    /// Gives the thing of a place that the caller holds back for the next one to take, changed by `change`.
    /// The place was claimed with its content, or filled since.
    #[inline]
    pub(crate) fn put(&self, place: usize, change: impl FnOnce(&mut T)) {
        let Place { state, content } = self.at(place);
        debug_assert!(state.load(Ordering::Relaxed) == HELD, "put into a place that is not held");
        // SAFETY: the place is the caller's, so nobody else looks at its content, which was initialized when
        // the place was filled and has stood there since.
        content.with_mut(|content| change(unsafe { (*content).assume_init_mut() }));
        let release = if seeded(Bug::ShelfPutRelaxed) { Ordering::Relaxed } else { Ordering::Release };
        state.store(FULL, release);
    }

    /// Gives a place up that the caller holds, with nothing in it.
    pub(crate) fn leave(&self, place: usize) {
        let state = &self.at(place).state;
        debug_assert!(state.load(Ordering::Relaxed) == HELD, "left a place that is not held");
        state.store(EMPTY, Ordering::Release);
    }

    /// Takes everything that is on the shelf, thing by thing.
    pub(crate) fn drain(&self, mut f: impl FnMut(T)) {
        for place in 0..N {
            if let Some(Claim { content: Some(thing), .. }) = self.claim_in(place, FULL) {
                f(thing);
                self.leave(place);
            }
        }
    }

    /// How many things are on the shelf, and how many places are held by those who took one.
    pub(crate) fn figures(&self) -> (usize, usize) {
        let count = |state| self.places.iter().filter(|place| place.state.load(Ordering::Relaxed) == state).count();
        (count(FULL), count(HELD))
    }
}
