//! A caller's buffer first, another backing when it is used up.

use super::{Backing, Block, Buffer};
use crate::error::AllocError;
use core::alloc::Layout;
use core::cell::Cell;

/// A [`Buffer`] that overflows into another backing, for arenas that are usually small.
///
/// ```
/// # #[cfg(feature = "os")] {
/// let mut stack = region::StackBuffer::<512>::new();
/// let arena = region::Arena::with_buffer(&mut stack);
/// arena.alloc([0u8; 400]);                     // on the stack, no system call
/// arena.alloc([0u8; 100_000]);                 // in mapped memory
/// # }
/// ```
#[derive(Debug)]
pub struct Spill<'b, B> {
    buffer: Buffer<'b>,
    rest: B,
    /// Blocks that the rest has on loan.
    spilled: Cell<usize>,
}

impl<'b, B> Spill<'b, B> {
    /// `buffer` first, `rest` after it.
    pub const fn new(buffer: Buffer<'b>, rest: B) -> Self {
        Spill { buffer, rest, spilled: Cell::new(0) }
    }
}

// SAFETY: every block is the buffer's or the rest's, each of which keeps the contract. `owns` knows them
// by the start address, which no live block of another backing can share with the buffer's bytes.
unsafe impl<B: Backing> Backing for Spill<'_, B> {
    fn acquire(&self, layout: Layout, previous: usize) -> Result<Block, AllocError> {
        if let Ok(block) = self.buffer.acquire(layout, previous) {
            return Ok(block);
        }
        // The other backing starts with its first size: the buffer's length is no hint for it.
        let spilled = self.spilled.get();
        let block = self.rest.acquire(layout, if spilled == 0 { 0 } else { previous });
        self.spilled.set(spilled + usize::from(block.is_ok()));
        block
    }

    unsafe fn commit(&self, block: &mut Block, need: usize) -> Result<(), AllocError> {
        // SAFETY: the block is passed to the backing it came from, under the caller's promise.
        unsafe { if self.buffer.owns(block) { self.buffer.commit(block, need) } else { self.rest.commit(block, need) } }
    }

    unsafe fn decommit(&self, block: &mut Block, keep: usize) {
        // SAFETY: the block is passed to the backing it came from, under the caller's promise.
        unsafe {
            if self.buffer.owns(block) { self.buffer.decommit(block, keep) } else { self.rest.decommit(block, keep) }
        }
    }

    unsafe fn discard(&self, block: &Block, from: usize, len: usize) -> bool {
        // SAFETY: the block is passed to the backing it came from, under the caller's promise.
        unsafe {
            match self.buffer.owns(block) {
                true => self.buffer.discard(block, from, len),
                false => self.rest.discard(block, from, len),
            }
        }
    }

    #[inline]
    fn protects(&self) -> bool {
        self.rest.protects()
    }

    #[inline]
    unsafe fn protect(&self, block: &mut Block, keep: usize) {
        if !self.buffer.owns(block) {
            // SAFETY: the block is passed to the backing it came from, under the caller's promise.
            unsafe { self.rest.protect(block, keep) }
        }
    }

    unsafe fn release(&self, block: &Block) {
        // SAFETY: the block is passed to the backing it came from, under the caller's promise.
        unsafe {
            if self.buffer.owns(block) {
                self.buffer.release(block);
            } else {
                self.spilled.set(self.spilled.get() - 1);
                self.rest.release(block);
            }
        }
    }

    fn resident(&self, block: &Block) -> usize {
        if self.buffer.owns(block) { self.buffer.resident(block) } else { self.rest.resident(block) }
    }
}
