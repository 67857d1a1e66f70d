//! A chain: things that any thread appends and none unlinks while others look.
//!
//! Appending writes one pointer, from nothing to something, once: whoever follows it finds the thing written,
//! and nothing is ever freed under a walker, so there is no ABA and nothing to reclaim. Two who append at
//! once are told apart by one exchange, and the loser keeps its thing.
//!
//! ```text
//!   first ──▶ │ link, thing │ ──▶ │ link, thing │ ──▶ nothing yet
//! ```
//!
//! What a chain does not do: own the memory that its things lie in, or drop them. That is its user's affair
//! (an arena pool's rows lie in pages of their own).

use super::seeded::{Bug, seeded};
use crate::sync::{AtomicPtr, Ordering};
use core::ptr::{NonNull, null_mut};

/// Where the next thing is, if there is one: the head of a chain, or a thing's part in it.
///
/// # Invariants
/// What a link points at was appended to it, once, and stays where it is and shared until the chain's user
/// has the head for itself (`&mut`).
#[derive(Debug)]
pub(crate) struct Link<T>(AtomicPtr<T>);

/// A thing that can be in a chain.
pub(crate) trait Linked: Sized {
    /// The link behind this thing.
    fn link(&self) -> &Link<Self>;
}

impl<T: Linked> Link<T> {
    /// The end of a chain, or an empty one.
    #[cfg(not(loom))]
    pub(crate) const fn end() -> Self {
        Link(AtomicPtr::new(null_mut()))
    }

    /// The end of a chain, or an empty one; loom's atomics are not made in constants.
    #[cfg(loom)]
    pub(crate) fn end() -> Self {
        Link(AtomicPtr::new(null_mut()))
    }

    /// The next thing.
    #[inline]
    pub(crate) fn follow(&self) -> Option<&T> {
        // Acquire: the thing was written before it was appended, and is read after this.
        let acquire = if seeded(Bug::ChainFollowRelaxed) { Ordering::Relaxed } else { Ordering::Acquire };
        // SAFETY: whoever appended it promised that it is there, shared, while this link is (`append`).
        unsafe { self.0.load(acquire).as_ref() }
    }

    /// All things behind this link, in the order in which they were appended.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        core::iter::successors(self.follow(), |thing| thing.link().follow())
    }

    /// Appends a thing, or finds that somebody else just appended another: says whether it did. If it did not,
    /// the thing is the caller's as before, and nobody saw it.
    ///
    /// # Safety
    /// `thing` is valid, its own link is an end, and no one else has it. Once appended it stays where it is,
    /// reached through shared references only, until the caller has the head of the chain for itself.
    pub(crate) unsafe fn append(&self, thing: NonNull<T>) -> bool {
        let last = &self.iter().last().map_or(self, Linked::link).0;
        // Release: who finds the thing finds it written.
        let release = if seeded(Bug::ChainAppendRelaxed) { Ordering::Relaxed } else { Ordering::Release };
        if seeded(Bug::ChainAppendTorn) {
            let free = last.load(Ordering::Relaxed).is_null();
            if free {
                last.store(thing.as_ptr(), release);
            }
            return free;
        }
        last.compare_exchange(null_mut(), thing.as_ptr(), release, Ordering::Relaxed).is_ok()
    }

    /// Takes the next thing off, for a chain that nobody looks at any more; what is behind it stays behind it.
    pub(crate) fn detach(&mut self) -> Option<NonNull<T>> {
        // `&mut self` orders this after all that others did, so nothing needs to be acquired.
        let next = NonNull::new(self.0.load(Ordering::Relaxed));
        self.0 = AtomicPtr::new(null_mut());
        next
    }
}
