//! Blocks of Windows' memory: short ones from the process's heap, long ones of addresses that are committed step by step
//! (`.back.windows`).
//!
//! The heap spares small arenas a call of the kernel, and a reservation lets a large arena grow without a copy and give its
//! memory back in parts. Steps are in `policy`, calls in `sys`.

use super::{Backing, Block};
use crate::bump::round_up;
use crate::error::{AllocError, AllocReason};
use crate::policy::{COMMIT_STEP, SMALLER, WINDOWS_FIRST, WINDOWS_SHORT, size_after};
use crate::sys::{self, GRANULARITY, PAGE};
use core::alloc::Layout;

/// What a heap's blocks are aligned to: two words.
const HEAP_ALIGN: usize = 2 * size_of::<usize>();

/// A block's tag: of the heap, or a reservation.
const OF_HEAP: usize = 0;
const RESERVED: usize = 1;

/// Windows' memory, the default there: blocks of the process's heap up to 512 KiB, then reservations whose pages are
/// committed as the arena grows.
///
/// *Cost*: a call of the heap for each doubling up to 512 KiB; past that a call for an eighth of what the arena holds, at
/// least 64 KiB. *RAM*: what is committed counts against the system's limit, and is in RAM once it is touched; it goes back
/// when the arena is dropped, and by [`Arena::reset_keeping`](crate::Arena::reset_keeping). *Threads*: `Send` and `Sync`; it
/// holds no state.
#[derive(Clone, Copy, Debug, Default)]
pub struct VirtualMemory;

impl VirtualMemory {
    /// A reservation for so many bytes: the length that follows `previous`, or less if that is refused.
    fn reserve(need: usize, previous: usize) -> Option<Block> {
        let mut len = size_after(previous, need, false);
        loop {
            if let Some(start) = sys::reserve(len) {
                return Some(Block { start, len, ready: 0, dirty: 0, tag: RESERVED });
            }
            if len <= need {
                return None;
            }
            len = round_up((len / SMALLER).max(need), GRANULARITY);
        }
    }
}

// SAFETY: every block is a block of the heap or a reservation of its own, which has no other user until it is released. Of a
// reservation the first `ready` bytes are committed, whole pages; new pages are zero, and `decommit` makes them new again
// before `dirty` is lowered. A block of the heap is ready and dirty to its end.
unsafe impl Backing for VirtualMemory {
    fn acquire(&self, layout: Layout, previous: usize) -> Result<Block, AllocError> {
        let fail = |reason| AllocError::new(layout.size(), reason);
        let padded = |align: usize| layout.size().checked_add(layout.align().saturating_sub(align));
        // As long as all before together, so that there are few.
        let ample = padded(HEAP_ALIGN).map(|need| need.max(previous.saturating_mul(2)).max(WINDOWS_FIRST));
        if let Some(len) = ample.filter(|&len| len <= WINDOWS_SHORT) {
            if let Some(start) = sys::heap_block(len) {
                return Ok(Block { start, len, ready: len, dirty: len, tag: OF_HEAP });
            }
        }
        let whole = |bytes: usize| bytes.max(1).checked_next_multiple_of(GRANULARITY);
        let need = padded(GRANULARITY).and_then(whole).filter(|&need| need <= isize::MAX as usize);
        let need = need.ok_or(fail(AllocReason::TooLarge))?;
        Self::reserve(need, previous).ok_or(fail(AllocReason::Commit))
    }

    unsafe fn commit(&self, block: &mut Block, need: usize) -> Result<(), AllocError> {
        debug_assert!(block.tag == RESERVED && block.ready < need && need <= block.len);
        let ahead = (need / 8).max(COMMIT_STEP);
        for goal in [need.saturating_add(ahead), need] {
            let goal = round_up(goal.min(block.len), PAGE);
            // SAFETY: the range from `ready` to the goal is whole pages of the reservation, which is the caller's.
            if unsafe { sys::commit(block.start.add(block.ready), goal - block.ready) } {
                block.ready = goal;
                return Ok(());
            }
        }
        Err(AllocError::new(need - block.ready, AllocReason::Commit))
    }

    unsafe fn decommit(&self, block: &mut Block, keep: usize) {
        let from = round_up(keep.min(block.ready), PAGE);
        // SAFETY: whole pages of the reservation from `from` to `ready`, which nobody uses, as the caller says.
        if block.tag == RESERVED
            && from < block.ready
            && unsafe { sys::decommit(block.start.add(from), block.ready - from) }
        {
            (block.ready, block.dirty) = (from, block.dirty.min(from));
        }
    }

    fn adopts(&self, _: &Self, _: &Block) -> bool {
        true
    }

    unsafe fn release(&self, block: &Block) {
        // SAFETY: the caller is the block's only owner and uses it no more, and its tag says where it came from.
        unsafe {
            match block.tag {
                OF_HEAP => sys::free_heap_block(block.start),
                _ => sys::release(block.start),
            }
        }
    }
}
