//! Blocks from the global allocator, for programs that have one and no system that maps memory.
//!
//! Each block is as long as all before it together, so an arena of n bytes calls the allocator log n times. It
//! cannot grow in place, give RAM back from inside a block, or know how much of a block is in RAM.

use super::{Backing, Block};
use crate::bump::pad_to;
use crate::error::{AllocError, AllocReason};
use alloc::alloc::{alloc, alloc_zeroed, dealloc};
use core::alloc::Layout;
use core::ptr::NonNull;

/// Bytes of an arena's first block, if its first value does not need more: a page less what an allocator may keep
/// beside a block, so that a block takes no page more than it fills.
const FIRST: usize = 4096 - 64;
/// Alignment of every block: what malloc gives everywhere, so that most values need no padding at its start.
const ALIGN: usize = 16;
/// Smallest block that the allocator is asked for zeroed, in bytes. It takes long blocks from the system, which zeroes
/// them anyway. Short ones it would clear by hand, although values will overwrite them.
const ZEROED_FROM: usize = 128 << 10;

/// The global allocator's memory (feature `alloc`).
///
/// *Cost*: one call of the allocator per doubling. *Threads*: `Send` and `Sync`; it holds no state.
///
/// ```
/// let arena = region::Arena::<8, region::backing::Global>::new_in(region::backing::Global);
/// assert_eq!(arena.alloc_str("from malloc"), "from malloc");
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Global;

// SAFETY: every block is one allocation of its own, which has no other user until it is released, and all of it may be
// touched from the start. A block that is not zeroed is dirty to its end.
unsafe impl Backing for Global {
    fn acquire(&self, layout: Layout, previous: usize) -> Result<Block, AllocError> {
        let fail = |reason| AllocError::new(layout.size(), reason);
        // The block's start is aligned to ALIGN, so more alignment needs padding.
        let need = layout.size().checked_add(layout.align().saturating_sub(ALIGN));
        let need = need.ok_or(fail(AllocReason::TooLarge))?;
        let ample = need.max(previous.saturating_mul(2)).max(FIRST);
        // If the allocator refuses twice as much, it may still give what is needed.
        let (start, len) = [ample, need]
            .into_iter()
            .find_map(|len| allocate(len).map(|start| (start, len)))
            .ok_or(fail(if block_layout(need).is_some() { AllocReason::Refused } else { AllocReason::TooLarge }))?;
        debug_assert!(pad_to(start.addr().get(), layout.align()) <= len - layout.size());
        Ok(Block { start, len, ready: len, dirty: if len >= ZEROED_FROM { 0 } else { len }, tag: 0 })
    }

    unsafe fn commit(&self, _: &mut Block, _: usize) -> Result<(), AllocError> {
        // A block is ready to its end, so no more of it is ever needed.
        Ok(())
    }

    unsafe fn decommit(&self, _: &mut Block, _: usize) {}

    fn adopts(&self, _: &Self, _: &Block) -> bool {
        true
    }

    unsafe fn release(&self, block: &Block) {
        if let Some(layout) = block_layout(block.len) {
            // SAFETY: `acquire` allocated the block with this layout, and the caller is its only owner.
            unsafe { dealloc(block.start.as_ptr(), layout) };
        }
    }
}

/// The layout of a block; none for one that is larger than any object.
fn block_layout(len: usize) -> Option<Layout> {
    Layout::from_size_align(len, ALIGN).ok()
}

fn allocate(len: usize) -> Option<NonNull<u8>> {
    let layout = block_layout(len)?;
    // SAFETY: no block is empty: the shortest holds a value's bytes.
    NonNull::new(unsafe { if len >= ZEROED_FROM { alloc_zeroed(layout) } else { alloc(layout) } })
}
