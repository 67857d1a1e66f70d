//! Places in an arena: whether an address is in it, and where it begins. Marks are `blocks`' business.
//!
//! For callers who know their values by address alone, which is the C ABI. References do not need any of this.

use super::backing::Block;
use super::{Arena, Backing};
use crate::error::AllocError;
use core::alloc::Layout;

impl<const MIN_ALIGN: usize, B: Backing> Arena<MIN_ALIGN, B> {
    /// Whether the address lies in memory that the arena has handed out and not taken back. One step a block,
    /// and blocks are few.
    pub(crate) fn holds(&self, address: usize) -> bool {
        self.blocks().any(|(_, base, cur)| base.addr() <= address && address < cur.addr())
    }

    /// Number of blocks that hold values.
    pub(crate) fn block_count(&self) -> usize {
        self.blocks().count()
    }

    /// Where the memory comes from, of an arena that has none yet.
    pub(crate) fn set_backing(&mut self, backing: B) {
        debug_assert!(self.block.get().is_none(), "blocks go back to the backing that they came from");
        self.backing = backing;
    }

    /// Takes the first block now, for `bytes`, instead of with the first value. Does nothing in an arena that
    /// has one.
    pub(crate) fn begin(&self, bytes: usize) -> Result<(), AllocError> {
        let too_large = |_| AllocError::new(bytes, crate::AllocReason::TooLarge);
        let layout = Layout::from_size_align(bytes, MIN_ALIGN).map_err(too_large)?;
        if self.block.get().is_none() {
            self.enter_first(self.backing.acquire(layout, 0)?);
        }
        Ok(())
    }

    /// Takes `block` for the first one, in an arena that has none.
    ///
    /// # Safety
    /// The block is as one that the arena's backing lends to it alone, and the backing takes it back. It can hold
    /// `MIN_ALIGN` bytes.
    pub(crate) unsafe fn begin_in(&self, block: Block) {
        debug_assert!(self.reserved() == 0);
        self.enter_first(block);
    }
}
