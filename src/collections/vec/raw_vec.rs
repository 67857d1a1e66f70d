//! The memory of a vector in an arena: a block that grows in place if it is the last allocation, and else moves.
//!
//! It knows its capacity and how much more to reserve, not which positions hold values.

use crate::collections::ArenaAllocator;
use crate::error::{AllocError, AllocReason};
use core::alloc::Layout;
use core::ptr::NonNull;

/// Memory for values in an arena or a scope. Given back at the end if it is the arena's last allocation.
///
/// # Invariants
/// - Memory for `capacity` values from `start` on is a block that `arena` handed out for [`held`](Self::held), to this
///   value alone. `start` is aligned for a `T`.
/// - Values without bytes have a capacity of `usize::MAX` and no block; others have no block while the capacity is 0.
pub(super) struct RawVec<'a, T, A: ArenaAllocator> {
    start: NonNull<T>,
    capacity: usize,
    arena: &'a A,
}

impl<'a, T, A: ArenaAllocator> RawVec<'a, T, A> {
    /// Capacity after the first growth: more than one for small values, as there will likely be more of them.
    const FIRST: usize = match size_of::<T>() {
        0 | 1 => 8,
        2..=1024 => 4,
        _ => 1,
    };

    #[inline]
    pub(super) const fn new(arena: &'a A) -> Self {
        let capacity = if size_of::<T>() == 0 { usize::MAX } else { 0 };
        RawVec { start: NonNull::dangling(), capacity, arena }
    }

    /// A block that the arena handed out before.
    ///
    /// # Safety
    /// The invariants hold for these.
    #[inline]
    pub(super) const unsafe fn from_parts(start: NonNull<T>, capacity: usize, arena: &'a A) -> Self {
        let capacity = if size_of::<T>() == 0 { usize::MAX } else { capacity };
        RawVec { start, capacity, arena }
    }

    #[inline(always)]
    pub(super) const fn start(&self) -> NonNull<T> {
        self.start
    }

    #[inline(always)]
    pub(super) const fn capacity(&self) -> usize {
        self.capacity
    }

    #[inline(always)]
    pub(super) const fn allocator(&self) -> &'a A {
        self.arena
    }

    /// Reserves capacity for `more` values above the first `end`, which are within it already. It doubles the capacity,
    /// so that appending one by one copies each value a few times at most. Where that is refused, it reserves just what
    /// is needed, so that a limit or a buffer is used to its end.
    ///
    /// All growth has this policy; only [`exactly`](Self::exactly) reserves less.
    #[cold]
    #[inline(never)]
    pub(super) fn grow(&mut self, end: usize, more: usize) -> Result<(), AllocError> {
        let needed = Self::sum(end, more)?;
        let ample = needed.max(self.capacity.saturating_mul(2)).max(Self::FIRST);
        match self.grow_to(ample) {
            Err(_) if ample > needed => self.grow_to(needed),
            result => result,
        }
    }

    /// Reserves capacity for exactly `more` values above the first `end`.
    pub(super) fn exactly(&mut self, end: usize, more: usize) -> Result<(), AllocError> {
        if more > self.capacity - end {
            self.grow_to(Self::sum(end, more)?)?;
        }
        Ok(())
    }

    fn sum(end: usize, more: usize) -> Result<usize, AllocError> {
        end.checked_add(more).ok_or(AllocError::new(usize::MAX, AllocReason::TooLarge))
    }

    /// Makes the block long enough for `capacity` values, which is more than it has.
    fn grow_to(&mut self, capacity: usize) -> Result<(), AllocError> {
        let too_large = AllocError::new(capacity.saturating_mul(size_of::<T>()), AllocReason::TooLarge);
        let new = Layout::array::<T>(capacity).map_err(|_| too_large)?;
        // SAFETY: the block is the arena's for the layout that it holds (the invariant), and `new` is longer.
        self.start = unsafe { self.arena.grow(self.start.cast(), self.held(), new)? }.cast();
        self.capacity = capacity;
        Ok(())
    }

    /// Makes the block shorter, down to `capacity` values. The arena gets the rest back if this is its last allocation.
    pub(super) fn shrink_to(&mut self, capacity: usize) {
        if size_of::<T>() == 0 || capacity >= self.capacity {
            return;
        }
        // A part of a layout is one.
        let Ok(new) = Layout::array::<T>(capacity) else { return };
        // SAFETY: the block is the arena's for the layout that it holds (the invariant), and `new` is shorter.
        if let Ok(start) = unsafe { self.arena.shrink(self.start.cast(), self.held(), new) } {
            (self.start, self.capacity) = (start.cast(), capacity);
        }
    }

    /// What the block was taken for.
    #[inline]
    fn held(&self) -> Layout {
        // Without bytes the product is no length; with bytes it is one that a layout was made of before.
        let size = if size_of::<T>() == 0 { 0 } else { self.capacity * size_of::<T>() };
        // SAFETY: an alignment is a power of two, and a block of this size was had with it.
        unsafe { Layout::from_size_align_unchecked(size, align_of::<T>()) }
    }
}

impl<T, A: ArenaAllocator> Drop for RawVec<'_, T, A> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: the block is the arena's for the layout that it holds, if it has bytes; whoever had values in it has
        // dropped them, moved them out, or given them up.
        unsafe { self.arena.free(self.start.cast(), self.held()) };
    }
}
