//! A shelf: a few places, each of which keeps one thing for whoever comes next.
//!
//! A [`Place`] stays its taker's while the thing is out, so a whole life costs one locked instruction. A
//! thread that dies with a thing out leaves its place marked for ever: the thing is lost and is never handed
//! out twice.
//!
//! What a shelf does not know: what the things are, where they come from, and when to empty it.

use super::place::{EMPTY, FULL, HELD, Place};
use core::mem::MaybeUninit;

/// Places, whose contents are initialized from the first `fill` on.
#[derive(Debug)]
pub(crate) struct Places<P: ?Sized>(P);

/// `N` places: what is called for every small arena knows their number.
pub(crate) type Shelf<T, const N: usize> = Places<[Place<MaybeUninit<T>>; N]>;

/// Any number of places, a power of two: what is seldom called is made once for all shelves.
pub(crate) type AnyShelf<T> = Places<[Place<MaybeUninit<T>>]>;

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
        Places([Self::PLACE; N])
    }

    /// An empty shelf; loom's atomics are not made in constants.
    #[cfg(loom)]
    pub(crate) fn new() -> Self {
        Places(core::array::from_fn(|_| Place::new(MaybeUninit::uninit())))
    }

    /// A place by its number. Numbers are below `N` anyway; the mask lets the compiler know it, and leave out
    /// the panic.
    #[inline(always)]
    fn at(&self, place: usize) -> &Place<MaybeUninit<T>> {
        &self.0[place & (N - 1)]
    }

    /// Takes what is in the hinted place. The place is the caller's until `put` or `leave`; things know
    /// theirs.
    #[inline]
    pub(crate) fn claim_hinted(&self, hint: usize) -> Option<T> {
        claim_full(self.at(hint))
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
    #[inline]
    pub(crate) fn leave(&self, place: usize) {
        self.at(place).give(EMPTY);
    }
}

impl<T: Copy> AnyShelf<T> {
    /// Takes what is in some place, the hinted one first; else holds an empty place; else nothing.
    pub(crate) fn claim(&self, hint: usize) -> Option<Claim<T>> {
        let places = || (0..self.0.len()).map(|turn| (hint ^ turn) & (self.0.len() - 1));
        let near_first = || places().filter_map(|number| Some((number, self.0.get(number)?)));
        for state in [FULL, EMPTY] {
            if let Some((place, at)) = near_first().find(|(_, at)| at.claim(state)) {
                // SAFETY: the place is ours, and it was full.
                let content = (state == FULL).then(|| unsafe { copy(at) });
                return Some(Claim { place, content });
            }
        }
        None
    }

    /// Writes down which thing a place is for that the caller holds and found empty.
    pub(crate) fn fill(&self, place: usize, thing: T) {
        if let Some(at) = self.0.get(place) {
            // SAFETY: the place is the caller's.
            unsafe { at.write(|content| _ = content.write(thing)) };
        }
    }

    /// As [`Shelf::leave`].
    pub(crate) fn give_up(&self, place: usize) {
        if let Some(at) = self.0.get(place) {
            at.give(EMPTY);
        }
    }

    /// Takes everything that is on the shelf, thing by thing.
    pub(crate) fn drain(&self, mut f: impl FnMut(T)) {
        for at in &self.0 {
            if let Some(thing) = claim_full(at) {
                f(thing);
                at.give(EMPTY);
            }
        }
    }

    /// How many things are on the shelf, and how many places are held by those who took one.
    pub(crate) fn figures(&self) -> (usize, usize) {
        let count = |state| self.0.iter().filter(|place| place.is(state)).count();
        (count(FULL), count(HELD))
    }
}

/// Holds a place if it is full, and copies what is in it.
#[inline]
fn claim_full<T: Copy>(place: &Place<MaybeUninit<T>>) -> Option<T> {
    // SAFETY: the place is ours once it is claimed, and it was full.
    place.claim(FULL).then(|| unsafe { copy(place) })
}

/// Copies what is in a place.
///
/// # Safety
/// The caller holds the place, and it was full.
#[inline]
unsafe fn copy<T: Copy>(place: &Place<MaybeUninit<T>>) -> T {
    // SAFETY: the caller's promise; what is in a full place is initialized.
    unsafe { place.read(|content| content.assume_init_read()) }
}
