//! The program's allocator: the standard library's trait for the one that a `static` holds.
//!
//! Nothing here panics. A refusal is a null pointer, and a wrong pointer is left alone.

use super::SyncHeap;
use crate::arena::Backing;
use core::alloc::{GlobalAlloc, Layout};
use core::ptr::{NonNull, null_mut};

/// The program's allocator, in a `static` with `#[global_allocator]`.
///
/// *Errors*: null when memory cannot be had. A pointer that no block in use begins at is not freed.
///
/// *Threads*: any, and signal handlers, which never wait for what they interrupted.
// SAFETY: a block is the heap's memory, which stays handed out until it is freed, and is aligned and as long as its layout
// asks. `realloc` keeps the content up to the shorter size. Nothing here unwinds: the heap's `try_` methods do not panic.
unsafe impl<B: Backing + Sync> GlobalAlloc for SyncHeap<B> {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.try_alloc_layout(layout).map_or(null_mut(), NonNull::as_ptr)
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        self.try_alloc_layout_zeroed(layout).map_or(null_mut(), NonNull::as_ptr)
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, _: Layout) {
        if let Some(block) = NonNull::new(block) {
            // SAFETY: the trait's callers give the block up.
            let _ = unsafe { self.try_free(block) };
        }
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let new = Layout::from_size_align(size, layout.align());
        let (Some(block), Ok(new)) = (NonNull::new(block), new) else { return null_mut() };
        // SAFETY: the trait's callers use the block under its new address from here on, if there is one.
        unsafe { self.try_realloc(block, new) }.map_or(null_mut(), NonNull::as_ptr)
    }
}
