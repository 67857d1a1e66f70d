//! A shelf: a few places, each of which keeps one thing for whoever comes next.
//!
//! A [`Place`] stays its taker's while the thing is out, so a whole life costs one locked instruction. A
//! thread that dies with a thing out leaves its place marked for ever: the thing is lost and is never handed
//! out twice.
//!
//! What a shelf does not know: what the things are, where they come from, and when to empty it.

use super::place::{EMPTY, FULL, HELD, Place};
use core::mem::MaybeUninit;

/// `N` places.
#[derive(Debug)]
pub(crate) struct Shelf<T, const N: usize> {
    /// Contents are initialized from the first `fill` on.
    places: [Place<MaybeUninit<T>>; N],
}

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
    const PLACE: Place<MaybeUninit<T>> = Place::new(MaybeUninit::uninit());

    /// An empty shelf.
    #[cfg(not(loom))]
    pub(crate) const fn new() -> Self {
        const { assert!(N.is_power_of_two()) };
        Shelf { places: [Self::PLACE; N] }
    }

    /// An empty shelf; loom's atomics are not made in constants.
    #[cfg(loom)]
    pub(crate) fn new() -> Self {
        Shelf { places: core::array::from_fn(|_| Place::new(MaybeUninit::uninit())) }
    }

    /// A place by its number. Numbers are below `N` anyway; the mask lets the compiler know it, and leave out
    /// the panic.
    #[inline(always)]
    fn at(&self, place: usize) -> &Place<MaybeUninit<T>> {
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
        if !self.at(place).claim(state) {
            return None;
        }
        let content = (state == FULL).then(|| {
            // SAFETY: the place is ours now, and it was full, so its content is initialized.
            unsafe { self.at(place).read(|content| content.assume_init_read()) }
        });
        Some(Claim { place, content })
    }

    /// Writes down which thing a place is for that the caller holds and found empty.
    pub(crate) fn fill(&self, place: usize, thing: T) {
        // SAFETY: the place is the caller's.
        unsafe { self.at(place).write(|content| _ = content.write(thing)) };
    }

    /// Gives the thing of a place that the caller holds back for the next one to take, changed by `change`.
    /// The place was claimed with its content, or filled since.
    #[inline]
    pub(crate) fn put(&self, place: usize, change: impl FnOnce(&mut T)) {
        // SAFETY: the place is the caller's, and its content was initialized when the place was filled and
        // has stood there since.
        unsafe { self.at(place).write(|content| change(content.assume_init_mut())) };
        self.at(place).give(FULL);
    }

    /// Gives a place up that the caller holds, with nothing in it.
    pub(crate) fn leave(&self, place: usize) {
        self.at(place).give(EMPTY);
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
        let count = |state| self.places.iter().filter(|place| place.is(state)).count();
        (count(FULL), count(HELD))
    }
}
