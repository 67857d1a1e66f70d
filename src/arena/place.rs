//! Places in an arena: whether an address is in it, and the value at the tip, resized where it lies.
//!
//! For callers who know their values by address and size alone, which is the C ABI. References do not need any
//! of this.

use super::bump::round_up;
use super::{Arena, Backing};
use crate::error::AllocError;
use core::alloc::Layout;
use core::ptr::NonNull;

impl<const MIN_ALIGN: usize, B: Backing> Arena<MIN_ALIGN, B> {
    /// Whether the address lies in memory that the arena has handed out and not taken back. One step a block,
    /// and blocks are few.
    pub(crate) fn holds(&self, address: usize) -> bool {
        self.blocks().any(|(_, base, cur)| base.addr() <= address && address < cur.addr())
    }

    /// Whether the address is one that the cursor can be lowered to.
    pub(crate) fn is_position(&self, address: usize) -> bool {
        address % MIN_ALIGN == 0 && self.blocks().any(|(_, base, cur)| base.addr() <= address && address <= cur.addr())
    }

    /// Number of blocks that hold values.
    pub(crate) fn block_count(&self) -> usize {
        self.blocks().count()
    }

    /// Takes the first block now, for `bytes`, instead of with the first value. Does nothing in an arena that
    /// has one.
    pub(crate) fn begin(&self, bytes: usize) -> Result<(), AllocError> {
        let too_large = |_| AllocError::new(bytes, crate::AllocReason::TooLarge);
        let layout = Layout::from_size_align(bytes, MIN_ALIGN).map_err(too_large)?;
        if self.reserved() == 0 {
            self.enter_first(self.backing.acquire(layout, 0)?);
        }
        Ok(())
    }

    /// Makes the `old` bytes at `start` `new` bytes long without moving them; false when they are not the last
    /// value, or there is no room behind them. Fewer always succeeds, and gives the rest back if it can.
    ///
    /// # Safety
    /// Nobody uses the bytes from `new` on.
    pub(crate) unsafe fn resize_in_place(&self, start: NonNull<u8>, old: usize, new: usize) -> bool {
        let taken = old.checked_next_multiple_of(MIN_ALIGN).unwrap_or(usize::MAX);
        let at_tip = start.addr().get().wrapping_add(taken) == self.cur.get().addr()
            && self.base.get().addr() <= start.addr().get();
        if new <= old {
            if at_tip {
                // SAFETY: `new <= old`, so this is at most the cursor.
                self.lower(unsafe { start.as_ptr().add(round_up(new, MIN_ALIGN)) });
            }
            return true;
        }
        if new <= taken {
            return at_tip;
        }
        let (true, Ok(rest)) = (at_tip, Layout::from_size_align(new - taken, MIN_ALIGN)) else { return false };
        let end = self.cur.get();
        match self.try_alloc_layout(rest) {
            Ok(more) if more.as_ptr() == end => true,
            Ok(more) => {
                // It went to another block, where it is of no use.
                self.give_back_tip(more.as_ptr(), more, rest.size());
                false
            }
            Err(_) => false,
        }
    }
}
