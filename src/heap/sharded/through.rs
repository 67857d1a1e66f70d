//! A backing by reference: what a shard's heap has of the sharded heap's own, for the length of an operation.

use crate::arena::{Backing, Block};
use crate::error::AllocError;
use core::alloc::Layout;

pub(super) struct Through<'b, B>(pub &'b B);

// SAFETY: each method is the backing's own, which keeps the contract. Blocks outlive this value, as they are on loan from
// the backing that it refers to.
unsafe impl<B: Backing> Backing for Through<'_, B> {
    fn acquire(&self, layout: Layout, previous: usize) -> Result<Block, AllocError> {
        self.0.acquire(layout, previous)
    }

    unsafe fn commit(&self, block: &mut Block, need: usize) -> Result<(), AllocError> {
        // SAFETY: the caller's promise, passed on.
        unsafe { self.0.commit(block, need) }
    }

    unsafe fn decommit(&self, block: &mut Block, keep: usize) {
        // SAFETY: the caller's promise, passed on.
        unsafe { self.0.decommit(block, keep) }
    }

    unsafe fn discard(&self, block: &Block, from: usize, len: usize) -> bool {
        // SAFETY: the caller's promise, passed on.
        unsafe { self.0.discard(block, from, len) }
    }

    // Called from many places, and seldom.
    #[inline(never)]
    unsafe fn release(&self, block: &Block) {
        // SAFETY: the caller's promise, passed on.
        unsafe { self.0.release(block) }
    }

    fn resident(&self, block: &Block) -> usize {
        self.0.resident(block)
    }
}
