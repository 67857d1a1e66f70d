//! What an arena holds and what it costs, in bytes.

use super::{Arena, Backing};
use crate::bytes::Bytes;
use core::fmt;

impl<const MIN_ALIGN: usize, B: Backing> Arena<MIN_ALIGN, B> {
    /// Bytes handed out since the last reset, with what rounds them up to their alignment.
    #[inline]
    pub fn used(&self) -> usize {
        self.below.get() + (self.cur.get().addr() - self.base.get().addr())
    }

    /// Bytes that are usable without asking the system again, used or not. RAM is at most this, as pages
    /// that were never touched take none.
    pub fn committed(&self) -> usize {
        self.blocks().map(|(block, ..)| block).chain(self.spare_block()).map(|block| block.ready).sum()
    }

    /// Bytes of address space that belong to the arena.
    pub fn reserved(&self) -> usize {
        self.blocks().map(|(block, ..)| block).chain(self.spare_block()).map(|block| block.len).sum()
    }

    /// Bytes that are in RAM now, as the system says (`mincore(2)`, one call per 4 MiB).
    pub fn resident(&self) -> usize {
        let blocks = self.blocks().map(|(block, ..)| block).chain(self.spare_block());
        blocks.map(|block| self.backing.resident(&block)).sum()
    }
}

impl<const MIN_ALIGN: usize, B: Backing> fmt::Debug for Arena<MIN_ALIGN, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Arena")
            .field("used", &format_args!("{}", Bytes(self.used())))
            .field("committed", &format_args!("{}", Bytes(self.committed())))
            .field("reserved", &format_args!("{}", Bytes(self.reserved())))
            .finish()
    }
}
