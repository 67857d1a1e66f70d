//! Addresses in an arena: whether an address is in it, and where the arena begins. Marks are in `blocks`.
//!
//! For the C ABI, whose callers have addresses. References do not need any of this.

use super::backing::{Block, checked};
use super::supply::Supply;
use super::{Arena, Backing};
use crate::error::AllocError;
use core::alloc::Layout;

impl<const MIN_ALIGN: usize, B: Backing> Arena<MIN_ALIGN, B> {
    /// Whether the address lies in memory that the arena has handed out and not taken back. One step a block,
    /// and an arena has few blocks.
    #[inline(never)]
    pub(crate) fn holds(&self, address: usize) -> bool {
        self.blocks().any(|(_, base, cur)| base.addr() <= address && address < cur.addr())
    }

    /// Number of blocks that hold values.
    pub(crate) fn block_count(&self) -> usize {
        self.blocks().count()
    }

    /// Sets the backing of an arena that has no memory yet.
    pub(crate) fn set_backing(&mut self, backing: B) {
        debug_assert!(self.block.get().is_none(), "blocks go back to the backing that they came from");
        self.supply = Supply::own(backing);
    }

    /// Takes the first block now, for `bytes`, instead of with the first value. Does nothing in an arena that
    /// has a block.
    pub(crate) fn begin(&self, bytes: usize) -> Result<(), AllocError> {
        let too_large = |_| AllocError::new(bytes, crate::error::AllocReason::TooLarge);
        let layout = Layout::from_size_align(bytes, MIN_ALIGN).map_err(too_large)?;
        if self.block.get().is_none() {
            self.enter_first(checked::acquire(self.backing(), layout, 0)?);
        }
        Ok(())
    }

    /// Makes `block` the first block of an arena that has none.
    ///
    /// # Safety
    /// The block keeps the promises of a block from the arena's backing, and the backing accepts it in `release`. It
    /// can hold `MIN_ALIGN` bytes.
    pub(crate) unsafe fn begin_in(&self, block: Block) {
        debug_assert!(self.reserved() == 0);
        self.enter_first(block);
    }
}
