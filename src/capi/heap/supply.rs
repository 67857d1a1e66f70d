//! Where a C heap's memory comes from: one type for all kinds, so that there is one copy of the heap's code.

use super::super::alloc::region_free;
use super::super::inside::{inside, region_arena};
use crate::arena::backing::{RegionBacking, Spill};
use crate::arena::{Backing, Block, Buffer, Mapped};
use crate::error::{AllocError, AllocReason};
use core::alloc::Layout;

/// All bytes zero is mapped memory that grows without end.
#[repr(usize)]
pub(super) enum Supply {
    /// Mapped memory.
    Mapped(Mapped) = 0,
    /// The caller's buffer, and mapped memory after it.
    Spill(Spill<'static, Mapped>),
    /// The caller's buffer alone.
    Fixed(Buffer<'static>),
    /// A map of the caller's, which the heap owns.
    Region(RegionBacking),
    /// An arena of C's.
    Arena(*mut region_arena),
}

// SAFETY: each block is one of the kind's backing, which keeps the contract, and goes back to it. Those of an arena are
// all ready, and none of their bytes is known to be zero; the caller promised that the arena stays, and keeps its blocks,
// until the heap is freed.
unsafe impl Backing for Supply {
    fn acquire(&self, layout: Layout, previous: usize) -> Result<Block, AllocError> {
        match self {
            Supply::Mapped(mapped) => mapped.acquire(layout, previous),
            Supply::Spill(spill) => spill.acquire(layout, previous),
            Supply::Fixed(buffer) => buffer.acquire(layout, previous),
            Supply::Region(region) => region.acquire(layout, previous),
            // SAFETY: the caller's arena, of which it promised that it stays.
            Supply::Arena(arena) => match unsafe { inside(*arena) } {
                Some(this) => this.arena().acquire(layout, previous),
                None => Err(AllocError::new(layout.size(), AllocReason::TooLarge)),
            },
        }
    }

    unsafe fn commit(&self, block: &mut Block, need: usize) -> Result<(), AllocError> {
        // SAFETY: the caller's promise, passed on to the backing that the block came from.
        unsafe {
            match self {
                Supply::Mapped(mapped) => mapped.commit(block, need),
                Supply::Spill(spill) => spill.commit(block, need),
                Supply::Region(region) => region.commit(block, need),
                // These are ready to their end.
                Supply::Fixed(_) | Supply::Arena(_) => Ok(()),
            }
        }
    }

    unsafe fn decommit(&self, _: &mut Block, _: usize) {
        // Heaps discard what is free.
    }

    unsafe fn discard(&self, block: &Block, from: usize, len: usize) -> bool {
        // SAFETY: the caller's promise, passed on to the backing that the block came from.
        unsafe {
            match self {
                Supply::Mapped(mapped) => mapped.discard(block, from, len),
                Supply::Spill(spill) => spill.discard(block, from, len),
                Supply::Region(region) => region.discard(block, from, len),
                Supply::Fixed(_) | Supply::Arena(_) => false,
            }
        }
    }

    unsafe fn release(&self, block: &Block) {
        // SAFETY: the caller's promise, passed on to the backing that the block came from. An arena's block has the
        // layout that it was taken with: as many bytes, aligned to 16.
        unsafe {
            match self {
                Supply::Mapped(mapped) => mapped.release(block),
                Supply::Spill(spill) => spill.release(block),
                Supply::Fixed(buffer) => buffer.release(block),
                Supply::Region(region) => region.release(block),
                Supply::Arena(arena) => region_free(*arena, block.start.as_ptr().cast(), block.len),
            }
        }
    }

    fn resident(&self, block: &Block) -> usize {
        match self {
            Supply::Mapped(mapped) => mapped.resident(block),
            Supply::Spill(spill) => spill.resident(block),
            Supply::Region(region) => region.resident(block),
            Supply::Fixed(_) | Supply::Arena(_) => block.ready,
        }
    }
}
