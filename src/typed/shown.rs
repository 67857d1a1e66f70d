//! What a buffer shows its readers: how many values there are, and where the first one is.
//!
//! One thread appends and any number read. The appender writes a value, then publishes the count that includes it:
//! whoever sees the count sees the value, and the start, which is set before the first value and never again. Values
//! below the count do not change any more, and nothing else is shared. The memory is in `buffer`.
//!
//! In a buffer that one thread uses alone both are plain words. In a model build they are loom's, and beside them is a
//! cell of loom's for each of the first positions. So loom checks every access of the shipped code to the words, and
//! every write to a position against those who may read it.

use crate::seeded::{Bug, seeded};
use crate::sync::{AtomicUsize, Ordering, Shared, const_fn};
use core::ptr::NonNull;

#[cfg(not(loom))]
type Len = usize;
#[cfg(not(loom))]
type Start = NonNull<u8>;

#[cfg(loom)]
type Len = AtomicUsize;
#[cfg(loom)]
type Start = Shared<NonNull<u8>>;

// A `View` looks at the words where they are.
const _: () = assert!(align_of::<Len>() == align_of::<AtomicUsize>() && size_of::<Len>() == size_of::<AtomicUsize>());
const _: () = assert!(size_of::<Start>() == size_of::<Shared<NonNull<u8>>>());

/// The two words, as the buffer has them.
#[repr(C)] // as declared: see `buffer`'s `ready`
pub(super) struct Shown {
    len: Len,
    start: Start,
    #[cfg(loom)]
    positions: Elements,
}

/// Stands for the first positions of a buffer: models go no further.
#[cfg(loom)]
type Elements = [Shared<()>; 16];

impl Shown {
    const_fn! {
        /// No values, and where they would be.
        #[inline]
        pub(super) const fn new(start: NonNull<u8>) -> Self {
            #[cfg(not(loom))]
            {
                Shown { len: 0, start }
            }
            #[cfg(loom)]
            {
                let positions = core::array::from_fn(|_| Shared::new(()));
                Shown { len: AtomicUsize::new(0), start: Shared::new(start), positions }
            }
        }
    }

    /// The count, for the thread that raises it or has the buffer alone.
    #[inline(always)]
    pub(super) fn len(&self) -> usize {
        #[cfg(not(loom))]
        {
            self.len
        }
        // SAFETY: loom fails the model if another thread's store is not ordered before this.
        #[cfg(loom)]
        unsafe {
            self.len.unsync_load()
        }
    }

    /// Where the first value is, or would be. For the same threads as `len`.
    #[inline(always)]
    pub(super) fn start(&self) -> NonNull<u8> {
        #[cfg(not(loom))]
        {
            self.start
        }
        // SAFETY: the cell is alive, and loom fails the model if a write is not ordered before this.
        #[cfg(loom)]
        self.start.with(|start| unsafe { *start })
    }

    /// Sets the count of a buffer without readers.
    #[inline(always)]
    pub(super) fn set_len(&mut self, len: usize) {
        #[cfg(not(loom))]
        {
            self.len = len;
        }
        #[cfg(loom)]
        self.len.with_mut(|own| *own = len);
    }

    /// Sets the start. By address, as others may be looking at the count.
    ///
    /// # Safety
    /// The words at the address are alive and may be written to by it, the caller is the thread that raises the
    /// count, and no count above zero was published.
    #[inline(always)]
    pub(super) unsafe fn set_start(shown: *mut Self, start: NonNull<u8>) {
        // SAFETY: the caller says that the word is there; others look at it once they saw a count above zero.
        #[cfg(not(loom))]
        unsafe {
            (*shown).start = start;
        }
        // SAFETY: the caller says that the cell is there, and loom fails the model if another access is not
        // ordered with this one.
        #[cfg(loom)]
        unsafe {
            (*(&raw const (*shown).start)).with_mut(|own| *own = start);
        }
    }

    /// Marks `count` positions from number `from` on as being written. Only models check it: loom fails one if a reader
    /// may look at such a position.
    #[inline(always)]
    pub(super) fn writes(&self, from: usize, count: usize) {
        #[cfg(loom)]
        self.positions.iter().skip(from).take(count).for_each(|pointer| pointer.with_mut(|_| ()));
        let _ = (from, count);
    }

    /// The words as others may look at them.
    ///
    /// # Safety
    /// For `'a` they are alive and may be written to by this address. One thread changes them: it sets the start before
    /// it publishes a count above zero, and the counts that it publishes never fall. Nothing else changes them.
    #[inline(always)]
    pub(super) unsafe fn follow<'a>(shown: *mut Self) -> View<'a> {
        // SAFETY: both words are alive, as the caller says, and no reference to a plain one is made. An atomic
        // number and a shared cell are what is in them and no more (`repr(transparent)`, and asserted above).
        unsafe {
            View {
                count: &*(&raw mut (*shown).len).cast(),
                start: &*(&raw mut (*shown).start).cast(),
                #[cfg(loom)]
                positions: &(*shown).positions,
            }
        }
    }
}

/// A buffer's count and start, for threads that do not have the buffer.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    count: &'a AtomicUsize,
    start: &'a Shared<NonNull<u8>>,
    #[cfg(loom)]
    positions: &'a Elements,
}

// SAFETY: a view looks at two words of a buffer. The count is atomic. The start is a plain word: the appender sets it
// before it publishes the first count above zero and never again (what `follow` asks), and `values` looks at it
// after it saw such a count, so the two accesses are ordered. Loom checks it (src/typed/models.rs).
unsafe impl Send for View<'_> {}
// SAFETY: all that a shared view allows is to copy it, to load the count, which is atomic, and to look at the start
// after a load that orders it after its one write; `publish` is for the one thread that appends.
unsafe impl Sync for View<'_> {}

impl View<'_> {
    /// Makes `count` values visible.
    ///
    /// # Safety
    /// The caller is the one thread that raises this count, and wrote as many values.
    #[inline(always)]
    pub(super) unsafe fn publish(self, count: usize) {
        let ordering = if seeded(Bug::PublishRelaxed) { Ordering::Relaxed } else { Ordering::Release };
        self.count.store(count, ordering);
    }

    /// How many values can be seen now.
    #[inline(always)]
    pub(super) fn len(self) -> usize {
        let ordering = if seeded(Bug::SeeRelaxed) { Ordering::Relaxed } else { Ordering::Acquire };
        self.count.load(ordering)
    }

    /// The values that can be seen now: where the first is, and how many. `None` while there is none.
    #[inline(always)]
    pub(super) fn values(self) -> Option<(NonNull<u8>, usize)> {
        if seeded(Bug::StartBeforeCount) {
            let start = self.start();
            return Some((start, self.len()));
        }
        match self.len() {
            0 => None,
            len => {
                #[cfg(loom)]
                self.positions[..len].iter().for_each(|pointer| pointer.with(|_| ()));
                Some((self.start(), len))
            }
        }
    }

    #[inline(always)]
    fn start(self) -> NonNull<u8> {
        // SAFETY: `values` saw a count above zero before, and what was written before that was published, as the
        // start was, is seen after it; it is not written again.
        self.start.with(|start| unsafe { *start })
    }
}
