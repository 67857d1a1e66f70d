//! A slice at the end of an arena that is made longer piece by piece.

use region::backing::Backing;
use region::{AllocError, Arena};
use std::alloc::Layout;
use std::ptr::NonNull;

/// Values one after the other in an arena, more of which may follow.
///
/// While nothing else is allocated the next piece goes right behind the last, and none is moved. Otherwise all of
/// them are moved to the end first, and leave a hole of their size.
pub struct Run<'a, T, B: Backing, const ALIGN: usize> {
    /// `values` is what the arena has allocated for this run alone, in all of its length.
    arena: &'a Arena<ALIGN, B>,
    values: NonNull<[T]>,
}

impl<'a, T: Copy, B: Backing, const ALIGN: usize> Run<'a, T, B, ALIGN> {
    /// An empty run, which takes no memory.
    pub fn new_in(arena: &'a Arena<ALIGN, B>) -> Self {
        Run { arena, values: NonNull::slice_from_raw_parts(NonNull::dangling(), 0) }
    }

    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The run with copies of `more` behind it.
    ///
    /// # Errors
    /// When there is no memory for them. The run is lost then, as it is for a tree that does not fit.
    pub fn followed_by(self, more: &[T]) -> Result<Self, AllocError> {
        let len = self.values.len();
        let old = Layout::for_value(self.as_slice());
        let whole = Layout::array::<T>(len + more.len()).expect("both parts are in memory");
        // SAFETY: `values` came from this arena with the layout `old`, or is empty; nothing was rewound or freed while
        // the arena is borrowed for 'a; and, as `self` ends here, nothing refers to the old memory any more.
        let start = unsafe { self.arena.try_grow(self.values.cast(), old, whole)? }.cast::<T>();
        // SAFETY: memory was reserved for `more` behind the `len` values that were kept, aligned as `T` is, and it is
        // fresh, so that `more` does not lie in it.
        unsafe { start.add(len).copy_from_nonoverlapping(NonNull::from(more).cast(), more.len()) };
        Ok(Run { arena: self.arena, values: NonNull::slice_from_raw_parts(start, len + more.len()) })
    }

    fn as_slice(&self) -> &[T] {
        // SAFETY: all values of the run were copied into it, and nobody writes to them while it is borrowed.
        unsafe { self.values.as_ref() }
    }

    /// The values, for as long as the arena keeps them.
    pub fn into_slice(self) -> &'a [T] {
        // SAFETY: all values of the run were copied into it; they stay where they are while the arena is borrowed for
        // 'a, and nobody writes to them any more, as the run is gone.
        unsafe { self.values.as_ref() }
    }
}
