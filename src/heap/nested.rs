//! A heap as the memory of arenas and typed buffers, and an arena as the memory of heaps.
//!
//! So an arena in a heap ends alone, or with the heap; and a heap in an arena ends with the arena.

use super::Heap;
use crate::arena::{Arena, Backing, Block};
use crate::error::{AllocError, AllocReason};
use core::alloc::Layout;
use core::ptr::NonNull;

/// Bytes of the first block that an arena has in a heap.
const FIRST: usize = 4 << 10;
/// Most bytes of a block that was not asked for.
const AMPLE: usize = 1 << 20;

/// How the blocks of heaps and arenas are aligned; more alignment is within the block.
const ALIGN: usize = 16;

/// A block of twice as many bytes as the one before, if that is not too much and to be had, or of what is needed.
fn acquire(
    layout: Layout,
    previous: usize,
    alloc: impl Fn(Layout) -> Result<NonNull<u8>, AllocError>,
) -> Result<Block, AllocError> {
    let too_large = AllocError::new(layout.size(), AllocReason::TooLarge);
    let need = layout.size().max(1).checked_add(layout.align().saturating_sub(ALIGN)).ok_or(too_large)?;
    let ample = need.max(previous.saturating_mul(2).clamp(FIRST, AMPLE));
    let mut len = ample;
    loop {
        let taken = Layout::from_size_align(len, ALIGN).map_err(|_| too_large).and_then(&alloc);
        match taken {
            Ok(start) => return Ok(Block { start, len, ready: len, dirty: len, tag: 0 }),
            Err(error) if len == need => return Err(error.of(layout.size())),
            Err(_) => len = need,
        }
    }
}

/// An arena's blocks as blocks of a heap.
///
/// ```
/// use region::{Arena, Heap};
///
/// let heap = Heap::new();
/// let arena = Arena::<8, _>::new_in(&heap);
/// assert_eq!(arena.alloc_str("an arena in a heap"), "an arena in a heap");
/// ```
// SAFETY: a block is a block of the heap, which has no other user until it is freed and is all ready. The heap is
// borrowed as long as the backing lives, so it is neither cleared nor dropped. Of the bytes none is known to be zero. An
// address of a released block is not read.
unsafe impl<B: Backing> Backing for &Heap<B> {
    fn acquire(&self, layout: Layout, previous: usize) -> Result<Block, AllocError> {
        acquire(layout, previous, |layout| self.try_alloc_layout(layout))
    }

    unsafe fn commit(&self, _: &mut Block, _: usize) -> Result<(), AllocError> {
        // A block is ready to its end.
        Ok(())
    }

    unsafe fn decommit(&self, _: &mut Block, _: usize) {}

    unsafe fn release(&self, block: &Block) {
        // SAFETY: the caller gives the block up, which came from this heap.
        let freed = unsafe { self.try_free(block.start) };
        debug_assert!(freed.is_ok());
    }
}

/// A heap's blocks in an arena. The last one goes back to the arena when it is released; the others stay taken until the
/// arena is reset.
///
/// ```
/// use region::{Arena, Heap};
///
/// let arena: Arena = Arena::new();
/// let heap = Heap::new_in(&arena);
/// heap.alloc_layout(std::alloc::Layout::new::<[u64; 100]>());
/// drop(heap);
/// assert_eq!(arena.used(), 0);
/// ```
// SAFETY: a block is the arena's memory, handed out once, which stays until the arena is reset, rewound or dropped: the
// arena is borrowed as long as the backing lives. It is all ready, and none of it is known to be zero.
unsafe impl<const MIN_ALIGN: usize, B: Backing> Backing for &Arena<MIN_ALIGN, B> {
    fn acquire(&self, layout: Layout, previous: usize) -> Result<Block, AllocError> {
        acquire(layout, previous, |layout| self.try_alloc_layout(layout))
    }

    unsafe fn commit(&self, _: &mut Block, _: usize) -> Result<(), AllocError> {
        // A block is ready to its end.
        Ok(())
    }

    unsafe fn decommit(&self, _: &mut Block, _: usize) {}

    unsafe fn release(&self, block: &Block) {
        // The layout that it was allocated with.
        if let Ok(layout) = Layout::from_size_align(block.len, ALIGN) {
            // SAFETY: the caller gives the block up, which came from this arena with this layout.
            unsafe { self.free(block.start, layout) };
        }
    }
}
