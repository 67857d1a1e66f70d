//! Blocks that grow in an arena that they may not have come from.
//!
//! A container that does not name its arena is given one with each call, and nothing says that it is the one of the
//! call before. So a block grows where it is only if the arena can prove that the block is its own last allocation, and
//! otherwise moves into the arena, as a copy. Which bytes are whose:
//!
//! - A block begins at or after the first value of the arena's present block of memory, and its last byte is the last
//!   before the cursor. So it lies in memory that this arena has handed out.
//! - It can still be another's: the other arena is in a buffer that this arena handed out. Its memory ends at the
//!   cursor or before. Therefore a block that grows by these functions never ends where its arena's memory ends: its
//!   last byte then lies before the buffer's last, and so before the last before the cursor.
//! - If this arena is in a buffer of the other one, the buffer and the block are two allocations of that one, and have
//!   no byte in common.
//!
//! A claim's scratch arena and the arena under it have one memory. A block of the latter grows in the former, but is
//! never shortened or freed by it, as the claim ends by going back to the arena's cursor (`claim`).

use super::{Arena, Backing};
use crate::error::{AllocError, AllocReason};
use core::alloc::Layout;
use core::ptr::NonNull;

impl<const MIN_ALIGN: usize, B: Backing> Arena<MIN_ALIGN, B> {
    /// As [`try_grow`](Self::try_grow), for a block that any arena may have made: in place if it is this arena's last
    /// allocation, or else in a new block of this arena, whose first bytes are copied. What the block leaves is not
    /// free again.
    ///
    /// # Errors
    /// When memory cannot be had; the block is as it was.
    ///
    /// # Safety
    /// `start` came from this function, of any arena, for the layout `old`, and is in use: no reset and no rewind to an
    /// older mark of that arena came since. With `old.size() == 0` it may be anything. `new.size() >= old.size()`, and
    /// `new` is aligned as `old` is. On success only the returned address may be used.
    #[inline]
    pub(crate) unsafe fn try_grow_foreign(
        &self,
        start: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<u8>, AllocError> {
        debug_assert!(new.size() >= old.size() && new.align() == old.align() || old.size() == 0);
        let missing = new.size().wrapping_sub(old.size());
        if self.is_own_last(start, old) && !self.ends_its_block(start, new) {
            // `.bump.size-first`: the missing bytes are compared with the free ones before the cursor moves.
            if missing <= self.end.get().addr() - self.cur.get().addr() {
                // SAFETY: the free bytes are a multiple of MIN_ALIGN, so the rounded rest is at most that many. What
                // lies between the cursor and the soft end is usable and handed out to no one (the arena's invariant).
                unsafe { self.cur.set(self.cur.get().add(crate::bump::round_up(missing, MIN_ALIGN))) };
                self.rounded(old, new);
                return Ok(start);
            }
            if !self.is_claimed() {
                let rest = Layout::from_size_align(missing, 1);
                let rest = rest.map_err(|_| AllocError::new(new.size(), AllocReason::TooLarge))?;
                // The bytes behind the last allocation are free, so the missing part is the next allocation.
                if self.take_committing(rest).map_err(|refused| refused.of(new.size()))?.is_some() {
                    return Ok(start);
                }
            }
        }
        let moved = self.take_apart(new)?;
        // SAFETY: the old block has so many bytes, in use, and the new one has as many, which were handed out just now.
        unsafe { start.copy_to_nonoverlapping(moved, old.size()) };
        Ok(moved)
    }

    /// As [`try_shrink`](Self::try_shrink), for a block that any arena may have made. Returns whether the rest was
    /// given back; if not, the block is as it was.
    ///
    /// # Safety
    /// As [`try_grow_foreign`](Self::try_grow_foreign), with `new.size() <= old.size()`; and of marks as
    /// [`free`](Self::free).
    #[inline]
    pub(crate) unsafe fn shrink_foreign(&self, start: NonNull<u8>, old: Layout, new: Layout) -> bool {
        if !self.is_own_last(start, old) || self.supply.is_borrowed() || self.is_claimed() {
            return false;
        }
        // SAFETY: the block is this arena's, for a layout of this size, and the caller's promise covers the rest.
        unsafe { self.try_shrink(start, old, new) }.is_ok()
    }

    /// Whether this is the arena's last allocation, made by these functions, and ends at the cursor to the byte (see
    /// above).
    #[inline(always)]
    fn is_own_last(&self, start: NonNull<u8>, layout: Layout) -> bool {
        let start = start.addr().get();
        layout.size() != 0
            && self.base.get().addr() <= start
            && start.wrapping_add(layout.size()) == self.cur.get().addr()
    }

    /// Whether a block that starts here ends where the arena's present block of memory does, or beyond.
    #[inline(always)]
    fn ends_its_block(&self, start: NonNull<u8>, layout: Layout) -> bool {
        self.block.get().is_none_or(|block| {
            let (from, to) = (start.addr().get(), block.start.addr().get() + block.len);
            layout.size() >= to.wrapping_sub(from)
        })
    }

    /// Allocates a block that does not end where its block of memory ends.
    fn take_apart(&self, layout: Layout) -> Result<NonNull<u8>, AllocError> {
        let start = self.try_alloc_layout(layout)?;
        if layout.size() == 0 || !self.ends_its_block(start, layout) {
            return Ok(start);
        }
        // One byte more does not fit, so the block moves to other memory, where that byte comes after it.
        let longer = Layout::from_size_align(layout.size() + 1, layout.align());
        let longer = longer.map_err(|_| AllocError::new(layout.size(), AllocReason::TooLarge))?;
        // SAFETY: the block was handed out just now.
        unsafe { self.try_grow(start, layout, longer) }.map_err(|refused| {
            // SAFETY: as it was refused, the block is as it was, and nobody uses it.
            unsafe { self.free(start, layout) };
            refused.of(layout.size())
        })
    }
}
