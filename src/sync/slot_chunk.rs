//! The slots of a slot cache, in chunks: what is in a slot, and where the slots are.
//!
//! Chunks are added and never removed. Which slot is whose, and which thing is kept, is in `slot_cache`.

use super::append_list::{Link, Linked};
use super::slot::{Line, Slot};
use crate::policy::WHOLE_CACHE;
use crate::sync::global::AtomicUsize as Hint;
use crate::sync::{AtomicUsize, Ordering, const_fn, fresh};
use core::mem::MaybeUninit;
use core::ptr::{NonNull, null};

/// Slots of a chunk: with the chunk's head they are 16 KiB, and RAM only as far as they are used.
pub(super) const CHUNK: usize = if cfg!(loom) {
    8
} else if WHOLE_CACHE {
    255
} else {
    127
};

/// A slot of a slot cache, with what the cache must know of its thing.
pub(crate) type Entry<T> = Slot<Content<T>, Line>;

/// What is in a slot. It belongs to the slot's holder, as the thing does.
#[derive(Debug)]
pub(crate) struct Content<T> {
    /// The slot that the same thread put back before this one; null at the end of the list.
    pub(super) behind: *const Entry<T>,
    pub(super) weight: usize,
    /// Initialized if the slot is full.
    pub(super) thing: MaybeUninit<T>,
}

// SAFETY: a content goes from thread to thread with its slot. It has a thing, which may be sent, and the address of a
// slot, which is shared by all threads.
unsafe impl<T: Send> Send for Content<T> {}

/// Where the slots are.
#[derive(Debug)]
pub(crate) struct Chunk<T> {
    pub(super) next: Link<Self>,
    /// How many slots were ever taken from here; more when they are used up.
    pub(super) used: AtomicUsize,
    /// How far the search has come here.
    pub(super) searched: Hint,
    pub(super) slots: [Entry<T>; CHUNK],
}

impl<T> Linked for Chunk<T> {
    #[inline]
    fn link(&self) -> &Link<Self> {
        &self.next
    }
}

impl<T> Chunk<T> {
    const_fn! {
        /// Empty slots. In a build without loom all bytes of it are zero, so that fresh memory is a chunk.
        pub(crate) const fn new() -> Self {
            let slots = fresh!([Slot::new(Content { behind: null(), weight: 0, thing: MaybeUninit::uninit() }); CHUNK]);
            Chunk { next: Link::end(), used: AtomicUsize::new(0), searched: Hint::new(0), slots }
        }
    }

    /// Makes a chunk of fresh memory.
    ///
    /// # Safety
    /// The bytes are zero, as long and aligned as a chunk, and the caller's. They are not used in another way while the
    /// chunk is.
    pub(crate) unsafe fn begin(start: NonNull<u8>) -> NonNull<Self> {
        let chunk = start.cast::<Self>();
        // Zeroes are a chunk already, and writing it would bring all of its pages in.
        #[cfg(loom)]
        // SAFETY: the caller's promise.
        unsafe {
            chunk.write(Chunk::new());
        }
        chunk
    }

    /// The slots that were ever taken.
    pub(super) fn used(&self) -> &[Entry<T>] {
        let used = self.used.load(Ordering::Relaxed).min(CHUNK);
        self.slots.get(..used).unwrap_or(&[])
    }

    /// This chunk and those after it.
    pub(super) fn and_after(&self) -> impl Iterator<Item = &Self> {
        core::iter::successors(Some(self), |chunk| chunk.next.follow())
    }
}
