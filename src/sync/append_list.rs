//! An append-only list: any thread may append, and nothing is removed while others read.
//!
//! Appending is one exchange of a null pointer for the new thing's address. A reader that follows the pointer sees the
//! thing as it was written. Nothing is freed under a reader, so there is no ABA problem and nothing to reclaim. Of two
//! threads that append at once one succeeds, and the other keeps its thing.
//!
//! ```text
//!   first ──▶ │ link, thing │ ──▶ │ link, thing │ ──▶ nothing yet
//! ```
//!
//! The list does not own the memory of its things and does not drop them: its user does (the chunks of an arena pool
//! lie in pages of their own).

use crate::seeded::{Bug, seeded};
use crate::sync::{AtomicPtr, Ordering, const_fn};
use core::ptr::{NonNull, null_mut};

/// The address of the next thing, if there is one. It is the head of a list, or a field of each thing.
///
/// # Invariants
/// What a link points at was appended to it, once. It stays at its address and is only shared until the list's user
/// has the head for itself (`&mut`).
#[derive(Debug)]
pub(crate) struct Link<T>(AtomicPtr<T>);

/// A thing that can be in a list.
pub(crate) trait Linked: Sized {
    /// The link behind this thing.
    fn link(&self) -> &Link<Self>;
}

impl<T: Linked> Link<T> {
    const_fn! {
        /// The end of a list, or an empty one.
        pub(crate) const fn end() -> Self {
            Link(AtomicPtr::new(null_mut()))
        }
    }

    /// The next thing.
    #[inline]
    pub(crate) fn follow(&self) -> Option<&T> {
        // Acquire: the thing was written before it was appended, and is read after this.
        let acquire = if seeded(Bug::ListFollowRelaxed) { Ordering::Relaxed } else { Ordering::Acquire };
        // SAFETY: the caller of `append` promised that it stays there, shared, for as long as this link.
        unsafe { self.0.load(acquire).as_ref() }
    }

    /// All things behind this link, in the order in which they were appended.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        core::iter::successors(self.follow(), |thing| thing.link().follow())
    }

    /// Appends a thing, unless another thread has just appended one. Returns whether it did. If it did not,
    /// the thing is still the caller's, and no other thread has seen it.
    ///
    /// # Safety
    /// `thing` is valid, its own link is an end, and no one else has it. Once appended it stays where it is,
    /// reached through shared references only, until the caller has the head of the list for itself.
    pub(crate) unsafe fn append(&self, thing: NonNull<T>) -> bool {
        let last = &self.iter().last().map_or(self, Linked::link).0;
        // Release: a thread that finds the thing sees it written.
        let release = if seeded(Bug::ListAppendRelaxed) { Ordering::Relaxed } else { Ordering::Release };
        if seeded(Bug::ListAppendTorn) {
            let free = last.load(Ordering::Relaxed).is_null();
            if free {
                last.store(thing.as_ptr(), release);
            }
            return free;
        }
        last.compare_exchange(null_mut(), thing.as_ptr(), release, Ordering::Relaxed).is_ok()
    }

    /// Removes the next thing, once no other thread reads the list. What follows that thing stays linked to it.
    pub(crate) fn detach(&mut self) -> Option<NonNull<T>> {
        // `&mut self` orders this after all that others did, so nothing needs to be acquired.
        let next = NonNull::new(self.0.load(Ordering::Relaxed));
        self.0 = AtomicPtr::new(null_mut());
        next
    }
}
